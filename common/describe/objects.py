"""Objects one by one: size, shape, direction, place, and colour against what lies around them."""

import cv2
import numpy as np

from common.data import Sample
from common.describe.pixels import RING_PX, colour_distance, mean_colour, ring_around, to_lab


def label_objects(mask: np.ndarray) -> tuple[int, np.ndarray]:
    """The number of 8-connected components of a mask (H, W) bool, and their labels (H, W) int32
    from 1, 0 outside.
    """
    count, labels = cv2.connectedComponents(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=8
    )
    return count - 1, labels


def describe_objects(sample: Sample) -> list[dict[str, float]]:
    """Measure each object of one labelled image: the 8-connected components outside the ignored
    pixels.

    Returns:
        One dictionary an object, with
        `img_id`; `area_px`; `length_px` and `width_px`, the sides of the smallest rectangle around
        its pixels, turned as it fits best; `aspect`, length through width; `angle_deg` in [0,
        180), from the rows of the image to the long side, counter-clockwise; `solidity`, the share
        of its convex hull that it fills; `centre_x` and `centre_y`, its centre of mass as shares
        of width and height; `touches_border`; `contrast`, the Delta E between its mean colour and
        that of the ring 3 to 12 px around it; the colours themselves, `object_l`, `object_a`,
        `object_b` and `ring_l`, `ring_a`, `ring_b`, in CIELAB. The ring holds no pixel of another
        object; where it is empty, what depends on it is NaN.
    """
    mask = sample.mask & ~sample.ignore
    count, labels = label_objects(mask)
    if not count:
        return []
    lab = to_lab(sample.image)
    return [
        {
            "img_id": sample.image_id,
            **_describe_shape(labels == label),
            **_describe_colour(lab, labels, label, sample),
        }
        for label in range(1, count + 1)
    ]


def _describe_shape(mask: np.ndarray) -> dict[str, float]:
    """Numbers of one component (H, W) bool that need no image."""
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    hull = cv2.convexHull(_corners(mask))
    length, breadth, angle = _smallest_rectangle(hull)
    return {
        "area_px": len(rows),
        "length_px": length,
        "width_px": breadth,
        "aspect": length / breadth,
        "angle_deg": angle,
        "solidity": len(rows) / cv2.contourArea(hull),
        "centre_x": float(columns.mean() + 0.5) / width,
        "centre_y": float(rows.mean() + 0.5) / height,
        "touches_border": bool(
            rows.min() == 0
            or columns.min() == 0
            or rows.max() == height - 1
            or columns.max() == width - 1
        ),
    }


def _corners(mask: np.ndarray) -> np.ndarray:
    """The corners (n, 2) float32 of the pixels on the outline, as (x, y): a pixel is 1 px wide,
    not a point.
    """
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate(outlines).reshape(-1, 2).astype(np.float32)
    return np.concatenate(
        [points + np.array(corner, np.float32) for corner in ((0, 0), (1, 0), (0, 1), (1, 1))]
    )


def _smallest_rectangle(hull: np.ndarray) -> tuple[float, float, float]:
    """Long and short side in px and direction in degrees of the smallest rectangle around a hull.

    The direction is computed from the corners: what angle OpenCV gives for them differs between
    its versions.
    """
    corners = cv2.boxPoints(cv2.minAreaRect(hull)).astype(np.float64)
    sides = corners[1] - corners[0], corners[2] - corners[1]
    long, short = sorted(sides, key=np.linalg.norm, reverse=True)
    angle = np.degrees(np.arctan2(-long[1], long[0])) % 180  # y grows downwards
    angle = 0.0 if 180 - angle < 1e-3 else angle  # a hair below the horizontal is the horizontal
    return float(np.linalg.norm(long)), float(np.linalg.norm(short)), float(angle)


def _describe_colour(
    lab: np.ndarray, labels: np.ndarray, label: int, sample: Sample
) -> dict[str, float]:
    """Colours of one component and its ring, looked at in a window that holds both."""
    left, top, width, height = cv2.boundingRect((labels == label).astype(np.uint8))
    margin = int(np.ceil(RING_PX[1])) + 1
    rows = slice(max(top - margin, 0), top + height + margin)
    columns = slice(max(left - margin, 0), left + width + margin)
    lab, near, ignore = lab[rows, columns], labels[rows, columns], sample.ignore[rows, columns]
    mask = near == label
    ring = ring_around(mask, others=(near > 0) & ~mask) & ~ignore
    own, around = mean_colour(lab, mask), mean_colour(lab, ring)
    named = {
        f"{where}_{axis}": float(value)
        for where, colour in (("object", own), ("ring", around))
        for axis, value in zip("lab", colour, strict=True)
    }
    return {"contrast": colour_distance(own, around), **named}
