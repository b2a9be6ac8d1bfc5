"""Many thin parts thrown over each other: grass blades, needles, wood chips, dry leaves.

Each part is a bent sliver in two halves, one lighter than the other, which is what makes it look
folded or round. They are drawn into 8-bit canvases because OpenCV smooths polygon edges only
there.
"""

from dataclasses import dataclass

import cv2
import numpy as np

STATIONS = np.linspace(0, 1, 6, dtype=np.float32)
SHIFT = 4  # OpenCV takes polygon points in sixteenths of a pixel
PROFILES = {
    "blade": np.array([0.55, 0.9, 1.0, 0.85, 0.55, 0.05], np.float32),
    "leaf": np.array([0.08, 0.7, 1.0, 0.95, 0.6, 0.05], np.float32),
    "chip": np.array([0.5, 0.9, 0.8, 1.0, 0.85, 0.4], np.float32),
    "needle": np.array([0.8, 1.0, 1.0, 1.0, 0.9, 0.3], np.float32),
}


@dataclass(frozen=True)
class Slivers:
    """Shapes and colours of many slivers.

    Attributes:
        left: (N, 12, 2) float32, outline of one half in pixels.
        right: (N, 12, 2) float32, outline of the other half.
        spine: (N, 6, 2) float32, the line between the halves.
        colours: (N, 3) float32, linear, in [0, 1].
        fold: (N,) float32, lightness of the left half relative to the right.
    """

    left: np.ndarray
    right: np.ndarray
    spine: np.ndarray
    colours: np.ndarray
    fold: np.ndarray


def draw_slivers(
    rng: np.random.Generator,
    places: np.ndarray,
    colours: np.ndarray,
    *,
    length: tuple[float, float],
    width: tuple[float, float],
    curl: float,
    profile: str,
    angles: np.ndarray | None = None,
) -> Slivers:
    """Choose the shape of each sliver.

    Args:
        rng: Source of randomness.
        places: (N, 2) float, the middle of each sliver (x, y) in pixels.
        colours: (N, 3) float, linear.
        length: Least and greatest length in pixels.
        width: Least and greatest width in pixels.
        curl: Standard deviation of the bend from end to end in radians.
        profile: One of `PROFILES`.
        angles: (N,) float, directions in radians; None takes any.
    """
    count = len(places)
    turn = rng.uniform(0, 2 * np.pi, count) if angles is None else angles
    bend = rng.normal(0, curl, count)
    heading = (turn[:, None] + bend[:, None] * (STATIONS - 0.5)).astype(np.float32)  # (N, 6)
    # more short ones than long ones
    lengths = length[0] + (length[1] - length[0]) * rng.power(0.75, count)
    step = (lengths / (len(STATIONS) - 1)).astype(np.float32)[:, None, None]
    direction = np.stack([np.cos(heading), np.sin(heading)], -1)  # (N, 6, 2)
    spine = np.cumsum(direction * step, axis=1)
    spine += np.asarray(places, np.float32)[:, None] - spine.mean(axis=1, keepdims=True)
    half = ((width[0] + (width[1] - width[0]) * rng.power(0.75, count)) / 2).astype(np.float32)[
        :, None
    ] * PROFILES[profile]
    if profile in ("chip", "leaf"):
        half = half * rng.uniform(0.75, 1.2, half.shape).astype(np.float32)
    side = np.stack([-direction[..., 1], direction[..., 0]], -1) * half[..., None]
    back = spine[:, ::-1]
    left = np.concatenate([spine + side, back], axis=1)
    right = np.concatenate([spine - side, back], axis=1)
    return Slivers(left, right, spine, colours, rng.uniform(0.62, 1.0, count).astype(np.float32))


def strew(
    albedo: np.ndarray, height: np.ndarray, slivers: Slivers, lowest: float, highest: float
) -> None:
    """Draw slivers over each other, the first ones lowest and darkest.

    Args:
        albedo: (H, W, 3) uint8, square roots of linear colours; changed in place.
        height: (H, W) uint8 in pixels; changed in place.
        slivers: What to draw.
        lowest: Height of the first sliver in pixels.
        highest: Height of the last one.
    """
    count = len(slivers.left)
    levels = np.linspace(lowest, highest, count)
    tones = encode(slivers.colours)
    darker = encode(slivers.colours * slivers.fold[:, None])
    left = np.round(slivers.left * (1 << SHIFT)).astype(np.int32)
    right = np.round(slivers.right * (1 << SHIFT)).astype(np.int32)
    for number in range(count):
        cv2.fillPoly(albedo, [left[number]], darker[number].tolist(), cv2.LINE_AA, SHIFT)
        cv2.fillPoly(albedo, [right[number]], tones[number].tolist(), cv2.LINE_AA, SHIFT)
        cv2.fillPoly(height, [left[number]], float(levels[number]), cv2.LINE_8, SHIFT)
        cv2.fillPoly(height, [right[number]], float(levels[number]), cv2.LINE_8, SHIFT)


def encode(colours: np.ndarray) -> np.ndarray:
    """Store linear colours in 8 bits by their square roots, which keeps the dark ones apart."""
    return np.round(np.sqrt(np.clip(colours, 0, 1)) * 255).astype(np.uint8)


def decode(canvas: np.ndarray) -> np.ndarray:
    """Turn an 8-bit canvas back into linear colours, float32."""
    return np.square(canvas.astype(np.float32) * np.float32(1 / 255))
