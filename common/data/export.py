"""What an annotation tool exported: its images with their annotations, divided into `train` and
`val`.

Whatever cannot be found or is said in another way is counted for the user. Nothing is written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.coco import DataError, Entry, list_photos
from common.coco.annotations import AnnotationFile, list_entries, plain_category
from common.coco.images import StoredImage, stored_image
from common.coco.options import ReadOptions
from common.coco.values import abbreviated, plain_id, plain_integer
from common.data.groups import group_images, split_groups
from common.data.layouts import Source, find_sources

Changes = Counter[str]  # what was changed or left out, in words → how often


@dataclass
class ExportImage:
    """An image of an export.

    Attributes:
        path: of the file.
        stored: its header.
        item: its entry in the annotation file.
        size: (width, height) that the entry states, else that of the file.
        drawn: its annotations, of the categories that are asked for.
    """

    path: Path
    stored: StoredImage
    item: Mapping[str, Any]
    size: tuple[int, int]
    drawn: list[dict] = field(default_factory=list)

    @property
    def group(self) -> str | None:
        """The images that it must not be divided from."""
        group = self.item.get("group")
        return None if group in (None, "") else str(group)


@dataclass
class Export:
    """The images of an export by split, its photos without labels, and what is to be said of
    both.
    """

    splits: dict[str, list[ExportImage]]
    photos: list[Path]
    notes: list[str]

    @property
    def labelled(self) -> list[ExportImage]:
        """All images with labels."""
        return [image for images in self.splits.values() for image in images]


def read_export(
    folder: Path, options: ReadOptions, changes: Changes, *, val_share: float, seed: int
) -> Export:
    """Read all annotation files of an export.

    Args:
        folder: the export.
        options: of crowd annotations and categories.
        changes: takes what is left out or written otherwise.
        val_share: share of images that becomes `val` where the export has no split.
        seed: of that split.

    Raises:
        DataError: there is no annotation file or no image, the annotations are ambiguous, or two
            files of one split list the same photo.
    """
    found = find_sources(folder)
    sources = [one for one in found if one.tells_objects]
    if not sources:
        raise DataError(
            f"{folder} has no COCO annotation file with outlines or boxes; export as COCO with "
            "images."
        )
    names = {one.split for one in sources}
    notes = [
        f"{one.path.relative_to(folder).as_posix()} "
        + ("read" if one.tells_objects else "left out: no annotation has an outline or a box")
        for one in found
    ]
    export = Export({"train": [], "val": []}, list_photos(folder / "real_test"), notes)
    listed: dict[tuple[str, Path], Source] = {}
    nameless = []
    for one in sources:
        split = "val" if one.split == "test" and "val" not in names else one.split or "train"
        images = _images(one, options, changes)
        _require_new(one, split, images, listed)
        if split == "test":
            notes.append(f"{len(images)} images of test go to real_test, without labels")
            export.photos += [image.path for image in images]
        else:
            export.splits[split] += images
        if not one.split:
            name = one.path.relative_to(folder).as_posix()
            nameless.append(
                f"{len(images)} images of {name} go to train, since neither its name nor its "
                "folder's says train, val or test"
            )
    if all(export.splits.values()):
        notes += nameless
    else:
        notes.append(_divide(export, val_share, seed))
    return export


def _require_new(
    source: Source,
    split: str,
    images: Sequence[ExportImage],
    listed: dict[tuple[str, Path], Source],
) -> None:
    """Refuse a photo that another file of the split lists, whose annotations may be others."""
    for image in images:
        other = listed.get((split, image.path))
        if other is not None:
            raise DataError(
                f"{other.path} and {source.path} both list {image.path}; each photo of {split} "
                "is to be listed once. Move the one that is not meant out of the folder."
            )
    listed.update(((split, image.path), source) for image in images)


def _images(source: Source, options: ReadOptions, changes: Changes) -> list[ExportImage]:
    """The images of a source that are there, with the annotations that are asked for."""
    by_id: dict[str, ExportImage] = {}
    for item in source.content["images"]:
        image = _image(source, item, changes)
        if image is None:
            continue
        key = _key(item.get("id"))
        if key in by_id:
            raise DataError(
                f"{source.path} has the image id {key} twice ({by_id[key].path.name} and "
                f"{image.path.name}), so its annotations belong to either; export again with "
                "unique ids."
            )
        by_id[key] = image
    annotations = _annotations(source, options)
    for annotation in annotations:
        drawn_on = by_id.get(_key(annotation.get("image_id")))
        if drawn_on is None:
            changes["annotation of no image, left out"] += 1
        else:
            drawn_on.drawn.append(annotation)
    kinds = {abbreviated(plain_category(one)) for one in annotations}
    if len(kinds) > 1:
        changes[f"category united with the others ({source.path.name})"] += len(kinds)
    return list(by_id.values())


def _image(source: Source, item: object, changes: Changes) -> ExportImage | None:
    """An image without its annotations; None where no readable file is there."""
    fields: Mapping[str, Any] = item if isinstance(item, dict) else {}
    name = fields.get("file_name")
    path = source.find(name) if isinstance(name, str) and name else None
    stored = stored_image(path) if path else None
    if path is None or stored is None:
        changes["image without a readable file, left out with its annotations"] += 1
        return None
    sides = [plain_integer(fields.get(key)) or 0 for key in ("width", "height")]
    if min(sides) < 1:
        changes["size taken from the file"] += 1
        sides = list(stored.size)
    if path.name != name:
        changes["file name written as that of the file"] += 1
    return ExportImage(path, stored, fields, (sides[0], sides[1]))


def _annotations(source: Source, options: ReadOptions) -> list[dict]:
    without_images: AnnotationFile = {
        "images": [],
        "annotations": source.content["annotations"],
        "categories": source.content.get("categories"),
    }
    listing = list_entries(without_images, source.path.parent, options)
    wrong = next((one for one in listing.of_annotations if one.level == "error"), None)
    if wrong is not None:
        raise DataError(
            f"{source.path} has {wrong.subject}: {wrong.found}; expected {wrong.expected}. "
            f"To mend it, {wrong.mend}."
        )
    return [annotation for _, annotation in listing.annotations]


def _key(value: object) -> str:
    number = plain_id(value)
    return repr(value) if number is None else str(number)


def _divide(export: Export, share: float, seed: int) -> str:
    """Divide all images by groups, so that near-duplicates stay together."""
    images = export.labelled
    if len(images) < 3:
        raise DataError(f"the export has {len(images)} images; 3 or more are needed to divide.")
    entries = [
        Entry(number, image.path.name, image.path, *image.size, image.group)
        for number, image in enumerate(images)
    ]
    groups = dict(enumerate(group_images(entries)))
    shows = [number for number, image in enumerate(images) if image.drawn]
    divided = split_groups(groups, share=share, seed=seed, with_objects=shows)
    export.splits["train"] = _those(images, divided.fit_ids)
    export.splits["val"] = _those(images, divided.tune_ids)
    return (
        f"the export has no two splits: {len(divided.tune_ids)} of {len(images)} images were "
        f"taken as val by groups (--val-share {share:g}, seed {seed})"
    )


def _those(images: Sequence[ExportImage], numbers: Iterable[int]) -> list[ExportImage]:
    return [images[number] for number in numbers]
