"""Geometry that must be undone exactly: the eight flips and quarter turns of a picture, padding to
a multiple, and the overlapping tiles of a large photo.

Whoever predicts on a changed picture has to bring the probability map back to the photo's pixels;
here each change has its exact inverse beside it. The module refuses everything that resamples
(resizing, free rotation), because that has no exact inverse.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np


class View(NamedTuple):
    """A left-right flip or none, followed by 0 to 3 quarter turns counter-clockwise."""

    flipped: bool
    quarter_turns: int


D4_VIEWS: tuple[View, ...] = tuple(
    View(flipped, turns) for flipped in (False, True) for turns in range(4)
)
"""The eight symmetries of the square, the identity first."""

Crop = tuple[slice, slice]


def apply_view(array: np.ndarray, view: View) -> np.ndarray:
    """Flip and turn a picture.

    Args:
        array: (H, W) or (H, W, C), any dtype.
        view: one of `D4_VIEWS`.

    Returns:
        (H, W[, C]), or (W, H[, C]) after an odd number of quarter turns; contiguous, so that torch
        takes it. It may share memory with `array`.

    Raises:
        ValueError: the array is neither 2-D nor 3-D.

    Examples:
        >>> apply_view(np.array([[1, 2, 3]]), View(flipped=True, quarter_turns=1)).tolist()
        [[1], [2], [3]]
    """
    _check_picture(array, "apply_view")
    flipped = array[:, ::-1] if view.flipped else array
    return np.ascontiguousarray(np.rot90(flipped, view.quarter_turns))


def invert_view(array: np.ndarray, view: View) -> np.ndarray:
    """Undo `apply_view`: `invert_view(apply_view(array, view), view)` equals `array`.

    Args:
        array: (H, W) or (H, W, C) as `apply_view` returned it, or a map of the same height and
            width.
        view: the view that was applied.

    Returns:
        The array as it stood before; contiguous. It may share memory with `array`.

    Raises:
        ValueError: the array is neither 2-D nor 3-D.
    """
    _check_picture(array, "invert_view")
    turned_back = np.rot90(array, -view.quarter_turns)
    return np.ascontiguousarray(turned_back[:, ::-1] if view.flipped else turned_back)


def pad_to_multiple(
    image: np.ndarray,
    multiple: int,
    mode: Literal["reflect", "symmetric", "edge", "constant"] = "reflect",
) -> tuple[np.ndarray, Crop]:
    """Pad a picture below and on the right until height and width are multiples of a number.

    Pixel (r, c) stays at (r, c). Where the padding is larger than the picture, "reflect" goes back
    and forth as often as needed, and along a side of one pixel, which has nothing to reflect, it
    repeats that pixel.

    Args:
        image: (H, W) or (H, W, C), any dtype, at least one pixel.
        multiple: 1 or more, e.g. 32 for an encoder that halves five times.
        mode: as `numpy.pad`; "constant" pads with 0.

    Returns:
        The padded picture, and the crop for `crop_back`.

    Raises:
        ValueError: the image is neither 2-D nor 3-D or has no pixels, or the multiple is below 1.

    Examples:
        >>> padded, crop = pad_to_multiple(np.array([[1, 2, 3]]), 4)
        >>> padded[0].tolist(), crop_back(padded, crop).tolist()
        ([1, 2, 3, 2], [[1, 2, 3]])
    """
    _check_picture(image, "pad_to_multiple")
    if image.size == 0:
        raise ValueError(
            f"pad_to_multiple got shape {image.shape}; it needs an image of at least one pixel."
        )
    if multiple < 1:
        raise ValueError(
            f"pad_to_multiple got multiple={multiple!r}; it needs an integer from 1 up, e.g. 32."
        )
    height, width = image.shape[:2]
    padding = [(0, -height % multiple), (0, -width % multiple)] + [(0, 0)] * (image.ndim - 2)
    return np.pad(image, padding, mode=mode), (slice(0, height), slice(0, width))


def crop_back(proba: np.ndarray, crop: Crop) -> np.ndarray:
    """Undo `pad_to_multiple` on a map of the padded size.

    Args:
        proba: (H', W') or (H', W', C) at the padded size.
        crop: what `pad_to_multiple` returned.

    Returns:
        (H, W) or (H, W, C), contiguous. It may share memory with `proba`.

    Raises:
        ValueError: the map is smaller than the crop.
    """
    _check_picture(proba, "crop_back")
    height, width = crop[0].stop, crop[1].stop
    if proba.shape[0] < height or proba.shape[1] < width:
        raise ValueError(
            f"crop_back got shape {proba.shape} for a crop of {height} x {width}; it needs a map "
            "of the padded size. Resize the network's output to its input first."
        )
    return np.ascontiguousarray(proba[crop])


def _check_picture(array: np.ndarray, caller: str) -> None:
    if array.ndim not in (2, 3):
        raise ValueError(
            f"{caller} got shape {array.shape}; it needs one picture, (H, W) or (H, W, C). Take "
            "batches apart first."
        )


TILE_PX, OVERLAP_PX = 1536, 192  # at most; at least
STEP_PX = 32  # sides of tiles are multiples of it, so that most networks pad none


def tiled(predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> np.ndarray:
    """Predict an image whole where it is small, else in tiles whose overlaps fade into each other.

    Args:
        predict: (h, w, 3) uint8 → probabilities (h, w) float32.
        image: (H, W, 3) uint8 of any size.

    Returns:
        (H, W) float32.
    """
    height, width = image.shape[:2]
    if max(height, width) <= TILE_PX:
        return predict(image)
    total, weight = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for rows in tile_spans(height):
        for columns in tile_spans(width):
            part = rows, columns
            proba = predict(np.ascontiguousarray(image[part]))
            share = np.minimum.outer(ramp(proba.shape[0]), ramp(proba.shape[1]))
            total[part] += proba * share
            weight[part] += share
    return np.clip(total / weight, 0, 1)


def tile_spans(size: int) -> list[slice]:
    """The fewest tiles that cover `size` pixels and overlap by at least `OVERLAP_PX`, none larger
    than it must be: 2,150 px are two tiles of 1,184 px.
    """
    count = max(1, -(-(size - OVERLAP_PX) // (TILE_PX - OVERLAP_PX)))
    side = -(-(size + (count - 1) * OVERLAP_PX) // count)
    side = min(size, -(-side // STEP_PX) * STEP_PX)
    starts = [round(start) for start in np.linspace(0, size - side, count)]
    return [slice(start, start + side) for start in starts]


def ramp(size: int) -> np.ndarray:
    """Weights (size,) float32 in (0, 1] that fall towards both ends of a tile."""
    position = np.arange(size, dtype=np.float32)
    return np.minimum(1, (np.minimum(position, position[::-1]) + 1) / OVERLAP_PX)
