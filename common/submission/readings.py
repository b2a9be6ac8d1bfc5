"""Other ways to read a run-length encoded mask than the submission's own.

The submission's dialect is row-major and 1-based with `start length` pairs. A mask written in
another dialect, from an array of another kind or at another size decodes without complaint into
pixels that are somewhere else. Each `Reading` here undoes one such slip; which of them was made,
if any, only the truth can tell.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from common.submission.cells import Cell
from common.submission.numberings import (
    AS_RECEIVED,
    COUNTS,
    FROM_ZERO,
    GRAY_LEVELS,
    NUMBERINGS,
    OWN,
    Numbering,
    Runs,
)

Shape = tuple[int, int]
Place = Callable[[np.ndarray, Shape], np.ndarray]

SIDES_PX = (*range(64, 513, 32), 640, 768, 1024)
FACTORS = (0.25, 0.5, 2.0)
CHANNELS = (3, 4, 2, 5)
GAP_PX = 3  # in an outline of edges that were found row by row


@dataclass(frozen=True)
class Reading:
    """One way to read the numbers of a file.

    Attributes:
        looks_like: how the masks were written, to follow "as if".
        mend: how to write them right.
        numbering: what the numbers count.
        pixels: how many pixels were counted in an image of a shape (H, W).
        place: from the flat mask, (pixels,) bool, and the shape to the mask (H, W) bool.
    """

    looks_like: str
    mend: str
    numbering: Numbering
    pixels: Callable[[Shape], int]
    place: Place

    @property
    def is_strict(self) -> bool:
        """Whether numbers of another kind are told from their form."""
        return self.numbering is not GRAY_LEVELS

    def decode(self, cell: Cell, shape: Shape) -> np.ndarray | None:
        """The mask (H, W) bool, or None where the numbers cannot be meant so."""
        if cell.is_coco and self.numbering is not COUNTS:
            return None
        pixels = self.pixels(shape)
        runs = self.numbering.decode(cell.numbers, pixels)
        return None if runs is None else self.place(paint(runs, pixels), shape)


def paint(runs: Runs, pixels: int) -> np.ndarray:
    """Paint runs into a flat mask (pixels,) bool; what lies outside is left out."""
    starts, ends = (np.bincount(np.clip(side, 0, pixels), minlength=pixels + 1) for side in runs)
    return np.cumsum(starts - ends)[:-1] > 0


def as_written(numbers: np.ndarray, shape: Shape) -> np.ndarray:
    """The mask (H, W) bool that a receiver paints: row-major, 1-based `start length` pairs.

    A run outside the image is cut off, one that starts before pixel 1 is lost, and a number
    without its partner is left out.
    """
    runs = AS_RECEIVED.decode(numbers, area(shape))
    return np.zeros(shape, dtype=bool) if runs is None else paint(runs, area(shape)).reshape(shape)


def own_reading() -> Reading:
    """The submission's dialect, for numbers that keep to it."""
    return Reading(OWN.looks_like, OWN.mend, OWN, area, by_row)


def counted_from_zero() -> Reading:
    """The submission's dialect with pixels counted from 0."""
    return Reading(FROM_ZERO.looks_like, FROM_ZERO.mend, FROM_ZERO, area, by_row)


def other_readings(shapes: Sequence[Shape]) -> list[Reading]:
    """All readings but the submission's own, the likelier slips first.

    Args:
        shapes: of the images; a size that all of them have is no other size.
    """
    found = [
        reading
        for numbering in NUMBERINGS
        for reading in _in_both_orders(
            numbering.looks_like, numbering.mend, area, by_row, numbering
        )
    ]
    for count in CHANNELS:
        found += _channels(count)
    found += _turned()
    found += _in_both_orders(
        "the background were encoded",
        "encode the object's pixels: mask > 0 where the object is, not where it is not",
        area,
        lambda flat, shape: ~by_row(flat, shape),
    )
    found += _in_both_orders(
        GRAY_LEVELS.looks_like,
        GRAY_LEVELS.mend,
        area,
        lambda flat, shape: _filled(flat.reshape(shape)),
        GRAY_LEVELS,
    )
    for side in SIDES_PX:
        if any(shape != (side, side) for shape in shapes):
            found += _of_size(f"{side}x{side} px", partial(_square, side))
    for factor in FACTORS:
        found += _of_size(f"{factor:g} times the image's size", partial(_times, factor))
    return [reading for reading in found if reading.looks_like]


