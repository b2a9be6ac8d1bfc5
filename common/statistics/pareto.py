"""Which approaches are worth considering when both the score and the cost count."""

import numpy as np
from numpy.typing import ArrayLike


def pareto(dice_mean: ArrayLike, cost: ArrayLike) -> np.ndarray:
    """The approaches that no other one beats: none is at least as good in both and better in one.

    Of two that are equal in both, neither beats the other. The measured means are taken as they
    are: an approach on the front need not be told apart from one behind it.

    Args:
        dice_mean: (k,) float, higher is better.
        cost: (k,) float, lower is better, e.g. seconds per image.

    Returns:
        (k,) bool.

    Raises:
        ValueError: the shapes differ, or a number is missing.

    Examples:
        >>> pareto([0.9, 0.8, 0.7], [2.0, 0.1, 0.5])
        array([ True,  True, False])

    Source: Pareto dominance as in Ehrgott 2005, Multicriteria Optimization, §2.1.
    """
    score, price = np.asarray(dice_mean, float), np.asarray(cost, float)
    if score.ndim != 1 or score.shape != price.shape:
        raise ValueError(
            f"pareto got {score.shape} scores and {price.shape} costs; expected one of each per "
            "approach."
        )
    unknown = np.flatnonzero(~(np.isfinite(score) & np.isfinite(price)))
    if unknown.size:
        row = int(unknown[0])
        raise ValueError(
            f"approach {row} has score {score[row]} and cost {price[row]}; both must be finite "
            "numbers. Leave out approaches that were not measured."
        )
    # Rows beat columns.
    as_good = (score[:, None] >= score) & (price[:, None] <= price)
    better = (score[:, None] > score) | (price[:, None] < price)
    beaten: np.ndarray = np.any(as_good & better, axis=0)
    return ~beaten
