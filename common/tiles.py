"""Large photos in overlapping tiles, so that what predicts them needs memory for a tile alone."""

from collections.abc import Callable

import numpy as np

TILE_PX, OVERLAP_PX = 1536, 192


def tiled(predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> np.ndarray:
    """Predict an image whole where it is small, else in tiles whose overlaps fade into each other.

    Args:
        predict: (h, w, 3) uint8 → probabilities (h, w) float32.
        image: (H, W, 3) uint8 of any size.

    Returns:
        (H, W) float32.
    """
    height, width = image.shape[:2]
    if max(height, width) <= TILE_PX:
        return predict(image)
    total, weight = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for top in tile_starts(height):
        for left in tile_starts(width):
            part = np.s_[top : top + TILE_PX, left : left + TILE_PX]
            proba = predict(np.ascontiguousarray(image[part]))
            share = np.minimum.outer(ramp(proba.shape[0]), ramp(proba.shape[1]))
            total[part] += proba * share
            weight[part] += share
    return np.clip(total / weight, 0, 1)


def tile_starts(size: int) -> list[int]:
    """First pixels of tiles that cover `size` pixels and overlap by at least `OVERLAP_PX`."""
    last = max(0, size - TILE_PX)
    count = -(-last // (TILE_PX - OVERLAP_PX)) + 1
    return [round(start) for start in np.linspace(0, last, count)]


def ramp(size: int) -> np.ndarray:
    """Weights (size,) float32 in (0, 1] that fall towards both ends of a tile."""
    position = np.arange(size, dtype=np.float32)
    return np.minimum(1, (np.minimum(position, position[::-1]) + 1) / OVERLAP_PX)
