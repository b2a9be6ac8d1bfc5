"""From probabilities to a mask: the one place where a threshold is applied. `common.masks.tuning`
chooses it.

Probabilities are held in steps of 1/255 everywhere, so that a map that was stored as an image, one
that was just predicted and one that another process computed give the same mask.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from common.metrics import dice
from common.scale import ImageSizes, Scale, prediction_scale
from common.statistics.resampling import Groups, standard_errors

LEVELS = 255
THRESHOLDS = np.arange(2, 100, 2) / 100


def quantise(proba: np.ndarray) -> np.ndarray:
    """Probabilities (H, W) float in [0, 1] as (H, W) uint8, rounded to steps of 1/255."""
    return np.rint(proba * LEVELS).astype(np.uint8)


@dataclass(frozen=True)
class Postprocess:
    """What is done to a quantised probability map to make it a mask, in this order; `proba >=
    threshold` is object.

    Attributes:
        threshold: of the probability of a pixel.
        seed: an object is kept only where one of its pixels reaches this higher probability
            (hysteresis); None: all.
        fill_holes_px: holes of at most so many pixels are filled.
        min_area_px: objects of fewer pixels are dropped.

    Source of the hysteresis: J. Canny, A Computational Approach to Edge Detection, 1986.
    """

    threshold: float = 0.5
    seed: float | None = None
    fill_holes_px: int = 0
    min_area_px: int = 0

    def apply(self, levels: np.ndarray) -> np.ndarray:
        """The mask (H, W) bool of a quantised map (H, W) uint8; objects are 8-connected, holes
        4-connected.
        """
        mask = levels >= first_level(self.threshold)
        if not mask.any():
            return mask
        if self.seed is not None:
            mask = _kept(mask, levels >= first_level(self.seed))
        if self.fill_holes_px:
            mask = _filled(mask, self.fill_holes_px)
        return _without_small(mask, self.min_area_px) if self.min_area_px > 1 else mask

    def at_scale(self, factor: float) -> "Postprocess":
        """The same for a map that shows everything at `factor` times the size."""
        holes, area = (
            round(pixels * factor**2) for pixels in (self.fill_holes_px, self.min_area_px)
        )
        return replace(self, fill_holes_px=holes, min_area_px=area)

    def for_photo(
        self, shape: tuple[int, ...], sizes: ImageSizes | None, scale: Scale = "auto"
    ) -> "Postprocess":
        """The same for the map of a photo of this (height, width, …), which may have been
        predicted at another scale than its own; see `common.scale.prediction_scale`.
        """
        return self.at_scale(1 / prediction_scale(shape, sizes, scale))

    def __str__(self) -> str:
        """In words, e.g. `probability >= 0.46, objects of 40 px or more`."""
        parts = [f"probability >= {self.threshold:g}"]
        parts += [f"objects that reach {self.seed:g}"] if self.seed is not None else []
        parts += [f"holes up to {self.fill_holes_px} px filled"] if self.fill_holes_px else []
        parts += [f"objects of {self.min_area_px} px or more"] if self.min_area_px else []
        return ", ".join(parts)


def _kept(mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The objects of a mask that hold a seed."""
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    seeded = np.zeros(count, bool)
    seeded[labels[seeds & mask]] = True
    return seeded[labels] & mask


def _without_small(mask: np.ndarray, least_px: int) -> np.ndarray:
    """The objects of a mask that have enough pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return (stats[:, cv2.CC_STAT_AREA] >= least_px)[labels] & mask


def _filled(mask: np.ndarray, most_px: int) -> np.ndarray:
    """A mask with its small holes filled; what touches the border of the image is no hole."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=4)
    left, top, width, height, area = stats.T
    inside = (
        (left > 0) & (top > 0) & (left + width < mask.shape[1]) & (top + height < mask.shape[0])
    )
    return mask | ((inside & (area <= most_px))[labels] & ~mask)


def first_level(threshold: float) -> int:
    """The lowest of the levels 0…255 whose probability reaches the threshold."""
    return int(np.ceil(threshold * LEVELS - 1e-9))


@dataclass(frozen=True)
class ThresholdCurve:
    """Dice of every image at every threshold; `dice` is (n_images, n_thresholds), images without
    objects left out.
    """

    thresholds: np.ndarray
    dice: np.ndarray

    def mean(self) -> np.ndarray:
        """Mean Dice (n_thresholds,) over the images."""
        return self.dice.mean(axis=0)

    def choose(self, groups: Groups = None) -> float:
        """The middle of the plateau around the best threshold.

        The plateau is the run of neighbouring thresholds whose mean loss to the best one is at
        most the standard error of that loss, paired by image: nearer than that, the maximum is
        chance, and the middle moves least on new images.

        Args:
            groups: (n_images,) labels of images that are not independent; the error is then that
                between groups, and with a single group the best threshold is taken.
        """
        mean = self.mean()
        best = int(mean.argmax())
        error = standard_errors((self.dice[:, [best]] - self.dice).T, groups)
        level = mean[best] - mean <= np.nan_to_num(error)
        low = high = best
        while low > 0 and level[low - 1]:
            low -= 1
        while high + 1 < len(mean) and level[high + 1]:
            high += 1
        return float(self.thresholds[(low + high) // 2])


def threshold_curve(maps: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> ThresholdCurve:
    """Dice at every threshold from one pass over quantised maps.

    Args:
        maps: (levels (H, W) uint8, mask (H, W) bool, ignore (H, W) bool) of each image; ignored
            pixels do not count, images without an object are left out (the mean that is maximised
            leaves them out too).

    Raises:
        ValueError: no image has an object.
    """
    cuts = [first_level(threshold) for threshold in THRESHOLDS]
    rows = []
    for levels, mask, ignore in maps:
        inside = reversed_cumulative(levels[mask & ~ignore])
        outside = reversed_cumulative(levels[~mask & ~ignore])
        if inside[0] == 0:
            continue
        tp, fp = inside[cuts], outside[cuts]
        rows.append(dice(tp, fp, inside[0] - tp))
    if not rows:
        raise ValueError("no image of tune has an object; a threshold needs at least one.")
    return ThresholdCurve(THRESHOLDS, np.array(rows))


def reversed_cumulative(levels: np.ndarray) -> np.ndarray:
    """How many of the values (uint8) are at least 0, 1, …, 255: (256,) int."""
    return np.bincount(levels, minlength=LEVELS + 1)[::-1].cumsum()[::-1]
