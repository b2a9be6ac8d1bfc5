from .dataset import generate
from .onto_photo import lay_butts_on, lay_litter_on
from .scene import SPLITS, Scene, render_scene

__all__ = ["SPLITS", "Scene", "generate", "lay_butts_on", "lay_litter_on", "render_scene"]
