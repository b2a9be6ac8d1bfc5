"""Cigarette butts as they lie in a photo.

A butt is built along its own axis as a strip at twice the final size (outline, colours, relief),
lit there by the scene's light turned into its frame, and then turned and shrunk into place. Its
alpha is the truth that the mask is cut from; shadows are not drawn here, so they can never get
into the mask.
"""

import math

import cv2
import numpy as np

from common.sample.design import INKS, PAPERS, Design
from common.sample.light import Light
from common.sample.noise import cells, linear, mixed, octaves
from common.sample.patch import Patch

OVERSAMPLING = 2
CHAR, ASH, TOBACCO = linear(28, 24, 22), linear(165, 160, 155), linear(105, 68, 38)


def render_butt(design: Design, diameter: float, angle: float, tilt: float, light: Light) -> Patch:
    """Draw one butt as it lies in the photo.

    Args:
        design: What it looks like.
        diameter: Of a round one in pixels.
        angle: Direction of its axis in the image in radians.
        tilt: Angle between its axis and the image plane in radians; the open end turns away if
            positive.
        light: The scene's light.

    Returns:
        The lit butt with its alpha and height.
    """
    strip = _Strip(design, diameter * OVERSAMPLING, tilt)
    shade, sunshine = strip.lit(_turned_light(light, angle), light)
    return _into_place(shade, sunshine, strip.alpha, diameter, angle)


