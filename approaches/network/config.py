"""The settings that the training of any network has, with what is allowed for each."""

from dataclasses import dataclass
from typing import Self

from approaches.base import Config, ConfigError, bounded, chosen
from approaches.network.augment import STRENGTHS, ZOOM
from approaches.network.inference import PRECISIONS
from approaches.network.losses import LOSSES


@dataclass(frozen=True)
class TrainingConfig(Config):
    """What training any network depends on."""

    crop_px: int = bounded(192, 32, 4096)
    input_scale: float = bounded(
        1.0, 0.1, 4
    )  # at which the network sees an image; logits are brought back to its size
    batch: int = bounded(16, 2, 4096)
    learning_rate: float = bounded(1e-3, 1e-9)
    loss: str = chosen("bce_dice", LOSSES)
    augmentation: str = chosen("full", STRENGTHS)
    object_share: float = bounded(0.8, 0, 1)  # of the crops lie near an object, the rest anywhere
    zoom: tuple = bounded(
        ZOOM, 0.1, 10
    )  # least and greatest magnification of the geometric augmentation
    generated_share: float = bounded(
        0.0, 0, 1
    )  # of the crops show generated scenes instead of the user's images
    paste_share: float = bounded(
        0.0, 0, 1
    )  # of the crops get an object of another image laid on them
    butt_share: float = bounded(0.0, 0, 1)  # of the crops get generated butts laid on them
    litter_share: float = bounded(
        0.0, 0, 1
    )  # of the crops get generated things laid on them that are no butts
    average_share: float = bounded(
        0.05, 0, 1
    )  # of all steps is the averaged weights' memory; 0 keeps the raw ones
    precision: str = chosen("auto", ("auto", *PRECISIONS))
    evaluations: int = bounded(4, 1, 1000)  # on tune, over the second half
    evaluated_images: int = bounded(32, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.zoom) != 2 or self.zoom[0] > self.zoom[1]:
            raise ConfigError(
                f"zoom={self.zoom} is not allowed; expected the least and the greatest "
                "magnification."
            )
        if self.crop_px % 32 and self.input_scale == 1:
            raise ConfigError(
                f"crop_px={self.crop_px} is not allowed; expected a multiple of 32, which "
                "networks halve."
            )

    @classmethod
    def smoke(cls) -> Self:
        """Small crops and batches."""
        return cls(crop_px=96, batch=8, evaluations=1, evaluated_images=8)
