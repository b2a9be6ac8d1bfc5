"""The settings of the approaches of the table, apart from their code: so a mistyped one is told
before any learning library is imported.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, get_args

from pydantic import Field, field_validator

from approaches.base import Config
from approaches.network.config import Magnification, TrainingConfig

FeatureGroup: TypeAlias = Literal["colour", "contrast", "edges", "texture"]
FEATURE_GROUPS: tuple[FeatureGroup, ...] = get_args(FeatureGroup)
# of segmentation-models-pytorch
Architecture: TypeAlias = Literal[
    "unet",
    "unetplusplus",
    "manet",
    "linknet",
    "fpn",
    "pspnet",
    "deeplabv3",
    "deeplabv3plus",
    "pan",
    "upernet",
    "segformer",
    "dpt",
]
# of the table: known without asking the libraries, which take seconds to import
ENCODERS = (*(f"tu-tf_efficientnet_lite{n}" for n in range(3)), "resnet34", "mit_b2")


class PixelConfig(Config):
    """Settings of the pixel classifier."""

    # the coarsest sees about 128 px around a pixel, the length of a large butt
    scales: Annotated[int, Field(ge=1, le=10)] = 6
    feature_groups: Annotated[tuple[FeatureGroup, ...], Field(min_length=1)] = FEATURE_GROUPS
    most_images: Annotated[int, Field(ge=1)] = 1000  # of fit, and of tune, are sampled
    # half of them object, as far as there are as many
    pixels_per_image: Annotated[int, Field(ge=2)] = 800
    rounds: Annotated[int, Field(ge=1)] = 400
    learning_rate: Annotated[float, Field(ge=1e-6, le=1)] = 0.08
    leaves: Annotated[int, Field(ge=2, le=131072)] = 63
    min_leaf_pixels: Annotated[int, Field(ge=1)] = 100
    # rounds without a better log loss on tune; 0 trains all, and tune is not looked at
    patience: Annotated[int, Field(ge=0)] = 40

    @classmethod
    def smoke(cls) -> Self:
        """Enough to beat the floor within seconds."""
        return cls(scales=4, pixels_per_image=200, rounds=40, leaves=31)


class UNetConfig(TrainingConfig):
    """Width and depth of the U-Net, beside the training's settings."""

    # of the first level; each level below has twice as many
    base_channels: Annotated[int, Field(ge=1, le=1024)] = 16
    # whole images are padded to multiples of 32 px, which six levels can halve
    levels: Annotated[int, Field(ge=1, le=6)] = 5

    @classmethod
    def smoke(cls) -> Self:
        """A net of a few thousand weights."""
        return cls(
            crop_px=96, batch=8, evaluations=1, evaluated_images=8, base_channels=8, levels=4
        )


class SmpConfig(TrainingConfig):
    """Which network of segmentation-models-pytorch, beside the training's settings."""

    before_there_was: ClassVar[Mapping[str, Any]] = {
        **TrainingConfig.before_there_was,
        "decoder_width": 1.0,
    }

    architecture: Architecture = "unet"
    encoder: str = "tu-tf_efficientnet_lite0"
    pretrained: bool = True  # False begins from random weights, to see what pretraining gives
    # of the library's own numbers of channels
    decoder_width: Annotated[float, Field(ge=0.1, le=4)] = 1.0

    @field_validator("encoder")
    @classmethod
    def _encoder_is_known(cls, name: str) -> str:
        if name in ENCODERS:
            return name
        import segmentation_models_pytorch as smp
        import timm

        library, _, model = name.partition("-")
        known = smp.encoders.get_encoder_names()
        if not (timm.is_model(model) if library == "tu" else name in known):
            raise ValueError(
                "an encoder of segmentation_models_pytorch, such as resnet34 or mit_b0, or tu- "
                "and the name of a model of timm, such as tu-tf_efficientnet_lite0"
            )
        return name


class EnsembleConfig(Config):
    """How far the selection goes."""

    # a member drawn twice has twice the weight
    draws: Annotated[int, Field(ge=1)] = 8
    # of mean Dice on tune, for one more draw
    least_gain: Annotated[float, Field(ge=0, le=1)] = 0.0005
    # the same, for twice as many views, which take twice the time
    least_gain_of_views: Annotated[float, Field(ge=0, le=1)] = 0.002
    most_images: Annotated[int, Field(ge=1)] = 200  # of tune are looked at
    # flips and turns to average over, 1 to 8; 0 chooses 1, 2, 4 or 8 on tune
    views: Annotated[int, Field(ge=0, le=8)] = 0
    # at which each photo is predicted, averaged; with photos of the field, 1 may become 1 and 1.4
    scales: Annotated[tuple[Magnification, ...], Field(min_length=1)] = (1.0,)

    @classmethod
    def smoke(cls) -> Self:
        """Few draws on few images."""
        return cls(draws=3, most_images=8)


class RegionConfig(Config):
    """What is looked at again, and how far the trees go."""

    before_there_was: ClassVar[Mapping[str, Any]] = {"components": 0, "most_pixels": 1e6}

    # at which each image is predicted; without photos of the field the first alone, with them
    # the one or two that find most, tried in this order as far as larger ones pay
    scales: Annotated[tuple[Magnification, ...], Field(min_length=1)] = (
        *(1.0, 0.7, 0.5, 0.35),
        *(1.4, 2.0, 2.8),
    )
    least_gain: Annotated[float, Field(ge=0, le=1)] = 0.01  # of object F1, for more pixels
    # that a look predicts in all its scales and views, in photos at the scale of training
    most_pixels: Annotated[float, Field(ge=1)] = 9.0
    # of every pixel of a region, at one of the scales
    least_proba: Annotated[float, Field(gt=0, le=1)] = 0.5
    most_images: Annotated[int, Field(ge=1)] = 120  # of tune, and of fit without objects
    # with photos of the field, of what a network that has learned ImageNet sees in a region
    components: Annotated[int, Field(ge=0)] = 12
    folds: Annotated[int, Field(ge=2)] = 5  # of groups, each with trees of its own
    rounds: Annotated[int, Field(ge=1)] = 300
    learning_rate: Annotated[float, Field(ge=1e-6, le=1)] = 0.03
    leaves: Annotated[int, Field(ge=2, le=1024)] = 4
    min_leaf_regions: Annotated[int, Field(ge=1)] = 8

    @classmethod
    def smoke(cls) -> Self:
        """Few images, trees and scales."""
        return cls(most_images=8, folds=2, rounds=10, scales=(1.0, 2.0))
