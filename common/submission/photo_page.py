"""The page for the unlabelled photos: photo, predicted mask and cut-out side by side, to be judged
by eye.

There is no ground truth for these photos, so this file gives no score; it shows what was predicted
and counts it. The page is plain HTML with inline CSS beside a folder of images, and a zip of both:
it opens from the disk, offline and without JavaScript, and the same photos give the same bytes.
Photos are consumed as a stream. It refuses to publish what its own check objects to: everything is
built aside, checked, and moved into place with the page last.
"""

import html
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from common.commands import RefusedError
from common.files import PARTIAL, whole_file, whole_folder, write_whole
from common.offline_page import page_content
from common.words import counted

NAME = "real_test"
JPEG_QUALITY = 92
_COLUMNS = {
    "photo.jpg": "Photo",
    "mask.png": "Predicted mask",
    "cutout.png": "Cut out by the mask",
}  # by file name
_ZIP_TIME = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # the earliest a zip can say: the same photos must give the same bytes

# A thin shadow around the cut-out keeps it apart from the checkerboard, whatever the object's
# colour.
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c1e21; --quiet: #5b626b;
  --line: #d9dde2;
  --even: #eceef1; --odd: #d9dde2; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --text: #e8eaed;
  --quiet: #a3abb5; --line: #363b42;
  --even: #4a5058; --odd: #3e434b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1640px; padding: 1.5rem; background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; } h2 { margin: 0; font-size: 1.05rem; }
p { margin: .25rem 0; }
article p, figure { margin: 0; } .quiet, figcaption { color: var(--quiet); }
.summary, .columns { font-weight: 600; }
.columns, .row { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .75rem; }
.columns { position: sticky; top: 0; margin-top: 1rem; padding: .5rem 0;
  background: var(--ground); }
article { padding: 1rem 0 1.25rem; border-top: 1px solid var(--line); }
article header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem;
  margin-bottom: .5rem; }
figcaption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  }
figure a { display: block; outline: 1px solid var(--line); }
figure a:focus-visible { outline: 3px solid; }
img { display: block; width: 100%; height: auto; }
figure:last-child a {
  background: repeating-conic-gradient(var(--even) 0 25%, var(--odd) 0 50%) 0 0/20px 20px; }
figure:last-child img { filter: drop-shadow(0 0 1px var(--text)); }
@media (max-width: 40rem) {
  .columns { display: none; }
  .row { grid-template-columns: minmax(0, 1fr); }
  figcaption { position: static; width: auto; height: auto; clip-path: none; font-size: .875rem; }
}
"""


class GalleryError(RefusedError):
    """A photo cannot be shown, or the written page does not pass its check."""


@dataclass
class _Page:
    """What is kept of the photos while they pass: names, HTML, and (objects, pixels of objects,
    pixels) of each.
    """

    names: set[str] = field(default_factory=set)
    slugs: set[str] = field(default_factory=set)
    articles: list[str] = field(default_factory=list)
    counts: list[tuple[int, int, int]] = field(default_factory=list)


def write_gallery(
    folder: Path | str,
    photos: Iterable[tuple[str, np.ndarray, np.ndarray]],
    *,
    title: str,
    subtitle: str = "",
) -> Path:
    """Write `real_test.html`, its images in `real_test/` and both in `real_test.zip`, and return
    the page's path.

    Args:
        folder: Where the three go; made when missing. An older page there is replaced.
        photos: (name, image (H, W, 3) uint8 RGB, mask (H, W) bool) of every photo, consumed one by
            one and shown in this order. Names are unique; any characters will do.
        title: The page's heading.
        subtitle: The line below it, such as the name of the model that predicted the masks.

    Raises:
        GalleryError: A name came twice, an image or mask has the wrong shape or dtype, or the
            check found something. An older page is then left as it was.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", suffix=PARTIAL, dir=folder) as scratch_name:
        scratch = Path(scratch_name)
        (scratch / NAME).mkdir()
        page = _Page()
        for name, image, mask in photos:
            _add_photo(page, scratch / NAME, name, image, mask)
        document = _document(page, title, subtitle)
        (scratch / f"{NAME}.html").write_bytes(document)
        _write_zip(scratch)
        findings = check_gallery(scratch)
        if findings:
            raise GalleryError(
                f"{NAME}.html was not written, its check found: {'; '.join(findings[:10])}"
            )
        target = folder / f"{NAME}.html"
        target.unlink(
            missing_ok=True
        )  # an old page must never stand beside new images, nor an old zip
        (folder / f"{NAME}.zip").unlink(missing_ok=True)
        with whole_folder(folder / NAME) as images:
            for path in (scratch / NAME).iterdir():
                shutil.move(path, images / path.name)
        with whole_file(folder / f"{NAME}.zip") as partial:
            shutil.move(scratch / f"{NAME}.zip", partial)
        write_whole(target, document)
    return target


