"""What the report says of the choice, of the ranking behind it, and of what approaches cost and
are.
"""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from made_run import make_run

from common.masks.postprocess import Postprocess
from common.masks.tuning import Tuning
from common.records.description import Identity, RecordedBudget, SharedGroups
from common.records.self_description import SelfDescription
from common.report import narrative as say
from common.report.finished_run import FinishedRun, Shared, read_run
from common.report.narrative.unseen import seen_in_training, tune_dice


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> FinishedRun:
    return read_run(make_run(tmp_path_factory.mktemp("made") / "run"))


def changed(run: FinishedRun, **columns) -> FinishedRun:
    return dataclasses.replace(run, board=run.board.assign(**columns))


def with_about(run: FinishedRun, **about) -> FinishedRun:
    return dataclasses.replace(run, about=dataclasses.replace(run.about, **about))


def alone(run: FinishedRun, folder) -> FinishedRun:
    """The run as if only its best approach had been asked for."""
    for name in ("run.json", "leaderboard.csv", "per_image.csv"):
        (folder / name).write_bytes((run.folder / name).read_bytes())
    for name in ("leaderboard.csv", "per_image.csv"):
        table = pd.read_csv(folder / name)
        table[table["approach"] == run.winner].to_csv(folder / name, index=False)
    return read_run(folder)


# the answer


def test_the_answer_names_the_winner_its_score_its_objects_and_its_price(run):
    row, said = run.row(run.winner), say.answer(run)
    assert f"Take `{run.winner}`" in said
    assert f"**{row['dice_mean']:.3f}**" in said
    assert f"{row['dice_lower']:.3f} to {row['dice_upper']:.3f}" in said
    assert "19 independent groups" in said
    assert f"{run.comparison.selection.corrected:.3f}" in said
    rows = run.per_image[run.per_image["approach"] == run.winner]
    missed, all_objects = (
        rows["object_fn"].sum(),
        rows[["object_tp", "object_fn"]].to_numpy().sum(),
    )
    assert (
        f"misses {missed} of {all_objects} objects and invents {rows['object_fp'].sum()}" in said
    )


def test_the_trade_is_told_in_time_dice_and_objects(run):
    other = say.rival(run)
    dice, lower, upper = run.comparison.difference(run.winner, other)
    said = say.of_trade(run)
    assert other == next(name for name in run.names if name != run.winner)
    assert f"{dice:+.3f} mean Dice ({lower:+.3f} to {upper:+.3f}" in said
    assert ("neither is shown to be better" in said) == (lower <= 0 <= upper)
    assert "invented" in said and "missed" in said and "on 40 images" in said
    dear = changed(
        run, predict_seconds_per_image=np.where(run.board["approach"] == run.winner, 1.5, 0.1)
    )
    assert ("1.5 s instead of 100 ms an image buys" in say.of_trade(dear)) == (dice > 0)
    unknown = changed(run, predict_seconds_per_image=np.nan)
    assert "instead of" not in say.of_trade(unknown) and "nan" not in say.of_trade(unknown)


def test_counts_of_objects_are_left_out_where_a_run_has_none(run):
    bare = dataclasses.replace(run, per_image=run.per_image.drop(columns="object_fp"))
    assert "invents" not in say.answer(bare) and "invented" not in say.of_trade(bare)
    assert "objects found" not in say.beside_table(bare)
    assert "were not counted" in say.of_losses(bare)


def test_a_single_approach_is_compared_with_nothing(run, tmp_path):
    one = alone(run, tmp_path)
    assert say.rival(one) is None and say.of_trade(one) == ""
    assert "One approach has a result, " in say.of_table(one) and "runs from" not in say.of_table(
        one
    )
    assert "nothing to compare" in say.of_ties(one)
    assert "decide little" not in say.answer(one)
    assert " from " not in say.of_costs(one).split(".")[0]
    assert "nothing was chosen" in say.of_selection(one)
    assert len(say.beside_table(one).splitlines()[0].split("|")) == 4


