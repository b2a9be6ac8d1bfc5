"""What a training decides before its first step: how many steps fit into the time, and in which number format. Both are
measured once, on a throw-away copy of the network, and kept on disk, so that a continued training follows the same
plan.
"""

import copy
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from approaches import processes
from approaches.augment import Crops
from approaches.base import Budget
from approaches.inference import fast_precision, predict_whole
from common.files import write_whole

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
MEASURED_FROM_MINUTES = 3.0  # a shorter training would spend too much of its time on measuring formats
DEFAULT_EPOCHS = 20


@dataclass(frozen=True)
class Plan:
    """The decisions; `candidates` holds the measured seconds per step of each number format."""

    steps: int
    precision: str
    seconds_per_step: float | None = None
    candidates: dict[str, float] = field(default_factory=dict)


def make_plan(
    network: nn.Module,
    crops: Crops,
    loss: nn.Module,
    batch: int,
    config,
    budget: Budget,
    folder: Path | None,
    start: float,
) -> Plan:
    """The stored plan of an unfinished training, else a new one; the same on every process.

    Without a time limit nothing is measured: steps and format then depend on the command line and the kind of device
    alone, and the run can be repeated exactly.

    Args:
        network: on its device; not changed.
        crops: the training crops.
        loss: of logits and target.
        batch: crops in a step over all processes.
        config: a `TrainingConfig`.
        budget: its minutes count from `start` (of `time.monotonic`) and include measuring and judging.
        folder: where the plan is kept; None keeps none.
        start: when the fit began.
    """
    path = folder / "plan.json" if folder else None
    plan = None
    with processes.together("planning the training"):
        if processes.is_main():
            if path and path.is_file():
                plan = Plan(**json.loads(path.read_text(encoding="utf-8")))
            else:
                plan = _new_plan(network, crops, loss, batch, config, budget, start)
                if path:
                    write_whole(path, json.dumps(asdict(plan), indent=1) + "\n")
    return processes.agree(plan)


def _new_plan(network, crops: Crops, loss, batch: int, config, budget: Budget, start: float) -> Plan:
    per_epoch = crops.epoch_length // batch
    limits = [budget.steps, budget.epochs and budget.epochs * per_epoch]
    precision = config.precision
    if precision == "auto":
        by_kind = fast_precision(processes.state().device)
        precision = next(name for name, dtype in PRECISIONS.items() if dtype == by_kind)
    if budget.minutes is None:
        return Plan(min(limit or 10**9 for limit in limits) if any(limits) else DEFAULT_EPOCHS * per_epoch, precision)
    share = batch // processes.state().num_processes
    candidates: dict[str, float] = {}
    if config.precision == "auto" and budget.minutes >= MEASURED_FROM_MINUTES:
        for name in _formats(processes.state().device):
            candidates[name] = seconds_per_step(network, crops, loss, share, name, timed=2)
        precision = min(candidates, key=candidates.get)
    step = seconds_per_step(network, crops, loss, share, precision, timed=4 if budget.minutes >= 1 else 2)
    judging = config.evaluations * _seconds_to_judge(network, crops, config.evaluated_images)
    left = budget.minutes * 60 - (time.monotonic() - start) - judging
    limits.append(max(1, int(left / step)))
    return Plan(min(limit for limit in limits if limit), precision, step, candidates)


def _formats(device: torch.device) -> list[str]:
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return ["float32", "float16"]
    return ["float32", "bfloat16"]


def seconds_per_step(
    network: nn.Module, crops: Crops, loss: nn.Module, batch: int, precision: str, timed: int
) -> float:
    """Median seconds of a training step with its crops, after one that is not counted, on a copy of the network."""
    device = next(network.parameters()).device
    copied = copy.deepcopy(network).train()
    optimizer = torch.optim.AdamW(copied.parameters(), lr=1e-6)
    seconds = []
    for step in range(timed + 1):
        began = time.perf_counter()
        drawn = [crops[step * batch + place] for place in range(batch)]
        images, target = (torch.stack(part).to(device) for part in zip(*drawn, strict=True))
        with torch.autocast(device.type, PRECISIONS[precision], enabled=precision != "float32"):
            logits = copied(images.contiguous(memory_format=torch.channels_last))
        loss(logits.float(), target.float()).backward()
        optimizer.step()
        optimizer.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[1:]))


def _seconds_to_judge(network: nn.Module, crops: Crops, images: int) -> float:
    """Seconds to predict the images that judge an epoch, from one of them."""
    judge = copy.deepcopy(network).eval()
    image = crops.images[0].image
    began = time.perf_counter()
    predict_whole(judge, image, 32)
    return (time.perf_counter() - began) * images / processes.state().num_processes
