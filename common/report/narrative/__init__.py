"""The sentences of the report, filled from the numbers of a finished run. A sentence is chosen by
the numbers, so that none stands under results of which it is not true; a number that a figure or
table shows is not said again; what was not measured is named. What can be decided is decided
elsewhere (`common.statistics`, `common.analysis`, `common.leaderboard`); here means and medians
are taken of what a sentence is about, and no more.
"""

from common.report.narrative.answer import (
    answer,
    caution,
    cost_table,
    facts,
    headline,
    of_rule_taken,
    of_trade_off,
    of_verdicts,
)
from common.report.narrative.expectations import (
    expected_beside_found,
    of_defaults,
    of_expectations,
    of_surprise,
)
from common.report.narrative.fitting import (
    of_ensemble,
    of_steps,
    of_thresholds,
    of_trainings,
    preparation_table,
)
from common.report.narrative.photos import of_photos, of_review, review_table
from common.report.narrative.phrases import NOT_STORED
from common.report.narrative.ranking import of_limits, of_ranking, of_resamples, of_seeds
from common.report.narrative.reasons import metric_table, of_approaches
from common.report.narrative.studies import (
    before_and_after,
    of_budget,
    of_ideas,
    of_overview,
    of_studies,
    stored_board,
    study_tables,
)
from common.report.narrative.unseen import (
    of_chosen_there,
    of_folds,
    of_test_sets,
    of_unseen,
    parts,
)
from common.report.narrative.weaknesses import (
    COUNTED_SO,
    examples,
    loss_table,
    of_calibration,
    of_kinds,
    of_losses,
    of_robustness,
)

__all__ = [
    "COUNTED_SO",
    "NOT_STORED",
    "answer",
    "before_and_after",
    "caution",
    "cost_table",
    "examples",
    "expected_beside_found",
    "facts",
    "headline",
    "loss_table",
    "metric_table",
    "of_approaches",
    "of_budget",
    "of_calibration",
    "of_chosen_there",
    "of_defaults",
    "of_ensemble",
    "of_expectations",
    "of_folds",
    "of_ideas",
    "of_kinds",
    "of_limits",
    "of_losses",
    "of_overview",
    "of_photos",
    "of_ranking",
    "of_resamples",
    "of_review",
    "of_robustness",
    "of_rule_taken",
    "of_seeds",
    "of_steps",
    "of_studies",
    "of_surprise",
    "of_test_sets",
    "of_thresholds",
    "of_trade_off",
    "of_trainings",
    "of_unseen",
    "of_verdicts",
    "parts",
    "preparation_table",
    "review_table",
    "stored_board",
    "study_tables",
]
