"""The check of a whole data set before any training.

Everything that is wrong is collected in one go, one finding for each cause, so that one look at
the table is enough to mend a data set. The check opens files for reading only; it repairs nothing
and refuses to stop at the first finding.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.coco.annotations import ANNOTATION_FILE, DataError, Entry, read_json
from common.coco.check_annotations import (
    Annotated,
    Drawn,
    check_outlines,
    open_annotations,
)
from common.coco.check_images import ImageFile, Inspection, image_findings, inspect_images
from common.coco.check_readings import READINGS, open_to
from common.coco.check_sizes import fitting, size_findings
from common.coco.findings import (
    Finding,
    Problem,
    format_table,
    gathered_images,
    some_of,
)
from common.coco.images import PHOTO_SUFFIXES, list_photos
from common.coco.names import ImageFolder, is_file
from common.coco.options import DEFAULT_OPTIONS, ReadOptions
from common.coco.values import abbreviated, plain_id
from common.data.template import HEADER, TemplateError, require_fitting_template
from common.scale import scale_note
from common.words import counted

__all__ = ["Finding", "check_data", "format_findings"]

LABELLED = ("train", "val")
UNREAD_SUFFIXES = (".heic", ".heif", ".avif", ".gif", ".jp2", ".dng")
OTHER_LAYOUTS = ("annotations", "valid", "validation", "data", "images")


@dataclass(frozen=True)
class _Split:
    """One labelled split: its annotations, the images of them that are there, and findings."""

    name: str
    annotated: Annotated
    images: list[ImageFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def file(self) -> str:
        return f"{self.name}/{ANNOTATION_FILE}"


def check_data(
    folder: Path, options: ReadOptions = DEFAULT_OPTIONS, *, progress: bool = False
) -> list[Finding]:
    """Check `train/`, `val/` and `real_test/`, and the submission's template where there is one.

    Images without annotation are legal. Near-duplicates are not looked for here, only the same
    pixels.

    Args:
        folder: holds the splits.
        options: how annotations are read.
        progress: show a bar on stderr.

    Returns:
        All findings; empty for a clean data set. Nothing is raised for what a data set contains.
    """
    folder = Path(folder)
    splits = [_open_split(folder, name, options) for name in LABELLED]
    photos, photo_findings = _check_photos(folder)
    labelled = [image for split in splits for image in split.images]
    inspections = inspect_images([*labelled, *photos], progress=progress)
    sized = fitting(inspections) | _without_file(splits)
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
        if not _has_error(found):
            findings += _too_few(split, drawn[split.file].images_with_objects)
            findings += _check_template(folder, split) if split.name == "val" else []
    findings += photo_findings
    findings += _other_scale(inspections)
    return [*findings, *size_findings(inspections), *image_findings(inspections)]


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


def format_findings(findings: Sequence[Finding], folder: Path, *, width: int | None = None) -> str:
    """The table of findings, errors first, and a line that sums up; only that line for a clean
    data set.

    Args:
        findings: of `check_data`.
        folder: the same data folder; its images are counted.
        width: characters per line, see `format_table`.
    """
    counts, empty = {}, 0
    for split in LABELLED:
        counts[split], without = _count_images(Path(folder) / split)
        empty += without
    counts["real_test"] = len(list_photos(Path(folder) / "real_test"))
    errors, warnings = (
        sum(finding.level == level for finding in findings) for level in ("error", "warning")
    )
    parts = ", ".join(f"{split} {count}" for split, count in counts.items())
    summary = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    summary += (
        f" in {counted(sum(counts.values()), 'image')} ({parts}; {empty} without annotation)"
    )
    return "\n\n".join(filter(None, (format_table(findings, width=width), summary)))


def _open_split(folder: Path, name: str, options: ReadOptions) -> _Split:
    """The annotations of a labelled split and the images that can be opened, with findings about
    both.
    """
    root = folder / name
    if not root.is_dir():
        return _Split(name, Annotated(None), findings=[_no_split(folder, name)])
    annotated = open_annotations(root, options)
    findings = list(annotated.findings)
    on_disk = _images_below(root / "images")
    if annotated.listing is None:  # the images are still worth a look
        unlisted = [ImageFile(name, path, _name(folder, path)) for path in on_disk]
        return _Split(name, annotated, unlisted, findings)
    if not (root / "images").is_dir():
        mend = "put the images there under the names of the annotation file"
        found, expected = "no such folder", "a folder with the images"
        findings.append(Finding("error", f"{name}/images/", found, expected, mend))
        return _Split(name, annotated, [], findings)
    drawn = {plain_id(note.get("image_id")) for _, note in annotated.listing.annotations}
    images: dict[Path, ImageFile] = {}
    missing = []
    for entry in annotated.listing.entries:
        if is_file(entry.path):
            shown_name, is_empty = _name(folder, entry.path), entry.image_id not in drawn
            image = ImageFile(name, entry.path, shown_name, entry, is_empty)
            images.setdefault(entry.path, image)
        else:
            missing.append(entry)
    unused = [path for path in on_disk if path not in images]
    findings += _missing(folder, name, missing, annotated, unused)
    is_complete = not missing and not any(
        problem.level == "error" for problem in annotated.listing.of_images
    )
    if is_complete:  # else it is unclear which of them are meant
        mend = "nothing if it is not to be used; else add an entry for it"
        findings += _unused(folder, unused, f"an entry in {ANNOTATION_FILE}", mend)
    return _Split(name, annotated, list(images.values()), findings)


def _no_split(folder: Path, name: str) -> Finding:
    others = [other for other in OTHER_LAYOUTS if (folder / other).is_dir()]
    found = f"no such folder (but {', '.join(f'{other}/' for other in others)})" if others else ""
    mend = "make it, or name the folder that holds train/ and val/"
    expected = f"images/ and {ANNOTATION_FILE} in it"
    return Finding("error", f"{name}/", found or "no such folder", expected, mend)


def _without_file(splits: Iterable[_Split]) -> set[Path]:
    """Paths of images that are not there; their entries alone say how large they are."""
    listings = [split.annotated.listing for split in splits]
    paths = {entry.path for listing in listings if listing for entry in listing.entries}
    return {path for path in paths if not is_file(path)}


def _missing(
    folder: Path,
    split: str,
    missing: Sequence[Entry],
    annotated: Annotated,
    unused: Sequence[Path],
) -> list[Finding]:
    """One finding on the entries whose image is not there."""
    if not missing:
        return []
    mend = "copy the image there, correct file_name, or remove the entry and its annotations"
    lying = some_of([path.name for path in unused])
    also = f" (but {lying}, without an entry)" if unused else ""
    if len(missing) == 1:
        expected, found = f"the image of entry {missing[0].image_id}", f"no such file{also}"
        return [Finding("error", _name(folder, missing[0].path), found, expected, mend)]
    names = some_of([entry.file_name for entry in missing])
    found = f"{len(missing)} of {counted(annotated.images, 'image')} not there: {names}{also}"
    return [Finding("error", f"{split}/images/", found, "the image of each entry", mend)]


def _check_template(folder: Path, split: _Split) -> list[Finding]:
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
    unused = [path for path in _images_below(root) if path not in photos]
    mend = "convert or move the photo; it is not read now"
    findings += _unused(folder, unused, expected, mend)
    return [ImageFile("real_test", path, _name(folder, path)) for path in photos], findings


def _too_few(split: _Split, with_objects: int) -> list[Finding]:
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


def _unused(folder: Path, unused: Sequence[Path], expected: str, mend: str) -> list[Finding]:
    found = "an image that is not used"
    places = [_name(folder, path).split("/")[0] + "/" for path in unused]
    problems = [
        (place, Problem("warning", _name(folder, path), found, expected, mend))
        for place, path in zip(places, unused, strict=True)
    ]
    return gathered_images(problems, Counter(places))


def _images_below(folder: Path) -> list[Path]:
    """Files that look like images, at any depth; what the system hides is left out."""
    suffixes = PHOTO_SUFFIXES + UNREAD_SUFFIXES
    paths = [folder / name for name in ImageFolder(folder).files]
    return [path for path in paths if path.suffix.lower() in suffixes]


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
