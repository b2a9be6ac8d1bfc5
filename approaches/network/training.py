"""The one training loop of all networks, through accelerate: crops, loss, schedule, averaging,
checkpoints, the epoch that is kept. What it decides before the first step (steps, precision) is a
plan on disk, read again after a restart.
"""

import copy
import logging
import os
import time
from collections.abc import Generator, Iterator
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path

import cv2
import torch
from torch import nn

from approaches import processes
from approaches.base import Budget, ConfigError, FitReport
from approaches.memory import kept_memory
from approaches.network import trackers
from approaches.network.augment import Crops, described
from approaches.network.checkpoint import Checkpoints, Curve, KeptEpoch, TrainingState
from approaches.network.config import TrainingConfig
from approaches.network.hard_negatives import places_to_look, seen_wrongly
from approaches.network.inference import predict_whole
from approaches.network.losses import build_loss
from approaches.network.parts import Parts
from approaches.network.plan import Plan, changed_plan, keep_plan, loader_workers, make_plan
from common.data import DataSet
from common.data.groups import spread
from common.metrics import count_pixels, dice
from common.progress import progress

log = logging.getLogger(__name__)
WARM_UP_SHARE, MOST_WARM_UP = 0.1, 100
WEIGHT_DECAY, CLIP_NORM = 1e-2, 5.0


def train(
    network: nn.Module,
    fit_set: DataSet,
    tune_set: DataSet,
    config: TrainingConfig,
    *,
    budget: Budget,
    seed: int,
    folder: Path | None,
    divisor: int,
) -> tuple[nn.Module, FitReport]:
    """Train a network and keep the epoch that is best on *tune*.

    Args:
        network: (B, 3, H, W) uint8 → logits (B, 1, H, W), with its first weights.
        fit_set: images to crop from.
        tune_set: up to `config.evaluated_images` of them choose the epoch.
        config: how.
        budget: how long; a time limit becomes a number of steps once.
        seed: of crops and augmentation.
        folder: of plan, curve and checkpoints; an unfinished training found there is continued.
            None keeps nothing.
        divisor: whole images are padded to multiples of it.

    Returns:
        The trained network in evaluation mode, and what the record should say of its training.
    """
    start = time.monotonic()
    batch = shared_batch(budget.batch, config.batch)
    network = network.to(processes.state().device, memory_format=torch.channels_last)
    crops = crops_of(fit_set, config, seed, batch)
    judged = tune_set.subset(spread(tune_set, config.evaluated_images))
    with kept_memory():
        plan = make_plan(network, crops, judged, batch, config, budget, folder, start)
        loop = _Loop(network, crops, judged, config, plan, batch, folder, divisor)
        loop.run(start)
    notes = {
        "precision": plan.precision,
        "precision_candidates": plan.candidates,
        "seconds_per_step": plan.seconds_per_step,
        "batch": batch,
        "epoch_kept": loop.best["epoch"],
        "tune_dice_at_half": loop.best["dice"],
        "augmentation": described(config.augmentation, config.crop_px, config.zoom),
        **({"parts_of_a_batch": loop.parts.count} if loop.parts.count > 1 else {}),
        **({"ended_by": loop.ended_by} if loop.ended_by else {}),
    }
    if loop.plan.changed_at:
        notes["steps_planned"] = loop.plan.first_steps
    return loop.best_network(), FitReport(loop.seconds, loop.step, loop.resumes, notes)


def shared_batch(asked: int | None, usual: int) -> int:
    """Crops in a step over all processes, at least two for each of them, since batch norm needs
    company.

    Args:
        asked: by the user, kept as it is; None rounds the usual batch to what the processes can
            share.
        usual: the approach's own.

    Raises:
        ConfigError: the processes cannot share what was asked for.
    """
    count = processes.state().num_processes
    if asked is not None and (asked % count or asked < 2 * count):
        raise ConfigError(
            f"--batch {asked} cannot be shared by {count} process(es); give a multiple, 2 or more "
            "for each."
        )
    return asked or max(2, round(usual / count)) * count


def drawn_from(
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, torch.Tensor]:
    """The next batch of crops.

    Raises:
        LostWorkerError: a process that draws crops is gone.
    """
    try:
        return next(batches)
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise LostWorkerError(
            "a process that draws crops was killed, most often for lack of memory "
            f"({error}). End other programs; the same command goes on from the last epoch."
        ) from error


def _drawing_processes() -> BaseContext:
    """How processes that draw crops are started: forked from one that has imported what they need,
    once, and has no threads. A fork of this one, after LightGBM's threads, may hang; new ones
    would import everything again, each of them.
    """
    way = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(way)
    context.set_forkserver_preload(["approaches.network.augment"])
    return context


