"""Whole images of any size through a network that wants multiples of some number: padding, tiles and number format,
here alone. Training and prediction both come through this file.
"""

import numpy as np
import torch
from torch import nn

from common.geometry import crop_back, pad_to_multiple

TILE_PX, OVERLAP_PX = 1536, 192  # larger photos are predicted in tiles, so that memory does not grow with them


def fast_precision(device: torch.device) -> torch.dtype:
    """The number format that is faster than float32 on a device of this kind, else float32.

    That is bfloat16 where the processor or GPU computes in it, and float16 on older GPUs.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu" and (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()):
        return torch.bfloat16
    return torch.float32


@torch.inference_mode()
def predict_whole(network: nn.Module, image: np.ndarray, divisor: int) -> np.ndarray:
    """Probabilities (H, W) float32 of an image (H, W, 3) uint8 of any size."""
    height, width = image.shape[:2]
    if max(height, width) <= TILE_PX:
        return predict_tile(network, image, divisor)
    total, weight = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for top in tile_starts(height):
        for left in tile_starts(width):
            part = np.s_[top : top + TILE_PX, left : left + TILE_PX]
            proba = predict_tile(network, image[part], divisor)
            share = np.minimum.outer(ramp(proba.shape[0]), ramp(proba.shape[1]))
            total[part] += proba * share
            weight[part] += share
    return total / weight


def tile_starts(size: int) -> list[int]:
    """First pixels of tiles that cover `size` pixels and overlap by at least `OVERLAP_PX`."""
    last = max(0, size - TILE_PX)
    count = -(-last // (TILE_PX - OVERLAP_PX)) + 1
    return [round(start) for start in np.linspace(0, last, count)]


def ramp(size: int) -> np.ndarray:
    """Weights (size,) float32 in (0, 1] that fall towards both ends of a tile."""
    position = np.arange(size, dtype=np.float32)
    return np.minimum(1, (np.minimum(position, position[::-1]) + 1) / OVERLAP_PX)


def predict_tile(network: nn.Module, image: np.ndarray, divisor: int) -> np.ndarray:
    """Probabilities (H, W) float32 of an image that fits into memory at once."""
    device = next(network.parameters()).device
    padded, crop = pad_to_multiple(image, divisor)
    batch = torch.from_numpy(np.array(padded.transpose(2, 0, 1)))[None].to(device)  # (1, 3, H', W')
    precision = fast_precision(device)
    with torch.autocast(device.type, precision, enabled=precision != torch.float32):
        logits = network(batch.contiguous(memory_format=torch.channels_last))  # (1, 1, H', W')
    proba = logits.float().sigmoid()[0, 0].cpu().numpy()
    return np.ascontiguousarray(crop_back(proba, crop))
