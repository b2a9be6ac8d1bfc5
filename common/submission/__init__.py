"""What is handed in beside the page of photos: the masks of `val` as a CSV of run lengths, and its
check.
"""

from common.submission.masks_csv import (
    SubmissionError,
    check_submission,
    mask_checksum,
    write_submission,
)

__all__ = [
    "SubmissionError",
    "check_submission",
    "mask_checksum",
    "write_submission",
]
