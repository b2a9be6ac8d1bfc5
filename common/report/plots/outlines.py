"""Pictures: images with the outlines of what is there and of what was predicted. Arrays come in, a
figure goes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from common.report.colours import BLACK, MAGENTA, SKY
from common.report.plots.style import styled_axes

WIDEST_PX = 900  # larger images are shrunk before they are drawn
ZOOM_MARGIN = 0.6  # of the object's size is shown around it
LEAST_ZOOM_PX = 48
LineStyle = str | tuple[float, Sequence[float]]  # a name, or an offset and lengths on and off
DASHED: LineStyle = (0, (3, 2))  # of what is true, where a prediction lies beside it


@dataclass(frozen=True)
class OutlinedImage:
    """An image (H, W, 3) uint8 with its true and its predicted mask (H, W) bool, one of which may
    be None.
    """

    title: str
    image: np.ndarray
    truth: np.ndarray | None = None
    predicted: np.ndarray | None = None


def outlined_figure(pictures: Sequence[OutlinedImage], columns: int = 4) -> Figure | None:
    """Images with the outlines of their masks.

    Args:
        pictures: row by row.
        columns: images in a row.

    Returns:
        The figure, None without pictures.
    """
    if not pictures:
        return None
    columns = min(columns, len(pictures))
    tallest = max(picture.image.shape[0] / picture.image.shape[1] for picture in pictures)
    side = 11 / columns if columns > 1 else 6
    height = side * min(tallest, 1.4) + 0.5
    figure, axes = styled_axes(-(-len(pictures) // columns), columns, width=side, height=height)
    for one in axes.flat:
        one.set_axis_off()
    for one, picture in zip(axes.flat, pictures, strict=False):
        _draw(one, picture)
    _name_outlines(figure, pictures)
    return figure


def zoomed_figure(pictures: Sequence[OutlinedImage]) -> Figure | None:
    """A column for each image: whole above, and below the surroundings of its true objects
    enlarged.

    Args:
        pictures: with true masks.

    Returns:
        The figure, None without pictures.

    Raises:
        ValueError: a picture has no true mask.
    """
    if not pictures:
        return None
    figure, axes = styled_axes(2, len(pictures), width=max(11 / len(pictures), 2.2), height=2.8)
    for one in axes.flat:
        one.set_axis_off()
    for column, picture in enumerate(pictures):
        if picture.truth is None:
            raise ValueError(
                f"zoomed_figure got {picture.title!r} without a true mask; it enlarges what lies "
                "around the true objects. Use outlined_figure."
            )
        rows, columns = around(picture.truth)
        _draw(axes[0, column], picture)
        frame = columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start
        _frame(axes[0, column], *frame, scale=_scale(picture.image))
        part = [
            None if mask is None else mask[rows, columns]
            for mask in (picture.truth, picture.predicted)
        ]
        _draw(
            axes[1, column],
            OutlinedImage("around the object", picture.image[rows, columns], *part),
        )
    _name_outlines(figure, pictures)
    return figure


def around(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a square around a mask (H, W) bool, with room at its sides; all of it
    where it is empty.

    Examples:
        >>> mask = np.zeros((100, 200), bool)
        >>> mask[40:50, 100:120] = True
        >>> around(mask)
        (slice(21, 69, None), slice(86, 134, None))
    """
    if not mask.any():
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    side = max(round(max(width, height) * (1 + 2 * ZOOM_MARGIN)), LEAST_ZOOM_PX)
    rows, columns = (
        slice(max(0, middle - side // 2), min(size, middle - side // 2 + side))
        for middle, size in (
            (top + height // 2, mask.shape[0]),
            (left + width // 2, mask.shape[1]),
        )
    )
    return rows, columns


def _scale(image: np.ndarray) -> float:
    return min(1.0, WIDEST_PX / max(image.shape[:2]))


def _draw(axes: Axes, picture: OutlinedImage) -> None:
    """The image, shrunk where it is large, and both outlines on it at its own coordinates."""
    scale, image = _scale(picture.image), picture.image
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    axes.imshow(image)
    axes.grid(False)
    draw_outline(axes, picture.predicted, MAGENTA, scale)
    draw_outline(axes, picture.truth, SKY, scale, "-" if picture.predicted is None else DASHED)
    axes.set_title(picture.title, fontsize=8.5)


def draw_outline(
    axes: Axes,
    mask: np.ndarray | None,
    colour: str,
    scale: float = 1.0,
    style: LineStyle = "-",
) -> None:
    """The border of a mask: coloured on black, so that it is seen on any ground.

    Args:
        axes: that show the image.
        mask: (H, W) bool; None has no border.
        colour: of the line.
        scale: of the image against the mask.
        style: of the line, as matplotlib names it.
    """
    if mask is None:
        return
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    closed = [
        (np.concatenate([line, line[:1]]).reshape(-1, 2) + 0.5) * scale - 0.5 for line in outlines
    ]
    axes.add_collection(
        LineCollection(closed, colors=BLACK, linewidths=2.2, alpha=0.8), autolim=False
    )
    axes.add_collection(
        LineCollection(closed, colors=colour, linewidths=1.2, linestyles=[style]), autolim=False
    )


def _frame(axes: Axes, left: float, top: float, width: float, height: float, scale: float) -> None:
    """A thin white rectangle: what is enlarged below."""
    x, y = (
        np.array([left, left + width]) * scale - 0.5,
        np.array([top, top + height]) * scale - 0.5,
    )
    axes.plot(
        [x[0], x[1], x[1], x[0], x[0]],
        [y[0], y[0], y[1], y[1], y[0]],
        color="white",
        linewidth=0.8,
    )


def _name_outlines(figure: Figure, pictures: Sequence[OutlinedImage]) -> None:
    """A legend of both outlines; what is annotated alone needs none."""
    if all(picture.predicted is None for picture in pictures):
        return
    one = figure.axes[0]
    one.plot([], [], color=MAGENTA, linewidth=2, label="predicted")
    if any(picture.truth is not None for picture in pictures):
        one.plot([], [], color=SKY, linewidth=2, linestyle=DASHED, label="true")
    figure.legend(
        *one.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        frameon=False,
        fontsize=9,
    )