def check_gallery(folder: Path | str) -> list[str]:
    """Say what keeps a gallery from opening whole and offline, from the folder and from the
    unpacked zip.

    Args:
        folder: A folder that `write_gallery` has written.

    Returns:
        One sentence per finding: references that lead nowhere or outside, scripts, images that do
            not decode, have another size than the page says or no alternative text, files that
            folder and zip do not share. Empty when all is well.
    """
    folder = Path(folder)
    document = folder / f"{NAME}.html"
    if not document.is_file():
        return [f"{document.name} is missing"]
    content = page_content(document.read_text(encoding="utf-8"))
    findings = [f"{what} is not expected on this page" for what in content.active]
    findings += [
        f"{image['src']} has no alternative text"
        for image in content.images
        if not image.get("alt")
    ]
    sizes = {image["src"]: (image.get("width"), image.get("height")) for image in content.images}
    references = dict.fromkeys([*content.linked, *content.loaded])
    for reference in references:
        findings += _check_reference(folder, reference, sizes.get(reference))
    on_disk = {
        path.relative_to(folder).as_posix()
        for path in (folder / NAME).rglob("*")
        if path.is_file()
    }
    findings += [f"{name} is not on the page" for name in sorted(on_disk - set(references))]
    return findings + list(_check_zip(folder, {document.name, *on_disk}))


def _add_photo(page: _Page, folder: Path, name: str, image: np.ndarray, mask: np.ndarray) -> None:
    """Write the three images of one photo and add its article and its counts to the page."""
    if name in page.names:
        raise GalleryError(
            f"A second photo came with the name {name!r}; names are expected to be unique."
        )
    fits = image.ndim == 3 and image.shape == (*mask.shape, 3) and image.size > 0
    if not fits or image.dtype != np.uint8 or mask.dtype != np.bool_:
        raise GalleryError(
            f"Photo {name!r} has shape {image.shape} and dtype {image.dtype}, its mask "
            f"{mask.shape} and {mask.dtype}; (H, W, 3) uint8 RGB and (H, W) bool are expected. "
            "Predict at the size of the photo and threshold."
        )
    page.names.add(name)
    slug = slug_of(name, page.slugs)
    for column, data in _encoded(image, mask):
        (folder / f"{slug}_{column}").write_bytes(data)
    # 8-connected as in the metrics: pixels that touch at a corner belong to one object
    objects = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1
    page.counts.append((objects, int(mask.sum()), mask.size))
    page.articles.append(_article(name, slug, image.shape[:2], *page.counts[-1]))


