"""What a data set is like, measured: images and objects as tables, how alike the grounds are, how
many images count as independent, and the sentences that follow from the numbers. No model is asked
and nothing is drawn.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
