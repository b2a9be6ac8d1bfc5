"""What happens to a training that meets too little memory, a loss that is no number, or the death
of a process that draws its crops.
"""

import logging
import os
import signal

import pytest
import torch
from torch import nn

from approaches.base import Budget
from approaches.network import training
from approaches.network.approach import Normalised
from approaches.network.config import TrainingConfig
from approaches.network.parts import BatchTooLargeError, is_out_of_memory
from approaches.network.plan import seconds_per_step
from approaches.network.training import LostWorkerError, train
from common.data import DataSet
from tests.network.test_training import SMALL, network, trained

REFUSED = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: 9 bytes"
BCE = TrainingConfig(
    crop_px=64, batch=8, evaluations=1, evaluated_images=2, augmentation="none", loss="bce"
)


class Fits(nn.Module):
    """A network of one layer for which only so many images at once have room."""

    def __init__(self, most: int):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.most, self.seen = nn.Conv2d(3, 1, 1), most, []

    def forward(self, images):
        if self.training:
            self.seen.append(len(images))
        if len(images) > self.most:
            raise RuntimeError(REFUSED)
        return self.layer(images)


def learned(data, most, budget=None):
    budget = budget or Budget(steps=4)
    layers = Fits(most)
    model, report = train(
        Normalised(layers),
        data.fit,
        data.tune,
        BCE,
        budget=budget,
        seed=0,
        folder=None,
        divisor=32,
    )
    return layers, {key: value.clone() for key, value in model.state_dict().items()}, report


def test_a_batch_that_does_not_fit_is_learned_from_in_parts_as_large_as_before(
    sample_data, caplog
):
    _, whole, report = learned(sample_data, 8)
    assert "parts_of_a_batch" not in report.notes
    with caplog.at_level(logging.WARNING):
        layers, halved, report = learned(sample_data, 2)
    assert layers.seen[:7] == [8, 4, 2, 2, 2, 2, 2] and report.notes["batch"] == 8
    assert report.notes["parts_of_a_batch"] == 4
    assert "each step goes over its batch of 8 in 4 parts" in caplog.text
    for key, value in whole.items():
        torch.testing.assert_close(halved[key], value)


def test_a_batch_of_which_nothing_fits_is_a_reason_with_advice(sample_data):
    with pytest.raises(BatchTooLargeError, match=r"not even 2 crops of 64 px fit.*crop_px"):
        learned(sample_data, 1)


def test_the_time_of_a_step_is_measured_in_parts_too(sample_data):
    _, _, report = learned(sample_data, 4, Budget(minutes=0.02, steps=3))
    assert report.notes["seconds_per_step"] > 0 and report.steps == 3
    with pytest.raises(RuntimeError, match="can't allocate"):
        drawn = [(torch.zeros(8, 3, 64, 64, dtype=torch.uint8), torch.zeros(8, 1, 64, 64))] * 2
        seconds_per_step(Normalised(Fits(4)), drawn, "bce", "float32", timed=1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError(REFUSED), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("shapes differ"), False),
        (KeyError("memory"), False),
    ],
)
def test_what_says_that_memory_was_refused(error, expected):
    assert is_out_of_memory(error) == expected


def no_number_after(monkeypatch, steps):
    """Let the loss of a training be no number after so many steps."""
    build, done = training.build_loss, []

    def built(name):
        loss = build(name)

        def broken(logits, target):
            done.append(1)
            return loss(logits, target) * (float("nan") if len(done) > steps else 1)

        return broken

    monkeypatch.setattr(training, "build_loss", built)


def test_a_loss_that_is_no_number_leaves_the_best_epoch_before_it(
    sample_data, monkeypatch, caplog
):
    _, report = trained(sample_data)
    kept = report.notes["epoch_kept"]
    no_number_after(monkeypatch, 11)
    model, report = trained(sample_data)
    assert report.steps == 11 and "the loss is nan at step 12" in report.notes["ended_by"]
    assert 0 < report.notes["epoch_kept"] <= kept and "is kept" in caplog.text
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_a_loss_that_is_no_number_before_anything_was_judged_fails(sample_data, monkeypatch):
    no_number_after(monkeypatch, 2)
    with pytest.raises(FloatingPointError, match=r"nan at step 3; .*learning_rate"):
        trained(sample_data)


class Deadly(DataSet):
    """Kills the process that reads it, unless that is the one of the test."""

    parent = os.getpid()

    def __init__(self, images: DataSet):
        super().__init__(images.entries, images.groups)
        self.mine = self.parent

    def __getitem__(self, index):
        if os.getpid() != self.mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_data_worker_that_is_killed_is_said_to_be(sample_data, monkeypatch):
    monkeypatch.setattr(training, "loader_workers", lambda device: 1)
    sets = Deadly(sample_data.fit), sample_data.tune
    with pytest.raises(LostWorkerError, match=r"draws crops was killed.*same command"):
        train(network(), *sets, SMALL, budget=Budget(steps=4), seed=0, folder=None, divisor=4)
