"""Whether a probability means what it says: Brier score, calibration error and reliability curve
near the objects.

Far from any object every approach is rightly sure that there is none; these pixels are most of a
photo and would hide how good the probabilities are where they matter. So only a band around the
objects is judged. Counts are whole numbers, and those of images and processes add up exactly; a
stored list of lists is as good as the array.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from common.masks.postprocess import LEVELS

BAND_PX = 16
BINS = 15
COLUMNS = ("pixels", "levels", "object_pixels", "squared_levels")

Counts = np.ndarray | Sequence[Sequence[int]]


def calibration_counts(
    levels: np.ndarray, mask: np.ndarray, ignore: np.ndarray | None = None
) -> np.ndarray:
    """Count the pixels of one image by predicted probability; add up the arrays of several images.

    The band is every pixel at most `BAND_PX` (Euclidean, between pixel centres) from an object,
    and the objects themselves; ignored pixels are in no object and not in the band. An image
    without objects has no band and counts nothing. Bins are equally wide and hold their upper end,
    (0, 1/15], (1/15, 2/15], …; probability 0 is in the first.

    Args:
        levels: (H, W) uint8, probabilities in steps of 1/255.
        mask: (H, W) bool.
        ignore: (H, W) bool, or None.

    Returns:
        (15, 4) int64, a row for each bin: pixels, sum of their levels, object pixels, sum of
            squared differences
        between level and truth (255 or 0).

    Raises:
        ValueError: another dtype, or shapes that differ.

    Source: bins and error of Guo, Pleiss, Sun & Weinberger 2017, On Calibration of Modern Neural
    Networks.
    """
    ignore = np.zeros_like(mask) if ignore is None else ignore
    _check_arrays(levels, mask, ignore)
    objects = mask & ~ignore
    if not objects.any():
        return np.zeros((BINS, len(COLUMNS)), np.int64)
    band = _band(objects) & ~ignore
    found = np.bincount(
        levels[band] + (LEVELS + 1) * objects[band].astype(np.intp), minlength=2 * (LEVELS + 1)
    )
    # pixels at each level, of ground and of objects
    outside, inside = found.reshape(2, LEVELS + 1)
    level = np.arange(LEVELS + 1)
    squared = outside * level**2 + inside * (LEVELS - level) ** 2
    by_level = np.stack([outside + inside, (outside + inside) * level, inside, squared], axis=1)
    # The bin of p in whole numbers, so that no rounding moves a level that lies on an end.
    bins = level * BINS // (LEVELS + 1)
    counts = np.zeros((BINS, len(COLUMNS)), np.int64)
    np.add.at(counts, bins, by_level)
    return counts


def brier(counts: Counts) -> float:
    """Mean squared difference between probability and truth over the pixels of the band; NaN
    without pixels.

    Source: Brier 1950, Monthly Weather Review 78:1.
    """
    pixels, _, _, squared = _checked(counts).sum(axis=0)
    return float(squared / pixels / LEVELS**2) if pixels else float("nan")


def expected_calibration_error(counts: Counts) -> float:
    """Mean over bins of |mean probability - share of object pixels|, weighed by their pixels; NaN
    without pixels.

    Args:
        counts: (15, 4) whole numbers, of one image or added up.

    Source: Guo et al. 2017, for the probability of "object" instead of that of the predicted
    class.
    """
    pixels, levels, objects, _ = _checked(counts).T
    return (
        float(np.abs(levels / LEVELS - objects).sum() / pixels.sum())
        if pixels.any()
        else float("nan")
    )


def reliability_curve(counts: Counts) -> pd.DataFrame:
    """One row for each bin: low, high, pixels, proba_mean, object_share; the latter two are NaN in
    an empty bin.

    Args:
        counts: (15, 4) whole numbers, of one image or added up.
    """
    pixels, levels, objects, _ = _checked(counts).T
    used = np.where(pixels > 0, pixels, np.nan)
    ends = np.arange(BINS + 1) / BINS
    return pd.DataFrame(
        {
            "low": ends[:-1],
            "high": ends[1:],
            "pixels": pixels,
            "proba_mean": levels / LEVELS / used,
            "object_share": objects / used,
        }
    )


def _band(objects: np.ndarray) -> np.ndarray:
    """Pixels at most `BAND_PX` from an object, (H, W) bool; looked for only around the objects."""
    left, top, width, height = cv2.boundingRect(objects.view(np.uint8))
    rows = slice(max(top - BAND_PX, 0), top + height + BAND_PX)
    columns = slice(max(left - BAND_PX, 0), left + width + BAND_PX)
    ground = (~objects[rows, columns]).view(np.uint8)
    band = np.zeros_like(objects)
    # The precise distance is the Euclidean one up to float32; squared distances on the grid are
    # whole numbers.
    distance = cv2.distanceTransform(ground, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    band[rows, columns] = distance <= BAND_PX + 1e-3
    return band


def _checked(counts: Counts) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.shape != (BINS, len(COLUMNS)) or not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(
            f"calibration counts are {counts.dtype} of shape {counts.shape}; expected whole "
            f"numbers of shape {(BINS, len(COLUMNS))}, the sum of what calibration_counts gave "
            "for each image."
        )
    return counts


def _check_arrays(levels: np.ndarray, mask: np.ndarray, ignore: np.ndarray) -> None:
    kinds = levels.dtype == np.uint8 and mask.dtype == ignore.dtype == bool
    if not (kinds and levels.ndim == 2 and levels.shape == mask.shape == ignore.shape):
        found = ", ".join(
            f"{name} {array.dtype} {array.shape}"
            for name, array in (("levels", levels), ("mask", mask), ("ignore", ignore))
        )
        raise ValueError(
            f"calibration_counts got {found}; it needs uint8 levels and bool masks of one shape "
            "(H, W). Probabilities become levels by common.masks.postprocess.quantise."
        )
