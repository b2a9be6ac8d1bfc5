"""Losses of binary segmentation, by name, from segmentation-models-pytorch. All leave out pixels
that teach nothing, and all survive crops without an object.
"""

from collections.abc import Callable

import segmentation_models_pytorch as smp
import torch
from torch import nn

from approaches.network.config import Loss

NOTHING = 255  # target value of pixels that are ignored


class _Sum(nn.Module):
    def __init__(self, *parts: nn.Module):
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return torch.stack([part(logits, target) for part in self.parts]).sum()


def _bce() -> nn.Module:
    return smp.losses.SoftBCEWithLogitsLoss(ignore_index=NOTHING)


def _dice() -> nn.Module:
    return smp.losses.DiceLoss(mode="binary", smooth=1.0, ignore_index=NOTHING)


LOSSES: dict[Loss, Callable[[], nn.Module]] = {
    "bce": _bce,
    "dice": _dice,  # alone it learns nothing from a batch without an object
    "bce_dice": lambda: _Sum(_bce(), _dice()),
    "focal_tversky": lambda: smp.losses.TverskyLoss(
        mode="binary", alpha=0.3, beta=0.7, gamma=4 / 3, smooth=1.0, ignore_index=NOTHING
    ),
    "bce_lovasz": lambda: _Sum(
        _bce(), smp.losses.LovaszLoss(mode="binary", per_image=False, ignore_index=NOTHING)
    ),
}


def build_loss(name: str) -> nn.Module:
    """A loss that takes logits (B, 1, H, W) and a float target (B, 1, H, W) of 0, 1 or `NOTHING`.

    Raises:
        ValueError: an unknown name; the message lists the known ones.
    """
    if name not in LOSSES:
        raise ValueError(f"there is no loss {name!r}; there are {', '.join(LOSSES)}.")
    return LOSSES[name]()
