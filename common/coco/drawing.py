"""Outlines of annotations as masks.

pycocotools is the only rasteriser here: another one moves the outline of a butt-sized object by
half a pixel, which costs more Dice than most gaps between models. Nothing that pycocotools would
hang on, crash on or guess at reaches it.
"""

from typing import TypedDict

import numpy as np
from pycocotools import mask as coco_mask

from common.coco.outline_forms import other_form
from common.coco.values import abbreviated, plain_integer, plain_number

# Coordinates beyond this many image sides are refused: drawing takes memory and time in proportion
# to the outline.
FARTHEST = 10
LONGEST_OUTLINE_PX = 2e7
LONGEST_RUN_BITS = 64
POLYGONS = "polygons [[x1, y1, x2, y2, x3, y3, …], …] in pixels"
DRAW_AGAIN = "draw the object again, or remove this polygon"
FLATTEN = "write each polygon as one flat list of numbers, [x1, y1, x2, y2, …]"
EXPORT_RLE = "export the RLE again from a mask of this image's size"


class OutlineError(ValueError):
    """An outline that cannot be drawn; `found`, `expected` and `mend` say why and what to do."""

    def __init__(self, found: str, expected: str, mend: str):
        super().__init__(f"{found}; expected {expected}. To mend it, {mend}.")
        self.found, self.expected, self.mend = found, expected, mend


class Rle(TypedDict):
    """The compressed run lengths of pycocotools; size is [height, width]."""

    size: list[int]
    counts: bytes


def encoded(segmentation: object, height: int, width: int) -> Rle | None:
    """One segmentation as pycocotools' compressed RLE; None if it has no polygon to draw.

    Args:
        segmentation: polygons, compressed or uncompressed RLE; None or an empty one is no pixel.
        height: of the image in pixels.
        width: of the image in pixels.

    Raises:
        OutlineError: it cannot be drawn.
    """
    if not segmentation:
        return None
    form = other_form(segmentation)
    if form is not None:
        raise OutlineError(
            f"segmentation {abbreviated(segmentation)}, {form[0]}", POLYGONS, FLATTEN
        )
    if isinstance(segmentation, dict):
        runs = read_runs(segmentation, height, width)
        return coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width)
    if not isinstance(segmentation, list):
        found = f"segmentation {abbreviated(segmentation)} of type {type(segmentation).__name__}"
        raise OutlineError(
            found, f"{POLYGONS}, or RLE", "export the outline as a list of polygons"
        )
    for polygon in segmentation:
        problem = polygon_problem(polygon, height, width)
        if problem:
            raise OutlineError(problem, POLYGONS, DRAW_AGAIN)
    polygons = [plain_polygon(polygon) for polygon in segmentation if len(polygon) >= 6]
    return coco_mask.merge(coco_mask.frPyObjects(polygons, height, width)) if polygons else None


def plain_polygon(polygon: object) -> list[float]:
    """The coordinates of a sound polygon, numbers where they were written as text; the list itself
    where there are none such.
    """
    if not isinstance(polygon, list):
        return []
    if all(type(value) in (int, float) for value in polygon):
        return polygon
    return [number for value in polygon if (number := plain_number(value)) is not None]


def polygon_problem(polygon: object, height: int, width: int) -> str | None:
    """What keeps a polygon from being drawn, or None.

    pycocotools hangs, runs out of memory or crashes on coordinates that are NaN, infinite or very
    far outside.
    """
    if not isinstance(polygon, list):
        return f"a polygon that is {abbreviated(polygon)} instead of a list"
    limit = FARTHEST * max(height, width)
    for value in polygon:
        number = value if type(value) in (int, float) else plain_number(value)
        if number is None:
            return f"a coordinate {abbreviated(value)} that is not a number"
        if not abs(number) <= limit:
            return f"a coordinate {abbreviated(value)} in an image of {width}x{height} px"
    if len(polygon) % 2:
        return f"a polygon of {len(polygon)} numbers, an odd count"
    if len(polygon) * limit > LONGEST_OUTLINE_PX:  # else it cannot be as long
        points = np.array(plain_polygon(polygon)).reshape(-1, 2)
        length = float(np.abs(np.diff(points, axis=0, append=points[:1])).sum())
        if length > LONGEST_OUTLINE_PX:
            return f"a polygon of {len(points)} points with an outline of {length:.0f} px"
    return None


