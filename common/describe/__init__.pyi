from .images import PHOTO_COLUMNS, describe_image, describe_photo
from .objects import describe_objects
from .similarity import effective_images, similar_images
from .tables import describe_data_set, describe_photos

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
