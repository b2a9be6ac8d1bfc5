"""Names beside points, which cover neither each other nor a point."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from common.report.colours import GREY

# From near to far, right before left: offsets in points and how the text hangs on them.
DISTANCES = (8, 20, 34, 50, 70)
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
POINT_PX = 6


def place_labels(
    axes: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str]
) -> list[Annotation]:
    """Write a name beside each point; where there is no free place near it, a thin line leads to
    the name.

    Args:
        axes: whose limits and scales are final.
        x: of the points.
        y: of the points.
        names: one for each point.

    Returns:
        The labels. One that finds no free place at all lies where it was tried last.
    """
    figure = axes.get_figure()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # settles the layout, which places depend on
    renderer, inside = canvas.get_renderer(), axes.get_window_extent()
    points = axes.transData.transform(np.column_stack([x, y]))
    taken = [Bbox.from_extents(*(point - POINT_PX), *(point + POINT_PX)) for point in points]
    labels = []
    for place, name in enumerate(names):
        for distance, side in product(DISTANCES, SIDES):
            label = _label(axes, (x[place], y[place]), name, side, distance)
            box = _box(label, renderer).padded(2)
            if _contains(inside, box) and not any(box.overlaps(other) for other in taken):
                break
            label.remove()
        else:
            label = _label(axes, (x[place], y[place]), name, side, distance)
        taken.append(_box(label, renderer))
        labels.append(label)
    return labels


def _label(
    axes: Axes, point: tuple[float, float], name: str, side: tuple[int, int], distance: float
) -> Annotation:
    return axes.annotate(
        name,
        point,
        (side[0] * distance, side[1] * distance),
        textcoords="offset points",
        ha={1: "left", -1: "right", 0: "center"}[side[0]],
        va={1: "bottom", -1: "top", 0: "center"}[side[1]],
        fontsize=10,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
        arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 3}
        if distance > DISTANCES[0]
        else None,
    )


def _box(label: Annotation, renderer: RendererBase) -> Bbox:
    """Where the text lies, without the line that leads to it."""
    label.update_positions(renderer)
    return Text.get_window_extent(label, renderer)


def _contains(outer: Bbox, inner: Bbox) -> bool:
    return (
        outer.x0 <= inner.x0
        and outer.y0 <= inner.y0
        and inner.x1 <= outer.x1
        and inner.y1 <= outer.y1
    )
