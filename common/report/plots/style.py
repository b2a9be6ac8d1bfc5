"""One look for all figures. pyplot is not used, so that figures are shown where a notebook says so
and leave nothing behind.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

# Inches, and with the sizes of letters below legible on a phone, where a figure has 9 cm.
WIDTH = 5.2
ROW, FRAME = 0.5, 0.75  # of a row of approaches, and of what stands around the rows
TICKS, WORDS = 10, 10.5  # points
DPI = 80  # in a notebook, which would be large otherwise


def styled_axes(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 5.0,
    height: float = 3.4,
    sharey: bool | Literal["row"] = False,
) -> tuple[Figure, np.ndarray]:
    """An empty figure in the project's look.

    Args:
        rows: of axes.
        columns: of axes.
        width: of each axes in inches, labels included.
        height: of each axes in inches, labels included.
        sharey: whether all axes, or those of a row, have one scale upwards.

    Returns:
        The figure and its axes (rows, columns).

    Raises:
        ValueError: there would be no axes.
    """
    if min(rows, columns) < 1:
        raise ValueError(
            f"styled_axes got {rows} rows and {columns} columns; it needs at least one of each."
        )
    figure = Figure(
        figsize=(width * columns, height * rows), layout="constrained", facecolor="white", dpi=DPI
    )
    axes = figure.subplots(rows, columns, squeeze=False, sharey=sharey)
    for one in axes.flat:
        _style(one)
    return figure, axes


def labelled(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name both axes, with their units, and perhaps the whole."""
    axes.set_xlabel(x, fontsize=WORDS)
    axes.set_ylabel(y, fontsize=WORDS)
    if title:
        axes.set_title(title, fontsize=11, loc="left")


def row_figure(
    names: Sequence[str], notes: Iterable[str] = (), bold: Iterable[bool] = ()
) -> tuple[Figure, Axes]:
    """An empty figure with a row for each name, first on top. Name and note stand above the place
    of the row, so that its axis has the whole width.

    Args:
        names: of the rows; row i lies at y = i.
        notes: what stands at the right end of a row, for each or for none.
        bold: whether a name is emphasised, for each or for none.
    """
    height = FRAME + ROW * max(len(names), 1)
    figure, grid = styled_axes(width=WIDTH, height=height)
    axes = grid[0, 0]
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(names) - 0.55, -0.75)
    notes, bold = list(notes) or [""] * len(names), list(bold) or [False] * len(names)
    for place, (name, note, strong) in enumerate(zip(names, notes, bold, strict=True)):
        for text, side, align in ((name, 0.0, "left"), (note, 1.0, "right")):
            axes.annotate(
                text,
                (side, place),
                (0, 6),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha=align,
                va="bottom",
                fontsize=WORDS,
                fontweight="bold" if strong else "normal",
                annotation_clip=False,
            )
    return figure, axes


def legend_above(
    figure: Figure, handles: Sequence[Artist], labels: Sequence[str], columns: int = 2
) -> None:
    """A legend above the axes, where there is something to name."""
    if handles:
        place = "outside upper center"
        figure.legend(handles, labels, loc=place, ncols=columns, frameon=False, fontsize=TICKS)


def legend(
    axes: Axes,
    loc: str = "best",
    bbox_to_anchor: tuple[float, float] | None = None,
    ncols: int = 1,
    handles: Sequence[Artist] | None = None,
) -> None:
    """A legend without a frame, where there is something to name.

    Args:
        axes: what it belongs to.
        loc: where in the axes, or which of its own corners lies at `bbox_to_anchor`.
        bbox_to_anchor: a place (x, y) in shares of the axes.
        ncols: names in a row.
        handles: what is named; None names all that has a label.
    """
    named = axes.get_legend_handles_labels()[0]
    if named:
        axes.legend(
            handles=named if handles is None else handles,
            frameon=False,
            fontsize=TICKS,
            loc=loc,
            bbox_to_anchor=bbox_to_anchor,
            ncols=ncols,
        )


def plain_ticks(axes: Axes) -> None:
    """Make the x-axis logarithmic, with few ticks at 1, 2 and 5 times the powers of ten, written
    as plain numbers.
    """
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    places = [factor * 10.0**power for power in range(-9, 10) for factor in (1, 2, 5)]
    inside = [place for place in places if low <= place <= high]
    if len(inside) > 6:
        powers = [place for place in inside if f"{place:e}".startswith("1")]
        inside = powers[:: -(-len(powers) // 6)]
    axes.set_xticks(inside, [f"{place:,.10g}" for place in inside])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(low, high)


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#555555")
    axes.tick_params(labelsize=TICKS, colors="#333333")
    axes.grid(True, color="#E4E4E4", linewidth=0.7)
    axes.set_axisbelow(True)
