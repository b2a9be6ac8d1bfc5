"""Image files as 8-bit RGB arrays. One reader for training, scoring and prediction, so that all
see the same pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from common.coco.names import is_litter
from common.image_files import read_pixels, require_size

PHOTO_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
)

Turn = Callable[[np.ndarray], np.ndarray]
# How pixels as stored become upright, by EXIF orientation.
TURNS: dict[int, Turn] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What the header of an image file says: (width, height) of the pixels as they are read, and
    the EXIF orientation (1 where there is none, or where every reader turns the pixels by itself).
    """

    size: tuple[int, int]
    orientation: int = 1

    @property
    def is_turned(self) -> bool:
        """Whether the image is to be shown turned or mirrored."""
        return self.orientation != 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) of the image as it is to be shown."""
        return self.size[::-1] if self.orientation >= 5 else self.size


def read_image(path: Path, *, upright: bool = False) -> np.ndarray:
    """Read one image file as RGB.

    Gray, CMYK and 16-bit files are converted and an alpha channel is dropped; the data check warns
    of each, predicting of 16 bits.

    Args:
        path: an image file in a format that OpenCV reads.
        upright: turn the pixels as the EXIF orientation says. Photos without labels are turned;
            annotated images are not, since COCO coordinates refer to the pixels as stored, unless
            they were annotated as seen upright (`Entry.upright`).

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        OSError: the file cannot be read or is not an image.
    """
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = read_pixels(path, flags)
    if image is None:
        raise OSError(
            f"{path} is {path.stat().st_size} bytes that do not decode to an image; replace or "
            "remove the file."
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def header_of(opened: Image.Image) -> StoredImage:
    """The header of an image that Pillow has opened and not yet decoded."""
    orientation = opened.getexif().get(ExifTags.Base.Orientation, 1)
    is_read_turned = opened.format == "TIFF"  # by Pillow and OpenCV alike, whatever is asked for
    known = isinstance(orientation, int) and 1 <= orientation <= 8 and not is_read_turned
    return StoredImage(opened.size, orientation if known else 1)


def stored_image(path: Path) -> StoredImage | None:
    """The header of an image file, without decoding it; None if it has none."""
    try:
        with Image.open(path) as ready:
            return header_of(ready)
    except Exception:  # on broken bytes decoders raise almost anything
        return None


def is_deep(path: Path) -> bool:
    """Whether a channel of an image file has more than 8 bits, of which `read_image` keeps the
    upper 8; False if its header cannot be read.

    Pillow opens 16-bit colour as plain RGB, so the formats are asked.
    """
    try:
        with Image.open(path) as ready:
            if isinstance(ready, TiffImageFile):
                return max(ready.tag_v2.get(ExifTags.Base.BitsPerSample, (1,))) > 8
            if ready.format == "PNG":
                return any(";16" in str(tile[3]) for tile in ready.tile)
            return ready.mode.startswith("I")
    except Exception:  # on broken bytes decoders raise almost anything
        return False


def list_photos(folder: Path) -> list[Path]:
    """Photos without labels in `folder`, or in `folder/images` where that exists, sorted by name;
    may be empty.

    Hidden files, such as those that macOS leaves in archives, are no photos.
    """
    inner = folder / "images"
    source = inner if inner.is_dir() else folder
    if not source.is_dir():
        return []
    seen = (path for path in source.iterdir() if path.is_file() and not is_litter(path, source))
    return sorted(path for path in seen if path.suffix.lower() in PHOTO_SUFFIXES)


def whole_photos(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """Photos without labels that decode to their end, sorted by name; and why the others do not.

    Args:
        folder: as for `list_photos`.
    """
    photos, broken = [], {}
    for path in list_photos(folder):
        try:
            _decode_coarsely(path)
            photos.append(path)
        except Exception as error:  # on broken bytes decoders raise almost anything
            broken[path] = str(error).replace(str(path), path.name)
    return photos, broken


def _decode_coarsely(path: Path) -> None:
    """Raise if an image file is not whole or cannot be read; a JPEG is decoded at an eighth of its
    size.
    """
    with Image.open(path) as ready:
        is_jpeg = ready.format in ("JPEG", "MPO")
        require_size(path, ready.size)
        ready.draft("RGB", (1, 1))
        ready.load()
    if not is_jpeg:
        read_image(path)
