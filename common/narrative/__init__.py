"""The sentences of the report, filled from the numbers of a finished run. A sentence is chosen by the numbers, so that
none stands under results of which it is not true; what was not measured is said to be so. No statistic is made here:
intervals, verdicts and bounds are those of the stored tables.

choice.py      what is chosen and why, who cannot be told apart, how stable that is, what it costs
weaknesses.py  where the chosen approach fails: images, corruptions, probabilities
fitting.py     trainings, thresholds, further steps, the ensemble
photos.py      what the masks of photos without labels hold
limits.py      what must not be concluded
studies.py     what was expected of a study and what was found
"""

from common.narrative.choice import (
    answer,
    of_choice,
    of_costs,
    of_ranking,
    of_seeds,
    of_selection,
    of_table,
    of_ties,
)
from common.narrative.fitting import of_ensemble, of_steps, of_thresholds, of_trainings
from common.narrative.limits import of_limits
from common.narrative.photos import mask_objects, of_photos, photo_table, train_objects
from common.narrative.studies import expected_beside_found, of_defaults, of_studies, of_study, study_tables
from common.narrative.weaknesses import hardest, of_calibration, of_images, of_robustness, of_strata, of_worst

__all__ = [
    "answer",
    "expected_beside_found",
    "hardest",
    "mask_objects",
    "of_calibration",
    "of_choice",
    "of_costs",
    "of_defaults",
    "of_ensemble",
    "of_images",
    "of_limits",
    "of_photos",
    "of_ranking",
    "of_robustness",
    "of_seeds",
    "of_selection",
    "of_steps",
    "of_strata",
    "of_studies",
    "of_study",
    "of_table",
    "of_thresholds",
    "of_ties",
    "of_trainings",
    "of_worst",
    "photo_table",
    "study_tables",
    "train_objects",
]
