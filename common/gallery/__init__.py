"""Pages of photos and masks to be judged by eye: one of photos without labels (`write_gallery`),
one of labelled images on which approaches are compared (`write_scored_gallery`). Both are one HTML
file beside a folder of images, open offline, and are checked before they are published.
"""

from common.gallery.check import check_gallery
from common.gallery.names import GalleryError
from common.gallery.photos import PHOTOS, GalleryPhoto, write_gallery
from common.gallery.scored import SCORED, Prediction, ScoredImage, shown_ids, write_scored_gallery

__all__ = [
    "PHOTOS",
    "SCORED",
    "GalleryError",
    "GalleryPhoto",
    "Prediction",
    "ScoredImage",
    "check_gallery",
    "shown_ids",
    "write_gallery",
    "write_scored_gallery",
]
