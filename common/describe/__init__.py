"""What a data set is like, measured: images and objects as tables, how alike the grounds are, how
many images count as independent, and the sentences that follow from the numbers. No model is asked
and nothing is drawn.
"""

from common.describe.images import PHOTO_COLUMNS, describe_image, describe_photo
from common.describe.objects import describe_objects
from common.describe.similarity import effective_images, similar_images
from common.describe.tables import describe_data_set, describe_photos

__all__ = [
    "PHOTO_COLUMNS",
    "describe_data_set",
    "describe_image",
    "describe_objects",
    "describe_photo",
    "describe_photos",
    "effective_images",
    "similar_images",
]
