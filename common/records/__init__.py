"""What a run keeps: its folder, its description, and a record of each approach."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
