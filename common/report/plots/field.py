"""Figures of photos from elsewhere: what is found and invented there at each stage, and what
mistakes come from.
"""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.report.colours import BLUE, GREY, VERMILION
from common.report.plots.style import labelled, legend_above, styled_axes

WIDE, LONGEST = 8.6, 28  # inches; letters of a line of a stage's name
LEAST_RATE = 0.01  # where the axis of rates ends
KIND_COLOURS = {"missed": BLUE, "invented": VERMILION}


def street_figure(tested: pd.DataFrame) -> Figure | None:
    """Objects found and pieces invented at each stage, with 95 % bounds.

    Args:
        tested: of `common.report.field.taken_together`.
    """
    if tested.empty:
        return None
    figure, axes = styled_axes(1, 2, width=WIDE / 2, height=1.3 + 0.5 * len(tested), sharey=True)
    found, invented = axes[0]
    stages = [fill(stage, LONGEST) for stage in tested.index]
    places = np.arange(len(tested))
    _spans(found, tested, "found_share", places, BLUE, "o")
    drawn = [
        _spans(invented, tested, "invented_rate", places - 0.12, VERMILION, "X"),
        _spans(invented, tested, "bare_rate", places + 0.12, GREY, "s"),
    ]
    found.set_yticks(places, stages)
    found.invert_yaxis()
    found.set_xlim(0, 1)
    invented.set_xscale("log")
    invented.xaxis.set_major_formatter("{x:g}")
    views, grounds = int(tested["photos_with"].max()), int(tested["photos_without"].max())
    labelled(found, f"share of {int(tested['objects'].max())} objects found", "")
    labelled(invented, "pieces invented a photo", "")
    names = [f"invented on {views} photos with objects", f"on {grounds} without any"]
    legend_above(figure, drawn, names)
    return figure


def _spans(
    axes: Axes, tested: pd.DataFrame, name: str, places: np.ndarray, colour: str, marker: str
) -> Artist:
    """A marker and its bounds for each row; where a bound is 0 a logarithmic axis shows none."""
    lower, upper = (tested[f"{name}_{end}"].clip(lower=LEAST_RATE) for end in ("lower", "upper"))
    axes.hlines(places, lower, upper, color=colour, linewidth=1.5)
    (drawn,) = axes.plot(tested[name], places, marker, color=colour, markersize=7)
    return drawn


def cause_figure(causes: pd.DataFrame) -> Figure | None:
    """How often each cause led to a mistake, the most frequent on top, a colour for each kind.

    Args:
        causes: of `common.report.field.read_causes`.
    """
    if causes.empty:
        return None
    table = causes.pivot_table(
        values="count", index="cause", columns="kind", aggfunc="sum", fill_value=0, sort=False
    )
    figure, axes = styled_axes(width=WIDE, height=0.9 + 0.34 * len(table))
    one, left = axes[0, 0], np.zeros(len(table))
    for kind in table.columns:
        counts = table[kind].to_numpy()
        one.barh(table.index, counts, left=left, color=KIND_COLOURS.get(kind, GREY), label=kind)
        left = left + counts
    for place, total in enumerate(left):
        one.annotate(f"{total:g}", (total, place), (4, 0), textcoords="offset points", va="center")
    one.invert_yaxis()
    one.xaxis.get_major_locator().set_params(integer=True)
    labelled(one, "how often", "")
    handles, labels = one.get_legend_handles_labels()
    legend_above(figure, handles, labels, columns=len(labels))
    return figure
