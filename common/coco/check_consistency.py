"""What an annotation file says twice must agree: `bbox` and `area` with the outline, the unit of
the coordinates with the size of the images, the holes of an object with its area.

One finding a file says how many annotations contradict themselves: an error where the file refutes
itself, a warning where only a few do. Where another way to read the file makes it agree, the
finding names that way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask

from common.coco.annotations import CONVERTED
from common.coco.check_outlines import Outline, stated_area, stated_box
from common.coco.check_run_order import (
    DECODED_PX,
    LOOKED_AT,
    SEVERAL,
    along_rows,
    is_run_length,
    row_by_row,
    shredded,
)
from common.coco.check_units import unit_error
from common.coco.drawing import Rle
from common.coco.findings import Finding, Level, some_of
from common.words import counted

BBOX_IOU = 0.5
EDGE_PX = 2.0  # how far the edges of a box may lie apart whatever the size of an object
AREA_RATIO = 1.33
EXPLAINED_IOU = 0.85
EXPLAINED_SHARE = 0.9


def contradictions(outlines: Sequence[Outline], file: str) -> list[Finding]:
    """Findings about what the annotations of one file say twice.

    Args:
        outlines: of the file, those on images whose size is known.
        file: the annotation file, for findings.
    """
    drawn = [outline for outline in outlines if outline.rle is not None and outline.area_px]
    boxes = _box_findings(drawn, file)
    if any(finding.level == "error" for finding in boxes):
        return boxes
    rows = shredded(drawn, file)
    if rows:
        return rows
    holes, ringed = _hole_findings(drawn, file)
    return [*boxes, *holes, *_area_findings(drawn, ringed, file), *_rectangles(drawn, file)]


# --- bbox


@dataclass(frozen=True)
class _Boxed:
    """An outline beside the bbox that its annotation states; both [x, y, width, height]."""

    outline: Outline
    stated: np.ndarray
    drawn: np.ndarray

    @property
    def agrees(self) -> bool:
        return _agree(self.stated, self.drawn)


def _box_findings(drawn: Sequence[Outline], file: str) -> list[Finding]:
    """One finding on the outlines that are not where their bbox says."""
    boxed = [
        _Boxed(outline, box, _drawn_box(outline, box))
        for outline in drawn
        if (box := stated_box(outline.annotation)) is not None
    ]
    if len(boxed) >= SEVERAL and _improves(boxed, _as_percentages):
        found = f"{len(boxed)} outlines that fit their bbox only as percentages"
        return [unit_error(found, "percentages", file)]
    wrong = [one for one in boxed if not one.agrees]
    if not wrong or (len(wrong) >= SEVERAL and len({tuple(one.stated) for one in boxed}) == 1):
        return []  # one and the same bbox for all is none
    first = wrong[0]
    found = (
        f"{len(wrong)} of {counted(len(boxed), 'outline')} elsewhere than the bbox says: "
        f"{first.outline.name}: bbox {_rounded(first.stated)} "
        f"(IoU {_iou(first.stated, first.drawn):.2f} with the outline)"
    )
    others = some_of([one.outline.name for one in wrong[1:]])
    found += f"; {others}" if others else ""
    expected = f"bbox near [x, y, width, height] {_rounded(first.drawn)}"
    if len(wrong) >= SEVERAL:
        for meaning, reading in BOX_READINGS.items():
            if _explained(boxed, reading):
                mend = "nothing: the outlines are used, the bbox are not"
                return [Finding("warning", file, f"{found}; they are {meaning}", expected, mend)]
        if _are_row_by_row(boxed):
            return [row_by_row(f"{found}; the RLE go along the rows", file)]
        if _explained(boxed, _rows_first):
            mend = "exchange x and y in the outlines, or in the bbox if the outlines are right"
            found += "; x and y are exchanged in the one or in the other"
            return [Finding("error", file, found, expected, mend)]
    if len(wrong) > len(boxed) / 2 and len(wrong) > 1:
        mend = "look at which of the two is the object, and export the annotations again"
        return [Finding("error", file, found, expected, mend)]
    mend = "look at which of the two is the object; the outline is used, the bbox is not"
    return [Finding("warning", file, found, expected, mend)]


def _drawn_box(outline: Outline, stated: np.ndarray) -> np.ndarray:
    """The box of the pixels, or of the points where these fit the stated box better (an object cut
    by the edge of its image).
    """
    if not outline.polygons:
        return outline.box
    points = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in outline.polygons])
    low, high = points.min(axis=0), points.max(axis=0)
    candidates = [outline.box, np.concatenate([low, high - low])]
    return max(candidates, key=lambda box: _iou(stated, box))


def _agree(stated: np.ndarray, drawn: np.ndarray) -> bool:
    if _iou(stated, drawn) >= BBOX_IOU:
        return True
    edges = [np.concatenate([box[:2], box[:2] + box[2:]]) for box in (stated, drawn)]
    return bool(np.abs(edges[0] - edges[1]).max() <= EDGE_PX)


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    if min(*first[2:], *second[2:]) <= 0:
        return 0.0
    return float(coco_mask.iou(first.reshape(1, 4), second.reshape(1, 4), [0])[0, 0])


def _corners(one: _Boxed) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([one.stated[:2], one.stated[2:] - one.stated[:2]]), one.drawn


def _centred(one: _Boxed) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([one.stated[:2] - one.stated[2:] / 2, one.stated[2:]]), one.drawn


def _as_fractions(one: _Boxed) -> tuple[np.ndarray, np.ndarray]:
    entry = one.outline.entry
    return one.stated * np.tile([entry.width, entry.height], 2), one.drawn


def _rows_first(one: _Boxed) -> tuple[np.ndarray, np.ndarray]:
    return one.stated[[1, 0, 3, 2]], one.drawn


def _as_percentages(one: _Boxed) -> tuple[np.ndarray, np.ndarray]:
    """The outline's coordinates are percentages of the image."""
    entry = one.outline.entry
    return one.stated, one.drawn * np.tile([entry.width / 100, entry.height / 100], 2)


