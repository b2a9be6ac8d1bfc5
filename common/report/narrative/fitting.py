"""What happened on *fit* and *tune*: trainings, thresholds, further steps, and what an ensemble
gains.
"""

import pandas as pd

from common.masks.postprocess import THRESHOLDS
from common.records.self_description import Combination, SelfDescription
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import between, code, counted, listed, percent

NOT_STORED = "The records of this run are not stored beside its tables, so this is not known."
# of the training; a highest Dice that comes later leaves open whether more time would help
LATE = 0.8
SMALL = 0.001  # a smaller difference of mean Dice is not worth a sentence


def of_trainings(run: FinishedRun) -> str:
    """When each network was at its best on *tune*."""
    if run.curves.empty:
        return "No training curve is stored in this run's folder."
    sentences, late = [], []
    for name, rows in run.curves.groupby("approach", sort=False):
        judged = rows.dropna(subset=["tune_dice"])
        if judged.empty:
            continue
        best, end = judged.loc[judged["tune_dice"].idxmax()], rows["seconds"].max()
        sentences.append(
            f"`{name}` reaches its highest Dice on *tune*, {best['tune_dice']:.3f}, after "
            f"{best['seconds'] / 60:.1f} of {end / 60:.1f} minutes"
        )
        late += [name] if end > 0 and best["seconds"] >= LATE * end else []
    if not sentences:
        return "No network was scored on *tune* during its training."
    then = (
        f" For {listed(code(late))} that is in the last {percent(1 - LATE)} of the time, so more "
        "time might have helped."
        if late
        else f" {'All were' if len(sentences) > 1 else 'It was'} at "
        f"{'their' if len(sentences) > 1 else 'its'} best before the last fifth of the time."
    )
    return (
        f"{'; '.join(sentences)}. (At a threshold of 0.5, on the part of *tune* that is scored "
        f"during training.){then}"
    )


def of_thresholds(run: FinishedRun) -> str:
    """The thresholds, and what they give on `val` against a plain 0.5."""
    rows = run.board[run.board["status"] == "ok"].dropna(subset=["threshold"])
    if rows.empty:
        return NOT_STORED if run.names else NOTHING
    parts = [f"{row.threshold:g} for `{row.approach}`" for row in rows.itertuples()]
    sentences = [f"Thresholds chosen on *tune*: {listed(parts, most=12)}."]
    sentences += _at_the_end(run, rows)
    gains = (rows["dice_mean"] - rows["dice_at_half"]).set_axis(rows["approach"]).dropna()
    lost, most = (
        gains[gains <= -SMALL].drop(run.winner, errors="ignore"),
        gains.idxmax() if len(gains) else None,
    )
    if run.winner is not None and run.winner in gains.index:
        sentences.append(
            _against_half(run.winner, gains[run.winner], run.row(run.winner)["threshold"])
        )
    if most is not None and most != run.winner and gains[most] >= SMALL:
        sentences.append(f"The choice of the threshold helps `{most}` most ({gains[most]:+.4f}).")
    if len(lost):
        worst = lost.idxmin()
        by = (
            f"; `{worst}` loses most ({-lost[worst]:.4f})"
            if len(lost) > 1
            else f", which loses {-lost[worst]:.4f}"
        )
        sentences.append(
            f"On `val` a plain 0.5 would have been better for {listed(code(lost.index))}{by}."
        )
    if gains.abs().max() >= SMALL:
        sentences.append("No interval was computed for these differences.")
    return " ".join(sentences)


def _at_the_end(run: FinishedRun, rows: pd.DataFrame) -> list[str]:
    """A warning of thresholds beyond which none was tried."""
    ends = []
    for row in rows.itertuples():
        record = run.records.get(row.approach)
        tuning = None if record is None else record.tuning
        tried = (() if tuning is None else tuning.thresholds) or THRESHOLDS
        if row.threshold <= min(tried) or row.threshold >= max(tried):
            ends.append(f"`{row.approach}` ({row.threshold:g})")
    if not ends:
        return []
    return [f"**At the end of the grid: {listed(ends)}**; a better threshold may lie beyond it."]


