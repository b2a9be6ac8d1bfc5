"""A U-Net from scratch: contracting path, expanding path, and skip connections between them.

Source: O. Ronneberger, P. Fischer, T. Brox, U-Net: Convolutional Networks for Biomedical Image
Segmentation, 2015. As is usual today, convolutions are padded (the output has the input's size)
and followed by batch normalisation.
"""

import torch
from torch import nn

from approaches.configs import UNetConfig
from approaches.network.approach import NetworkApproach


def double_convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with batch normalisation and ReLU: (B, in, H, W) → (B, out, H,
    W).
    """
    layers: list[nn.Module] = []
    for source in (channels_in, channels_out):
        layers += [
            nn.Conv2d(source, channels_out, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """The network: (B, 3, H, W) → logits (B, 1, H, W), H and W multiples of 2 ** (levels - 1)."""

    def __init__(self, base_channels: int, levels: int):
        super().__init__()
        widths = [base_channels * 2**level for level in range(levels)]
        self.encoder = nn.ModuleList(
            double_convolution(source, width)
            for source, width in zip([3, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(below, width, kernel_size=2, stride=2)
            for below, width in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.decoder = nn.ModuleList(
            double_convolution(2 * width, width) for width in widths[-2::-1]
        )
        self.segmentation_head = nn.Conv2d(base_channels, 1, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of a normalised batch."""
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(
                x if level == 0 else self.pool(x)
            )  # (B, base * 2**level, H / 2**level, W / 2**level)
            skips.append(x)
        skips.pop()
        for up, block in zip(self.up, self.decoder, strict=True):
            x = block(torch.cat([skips.pop(), up(x)], dim=1))  # twice the size, half the channels
        return self.segmentation_head(x)  # (B, 1, H, W)


class UNetFromScratch(NetworkApproach[UNetConfig]):
    """The U-Net of this file, trained on the user's images alone."""

    def build_network(self, *, pretrained: bool) -> nn.Module:
        """Random weights, from torch's current seed; there are no others."""
        return UNet(self.config.base_channels, self.config.levels)
