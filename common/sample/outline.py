"""Masks as polygons that pycocotools draws back as the same masks.

Contours through pixel centres, as OpenCV returns them, lose half a pixel all around, 5 % of a
butt; these run just inside the pixels' edges. COCO polygons have no holes, so a part with a hole
is cut in two through the hole.
"""

import cv2
import numpy as np

MIN_PART_PX = 4


def outline(mask: np.ndarray) -> list[list[float]]:
    """Trace a mask as COCO polygons.

    Args:
        mask: (H, W) bool, one object, possibly in several visible parts.

    Returns:
        Polygons `[x0, y0, x1, y1, …]` in pixels, pixel `k` reaching from `k` to `k + 1`; empty for
        an empty mask.
    """
    polygons = []
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    for label in range(1, count):
        polygons += _part_outline(labels == label)
    return polygons


def without_crumbs(mask: np.ndarray) -> np.ndarray:
    """Drop 4-connected parts below `MIN_PART_PX` pixels, which nobody would outline."""
    kept = np.zeros_like(mask)
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    window = slice(y, y + height), slice(x, x + width)
    if width:
        part = np.ascontiguousarray(mask[window]).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
        keep = stats[:, cv2.CC_STAT_AREA] >= MIN_PART_PX
        keep[0] = False
        kept[window] = keep[labels]
    return kept


def _part_outline(part: np.ndarray) -> list[list[float]]:
    """Outline one connected part; a hole is opened by cutting the part along the hole's middle
    column.
    """
    # At twice the size the contour lies a quarter pixel inside the edges, which survives the
    # rasteriser's rounding.
    doubled = part.repeat(2, axis=0).repeat(2, axis=1).astype(np.uint8)
    contours, hierarchy = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    holes = [
        contour for contour, links in zip(contours, hierarchy[0], strict=True) if links[3] >= 0
    ]
    if not holes:
        return [
            ((contour[:, 0] + 0.5) / 2).ravel().tolist()
            for contour in contours
            if len(contour) > 2
        ]
    cut = int(holes[0][:, 0, 0].mean()) // 2 + 1
    left, right = part.copy(), part.copy()
    left[:, cut:] = False
    right[:, :cut] = False
    return outline(left) + outline(right)
