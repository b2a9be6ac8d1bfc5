import json

import albumentations as A  # noqa: N812 - the name that its documentation uses
import pytest

from approaches.network.augment import CropAffine, described
from approaches.network.met_in_training import in_training_augmentation
from common.analysis.corruptions import CORRUPTIONS

NAMES = tuple(CORRUPTIONS)


def stored_form(*transforms) -> list[dict]:
    return [json.loads(json.dumps(transform.to_dict()["transform"])) for transform in transforms]


def test_what_the_training_here_shows_is_recognised():
    full = json.loads(json.dumps(described("full", 64)))
    assert in_training_augmentation(full) == set(NAMES) - {"shadow"}
    assert in_training_augmentation(described("geometric", 64)) == {"scale"}
    assert in_training_augmentation(described("photometric", 64)) == set(NAMES) - {
        "shadow",
        "scale",
    }
    assert in_training_augmentation(described("none", 64)) == in_training_augmentation([]) == set()


@pytest.mark.parametrize(
    ("transform", "met"),
    [
        (A.GaussNoise(), {"noise"}),
        (A.ImageCompression(), {"jpeg"}),
        (A.RandomBrightnessContrast(), {"brightness", "contrast"}),
        (A.RandomBrightnessContrast(brightness_limit=0.0), {"contrast"}),
        (A.OneOf([A.Sequential([A.MotionBlur()]), A.RandomShadow()]), {"blur", "shadow"}),
        (A.ColorJitter(), {"brightness", "contrast", "colour_cast"}),
        (A.ColorJitter(brightness=0, contrast=0, saturation=0), {"colour_cast"}),
        (A.HueSaturationValue(val_shift_limit=0), {"colour_cast"}),
        (A.HueSaturationValue(0, 0, 20), {"brightness"}),
        (A.Affine(scale=(0.7, 1.2)), {"scale"}),
        (A.Affine(scale=(1.0, 1.5)), set()),
        (A.Affine(rotate=(-10, 10)), set()),
        (A.RandomScale((-0.3, 0.1)), {"scale"}),
        (A.Affine(scale=0.5), {"scale"}),
        (CropAffine(64, scale=0.5), {"scale"}),
        (A.GaussNoise(p=0.0), set()),
        (A.OneOf([A.GaussNoise()], p=0.0), set()),
        (A.HorizontalFlip(), set()),
    ],
    ids=lambda value: (
        "+".join(sorted(value)) or "nothing" if isinstance(value, set) else type(value).__name__
    ),
)
def test_a_transform_is_known_by_what_it_does(transform, met):
    assert in_training_augmentation(stored_form(transform)) == met


def test_a_setting_that_is_not_told_counts():
    assert in_training_augmentation([{"__class_fullname__": "some.package.Affine"}]) == {"scale"}
