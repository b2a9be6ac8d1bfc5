import csv
import dataclasses
import itertools
import json
import logging
import pickle
import re
import time
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from approaches import processes
from approaches.base import Budget, ConfigError
from approaches.network import training
from approaches.network.approach import Normalised
from approaches.network.config import Loss, Precision, TrainingConfig
from approaches.network.inference import PRECISIONS, in_float32, predict_whole
from approaches.network.losses import LOSSES
from approaches.network.plan import Plan, changed_plan, make_plan
from approaches.network.trackers import begin, end, track_with
from approaches.network.training import Average, crops_of, train
from approaches.unet import UNet

SMALL = TrainingConfig(
    crop_px=64, batch=4, evaluations=2, evaluated_images=2, augmentation="geometric"
)


def test_every_name_that_a_setting_takes_stands_for_something():
    assert get_args(Loss) == tuple(LOSSES)
    assert get_args(Precision) == tuple(PRECISIONS)


class KilledError(Exception):
    """Stands for a process that ends between two epochs."""


def network(seed=0, base=4, levels=3):
    torch.manual_seed(seed)
    return Normalised(UNet(base, levels))


def trained(data, folder=None, *, budget=None, config=SMALL, seed=0, made=network):
    budget = budget or Budget(steps=12)
    # three epochs of four steps
    return train(
        made(), data.fit, data.tune, config, budget=budget, seed=seed, folder=folder, divisor=4
    )