Reading = Callable[[_Boxed], tuple[np.ndarray, np.ndarray]]
BOX_READINGS: dict[str, Reading] = {
    "[left, top, right, bottom]": _corners,
    "[centre x, centre y, width, height]": _centred,
    "fractions of the image": _as_fractions,
}


def _explained(boxed: Sequence[_Boxed], reading: Reading) -> bool:
    """Whether another reading makes nearly all outlines fit their boxes well."""
    fits = [_iou(*reading(one)) >= EXPLAINED_IOU or _agree(*reading(one)) for one in boxed]
    return bool(np.mean(fits) >= EXPLAINED_SHARE)


def _improves(boxed: Sequence[_Boxed], reading: Reading) -> bool:
    before = np.array([_iou(one.stated, one.drawn) for one in boxed])
    after = np.array([_iou(*reading(one)) for one in boxed])
    return bool(np.median(after) >= EXPLAINED_IOU and np.mean(after > before + 0.1) >= 0.7)


def _are_row_by_row(boxed: Sequence[_Boxed]) -> bool:
    """Whether run lengths fit their boxes when they are read along the rows."""
    if not all(is_run_length(one.outline) for one in boxed[:LOOKED_AT]):
        return False
    fits = []
    for one in boxed[:LOOKED_AT]:
        rows, columns = np.nonzero(along_rows(one.outline))
        low = np.array([columns.min(), rows.min()])
        high = np.array([columns.max(), rows.max()]) + 1
        fits.append(_agree(one.stated, np.concatenate([low, high - low]).astype(float)))
    return bool(np.mean(fits) >= EXPLAINED_SHARE)


def _rounded(box: np.ndarray) -> list[float]:
    return [float(value) for value in box.round(1)]


# --- area and holes


def _hole_findings(drawn: Sequence[Outline], file: str) -> tuple[list[Finding], set[str]]:
    """One finding on polygons that lie within another of their object and are filled by it, and
    the names of all annotations with such polygons.
    """
    nested = {}
    for outline in drawn:
        hollow = _hollow_area(outline) if len(outline.polygons) > 1 else None
        if hollow is not None:
            nested[outline.name] = outline, hollow
    proven, open_ = [], []
    for outline, hollow in nested.values():
        area = _stated(outline)
        if not area:
            open_.append(outline)
        elif not _same_area(area, outline) and _alike(area, hollow, outline):
            proven.append(outline)
    findings = []
    expected = "objects without holes, or RLE: COCO fills each polygon"
    mend = "save objects with holes as RLE, e.g. pycocotools.mask.encode(np.asfortranarray(mask)) "
    mend += CONVERTED
    stated = sum(_stated(outline) > 0 for outline in drawn)
    if proven:
        first = proven[0]
        found = (
            f"{len(proven)} of {counted(len(drawn), 'object')} with a hole that would be filled: "
            f"{first.name} draws {first.area_px} px, its area says "
            f"{_stated(first):.0f}"
        )
        level: Level = "error" if len(proven) > stated / 2 else "warning"
        findings.append(Finding(level, file, found, expected, mend))
    if open_:
        found = (
            f"{len(open_)} of {counted(len(drawn), 'object')} with a polygon inside another one, "
            f"which is filled: {some_of([outline.name for outline in open_])}"
        )
        mend = "nothing if the inner polygon is part of the object; save a hole as RLE"
        findings.append(Finding("warning", file, found, expected, mend))
    return findings, set(nested)


