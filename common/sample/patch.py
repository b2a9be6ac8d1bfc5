"""Small lit things and the picture they are laid on.

`Canvas.lay` is the only way a thing gets into a picture: it darkens what is already there by the
thing's shadow, paints the thing by its alpha and takes its alpha off the butts below. So a hidden
part cannot stay in a mask, and a shadow cannot get into one.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from common.sample.light import Light

SHADOW_STEPS = 7
VISIBLE_FROM = 0.5  # a pixel belongs to the butt that covers at least half of it
Window = tuple[slice, ...]


@dataclass(frozen=True)
class Patch:
    """Something small, lit, seen from above.

    Attributes:
        shade: (H, W, 3) float32 linear light from the sky; only meaningful where alpha is not 0.
        sunshine: (H, W, 3) float32 linear light that the sun adds where it arrives.
        alpha: (H, W) float32 in [0, 1].
        height: Of the thing above the ground in pixels.
    """

    shade: np.ndarray
    sunshine: np.ndarray
    alpha: np.ndarray
    height: float

    def trimmed(self) -> "Patch":
        """Cut away empty rows and columns around the thing."""
        seen = self.alpha > 1 / 255
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        part = (
            (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            if len(rows)
            else np.s_[:1, :1]
        )
        return Patch(self.shade[part], self.sunshine[part], self.alpha[part], self.height)


@dataclass
class Canvas:
    """A picture in linear light while things are laid on it.

    Attributes:
        image: (H, W, 3) float32, linear.
        light: The scene's light.
        sun: (H, W) float32 in [0, 1], how much of the sun reaches each place.
        butts: (H, W) float32 visible alpha of every butt laid so far.
    """

    image: np.ndarray
    light: Light
    sun: np.ndarray
    butts: list[np.ndarray] = field(default_factory=list)

    def lay(self, patch: Patch, x: float, y: float, *, is_butt: bool = False) -> None:
        """Lay a thing with its middle at (x, y), shadow first."""
        self._cast(patch, x, y)
        target, source = self._overlap(patch.alpha.shape, x, y)
        alpha = patch.alpha[source]
        if alpha.size:
            colour = patch.shade[source] + self.sun[target][..., None] * patch.sunshine[source]
            window = self.image[target]
            window += alpha[..., None] * (colour - window)
            for butt in self.butts:
                butt[target] *= 1 - alpha
        if is_butt:
            butt = np.zeros(self.sun.shape, np.float32)
            butt[target] = alpha
            self.butts.append(butt)

    def least_visible(self, patch: Patch, x: float, y: float, full_areas: list[float]) -> float:
        """Say which share of the worst hidden butt would stay visible if a thing were laid at (x,
        y).
        """
        target, source = self._overlap(patch.alpha.shape, x, y)
        lost = [float((butt[target] * patch.alpha[source]).sum()) for butt in self.butts]
        shares = [
            (butt.sum() - gone) / full
            for butt, gone, full in zip(self.butts, lost, full_areas, strict=True)
            if gone
        ]
        return min(shares, default=1.0)

    def masks(self) -> list[np.ndarray]:
        """Cut the (H, W) bool mask of every butt from what is still visible of its alpha; they do
        not overlap.
        """
        found, taken = [], np.zeros(self.sun.shape, bool)
        for butt in reversed(self.butts):
            mask = (butt >= VISIBLE_FROM) & ~taken
            taken |= mask
            found.append(mask)
        return found[::-1]

    def _cast(self, patch: Patch, x: float, y: float) -> None:
        """Darken what lies under and behind a thing: contact shadow from the sky, cast shadow from
        the sun.
        """
        down = np.array(self.light.shadow_slope) * patch.height
        # long shadows fade into the ground's relief
        down *= min(1.0, 3.2 * patch.height / max(np.hypot(*down), 1e-6))
        margin = int(np.abs(down).max() + 1.5 * patch.height) + 4
        alpha = cv2.copyMakeBorder(
            patch.alpha, margin, margin, margin, margin, cv2.BORDER_CONSTANT
        )
        contact = cv2.GaussianBlur(alpha, (0, 0), 0.22 * patch.height + 0.8)
        cast = alpha.copy()
        for step in range(1, SHADOW_STEPS + 1):
            dx, dy = np.round(down * step / SHADOW_STEPS).astype(int)
            np.maximum(cast, np.roll(alpha, (dy, dx), (0, 1)), out=cast)
        cast = cv2.GaussianBlur(cast, (0, 0), 0.5 + 0.05 * patch.height)
        target, source = self._overlap(alpha.shape, x, y)
        if cast[source].size == 0:
            return
        sunlit = self.sun[target]
        sun = self.light.sun * sunlit[..., None]
        share = sun / (sun + self.light.sky)
        fade = 1 - np.float32(0.88) * cast[source][..., None] * share
        self.image[target] *= fade * (
            1 - np.float32(0.62) * contact[source][..., None] * (1 - share)
        )

    def _overlap(self, shape: tuple[int, int], x: float, y: float) -> tuple[Window, Window]:
        """Index the part of the picture under a window centred at (x, y), and the same part of the
        window.
        """
        target, source = [], []
        for full, side, middle in zip(self.sun.shape, shape, (y, x), strict=True):
            start = round(middle - side / 2)
            low, high = max(start, 0), max(max(start, 0), min(start + side, full))
            low = min(low, high)
            target.append(slice(low, high))
            source.append(slice(low - start, high - start))
        return tuple(target), tuple(source)
