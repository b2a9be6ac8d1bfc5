"""What a network that has learned ImageNet sees in a region: its last features in the middle of a
crop around the region, and their principal components, of which trees can learn from few examples.

Source: A. Sharif Razavian et al., CNN Features off-the-shelf: an Astounding Baseline for
Recognition, CVPR Workshops 2014.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import timm
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from torch import nn

from approaches.network.packaged import PACKAGED, load_packaged
from common.files import write_whole

ENCODER = "tf_efficientnet_lite0"  # its weights come with a package
STAGES = (3, 4)  # the last two
CROP_PX = 128
AROUND = 2.0  # of the longer side of a region is the side of its crop
LEAST_SIDE_PX = 24
BATCH = 32
SMALL = 1e-6


@torch.inference_mode()
def pooled_features(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The means of the features over the middle of a crop and its mirror image.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (n, 4) int of regions: left, top, width and height in pixels.

    Returns:
        (n, n_features) float32.

    Raises:
        RequirementMissingError: the package with the weights is not installed.
    """
    encoder, mean, std = _encoder()
    rows = [np.zeros((0, sum(encoder.feature_info.channels())), np.float32)]
    for first in range(0, len(boxes), BATCH):
        some = boxes[slice(first, first + BATCH)].tolist()
        crops = np.stack([_crop(image, *box) for box in some])
        seen = torch.from_numpy(crops.transpose(0, 3, 1, 2)).float() / 255
        seen = (seen - mean) / std
        both = torch.cat([seen, seen.flip(3)]).contiguous(memory_format=torch.channels_last)
        pooled = torch.cat([_middle(one).mean((2, 3)) for one in encoder(both)], dim=1)
        rows.append(pooled.view(2, len(crops), -1).mean(dim=0).numpy())
    return np.concatenate(rows)


@cache
def _encoder() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """The network, and the mean and deviation it was trained with."""
    network = timm.create_model(ENCODER, features_only=True, out_indices=STAGES)
    load_packaged(network, PACKAGED[f"tu-{ENCODER}"])
    known = timm.get_pretrained_cfg(ENCODER)
    mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (known.mean, known.std))
    return network.eval().to(memory_format=torch.channels_last), mean, std


def encoder_parameters() -> int:
    """How many the network has."""
    return sum(one.numel() for one in _encoder()[0].parameters())


def _crop(image: np.ndarray, left: int, top: int, width: int, height: int) -> np.ndarray:
    """The surroundings of a region, mirrored beyond the image's border, (CROP_PX, CROP_PX, 3)."""
    side = max(LEAST_SIDE_PX, round(AROUND * max(width, height)))
    factor = CROP_PX / side
    middle = np.array([left + width / 2, top + height / 2])
    if factor < 1:
        # its corner at the image's border, where that is near, so that it mirrors alike
        first = np.maximum(0, (middle - side).astype(int))
        columns, rows = (slice(one, one + 2 * side) for one in first.tolist())
        image = cv2.GaussianBlur(image[rows, columns], (0, 0), 0.4 / factor)
        middle -= first
    shift = CROP_PX / 2 - factor * middle
    moved = np.array([[factor, 0, shift[0]], [0, factor, shift[1]]])
    return cv2.warpAffine(image, moved, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REFLECT_101)


def _middle(features: torch.Tensor) -> torch.Tensor:
    """The inner half of square feature maps (B, C, h, h)."""
    edge = features.shape[-1] // 4
    inner = slice(edge, features.shape[-1] - edge)
    return features[..., inner, inner]


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components of standardised features.

    Attributes:
        mean: (n_features,) float32.
        axes: (n_features, n) float32, to be multiplied with what differs from the mean.
    """

    mean: np.ndarray
    axes: np.ndarray

    @classmethod
    def fit(cls, rows: np.ndarray, count: int) -> Self:
        """Those along which rows (n, n_features) float32 vary most, as many as there are."""
        mean, deviation = rows.mean(axis=0), rows.std(axis=0) + SMALL
        _, _, axes = np.linalg.svd((rows - mean) / deviation, full_matrices=False)
        return cls(mean, (axes[:count] / deviation).T.astype(np.float32))

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The components (n, n_components) float32 of rows (n, n_features)."""
        return (rows - self.mean) @ self.axes

    def save(self, path: Path) -> None:
        """Write them as safetensors."""
        write_whole(path, save({"mean": self.mean, "axes": np.ascontiguousarray(self.axes)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; OSError where the file is not that."""
        try:
            return cls(**load_file(path))
        except (SafetensorError, TypeError) as error:
            raise OSError(f"{path} does not hold the components that were stored") from error
