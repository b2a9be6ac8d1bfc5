"""Labelled folders beside a data folder, derived from generated images: with boxes alone, and
without any object.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path


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
