"""Random fields that all surfaces are made of.

They are drawn coarse and enlarged octave by octave, or grown from scattered seeds by a distance
transform, because noise drawn pixel by pixel at full size is what makes generators slow. No field
here knows what it will be used for.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

ENLARGED_STD = 0.7  # cubic enlarging smooths unit noise to about this standard deviation


def octaves(
    rng: np.random.Generator,
    shape: tuple[int, int],
    coarse: float,
    fine: float = 1.0,
    gain: float = 0.7,
) -> np.ndarray:
    """Draw cloudy noise as a sum of octaves.

    Args:
        rng: Source of randomness.
        shape: (H, W).
        coarse: Longest wavelength in pixels.
        fine: Shortest wavelength in pixels.
        gain: Amplitude of an octave relative to the next coarser one.

    Returns:
        (H, W) float32, mean about 0 and standard deviation about 1.
    """
    height, width = shape
    wave, amplitude, power = float(coarse), 1.0, 1.0
    field = rng.standard_normal(_grid(shape, wave), dtype=np.float32)
    while wave / 2 >= fine:
        wave, amplitude = wave / 2, amplitude * gain
        rows, columns = _grid(shape, wave)
        finer = cv2.resize(field, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)[:rows, :columns]
        # only the first octave has not been enlarged yet
        field = finer / np.float32(ENLARGED_STD if power == 1 else 1)
        field += np.float32(amplitude) * rng.standard_normal((rows, columns), dtype=np.float32)
        power += amplitude**2
    if wave > 1:
        field = cv2.resize(field, None, fx=wave, fy=wave, interpolation=cv2.INTER_CUBIC)
    return field[:height, :width] / np.float32(power**0.5)


def streaks(
    rng: np.random.Generator, shape: tuple[int, int], width: float, length: float
) -> np.ndarray:
    """Draw noise drawn out along x: a broom's or a brush's lines, (H, W) float32 of unit
    spread.
    """
    grid = (int(shape[0] / width) + 3, int(shape[1] / length) + 3)
    values = rng.standard_normal(grid, dtype=np.float32)
    return cv2.resize(values, shape[::-1], interpolation=cv2.INTER_CUBIC) / np.float32(
        ENLARGED_STD
    )


def cells(
    rng: np.random.Generator, shape: tuple[int, int], spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Divide the plane among scattered seeds: stones, facets, clods.

    Args:
        rng: Source of randomness.
        shape: (H, W).
        spacing: Mean distance of neighbouring seeds in pixels, at least 2.

    Returns:
        labels (H, W) int32 from 0, and the distance to the cell's edge (H, W) float32 in pixels.
    """
    height, width = shape
    rows, columns = int(height / spacing) + 2, int(width / spacing) + 2
    ys, xs = np.mgrid[:rows, :columns].astype(np.float32)
    ys = (ys + rng.uniform(-0.45, 0.45, ys.shape)) * spacing
    xs = (xs + rng.uniform(-0.45, 0.45, xs.shape)) * spacing
    ys, xs = np.clip(ys, 0, height - 1).astype(int), np.clip(xs, 0, width - 1).astype(int)
    away = np.ones(shape, np.uint8)
    away[ys, xs] = 0
    labels = (
        cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)[1]
        - 1
    )
    inner = np.ones(shape, np.uint8)
    inner[:, 1:][labels[:, 1:] != labels[:, :-1]] = 0
    inner[1:][labels[1:] != labels[:-1]] = 0
    return labels, cv2.distanceTransform(inner, cv2.DIST_L2, 3)


def mixed(
    colours: Sequence[np.ndarray] | np.ndarray,
    weights: Sequence[float] | np.ndarray,
    rng: np.random.Generator,
    count: int,
    spread: float,
) -> np.ndarray:
    """Draw `count` colours from a palette, each a little lighter or darker.

    Args:
        colours: (K, 3) palette.
        weights: (K,) how often each occurs.
        rng: Source of randomness.
        count: How many.
        spread: Standard deviation of the lightness, as a share.

    Returns:
        (count, 3) float32.
    """
    picked = np.asarray(colours, np.float32)[
        rng.choice(len(colours), count, p=np.asarray(weights) / np.sum(weights))
    ]
    return picked * np.exp(rng.normal(0, spread, (count, 1))).astype(np.float32)


def tinted(field: np.ndarray, colour: np.ndarray | tuple[float, ...] = (1, 1, 1)) -> np.ndarray:
    """Give a field a colour: (H, W) times (3,) as (H, W, 3) float32.

    Broadcasting over a last axis of three takes NumPy five times as long as this does.
    """
    return cv2.merge([field * np.float32(value) for value in colour])


def linear(*rgb: float) -> np.ndarray:
    """Turn a colour as it looks on a screen (0 to 255) into linear light, (3,) float32 in [0,
    1].
    """
    return (np.asarray(rgb, np.float32) / 255) ** np.float32(2.2)


def _grid(shape: tuple[int, int], wave: float) -> tuple[int, int]:
    """Count the grid points `wave` pixels apart that cover a field with some to spare."""
    return math.ceil(shape[0] / wave) + 2, math.ceil(shape[1] / wave) + 2
