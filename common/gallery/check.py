"""Whether a gallery opens whole and offline, from its folder and from the unpacked zip."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from common.gallery.page import without_own_script
from common.offline_page import PageContent, page_content


def check_gallery(
    folder: Path | str, name: str = "real_test", *, zipped: bool = True
) -> list[str]:
    """Say what keeps a gallery from opening whole and offline.

    Args:
        folder: A folder that `write_gallery` or `write_scored_gallery` has written to.
        name: Of the page.
        zipped: Whether a zip is expected.

    Returns:
        One sentence per finding: references that lead nowhere or outside, a script that is not the
            page's own, images that do not decode, have another size than the page says or no
            alternative text, files that folder and zip do not share. Empty when all is well.
    """
    folder = Path(folder)
    document = folder / f"{name}.html"
    if not document.is_file():
        return [f"{document.name} is missing"]
    content = page_content(without_own_script(document.read_text(encoding="utf-8")))
    findings = [f"{what} is not expected on this page" for what in content.active]
    findings += _check_texts(content)
    sizes = {image["src"]: (image.get("width"), image.get("height")) for image in content.images}
    references = dict.fromkeys([*content.linked, *content.loaded])
    for reference in references:
        findings += _check_reference(folder, name, reference, sizes.get(reference))
    on_disk = {
        path.relative_to(folder).as_posix()
        for path in (folder / name).rglob("*")
        if path.is_file()
    }
    findings += [f"{file} is not on the page" for file in sorted(on_disk - set(references))]
    if zipped:
        findings += _check_zip(folder, name, {document.name, *on_disk})
    return findings


def _check_texts(content: PageContent) -> Iterator[str]:
    """Yield the images without an alternative text; a repeated one may have an empty text."""
    message = {image["src"] for image in content.images if image.get("alt")}
    for image in content.images:
        if "alt" not in image or image["src"] not in message:
            yield f"{image['src']} has no alternative text"


def _check_reference(
    folder: Path, name: str, reference: str, size: tuple[str | None, str | None] | None
) -> list[str]:
    """Say what is wrong with one src or href: it must name an image of the folder that has the
    size the page says.
    """
    # The file names are plain by construction, so a reference is a path as it stands: nothing to
    # split or unquote.
    if not re.fullmatch(rf"{re.escape(name)}/[A-Za-z0-9_-]+\.(jpg|png)", reference):
        return [f"{reference!r} does not lead to an image in {name}/"]
    if not (folder / reference).is_file():
        return [f"{reference} is on the page, but not in the folder"]
    try:
        with Image.open(folder / reference) as image:
            image.load()
            found = tuple(map(str, image.size))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        return [f"{reference} does not decode: {error}"]
    return (
        []
        if size in (None, found)
        else [f"{reference} is {found} wide and high; the page says {size}"]
    )


def _check_zip(folder: Path, name: str, expected: set[str]) -> Iterator[str]:
    """Yield how the zip differs from the page and the images beside it."""
    path = folder / f"{name}.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            yield from (f"{file} is missing in {path.name}" for file in sorted(expected - names))
            yield from (f"{file} is in {path.name} only" for file in sorted(names - expected))
            for file in sorted(expected & names):
                if archive.read(file) != (folder / file).read_bytes():
                    yield f"{file} differs between folder and {path.name}"
    except (OSError, zipfile.BadZipFile) as error:
        yield f"{path.name} cannot be read: {error}"