def _encoded(image: np.ndarray, mask: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Yield each column and its file content; behind the mask the cut-out is transparent and
    empty.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    white = mask.astype(np.uint8) * 255
    cutout = np.dstack([np.where(mask[..., None], bgr, 0).astype(np.uint8), white])
    yield (
        "photo.jpg",
        cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes(),
    )
    yield "mask.png", cv2.imencode(".png", white, [cv2.IMWRITE_PNG_BILEVEL, 1])[1].tobytes()
    yield "cutout.png", cv2.imencode(".png", cutout, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()


def slug_of(name: str, taken: set[str]) -> str:
    """Make a file name of plain letters from a photo's name, unlike all that are `taken`, and take
    it.
    """
    stem = re.sub(r"(?<=.)\.[A-Za-z0-9]{1,5}$", "", name)  # without the suffix
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    base = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")[:60] or "photo"
    slug, number = base, 1
    while slug.casefold() in taken:
        number += 1
        slug = f"{base}-{number}"
    taken.add(slug.casefold())
    return slug


def _shown(text: str) -> str:
    """Make a name or title safe inside HTML text and attributes; what cannot be shown becomes a
    replacement sign.
    """
    return html.escape(
        "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)
    )


def _article(
    name: str, slug: str, shape: tuple[int, int], objects: int, object_px: int, px: int
) -> str:
    """Write one photo's heading, facts and three figures; each image links to its full size."""
    height, width = shape
    shown, count = _shown(name), _objects(objects)
    figures = "\n".join(
        f'<figure><figcaption>{caption}</figcaption><a href="{NAME}/{slug}_{column}">'
        f'<img src="{NAME}/{slug}_{column}" alt="{caption}: {shown}, {count}" width="{width}" '
        f'height="{height}" loading="lazy"></a></figure>'
        for column, caption in _COLUMNS.items()
    )
    facts = f"{width} × {height} px · {count}" + (
        f" · {_percent(object_px, px)} of the image" if objects else ""
    )
    return (
        f'<article>\n<header><h2>{shown}</h2><p class="quiet">{facts}</p></header>\n'
        f'<div class="row">\n{figures}\n</div>\n</article>'
    )


def _document(page: _Page, title: str, subtitle: str) -> bytes:
    """Put the page together from its articles."""
    summary, body = "No photos: there was nothing to predict, so there is nothing to show.", ""
    if page.articles:
        objects, object_px, px = np.sum(page.counts, axis=0).tolist()
        summary = (
            f"{counted(len(page.articles), 'photo')}, "
            f"{sum(count[0] > 0 for count in page.counts)} with objects · "
            f"{_objects(objects)} in all · {_percent(object_px, px)} of all pixels"
        )
        heads = "".join(f"<span>{caption}</span>" for caption in _COLUMNS.values())
        body = (
            '<p class="quiet">An object is a connected region of the mask. There are no labels '
            "for these photos, so no score. A click opens the full size.</p>\n<div "
            f'class="columns" aria-hidden="true">{heads}</div>\n'
        ) + "\n".join(page.articles)
    below = f'<p class="quiet">{_shown(subtitle)}</p>\n' if subtitle else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_shown(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header>\n"
        f'<h1>{_shown(title)}</h1>\n{below}<p class="summary">{summary}</p>\n</header>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def _objects(number: int) -> str:
    return counted(number, "object") if number else "no objects"


def _percent(part: int, whole: int) -> str:
    return "&lt; 0.01 %" if 0 < part < whole / 10_000 else f"{100 * part / whole:.2f} %"


def _write_zip(folder: Path) -> None:
    """Pack page and images, uncompressed since the images are compressed already, in the order of
    their names.
    """
    with zipfile.ZipFile(folder / f"{NAME}.zip", "w", zipfile.ZIP_STORED) as archive:
        for path in [folder / f"{NAME}.html", *sorted((folder / NAME).iterdir())]:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_TIME)
            entry.create_system, entry.external_attr = (
                3,
                0o644 << 16,
            )  # Unix, wherever it is written
            archive.writestr(entry, path.read_bytes())


def _check_reference(
    folder: Path, reference: str, size: tuple[str | None, str | None] | None
) -> list[str]:
    """Say what is wrong with one src or href: it must name an image of the folder that has the
    size the page says.
    """
    # The file names are plain by construction, so a reference is a path as it stands: nothing to
    # split or unquote.
    if not re.fullmatch(rf"{NAME}/[A-Za-z0-9_-]+\.(jpg|png)", reference):
        return [f"{reference!r} does not lead to an image in {NAME}/"]
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


def _check_zip(folder: Path, expected: set[str]) -> Iterator[str]:
    """Yield how the zip differs from the page and the images beside it."""
    path = folder / f"{NAME}.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            yield from (f"{name} is missing in {path.name}" for name in sorted(expected - names))
            yield from (f"{name} is in {path.name} only" for name in sorted(names - expected))
            for name in sorted(expected & names):
                if archive.read(name) != (folder / name).read_bytes():
                    yield f"{name} differs between folder and {path.name}"
    except (OSError, zipfile.BadZipFile) as error:
        yield f"{path.name} cannot be read: {error}"