def read_runs(rle: dict[str, object], height: int, width: int) -> list[int]:
    """Run lengths of a COCO RLE, compressed or not, column by column and zeros first.

    pycocotools does not check that the runs fill the image: where they do not, it returns whatever
    the memory held.

    Raises:
        OutlineError: another size, no counts, or runs that do not fill height * width pixels.
    """
    size, counts = rle.get("size"), rle.get("counts")
    expected = f"size {[height, width]} and runs that add up to {height * width} pixels"
    if not isinstance(size, list | tuple):
        raise OutlineError(f"an RLE of size {abbreviated(size)}", expected, EXPORT_RLE)
    sides = [plain_integer(side) for side in size]
    if sides != [height, width]:
        turned = ", height and width the other way round" if sides == [width, height] else ""
        found = f"an RLE of size {abbreviated(size)}{turned} for an image of [height, width] = "
        raise OutlineError(f"{found}{[height, width]}", expected, EXPORT_RLE)
    if isinstance(counts, list):
        runs = [run if type(run) is int else plain_integer(run) for run in counts]
    else:
        runs = list(decompress_counts(counts, expected))
    plain = [run for run in runs if run is not None and run >= 0]
    if len(plain) < len(runs):
        found = f"RLE counts {abbreviated(counts)} with runs that are not integers from 0 up"
        raise OutlineError(found, expected, EXPORT_RLE)
    if sum(plain) != height * width:
        found = (
            f"RLE counts of {abbreviated(sum(plain))} pixels for an image of {height * width} "
            "pixels"
        )
        raise OutlineError(found, expected, EXPORT_RLE)
    return plain


def decompress_counts(counts: object, expected: str = "compressed counts of COCO") -> list[int]:
    """Run lengths of compressed COCO counts.

    Each character holds five bits and a sign that more follow, lowest bits first; from the fourth
    run on, the number is the difference to the run two before.

    Args:
        counts: text or bytes.
        expected: what the error says was expected.

    Raises:
        OutlineError: not a string, a character outside the code, or an end within a number.

    Source: `rleFrString` of the COCO API.
    """
    if not isinstance(counts, str | bytes):
        found = f"RLE counts of type {type(counts).__name__} instead of a list or a string"
        raise OutlineError(found, expected, EXPORT_RLE)
    if isinstance(counts, str) and counts[:2] in ("b'", 'b"'):
        mend = 'write counts.decode("ascii") where the file is made'
        found = f"RLE counts {abbreviated(counts, 20)}, the text of Python bytes"
        raise OutlineError(found, expected, mend)
    runs: list[int] = []
    value = shift = 0
    for code in counts if isinstance(counts, bytes) else counts.encode(errors="surrogatepass"):
        if not 48 <= code < 112:
            found = f"RLE counts {abbreviated(counts)} with characters that COCO does not use"
            raise OutlineError(found, expected, EXPORT_RLE)
        value |= (code - 48 & 31) << shift
        shift += 5
        if shift > LONGEST_RUN_BITS:
            found = (
                f"RLE counts {abbreviated(counts)} with a run of more than {LONGEST_RUN_BITS} bits"
            )
            raise OutlineError(found, expected, EXPORT_RLE)
        if code - 48 & 32:
            continue
        if code - 48 & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        found = f"RLE counts {abbreviated(counts)} that end within a number"
        raise OutlineError(found, expected, EXPORT_RLE)
    return runs
