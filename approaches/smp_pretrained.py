"""Networks of segmentation-models-pytorch whose encoder was trained on ImageNet: one class, an architecture and an
encoder by configuration.
"""

from dataclasses import dataclass, replace

import segmentation_models_pytorch as smp
import timm
from torch import nn

from approaches.base import ConfigError, Traits, chosen
from approaches.network import MEAN, STD, NetworkApproach
from approaches.training_config import TrainingConfig
from approaches.weights import pretrained_network


@dataclass(frozen=True)
class SmpConfig(TrainingConfig):
    """Which network, beside the training's settings."""

    architecture: str = chosen("unet", smp.MODEL_ARCHITECTURES_MAPPING)
    encoder: str = "tu-tf_efficientnet_lite0"
    pretrained: bool = True  # False begins from random weights, to see what pretraining gives

    def __post_init__(self):
        super().__post_init__()
        library, _, model = self.encoder.partition("-")
        if not (timm.is_model(model) if library == "tu" else self.encoder in smp.encoders.get_encoder_names()):
            raise ConfigError(
                f"encoder={self.encoder!r} is not allowed; expected an encoder of segmentation_models_pytorch, such as "
                "resnet34 or mit_b0, or tu- and the name of a model of timm, such as tu-tf_efficientnet_lite0."
            )


class SmpPretrained(NetworkApproach):
    """A decoder with random first weights on a pretrained encoder; both are trained."""

    Config = SmpConfig

    @property
    def traits(self) -> Traits:
        """Trained on all processes, from ImageNet weights."""
        return replace(super().traits, pretrained_on="ImageNet" if self.config.pretrained else "")

    def build_network(self, *, pretrained: bool) -> nn.Module:
        """The network of the config; RequirementMissingError where ImageNet weights are asked for and cannot be had."""
        architecture, encoder = self.config.architecture, self.config.encoder
        if pretrained and self.config.pretrained:
            return pretrained_network(architecture, encoder)
        return smp.create_model(architecture, encoder, encoder_weights=None, classes=1)

    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation with which the encoder was trained."""
        if not self.config.encoder.startswith("tu-"):
            return MEAN, STD
        known = timm.get_pretrained_cfg(self.config.encoder.removeprefix("tu-"))
        return tuple(known.mean), tuple(known.std)
