"""What happened on *fit* and *tune*: trainings, thresholds, further steps, and what an ensemble gains."""

import pandas as pd

from common.describe.finding import counted, listed, percent
from common.finished import FinishedRun
from common.narrative.choice import between, code

NOT_STORED = "The records of this run are not stored beside its tables, so this cannot be shown."
LATE = 0.8  # of the training; a highest Dice that comes later leaves open whether more time would help


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
            f"`{name}` reaches its highest Dice on *tune*, {best['tune_dice']:.3f}, after {best['seconds'] / 60:.1f} "
            "of "
            f"{end / 60:.1f} minutes"
        )
        late += [name] if end > 0 and best["seconds"] >= LATE * end else []
    if not sentences:
        return "No network was judged on *tune* during its training."
    then = (
        f" For {listed(code(late))} that is in the last {percent(1 - LATE)} of the time, so these curves do not show "
        "that more time would be useless."
        if late
        else " All were at their best before the last fifth of the time."
    )
    return (
        f"{'; '.join(sentences)}. (At a threshold of 0.5, on the part of *tune* that is judged during training.){then}"
    )


def of_thresholds(run: FinishedRun) -> str:
    """The thresholds, and what they give on `val` against a plain 0.5."""
    rows = run.board[run.board["status"] == "ok"].dropna(subset=["threshold"])
    if rows.empty:
        return NOT_STORED
    said = [f"{row.threshold:g} for `{row.approach}`" for row in rows.itertuples()]
    sentences = [f"Thresholds chosen on *tune*: {listed(said, most=12)}."]
    gains = (rows["dice_mean"] - rows["dice_at_half"]).set_axis(rows["approach"]).dropna()
    if run.winner in gains.index:
        sentences.append(
            f"On `val`, `{run.winner}` has {gains[run.winner]:+.4f} mean Dice against a plain threshold of 0.5 without "
            "further steps."
        )
    lost = gains[gains < 0]
    if len(lost):
        worst = lost.idxmin()
        sentences.append(
            f"On `val` a plain 0.5 would have been the better choice for {listed(code(lost.index))}; `{worst}` loses "
            "most, "
            f"{-lost[worst]:.4f}. No interval was computed for these differences."
        )
    return " ".join(sentences)


def of_steps(run: FinishedRun) -> str:
    """Which further steps of post-processing were kept."""
    judged = [
        (name, step) for name, record in run.records.items() for step in (record.tune or {}).get("steps", []) if step
    ]
    if not judged:
        return NOT_STORED if not run.records else "No further step of post-processing was judged in this run."
    kept = [(name, step) for name, step in judged if step["kept"]]
    told = (
        "A step beyond the threshold is kept only where its gain, measured on images that did not choose it, has a "
        "95 % "
        "interval above zero."
    )
    if not kept:
        return f"{told} None of the {len(judged)} that were judged is kept: no gain over plain thresholds is shown."
    said = [
        f"{step['step']} of `{name}` ({step['gain']:+.4f}, {between(step['lower'], step['upper'], 4, '+')})"
        for name, step in kept
    ]
    return f"{told} Of {len(judged)} that were judged, kept: {listed(said, most=12)}."


def of_ensemble(run: FinishedRun) -> str:
    """What members and views add, and at what price in time."""
    found = [(name, record.fit) for name, record in run.records.items() if (record.fit or {}).get("tune_dice_alone")]
    if not found:
        return NOT_STORED if not run.records else "No ensemble was made in this run."
    name, fit = found[0]
    best = max(fit["tune_dice_alone"], key=fit["tune_dice_alone"].get)
    members = [f"`{member}` (weight {weight})" for member, weight in fit.get("weights", {}).items()]
    sentences = [
        f"`{name}` uses {listed(members)}. On *tune*, members together have {fit['tune_dice_gain_of_members']:+.4f} "
        "mean "
        f"Dice against the best of them alone, `{best}`."
    ]
    gain = fit.get("tune_dice_gain_of_views")
    if gain is not None:
        sentences.append(
            f"Flips and quarter turns give {gain:+.4f} on {counted(fit['images_compared_for_views'], 'image')} of "
            f"*tune*, and are {'kept' if fit['views'] > 1 else 'not kept'}."
        )
    sentences.append(
        "These were measured on the images that chose members and views, so they are too good rather than too low."
    )
    sentences.append(_on_val(run, name, best))
    return " ".join(filter(None, sentences))


def _on_val(run: FinishedRun, name: str, best: str) -> str:
    """The same comparison on `val`, and its price."""
    rows = run.board[run.board["status"] == "ok"].set_index("approach")
    if not {name, best} <= set(rows.index):
        return ""
    gain = rows.loc[name, "dice_mean"] - rows.loc[best, "dice_mean"]
    times = rows.loc[name, "predict_seconds_per_image"] / rows.loc[best, "predict_seconds_per_image"]
    price = f", at {times:.1f} times its time for an image" if pd.notna(times) else ""
    return f"On `val` it has {gain:+.4f} against `{best}`{price}."
