"""What makes a training step cheaper: `python tests/benchmarks/training_speed.py`.

It times steps of a U-Net on EfficientNet-Lite0 at random weights, in turns and in one process:
with the whole and half of the decoder's channels, with the memory of a step given back or kept,
and with an optimiser that goes over the weights in many operations or in a fused one. It prints
seconds and ratios to the first line, and changes nothing.
"""

import argparse
import contextlib
import itertools
import statistics
import time

import torch

from approaches.memory import kept_memory
from approaches.network.losses import build_loss
from approaches.smp_pretrained import SmpPretrained

WAYS = {
    "whole decoder, memory given back": (1.0, contextlib.nullcontext, False),
    "whole decoder, memory kept": (1.0, kept_memory, False),
    "half decoder, memory given back": (0.5, contextlib.nullcontext, False),
    "half decoder, memory kept": (0.5, kept_memory, False),
    "the same, fused optimiser": (0.5, kept_memory, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crop", type=int, default=192, help="side in pixels (default 192)")
    parser.add_argument("--batch", type=int, default=16, help="crops a step (default 16)")
    parser.add_argument("--rounds", type=int, default=5, help="steps of each way (default 5)")
    options = parser.parse_args()
    images = torch.randn(options.batch, 3, options.crop, options.crop)
    images = images.contiguous(memory_format=torch.channels_last)
    target = torch.zeros(options.batch, options.crop, options.crop, dtype=torch.uint8)
    steps = {
        name: step_of(width, images, target, fused) for name, (width, _, fused) in WAYS.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for turn, name in itertools.product(range(options.rounds + 1), WAYS):
        with WAYS[name][1]():
            steps[name]()  # the first one takes the memory
            began = time.perf_counter()
            steps[name]()
            if turn:
                seconds[name].append(time.perf_counter() - began)
    first = statistics.median(seconds[next(iter(WAYS))])
    for name, found in seconds.items():
        median = statistics.median(found)
        spread = f"{min(found):.2f} to {max(found):.2f}"
        print(f"{name:34} {median:6.2f} s a step ({spread}), {first / median:.2f} times as fast")


def step_of(width, images, target, fused):
    """A function that makes one training step of a network of its own."""
    approach = SmpPretrained(SmpPretrained.config_class(pretrained=False, decoder_width=width))
    network = approach.build_network(pretrained=False)
    network = network.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, fused=fused)
    loss = build_loss("bce_dice")

    def step():
        loss(network(images), target.float()[:, None]).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


if __name__ == "__main__":
    main()
