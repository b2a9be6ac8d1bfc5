"""Figures of what happened on *fit* and *tune*: the trainings, the thresholds, the further steps
and the ensemble. All take records or tables of a run and return None where there is nothing to
draw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.records import Record
from common.records.self_description import Combination
from common.report.colours import BLUE, GREEN, GREY, SKY, VERMILION, Colours, colours_of
from common.report.plots.style import labelled, legend, styled_axes
from common.report.plots.zoomed_axes import mark_beyond, reach_limits


def training_figure(curves: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Loss and Dice on *tune* against the minutes of training.

    Args:
        curves: columns `approach`, `loss`, `tune_dice` (missing where none was judged), `seconds`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    if curves.empty:
        return None
    figure, axes = styled_axes(1, 2, width=5.4, height=3.6)
    colours = colours_of(curves["approach"], colours)
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


def threshold_figure(records: Sequence[Record], colours: Colours | None = None) -> Figure | None:
    """Mean Dice on *tune* at every threshold; the dot is the one that was chosen.

    Args:
        records: of a run; those without a curve are left out.
        colours: approach → colour; those that are not in it get one that is free.
    """
    tunings = {one.approach: one.tuning for one in records if one.tuning is not None}
    curves = {name: tuning for name, tuning in tunings.items() if tuning.thresholds}
    if not curves:
        return None
    figure, axes = styled_axes(width=8.0, height=4.0)
    one, colours = axes[0, 0], colours_of(curves, colours)
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


def steps_figure(records: Sequence[Record], colours: Colours | None = None) -> Figure | None:
    """What each step of post-processing would gain on *tune* where it was not chosen, with its 95
    % interval.

    Where few intervals reach far beyond the others, these are shown enlarged beside the whole.

    Args:
        records: of a run; those without judged steps are left out.
        colours: approach → colour; those that are not in it get one that is free.
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
        _draw_steps(one, rows, colours)
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


def _draw_steps(axes: Axes, rows: pd.DataFrame, colours: Colours | None) -> None:
    """Gains and their intervals, a line between approaches."""
    colours = colours_of(rows["approach"], colours)
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


def ensemble_figure(combinations: Mapping[str, Combination]) -> Figure | None:
    """Dice on *tune* of an ensemble's members alone, of all together, and with flips and turns.

    Points, not bars, so that the axis may begin where differences can be read.

    Args:
        combinations: approach → what it made of others; each that tells of its members alone has
            axes of its own.
    """
    rows = {name: _rows_of(made) for name, made in combinations.items() if made.dice_alone}
    if not rows:
        return None
    most = max(map(len, rows.values()))
    figure, axes = styled_axes(len(rows), 1, width=8.0, height=1.2 + 0.36 * most)
    for one, (name, points) in zip(axes.flat, rows.items(), strict=True):
        best = max(combinations[name].dice_alone.values())
        one.axvline(
            best, color=VERMILION, linestyle="--", linewidth=1.2, label="best member alone"
        )
        _draw_points(one, points)
        if len(rows) > 1:
            one.set_title(name, fontsize=11, loc="left")
        legend(one, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def _rows_of(made: Combination) -> list[tuple[str, float, str]]:
    """Name, Dice and colour of each point of an ensemble."""
    used, alone = made.weights, made.dice_alone
    rows = [
        (f"{name} alone (weight {used[name]:g})", alone[name], SKY)
        for name in sorted(set(used) & set(alone), key=alone.__getitem__)
    ]
    if made.gain_of_members is None:
        return rows
    together = max(alone.values()) + made.gain_of_members
    rows.append(("members together", together, BLUE))
    if made.gain_of_views is not None:
        kept = made.views > 1
        words = "and flips and turns" + ("" if kept else " (not kept)")
        rows.append((words, together + made.gain_of_views, GREEN if kept else GREY))
    return rows


def _draw_points(axes: Axes, rows: Sequence[tuple[str, float, str]]) -> None:
    """One point below the other, each with its Dice."""
    dice = [value for _, value, _ in rows]
    span = max(max(dice) - min(dice), 0.005)
    for place, (_, value, colour) in enumerate(rows):
        axes.plot(value, place, "o", color=colour, markersize=10)
        axes.annotate(
            f"{value:.4f}",
            (value, place),
            (9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(max(0, min(dice) - 0.15 * span), max(dice) + 0.3 * span)
    begins = f"axis begins at {axes.get_xlim()[0]:.3f}"
    labelled(axes, f"mean Dice on tune, each at its best threshold ({begins})", "")
