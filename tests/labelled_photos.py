"""Labelled photos for tests: folders beside a data folder, derived from generated images, with
boxes alone or without any object, and single images with one square object.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from common.coco import Entry


def labelled_copy(
    source: Path, folder: Path, change: Callable[[dict], object] | None = None
) -> Path:
    """A copy of a labelled split whose annotation file is changed in place."""
    shutil.copytree(source, folder)
    if change is not None:
        edit(folder, change)
    return folder


def edit(folder: Path, change: Callable[[dict], object]) -> None:
    """Change the annotation file of a labelled folder."""
    path = folder / "coco_annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def as_boxes(content: dict) -> None:
    """Leave a box of each annotation alone."""
    for annotation in content["annotations"]:
        annotation["segmentation"] = []


def without_objects(content: dict) -> None:
    """Leave no annotation."""
    content["annotations"] = []


def square_entry(folder: Path, number: int, image: np.ndarray, first: int, side: int) -> Entry:
    """Write an image (H, W, 3) uint8 RGB, and say that it shows one square object.

    Args:
        folder: it is written into, and gives its group a name of its own.
        number: of the image.
        image: what is written, with the object already on it.
        first: row and column of the object's first pixel.
        side: of the object.
    """
    path, last = folder / f"{number}.png", first + side
    assert cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
    box = [float(first), float(first), float(side), float(side)]
    outline = [first, first, last, first, last, last, first, last]
    annotation = {"id": number, "bbox": box, "segmentation": [outline]}
    height, width = image.shape[:2]
    group = f"{folder.name}{number}"
    return Entry(number, path.name, path, height, width, group, (annotation,))
