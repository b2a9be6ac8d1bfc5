"""Measurements of pixels: colour as the eye sees it, the surroundings of an object, texture,
sharpness and noise.

Everything is computed on CIELAB, where a distance of about 2.3 is just noticeable, so that numbers
of different images can be compared. What no measurement is possible on is NaN, never 0.
"""

import cv2
import numpy as np

# nearer pixels are mixed with the object by blur and by outlines that are off by a pixel
RING_PX = (3.0, 12.0)
WINDOW_PX = 9
BLOCK_PX = 16
FLAT_SHARE = 0.1
SECOND_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


def to_lab(image: np.ndarray) -> np.ndarray:
    """CIELAB of an image (D65, sRGB).

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) float32: L* in [0, 100], a* (green to red) and b* (blue to yellow) in about
            [-110, 110].

    Raises:
        ValueError: another shape or dtype.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"to_lab got shape {image.shape} and dtype {image.dtype}; it needs (H, W, 3) uint8 "
            "RGB. Read the file with common.coco.read_image."
        )
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def ring_around(mask: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Pixels from 3 to 12 px outside a mask: what an object has to be told from.

    Args:
        mask: (H, W) bool.
        others: (H, W) bool, more pixels that must not be in the ring or within 3 px of it; None
            for none.

    Returns:
        (H, W) bool; empty where the mask is empty or leaves no room.
    """
    if not mask.any():
        return np.zeros_like(mask)
    near, far = RING_PX
    distance = _distance_to(mask)
    ring = (distance >= near) & (distance <= far)
    if others is not None and others.any():
        ring &= _distance_to(others) >= near
    return ring


def mean_colour(lab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean (3,) float64 of the CIELAB pixels (H, W, 3) under a mask (H, W) bool; NaN where it is
    empty.
    """
    return lab[mask].mean(axis=0, dtype=np.float64) if mask.any() else np.full(3, np.nan)


def colour_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Delta E of two CIELAB colours (3,): their Euclidean distance; about 2.3 is just noticeable.

    Source: CIE 1976; the just noticeable difference is that of M. Mahy et al., Color Research &
    Application 19, 1994.

    Examples:
        >>> colour_distance(np.array([50.0, 0.0, 0.0]), np.array([53.0, 4.0, 0.0]))
        5.0
    """
    return float(np.linalg.norm(np.subtract(first, second)))


def local_deviation(lightness: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Standard deviation of L* in a window of 9×9 px around each pixel.

    Args:
        lightness: (H, W) float32, L*.
        where: (H, W) bool; pixels outside it are in no window.

    Returns:
        (H, W) float32, 0 where the window holds no pixel.
    """
    weight = where.astype(np.float32)
    # differences to it keep the squares exact
    level = float(lightness[where].mean()) if where.any() else 0.0
    centred = (lightness - level) * weight
    pixels, total, squares = (
        cv2.blur(values, (WINDOW_PX, WINDOW_PX), borderType=cv2.BORDER_REFLECT_101)
        for values in (weight, centred, centred**2)
    )
    pixels = np.maximum(pixels, 1e-6)
    return np.sqrt(np.maximum(squares / pixels - (total / pixels) ** 2, 0))


def sharpness(lightness: np.ndarray, where: np.ndarray) -> float:
    """Variance of the Laplacian of L* (H, W) under `where` (H, W) bool, in L*² px⁻⁴; NaN where
    that is empty.

    It falls with blur and rises with texture and noise, so it compares photos of like grounds, and
    data sets.

    Source: J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000.
    """
    return (
        float(cv2.Laplacian(lightness, cv2.CV_32F)[where].var()) if where.any() else float("nan")
    )


def noise(lightness: np.ndarray) -> float:
    """Standard deviation of the noise of L* (H, W), in L*, estimated where the image is flattest.

    A second difference in both directions removes what changes smoothly; its mean size is taken in
    blocks of 16×16 px, and of these the lowest tenth. On gravel or grass, where no block is flat,
    fine texture is still counted as noise, and strong JPEG compression removes both. NaN for
    images smaller than one block.

    Source: J. Immerkær, Fast noise variance estimation, Computer Vision and Image Understanding
    64, 1996; the blocks are an addition.
    """
    height, width = (side // BLOCK_PX * BLOCK_PX for side in lightness.shape)
    if not height or not width:
        return float("nan")
    size = np.abs(cv2.filter2D(lightness, cv2.CV_32F, SECOND_DIFFERENCE))[:height, :width]
    blocks = size.reshape(height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX).mean(
        axis=(1, 3)
    )
    return float(np.sqrt(np.pi / 2) / 6 * np.quantile(blocks, FLAT_SHARE))


def grain(lightness: np.ndarray) -> float:
    """Size of the texture in px: the shift at which L* (H, W) resembles itself half as much as
    unshifted.

    The mean of shifts along the rows and along the columns, of L* without its slow changes (a blur
    of 16 px is taken off). A ground that is seen from twice as far has about half the grain; blur
    makes it larger. NaN for a flat image.
    """
    detail = lightness - cv2.GaussianBlur(lightness, (0, 0), BLOCK_PX)
    energy = float((detail**2).mean())
    if energy < 1e-6:
        return float("nan")
    both = [turned for turned in (detail, detail.T) if turned.shape[1] > 1]
    return float(np.mean([_half_shift(turned, energy) for turned in both]))


def _half_shift(detail: np.ndarray, energy: float) -> float:
    before = 1.0
    for shift in range(1, min(2 * BLOCK_PX, detail.shape[1])):
        now = float((detail[:, shift:] * detail[:, :-shift]).mean()) / energy
        if now <= 0.5:
            return shift - (0.5 - now) / max(before - now, 1e-9)
        before = now
    return float(shift)


def _distance_to(mask: np.ndarray) -> np.ndarray:
    outside = np.ascontiguousarray(~mask).view(np.uint8)
    return cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
