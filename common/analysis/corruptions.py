"""What a phone, the weather and the distance do to a photo, in eight kinds and three severities,
to see how soon an approach fails on pictures that are worse than those it was scored on.

A corruption is decided by the seed, the image, its name and its severity alone, never by order or
process. Whims (up or down, where a shadow falls) are the same at all severities of one image, so
severities differ in strength only. At 1 the change can be seen and harms no one; at 3 a person
still finds a thing of 20x80 px in a picture of some 512 px.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from common.data import Sample

SEVERITIES = (1, 2, 3)
GAMMA = 2.2  # of the encoding; light adds up and is multiplied in linear values only
# weights of red, green and blue in the lightness of a pixel, ITU-R BT.601
LUMA = np.array([0.299, 0.587, 0.114])

Labelled = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        name: as in every table.
        strengths: one for each of `SEVERITIES`, in the unit of the function behind `apply`.
        apply: (image (H, W, 3) uint8, mask (H, W) bool, ignore (H, W) bool, strength, random) →
            the same three, new.
    """

    name: str
    strengths: tuple[float, float, float]
    apply: Callable[[np.ndarray, np.ndarray, np.ndarray, float, np.random.Generator], Labelled]


def corrupt(sample: Sample, name: str, severity: int, seed: int = 0) -> Sample:
    """The sample as it would look on a worse photo of the same size; the given one is left as it
    is.

    Args:
        sample: image (H, W, 3) uint8 RGB with mask and ignored pixels, which only `scale` changes.
        name: one of `CORRUPTIONS`.
        severity: 1, 2 or 3.
        seed: of what is random in them.

    Raises:
        ValueError: an unknown name or severity.
    """
    if name not in CORRUPTIONS or severity not in SEVERITIES:
        raise ValueError(
            f"corrupt got {name!r} at severity {severity!r}; choose one of "
            f"{', '.join(CORRUPTIONS)} at one of {', '.join(map(str, SEVERITIES))}."
        )
    digest = hashlib.sha256(f"{seed} {sample.image_id} {name}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:16], "little"))
    kind = CORRUPTIONS[name]
    changed = kind.apply(
        sample.image, sample.mask, sample.ignore, kind.strengths[severity - 1], random
    )
    return Sample(sample.image_id, *changed)


def _noise(image: np.ndarray, deviation: float, random: np.random.Generator) -> np.ndarray:
    """Shot and read noise of a sensor in little light; `deviation` is that of white, in parts of
    white.

    Source: Foi, Trimeche, Katkovnik & Egiazarian 2008, IEEE Transactions on Image Processing
    17:1737 (variance grows with the signal).
    """
    values = image.astype(np.float32) / 255
    grey = random.standard_normal((*image.shape[:2], 1), dtype=np.float32)
    coloured = random.standard_normal(image.shape, dtype=np.float32)
    grain = np.float32(0.8) * grey + np.float32(0.6) * coloured  # squares add up to one
    return _stored(
        values
        + np.float32(deviation) * grain * np.sqrt(np.float32(0.3) + np.float32(0.7) * values)
    )


def _blur(image: np.ndarray, radius_px: float, random: np.random.Generator) -> np.ndarray:
    """Out of focus: every point becomes a disc, in linear light, so that bright points become
    bright discs.
    """
    reach = int(np.ceil(radius_px))
    offsets = np.arange(-reach, reach + 1)
    disc = np.clip(radius_px + 0.5 - np.hypot(offsets[:, None], offsets), 0, 1).astype(np.float32)
    blurred = cv2.filter2D(
        _linear(image), -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT_101
    )
    return _encoded(blurred)


def _jpeg(image: np.ndarray, quality: float, random: np.random.Generator) -> np.ndarray:
    """Stored too small, as by a messenger; `quality` is JPEG's, 1 to 100."""
    _, stored = cv2.imencode(
        ".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    )
    return cv2.cvtColor(cv2.imdecode(stored, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _brightness(image: np.ndarray, stops: float, random: np.random.Generator) -> np.ndarray:
    """Exposed by so many stops too much, or twice as many too little: what is clipped at white is
    gone sooner.
    """
    change = stops if random.random() < 0.5 else -2 * stops
    return _stored(image.astype(np.float32) * np.float32(2 ** (change / GAMMA) / 255))


def _contrast(image: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Haze or a dirty lens: only a share of the distance of each value to the mean of the picture
    is left.
    """
    values = image.astype(np.float32) / 255
    mean = values.mean(dtype=np.float64)
    return _stored((values - np.float32(mean)) * np.float32(share) + np.float32(mean))


def _colour_cast(image: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """The wrong white: channels times exp(shift), shifts of length `amount` of any hue; grey keeps
    its lightness.
    """
    hue = random.uniform(0, 2 * np.pi) + np.array([0, 2, 4]) * np.pi / 3
    gains = np.exp(amount * np.sqrt(2 / 3) * np.cos(hue))
    gains /= gains @ LUMA
    return _stored(image.astype(np.float32) * (gains / 255).astype(np.float32))


def _shadow(image: np.ndarray, light_left: float, random: np.random.Generator) -> np.ndarray:
    """A band of shadow with a soft, wavy edge over a third to a half of the picture, a little blue
    as under the sky.

    `light_left` is the share of the linear light that still arrives in the middle of the band.
    """
    height, width = image.shape[:2]
    side = max(height, width)
    angle, phase = random.uniform(0, 2 * np.pi, 2)
    middle = random.uniform(-0.2, 0.2)
    half, wave, soft = (
        random.uniform(0.17, 0.25),
        random.uniform(0.01, 0.05),
        random.uniform(0.008, 0.03),
    )
    ys, xs = (
        (np.arange(height)[:, None] - height / 2) / side,
        (np.arange(width) - width / 2) / side,
    )
    across = xs * np.cos(angle) + ys * np.sin(angle) - middle
    along = ys * np.cos(angle) - xs * np.sin(angle)
    depth = half - np.abs(across + wave * np.sin(2 * np.pi * 1.5 * along + phase))
    covered = np.clip(depth / (2 * soft) + 0.5, 0, 1)
    covered = (covered * covered * (3 - 2 * covered))[..., None]  # smooth at both ends
    light = 1 - covered * (1 - light_left * np.array([0.94, 1.0, 1.12]))
    return _encoded(_linear(image) * light.astype(np.float32))


def _scale(
    image: np.ndarray,
    mask: np.ndarray,
    ignore: np.ndarray,
    factor: float,
    random: np.random.Generator,
) -> Labelled:
    """Taken from further away: all shrinks by `factor` around the middle; mirrored copies fill
    what comes into view.

    A mirrored object is an object: the mask is mirrored with the image, likewise the ignored
    pixels. A pixel is object (or ignored) where at least half of what it covers was, so a line of
    one pixel may vanish.
    """
    height, width = mask.shape
    size = max(1, round(width * factor)), max(1, round(height * factor))
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    beyond = (top, height - size[1] - top), (left, width - size[0] - left)

    def shrunk(array: np.ndarray) -> np.ndarray:
        small = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
        return np.pad(small, (*beyond, (0, 0))[: small.ndim], mode="symmetric")

    small_mask, small_ignore = (
        shrunk(area.astype(np.float32)) >= 0.5 - 1e-6 for area in (mask, ignore)
    )
    return shrunk(image), small_mask, small_ignore


def _of_pixels(
    change: Callable[[np.ndarray, float, np.random.Generator], np.ndarray],
) -> Callable[..., Labelled]:
    """A corruption that leaves everything where it is."""

    def apply(
        image: np.ndarray,
        mask: np.ndarray,
        ignore: np.ndarray,
        strength: float,
        random: np.random.Generator,
    ) -> Labelled:
        return change(image, strength, random), mask.copy(), ignore.copy()

    return apply


def _linear(image: np.ndarray) -> np.ndarray:
    """Light (H, W, 3) float32 in [0, 1] of stored values."""
    return cv2.pow(image.astype(np.float32) / 255, GAMMA)


def _encoded(light: np.ndarray) -> np.ndarray:
    return _stored(cv2.pow(np.maximum(light, 0), 1 / GAMMA))


def _stored(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] as uint8; what lies beyond is clipped."""
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


# logarithm of gains
CORRUPTIONS: dict[str, Corruption] = {
    kind.name: kind
    for kind in (
        Corruption("noise", (0.06, 0.12, 0.2), _of_pixels(_noise)),  # parts of white
        Corruption("blur", (1.5, 3.0, 5.0), _of_pixels(_blur)),  # radius in px
        Corruption("jpeg", (30, 15, 8), _of_pixels(_jpeg)),  # quality
        Corruption("brightness", (0.5, 1.0, 1.5), _of_pixels(_brightness)),  # stops
        Corruption("contrast", (0.7, 0.45, 0.25), _of_pixels(_contrast)),  # share that is left
        Corruption("colour_cast", (0.14, 0.27, 0.4), _of_pixels(_colour_cast)),
        Corruption("shadow", (0.5, 0.25, 0.1), _of_pixels(_shadow)),  # share of light that is left
        Corruption("scale", (0.8, 0.65, 0.5), _scale),  # factor
    )
}
