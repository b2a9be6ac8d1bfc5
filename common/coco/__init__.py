"""COCO folders in, checked entries, images and masks out; the only reader of users' annotations;
it never writes.
"""

from common.coco.annotations import (
    ANNOTATION_FILE,
    DataError,
    Entry,
    crowd_counts,
    has_object,
    rasterise,
    read_entries,
)
from common.coco.images import PHOTO_SUFFIXES, list_photos, read_image, whole_photos
from common.coco.options import ReadOptions

__all__ = [
    "ANNOTATION_FILE",
    "PHOTO_SUFFIXES",
    "DataError",
    "Entry",
    "ReadOptions",
    "crowd_counts",
    "has_object",
    "list_photos",
    "rasterise",
    "read_entries",
    "read_image",
    "whole_photos",
]
