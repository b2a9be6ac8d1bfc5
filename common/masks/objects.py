"""The objects of a predicted mask one by one: where each lies, how large it is and how sure the
model was of it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from common.masks.postprocess import LEVELS

SPECK = 1 / 20_000  # of the photo's pixels; a smaller piece of a mask is not counted as an object


@dataclass(frozen=True)
class PredictedObject:
    """One 8-connected component of a mask.

    Attributes:
        area_px: number of its pixels.
        left_px: column of its leftmost pixel, from 0.
        top_px: row of its topmost pixel, from 0.
        width_px: columns from its leftmost to its rightmost pixel.
        height_px: rows from its topmost to its lowest pixel.
        confidence: mean probability of its pixels, in [0, 1].
        window: (height_px, width_px) bool, its pixels within its box.
        speck: whether it is too small to be counted as an object, see `is_speck`.
    """

    area_px: int
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    confidence: float
    window: np.ndarray
    speck: bool


def is_speck(area_px: float, mask: np.ndarray) -> bool:
    """Whether a piece of a mask (H, W) is too small to be counted as an object."""
    return bool(area_px < SPECK * mask.size)


def predicted_objects(mask: np.ndarray, levels: np.ndarray) -> list[PredictedObject]:
    """The objects of a mask, those that begin further up first, and after them the specks.

    Args:
        mask: (H, W) bool.
        levels: (H, W) uint8, the probabilities in steps of 1/255.

    Examples:
        >>> mask = np.zeros((4, 6), bool)
        >>> mask[1:3, 2:5] = True
        >>> [found] = predicted_objects(mask, np.full((4, 6), 204, np.uint8))
        >>> found.area_px, found.left_px, found.top_px, found.width_px, found.height_px
        (6, 2, 1, 3, 2)
        >>> found.confidence
        0.8
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=8
    )
    sums = np.bincount(labels[mask], weights=levels[mask], minlength=count)
    found = []
    for label in range(1, count):
        left, top, width, height, area = map(int, stats[label])
        bottom, right = top + height, left + width
        window = labels[top:bottom, left:right] == label
        confidence = float(sums[label] / (area * LEVELS))
        speck = is_speck(area, mask)
        found.append(PredictedObject(area, left, top, width, height, confidence, window, speck))
    return sorted(found, key=lambda each: (each.speck, each.top_px, each.left_px))
