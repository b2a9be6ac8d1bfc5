"""The pictures of a gallery: what is seen in a column of the page is small, what a click opens is
of full size. Outlines are drawn by the browser, so that they are as thin and as sharp at any size.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from common.gallery.names import GalleryError
from common.gallery.page import Outline, Picture
from common.image_files import write_pixels
from common.masks.objects import PredictedObject

SMALL_PX = 640  # the longer side of what is seen in a column
NEARLY = 1.25  # a picture not much larger than that needs no smaller copy
HEAT_PX = 1024
MOST_OUTLINES, MOST_NUMBERS = 300, 40
QUALITY, SMALL_QUALITY = 92, 80
_CHECKERBOARD_PX, _CHECKERBOARD = 16, (112, 144)  # gray levels, for a light page and a dark one
ERROR_COLOURS = (  # RGBA of nothing, found, invented (its two stripes), missed, not counted
    (0, 0, 0, 0),
    (46, 204, 64, 105),
    (255, 45, 32, 235),
    (255, 45, 32, 120),
    (38, 110, 255, 215),
    (128, 128, 128, 130),
)
# which of them, by truth (1) + predicted (2) + ignored (4) + second stripe (8)
_KINDS = np.array([0, 4, 2, 1, 5, 5, 5, 5, 0, 4, 3, 1, 5, 5, 5, 5], np.uint8)


def check_picture(name: str, image: np.ndarray, *masks: np.ndarray) -> None:
    """Refuse an image that is not (H, W, 3) uint8, or a mask that is not (H, W) bool of its size.

    Raises:
        GalleryError: naming the photo, and what was found and expected.
    """
    is_image = image.ndim == 3 and image.shape[2] == 3 and image.size > 0
    for mask in masks:
        if (
            not (is_image and mask.shape == image.shape[:2])
            or image.dtype != np.uint8
            or mask.dtype != np.bool_
        ):
            raise GalleryError(
                f"Photo {name!r} has shape {image.shape} and dtype {image.dtype}, its mask "
                f"{mask.shape} and {mask.dtype}; (H, W, 3) uint8 RGB and (H, W) bool are "
                "expected. Predict at the size of the photo and threshold."
            )


def limited(image: np.ndarray, longest_px: int) -> np.ndarray:
    """An image or mask, shrunk where its longer side exceeds a limit."""
    factor = longest_px / max(image.shape[:2])
    if factor >= 1:
        return image
    height, width = (max(1, round(side * factor)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def store(folder: Path, file: str, pixels: np.ndarray) -> Picture:
    """Write an image (H, W, 3) uint8 RGB as JPEG or (H, W) uint8 as PNG, as the name says."""
    write_pixels(folder / file, pixels, _parameters(file, pixels, QUALITY))
    return Picture(file, pixels.shape[1], pixels.shape[0])


def store_small(folder: Path, stem: str, pixels: np.ndarray, full: Picture) -> Picture:
    """Write the copy for the page, or take the full size where that is hardly larger."""
    if max(pixels.shape[:2]) <= NEARLY * SMALL_PX:
        return full
    file, small = f"{stem}{Path(full.file).suffix}", limited(pixels, SMALL_PX)
    write_pixels(folder / file, small, _parameters(file, small, SMALL_QUALITY))
    return Picture(file, small.shape[1], small.shape[0])


def store_both(folder: Path, file: str, pixels: np.ndarray) -> tuple[Picture, Picture]:
    """Write an image as `store` does and its copy for the page as `store_small` does; returns
    both, full size first.
    """
    full = store(folder, file, pixels)
    return full, store_small(folder, f"{Path(file).stem}_small", pixels, full)


def store_cutout(folder: Path, stem: str, image: np.ndarray, mask: np.ndarray) -> list[Picture]:
    """Write the cut-out, transparent and empty outside the mask, and its copy for the page, which
    lies on a checkerboard where it is a JPEG. Returns both, full size first.
    """
    levels = mask.astype(np.uint8) * 255
    bgr = np.where(mask[..., None], image, 0).astype(np.uint8)[..., ::-1]
    encoded = cv2.imencode(".png", np.dstack([bgr, levels]), [cv2.IMWRITE_PNG_COMPRESSION, 6])[1]
    (folder / f"{stem}.png").write_bytes(encoded.tobytes())
    full = Picture(f"{stem}.png", mask.shape[1], mask.shape[0])
    if max(mask.shape) <= NEARLY * SMALL_PX:
        return [full, full]
    small, share = limited(image, SMALL_PX), limited(levels, SMALL_PX)[..., None] / 255
    rows, columns = np.indices(small.shape[:2]) // _CHECKERBOARD_PX
    ground = np.array(_CHECKERBOARD)[(rows + columns) % 2][..., None]
    visible = (share * small + (1 - share) * ground).astype(np.uint8)
    file = f"{stem}_small.jpg"
    write_pixels(folder / file, visible, _parameters(file, visible, SMALL_QUALITY))
    return [full, Picture(file, visible.shape[1], visible.shape[0])]


def heat_map(image: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Probabilities (H, W) uint8 as colours from black over red to yellow, over the photo in dark
    gray: (h, w, 3) uint8 RGB of limited size.
    """
    small = limited(image, HEAT_PX)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)[..., None]
    size = small.shape[1], small.shape[0]
    resized = cv2.resize(levels, size, interpolation=cv2.INTER_AREA)
    colours = cv2.applyColorMap(resized, cv2.COLORMAP_INFERNO)[..., ::-1]
    return (0.72 * colours + 0.28 * gray).astype(np.uint8)


