"""Sealed grounds: asphalt, concrete, paving, metal covers, and the flagstones and terrazzo kept
for `real_test`.

Each function draws colour and relief, unlit. What makes one place different from another comes
from `style`, what makes one photo of it different from the next from `rng`; light, dirt and litter
are not drawn here.
"""

import cv2
import numpy as np

from common.sample.noise import cells, linear, mixed, octaves, streaks, tinted
from common.sample.stones import Ground, lay_stones


def asphalt(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Stones of two sizes in a dark or a bleached binder."""
    shape = (size, size)
    tone, tint = style.uniform(0.07, 0.32), linear(*style.normal(255, 6, 3).clip(235, 255))
    spacing, spread = style.uniform(5, 10), style.uniform(0.25, 0.7)
    grain = octaves(rng, shape, 3, 1, 0.95)
    wear = octaves(rng, shape, size / 2, 16, 0.6)
    albedo = tint * tinted(style.uniform(0.35, 0.9) * tone * (1 + 0.3 * grain + 0.08 * wear))
    height = 0.45 * grain
    palette = [tint * tone, tint * tone * style.uniform(1.2, 2), linear(150, 140, 125) * tone * 3]
    for share, kept in ((0.55, style.uniform(0.5, 0.95)), (1.0, style.uniform(0.15, 0.7))):
        lay_stones(albedo, height, rng, palette, spacing * share, kept, grain, spread)
    height *= np.float32(style.uniform(1.0, 2.0))
    return Ground(albedo * tinted(1 + 0.08 * wear), height)


def concrete(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """A pale cast surface, broomed or worn down to its sand, with pits and stains."""
    shape = (size, size)
    base = mixed(
        [linear(205, 200, 190), linear(175, 168, 155), linear(150, 150, 150)],
        [3, 3, 2],
        style,
        1,
        0.2,
    )[0]
    grain = octaves(rng, shape, 8, 1, 0.9)
    stains = octaves(rng, shape, size / 2, 12, 0.7)
    tone = 1 + style.uniform(0.08, 0.22) * grain + style.uniform(0.04, 0.14) * stains
    height = np.float32(style.uniform(0.2, 0.8)) * grain
    if style.random() < 0.45:
        broom = streaks(rng, shape, style.uniform(2, 4), size / 5)
        tone += style.uniform(0.05, 0.14) * broom
        height += np.float32(style.uniform(0.2, 0.6)) * broom
        if style.random() < 0.5:
            tone, height = tone.T.copy(), height.T.copy()
    sand = octaves(rng, shape, 4, 2)
    pits = np.clip(sand - style.uniform(1.9, 2.9), 0, 1)
    flecks = np.clip(-sand - style.uniform(1.6, 2.6), 0, 1)[..., None]
    height -= 3 * pits
    albedo = base * (tone - 0.7 * pits)[..., None]
    albedo += flecks * (
        mixed([linear(120, 95, 70), linear(90, 90, 95)], [1, 1], style, 1, 0.2)[0] - albedo
    )
    return Ground(albedo, height)


def paving(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Slabs or bricks in bond, each of its own tone, with sand, dirt or moss in the joints."""
    long = style.uniform(0.28, 0.9) * max(size, 400)
    ratio = style.uniform(1, 2.3)
    joint = style.uniform(2.5, 7)
    number, edge = _bond(style, rng, size, long, long / ratio)
    palette = [
        linear(168, 160, 148),
        linear(150, 105, 92),
        linear(120, 118, 115),
        linear(190, 170, 140),
    ]
    base = mixed(palette, [4, 2, 3, 2], style, 1, 0.15)
    tones = mixed(base, [1], rng, 211, style.uniform(0.03, 0.14))
    grain = octaves(rng, (size, size), 8, 1, 0.95)
    fleck = np.clip(octaves(rng, (size, size), 4, 2) - 1.5, 0, 1)
    albedo = (
        tones.take(number % 211, 0)
        * (1 + style.uniform(0.1, 0.2) * grain + style.uniform(-0.4, 0.5) * fleck)[..., None]
    )
    filling = mixed(
        [linear(75, 65, 50), linear(150, 135, 105), linear(60, 75, 35)], [3, 2, 1], style, 1, 0.1
    )[0]
    inside = np.clip((edge - joint / 2 + 0.8 * grain) / 1.5 + 0.5, 0, 1)
    albedo = (
        filling * (1 + 0.3 * grain)[..., None] * (1 - inside[..., None])
        + albedo * inside[..., None]
    )
    height = (
        np.float32(4) * np.clip((edge - joint / 2) / 4, -0.5, 1)
        + np.float32(style.uniform(0.2, 0.6)) * grain
    )
    return Ground(albedo, height.astype(np.float32))


def metal(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """A cast cover: raised bars, studs or a grid on rusty or worn iron."""
    shape = (size, size)
    ys, xs = _turned(style.uniform(0, np.pi), size)
    pitch = style.uniform(22, 60)
    row, column = np.floor(ys / pitch), np.floor(xs / pitch)
    v, u = ys / pitch - row - 0.5, xs / pitch - column - 0.5
    pattern = style.integers(3)
    if pattern == 0:  # chequer plate: bars that change direction from field to field
        turned = (row + column) % 2 == 0
        raised = 0.36 - np.hypot(np.where(turned, u, v), 3.2 * np.where(turned, v, u))
    elif pattern == 1:
        raised = 0.3 - np.hypot(u, v)
    else:
        raised = np.maximum(np.abs(u), np.abs(v)) - 0.36
    rust = octaves(rng, shape, size / 2, 2, 0.75)
    grain = octaves(rng, shape, 4, 1, 0.9)
    top = np.clip(raised * pitch / 2.5 + 0.5, 0, 1).astype(np.float32)
    iron = mixed(
        [linear(95, 90, 85), linear(70, 68, 70), linear(120, 110, 100)], [1, 1, 1], style, 1, 0.15
    )[0]
    brown = mixed([linear(105, 72, 52), linear(82, 60, 48)], [1, 1], style, 1, 0.15)[0]
    share = np.clip(0.5 + 0.5 * rust + style.uniform(-0.6, 0.6) - 0.3 * top, 0, 1)[..., None]
    albedo = (iron * (1 - share) + brown * share) * (
        1 + 0.14 * grain + 0.35 * top * (1 - share[..., 0])
    )[..., None]
    return Ground(albedo, np.float32(style.uniform(2, 4.5)) * top + 0.35 * grain)


def flagstones(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Broken flagstones with grown-over joints (only `real_test` has them)."""
    spacing = style.uniform(70, 130)
    labels, depth = cells(rng, (size, size), spacing)
    grain = octaves(rng, (size, size), 6, 1, 0.95)
    tones = mixed(
        [linear(130, 128, 126), linear(150, 135, 125), linear(105, 108, 115)],
        [3, 1, 2],
        style,
        3,
        0.1,
    )
    tones = mixed(tones, [1, 1, 1], rng, int(labels.max()) + 1, 0.12)
    dome = np.sqrt(np.clip((depth - 4) / (spacing * 0.35), 0, 1))
    moss = mixed([linear(62, 70, 35), linear(80, 70, 52)], [1, 1], style, 1, 0.1)[0]
    inside = np.clip((depth - 4 + grain) / 3, 0, 1)[..., None]
    albedo = (
        moss * (1 + 0.35 * grain)[..., None] * (1 - inside)
        + tones.take(labels, 0) * (1 + 0.2 * grain)[..., None] * inside
    )
    return Ground(albedo, np.float32(spacing * 0.13) * dome + 0.5 * grain)


def terrazzo(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Polished chips in cement (only `real_test` has it)."""
    labels, depth = cells(rng, (size, size), style.uniform(7, 16))
    palette = [
        linear(190, 185, 175),
        linear(120, 80, 65),
        linear(80, 82, 85),
        linear(215, 205, 180),
    ]
    chips = mixed(palette, style.uniform(0.2, 1, 4), rng, int(labels.max()) + 1, 0.15)
    cement = mixed([linear(170, 168, 162), linear(140, 125, 110)], [1, 1], style, 1, 0.1)[0]
    inside = np.clip((depth - 1.2) / 1.2, 0, 1)[..., None] * style.uniform(0.5, 0.9)
    grain = octaves(rng, (size, size), 64, 1, 0.8)
    albedo = (cement * (1 - inside) + chips.take(labels, 0) * inside) * (1 + 0.07 * grain)[
        ..., None
    ]
    return Ground(albedo, 0.12 * grain)


def _turned(angle: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (ys, xs) turned by an angle, both (size, size) float32, all positive."""
    ys, xs = (axis.astype(np.float32) for axis in np.ogrid[:size, :size])
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return xs * sin + ys * cos + np.float32(4 * size), xs * cos - ys * sin + np.float32(4 * size)


def _bond(
    style: np.random.Generator, rng: np.random.Generator, size: int, long: float, wide: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lay slabs in bond: the number of each pixel's slab (int) and its distance to the joint in
    pixels.
    """
    ys, xs = _turned(rng.uniform(0, np.pi), size)
    wander = cv2.resize(
        rng.normal(0, 1.2, (8, 8)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    ys, xs = ys + wander + rng.uniform(0, wide), xs + wander.T + rng.uniform(0, long)
    row = np.floor(ys / wide)
    xs = xs + row * np.float32(long * style.choice([0, 0.5, 0.5, 0.33]))
    column = np.floor(xs / long)
    v, u = ys - row * wide, xs - column * long
    edge = np.minimum(np.minimum(u, long - u), np.minimum(v, wide - v))
    return (row * 37 + column * 11).astype(np.int32), edge.astype(np.float32)
