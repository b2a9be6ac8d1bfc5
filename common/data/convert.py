"""`python -m common.coco convert DIR --output NEW`: a clean copy of an export of any COCO tool.

The copy has this project's layout, upright images, plain names, ids and numbers, and one category.
Everything that was changed or left out is counted. The source is read only, and the copy is there
whole or not at all.
"""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from common.coco import DataError, Entry, list_photos, read_image
from common.coco.annotations import (
    ANNOTATION_FILE,
    AnnotationFile,
    is_crowd,
    list_entries,
    plain_category,
)
from common.coco.drawing import OutlineError, Rle, encoded, plain_polygon
from common.coco.images import StoredImage, stored_image
from common.coco.options import ReadOptions
from common.coco.outline_forms import other_form
from common.coco.values import abbreviated, plain_id, plain_integer, plain_number
from common.data.groups import group_images, split_groups
from common.data.layouts import Source, find_sources
from common.data.template import TEMPLATE_NAMES
from common.files import whole_folder
from common.image_files import write_pixels

ANEW = "numbered anew"
# How pixels as stored become upright, by EXIF orientation.
TURNS = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@dataclass
class _Image:
    """An image of the export: its file, header, entry, stated (width, height) and annotations."""

    path: Path
    stored: StoredImage
    item: Mapping[str, Any]
    size: tuple[int, int]
    drawn: list[dict] = field(default_factory=list)


def convert(
    folder: Path, output: Path, options: ReadOptions, *, val_share: float = 0.2, seed: int = 0
) -> list[str]:
    """Write a clean copy.

    Args:
        folder: the export.
        output: the new folder, absent or empty.
        options: of crowd annotations, categories and images annotated as seen upright.
        val_share: share of images that becomes `val` where the export has no split.
        seed: of that split.

    Returns:
        What was changed, one sentence each.

    Raises:
        DataError: there is no annotation file or no image, or the output is not free.
    """
    source, target = folder.resolve(), output.resolve()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DataError(f"{output} is there already; name a new folder as --output.")
    if source == target or source in target.parents:
        raise DataError(f"{output} lies in {folder}, which stays as it is; name another --output.")
    sources = find_sources(folder)
    if not sources:
        raise DataError(f"{folder} has no COCO annotation file; export as COCO with images.")
    wording: Counter[str] = Counter()
    splits: dict[str, list[_Image]] = {"train": [], "val": []}
    photos = list_photos(folder / "real_test")
    names = {one.split for one in sources}
    notes = [f"{one.path.relative_to(folder).as_posix()} read" for one in sources]
    for one in sources:
        split = "val" if one.split == "test" and "val" not in names else one.split
        images = _images(one, options, wording)
        if split == "test":
            notes.append(f"{len(images)} images of test go to real_test, without labels")
            photos += [image.path for image in images]
        else:
            splits[split or "train"] += images
    if not splits["train"] or not splits["val"]:
        notes.append(_divide(splits, val_share, seed))
    is_upright = options.upright or _seen_upright(splits["train"] + splits["val"])
    with whole_folder(output) as partial:
        for split, images in splits.items():
            _write_split(partial / split, images, is_upright, wording)
        (partial / "real_test").mkdir()
        taken: set[str] = set()
        for photo in photos:
            shutil.copyfile(photo, partial / "real_test" / _free_name(photo.name, taken))
        _copy_template(folder, partial, wording)
    as_stored = _turned_as_stored(splits["train"] + splits["val"], is_upright)
    if as_stored:
        wording[
            "image turned by its EXIF orientation but of the size as stored: its outlines were "
            "taken as drawn on the stored pixels; if they lie beside the objects in the copy, "
            "remove the orientation from the photos and export again"
        ] += as_stored
    return notes + [f"{count} × {what}" for what, count in wording.items()]


def _copy_template(folder: Path, output: Path, said: Counter[str]) -> None:
    """The submission's template, where the ids that it names are kept."""
    found = [name for name in TEMPLATE_NAMES if (folder / name).is_file()]
    if found and said[f"image of val {ANEW}"]:
        said["template left out, since its ids are no longer those of val"] += len(found)
        return
    for name in found:
        shutil.copyfile(folder / name, output / name)


def _turned_as_stored(images: Sequence[_Image], is_upright: bool) -> int:
    """How many images leave open on which pixels they were annotated."""
    return sum(
        image.stored.is_turned
        and image.size == image.stored.size
        and not (is_upright and image.size == image.stored.upright_size)
        for image in images
    )


def _images(source: Source, options: ReadOptions, said: Counter[str]) -> list[_Image]:
    """The images of a source that are there, with the annotations that are asked for."""
    by_id: dict[str, _Image] = {}
    for item in source.content["images"]:
        name = item.get("file_name") if isinstance(item, dict) else None
        path = source.find(name) if isinstance(name, str) and name else None
        stored = stored_image(path) if path else None
        if path is None or stored is None:
            said["image without a readable file, left out with its annotations"] += 1
            continue
        sides = [plain_integer(item.get(key)) or 0 for key in ("width", "height")]
        if min(sides) < 1:
            said["size taken from the file"] += 1
            sides = list(stored.size)
        if path.name != name:
            said["file name written as that of the file"] += 1
        key = _key(item.get("id"))
        if key in by_id:
            raise DataError(
                f"{source.path} has the image id {key} twice ({by_id[key].path.name} and "
                f"{path.name}), so its annotations belong to either; export again with unique ids."
            )
        by_id[key] = _Image(path, stored, item, (sides[0], sides[1]))
    without_images: AnnotationFile = {
        "images": [],
        "annotations": source.content["annotations"],
        "categories": source.content.get("categories"),
    }
    listing = list_entries(without_images, source.path.parent, options)
    wrong = [one for one in listing.of_annotations if one.level == "error"]
    if wrong:
        raise DataError(
            f"{source.path} has {wrong[0].subject}: {wrong[0].found}; expected "
            f"{wrong[0].expected}. To mend it, {wrong[0].mend}."
        )
    for _, annotation in listing.annotations:
        image = by_id.get(_key(annotation.get("image_id")))
        if image is None:
            said["annotation of no image, left out"] += 1
        else:
            image.drawn.append(annotation)
    kinds = {abbreviated(plain_category(one)) for _, one in listing.annotations}
    if len(kinds) > 1:
        said[f"category united with the others ({source.path.name})"] += len(kinds)
    return list(by_id.values())


