"""The check of one annotation's outline, drawn by the rasteriser that training uses.

It says what an outline lacks and refuses to repair it: a mended copy of a label is a label nobody
has looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from common.coco.annotations import Entry, annotation_name, is_crowd
from common.coco.drawing import (
    DRAW_AGAIN,
    FLATTEN,
    POLYGONS,
    OutlineError,
    Rle,
    encoded,
    plain_polygon,
    polygon_problem,
)
from common.coco.findings import Problem
from common.coco.outline_forms import other_form
from common.coco.values import abbreviated, plain_number

SMALL_AREA_PX = 10
OUTSIDE_PX = 1.0  # drawing tools place outlines up to a pixel beyond the edge
ZERO_AREA_PX = 1e-3
ANY_SIDE_PX = 100_000

DRAW_OBJECT = "draw the object again, or remove the annotation"
EMPTY = "nothing: no pixel is lost where nothing was drawn; or draw the object again"


@dataclass(frozen=True, slots=True)
class Outline:
    """What an annotation draws.

    Attributes:
        name: of the annotation, for findings.
        annotation: as the reader gives it.
        entry: of its image.
        counts: of pycocotools' run lengths; None where nothing is drawn.
        polygons: those that are drawn, with plain numbers; none for an RLE.
        problems: what is to be said of it.
    """

    name: str
    annotation: Mapping[str, object]
    entry: Entry
    counts: bytes | None = field(default=None, repr=False)
    polygons: tuple[list[float], ...] = field(default=(), repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def rle(self) -> Rle | None:
        """The run lengths of pycocotools; None where nothing is drawn."""
        if self.counts is None:
            return None
        return {"size": [self.entry.height, self.entry.width], "counts": self.counts}

    @property
    def is_crowd(self) -> bool:
        """Whether it is a region to be ignored."""
        return is_crowd(self.annotation)

    @property
    def area_px(self) -> int:
        """Pixels that it draws."""
        return int(coco_mask.area(self.rle)) if self.rle else 0

    @property
    def box(self) -> np.ndarray:
        """[x, y, width, height] of the pixels that it draws."""
        return coco_mask.toBbox(self.rle) if self.rle else np.zeros(4)

    @property
    def fills_its_box(self) -> bool:
        """Whether it is an upright rectangle of more than two pixels a side."""
        return bool(min(self.box[2:]) > 2 and self.area_px == np.prod(self.box[2:]))

    def mask(self) -> np.ndarray:
        """(H, W) bool."""
        if self.rle is None:
            return np.zeros((self.entry.height, self.entry.width), dtype=bool)
        return coco_mask.decode([self.rle])[..., 0].astype(bool)


def check_outline(number: int, annotation: Mapping[str, object], entry: Entry) -> Outline:
    """Draw one annotation.

    Args:
        number: of the annotation in its file.
        annotation: as the reader gives it.
        entry: of its image; its size must be that of the file.
    """
    name = annotation_name(number, annotation, entry.file_name)
    segmentation = annotation.get("segmentation")
    if not segmentation or segmentation == [[]]:
        return Outline(name, annotation, entry, problems=(_nothing_drawn(name, annotation),))
    problems: list[Problem] = []
    polygons: list[list[float]] = []
    try:
        if isinstance(segmentation, list) and other_form(segmentation) is None:
            polygons, problems = _sound_polygons(segmentation, name, annotation, entry)
            rle = encoded(polygons, entry.height, entry.width)
        else:
            rle = encoded(segmentation, entry.height, entry.width)
    except OutlineError as error:
        problem = Problem("error", name, error.found, error.expected, error.mend)
        return Outline(name, annotation, entry, problems=(problem,))
    counts = None if rle is None else rle["counts"]
    outline = Outline(name, annotation, entry, counts, tuple(polygons))
    if rle is not None and outline.area_px < SMALL_AREA_PX:
        problems.append(_small(outline.area_px, name))
    return replace(outline, problems=tuple(problems))


def check_form(number: int, annotation: Mapping[str, object], entry: Entry) -> list[Problem]:
    """What is wrong with an outline whatever the size of its image; for images of unclear size."""
    segmentation = annotation.get("segmentation")
    problem: str | None = None
    mend, form = DRAW_AGAIN, other_form(segmentation)
    if form is not None:
        problem, mend = f"segmentation {abbreviated(segmentation)}, {form[0]}", FLATTEN
    elif isinstance(segmentation, list):
        found = (polygon_problem(polygon, ANY_SIDE_PX, ANY_SIDE_PX) for polygon in segmentation)
        problem = next(filter(None, found), None)
    if problem is None:
        return []
    name = annotation_name(number, annotation, entry.file_name)
    return [Problem("error", name, problem, POLYGONS, mend)]


def stated_area(annotation: Mapping[str, object]) -> float:
    """The `area` of an annotation; 0 where it has none."""
    area = plain_number(annotation.get("area"))
    return max(0.0, area) if area is not None and area < 1e12 else 0.0


def stated_box(annotation: Mapping[str, object]) -> np.ndarray | None:
    """The `bbox` of an annotation, four finite numbers; None where it has none or an empty one."""
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        return None
    numbers = [number for value in box if (number := plain_number(value)) is not None]
    if len(numbers) < 4 or any(abs(number) > 1e9 for number in numbers):
        return None
    return np.array(numbers, dtype=float) if min(numbers[2:]) > 0 else None


def _nothing_drawn(name: str, annotation: Mapping[str, object]) -> Problem:
    """An annotation without an outline: a box alone is an error, an empty object is not."""
    segmentation = annotation.get("segmentation")
    found = f"segmentation {abbreviated(segmentation)}" if "segmentation" in annotation else ""
    found = found or "no segmentation"
    box = stated_box(annotation)
    if stated_area(annotation) > 0 or box is not None:
        wording = f"area {abbreviated(annotation['area'])}" if stated_area(annotation) else ""
        wording = wording or f"bbox {abbreviated(annotation['bbox'])}"
        mend = (
            "draw the outline, as a list of polygons or as RLE (a bbox alone gives no mask), or "
            "remove the annotation"
        )
        return Problem("error", name, f"{found}, but {wording}", f"{POLYGONS}, or RLE", mend)
    return Problem("warning", name, f"{found} and no area", "an outline", EMPTY)


def _sound_polygons(
    polygons: list[object], name: str, annotation: Mapping[str, object], entry: Entry
) -> tuple[list[list[float]], list[Problem]]:
    """The polygons that can be drawn, and what is to be said of the others and of what leaves the
    image.
    """
    sound, degenerate, problems = [], [], []
    for polygon in polygons:
        problem = polygon_problem(polygon, entry.height, entry.width)
        plain = plain_polygon(polygon) if problem is None else []
        if problem:
            problems.append(Problem("error", name, problem, POLYGONS, DRAW_AGAIN))
        elif len(plain) < 6:
            degenerate.append(f"a polygon of {len(plain) // 2} points")
        elif _hull_area(plain) < ZERO_AREA_PX:
            degenerate.append(f"a polygon of zero area ({len(plain) // 2} points on a line)")
        else:
            is_inside, outside = _outside(plain, name, entry)
            problems += outside
            sound += [plain] if is_inside else []
    box = stated_box(annotation)
    said_area = max(stated_area(annotation), 0.0 if box is None else float(box[2] * box[3]))
    # beside sound polygons, or where the file says that there is hardly an area, it is a slip of
    # the mouse and is left out
    is_slip = bool(sound) or said_area < SMALL_AREA_PX
    expected = "polygons of 3 or more points with an area"
    problems += [
        Problem("warning" if is_slip else "error", name, found, expected, DRAW_OBJECT)
        for found in degenerate
    ]
    return sound, problems


def _hull_area(polygon: list[float]) -> float:
    points = np.array(polygon, dtype=np.float32).reshape(-1, 2)
    return float(cv2.contourArea(cv2.convexHull(points)))


def _outside(polygon: list[float], name: str, entry: Entry) -> tuple[bool, list[Problem]]:
    """Whether a polygon touches the image, and what to say of the part that does not."""
    (left, top), (right, bottom) = (
        edge(np.reshape(polygon, (-1, 2)), axis=0) for edge in (np.min, np.max)
    )
    width, height = entry.width, entry.height
    extent = f"x {left:g} to {right:g}, y {top:g} to {bottom:g}"
    expected = f"x from 0 to {width}, y from 0 to {height}"
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        mend = "check that the outline belongs to this image and to its size; draw it again"
        found = f"a polygon outside the image, {extent}"
        return False, [Problem("error", name, found, expected, mend)]
    if min(left, top) < -OUTSIDE_PX or right > width + OUTSIDE_PX or bottom > height + OUTSIDE_PX:
        mend = (
            "nothing if the object is cut by the edge (the rest is left out); else draw it again"
        )
        found = f"a polygon partly outside, {extent}"
        return True, [Problem("warning", name, found, expected, mend)]
    return True, []


def _small(area: int, name: str) -> Problem:
    if area == 0:
        found, expected = "an outline that covers no pixel", "an object of at least one pixel"
        return Problem("warning", name, found, expected, DRAW_OBJECT)
    found, expected = f"an object of {area} px", f"objects of {SMALL_AREA_PX} px or more"
    mend = "nothing if that is meant; else draw it again or remove it"
    return Problem("warning", name, found, expected, mend)
