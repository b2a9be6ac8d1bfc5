"""A surface before light falls on it, and the stones that gravel and asphalt are made of.

Stones are cells of a random division of the plane, each shrunk by its own measure, rounded and
tilted; what shows between them is whatever was there before.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from common.sample.noise import cells, mixed, tinted


@dataclass
class Ground:
    """A surface before any light falls on it.

    Attributes:
        albedo: (H, W, 3) float32, linear, in [0, 1].
        height: (H, W) float32 in pixels.
        bump: Factor on the slopes when lit.
        loose: Whether blades and leaves lie over what falls on it.
    """

    albedo: np.ndarray
    height: np.ndarray
    bump: float = 1.0
    loose: bool = False


def lay_stones(
    albedo: np.ndarray,
    height: np.ndarray,
    rng: np.random.Generator,
    palette: np.ndarray | list[np.ndarray],
    spacing: float,
    kept: float,
    grain: np.ndarray,
    spread: float = 0.25,
) -> None:
    """Lay one size of stones over what is there: each keeps to its cell but fills it more or
    less.
    """
    labels, depth = cells(rng, height.shape, spacing)
    count = int(labels.max()) + 1
    depth = cv2.GaussianBlur(depth, (0, 0), spacing / 14)  # rounds the corners
    missing = np.where(rng.random(count) < kept, rng.uniform(0.03, 0.2, count), 9).astype(
        np.float32
    )
    inside = depth - missing.take(labels) * np.float32(spacing)
    share = np.clip(inside + 0.5, 0, 1)
    faces = rng.normal(0, 0.12, count).astype(np.float32)
    ridge = np.sin(np.arange(height.shape[1], dtype=np.float32) * np.float32(4 / spacing))
    tilt = ridge * faces.take(labels) * np.float32(spacing)
    dome = (
        np.minimum(np.maximum(inside, 0), np.float32(spacing * 0.22)) * np.float32(1.3)
        + tilt
        + 0.35 * grain
    )
    colours = mixed(palette, [3, 2, 1], rng, count, spread)
    albedo += tinted(share) * (colours.take(labels, 0) * tinted(0.9 + 0.12 * grain) - albedo)
    height += share * (dome + np.float32(0.12 * spacing) - 0.5 * height)
