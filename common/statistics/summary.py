"""Everything the leaderboard says about uncertainty, from one matrix of scores.

`compare` computes it once, on one set of resamples, and `Comparison.table()` lays it out, one row
per approach. It reads no files and knows no approach; failed approaches are left out by the
caller, because they have no scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from common.statistics.all_pairs import Simultaneous, fewest_units, simultaneous_comparisons
from common.statistics.intervals import (
    Intervals,
    mean_intervals,
    minimum_detectable_difference,
    paired_differences,
)
from common.statistics.ranks import RankingSchemes, RankStability, rank_stability, ranking_schemes
from common.statistics.resampling import Groups, checked_scores, unit_of_image
from common.statistics.selection import (
    Rule,
    SelectionCorrected,
    Verdict,
    Winner,
    selection_corrected_score,
    verdicts,
    winner_of,
)


class _Draws(TypedDict):
    """What decides the resamples; the same for every statistic of a comparison."""

    groups: Groups
    resamples: int
    seed: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """All statistics of one leaderboard; arrays are in the order of `names`, `order` lists rows
    best first.

    `reason` says why intervals are NaN, and is empty if none are.
    """

    names: tuple[str, ...]
    costs: np.ndarray | None
    images: int
    units: int
    margin: float
    rule: Rule
    order: tuple[int, ...]
    means: Intervals
    to_best: Intervals
    simultaneous: Simultaneous
    minimum_detectable: np.ndarray
    ranks: RankStability
    schemes: RankingSchemes
    verdicts: tuple[Verdict, ...]
    winner: Winner
    selection: SelectionCorrected
    reason: str

    @property
    def too_few(self) -> bool:
        """Whether the groups (or images) are too few to tell approaches apart that differ the same
        way on every one of them; see `fewest_units`.
        """
        return self.units < fewest_units(len(self.names))

    def table(self) -> pd.DataFrame:
        """One row per approach, best first.

        `difference` is the mean minus that of the best, with its own 95 % interval
        (`difference_lower`, `_upper`) and with the bounds that hold for all pairs at once
        (`simultaneous_lower`, `_upper`), on which `p_adjusted`, `verdict` and `winner` rest.
        `minimum_detectable` is the true difference that bounds like these would show in 80 % of
        trials.
        """
        best = self.winner.best
        frame = pd.DataFrame(
            {
                "approach": self.names,
                "rank": self.ranks.rank,
                "mean": self.means.mean,
                "mean_lower": self.means.lower,
                "mean_upper": self.means.upper,
                "difference": self.to_best.mean,
                "difference_lower": self.to_best.lower,
                "difference_upper": self.to_best.upper,
                "simultaneous_lower": self.simultaneous.lower[:, best],
                "simultaneous_upper": self.simultaneous.upper[:, best],
                "p_adjusted": self.simultaneous.p_value[:, best],
                "verdict": self.verdicts,
                "minimum_detectable": self.minimum_detectable,
                "mean_rank": self.ranks.mean_rank,
                "rank_lower": self.ranks.lower,
                "rank_upper": self.ranks.upper,
                "p_rank_1": self.ranks.p_first,
                "cost": np.full(len(self.names), np.nan) if self.costs is None else self.costs,
                "winner": np.arange(len(self.names)) == self.winner.index,
            }
        )
        return frame.iloc[list(self.order)].reset_index(drop=True)

    def difference(self, one: str, other: str) -> tuple[float, float, float]:
        """Mean score of one approach minus that of another, with the bounds that hold for all
        pairs at once.
        """
        a, b = self.names.index(one), self.names.index(other)
        pairs = self.simultaneous
        return float(pairs.difference[a, b]), float(pairs.lower[a, b]), float(pairs.upper[a, b])


def compare(
    scores: np.ndarray,
    names: Sequence[str],
    costs: Sequence[float | tuple[float, float, float]] | np.ndarray | None = None,
    groups: Groups = None,
    margin: float = 0.01,
    resamples: int = 2000,
    seed: int = 0,
    second_scores: np.ndarray | None = None,
    rule: Rule = "cheapest-equivalent",
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Comparison:
    """Compare k approaches on n images in every way the leaderboard shows.

    Args:
        scores: (k, n) float, complete, higher is better, the same images in the same order for all
            approaches.
        names: k different names.
        costs: (k,) float, cost of a prediction, e.g. milliseconds per image, or (k, 3) with the
            bounds of its interval; None: all equal.
        groups: (n,) labels of images that belong together; whole groups are resampled.
        margin: largest loss in mean score that does not matter.
        resamples: how many resamples.
        seed: of the resamples; the same seed gives the same result.
        second_scores: (k, m) float, a second metric for `ranking_schemes`.
        rule: how the winner is chosen, see `winner`.
        bounds: range of the metric, None for one without limits.

    Raises:
        ValueError: a score, cost or label is missing or does not fit the others, or the names are
            not k different ones.

    Source: Wiesenfarth et al. 2021, Scientific Reports 11:2369, for what such a report should
    hold.
    """
    scores = checked_scores(scores, bounds)
    k, n = scores.shape
    if len(names) != k or len(set(names)) != k:
        raise ValueError(
            f"names={list(names)}; expected {k} different names, one for each row of scores."
        )
    draws: _Draws = {"groups": groups, "resamples": resamples, "seed": seed}
    simultaneous = simultaneous_comparisons(scores, bounds=bounds, **draws)
    costs = None if costs is None else np.asarray(costs, dtype=float)
    chosen = winner_of(simultaneous, costs, margin, rule)
    means = mean_intervals(scores, bounds=bounds, **draws)
    price = None if costs is None else costs if costs.ndim == 1 else costs[:, 0]
    return Comparison(
        names=tuple(names),
        costs=price,
        images=n,
        units=int(unit_of_image(n, groups).max()) + 1,
        margin=margin,
        rule=rule,
        order=tuple(
            np.lexsort((np.zeros(k) if price is None else price, -simultaneous.mean)).tolist()
        ),
        means=means,
        to_best=paired_differences(scores, chosen.best, bounds=bounds, **draws),
        simultaneous=simultaneous,
        minimum_detectable=minimum_detectable_difference(
            scores, chosen.best, groups, simultaneous.critical_value
        ),
        ranks=rank_stability(scores, **draws),
        schemes=ranking_schemes(scores, second_scores),
        verdicts=verdicts(simultaneous, costs, margin),
        winner=chosen,
        selection=selection_corrected_score(scores, costs, margin, rule, bounds=bounds, **draws),
        reason=means.reason,
    )
