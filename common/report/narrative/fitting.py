"""What is done to an image beforehand, and what happened on *fit* and *tune*: trainings,
thresholds, further steps, and what an ensemble gains.
"""

import pandas as pd

from common.masks.postprocess import THRESHOLDS
from common.records.self_description import Combination, PreparationStep
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import budget_of
from common.words import between, code, listed, markdown_table

# of the training; a highest Dice that comes later leaves open whether more time would help
LATE = 0.8
SMALL = 0.001  # a smaller difference of mean Dice is not worth a sentence


def of_trainings(run: FinishedRun) -> str:
    """Whether more time might help."""
    if run.curves.empty:
        return "No training curve is stored in this run's folder."
    late, judged = [], 0
    for name, rows in run.curves.groupby("approach", sort=False):
        scored, end = rows.dropna(subset=["tune_dice"]), rows["seconds"].max()
        if len(scored) > 1:
            judged += 1
            at = scored.loc[scored["tune_dice"].idxmax(), "seconds"]
            late += [str(name)] if end > 0 and at >= LATE * end else []
    if not judged:
        return "No network was scored twice on *tune* during its training, so this cannot be told."
    given = f"Each training was given {budget_of(run)}. " if budget_of(run) else ""
    if late:
        return (
            f"{given}The highest Dice of {listed(code(late))} comes in the last fifth of the "
            "training, so more time might help."
        )
    return f"{given}Every network is at its best before the last fifth of its training."


def of_thresholds(run: FinishedRun) -> str:
    """Whether the thresholds that were chosen are good ones."""
    rows = run.board[run.board["status"] == "ok"].dropna(subset=["threshold"])
    if rows.empty:
        return "Which thresholds were chosen is not stored with this run."
    sentences = ["Each approach chose its threshold on *tune*."]
    ends = []
    for name, threshold in zip(rows["approach"], rows["threshold"], strict=True):
        record = run.records.get(name)
        tried = (record and record.tuning and record.tuning.thresholds) or THRESHOLDS
        if not min(tried) < threshold < max(tried):
            ends.append(f"`{name}` ({threshold:g})")
    if ends:
        sentences.append(
            f"**At the end of the grid: {listed(ends)}**; a better threshold may lie beyond it."
        )
    gains = (rows["dice_mean"] - rows["dice_at_half"]).set_axis(rows["approach"]).dropna()
    lost = gains.index[gains <= -SMALL]
    if len(lost):
        sentences.append(f"On `val` a plain 0.5 would be better for {listed(code(lost))}.")
    elif len(gains):
        sentences.append(f"On `val` none of them loses {SMALL:g} or more against a plain 0.5.")
    return " ".join(sentences)


def of_steps(run: FinishedRun) -> str:
    """Which further steps of post-processing were kept; empty where none was tried."""
    tunings = [record.tuning for record in run.records.values() if record.tuning is not None]
    kept = [step.kept for tuning in tunings for step in tuning.steps]
    if not kept:
        return ""
    return (
        f"A step beyond the threshold is kept only where its gain, measured on images that did "
        f"not choose it, has a 95 % interval above zero: {sum(kept) or 'none'} of {len(kept)} "
        "that were tried."
    )


def of_ensemble(run: FinishedRun) -> str:
    """What members and views add, and at what price in time; a paragraph for each approach that
    combines others.
    """
    return "\n\n".join(_of_one(run, name, made) for name, made in run.combinations.items())


def _of_one(run: FinishedRun, name: str, made: Combination) -> str:
    """What one approach gains from combining others."""
    if name not in run.names:
        return f"`{name}` has no result, so what it gains is not known."
    weights = [f"`{member}` (weight {weight:g})" for member, weight in made.weights.items()]
    uses = listed(weights)
    if len(weights) == 1:
        uses = f"`{next(iter(made.weights))}` alone: on *tune* no other improved on it"
    views = f", each over {made.views} flips and turns" if made.views > 1 else ""
    members = [one for one in made.weights if one in run.names]
    return f"`{name}` uses {uses}{views}.{_on_val(run, name, members)}"


def _on_val(run: FinishedRun, name: str, members: list[str]) -> str:
    """The ensemble against the member that is best on `val`, and its price."""
    if not members or run.comparison is None:
        return ""
    rows = run.board.set_index("approach")
    best = rows.loc[members, "dice_mean"].astype(float).idxmax()
    gain, lower, upper = run.comparison.difference(name, best)
    seconds = rows["predict_seconds_per_image"]
    times = seconds[name] / seconds[best]
    price = f", at {times:.1f} times the time" if pd.notna(times) else ""
    bounds = f" ({between(lower, upper, sign='+')})" if pd.notna(lower) else ""
    chance = "; that may be chance" if not (lower > 0 or upper < 0) else ""
    loses = "**the ensemble loses**: " if gain < 0 else "it has "
    return (
        f" On `val` {loses}{gain:+.4f} mean Dice{bounds} against its best member there, "
        f"`{best}`{price}{chance}."
    )


def preparation_table(run: FinishedRun) -> str:
    """What each trained approach does to an image beforehand, as a Markdown table, its steps as
    the approach with most of them orders them; empty where that is not stored.

    Args:
        run: whose complete approaches are in it.
    """
    steps = {name: run.described[name].preparation for name in run.names}
    by: dict[PreparationStep, list[str]] = {}
    for name, own in steps.items():
        for step in own:
            by.setdefault(step, []).append(name)
    longest_first = sorted(steps.values(), key=len, reverse=True)
    order = list(dict.fromkeys(step.name for own in longest_first for step in own))
    rows = [
        (step.name, step.done, listed(code(names), most=12))
        for step, names in sorted(by.items(), key=lambda item: order.index(item[0].name))
    ]
    return markdown_table(("step", "what is done", "by"), rows) if rows else ""
