"""What is handed in: the masks of `val` as a CSV of run lengths, and the page of masks on photos
with its zip; and the check of both, whoever made them.
"""

from common.submission.masks_csv import (
    SubmissionError,
    check_submission,
    mask_checksum,
    write_submission,
)
from common.submission.photo_page import GalleryError, check_gallery, write_gallery

__all__ = [
    "GalleryError",
    "SubmissionError",
    "check_gallery",
    "check_submission",
    "mask_checksum",
    "write_gallery",
    "write_submission",
]
