"""The check of an annotation file: its entries, ids, names and categories, and the outline of
every object.

It reads the file without trusting any field and reports everything it finds; it never opens what
an entry names.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from common.coco.annotations import ANNOTATION_FILE, Entry
from common.coco.check_outlines import check_outline
from common.coco.findings import Finding
from common.coco.names import stays_inside
from common.coco.values import shown

LONGEST_SIDE_PX = 100_000  # beyond it a size is a slip, and no mask of it fits into memory


@dataclass(frozen=True)
class Annotated:
    """What an annotation file lists; without a readable file the entries are None.

    `with_objects` holds the ids of images with an object of at least one pixel, crowd regions left
    out.
    """

    entries: list[Entry] | None
    with_objects: frozenset[int] = frozenset()
    findings: list[Finding] = field(default_factory=list)


def check_annotations(folder: Path) -> Annotated:
    """Check `coco_annotations.json` of one split.

    Image ids that train and val share are no finding: ids are only compared within a split.

    Args:
        folder: `train/` or `val/`; findings name files relative to the folder above it.
    """
    file = f"{folder.name}/{ANNOTATION_FILE}"
    content, findings = _read_content(folder, file)
    if content is None:
        return Annotated(None, findings=findings)
    items = content["images"]
    entries, by_id, entry_findings = _check_entries(items, folder, file)
    known = {
        item["id"]
        for item in items
        if isinstance(item, dict) and isinstance(item.get("id"), int | float | str)
    }
    annotations = [
        annotation for annotation in content["annotations"] if isinstance(annotation, dict)
    ]
    objects, object_findings = _check_objects(content["annotations"], by_id, known, file)
    findings += entry_findings
    findings += _id_findings(entries, annotations, file)
    findings += _name_findings(entries, file)
    findings += object_findings
    findings += _category_findings(annotations, content.get("categories"), file)
    return Annotated(entries, frozenset(objects), findings)


def _read_content(folder: Path, file: str) -> tuple[dict | None, list[Finding]]:
    path = folder / ANNOTATION_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        others = ", ".join(sorted(other.name for other in folder.glob("*.json")))
        found = f"no such file (but {others})" if others else "no such file"
        mend = f"export the annotations as COCO JSON under the name {ANNOTATION_FILE}"
        return None, [Finding("error", file, found, "a COCO annotation file beside images/", mend)]
    except (OSError, ValueError, RecursionError) as error:
        found = f"not JSON: {error}".replace(str(path), file)
        expected = "a COCO annotation file, JSON in UTF-8"
        return None, [Finding("error", file, found, expected, "export the annotations again")]
    lists = content if isinstance(content, dict) else {}
    missing = [
        f'no list "{key}"'
        for key in ("images", "annotations")
        if not isinstance(lists.get(key), list)
    ]
    if missing:
        expected, mend = (
            'the lists "images" and "annotations"',
            "export the annotations again, as COCO instances",
        )
        return None, [Finding("error", file, " and ".join(missing), expected, mend)]
    return content, []


def _check_entries(
    items: list, folder: Path, file: str
) -> tuple[list[Entry], dict[int | float | str, Entry], list[Finding]]:
    """The entries that can be used; the first of each id as it stands in the file; and findings
    about the others.
    """
    entries, by_id, findings = [], {}, []
    for index, item in enumerate(items):
        problems = _entry_problems(item)
        if problems:
            found = f"image entry {index}: {', '.join(problems)}"
            expected = "an integer id, width and height above 0, and a file_name"
            findings.append(
                Finding("error", file, found, expected, "add what is missing, or remove the entry")
            )
        elif not stays_inside(item["file_name"]):
            found, expected = (
                f"file_name {shown(item['file_name'], 80)}",
                "a path that stays in images/",
            )
            mend = (
                "put the image into images/ and name it relative to that folder; it was not opened"
            )
            findings.append(Finding("error", file, found, expected, mend))
        else:
            path = folder / "images" / item["file_name"]
            size = int(item["width"]), int(item["height"])
            entries.append(Entry(int(item["id"]), item["file_name"], path, *size))
            by_id.setdefault(item["id"], entries[-1])
    return entries, by_id, findings


def _entry_problems(item: object) -> list[str]:
    if not isinstance(item, dict):
        return [f"{shown(item)} instead of fields"]
    problems = []
    for key in ("id", "width", "height"):
        number = _as_integer(item.get(key))
        if number is None or (key != "id" and not 0 < number <= LONGEST_SIDE_PX):
            problems.append(f"{key} {shown(item[key])}" if key in item else f"no {key}")
    name = item.get("file_name")
    if not isinstance(name, str) or not name:
        problems.append(f"file_name {shown(name)}" if "file_name" in item else "no file_name")
    return problems


def _as_integer(value: object) -> int | None:
    """The integer that the reader makes of a value; None if it cannot, or would cut a fraction
    off.
    """
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if isinstance(value, float) and number != value else number


def _id_findings(
    entries: Sequence[Entry], annotations: Sequence[dict], file: str
) -> Iterator[Finding]:
    seen = {}
    for entry in entries:
        other = seen.setdefault(entry.image_id, entry)
        if other is not entry:
            found = f"image id {entry.image_id} for {other.file_name} and {entry.file_name}"
            mend = "give each image its own id, in its entry and in its annotations"
            yield Finding("error", file, found, "unique image ids", mend)
    counts = Counter(shown(annotation["id"]) for annotation in annotations if "id" in annotation)
    for annotation_id, count in counts.items():
        if count > 1:
            found = f"annotation id {annotation_id} for {count} annotations"
            mend = (
                "number the annotations anew (all are used here, but other COCO tools keep only "
                "one)"
            )
            yield Finding("warning", file, found, "unique annotation ids", mend)


def _name_findings(entries: Sequence[Entry], file: str) -> Iterator[Finding]:
    counts = Counter(PurePosixPath(entry.file_name).as_posix() for entry in entries)
    spellings = {}
    for name, count in counts.items():
        if count > 1:
            mend = "keep one entry and give it all annotations of this image"
            yield Finding(
                "error",
                file,
                f"file_name {name} in {count} entries",
                "one entry for each image",
                mend,
            )
        other = spellings.setdefault(name.casefold(), name)
        if other != name:
            mend = "rename one of the two: on Windows and macOS they are one file"
            expected = "names that differ in more than capitals"
            yield Finding("warning", file, f"file_names {other} and {name}", expected, mend)


def _check_objects(
    annotations: list, by_id: dict, known: set, file: str
) -> tuple[set[int], list[Finding]]:
    """The ids of images with an object, and findings about the annotations one by one."""
    with_objects, findings = set(), []
    for index, annotation in enumerate(annotations):
        if not isinstance(annotation, dict):
            found = f"annotation number {index} is {shown(annotation)}"
            mend = "remove it, or export the annotations again"
            findings.append(Finding("error", file, found, "fields in braces", mend))
            continue
        image_id = annotation.get("image_id")
        name = f"annotation {shown(annotation['id']) if 'id' in annotation else f'number {index}'}"
        if not isinstance(image_id, int | float | str) or image_id not in known:
            found, expected = (
                f"{name} of image id {shown(image_id)}",
                "an image_id that an image entry has",
            )
            mend = "add the image's entry, or remove the annotation"
            findings.append(Finding("error", file, found, expected, mend))
        elif (
            image_id in by_id
        ):  # else its entry is reported, and without a size nothing can be drawn
            entry = by_id[image_id]
            name += f" of {entry.file_name}"
            area, outline = check_outline(
                annotation, entry.width, entry.height, file=file, name=name
            )
            findings += outline
            if area and not annotation.get("iscrowd"):
                with_objects.add(entry.image_id)
    return with_objects, findings


def _category_findings(
    annotations: Sequence[dict], categories: object, file: str
) -> Iterator[Finding]:
    named = {}
    for category in categories if isinstance(categories, list) else []:
        if isinstance(category, dict) and "id" in category:
            named[shown(category["id"])] = str(category.get("name", category["id"]))
    used = Counter(shown(annotation.get("category_id")) for annotation in annotations)
    if len(used) > 1:
        names = ", ".join(f"{named.get(key, key)} ({count})" for key, count in used.most_common())
        mend = (
            "nothing if all are the object to find: they are united into one mask; else remove "
            "the others"
        )
        yield Finding(
            "warning", file, f"{len(used)} categories: {names}", "one kind of object", mend
        )
    for key, count in used.items():
        if named and key not in named:
            expected = "one of " + ", ".join(f"{key} ({name})" for key, name in named.items())
            mend = (
                "list the category, or remove these annotations if they are not the object (they "
                "are used)"
            )
            yield Finding(
                "warning", file, f"category_id {key} in {count} annotations", expected, mend
            )
