"""Colour and texture of every pixel at several scales, for classifiers that look at pixels one by one.

Every scale is computed at its own resolution in an image pyramid, so that a large neighbourhood costs less than a small
one. This file knows nothing of labels or classifiers.
"""

from collections.abc import Sequence

import cv2
import numpy as np

GROUPS = ("colour", "contrast", "edges", "texture")


def feature_names(scales: int, groups: Sequence[str] = GROUPS) -> list[str]:
    """Names of the columns of `pixel_features`, e.g. `contrast_a_4px`."""
    names = []
    for level in range(scales):
        size = f"{2 ** (level + 1)}px"
        if "colour" in groups:
            names += [f"colour_{channel}_{size}" for channel in "Lab"]
        if "contrast" in groups:
            names += [f"contrast_{channel}_{size}" for channel in "Lab"]
        if "edges" in groups:
            names += [f"gradient_{size}", f"valley_{size}", f"ridge_{size}"]
        if "texture" in groups:
            names += [f"spread_{channel}_{size}" for channel in "Lab"]
    return names


def pixel_features(image: np.ndarray, scales: int = 5, groups: Sequence[str] = GROUPS) -> np.ndarray:
    """Features on a grid of half the image's resolution.

    At the scales 2, 4, 8, … px: the smoothed CIELAB colour, its contrast to the surroundings two scales up, gradient
    magnitude and the two Hessian eigenvalues of lightness, and the local standard deviation of each channel.

    Args:
        image: (H, W, 3) uint8 RGB of any size.
        scales: how many scales, the first at 2 px.
        groups: which kinds of features, of `GROUPS`.

    Returns:
        (ceil(H / 2), ceil(W / 2), n_features) float32.
    """
    height, width = (image.shape[0] + 1) // 2, (image.shape[1] + 1) // 2
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    pyramid = [cv2.resize(lab, (width, height), interpolation=cv2.INTER_AREA)]
    for _ in range(scales + 1):
        pyramid.append(_halved(pyramid[-1]))
    maps = []
    for level in range(scales):
        here = pyramid[level]
        smooth = cv2.GaussianBlur(here, (0, 0), 1.0)
        if "colour" in groups:
            maps.append(smooth)
        if "contrast" in groups:
            maps.append(smooth - _resized(pyramid[level + 2], here.shape))
        if "edges" in groups:
            maps.append(_edges(smooth[..., 0]))
        if "texture" in groups:
            maps.append(_spread(here))
    return np.concatenate([_resized(part, (height, width)) for part in maps], axis=2)


def _halved(image: np.ndarray) -> np.ndarray:
    size = (max(1, (image.shape[1] + 1) // 2), max(1, (image.shape[0] + 1) // 2))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _resized(image: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    if image.shape[:2] == tuple(shape[:2]):
        return image
    return cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _edges(lightness: np.ndarray) -> np.ndarray:
    """Gradient magnitude and the larger and smaller Hessian eigenvalue, (h, w, 3)."""
    dx, dy = (cv2.Sobel(lightness, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    dxx, dyy = (cv2.Sobel(lightness, cv2.CV_32F, *order, ksize=3, scale=1 / 4) for order in ((2, 0), (0, 2)))
    dxy = cv2.Sobel(lightness, cv2.CV_32F, 1, 1, ksize=3, scale=1 / 4)
    half_trace, root = (dxx + dyy) / 2, np.sqrt(((dxx - dyy) / 2) ** 2 + dxy**2)
    gradient = np.sqrt(dx * dx + dy * dy)  # cv2.magnitude rounds differently with the place of its arrays in memory
    return np.dstack([gradient, half_trace + root, half_trace - root])


def _spread(image: np.ndarray) -> np.ndarray:
    """Standard deviation of each channel in a 5x5 window, (h, w, 3)."""
    mean = cv2.blur(image, (5, 5))
    return np.sqrt(np.maximum(cv2.blur(image * image, (5, 5)) - mean * mean, 0))
