"""Objects one by one: size, shape, direction, place, and colour against what lies around them."""

import cv2
import numpy as np
from scipy.ndimage import find_objects

from common.data import Sample
from common.describe.pixels import RING_PX, colour_distance, mean_colour, ring_around, to_lab

SIZES = ("area_px", "length_px", "width_px")


def label_objects(mask: np.ndarray) -> tuple[int, np.ndarray]:
    """The number of 8-connected components of a mask (H, W) bool, and their labels (H, W) int32
    from 1, 0 outside.
    """
    count, labels = cv2.connectedComponents(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=8
    )
    return count - 1, labels


def object_sizes(mask: np.ndarray) -> list[dict[str, float]]:
    """`area_px`, `length_px` and `width_px` of each object of a mask (H, W) bool, as in
    `describe_objects`.

    Examples:
        >>> mask = np.zeros((20, 30), bool)
        >>> mask[5:8, 10:20] = True
        >>> [size] = object_sizes(mask)
        >>> size["area_px"], round(size["length_px"], 3), round(size["width_px"], 3)
        (30, 10.0, 3.0)
    """
    labels = label_objects(mask)[1]
    shapes = [
        _describe_shape(labels[box] == label)
        for label, box in enumerate(find_objects(labels), start=1)
    ]
    return [{name: shape[name] for name in SIZES} for shape in shapes]


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
            **_describe_shape(labels[box] == label),
            **_describe_place(labels[box] == label, box, mask.shape),
            **_describe_colour(lab, labels, label, box, sample),
        }
        for label, box in enumerate(find_objects(labels), start=1)
    ]


def _describe_shape(part: np.ndarray) -> dict[str, float]:
    """Numbers of one component (h, w) bool that depend neither on its place nor on the image."""
    area = int(np.count_nonzero(part))
    hull = cv2.convexHull(_corners(part))
    length, breadth, angle = _smallest_rectangle(hull)
    return {
        "area_px": area,
        "length_px": length,
        "width_px": breadth,
        "aspect": length / breadth,
        "angle_deg": angle,
        "solidity": area / cv2.contourArea(hull),
    }


def _describe_place(
    part: np.ndarray, box: tuple[slice, slice], size: tuple[int, int]
) -> dict[str, float]:
    """Where a component (h, w) bool, whose box this is, lies in an image of `size` (H, W)."""
    centre = [
        float(places.mean() + side.start + 0.5) / whole
        for places, side, whole in zip(np.nonzero(part), box, size, strict=True)
    ]
    touches = any(
        side.start == 0 or side.stop == whole for side, whole in zip(box, size, strict=True)
    )
    return {"centre_x": centre[1], "centre_y": centre[0], "touches_border": touches}


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
    lab: np.ndarray, labels: np.ndarray, label: int, box: tuple[slice, slice], sample: Sample
) -> dict[str, float]:
    """Colours of one component and its ring, looked at in a window that holds both."""
    margin = int(np.ceil(RING_PX[1])) + 1
    rows, columns = (slice(max(side.start - margin, 0), side.stop + margin) for side in box)
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
