"""Things on the ground that are no butts, many of them chosen because they look like one.

Twigs, straws, stones, paper scraps, caps, chewing gum, leaves and blades: each function draws one
lit thing, and none of them ever touches a mask except by lying on top of a butt.
"""

from collections.abc import Callable

import cv2
import numpy as np

from common.sample.light import Light, lit
from common.sample.loose_ground import CHIP_BROWNS, GREENS, LEAF_BROWNS, STRAWS
from common.sample.noise import cells, linear, mixed, octaves
from common.sample.patch import Patch
from common.sample.strew import decode, draw_slivers, strew

Drawer = Callable[[np.random.Generator, float, Light], Patch]


def twig(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A brown or grey stick."""
    palette = [linear(95, 75, 58), linear(130, 112, 95), linear(60, 45, 38)]
    return _sliver(
        rng,
        light,
        palette,
        "needle",
        d * rng.uniform(0.6, 2.2) ** 2,
        d * rng.uniform(0.06, 0.22),
        0.3,
    )


def stalk(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A leaf stalk or a piece of dry grass."""
    return _sliver(
        rng,
        light,
        STRAWS,
        "needle",
        d * rng.uniform(0.7, 2) ** 2,
        d * rng.uniform(0.05, 0.16),
        0.4,
    )


def straw(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A piece of a drinking straw or another plastic or paper stick, round and of one colour."""
    palette = [
        linear(235, 235, 235),
        linear(220, 60, 60),
        linear(70, 130, 200),
        linear(90, 170, 90),
        linear(225, 205, 60),
    ]
    length, width = d * rng.uniform(2.5, 8), d * rng.uniform(0.3, 0.7)
    colour = mixed(palette, [3, 1, 1, 1, 1], rng, 1, 0.1)[0]
    return _rod(rng, light, colour, length, width)


def leaf(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """One dry or green leaf."""
    palette = LEAF_BROWNS if rng.random() < 0.7 else GREENS
    return _sliver(
        rng, light, palette, "leaf", d * rng.uniform(0.6, 3), d * rng.uniform(0.25, 1.2), 0.4
    )


def blade(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """One blade of grass."""
    palette = GREENS if rng.random() < 0.75 else STRAWS
    return _sliver(
        rng, light, palette, "blade", d * rng.uniform(2, 5), d * rng.uniform(0.12, 0.35), 0.6
    )


def chip(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A chip of wood or bark."""
    return _sliver(
        rng,
        light,
        CHIP_BROWNS,
        "chip",
        d * rng.uniform(0.7, 2.5),
        d * rng.uniform(0.15, 0.5),
        0.15,
    )


def pebble(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A stone: grey, white, or as brown as cork."""
    palette = [
        linear(140, 138, 135),
        linear(215, 212, 205),
        linear(205, 150, 90),
        linear(95, 88, 80),
    ]
    colour = mixed(palette, [4, 2, 2, 2], rng, 1, 0.2)[0]
    return _blob(
        rng, light, colour, d * rng.uniform(0.3, 0.95) ** 2, rng.uniform(1, 1.9), 0.22, 0.75
    )


def gum(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """Trodden chewing gum, flat, pale when fresh and dark when old."""
    palette = [linear(205, 198, 190), linear(90, 88, 88), linear(150, 145, 140)]
    return _blob(
        rng,
        light,
        mixed(palette, [1, 2, 1], rng, 1, 0.1)[0],
        d * rng.uniform(0.6, 1.4),
        1.25,
        0.15,
        0.06,
    )


def cap(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A crown cap with its teeth, top or inside up."""
    side = int(d * rng.uniform(2.2, 3.6)) | 1
    span = slice(-1, 1, side * 1j)
    ys, xs = np.mgrid[span, span].astype(np.float32)
    radius, turn = np.hypot(xs, ys), np.arctan2(ys, xs)
    edge = 0.86 + 0.05 * np.cos(21 * turn)
    alpha = np.clip((edge - radius) * side / 2 + 0.5, 0, 1)
    palette = [
        linear(180, 170, 150),
        linear(190, 40, 40),
        linear(200, 165, 70),
        linear(60, 100, 70),
        linear(225, 225, 225),
    ]
    colour = mixed(palette, [2, 1, 2, 1, 1], rng, 1, 0.15)[0] * np.ones(
        (side, side, 1), np.float32
    )
    rust = np.clip(octaves(rng, (side, side), side / 2, 2) - rng.uniform(0, 2), 0, 1)[..., None]
    colour = np.clip(colour + rust * (linear(120, 70, 40) - colour), 0.01, 0.95)
    rim = np.exp(-np.square((radius - 0.72) / 0.12)) * np.float32(
        side * 0.07 * rng.choice([-1, 1])
    )
    return Patch(*lit(colour, rim, light), alpha, 0.18 * side).trimmed()


def scrap(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A torn or cut piece of paper, foil or wrapping, creased."""
    side = int(d * rng.uniform(1, 3.2)) + 4
    corners = int(rng.integers(3, 7))
    turns = (
        np.sort(rng.uniform(0, 2 * np.pi, corners))
        if corners > 4
        else np.arange(corners) * 2 * np.pi / corners
    )
    radius = rng.uniform(0.5, 0.95, corners) * side / 2
    stretch = np.array([1, rng.uniform(0.35, 1)])
    points = np.stack([np.cos(turns), np.sin(turns)], -1) * radius[:, None] * stretch
    angle = rng.uniform(0, np.pi)
    points = (
        points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        + side / 2
    )
    alpha = np.zeros((side, side), np.uint8)
    cv2.fillPoly(alpha, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    facets = cells(rng, (side, side), max(3.0, side / 5))[0]
    tilt = rng.normal(0, 0.35, (int(facets.max()) + 1, 2)).astype(np.float32).take(facets, 0)
    ys, xs = (axis.astype(np.float32) for axis in np.mgrid[:side, :side])
    relief = (tilt[..., 0] * (xs % side) + tilt[..., 1] * ys) * np.float32(0.15)
    palette = [
        linear(232, 232, 230),
        linear(205, 190, 160),
        linear(200, 60, 55),
        linear(80, 120, 180),
        linear(190, 192, 196),
    ]
    colour = mixed(palette, [5, 2, 1, 1, 1], rng, 1, 0.12)[0] * np.ones(
        (side, side, 1), np.float32
    )
    if rng.random() < 0.3:  # print
        lines = (octaves(rng, (side, side), 5, 2) > 0.6)[..., None] * np.float32(0.6)
        colour = colour * (1 - lines)
    return Patch(
        *lit(np.clip(colour, 0, 0.95), relief, light), alpha.astype(np.float32) / 255, 0.12 * d
    ).trimmed()


def cork_stick(rng: np.random.Generator, d: float, light: Light) -> Patch:
    """A rod of a butt's colours that is none: a broken pencil, a piece of root, a plastic
    sleeve.
    """
    palette = [
        linear(200, 140, 80),
        linear(225, 215, 195),
        linear(150, 100, 60),
        linear(215, 180, 60),
    ]
    colour = mixed(palette, [2, 2, 2, 1], rng, 1, 0.15)[0]
    return _rod(rng, light, colour, d * rng.uniform(0.8, 6), d * rng.uniform(0.15, 0.5))


HARD_LITTER: dict[Drawer, float] = {
    twig: 3,
    stalk: 3,
    leaf: 2,
    chip: 2,
    pebble: 6,
    gum: 1,
    scrap: 1,
    straw: 0.4,
    cap: 0.4,
    cork_stick: 0.4,
    blade: 1,
}
LOOSE_LITTER: dict[Drawer, float] = {
    twig: 3,
    stalk: 3,
    leaf: 4,
    chip: 1,
    pebble: 2,
    scrap: 0.8,
    straw: 0.3,
    cap: 0.3,
    cork_stick: 0.4,
    blade: 1,
}
COVERS: dict[str, dict[Drawer, float]] = {
    "hard": {leaf: 3, twig: 2, stalk: 2, pebble: 1, blade: 2},
    "loose": {blade: 6, leaf: 2, stalk: 2, twig: 1, pebble: 0.5},
}


def pick(rng: np.random.Generator, drawers: dict[Drawer, float]) -> Drawer:
    """Choose a kind of thing by its weight."""
    weights = np.array(list(drawers.values()), float)
    return list(drawers)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def _sliver(
    rng: np.random.Generator,
    light: Light,
    palette: list[np.ndarray],
    profile: str,
    length: float,
    width: float,
    curl: float,
) -> Patch:
    """Draw one bent, folded sliver with its own alpha."""
    side = int(length * 1.15 + width) + 6
    colours = mixed(palette, np.ones(len(palette)), rng, 1, 0.25)
    middle = np.array([[side / 2, side / 2]])
    spread = (max(width, 1.2), max(width, 1.2))
    sliver = draw_slivers(
        rng, middle, colours, length=(length, length), width=spread, curl=curl, profile=profile
    )
    # Painting on a canvas of the sliver's own colour keeps its smoothed edge from picking up a
    # rim.
    canvas = np.full((side, side, 3), np.round(np.sqrt(colours[0].clip(0, 1)) * 255), np.uint8)
    strew(canvas, np.zeros((side, side), np.uint8), sliver, 1, 1)
    alpha = np.zeros((side, side), np.uint8)
    for half in (sliver.left, sliver.right):
        cv2.fillPoly(alpha, [np.round(half[0] * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    grain = octaves(rng, (side, side), 6, 1, 0.9)
    tilt = rng.uniform(0.75, 1.15)  # how the whole of it happens to face the sun
    colour = decode(canvas) * (1 + 0.14 * grain)[..., None]
    sunshine = colour * light.sun * np.float32(tilt)
    return Patch(
        colour * light.sky, sunshine, alpha.astype(np.float32) / 255, max(1.0, width * 0.45)
    ).trimmed()


def _blob(
    rng: np.random.Generator,
    light: Light,
    colour: np.ndarray,
    diameter: float,
    stretch: float,
    lumpy: float,
    dome: float,
) -> Patch:
    """Draw a round lump, stretched and turned, `dome` times as high as it is wide."""
    side = int(diameter * stretch * 1.5) + 6
    angle = rng.uniform(0, np.pi)
    ys, xs = (axis.astype(np.float32) - np.float32(side / 2) for axis in np.mgrid[:side, :side])
    u = (xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle))) / np.float32(
        diameter / 2 * stretch
    )
    v = (ys * np.float32(np.cos(angle)) - xs * np.float32(np.sin(angle))) / np.float32(
        diameter / 2
    )
    power = np.float32(rng.uniform(1.7, 3))
    rough = octaves(rng, (side, side), max(4.0, diameter * 0.6), 2, 0.6)
    radius = (
        np.power(np.power(np.abs(u), power) + np.power(np.abs(v), power), 1 / power)
        + np.float32(lumpy * 0.5) * rough
    )
    alpha = np.clip((1 - radius) * np.float32(diameter / 2) + 0.5, 0, 1)
    height = np.sqrt(np.clip(1 - np.square(radius), 0, 1)) * np.float32(diameter * dome / 2)
    grain = octaves(rng, (side, side), 6, 1, 0.9)
    albedo = np.clip(colour * (1 + 0.12 * grain)[..., None], 0.01, 0.95)
    return Patch(
        *lit(albedo, height + 0.2 * grain, light), alpha, max(1.0, diameter * dome * 0.7)
    ).trimmed()


def _rod(
    rng: np.random.Generator, light: Light, colour: np.ndarray, length: float, width: float
) -> Patch:
    """Draw a straight round rod with cut ends."""
    side = int(length + width) + 6
    angle = rng.uniform(0, np.pi)
    ys, xs = (axis.astype(np.float32) - np.float32(side / 2) for axis in np.mgrid[:side, :side])
    u = xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle))
    v = ys * np.float32(np.cos(angle)) - xs * np.float32(np.sin(angle))
    inside = np.minimum(np.float32(length / 2) - np.abs(u), np.float32(width / 2) - np.abs(v))
    alpha = np.clip(inside + 0.5, 0, 1)
    height = np.sqrt(np.clip(np.float32(width / 2) ** 2 - np.square(v), 0, None))
    grain = octaves(rng, (side, side), 8, 1, 0.9)
    albedo = np.clip(colour * (1 + 0.07 * grain)[..., None], 0.01, 0.95)
    return Patch(*lit(albedo, height, light), alpha, max(1.0, 0.8 * width)).trimmed()
