"""From the records of a run to ranked rows and a winner: a pure function of stored results that
needs no model and no image. Every approach of the run has its row, also one that failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from common.analysis.calibration import brier, expected_calibration_error
from common.analysis.robustness import images_in_every_state, robustness_summary
from common.leaderboard.choice import Choice
from common.masks.evaluate import score_table
from common.metrics import summarise, with_objects
from common.records import CompleteRecord, Record, complete, complete_records
from common.statistics import Comparison, compare, pareto
from common.statistics.costs import with_bounds

Cost = tuple[float, float, float]  # with a lower and an upper bound
COLUMNS = (
    "approach status dice_mean dice_global iou_mean precision recall area_bias nsd_2px object_f1 "
    "threshold fit_seconds predict_seconds_per_image parameters model_mb peak_memory_mb "
    "pretrained_on"
).split()
COMPARED = (
    "dice_lower dice_upper difference difference_lower difference_upper simultaneous_lower "
    "simultaneous_upper verdict rank_lower rank_upper p_rank_1 winner minimum_detectable n_groups "
    "pareto"
).split()
FURTHER = (
    "dice_at_half postprocess empty_fp_rate n_images n_empty fit_steps predict_seconds_lower "
    "predict_seconds_upper predict_seconds_p95 reference_seconds reference_spread threads device "
    "brier calibration_error robust_dice robust_drop robust_worst robust_worst_drop "
    "robust_drop_unmarked seeds dice_over_seeds dice_over_seeds_lower dice_over_seeds_upper "
    "seed_sd image_sd reason"
).split()
WHOLE = "parameters n_images n_empty fit_steps n_groups threads seeds".split()


def per_image_table(
    records: Sequence[Record | CompleteRecord], groups: Mapping[int, str] | None = None
) -> pd.DataFrame:
    """One row per scored approach and image; `approach`, `img_id` and, where groups are given,
    `group` come first.
    """
    tables = [
        score_table(record.scores).assign(approach=record.approach)
        for record in records
        if record.scores is not None
    ]
    if not tables:
        return pd.DataFrame(columns=["approach", "img_id"])
    table = pd.concat(tables, ignore_index=True)
    first = ["approach", "img_id"]
    if groups is not None:
        table, first = table.assign(group=table["img_id"].map(groups)), [*first, "group"]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def dice_by_image(record: CompleteRecord) -> pd.Series:
    """Dice of each image with an object, by image id."""
    return with_objects(score_table(record.scores).set_index("img_id"))["dice"]


def has_robustness(record: CompleteRecord) -> bool:
    """Whether corrupted images were scored, and an object is left in every state of at least one
    of them.
    """
    if not record.robustness.rows:
        return False
    corrupted, clean = corrupted_and_clean(record)
    return bool(images_in_every_state(corrupted, clean))


def corrupted_and_clean(record: CompleteRecord) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was measured for robustness, and the scores of the same images as they are."""
    corrupted = pd.DataFrame([asdict(row) for row in record.robustness.rows])
    scores = score_table(record.scores)
    return corrupted, scores[scores["img_id"].isin(set(corrupted["img_id"]))]


def corrupted_images(records: Sequence[Record]) -> dict[str, set[int]]:
    """Complete approach → the images of which corrupted copies were scored, where any were."""
    return {
        record.approach: {row.img_id for row in record.robustness.rows}
        for record in records
        if record.status == "ok" and record.robustness is not None and record.robustness.rows
    }


def robust_on_shared_images(records: Sequence[Record]) -> list[Record]:
    """The records with the robustness of the images that it was measured on for all approaches; a
    command may have asked for more images than another.
    """
    images = corrupted_images(records)
    shared = set.intersection(*images.values()) if images else set()
    found = []
    for record in records:
        if record.robustness is not None and images.get(record.approach, shared) != shared:
            rows = tuple(row for row in record.robustness.rows if row.img_id in shared)
            record = replace(record, robustness=replace(record.robustness, rows=rows))
        found.append(record)
    return found


def compare_records(
    records: Sequence[Record],
    groups: Mapping[int, str] | None = None,
    choice: Choice | None = None,
) -> Comparison | None:
    """The statistics of all complete approaches over the images with objects, or None if there is
    none.

    Args:
        records: of one run.
        groups: image id → group of images that are not independent; None takes each image by
            itself.
        choice: how the winner is chosen.
    """
    complete = complete_records(records)
    table = per_image_table(complete, groups)
    if with_objects(table).empty:
        return None
    return compare_scores(table, {record.approach: _cost(record) for record in complete}, choice)


def _cost(record: CompleteRecord) -> Cost:
    """Seconds per image with their bounds; infinite where they were not measured, so that nobody
    wins by an unknown cost.
    """
    costs = record.costs
    return with_bounds(
        costs.predict_seconds_per_image, costs.predict_seconds_lower, costs.predict_seconds_upper
    )