def _hollow_area(outline: Outline) -> int | None:
    """Pixels that lie in an odd number of the polygons; None if none lies within another."""
    entry = outline.entry
    parts = coco_mask.frPyObjects(list(outline.polygons), entry.height, entry.width)
    if entry.height * entry.width > DECODED_PX or not _is_nested(parts):
        return None
    odd = np.zeros((entry.height, entry.width), dtype=np.uint8)
    for part in parts:
        odd ^= coco_mask.decode(part)
    return int(odd.sum())


def _is_nested(parts: Sequence[Rle]) -> bool:
    """Whether one region lies within a larger one."""
    areas, boxes = coco_mask.area(parts), coco_mask.toBbox(parts)
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    for place in np.flatnonzero(areas).tolist():
        around = (low <= low[place]).all(axis=1) & (high >= high[place]).all(axis=1)
        for other in np.flatnonzero(around & (areas > areas[place])).tolist():
            shared = coco_mask.merge([parts[place], parts[other]], intersect=True)
            if coco_mask.area(shared) >= 0.95 * areas[place]:
                return True
    return False


def _area_findings(drawn: Sequence[Outline], ringed: set[str], file: str) -> list[Finding]:
    """One finding on outlines whose area is not the one that their annotation states."""
    stated = [outline for outline in drawn if _stated(outline)]
    wrong = [
        outline
        for outline in stated
        if outline.name not in ringed and not _same_area(_stated(outline), outline)
    ]
    if not wrong or (len(stated) >= SEVERAL and len(set(map(_stated, stated))) == 1):
        return []  # one and the same area for all is none
    if len(wrong) >= SEVERAL and _are_explained(stated, _of_percentages):
        found = f"{len(stated)} outlines that have their area only as percentages"
        return [unit_error(found, "percentages", file)]
    first = wrong[0]
    found = (
        f"{len(wrong)} of {counted(len(stated), 'outline')} of another area than stated: "
        f"{first.name} draws {first.area_px} px, its area says {_stated(first):.6g}"
    )
    others = some_of([outline.name for outline in wrong[1:]])
    found += f"; {others}" if others else ""
    expected = "the area of the outline in pixels"
    ratio = float(np.median([_stated(one) / one.area_px for one in stated]))
    if len(wrong) >= SEVERAL and _are_explained(stated, lambda one: ratio * one.area_px):
        found += f"; all by a factor of {ratio:.2g}, as where images were resized"
    elif len(wrong) > len(stated) / 2 and len(wrong) > 1:
        mend = "look at which of the two is right, and export the annotations again"
        return [Finding("error", file, found, expected, mend)]
    mend = "look at whether the outline is the object; the outline is used, the area is not"
    return [Finding("warning", file, found, expected, mend)]


def _stated(outline: Outline) -> float:
    return stated_area(outline.annotation)


def _of_percentages(outline: Outline) -> float:
    """The area in pixels of an outline whose coordinates are percentages."""
    return outline.area_px * outline.entry.width * outline.entry.height / 1e4


def _are_explained(stated: Sequence[Outline], area: Callable[[Outline], float]) -> bool:
    """Whether nearly all stated areas are those that `area` gives, but for rounding."""
    pairs = np.array([[_stated(one), area(one)] for one in stated])
    close = np.abs(pairs[:, 0] - pairs[:, 1]) <= 0.1 * pairs.max(axis=1) + 5
    return bool(close.mean() >= EXPLAINED_SHARE)


def _same_area(area: float, outline: Outline) -> bool:
    """Whether an area is that of the pixels, of the polygons one by one, or of the bbox (which
    some tools write as the area).
    """
    candidates = [float(outline.area_px), float(np.prod(outline.box[2:]))]
    if outline.polygons:
        candidates.append(sum(_polygon_area(polygon) for polygon in outline.polygons))
    box = stated_box(outline.annotation)
    if box is not None:
        candidates.append(float(box[2] * box[3]))
    return any(_alike(area, candidate, outline) for candidate in candidates)


def _alike(area: float, other: float, outline: Outline) -> bool:
    """Whether two areas differ by no more than rounding along the outline can explain."""
    if max(area, other) <= AREA_RATIO * min(area, other):
        return True
    return abs(area - other) <= 5 + float(outline.box[2:].sum())


def _polygon_area(polygon: Sequence[float]) -> float:
    x, y = np.reshape(polygon, (-1, 2)).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


# --- boxes in place of outlines


def _rectangles(drawn: Sequence[Outline], file: str) -> list[Finding]:
    """A warning where all outlines fill their own box: boxes were drawn, not objects."""
    objects = [outline for outline in drawn if not outline.is_crowd]
    boxes = [outline for outline in objects if outline.fills_its_box]
    if len(objects) < SEVERAL or len(boxes) < EXPLAINED_SHARE * len(objects):
        return []
    found = f"{len(boxes)} of {counted(len(objects), 'outline')} are upright rectangles: boxes"
    mend = "nothing if the objects are rectangles; else draw their outlines: masks are learned"
    return [Finding("warning", file, found, "the outlines of the objects", mend)]
