"""Regions of a probability map, and what can be said of each: its size and shape, how sure the
model was of it at each scale, and how its colours differ from the ground around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

LEAST_REGION_PX = 8
LEAST_WIDTHS, WIDTHS = 3, 8  # of a region, along its longer axis
GAP_PX, RING_PX = 2, 9  # the ground around a region begins beyond the one and ends at the other


@dataclass(frozen=True, eq=False)
class Regions:
    """The connected regions of an image in which a model sees something.

    Attributes:
        labels: (H, W) int32, 0 where there is none, else 1 to n.
        proba: (H, W) float32, the highest probability of all looks.
        features: (n, n_features) float32, one row for each region; see `feature_names`.
        boxes: (n, 4) int32, left, top, width and height of each region in pixels.
    """

    labels: np.ndarray
    proba: np.ndarray
    features: np.ndarray
    boxes: np.ndarray

    def __len__(self) -> int:
        return len(self.features)

    def without_maps(self) -> "Regions":
        """The same with empty maps: what is known of the regions alone, which takes no memory."""
        nowhere = np.zeros((0, 0), np.int32)
        return replace(self, labels=nowhere, proba=nowhere.astype(np.float32))

    def joined(self, further: np.ndarray) -> "Regions":
        """The same with further features (n, n_further) float32."""
        return replace(self, features=np.hstack([self.features, further]))

    def only(self, kept: np.ndarray) -> np.ndarray:
        """Probabilities (H, W) float32 in which every region that is kept reaches 1, so that half
        of its highest probability is its outline at 0.5, and there is nothing else.

        Args:
            kept: (n,) bool.
        """
        highest = np.zeros(len(self) + 1, np.float32)
        np.maximum.at(highest, self.labels.ravel(), self.proba.ravel())
        factor = np.divide(1, highest, out=np.zeros_like(highest), where=highest > 0)
        factor[0], factor[1:][~kept] = 0, 0
        return np.clip(self.proba * factor[self.labels], 0, 1)


def feature_names(scales: Sequence[float]) -> list[str]:
    """The columns of `Regions.features`."""
    names = ["area", "length", "elongation", "fill", "touches_border"]
    names += ["solidity", "compactness", "uneven_width", "width_of_ends"]
    for scale in scales:
        names += [f"{what}_at_{scale:g}" for what in ("mean", "highest", "ground")]
    names += ["mean", "highest", "range_of_scales"]
    for what in ("colour", "spread", "contrast", "ground_spread"):
        names += [f"{what}_{channel}" for channel in "Lab"]
    return names


def find_regions(image: np.ndarray, looks: Sequence[np.ndarray], least_proba: float) -> Regions:
    """The regions whose probability reaches a limit in any look.

    Args:
        image: (H, W, 3) uint8 RGB.
        looks: probabilities (H, W) float32, one for each scale at which the image was predicted.
        least_proba: of every pixel of a region; regions of less than `LEAST_REGION_PX` pixels are
            none.
    """
    highest = np.max(looks, axis=0)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (highest >= least_proba).astype(np.uint8), connectivity=8
    )
    large = stats[:, cv2.CC_STAT_AREA] >= LEAST_REGION_PX
    large[0] = False
    numbers = np.where(large, np.cumsum(large), 0).astype(np.int32)
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    maps = np.stack([*looks, highest])
    rows = [
        _features(lab, maps, labels, label, stats[label])
        for label in np.flatnonzero(large).tolist()
    ]
    width = len(feature_names([1] * len(looks)))
    features = np.array(rows, np.float32).reshape(len(rows), width)
    return Regions(numbers[labels], highest, features, stats[large, : cv2.CC_STAT_AREA])


def _features(
    lab: np.ndarray, maps: np.ndarray, labels: np.ndarray, label: int, stats: np.ndarray
) -> list[float]:
    """One row; see `feature_names`.

    Args:
        lab: (H, W, 3) float32 CIELAB.
        maps: (S + 1, H, W) float32, the looks and the highest of them.
        labels: (H, W) int32.
        label: of the region.
        stats: of OpenCV.
    """
    left, top, width, height, area = map(int, stats)
    bottom, right = top + height, left + width
    window = (
        slice(max(0, top - RING_PX), bottom + RING_PX),
        slice(max(0, left - RING_PX), right + RING_PX),
    )
    inside = labels[window] == label
    ring = _within(inside, RING_PX) & ~_within(inside, GAP_PX) & (labels[window] == 0)
    if not ring.any():
        ring = inside
    _, sides, _ = cv2.minAreaRect(np.argwhere(inside).astype(np.int32))
    longer, shorter = max(sides) + 1, min(sides) + 1
    border = top == 0 or left == 0 or bottom == labels.shape[0] or right == labels.shape[1]
    row = [np.log(area), np.log(longer), longer / shorter, area / (longer * shorter), border]
    row += _outline(inside)
    seen, ground = maps[:, *window][:, inside], maps[:, *window][:, ring]
    means, highest = seen.mean(axis=1), seen.max(axis=1)
    for scale, around in enumerate(ground[:-1].mean(axis=1)):
        row += [means[scale], highest[scale], around]
    row += [means[-1], highest[-1], np.ptp(means[:-1])]
    colours, around = lab[window][inside], lab[window][ring]
    colour, contrast = colours.mean(axis=0), colours.mean(axis=0) - around.mean(axis=0)
    row += [*colour, *colours.std(axis=0), *contrast, *around.std(axis=0)]
    return [float(value) for value in row]


def _outline(region: np.ndarray) -> list[float]:
    """How full and how compact a region (h, w) bool is, and its width along its longer axis: how
    much it varies, and that of its ends.
    """
    outlines, _ = cv2.findContours(
        region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    outline = max(outlines, key=len)
    perimeter, area = cv2.arcLength(outline, True), np.count_nonzero(region)
    # by Pick's theorem, since an outline runs through the middles of pixels
    hull = cv2.contourArea(cv2.convexHull(outline)) + perimeter / 2 + 1
    places = np.argwhere(region)
    offset = places - places.mean(axis=0)
    _, axes = np.linalg.eigh(offset.T @ offset)
    across, along = (offset @ axes).T
    count = int(np.clip(np.ptp(along), LEAST_WIDTHS, WIDTHS))
    part = count * (along - along.min()) / max(np.ptp(along), 1)
    part = np.minimum(part, count - 1).astype(int)
    widths = np.array([np.ptp(across[part == one]) + 1 for one in np.unique(part)])
    inner, ends = widths[1:-1] if len(widths) > 2 else widths, widths[[0, -1]]
    return [
        area / hull,
        perimeter**2 / (4 * np.pi * area),
        inner.std() / max(inner.mean(), 1),
        ends.mean() / widths.mean(),
    ]


def _within(mask: np.ndarray, pixels: int) -> np.ndarray:
    """A mask (h, w) bool and what lies up to so many pixels beside it."""
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)) > 0
