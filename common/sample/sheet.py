"""Many pictures on one sheet, to see at a glance what a data set looks like."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common.commands import RefusedError
from common.files import write_whole

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
    write_whole(
        path, cv2.imencode(".jpg", np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    )


def _tile(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    if image is None:
        raise RefusedError(f"{path} does not decode to an image; generate it again.")
    return cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
