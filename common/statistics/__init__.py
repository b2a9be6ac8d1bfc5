"""Intervals, comparisons, rank stability and the winner from a matrix of scores (approaches ×
images); reads no files.

Scores are complete and paired: every approach on the same images. Images that belong together
(photos of one place, composites of one cut-out) are resampled together. Missing scores are
refused, never averaged around.

resampling.py  checked scores; shared resamples as counts; studentised means     <- nothing
intervals.py   of a mean, of a paired difference; detectable difference           <- resampling
all_pairs.py   all pairs at once: bounds that hold together, adjusted p-values    <- intervals
ranks.py       ranks under resampling and under other schemes                     <- intervals
costs.py       who is shown to cost less, from times taken in rounds              <- nothing
selection.py   winner, verdicts, score corrected for having been chosen    <- all_pairs, costs
seeds.py       training variance next to image variance                           <- intervals
trainings.py   variations of trainings against a baseline                         <- intervals
pareto.py      approaches that none beats in both score and cost                  <- nothing
summary.py     all of these as one result with a table              <- intervals … selection
"""

from common.statistics.all_pairs import Simultaneous, fewest_units, simultaneous_comparisons
from common.statistics.intervals import (
    Intervals,
    mean_intervals,
    minimum_detectable_difference,
    paired_differences,
)
from common.statistics.pareto import pareto
from common.statistics.ranks import RankingSchemes, RankStability, rank_stability, ranking_schemes
from common.statistics.resampling import resample_weights
from common.statistics.seeds import VarianceComponents, variance_components
from common.statistics.selection import (
    Rule,
    SelectionCorrected,
    Verdict,
    Winner,
    selection_corrected_score,
    verdicts,
    winner,
    winner_of,
)
from common.statistics.summary import Comparison, compare
from common.statistics.trainings import detectable_over_trainings, differences_over_trainings

__all__ = [
    "Comparison",
    "Intervals",
    "RankStability",
    "RankingSchemes",
    "Rule",
    "SelectionCorrected",
    "Simultaneous",
    "VarianceComponents",
    "Verdict",
    "Winner",
    "compare",
    "detectable_over_trainings",
    "differences_over_trainings",
    "fewest_units",
    "mean_intervals",
    "minimum_detectable_difference",
    "paired_differences",
    "pareto",
    "rank_stability",
    "ranking_schemes",
    "resample_weights",
    "selection_corrected_score",
    "simultaneous_comparisons",
    "variance_components",
    "verdicts",
    "winner",
    "winner_of",
]
