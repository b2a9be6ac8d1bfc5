"""What a training decides before its first step: how many steps fit into the time, and in which
number format. Both are measured once, on a throw-away copy of the network, and kept on disk, so
that a continued training follows the same plan.
"""

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import nn

from approaches import processes
from approaches.base import Budget
from approaches.network.augment import Crops
from approaches.network.config import TrainingConfig
from approaches.network.hard_negatives import places_to_look
from approaches.network.inference import PRECISIONS, fast_precision, predict_whole
from approaches.network.losses import build_loss
from approaches.network.parts import LEAST, is_out_of_memory
from common.data import DataSet
from common.files import write_whole
from common.json_files import damaged, read_json_object

# a shorter training would spend too much of its time on measuring formats
MEASURED_FROM_MINUTES = 3.0
JUDGING_SHARE = 0.3  # of the time at most
DEFAULT_EPOCHS = 20
ROUND_SECONDS = (10.0, 60.0)  # between two checkpoints, where the speed is known
MOST_ROUND_STEPS = 500  # where it is not
LOOKED_AT_FROM = 0.4  # of the time or the steps, when the speed so far is looked at
MOST_WORKERS = 16  # each holds the images that it has met
OFF = 0.1  # of the time limit: a training that would end further from it gets other steps


@dataclass(frozen=True)
class Plan:
    """The decisions.

    Attributes:
        steps: of the whole training.
        round_steps: between two checkpoints: an epoch, unless that takes too short or too long.
        precision: number format.
        seconds_per_step: as measured, with the drawing of crops; None where nothing was measured.
        candidates: measured seconds per step, without crops, of each number format.
        minutes: the time limit that decided the steps; None where something else did, and then
            they stay.
        seconds_to_judge: of a judgement, as measured.
        changed_at: the step at which the number of steps was changed, and what it was before.
    """

    steps: Annotated[int, Field(gt=0)]
    round_steps: Annotated[int, Field(gt=0)]
    precision: Annotated[str, Field(pattern="^(float32|bfloat16|float16)$")]
    seconds_per_step: float | None = None
    candidates: dict[str, float] = field(default_factory=dict)
    minutes: float | None = None
    seconds_to_judge: float = 0.0
    changed_at: tuple[int, int] | None = None

    @property
    def first_steps(self) -> int:
        """The number of steps with which the training began."""
        return self.changed_at[1] if self.changed_at else self.steps

    def progress(self, step: int, warm_up: float) -> float:
        """How much of the schedule behind the warm-up is over, from 0 to 1; where the number of
        steps was changed it goes on from there at another speed.
        """
        step_then, steps = self.changed_at or (self.steps, self.steps)
        before = (min(step, step_then) - warm_up) / max(1.0, steps - warm_up)
        if step <= step_then:
            return before
        return before + (1 - before) * (step - step_then) / (self.steps - step_then)


_ADAPTER = TypeAdapter(Plan)


def make_plan(
    network: nn.Module,
    crops: Crops,
    judged: DataSet,
    batch: int,
    config: TrainingConfig,
    budget: Budget,
    folder: Path | None,
    start: float,
) -> Plan:
    """The stored plan of an unfinished training, else a new one; the same on every process.

    Without a time limit nothing is measured: steps and format then depend on the command line and
    the kind of device alone, and the run can be repeated exactly. With several processes the main
    one measures alone; what they lose by waiting for each other is not in the plan.

    Args:
        network: on its device; not changed.
        crops: the training crops.
        judged: the images that judge a round.
        batch: crops in a step over all processes.
        config: its number format, loss and rounds that are judged.
        budget: its minutes count from `start` (of `time.monotonic`) and include measuring and
            judging.
        folder: where the plan is kept; None keeps none.
        start: when the fit began.
    """
    path = folder / "plan.json" if folder else None
    plan = None
    with processes.together("planning the training"):
        if processes.is_main():
            if path and path.is_file():
                plan = _stored_plan(path)
            else:
                plan = _new_plan(network, crops, judged, batch, config, budget, start)
                if path:
                    keep_plan(plan, path)
    return processes.agree(plan)


def _stored_plan(path: Path) -> Plan:
    expected = (
        f"the plan of a training is expected. Delete {path.parent}; the training begins anew."
    )
    try:
        return _ADAPTER.validate_python(read_json_object(path, "round_steps", expected))
    except ValidationError as error:
        raise damaged(path, error, expected) from error


def keep_plan(plan: Plan, path: Path) -> None:
    """Write a plan, for a continued training and for those that repeat it."""
    write_whole(path, json.dumps(asdict(plan), indent=1) + "\n")


