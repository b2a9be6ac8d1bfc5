"""One light a scene: a sun with a direction, a sky that comes from everywhere, and what they make
of a relief.

Everything in a scene is lit by the same `Light`, so that shading, cast shadows and contact shadows
agree. Colours here are linear light; nothing in this file knows what a picture file is.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from common.sample.noise import octaves, tinted

# name → (sun's elevation in degrees, sun's strength, sun's colour, sky's colour, chance of patches
# of sun)
DAYS = {
    "noon": ((48, 75), (0.75, 1.0), (1.0, 0.97, 0.92), (0.80, 0.93, 1.15), 0.15),
    "morning": ((22, 48), (0.7, 0.95), (1.05, 0.96, 0.84), (0.80, 0.93, 1.18), 0.2),
    "haze": ((35, 70), (0.3, 0.6), (1.0, 0.98, 0.95), (0.95, 1.0, 1.06), 0.05),
    "overcast": ((40, 80), (0.03, 0.2), (1.0, 1.0, 1.0), (0.98, 1.0, 1.04), 0.0),
    "open shade": ((50, 80), (0.0, 0.1), (1.0, 1.0, 1.0), (0.86, 0.97, 1.16), 0.0),
}
TEST_DAYS = {
    "evening": ((13, 22), (0.75, 0.9), (1.18, 0.93, 0.66), (0.84, 0.94, 1.15), 0.1),
    "under a tree": ((55, 80), (0.72, 0.88), (1.02, 0.98, 0.88), (0.90, 1.04, 0.98), 1.0),
    "lamp": ((28, 60), (0.55, 0.8), (1.15, 0.98, 0.72), (1.0, 0.98, 0.95), 0.0),
}


@dataclass(frozen=True)
class Light:
    """Sun and sky of a scene.

    Attributes:
        name: Which kind of day.
        towards: Unit vector (x, y, z) from the ground to the sun; x right, y down in the image, z
            to the camera.
        sun: (3,) linear colour that the sun adds on flat ground.
        sky: (3,) linear colour that the sky adds where nothing hides it.
        patchy: Whether leaves let the sun through in patches only.
    """

    name: str
    towards: tuple[float, float, float]
    sun: np.ndarray
    sky: np.ndarray
    patchy: bool

    @property
    def shadow_slope(self) -> tuple[float, float]:
        """Shift (x, y) of the shadow in pixels per pixel of height."""
        x, y, z = self.towards
        return -x / z, -y / z


def draw_light(rng: np.random.Generator, split: str) -> Light:
    """Choose a day and a place of the sun; `real_test` has days of its own."""
    days = TEST_DAYS if split == "real_test" else DAYS
    name = str(rng.choice(list(days)))
    elevations, strengths, sun, sky, patches = days[name]
    elevation, azimuth = math.radians(rng.uniform(*elevations)), rng.uniform(0, 2 * math.pi)
    strength = rng.uniform(*strengths)
    flat = math.cos(elevation)
    return Light(
        name=name,
        towards=(math.cos(azimuth) * flat, math.sin(azimuth) * flat, math.sin(elevation)),
        sun=np.asarray(sun, np.float32) * np.float32(strength),
        sky=np.asarray(sky, np.float32) * np.float32(1 - 0.85 * strength),
        patchy=bool(rng.random() < patches),
    )


def sun_map(rng: np.random.Generator, shape: tuple[int, int], light: Light) -> np.ndarray:
    """Say how much of the sun reaches each place: (H, W) float32 in [0, 1]."""
    if light.patchy:
        field = octaves(rng, shape, shape[0] / rng.uniform(2, 5), shape[0] / 24, 0.6)
        return np.clip(0.5 + (field - rng.uniform(-0.4, 0.6)) * rng.uniform(1.2, 3), 0.03, 1)
    if rng.random() > 0.2 or light.sun.max() < 0.4:
        return np.ones(shape, np.float32)
    return _shadow_of_something(rng, shape)


def lit(
    albedo: np.ndarray, height: np.ndarray, light: Light, bump: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Light a relief.

    Args:
        albedo: (H, W, 3) float32, linear, in [0, 1].
        height: (H, W) float32 in pixels.
        light: The scene's light.
        bump: Factor on the slopes; below 1 for reliefs of loose parts that are no surface.

    Returns:
        What the sky lights and what the sun adds where it arrives, both (H, W, 3) float32 linear
        light.
    """
    hollow = height - cv2.blur(height, (9, 9))
    open_sky = np.clip(1 + hollow * np.float32(0.11), 0.25, 1.15)
    direct = toward_sun(height * np.float32(bump), light) * relief_shadow(height, light)
    return albedo * tinted(open_sky, light.sky), albedo * tinted(direct, light.sun)


def toward_sun(height: np.ndarray, light: Light) -> np.ndarray:
    """Say how much each slope turns to the sun, 1 for flat ground, 0 for turned away: (H, W)
    float32.
    """
    x, y, z = (np.float32(value) for value in light.towards)
    across = np.clip(cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8), -1.6, 1.6)
    down = np.clip(cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8), -1.6, 1.6)
    cosine = (z - across * x - down * y) / np.sqrt(1 + across * across + down * down)
    return np.clip(cosine / max(z, np.float32(0.4)), 0, 2)


def relief_shadow(height: np.ndarray, light: Light) -> np.ndarray:
    """Find what the relief itself keeps from the sun: (H, W) float32, 1 in the sun and 0 in the
    shadow.
    """
    x, y, z = light.towards
    flat = math.hypot(x, y)
    hidden = np.zeros_like(height)
    for step in (2, 4, 7, 11):
        shift = (round(-step * y / flat), round(-step * x / flat))
        np.maximum(
            hidden,
            np.roll(height, shift, (0, 1)) - height - np.float32(step * z / flat),
            out=hidden,
        )
    return 1 - np.clip(hidden / np.float32(1.5), 0, 1)


def _shadow_of_something(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Shade one side of the picture with a soft, nearly straight edge: a wall, a person, a car."""
    angle, edge = rng.uniform(0, 2 * math.pi), rng.uniform(-0.3, 0.45) * shape[0]
    ys, xs = (axis.astype(np.float32) for axis in np.ogrid[: shape[0], : shape[1]])
    along = (xs - shape[1] / 2) * math.cos(angle) + (ys - shape[0] / 2) * math.sin(angle)
    wobble = octaves(rng, shape, shape[0] / 3, shape[0] / 8) * rng.uniform(0, 8)
    return np.clip((along + edge + wobble) / rng.uniform(3, 20) + 0.5, 0.02, 1)
