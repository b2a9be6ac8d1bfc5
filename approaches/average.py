"""The average of a network's weights over the last steps, which predicts better than the weights of any one step."""

import torch
from torch import nn


class Average:
    """Exponential moving average of a network's weights and statistics, in float32."""

    def __init__(self, network: nn.Module, memory_steps: float):
        self.state = {key: value.detach().clone() for key, value in network.state_dict().items()}
        self.memory_steps, self.updates = memory_steps, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights of one more step; early steps are forgotten faster."""
        self.updates += 1
        share = 1 / (1 + min(self.memory_steps, self.updates / 5))
        for key, value in network.state_dict().items():
            if value.is_floating_point() and self.memory_steps > 0:
                self.state[key].lerp_(value, share)
            else:
                self.state[key].copy_(value)