def area(shape: Shape) -> int:
    """Pixels of an image."""
    return shape[0] * shape[1]


def by_row(flat: np.ndarray, shape: Shape) -> np.ndarray:
    """A flat mask as rows one after the other."""
    return flat.reshape(shape)


def _in_both_orders(
    looks_like: str,
    mend: str,
    pixels: Callable[[Shape], int],
    place: Place,
    numbering: Numbering = OWN,
) -> Iterator[Reading]:
    """A reading along the rows, and the same with everything counted down the columns: `place`
    for the transposed image, transposed back.
    """
    yield Reading(looks_like, mend, numbering, pixels, place)
    down = "pixels were counted down the columns (column-major, or the mask transposed)"
    rows = "count along the rows, mask.ravel(order='C') of a mask (H, W)"
    yield Reading(
        " and ".join(filter(None, (looks_like, down))),
        "; ".join(filter(None, (mend, rows))),
        numbering,
        lambda shape: pixels(shape[::-1]),
        lambda flat, shape: place(flat, shape[::-1]).T,
    )


def _channels(count: int) -> Iterator[Reading]:
    mend = "encode one channel, mask[..., 0] > 0, of shape (H, W)"
    yield from _in_both_orders(
        f"the mask were an array (H, W, {count}) of {count} channels",
        mend,
        lambda shape: count * area(shape),
        lambda flat, shape: _any_channel(flat.reshape(-1, count), 1).reshape(shape),
    )
    yield from _in_both_orders(
        f"the mask were an array ({count}, H, W) of {count} channels",
        mend,
        lambda shape: count * area(shape),
        lambda flat, shape: _any_channel(flat.reshape(count, -1), 0).reshape(shape),
    )


def _any_channel(channels: np.ndarray, axis: int) -> np.ndarray:
    """Pixels that any channel has; a channel that is set everywhere (opacity) is left out."""
    full = channels.all(axis=1 - axis, keepdims=True)
    return np.asarray((channels & ~full).any(axis=axis))


def _turned() -> Iterator[Reading]:
    mend = "encode the mask at the orientation of the image as it is stored"
    turns: dict[str, Place] = {
        "turned by 180°": lambda flat, shape: flat.reshape(shape)[::-1, ::-1],
        "upside down": lambda flat, shape: flat.reshape(shape)[::-1],
        "mirrored": lambda flat, shape: flat.reshape(shape)[:, ::-1],
        "turned by 90° clockwise": lambda flat, shape: np.rot90(flat.reshape(shape[::-1])),
        "turned by 90° anticlockwise": lambda flat, shape: np.rot90(flat.reshape(shape[::-1]), 3),
    }
    for name, place in turns.items():
        yield Reading(f"the masks were {name}", mend, OWN, area, place)


def _filled(mask: np.ndarray) -> np.ndarray:
    """The mask with the gaps of its edges and all its holes closed."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((GAP_PX, GAP_PX)))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(mask.shape, dtype=np.uint8), outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled > 0)


def _of_size(name: str, size: Callable[[Shape], Shape]) -> Iterator[Reading]:
    """Masks at another size than the image's."""
    yield from _in_both_orders(
        f"the masks were of {name}",
        "resize the prediction to the image's size before it is encoded",
        lambda shape: area(size(shape)),
        lambda flat, shape: _resize(flat.reshape(size(shape)), shape),
    )


def _square(side: int, _: Shape) -> Shape:
    return side, side


def _times(factor: float, shape: Shape) -> Shape:
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def _resize(mask: np.ndarray, shape: Shape) -> np.ndarray:
    small = np.ascontiguousarray(mask, dtype=np.uint8)
    resized = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized > 0)
