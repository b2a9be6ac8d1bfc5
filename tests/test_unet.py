import pytest
import torch

from approaches.unet import UNet


@pytest.mark.parametrize(("base", "levels", "side"), [(4, 3, 16), (8, 5, 32)])
def test_logits_have_the_size_of_the_input(base, levels, side):
    assert UNet(base, levels)(torch.zeros(2, 3, side, 2 * side)).shape == (2, 1, side, 2 * side)


def test_the_skip_connections_carry_detail():
    torch.manual_seed(0)
    network = UNet(4, 4).eval()
    picture = torch.zeros(1, 3, 32, 32)
    changed = picture.clone()
    changed[0, :, 5, 7] = 3
    difference = (network(changed) - network(picture)).abs()[0, 0]
    assert int(difference.argmax()) in {
        row * 32 + column for row in range(3, 8) for column in range(5, 10)
    }


def test_parameters_of_the_paper():
    """The paper's net has 31.0 million weights (64 channels at the top, five levels)."""
    count = sum(parameter.numel() for parameter in UNet(64, 5).parameters())
    assert 30.9e6 < count < 31.2e6


def test_every_weight_is_reached_by_the_gradient():
    network = UNet(4, 3)
    network(torch.randn(2, 3, 16, 16)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
