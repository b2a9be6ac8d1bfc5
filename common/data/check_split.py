"""The check of one labelled folder: its annotations, the images of them that are there, and what
is to be said of both.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.coco.annotations import ANNOTATION_FILE, CONVERTED, DataError, Entry
from common.coco.check_annotations import Annotated, check_outlines, open_annotations
from common.coco.check_images import ImageFile, image_findings, inspect_images
from common.coco.check_sizes import fitting, size_findings
from common.coco.findings import Finding, Problem, format_table, gathered_images, some_of
from common.coco.images import PHOTO_SUFFIXES
from common.coco.names import ImageFolder, is_file
from common.coco.options import ReadOptions
from common.coco.values import plain_id
from common.words import counted

UNREAD_SUFFIXES = (".heic", ".heif", ".avif", ".gif", ".jp2", ".dng")
OTHER_LAYOUTS = ("annotations", "valid", "validation", "data", "images")


@dataclass(frozen=True)
class Split:
    """One labelled split: its annotations, the images of them that are there, and findings.

    `name` stands in front of every file in the findings.
    """

    name: str
    annotated: Annotated
    images: list[ImageFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The annotation file, as findings call it."""
        return f"{self.name}/{ANNOTATION_FILE}"


def check_split(
    root: Path, name: str, options: ReadOptions, *, progress: bool = False
) -> list[Finding]:
    """Check one labelled folder alone, as far as that says whether its labels can be scored;
    without `images/` the labels alone.

    Args:
        root: holds the annotation file and `images/`.
        name: of the split, which findings call it by.
        options: how annotations are read.
        progress: show a bar on stderr.
    """
    if (root / ANNOTATION_FILE).is_file() and not (root / "images").is_dir():
        annotated = open_annotations(root, options, name)
        split = Split(name, annotated, findings=annotated.findings)
    else:
        split = open_split(root, name, options)
    inspections = inspect_images(split.images, progress=progress)
    sized = fitting(inspections) | without_file([split])
    drawn = check_outlines(split.annotated, sized, options, split.file)
    findings = split.findings + drawn.findings
    return [*findings, *size_findings(inspections), *image_findings(inspections)]


def require_sound(root: Path, options: ReadOptions, *, progress: bool = False) -> str:
    """The table of a labelled folder's findings, "" where there are none.

    Args:
        root: holds the annotation file and `images/`.
        options: how annotations are read.
        progress: show a bar on stderr.

    Raises:
        DataError: there is an error among them; the message holds the table.
    """
    if not root.is_dir():
        raise DataError(f"{root} is no folder; it should hold {ANNOTATION_FILE} and images/.")
    findings = check_split(root, root.name, options, progress=progress)
    return table_without_errors(findings, str(root))


def table_without_errors(findings: Sequence[Finding], what: str) -> str:
    """The table of findings; DataError with it where there is an error among them.

    Args:
        findings: of one folder of labelled images.
        what: is to be mended, in the message.
    """
    table = format_table(findings)
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise DataError(
            f"{table}\n\n{what} has {counted(errors, 'error')}; mend the labels first."
        )
    return table


def without_file(splits: Iterable[Split]) -> set[Path]:
    """Paths of images that are not there; their entries alone say how large they are."""
    listings = [split.annotated.listing for split in splits]
    paths = {entry.path for listing in listings if listing for entry in listing.entries}
    return {path for path in paths if not is_file(path)}


def open_split(root: Path, name: str, options: ReadOptions) -> Split:
    """The annotations of a labelled split and the images that can be opened, with findings about
    both.

    Args:
        root: holds `images/` and the annotation file.
        name: of the split, which findings call it by.
        options: how annotations are read.
    """
    if not root.is_dir():
        return Split(name, Annotated(None), findings=[_no_split(root, name)])
    annotated = open_annotations(root, options, name)
    findings = list(annotated.findings)
    on_disk = images_below(root / "images")
    if annotated.listing is None:  # the images are still worth a look
        unlisted = [ImageFile(name, path, _shown(root, name, path)) for path in on_disk]
        return Split(name, annotated, unlisted, findings)
    if not (root / "images").is_dir():
        mend = "put the images there under the names of the annotation file"
        found, expected = "no such folder", "a folder with the images"
        findings.append(Finding("error", f"{name}/images/", found, expected, mend))
        return Split(name, annotated, [], findings)
    drawn = {plain_id(note.get("image_id")) for _, note in annotated.listing.annotations}
    images: dict[Path, ImageFile] = {}
    missing = []
    for entry in annotated.listing.entries:
        if is_file(entry.path):
            is_empty = entry.image_id not in drawn
            shown_name = _shown(root, name, entry.path)
            image = ImageFile(name, entry.path, shown_name, entry, is_empty)
            images.setdefault(entry.path, image)
        else:
            missing.append(entry)
    unlisted_names = [_shown(root, name, path) for path in on_disk if path not in images]
    findings += _missing(root, name, missing, annotated, unlisted_names)
    is_complete = not missing and not any(
        problem.level == "error" for problem in annotated.listing.of_images
    )
    if is_complete:  # else it is unclear which of them are meant
        mend = "nothing if it is not to be used; else add an entry for it"
        findings += unused_images(unlisted_names, f"an entry in {ANNOTATION_FILE}", mend)
    return Split(name, annotated, list(images.values()), findings)


def _shown(root: Path, name: str, path: Path) -> str:
    """A file of a split as findings call it."""
    return f"{name}/{path.relative_to(root).as_posix()}"


def _no_split(root: Path, name: str) -> Finding:
    folder = root.parent
    others = [other for other in OTHER_LAYOUTS if (folder / other).is_dir()]
    found = f"no such folder (but {', '.join(f'{other}/' for other in others)})" if others else ""
    mend = "make it, or name the folder that holds train/ and val/"
    mend += f" {CONVERTED}" if others else ""
    expected = f"images/ and {ANNOTATION_FILE} in it"
    return Finding("error", f"{name}/", found or "no such folder", expected, mend)


def _missing(
    root: Path,
    name: str,
    missing: Sequence[Entry],
    annotated: Annotated,
    unused: Sequence[str],
) -> list[Finding]:
    """One finding on the entries whose image is not there."""
    if not missing:
        return []
    mend = "copy the image there, correct file_name, or remove the entry and its annotations"
    lying = some_of([shown.rpartition("/")[2] for shown in unused])
    also = f" (but {lying}, without an entry)" if unused else ""
    if len(missing) == 1:
        expected, found = f"the image of entry {missing[0].image_id}", f"no such file{also}"
        return [Finding("error", _shown(root, name, missing[0].path), found, expected, mend)]
    names = some_of([entry.file_name for entry in missing])
    found = f"{len(missing)} of {counted(annotated.images, 'image')} not there: {names}{also}"
    return [Finding("error", f"{name}/images/", found, "the image of each entry", mend)]


def unused_images(names: Sequence[str], expected: str, mend: str) -> list[Finding]:
    """Findings on images that nothing refers to; their names begin with the split's."""
    found = "an image that is not used"
    places = [name.split("/")[0] + "/" for name in names]
    problems = [
        (place, Problem("warning", name, found, expected, mend))
        for place, name in zip(places, names, strict=True)
    ]
    return gathered_images(problems, Counter(places))


def images_below(folder: Path) -> list[Path]:
    """Files that look like images, at any depth; what the system hides is left out."""
    suffixes = PHOTO_SUFFIXES + UNREAD_SUFFIXES
    paths = [folder / name for name in ImageFolder(folder).files]
    return [path for path in paths if path.suffix.lower() in suffixes]
