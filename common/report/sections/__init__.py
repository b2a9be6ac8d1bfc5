"""The sections of a report, in their order. Each is a function of what was read of the run; a
further one is a function and a line here.
"""

from collections.abc import Callable

from common.report.section import Section
from common.report.sections.chosen import answer, ranking, trade_off
from common.report.sections.fitted import trainings, tuned
from common.report.sections.material import Material, gather
from common.report.sections.photos import real_photos
from common.report.sections.rest import limits, numbers
from common.report.sections.weak import (
    calibration,
    elsewhere,
    failures,
    robustness,
    unseen_objects,
)

ALL: tuple[Callable[[Material], Section], ...] = (
    answer,
    unseen_objects,
    elsewhere,
    real_photos,
    trade_off,
    ranking,
    failures,
    trainings,
    calibration,
    robustness,
    tuned,
    limits,
    numbers,
)

__all__ = [
    "ALL",
    "Material",
    "answer",
    "calibration",
    "elsewhere",
    "failures",
    "gather",
    "limits",
    "numbers",
    "ranking",
    "real_photos",
    "robustness",
    "trade_off",
    "trainings",
    "tuned",
    "unseen_objects",
]
