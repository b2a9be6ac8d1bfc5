"""Figures of photos from elsewhere: what each training finds and invents there, and what mistakes
come from.
"""

from textwrap import shorten

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from common.report.colours import BLUE, GREY, VERMILION
from common.report.plots.style import labelled, legend_above, row_figure, styled_axes

WIDE, LONGEST = 8.6, 70  # inches; letters of the name of a training
KIND_COLOURS = {"missed": BLUE, "invented": VERMILION}


def ground_figure(ground: pd.DataFrame) -> Figure | None:
    """Objects found and pieces invented by each training, on one scale.

    Args:
        ground: of `common.report.field.read_ground`.
    """
    if ground.empty:
        return None
    names = [shorten(name, LONGEST, placeholder=" …") for name in ground["training"]]
    figure, axes = row_figure(names, [f"Dice {dice:.3f}" for dice in ground["dice"]])
    figure.set_figwidth(WIDE)
    places = np.arange(len(ground))
    for place, row in ground.iterrows():
        axes.plot([row["found"], row["invented"]], [place] * 2, color=GREY, linewidth=1)
    found = axes.plot(ground["found"], places, "o", color=BLUE, label="butts found")
    invented = axes.plot(ground["invented"], places, "X", color=VERMILION, label="pieces invented")
    axes.set_xlim(left=0)
    labelled(axes, "number on all photos", "")
    legend_above(figure, [*found, *invented], ["butts found", "pieces invented"])
    return figure


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
