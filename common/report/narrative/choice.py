"""What is chosen, how good it is, what it buys against the next best, and by which rule it was
chosen.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from common.analysis.object_counts import COUNTS, count_difference, object_counts
from common.leaderboard.sentences import of_rule, of_score
from common.leaderboard.standing import faster_at_a_risk
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING, device_of
from common.report.narrative.unseen import seen_in_training
from common.words import between, code, counted, duration, fewer, listed

SLOWER = 1.2  # times; less is not worth calling a price
Cell = Callable[[pd.Series, pd.Series | None], str]  # a row of the board, its object counts


def answer(run: FinishedRun) -> str:
    """The first sentences of the report: which approach to take, how good it is, on which objects,
    and at what price.
    """
    if run.winner is None or run.comparison is None or run.standing is None:
        return NOTHING
    row, stands = run.row(run.winner), run.standing
    sentences = [
        f"**These images decide little**: none of {len(stands.names)} approaches is told apart "
        f"from the best, `{stands.best}`."
        if stands.undecided
        else "",
        f"**Take `{run.winner}`.**",
        of_score(run.comparison, which="of `val` with objects"),
        seen_in_training(run),
        _objects(run, run.winner),
        f"A mask takes {duration(row['predict_seconds_per_image'])} on {device_of(run)}, the "
        f"training took {duration(row['fit_seconds'])}.",
        of_trade(run),
    ]
    if stands.not_told_apart and not stands.undecided:
        sentences.append(
            f"Not told apart from the best (`{stands.best}`) on these images: "
            f"{listed(code(stands.not_told_apart))}."
        )
    return " ".join(filter(None, sentences))


def rival(run: FinishedRun) -> str | None:
    """The approach to measure the chosen one against: the best, or the next best where it is that
    itself.
    """
    return next((name for name in run.names if name != run.winner), None)


def of_trade(run: FinishedRun) -> str:
    """What the chosen approach gains and costs against its rival; nothing where there is none."""
    other = rival(run)
    if run.comparison is None or run.winner not in run.names or other is None:
        return ""
    dice, lower, upper = run.comparison.difference(run.winner, other)
    which = (
        "the best"
        if run.comparison.names[run.comparison.winner.best] == other
        else "the next best"
    )
    gains = f"{dice:+.3f} mean Dice{_bounds(lower, upper)}{_counts(run, run.winner, other)}"
    seconds, others = (run.row(name)["predict_seconds_per_image"] for name in (run.winner, other))
    if pd.isna(seconds) or pd.isna(others):
        return f"Against `{other}`, {which}, it has {gains}."
    times = f"{duration(seconds)} instead of {duration(others)} an image"
    if seconds > SLOWER * others and dice > 0:
        return f"Against `{other}`, {which}, {times} buys {gains}."
    return f"Against `{other}`, {which}, and at {times}, it has {gains}."


def _bounds(lower: float, upper: float) -> str:
    """The bounds of a difference, and what they leave open."""
    if pd.isna(lower):
        return " (no interval can be given)"
    open_ = "" if lower > 0 or upper < 0 else ", so neither is shown to be better"
    return f" ({between(lower, upper, sign='+')}{open_})"


def _counts(run: FinishedRun, winner: str, other: str) -> str:
    """Invented and missed objects against the rival's."""
    if not set(COUNTS) <= set(run.per_image.columns):
        return ""
    images, alone = run.per_image["img_id"].nunique(), ", for this pair alone"
    counts: list[str] = []
    for column, word in (("object_fp", "invented"), ("object_fn", "missed")):
        found = count_difference(run.per_image, winner, other, column)
        if not found.total:
            counts.append(f"as many {word} ones" if counts else f"as many {word} objects")
            continue
        what = (
            f"{abs(found.total):,} {'fewer' if found.total < 0 else 'more'} "
            f"{word}{'' if counts else ' objects'}"
        )
        known = pd.notna(found.lower)
        counts.append(f"{what} ({fewer(found.lower, found.upper)}{alone})" if known else what)
        alone = "" if known else alone
    return f" and, on {counted(images, 'image')}, {counts[0]} and {counts[1]}"


