from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from approaches.network.inference import predict_whole
from common import geometry as tiles
from common.geometry import ramp, tile_spans


class RedShare(nn.Module):
    """Logits that follow the red channel, so that the right answer is known at every pixel."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1 / 50))

    def forward(self, images):
        return (images[:, :1].float() - 128) * self.scale


def image(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def expected(picture):
    return 1 / (1 + np.exp(-(picture[..., 0].astype(np.float64) - 128) / 50))


@pytest.mark.parametrize("shape", [(1, 1), (17, 31), (64, 64), (70, 45)])
def test_any_size_comes_back_at_its_own_size(shape):
    proba = predict_whole(RedShare(), image(*shape), 32)
    assert proba.shape == shape and proba.dtype == np.float32
    np.testing.assert_allclose(proba, expected(image(*shape)), atol=0.01)


def test_tiles_give_what_one_piece_gives(monkeypatch):
    picture = image(150, 233)
    whole = predict_whole(RedShare(), picture, 32)
    monkeypatch.setattr(tiles, "TILE_PX", 96)
    monkeypatch.setattr(tiles, "OVERLAP_PX", 16)
    np.testing.assert_allclose(predict_whole(RedShare(), picture, 32), whole, atol=1e-5)


@pytest.mark.parametrize("size", [1, 1536, 1537, 2150, 2800, 4000, 9000])
def test_tiles_cover_every_pixel_and_overlap_no_more_than_they_must(size):
    spans = tile_spans(size)
    sides = [span.stop - span.start for span in spans]
    assert spans[0].start == 0 and spans[-1].stop == size and max(sides) <= tiles.TILE_PX
    for before, after in pairwise(spans):
        shared = before.stop - after.start
        assert tiles.OVERLAP_PX <= shared <= tiles.OVERLAP_PX + 2 * tiles.STEP_PX + 1
    assert ramp(5).min() > 0