def compare_scores(
    table: pd.DataFrame,
    costs: Mapping[str, float] | Mapping[str, Cost] | None = None,
    choice: Choice | None = None,
    metric: str = "dice",
) -> Comparison:
    """The statistics of a per-image table, whoever made it.

    Args:
        table: columns `approach`, `img_id` and the metric, higher is better; a `group` column
            names images that are not independent; where there are `tp` and `fn`, images without an
            object are left out; where there is `nsd_2px` it is the second metric of the ranking
            schemes.
        costs: approach → cost of a prediction, perhaps with the bounds of its interval; None: all
            equal.
        choice: how the winner is chosen.
        metric: column that is compared.

    Raises:
        ValueError: an approach lacks an image that another has, has one twice, or has no score for
            it; or no image has an object.
    """
    choice = choice or Choice()
    if {"tp", "fn"} <= set(table.columns):
        table = with_objects(table)
    if table.empty:
        raise ValueError(
            "no image with an object was scored; at least one is needed to compare approaches."
        )
    names = list(dict.fromkeys(table["approach"]))
    scores = _matrix(table, metric, names)
    groups = (
        table.drop_duplicates("img_id").set_index("img_id")["group"] if "group" in table else None
    )
    second = (
        _matrix(table, "nsd_2px", names).to_numpy()
        if "nsd_2px" in table and metric != "nsd_2px"
        else None
    )
    values = scores.to_numpy()
    return compare(
        values,
        names,
        costs=None if costs is None else [costs[name] for name in names],
        groups=None if groups is None else list(groups.loc[scores.columns]),
        margin=choice.margin,
        rule=choice.rule,
        second_scores=second,
        bounds=(0.0, 1.0) if values.min() >= 0 and values.max() <= 1 else None,
    )


def _matrix(table: pd.DataFrame, metric: str, names: Sequence[str]) -> pd.DataFrame:
    """Approaches × images of one metric, complete."""
    twice = table[table.duplicated(["approach", "img_id"])]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(
            f"{row['approach']} has image {row['img_id']} twice; each is to be scored once."
        )
    scores = table.set_index(["img_id", "approach"])[metric].astype(float)
    matrix = pd.DataFrame({name: scores.xs(name, level="approach") for name in names}).T
    gone = matrix.isna()
    nowhere = matrix.columns[gone.all()]
    if len(nowhere):
        raise ValueError(
            f"no approach has a {metric} for image {nowhere[0]} ({len(nowhere)} such images in "
            "all); leave them out for all approaches, or score them."
        )
    if gone.any(axis=None):
        row, column = np.argwhere(gone.to_numpy())[0]
        name, image = matrix.index[row], matrix.columns[column]
        raise ValueError(
            f"{name} has no {metric} for image {image}, which another approach has "
            f"({int(gone.sum().sum())} such in all); score every approach on the same images, or "
            "leave the image out for all of them."
        )
    return matrix


def leaderboard(records: Sequence[Record], comparison: Comparison | None = None) -> pd.DataFrame:
    """Ranked rows, best first; approaches without a complete result follow with their reason.

    Args:
        records: of one run; all `ok` ones scored on the same images.
        comparison: of these records, from `compare_records`; without it the columns `COMPARED`
            stay empty.
    """
    rows = [_row(record) for record in robust_on_shared_images(records)]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *FURTHER])
    table = table.assign(complete=table["status"].eq("ok"))
    table = table.sort_values(
        ["complete", "dice_mean", "predict_seconds_per_image", "approach"],
        ascending=[False, False, True, True],
    )
    table = table.drop(columns="complete").reset_index(drop=True)
    if comparison is not None:
        compared = comparison.table().rename(
            columns={"mean_lower": "dice_lower", "mean_upper": "dice_upper"}
        )
        compared = compared.assign(n_groups=comparison.units, pareto=_pareto(compared))
        table = table.merge(compared[["approach", *COMPARED]], on="approach", how="left")
    table = table.reindex(columns=[*COLUMNS, *COMPARED, *FURTHER])
    return table.assign(
        **{column: pd.to_numeric(table[column]).astype("Int64") for column in WHOLE}
    )


def _pareto(compared: pd.DataFrame) -> pd.Series:
    """Which approaches of known cost none beats in both; empty for the others."""
    known = compared[np.isfinite(compared["cost"])]
    return pd.Series(pareto(known["mean"], known["cost"]), index=known.index, dtype=object)


def _row(record: Record) -> dict[str, object]:
    """What is known of an approach, however far it came."""
    row: dict[str, object] = {
        "approach": record.approach,
        "status": record.status,
        "reason": record.reason,
        **asdict(record.traits),
    }
    if record.fit is not None:
        row |= {"fit_seconds": record.fit.seconds, "fit_steps": record.fit.steps}
    if record.tuning is not None:
        postprocess = record.tuning.postprocess
        row |= {"threshold": postprocess.threshold, "postprocess": str(postprocess)}
    if record.costs is not None:
        row |= asdict(record.costs)
    found = complete(record)
    return row if found is None else row | _scores(found)


def _scores(record: CompleteRecord) -> dict[str, object]:
    """The means over the images of a complete approach."""
    scores = score_table(record.scores)
    row: dict[str, object] = {**summarise(scores)}
    if record.calibration:
        row["brier"] = brier(record.calibration)
        row["calibration_error"] = expected_calibration_error(record.calibration)
    if has_robustness(record):
        row |= _robustness(record)
    row["dice_at_half"] = with_objects(scores)["dice_at_half"].mean()
    return row


def _robustness(record: CompleteRecord) -> dict[str, object]:
    summary = robustness_summary(*corrupted_and_clean(record), record.robustness.marked)
    return {
        "robust_dice": summary["dice_mean"],
        "robust_drop": summary["drop"],
        "robust_worst": summary["worst"],
        "robust_worst_drop": summary["worst_drop"],
        "robust_drop_unmarked": summary["unmarked_drop"],
    }