def weights(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def test_the_same_seed_and_steps_give_the_same_weights_and_another_seed_others(sample_data):
    one, other, differing = (weights(trained(sample_data, seed=seed)[0]) for seed in (3, 3, 4))
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert any(not torch.equal(one[key], differing[key]) for key in one)


def test_the_number_of_threads_changes_a_training_little_and_a_stored_model_not(sample_data):
    threads, maps, images = torch.get_num_threads(), {}, [one.image for one in sample_data.score]
    exact = SMALL.with_values({"precision": "float32"})
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            model, _ = trained(sample_data, config=exact)
            for again in (1, 2):
                torch.set_num_threads(again)
                with in_float32():
                    found = [predict_whole(model, one, 4) for one in images]
                maps[count, again] = np.stack(found)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_allclose(maps[1, 1], maps[1, 2], atol=1e-5)
    np.testing.assert_allclose(maps[1, 1], maps[2, 2], atol=1e-3)


def with_dropout():
    """The same network, which forgets half of what it says."""
    plain = network()
    plain.network = torch.nn.Sequential(plain.network, torch.nn.Dropout(0.5))
    return plain


def cut_off(monkeypatch, after, *words, **more):
    """Begin a training that is killed once its checkpoint holds so many steps."""
    save = training.Checkpoints.save

    def killed(self, state):
        save(self, state)
        if state["step"] >= after:
            raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(training.Checkpoints, "save", killed)
        with pytest.raises(KilledError):
            trained(*words, **more)


@pytest.mark.parametrize("made", [network, with_dropout])
def test_a_training_that_was_cut_off_ends_like_one_that_was_not(
    made, sample_data, tmp_path, monkeypatch
):
    straight, report = trained(sample_data, tmp_path / "straight", made=made)
    cut_off(monkeypatch, 6, sample_data, tmp_path / "resumed", made=made)
    resumed, again = trained(sample_data, tmp_path / "resumed", made=made)
    assert (report.resumes, again.resumes) == (0, 1)
    assert all(
        torch.equal(value, weights(resumed)[key]) for key, value in weights(straight).items()
    )
    curves = [
        (tmp_path / name / "curve.csv").read_text().splitlines()
        for name in ("straight", "resumed")
    ]
    without_seconds = [[line.rsplit(",", 1)[0] for line in lines] for lines in curves]
    assert without_seconds[0] == without_seconds[1]


def test_a_wall_clock_that_jumps_back_shows_in_no_duration(sample_data, tmp_path, monkeypatch):
    jumps, began = itertools.count(2e9, -3600.0), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    _, report = trained(sample_data, tmp_path, budget=Budget(steps=6, minutes=1))
    spent = time.monotonic() - began
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    seconds = [0.0, *(float(row["seconds"]) for row in rows)]
    assert seconds == sorted(seconds) and 0 < report.seconds <= spent
    assert report.steps == 6 and 0 < report.notes["seconds_per_step"] <= spent


def test_curve_and_tensorboard_hold_every_epoch(sample_data, tmp_path):
    _, report = trained(sample_data, tmp_path)
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert int(rows[-1]["step"]) == report.steps == 12
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    assert float(rows[-1]["tune_dice"]) >= 0 and max(float(row["loss"]) for row in rows) < 10
    assert list((tmp_path / "tensorboard").glob("events*"))
    assert json.loads((tmp_path / "plan.json").read_text())["steps"] == 12


def test_a_time_limit_becomes_steps_once(sample_data, tmp_path):
    def plan(minutes):
        crops = crops_of(sample_data.fit, SMALL, 0, SMALL.batch)
        budget = Budget(minutes=minutes)
        return make_plan(
            network(), crops, sample_data.tune, 4, SMALL, budget, tmp_path, time.monotonic()
        )

    first = plan(0.1)
    assert first.steps >= 1 and first.seconds_per_step > 0
    assert first.steps <= 6 / first.seconds_per_step
    assert plan(100) == first  # the stored one goes on


def test_without_a_time_limit_nothing_is_measured(sample_data):
    crops = crops_of(sample_data.fit, SMALL, 0, SMALL.batch)
    made = make_plan(network(), crops, sample_data.tune, 4, SMALL, Budget(epochs=3), None, 0.0)
    per_epoch = crops.epoch_length // 4
    assert made == Plan(steps=3 * per_epoch, round_steps=per_epoch, precision=made.precision)


PLANNED = Plan(100, 10, "float32", 0.6, minutes=1, seconds_to_judge=1)


@pytest.mark.parametrize(
    ("step", "seconds", "pace", "steps"),
    [
        (40, 24, 0.6, None),  # as planned
        (40, 24, 0.65, None),  # nearly
        (30, 20, 1.2, None),  # too early
        (20, 24, 1.2, 48),  # half as fast
        (50, 15, 0.3, 193),  # twice as fast
        (60, 70, 1.2, 61),  # over already
        (100, 90, 0.9, None),  # at its end
    ],
)
def test_a_plan_made_at_another_speed_is_changed_once_to_keep_the_time(step, seconds, pace, steps):
    found = changed_plan(PLANNED, step, seconds, pace, judgements=2)
    assert (found and found.steps) == steps
    if found:
        assert found.changed_at == (step, 100)
        assert changed_plan(found, found.steps - 1, 500, 9.0, 0) is None
    untimed = dataclasses.replace(PLANNED, minutes=None)
    assert changed_plan(untimed, step, seconds, pace, 2) is None


def test_the_schedule_goes_on_without_a_jump_where_the_steps_were_changed():
    changed = dataclasses.replace(PLANNED, steps=60, changed_at=(40, 100))
    before, after = (
        [plan.progress(step, 10) for step in range(10, plan.steps + 1)]
        for plan in (PLANNED, changed)
    )
    assert after[:31] == before[:31] and after[-1] == before[-1] == 1
    assert max(np.diff(after)) < 4 * max(np.diff(before))


def test_a_training_planned_on_a_quiet_machine_ends_in_its_time_on_a_busy_one(
    sample_data, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    planned = Plan(10**6, 5, "float32", 1e-5, minutes=0.05)
    (tmp_path / "plan.json").write_text(json.dumps(dataclasses.asdict(planned)))
    _, report = trained(sample_data, tmp_path, budget=Budget(minutes=0.05))
    assert report.notes["steps_planned"] == 10**6 > 100 * report.steps
    assert "planned were 1e-05 s" in caplog.text
    kept = Plan(**json.loads((tmp_path / "plan.json").read_text()))
    assert (kept.steps, kept.first_steps) == (report.steps, 10**6)
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert int(rows[-1]["step"]) == report.steps and rows[-1]["tune_dice"]


def test_training_learns(sample_data):
    config = TrainingConfig(
        crop_px=64, batch=8, evaluations=1, evaluated_images=4, augmentation="geometric"
    )

    def dice_after(steps):
        sets, how = (sample_data.fit, sample_data.tune), {"seed": 0, "folder": None, "divisor": 8}
        report = train(network(0, 8, 4), *sets, config, budget=Budget(steps=steps), **how)[1]
        return report.notes["tune_dice_at_half"]

    assert dice_after(100) > dice_after(1) + 0.1


def test_a_loss_that_is_not_finite_ends_the_training_with_advice(sample_data):
    wild = TrainingConfig(crop_px=64, batch=4, learning_rate=1e30, average_share=0.0)
    with pytest.raises(FloatingPointError, match="learning_rate"):
        trained(sample_data, budget=Budget(steps=8), config=wild)


def test_the_average_follows_the_weights():
    layer = torch.nn.Linear(1, 1, bias=False)
    average, raw = Average(layer, memory_steps=50), Average(layer, memory_steps=0)
    for value in np.linspace(0, 1, 200):
        layer.weight.data.fill_(value)
        average.update()
        raw.update()
    assert raw.state["weight"].item() == 1
    assert 0.6 < average.state["weight"].item() < 0.9


@pytest.mark.parametrize(
    ("asked", "usual", "expected"), [(None, 16, 15), (None, 2, 6), (12, 16, 12)]
)
def test_processes_share_a_batch(monkeypatch, asked, usual, expected):
    monkeypatch.setattr(processes, "state", lambda: SimpleNamespace(num_processes=3))
    assert training.shared_batch(asked, usual) == expected


@pytest.mark.parametrize("asked", [16, 3])
def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch, asked):
    monkeypatch.setattr(processes, "state", lambda: SimpleNamespace(num_processes=3))
    with pytest.raises(ConfigError, match=f"--batch {asked} cannot be shared by 3"):
        training.shared_batch(asked, 16)


def test_what_goes_to_another_process_holds_no_decoded_image(sample_data):
    crops = crops_of(sample_data.fit, SMALL, 0, SMALL.batch)
    drawn = crops[0]
    sent = pickle.dumps(crops)
    assert len(sent) < 300_000
    assert torch.equal(pickle.loads(sent)[0][0], drawn[0])


def test_a_training_shows_masks_and_reports_to_what_a_command_names(sample_data, tmp_path):
    track_with(["tensorboard"])
    try:
        trained(sample_data, tmp_path)
    finally:
        track_with([])
    own = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    pictures = own.Tags()["images"]
    assert len(pictures) == 2 and all(name.startswith("tune/") for name in pictures)
    assert len(own.Images(pictures[0])) == 2  # once for each evaluation
    reported = EventAccumulator(str(tmp_path / "segmentation-bench")).Reload()
    for name in ("loss", "learning_rate", "tune_dice"):
        values, same = ([one.value for one in each.Scalars(name)] for each in (own, reported))
        assert values == same and values
    (tmp_path / "again").mkdir()
    trained(sample_data, tmp_path / "again")
    assert not (tmp_path / "again" / "segmentation-bench").exists()


def test_a_service_that_cannot_be_opened_does_not_end_a_training(tmp_path, caplog):
    (tmp_path / "segmentation-bench").write_text("a file where its folder would be")
    accelerator = Accelerator(cpu=True, log_with="tensorboard", project_dir=tmp_path)
    begin(accelerator, "unet", {"loss": "bce"})
    accelerator.log({"loss": 1.0}, step=1)
    end(accelerator)
    assert "unet: nothing is reported to tensorboard (" in caplog.text


@pytest.mark.parametrize(
    ("names", "told"),
    [(["wandbb"], "Did you mean wandb?"), (["aim"], "pip install aim first")],
)
def test_a_service_that_cannot_be_reached_is_named(names, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        track_with(names)
