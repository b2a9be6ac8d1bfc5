"""From the records of a run to ranked rows and a winner: a pure function of stored results that needs no model and no
image. Every approach of the run has its row, also one that failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from common.files import write_whole
from common.metrics import summarise
from common.records import Record
from common.statistics import Comparison, compare

COLUMNS = (
    "approach status dice_mean dice_global iou_mean precision recall area_bias nsd_2px object_f1 threshold fit_seconds "
    "predict_seconds_per_image parameters model_mb peak_memory_mb pretrained_on"
).split()
COMPARED = (
    "dice_lower dice_upper difference difference_lower difference_upper simultaneous_lower simultaneous_upper verdict "
    "rank_lower rank_upper p_rank_1 winner"
).split()
FURTHER = "dice_at_half empty_fp_rate n_images n_empty fit_steps reason".split()
READABLE = (
    "approach status dice_mean dice_lower dice_upper difference simultaneous_lower simultaneous_upper verdict nsd_2px "
    "object_f1 fit_seconds predict_seconds_per_image pretrained_on"
).split()
WHOLE = "parameters n_images n_empty fit_steps".split()
SHORT = "approach status dice_mean dice_lower dice_upper verdict nsd_2px fit_seconds predict_seconds_per_image".split()
DIGITS = {"predict_seconds_per_image": 4, "fit_seconds": 1, "model_mb": 2, "peak_memory_mb": 0}
FOOT = """\
Scores are those of the images of `val`, each approach with the threshold it chose on *tune*; pixels with
`probability >= threshold` are object. `dice_mean`, `iou_mean`, `precision`, `recall`, `area_bias` and `nsd_2px` are
means over the images that have an object; precision is 0 where nothing was predicted there. Images without an object
count in `empty_fp_rate` (the share of them with any predicted pixel), `dice_global` and `object_f1`, which come from
the sums over all images; objects are matched at IoU >= 0.5. `area_bias` is (predicted − true) / true area. `nsd_2px` is
the share of outline pixels within 2 px of the other outline. Ignored pixels are taken out of both masks. Rows are
ordered by `dice_mean`, ties by seconds per image, then by name. `fit_seconds` is the training alone, an ensemble's with
that of the members it uses; seconds per image (median) and peak memory are those of a fresh process that predicts one
image at a time, from image array to final mask.

