"""The check of image files: each is decoded to its end, by Pillow (which notices what is cut off)
and by the reader.

Nothing is judged from a file's name or header alone, and no file is changed.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

from common.coco.findings import Finding
from common.coco.images import read_image
from common.progress import progress as with_progress

WORKERS = min(8, max(4, os.cpu_count() or 1))

# Pillow's mode → what it is, what the reader does with it.
UNUSUAL_MODES = {
    "1": ("black and white", "read as RGB with three equal channels"),
    "L": ("gray", "read as RGB with three equal channels"),
    "LA": (
        "gray with an alpha channel",
        "the alpha channel is dropped, gray becomes three equal channels",
    ),
    "RGBA": ("RGBA", "the alpha channel is dropped, the colours below it are used"),
    "P": (
        "a palette image",
        "the colours of the palette are read as RGB, transparency is dropped",
    ),
    "CMYK": ("CMYK", "converted to RGB without a colour profile, so colours may shift"),
}
DEEP = ("16 bits a channel", "only the upper 8 bits are kept")


@dataclass(frozen=True)
class ImageFile:
    """An image to inspect: its split, its path, its name for findings; (width, height) in pixels
    if annotated.
    """

    split: str
    path: Path
    name: str
    annotated_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Inspection:
    """The digest of an image's pixels as stored (None if unreadable) and what was found."""

    image: ImageFile
    pixels: bytes | None
    findings: tuple[Finding, ...]


def inspect_images(images: Sequence[ImageFile], *, progress: bool = False) -> list[Inspection]:
    """Inspect images in threads (the decoders release Python's lock); the results keep the order
    of `images`.
    """
    Image.init()  # once, before threads would do it together
    Image.MAX_IMAGE_PIXELS = (
        None  # the photos are the user's own, and phones make them larger than Pillow's limit
    )
    with ThreadPoolExecutor(WORKERS) as pool:
        inspected = pool.map(inspect_image, images)
        return list(with_progress(inspected, "checking images", total=len(images), show=progress))


def inspect_image(image: ImageFile) -> Inspection:
    """Decode one image and compare it with its annotation."""
    try:
        with Image.open(image.path) as opened:
            orientation = opened.getexif().get(ExifTags.Base.Orientation, 1)
            kind = opened.mode, opened.format
            opened.load()
        pixels = read_image(image.path)
    except Exception as error:  # on broken bytes decoders raise almost anything
        return Inspection(image, None, (_unreadable(image, error),))
    findings = [] if image.annotated_size is None else _size_findings(image, pixels, orientation)
    unusual = DEEP if _is_deep(image.path, *kind) else UNUSUAL_MODES.get(kind[0])
    if unusual:
        mend = f"nothing if that is meant ({unusual[1]}); else save it as 8-bit RGB"
        findings.append(Finding("warning", image.name, unusual[0], "8-bit RGB", mend))
    digest = hashlib.blake2b(repr(pixels.shape).encode())
    digest.update(pixels)
    return Inspection(image, digest.digest(), tuple(findings))


def repeated_images(inspections: Iterable[Inspection]) -> list[Finding]:
    """The same pixels in two splits (for train and val an error) or twice in one; only equal
    pixels are found.
    """
    by_pixels = defaultdict(list)
    for inspection in inspections:
        if inspection.pixels is not None:
            by_pixels[inspection.pixels].append(inspection.image)
    findings = []
    for images in by_pixels.values():
        first = {}
        for image in images:
            findings += [_repeated(image, original) for original in first.values()]
            first.setdefault(image.split, image)
    return findings


def _repeated(image: ImageFile, original: ImageFile) -> Finding:
    found = f"the same pixels as {original.name}"
    if image.split == original.split:
        expected, mend = (
            "each image once in a split",
            "remove one of the two with its entry and annotations",
        )
        return Finding("warning", image.name, found, expected, mend)
    if image.split == "val":
        expected = "no image of train in val: its score would be one of pixels already seen"
        mend = "remove the image, its entry and its annotations from train or from val"
        return Finding("error", image.name, found, expected, mend)
    expected = f"photos that are not in {original.split}"
    return Finding(
        "warning",
        image.name,
        found,
        expected,
        "replace the photo by one that no approach has seen",
    )


def _unreadable(image: ImageFile, error: Exception) -> Finding:
    try:
        size = f"{image.path.stat().st_size} bytes"
    except OSError:
        size = "unreadable"
    found = f"{size}: {error}".replace(str(image.path), image.path.name)
    mend = "copy or export the file again, or remove it (with its entry and annotations)"
    return Finding("error", image.name, found, "an image that decodes to its end", mend)


def _size_findings(image: ImageFile, pixels: np.ndarray, orientation: int | None) -> list[Finding]:
    """Compare the pixels as stored with the entry's size, and look whether turning them would
    fit.
    """
    height, width = pixels.shape[:2]
    is_turned = orientation not in (None, 0, 1)
    if (width, height) == image.annotated_size:
        if not is_turned:
            return []
        expected = "no EXIF orientation: annotated pixels are used as stored, not turned"
        mend = (
            "look whether the outlines fit the stored pixels; if not, save the image upright "
            "without the tag"
        )
        return [Finding("warning", image.name, f"EXIF orientation {orientation}", expected, mend)]
    expected = "{}x{} px as its entry says".format(*image.annotated_size)
    found = f"{width}x{height} px"
    mend = "correct width and height in the entry, or restore the image that was annotated"
    if (height, width) == image.annotated_size and is_turned:
        found += (
            f" stored; turned by its EXIF orientation {orientation} it would be {height}x{width} "
            "and fit"
        )
        mend = (
            "it was annotated as seen upright: save a copy turned upright without the EXIF tag "
            "under this name"
        )
    elif (height, width) == image.annotated_size:
        found += ", width and height the other way round"
    return [Finding("error", image.name, found, expected, mend)]


def _is_deep(path: Path, mode: str, file_format: str | None) -> bool:
    """Whether a channel has more than 8 bits; Pillow opens 16-bit colour as plain RGB, so the
    formats are asked.
    """
    if mode.startswith("I"):
        return True
    if file_format not in ("PNG", "TIFF") or mode not in ("RGB", "RGBA", "LA"):
        return False
    stored = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    return stored is not None and stored.dtype != np.uint8
