"""What more training images would give, from trainings on fewer of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import least_squares

LEAST_SIZES = 3  # as many as the law has parameters


@dataclass(frozen=True)
class LearningCurve:
    """A power law of the error that levels off, 1 − Dice = c + a · size^−b, in each of several
    trainings.

    Attributes:
        laws: (S, 3) c, a and b, a row for each training; the smallest size counts as 1.
        smallest: of the sizes.
    """

    laws: np.ndarray
    smallest: float

    def at(self, size: float, confidence: float = 0.95) -> tuple[float, float, float]:
        """Dice at another size: the mean over the trainings, and its bounds over other trainings
        by Student's t; with fewer than two trainings the bounds are not known.

        Args:
            size: at which; beyond the sizes of the trainings the law is trusted blindly.
            confidence: of the bounds.

        Returns:
            Mean and both bounds, which stay between 0 and 1.
        """
        found = np.array([1 - _error(size / self.smallest, *law) for law in self.laws])
        mean = float(found.mean())
        if len(found) < 2:
            return mean, float("nan"), float("nan")
        half = stats.t.ppf(0.5 + confidence / 2, len(found) - 1) * stats.sem(found)
        return mean, max(0.0, float(mean - half)), min(1.0, float(mean + half))


def learning_curve(sizes: Sequence[float], dice: Sequence[Sequence[float]]) -> LearningCurve:
    """Fit the law to trainings at several sizes, by least squares.

    Source: C. Cortes et al., Learning Curves: Asymptotic Values and Rate of Convergence, 1993.

    Args:
        sizes: (K,) groups or images that were trained on, three different ones or more.
        dice: (K, S) mean Dice of S trainings at each size.

    Raises:
        ValueError: fewer sizes.
    """
    at, errors = np.asarray(sizes, float), 1 - np.asarray(dice, float)
    if len(np.unique(at)) < LEAST_SIZES:
        raise ValueError(
            f"{len(np.unique(at))} different size(s); a learning curve needs {LEAST_SIZES} or "
            "more."
        )
    smallest = float(at.min())
    laws = [_fitted(at / smallest, error) for error in errors.T]
    return LearningCurve(np.array(laws), smallest)


def _error(size: np.ndarray | float, level: float, gain: float, rate: float) -> np.ndarray | float:
    return level + gain * size**-rate


def _fitted(sizes: np.ndarray, errors: np.ndarray) -> np.ndarray:
    least, most = float(errors.min()), float(errors.max())
    start = (0.9 * least, max(most - least, 1e-3), 1.0)
    limits = ([0, 0, 0.05], [1, 1, 5])
    return least_squares(lambda law: _error(sizes, *law) - errors, start, bounds=limits).x
