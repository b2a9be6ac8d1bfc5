"""Dice and IoU of a submission's masks, by two truths.

The first truth is drawn by pycocotools, as everywhere in this project. The second is the one that
the cigarette-butt task judges by: the polygons filled by `cv2.fillPoly` on corners cut to whole
pixels. Both come from the same annotations and are not the same mask, so a score belongs to one of
them. Images are gone through one by one; no more than one is in memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from common import metrics
from common.coco import Entry, rasterise
from common.coco.annotations import is_crowd
from common.coco.drawing import plain_polygon

MaskOf = Callable[[Entry], np.ndarray | None]


@dataclass(frozen=True)
class Truth:
    """One image of `val`: mask and ignored pixels by pycocotools, and the mask by fillPoly; all
    (H, W) bool.
    """

    mask: np.ndarray
    ignore: np.ndarray
    filled: np.ndarray


@dataclass(frozen=True)
class Means:
    """Mean Dice and IoU over the images with an object, by each truth; NaN where there is none."""

    dice: float
    iou: float
    dice_filled: float
    iou_filled: float


def truth_of(entry: Entry) -> Truth:
    """Both truths of an image.

    Raises:
        DataError: a segmentation that cannot be drawn.
    """
    mask, ignore = rasterise(entry)
    return Truth(mask, ignore, filled_polygons(entry, mask))


def filled_polygons(entry: Entry, mask: np.ndarray) -> np.ndarray:
    """The objects' polygons filled by OpenCV on corners that are cut to whole pixels.

    Args:
        entry: of the image.
        mask: (H, W) bool by pycocotools, returned where an object is no list of polygons.

    Returns:
        (H, W) bool.

    Source: `get_mask` of the cigarette-butt task, there for one polygon an image.
    """
    filled = np.zeros(mask.shape, dtype=np.uint8)
    for annotation in entry.annotations:
        if is_crowd(annotation):
            continue
        segmentation = annotation.get("segmentation")
        if isinstance(segmentation, dict):
            return mask
        for polygon in segmentation if isinstance(segmentation, list) else ():
            if len(polygon) >= 6:
                corners = (
                    np.array(plain_polygon(polygon), dtype=float).reshape(-1, 2).astype(np.int32)
                )
                cv2.fillPoly(filled, [corners], 1)
    return filled > 0


def score_images(entries: Iterable[Entry], mask_of: MaskOf) -> pd.DataFrame:
    """Counts, Dice and IoU of each image by both truths.

    Args:
        entries: of `val`.
        mask_of: the mask (H, W) bool that was handed in for an image, None where there is none; it
            counts as empty.

    Returns:
        One row per image: `img_id`, `tp`, `fp`, `fn`, `tn`, `dice`, `iou` by pycocotools;
        `dice_filled`, `iou_filled` by fillPoly; `between`, the Dice of the two truths.
    """
    rows = []
    for entry in entries:
        truth, mask = truth_of(entry), mask_of(entry)
        if mask is None:
            mask = np.zeros(truth.mask.shape, dtype=bool)
        counts = metrics.count_pixels(mask, truth.mask, truth.ignore)
        filled = metrics.count_pixels(mask, truth.filled, truth.ignore)
        both = metrics.count_pixels(truth.filled, truth.mask, truth.ignore)
        rows.append(
            {
                "img_id": entry.image_id,
                **counts._asdict(),
                "dice": metrics.dice(counts.tp, counts.fp, counts.fn),
                "iou": metrics.iou(counts.tp, counts.fp, counts.fn),
                "dice_filled": metrics.dice(filled.tp, filled.fp, filled.fn),
                "iou_filled": metrics.iou(filled.tp, filled.fp, filled.fn),
                "between": metrics.dice(both.tp, both.fp, both.fn),
            }
        )
    return pd.DataFrame(rows)


def means(table: pd.DataFrame) -> Means:
    """Means over the images with an object."""
    visible = metrics.with_objects(table)
    columns = ("dice", "iou", "dice_filled", "iou_filled")
    return Means(*(float(visible[column].astype(float).mean()) for column in columns))
