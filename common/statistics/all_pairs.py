"""All pairs of approaches at once, with bounds that hold together.

The winner was picked by the same images it is compared on; testing it against each other approach
as if it had been named beforehand finds false differences in one benchmark of eight with six equal
approaches. Bounds that hold for all pairs at once also hold for the pairs of whichever approach
came out best. Nothing is assumed about equal noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from common.statistics.intervals import LEVEL, difference_bounds, single_unit_reason
from common.statistics.resampling import (
    DECIMALS,
    FEW_UNITS,
    Groups,
    Studentised,
    checked_scores,
    studentised,
)


@dataclass(frozen=True, eq=False)
class Simultaneous:
    """Differences `[a, b]` = mean of a - mean of b, (k, k), with bounds that hold for all pairs at
    once with 95 %.

    `p_value` is adjusted for all pairs and below .05 exactly where the bounds exclude 0. NaN
    bounds have a `reason`.
    """

    mean: np.ndarray  # (k,)
    difference: np.ndarray
    standard_error: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_value: np.ndarray
    critical_value: float
    reason: str = ""


def pair_indices(k: int) -> tuple[np.ndarray, np.ndarray]:
    """First and second approach of each of the k(k-1)/2 pairs."""
    return np.triu_indices(k, 1)


def fewest_units(k: int) -> int:
    """The least number of groups (or images) at which k approaches can be told apart by the sign
    of their differences alone: with fewer, even a difference of the same sign everywhere may be
    chance.

    It is where the two-sided sign test, times the number of pairs, falls below .05.

    Examples:
        >>> fewest_units(2), fewest_units(3), fewest_units(8)
        (6, 7, 11)
    """
    pairs = k * (k - 1) / 2
    return 1 if pairs < 1 else int(np.floor(np.log2(pairs / (1 - LEVEL)))) + 2


def simultaneous_comparisons(
    scores: np.ndarray,
    groups: Groups = None,
    resamples: int = 2000,
    seed: int = 0,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Simultaneous:
    """Compare all pairs by the studentised max-T bootstrap.

    Arguments as in `mean_intervals`. For each resample the largest |resampled difference -
    difference| / its standard error over all pairs is taken; the 95 % point of these maxima is the
    critical value, and the share that reaches a pair's own |difference| / standard error its
    adjusted p-value (single step).

    Pairs that do not vary take no part in the maximum. Two identical approaches have the
    difference 0, bounds [0, 0] and p = 1. A constant difference other than 0 is judged by its sign
    alone (two-sided sign test times the number of pairs): if there are too few images for that,
    its bounds are the whole range. With fewer than 30 groups (or images) the critical value is at
    least that of Student's test times the number of pairs (Bonferroni).

    Raises:
        ValueError: as `mean_intervals`.

    Source: Westfall & Young 1993, Resampling-Based Multiple Testing; Romano & Wolf 2005, JASA
    100:94.
    """
    scores = checked_scores(scores, bounds)
    k = len(scores)
    first, second = pair_indices(k)
    pairs = studentised(scores[first] - scores[second], groups, resamples, seed)
    pairs = pairs._replace(mean=np.round(pairs.mean, DECIMALS))
    critical, p_value = _critical_and_p(pairs, k)
    half_width = critical * pairs.standard_error
    constant = (pairs.standard_error == 0) & (pairs.mean != 0)
    p_value[constant] = np.clip(len(first) * 0.5 ** (pairs.units - 1), 1 / (resamples + 1), 1)
    half_width[constant & (p_value >= 1 - LEVEL)] = np.inf

    lower, upper = pairs.mean - half_width, pairs.mean + half_width
    if bounds is not None:
        lower, upper = (np.clip(side, *difference_bounds(bounds)) for side in (lower, upper))
    return Simultaneous(
        mean=np.round(scores.mean(1), DECIMALS),
        difference=_square(k, pairs.mean, -pairs.mean),
        standard_error=_square(k, pairs.standard_error, pairs.standard_error),
        lower=_square(k, lower, -upper),
        upper=_square(k, upper, -lower),
        p_value=_square(k, p_value, p_value, diagonal=1.0),
        critical_value=critical,
        reason=single_unit_reason(pairs.units)
        if k > 1
        else "one approach: nothing to compare it with",
    )


def _critical_and_p(pairs: Studentised, k: int) -> tuple[float, np.ndarray]:
    """Critical value of max |t| and the adjusted p-value of each pair; NaN with a single unit or
    approach.
    """
    if pairs.units == 1 or k == 1:
        return np.nan, np.full(len(pairs.mean), np.nan)
    largest = np.sort(np.abs(pairs.pivot).max(1))
    resamples = len(largest)
    # The order statistic for which "above the critical value" and "p below .05" are the same
    # event.
    critical = largest[-max(int(np.ceil((1 - LEVEL) * (resamples + 1) - 1e-9)) - 1, 1)]
    varies = pairs.standard_error > 0
    observed = np.zeros_like(pairs.mean)
    np.divide(np.abs(pairs.mean), pairs.standard_error, out=observed, where=varies)
    p_value = (1 + resamples - np.searchsorted(largest, observed, side="left")) / (resamples + 1)
    if pairs.units < FEW_UNITS:
        freedom, tails = pairs.units - 1, 2 * len(observed)
        critical = max(critical, -stdtrit(freedom, (1 - LEVEL) / tails))
        p_value = np.maximum(p_value, np.minimum(tails * stdtr(freedom, -observed), 1))
    return float(critical), np.where(varies, p_value, 1.0)


def _square(k: int, above: np.ndarray, below: np.ndarray, diagonal: float = 0.0) -> np.ndarray:
    """(k, k) matrix of the values of the pairs (a, b) above the diagonal and of (b, a) below
    it.
    """
    square = np.full((k, k), diagonal)
    first, second = pair_indices(k)
    square[first, second], square[second, first] = above, below
    return square
