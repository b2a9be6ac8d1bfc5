"""Figures of where approaches are weak: kinds of images, corrupted images, and probabilities that
do not mean what they say. All take tables of a run and return None where there is nothing to draw.
"""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from common.analysis.strata import QUANTITIES
from common.report.colours import GREY, Colours, colours_of
from common.report.plots.style import TICKS, WIDTH, labelled, legend_above, styled_axes

SCALE = colormaps["cividis"]  # of Dice from 0 to 1; the same order for colour-blind readers
FEW_PIXELS = 100  # a bin of fewer has no share worth drawing


def strata_figures(strata: pd.DataFrame, colours: Colours | None = None) -> dict[str, Figure]:
    """Dice with 95 % intervals on images alike in size, contrast or brightness.

    Args:
        strata: columns `by`, `stratum`, `low`, `high`, `n_images`, `approach`, `dice_mean`,
            `lower`, `upper`.
        colours: approach → colour; those that are not in it get one that is free.

    Returns:
        What the images are alike in → its figure.
    """
    figures = {}
    for kind, rows in strata.groupby("by", sort=False) if len(strata) else ():
        names = list(dict.fromkeys(rows["approach"]))
        figure, grid = styled_axes(width=WIDTH, height=2.9 + 0.13 * len(names))
        axes = grid[0, 0]
        for place, name in enumerate(names):
            _draw_strata(axes, rows[rows["approach"] == name], place, names, colours)
        parts = rows.drop_duplicates("stratum").sort_values("stratum")
        quantity, unit = QUANTITIES.get(kind, (kind, ""))
        ticks = [
            f"{_short(row.low)} to {_short(row.high)}\n{row.n_images} images"
            for row in parts.itertuples()
        ]
        axes.set_xticks(parts["stratum"], ticks)
        axes.set_xlim(0.5, parts["stratum"].max() + 0.5)
        axes.set_ylim(0, 1)
        axes.grid(False, axis="x")
        labelled(axes, f"{quantity} ({unit})" if unit else quantity, "mean Dice")
        legend_above(figure, *axes.get_legend_handles_labels())
        figures[str(kind)] = figure
    return figures


def _short(value: float) -> str:
    """A bound of a stratum: whole from 100 on, else with one decimal."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def _draw_strata(
    axes: Axes, rows: pd.DataFrame, place: int, names: list[str], colours: Colours | None
) -> None:
    """One approach in one kind of strata."""
    colour, width = colours_of(names, colours)[names[place]], 0.72 / len(names)
    at = rows["stratum"] + (place - (len(names) - 1) / 2) * width
    known = rows["lower"].notna()
    bounds = rows["lower"][known], rows["upper"][known]
    axes.vlines(at[known], *bounds, color=colour, linewidth=1.6)
    axes.plot(at, rows["dice_mean"], "o", color=colour, markersize=5, label=names[place])


def robustness_figure(robustness: pd.DataFrame) -> Figure | None:
    """Mean Dice of each approach under each corruption, over its severities, beside that of the
    images as they are.

    A star marks corruptions like those that the approach has met in its training augmentation.

    Args:
        robustness: columns `approach`, `corruption`, `severity`, `dice_mean`, `drop`,
            `in_augmentation`.
    """
    if robustness.empty:
        return None
    names = list(dict.fromkeys(robustness["approach"]))
    kinds = list(dict.fromkeys(robustness["corruption"]))
    means = robustness.groupby(["approach", "corruption"])[["dice_mean", "drop"]].mean()
    met = robustness.groupby(["approach", "corruption"])["in_augmentation"].max()
    figure, grid = styled_axes(width=WIDTH, height=1.7 + 0.36 * (len(kinds) + 1))
    axes = grid[0, 0]
    for column, name in enumerate(names):
        _cell(axes, 0, column, float(means.loc[name].sum(axis=1).iloc[0]), False)
        for row, kind in enumerate(kinds, start=1):
            dice = float(means.loc[(name, kind), "dice_mean"])
            _cell(axes, row, column, dice, bool(met[name, kind]))
    axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=35, ha="left")
    axes.xaxis.tick_top()
    rows = ["as it is", *(kind.replace("_", " ") for kind in kinds)]
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.set(xlim=(0, len(names)), ylim=(len(rows), 0))
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    labelled(axes, "mean Dice over the severities of a corruption", "")
    return figure


def _cell(axes: Axes, row: float, column: float, dice: float, marked: bool) -> None:
    """One number on its colour, dark for low Dice."""
    square = Rectangle((column, row), 1, 1, facecolor=SCALE(dice), edgecolor="white", linewidth=1)
    axes.add_patch(square)
    text = f"{dice:.2f}".replace("0.", ".") + "*" * marked
    ink, at = "white" if dice < 0.55 else "black", (column + 0.5, row + 0.5)
    axes.text(*at, text, ha="center", va="center", fontsize=TICKS, color=ink)


def reliability_figure(calibration: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Share of pixels that are object against the predicted probability, near the objects.

    Args:
        calibration: columns `approach`, `pixels`, `proba_mean`, `object_share`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    if calibration.empty:
        return None
    figure, grid = styled_axes(width=WIDTH, height=4.6)
    axes, colours = grid[0, 0], colours_of(calibration["approach"], colours)
    diagonal = {"color": GREY, "linestyle": "--", "linewidth": 1.2}
    axes.plot([0, 1], [0, 1], label="means what it says", **diagonal)
    for name, rows in calibration.groupby("approach", sort=False):
        enough = rows[rows["pixels"] >= FEW_PIXELS]
        at = enough["proba_mean"], enough["object_share"]
        axes.plot(*at, "o-", markersize=4, color=colours[name], label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    share = "share of these pixels that are object"
    labelled(axes, "predicted probability of object", share)
    legend_above(figure, *axes.get_legend_handles_labels())
    return figure
