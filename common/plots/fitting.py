"""Figures of what happened on *fit* and *tune*: the trainings, the thresholds, the further steps and the ensemble. All
take records or tables of a run and return None where there is nothing to draw.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from common.plots.labels import colours_of
from common.plots.style import BLUE, GREEN, GREY, SKY, VERMILION, labelled, legend, styled_axes
from common.records import Record


def training_figure(curves: pd.DataFrame) -> Figure | None:
    """Loss and Dice on *tune* against the minutes of training.

    Args:
        curves: columns `approach`, `loss`, `tune_dice` (missing where none was judged), `seconds`.
    """
    if curves.empty:
        return None
    figure, axes = styled_axes(1, 2, width=5.4, height=3.6)
    colours = colours_of(curves["approach"])
    for name, rows in curves.groupby("approach", sort=False):
        judged = rows.dropna(subset=["tune_dice"])
        axes[0, 0].plot(rows["seconds"] / 60, rows["loss"], color=colours[name], label=name)
        axes[0, 1].plot(judged["seconds"] / 60, judged["tune_dice"], "o-", markersize=3, color=colours[name])
        if len(judged):
            best = judged.loc[judged["tune_dice"].idxmax()]
            axes[0, 1].plot(best["seconds"] / 60, best["tune_dice"], "*", markersize=14, color=colours[name])
    axes[0, 1].plot([], [], "*", markersize=12, color=GREY, linestyle="", label="highest")
    axes[0, 0].set_yscale("log")
    for one in axes.flat:
        one.set_xlim(left=0)
    labelled(axes[0, 0], "minutes of training", "loss on fit (logarithmic)")
    labelled(axes[0, 1], "minutes of training", "mean Dice on tune at a threshold of 0.5")
    legend(axes[0, 0], loc="upper right")
    legend(axes[0, 1], loc="lower right")
    return figure


def threshold_figure(records: Sequence[Record]) -> Figure | None:
    """Mean Dice on *tune* at every threshold; the dot is the one that was chosen.

    Args:
        records: of a run; those without a curve are left out.
    """
    shown = [record for record in records if record.tune and record.postprocess]
    if not shown:
        return None
    figure, axes = styled_axes(width=8.0, height=4.0)
    one, colours = axes[0, 0], colours_of(record.approach for record in shown)
    for record in shown:
        at, dice = np.array(record.tune["thresholds"]), np.array(record.tune["dice_mean"])
        chosen = record.postprocess["threshold"]
        one.plot(at, dice, color=colours[record.approach], label=record.approach)
        one.plot(chosen, np.interp(chosen, at, dice), "o", color=colours[record.approach], markersize=8)
    one.plot([], [], "o", color=GREY, markersize=8, label="chosen")
    one.set_xlim(0, 1)
    labelled(one, "threshold of the probability", "mean Dice on tune")
    legend(one, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def steps_figure(records: Sequence[Record]) -> Figure | None:
    """What each step of post-processing would gain on *tune* where it was not chosen, with its 95 % interval.

    Args:
        records: of a run; those without judged steps are left out.
    """
    shown = [record for record in records if record.tune and record.tune.get("steps")]
    if not shown:
        return None
    rows = [(record.approach, step) for record in shown for step in record.tune["steps"]]
    figure, axes = styled_axes(width=8.0, height=1.0 + 0.27 * len(rows))
    one, colours = axes[0, 0], colours_of(name for name, _ in rows)
    one.axvline(0, color=GREY, linewidth=1)
    for place, (name, step) in enumerate(rows):
        if step["lower"] is not None:  # no interval with a single group
            one.plot([step["lower"], step["upper"]], [place] * 2, color=colours[name], linewidth=1.8)
        filled = colours[name] if step["kept"] else "white"
        one.plot(step["gain"] or 0, place, "o", color=colours[name], markerfacecolor=filled, markersize=6)
    for last in range(len(shown[0].tune["steps"]), len(rows), len(shown[0].tune["steps"])):
        one.axhline(last - 0.5, color="#CCCCCC", linewidth=0.7)
    one.plot([], [], "o", color=GREY, label="kept")
    one.plot([], [], "o", color=GREY, markerfacecolor="white", label="not kept")
    one.set_yticks(range(len(rows)), [f"{name}: {step['step']}" for name, step in rows])
    one.set_ylim(len(rows) - 0.4, -0.6)
    labelled(one, "gain of mean Dice on tune, cross-fitted, with 95 % interval over groups", "")
    legend(one, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure


def ensemble_figure(records: Sequence[Record]) -> Figure | None:
    """Dice on *tune* of the ensemble's candidates alone, of its members together, and with flips and turns.

    Args:
        records: of a run; the first whose fit tells of members is drawn.
    """
    fit = next((record.fit for record in records if record.fit and record.fit.get("tune_dice_alone")), None)
    if fit is None:
        return None
    alone = sorted(fit["tune_dice_alone"].items(), key=lambda item: item[1])
    used = fit.get("weights", {})
    bars = [(f"{name} alone" + (f" (weight {used[name]})" if name in used else ""), dice, SKY) for name, dice in alone]
    together = alone[-1][1] + fit["tune_dice_gain_of_members"]
    bars.append(("members together", together, BLUE))
    gain = fit.get("tune_dice_gain_of_views")
    if gain is not None:
        kept = fit["views"] > 1
        words = "and flips and turns" + ("" if kept else " (not kept)")
        bars.append((words, together + gain, GREEN if kept else GREY))
    figure, axes = styled_axes(width=8.0, height=1.0 + 0.36 * len(bars))
    one = axes[0, 0]
    for place, (_, dice, colour) in enumerate(bars):
        one.barh(place, dice, height=0.65, color=colour)
    one.axvline(alone[-1][1], color=VERMILION, linestyle="--", linewidth=1.2, label="best member alone")
    one.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    one.set_ylim(len(bars) - 0.4, -0.6)
    highest = max(dice for _, dice, _ in bars)
    left = max(0, alone[0][1] - 0.5 * max(highest - alone[0][1], 0.01))
    one.set_xlim(left, highest + 0.05 * (highest - left))
    for place, (_, dice, colour) in enumerate(bars):
        one.text(left, place, f"  {dice:.4f}", va="center", fontsize=9, color="black" if colour == SKY else "white")
    begins = " (axis does not begin at 0)" if left > 0 else ""
    labelled(one, f"mean Dice on tune, each at its best threshold{begins}", "")
    legend(one, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
