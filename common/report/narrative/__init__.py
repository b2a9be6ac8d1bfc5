"""The sentences of the report, filled from the numbers of a finished run. A sentence is chosen by
the numbers, so that none stands under results of which it is not true; what was not measured is
named. What can be decided is decided elsewhere (`common.statistics`, `common.analysis`,
`common.leaderboard`); here means and medians are taken of what a sentence is about, and no more.

phrases.py     what several sentences say alike
choice.py      what is chosen, how good it is, what it buys against the next best
unseen.py      whether `val` shows objects that training has seen
folds.py       objects that training never saw, over all groups of `train`
test_sets.py   labelled photos of another origin
reasons.py     what each approach is, what each metric tells that mean Dice does not
ranking.py     who cannot be told apart from the best, how stable the ranking is
costs.py       seconds and memory for a mask, what a training was given and took
preparation.py what is done to an image beforehand, and which settings were tested
fitting.py     trainings, thresholds, further steps, the ensemble
weaknesses.py  where the chosen approach fails: images, what is lost on them, kinds of images
trust.py       corrupted images, probabilities
photos.py      what the masks of photos without labels hold, and what a person noted of them
limits.py      what must not be concluded
studies.py     what was found in the studies, and what their trainings cost
expectations.py  whether what was expected of a study was borne out
defaults.py    what follows from the studies for the defaults
before_after.py  two leaderboards of the same data, before and after a change
"""

from common.report.narrative.before_after import before_and_after, stored_board
from common.report.narrative.choice import answer, beside_table, of_choice, of_trade, rival
from common.report.narrative.costs import of_costs, of_time_taken
from common.report.narrative.defaults import of_defaults
from common.report.narrative.expectations import expected_beside_found, of_expectations
from common.report.narrative.fitting import of_ensemble, of_steps, of_thresholds, of_trainings
from common.report.narrative.folds import of_folds
from common.report.narrative.limits import of_limits
from common.report.narrative.photos import of_photos, of_review
from common.report.narrative.preparation import preparation_table
from common.report.narrative.ranking import of_ranking, of_seeds, of_selection, of_table, of_ties
from common.report.narrative.reasons import metric_table, of_approaches, of_metrics
from common.report.narrative.studies import (
    of_budget,
    of_ideas,
    of_overview,
    of_studies,
    of_study,
    study_tables,
)
from common.report.narrative.test_sets import of_test_sets
from common.report.narrative.trust import of_calibration, of_robustness
from common.report.narrative.unseen import of_unseen, unseen_table
from common.report.narrative.weaknesses import hardest, of_images, of_losses, of_strata, of_worst

__all__ = [
    "answer",
    "before_and_after",
    "beside_table",
    "expected_beside_found",
    "hardest",
    "metric_table",
    "of_approaches",
    "of_budget",
    "of_calibration",
    "of_choice",
    "of_costs",
    "of_defaults",
    "of_ensemble",
    "of_expectations",
    "of_folds",
    "of_ideas",
    "of_images",
    "of_limits",
    "of_losses",
    "of_metrics",
    "of_overview",
    "of_photos",
    "of_ranking",
    "of_review",
    "of_robustness",
    "of_seeds",
    "of_selection",
    "of_steps",
    "of_strata",
    "of_studies",
    "of_study",
    "of_table",
    "of_test_sets",
    "of_thresholds",
    "of_ties",
    "of_time_taken",
    "of_trade",
    "of_trainings",
    "of_unseen",
    "of_worst",
    "preparation_table",
    "rival",
    "stored_board",
    "study_tables",
    "unseen_table",
]
