"""Crops and augmentation of labelled images: the one place where training pixels are changed.

What a crop looks like depends on the seed and its place in the training alone: not on the number
of processes or workers, nor on what was drawn before, so a resumed or a sharded training sees the
same crops.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, get_args

import albumentations as A  # noqa: N812 - the name that its documentation uses
import cv2
import numpy as np
import torch

from approaches.network.config import ZOOM, Strength
from approaches.network.hard_negatives import Spot
from approaches.network.losses import NOTHING
from approaches.network.paste import lay_generated, paste_from
from common.coco import has_object
from common.data import DataSet, Sample
from common.sample import render_scene

STRENGTHS: tuple[Strength, ...] = get_args(Strength)
GEOMETRIC = ("geometric", "full")
SMALLEST_SCENE_PX = 320  # smaller generated scenes look zoomed in
MARGIN = 1.7  # a window this much larger than the crop leaves room to turn and to shear
PASTED = (0.6, 0.25, 0.15)  # how often one, two or three objects are pasted
MOST_REPEATED = 4
ZOOMED_SHARE = 0.8  # of the crops of the geometric augmentation


class CropAffine(A.Affine):
    """Turns and shears a window, of which the square crop in its middle alone is computed.

    Args:
        crop_px: side of the crop.
        options: of `albumentations.Affine`.
    """

    def __init__(self, crop_px: int, **options: Any):
        super().__init__(**options)
        self.crop_px = crop_px

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Those of `albumentations.Affine`, moved to where the crop begins."""
        found = super().get_params_dependent_on_data(params, data)
        above, before = ((side - self.crop_px) // 2 for side in params["shape"][:2])
        moved = np.array([[1, 0, -before], [0, 1, -above], [0, 0, 1]]) @ found["matrix"]
        return {**found, "matrix": moved, "output_shape": (self.crop_px, self.crop_px)}


def augmentation(strength: str, crop_px: int) -> A.Compose:
    """The transforms from a window to a crop.

    Args:
        strength: "none" only crops; "geometric" flips, turns and shears; "photometric" changes
            light and colour, blurs, adds noise, and compresses; "full" does both.
        crop_px: side of the square crop.

    Raises:
        ValueError: an unknown strength.
    """
    if strength not in STRENGTHS:
        raise ValueError(
            f"there is no augmentation {strength!r}; there are {', '.join(STRENGTHS)}."
        )
    crop = A.CenterCrop(crop_px, crop_px)
    steps: list[A.BasicTransform | A.BaseCompose] = [crop]
    if strength in GEOMETRIC:
        affine = CropAffine(
            crop_px,
            scale=1.0,
            rotate=(-45, 45),
            shear=(-10, 10),
            border_mode=cv2.BORDER_REFLECT_101,
            p=0.8,
        )
        steps = [affine, crop, A.D4(p=1.0)]
    if strength in ("photometric", "full"):
        steps += [
            A.RandomBrightnessContrast(brightness_limit=0.25, contrast_limit=0.25, p=0.6),
            A.HueSaturationValue(hue_shift_limit=8, sat_shift_limit=30, val_shift_limit=0, p=0.4),
            A.RandomGamma(gamma_limit=(75, 135), p=0.3),
            A.OneOf([A.GaussianBlur(blur_limit=(3, 5)), A.MotionBlur(blur_limit=(3, 7))], p=0.2),
            A.GaussNoise(std_range=(0.01, 0.06), p=0.2),
            A.ImageCompression(quality_range=(45, 95), p=0.3),
        ]
    return A.Compose(steps)


def described(
    strength: str, crop_px: int, zoom: tuple[float, float] = ZOOM
) -> list[dict[str, object]]:
    """The zoom and the transforms as JSON-able values, for `run.json`."""
    transforms = augmentation(strength, crop_px).to_dict()["transform"]["transforms"]
    steps = [
        {key: value for key, value in step.items() if key != "__version__"} for step in transforms
    ]
    if strength not in GEOMETRIC:
        return steps
    return [{"__class_fullname__": "Zoom", "scale": list(zoom), "p": ZOOMED_SHARE}, *steps]


class Crops(torch.utils.data.Dataset):
    """An endless stream of augmented crops, by place; each epoch goes once over the images in an
    order of its own.

    A share of the places may be given to generated scenes, each drawn once, a share to the images
    without any object, which otherwise come as often as the others, and a share to those of a
    field; a share of those without lies near the spots of `go_to`, once there are any. Another
    share of the windows may have objects of other images, generated butts or generated litter laid
    on them before they are turned and recoloured: on each kind of image as often, so that neither
    ground nor seam tells whether there is an object.
    """

    def __init__(
        self,
        images: DataSet,
        *,
        crop_px: int,
        strength: str,
        object_share: float,
        seed: int,
        epoch_length: int,
        generated_share: float = 0.0,
        paste_share: float = 0.0,
        butt_share: float = 0.0,
        litter_share: float = 0.0,
        background_share: float | None = None,
        field_share: float = 0.0,
        hard_share: float = 0.0,
        zoom: tuple[float, float] = ZOOM,
    ):
        self.images, self.crop_px, self.object_share, self.seed = (
            images,
            crop_px,
            object_share,
            seed,
        )
        self.epoch_length, self.strength, self.generated_share = (
            epoch_length,
            strength,
            generated_share,
        )
        self.paste_share, self.butt_share, self.litter_share = (
            paste_share,
            butt_share,
            litter_share,
        )
        self.zoom, self.transform = zoom, augmentation(strength, crop_px)
        shows = np.array([has_object(entry) for entry in images.entries], bool)
        of_field = shows & np.array([entry.is_added for entry in images.entries], bool)
        self.with_object, self.without = np.flatnonzero(shows), np.flatnonzero(~shows)
        self.of_field, self.others = np.flatnonzero(of_field), np.flatnonzero(~of_field)
        self.own = np.flatnonzero(shows & ~of_field)
        self.background_share = self._background_share(background_share)
        # whatever the backgrounds leave is at least half the own images'
        most = 0.5 * (1 - (self.background_share or 0.0))
        self.field_share = _affordable(min(field_share, most), len(self.of_field), len(self.own))
        if not self.field_share:  # then what is learned of a field is drawn as often as the others
            self.own = self.with_object
        self.hard_share = hard_share
        self.seen_wrongly: Sequence[Spot] = ()

    def go_to(self, spots: Sequence[Spot]) -> None:
        """Have `hard_share` of the crops of images without any object lie near these spots (see
        `approaches.network.hard_negatives`), or fewer, so that no image comes more than about
        `MOST_REPEATED` times as often as before.
        """
        self.seen_wrongly = spots
        shown = len({place for place, _, _ in spots})
        most = MOST_REPEATED * shown / max(1, len(self.without))
        self.hard_share = min(self.hard_share, most)

    def _background_share(self, share: float | None) -> float | None:
        """The affordable share of images without an object; None where there are none or nothing
        else.
        """
        if share is None or not len(self.without) or not len(self.with_object):
            return None
        return _affordable(share, len(self.without), len(self.with_object))

    def image_index(self, place: int) -> int:
        """Which image the crop at a place is taken from; every image comes once before one comes
        twice, among those with an object, those without and those of a field where these have
        shares of their own.
        """
        epoch, within = divmod(place, self.epoch_length)
        if self.background_share is None and not self.field_share:
            passes, index = divmod(within, len(self.images))
            order = np.random.default_rng([self.seed, epoch, passes])
            return int(order.permutation(len(self.images))[index])
        places = np.random.default_rng([self.seed, epoch]).permutation(self.epoch_length)
        shares = np.cumsum([self.background_share or 0.0, self.field_share])
        kinds = np.searchsorted(np.rint(shares * self.epoch_length), places, side="right")
        number, images = (
            (1, self.without),
            (2, self.of_field),
            (0, self.own if self.background_share is not None else self.others),
        )[kinds[within]]
        passes, index = divmod(int((kinds[:within] == kinds[within]).sum()), len(images))
        order = np.random.default_rng([self.seed, epoch, passes, number])
        return int(order.permutation(images)[index])

    def __getitem__(self, place: int) -> tuple[torch.Tensor, torch.Tensor]:
        """An image (3, crop, crop) uint8 and its target (1, crop, crop) uint8 of 0, 1 or
        `NOTHING`.
        """
        random = np.random.default_rng([self.seed, place, 1])
        near = None
        if self.generated_share and random.random() < self.generated_share:
            sample = self._generated(place)
        else:
            index, near = self._source(place, random)
            sample = self.images[index]
        target = np.where(sample.ignore, np.uint8(NOTHING), sample.mask.astype(np.uint8))
        zoom = self._zoom(random)
        side = int(self.crop_px * MARGIN) if self.strength in GEOMETRIC else self.crop_px
        centre = self._centre(sample.mask, near, random)
        # one state for all: by `set_random_seed` each would draw the same numbers as the others
        self.transform.set_random_state(random, Random(int(random.integers(2**31))))
        image, target = seen_at(sample.image, target, centre, side, zoom)
        seen = self._laid_on(image, target, random)
        drawn = self.transform(image=seen[0], mask=seen[1])
        image = torch.from_numpy(
            np.ascontiguousarray(drawn["image"].transpose(2, 0, 1))
        )  # (3, crop, crop)
        return image, torch.from_numpy(np.ascontiguousarray(drawn["mask"]))[
            None
        ]  # (1, crop, crop)

    def _source(
        self, place: int, random: np.random.Generator
    ) -> tuple[int, tuple[int, int] | None]:
        """Which image the crop at a place is taken from, and near which pixel, if that matters."""
        index = self.image_index(place)
        if len(self.seen_wrongly) and index in self.without and random.random() < self.hard_share:
            spot = self.seen_wrongly[int(random.integers(len(self.seen_wrongly)))]
            return spot[0], (spot[1], spot[2])
        return index, None

    def _laid_on(
        self, image: np.ndarray, target: np.ndarray, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The window with what is laid on it, in the shares that were asked for; objects of other
        images come to lie in the middle, which the crop shows.
        """
        if len(self.own) and random.random() < self.paste_share:
            image, target = image.copy(), target.copy()
            edge = (len(target) - self.crop_px) // 2
            middle = slice(edge, edge + self.crop_px)
            for _ in range(int(random.choice(len(PASTED), p=PASTED)) + 1):
                of_field = self.field_share and random.random() < self.field_share
                sources = self.of_field if of_field else self.own
                source = self.images[int(random.choice(sources))]
                image[middle, middle], target[middle, middle] = paste_from(
                    source, image[middle, middle], target[middle, middle], random
                )
        if self.butt_share and random.random() < self.butt_share:
            image, target = lay_generated(image, target, random, "butts")
        if self.litter_share and random.random() < self.litter_share:
            image, target = lay_generated(image, target, random, "litter")
        return image, target

    def _generated(self, place: int) -> Sample:
        """A scene drawn for this place alone, just large enough for its window."""
        scene = render_scene(
            self.seed, index=place, size=max(SMALLEST_SCENE_PX, int(self.crop_px * MARGIN))
        )
        return Sample(-1, scene.image, scene.mask, np.zeros_like(scene.mask))

    def _zoom(self, random: np.random.Generator) -> float:
        """How much a crop is magnified."""
        if self.strength not in GEOMETRIC or random.random() >= ZOOMED_SHARE:
            return 1.0
        return float(random.uniform(*self.zoom))

    def _centre(
        self, mask: np.ndarray, near: tuple[int, int] | None, random: np.random.Generator
    ) -> tuple[int, int]:
        """Row and column of a crop: near the pixel that is given, else near one of an object, or
        anywhere.
        """
        height, width = mask.shape
        if near is None and random.random() < self.object_share:
            rows = np.flatnonzero(mask.any(axis=1))
            if len(rows):
                row = int(random.choice(rows))
                near = row, int(random.choice(np.flatnonzero(mask[row])))
        if near is not None:
            shift = random.integers(-self.crop_px // 3, self.crop_px // 3 + 1, 2)
            return int(np.clip(near[0] + shift[0], 0, height - 1)), int(
                np.clip(near[1] + shift[1], 0, width - 1)
            )
        half = self.crop_px // 2
        low, high = (min(half, height // 2), min(half, width // 2)), (height - half, width - half)
        row, column = (
            int(random.integers(a, max(a + 1, b))) for a, b in zip(low, high, strict=True)
        )
        return row, column


def _affordable(share: float, count: int, others: int) -> float:
    """A share of so many images in which none of them comes more than `MOST_REPEATED` times as
    often as one of the others, if these have all that is left.
    """
    weight = MOST_REPEATED * count
    return min(share, weight / max(1, weight + others))


def seen_at(
    image: np.ndarray, target: np.ndarray, centre: tuple[int, int], side: int, zoom: float
) -> tuple[np.ndarray, np.ndarray]:
    """A window around a pixel at another scale.

    Args:
        image: (H, W, 3) uint8.
        target: (H, W) uint8.
        centre: row and column.
        side: of what is returned.
        zoom: magnification; below 1 the window takes in more of the image.

    Returns:
        Image (side, side, 3) and target (side, side). What lies beyond the border is mirrored in
        the image and `NOTHING` in the target.
    """
    taken = max(1, round(side / zoom))
    part = window(image, centre, taken), window(target, centre, taken, beyond=NOTHING)
    if taken == side:
        return part
    way = cv2.INTER_AREA if taken > side else cv2.INTER_LINEAR
    sides = (side, side)
    return cv2.resize(part[0], sides, interpolation=way), cv2.resize(
        part[1], sides, interpolation=cv2.INTER_NEAREST_EXACT
    )


def window(
    array: np.ndarray, centre: tuple[int, int], side: int, beyond: int | None = None
) -> np.ndarray:
    """A (side, side[, C]) window around a pixel; what lies beyond the border has a value, or is
    mirrored where none is given.
    """
    top, left = centre[0] - side // 2, centre[1] - side // 2
    height, width = array.shape[:2]
    rows = slice(max(0, top), max(0, top + side))
    columns = slice(max(0, left), max(0, left + side))
    inside = array[rows, columns]
    edges = (
        max(0, -top),
        max(0, top + side - height),
        max(0, -left),
        max(0, left + side - width),
    )
    if not any(edges):
        return inside
    if beyond is not None:
        return cv2.copyMakeBorder(inside, *edges, cv2.BORDER_CONSTANT, value=beyond)
    mirrored = cv2.BORDER_REFLECT if min(inside.shape[:2]) > 1 else cv2.BORDER_REPLICATE
    return cv2.copyMakeBorder(inside, *edges, mirrored)
