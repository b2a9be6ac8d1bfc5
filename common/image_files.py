"""Image files as arrays and arrays as image files: the one place that touches them with OpenCV.

Paths never reach OpenCV, whose own file functions fail on Windows where a path has letters beyond
the system's code page; it gets bytes and gives bytes.
"""

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from common.files import write_whole

MOST_PIXELS = 250_000_000  # more than any phone takes; 750 MB decoded
LIMIT_VARIABLE = "SEG_BENCH_MOST_PIXELS"
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit is smaller than the photos of some phones

with contextlib.suppress(AttributeError):  # a file that does not decode is told of once, by us
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def read_pixels(path: Path, flags: int) -> np.ndarray | None:
    """Decode one image file.

    Args:
        path: the file.
        flags: of `cv2.imdecode`.

    Returns:
        What OpenCV decodes, colours as BGR; None if it does not decode to an image.

    Raises:
        OSError: the file cannot be read, or names more pixels than `require_size` takes.
    """
    try:
        encoded = np.fromfile(path, dtype=np.uint8)
    except ValueError as error:
        raise OSError(f"{str(path)!r} is a name that no file can have ({error}).") from error
    require_size(path, _size_in_header(encoded))
    try:
        return cv2.imdecode(encoded, flags) if encoded.size else None
    except cv2.error:  # a size beyond OpenCV's limit
        return None


def _size_in_header(encoded: np.ndarray) -> tuple[int, int]:
    """Width and height that a file names; 0 where Pillow does not know its format."""
    try:
        with Image.open(io.BytesIO(encoded.tobytes())) as header:
            return header.size
    except Exception:  # on broken bytes decoders raise almost anything
        return 0, 0


def require_size(path: Path, size: tuple[int, int]) -> None:
    """Refuse an image (width, height) that would fill the memory: a file of a few bytes may name
    any number of pixels.

    Raises:
        OSError: it has more pixels than the limit.
    """
    limit = int(os.environ.get(LIMIT_VARIABLE, MOST_PIXELS))
    if size[0] * size[1] > limit:
        raise OSError(
            f"{path} would be {size[0]} x {size[1]} pixels, more than the {limit} that are "
            f"decoded. If the image is sound, set {LIMIT_VARIABLE} in the environment to more."
        )


def write_pixels(path: Path, pixels: np.ndarray, parameters: Sequence[int] = ()) -> None:
    """Encode one image file as its suffix says, written whole or not at all.

    Args:
        path: the file.
        pixels: (H, W) uint8 or (H, W, 3) uint8 RGB.
        parameters: of `cv2.imencode`.

    Raises:
        OSError: the file cannot be written.
        ValueError: OpenCV does not know the format.
    """
    stored = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    try:
        _, encoded = cv2.imencode(path.suffix, stored, list(parameters))
    except cv2.error as error:
        raise ValueError(
            f"{path.name} cannot be encoded ({error.err}); expected .png, .jpg or another suffix "
            f"that OpenCV writes, and pixels of (H, W) or (H, W, 3) uint8, not {pixels.shape}."
        ) from error
    write_whole(path, encoded.tobytes())
