"""What to take, the one thing to be careful about, what it costs, and what another choice would
buy.
"""

from collections.abc import Callable

import pandas as pd

from common.analysis.object_counts import object_counts
from common.leaderboard.sentences import of_rule
from common.metrics import with_objects
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING, device_of
from common.report.narrative.unseen import overlap
from common.words import between, code, counted, duration, listed, markdown_table, plural

LEARNED, POOR = 0.1, 0.5  # mean Dice below which nothing was learned, or masks are mostly wrong
FEW = 30  # independent groups; so few can miss a failure that occurs in one of twenty images
FASTER, NEAR = 0.5, 0.05  # of the time, at most, and mean Dice lost, at most, to be worth a look
Cell = Callable[[pd.Series], str]  # of a row of the board with its object counts
MEANINGS = {
    "equivalent": "*Equivalent*: the loss to the best is shown to be below {margin:g}.",
    "not told apart": (
        "*Not told apart*: these images show neither that it is worse than the best nor that it "
        "is as good."
    ),
    "worse": "*Worse*: shown to have a lower mean Dice than the best.",
}


def headline(run: FinishedRun) -> str:
    """What to take, in one sentence with at most three numbers."""
    if run.winner is None or not run.names:
        return NOTHING
    if run.comparison is None or run.standing is None:
        return "No image of `val` has an object, so the approaches cannot be ranked."
    dice, name = run.row(run.winner)["dice_mean"], f"`{run.winner}`"
    if not learned(run):
        which = f"even the best of {len(run.names)} approaches, {name}" if run.names[1:] else name
        return f"Nothing was learned: {which}, has a mean Dice of {dice:.3f}. Take none of them."
    if run.standing.undecided:
        return (
            f"These images tell none of {len(run.names)} approaches apart: {name}, with a mean "
            f"Dice of {dice:.3f}, is taken by the rule, not because it is shown to be best."
        )
    counts = object_counts(run.per_image)
    if run.winner not in counts.index:
        return f"Take {name}: its masks have a mean Dice of {dice:.3f} on `val`."
    found, missed = (int(counts.loc[run.winner, which]) for which in ("found", "missed"))
    return (
        f"Take {name}: on `val` it finds {found:,} of {counted(found + missed, 'object')}, and "
        f"its masks have a mean Dice of {dice:.3f}."
    )


def learned(run: FinishedRun) -> bool:
    """Whether the winner does better than marking every pixel as object, and than 0.1."""
    rows = with_objects(run.per_image)
    rows = rows[rows["approach"] == run.winner]
    everything = 0.0
    if {"fp", "tn"} <= set(rows.columns) and len(rows):
        objects = rows["tp"] + rows["fn"]
        everything = float((2 * objects / (2 * objects + rows["fp"] + rows["tn"])).mean())
    return bool(run.row(str(run.winner))["dice_mean"] > max(LEARNED, everything))


def caution(run: FinishedRun) -> str:
    """The first of what limits the answer that holds for this run."""
    if run.comparison is None or run.winner not in run.names:
        return ""
    shared, units = run.shared, run.comparison.units
    if run.about.identity.smoke:
        return (
            "The smallest settings were used: this run shows that everything works, not which "
            "approach is good."
        )
    if not learned(run):
        return "Look at the annotations first, and give the trainings more time."
    if run.row(run.winner)["dice_mean"] < POOR:
        return "Its mean Dice is below 0.5: look at its masks before you use any of them."
    if shared is not None and shared.count:
        return f"{overlap(run, shared)}: this says little about objects not seen in training."
    if units < FEW:
        images = "image" if units == run.comparison.images else "independent group of images"
        many = "images" if units == run.comparison.images else "independent groups of images"
        return (
            f"All scores come from {units} {plural(images, units, many)}; so few can miss what "
            "goes wrong on one image in twenty."
        )
    return "Scores hold for images like those of `val`."


def facts(run: FinishedRun) -> list[tuple[str, str]]:
    """What the winner costs: value, and what it is."""
    if run.winner not in run.names:
        return []
    row = run.row(str(run.winner))
    found = [
        (duration(row["predict_seconds_per_image"]), f"for an image on {device_of(run)}"),
        (duration(row["fit_seconds"]), "of training"),
    ]
    if pd.notna(row["model_mb"]):
        found.append((f"{row['model_mb']:.0f} MB", "on disk"))
    if pd.notna(row["peak_memory_mb"]):
        found.append((f"{row['peak_memory_mb']:,.0f} MB", "of memory, Python included"))
    return [(value, what) for value, what in found if value != "an unknown time"]


def of_verdicts(run: FinishedRun) -> str:
    """What the verdicts that occur mean; who has no result."""
    rows = run.rows
    sentences = [
        wording.format(margin=run.margin)
        for verdict, wording in MEANINGS.items()
        if verdict in set(rows["verdict"])
    ]
    without = run.board.loc[run.board["status"] != "ok"]
    if len(without):
        sentences.append(f"No result: {listed(code(without['approach']), most=None)}.")
    return " ".join(sentences)


def answer(run: FinishedRun) -> str:
    """What to take, what it costs and what to be careful about, as one paragraph."""
    costs = listed([f"{value} {what}" for value, what in facts(run)])
    price = f"It takes {costs}." if costs != "none" else ""
    return " ".join(filter(None, [f"**{headline(run)}**", price, caution(run)]))


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
            f"far as is shown, and `{run.winner}` is shown to cost less."
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


def _seconds(row: pd.Series) -> str:
    median, *bounds = (row[f"predict_seconds_{word}"] for word in ("per_image", "lower", "upper"))
    if pd.isna(bounds).any():
        return "" if pd.isna(median) else duration(median)
    return f"{duration(median)} ({' to '.join(map(duration, bounds))})"


def _dice(row: pd.Series) -> str:
    if pd.isna(row["dice_lower"]):
        return f"{row['dice_mean']:.3f}"
    return f"{row['dice_mean']:.3f} ({between(row['dice_lower'], row['dice_upper'])})"


_CELLS: dict[str, Cell] = {
    "mean Dice (95 % interval)": _dice,
    "found": _plain("found"),
    "missed": _plain("missed"),
    "invented": _plain("invented"),
    "an image (95 % interval)": _seconds,
    "training": _time("fit_seconds"),
    "steps": _plain("fit_steps"),
    "on disk": _plain("model_mb", 1, " MB"),
    "memory": _plain("peak_memory_mb", 0, " MB"),
}