def test_images_that_tell_nothing_apart_open_the_answer(run):
    verdicts = np.where(run.board["verdict"].isin(["best"]), "best", "not told apart")
    tied = changed(run, verdict=np.where(run.board["status"] == "ok", verdicts, None))
    assert say.answer(tied).startswith("**These images decide little**: none of 6 approaches")
    assert not say.answer(run).startswith("**These images")


# seen and unseen objects


def test_groups_that_training_has_seen_are_told_at_once(run):
    said = say.answer(run)
    assert "**19 of the 20 groups of `val` occur in `train` too**" in said
    assert f"it reaches {tune_dice(run.records[run.winner]):.3f} (optimistic" in said
    assert run.shared == Shared(19, None, None)
    assert "Which of them were trained on is not stored" in say.of_unseen(run)
    assert "val, groups" not in say.unseen_table(run)


def test_groups_that_were_not_trained_on_have_their_own_score_where_they_are_known(run):
    names = sorted(set(run.per_image["group"]))
    known = with_about(run, score_groups_in_train=SharedGroups(names[5:], names[3:5]))
    rows = run.per_image[
        (run.per_image["approach"] == run.winner) & run.per_image["group"].isin(names[:5])
    ]
    said = seen_in_training(known)
    assert "**17 of the 20 groups of `val` occur in `train` too (15 of them in *fit*)**" in said
    assert (
        f"on the 10 images of 5 groups not trained on it reaches {rows['dice'].mean():.3f}" in said
    )
    assert (
        "On the 10 images with objects of 5 groups not trained on, too few to rank by, `"
        in say.of_unseen(known)
    )
    head = say.unseen_table(known).splitlines()[0]
    assert (
        "groups in fit too (28) | val, groups in tune alone (4) | val, groups never seen (6) |"
        in head
    )
    every = with_about(run, score_groups_in_train=SharedGroups(names))
    assert "Every image with objects belongs to a group that was trained on." in say.of_unseen(
        every
    )


def test_a_run_that_shares_nothing_says_nothing_in_the_answer(run):
    for about in (
        {"score_groups_in_train": SharedGroups()},
        {"notes": ["val: 40 images in 20 groups"]},
    ):
        fresh = with_about(run, **about)
        assert fresh.shared == Shared(0, frozenset(), frozenset())
        assert "occur in `train`" not in say.answer(fresh)
        assert "objects not seen in training" in say.of_unseen(fresh)
        assert "val, groups" not in say.unseen_table(fresh)
    silent = with_about(run, notes=None)
    assert silent.shared is None and "is not stored" in say.of_unseen(silent)


def test_all_groups_are_known_where_the_note_counts_all(run):
    every = with_about(
        run, notes=["warning: 20 groups are in both train and val; a score on val says little"]
    )
    assert every.shared == Shared(20, frozenset(run.per_image["group"]), None)
    one = with_about(run, notes=["warning: 1 groups are in both train and val; x"])
    assert "**1 of the 20 groups of `val` occurs in" in say.answer(one)


def test_a_divided_group_is_told_beside_tune(run):
    notes = [
        *run.about.notes,
        "warning: group 'a' had to be divided between fit and tune; scores are optimistic",
    ]
    assert "but for one that had to be divided" in say.answer(with_about(run, notes=notes))


def test_the_order_on_tune_is_compared_with_that_on_val(run):
    assert "is first with" in say.of_unseen(run)
    tune = {name: tune_dice(run.records[name]) for name in run.names}
    same = sorted(tune, key=tune.get, reverse=True) == run.names
    assert ("the same as on `val`" in say.of_unseen(run)) == same
    best = dataclasses.replace(
        run.records["threshold"], tuning=Tuning(Postprocess(0.5), (0, 1), (1, 1))
    )
    turned = dataclasses.replace(run, records={**run.records, "threshold": best})
    assert (
        "`threshold` is first with 1.000, and the order is different from that on `val`"
        in say.of_unseen(turned)
    )


