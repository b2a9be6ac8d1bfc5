"""The settings that the training of any network has, with what is allowed for each."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from approaches.base import Config, ConfigError

Loss: TypeAlias = Literal["bce", "dice", "bce_dice", "focal_tversky", "bce_lovasz"]
Strength: TypeAlias = Literal["none", "geometric", "photometric", "full"]
Precision: TypeAlias = Literal["float32", "bfloat16", "float16"]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Magnification: TypeAlias = Annotated[float, Field(ge=0.1, le=10)]
ZOOM = (0.35, 1.5)


class TrainingConfig(Config):
    """What training any network depends on."""

    before_there_was: ClassVar[Mapping[str, Any]] = {"background_share": None}

    crop_px: Annotated[int, Field(ge=32, le=4096)] = 192
    # at which the network sees an image; logits are brought back to its size
    input_scale: Annotated[float, Field(ge=0.1, le=4)] = 1.0
    batch: Annotated[int, Field(ge=2, le=4096)] = 16
    learning_rate: Annotated[float, Field(ge=1e-9)] = 1e-3
    loss: Loss = "bce_dice"
    augmentation: Strength = "full"
    object_share: Share = 0.8  # of the crops lie near an object, the rest anywhere
    # least and greatest magnification of the geometric augmentation
    zoom: tuple[Magnification, Magnification] = ZOOM
    generated_share: Share = 0.0  # of the crops show generated scenes, not the user's images
    # of the crops are taken from images without any object, if there are enough of these; None:
    # as often as from the others
    background_share: Share | None = 0.3
    # of the crops are taken from what is learned of a field, and of the objects that are laid on
    # crops, if there is any and enough of it; 0 draws it as often as images of `train`
    field_share: Share = 0.2
    # of the crops from images without any object lie where the network, after the first half of
    # its training, saw one
    hard_share: Share = 0.0
    paste_share: Share = 0.5  # of the crops get objects of other images laid on them
    butt_share: Share = 0.0  # of the crops get generated butts laid on them
    litter_share: Share = 0.0  # of the crops get generated things laid on them that are no butts
    average_share: Share = 0.05  # of all steps is the averaged weights' memory; 0: the raw ones
    precision: Literal["auto", Precision] = "auto"
    evaluations: Annotated[int, Field(ge=1, le=1000)] = 4  # on tune, over the second half
    evaluated_images: Annotated[int, Field(ge=1)] = 32

    @field_validator("zoom")
    @classmethod
    def _zoom_is_ordered(cls, zoom: tuple[float, float]) -> tuple[float, float]:
        if zoom[0] > zoom[1]:
            raise ValueError("the least and the greatest magnification")
        return zoom

    @model_validator(mode="after")
    def _crops_can_be_halved(self) -> Self:
        if self.crop_px % 32 and self.input_scale == 1:
            raise ConfigError(
                f"crop_px={self.crop_px} is not allowed; expected a multiple of 32, which "
                "networks halve."
            )
        return self

    @classmethod
    def smoke(cls) -> Self:
        """Small crops and batches."""
        return cls(crop_px=96, batch=8, evaluations=1, evaluated_images=8)
