"""Whether drawing crops keeps up with a GPU: `python tests/benchmarks/feeding_speed.py DATA`.

It trains `smp_unet_lite0` by the real loop, once on crops that are drawn beside it by so many
processes, and once on a few batches that lie on the device already, and prints crops a second and
the share of the second that the first reaches. Each way is timed after it is warm.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from approaches import build, processes
from approaches.base import Budget
from approaches.memory import kept_memory
from approaches.network import training
from approaches.network.plan import draw, make_plan
from common.data import Data, load_data

NAME, FROM_MEMORY = "smp_unet_lite0", -1
Batch = tuple[torch.Tensor, torch.Tensor]


class Loop(training._Loop):
    """The loop of every training, which can be fed from memory."""

    def fed_from_memory(self) -> Iterator[Batch]:
        """The same two batches for ever, on the device."""
        return itertools.cycle(draw(self.crops, self.batch, self.accelerator.device)[0])

    def crops_per_second(self, workers: int, warm: int, timed: int) -> float:
        """Crops a second over `timed` steps after `warm` ones."""
        training.loader_workers = lambda device: workers
        batches = self.fed_from_memory() if workers == FROM_MEMORY else self._batches()
        self._round(batches, self.step + warm, itertools.count())
        began = time.perf_counter()
        self._round(batches, self.step + timed, itertools.count())
        return timed * self.batch / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train/, val/ and real_test/")
    parser.add_argument("--workers", type=int, nargs="+", default=[4, 8, processes.threads() - 1])
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 64], help="crops in a step")
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--warm", type=int, default=40, help="steps before the timed ones (40)")
    parser.add_argument("--timed", type=int, default=200, help="timed steps (200)")
    options = parser.parse_args()
    data = load_data(options.data, seed=0)
    print(processes.state().device, processes.threads(), "threads", torch.__version__)
    for batch, precision in itertools.product(options.batches, options.precisions):
        rates = {}
        for workers in [FROM_MEMORY, *options.workers]:
            loop = loop_for(data, batch, precision)
            with kept_memory():
                rates[workers] = loop.crops_per_second(workers, options.warm, options.timed)
            share = rates[workers] / rates[FROM_MEMORY]
            fed = "memory" if workers == FROM_MEMORY else f"{workers} processes"
            print(
                f"batch {batch:3} {precision:8} from {fed:12} {rates[workers]:7.0f} crops/s"
                f" ({share:.0%})",
                flush=True,
            )


def loop_for(data: Data, batch: int, precision: str) -> Loop:
    """A training that begins."""
    approach = build(NAME, overrides={"precision": precision, "batch": batch})
    network = approach._behind_normalisation(approach.build_network(pretrained=False))
    network = network.to(processes.state().device, memory_format=torch.channels_last)
    crops = training.crops_of(data.fit, approach.config, 0, batch)
    arguments = (batch, approach.config, Budget(steps=100_000), None, time.monotonic())
    plan = make_plan(network, crops, data.tune, *arguments)
    return Loop(network, crops, data.tune, approach.config, plan, batch, None, 32)


if __name__ == "__main__":
    main()
