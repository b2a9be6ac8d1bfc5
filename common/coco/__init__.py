"""COCO folders in, checked entries, images and masks out; the only reader of users' annotations;
it never writes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
