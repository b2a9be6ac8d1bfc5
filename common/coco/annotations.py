"""COCO annotations as masks.

pycocotools is the only rasteriser here: another one moves the outline of a butt-sized object by
half a pixel, which costs more Dice than most gaps between models. Nothing that pycocotools would
hang on, crash on or guess at reaches it.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from common.coco.names import stays_inside
from common.coco.values import shown
from common.commands import RefusedError

ANNOTATION_FILE = "coco_annotations.json"
# Coordinates beyond this many image sides are refused: drawing takes memory and time in proportion
# to the outline.
FARTHEST = 10


class DataError(RefusedError):
    """The data set cannot be used as it is; the message says what was found, what was expected and
    how to mend it.
    """


@dataclass(frozen=True)
class Entry:
    """One annotated image: where it lies, how large it is said to be, and what was drawn on it."""

    image_id: int
    file_name: str
    path: Path
    width: int
    height: int
    group: str | None = None
    annotations: tuple[dict, ...] = field(default=(), repr=False)


def read_json(folder: Path) -> dict:
    """The annotation file of a split as a dictionary with the lists `images` and `annotations`.

    Raises:
        DataError: the file is missing, is not JSON, or lacks one of the lists.
    """
    path = folder / ANNOTATION_FILE
    if not path.is_file():
        raise DataError(
            f"{path} is missing; expected a COCO annotation file beside the folder images/."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is not JSON ({error}); export the COCO annotations again."
        ) from error
    for key in ("images", "annotations"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise DataError(
                f'{path} has no list "{key}"; a COCO file holds "images" and "annotations".'
            )
    return content


def read_entries(folder: Path) -> list[Entry]:
    """All images of a split with their annotations, ordered by id.

    Args:
        folder: holds `coco_annotations.json` and `images/`.

    Raises:
        DataError: the annotation file cannot be read, or an image's entry lacks a field, repeats
            an id, or leaves the images folder. `python -m common.coco check` lists everything that
            is wrong at once.
    """
    content = read_json(folder)
    annotations = defaultdict(list)
    for annotation in content["annotations"]:
        if not isinstance(annotation, dict) or not isinstance(
            annotation.get("image_id"), int | float | str
        ):
            raise DataError(
                f"{folder / ANNOTATION_FILE} has the annotation {annotation!r}; it needs an "
                "image_id."
            )
        annotations[annotation["image_id"]].append(annotation)
    entries = {}
    for item in content["images"]:
        try:
            image_id, file_name = int(item["id"]), str(item["file_name"])
            width, height = int(item["width"]), int(item["height"])
            if min(width, height) < 1:
                raise ValueError("an image without pixels")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"{folder / ANNOTATION_FILE} has the image entry {item!r}; "
                "expected integers id, width and height (above 0) and a file_name."
            ) from error
        if image_id in entries:
            raise DataError(
                f"{folder / ANNOTATION_FILE} has the image id {image_id} twice; ids must be "
                "unique."
            )
        if not stays_inside(file_name):
            raise DataError(
                f"{folder / ANNOTATION_FILE} has the file_name {file_name!r}; it must stay in "
                "images/."
            )
        path = folder / "images" / file_name
        group = None if item.get("group") in (None, "") else str(item["group"])
        drawn = tuple(annotations.get(item["id"], ()))
        entries[image_id] = Entry(image_id, file_name, path, width, height, group, drawn)
    return [entries[image_id] for image_id in sorted(entries)]


def rasterise(entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """Draw the annotations of one image.

    Args:
        entry: polygons, compressed or uncompressed RLE; `iscrowd` regions are set apart.

    Returns:
        mask (H, W) bool, the union of all objects; ignore (H, W) bool, the pixels of crowd regions
        that no object covers. Both are empty for an image without annotation.

    Raises:
        DataError: a segmentation that pycocotools cannot draw, with the annotation's id.
    """
    mask = np.zeros((entry.height, entry.width), dtype=bool)
    ignore = np.zeros((entry.height, entry.width), dtype=bool)
    for annotation in entry.annotations:
        drawn = draw_segmentation(annotation, entry.height, entry.width)
        target = ignore if annotation.get("iscrowd", 0) else mask
        target |= drawn
    return mask, ignore & ~mask


def draw_segmentation(annotation: dict, height: int, width: int) -> np.ndarray:
    """One annotation as a (height, width) bool mask, drawn by pycocotools; DataError names what
    cannot be drawn.
    """
    segmentation = annotation.get("segmentation")
    name = f"annotation {annotation.get('id')} of image {annotation.get('image_id')}"
    if isinstance(segmentation, dict):
        try:
            runs = read_runs(segmentation, height, width)
        except ValueError as error:
            raise DataError(
                f"{name} has {error}; export it again for an image of {width}x{height} px."
            ) from error
        outline = coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width)
        return coco_mask.decode([outline])[..., 0].astype(bool)
    if not isinstance(segmentation, list):
        raise DataError(
            f"{name} has a segmentation of type {type(segmentation).__name__}; expected polygons "
            "or RLE."
        )
    problem = next(
        filter(None, (polygon_problem(polygon, height, width) for polygon in segmentation)), None
    )
    if problem:
        raise DataError(
            f"{name} has {problem}; expected polygons [x1, y1, x2, y2, x3, y3, …]. Draw it again."
        )
    polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
    if not polygons:
        return np.zeros((height, width), dtype=bool)
    outline = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    return coco_mask.decode([outline])[..., 0].astype(bool)


def polygon_problem(polygon: object, height: int, width: int) -> str | None:
    """What keeps a polygon from being drawn, or None.

    pycocotools hangs, runs out of memory or crashes on coordinates that are NaN, infinite or very
    far outside.
    """
    if not isinstance(polygon, list):
        return f"a polygon that is {shown(polygon)} instead of a list"
    limit = FARTHEST * max(height, width)
    for value in polygon:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"a coordinate {shown(value)} that is not a number"
        if not abs(value) <= limit:
            return f"a coordinate {shown(value)} in an image of {width}x{height} px"
    if len(polygon) % 2:
        return f"a polygon of {len(polygon)} numbers, an odd count"
    return None


def read_runs(rle: dict, height: int, width: int) -> list[int]:
    """Run lengths of a COCO RLE, compressed or not, column by column and zeros first.

    pycocotools does not check that the runs fill the image: where they do not, it returns whatever
    the memory held.

    Raises:
        ValueError: another size, no counts, or runs that do not fill height * width pixels.
    """
    size, counts = rle.get("size"), rle.get("counts")
    if not isinstance(size, list | tuple) or list(size) != [height, width]:
        raise ValueError(
            f"an RLE of size {shown(size)} for an image of [height, width] = {[height, width]}"
        )
    runs = counts if isinstance(counts, list) else decompress_counts(counts)
    if any(not isinstance(run, int) or run < 0 for run in runs):
        raise ValueError(f"RLE counts {shown(counts)} with runs that are not integers from 0 up")
    if sum(runs) != height * width:
        raise ValueError(
            f"RLE counts of {sum(runs)} pixels for an image of {height * width} pixels"
        )
    return runs


def decompress_counts(counts: object) -> list[int]:
    """Run lengths of compressed COCO counts.

    Each character holds five bits and a sign that more follow, lowest bits first; from the fourth
    run on, the number is the difference to the run two before.

    Raises:
        ValueError: not a string, a character outside the code, or an end within a number.

    Source: `rleFrString` of the COCO API.
    """
    if not isinstance(counts, str | bytes):
        raise ValueError(
            f"RLE counts of type {type(counts).__name__} instead of a list or a string"
        )
    runs, value, shift = [], 0, 0
    for code in counts if isinstance(counts, bytes) else counts.encode():
        if not 48 <= code < 112:
            raise ValueError(f"RLE counts {shown(counts)} with characters that COCO does not use")
        value |= (code - 48 & 31) << shift
        shift += 5
        if code - 48 & 32:
            continue
        if code - 48 & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError(f"RLE counts {shown(counts)} that end within a number")
    return runs
