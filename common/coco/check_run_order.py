"""Run lengths that go along the rows of an image where COCO's go down its columns.

Read down the columns, such a mask falls into pieces, unless its image is square: there it is
mirrored at the diagonal and looks sound (`common.coco.check_readings`).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from common.coco.check_outlines import Outline
from common.coco.findings import Finding

SEVERAL = 3  # fewer outlines show no habit of a file
LOOKED_AT = 50
DECODED_PX = 50_000_000
DOWN_THE_COLUMNS = "RLE that go down the columns"
ENCODE_BY_COLUMN = (
    "encode each mask column by column, e.g. pycocotools.mask.encode(np.asfortranarray(mask))"
)


def row_by_row(found: str, file: str) -> Finding:
    """The error of a file whose run lengths go along the rows."""
    return Finding("error", file, found, DOWN_THE_COLUMNS, ENCODE_BY_COLUMN)


def is_run_length(outline: Outline) -> bool:
    """Whether an outline is run lengths of an image that may be decoded."""
    entry = outline.entry
    return (
        outline.rle is not None
        and isinstance(outline.annotation.get("segmentation"), dict)
        and entry.width * entry.height <= DECODED_PX
    )


def along_rows(outline: Outline) -> np.ndarray:
    """The mask (H, W) bool of run lengths, read along the rows."""
    mask = outline.mask()
    return mask.ravel(order="F").reshape(mask.shape)


def shredded(drawn: Sequence[Outline], file: str) -> list[Finding]:
    """An error where run lengths make far fewer pieces when they are read along the rows.

    Args:
        drawn: outlines of at least one pixel.
        file: the annotation file, for the finding.
    """
    runs = [one for one in drawn if is_run_length(one)]
    pieces = [
        [cv2.connectedComponents(mask.astype(np.uint8))[0] - 1 for mask in masks]
        for masks in ((one.mask(), along_rows(one)) for one in runs[:LOOKED_AT])
    ]
    if len(pieces) < SEVERAL or np.mean([down > 2 * along for down, along in pieces]) <= 0.5:
        return []
    down, along = np.sum(pieces, axis=0)
    found = (
        f"{len(pieces)} RLE fall into {down} pieces, and into {along} if they go along the rows"
    )
    return [row_by_row(found, file)]
