"""Objects and other things pasted onto training windows, before they are turned and recoloured.

An object is pasted as it would lie there: at another angle and size, as bright as the ground
around it lets expect, with a shadow, as sharp or as blurred as photos are, and now and then partly
hidden.

Source: G. Ghiasi et al., Simple Copy-Paste is a Strong Data Augmentation Method for Instance
Segmentation, 2021.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from common.data import Sample
from common.sample import lay_butts_on, lay_litter_on

SCALES = (0.3, 1.5)  # of the object's own size, on a log scale
GAINS = (0.85, 1.2)  # beside what the ground's brightness explains
LEAST_PX = 20  # a smaller piece is not pasted
ROOM_PX = 3  # beyond the object that is cut out with it, for its soft edge
RING_PX = 9  # around an object is the ground that it lay on
HIDDEN_SHARE, SHADOW_SHARE, BLURRED_SHARE = 0.2, 0.7, 0.5  # of the pasted objects


@dataclass(frozen=True)
class CutOut:
    """An object without its ground.

    Attributes:
        colour: (h, w, 3) float32 from 0 to 255.
        alpha: (h, w) float32, how much of a pixel is the object.
        ground: brightness from 0 to 255 of what lay around it.
    """

    colour: np.ndarray
    alpha: np.ndarray
    ground: float


def paste_from(
    sample: Sample, image: np.ndarray, target: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paste one object of a sample at a random place of a window.

    Args:
        sample: where the object is cut out; without one the window stays as it is.
        image: (h, w, 3) uint8, the window.
        target: (h, w) uint8 of 0, 1 or another value that stays.
        rng: decides everything.

    Returns:
        New window and target.
    """
    cut = _cut_out(sample, rng)
    if cut is None:
        return image, target
    cut = _half_hidden(_blurred(_turned(cut, rng), rng), rng)
    if (cut.alpha >= 0.5).sum() < LEAST_PX:
        return image, target
    height, width = cut.alpha.shape
    top = int(rng.integers(-height // 3, max(1, image.shape[0] - 2 * height // 3)))
    left = int(rng.integers(-width // 3, max(1, image.shape[1] - 2 * width // 3)))
    rows, columns = slice(max(0, top), top + height), slice(max(0, left), left + width)
    seen = image[rows, columns].shape[:2]
    from_top, from_left = max(0, -top), max(0, -left)
    part = slice(from_top, from_top + seen[0]), slice(from_left, from_left + seen[1])
    image, target = image.copy(), target.copy()
    ground = image[rows, columns].astype(np.float32)
    share, shadow = cut.alpha[part][..., None], _shadow(cut.alpha, rng)[part][..., None]
    colour = cut.colour[part] * _gain(cut.ground, float(ground.mean()), rng)
    mixed = ground * (1 - shadow) * (1 - share) + np.clip(colour, 0, 255) * share
    image[rows, columns] = np.rint(mixed).astype(np.uint8)
    target[rows, columns][share[..., 0] >= 0.5] = 1
    return image, target


def _cut_out(sample: Sample, rng: np.random.Generator) -> CutOut | None:
    """One object that no border cuts, or None."""
    mask = sample.mask.view(np.uint8)
    height, width = mask.shape
    left, top, wide, high = cv2.boundingRect(mask)  # of all objects: far less than the image
    above, before = max(0, top - ROOM_PX), max(0, left - ROOM_PX)
    rows, columns = slice(above, top + high + ROOM_PX), slice(before, left + wide + ROOM_PX)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[rows, columns], connectivity=8)
    stats[:, :2] += before, above
    whole = [
        label
        for label in range(1, count)
        if stats[label, 4] >= LEAST_PX
        and stats[label, 0] > ROOM_PX
        and stats[label, 1] > ROOM_PX
        and stats[label, 0] + stats[label, 2] < width - ROOM_PX
        and stats[label, 1] + stats[label, 3] < height - ROOM_PX
    ]
    if not whole:
        return None
    label = whole[int(rng.integers(len(whole)))]
    left, top, wide, high = stats[label, :4]
    around = (
        slice(max(0, top - RING_PX), top + high + RING_PX),
        slice(max(0, left - RING_PX), left + wide + RING_PX),
    )
    bare = sample.image[around][~sample.mask[around]]
    part = (
        slice(top - ROOM_PX, top + high + ROOM_PX),
        slice(left - ROOM_PX, left + wide + ROOM_PX),
    )
    softness = rng.uniform(0.5, 1.2)
    own = np.zeros(mask.shape, np.float32)
    own[rows, columns] = labels == label
    alpha = cv2.GaussianBlur(own[part], (0, 0), softness)
    ground = float(bare.mean()) if len(bare) else float(sample.image.mean())
    return CutOut(sample.image[part].astype(np.float32), alpha, ground)


def _turned(cut: CutOut, rng: np.random.Generator) -> CutOut:
    """At another angle and size, perhaps mirrored."""
    scale, angle = np.exp(rng.uniform(*np.log(SCALES))), rng.uniform(0, 360)
    colour, alpha = cut.colour, cut.alpha
    if rng.random() < 0.5:
        colour, alpha = colour[:, ::-1], alpha[:, ::-1]
    sides = tuple(max(1, round(side * scale)) for side in alpha.shape[::-1])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    colour, alpha = (
        cv2.resize(np.ascontiguousarray(array), sides, interpolation=way)
        for array in (colour, alpha)
    )
    height, width = alpha.shape
    side = int(np.ceil(np.hypot(height, width))) + 2 * ROOM_PX
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    matrix[:, 2] += (side - 1) / 2 - (width - 1) / 2, (side - 1) / 2 - (height - 1) / 2
    colour = cv2.warpAffine(colour, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return CutOut(colour, cv2.warpAffine(alpha, matrix, (side, side)), cut.ground)


def _blurred(cut: CutOut, rng: np.random.Generator) -> CutOut:
    """Half of the objects, as photos are out of focus."""
    if rng.random() >= BLURRED_SHARE:
        return cut
    width = rng.uniform(0.4, 1.2)
    colour, alpha = (cv2.GaussianBlur(array, (0, 0), width) for array in (cut.colour, cut.alpha))
    return CutOut(colour, alpha, cut.ground)


def _half_hidden(cut: CutOut, rng: np.random.Generator) -> CutOut:
    """Some of the objects, up to a half, behind a straight edge of the ground."""
    if rng.random() >= HIDDEN_SHARE:
        return cut
    angle, rows, columns = rng.uniform(0, 2 * np.pi), *np.indices(cut.alpha.shape)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    inside = along[cut.alpha >= 0.5]
    if not len(inside):
        return cut
    edge = np.quantile(inside, rng.uniform(0.1, 0.5))
    return CutOut(cut.colour, cut.alpha * np.clip(along - edge + 0.5, 0, 1), cut.ground)


def _shadow(alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """By which share the ground beside an object is darkened, (h, w) float32; often not at all."""
    if rng.random() >= SHADOW_SHARE:
        return np.zeros_like(alpha)
    thickness = 2 * float(cv2.distanceTransform((alpha >= 0.5).astype(np.uint8), 2, 3).max())
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.5) * thickness
    aside, down = length * np.cos(angle), length * np.sin(angle)
    move = np.array([[1, 0, aside], [0, 1, down]], np.float32)
    cast = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    cast = cv2.GaussianBlur(cast, (0, 0), 0.5 + rng.uniform(0.02, 0.2) * thickness)
    return cast * np.float32(rng.uniform(0.1, 0.6))


def _gain(before: float, now: float, rng: np.random.Generator) -> np.float32:
    """By what an object's colours are multiplied, which lay on one ground and now lies on
    another: part of the difference in brightness is that of the light.
    """
    light = (max(now, 8.0) / max(before, 8.0)) ** rng.uniform(0.2, 0.8)
    return np.float32(np.clip(light, 0.5, 1.8) * rng.uniform(*GAINS))


def lay_generated(
    image: np.ndarray, target: np.ndarray, rng: np.random.Generator, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Lay generated butts ("butts") or things that are no butts ("litter") on a window; see
    `paste_from`.
    """
    lay, most = (lay_butts_on, 2) if kind == "butts" else (lay_litter_on, 8)
    image, mask = lay(image, target == 1, rng, int(rng.integers(1, most + 1)))
    return image, np.where((target == 0) | (target == 1), mask.astype(np.uint8), target)
