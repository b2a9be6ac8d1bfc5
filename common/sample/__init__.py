"""Generated photos of cigarette butts, as a folder on disk (`generate`) or one by one
(`render_scene`), and generated things laid on photos (`lay_butts_on`, `lay_litter_on`).

They are rendered with exact masks, from no photo and without a download, so that a first run, the
tests and the notebooks have data; they do not pretend to replace real data.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
