"""Thresholds that the groups of all trainings of a study choose, not those of one fold alone."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from approaches.base import Budget
from approaches.running.cross_fitted import _thresholds, score_cross_fitted
from approaches.running.settings import RunSettings
from common.data import Data
from common.masks.postprocess import THRESHOLDS, Postprocess
from common.masks.tuning import Tuning
from common.records import Record


def curve(best: float) -> tuple[float, ...]:
    """Dice of an image that wants a threshold."""
    return tuple((1 - np.abs(THRESHOLDS - best)).tolist())


def training(wanted: dict[int, float], groups: dict[int, str]) -> tuple[Record, Data]:
    curves = {image_id: curve(best) for image_id, best in wanted.items()}
    tuning = Tuning(Postprocess(0.5), tuple(THRESHOLDS.tolist()), curves=curves)
    fold = SimpleNamespace(tune=SimpleNamespace(groups=groups))
    return Record("a", "unfinished", tuning=tuning), cast(Data, fold)


@pytest.fixture
def trainings():
    """In the first fold a single odd image is all that there is beside the others' group."""
    odd = {1: 0.2} | dict.fromkeys(range(2, 7), 0.8)
    usual = dict.fromkeys(range(7, 12), 0.8)
    return [
        training(odd, {1: "odd"} | dict.fromkeys(range(2, 7), "many")),
        training(usual, {image_id: f"group {image_id}" for image_id in usual}),
    ]


def test_an_odd_image_does_not_choose_for_the_rest_of_its_fold(trainings):
    thresholds = _thresholds(*zip(*trainings, strict=True))
    assert thresholds[1] == pytest.approx(0.8)
    assert all(thresholds[image_id] > 0.7 for image_id in range(2, 7))
    [alone] = {_thresholds(*zip(trainings[0], strict=True))[image_id] for image_id in range(2, 7)}
    assert alone == pytest.approx(0.2)


def test_a_training_that_failed_stays_as_it_is_and_the_others_go_on(trainings):
    records, folds = map(list, zip(*trainings, strict=True))
    failed, skipped = Record("a", "failed", "no memory"), Record("a", "skipped", "no smp")
    assert score_cross_fitted([failed, skipped], folds, [None, None]) == [failed, skipped]
    assert set(_thresholds([failed, records[1]], folds)) == set(range(7, 12))


def test_what_cannot_be_scored_fails_with_its_reason(trainings, tmp_path):
    records, folds = map(list, zip(*trainings, strict=True))
    runs = [RunSettings(tmp_path / name, Budget(steps=1)) for name in ("a", "b")]
    found = score_cross_fitted(records, folds, runs)
    assert [one.status for one in found] == ["failed", "failed"] and all(
        "model" in one.reason for one in found
    )
