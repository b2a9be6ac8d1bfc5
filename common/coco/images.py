"""Image files as 8-bit RGB arrays. One reader for training, scoring and prediction, so that all
see the same pixels.
"""

from pathlib import Path

import cv2
import numpy as np

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


def read_image(path: Path, *, upright: bool = False) -> np.ndarray:
    """Read one image file as RGB.

    Gray, CMYK and 16-bit files are converted and an alpha channel is dropped; the data check warns
    of each.

    Args:
        path: an image file in a format that OpenCV reads.
        upright: turn the pixels as the EXIF orientation says. Photos without labels are turned;
            annotated images are not, since COCO coordinates refer to the pixels as stored.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        OSError: the file cannot be read or is not an image.
    """
    encoded = np.fromfile(path, dtype=np.uint8)
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(encoded, flags) if encoded.size else None
    if image is None:
        raise OSError(
            f"{path} is {encoded.size} bytes that do not decode to an image; replace or remove "
            "the file."
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def list_photos(folder: Path) -> list[Path]:
    """Photos without labels in `folder`, or in `folder/images` where that exists, sorted by name;
    may be empty.

    Hidden files, such as those that macOS leaves in archives, are no photos.
    """
    inner = folder / "images"
    source = inner if inner.is_dir() else folder
    if not source.is_dir():
        return []
    seen = (path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
    return sorted(path for path in seen if path.suffix.lower() in PHOTO_SUFFIXES)