class _Strip:
    """A butt along its axis at `OVERSAMPLING` times its final size; all lengths in its own
    pixels.
    """

    def __init__(self, design: Design, d: float, tilt: float) -> None:
        self.design, self.d = design, d
        self.rng = np.random.default_rng(design.seed)
        self.length = design.length * d * math.cos(tilt)
        self.lean = math.sin(tilt)
        reach = (
            d * (0.9 + abs(design.bend) + 0.4 * design.flat)
            + abs(math.sin(design.kink)) * self.length * 0.6
        )
        height, width = 2 * math.ceil(reach) + 1, math.ceil(self.length + 2.2 * d)
        self.shape = (height, width)
        vs, us = np.mgrid[:height, :width].astype(np.float32)
        self.u = us - np.float32((width - self.length) / 2)
        self.v = vs - np.float32(height // 2) - self._bow()
        self._outline()
        self.albedo = self._colours()

    def _bow(self) -> np.ndarray:
        """Sideways shift of the axis along the strip, (1, W)."""
        s = self.u[:1] / np.float32(self.length)
        bow = np.float32(self.design.bend * self.d) * (1 - np.square(2 * s - 1))
        fold = np.float32(self.rng.uniform(0.3, 0.7))
        side = np.float32(math.tan(self.design.kink) * self.length) * (
            np.maximum(s - fold, 0) - (1 - fold) / 2
        )
        return bow + (side if self.design.kink else 0)

    def _outline(self) -> None:
        """Set the alpha and `across`, the place between the two sides from -1 to 1."""
        design, d = self.design, self.d
        rough = octaves(self.rng, (2, self.shape[1]), d * 2, max(2.0, d / 8), 0.55)[:2]
        half = d / 2 * (1 + 0.38 * design.flat)
        upper, lower = (
            half * (1 + np.float32(2 * design.waist) * rough[:1]),
            half * (1 + np.float32(2 * design.waist) * rough[1:]),
        )
        self.across = np.where(self.v < 0, self.v / upper, self.v / lower)
        bulge = np.sqrt(np.clip(1 - np.square(self.across), 0, 1)) * np.float32(
            d / 2 * (1 - 0.7 * design.flat)
        )
        torn = octaves(self.rng, (self.shape[0], 2), d * 0.7, 2, 0.75)[:, :1]
        corner = np.float32(0.06 * d) * np.power(np.abs(self.across), 6)
        # distance from the filter's end
        self.mouth = self.u - corner + bulge * np.float32(abs(self.lean))
        self.open = (
            self.length
            - self.u
            - torn * np.float32(design.ragged * d)
            + bulge * np.float32(abs(self.lean))
        )
        inside = np.minimum(
            np.minimum(self.mouth, self.open), np.where(self.v < 0, self.v + upper, lower - self.v)
        )
        self.alpha = np.clip(inside + 0.5, 0, 1)
        # the end that is turned to the camera shows its disc
        face = self.mouth if self.lean > 0 else self.open
        self.face = (
            np.clip(2 * bulge * np.float32(abs(self.lean)) - face + 0.5, 0, 1)
            if abs(self.lean) > 0.08
            else None
        )

    def _colours(self) -> np.ndarray:
        """Colour of every place, unlit: (H, W, 3)."""
        design, d, rng = self.design, self.d, self.rng
        # in diameters
        place = self.u / np.float32(
            d / math.sqrt(max(1e-3, 1 - self.lean**2)) * (1 - self.lean**2)
        )
        grain = octaves(rng, self.shape, max(4.0, d / 5), 2, 0.85)
        tipped = np.clip((np.float32(design.tip) - place) * np.float32(d) + 0.5, 0, 1)[..., None]
        speckle = (
            np.clip(np.abs(grain) - 0.8, 0, 1.2) * np.sign(grain) * np.float32(design.speckle)
        )
        tipping = design.tipping * (1 + np.minimum(speckle, 0.35))[..., None]
        colour = design.paper * (1 + 0.04 * grain)[..., None] * (1 - tipped) + tipping * tipped
        if design.stripped:
            fibres = cv2.blur(grain, (max(3, int(d / 4)) | 1, 1))
            colour = (
                mixed(PAPERS, [2, 2, 1, 1, 3], rng, 1, 0.1)[0] * (0.92 + 0.25 * fibres)[..., None]
            )
        for ring, width, ink in design.rings:
            share = np.clip(
                (width / 2 - np.abs(place - np.float32(ring))) * np.float32(d) + 0.5, 0, 1
            ) * np.float32(0.75)
            colour += share[..., None] * (INKS[ink] - colour)
        if design.brand:
            self._print_brand(colour)
        self._stain(colour, grain)
        self._burn(colour, place, grain)
        if self.face is not None:
            self._show_face(colour, grain, self.face)
        return np.clip(colour, 0.01, 0.97)

    def _print_brand(self, colour: np.ndarray) -> None:
        """Print a few letters' worth of ink on the paper near the tip."""
        ink = INKS[int(self.rng.integers(len(INKS)))]
        row, column = (
            self.shape[0] // 2 - int(0.1 * self.d),
            int((self.shape[1] - self.length) / 2 + 0.62 * self.length),
        )
        letters = self.rng.random((3, 9)) < 0.55
        size = (max(3, int(0.5 * self.d)), max(2, int(0.22 * self.d)))
        stamp = cv2.resize(letters.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        window = colour[slice(row, row + size[1]), slice(column, column + size[0])]
        height, width = window.shape[:2]
        stamp = np.float32(0.7) * stamp[:height, :width, None]
        window += stamp * (ink - window)

    def _stain(self, colour: np.ndarray, grain: np.ndarray) -> None:
        """Soak tar and dirt into the paper."""
        cloud = octaves(self.rng, self.shape, self.d * 1.2, 3, 0.7)
        share = np.clip(cloud - 0.9 + 1.4 * self.design.dirt, 0, 1) * np.float32(
            0.75 * self.design.dirt
        )
        soil = mixed(
            [linear(120, 100, 75), linear(90, 85, 80), linear(160, 130, 80)],
            [2, 2, 1],
            self.rng,
            1,
            0.2,
        )[0]
        colour += share[..., None] * (soil - colour)
        colour *= (1 - 0.5 * np.clip(grain - 2.1 + 0.5 * self.design.dirt, 0, 1))[..., None]

    def _burn(self, colour: np.ndarray, place: np.ndarray, grain: np.ndarray) -> None:
        """Scorch the paper towards the open end, char the end and leave ash on it; a torn end
        shows tobacco.
        """
        design, d = self.design, np.float32(self.d)
        left = self.open / d + 0.1 * octaves(self.rng, self.shape, self.d / 2, 2, 0.8)
        if design.burn == 0:
            share = np.clip((0.06 - left) * 10, 0, 1) * np.float32(
                0.7 if design.length > design.tip else 0.15
            )
            colour += share[..., None] * (TOBACCO * (1 + 0.4 * grain)[..., None] - colour)
            return
        brown = np.clip(1 - left / np.float32(design.burn + 0.12), 0, 1)[..., None]
        colour += 0.75 * brown * (linear(150, 105, 60) - colour)
        black = np.clip((np.float32(design.burn * 0.6) - left) * 9 + 0.3, 0, 1)[..., None]
        colour += black * (CHAR - colour)
        ash = np.clip(grain * 0.8 + np.float32(1.6 * design.ash - 1.1), 0, 1)[..., None] * black
        colour += ash * (ASH - colour)

    def _show_face(self, colour: np.ndarray, grain: np.ndarray, face: np.ndarray) -> None:
        """Show the round end that is turned to the camera: stained filter fibres, or char and
        tobacco.
        """
        filter_end = self.lean > 0
        tar = mixed(
            [linear(235, 228, 210), linear(200, 165, 105), linear(150, 110, 65)],
            [2, 2, 1],
            self.rng,
            1,
            0.1,
        )[0]
        end = (
            tar
            if filter_end or self.design.length < self.design.tip
            else (CHAR if self.design.burn else TOBACCO)
        )
        rim = 0.75 + 0.25 * np.square(self.across)
        colour += face[..., None] * (end * (rim + 0.15 * grain)[..., None] - colour)

    def lit(
        self, towards: tuple[float, float, float], light: Light
    ) -> tuple[np.ndarray, np.ndarray]:
        """Light the strip: a cylinder, the flatter the more trodden, with wrinkles in it."""
        design = self.design
        across = np.clip(self.across, -1, 1)
        sideways = (
            np.sign(across)
            * np.power(np.abs(across), np.float32(1 + 3.5 * design.flat))
            * np.float32(0.97)
        )
        dents = octaves(self.rng, self.shape, self.d / 1.5, 3, 0.6)
        facet = cells(self.rng, self.shape, max(3.0, self.d * self.rng.uniform(0.2, 0.45)))[0]
        tilts = (
            self.rng.normal(0, 0.28 * design.crush, (int(facet.max()) + 1, 2))
            .astype(np.float32)
            .take(facet, 0)
        )
        tilts = cv2.GaussianBlur(tilts, (0, 0), 0.04 * self.d + 0.5)
        relief = dents * np.float32(0.03 * self.d * design.crush)
        along = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8) + tilts[..., 0]
        sideways = sideways - cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8) + tilts[..., 1]
        up = np.sqrt(np.clip(1 - np.square(np.clip(sideways, -1, 1)), 0.03, 1))
        if self.face is not None:
            along = along + self.face * np.float32(-1.5 * self.lean)
        norm = 1 / np.sqrt(np.square(along) + np.square(sideways) + np.square(up))
        x, y, z = (np.float32(value) for value in towards)
        facing = (along * x + sideways * y + up * z) * norm
        direct = np.clip((facing + 0.22) / 1.22, 0, None) / max(z, np.float32(0.4))
        hollow = 0.62 + 0.38 * up * norm
        sunshine = self.albedo * (np.minimum(direct, 1.5)[..., None] * light.sun)
        return self.albedo * (hollow[..., None] * light.sky), sunshine


