"""What a scene lies on: one ground or two that meet, with dirt, cracks, wet spots and painted
lines.

The grounds of `real_test` are kinds of their own; those of `train` and `val` come from the same
kinds but are drawn from different places, so none is shared. Butts and litter are not drawn here.
"""

import cv2
import numpy as np

from common.sample import hard_ground, loose_ground
from common.sample.noise import linear, mixed, octaves
from common.sample.stones import Ground

HARD = {
    "asphalt": hard_ground.asphalt,
    "concrete": hard_ground.concrete,
    "paving": hard_ground.paving,
    "metal": hard_ground.metal,
    "flagstones": hard_ground.flagstones,
    "terrazzo": hard_ground.terrazzo,
}
LOOSE = {
    "gravel": loose_ground.gravel,
    "soil": loose_ground.soil,
    "leaves": loose_ground.leaves,
    "grass": loose_ground.grass,
    "needles": loose_ground.needles,
    "sand": loose_ground.sand,
}
KINDS = HARD | LOOSE
WEIGHTS = {
    "asphalt": 5,
    "concrete": 5,
    "paving": 3,
    "metal": 1,
    "gravel": 3,
    "soil": 3,
    "leaves": 3,
    "grass": 5,
}
TEST_WEIGHTS = {"flagstones": 2, "terrazzo": 1, "needles": 2, "sand": 2}


def draw_ground(
    style: np.random.Generator, rng: np.random.Generator, split: str, size: int
) -> Ground:
    """Draw the ground of a photo.

    Args:
        style: What the photos of a place share: kinds, colours, coarseness.
        rng: What is this photo's own.
        split: "train", "val" or "real_test".
        size: Height and width in pixels.
    """
    weights = TEST_WEIGHTS if split == "real_test" else WEIGHTS
    names = list(weights)
    shares = np.array(list(weights.values()), float) / sum(weights.values())
    first, second = style.choice(names, 2, replace=False, p=shares)
    ground = surface(str(first), style, rng, size)
    if style.random() < 0.18:
        return meet(ground, surface(str(second), style, rng, size), rng)
    return ground


def surface(name: str, style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Draw one kind of ground, a sealed one with its marks."""
    ground = KINDS[name](style, rng, size)
    turns = int(rng.integers(4))
    ground.albedo, ground.height = (
        np.rot90(ground.albedo, turns).copy(),
        np.rot90(ground.height, turns).copy(),
    )
    if name in HARD:
        _mark(ground, rng, painted=name in ("asphalt", "concrete"))
    np.clip(ground.albedo, 0.01, 0.95, out=ground.albedo)
    return ground


def meet(first: Ground, second: Ground, rng: np.random.Generator) -> Ground:
    """Let two grounds meet along a wandering edge, one a little higher than the other."""
    size = first.height.shape[0]
    line = _signed_line(rng, size) + octaves(rng, (size, size), size / 6, 3, 0.6) * rng.uniform(
        1, 9
    )
    share = np.clip(line / 1.5 + 0.5, 0, 1)[..., None]
    seam = np.exp(-np.square((line + 3) / rng.uniform(3, 9)))
    albedo = (first.albedo * (1 - share) + second.albedo * share) * (1 - 0.7 * seam)[..., None]
    step = np.clip(line / rng.uniform(2, 8), -1, 1) * np.float32(rng.uniform(0, 6))
    height = first.height * (1 - share[..., 0]) + second.height * share[..., 0] + step
    return Ground(
        albedo,
        height.astype(np.float32),
        min(first.bump, second.bump) ** 0.5,
        first.loose or second.loose,
    )


def dirt(ground: Ground, rng: np.random.Generator) -> None:
    """Lay brown or grey dirt on parts of the surface."""
    size = ground.height.shape[0]
    field = octaves(rng, (size, size), size / rng.uniform(1.5, 6), 2, 0.7)
    share = (np.clip(field * 0.5 - rng.uniform(-0.2, 0.8), 0, 1) * rng.uniform(0.2, 0.75))[
        ..., None
    ]
    colour = mixed(
        [linear(80, 65, 48), linear(60, 60, 58), linear(150, 130, 100)], [3, 3, 1], rng, 1, 0.2
    )[0]
    ground.albedo += share * (colour - ground.albedo)


def crack(ground: Ground, rng: np.random.Generator) -> None:
    """Break the surface along a random walk."""
    size = ground.height.shape[0]
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.35, 90))
    steps = np.stack([np.cos(heading), np.sin(heading)], -1) * rng.uniform(6, 12)
    path = rng.uniform(0, size, 2) + np.cumsum(steps, 0) - steps.sum(0) / 2
    line = np.zeros((size, size), np.uint8)
    thickness = int(rng.integers(1, 5))
    cv2.polylines(
        line, [np.round(path * 16).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 4
    )
    depth = cv2.GaussianBlur(line, (0, 0), 0.8).astype(np.float32) / 255
    ground.height -= depth * np.float32(5)
    ground.albedo *= (1 - 0.8 * depth)[..., None]


def wet(ground: Ground, rng: np.random.Generator) -> None:
    """Darken and smooth where water has soaked in."""
    size = ground.height.shape[0]
    field = octaves(rng, (size, size), size / rng.uniform(1.5, 4), 6, 0.55)
    share = np.clip((field - rng.uniform(0.2, 1.2)) * rng.uniform(3, 12), 0, 1)
    ground.albedo *= (1 - rng.uniform(0.35, 0.6) * share)[..., None]
    ground.height *= 1 - 0.6 * share


def paint(ground: Ground, rng: np.random.Generator) -> None:
    """Paint a worn white or yellow line."""
    size = ground.height.shape[0]
    inside = rng.uniform(20, 90) - np.abs(_signed_line(rng, size))
    worn = octaves(rng, (size, size), 60, 1, 0.85) + ground.height
    share = np.clip(inside / 2, 0, 1) * np.clip(
        0.5 + (worn + rng.uniform(-0.8, 1.2)) * 1.5, 0, 0.95
    )
    colour = mixed([linear(225, 225, 220), linear(225, 175, 60)], [3, 1], rng, 1, 0.1)[0]
    ground.albedo += share[..., None] * (colour - ground.albedo)


def _mark(ground: Ground, rng: np.random.Generator, painted: bool) -> None:
    """Add some of the marks that sealed grounds get with the years."""
    if painted and rng.random() < 0.1:
        paint(ground, rng)
    if rng.random() < 0.45:
        dirt(ground, rng)
    if rng.random() < 0.25:
        crack(ground, rng)
    if rng.random() < 0.12:
        wet(ground, rng)


def _signed_line(rng: np.random.Generator, size: int) -> np.ndarray:
    """Distance to a random straight line through the picture, negative on one side: (size, size)
    float32.
    """
    angle = rng.uniform(0, 2 * np.pi)
    x, y = rng.uniform(0.2, 0.8, 2) * size
    ys, xs = (axis.astype(np.float32) for axis in np.ogrid[:size, :size])
    return (xs - float(x)) * float(np.cos(angle)) + (ys - float(y)) * float(np.sin(angle))
