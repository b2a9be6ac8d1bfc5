"""Objects and other things pasted onto training windows, before they are turned and recoloured.

Source: G. Ghiasi et al., Simple Copy-Paste is a Strong Data Augmentation Method for Instance
Segmentation, 2021.
"""

import cv2
import numpy as np

from common.data import Sample
from common.sample import lay_butts_on, lay_litter_on

SOFT_PX = 0.8  # blur of a pasted object's edge
ROOM_PX = 3  # beyond the object that is cut out with it, for its soft edge
SCALES = (0.6, 1.5)
GAINS = (0.75, 1.3)


def paste_from(
    sample: Sample, image: np.ndarray, target: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paste one object of a sample at a random place of a window, turned, scaled, lighter or
    darker.

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
    colour, alpha = _turned(*cut, rng)
    height, width = alpha.shape
    top = int(rng.integers(-height // 3, max(1, image.shape[0] - 2 * height // 3)))
    left = int(rng.integers(-width // 3, max(1, image.shape[1] - 2 * width // 3)))
    rows, columns = slice(max(0, top), top + height), slice(max(0, left), left + width)
    seen = image[rows, columns].shape[:2]
    from_top, from_left = max(0, -top), max(0, -left)
    part = slice(from_top, from_top + seen[0]), slice(from_left, from_left + seen[1])
    share = alpha[part][..., None]
    image, target = image.copy(), target.copy()
    mixed = image[rows, columns] * (1 - share) + colour[part] * share
    image[rows, columns] = np.rint(mixed).astype(np.uint8)
    target[rows, columns][share[..., 0] >= 0.5] = 1
    return image, target


def _cut_out(sample: Sample, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """Colours (h, w, 3) float32 and alpha (h, w) float32 of one object that no border cuts, or
    None.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        sample.mask.astype(np.uint8), connectivity=8
    )
    height, width = sample.mask.shape
    whole = [
        label
        for label in range(1, count)
        if stats[label, 4] >= 20
        and stats[label, 0] > ROOM_PX
        and stats[label, 1] > ROOM_PX
        and stats[label, 0] + stats[label, 2] < width - ROOM_PX
        and stats[label, 1] + stats[label, 3] < height - ROOM_PX
    ]
    if not whole:
        return None
    label = whole[int(rng.integers(len(whole)))]
    left, top, wide, high = stats[label, :4]
    rows = slice(top - ROOM_PX, top + high + ROOM_PX)
    part = rows, slice(left - ROOM_PX, left + wide + ROOM_PX)
    alpha = cv2.GaussianBlur((labels[part] == label).astype(np.float32), (0, 0), SOFT_PX)
    return sample.image[part].astype(np.float32), alpha


def _turned(
    colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The cut-out at another angle, size and brightness."""
    scale, angle = rng.uniform(*SCALES), rng.uniform(0, 360)
    height, width = alpha.shape
    side = int(np.ceil(np.hypot(height, width) * scale)) + 2
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    matrix[:, 2] += (side - 1) / 2 - (width - 1) / 2, (side - 1) / 2 - (height - 1) / 2
    if rng.random() < 0.5:
        colour, alpha = colour[:, ::-1], alpha[:, ::-1]
    colour = cv2.warpAffine(
        np.ascontiguousarray(colour),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = cv2.warpAffine(
        np.ascontiguousarray(alpha), matrix, (side, side), flags=cv2.INTER_LINEAR
    )
    return np.clip(colour * np.float32(rng.uniform(*GAINS)), 0, 255), alpha


def lay_generated(
    image: np.ndarray, target: np.ndarray, rng: np.random.Generator, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Lay generated butts ("butts") or things that are no butts ("litter") on a window; see
    `paste_from`.
    """
    lay, most = (lay_butts_on, 2) if kind == "butts" else (lay_litter_on, 8)
    image, mask = lay(image, target == 1, rng, int(rng.integers(1, most + 1)))
    return image, np.where((target == 0) | (target == 1), mask.astype(np.uint8), target)
