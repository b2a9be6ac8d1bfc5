"""Training crops to look at: the same crops of a data set, changed by one idea of the augmentation
at a time. They come out of the stream that trains (`approaches.network.augment.Crops`), so that
nothing is shown that no network sees.
"""

from dataclasses import dataclass
from functools import partial
from typing import Required, TypedDict

import numpy as np

from approaches.network.augment import Crops
from common.data import DataSet

CROP_PX = 192
# places of the stream for each crop that is wanted, until enough of them show an object
LOOKED_AT = 8


class CropSettings(TypedDict, total=False):
    """Settings of `Crops` that decide how a crop is changed, not which one it is."""

    strength: Required[str]
    generated_share: float
    paste_share: float
    butt_share: float
    litter_share: float
    zoom: tuple[float, float]


@dataclass(frozen=True)
class Idea:
    """One way to change the crops.

    Attributes:
        settings: of `Crops`; what a training lays on a share of its crops is tried on all of
            these, and nothing else is changed then.
        answers: findings of the data analysis that it answers, with the numbers of their sections.
    """

    settings: CropSettings
    answers: str


IDEAS: dict[str, Idea] = {
    "none": Idea(
        {"strength": "none"}, "nothing; these are the pixels of the images, to compare with"
    ),
    "geometric": Idea(
        {"strength": "geometric"},
        "*Sizes* (5) and *Position, direction and shape* (8): objects lie at every angle "
        "and come at many sizes, and flips, turns and scaling make more of both from the few that "
        "there are",
    ),
    "photometric": Idea(
        {"strength": "photometric"},
        "*Colour* (6), *Contrast* (7) and *The photos are of another kind* (3): brightness, "
        "sharpness and noise of a photo need not be those of the training images; hue is shifted "
        "little, since colour is evidence",
    ),
    "full": Idea(
        {"strength": "full"},
        "the last two together: it is the default, with copy-paste on half of the crops",
    ),
    "copy-paste": Idea(
        {"strength": "none", "paste_share": 1.0},
        "*The leak* (1) and *The grounds repeat too* (2): an object that is seen on a few grounds "
        "alone is put on others",
    ),
    "generated butts": Idea(
        {"strength": "none", "butt_share": 1.0},
        "*The leak* (1): the number of groups, not of images, says how many different objects "
        "there are, and drawn ones never repeat",
    ),
    "distractors": Idea(
        {"strength": "none", "litter_share": 1.0},
        "*What the images show* (4) and *Colour* (6): a rule such as *lighter than the "
        "surroundings* takes along whatever else is light, and images with little litter do not "
        "punish that",
    ),
    "generated scene": Idea(
        {"strength": "none", "generated_share": 1.0},
        "*The leak* (1) and *The grounds repeat too* (2): objects and grounds are both new, "
        "though neither is real",
    ),
}


def example_crops(
    images: DataSet,
    settings: CropSettings,
    *,
    count: int = 4,
    crop_px: int = CROP_PX,
    seed: int = 0,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Crops under some settings; those of other settings with the same seed are the same crops,
    changed otherwise.

    Args:
        images: to crop from, such as *fit*.
        settings: of `Crops`, such as those of `IDEAS`; generated scenes have no crop in common
            with the images.
        count: of the crops.
        crop_px: their side.
        seed: decides which crops, and how each is changed.

    Returns:
        For each crop the image (crop_px, crop_px, 3) uint8 RGB and its mask (crop_px, crop_px)
        bool; ignored pixels are not in it.
    """
    stream = partial(
        Crops,
        images,
        crop_px=crop_px,
        object_share=1.0,
        seed=seed,
        epoch_length=LOOKED_AT * count,
    )
    plain, changed = stream(strength="none"), stream(**settings)
    places = sorted(range(LOOKED_AT * count), key=lambda place: not _drawn(plain, place)[1].any())[
        :count
    ]
    return [_drawn(changed, place) for place in places]


def _drawn(crops: Crops, place: int) -> tuple[np.ndarray, np.ndarray]:
    image, target = (tensor.numpy() for tensor in crops[place])  # (3, crop, crop), (1, crop, crop)
    return np.ascontiguousarray(image.transpose(1, 2, 0)), target[0] == 1