# verdicts


def test_each_approach_is_where_its_verdict_puts_it(run):
    said = say.of_ties(run)
    worse, rest = said.split(".", 1)
    for name in run.names:
        verdict = run.row(name)["verdict"]
        assert (f"`{name}`" in worse.split(":", 1)[1]) == (verdict == "worse")
        row = run.row(name)
        possible = f"`{name}` ({row['difference']:+.3f}; anything from"
        assert (possible in rest) == (verdict == "not told apart")


def test_a_tie_is_never_called_equal_and_that_is_said_once(run):
    verdicts = np.where(run.board["verdict"] == "worse", "not told apart", run.board["verdict"])
    said = say.of_ties(changed(run, verdict=verdicts))
    assert "Worse than" not in said
    assert said.count("is possible)") == 5
    assert said.count("does not mean that they are as good") == 1


def test_one_that_is_worse_by_itself_but_not_among_all_is_told_so(run):
    name = run.names[-1]
    last = run.board["approach"] == name
    apart = changed(run, verdict=run.board["verdict"].mask(last, "not told apart"))
    row = run.row(name)
    bounds = f"{row['difference_lower']:+.3f} to {row['difference_upper']:+.3f}"
    said = say.of_ties(apart)
    assert (
        f"Compared with the best alone, `{name}` ({bounds}) is worse, but not when all pairs must "
        "hold" in said
    )
    assert "vary too much from group to group" in said
    older = dataclasses.replace(
        apart, board=apart.board.assign(difference_lower=np.nan, difference_upper=np.nan)
    )
    assert say.of_ties(older) == said  # the comparison has what an older board lacks
    even = changed(
        run, verdict=run.board["verdict"].mask(last, "not told apart"), difference_upper=0.01
    )
    assert "Compared with the best alone" not in say.of_ties(even)


def test_what_could_be_shown_is_that_of_the_bounds_and_counts_groups(run):
    name = run.names[-1]
    tied = changed(
        run, verdict=run.board["verdict"].mask(run.board["approach"] == name, "not told apart")
    )
    least = run.comparison.minimum_detectable[run.comparison.names.index(name)]
    said = say.of_ties(tied)
    assert f"{least:.3f} to `{name}`" in said and "19 groups like these" in said


# trainings and costs


def test_what_was_given_and_taken_is_told_in_seconds_and_steps(run):
    said = say.of_time_taken(run)
    assert "Each training was given 12 minutes." in said
    assert "`unet` 720 s (700 steps)" in said
    assert (
        "Finished early: `pixel_lightgbm` 40 s (700 steps) and `threshold` 40 s (700 "
        "steps)" in said
    )
    assert "Took more than they were given" not in said
    free = changed(
        run, fit_steps=run.board["fit_steps"].mask(run.board["approach"] == "tta_ensemble")
    )
    assert (
        "an ensemble's time with that of its members: `tta_ensemble` (12 min)"
        in say.of_time_taken(free)
    )
    slow = changed(
        run, fit_seconds=run.board["fit_seconds"].mask(run.board["approach"] == "unet", 1080.0)
    )
    more = "Took more than they were given: `unet` took 1.50 times that."
    assert more in say.of_time_taken(slow)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"minutes": 1.0}, "1 minute"),
        ({"minutes": 0.5}, "0.5 minutes"),
        ({"epochs": 3, "steps": 1}, "3 epochs and 1"),
    ],
)
def test_a_budget_is_told_in_its_units(run, budget, said):
    other = with_about(run, identity=Identity(budget=RecordedBudget(**budget)))
    assert f"given {said}" in say.of_time_taken(other) and f"given {said}" in say.of_limits(other)
    assert "With more, the order may be different" in say.of_limits(other)


