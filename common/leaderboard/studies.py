"""From the records of a study's trainings to one row for each variation: the leaderboard's
columns, the difference to the baseline with bounds that hold for all variations at once, and what
follows from it: whether an expectation was borne out, which variation is recommended.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from common.leaderboard import as_text, dice_by_image, leaderboard
from common.masks.postprocess import Postprocess
from common.masks.tuning import Tuning
from common.records import Fit, Record, complete_records
from common.statistics import differences_over_trainings, mean_intervals

FIRST = (
    "variation verdict to_baseline to_baseline_lower to_baseline_upper by_seed seeds n_groups "
    "dice_mean dice_lower dice_upper dice_at_half nsd_2px object_f1 precision recall area_bias"
).split()


BASELINE = "baseline"
EXPECTATIONS = ("better", "worse", "same", "no better")
SAME = 0.01  # mean Dice; bounds within it on both sides are taken as no difference
RIGHT, WRONG, OPEN = "as expected", "opposite", "undecided"
NO_RESULT, NOT_RUN = "no result", "not run"
# What is known of masks at 0.5 is their Dice; the other columns of masks stay empty.
OF_CHOSEN_MASKS = (
    "dice_at_half nsd_2px object_f1 precision recall area_bias dice_global iou_mean empty_fp_rate"
).split()
COSTS = ("predict_seconds_per_image", "fit_seconds")  # the first counts before the second
# Times that differ by less than this factor are taken as equal: they vary as much on a busy
# machine.
ALIKE = 1.5


class Expected(Protocol):
    """A variation of a study as a report needs it; see
    `approaches.studies.hypotheses.Variation`.
    """

    expected: str
    expects: str
    approach: str
    settings: Mapping[str, Any]
    unmeasured: str


class Planned(Protocol):
    """A study as a report needs it; see `approaches.studies.hypotheses.Study`."""

    approach: str
    variations: Mapping[str, Expected]
    outcome: str


@dataclass(frozen=True)
class Judged:
    """A variation and its records, one for each seed in the order of the seeds; no image is in two
    of them.

    Attributes:
        name: of the variation.
        expected: what was said of it beforehand.
        records: of its trainings.
        trained_on: groups and images that each training saw, where that is known.
        at_half: the masks are those at a plain 0.5, whatever threshold was chosen.
    """

    name: str
    expected: str
    records: Sequence[Record]
    trained_on: Sequence[tuple[int, int]] = ()
    at_half: bool = False


def pooled(judged: Judged) -> Record:
    """One record of all seeds: all their scores and counts, mean seconds, steps and threshold;
    costs of prediction are those of the first. Not `ok` if one of them is not.
    """
    first = judged.records[0]
    bad = next((record for record in judged.records if record.status != "ok"), None)
    if bad is not None:
        return Record(judged.name, bad.status, bad.reason, first.config)
    records = complete_records(judged.records)
    steps = [record.fit.steps for record in records if record.fit.steps is not None]
    every = len(steps) == len(records)
    counts = [record.calibration for record in records]
    threshold = float(np.mean([record.tuning.postprocess.threshold for record in records]))
    return replace(
        first,
        approach=judged.name,
        fit=Fit(
            seconds=float(np.mean([record.fit.seconds for record in records])),
            steps=round(np.mean(steps)) if every else None,
        ),
        tuning=Tuning(Postprocess(threshold)),
        scores=tuple(score for record in records for score in record.scores),
        calibration=tuple(map(tuple, np.sum(counts, axis=0).tolist())) if all(counts) else None,
    )


def study_table(judged: Sequence[Judged], groups: Mapping[int, str]) -> pd.DataFrame:
    """The rows of a study, the baseline first.

    Args:
        judged: the baseline and the variations; `groups` has every image that they score.
        groups: image id → group of images that are not independent.

    Returns:
        The columns of the leaderboard, those of its own comparison empty, and `variation`,
        `expected`; `to_baseline`: mean Dice minus the baseline's, over the images with objects of
        all seeds, with bounds that hold for all variations at once with 95 %, over other images
        and other trainings (over images alone with one seed), also where a variation cuts the maps
        of the baseline's trainings otherwise and nothing was trained for it; `by_seed`: the same
        for each seed, which has images of its own, and `dice_by_seed` the mean Dice itself;
        `verdict`: *helps* or *hurts* where the bounds exclude 0, *equivalent* where both lie
        within ±0.01, else *not told apart*; `fit_groups` and `fit_images`: means of what the
        trainings saw.
    """
    judged = [_cut_at_half(one) if one.at_half else one for one in judged]
    records = [pooled(one) for one in judged]
    table = leaderboard(records).rename(columns={"approach": "variation"})
    halves = table["variation"].isin([one.name for one in judged if one.at_half])
    table.loc[halves, OF_CHOSEN_MASKS] = np.nan
    wording = {
        one.name: _thresholds(one)
        for one, record in zip(judged, records, strict=True)
        if record.status == "ok"
    }
    table = table.assign(postprocess=table["variation"].map(wording))
    compared = _compared(records, judged, groups)
    table = table.drop(
        columns=[column for column in table if column in compared and column != "variation"]
    )
    table = table.merge(compared, on="variation", how="left")
    order = {one.name: number for number, one in enumerate(judged)}
    table = table.sort_values("variation", key=lambda names: names.map(order)).reset_index(
        drop=True
    )
    return table[[*FIRST, *(column for column in table.columns if column not in FIRST)]]


def _cut_at_half(judged: Judged) -> Judged:
    """The same with the Dice of masks at 0.5."""
    records = [
        replace(
            record,
            tuning=Tuning(Postprocess(0.5)),
            scores=tuple(replace(score, dice=score.dice_at_half) for score in record.scores or ()),
        )
        for record in judged.records
    ]
    return replace(judged, records=records)


def study_text(table: pd.DataFrame) -> str:
    """A study for a terminal, with aligned columns."""
    visible = (
        "variation verdict to_baseline to_baseline_lower to_baseline_upper by_seed dice_mean "
        "fit_seconds"
    ).split()
    return as_text(table.reindex(columns=visible), visible)


def _compared(
    records: Sequence[Record], judged: Sequence[Judged], groups: Mapping[int, str]
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"variation": [one.name for one in judged], "expected": [one.expected for one in judged]}
    )
    ok = [number for number, record in enumerate(records) if record.status == "ok"]
    columns = (
        "verdict to_baseline to_baseline_lower to_baseline_upper by_seed seeds n_groups "
        "dice_lower dice_upper dice_by_seed fit_groups fit_images"
    )
    if 0 not in ok:
        return frame.assign(**dict.fromkeys(columns.split()))
    dice = pd.DataFrame(
        {one.approach: dice_by_image(one) for one in complete_records(records)}
    ).dropna()
    labels = [groups[image_id] for image_id in dice.index]
    trained = {
        image_id: seed
        for seed, record in enumerate(judged[0].records)
        for image_id in _images(record)
    }
    scores = dice.to_numpy().T
    bounds = differences_over_trainings(scores, 0, dice.index.map(trained), groups=labels)
    each_by_itself = mean_intervals(scores, groups=labels)
    rows = []
    for place, number in enumerate(ok):
        lower, upper = bounds.lower[place], bounds.upper[place]
        each = [
            _mean_difference(judged[number], judged[0], seed)
            for seed in range(len(judged[0].records))
        ]
        rows.append(
            {
                "variation": records[number].approach,
                "verdict": BASELINE if number == 0 else verdict_of(lower, upper),
                "to_baseline": bounds.mean[place],
                "to_baseline_lower": lower,
                "to_baseline_upper": upper,
                "by_seed": ""
                if number == 0
                else " ".join(f"{difference:+.3f}" for difference in each),
                "seeds": len(each),
                "n_groups": len(set(labels)),
                "dice_mean": scores[place].mean(),
                "dice_lower": each_by_itself.lower[place],
                "dice_upper": each_by_itself.upper[place],
                "dice_by_seed": " ".join(
                    f"{dice_by_image(one).mean():.4f}"
                    for one in complete_records(judged[number].records)
                ),
                "fit_groups": _mean(groups for groups, _ in judged[number].trained_on),
                "fit_images": _mean(images for _, images in judged[number].trained_on),
            }
        )
    return frame.merge(pd.DataFrame(rows), on="variation", how="left")


def verdict_of(lower: float, upper: float) -> str:
    """What the bounds of a difference to the baseline show.

    Examples:
        >>> verdict_of(0.001, 0.03), verdict_of(-0.03, -0.001)
        ('helps', 'hurts')
        >>> verdict_of(-0.01, 0.01), verdict_of(-0.02, 0.001)
        ('equivalent', 'not told apart')
    """
    if lower > 0 or upper < 0:
        return "helps" if lower > 0 else "hurts"
    return "equivalent" if lower >= -SAME and upper <= SAME else "not told apart"


def _mean(counts: Iterable[int]) -> float | None:
    known = list(counts)
    return float(np.mean(known)) if known else None


def _thresholds(judged: Judged) -> str:
    """The span of the thresholds that the images of all seeds were cut at."""
    found: list[float] = []
    for record in complete_records(judged.records):
        fitted = record.tuning.cross_fitted.values()
        found += fitted or [record.tuning.postprocess.threshold]
    low, high = min(found), max(found)
    return f"probability >= {low:g}" + (
        f" to {high:g}, chosen by other groups of images" if high > low else ""
    )


def _images(record: Record) -> list[int]:
    return [score.img_id for score in record.scores or ()]


def _mean_difference(one: Judged, baseline: Judged, seed: int) -> float:
    [own, other] = complete_records([one.records[seed], baseline.records[seed]])
    return float((dice_by_image(own) - dice_by_image(other)).mean())


def judged(expects: str, verdict: str, lower: float, upper: float) -> str:
    """Whether an expectation was borne out.

    Args:
        expects: *better*, *worse*, *same*, or *no better*, which is the same or worse.
        verdict: of `verdict_of`.
        lower: bound of the difference of mean Dice to the baseline.
        upper: the other bound.

    Returns:
        *as expected*; *opposite*, where the contrary was shown; *undecided*, where nothing was. No
        difference is as expected only where both bounds lie within ±0.01, no gain only where the
        upper one does.

    Raises:
        ValueError: nothing is expected.

    Examples:
        >>> judged("better", "helps", 0.01, 0.03), judged("worse", "helps", 0.01, 0.03)
        ('as expected', 'opposite')
        >>> alike = "same", "not told apart"
        >>> judged(*alike, -0.02, 0.02), judged(*alike, -0.004, 0.003)
        ('undecided', 'as expected')
    """
    if expects not in EXPECTATIONS:
        raise ValueError(
            f"judged got the expectation {expects!r}; it needs one of {', '.join(EXPECTATIONS)}."
        )
    if verdict == "helps":
        return RIGHT if expects == "better" else WRONG
    if verdict == "hurts":
        return RIGHT if expects in ("worse", "no better") else WRONG
    small = upper <= SAME and (expects == "no better" or lower >= -SAME)
    return RIGHT if small and expects in ("same", "no better") else OPEN


def judgement(variation: Expected, row: pd.Series | None) -> str:
    """The same of a variation's row in the table of its study; *no result* or *not run* where it
    has none.
    """
    if row is None:
        return NOT_RUN
    if pd.isna(row["verdict"]):
        return NO_RESULT
    return judged(
        variation.expects, row["verdict"], row["to_baseline_lower"], row["to_baseline_upper"]
    )


def row_of(table: pd.DataFrame | None, variation: str) -> pd.Series | None:
    """The row of a variation, None where the study was not run or does not have it."""
    rows = table[table["variation"] == variation] if table is not None else pd.DataFrame()
    return None if rows.empty else rows.iloc[0]


def recommended(better: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """The cheapest of the variations that help as much as the best one, as far as their bounds can
    tell.

    Args:
        better: rows of a study that help, at least one, with their bounds and `COSTS`, which may
            be missing.

    Returns:
        Of the rows whose bounds overlap those of the largest gain: the one that is cheapest in
            predicting, then in
        training, then of the largest gain, where times within a factor of 1.5 count as equal; and
        the others, dearest last.
    """
    best = better.loc[better["to_baseline"].idxmax()]
    overlap = (better["to_baseline_upper"] >= best["to_baseline_lower"]) & (
        better["to_baseline_lower"] <= best["to_baseline_upper"]
    )
    alike = better[overlap].reindex(
        columns=[*better.columns, *(cost for cost in COSTS if cost not in better)]
    )
    cheap = alike
    for cost in COSTS:
        if cheap[cost].notna().any():
            cheap = cheap[cheap[cost] <= ALIKE * cheap[cost].min()]
    chosen = cheap["to_baseline"].idxmax()
    return alike.loc[chosen], alike.drop(chosen).sort_values(list(COSTS))
