"""Figures of where approaches are weak: kinds of images, corrupted images, and probabilities that
do not mean what they say. All take tables of a run and return None where there is nothing to draw.
"""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from common.analysis.strata import QUANTITIES
from common.report.colours import GREY, Colours, colours_of
from common.report.plots.style import labelled, legend, styled_axes

SCALE = colormaps["cividis"]  # of Dice from 0 to 1; the same order for colour-blind readers
FEW_PIXELS = 100  # a bin of fewer has no share worth drawing


def strata_figure(strata: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Dice with 95 % intervals, and signed error of the area, on images alike in size, contrast or
    brightness.

    Args:
        strata: columns `by`, `stratum`, `low`, `high`, `n_images`, `approach`, `dice_mean`,
            `lower`, `upper`, `area_bias`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    if strata.empty:
        return None
    kinds = list(dict.fromkeys(strata["by"]))
    figure, axes = styled_axes(2, len(kinds), width=4.4, height=3.3, sharey="row")
    names = list(dict.fromkeys(strata["approach"]))
    for column, kind in enumerate(kinds):
        rows = strata[strata["by"] == kind]
        for place, name in enumerate(names):
            _draw_strata(axes[:, column], rows[rows["approach"] == name], place, names, colours)
        parts = rows.drop_duplicates("stratum").sort_values("stratum")
        quantity, unit = QUANTITIES.get(kind, (kind, ""))
        ticks = [
            f"{_short(row.low)} to {_short(row.high)}\n{row.n_images} images"
            for row in parts.itertuples()
        ]
        for one in axes[:, column]:
            one.set_xticks(parts["stratum"], ticks, fontsize=8)
            one.set_xlim(0.5, parts["stratum"].max() + 0.5)
            one.grid(False, axis="x")
        first, bias = column == 0, "area too large (+), too small (−)\nmean share of the true area"
        labelled(axes[0, column], "", "mean Dice" if first else "", quantity)
        with_unit = f"{quantity} ({unit})" if unit else quantity
        labelled(axes[1, column], with_unit, bias if first else "")
    axes[0, 0].set_ylim(0, 1)
    for one in axes[1]:
        one.axhline(0, color=GREY, linewidth=1)
        one.set_yscale("symlog", linthresh=0.2, linscale=1.5)
    _mark_bias(axes[1, 0], strata["area_bias"])
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=6,
        frameon=False,
        fontsize=9,
    )
    return figure