def _turned_light(light: Light, angle: float) -> tuple[float, float, float]:
    """Direction to the sun in the frame of a strip that lies at `angle`."""
    x, y, z = light.towards
    return x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle), z


def _into_place(
    shade: np.ndarray, sunshine: np.ndarray, alpha: np.ndarray, diameter: float, angle: float
) -> Patch:
    """Turn and shrink a lit strip into an upright window, with soft edges."""
    height, width = alpha.shape
    reach = math.ceil(math.hypot(height, width) / 2 / OVERSAMPLING) + 2
    side = 2 * reach + 1
    cos, sin = math.cos(angle) * OVERSAMPLING, math.sin(angle) * OVERSAMPLING
    matrix = np.array([[cos, sin, 0], [-sin, cos, 0]], np.float32)
    matrix[:, 2] = (
        (width - 1) / 2 - matrix[0, :2].sum() * reach,
        (height - 1) / 2 - matrix[1, :2].sum() * reach,
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def small(layer: np.ndarray) -> np.ndarray:
        # Sampling every second pixel of a lightly blurred strip is an antialiased picture of it.
        return cv2.warpAffine(
            cv2.GaussianBlur(layer, (0, 0), 0.8), matrix, (side, side), flags=flags
        )

    soft = small(alpha)
    weight = alpha[..., None]
    share = 1 / np.maximum(soft, 1e-4)[..., None]
    return Patch(
        small(shade * weight) * share, small(sunshine * weight) * share, soft, 0.8 * diameter
    ).trimmed()
