"""The check of image files: each is decoded to its end, by Pillow (which notices what is cut off)
and by the reader.

Nothing is judged from a file's name or header alone, and no file is changed.
"""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
from PIL import Image

from common.coco.annotations import Entry
from common.coco.findings import Finding, Problem, gathered_images
from common.coco.images import StoredImage, header_of, is_deep, read_image
from common.image_files import require_size
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


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image to inspect.

    Attributes:
        split: that it belongs to.
        path: of the file.
        name: for findings.
        entry: of the annotation file, for labelled images.
        is_empty: whether nothing is annotated on it, so that it cannot raise a score.
    """

    split: str
    path: Path
    name: str
    entry: Entry | None = None
    is_empty: bool = False

    @property
    def folder(self) -> str:
        """For findings on several images."""
        return f"{self.split}/" if self.entry is None else f"{self.split}/images/"


@dataclass(frozen=True, slots=True)
class Inspection:
    """The header of an image, the digest of its pixels as stored (both None if unreadable), and
    what was found.
    """

    image: ImageFile
    header: StoredImage | None
    pixels: bytes | None
    problems: tuple[Problem, ...]


def inspect_images(images: Sequence[ImageFile], *, progress: bool = False) -> list[Inspection]:
    """Inspect images in threads (the decoders release Python's lock); the results keep the order
    of `images`.
    """
    Image.init()  # once, before threads would do it together
    with ThreadPool(WORKERS) as pool:
        inspected = pool.imap(inspect_image, images)
        return list(with_progress(inspected, "checking images", total=len(images), show=progress))


def inspect_image(image: ImageFile) -> Inspection:
    """Decode one image to its end."""
    try:
        with Image.open(image.path) as ready:
            header = header_of(ready)
            require_size(image.path, ready.size)
            kind, frames = (ready.mode, ready.format), getattr(ready, "n_frames", 1)
            if ready.mode == "F":
                return Inspection(image, None, None, (_of_floats(image),))
            ready.load()
        pixels = read_image(image.path)
    except Exception as error:  # on broken bytes decoders raise almost anything
        return Inspection(image, None, None, (_unreadable(image, error),))
    problems = []
    unusual = DEEP if is_deep(image.path) else UNUSUAL_MODES.get(kind[0])
    if unusual:
        mend = f"nothing if that is meant ({unusual[1]}); else save it as 8-bit RGB"
        problems.append(Problem("warning", image.name, unusual[0], "8-bit RGB", mend))
    if frames > 1 and kind[1] != "MPO":  # of which phones make ordinary photos
        mend = "nothing if the first is meant, which alone is read; else save each by itself"
        problems.append(Problem("warning", image.name, f"{frames} pages", "one image", mend))
    digest = hashlib.blake2b(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return Inspection(image, header, digest.digest(), tuple(problems))


def image_findings(inspections: Sequence[Inspection]) -> list[Finding]:
    """What was found in the files of images one by one, and on the same pixels twice."""
    problems = [(one.image.folder, problem) for one in inspections for problem in one.problems]
    problems += [
        (image.folder, _repeated(image, original)) for image, original in _repetitions(inspections)
    ]
    return gathered_images(problems, Counter(one.image.folder for one in inspections))


def _repetitions(inspections: Iterable[Inspection]) -> Iterator[tuple[ImageFile, ImageFile]]:
    """Images with the pixels of another, which comes first: in each split before theirs, and in
    their own; only equal pixels are found.
    """
    by_pixels = defaultdict(list)
    for inspection in inspections:
        if inspection.pixels is not None:
            by_pixels[inspection.pixels].append(inspection.image)
    for images in by_pixels.values():
        first: dict[str, ImageFile] = {}
        for image in images:
            yield from ((image, original) for original in first.values())
            first.setdefault(image.split, image)


def _repeated(image: ImageFile, original: ImageFile) -> Problem:
    found = f"the same pixels as {original.name}"
    if image.split == original.split:
        expected, mend = (
            "each image once in a split",
            "remove one of the two with its entry and annotations",
        )
        return Problem("warning", image.name, found, expected, mend)
    if image.split == "val" and image.is_empty and original.is_empty:
        expected = "each image in one split"
        mend = "nothing: an image without objects cannot raise the Dice; or remove one of the two"
        return Problem("warning", image.name, found, expected, mend)
    if image.split == "val":
        expected = "no image of train in val: its score would be one of pixels already seen"
        mend = "remove the image, its entry and its annotations from train or from val"
        return Problem("error", image.name, found, expected, mend)
    expected = f"photos that are not in {original.split}"
    return Problem(
        "warning",
        image.name,
        found,
        expected,
        "replace the photo by one that no approach has seen",
    )


def _unreadable(image: ImageFile, error: Exception) -> Problem:
    """A file that does not decode to its end; a photo without labels can be left out."""
    try:
        size = f"{image.path.stat().st_size} bytes"
        with image.path.open("rb") as file:
            start = file.read(12)
    except OSError:
        size, start = "unreadable", b""
    found = f"{size}: {error}".replace(str(image.path), image.path.name)
    mend = "copy or export the file again, or remove it with its entry and annotations"
    if start[4:8] == b"ftyp":  # HEIC and AVIF, also under the name of a JPEG
        found = f"{size} of HEIC or AVIF, whatever its name says"
        mend = "convert it to JPEG or PNG, or remove it with its entry and annotations"
    expected = "an image that decodes to its end"
    if image.entry is None:
        mend = "nothing: the photo is left out; or copy it again, or convert it to JPEG"
        return Problem("warning", image.name, found, expected, mend)
    return Problem("error", image.name, found, expected, mend)


def _of_floats(image: ImageFile) -> Problem:
    mend = "save it as 8-bit RGB, its values scaled to 0 to 255"
    found, expected = "32-bit float", "8-bit RGB"
    return Problem("error" if image.entry else "warning", image.name, found, expected, mend)
