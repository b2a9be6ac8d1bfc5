"""What is handed in beside the page of photos: the masks of `val` as a CSV of run lengths, and its
check.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
