"""Figures of a leaderboard: who is how good, how sure that is, how stable, and at what cost. All
take tables of a run and return None where there is nothing to draw. Each has one panel, so that it
is legible on a phone.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from common.metrics import with_objects
from common.report.colours import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    Colours,
    colours_of,
)
from common.report.plots.labels import place_labels
from common.report.plots.style import (
    WIDTH,
    labelled,
    legend_above,
    plain_ticks,
    row_figure,
    styled_axes,
)
from common.report.plots.zoomed_axes import crowd_limits, mark_beyond

NEAR = 10  # margins around the best that differences are shown in
# Verdict → its colour and its marker: told apart by either.
VERDICTS: Mapping[str, tuple[str, str]] = {
    "best": (GREEN, "*"),
    "equivalent": (BLUE, "o"),
    "not told apart": (ORANGE, "D"),
    "worse": (VERMILION, "v"),
}
# Part of the images → its colour and its marker.
LINE = 0.2  # inches that a line of the legend takes
PARTS = ((BLUE, "o"), (VERMILION, "D"), (PURPLE, "s"), (GREEN, "^"), (GREY, "v"))


def complete(board: pd.DataFrame) -> pd.DataFrame:
    """The rows with a result, best first."""
    return board[board["status"] == "ok"].reset_index(drop=True)


def board_figure(board: pd.DataFrame) -> Figure | None:
    """Mean Dice with its 95 % interval, best first, the verdict by colour and by form; where
    several trainings were run, their mean and its interval too.

    Where few approaches far below would squeeze the others together, an arrow says where they are.

    Args:
        board: columns `approach`, `status`, `dice_mean`, `dice_lower`, `dice_upper`, `verdict`,
            `winner`, and `dice_over_seeds` with its bounds.
    """
    rows = complete(board)
    if rows.empty:
        return None
    notes = [
        f"{row['dice_mean']:.3f}{'' if pd.isna(row['verdict']) else f' {row.verdict}'}"
        for _, row in rows.iterrows()
    ]
    figure, axes = row_figure(rows["approach"], notes, rows["winner"].eq(True))
    seeds = rows["dice_over_seeds"].notna().any()
    for place, row in rows.iterrows():
        colour, marker = VERDICTS.get(row["verdict"], (GREY, "o"))
        axes.plot([row["dice_lower"], row["dice_upper"]], [place] * 2, color=colour, linewidth=2.4)
        size = 13 if marker == "*" else 8
        axes.plot(row["dice_mean"], place, marker, color=colour, markersize=size)
        if pd.notna(row["dice_over_seeds"]):
            bounds = [row["dice_over_seeds_lower"], row["dice_over_seeds_upper"]]
            axes.plot(bounds, [place + 0.18] * 2, color=GREY, linewidth=1.2)
            axes.plot(row["dice_over_seeds"], place + 0.18, "|", color=GREY, markersize=9)
    _zoom(axes, rows, "dice_mean", "dice_lower", "dice_upper")
    if seeds:
        drawn = Line2D([], [], color=GREY, marker="|", markersize=9, label="all trainings")
        legend_above(figure, [drawn], ["grey: mean of all trainings, over trainings and images"])
    labelled(axes, "mean Dice on the images of val with objects, 95 % interval", "")
    return figure


def _zoom(axes: Axes, rows: pd.DataFrame, value: str, lower: str, upper: str) -> None:
    """Show the crowd, and point to the rows that lie beyond."""
    near = crowd_limits(rows[value], rows[lower], rows[upper])
    if near is None:
        return
    axes.set_xlim(near)
    for place, row in rows.iterrows():
        low, high = row[[lower, upper]].fillna(row[value])
        mark_beyond(axes, place, row[value], low, high, digits=None)


def difference_figure(board: pd.DataFrame, margin: float) -> Figure | None:
    """Differences to the best with bounds that hold for all pairs at once, around the margin.

    Args:
        board: columns `approach`, `status`, `difference`, `simultaneous_lower`,
            `simultaneous_upper`, `verdict`, `winner`.
        margin: the loss that does not matter, drawn as a band.
    """
    rows = complete(board)
    if len(rows) < 2 or rows["simultaneous_lower"].isna().all():
        return None
    figure, axes = row_figure(rows["approach"], rows["verdict"], rows["winner"].eq(True))
    axes.axvspan(-margin, margin, color=GREEN, alpha=0.18, linewidth=0)
    axes.axvline(0, color=GREY, linewidth=1)
    for place, row in rows.iterrows():
        colour, marker = VERDICTS.get(row["verdict"], (GREY, "o"))
        bounds = [row["simultaneous_lower"], row["simultaneous_upper"]]
        axes.plot(bounds, [place] * 2, color=colour, linewidth=2.4)
        axes.plot(row["difference"], place, marker, color=colour, markersize=8)
    far = rows.loc[rows["verdict"] == "not told apart", "difference"].abs().max()
    near = max(NEAR * max(margin, 0.001), 1.15 * (0 if pd.isna(far) else far))
    axes.set_xlim(-near, near)
    for place, row in rows.iterrows():
        mark_beyond(axes, place, *row[["difference", "simultaneous_lower", "simultaneous_upper"]])
    labelled(axes, f"mean Dice minus that of the best (green: within {margin:g})", "")
    return figure


def rank_figure(board: pd.DataFrame) -> Figure | None:
    """Interval of the rank, and the share of resamples in which an approach ranks first.

    Args:
        board: columns `approach`, `status`, `rank_lower`, `rank_upper`, `p_rank_1`, `winner`.
    """
    rows = complete(board)
    if len(rows) < 2 or rows["rank_lower"].isna().all():
        return None
    notes = [f"first in {100 * share:.3g} %" for share in rows["p_rank_1"]]
    figure, axes = row_figure(rows["approach"], notes, rows["winner"].eq(True))
    for place, row in rows.iterrows():
        bounds = [row["rank_lower"], row["rank_upper"]]
        axes.plot(bounds, [place] * 2, color=BLUE, linewidth=6, alpha=0.4)
        axes.plot(place + 1, place, "o", color=BLUE, markersize=8)
    axes.set_xticks(range(1, len(rows) + 1))
    axes.set_xlim(0.5, len(rows) + 0.5)
    labelled(axes, "rank: here (dot) and in 95 % of resamples (bar)", "")
    return figure


def cost_figure(board: pd.DataFrame) -> Figure | None:
    """Mean Dice against seconds for an image; the line joins those that no other beats in both.

    Where few approaches far below would squeeze the others together, these stand at the lower edge
    with their Dice.

    Args:
        board: columns `approach`, `status`, `dice_mean`, `predict_seconds_per_image`, `pareto`,
            `verdict`, `winner`.
    """
    rows = complete(board).dropna(subset=["predict_seconds_per_image"])
    if rows.empty:
        return None
    near = crowd_limits(rows["dice_mean"])
    span = max(float(np.ptp(rows["dice_mean"])), 0.05)
    whole = (rows["dice_mean"].min() - 0.15 * span, rows["dice_mean"].max() + 0.15 * span)
    low, high = near or whole
    low -= 0.12 * (high - low) * bool(near)  # room for those at the edge
    figure, grid = styled_axes(width=WIDTH, height=4.0)
    axes = grid[0, 0]
    edge = low + 0.05 * (high - low)
    rows = rows.assign(at=rows["dice_mean"].where(rows["dice_mean"] >= low, edge))
    front = rows[rows["pareto"].eq(True)].sort_values("predict_seconds_per_image")
    if len(front):
        at = front["predict_seconds_per_image"], front["dice_mean"]
        wording = "no other is both faster and better"
        axes.plot(*at, drawstyle="steps-post", color=GREY, linewidth=1.2, label=wording)
    for row in rows.itertuples():
        colour, marker = VERDICTS.get(row.verdict, (GREY, "o"))
        seconds = row.predict_seconds_per_image
        axes.plot(seconds, row.at, marker, color=colour, markersize=9, zorder=3)
    chosen = rows[rows["winner"].eq(True)]
    if len(chosen):
        ring = {"markersize": 16, "markeredgewidth": 1.4, "markeredgecolor": "black"}
        at = chosen["predict_seconds_per_image"], chosen["at"]
        axes.plot(*at, "o", color="none", label="taken", **ring)
    seconds = rows["predict_seconds_per_image"]
    axes.set(xlim=(seconds.min() / 3, seconds.max() * 3), ylim=(low, high))
    plain_ticks(axes)
    labelled(axes, "seconds for an image (logarithmic)", "mean Dice on val")
    legend_above(figure, *axes.get_legend_handles_labels())
    names = [
        row.approach if row.dice_mean >= low else f"{row.approach} ▼ {row.dice_mean:.3f}"
        for row in rows.itertuples()
    ]
    place_labels(axes, seconds.tolist(), rows["at"].tolist(), names)
    return figure


def dice_figure(per_image: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Dice image by image: each image as a point.

    Args:
        per_image: columns `approach`, `tp`, `fn`, `dice`; approaches in the order in which they
            are to be drawn.
        colours: approach → colour; those that are not in it get one that is free.
    """
    visible = with_objects(per_image)
    if visible.empty:
        return None
    names = list(dict.fromkeys(visible["approach"]))
    by_name = {name: visible.loc[visible["approach"] == name, "dice"] for name in names}
    notes = [f"median {dice.median():.3f}" for dice in by_name.values()]
    figure, axes = row_figure(names, notes)
    random, colours = np.random.default_rng(0), colours_of(names, colours)  # the same each time
    for place, (name, dice) in enumerate(by_name.items()):
        heights = place + random.uniform(-0.13, 0.2, len(dice))
        axes.scatter(dice, heights, s=12, alpha=0.5, color=colours[name], linewidths=0)
        at = [place - 0.18, place + 0.25]
        axes.plot([dice.median()] * 2, at, color="black", linewidth=2)
    axes.set_xlim(-0.02, 1.02)
    labelled(axes, "Dice of an image (bar: median)", "")
    return figure


