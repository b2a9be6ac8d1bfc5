"""What a study can show, told before its trainings run: the smallest true difference to the
baseline that its bounds would show in 80 % of cases, from the variance of stored studies.

It is a forecast: longer trainings vary less, and the groups of another data set vary otherwise.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from common.leaderboard.studies import BASELINE, SAME
from common.statistics import detectable_over_trainings

MOST_GROUPS = 1000


@dataclass(frozen=True)
class Design:
    """A study that is planned.

    Attributes:
        variations: how many are compared with the baseline.
        trainings: of each of them, every one judged on its own fold of `train`.
        by_fold: groups of images in each fold of `train`, in the order of the trainings.
    """

    variations: int
    trainings: int
    by_fold: Sequence[int]

    @property
    def groups(self) -> int:
        """Groups of images in `train`."""
        return sum(self.by_fold)

    def judged(self, trainings: int) -> int:
        """Groups that so many trainings are judged on, all together."""
        return max(2, sum(self.by_fold[:trainings]))


def smallest_shown(table: pd.DataFrame) -> float:
    """The true difference to the baseline that a study, as it was run, shows in 80 % of cases: the
    median of its variations; NaN where none has a result.

    Args:
        table: of `study_table`.
    """
    rows = _compared(table)
    if rows.empty:
        return float("nan")
    trainings = int(rows["seeds"].max())
    design = Design(len(rows), trainings, (int(rows["n_groups"].max()),))
    return float(np.median(_shown([rows], design, trainings)))


def power_text(name: str, design: Design, stored: Mapping[str, pd.DataFrame]) -> str:
    """What a study can show, in sentences.

    Args:
        name: of the study.
        design: of it.
        stored: tables of `study_table` by study, those of the same approach on the same data; its
            own counts alone where it is there.
    """
    tables = {name: stored[name]} if name in stored else stored
    known = {study: rows for study, table in tables.items() if len(rows := _compared(table))}
    if not known:
        return (
            f"What {name} can show is not known: no study of this approach on this data is stored "
            "to take the variance from."
        )
    now, source = _shown(known.values(), design, design.trainings), ", ".join(known)
    said = (
        f"What {name} can show: {_trainings(design, design.trainings)}, would show a difference "
        f"of {np.median(now):.3f} mean Dice in 80 % of cases, if variations vary like the median "
        f"of {source} ({now.min():.3f} to {now.max():.3f} for the steadiest to the wildest)."
    )
    return said if np.median(now) <= SAME else f"{said} {_enough(known.values(), design)}"


def _enough(tables: Iterable[pd.DataFrame], design: Design) -> str:
    """The budget that would show a difference of a hundredth."""
    tables, most = list(tables), design.groups

    def is_shown(trainings: int, judged: int | None = None) -> bool:
        return bool(np.median(_shown(tables, design, trainings, judged)) <= SAME)

    if is_shown(most):
        more = range(design.trainings + 1, most)
        least = more.start + bisect_left(more, True, key=is_shown)
        return (
            f"To show {SAME}, give --seeds {least}: {_trainings(design, least)}, "
            f"{least / design.trainings:.1f} times as long."
        )
    best = np.median(_shown(tables, design, most))
    said = (
        f"To show {SAME}, no --seeds is enough: {most}, the most that {most} groups allow, would "
        f"show {best:.3f}"
    )
    further = range(most + 1, MOST_GROUPS)
    place = bisect_left(further, True, key=lambda judged: is_shown(most, judged))
    if place == len(further):
        return f"{said}."
    return f"{said}; about {further[place]} groups of images in train would do."


def _trainings(design: Design, trainings: int) -> str:
    judged = design.judged(trainings)
    return f"{trainings} trainings each, judged on {judged} of {design.groups} groups of train"


def _compared(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a stored study that say how much differences vary."""
    rows = table[(table["variation"] != BASELINE) & table["verdict"].notna()]
    width = rows["to_baseline_upper"] - rows["to_baseline_lower"]
    return rows[np.isfinite(width) & (width > 0) & (rows["n_groups"] > 1)]


def _shown(
    tables: Iterable[pd.DataFrame], design: Design, trainings: int, judged: int | None = None
) -> np.ndarray:
    """The difference that would be shown, for each stored variation."""
    found = [
        detectable_over_trainings(
            np.array([str(texts).split() for texts in rows["by_seed"]], dtype=float),
            (rows["to_baseline_upper"] - rows["to_baseline_lower"]).to_numpy() / 2,
            int(rows["n_groups"].iloc[0]),
            design.variations,
            trainings,
            design.judged(trainings) if judged is None else judged,
        )
        for rows in tables
    ]
    return np.concatenate(found)
