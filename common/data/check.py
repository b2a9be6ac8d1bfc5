"""The check of a whole data set before any training.

Everything that is wrong is collected in one go, one finding for each cause, so that one look at
the table is enough to mend a data set. The check opens files for reading only; it repairs nothing
and refuses to stop at the first finding.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from common.coco.annotations import DataError, read_json
from common.coco.check_annotations import Drawn, check_outlines
from common.coco.check_images import ImageFile, Inspection, image_findings, inspect_images
from common.coco.check_readings import ORIENTATION, READINGS, open_to
from common.coco.check_sizes import fitting, size_findings
from common.coco.findings import Finding, format_table
from common.coco.images import PHOTO_SUFFIXES, list_photos
from common.coco.options import DEFAULT_OPTIONS, ReadOptions
from common.coco.values import abbreviated, plain_id
from common.data.check_set import set_findings
from common.data.check_split import Split, images_below, open_split, unused_images, without_file
from common.data.named_sets import SetSource, options_for
from common.data.template import HEADER, TemplateError, require_fitting_template
from common.scale import scale_note
from common.words import counted

__all__ = ["Finding", "check_data", "format_findings"]

LABELLED = ("train", "val")


def check_data(
    folder: Path,
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    sets: Sequence[SetSource] = (),
    progress: bool = False,
) -> list[Finding]:
    """Check `train/`, `val/` and `real_test/`, the submission's template where there is one, and
    labelled images beside them.

    Images without annotation are legal. Near-duplicates are not looked for here, only the same
    pixels.

    Args:
        folder: holds the splits.
        options: how annotations are read.
        sets: labelled images of elsewhere; findings call them by their names.
        progress: show a bar on stderr.

    Returns:
        All findings; empty for a clean data set. Nothing is raised for what a data set contains.
    """
    folder = Path(folder)
    splits = [open_split(folder / name, name, options) for name in LABELLED]
    beside = [open_split(one.folder, one.name, options_for(one, options)) for one in sets]
    photos, photo_findings = _check_photos(folder)
    labelled = [image for split in (*splits, *beside) for image in split.images]
    everything = inspect_images([*labelled, *photos], progress=progress)
    names = {one.name for one in sets}
    inspections = [one for one in everything if one.image.split not in names]
    sized = fitting(everything) | without_file([*splits, *beside])
    findings = _of_splits(folder, splits, sized, options)
    findings += photo_findings
    findings += _other_scale(inspections)
    settled = _settled(splits, findings)
    findings += [*size_findings(inspections, settled), *image_findings(inspections)]
    for source, split in zip(sets, beside, strict=True):
        findings += set_findings(source, split, everything, sized, options)
    return findings


def _of_splits(
    folder: Path, splits: Sequence[Split], sized: Collection[Path], options: ReadOptions
) -> list[Finding]:
    """Findings on the annotations of `train` and `val`."""
    drawn = {
        split.file: check_outlines(split.annotated, sized, options, split.file) for split in splits
    }
    findings = []
    for split in splits:
        found = drawn[split.file].findings
        if not _has_error(split.findings + found):
            found = _as_in_the_other_split(split.file, drawn) or found
        found = split.findings + found
        findings += found
        is_sized = all(image.path in sized for image in split.images)
        if is_sized and not _has_error(found):
            findings += _too_few(split, drawn[split.file].images_with_objects)
            findings += _check_template(folder, split) if split.name == "val" else []
    return findings


def _settled(splits: Iterable[Split], findings: Sequence[Finding]) -> set[str]:
    """Splits of which their images say how those with an EXIF orientation were annotated."""
    mends = [reading.mend for reading in ORIENTATION]
    files = {finding.file for finding in findings if finding.mend in mends}
    return {split.name for split in splits if split.file in files}


def _has_error(findings: Iterable[Finding]) -> bool:
    return any(finding.level == "error" for finding in findings)


def _as_in_the_other_split(file: str, drawn: Mapping[str, Drawn]) -> list[Finding]:
    """An error where the outlines of the other split are proven to be written in another way, and
    nothing says that those of this file are not: one tool wrote both.
    """
    for other, proven in drawn.items():
        mends = {finding.mend for finding in proven.findings if finding.level == "error"}
        for reading in READINGS:
            if other == file or reading.mend not in mends:
                continue
            tell = proven.reading is None  # else the boxes of the other file were wrong as well
            count = open_to(drawn[file].outlines, reading, boxes_tell=tell)
            if count:
                found = f"those of {other} are to be {reading.name}, and nothing here speaks "
                found += f"against it: {counted(count, 'outline')}"
                return [Finding("error", file, found, reading.expected, reading.mend)]
    return []


def _other_scale(inspections: Sequence[Inspection]) -> list[Finding]:
    """Photos and images of `val` that are so large that a model does not know their objects."""
    shapes: dict[str, list[tuple[int, int]]] = {"train": [], "val": [], "real_test": []}
    for one in inspections:
        if one.header is not None:
            width, height = one.header.size
            shapes[one.image.split].append((height, width))
    if not shapes["train"]:
        return []
    found = {
        name: scale_note(shapes["train"], shapes[name], "images") for name in ("val", "real_test")
    }
    expected = "images of about the size of those in train"
    mend = "nothing, if objects are as large in them as a share of the image: they are brought "
    mend += "to the training images' size; else predict with --scale NUMBER"
    return [
        Finding("warning", f"{name}/", note, expected, mend)
        for name, note in found.items()
        if note is not None
    ]


def format_findings(
    findings: Sequence[Finding],
    folder: Path,
    *,
    sets: Sequence[SetSource] = (),
    width: int | None = None,
) -> str:
    """The table of findings, errors first, and a line that sums up; only that line for a clean
    data set.

    Args:
        findings: of `check_data`.
        folder: the same data folder; its images are counted.
        sets: those that were checked too; their images are counted.
        width: characters per line, see `format_table`.
    """
    counts, empty = {}, 0
    for split in LABELLED:
        counts[split], without = _count_images(Path(folder) / split)
        empty += without
    counts["real_test"] = len(list_photos(Path(folder) / "real_test"))
    for one in sets:
        counts[one.name], without = _count_images(one.folder)
        empty += without
    errors, warnings = (
        sum(finding.level == level for finding in findings) for level in ("error", "warning")
    )
    parts = ", ".join(f"{split} {count}" for split, count in counts.items())
    summary = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    summary += (
        f" in {counted(sum(counts.values()), 'image')} ({parts}; {empty} without annotation)"
    )
    return "\n\n".join(filter(None, (format_table(findings, width=width), summary)))


def _check_template(folder: Path, split: Split) -> list[Finding]:
    listing = split.annotated.listing
    names = {entry.image_id: entry.file_name for entry in listing.entries} if listing else {}
    try:
        layout = require_fitting_template(folder, names, names)
    except TemplateError as error:
        file = error.file if error.file != str(folder) else "./"
        return [Finding("error", file, error.found, error.expected, error.mend)]
    if not layout.unusual:
        return []
    found, expected = "; ".join(layout.unusual), ",".join(HEADER)
    mend = "nothing: the submission is written the same way, in UTF-8"
    return [Finding("note", layout.file_name, found, expected, mend)]


def _check_photos(folder: Path) -> tuple[list[ImageFile], list[Finding]]:
    root = folder / "real_test"
    photos = list_photos(root)
    findings = []
    if not photos:
        found = "no photos in it" if root.is_dir() else "no such folder"
        mend = "put photos without labels there, or go on: the page of real photos stays empty"
        expected = f"photos ({', '.join(PHOTO_SUFFIXES)})"
        findings.append(Finding("warning", "real_test/", found, expected, mend))
    expected = f"{', '.join(PHOTO_SUFFIXES)}, all in real_test/ or all in real_test/images/"
    unused = [_name(folder, path) for path in images_below(root) if path not in photos]
    mend = "convert or move the photo; it is not read now"
    findings += unused_images(unused, expected, mend)
    return [ImageFile("real_test", path, _name(folder, path)) for path in photos], findings


def _too_few(split: Split, with_objects: int) -> list[Finding]:
    """Train is divided into fit and tune, so it needs two images with an object; val needs one."""
    needed = 2 if split.name == "train" else 1
    images = len(split.annotated.listing.entries) if split.annotated.listing else 0
    mend = "annotate more images, or move some here from another split"
    if images < needed:
        found = counted(images, "usable image")
        return [Finding("error", split.file, found, f"{needed} or more", mend)]
    if with_objects < needed:
        found = f"{counted(with_objects, 'image')} with an object among {images}"
        return [Finding("error", split.file, found, f"{needed} or more with an object", mend)]
    return []


def _count_images(folder: Path) -> tuple[int, int]:
    """The number of images of a labelled split, and of those without annotation; zeros for an
    unreadable file.
    """
    try:
        content = read_json(folder)
    except (DataError, OSError):
        return 0, 0
    notes, items = (
        [one for one in entries if isinstance(one, dict)]
        for entries in (content["annotations"], content["images"])
    )
    drawn = {_id(note.get("image_id")) for note in notes}
    ids = [_id(item.get("id")) for item in items]
    return len(content["images"]), sum(image_id not in drawn for image_id in ids)


def _id(value: object) -> int | str:
    """An id as the reader sees it, else as it stands in the file."""
    number = plain_id(value)
    return abbreviated(value, 200) if number is None else number


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
