"""Networks of segmentation-models-pytorch whose encoder was trained on ImageNet: one class, an architecture and an
encoder by configuration.
"""

from dataclasses import dataclass, replace

import segmentation_models_pytorch as smp
import timm
from torch import nn

from approaches.base import Traits
from approaches.network import MEAN, STD, NetworkApproach
from approaches.training import TrainingConfig
from approaches.weights import pretrained_network


@dataclass(frozen=True)
class SmpConfig(TrainingConfig):
    """Which network, beside the training's settings."""

    architecture: str = "unet"
    encoder: str = "tu-tf_efficientnet_lite0"
    pretrained: bool = True  # False begins from random weights, to see what pretraining gives


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
