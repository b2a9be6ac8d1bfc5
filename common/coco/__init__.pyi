from .annotations import (
    ANNOTATION_FILE,
    CrowdRegions,
    DataError,
    Entry,
    crowd_regions,
    has_object,
    rasterise,
    read_entries,
)
from .images import PHOTO_SUFFIXES, list_photos, read_image, whole_photos
from .options import DEFAULT_OPTIONS, ReadOptions, add_read_options, read_options

__all__ = [
    "ANNOTATION_FILE",
    "DEFAULT_OPTIONS",
    "PHOTO_SUFFIXES",
    "CrowdRegions",
    "DataError",
    "Entry",
    "ReadOptions",
    "add_read_options",
    "crowd_regions",
    "has_object",
    "list_photos",
    "rasterise",
    "read_entries",
    "read_image",
    "read_options",
    "whole_photos",
]
