"""The check of a page of masks in a zip, whoever made it.

The zip is read in memory and unpacked nowhere. The page must open offline from what lies beside
it: every picture it shows is there and decodes, nothing is fetched from elsewhere; and every photo
of `real_test` is on it, with a mask of its size.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image

from common.coco import read_image
from common.coco.findings import Finding, Level
from common.data.template import listed
from common.gallery.names import slug_of
from common.gallery.page import without_own_script
from common.image_files import require_size
from common.offline_page import page_content

LARGEST_BYTES = 2 << 30  # of all files together, unpacked
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp")
MASK_WORDS = ("mask", "pred")


@dataclass
class CheckedPage:
    """What was found in a zip, which CSV files it holds, and the object's share of each photo's
    mask.
    """

    findings: list[Finding] = field(default_factory=list)
    tables: dict[str, bytes] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)


def check_page(path: Path, photos: Sequence[Path]) -> CheckedPage:
    """Check the zip of a page of masks.

    Args:
        path: the zip.
        photos: of `real_test`; none if the data has none.

    Raises:
        zipfile.BadZipFile: the file is no zip.
        OSError: it cannot be read.
    """
    checked = CheckedPage()
    with zipfile.ZipFile(path) as archive:
        files = _sound_files(archive, path, checked.findings)
        if files is None:
            return checked
        for name in files:
            if name.lower().endswith(".csv"):
                checked.tables[name] = archive.read(name)
        pages = [name for name in files if name.lower().endswith((".html", ".htm"))]
        if not pages and checked.tables:
            return checked
        if len(pages) != 1:
            found = f"{len(pages)} pages ({listed(pages)})" if pages else "no page"
            mend = "put the page and the folder of its pictures into the zip, and nothing else"
            checked.findings.append(Finding("error", path.name, found, "one .html file", mend))
            return checked
        visible = _check_references(archive, files, pages[0], path, checked.findings)
        _check_photos(archive, visible, photos, path, checked)
    return checked


def _sound_files(
    archive: zipfile.ZipFile, path: Path, findings: list[Finding]
) -> list[str] | None:
    """The names of the files; None where the zip should not be unpacked at all."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    total = sum(info.file_size for info in infos)
    outside = [
        info.filename
        for info in infos
        if info.filename.startswith("/") or ".." in PurePosixPath(info.filename).parts
    ]
    if total > LARGEST_BYTES or outside:
        found = (
            f"names that lead out of the folder: {listed(outside)}"
            if outside
            else f"{total / 1e9:.1f} GB of files"
        )
        mend = "pack the page and its pictures again"
        findings.append(Finding("error", path.name, found, "a page and its pictures", mend))
        return None
    return [info.filename for info in infos]


def _check_references(
    archive: zipfile.ZipFile, files: Sequence[str], page: str, path: Path, findings: list[Finding]
) -> list[str]:
    """The pictures that the page shows and the zip holds, and findings about all it refers to."""
    where = f"{path.name}, {page}"
    html = archive.read(page).decode("utf-8", errors="replace")
    content = page_content(without_own_script(html))
    mend = "write the page again without it: the page must open offline, without scripts"
    findings += [
        Finding("error", where, f"{what} on the page", "plain HTML", mend)
        for what in content.active
    ]
    visible, elsewhere, missing = [], [], []
    # A picture of full size may be a click away.
    enlarged = [link for link in content.linked if link.lower().endswith(PICTURES)]
    for reference in dict.fromkeys([*content.loaded, *enlarged]):
        parts = urlsplit(reference)
        if parts.scheme == "data" or not parts.path:
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
        if parts.scheme or parts.netloc or parts.path.startswith("/"):
            elsewhere.append(reference)
        elif name in files:
            visible.append(name)
        else:
            missing.append(reference)
    for wrong, what, mend in (
        (elsewhere, "addresses outside the zip", "name the pictures relative to the page"),
        (missing, "pictures that are not in the zip", "add them, with the page's own folders"),
    ):
        if wrong:
            found = f"{len(wrong)} {what}: {listed(wrong)}"
            findings.append(Finding("error", where, found, "pictures in the zip", mend))
    pictures = [name for name in files if name.lower().endswith(PICTURES)]
    unused = sorted(set(pictures) - set(visible))
    if unused:
        found = f"{len(unused)} pictures that the page does not show: {listed(unused)}"
        mend = "remove them, or show them"
        findings.append(Finding("warning", where, found, "the page's pictures alone", mend))
    return list(dict.fromkeys(visible))


def _check_photos(
    archive: zipfile.ZipFile,
    shown: Sequence[str],
    photos: Sequence[Path],
    path: Path,
    checked: CheckedPage,
) -> None:
    """Every picture decodes, and every photo has a mask of two levels and of its size."""
    pictures = {}
    for name in shown:
        try:
            with Image.open(io.BytesIO(archive.read(name))) as ready:
                require_size(Path(name), ready.size)
                ready.load()
                pictures[name] = ready.copy()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            mend = "write it again"
            found, expected = f"{name} does not decode: {error}", "pictures that decode"
            checked.findings.append(Finding("error", path.name, found, expected, mend))
    without, of_other_size, many_levels = [], [], []
    taken: set[str] = set()
    for photo in photos:
        names = slug_of(photo.name, taken), photo.stem
        try:
            height, width = read_image(photo, upright=True).shape[:2]
        except OSError:
            continue  # a photo that does not decode is a finding of the data's check
        mask = _mask_of(names, (width, height), pictures)
        if mask is None:
            without.append(photo.name)
            continue
        picture = pictures.pop(mask)  # it is no other photo's
        if picture.size != (width, height):
            of_other_size.append(f"{mask} of {picture.size} for {(width, height)}")
        gray = np.asarray(picture.convert("L"))
        levels = len(np.unique(gray))
        if levels > 2:
            many_levels.append(f"{mask} of {levels} gray levels")
        checked.shares[photo.name] = float((gray > 127).mean())
    kinds: list[tuple[Level, list[str], str, str]] = [
        ("error", without, "photos of real_test without a mask on the page", "predict them too"),
        ("error", of_other_size, "masks of another size than the photo", "resize them to it"),
        ("warning", many_levels, "masks that are not black and white", "threshold; save as PNG"),
    ]
    for level, wrong, what, mend in kinds:
        if wrong:
            found = f"{len(wrong)} {what}: {listed(wrong)}"
            expected = "a black and white mask of each photo, at the photo's size"
            checked.findings.append(Finding(level, path.name, found, expected, mend))


def _mask_of(
    names: Iterable[str], size: tuple[int, int], pictures: Mapping[str, Image.Image]
) -> str | None:
    """The picture that is a photo's mask: one of the photo's names and a word for masks in its
    name, the photo's size, and as little else in the name as possible.
    """
    found = []
    for path, picture in pictures.items():
        stem = PurePosixPath(path).stem.casefold()
        for name in names:
            rest = stem.removeprefix(name.casefold())
            named = stem.startswith(name.casefold()) and not rest[:1].isalnum()
            if named and any(word in rest for word in MASK_WORDS):
                found.append((picture.size != size, len(rest), path))
    return min(found)[2] if found else None