def _short(value: float) -> str:
    """A bound of a stratum: whole from 100 on, else with one decimal."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def _draw_strata(
    axes: np.ndarray,
    rows: pd.DataFrame,
    place: int,
    names: list[str],
    colours: Colours | None,
) -> None:
    """One approach in one kind of strata: Dice above, bias of the area below."""
    colour, width = colours_of(names, colours)[names[place]], 0.72 / len(names)
    at = rows["stratum"] + (place - (len(names) - 1) / 2) * width
    known = rows["lower"].notna()
    axes[0].vlines(
        at[known], rows["lower"][known], rows["upper"][known], color=colour, linewidth=1.6
    )
    axes[0].plot(at, rows["dice_mean"], "o", color=colour, markersize=5, label=names[place])
    axes[1].bar(at, rows["area_bias"], width=0.9 * width, color=colour)


def _mark_bias(axes: Axes, bias: pd.Series) -> None:
    """Ticks of a symmetric logarithmic axis as plain numbers, those that the values reach."""
    reach = max(float(bias.abs().max()), 0.2)
    steps = [step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if step <= 1.5 * reach]
    below = [step for step in steps if step <= 1.5 * max(-float(bias.min()), 0.1)]
    ticks = [*(-step for step in reversed(below)), 0, *steps]
    axes.set_yticks(ticks, [f"{tick:+g}" if tick else "0" for tick in ticks])
    axes.yaxis.minorticks_off()
    axes.set_ylim(-1.2 * max(-float(bias.min()), 0.1), 1.2 * reach)


def robustness_figure(robustness: pd.DataFrame) -> Figure | None:
    """Mean Dice of each approach under each corruption and severity, beside that of the images as
    they are.

    Cells of corruptions that the approach has met in its training augmentation are hatched.

    Args:
        robustness: columns `approach`, `corruption`, `severity`, `dice_mean`, `drop`,
            `in_augmentation`.
    """
    if robustness.empty:
        return None
    names = list(dict.fromkeys(robustness["approach"]))
    kinds = list(dict.fromkeys(robustness["corruption"]))
    severities = sorted(robustness["severity"].unique())
    columns = [(kind, severity) for kind in kinds for severity in severities]
    figure, axes = styled_axes(width=2.6 + 0.42 * len(columns), height=1.7 + 0.42 * len(names))
    one = axes[0, 0]
    table = robustness.set_index(["approach", "corruption", "severity"])
    for row, name in enumerate(names):
        found = table.loc[name]
        _cell(one, row, 0, float((found["dice_mean"] + found["drop"]).iloc[0]), False)
        for place, cell in enumerate(columns):
            at = 1.3 + place + 0.2 * (place // len(severities))
            _cell(
                one,
                row,
                at,
                float(found.loc[cell, "dice_mean"]),
                bool(found.loc[cell, "in_augmentation"]),
            )
    starts = [1.3 + (len(severities) + 0.2) * number for number in range(len(kinds))]
    middles = [start + len(severities) / 2 for start in starts]
    one.set_xticks([0.5, *middles], ["as\nit is", *(kind.replace("_", "\n") for kind in kinds)])
    one.text(0.5, -0.12, "severity", ha="center", va="bottom", fontsize=8, color=GREY)
    for start in starts:
        for place, severity in enumerate(severities):
            one.text(
                start + place + 0.5,
                -0.12,
                severity,
                ha="center",
                va="bottom",
                fontsize=8,
                color=GREY,
            )
    one.set_yticks(np.arange(len(names)) + 0.5, names)
    one.set(xlim=(0, starts[-1] + len(severities)), ylim=(len(names), -0.55))
    one.grid(False)
    one.spines[["left", "bottom"]].set_visible(False)
    one.tick_params(length=0)
    hatched = (
        ", hatched: corruptions like those in the training augmentation"
        if table["in_augmentation"].any()
        else ""
    )
    labelled(one, f"mean Dice on the same images in every cell{hatched}", "")
    return figure


def _cell(axes: Axes, row: float, column: float, dice: float, marked: bool) -> None:
    """One number on its colour, dark for low Dice."""
    axes.add_patch(
        Rectangle((column, row), 1, 1, facecolor=SCALE(dice), edgecolor="white", linewidth=1)
    )
    if marked:
        axes.add_patch(
            Rectangle(
                (column, row),
                1,
                1,
                facecolor="none",
                edgecolor="#FFFFFF99",
                hatch="//",
                linewidth=0,
            )
        )
    ink = "white" if dice < 0.55 else "black"
    axes.text(
        column + 0.5,
        row + 0.5,
        f"{dice:.2f}".replace("0.", "."),
        ha="center",
        va="center",
        fontsize=8,
        color=ink,
    )


def reliability_figure(calibration: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Share of pixels that are object against the predicted probability, and how many pixels have
    it, near the objects.

    Args:
        calibration: columns `approach`, `low`, `high`, `pixels`, `proba_mean`, `object_share`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    if calibration.empty:
        return None
    figure, axes = styled_axes(1, 2, width=5.0, height=4.2)
    colours = colours_of(calibration["approach"], colours)
    axes[0, 0].plot(
        [0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="means what it says"
    )
    for name, rows in calibration.groupby("approach", sort=False):
        enough = rows[rows["pixels"] >= FEW_PIXELS]
        axes[0, 0].plot(
            enough["proba_mean"],
            enough["object_share"],
            "o-",
            markersize=4,
            color=colours[name],
            label=name,
        )
        share = 100 * rows["pixels"] / rows["pixels"].sum()
        axes[0, 1].stairs(
            share,
            [*rows["low"], rows["high"].iloc[-1]],
            color=colours[name],
            linewidth=1.6,
            label=name,
        )
    axes[0, 0].set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes[0, 1].set_yscale("log")
    axes[0, 1].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes[0, 1].yaxis.set_minor_formatter(NullFormatter())
    axes[0, 1].set_xlim(0, 1)
    labelled(
        axes[0, 0], "predicted probability of object", "share of these pixels that are object"
    )
    labelled(axes[0, 1], "predicted probability of object", "pixels near objects (%, logarithmic)")
    legend(
        axes[0, 1],
        handles=axes[0, 0].get_legend_handles_labels()[0],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
    return figure
