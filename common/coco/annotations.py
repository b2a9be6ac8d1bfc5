"""The annotation file of a split as entries: every image with its size and what was drawn on it.

The check and the reader both take their entries from here, so that what the one accepts the other
can use. Values are read as what they plainly mean (`common.coco.values`), names as the file they
mean (`common.coco.names`); whatever stays unclear is a problem, and never a guess.
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
from pycocotools import mask as coco_mask

from common.coco.drawing import OutlineError, Rle, encoded
from common.coco.findings import Level, Problem
from common.coco.images import stored_image
from common.coco.names import (
    ImageFolder,
    composed,
    folded,
    is_file,
    plain_name,
    stays_inside,
)
from common.coco.options import DEFAULT_OPTIONS, ReadOptions
from common.coco.values import abbreviated, plain_id, plain_integer, plain_truth
from common.commands import RefusedError
from common.words import counted, percent

ANNOTATION_FILE = "coco_annotations.json"
LONGEST_SIDE_PX = 100_000  # beyond it a size is a slip, and no mask of it fits into memory
CROWD_KEYS = ("iscrowd", "isCrowd", "is_crowd", "ignore")
CONVERTED = "(`python -m common.coco convert` writes such a copy)"
NUMBER_IMAGES = f"number the images in id and in each image_id {CONVERTED}"


class AnnotationFile(TypedDict):
    """The content of a COCO file, of which nothing is known but that it has two lists."""

    images: list[object]
    annotations: list[object]
    categories: NotRequired[object]


class DataError(RefusedError):
    """The data set cannot be used as it is; the message says what was found, what was expected and
    how to mend it.
    """


@dataclass(frozen=True, slots=True)
class Entry:
    """One annotated image: where it lies, how large it is said to be, and what was drawn on it.

    `file_name` is the path below `images/`; `upright` says that the image is to be turned as its
    EXIF orientation says, as it was when it was annotated; `resized`, that it is to be brought to
    the size that stands here; `drawn_on`, the height and width that the outlines were drawn on,
    where they are others; `is_added`, that it was added to *fit* from elsewhere.
    """

    image_id: int
    file_name: str
    path: Path
    width: int
    height: int
    group: str | None = None
    annotations: tuple[dict[str, object], ...] = field(default=(), repr=False)
    upright: bool = False
    resized: bool = False
    drawn_on: tuple[int, int] | None = None
    is_added: bool = False


@dataclass(frozen=True)
class Listing:
    """What an annotation file lists.

    Attributes:
        entries: the usable images in the order of the file, without annotations.
        annotations: (number in the file, annotation with plain values) of those that are chosen.
        ids: of all images as the file has them, also of those that cannot be used.
        of_images: what is to be said of the image entries.
        of_annotations: what is to be said of the annotations.
        categories: id as in the file → name.
    """

    entries: list[Entry]
    annotations: list[tuple[int, dict[str, object]]]
    ids: frozenset[object]
    of_images: list[Problem]
    of_annotations: list[Problem]
    categories: dict[str, str]


def read_json(folder: Path) -> AnnotationFile:
    """The annotation file of a split as a dictionary with the lists `images` and `annotations`;
    UTF-8 with or without a byte-order mark, UTF-16 or UTF-32.

    Raises:
        DataError: the file is missing, is not JSON, or lacks one of the lists.
    """
    path = folder / ANNOTATION_FILE
    if not path.is_file():
        raise DataError(
            f"{path} is missing; expected a COCO annotation file beside the folder images/."
        )
    try:
        # the same coordinate is one object in memory: outlines then take a quarter of it
        content = json.loads(path.read_bytes(), parse_float=lru_cache(1 << 16)(float))
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


def read_entries(folder: Path, options: ReadOptions = DEFAULT_OPTIONS) -> list[Entry]:
    """All images of a split with their annotations, ordered by id.

    Args:
        folder: holds `coco_annotations.json` and `images/`.
        options: how annotations are read.

    Raises:
        DataError: the annotation file cannot be read, or an image or annotation of it. `python -m
            common.coco check` lists everything that is wrong at once.
    """
    listing = list_entries(read_json(folder), folder, options)
    for problem in (*listing.of_images, *listing.of_annotations):
        if problem.level == "error":
            raise DataError(
                f"{folder / ANNOTATION_FILE} has {problem.subject}: {problem.found}; expected "
                f"{problem.expected}. To mend it, {problem.mend}."
            )
    drawn = defaultdict(list)
    for _, annotation in listing.annotations:
        drawn[plain_id(annotation.get("image_id"))].append(annotation)
    entries = sorted(listing.entries, key=lambda entry: entry.image_id)
    return [replace(entry, annotations=tuple(drawn[entry.image_id])) for entry in entries]


def list_entries(content: AnnotationFile, folder: Path, options: ReadOptions) -> Listing:
    """What an annotation file lists, without trusting any field of it.

    Args:
        content: of `read_json`.
        folder: of the split; `images/` in it is looked into where a name or size needs it.
        options: how annotations are read.
    """
    entries, of_images = [], []
    images = ImageFolder(folder / "images")
    for number, item in enumerate(content["images"]):
        entry, found = _entry(number, item, images, options)
        of_images += found
        entries += [entry] if entry else []
    of_images += _repeated(entries)
    ids = frozenset(
        hashable(item["id"])
        for item in content["images"]
        if isinstance(item, dict) and "id" in item
    )
    categories = _categories(content.get("categories"))
    chosen, of_annotations = _chosen_categories(categories, options)
    annotations = []
    for number, annotation in enumerate(content["annotations"]):
        plain, found = _annotation(number, annotation, options)
        if plain and chosen is not None and abbreviated(plain_category(plain)) not in chosen:
            continue
        of_annotations += found
        annotations += [(number, plain)] if plain is not None else []
    return Listing(entries, annotations, ids, of_images, of_annotations, categories)


def rasterise(entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """Draw the annotations of one image.

    Args:
        entry: polygons, compressed or uncompressed RLE; `iscrowd` regions are set apart.

    Returns:
        mask (H, W) bool, the union of all objects; ignore (H, W) bool, the pixels of crowd regions
        that no object covers, both of the size that the outlines were drawn on. Both are empty
        for an image without annotation.

    Raises:
        DataError: a segmentation that pycocotools cannot draw, with the annotation's id.
    """
    mask, ignore = (np.zeros(_drawn_on(entry), dtype=bool) for _ in range(2))
    for annotation in entry.annotations:
        target = ignore if is_crowd(annotation) else mask
        outline = _encoded(annotation, entry)
        if outline is not None:
            target |= coco_mask.decode(outline).astype(bool)
    return mask, ignore & ~mask


def _encoded(annotation: Mapping[str, object], entry: Entry) -> Rle | None:
    try:
        return encoded(annotation.get("segmentation"), *_drawn_on(entry))
    except OutlineError as error:
        name = f"annotation {annotation.get('id')} of image {annotation.get('image_id')}"
        raise DataError(f"{name} has {error}") from error


def _drawn_on(entry: Entry) -> tuple[int, int]:
    return entry.drawn_on or (entry.height, entry.width)


def has_object(entry: Entry) -> bool:
    """Whether an annotation that is no crowd region covers a pixel; nothing is decoded."""
    return any(area > 0 for annotation, area in _areas(entry) if not is_crowd(annotation))


@dataclass(frozen=True)
class CrowdRegions:
    """How many crowd regions a split has, and their share of all annotated pixels."""

    regions: int
    share: float

    def __str__(self) -> str:
        return (
            f"{counted(self.regions, 'crowd region')} ({percent(self.share)} of the annotated "
            "pixels) count neither as object nor as ground"
        )


def crowd_regions(entries: Iterable[Entry]) -> CrowdRegions:
    """The regions of entries that are ignored; nothing is decoded."""
    areas = [(is_crowd(annotation), area) for one in entries for annotation, area in _areas(one)]
    crowd = [area for is_region, area in areas if is_region and area > 0]
    return CrowdRegions(len(crowd), sum(crowd) / max(sum(area for _, area in areas), 1))


def _areas(entry: Entry) -> Iterator[tuple[dict[str, object], int]]:
    for annotation in entry.annotations:
        outline = _encoded(annotation, entry)
        yield annotation, int(coco_mask.area(outline)) if outline else 0


def is_crowd(annotation: Mapping[str, object]) -> bool:
    """Whether an annotation of an entry is a region to be ignored."""
    return bool(plain_truth(annotation.get("iscrowd")))


def plain_category(annotation: Mapping[str, object]) -> object:
    """The `category_id` of an annotation: a number where it plainly is one, else as written."""
    category = annotation.get("category_id")
    number = plain_integer(category)
    return category if number is None else number


def _entry(
    number: int, item: object, images: ImageFolder, options: ReadOptions
) -> tuple[Entry | None, list[Problem]]:
    """The entry of an image, if it can be used, and what is to be said of it."""
    if not isinstance(item, dict):
        mend = "remove it, or export the annotations again"
        found = f"{abbreviated(item)} instead of fields"
        return None, [Problem("error", f"image entry {number}", found, "fields in braces", mend)]
    name = item.get("file_name")
    subject = f"image entry {number}"
    if not isinstance(name, str) or not name:
        found = f"file_name {abbreviated(name)}" if "file_name" in item else "no file_name"
        mend = "add the name of the image in images/, or remove the entry"
        return None, [Problem("error", subject, found, "a file_name", mend)]
    problems = []
    image_id = plain_id(item.get("id"))
    if image_id is None:
        found = f"id {abbreviated(item['id'])}" if "id" in item else "no id"
        expected = "a whole number of at most 64 bits as id"
        problems.append(Problem("error", subject, found, expected, NUMBER_IMAGES))
    file_name = images.find(name)
    if file_name is None and not stays_inside(name):
        mend = "put the image into images/ and name it relative to that folder; it was not opened"
        expected = "a path that stays in images/"
        problems.append(
            Problem("error", subject, f"file_name {abbreviated(name, 80)}", expected, mend)
        )
        return None, problems
    if file_name is not None and not _is_the_same(name, file_name):
        mend = "nothing: the file that is meant is clear; other COCO tools may not find it"
        wording = f"file_name {abbreviated(name, 80)}, read as {file_name}"
        problems.append(
            Problem("warning", subject, wording, "the name of the file in images/", mend)
        )
    path = images.folder / (file_name or name)
    size, is_upright, of_size = _size(subject, item, path, options)
    problems += of_size
    if size is None or image_id is None:
        return None, problems
    group = None if item.get("group") in (None, "") else str(item["group"])
    entry = Entry(image_id, file_name or name, path, *size, group, upright=is_upright)
    return entry, problems


def _is_the_same(name: str, file_name: str) -> bool:
    """Whether a name is that of its file but for slashes, the form of accents and `images/`."""
    plain, file_name = composed(plain_name(name)), composed(file_name)
    front = plain.removesuffix(file_name)
    return plain.endswith(file_name) and front.split("/")[-2:] in ([""], ["images", ""])


def _size(
    subject: str, item: dict[str, object], path: Path, options: ReadOptions
) -> tuple[tuple[int, int] | None, bool, list[Problem]]:
    """Width and height of an entry, taken from the file where it names none; whether the image is
    to be turned; what is to be said of it.
    """
    given = {key: plain_integer(item.get(key)) for key in ("width", "height")}
    wrong, absent = [], []
    for key, side in given.items():
        found = f"{key} {abbreviated(item[key])}" if key in item else f"no {key}"
        if item.get(key) in (None, "") or (side is not None and side <= 0):
            absent.append(found)
        elif side is None or side > LONGEST_SIDE_PX:
            wrong.append(found)
    stored = stored_image(path) if (absent or options.upright) and is_file(path) else None
    if wrong or (absent and stored is None):
        found = ", ".join([*absent, *wrong])
        expected = f"width and height in whole pixels, from 1 to {LONGEST_SIDE_PX}"
        mend = "correct width and height in the entry, or remove it with its annotations"
        return None, False, [Problem("error", subject, found, expected, mend)]
    width, height = given["width"] or 0, given["height"] or 0
    problems = []
    if absent and stored:
        own = stored.upright_size if options.upright else stored.size
        width, height = (width if width > 0 else own[0]), (height if height > 0 else own[1])
        expected, mend = "width and height in pixels", "nothing: the size of the file is taken"
        problems = [Problem("warning", subject, ", ".join(absent), expected, mend)]
    is_turned = bool(options.upright and stored and stored.is_turned)
    size = width, height
    return size, is_turned and stored is not None and size == stored.upright_size, problems


def _repeated(entries: list[Entry]) -> Iterator[Problem]:
    """Ids and files that several entries have."""
    ids: dict[int, Entry] = {}
    files: dict[Path, list[Entry]] = defaultdict(list)
    for entry in entries:
        first = ids.setdefault(entry.image_id, entry)
        if first is not entry:
            found = f"also the id of {entry.file_name}"
            mend = "give each image its own id, in its entry and in its annotations"
            subject = f"image id {entry.image_id} of {first.file_name}"
            yield Problem("error", subject, found, "unique image ids", mend)
        files[entry.path].append(entry)
    spellings: dict[str, str] = {}
    for same in files.values():
        if len(same) > 1:
            mend = "keep one entry and give it all annotations of this image"
            subject, found = f"file_name {same[0].file_name}", f"in {len(same)} entries"
            yield Problem("error", subject, found, "one entry for each image", mend)
        name = same[0].file_name
        other = spellings.setdefault(folded(name), name)
        if other != name:
            mend = "rename one of the two: on Windows and macOS they are one file"
            expected = "names that differ in more than capitals"
            yield Problem("warning", f"file_name {name}", f"beside {other}", expected, mend)


def _annotation(
    number: int, annotation: object, options: ReadOptions
) -> tuple[dict[str, object] | None, list[Problem]]:
    """An annotation with a plain `iscrowd`, if it can be used, and what is to be said of it."""
    if not isinstance(annotation, dict):
        mend = "remove it, or export the annotations again"
        subject, found = f"annotation number {number}", f"{abbreviated(annotation)}"
        return None, [Problem("error", subject, found, "fields in braces", mend)]
    values = {key: annotation[key] for key in CROWD_KEYS if key in annotation}
    truths = {key: plain_truth(value) for key, value in values.items()}
    level: Level = "error"
    for key, value in values.items():
        if truths[key] is None and key != "ignore":  # which other tools use for other things
            found, mend = (
                f"{key} {abbreviated(value)}",
                "write 0 for an object and 1 for a crowd region",
            )
            return annotation, [
                Problem(level, annotation_name(number, annotation), found, f"{key} 0 or 1", mend)
            ]
    crowd = int(any(truths.values()) and options.crowd != "object")
    if annotation.get("iscrowd", 0) != crowd or isinstance(annotation.get("iscrowd"), str):
        annotation = annotation | {"iscrowd": crowd}
    return annotation, []


def annotation_name(number: int, annotation: Mapping[str, object], file_name: str = "") -> str:
    """What an annotation is called in a finding: its id, else its place in the file."""
    name = abbreviated(annotation["id"]) if "id" in annotation else f"number {number}"
    return f"annotation {name}" + (f" of {file_name}" if file_name else "")


def hashable(value: object) -> Hashable:
    """An id as the file has it; as text where it is a list or has fields (MongoDB's `$oid`)."""
    return value if isinstance(value, Hashable) else repr(value)


def _categories(categories: object) -> dict[str, str]:
    """Id (as `shown`) → name of each category that the file lists."""
    named = {}
    for category in categories if isinstance(categories, list) else []:
        if isinstance(category, dict) and "id" in category:
            number = plain_integer(category["id"])
            key = abbreviated(category["id"] if number is None else number)
            named[key] = str(category.get("name", category["id"]))
    return named


def _chosen_categories(
    categories: Mapping[str, str], options: ReadOptions
) -> tuple[set[str] | None, list[Problem]]:
    """Ids (as `shown`) of the categories asked for, None for all; and those that are not there."""
    if not options.categories:
        return None, []
    chosen: set[str] = set()
    problems = []
    for asked in options.categories:
        ids = {key for key, name in categories.items() if name == asked}
        ids = ids or {key for key, name in categories.items() if name.lower() == asked.lower()}
        ids = ids or {key for key in categories if key == asked}
        chosen |= ids
        if not ids:
            names = ", ".join(sorted(set(categories.values()))) or "none"
            mend = "correct --category; quote a name with spaces"
            problems.append(
                Problem("error", f"--category {asked}", "no such category", names, mend)
            )
    return chosen, problems