def _against_half(name: str, gain: float, threshold: float) -> str:
    """The chosen approach against a plain threshold of 0.5."""
    if threshold == 0.5 and abs(gain) < SMALL:
        return f"`{name}` uses the plain 0.5 itself, so its choice gains and loses nothing."
    if abs(gain) < SMALL:
        return (
            f"On `val`, the threshold of `{name}` changes its mean Dice by less than {SMALL:g} "
            "against a plain 0.5."
        )
    return (
        f"On `val`, `{name}` has {gain:+.4f} mean Dice against a plain threshold of 0.5 without "
        "further steps."
    )


def of_steps(run: FinishedRun) -> str:
    """Which further steps of post-processing were kept."""
    judged = [
        (name, step)
        for name, record in run.records.items()
        if record.tuning is not None
        for step in record.tuning.steps
    ]
    if not judged:
        return (
            NOT_STORED
            if not run.records
            else "No further step of post-processing was tried in this run."
        )
    kept = [(name, step) for name, step in judged if step.kept]
    message = (
        "A step beyond the threshold is kept only where its gain, measured on images that did not "
        "choose it, has a 95 % interval above zero."
    )
    if not kept:
        return (
            f"{message} None of the {len(judged)} that were tried is kept: none is shown to gain "
            "over a plain threshold."
        )
    parts = [
        f"{step.step} of `{name}` ({step.gain:+.4f}, {between(step.lower, step.upper, 4, '+')})"
        for name, step in kept
        if step.lower is not None and step.upper is not None
    ]
    return f"{message} Of {len(judged)} that were tried, these are kept: {listed(parts, most=12)}."


def of_ensemble(run: FinishedRun) -> str:
    """What members and views add, and at what price in time; a paragraph for each approach that
    combines others.
    """
    if run.combinations:
        return "\n\n".join(_of_one(run, name, made) for name, made in run.combinations.items())
    known = run.records or any(each != SelfDescription() for each in run.described.values())
    return "No ensemble was made in this run." if known else NOT_STORED


def _of_one(run: FinishedRun, name: str, made: Combination) -> str:
    """What one approach gains from combining others."""
    if name not in run.names:
        return f"`{name}` has no result, so what it gains is not known."
    sentences = [_of_members(name, made)]
    if made.gain_of_views is not None:
        kept = f"{made.views} views are averaged" if made.views > 1 else "they are not kept"
        sentences.append(
            f"Flips and quarter turns of the image give {made.gain_of_views:+.4f} on "
            f"{counted(made.images_of_views, 'image')} of *tune*; {kept}."
        )
    if made.gain_of_members is not None or made.gain_of_views is not None:
        sentences.append(
            "This was measured on the images that chose members and views, so it is optimistic."
        )
    sentences.append(_on_val(run, name, [one for one in made.weights if one in run.names]))
    return " ".join(filter(None, sentences))


def _of_members(name: str, made: Combination) -> str:
    """Who is in the ensemble, and what that gave on *tune*."""
    if len(made.weights) == 1:
        return (
            f"`{name}` uses one member alone, `{next(iter(made.weights))}`: on *tune* no other "
            "improved on it."
        )
    members = [f"`{member}` (weight {weight:g})" for member, weight in made.weights.items()]
    uses = f"`{name}` uses {listed(members)}."
    if made.gain_of_members is None:
        return uses
    best = max(made.dice_alone, key=made.dice_alone.__getitem__, default="")
    return (
        f"{uses} On *tune*, the members together gain {made.gain_of_members:+.4f} mean Dice over "
        f"the best of them alone{f', `{best}`' if best else ''}."
    )


def _on_val(run: FinishedRun, name: str, members: list[str]) -> str:
    """The ensemble against the member that is best on `val`, and its price."""
    if not members or run.comparison is None:
        return ""
    rows = run.board.set_index("approach")
    best = rows.loc[members, "dice_mean"].astype(float).idxmax()
    gain, lower, upper = run.comparison.difference(name, best)
    times = (
        rows.loc[name, "predict_seconds_per_image"] / rows.loc[best, "predict_seconds_per_image"]
    )
    price = f", at {times:.1f} times its time for an image" if pd.notna(times) else ""
    bounds = f" ({between(lower, upper, sign='+')})" if pd.notna(lower) else ""
    against = f"`{best}`, its best member there"
    if gain < 0:
        sure = "" if upper < 0 else "; the loss may be chance"
        return (
            f"On `val` **the ensemble loses**: {gain:+.4f}{bounds} against {against}{price}{sure}."
        )
    sure = "" if lower > 0 else "; the gain may be chance"
    return f"On `val` it has {gain:+.4f}{bounds} against {against}{price}{sure}."