def outline(mask: np.ndarray, numbered: Sequence[PredictedObject]) -> Outline:
    """The borders of the largest pieces of a mask (H, W) bool, with the numbers of objects."""
    contours, _ = cv2.findContours(
        np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    longest_px = max(mask.shape)
    largest = sorted(contours, key=len, reverse=True)[:MOST_OUTLINES]
    path = "".join(_closed(cv2.approxPolyDP(one, longest_px / 1500, True)) for one in largest)
    numbers = [
        (found.left_px, max(found.top_px, longest_px // 16), str(number))
        for number, found in enumerate(numbered[:MOST_NUMBERS], start=1)
    ]
    return Outline(path, numbers if len(numbered) > 1 else [], mask.shape)


def _closed(points: np.ndarray) -> str:
    """Points (n, 1, 2) as a closed path, each after the first relative to the one before."""
    first, *steps = np.diff(points[:, 0], axis=0, prepend=0).tolist()
    moves = " ".join(f"{x} {y}" for x, y in steps) or "0 0"
    return f"M{first[0]} {first[1]}l{moves}z"


def store_errors(
    folder: Path, file: str, predicted: np.ndarray, truth: np.ndarray, ignore: np.ndarray
) -> Picture:
    """Write a transparent PNG that colours the pixels that were found (green), invented (red, in
    stripes) and missed (blue); ignored ones are gray. Masks are (H, W) bool.
    """
    height, width = truth.shape
    stripe_px = max(2, max(truth.shape) // 170)
    stripes = (np.add.outer(np.arange(height), np.arange(width)) // stripe_px) % 2
    picture = Image.fromarray(_KINDS[truth + 2 * predicted + 4 * ignore + 8 * stripes], "P")
    picture.putpalette([value for colour in ERROR_COLOURS for value in colour[:3]])
    transparency = bytes(colour[3] for colour in ERROR_COLOURS)
    picture.save(folder / file, bits=4, transparency=transparency)
    return Picture(file, width, height)


def _parameters(file: str, pixels: np.ndarray, quality: int) -> list[int]:
    if file.endswith(".jpg"):
        return [cv2.IMWRITE_JPEG_QUALITY, quality]
    two_levels = pixels.ndim == 2 and not np.any((pixels > 0) & (pixels < 255))
    return [cv2.IMWRITE_PNG_BILEVEL, 1] if two_levels else []
