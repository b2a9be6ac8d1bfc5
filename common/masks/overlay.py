"""The outline of a mask drawn over its photo, so that mask and object are seen in one picture."""

import cv2
import numpy as np

COLOUR, EDGE = (255, 0, 200), (255, 255, 255)  # RGB; no ground and hardly an object is magenta
LINES_PER_SIDE = 400  # the outline is a 400th of the longer side wide, at least 1 px


def outlined(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A photo with the outline of a mask drawn around its objects.

    The line lies outside the objects, so that it hides none of their pixels, and has a white edge,
    so that it is seen on every ground.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.

    Returns:
        (H, W, 3) uint8 RGB, a copy.

    Examples:
        >>> mask = np.zeros((9, 9), bool)
        >>> mask[4, 4] = True
        >>> drawn = outlined(np.zeros((9, 9, 3), np.uint8), mask)
        >>> drawn[4, 3:9].tolist()[:3]
        [[255, 0, 200], [0, 0, 0], [255, 0, 200]]
        >>> drawn[4, 6].tolist(), drawn[4, 7].tolist()
        ([255, 255, 255], [0, 0, 0])
    """
    drawn = image.copy()
    if not mask.any():
        return drawn
    line = max(1, round(max(mask.shape) / LINES_PER_SIDE))
    inner = np.ascontiguousarray(mask).view(np.uint8)
    line_end = cv2.dilate(inner, _disc(line))
    edge_end = cv2.dilate(line_end, _disc(max(1, line // 2)))
    drawn[(edge_end & ~line_end).view(bool)] = EDGE
    drawn[(line_end & ~inner).view(bool)] = COLOUR
    return drawn


def _disc(radius_px: int) -> np.ndarray:
    side = 2 * radius_px + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
