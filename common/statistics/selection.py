"""The winner, what may be said about the others, and what the winner's score is worth.

"Not significantly worse" is not "as good": with few images everything is tied, and the cheapest of
the tied can be clearly worse. So a cheaper approach wins only when its loss to the best is shown
to be small, and *cheaper* is shown too: measured costs have intervals, which must not overlap. And
a score that was used to choose is too high; the correction replays the whole choice on resamples
and scores it on the images left out.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from common.statistics.all_pairs import Simultaneous, pair_indices, simultaneous_comparisons
from common.statistics.costs import shown_cheaper
from common.statistics.resampling import (
    DECIMALS,
    Groups,
    checked_scores,
    out_of_bag_sums,
    resampled_means,
    studentised,
)

Rule = Literal["cheapest-equivalent", "best"]
Verdict = Literal["best", "equivalent", "worse", "not told apart"]


@dataclass(frozen=True)
class Winner:
    """Row numbers of the winner, of the approach with the highest mean, and of all that were good
    enough to win.
    """

    index: int
    best: int
    eligible: tuple[int, ...]
    reason: str


@dataclass(frozen=True, eq=False)
class SelectionCorrected:
    """Score of the winner as measured (`naive`) and as the whole procedure may expect it on new
    images (`corrected`).

    `chosen` (k,) is the share of replays that each approach won. NaN has a `reason`.
    """

    naive: float
    corrected: float
    chosen: np.ndarray
    reason: str = ""


def winner(
    scores: np.ndarray,
    costs: np.ndarray | None = None,
    margin: float = 0.01,
    rule: Rule = "cheapest-equivalent",
    groups: Groups = None,
    resamples: int = 2000,
    seed: int = 0,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Winner:
    """Choose the winner.

    Args:
        scores: (k, n) float, complete, higher is better.
        costs: (k,) float, cost of a prediction, e.g. milliseconds per image, or (k, 3) with the
            bounds of its interval; None: all equal.
        margin: largest loss in mean score that does not matter, in units of the score.
        rule: 'best' takes the highest mean. 'cheapest-equivalent' takes the cheapest approach
            whose simultaneous 95 % upper bound of the loss to the highest mean is below `margin`
            and that is shown to be cheaper (see `shown_cheaper`); without bounds (one image or
            group) the best.
        groups: (n,) labels; whole groups are resampled.
        resamples: how many resamples.
        seed: of the resamples.
        bounds: range of the metric, None for one without limits.

    Ties: of equal means the cheaper counts as the best; of several of which none is shown to be
    cheaper than another the higher mean wins, then the earlier row.

    Raises:
        ValueError: a score or cost is missing, the margin is negative, or the rule is unknown.

    Source: non-inferiority by a confidence bound, Wellek 2010, Testing Statistical Hypotheses of
    Equivalence.
    """
    comparisons = simultaneous_comparisons(scores, groups, resamples, seed, bounds)
    return winner_of(comparisons, costs, margin, rule)


def winner_of(
    comparisons: Simultaneous,
    costs: np.ndarray | None = None,
    margin: float = 0.01,
    rule: Rule = "cheapest-equivalent",
) -> Winner:
    """Choose the winner from comparisons that were made already; see `winner`."""
    means = comparisons.mean
    cheaper = _checked_rule(len(means), costs, margin, rule)
    best = int(_best(means[None], cheaper)[0])
    eligible = _eligible(comparisons.upper[best][None], np.array([best]), margin, rule)
    index = int(_choose(means[None], eligible, np.array([best]), cheaper)[0])
    if rule == "best":
        reason = "highest mean"
    elif comparisons.reason:
        reason = f"highest mean ({comparisons.reason})"
    elif index == best:
        reason = f"highest mean; no cheaper approach is shown to lose less than {margin:g}"
    else:
        reason = (
            f"cheapest whose loss to the highest mean is below {margin:g} with 95 % confidence"
        )
    return Winner(index, best, tuple(np.flatnonzero(eligible[0]).tolist()), reason)


def verdicts(
    comparisons: Simultaneous, costs: np.ndarray | None = None, margin: float = 0.01
) -> tuple[Verdict, ...]:
    """Say of each approach what the simultaneous bounds allow to say about its loss to the highest
    mean.

    'equivalent': the upper bound is below `margin`, whether or not the loss is above 0; 'worse':
    the lower bound is above 0; 'not told apart': neither. Two identical approaches are equivalent.
    `costs` only settle which of equal means is the best, as in `winner`.

    Source: as `winner`.
    """
    cheaper = _checked_rule(len(comparisons.mean), costs, margin, "best")
    best = int(_best(comparisons.mean[None], cheaper)[0])
    worse = comparisons.lower[best] > 0
    equivalent = comparisons.upper[best] < margin
    words = np.where(equivalent, "equivalent", np.where(worse, "worse", "not told apart")).tolist()
    words[best] = "best"
    return tuple(words)


def selection_corrected_score(
    scores: np.ndarray,
    costs: np.ndarray | None = None,
    margin: float = 0.01,
    rule: Rule = "cheapest-equivalent",
    groups: Groups = None,
    resamples: int = 2000,
    seed: int = 0,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> SelectionCorrected:
    """Expected score of the whole selection, free of the advantage of having been chosen on the
    same images.

    Arguments as in `winner`; every image weighs the same, whatever its group. For every resample
    the rule is replayed with the means and standard errors of that resample and the critical value
    of all images (a bootstrap inside each resample would cost B times as much and move the bounds
    little), and its choice is scored on the images, or whole groups, that the resample left out. A
    resample holds 63 % of the images, so its choice is poorer and the correction errs on the low
    side when approaches do differ: by a third of a point in the simulated case of a leader above
    far noisier approaches.

    Source: Tsamardinos, Greasidou & Borboudakis 2018, Machine Learning 107:1895 (BBC-CV).
    """
    scores = checked_scores(scores, bounds)
    comparisons = simultaneous_comparisons(scores, groups, resamples, seed, bounds)
    naive = float(scores[winner_of(comparisons, costs, margin, rule).index].mean())
    left_out, count = out_of_bag_sums(scores, groups, resamples, seed)
    usable = count > 0
    if not usable.any():
        return SelectionCorrected(
            naive, np.nan, np.full(len(scores), np.nan), "no resample leaves an image out"
        )
    cheaper = _checked_rule(len(scores), costs, margin, rule)
    means = resampled_means(scores, groups, resamples, seed)
    best = _best(means, cheaper)
    upper = means.max(1, keepdims=True) - means
    if rule == "cheapest-equivalent" and len(scores) > 1:
        upper = upper + comparisons.critical_value * _errors_to(
            best, scores, groups, resamples, seed
        )
    chosen = _choose(means, _eligible(upper, best, margin, rule), best, cheaper)[usable]
    # Summed before divided: a mean of means would let the images of resamples that leave few out
    # weigh more.
    corrected = (
        np.take_along_axis(left_out[usable], chosen[:, None], 1).sum() / count[usable].sum()
    )
    return SelectionCorrected(
        naive, float(corrected), np.bincount(chosen, minlength=len(scores)) / len(chosen)
    )


def _errors_to(
    best: np.ndarray, scores: np.ndarray, groups: Groups, resamples: int, seed: int
) -> np.ndarray:
    """Standard error of each approach's difference to the best of each resample, inside that
    resample, (B, k).
    """
    k = len(scores)
    first, second = pair_indices(k)
    errors = np.zeros((resamples, k, k))
    errors[:, first, second] = studentised(
        scores[first] - scores[second], groups, resamples, seed
    ).resampled_error
    errors += errors.transpose(0, 2, 1)
    return errors[np.arange(resamples), best]


def _checked_rule(k: int, costs: np.ndarray | None, margin: float, rule: str) -> np.ndarray:
    """Who is shown to be cheaper than whom, (k, k) bool."""
    if rule not in get_args(Rule):
        raise ValueError(f"rule={rule!r} is unknown; expected one of {', '.join(get_args(Rule))}.")
    if not margin >= 0:
        raise ValueError(
            f"margin={margin} is not a loss; expected 0 or a small positive number such as 0.01."
        )
    costs = np.zeros(k) if costs is None else np.asarray(costs, dtype=float)
    if costs.shape not in ((k,), (k, 3)) or np.isnan(costs).any():
        raise ValueError(
            f"costs={costs.tolist()}; expected {k} numbers, one for each approach (infinity where "
            "unknown), or for each its cost with a lower and an upper bound, or None."
        )
    return shown_cheaper(costs)


def _best(means: np.ndarray, cheaper: np.ndarray) -> np.ndarray:
    """Column of the highest mean in each row of (B, k); of equal ones the cheaper, then the
    earlier.
    """
    highest = np.round(means, DECIMALS) == np.round(means.max(1, keepdims=True), DECIMALS)
    return _cheapest(means, highest, cheaper)


def _eligible(upper_loss: np.ndarray, best: np.ndarray, margin: float, rule: Rule) -> np.ndarray:
    """Which approaches may win, (B, k): under 'best' only the best; NaN bounds make nobody
    eligible but the best.
    """
    itself = np.arange(upper_loss.shape[1]) == best[:, None]
    return itself if rule == "best" else itself | (upper_loss < margin)


def _choose(
    means: np.ndarray, eligible: np.ndarray, best: np.ndarray, cheaper: np.ndarray
) -> np.ndarray:
    """Column of the winner in each row: the cheapest eligible one that is cheaper than the best,
    else the best.
    """
    itself = np.arange(means.shape[1]) == best[:, None]
    return _cheapest(means, eligible & (itself | cheaper.T[best]), cheaper)


def _cheapest(means: np.ndarray, eligible: np.ndarray, cheaper: np.ndarray) -> np.ndarray:
    """Column of an eligible approach in each row than which no eligible one is cheaper; of several
    the one with the higher mean, then the earlier.
    """
    undercut = eligible.astype(int) @ cheaper.astype(int) > 0
    return np.where(eligible & ~undercut, np.round(means, DECIMALS), -np.inf).argmax(1)
