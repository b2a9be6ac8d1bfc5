"""From probabilities to a mask: the one place where a threshold is applied, and where it is chosen, once, on *tune*.

Probabilities are held in steps of 1/255 everywhere, so that a map that was stored as an image, one that was just
predicted and one that another process computed give the same mask.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from common.metrics import dice

LEVELS = 255
THRESHOLDS = np.arange(2, 100, 2) / 100


def quantise(proba: np.ndarray) -> np.ndarray:
    """Probabilities (H, W) float in [0, 1] as (H, W) uint8, rounded to steps of 1/255."""
    return np.rint(proba * LEVELS).astype(np.uint8)


@dataclass(frozen=True)
class Postprocess:
    """What is done to a quantised probability map to make it a mask; `proba >= threshold` is object."""

    threshold: float = 0.5

    def apply(self, levels: np.ndarray) -> np.ndarray:
        """The mask (H, W) bool of a quantised map (H, W) uint8."""
        return levels >= first_level(self.threshold)


def first_level(threshold: float) -> int:
    """The lowest of the levels 0…255 whose probability reaches the threshold."""
    return int(np.ceil(threshold * LEVELS - 1e-9))


@dataclass(frozen=True)
class ThresholdCurve:
    """Dice of every image at every threshold; `dice` is (n_images, n_thresholds), images without objects left out."""

    thresholds: np.ndarray
    dice: np.ndarray

    def mean(self) -> np.ndarray:
        """Mean Dice (n_thresholds,) over the images."""
        return self.dice.mean(axis=0)

    def choose(self) -> float:
        """The middle of the plateau around the best threshold.

        The plateau is the run of neighbouring thresholds whose mean loss to the best one is at most the standard error
        of that loss, paired by image: nearer than that, the maximum is chance, and the middle moves least on new
        images.
        """
        mean = self.mean()
        best = int(mean.argmax())
        loss = self.dice[:, [best]] - self.dice
        error = loss.std(axis=0, ddof=1) / np.sqrt(len(loss)) if len(loss) > 1 else np.zeros_like(mean)
        level = mean[best] - mean <= error
        low = high = best
        while low > 0 and level[low - 1]:
            low -= 1
        while high + 1 < len(mean) and level[high + 1]:
            high += 1
        return float(self.thresholds[(low + high) // 2])


def threshold_curve(maps: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> ThresholdCurve:
    """Dice at every threshold from one pass over quantised maps.

    Args:
        maps: (levels (H, W) uint8, mask (H, W) bool, ignore (H, W) bool) of each image; ignored pixels do not count,
            images without an object are left out (the mean that is maximised leaves them out too).

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


def tune_postprocess(
    maps: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[Postprocess, ThresholdCurve]:
    """Choose the post-processing of one approach on its maps of *tune* (see `threshold_curve` for their form)."""
    curve = threshold_curve(maps)
    return Postprocess(curve.choose()), curve
