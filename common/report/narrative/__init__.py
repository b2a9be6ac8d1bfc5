"""The sentences of the report, filled from the numbers of a finished run. A sentence is chosen by
the numbers, so that none stands under results of which it is not true; a number that a figure or
table shows is not said again; what was not measured is named. What can be decided is decided
elsewhere (`common.statistics`, `common.analysis`, `common.leaderboard`); here means and medians
are taken of what a sentence is about, and no more.

phrases.py     what several sentences say alike
answer.py      the first screen: what to take, what it costs, what to be careful about
choice.py      what the choice buys and costs against the others
ranking.py     how sure the ranking is
unseen.py      whether `val` shows objects that training has seen
folds.py       objects that training never saw, over all groups of `train`
test_sets.py   labelled photos of another origin
reasons.py     what each approach is, what each metric tells that mean Dice does not
preparation.py what is done to an image beforehand
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

from common.report.narrative.answer import answer, caution, facts, headline, of_verdicts
from common.report.narrative.before_after import before_and_after, stored_board
from common.report.narrative.choice import cost_table, of_rule_taken, of_trade_off
from common.report.narrative.defaults import of_defaults
from common.report.narrative.expectations import expected_beside_found, of_expectations
from common.report.narrative.fitting import (
    of_ensemble,
    of_steps,
    of_thresholds,
    of_trainings,
    threshold_table,
)
from common.report.narrative.folds import of_folds
from common.report.narrative.limits import of_limits
from common.report.narrative.photos import of_photos, of_review, review_table
from common.report.narrative.phrases import NOT_STORED
from common.report.narrative.preparation import preparation_table
from common.report.narrative.ranking import of_ranking, of_resamples, of_seeds
from common.report.narrative.reasons import metric_table, of_approaches
from common.report.narrative.studies import (
    of_budget,
    of_ideas,
    of_overview,
    of_studies,
    of_study,
    study_tables,
)
from common.report.narrative.test_sets import of_chosen_there, of_test_sets
from common.report.narrative.trust import calibration_table, of_calibration, of_robustness
from common.report.narrative.unseen import of_unseen, parts
from common.report.narrative.weaknesses import (
    COUNTED_SO,
    examples,
    loss_table,
    of_kinds,
    of_losses,
)

__all__ = [
    "COUNTED_SO",
    "NOT_STORED",
    "answer",
    "before_and_after",
    "calibration_table",
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
    "of_study",
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
    "threshold_table",
]
