"""Whole images of any size through a network that wants multiples of some number: padding, tiles
and number format.

Training and prediction both come through this file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import nn

from common.geometry import crop_back, pad_to_multiple, tiled

_exactly: ContextVar[bool] = ContextVar("exactly", default=False)
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def fast_precision(device: torch.device) -> torch.dtype:
    """The number format that is faster than float32 on a device of this kind, else float32.

    That is bfloat16 where the processor or GPU computes in it, and float16 on older GPUs.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    # torch has no public question for it
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    if device.type == "cpu" and any(getattr(torch.cpu, name, bool)() for name in asked):
        return torch.bfloat16
    return torch.float32


@contextmanager
def in_float32() -> Iterator[None]:
    """Predict in float32 in this block, whatever is faster: to be compared with what computes in
    it.
    """
    token = _exactly.set(True)
    try:
        yield
    finally:
        _exactly.reset(token)


@torch.inference_mode()
def predict_whole(network: nn.Module, image: np.ndarray, divisor: int) -> np.ndarray:
    """Probabilities (H, W) float32 of an image (H, W, 3) uint8 of any size."""
    return tiled(lambda tile: predict_tile(network, tile, divisor), image)


def predict_tile(network: nn.Module, image: np.ndarray, divisor: int) -> np.ndarray:
    """Probabilities (H, W) float32 of an image that fits into memory at once."""
    device = next(network.parameters()).device
    padded, crop = pad_to_multiple(image, divisor)
    batch = torch.from_numpy(np.array(padded.transpose(2, 0, 1)))[None].to(
        device
    )  # (1, 3, H', W')
    precision = torch.float32 if _exactly.get() else fast_precision(device)
    with torch.autocast(device.type, precision, enabled=precision != torch.float32):
        logits = network(batch.contiguous(memory_format=torch.channels_last))  # (1, 1, H', W')
    proba = logits.float().sigmoid()[0, 0].cpu().numpy()
    return np.ascontiguousarray(crop_back(proba, crop))
