"""Which corruptions a network has met in its training augmentation, so that standing them proves
less.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from approaches.network.config import TrainingConfig
from common.analysis.corruptions import CORRUPTIONS

# Transforms of albumentations that show a corruption whatever their settings.
ALWAYS: dict[str, tuple[str, ...]] = {
    "noise": (
        "GaussNoise",
        "ISONoise",
        "ShotNoise",
        "AdditiveNoise",
        "MultiplicativeNoise",
        "SaltAndPepper",
    ),
    "blur": tuple(
        "Blur GaussianBlur MedianBlur MotionBlur AdvancedBlur GlassBlur ZoomBlur Defocus "
        "Downscale".split()
    ),
    "jpeg": ("ImageCompression",),
    "brightness": ("RandomGamma", "RandomToneCurve", "PlasmaBrightnessContrast", "Illumination"),
    "contrast": (
        "RandomToneCurve",
        "PlasmaBrightnessContrast",
        "CLAHE",
        "Equalize",
        "AutoContrast",
        "RandomFog",
    ),
    "colour_cast": (
        "ISONoise",
        "RGBShift",
        "PlanckianJitter",
        "ToSepia",
        "FancyPCA",
        "ChannelShuffle",
    ),
    "shadow": ("RandomShadow", "PlasmaShadow", "Illumination"),
}
# Transforms that show one only where a setting, a number or ranges, departs from the value that
# changes nothing.
BY_SETTING: dict[str, dict[str, tuple[str, float]]] = {
    "RandomBrightnessContrast": {
        "brightness_limit": ("brightness", 0),
        "contrast_limit": ("contrast", 0),
    },
    "ColorJitter": {
        "brightness": ("brightness", 1),
        "contrast": ("contrast", 1),
        "saturation": ("colour_cast", 1),
        "hue": ("colour_cast", 0),
    },
    "HueSaturationValue": {
        "hue_shift_limit": ("colour_cast", 0),
        "sat_shift_limit": ("colour_cast", 0),
        "val_shift_limit": ("brightness", 0),
    },
    "Affine": {"scale": ("scale", 1)},
    # of `approaches.network.augment`
    "CropAffine": {"scale": ("scale", 1)},
    "Zoom": {"scale": ("scale", 1)},
    "ShiftScaleRotate": {"scale_limit": ("scale", 0)},
    "RandomScale": {"scale_limit": ("scale", 0)},
}


def in_training_augmentation(described: Sequence[Mapping[str, Any]]) -> set[str]:
    """Which corruptions an approach has met in training, so that standing them proves less.

    Args:
        described: transforms of albumentations as a record keeps them, each with
            `__class_fullname__`, `p`, its settings and perhaps further `transforms` inside. Empty
            for an approach without augmentation.

    Returns:
        Names of `CORRUPTIONS`. Related is enough: turned or paled colours count as a colour cast,
        a gamma as brightness, shake as a blur. What has `p` 0, changes nothing, or only enlarges
        does not count; a setting that is not given does.
    """
    met: set[str] = set()
    for step in described:
        if step.get("p", 1) == 0:
            continue
        kind = kind_of(step)
        met |= {name for name, kinds in ALWAYS.items() if kind in kinds}
        met |= in_training_augmentation(step.get("transforms") or ())
        for setting, (name, neutral) in BY_SETTING.get(kind, {}).items():
            values = _numbers(step.get(setting))
            # Only what makes objects smaller is the corruption of that name.
            met |= (
                {name}
                if any(
                    value < neutral or (value > neutral and name != "scale") for value in values
                )
                else set()
            )
    return met


def kind_of(step: Mapping[str, Any]) -> str:
    """The name of a stored transform's class, without the modules that it lies in; "" where it is
    not told.
    """
    return str(step.get("__class_fullname__", "")).rpartition(".")[2]


def _numbers(setting: Any) -> list[float]:
    """All numbers of a setting: one, a range, or a range for each axis; minus infinity where it is
    not told.
    """
    if setting is None:
        return [-np.inf]
    if isinstance(setting, Mapping):
        setting = list(setting.values())
    if isinstance(setting, Sequence):
        return [number for part in setting for number in _numbers(part)]
    return [float(setting)]


def corruptions_met(config: TrainingConfig, notes: Mapping[str, Any]) -> list[str]:
    """The corruptions that a network has met in training, so that standing them proves less.

    Args:
        config: of the network.
        notes: of its fit.

    Returns:
        Names of `CORRUPTIONS`: those of the augmentation (see `in_training_augmentation`), and all
        of them where generated scenes were among the crops, since these differ in exposure,
        contrast, white balance, focus, grain, shadow, compression and distance
        (`common/sample/camera.py`).
    """
    if config.generated_share:
        return sorted(CORRUPTIONS)
    return sorted(in_training_augmentation(notes.get("augmentation", ())))
