"""Networks of segmentation-models-pytorch whose encoder was trained on ImageNet: one class, an
architecture and an encoder by configuration.
"""

import inspect
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
import timm
from torch import nn

from approaches.base import RequirementMissingError, Traits
from approaches.configs import SmpConfig
from approaches.network.approach import MEAN, STD, NetworkApproach
from approaches.network.packaged import PACKAGED, load_packaged


class SmpPretrained(NetworkApproach[SmpConfig]):
    """A decoder with random first weights on a pretrained encoder; both are trained."""

    normalised_by = "those of the encoder's first training"

    @property
    def traits(self) -> Traits:
        """Trained on all processes, from ImageNet weights."""
        return replace(super().traits, pretrained_on="ImageNet" if self.config.pretrained else "")

    def build_network(self, *, pretrained: bool) -> nn.Module:
        """The network of the config; RequirementMissingError where ImageNet weights are asked for
        and cannot be had.
        """
        config = self.config
        widths = decoder_widths(config.architecture, config.decoder_width)
        if pretrained and config.pretrained:
            return pretrained_network(config.architecture, config.encoder, **widths)
        return smp.create_model(
            config.architecture, config.encoder, encoder_weights=None, classes=1, **widths
        )

    def save_native(self, folder: Path) -> str:
        """Write the network by smp's own `save_pretrained`; see `Approach.save_native`."""
        network = self.network_.network
        network.config["encoder_weights"] = None  # the encoder's are in the file; load no others
        network.save_pretrained(folder)
        (folder / "README.md").unlink()  # smp's own, which claims a licence that is not known
        mean, std = self.normalisation()
        return (
            f"`{folder.name}/` is the network in the form of segmentation-models-pytorch: "
            f'`smp.from_pretrained("{folder.name}")`. It takes (B, 3, H, W) float32 of RGB / 255 '
            f"normalised by the mean {mean} and standard deviation {std}, H and W multiples of "
            f"{self.divisor}, and gives logits (B, 1, H, W). It saw images at "
            f"{self.config.input_scale:g} times their size."
        )

    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation with which the encoder was trained."""
        if not self.config.encoder.startswith("tu-"):
            return MEAN, STD
        known = timm.get_pretrained_cfg(self.config.encoder.removeprefix("tu-"))
        return tuple(known.mean), tuple(known.std)


# the settings of smp's architectures that say how wide the decoder is
WIDTHS = (
    "decoder_channels",
    "decoder_pyramid_channels",
    "decoder_segmentation_channels",
    "psp_out_channels",
)


def decoder_widths(architecture: str, width: float) -> dict[str, Any]:
    """The channels of a decoder that is narrower or wider than the library's own.

    Args:
        architecture: a name of `smp.create_model`.
        width: factor to the library's numbers of channels, of which each stays a multiple of 32,
            or of 16 below 32, as groups of normalisation need it.

    Returns:
        Arguments for `smp.create_model`; none where the width is 1, or the decoder has no such
        setting.
    """
    if width == 1:
        return {}
    kind = smp.MODEL_ARCHITECTURES_MAPPING[architecture]
    usual = {
        name: parameter.default
        for name, parameter in inspect.signature(kind).parameters.items()
        if name in WIDTHS
    }

    def scaled(channels: int) -> int:
        unit = 32 if channels * width >= 32 else 16
        return max(1, round(channels * width / unit)) * unit

    return {
        name: scaled(value) if isinstance(value, int) else tuple(scaled(part) for part in value)
        for name, value in usual.items()
    }


def pretrained_network(architecture: str, encoder: str, **widths: Any) -> nn.Module:
    """An smp network whose encoder has its ImageNet weights.

    Args:
        architecture: a name of `smp.create_model`, such as "unet" or "deeplabv3plus".
        encoder: an encoder's name there, such as "resnet34" or "tu-tf_efficientnet_lite0".
        widths: of the decoder, see `decoder_widths`.

    Raises:
        RequirementMissingError: the weights cannot be had here.
    """
    create = partial(smp.create_model, architecture, encoder, classes=1, **widths)
    network = create(encoder_weights=None)  # a wrong name is told as such
    if encoder in PACKAGED:
        load_packaged(network.encoder.model, PACKAGED[encoder])
        return network
    try:
        return create(encoder_weights="imagenet")
    except Exception as error:
        raise RequirementMissingError(
            f"the ImageNet weights of {encoder} could not be downloaded ({type(error).__name__}); "
            "connect to the network once, or choose an approach whose weights come with a package "
            "(see --list)"
        ) from error
