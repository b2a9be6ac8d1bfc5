"""What a predicted mask finds, misses and invents on photos whose objects are known one by one, by
outline or by a box alone.

Finding is judged leniently (half of the object) and inventing too (a tenth of the piece), so that
outlines that are drawn loosely decide nothing. Nothing is averaged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from common.data.named_sets import Photo, TrueObject
from common.masks.postprocess import Postprocess
from common.metrics import count_pixels, dice

FOUND_SHARE = 0.5  # of an object, or of the width and of the height of a box
LEAST_FILLED = 1 / 8  # of a box; a slanting object of four times its width fills 0.3 of its box
LEAST_PIECE_PX = 20
ON_OBJECT_SHARE = 0.1


class Hits(NamedTuple):
    """Objects that were found, and pieces that were invented."""

    found: int
    invented: int


@dataclass(frozen=True)
class SetScore:
    """Counts of one photo.

    Attributes:
        img_id: its id.
        group: of photos that are not independent.
        objects: how many it shows.
        boxes: how many of them are boxes alone.
        found: how many of the objects.
        invented: pieces of the mask.
        tp: pixels; None, like the other two, where an object has no outline.
        fp: pixels.
        fn: pixels.
        dice: NaN where there is no object or one has no outline.
    """

    img_id: int
    group: str
    objects: int
    boxes: int
    found: int
    invented: int
    tp: int | None
    fp: int | None
    fn: int | None
    dice: float


def count_hits(
    prediction: np.ndarray,
    objects: Sequence[TrueObject],
    ignore: np.ndarray | None = None,
    apart: bool = False,
) -> Hits:
    """Count what a mask finds and invents.

    An object is found where the mask covers at least half of its pixels. Of a box alone the
    outline is not known, so the predicted pixels in it must span at least half of its width and
    half of its height, as half of any slim object does however it lies, and fill at least an
    eighth of it. A piece is an 8-connected component of the mask of at least 20 px; it is invented
    if less than a tenth of it lies on objects, boxes counted whole. Smaller pieces are neither.

    Args:
        prediction: (H, W) bool.
        objects: of the photo.
        ignore: (H, W) bool, taken out of prediction and objects.
        apart: whether invented pieces find nothing. Else a mask of the whole photo finds all that
            is in it.

    Examples:
        >>> mask = np.zeros((20, 40), bool)
        >>> mask[2:8, 2:8] = mask[10:16, 30:36] = True
        >>> count_hits(mask, [TrueObject(2, 2, np.ones((6, 12), bool))])
        Hits(found=1, invented=1)
    """
    known = np.ones_like(prediction) if ignore is None else ~ignore
    prediction = prediction & known
    on_objects = np.zeros_like(prediction)
    for one in objects:
        on_objects[one.place] |= one.window
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(prediction).view(np.uint8), connectivity=8
    )
    area = stats[:, cv2.CC_STAT_AREA]
    met = np.bincount(labels[prediction & on_objects], minlength=count)
    invented = (area >= LEAST_PIECE_PX) & (met < ON_OBJECT_SHARE * area)
    invented[0] = False  # what is no piece
    finding = prediction & ~invented[labels] if apart else prediction
    found = 0
    for one in objects:
        visible = one.window & known[one.place]
        found += is_found(finding[one.place] & visible, visible, one.is_box)
    return Hits(found, int(np.count_nonzero(invented)))


def is_found(covered: np.ndarray, visible: np.ndarray, is_box: bool) -> bool:
    """Whether the covered pixels (h, w) bool of an object's visible ones are enough."""
    pixels = np.count_nonzero(visible)
    if not pixels:
        return False
    share = np.count_nonzero(covered) / pixels
    if not is_box:
        return bool(share >= FOUND_SHARE)
    _, _, width, height = cv2.boundingRect(np.ascontiguousarray(covered).view(np.uint8))
    spans = min(width / covered.shape[1], height / covered.shape[0]) >= FOUND_SHARE
    return bool(spans and share >= LEAST_FILLED)


def score_photo(
    photo: Photo, levels: np.ndarray, postprocess: Postprocess, apart: bool = False
) -> SetScore:
    """Compare one quantised probability map with the objects of its photo.

    Args:
        photo: with its objects.
        levels: (H, W) uint8, the probabilities in steps of 1/255.
        postprocess: makes the mask.
        apart: see `count_hits`.
    """
    sample, objects = photo.sample, photo.objects
    prediction = postprocess.apply(levels)
    hits = count_hits(prediction, objects, sample.ignore, apart)
    boxes = sum(one.is_box for one in objects)
    about = (sample.image_id, photo.group, len(objects), boxes, *hits)
    if boxes:
        return SetScore(*about, None, None, None, np.nan)
    tp, fp, fn, _ = count_pixels(prediction, sample.mask, sample.ignore)
    return SetScore(*about, tp, fp, fn, dice(tp, fp, fn) if tp + fn else np.nan)


def set_score_table(scores: Sequence[SetScore]) -> pd.DataFrame:
    """One row for each score, in their order; the columns are the fields of `SetScore`."""
    columns = [item.name for item in fields(SetScore)]
    table = pd.DataFrame([vars(score) for score in scores], columns=columns)
    return table.astype({name: "Int64" for name in ("tp", "fp", "fn")})