def set_figures(table: pd.DataFrame) -> dict[str, Figure]:
    """How many objects each approach finds on labelled images of another origin, with 95 %
    intervals; where a set has no object, how many it invents on an image.

    Args:
        table: columns `set`, `approach`, `status`, `objects`, and with their bounds `found_share`
            and `invented_per_image`.

    Returns:
        Set → its figure.
    """
    figures = {}
    scored = table[table["status"] == "ok"] if len(table) else table
    for name, rows in scored.groupby("set", sort=False) if len(scored) else ():
        has_objects = rows["objects"].max() > 0
        column = "found_share" if has_objects else "invented_per_image"
        notes = [f"{row.invented_per_image:.2f} invented an image" for row in rows.itertuples()]
        figure, axes = row_figure(rows["approach"], notes if has_objects else ())
        for place, (_, row) in enumerate(rows.iterrows()):
            bounds = [row[f"{column}_lower"], row[f"{column}_upper"]]
            axes.plot(bounds, [place] * 2, color=BLUE, linewidth=2.4)
            axes.plot(row[column], place, "o", color=BLUE, markersize=8)
        what = "share found of the objects" if has_objects else "invented on an image"
        labelled(axes, f"{what} of {name}, 95 % interval", "")
        figures[str(name)] = figure
    return figures


def parts_figure(parts: pd.DataFrame) -> Figure | None:
    """Mean Dice of each approach on several parts of the images, such as objects that training has
    seen and others.

    Args:
        parts: a column `approach`, and one for each part, whose name is that of the part.
    """
    columns = [column for column in parts.columns if column != "approach"]
    if parts.empty or not columns:
        return None
    figure, axes = row_figure(parts["approach"])
    figure.set_figheight(figure.get_figheight() + LINE * len(columns))
    for column, (colour, marker) in zip(columns, PARTS, strict=False):
        for place, dice in enumerate(parts[column]):
            label = column if place == 0 else None
            axes.plot(dice, place, marker, color=colour, markersize=8, alpha=0.85, label=label)
    for place, (_, row) in enumerate(parts.iterrows()):
        values = row[columns].astype(float)
        axes.plot([values.min(), values.max()], [place] * 2, color=GREY, linewidth=1, zorder=0)
    labelled(axes, "mean Dice", "")
    legend_above(figure, *axes.get_legend_handles_labels(), columns=1)
    return figure
