"""A figure of training crops: the same crops in every row, each row changed in another way. Arrays
come in, a figure goes out.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.report.colours import SKY
from common.report.plots.outlines import draw_outline
from common.report.plots.style import styled_axes

SIDE = 1.25  # inches of a crop


def crops_figure(rows: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]]) -> Figure | None:
    """Crops with the outlines of their masks, one row for each title.

    Args:
        rows: title → crops, each an image (h, w, 3) uint8 RGB with its mask (h, w) bool.

    Returns:
        The figure, None where there is no crop.

    Raises:
        ValueError: a mask is not of its image's size.
    """
    columns = max(map(len, rows.values()), default=0)
    if not columns:
        return None
    figure, axes = styled_axes(len(rows), columns, width=SIDE, height=SIDE)
    figure.set_size_inches(SIDE * columns + 1.4, SIDE * len(rows))
    figure.set_dpi(76)  # photos make large files, and these are stored in notebooks
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    for line, (title, crops) in zip(axes, rows.items(), strict=True):
        for one in line:
            one.set(xticks=[], yticks=[])
            one.grid(False)
            one.spines[:].set_visible(False)
        line[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=10)
        for one, (image, mask) in zip(line, crops, strict=False):
            _draw(one, title, image, mask)
    return figure


def _draw(axes: Axes, title: str, image: np.ndarray, mask: np.ndarray) -> None:
    """One crop with the outline of its mask."""
    if image.shape[:2] != mask.shape:
        raise ValueError(
            f"crops_figure got an image {image.shape} with a mask {mask.shape} in the row "
            f"{title!r}; both need the same height and width."
        )
    axes.imshow(image)
    draw_outline(axes, mask, SKY)
