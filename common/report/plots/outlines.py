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
