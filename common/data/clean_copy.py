"""A split of an export written anew: upright images under plain names, ids that are numbers, one
category, outlines as COCO has them.

What an image was called before stands beside what it is called now. An outline that cannot be
drawn is left out and counted, never repaired.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from common.coco import read_image
from common.coco.annotations import ANNOTATION_FILE, is_crowd
from common.coco.drawing import OutlineError, Rle, encoded, plain_polygon
from common.coco.images import TURNS, Turn
from common.coco.outline_forms import other_form
from common.coco.values import plain_id, plain_number
from common.data.export import Changes, ExportImage
from common.image_files import write_pixels


@dataclass(frozen=True)
class Renamed:
    """What an image is called in the copy, and what it was called in the export."""

    image_id: int
    file_name: str
    original_id: str
    original_file_name: str

    @property
    def has_own_id(self) -> bool:
        """Whether it kept its id."""
        return plain_id(self.original_id) == self.image_id


def write_split(
    folder: Path,
    images: Sequence[ExportImage],
    changes: Changes,
    *,
    is_upright: bool,
    stems: Mapping[str, str] | None = None,
) -> list[Renamed]:
    """Write one split.

    Args:
        folder: of the split, not there yet.
        images: of it.
        changes: takes what is written otherwise or left out.
        is_upright: whether images were annotated as seen upright, where their sizes allow it.
        stems: id in the export → name of the file without suffix; other files keep theirs.

    Returns:
        What the images are called, in their order.
    """
    (folder / "images").mkdir(parents=True)
    taken: set[str] = set()
    entries: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    renamed = []
    for image_id, image in zip(_ids(folder.name, images, changes), images, strict=True):
        original = str(image.item.get("id"))
        stem = (stems or {}).get(original, image.path.stem)
        name = _write_image(folder / "images", image, stem, taken, changes)
        renamed.append(Renamed(image_id, name, original, str(image.item.get("file_name"))))
        width, height = image.stored.upright_size if image.stored.is_turned else image.size
        entry: dict[str, Any] = {"id": image_id, "file_name": name}
        entry |= {"width": width, "height": height}
        entries.append(entry | ({"group": image.group} if image.group else {}))
        as_seen = is_upright and image.size == image.stored.upright_size
        turn = None if as_seen else TURNS.get(image.stored.orientation)
        for annotation in image.drawn:
            outline = _outline(annotation, image, turn, changes)
            if outline is not None:
                note = {"id": len(annotations) + 1, "image_id": image_id, "category_id": 1}
                crowd = {"iscrowd": int(is_crowd(annotation))}
                annotations.append(note | crowd | {"segmentation": outline})
    categories = [{"id": 1, "name": "object"}]
    content = {"images": entries, "annotations": annotations, "categories": categories}
    text = json.dumps(content, ensure_ascii=False)
    (folder / ANNOTATION_FILE).write_text(text, encoding="utf-8")
    return renamed


def free_name(name: str, taken: set[str]) -> str:
    """A name that no other file has on any system, and which is taken from now on."""
    stem, suffix, number = Path(name).stem, Path(name).suffix, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{suffix}"
    taken.add(name.casefold())
    return name


def _ids(split: str, images: Sequence[ExportImage], changes: Changes) -> list[int]:
    """The images' own ids, or new ones for all where some are no numbers or are there twice."""
    ids = [plain_id(image.item.get("id")) for image in images]
    plain = [image_id for image_id in ids if image_id is not None]
    if len(set(plain)) == len(ids):
        return plain
    changes[f"image of {split} numbered anew"] += len(ids)
    return list(range(1, len(ids) + 1))


def _write_image(
    folder: Path, image: ExportImage, stem: str, taken: set[str], changes: Changes
) -> str:
    """Copy an image, or write it upright; returns its new name."""
    turn = TURNS.get(image.stored.orientation)
    name = free_name(stem + (image.path.suffix if turn is None else ".png"), taken)
    if turn is None:
        shutil.copyfile(image.path, folder / name)
    else:
        write_pixels(folder / name, np.ascontiguousarray(turn(read_image(image.path))))
        changes["image turned upright"] += 1
    return name


def _outline(
    annotation: Mapping[str, Any], image: ExportImage, turn: Turn | None, changes: Changes
) -> list | dict | None:
    """A segmentation as COCO has it; None where nothing is drawn."""
    segmentation = annotation.get("segmentation")
    form = other_form(segmentation)
    if form is not None:
        changes[f"outline flattened ({form[0]})"] += 1
        segmentation = form[1]
    width, height = image.size
    try:
        outline = encoded(segmentation, height, width)
    except OutlineError as error:
        changes[f"annotation that cannot be drawn, left out ({error.found})"] += 1
        return None
    if outline is None or not coco_mask.area(outline):
        changes["annotation without a pixel, left out"] += 1
        return None
    hollow = _hollow(segmentation, plain_number(annotation.get("area")), image.size)
    if hollow is not None:
        changes["object with a hole written as RLE"] += 1
        outline = hollow
    elif turn is None and isinstance(segmentation, list):
        return [plain_polygon(polygon) for polygon in segmentation if len(polygon) >= 6]
    if turn is not None:
        mask = turn(coco_mask.decode(outline))
        outline = coco_mask.encode(np.asfortranarray(mask))
        changes["outline turned with its image"] += 1
    return {"size": list(map(int, outline["size"])), "counts": outline["counts"].decode()}


def _hollow(segmentation: object, area: float | None, size: tuple[int, int]) -> Rle | None:
    """The object without the holes that its area leaves out; None where it has none."""
    if not isinstance(segmentation, list) or len(segmentation) < 2 or not area:
        return None
    width, height = size
    parts = [encoded([polygon], height, width) for polygon in segmentation]
    masks = [coco_mask.decode(part) for part in parts if part is not None]
    if len(masks) < 2:
        return None
    xor, union = np.bitwise_xor.reduce(masks), np.bitwise_or.reduce(masks)
    fits = abs(int(xor.sum()) - area) < 0.1 * area < abs(int(union.sum()) - area)
    return coco_mask.encode(np.asfortranarray(xor)) if fits else None
