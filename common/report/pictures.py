"""Photos with what was predicted on them, as arrays: an outline, or what was found, invented and
missed in the colours of the galleries.
"""

import cv2
import numpy as np

from common.gallery.pictures import ERROR_COLOURS
from common.report.colours import MAGENTA

LONGEST_PX = 640
MARGIN = 0.6  # of the size of what is shown is left around it
LEAST_PX = 160  # the side of what is cut out; less shows too little of the ground
JPEG_QUALITY = 82


def outlined(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A photo (H, W, 3) uint8 RGB with the outline of a mask (H, W) bool: (h, w, 3) uint8, its
    longer side of `LONGEST_PX`.
    """
    picture = _resized(image)
    levels = mask.astype(np.uint8) * 255
    levels = cv2.resize(levels, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours(
        (levels > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    colour = tuple(bytes.fromhex(MAGENTA[1:]))
    cv2.drawContours(picture, found, -1, (255, 255, 255), 5, cv2.LINE_AA)
    cv2.drawContours(picture, found, -1, colour, 2, cv2.LINE_AA)
    return picture


def judged(
    image: np.ndarray, truth: np.ndarray, predicted: np.ndarray, ignore: np.ndarray
) -> np.ndarray:
    """A photo (H, W, 3) uint8 RGB, cut to the surroundings of its objects, with the pixels that
    were found (green), invented (red, in stripes) and missed (blue); ignored ones are gray. Masks
    are (H, W) bool. Returns (h, w, 3) uint8, its longer side of `LONGEST_PX`.
    """
    place = around(truth | predicted)
    image, truth, predicted, ignore = (part[place] for part in (image, truth, predicted, ignore))
    picture = _resized(image)
    size = picture.shape[1::-1]
    true, seen, left = (
        cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for mask in (truth, predicted, ignore)
    )
    rows, columns = np.indices(true.shape)
    stripes = (rows + columns) // 6 % 2
    kinds = np.select([left, seen & true, seen, true], [5, 1, 2 + stripes, 4], default=0)
    colours = np.array(ERROR_COLOURS, float)[kinds]
    share = colours[..., 3:] / 255
    return (share * colours[..., :3] + (1 - share) * picture).astype(np.uint8)


def _resized(image: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) uint8 with its longer side at `LONGEST_PX`."""
    factor = LONGEST_PX / max(image.shape[:2])
    size = tuple(max(1, round(side * factor)) for side in image.shape[1::-1])
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, size, interpolation=interpolation)


def around(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a square around a mask (H, W) bool, with room at its sides; all of it
    where it is empty.

    Examples:
        >>> mask = np.zeros((300, 500), bool)
        >>> mask[140:150, 200:300] = True
        >>> around(mask)
        (slice(35, 255, None), slice(140, 360, None))
    """
    if not mask.any():
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    side = max(round(max(width, height) * (1 + 2 * MARGIN)), LEAST_PX)
    rows, columns = (
        _within(middle - side // 2, side, size)
        for middle, size in (
            (top + height // 2, mask.shape[0]),
            (left + width // 2, mask.shape[1]),
        )
    )
    return rows, columns


def _within(first: int, length: int, size: int) -> slice:
    """So long a part of what is so large, moved inside where it would reach out."""
    first = max(0, min(first, size - length))
    return slice(first, min(size, first + length))


def as_jpeg(pixels: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """An image (h, w, 3) uint8 RGB as a JPEG file."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
