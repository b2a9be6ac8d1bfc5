"""Many pictures on one sheet, to see at a glance what a data set looks like."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common.commands import RefusedError
from common.image_files import read_pixels, write_pixels

COLUMNS, ROWS, SIDE_PX = 6, 4, 256


def write_sheet(path: str | Path, images: Sequence[Path]) -> None:
    """Write a JPEG of 24 images, evenly taken from the given ones, in four rows.

    Args:
        path: where to.
        images: image files, one or more.

    Raises:
        RefusedError: there is no image, or one does not decode.
    """
    if not images:
        raise RefusedError(
            "a sheet needs at least one image; none was given. Generate some with --train."
        )
    chosen = np.linspace(0, len(images) - 1, ROWS * COLUMNS).round().astype(int)
    rows = [
        np.hstack([_tile(images[index]) for index in row]) for row in chosen.reshape(ROWS, COLUMNS)
    ]
    write_pixels(Path(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])


def _tile(path: Path) -> np.ndarray:
    stored = read_pixels(path, cv2.IMREAD_COLOR)
    if stored is None:
        raise RefusedError(f"{path} does not decode to an image; generate it again.")
    return cv2.resize(stored[..., ::-1], (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
