"""Figures of the objects of a data set: sizes, places, directions, shapes, colours and
contrast.
"""

import cv2
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.report.colours import BLACK, GREY, split_colour
from common.report.plots.style import labelled, legend, plain_ticks, styled_axes

FIELDS = 5  # rows and columns of the map of places


def size_figure(objects: pd.DataFrame, crop_px: int | None = None) -> Figure:
    """Lengths, widths and areas of the objects of each split.

    Args:
        objects: with the columns `length_px`, `width_px`, `area_px` and `split`.
        crop_px: side of the training crops, drawn as a line; None draws none.
    """
    figure, axes = styled_axes(1, 3, width=4.0)
    for one, (column, quantity) in zip(
        axes.flat,
        (("length_px", "length (px)"), ("width_px", "width (px)"), ("area_px", "area (px)")),
        strict=True,
    ):
        _shares(one, objects, column, log=True)
        labelled(one, f"{quantity}, logarithmic", "share of objects (%)")
    if crop_px:
        axes[0, 0].axvline(
            crop_px, color=GREY, linestyle="--", linewidth=1.2, label=f"crop of {crop_px} px"
        )
    legend(axes[0, 0], loc="upper left")
    return figure


def position_figure(objects: pd.DataFrame) -> Figure:
    """Where the objects' centres lie: a map of 5×5 fields, and the centres themselves.

    Args:
        objects: with the columns `centre_x`, `centre_y` (shares of width and height) and `split`.
    """
    figure, axes = styled_axes(1, 2, width=4.6, height=4.0)
    counts, _, _ = np.histogram2d(
        objects["centre_y"], objects["centre_x"], bins=FIELDS, range=[[0, 1], [0, 1]]
    )
    shares = 100 * counts / max(counts.sum(), 1)
    drawn = axes[0, 0].imshow(shares, cmap="cividis", vmin=0, extent=(0, 100, 100, 0))
    for (row, column), share in np.ndenumerate(shares):
        place = (100 * (column + 0.5) / FIELDS, 100 * (row + 0.5) / FIELDS)
        colour = "black" if share > 0.6 * shares.max() else "white"
        axes[0, 0].annotate(
            f"{share:.1f}", place, ha="center", va="center", fontsize=8, color=colour
        )
    axes[0, 0].grid(False)
    figure.colorbar(
        drawn, ax=axes[0, 0], label=f"share of objects (%); even: {100 / FIELDS**2:g}", shrink=0.8
    )
    labelled(axes[0, 0], "from the left (% of width)", "from the top (% of height)")
    for split, table in objects.groupby("split", sort=False):
        colour = split_colour(str(split))
        axes[0, 1].scatter(
            100 * table["centre_x"],
            100 * table["centre_y"],
            s=10,
            alpha=0.6,
            color=colour,
            label=split,
        )
    axes[0, 1].set(xlim=(0, 100), ylim=(100, 0), aspect="equal")
    labelled(axes[0, 1], "from the left (% of width)", "from the top (% of height)")
    legend(axes[0, 1], loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def shape_figure(objects: pd.DataFrame) -> Figure:
    """Direction, aspect and solidity of the objects.

    Args:
        objects: with the columns `angle_deg`, `aspect`, `solidity` and `split`.
    """
    figure, axes = styled_axes(1, 3, width=4.0)
    pointed = objects[objects["aspect"] > 1.3]
    _shares(axes[0, 0], pointed, "angle_deg", bins=np.arange(0, 181, 15))
    axes[0, 0].axhline(100 / 12, color=GREY, linestyle="--", linewidth=1.2, label="even")
    axes[0, 0].set_xticks(range(0, 181, 30))
    labelled(axes[0, 0], "direction of the long side (degrees)", "share of objects (%)")
    _shares(axes[0, 1], objects, "aspect")
    labelled(axes[0, 1], "length through width", "share of objects (%)")
    _shares(axes[0, 2], objects, "solidity")
    labelled(axes[0, 2], "share of the convex hull that is filled", "share of objects (%)")
    legend(axes[0, 0], loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def colour_figure(objects: pd.DataFrame) -> Figure:
    """Colours of the objects against those of the rings around them, in CIELAB.

    Args:
        objects: with the columns `object_l`, `object_a`, `object_b` and the same of `ring`.
    """
    figure, axes = styled_axes(1, 2, width=5.4, height=4.4)
    size = 26 if len(objects) < 200 else 16
    for where, colour, marker in (("ring", GREY, "s"), ("object", BLACK, "o")):
        rgb = _as_rgb(objects[[f"{where}_{axis}" for axis in "lab"]].to_numpy(float))
        axes[0, 0].scatter(
            objects[f"{where}_a"],
            objects[f"{where}_b"],
            s=size,
            c=rgb,
            marker=marker,
            edgecolors=colour,
            linewidths=0.5,
        )
        axes[0, 0].scatter(
            [], [], s=26, c="white", marker=marker, edgecolors=colour, label=f"{where}s"
        )
    axes[0, 0].axhline(0, color=GREY, linewidth=0.7)
    axes[0, 0].axvline(0, color=GREY, linewidth=0.7)
    labelled(
        axes[0, 0],
        "a*: green (−) to red (+)",
        "b*: blue (−) to yellow (+)",
        "filled with the colour itself",
    )
    legend(axes[0, 0], loc="best")
    rgb = _as_rgb(objects[["object_l", "object_a", "object_b"]].to_numpy(float))
    axes[0, 1].scatter(
        objects["ring_l"], objects["object_l"], s=size, c=rgb, edgecolors=BLACK, linewidths=0.5
    )
    axes[0, 1].plot(
        [0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1.2, label="as light as the ring"
    )
    axes[0, 1].set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    labelled(
        axes[0, 1],
        "L* of the ring (0 black, 100 white)",
        "L* of the object",
        "above the line: lighter",
    )
    legend(axes[0, 1], loc="lower right")
    return figure


def contrast_figure(objects: pd.DataFrame, faint: float | None = None) -> Figure:
    """Colour distance of the objects to the rings around them, as histogram and as cumulated
    share.

    Args:
        objects: with the columns `contrast` and `split`.
        faint: the distance below which objects count as hard to see, drawn as a line; None draws
            none.
    """
    figure, axes = styled_axes(1, 2, width=5.0)
    _shares(axes[0, 0], objects, "contrast")
    labelled(axes[0, 0], "colour distance to the surroundings (Delta E)", "share of objects (%)")
    for split, table in objects.groupby("split", sort=False):
        sns.ecdfplot(
            table,
            x="contrast",
            stat="percent",
            ax=axes[0, 1],
            color=split_colour(str(split)),
            label=str(split),
        )
    labelled(axes[0, 1], "colour distance to the surroundings (Delta E)", "objects with less (%)")
    for one in axes.flat:
        one.set_xlim(left=0)
        if faint:
            one.axvline(
                faint, color=GREY, linestyle="--", linewidth=1.2, label=f"faint: below {faint:g}"
            )
        legend(one)
    return figure


def _shares(
    axes: Axes,
    table: pd.DataFrame,
    column: str,
    *,
    log: bool = False,
    bins: np.ndarray | None = None,
) -> None:
    """Histogram of a column in percent of each split, one outline for each split on the same
    bins.
    """
    values = table[column].replace([np.inf, -np.inf], np.nan).dropna()
    values = values[values > 0] if log else values
    if values.empty:
        axes.text(
            0.5, 0.5, "no objects", ha="center", va="center", transform=axes.transAxes, color=GREY
        )
        return
    if bins is None:
        edges = np.histogram_bin_edges(np.log10(values) if log else values, bins=18)
        bins = 10**edges if log else edges
    steps = bins.tolist()
    for split, part in table.loc[values.index].groupby("split", sort=False):
        weights = np.full(len(part), 100 / len(part))
        colour = split_colour(str(split))
        axes.hist(
            part[column], steps, weights=weights, histtype="stepfilled", color=colour, alpha=0.25
        )
        axes.hist(
            part[column],
            steps,
            weights=weights,
            histtype="step",
            color=colour,
            linewidth=1.5,
            label=str(split),
        )
    if log:
        axes.set_xscale("log")
        plain_ticks(axes)


def _as_rgb(lab: np.ndarray) -> np.ndarray:
    """CIELAB colours (n, 3) as RGB (n, 3) in [0, 1]; unknown ones as white."""
    if not len(lab):
        return lab
    known = np.nan_to_num(lab, nan=0.0)
    known[np.isnan(lab).any(axis=1)] = (100, 0, 0)
    return np.clip(cv2.cvtColor(known[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0], 0, 1)
