"""Generated things laid on a photo: butts that are in its mask, and litter that is not.

The photo stays what it is; only what is laid on it is drawn, lit by a light of its own and as
bright as the photo. A thing that covers an object takes it out of the mask, as in a generated
scene.
"""

import numpy as np

from common.sample.butt import render_butt
from common.sample.clutter import HARD_LITTER, LOOSE_LITTER, pick
from common.sample.design import draw_design
from common.sample.light import draw_light
from common.sample.outline import without_crumbs
from common.sample.patch import Canvas, Patch

GAMMA = 2.2
DIAMETER_PX = (9.0, 34.0)
GREY = 0.2  # mean linear light of a well exposed photo, with which the light's colours are at home


def lay_butts_on(
    image: np.ndarray, mask: np.ndarray, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lay generated butts on a photo.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, the objects that are there.
        rng: of place, look and light.
        count: how many; one that would hide an object is left out.

    Returns:
        The photo (H, W, 3) uint8 and its mask (H, W) bool with the visible parts of the new butts.
    """
    canvas = _canvas_of(image, mask, rng)
    for _ in range(count):
        diameter = _diameter(rng)
        patch = render_butt(
            draw_design(rng), diameter, rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2), canvas.light
        )
        x, y = (rng.uniform(0.05, 0.95) * side for side in mask.shape[::-1])
        if canvas.least_visible(patch, x, y, _areas(canvas)) > 0.95:
            canvas.lay(_as_bright(patch, image), x, y, is_butt=True)
    return _developed(canvas), _mask_of(canvas)


def lay_litter_on(
    image: np.ndarray, mask: np.ndarray, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lay generated things that are no butts on a photo; arguments and result as of
    `lay_butts_on`.
    """
    canvas = _canvas_of(image, mask, rng)
    drawers = HARD_LITTER if rng.random() < 0.5 else LOOSE_LITTER
    for _ in range(count):
        patch = pick(rng, drawers)(rng, _diameter(rng), canvas.light)
        x, y = (rng.uniform(0, side) for side in mask.shape[::-1])
        if canvas.least_visible(patch, x, y, _areas(canvas)) > 0.6:
            canvas.lay(_as_bright(patch, image), x, y)
    return _developed(canvas), _mask_of(canvas)


def _canvas_of(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> Canvas:
    linear = (image.astype(np.float32) / 255) ** np.float32(GAMMA)
    canvas = Canvas(linear, draw_light(rng, "train"), np.ones(mask.shape, np.float32))
    if mask.any():
        canvas.butts.append(mask.astype(np.float32))
    return canvas


def _areas(canvas: Canvas) -> list[float]:
    return [max(1.0, float(butt.sum())) for butt in canvas.butts]


def _diameter(rng: np.random.Generator) -> float:
    return float(np.clip(17 * np.exp(rng.normal(0, 0.4)), *DIAMETER_PX))


def _as_bright(patch: Patch, image: np.ndarray) -> Patch:
    """The thing as the photo's exposure shows it."""
    gain = np.clip(float(((image[::8, ::8] / 255.0) ** GAMMA).mean()) / GREY, 0.5, 2.0)
    return Patch(
        patch.shade * np.float32(gain),
        patch.sunshine * np.float32(gain),
        patch.alpha,
        patch.height,
    )


def _developed(canvas: Canvas) -> np.ndarray:
    return np.rint(np.clip(canvas.image, 0, 1) ** np.float32(1 / GAMMA) * 255).astype(np.uint8)


def _mask_of(canvas: Canvas) -> np.ndarray:
    masks = [without_crumbs(mask) for mask in canvas.masks()]
    return np.any(masks, axis=0) if masks else np.zeros(canvas.sun.shape, bool)
