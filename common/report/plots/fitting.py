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
from common.report.plots.style import (
    WIDTH,
    labelled,
    legend_above,
    row_figure,
    styled_axes,
)
from common.report.plots.zoomed_axes import mark_beyond, reach_limits


def training_figure(curves: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Dice on *tune* against the minutes of training; a star is the highest.

    Args:
        curves: columns `approach`, `tune_dice` (missing where none was judged), `seconds`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    judged = curves.dropna(subset=["tune_dice"]) if len(curves) else curves
    if judged.empty:
        return None
    figure, axes, colours = _minutes(curves, colours, "mean Dice on tune, threshold 0.5")
    for name, rows in judged.groupby("approach", sort=False):
        at, colour = (rows["seconds"] / 60, rows["tune_dice"]), colours[name]
        axes.plot(*at, "o-", markersize=3, color=colour, label=name)
        best = rows.loc[rows["tune_dice"].idxmax()]
        axes.plot(best["seconds"] / 60, best["tune_dice"], "*", markersize=14, color=colour)
    legend_above(figure, *axes.get_legend_handles_labels())
    return figure


def loss_figure(curves: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Loss on *fit* against the minutes of training.

    Args:
        curves: columns `approach`, `loss`, `seconds`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    if curves.empty:
        return None
    figure, axes, colours = _minutes(curves, colours, "loss on fit (logarithmic)")
    for name, rows in curves.groupby("approach", sort=False):
        axes.plot(rows["seconds"] / 60, rows["loss"], color=colours[name], label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda loss, _: f"{loss:g}")
    axes.yaxis.set_minor_formatter(lambda loss, _: f"{loss:g}" if f"{loss:e}"[0] in "25" else "")
    legend_above(figure, *axes.get_legend_handles_labels())
    return figure


def _minutes(
    curves: pd.DataFrame, colours: Colours | None, quantity: str
) -> tuple[Figure, Axes, dict[str, str]]:
    """Empty axes over the minutes of training, and the colours of the approaches."""
    figure, grid = styled_axes(width=WIDTH, height=3.7)
    grid[0, 0].set_xlim(0, max(1.03 * float(curves["seconds"].max()) / 60, 0.01))
    labelled(grid[0, 0], "minutes of training", quantity)
    return figure, grid[0, 0], colours_of(curves["approach"], colours)


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
    figure, axes = styled_axes(width=WIDTH, height=3.9)
    one, colours = axes[0, 0], colours_of(curves, colours)
    for name, tuning in curves.items():
        at, dice, colour = tuning.thresholds, tuning.dice_mean, colours[name]
        chosen = tuning.postprocess.threshold
        one.plot(at, dice, color=colour, label=name)
        one.plot(chosen, np.interp(chosen, at, dice), "o", color=colour, markersize=8)
    one.set_xlim(0, 1)
    labelled(one, "threshold of the probability (dot: chosen)", "mean Dice on tune")
    legend_above(figure, *one.get_legend_handles_labels())
    return figure


def steps_figure(records: Sequence[Record], colours: Colours | None = None) -> Figure | None:
    """What each step of post-processing would gain on *tune* where it was not chosen, with its
    95 % interval; filled where it is kept.

    Where few intervals reach far beyond the others, arrows say so.

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
    names = [f"{row.approach}: {row.step}" for row in rows.itertuples()]
    notes = ["kept" if kept else "" for kept in rows["kept"]]
    figure, axes = row_figure(names, notes, rows["kept"])
    colours = colours_of(rows["approach"], colours)
    axes.axvline(0, color=GREY, linewidth=1)
    for place, row in enumerate(rows.itertuples()):
        colour = colours[row.approach]
        if pd.notna(row.lower):  # no interval with a single group
            axes.plot([row.lower, row.upper], [place] * 2, color=colour, linewidth=1.8)
        filled = colour if row.kept else "white"
        axes.plot(row.gain, place, "o", color=colour, markerfacecolor=filled, markersize=6)
    near = reach_limits(rows["gain"], rows["lower"], rows["upper"])
    if near:
        axes.set_xlim(near)
        for place, row in enumerate(rows.itertuples()):
            bounds = (row.gain if pd.isna(bound) else bound for bound in (row.lower, row.upper))
            mark_beyond(axes, place, row.gain, *bounds)
    labelled(axes, "gain of mean Dice on tune, cross-fitted, 95 % interval", "")
    return figure


def ensemble_figures(combinations: Mapping[str, Combination]) -> dict[str, Figure]:
    """Dice on *tune* of an ensemble's members alone, of all together, and with flips and turns.

    Points, not bars, so that the axis may begin where differences can be read.

    Args:
        combinations: approach → what it made of others.

    Returns:
        A figure for each that tells of its members alone.
    """
    figures = {}
    for name, made in combinations.items():
        if made.dice_alone:
            points = _rows_of(made)
            notes = [f"{dice:.4f}" for _, dice, _ in points]
            figure, axes = row_figure([label for label, _, _ in points], notes)
            best = max(made.dice_alone.values())
            axes.axvline(best, color=VERMILION, linestyle="--", linewidth=1.2)
            for place, (_, dice, colour) in enumerate(points):
                axes.plot(dice, place, "o", color=colour, markersize=9)
            note = "best mean Dice on tune (dashed: best member)"
            labelled(axes, note, "")
            figures[name] = figure
    return figures


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