def _objects(run: FinishedRun, winner: str) -> str:
    """What the chosen approach finds, misses and invents."""
    counts, row = object_counts(run.per_image), run.row(winner)
    if winner not in counts.index:
        return ""
    found = counts.loc[winner]
    return (
        f"It misses {found['missed']:,} of "
        f"{counted(int(found['found'] + found['missed']), 'object')} and invents "
        f"{found['invented']:,} (matched at IoU >= 0.5; object F1 {row['object_f1']:.3f})."
    )


def beside_table(run: FinishedRun) -> str:
    """The chosen approach beside its rival, as a Markdown table."""
    names = [name for name in (run.winner, rival(run)) if name in run.names]
    if not names:
        return NOTHING
    counts = object_counts(run.per_image)
    lines = [f"| | {' | '.join(code(names))} |", "| --- |" + " --- |" * len(names)]
    for label, cell in _CELLS.items():
        cells = [
            cell(run.row(name), counts.loc[name] if name in counts.index else None)
            for name in names
        ]
        if any(cells):
            lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _plain(column: str, digits: int = 3, unit: str = "") -> Cell:
    return lambda row, counts: "" if pd.isna(row[column]) else f"{row[column]:,.{digits}f}{unit}"


def _time(column: str) -> Cell:
    return lambda row, counts: "" if pd.isna(row[column]) else duration(row[column])


def _dice(row: pd.Series, counts: pd.Series | None) -> str:
    bounds = (
        "" if pd.isna(row["dice_lower"]) else f" ({between(row['dice_lower'], row['dice_upper'])})"
    )
    return f"{row['dice_mean']:.3f}{bounds}"


_CELLS: dict[str, Cell] = {
    "mean Dice, 95 % interval": _dice,
    "objects found, missed, invented": lambda row, counts: (
        ""
        if counts is None
        else f"{counts['found']:,}, {counts['missed']:,}, {counts['invented']:,}"
    ),
    "object F1": _plain("object_f1"),
    "outline within 2 px (`nsd_2px`)": _plain("nsd_2px"),
    "an image takes": _time("predict_seconds_per_image"),
    "training took": _time("fit_seconds"),
    "size on disk": _plain("model_mb", 1, " MB"),
    "memory": _plain("peak_memory_mb", 0, " MB"),
}


def of_choice(run: FinishedRun) -> str:
    """The rule, what it chose, and who would be faster at which risk."""
    compared = run.comparison
    if compared is None or run.winner is None:
        return NOTHING
    best, chosen = compared.names[compared.winner.best], run.row(run.winner)
    sentences = [of_rule(compared)]
    if run.winner != best:
        row = run.row(best)
        sentences.append(
            f"`{best}` has {row['dice_mean'] - chosen['dice_mean']:.4f} more mean "
            f"Dice{_times_slower(chosen, row)}."
        )
    return " ".join([*sentences, *_faster(run, chosen)])


def _faster(run: FinishedRun, chosen: pd.Series) -> list[str]:
    """Who would be faster than the chosen one, and what might be lost with it."""
    rows = faster_at_a_risk(run.rows, chosen.name)
    if rows.empty:
        return []
    each = [
        f"`{row.approach}` ({duration(row.predict_seconds_per_image)}; a loss of up to "
        f"{row.possible_loss:.3f} is possible)"
        for row in rows.itertuples()
    ]
    return [
        f"Faster than its {duration(chosen['predict_seconds_per_image'])} for an image, but not "
        f"shown to lose less than {run.margin:g}: {listed(each)}.",
        f"Where speed matters more than that risk, look at `{rows['approach'].iloc[0]}` first.",
    ]


def _times_slower(fast: pd.Series, slow: pd.Series) -> str:
    ratio = slow["predict_seconds_per_image"] / fast["predict_seconds_per_image"]
    return f" and takes {ratio:.1f} times as long for an image" if np.isfinite(ratio) else ""