def _draws_alone(_: int) -> None:
    """A process that draws crops has one thread: there is one for each core."""
    cv2.setNumThreads(1)


def crops_of(fit_set: DataSet, config: TrainingConfig, seed: int, batch: int) -> Crops:
    """The stream of training crops; an epoch is one pass over the images, rounded to whole
    batches.
    """
    return Crops(
        fit_set,
        crop_px=config.crop_px,
        strength=config.augmentation,
        object_share=config.object_share,
        generated_share=config.generated_share,
        paste_share=config.paste_share,
        butt_share=config.butt_share,
        litter_share=config.litter_share,
        background_share=config.background_share,
        field_share=config.field_share,
        hard_share=config.hard_share,
        zoom=config.zoom,
        seed=seed,
        epoch_length=max(1, round(len(fit_set) / batch)) * batch,
    )


class LostWorkerError(RuntimeError):
    """A process that draws crops beside the training is gone."""


class _Loop:
    """The state of one training: what moves from step to step."""

    def __init__(
        self,
        network: nn.Module,
        crops: Crops,
        judged: DataSet,
        config: TrainingConfig,
        plan: Plan,
        batch: int,
        folder: Path | None,
        divisor: int,
    ):
        self.config, self.plan, self.judged, self.divisor, self.batch = (
            config,
            plan,
            judged,
            divisor,
            batch,
        )
        self.name, self.folder = folder.name if folder else "network", folder
        services = trackers.wanted(folder)
        self.accelerator = processes.fresh_accelerator(plan.precision, services, folder)
        trackers.begin(self.accelerator, self.name, config.as_dict())
        self.loss = build_loss(config.loss)
        optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=config.learning_rate,
            weight_decay=WEIGHT_DECAY,
            fused=self.accelerator.device.type in ("cpu", "cuda"),
        )
        self.network, self.crops = network, crops
        self.model, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.average = Average(network, config.average_share * plan.first_steps)
        self.judge = copy.deepcopy(network).eval()
        self.step, self.seconds, self.resumes = 0, 0.0, 0
        self.best: KeptEpoch = {"dice": -1.0, "epoch": 0, "state": None}
        self.checkpoints, self.curve = Checkpoints(folder), Curve(folder)
        self.parts, self.ended_by = Parts(self.name), ""
        # for what is taken for an object, and where
        self.looked, self.looked_at = False, list[int]()
        if config.hard_share:
            self.looked_at = places_to_look(crops.images, crops.without)

    def run(self, start: float) -> None:
        """All epochs that are left."""
        self._resume()
        before, batches, ticks = self.seconds, None, None
        first, trained = self.step, 0.0
        while self.step < self.plan.steps:
            if batches is None or ticks is None:
                batches, ticks = self._batches(), self._ticks()
            done = self.step // self.plan.round_steps + 1
            began = time.monotonic()
            try:
                until = min(done * self.plan.round_steps, self.plan.steps)
                loss = self._round(batches, until, ticks)
            except (FloatingPointError, processes.ApproachFailedError) as error:
                self._keep_best_after(error)
                break
            trained += time.monotonic() - began
            self._share_statistics()
            is_last = self.step == self.plan.steps
            judged = self._judge() if done in self._judged_after() or is_last else None
            self.seconds = before + time.monotonic() - start
            changed = self._changes_plan(trained / (self.step - first), done)
            if self._looks_for_hard() or changed:
                ticks.close()
                batches = None
            with processes.together("keeping a round of training"):
                self._keep(loss, judged)
        if ticks is not None:
            ticks.close()
        self.curve.close()
        trackers.end(self.accelerator)

    def _keep_best_after(self, error: Exception) -> None:
        """Let a training whose loss is no number any more end with the best epoch before; without
        one, or after another error, it is raised again.
        """
        if self.best["state"] is None or FloatingPointError.__name__ not in repr(error):
            raise error
        self.ended_by = str(error)
        log.warning(
            "%s: %s The best epoch before it is kept, %.4g.",
            self.name,
            error,
            self.best["epoch"],
        )

    def _judged_after(self) -> set[int]:
        """The rounds after which the network is judged."""
        rounds = -(-self.plan.steps // self.plan.round_steps)
        count = self.config.evaluations
        return {round(rounds * (1 - k / (2 * count))) for k in range(count)}

    def _looks_for_hard(self) -> bool:
        """Once half of the steps are done, find where the network sees what is not there; see
        `approaches.network.hard_negatives`. Whether it did.
        """
        if self.looked or not self.looked_at or not self.step < self.plan.steps <= 2 * self.step:
            return False
        self.judge.load_state_dict(self.average.state)
        spots = seen_wrongly(self.judge, self.crops.images, self.looked_at, self.divisor)
        self.crops.go_to(spots)
        self.looked = True
        if self.accelerator.is_main_process:
            wording = (self.name, len(spots), len(self.looked_at))
            log.info("%s: sees %d objects on %d images that have none", *wording)
        return True

    def _ticks(self) -> Generator[int, None, None]:
        """The progress over the steps that are left."""
        left, name = range(self.step, self.plan.steps), f"{self.name}: training steps"
        return progress(left, name, show=self.accelerator.is_main_process)

    def _changes_plan(self, pace: float, done: int) -> bool:
        """Whether the steps were changed, once, to end in time; see `changed_plan`."""
        judgements = sum(number > done for number in self._judged_after())
        looks = 0.0 if self.looked else len(self.looked_at) / len(self.judged)
        changed = changed_plan(self.plan, self.step, self.seconds, pace, judgements + looks)
        changed = processes.agree(changed or self.plan)
        if changed == self.plan:
            return False
        if self.accelerator.is_main_process:
            planned, minutes = self.plan.seconds_per_step or 0.0, changed.minutes
            wording = (self.name, pace, planned, minutes, changed.steps, self.plan.steps)
            log.info(
                "%s: a step takes %.3g s, planned were %.3g s; %g min are enough for %d "
                "steps, not %d",
                *wording,
            )
            if self.folder:
                keep_plan(changed, self.folder / "plan.json")
        self.plan = changed
        return True

    def _keep(self, loss: float, judged: float | None) -> None:
        """Curve, log and checkpoint of a round; the main process writes."""
        if not self.accelerator.is_main_process:
            return
        rate = self._learning_rate(self.step - 1)
        self.curve.add(self.epoch(), self.step, loss, rate, judged, self.seconds)
        values = {"loss": loss, "learning_rate": rate, "tune_dice": judged}
        known = {key: value for key, value in values.items() if value is not None}
        self.accelerator.log(known, step=self.step)
        self.checkpoints.save(self._state())
        if judged is not None:
            wording = (self.name, self.step, self.plan.steps, loss, judged)
            log.info("%s: step %d of %d, loss %.3f, mean Dice on tune %.3f", *wording)

    def epoch(self) -> float:
        """Passes over the images so far."""
        return self.step * self.batch / self.crops.epoch_length

    def _batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        workers = loader_workers(self.accelerator.device)
        loader = torch.utils.data.DataLoader(
            self.crops,
            batch_size=self.batch,
            sampler=range(self.step * self.batch, self.plan.steps * self.batch),
            num_workers=workers,
            multiprocessing_context=_drawing_processes() if workers else None,
            worker_init_fn=_draws_alone,
            pin_memory=workers > 0,
        )
        return iter(self.accelerator.prepare(loader))

    def _round(
        self,
        batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
        last: int,
        ticks: Iterator[int],
    ) -> float:
        """Train up to a step; returns the mean loss of the steps, over all processes."""
        self.model.train()
        total, first = torch.zeros((), device=self.accelerator.device), self.step
        while self.step < last:
            next(ticks)
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate(self.step)
            with processes.together(f"training step {self.step + 1}"):
                images, target = drawn_from(batches)
                # what is dropped depends on the step alone, not on where the training was cut off
                torch.manual_seed(
                    hash((self.crops.seed, self.step, self.accelerator.process_index)) % 2**31
                )
                if self.accelerator.num_processes == 1:
                    loss = self.parts.learn(
                        images, target, self._backward, self.optimizer.zero_grad
                    )
                else:
                    loss = self._loss_of(images, target)
            self._learn(loss)
            total += loss.detach()
            self.step += 1
        return float(self.accelerator.reduce(total, "mean")) / max(1, self.step - first)

    def _loss_of(self, images: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The loss of a batch or of a part of one."""
        logits = self.model(
            images.contiguous(memory_format=torch.channels_last)
        )  # (B, 1, crop, crop)
        loss = self.loss(logits.float(), target.float())
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss.item()} at step {self.step + 1}; try a smaller "
                "learning_rate, or precision=float32."
            )
        return loss

    def _backward(self, images: torch.Tensor, target: torch.Tensor, weight: float) -> torch.Tensor:
        """Add the gradients of a part of a batch; returns its weighted loss."""
        loss = self._loss_of(images, target) * weight
        self.accelerator.backward(loss)
        return loss.detach()

    def _learn(self, loss: torch.Tensor) -> None:
        """One step of the optimiser, over several processes with the exchange of gradients. What
        fails there cannot be told to the other processes; ending this one makes the launcher end
        them all, and the same command continues.
        """
        try:
            if self.accelerator.num_processes > 1:
                self.accelerator.backward(loss)
            self.accelerator.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.average.update()
        except Exception as error:
            if self.accelerator.num_processes == 1:
                raise
            processes.raise_if_lost(error, f"training step {self.step + 1}")
            log.critical(
                "%s: process %d cannot go on",
                self.name,
                self.accelerator.process_index,
                exc_info=True,
            )
            logging.shutdown()
            os._exit(1)

    def _learning_rate(self, step: int) -> float:
        """Linear warm-up, then a cosine to zero over the planned steps."""
        warm_up = min(MOST_WARM_UP, WARM_UP_SHARE * self.plan.first_steps)
        if step < warm_up:
            return self.config.learning_rate * (step + 1) / (warm_up + 1)
        progress = self.plan.progress(step, warm_up)
        return (
            self.config.learning_rate
            * 0.5
            * (1 + float(torch.cos(torch.tensor(progress * torch.pi))))
        )

    def _share_statistics(self) -> None:
        """Batch-norm statistics are each process's own while training; their mean goes on."""
        if self.accelerator.num_processes == 1:
            return
        for state in (self.network.state_dict(), self.average.state):
            for value in state.values():
                if value.is_floating_point():
                    value.copy_(self.accelerator.reduce(value, "mean"))

    def _judge(self) -> float:
        """Mean Dice of the averaged weights at 0.5 on the judged images; the best so far is
        kept.
        """
        self.judge.load_state_dict(self.average.state)
        part = {}
        with processes.together("judging an epoch on tune"):
            for index in processes.share(range(len(self.judged))):
                sample = self.judged[index]
                mask = predict_whole(self.judge, sample.image, self.divisor) >= 0.5
                self.curve.show(f"tune/{sample.image_id}", sample.image, mask, self.step)
                part[sample.image_id] = count_pixels(mask, sample.mask, sample.ignore)
        counts = processes.join(part).values()
        scores = [dice(c.tp, c.fp, c.fn) for c in counts if c.tp + c.fn]
        mean = float(sum(scores) / max(1, len(scores)))
        if mean > self.best["dice"]:
            state = {key: value.cpu().clone() for key, value in self.average.state.items()}
            self.best = {"dice": mean, "epoch": self.epoch(), "state": state}
        return mean

    def _state(self) -> TrainingState:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "resumes": self.resumes,
            "network": self.network.state_dict(),
            "average": self.average.state,
            "updates": self.average.updates,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,
            "best": self.best,
            "seen_wrongly": torch.tensor(self.crops.seen_wrongly) if self.looked else None,
        }

    def _resume(self) -> None:
        """Go on from the last epoch's end, if one is stored: weights, optimiser, averages, step;
        the schedule and all randomness follow from the step.
        """
        state = self.checkpoints.load()
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        for key, value in state["average"].items():
            self.average.state[key].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.average.updates, self.best = state["updates"], state["best"]
        spots = state.get("seen_wrongly")
        if spots is not None:
            self.crops.go_to([tuple(spot) for spot in spots.tolist()])
            self.looked = True
        self.step, self.seconds, self.resumes = (
            state["step"],
            state["seconds"],
            state["resumes"] + 1,
        )
        self.curve.cut(self.step)

    def best_network(self) -> nn.Module:
        """The kept epoch, ready to predict."""
        self.judge.load_state_dict(self.best["state"])
        return self.judge


class Average:
    """Exponential moving average of a network's weights and statistics, in float32."""

    def __init__(self, network: nn.Module, memory_steps: float):
        now = network.state_dict()
        self.state = {key: value.detach().clone() for key, value in now.items()}
        self.memory_steps, self.updates = memory_steps, 0
        averaged = [key for key in now if now[key].is_floating_point() and memory_steps > 0]
        copied = [key for key in now if key not in averaged]
        # of the average and of the network, which share memory with what the optimiser changes
        self._averaged = [self.state[key] for key in averaged], [now[key] for key in averaged]
        self._copied = [self.state[key] for key in copied], [now[key] for key in copied]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights of one more step; early steps are forgotten faster."""
        self.updates += 1
        share = 1 / (1 + min(self.memory_steps, self.updates / 5))
        if self._averaged[0]:
            torch._foreach_lerp_(*self._averaged, share)
        if self._copied[0]:
            torch._foreach_copy_(*self._copied)
