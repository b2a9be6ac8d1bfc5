"""The check of a whole data set before any training.

Everything that is wrong is collected in one go, so that one look at the table is enough to mend a
data set. The check opens files for reading only; it repairs nothing and refuses to stop at the
first finding.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.coco.annotations import ANNOTATION_FILE, DataError, read_json
from common.coco.check_annotations import check_annotations
from common.coco.check_images import ImageFile, inspect_images, repeated_images
from common.coco.findings import Finding, format_table
from common.coco.images import PHOTO_SUFFIXES, list_photos
from common.data.template import TemplateError, require_fitting_template
from common.words import counted

__all__ = ["Finding", "check_data", "format_findings"]

LABELLED = ("train", "val")
UNREAD_SUFFIXES = (".heic", ".heif", ".avif", ".gif", ".jp2", ".dng")


def check_data(folder: Path, *, progress: bool = False) -> list[Finding]:
    """Check `train/`, `val/` and `real_test/`, and the submission's template where there is one.

    Images without annotation are legal. Near-duplicates are not looked for here, only the same
    pixels.

    Args:
        folder: holds the splits.
        progress: show a bar on stderr.

    Returns:
        All findings; empty for a clean data set. Nothing is raised for what a data set contains.
    """
    folder = Path(folder)
    images, findings = [], []
    for split in LABELLED:
        split_images, split_findings = _check_split(folder, split)
        images += split_images
        findings += split_findings
    photos, photo_findings = _check_photos(folder)
    inspections = inspect_images([*images, *photos], progress=progress)
    findings += photo_findings
    findings += [finding for inspection in inspections for finding in inspection.findings]
    return findings + repeated_images(inspections)


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
    errors = sum(finding.level == "error" for finding in findings)
    parts = ", ".join(f"{split} {count}" for split, count in counts.items())
    summary = f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"
    summary += (
        f" in {counted(sum(counts.values()), 'image')} ({parts}; {empty} without annotation)"
    )
    return "\n\n".join(filter(None, (format_table(findings, width=width), summary)))


def _check_split(folder: Path, split: str) -> tuple[list[ImageFile], list[Finding]]:
    """The images of a labelled split that can be opened, and findings about its files and
    annotations.
    """
    root = folder / split
    if not root.is_dir():
        mend = "make it, or name the folder that holds train/ and val/"
        return [], [
            Finding(
                "error",
                f"{split}/",
                "no such folder",
                (f"images/ and {ANNOTATION_FILE} in it"),
                mend,
            )
        ]
    annotated = check_annotations(root)
    findings = list(annotated.findings)
    on_disk = _images_below(root / "images")
    if annotated.entries is None:  # the images are still worth a look
        return [ImageFile(split, path, _name(folder, path)) for path in on_disk], findings
    if not (root / "images").is_dir():
        mend = "put the images there under the names of the annotation file"
        findings.append(
            Finding(
                "error", f"{split}/images/", "no such folder", ("a folder with the images"), mend
            )
        )
        return [], findings
    spellings = {path.as_posix().casefold(): path for path in on_disk}
    images = {}
    for entry in annotated.entries:
        if _is_file(entry.path):
            size = entry.width, entry.height
            images.setdefault(
                entry.path, ImageFile(split, entry.path, _name(folder, entry.path), size)
            )
            continue
        similar = spellings.get(entry.path.as_posix().casefold())
        found = f"no such file (but {similar.name})" if similar else "no such file"
        mend = (
            "copy the image there, correct file_name (capitals count), or remove the entry and "
            "its annotations"
        )
        expected = f"the image of entry {entry.image_id}"
        findings.append(Finding("error", _name(folder, entry.path), found, expected, mend))
    mend = "nothing if it is not to be used; else add an entry for it"
    findings += _unused(folder, on_disk, images, f"an entry in {ANNOTATION_FILE}", mend)
    findings += _too_few(split, len(annotated.entries), len(annotated.with_objects))
    # else the ids are not all known yet
    if split == "val" and len(annotated.entries) == _count_images(root)[0]:
        findings += _check_template(folder, [entry.image_id for entry in annotated.entries])
    return list(images.values()), findings


def _check_template(folder: Path, ids: Sequence[int]) -> list[Finding]:
    try:
        require_fitting_template(folder, ids)
    except TemplateError as error:
        file = error.file if error.file != str(folder) else "./"
        return [Finding("error", file, error.found, error.expected, error.mend)]
    return []


def _check_photos(folder: Path) -> tuple[list[ImageFile], list[Finding]]:
    root = folder / "real_test"
    photos = list_photos(root)
    findings = []
    if not photos:
        found = "no photos in it" if root.is_dir() else "no such folder"
        mend = "put photos without labels there, or go on: the page of real photos stays empty"
        findings.append(
            Finding(
                "warning", "real_test/", found, (f"photos ({', '.join(PHOTO_SUFFIXES)})"), mend
            )
        )
    expected = f"{', '.join(PHOTO_SUFFIXES)}, all in real_test/ or all in real_test/images/"
    findings += _unused(
        folder,
        _images_below(root),
        photos,
        expected,
        ("convert or move the photo; it is not read now"),
    )
    return [ImageFile("real_test", path, _name(folder, path)) for path in photos], findings


def _too_few(split: str, images: int, with_objects: int) -> list[Finding]:
    """Train is divided into fit and tune, so it needs two images with an object; val needs one."""
    needed = 2 if split == "train" else 1
    file, mend = (
        f"{split}/{ANNOTATION_FILE}",
        ("annotate more images, or move some here from another split"),
    )
    if images < needed:
        return [
            Finding(
                "error", file, f"{counted(images, 'usable image')}", (f"{needed} or more"), mend
            )
        ]
    if with_objects < needed:
        found = f"{counted(with_objects, 'image')} with an object among {images}"
        return [Finding("error", file, found, f"{needed} or more with an object", mend)]
    return []


def _unused(
    folder: Path, on_disk: Iterable[Path], used: Iterable[Path], expected: str, mend: str
) -> list[Finding]:
    used = set(used)
    unused = [path for path in on_disk if path not in used]
    return [
        Finding("warning", _name(folder, path), "an image that is not used", expected, mend)
        for path in unused
    ]


def _images_below(folder: Path) -> list[Path]:
    """Files that look like images, at any depth; what the system hides is left out."""
    suffixes = PHOTO_SUFFIXES + UNREAD_SUFFIXES
    found = (
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )
    return sorted(path for path in found if _is_file(path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be read
        return False


def _count_images(folder: Path) -> tuple[int, int]:
    """The number of images of a labelled split, and of those without annotation; zeros for an
    unreadable file.
    """
    try:
        content = read_json(folder)
    except (DataError, OSError):
        return 0, 0
    drawn = {
        json.dumps(note.get("image_id"))
        for note in content["annotations"]
        if isinstance(note, dict)
    }
    ids = [json.dumps(item.get("id")) for item in content["images"] if isinstance(item, dict)]
    return len(content["images"]), sum(image_id not in drawn for image_id in ids)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
