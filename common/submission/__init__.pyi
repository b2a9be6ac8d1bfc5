from .masks_csv import (
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