def test_costs_that_were_not_measured_are_left_out(run):
    assert "MB on disk and needs up to" in say.of_costs(run)
    assert "on disk" not in say.of_costs(changed(run, model_mb=np.nan))
    assert "MB" not in say.of_costs(changed(run, model_mb=np.nan, peak_memory_mb=np.nan))
    assert "not measured" in say.of_costs(changed(run, predict_seconds_per_image=np.nan))


# reasons


def test_each_approach_has_a_line_with_what_it_says_of_itself(run):
    lines = say.of_approaches(run).splitlines()
    assert len(lines) == len(run.board)
    assert any(line.startswith("- `unet`: a U-Net") for line in lines)
    assert any(line.startswith("- `pixel_lightgbm`: trees; 70 of 400 rounds") for line in lines)
    [ensemble] = [line for line in lines if line.startswith("- `tta_ensemble`")]
    assert (
        "the others averaged; here `smp_unet_lite0` and `smp_fpn_lite0` over 8 views" in ensemble
    )
    assert "- `smp_deeplabv3plus_lite0`: no result (failed)." in lines


def test_a_metric_that_would_choose_another_is_named(run):
    values = {"nsd_2px": run.board["nsd_2px"].mask(run.board["approach"] == "unet", 0.999)}
    said = say.of_metrics(changed(run, **values))
    assert "Another approach is first by" in said and "`nsd_2px` (`unet`)" in said
    assert "| 0.999 (`unet`) |" in say.metric_table(changed(run, **values))
    assert "`nsd_2px`" not in say.metric_table(changed(run, nsd_2px=np.nan))


# preparation


def test_what_approaches_prepare_is_told_with_the_studies_that_test_it(run):
    studies = {
        "crops": SimpleNamespace(variations={"a": SimpleNamespace(settings={"crop_px": 128})}),
        "augmentation": SimpleNamespace(
            variations={"a": SimpleNamespace(settings={"augmentation": "none"})}
        ),
    }
    found = {"butts": {"crops": STUDIED, "augmentation": None}}
    assert say.preparation_table(run, studies, found).splitlines()[2:] == [
        "| crops for training | crops of 192 px | `smp_unet_lite0` and `unet` | tested in study "
        "*crops* (butts) |",
        "| augmentation | *full*: D4 | `unet` | study *augmentation* was not run |",
        "| views | 8 views | `tta_ensemble` | not tested |",
    ]


def test_a_run_whose_approaches_told_nothing_says_so(run):
    silent = dataclasses.replace(run, described=dict.fromkeys(run.described, SelfDescription()))
    assert "is not stored with this run" in say.preparation_table(silent, {}, {})
    assert "No ensemble was made" in say.of_ensemble(silent)
    assert "are not stored" in say.of_ensemble(dataclasses.replace(silent, records={}))


def test_a_run_of_before_is_described_where_a_reader_can(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "old")
    for path in [*(tmp_path / "old" / "records").iterdir(), tmp_path / "old" / "run.json"]:
        content = json.loads(path.read_text())
        content.pop("description", None)
        for described in content.get("approaches", {}).values():
            described.pop("description")
        path.write_text(json.dumps(content))
    silent = read_run(tmp_path / "old").described.values()
    assert all(each == SelfDescription() for each in silent)

    def describe(name, config, fit):
        return SelfDescription(f"{name} in {fit.steps} steps" if fit else name)

    old = read_run(tmp_path / "old", describe)
    assert old.described["unet"].summary == "unet in 700 steps"
    shutil.rmtree(tmp_path / "old" / "records")  # as runs are published
    published = read_run(tmp_path / "old", describe)
    assert published.described["unet"].summary == "unet in 700 steps"
    assert published.described["smp_deeplabv3plus_lite0"].summary == "smp_deeplabv3plus_lite0"


STUDIED = pd.DataFrame({"variation": ["baseline"]})
