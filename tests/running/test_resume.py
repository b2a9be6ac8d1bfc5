import logging
import shutil

import pandas as pd
import pytest

from approaches.running.resume import chosen_alike
from bench import main
from common.masks.postprocess import Postprocess
from common.masks.tuning import FieldChoice, Tuning
from common.records import Record

HERE, THERE = {"street": "0" * 64}, {"street": "1" * 64}


def chosen(keys, status="ok"):
    """A record whose post-processing was chosen on these photos of a field; None for no field."""
    choice = None if keys is None else FieldChoice(keys, {}, 0.5, {})
    return Record("unet", status, tuning=Tuning(Postprocess(0.5), on_field=choice), scores=())


@pytest.mark.parametrize("keys", [None, HERE])
def test_a_further_training_that_was_chosen_alike_stays_as_it_is(keys, caplog):
    further = [chosen(keys), Record("threshold", "failed", "it broke")]
    assert chosen_alike(further, [chosen(keys)], "seed 1", "--seeds 2") == further
    assert not caplog.records


@pytest.mark.parametrize(
    ("of_run", "further", "told"),
    [
        (HERE, None, "chosen without the field"),
        (None, HERE, "chosen with a field"),
        (HERE, THERE, "chosen with another field"),
    ],
)
def test_one_that_was_chosen_otherwise_has_no_scores_and_is_told(of_run, further, told, caplog):
    [found] = chosen_alike([chosen(further)], [chosen(of_run)], "seed 1", "--seeds 2")
    assert (found.status, found.scores) == ("unfinished", None)
    assert found.reason == f"{told}; repeat with --seeds 2"
    assert caplog.messages == [f"seed 1: unet {told}; repeat with --seeds 2"]


def test_one_that_failed_keeps_its_reason():
    failed = chosen(None, "failed")
    assert chosen_alike([failed], [chosen(HERE)], "fold 1", "--folds 2") == [failed]


def test_seeds_and_folds_without_the_field_of_the_run_are_not_averaged_with_it(
    sample_folder, threshold_run, tmp_path, caplog
):
    folder = shutil.copytree(threshold_run, tmp_path / "run")
    words = ["--data", str(sample_folder), "--output", str(folder), "--no-report"]
    words += ["--approaches", "threshold"]
    assert main([*words, "--seeds", "2", "--folds", "2"]) == 0
    with caplog.at_level(logging.WARNING):
        assert main([*words, f"--field=street={sample_folder / 'val'}"]) == 0
    assert "seed 1: threshold chosen without the field; repeat with --seeds 2" in caplog.text
    [seeds] = pd.read_csv(folder / "leaderboard.csv").query("approach == 'threshold'")["seeds"]
    assert pd.isna(seeds)
    unseen = pd.read_csv(folder / "folds.csv").set_index("approach").loc["threshold"]
    assert unseen["status"] == "unfinished" and pd.isna(unseen["unseen_dice"])
    assert unseen["reason"] == "fold 1: chosen without the field; repeat with --folds 2"
