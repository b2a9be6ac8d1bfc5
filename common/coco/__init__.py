"""COCO folders in, checked entries, images and masks out; the only reader of users' annotations;
it never writes.
"""

from common.coco.annotations import ANNOTATION_FILE, DataError, Entry, rasterise, read_entries
from common.coco.images import PHOTO_SUFFIXES, list_photos, read_image

__all__ = [
    "ANNOTATION_FILE",
    "PHOTO_SUFFIXES",
    "DataError",
    "Entry",
    "list_photos",
    "rasterise",
    "read_entries",
    "read_image",
]
