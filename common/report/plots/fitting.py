"""Figures of what happened on *fit* and *tune*: the trainings, the thresholds, the further steps
and the ensemble. All take records or tables of a run and return None where there is nothing to
draw.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.records import Record
from common.report.plots.labels import colours_of
from common.report.plots.style import (
    BLUE,
    GREEN,
    GREY,
    SKY,
    VERMILION,
    labelled,
    legend,
    styled_axes,
)
from common.report.plots.zoomed_axes import mark_beyond, reach_limits


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
        axes[0, 1].plot(
            judged["seconds"] / 60, judged["tune_dice"], "o-", markersize=3, color=colours[name]
        )
        if len(judged):
            best = judged.loc[judged["tune_dice"].idxmax()]
            axes[0, 1].plot(
                best["seconds"] / 60, best["tune_dice"], "*", markersize=14, color=colours[name]
            )
    [highest] = axes[0, 1].plot(
        [], [], "*", markersize=12, color=GREY, linestyle="", label="highest Dice"
    )
    axes[0, 0].set_yscale("log")
    axes[0, 0].yaxis.set_major_formatter(lambda loss, _: f"{loss:g}")
    axes[0, 0].yaxis.set_minor_formatter(
        lambda loss, _: f"{loss:g}" if f"{loss:e}"[0] in "25" else ""
    )
    for one in axes.flat:
        one.set_xlim(left=0)
    labelled(axes[0, 0], "minutes of training", "loss on fit (logarithmic)")
    labelled(axes[0, 1], "minutes of training", "mean Dice on tune at a threshold of 0.5")
    named = [*axes[0, 0].get_legend_handles_labels()[0], highest]
    figure.legend(handles=named, loc="outside right upper", frameon=False, fontsize=9)
    return figure


def threshold_figure(records: Sequence[Record]) -> Figure | None:
    """Mean Dice on *tune* at every threshold; the dot is the one that was chosen.

    Args:
        records: of a run; those without a curve are left out.
    """
    tunings = {one.approach: one.tuning for one in records if one.tuning is not None}
    curves = {name: tuning for name, tuning in tunings.items() if tuning.thresholds}
    if not curves:
        return None
    figure, axes = styled_axes(width=8.0, height=4.0)
    one, colours = axes[0, 0], colours_of(curves)
    for name, tuning in curves.items():
        at, dice, colour = tuning.thresholds, tuning.dice_mean, colours[name]
        chosen = tuning.postprocess.threshold
        one.plot(at, dice, color=colour, label=name)
        one.plot(chosen, np.interp(chosen, at, dice), "o", color=colour, markersize=8)
    one.plot([], [], "o", color=GREY, markersize=8, label="chosen")
    one.set_xlim(0, 1)
    labelled(one, "threshold of the probability", "mean Dice on tune")
    legend(one, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def steps_figure(records: Sequence[Record]) -> Figure | None:
    """What each step of post-processing would gain on *tune* where it was not chosen, with its 95
    % interval.

    Where few intervals reach far beyond the others, these are shown enlarged beside the whole.

    Args:
        records: of a run; those without judged steps are left out.
    """
    steps = [
        {"approach": record.approach, **asdict(step)}
        for record in records
        if record.tuning is not None
        for step in record.tuning.steps
    ]
    if not steps:
        return None
    rows = pd.DataFrame(steps)
    rows = rows.assign(gain=rows["gain"].astype(float).fillna(0))
    near = reach_limits(rows["gain"], rows["lower"], rows["upper"])
    panels, width = (2, 5.6) if near else (1, 8.0)
    figure, axes = styled_axes(1, panels, width=width, height=1.2 + 0.27 * len(rows), sharey=True)
    for one in axes.flat:
        _draw_steps(one, rows)
        labelled(one, "gain of mean Dice on tune, cross-fitted, with 95 % interval", "")
    if near:
        axes[0, 1].set_xlim(near)
        for place, row in enumerate(rows.itertuples()):
            bounds = (row.gain if pd.isna(bound) else bound for bound in (row.lower, row.upper))
            mark_beyond(axes[0, 1], place, row.gain, *bounds)
        axes[0, 0].set_title("all of it", fontsize=11, loc="left")
        axes[0, 1].set_title("enlarged", fontsize=11, loc="left")
    axes[0, 0].set_yticks(
        range(len(rows)), [f"{row.approach}: {row.step}" for row in rows.itertuples()]
    )
    axes[0, 0].set_ylim(len(rows) - 0.4, -0.6)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        frameon=False,
        fontsize=9,
    )
    return figure


def _draw_steps(axes: Axes, rows: pd.DataFrame) -> None:
    """Gains and their intervals, a line between approaches."""
    colours = colours_of(rows["approach"])
    axes.axvline(0, color=GREY, linewidth=1)
    for place, row in enumerate(rows.itertuples()):
        colour = colours[row.approach]
        if pd.notna(row.lower):  # no interval with a single group
            axes.plot([row.lower, row.upper], [place] * 2, color=colour, linewidth=1.8)
        filled = colour if row.kept else "white"
        axes.plot(row.gain, place, "o", color=colour, markerfacecolor=filled, markersize=6)
    for first in np.flatnonzero(rows["approach"].ne(rows["approach"].shift()))[1:]:
        axes.axhline(first - 0.5, color="#CCCCCC", linewidth=0.7)
    axes.plot([], [], "o", color=GREY, label="kept")
    axes.plot([], [], "o", color=GREY, markerfacecolor="white", label="not kept")


def ensemble_figure(records: Sequence[Record]) -> Figure | None:
    """Dice on *tune* of the ensemble's members alone, of all together, and with flips and turns.

    Points, not bars, so that the axis may begin where differences can be read.

    Args:
        records: of a run; the first whose fit tells of members is drawn.
    """
    fit = next(
        (
            record.fit.notes
            for record in records
            if record.fit is not None and record.fit.notes.get("tune_dice_alone")
        ),
        None,
    )
    if fit is None:
        return None
    used, alone = fit.get("weights", {}), fit["tune_dice_alone"]
    best = max(alone.values())
    members = sorted(used or alone, key=alone.get)
    rows = [
        (f"{name} alone" + (f" (weight {used[name]})" if used else ""), alone[name], SKY)
        for name in members
    ]
    together = best + fit["tune_dice_gain_of_members"]
    rows.append(("members together", together, BLUE))
    gain = fit.get("tune_dice_gain_of_views")
    if gain is not None:
        kept = fit["views"] > 1
        words = "and flips and turns" + ("" if kept else " (not kept)")
        rows.append((words, together + gain, GREEN if kept else GREY))
    figure, axes = styled_axes(width=8.0, height=1.2 + 0.36 * len(rows))
    one, dice = axes[0, 0], [value for _, value, _ in rows]
    span = max(max(dice) - min(dice), 0.005)
    one.axvline(best, color=VERMILION, linestyle="--", linewidth=1.2, label="best member alone")
    for place, (_, value, colour) in enumerate(rows):
        one.plot(value, place, "o", color=colour, markersize=10)
        one.annotate(
            f"{value:.4f}",
            (value, place),
            (9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    one.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    one.set_ylim(len(rows) - 0.4, -0.6)
    one.set_xlim(max(0, min(dice) - 0.15 * span), max(dice) + 0.3 * span)
    labelled(
        one,
        f"mean Dice on tune, each at its best threshold (axis begins at {one.get_xlim()[0]:.3f})",
        "",
    )
    legend(one, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
