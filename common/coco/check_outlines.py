"""The check of one annotation's outline, drawn by the rasteriser that training uses.

It says what an outline lacks and refuses to repair it: a mended copy of a label is a label nobody
has looked at.
"""

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from common.coco.annotations import polygon_problem, read_runs
from common.coco.findings import Finding
from common.coco.values import shown

SMALL_AREA_PX = 10
OUTSIDE_PX = 1.0  # drawing tools place outlines up to a pixel beyond the edge
ZERO_AREA_PX = 1e-3
BBOX_IOU = 0.5
BBOX_LIMIT = 1e9  # larger numbers, infinity and NaN are no bbox

POLYGONS = "polygons [[x1, y1, x2, y2, x3, y3, …], …] in pixels"
DRAW_AGAIN = "draw the object again, or remove the annotation"


def check_outline(
    annotation: dict, width: int, height: int, *, file: str, name: str
) -> tuple[int, list[Finding]]:
    """Check the segmentation of one annotation.

    Args:
        annotation: an entry of the list `annotations`.
        width: of its image in pixels.
        height: of its image in pixels.
        file: the annotation file, for findings.
        name: of the annotation, for findings.

    Returns:
        The area in pixels that it draws (0 if it cannot be drawn), and the findings.
    """
    segmentation = annotation.get("segmentation")
    findings = []
    if isinstance(segmentation, dict):
        try:
            runs = read_runs(segmentation, height, width)
        except ValueError as error:
            expected = f"size {[height, width]} and runs that add up to {height * width} pixels"
            mend = "export the RLE again from a mask of this image's size"
            return 0, [Finding("error", file, f"{name}: {error}", expected, mend)]
        outline = coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width)
    elif (
        isinstance(segmentation, list)
        and segmentation
        and all(isinstance(part, list) for part in segmentation)
    ):
        polygons, findings = _sound_polygons(segmentation, width, height, file=file, name=name)
        if not polygons:
            return 0, findings
        outline = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    else:
        found = (
            f"segmentation {shown(segmentation)}"
            if "segmentation" in annotation
            else "no segmentation"
        )
        mend = (
            "draw the outline, as a list of polygons or as RLE (a bbox alone gives no mask), or "
            "remove the annotation"
        )
        return 0, [Finding("error", file, f"{name}: {found}", f"{POLYGONS}, or RLE", mend)]
    area = int(coco_mask.area(outline))
    if area < SMALL_AREA_PX:
        return area, [*findings, _small(area, file, name)]
    if not findings:
        findings = _bbox_findings(
            annotation.get("bbox"), coco_mask.toBbox(outline), file=file, name=name
        )
    return area, findings


def _sound_polygons(
    polygons: list[list], width: int, height: int, *, file: str, name: str
) -> tuple[list[list[float]], list[Finding]]:
    """The polygons that can be drawn, and findings about the others and about what leaves the
    image.
    """
    sound, degenerate, findings = [], [], []
    for polygon in polygons:
        problem = polygon_problem(polygon, height, width)
        if problem:
            mend = "draw the object again, or remove this polygon"
            findings.append(Finding("error", file, f"{name}: {problem}", POLYGONS, mend))
        elif len(polygon) < 6:
            degenerate.append(f"a polygon of {len(polygon) // 2} points")
        elif _hull_area(polygon) < ZERO_AREA_PX:
            degenerate.append(f"a polygon of zero area ({len(polygon) // 2} points on a line)")
        else:
            is_inside, outside = _outside_findings(polygon, width, height, file=file, name=name)
            findings += outside
            sound += [polygon] if is_inside else []
    level = (
        "warning" if sound else "error"
    )  # beside sound polygons it is a slip of the mouse, and is left out
    expected = "polygons of 3 or more points with an area"
    findings += [
        Finding(level, file, f"{name}: {problem}", expected, DRAW_AGAIN) for problem in degenerate
    ]
    return sound, findings


def _hull_area(polygon: list[float]) -> float:
    points = np.array(polygon, dtype=np.float32).reshape(-1, 2)
    return float(cv2.contourArea(cv2.convexHull(points)))


def _outside_findings(
    polygon: list[float], width: int, height: int, *, file: str, name: str
) -> tuple[bool, list[Finding]]:
    """Whether a polygon touches the image, and what to say of the part that does not."""
    (left, top), (right, bottom) = (
        edge(np.reshape(polygon, (-1, 2)), axis=0) for edge in (np.min, np.max)
    )
    extent = f"x {left:g} to {right:g}, y {top:g} to {bottom:g}"
    expected = f"x from 0 to {width}, y from 0 to {height}"
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        mend = "check that the outline belongs to this image and to its size; draw it again"
        return False, [
            Finding(
                "error", file, f"{name}: a polygon outside the image, {extent}", expected, mend
            )
        ]
    if min(left, top) < -OUTSIDE_PX or right > width + OUTSIDE_PX or bottom > height + OUTSIDE_PX:
        mend = (
            "nothing if the object is cut by the edge (the rest is left out); else draw it again"
        )
        return True, [
            Finding("warning", file, f"{name}: a polygon partly outside, {extent}", expected, mend)
        ]
    return True, []


def _small(area: int, file: str, name: str) -> Finding:
    if area == 0:
        found, expected = (
            f"{name}: an outline that covers no pixel",
            "an object of at least one pixel",
        )
        return Finding("warning", file, found, expected, DRAW_AGAIN)
    found, expected = f"{name}: an object of {area} px", f"objects of {SMALL_AREA_PX} px or more"
    return Finding(
        "warning",
        file,
        found,
        expected,
        "nothing if that is meant; else draw it again or remove it",
    )


def _bbox_findings(bbox: object, drawn: np.ndarray, *, file: str, name: str) -> list[Finding]:
    """Compare a stored bbox with the outline's; both are [x, y, width, height]. A missing one is
    never read.
    """
    if not isinstance(bbox, list) or len(bbox) != 4:
        return []
    if not all(isinstance(value, int | float) and abs(value) < BBOX_LIMIT for value in bbox):
        return []
    iou = float(coco_mask.iou(np.array([bbox], dtype=float), drawn.reshape(1, 4), [0])[0, 0])
    if iou >= BBOX_IOU:
        return []
    found = f"{name}: bbox {[round(value, 1) for value in bbox]} (IoU {iou:.2f} with the outline)"
    mend = "look which of the two is the object; the outline is used, the bbox is not"
    return [
        Finding(
            "warning",
            file,
            found,
            f"bbox near [x, y, width, height] {drawn.round(1).tolist()}",
            mend,
        )
    ]