`dice_lower` and `dice_upper` bound the 95 % interval of `dice_mean` over images; groups of images that belong together
are resampled whole. `difference` is to the best row; `simultaneous_lower` and `_upper` bound it so that all pairs hold
at once with 95 %, and on them rests `verdict`: *worse* than the best, *equivalent* to it within the margin, or *not
told apart*. Training once with one seed, they say nothing of how another training would turn out."""


@dataclass(frozen=True)
class Choice:
    """How the winner is chosen.

    Attributes:
        rule: "cheapest-equivalent" takes the fastest approach whose loss to the best is surely below the margin, or the
            best where there is none; "best" takes the best.
        margin: of mean Dice.
    """

    rule: str = "cheapest-equivalent"
    margin: float = 0.01


def per_image_table(records: Sequence[Record]) -> pd.DataFrame:
    """One row per scored approach and image, `approach` and `img_id` first."""
    tables = [
        pd.DataFrame(record.scores).assign(approach=record.approach) for record in records if record.scores is not None
    ]
    if not tables:
        return pd.DataFrame(columns=["approach", "img_id"])
    table = pd.concat(tables, ignore_index=True)
    return table[["approach", *(column for column in table.columns if column != "approach")]]


def compare_records(
    records: Sequence[Record], groups: Mapping[int, str] | None = None, choice: Choice | None = None
) -> Comparison | None:
    """The statistics of all complete approaches over the images with objects, or None if there is none.

    Args:
        records: of one run.
        groups: image id → group of images that are not independent; None takes each image by itself.
        choice: how the winner is chosen.
    """
    complete = [record for record in records if record.status == "ok"]
    if not complete:
        return None
    choice = choice or Choice()
    table = per_image_table(complete)
    table = table[table["tp"] + table["fn"] > 0]
    if table.empty:
        return None
    names = [record.approach for record in complete]
    dice, boundary = (
        table.pivot_table(index="approach", columns="img_id", values=metric, sort=False).loc[names]
        for metric in ("dice", "nsd_2px")
    )
    return compare(
        dice.to_numpy(float),
        names,
        costs=[record.costs["predict_seconds_per_image"] for record in complete],
        groups=[groups[image_id] for image_id in dice.columns] if groups else None,
        margin=choice.margin,
        rule=choice.rule,
        second_scores=boundary.to_numpy(float),
    )


def leaderboard(records: Sequence[Record], comparison: Comparison | None = None) -> pd.DataFrame:
    """Ranked rows, best first; approaches without a complete result follow with their reason.

    Args:
        records: of one run; all `ok` ones scored on the same images.
        comparison: of these records, from `compare_records`; without it the columns `COMPARED` stay empty.
    """
    table = pd.DataFrame([_row(record) for record in records], columns=[*COLUMNS, *FURTHER])
    whole = {column: pd.to_numeric(table[column]).astype("Int64") for column in WHOLE}
    table = table.assign(**whole, complete=table["status"].eq("ok"))
    table = table.sort_values(
        ["complete", "dice_mean", "predict_seconds_per_image", "approach"], ascending=[False, False, True, True]
    )
    table = table.drop(columns="complete").reset_index(drop=True)
    if comparison is not None:
        compared = comparison.table().rename(columns={"mean_lower": "dice_lower", "mean_upper": "dice_upper"})
        table = table.merge(compared[["approach", *COMPARED]], on="approach", how="left")
    return table.reindex(columns=[*COLUMNS, *COMPARED, *FURTHER])


def _row(record: Record) -> dict:
    row = {"approach": record.approach, "status": record.status, "reason": record.reason, **record.traits}
    if record.fit is not None:
        row |= {"fit_seconds": record.fit["seconds"], "fit_steps": record.fit["steps"]}
    if record.postprocess is not None:
        row["threshold"] = record.postprocess["threshold"]
    if record.costs is not None:
        row |= record.costs
    if record.scores is not None and record.status == "ok":
        scores = pd.DataFrame(record.scores)
        row |= summarise(scores)
        row["dice_at_half"] = scores.loc[scores["tp"] + scores["fn"] > 0, "dice_at_half"].astype(float).mean()
    return row


def conclusion(comparison: Comparison) -> str:
    """What may be concluded, in sentences filled from the numbers."""
    names, winner, best = comparison.names, comparison.winner.index, comparison.winner.best
    chosen = f"`{names[winner]}`" + (" (the best)" if winner == best else f" (the best is `{names[best]}`)")
    verdicts = zip(names, comparison.verdicts, strict=True)
    alike = ", ".join(f"`{name}`" for name, verdict in verdicts if verdict == "not told apart")
    independent = f" in {comparison.units} independent groups" if comparison.units < comparison.images else ""
    score, corrected = comparison.means.mean[winner], comparison.selection.corrected
    sentences = [
        f"Winner by the rule *{comparison.rule}* with a margin of {comparison.margin:g}: {chosen}.",
        f"Its mean Dice on the {comparison.images} images with objects{independent} is {score:.4f}; corrected for "
        f"having been chosen on them, the expected score of the whole procedure is {corrected:.4f}.",
        f"Not told apart from the best: {alike}." if alike else "",
        f"Agreement of the ranking: {comparison.schemes}.",
        "One training seed was run, so the variance of training itself was not measured.",
        comparison.reason,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def as_markdown(table: pd.DataFrame, columns: Sequence[str] = COLUMNS) -> str:
    """A leaderboard as a Markdown table; what is not known is left empty."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join(" --- " for _ in columns) + "|"]
    for row in table[list(columns)].to_dict(orient="records"):
        lines.append("| " + " | ".join(_cell(column, row[column]) for column in columns) + " |")
    return "\n".join(lines)


def as_text(table: pd.DataFrame, columns: Sequence[str] = SHORT) -> str:
    """A leaderboard for a terminal, with aligned columns."""
    cells = [list(columns)] + [[_cell(column, row[column]) for column in columns] for row in table.to_dict("records")]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)


def _cell(column: str, value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.{DIGITS.get(column, 4)}f}"
    return _one_line(str(value)).replace("|", "\\|")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def write_leaderboard(
    run: Path, records: Sequence[Record], groups: Mapping[int, str] | None = None, choice: Choice | None = None
) -> tuple[str | None, str]:
    """Write `leaderboard.csv`, `leaderboard.md` and `per_image.csv` of a run.

    Returns:
        The winner's name, or None where no approach is complete; the leaderboard for a terminal.
    """
    comparison = compare_records(records, groups, choice)
    table = leaderboard(records, comparison)
    write_whole(run / "leaderboard.csv", table.to_csv(index=False, float_format="%.6g"))
    write_whole(run / "per_image.csv", per_image_table(records).to_csv(index=False, float_format="%.6g"))
    reasons = [f"- `{row.approach}` {row.status}: {_one_line(row.reason)}" for row in table.itertuples() if row.reason]
    concluded = [conclusion(comparison)] if comparison is not None else []
    parts = [
        f"# Leaderboard of {run.name}",
        as_markdown(table, READABLE),
        *concluded,
        *(["\n".join(reasons)] if reasons else []),
    ]
    write_whole(run / "leaderboard.md", "\n\n".join([*parts, as_markdown(table), FOOT]) + "\n")
    winner = None if comparison is None else comparison.names[comparison.winner.index]
    return winner, "\n\n".join([as_text(table), *concluded])
