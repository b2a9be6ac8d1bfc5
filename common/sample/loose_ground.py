"""Grounds of loose parts: gravel, soil, dry leaves and chips, grass, and the needles and sand kept
for `real_test`.

Like the sealed ones they come unlit, their relief in pixels; what lies over a butt on them is
thrown on later, with the clutter, because it must hide the butt.
"""

import numpy as np

from common.sample.noise import cells, linear, mixed, octaves
from common.sample.stones import Ground, lay_stones
from common.sample.strew import Slivers, decode, draw_slivers, encode, strew

GREENS = [linear(105, 140, 60), linear(70, 115, 50), linear(85, 130, 80), linear(140, 160, 75)]
STRAWS = [linear(190, 170, 120), linear(160, 135, 90), linear(205, 195, 155), linear(120, 95, 65)]
LEAF_BROWNS = [
    linear(140, 95, 55),
    linear(115, 75, 45),
    linear(175, 135, 85),
    linear(150, 120, 95),
    linear(90, 65, 50),
]
CHIP_BROWNS = [
    linear(125, 95, 70),
    linear(85, 62, 48),
    linear(155, 125, 95),
    linear(60, 48, 42),
    linear(110, 75, 55),
]


def gravel(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Broken stones of mixed sizes, the large ones over the small ones, dark between."""
    palette = [
        linear(150, 150, 155),
        linear(170, 155, 140),
        linear(110, 112, 118),
        linear(190, 185, 175),
    ]
    tones = mixed(palette, style.uniform(0.1, 1, 4), style, 3, 0.15)
    spacing, sparse = style.uniform(14, 40), style.uniform(0.2, 0.75)
    earth = mixed([linear(70, 66, 60), linear(105, 92, 75)], [1, 1], style, 1, 0.2)[0]
    grain = octaves(rng, (size, size), 6, 1, 0.9)
    albedo, height = earth * (1 + 0.3 * grain)[..., None], 0.5 * grain
    for share, kept in ((0.4, 0.9), (1.0, sparse)):
        lay_stones(albedo, height, rng, tones, spacing * share, kept, grain)
    return Ground(albedo, height)


def soil(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Bare earth with crumbs and small stones."""
    shape = (size, size)
    base = mixed(
        [linear(120, 98, 75), linear(85, 65, 48), linear(150, 125, 95), linear(125, 75, 50)],
        [3, 3, 2, 1],
        style,
        1,
        0.15,
    )[0]
    relief = octaves(rng, shape, 80, 1, style.uniform(0.72, 0.9))
    tone = 1 + style.uniform(0.15, 0.3) * relief
    labels, depth = cells(rng, shape, style.uniform(5, 14))
    count = int(labels.max()) + 1
    crumb = (rng.random(count) < style.uniform(0.1, 0.5)).astype(np.float32)
    tones = mixed([base, base * 1.5, base * 0.5], [3, 1, 1], rng, count, 0.2)
    inside = (np.clip(depth / 2, 0, 1) * crumb.take(labels))[..., None]
    albedo = (
        base * tone[..., None] * (1 - inside)
        + tones.take(labels, 0) * (1 + 0.15 * relief)[..., None] * inside
    )
    height = np.float32(style.uniform(0.8, 1.6)) * relief + np.minimum(depth, 4) * crumb.take(
        labels
    )
    return Ground(albedo, height)


def leaves(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Dry leaves or wood chips over dark earth."""
    if style.random() < 0.5:
        return _litter(style, rng, size, LEAF_BROWNS, "leaf", (16, 85), (6, 36), 560, 0.5)
    return _litter(style, rng, size, CHIP_BROWNS, "chip", (6, 70), (2, 12), 1500, 0.2)


def grass(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Blades from the shade up into the light, fresh or mixed with straw."""
    fresh = style.uniform(0.15, 1.0)
    weights = [*(fresh * style.uniform(0.2, 1, 4)), *((1 - fresh) * style.uniform(0.2, 1, 4))]
    width = style.uniform(2.5, 7)
    count = int(size * size / 512**2 * np.interp(width, [2.5, 7], [2300, 950]))
    slivers = draw_slivers(
        rng,
        rng.uniform(-10, size + 10, (count, 2)),
        mixed(GREENS + STRAWS, weights, rng, count, 0.25)
        * style.uniform(0.7, 1.1, 3).astype(np.float32),
        length=(25, style.uniform(60, 130)),
        width=(width * 0.5, width * 1.4),
        curl=0.5,
        profile="blade",
    )
    earth = mixed([linear(66, 74, 42), linear(92, 80, 55)], [2, 1], style, 1, 0.2)[0]
    return _strewn(rng, size, earth, slivers, 13, 0.16)


def needles(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Pine needles in all directions (only `real_test` has them)."""
    reds = [linear(165, 110, 70), linear(125, 85, 60), linear(190, 145, 100), linear(90, 65, 50)]
    return _litter(style, rng, size, reds, "needle", (60, 150), (1.6, 3.2), 900, 0.25)


def sand(style: np.random.Generator, rng: np.random.Generator, size: int) -> Ground:
    """Trodden sand with small shells of coarse grains (only `real_test` has it)."""
    shape = (size, size)
    base = mixed(
        [linear(205, 180, 140), linear(190, 175, 150), linear(220, 205, 175)],
        [1, 1, 1],
        style,
        1,
        0.08,
    )[0]
    dunes = octaves(rng, shape, style.uniform(50, 110), 12, 0.55)
    grain = octaves(rng, shape, 3, 1, 1.0)
    speck = np.clip(octaves(rng, shape, 4, 2) - 2, 0, 1)
    albedo = base * (1 + 0.13 * grain + 0.05 * dunes - 0.5 * speck)[..., None]
    return Ground(albedo, np.float32(style.uniform(3, 6)) * dunes + 0.35 * grain)


def _litter(
    style: np.random.Generator,
    rng: np.random.Generator,
    size: int,
    palette: list[np.ndarray],
    profile: str,
    length: tuple[float, float],
    width: tuple[float, float],
    count: int,
    curl: float,
) -> Ground:
    """Throw parts of one kind on dark earth."""
    count = int(count * size * size / 512**2 * style.uniform(0.6, 1.2))
    colours = mixed(palette, style.uniform(0.1, 1, len(palette)), rng, count, 0.28) * np.float32(
        style.uniform(0.7, 1.25)
    )
    places = rng.uniform(-10, size + 10, (count, 2))
    slivers = draw_slivers(
        rng, places, colours, length=length, width=width, curl=curl, profile=profile
    )
    earth = mixed([linear(82, 68, 54), linear(115, 98, 76)], [2, 1], style, 1, 0.25)[0]
    return _strewn(rng, size, earth, slivers, 9, 0.25)


def _strewn(
    rng: np.random.Generator,
    size: int,
    earth: np.ndarray,
    slivers: Slivers,
    depth: float,
    bump: float,
) -> Ground:
    """Draw slivers over earth; the lower ones stay in the shade of the upper ones."""
    grain = octaves(rng, (size, size), 24, 1, 0.85)
    canvas = encode(earth * (1 + 0.35 * grain)[..., None])
    levels = np.zeros((size, size), np.uint8)
    strew(canvas, levels, slivers, depth / 3, depth)
    height = levels.astype(np.float32)
    shade = (0.45 + 0.55 * height / np.float32(depth)) * (1 + 0.09 * grain)
    return Ground(decode(canvas) * shade[..., None], height + grain, bump, loose=True)
