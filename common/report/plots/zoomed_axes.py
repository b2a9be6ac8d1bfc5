"""A second, enlarged view where few values far away squeeze all others together, and marks of what
lies beyond it.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from common.report.colours import GREY

# of the range: values at least as close to the highest make the crowd, which holds at least half
# of them
NEAR = 0.25
WORTH = 0.4  # of the whole axis: a view that is not smaller enlarges too little
MANY = 0.75  # of the rows are shown whole where rows reach far to both sides
FAR = 3  # times what these rows reach


def crowd_limits(
    values: Sequence[float],
    lower: Sequence[float] | None = None,
    upper: Sequence[float] | None = None,
) -> tuple[float, float] | None:
    """Limits of an axis that shows the highest values apart; None where they stand apart already.

    Args:
        values: one for each row.
        lower: lower bounds of their intervals; missing ones are taken as the value.
        upper: upper bounds of their intervals, likewise.

    Examples:
        >>> [round(limit, 3) for limit in crowd_limits([0.93, 0.91, 0.85, 0.2])]
        [0.842, 0.938]
        >>> crowd_limits([0.9, 0.8, 0.7]) is None
        True
    """
    points = np.asarray(values, dtype=float)
    low, high = (_filled(bounds, points) for bounds in (lower, upper))
    near = points >= points.max() - NEAR * np.ptp(points)
    begin, end = low[near].min(), high[near].max()
    if (
        near.all()
        or 2 * near.sum() < len(points)
        or end - begin > WORTH * (high.max() - low.min())
    ):
        return None
    margin = 0.1 * max(end - begin, 0.01)
    return float(begin - margin), float(end + margin)


def reach_limits(
    values: Sequence[float], lower: Sequence[float], upper: Sequence[float]
) -> tuple[float, float] | None:
    """Limits around 0 that hold most rows whole; None where no row reaches far beyond the others.

    Args:
        values: one for each row.
        lower: lower bounds of their intervals; missing ones are taken as the value.
        upper: upper bounds of their intervals, likewise.

    Examples:
        >>> reach_limits([0.01, 0.02, 0.01, -0.2], [0.0, 0.01, 0.0, -0.7], [0.02, 0.03, 0.02, 0.3])
        (-0.033, 0.033)
    """
    points = np.asarray(values, dtype=float)
    reach = np.max(np.abs([points, _filled(lower, points), _filled(upper, points)]), axis=0)
    near = float(np.sort(reach)[max(int(np.ceil(MANY * len(reach))) - 1, 0)])
    if not 0 < near * FAR < reach.max():
        return None
    return round(-1.1 * near, 6), round(1.1 * near, 6)


def mark_beyond(
    axes: Axes, place: float, value: float, lower: float, upper: float, digits: int | None = 3
) -> None:
    """Say where the point of a row is that lies beyond the axis, and point to where its interval
    runs out of it.

    Args:
        axes: whose limits are final.
        place: of the row.
        value: of its point.
        lower: bound of its interval; the value where there is none.
        upper: bound of its interval, likewise.
        digits: behind the point of the value; None where it stands elsewhere in the row.
    """
    left, right = axes.get_xlim()
    sides = ((value < left, lower < left, left, "◀"), (value > right, upper > right, right, "▶"))
    for beyond, out, side, arrow in sides:
        if not (beyond or out):
            continue
        words = arrow
        if beyond and digits is not None:
            wording = f"{value:+.{digits}f}" if left < 0 else f"{value:.{digits}f}"
            words = f"{arrow} {wording}" if side == left else f"{wording} {arrow}"
        axes.text(
            side,
            place,
            words,
            ha="left" if side == left else "right",
            va="center",
            fontsize=9,
            color=GREY,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )


def _filled(bounds: Sequence[float] | None, points: np.ndarray) -> np.ndarray:
    if bounds is None:
        return points
    found = np.array([np.nan if bound is None else bound for bound in bounds], dtype=float)
    return np.where(np.isnan(found), points, found)