def _new_plan(
    network: nn.Module,
    crops: Crops,
    judged: DataSet,
    batch: int,
    config: TrainingConfig,
    budget: Budget,
    start: float,
) -> Plan:
    device = processes.state().device
    per_epoch = crops.epoch_length // batch
    precision: str = config.precision
    if precision == "auto":
        by_kind = fast_precision(device)
        precision = next(name for name, dtype in PRECISIONS.items() if dtype == by_kind)
    limits = [budget.steps, budget.epochs and budget.epochs * per_epoch]
    if budget.minutes is None:
        steps = min(
            limit
            for limit in [*limits, None if any(limits) else DEFAULT_EPOCHS * per_epoch]
            if limit
        )
        return Plan(
            steps, _before_the_look(min(per_epoch, MOST_ROUND_STEPS), steps, config), precision
        )
    drawn, crop_seconds = draw(crops, batch // processes.state().num_processes, device)
    candidates: dict[str, float] = {}
    if config.precision == "auto" and budget.minutes >= MEASURED_FROM_MINUTES:
        for name in _formats(device):
            candidates[name] = _seconds_in_parts(network, drawn, config.loss, name, timed=2)
        precision = min(candidates, key=candidates.__getitem__)
    step = _seconds_in_parts(
        network, drawn, config.loss, precision, timed=4 if budget.minutes >= 1 else 2
    )
    workers = loader_workers(device)
    step = max(step, crop_seconds / workers) if workers else step + crop_seconds
    seconds = budget.minutes * 60
    to_judge = _seconds_to_judge(network, judged)
    looked_at = len(places_to_look(crops.images, crops.without)) if config.hard_share else 0
    looking = to_judge * looked_at / len(judged)
    judging = min(JUDGING_SHARE * seconds, config.evaluations * to_judge + looking)
    in_time = max(1, int((seconds - (time.monotonic() - start) - judging) / step))
    low, high = (max(1, round(limit / step)) for limit in ROUND_SECONDS)
    round_steps = min(max(per_epoch, low), high)
    steps = min(limit for limit in [*limits, in_time] if limit)
    minutes = budget.minutes if steps == in_time else None
    round_steps = _before_the_look(round_steps, steps, config)
    return Plan(steps, round_steps, precision, step, candidates, minutes, to_judge)


def _before_the_look(round_steps: int, steps: int, config: TrainingConfig) -> int:
    """A round that is over when half of the steps are, where something is done then."""
    return min(round_steps, -(-steps // 2)) if config.hard_share else round_steps


def changed_plan(
    plan: Plan, step: int, seconds: float, pace: float, judgements: float
) -> Plan | None:
    """The plan for the time that is left, where the speed in training is not what the plan was
    made with, because the machine was busier then or is now; None where the plan holds.

    A plan changes once at most, after the first `LOOKED_AT_FROM` of its time or steps.

    Args:
        plan: that is followed.
        step: how many are done.
        seconds: that the training took so far.
        pace: seconds that a step takes now.
        judgements: that are left, and what takes as long.
    """
    if plan.minutes is None or plan.changed_at or step >= plan.steps:
        return None
    limit, judging = 60 * plan.minutes, judgements * plan.seconds_to_judge
    if max(seconds / limit, step / plan.steps) < LOOKED_AT_FROM:
        return None
    expected = seconds + (plan.steps - step) * pace + judging
    if abs(expected - limit) <= OFF * limit:
        return None
    steps = step + max(1, int((limit - seconds - judging) / pace))
    return replace(plan, steps=steps, changed_at=(step, plan.steps))


def _formats(device: torch.device) -> list[str]:
    if device.type == "mps":
        return ["float32"]
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return ["float32", "float16"]
    return ["float32", "bfloat16"]


def loader_workers(device: torch.device) -> int:
    """Processes that draw crops beside the training, on all cores but one; on a CPU they would
    only take its cores.
    """
    return min(MOST_WORKERS, max(1, processes.threads() - 1)) if device.type == "cuda" else 0


def draw(
    crops: Crops, batch: int, device: torch.device
) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], float]:
    """Two batches of crops on the device, and the seconds that drawing one takes after the first
    images are decoded.
    """
    drawn = []
    for _ in range(2):
        began = time.perf_counter()
        parts = zip(*(crops[place] for place in range(batch)), strict=True)
        drawn.append(tuple(torch.stack(part).to(device) for part in parts))
    return drawn, time.perf_counter() - began


def _seconds_in_parts(
    network: nn.Module,
    drawn: Sequence[tuple[torch.Tensor, torch.Tensor]],
    loss: str,
    precision: str,
    timed: int,
) -> float:
    """The same as `seconds_per_step`, in halves where a batch does not fit into the memory."""
    try:
        return seconds_per_step(network, drawn, loss, precision, timed)
    except Exception as error:
        half = len(drawn[0][0]) // 2
        if not is_out_of_memory(error) or half < LEAST:
            raise
    halves = [(images[:half], target[:half]) for images, target in drawn]
    return 2 * _seconds_in_parts(network, halves, loss, precision, timed)


def seconds_per_step(
    network: nn.Module,
    drawn: Sequence[tuple[torch.Tensor, torch.Tensor]],
    loss: str,
    precision: str,
    timed: int,
) -> float:
    """Median seconds of a training step on drawn crops, after one that is not counted, on a copy
    of the network.
    """
    device = next(network.parameters()).device
    copied, measured_loss = copy.deepcopy(network).train(), build_loss(loss)
    optimizer = torch.optim.AdamW(copied.parameters(), lr=1e-6)
    seconds = []
    for step in range(timed + 1):
        images, target = drawn[step % len(drawn)]
        began = time.perf_counter()
        with torch.autocast(device.type, PRECISIONS[precision], enabled=precision != "float32"):
            logits = copied(images.contiguous(memory_format=torch.channels_last))
        measured_loss(logits.float(), target.float()).backward()
        optimizer.step()
        optimizer.zero_grad()
        _synchronise(device)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[1:]))


def _seconds_to_judge(network: nn.Module, judged: DataSet) -> float:
    """Seconds to predict the images that judge a round, from the second prediction of one of
    them.
    """
    judge = copy.deepcopy(network).eval()
    for _ in range(2):
        began = time.perf_counter()
        predict_whole(judge, judged[0].image, 32)
        seconds = time.perf_counter() - began
    return seconds * len(judged) / processes.state().num_processes


def _synchronise(device: torch.device) -> None:
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()