def _key(value: object) -> str:
    number = plain_id(value)
    return abbreviated(value) if number is None else str(number)


def _divide(splits: dict[str, list[_Image]], share: float, seed: int) -> str:
    """Divide all images by groups, so that near-duplicates stay together."""
    images = splits["train"] + splits["val"]
    if len(images) < 3:
        raise DataError(f"the export has {len(images)} images; 3 or more are needed to divide.")
    entries = [
        Entry(number, image.path.name, image.path, *image.size, _group(image))
        for number, image in enumerate(images)
    ]
    groups = dict(enumerate(group_images(entries)))
    shows = [number for number, image in enumerate(images) if image.drawn]
    divided = split_groups(groups, share=share, seed=seed, with_objects=shows)
    splits["train"] = [images[number] for number in divided.fit_ids]
    splits["val"] = [images[number] for number in divided.tune_ids]
    return (
        f"the export has no two splits: {len(splits['val'])} of {len(images)} images were taken "
        f"as val by groups (--val-share {share:g}, seed {seed})"
    )


def _group(image: _Image) -> str | None:
    group = image.item.get("group")
    return None if group in (None, "") else str(group)


def _seen_upright(images: Sequence[_Image]) -> bool:
    """Whether images whose size tells were annotated as seen upright."""
    telling = [i for i in images if i.stored.is_turned and i.stored.upright_size != i.stored.size]
    return any(image.size == image.stored.upright_size for image in telling)


def _write_split(
    folder: Path, images: Sequence[_Image], is_upright: bool, said: Counter[str]
) -> None:
    (folder / "images").mkdir(parents=True)
    ids = [plain_id(image.item.get("id")) for image in images]
    if None in ids or len(set(ids)) < len(ids):
        said[f"image of {folder.name} {ANEW}"] += len(ids)
        ids = list(range(1, len(ids) + 1))
    content: dict[str, list] = {"images": [], "annotations": []}
    content["categories"] = [{"id": 1, "name": "object"}]
    taken: set[str] = set()
    for image_id, image in zip(ids, images, strict=True):
        turn = TURNS.get(image.stored.orientation)
        name = _free_name(image.path.name if turn is None else f"{image.path.stem}.png", taken)
        if turn is None:
            shutil.copyfile(image.path, folder / "images" / name)
        else:
            pixels = np.ascontiguousarray(turn(read_image(image.path)))
            write_pixels(folder / "images" / name, pixels)
            said["image turned upright"] += 1
        as_seen = turn is not None and is_upright and image.size == image.stored.upright_size
        width, height = image.stored.upright_size if turn else image.size
        entry: dict[str, Any] = {"id": image_id, "file_name": name}
        entry |= {"width": width, "height": height}
        content["images"].append(entry | ({"group": _group(image)} if _group(image) else {}))
        for annotation in image.drawn:
            outline = _outline(annotation, image, None if as_seen else turn, said)
            if outline is not None:
                number = len(content["annotations"]) + 1
                fields = {"id": number, "image_id": image_id, "category_id": 1}
                content["annotations"].append(
                    fields | {"iscrowd": int(is_crowd(annotation)), "segmentation": outline}
                )
    text = json.dumps(content, ensure_ascii=False)
    (folder / ANNOTATION_FILE).write_text(text, encoding="utf-8")


def _free_name(name: str, taken: set[str]) -> str:
    stem, suffix, number = Path(name).stem, Path(name).suffix, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{suffix}"
    taken.add(name.casefold())
    return name


def _outline(
    annotation: Mapping[str, Any], image: _Image, turn: Any, said: Counter[str]
) -> list | dict | None:
    """A segmentation as COCO has it; None where nothing is drawn."""
    segmentation = annotation.get("segmentation")
    form = other_form(segmentation)
    if form is not None:
        said[f"outline flattened ({form[0]})"] += 1
        segmentation = form[1]
    width, height = image.size
    try:
        outline = encoded(segmentation, height, width)
    except OutlineError as error:
        said[f"annotation that cannot be drawn, left out ({error.found})"] += 1
        return None
    if outline is None or not coco_mask.area(outline):
        said["annotation without a pixel, left out"] += 1
        return None
    hollow = _hollow(segmentation, plain_number(annotation.get("area")), image.size)
    if hollow is not None:
        said["object with a hole written as RLE"] += 1
        outline = hollow
    elif turn is None and isinstance(segmentation, list):
        return [plain_polygon(polygon) for polygon in segmentation if len(polygon) >= 6]
    if turn is not None:
        mask = turn(coco_mask.decode(outline))
        outline = coco_mask.encode(np.asfortranarray(mask))
        said["outline turned with its image"] += 1
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
