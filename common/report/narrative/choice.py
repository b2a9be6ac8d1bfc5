"""What the choice buys and costs against the other approaches."""

from collections.abc import Callable

import pandas as pd

from common.analysis.object_counts import object_counts
from common.leaderboard.sentences import of_rule
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import between, code, duration, markdown_table

FASTER, NEAR = 0.5, 0.05  # of the time, at most, and mean Dice lost, at most, to be worth a look
Cell = Callable[[pd.Series], str]  # of a row of the board with its object counts


def of_trade_off(run: FinishedRun) -> str:
    """Whether a faster approach is worth a look, and whether a better one was passed over."""
    if run.winner not in run.names:
        return NOTHING
    if len(run.names) < 2:
        return "With a single approach there is nothing to weigh."
    rows, chosen = run.rows, run.row(str(run.winner))
    best = rows.iloc[0]
    sentences = []
    if best["approach"] != run.winner:
        sentences.append(
            f"`{best['approach']}` has a higher mean Dice, but not by more than {run.margin:g} as "
            f"far as is shown, and `{run.winner}` costs less."
        )
    seconds, least = chosen["predict_seconds_per_image"], chosen["dice_mean"] - NEAR
    quick = rows[(rows["predict_seconds_per_image"] <= FASTER * seconds)]
    near = quick[quick["dice_mean"] >= least]
    if len(near):
        sentences.append(
            f"Where speed matters, look at `{near['approach'].iloc[0]}` too: it takes at most "
            f"half the time, and its mean Dice is lower by at most {NEAR:g}."
        )
    else:
        sentences.append(
            f"No approach takes half its time or less at a mean Dice within {NEAR:g} of its own."
        )
    return " ".join(sentences)


def of_rule_taken(run: FinishedRun) -> str:
    """By which rule the winner was chosen, and why it was this one."""
    return NOTHING if run.comparison is None else of_rule(run.comparison)


def cost_table(run: FinishedRun) -> str:
    """Objects, time, memory and size of every approach with a result, as a Markdown table."""
    if not run.names:
        return NOTHING
    counts = object_counts(run.per_image)
    rows = run.rows.set_index("approach").join(counts, how="left")
    shown = {label: [cell(row) for _, row in rows.iterrows()] for label, cell in _CELLS.items()}
    shown = {label: cells for label, cells in shown.items() if any(cells)}
    columns = {"approach": code(rows.index), **shown}
    return markdown_table(list(columns), zip(*columns.values(), strict=True))


def _plain(column: str, digits: int = 0, unit: str = "") -> Cell:
    return lambda row: "" if pd.isna(row.get(column)) else f"{row[column]:,.{digits}f}{unit}"


def _time(column: str) -> Cell:
    return lambda row: "" if pd.isna(row[column]) else duration(row[column])


def _dice(row: pd.Series) -> str:
    if pd.isna(row["dice_lower"]):
        return f"{row['dice_mean']:.3f}"
    return f"{row['dice_mean']:.3f} ({between(row['dice_lower'], row['dice_upper'])})"


_CELLS: dict[str, Cell] = {
    "mean Dice (95 % interval)": _dice,
    "found": _plain("found"),
    "missed": _plain("missed"),
    "invented": _plain("invented"),
    "an image": _time("predict_seconds_per_image"),
    "training": _time("fit_seconds"),
    "steps": _plain("fit_steps"),
    "on disk": _plain("model_mb", 1, " MB"),
    "memory": _plain("peak_memory_mb", 0, " MB"),
}
