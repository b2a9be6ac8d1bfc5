"""One generated photo from its seed: a place, its ground, its light, what lies there, and the
camera.

The same numbers always give the same picture, in any process and in any order: every random stream
starts from (seed, split, place or photo), and nothing is remembered between photos.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from common.sample.butt import render_butt
from common.sample.camera import View, draw_view, shoot
from common.sample.clutter import COVERS, HARD_LITTER, LOOSE_LITTER, Drawer, pick
from common.sample.design import Design, draw_design
from common.sample.ground import draw_ground
from common.sample.light import draw_light, lit, sun_map
from common.sample.noise import tinted
from common.sample.outline import without_crumbs
from common.sample.patch import Canvas, Patch

SPLITS = ("train", "val", "real_test")
PHOTOS_PER_PLACE = 3
USUAL_PX = 512
LONG_SIDE_PX = (25, 140)
LEAST_VISIBLE = 0.45  # of a butt's own area; one that is hidden further is not laid there
LEAST_AREA_PX = 80


@dataclass(frozen=True)
class Scene:
    """A photo with its truth.

    Attributes:
        image: (H, W, 3) uint8 RGB, as read back from `jpeg`.
        mask: (H, W) bool, the visible part of all butts.
        butts: One (H, W) bool mask a visible butt, not overlapping.
        group: The place; photos of one place share the ground and the looks of the butts.
        jpeg: The photo as the camera stored it.
    """

    image: np.ndarray
    mask: np.ndarray
    butts: tuple[np.ndarray, ...]
    group: str
    jpeg: bytes


@dataclass(frozen=True)
class Place:
    """What the photos of one group share.

    Attributes:
        name: The group.
        ground_seed: Seed of the ground's kinds, colours and coarseness.
        designs: The butts that lie there.
    """

    name: str
    ground_seed: tuple[int, ...]
    designs: tuple[Design, ...]


def render_scene(
    seed: int,
    *,
    index: int = 0,
    split: str = "train",
    size: int = 512,
    photos_per_place: int = PHOTOS_PER_PLACE,
    strewn: float = 1.0,
) -> Scene:
    """Draw one photo; the arguments alone decide it.

    Args:
        seed: Of the data set, 0 or more.
        index: Number of the photo in its split, 0 or more.
        split: "train", "val" or "real_test"; no two share a ground or the look of a butt.
        size: Height and width in pixels, 128 or more.
        photos_per_place: How many photos in a row share a place.
        strewn: Chance from 0 to 1 that litter lies about and something may hide a part of a butt;
            on photos of `real_test` it always may.

    Returns:
        The photo with its masks.

    Raises:
        ValueError: for an unknown split or a number out of range.
    """
    _check(seed, index, split, size, strewn)
    place = find_place(seed, index // photos_per_place, split)
    rng = np.random.default_rng([seed, SPLITS.index(split), 1, index])
    view = draw_view(rng, size)
    canvas, loose = bare_ground(place, rng, split, view)
    diameter = _draw_diameter(rng, split)
    is_strewn = split == "real_test" or strewn == 1 or rng.random() < strewn
    if is_strewn:
        scatter(canvas, rng, view, LOOSE_LITTER if loose else HARD_LITTER, diameter)
    full_areas = lay_butts(canvas, rng, view, place.designs, _draw_count(rng, split), diameter)
    if is_strewn:
        cover(canvas, rng, view, COVERS["loose" if loose else "hard"], diameter, full_areas)
    butts = tuple(mask for mask in map(without_crumbs, canvas.masks()) if mask.any())
    mask = np.any(butts, axis=0) if butts else np.zeros((size, size), bool)
    jpeg = shoot(canvas.image, rng)
    image = cv2.cvtColor(
        cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB
    )
    return Scene(image, mask, butts, place.name, jpeg)


def find_place(seed: int, number: int, split: str) -> Place:
    """Look up a place: its number of a split's places always means the same."""
    origin = (seed, SPLITS.index(split), 0, number)
    rng = np.random.default_rng(origin)
    count = 9 if split == "real_test" else 2
    return Place(
        f"{split}-{number:05d}", (*origin, 1), tuple(draw_design(rng) for _ in range(count))
    )


def bare_ground(
    place: Place, rng: np.random.Generator, split: str, view: View
) -> tuple[Canvas, bool]:
    """Light the ground and look at it: the empty canvas, and whether the ground is of loose
    parts.
    """
    light = draw_light(rng, split)
    ground = draw_ground(np.random.default_rng(place.ground_seed), rng, split, view.size)
    sun = sun_map(rng, (view.size, view.size), light)
    shade, sunshine = lit(ground.albedo, ground.height, light, ground.bump)
    image = shade + tinted(sun) * sunshine
    return Canvas(view.warp(image), light, np.clip(view.warp(sun), 0, 1)), ground.loose


