"""Outlines that can be read in two ways: where the images show the objects decides.

Run lengths along the rows of a square image, x and y exchanged, percentages in a small image: each
draws sound outlines that say nothing against themselves. They lie beside the objects, and another
reading of the same numbers lies on them. An object stands out from the ground around it, so the
colours inside and just outside an outline say which reading is meant.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
from scipy.special import bdtrc

from common.coco.annotations import Entry
from common.coco.check_outlines import Outline, stated_box
from common.coco.check_run_order import (
    DECODED_PX,
    DOWN_THE_COLUMNS,
    ENCODE_BY_COLUMN,
    is_run_length,
)
from common.coco.check_sizes import EXPORT_UPRIGHT, TURN
from common.coco.check_units import unit_mend
from common.coco.drawing import encoded, plain_polygon, polygon_problem
from common.coco.findings import Finding
from common.coco.images import TURNS, StoredImage, read_image, stored_image
from common.words import counted

LOOKED_AT, IMAGES = 60, 20  # objects, and images that they lie on
SAME_IOU = 0.5  # of two readings that no contrast can tell apart
PLACES = 8  # a side: objects at one place of the images count once, since cameras are fixed
STANDS_OUT = 8.0  # RGB distance of an object's colour from that of the ground around it
RATIO, SHARE, CHANCE = 1.5, 0.9, 0.01


class Verdict(Enum):
    """Which reading the images bear out."""

    AS_WRITTEN = "as written"
    OTHERWISE = "otherwise"
    OPEN = "open"


@dataclass(frozen=True)
class Reading:
    """Another way to read outlines.

    Attributes:
        name: of it, to follow "outlines lie on the objects only if they are".
        expected: how outlines are written.
        mend: how to write them so.
        mask: (H, W) bool of an outline read this way; None where it cannot be.
    """

    name: str
    expected: str
    mend: str
    mask: Callable[[Outline], np.ndarray | None]


def _along_the_diagonal(outline: Outline) -> np.ndarray | None:
    is_square = outline.entry.width == outline.entry.height
    return outline.mask().T if is_square and is_run_length(outline) else None


def _exchanged(outline: Outline) -> np.ndarray | None:
    return _drawn(outline, lambda points, _: points[:, ::-1])


def _from_below(outline: Outline) -> np.ndarray | None:
    return outline.mask()[::-1] if outline.area_px else None


def _of_percentages(outline: Outline) -> np.ndarray | None:
    def in_pixels(points: np.ndarray, entry: Entry) -> np.ndarray:
        return points * [entry.width / 100, entry.height / 100]

    values = [value for polygon in _polygons(outline) for value in polygon]
    if not values or min(values) < 0 or max(values) > 100:
        return None
    return _drawn(outline, in_pixels)


def _seen_upright(outline: Outline) -> np.ndarray | None:
    stored, entry = stored_image(outline.entry.path), outline.entry
    if stored is None or not stored.is_turned or entry.upright:
        return None
    size = entry.width, entry.height
    if not size == stored.size == stored.upright_size:
        return None
    return _laid_down(outline.mask(), stored)


def _seen_upright_and_scaled(outline: Outline) -> np.ndarray | None:
    stored, entry = stored_image(outline.entry.path), outline.entry
    if stored is None or entry.upright or stored.upright_size == stored.size:
        return None
    if (entry.width, entry.height) != stored.size:
        return None
    width, height = stored.upright_size
    seen = replace(outline, entry=replace(entry, width=width, height=height))
    scale = [width / entry.width, height / entry.height]
    mask = _drawn(seen, lambda points, _: points * scale)
    return None if mask is None else _laid_down(mask, stored)


def _laid_down(mask: np.ndarray, stored: StoredImage) -> np.ndarray:
    """A mask of the upright view on the pixels as stored."""
    back = {6: 8, 8: 6}.get(stored.orientation, stored.orientation)
    return TURNS[back](mask)


SEEN_UPRIGHT = Reading(
    "drawn on the upright view, as the EXIF orientation turns it",
    "outlines of the pixels as stored",
    TURN,
    _seen_upright,
)
SEEN_UPRIGHT_AND_SCALED = Reading(
    "drawn on the upright view and scaled to the stored size",
    "outlines of the pixels as stored",
    EXPORT_UPRIGHT,
    _seen_upright_and_scaled,
)
ORIENTATION = (SEEN_UPRIGHT, SEEN_UPRIGHT_AND_SCALED)
READINGS = (
    *ORIENTATION,
    Reading("read along the rows", DOWN_THE_COLUMNS, ENCODE_BY_COLUMN, _along_the_diagonal),
    Reading(
        "drawn with x and y exchanged",
        "x before y",
        "exchange x and y in the outlines",
        _exchanged,
    ),
    Reading(
        "drawn with y counted from below",
        "y counted from the top",
        "write the image's height minus y in place of each y",
        _from_below,
    ),
    Reading(
        "taken as percentages of the image",
        "coordinates in pixels",
        unit_mend("percentages"),
        _of_percentages,
    ),
)


def meant_otherwise(outlines: Sequence[Outline], file: str) -> tuple[Reading, Finding] | None:
    """The reading that the images bear out where it is another one than that of the outlines, and
    the error that says so.

    Args:
        outlines: of the file, those on images whose size is known.
        file: the annotation file, for the finding.
    """
    for reading in READINGS:
        verdict, looked_at = judge(outlines, reading)
        if verdict is Verdict.OTHERWISE:
            found = f"outlines lie beside the objects in the images, and on them if {reading.name}"
            found += f" ({looked_at} of {counted(len(outlines), 'outline')} compared)"
            return reading, Finding("error", file, found, reading.expected, reading.mend)
    return None


def open_to(outlines: Sequence[Outline], reading: Reading, *, boxes_tell: bool) -> int:
    """How many outlines of a file another reading would move, where nothing in the file and its
    images speaks against it; 0 where something does, or where it moves fewer than half of them.

    Args:
        outlines: of the file.
        reading: the other one.
        boxes_tell: whether a bbox that agrees with its outline speaks against it.
    """
    moved = [one for one in outlines if _other_place(one, reading) is not None]
    boxed = [one for one in moved if stated_box(one.annotation) is not None]
    if len(moved) <= len(outlines) / 2 or (boxes_tell and len(boxed) > len(moved) / 2):
        return 0
    return len(moved) if judge(outlines, reading)[0] is not Verdict.AS_WRITTEN else 0


def judge(outlines: Sequence[Outline], reading: Reading) -> tuple[Verdict, int]:
    """Compare how objects stand out as they are written with how they do in another reading.

    Args:
        outlines: of a file.
        reading: the other one.

    Returns:
        The verdict, and the number of objects it rests on, one for each place in the images.
    """
    pairs = np.array(list(_contrasts(outlines, reading))).reshape(-1, 2)
    count = len(pairs)
    for verdict, (here, there) in (
        (Verdict.OTHERWISE, pairs.T),
        (Verdict.AS_WRITTEN, pairs.T[::-1]),
    ):
        wins = int((there > here).sum())
        is_certain = count > 0 and bdtrc(wins - 1, count, 0.5) < CHANCE
        is_clear = wins >= SHARE * count and there.sum() > RATIO * here.sum()
        if is_certain and is_clear and np.median(there) >= STANDS_OUT:
            return verdict, count
    return Verdict.OPEN, count


def _contrasts(outlines: Sequence[Outline], reading: Reading) -> Iterator[tuple[float, float]]:
    """How objects stand out as written, and as read otherwise; those whose readings differ."""
    by_image = defaultdict(list)
    for outline in outlines:
        by_image[outline.entry.path].append(outline)
    places: set[tuple[int, ...]] = set()
    for path in list(by_image)[:: max(1, len(by_image) // IMAGES)]:
        image = None
        for outline in by_image[path]:
            other = _other_place(outline, reading) if len(places) < LOOKED_AT else None
            if other is None or (place := _place(other)) in places:
                continue
            try:
                image = read_image(path, upright=outline.entry.upright) if image is None else image
            except OSError:
                break
            if image.shape[:2] != other.shape:
                break
            places.add(place)
            yield _contrast(image, outline.mask()), _contrast(image, other)


def _other_place(outline: Outline, reading: Reading) -> np.ndarray | None:
    """The mask of another reading, where it is another place."""
    if outline.entry.width * outline.entry.height > DECODED_PX:
        return None
    other = reading.mask(outline)
    if other is None or not other.any():
        return None
    mask = outline.mask()
    return other if (mask & other).sum() < SAME_IOU * (mask | other).sum() else None


def _place(mask: np.ndarray) -> tuple[int, ...]:
    """The cell of a coarse grid that the middle of a mask lies in."""
    middles = [np.mean(indices) for indices in np.nonzero(mask)]
    return tuple(
        int(PLACES * middle / side) for middle, side in zip(middles, mask.shape, strict=True)
    )


def _contrast(image: np.ndarray, mask: np.ndarray) -> float:
    """Distance of the mean colour inside a mask from that of a ring around it; 0 without
    either.
    """
    if not mask.any():
        return 0.0
    reach = 2 + int(np.sqrt(mask.sum()) / 3)
    rows, columns = (
        slice(max(0, at.min() - reach - 2), at.max() + reach + 3) for at in np.nonzero(mask)
    )
    inside = mask[rows, columns]
    grown = [
        cv2.dilate(inside.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8))
        for by in (1, 1 + reach)
    ]
    ring = (grown[1] > 0) & (grown[0] == 0)
    if not ring.any():
        return 0.0
    colours = image[rows, columns].astype(float)
    return float(np.linalg.norm(colours[inside].mean(axis=0) - colours[ring].mean(axis=0)))


def _drawn(outline: Outline, move: Callable[[np.ndarray, Entry], np.ndarray]) -> np.ndarray | None:
    """The mask of an outline's polygons with their points moved; None where nothing is drawn."""
    entry = outline.entry
    moved = [
        move(np.reshape(polygon, (-1, 2)), entry).ravel().tolist()
        for polygon in _polygons(outline)
    ]
    sound = [one for one in moved if not polygon_problem(one, entry.height, entry.width)]
    rle = encoded(sound, entry.height, entry.width)
    if rle is None:
        return None
    return Outline(outline.name, outline.annotation, entry, rle["counts"]).mask()


def _polygons(outline: Outline) -> list[list[float]]:
    """The polygons of an annotation as they are written, also those outside the image."""
    entry, written = outline.entry, outline.annotation.get("segmentation")
    return [
        plain_polygon(polygon)
        for polygon in (written if isinstance(written, list) else [])
        if not polygon_problem(polygon, entry.height, entry.width) and len(polygon) >= 6
    ]
