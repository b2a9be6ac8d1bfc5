"""Generated photos of cigarette butts, as a folder on disk (`generate`) or one by one
(`render_scene`), and generated things laid on photos (`lay_butts_on`, `lay_litter_on`).

They are rendered with exact masks, from no photo and without a download, so that a first run, the
tests and the notebooks have data; they do not pretend to replace real data.
"""

from common.sample.dataset import generate
from common.sample.onto_photo import lay_butts_on, lay_litter_on
from common.sample.scene import SPLITS, Scene, render_scene

__all__ = ["SPLITS", "Scene", "generate", "lay_butts_on", "lay_litter_on", "render_scene"]