def scatter(
    canvas: Canvas,
    rng: np.random.Generator,
    view: View,
    drawers: dict[Drawer, float],
    diameter: float,
) -> None:
    """Throw things that are no butts on the ground: a few anywhere, sometimes a drift of small
    ones; fewer on a photo that shows less of it.
    """
    share = min(1.0, (view.size / USUAL_PX) ** 2)
    places = rng.uniform(0, view.size, (round(share * rng.integers(0, 14)), 2))
    if rng.random() < 0.25:
        heart, spread = rng.uniform(0, view.size, 2), rng.uniform(0.03, 0.3, 2) * view.size
        drift = rng.normal(heart, spread, (round(share * rng.integers(15, 50)), 2))
        places = np.concatenate([places, drift])
    for x, y in places:
        scale = diameter * view.scale_at(y) * rng.uniform(0.5, 1.1)
        canvas.lay(pick(rng, drawers)(rng, scale, canvas.light), x, y)


def lay_butts(
    canvas: Canvas,
    rng: np.random.Generator,
    view: View,
    designs: tuple[Design, ...],
    count: int,
    diameter: float,
) -> list[float]:
    """Lay butts where they fit; one that would hide another too far is thrown again.

    Returns:
        The area in pixels of each laid butt before anything hid it.
    """
    full_areas: list[float] = []
    order = rng.permutation(len(designs))
    for number in range(count):
        design = designs[order[number % len(designs)]]
        for _ in range(8):
            x, y = (
                rng.uniform(0.09, 0.91, 2) * view.size
                if rng.random() < 0.88
                else rng.uniform(0, view.size, 2)
            )
            patch = _butt_at(canvas, rng, view, design, diameter, x, y)
            inside = patch.alpha[_inside(patch, x, y, view.size)].sum()
            if inside < max(LEAST_AREA_PX, LEAST_VISIBLE * patch.alpha.sum()):
                continue
            if canvas.least_visible(patch, x, y, full_areas) >= LEAST_VISIBLE:
                canvas.lay(patch, x, y, is_butt=True)
                full_areas.append(float(patch.alpha.sum()))
                break
    return full_areas


def cover(
    canvas: Canvas,
    rng: np.random.Generator,
    view: View,
    drawers: dict[Drawer, float],
    diameter: float,
    full_areas: list[float],
) -> None:
    """Hide parts of some butts under blades, leaves and stones."""
    for butt in list(canvas.butts):
        if rng.random() > 0.33:
            continue
        ys, xs = np.nonzero(butt > 0.5)
        for _ in range(int(rng.integers(1, 6))):
            pixel = int(rng.integers(len(xs)))
            x, y = xs[pixel] + rng.normal(0, diameter / 2), ys[pixel] + rng.normal(0, diameter / 2)
            thing = pick(rng, drawers)(rng, diameter * view.scale_at(y), canvas.light)
            if canvas.least_visible(thing, x, y, full_areas) >= LEAST_VISIBLE:
                canvas.lay(thing, x, y)


def _butt_at(
    canvas: Canvas,
    rng: np.random.Generator,
    view: View,
    design: Design,
    diameter: float,
    x: float,
    y: float,
) -> Patch:
    """Draw a butt as it lies at (x, y), its long side kept in `LONG_SIDE_PX`."""
    angle = rng.uniform(0, 2 * math.pi)
    tilt = view.tilt_of(angle) + rng.normal(0, 0.12)
    least, most = LONG_SIDE_PX
    # from corner to corner, in diameters
    seen = math.hypot(design.length * math.cos(tilt), 1 + 0.4 * design.flat)
    diameter = float(
        np.clip(
            diameter * view.scale_at(y),
            least * 1.15 / seen,
            min(most, 0.45 * view.size) * 0.88 / seen,
        )
    )
    return render_butt(design, diameter, angle, tilt, canvas.light)


def _inside(patch: Patch, x: float, y: float, size: int) -> tuple[slice, slice]:
    """Index the part of a patch at (x, y) that falls inside the picture."""
    height, width = patch.alpha.shape
    top, left = round(y - height / 2), round(x - width / 2)
    return slice(max(0, -top), max(0, size - top)), slice(max(0, -left), max(0, size - left))


def _draw_count(rng: np.random.Generator, split: str) -> int:
    """Choose how many butts lie there: mostly one, in `real_test` one to nine."""
    return (
        int(rng.integers(1, 10))
        if split == "real_test"
        else int(rng.choice([0, 1, 2, 3], p=[0.08, 0.77, 0.1, 0.05]))
    )


def _draw_diameter(rng: np.random.Generator, split: str) -> float:
    """Choose how large a round butt is in pixels; `real_test` is taken from further away."""
    middle = 16 if split == "real_test" else 26
    return float(np.clip(middle * math.exp(rng.normal(0, 0.33)), 9, 48))


def _check(seed: int, index: int, split: str, size: int, strewn: float) -> None:
    if split not in SPLITS:
        raise ValueError(f"render_scene got split={split!r}; it needs one of {', '.join(SPLITS)}.")
    if seed < 0 or index < 0:
        raise ValueError(
            f"render_scene got seed={seed} and index={index}; both need to be 0 or more."
        )
    if size < 128:
        raise ValueError(
            f"render_scene got size={size}; butts of 25 to 140 px need images of 128 px or more."
        )
    if not 0 <= strewn <= 1:
        raise ValueError(f"render_scene got strewn={strewn}; it needs a chance from 0 to 1.")
