"""From linear light to a stored photo: perspective, exposure, lens, motion, sensor, tone curve,
sharpening and JPEG.

What happens here moves no outline: the perspective is applied to the bare ground before anything
lies on it, the blur is small, and the masks are cut before the shutter.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from common.sample.noise import tinted


@dataclass(frozen=True)
class View:
    """How the camera looks down.

    Attributes:
        pitch: Angle from straight down in radians.
        size: Height and width of the image in pixels.
    """

    pitch: float
    size: int

    def scale_at(self, y: float) -> float:
        """Magnification at a row, 1 in the middle, more towards the near (lower) edge."""
        return 1 + 0.55 * np.sin(self.pitch) * (y / self.size - 0.5)

    def tilt_of(self, angle: float) -> float:
        """Angle out of the image plane of something that lies at `angle` in the image, in
        radians.
        """
        return float(np.arcsin(np.sin(self.pitch) * np.sin(angle)))

    def warp(self, image: np.ndarray) -> np.ndarray:
        """Show a ground seen from straight above as this camera sees it."""
        if self.pitch < 0.05:
            return image
        n = self.size - 1
        inset = (1 - self.scale_at(0) / self.scale_at(self.size)) / 2 * n
        source = np.array([[0, 0], [n, 0], [n - inset, n], [inset, n]], np.float32)
        corners = np.array([[0, 0], [n, 0], [n, n], [0, n]], np.float32)
        matrix = cv2.getPerspectiveTransform(corners, source)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpPerspective(
            image, matrix, (self.size, self.size), flags=flags, borderMode=cv2.BORDER_REFLECT_101
        )


def draw_view(rng: np.random.Generator, size: int) -> View:
    """Hold the camera straight down in half of the photos, tilted up to 40 degrees in the
    others.
    """
    return View(float(rng.uniform(0.05, 0.7)) if rng.random() < 0.5 else 0.0, size)


def shoot(image: np.ndarray, rng: np.random.Generator) -> bytes:
    """Take the photo.

    Args:
        image: (H, W, 3) float32, linear light.
        rng: What is random in the camera: exposure, white balance, focus, shake, noise, quality.

    Returns:
        The JPEG file.
    """
    image = _exposed(image, rng)
    image = _blurred(image, rng)
    image = _noisy(image, rng)
    developed = _developed(image, rng)
    quality = int(rng.integers(68, 97))
    _, stored = cv2.imencode(".jpg", developed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return stored.tobytes()


def _exposed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Meter the picture the way a phone does: most of the way to middle grey, with its own idea of
    white.
    """
    small = cv2.resize(image, (96, 96), interpolation=cv2.INTER_AREA)
    gain = (0.2 / max(float(small.mean()), 0.01)) ** rng.uniform(0.35, 0.85) * 2 ** rng.normal(
        0.3, 0.35
    )
    # spares the highlights, mostly
    gain = min(gain, rng.uniform(0.9, 1.8) / max(float(small[..., 1].max()), 0.01))
    warmth, green = rng.normal(0, 0.07), rng.normal(0, 0.025)
    balance = np.exp(np.array([warmth, green, -warmth])) * gain
    return cv2.multiply(image, (*balance.tolist(), 1.0))


def _blurred(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darken the corners, miss the focus a little, sometimes shake."""
    if rng.random() < 0.4:
        ys, xs = (np.linspace(-1, 1, side, dtype=np.float32) for side in image.shape[:2])
        image = image * tinted(
            1 - np.float32(rng.uniform(0.05, 0.2)) * (np.square(ys)[:, None] + np.square(xs))
        )
    sigma = rng.uniform(0.3, 0.55) if rng.random() < 0.88 else rng.uniform(0.6, 1.2)
    image = cv2.GaussianBlur(image, (0, 0), sigma)
    if rng.random() < 0.08:
        length, angle = rng.uniform(2, 6), rng.uniform(0, np.pi)
        side = 9
        kernel = np.zeros((side, side), np.float32)
        reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        ends = np.round((np.array([side // 2] * 2) + np.stack([-reach, reach])) * 16).astype(int)
        cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_8, 4)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    return image


def _noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add shot and read noise, smoothed a little as cameras do."""
    level = rng.uniform(0.002, 0.012) if rng.random() < 0.8 else rng.uniform(0.012, 0.03)
    grain = rng.standard_normal(image.shape[:2], dtype=np.float32)
    if rng.random() < 0.6:
        grain = cv2.GaussianBlur(grain, (3, 3), 0.6)
    tint = rng.normal(1, 0.15, 3).astype(np.float32)
    return image + tinted(
        np.float32(level) * grain * np.sqrt(3 * np.clip(image[..., 1], 0.01, 1)), tint
    )


def _developed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply tone curve, saturation and sharpening: (H, W, 3) uint8."""
    toned = cv2.pow(np.clip(image, 0, 4), 1 / 2.2)
    bright = np.maximum(toned - np.float32(0.75), 0)
    toned -= bright - bright / (1 + bright * np.float32(1.6))  # highlights roll off
    toned += (toned - np.float32(0.5)) * toned * (1 - toned) * np.float32(rng.uniform(0.2, 2.4))
    grey = tinted(cv2.cvtColor(toned, cv2.COLOR_RGB2GRAY))
    toned = grey + (toned - grey) * np.float32(rng.uniform(0.75, 1.15))
    if rng.random() < 0.8:
        amount = np.float32(rng.uniform(0.5, 2.4))
        toned += amount * (toned - cv2.GaussianBlur(toned, (0, 0), rng.uniform(0.7, 1.4)))
    return np.clip(toned * 255 + np.float32(0.5), 0, 255).astype(np.uint8)
