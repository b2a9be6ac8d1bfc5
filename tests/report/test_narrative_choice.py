"""What the report says of the choice, of the ranking behind it, and of what approaches cost and
are.
"""

import dataclasses
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from made_run import make_run

from common.records.description import Identity, RecordedBudget, SharedGroups
from common.records.self_description import SelfDescription
from common.report.finished_run import FinishedRun, read_run
from common.report.narrative import answer, fitting, ranking, reasons, unseen
from common.report.narrative.unseen import CHOSEN_ON, NEVER, TRAINED, tune_dice


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


# the first screen


def test_the_first_sentence_names_the_winner_its_objects_and_its_score_in_three_numbers(run):
    said = answer.headline(run)
    rows = run.per_image[run.per_image["approach"] == run.winner]
    found, missed = int(rows["object_tp"].sum()), int(rows["object_fn"].sum())
    assert f"Take `{run.winner}`" in said
    assert f"finds {found} of {found + missed} objects" in said
    assert f"{run.row(run.winner)['dice_mean']:.3f}" in said
    bare = dataclasses.replace(run, per_image=run.per_image.drop(columns="object_fp"))
    for sentence in (said, answer.headline(bare)):
        assert len(re.findall(r"(?<![\w.])[\d.,]*\d", sentence)) <= 3
        assert sentence.count(". ") == 0
    assert "objects" not in answer.headline(bare)


@pytest.mark.parametrize("dice", [0.02, 0.099])
def test_a_winner_that_learned_nothing_is_said_to_have_first(run, dice):
    weak = changed(run, dice_mean=dice)
    assert answer.answer(weak).startswith("**Nothing was learned: even the best of 6 approaches")
    assert "Take none of them." in answer.headline(weak) and "Take `" not in answer.headline(weak)
    assert "annotations first" in answer.caution(weak)


def test_one_no_better_than_marking_every_pixel_has_learned_nothing(run):
    everything = run.per_image.assign(tp=70, fn=0, fp=30, tn=0)
    assert "Nothing was learned" in answer.headline(
        dataclasses.replace(changed(run, dice_mean=0.8), per_image=everything)
    )
    assert "Nothing was learned" not in answer.headline(run)


def test_images_that_tell_nothing_apart_open_the_answer(run):
    verdicts = np.where(run.board["verdict"].isin(["best"]), "best", "not told apart")
    tied = changed(run, verdict=np.where(run.board["status"] == "ok", verdicts, None))
    assert answer.headline(tied).startswith("These images tell none of 6 approaches apart")
    assert "shown to be best" in answer.headline(tied)
    assert "tell none" not in answer.headline(run)


def test_one_sentence_of_caution_the_most_important_first(run):
    shared = "19 of the 20 groups of `val` occur in `train` too: this says little about objects"
    assert answer.caution(run).startswith(shared)
    smoke = with_about(run, identity=dataclasses.replace(run.about.identity, smoke=True))
    assert "smallest settings" in answer.caution(smoke)
    assert "below 0.5" in answer.caution(changed(run, dice_mean=0.4))
    fresh = with_about(run, score_groups_in_train=SharedGroups())
    assert "from 19 independent groups of images" in answer.caution(fresh)
    many = dataclasses.replace(run, per_image=run.per_image.assign(object_fp=5))
    assert "200 pieces that match no object, more than it finds" in answer.caution(many)
    for one in (run, smoke, fresh, many):
        assert answer.caution(one).count(". ") == 0


def test_verdicts_that_occur_are_explained_and_no_others(run):
    said = answer.of_verdicts(run)
    for verdict in ("equivalent", "not told apart", "worse"):
        occurs = verdict in set(run.board["verdict"])
        assert (f"*{verdict.capitalize()}*" in said) == occurs
    assert "*Worse*" not in answer.of_verdicts(changed(run, verdict="best"))


def test_costs_that_were_not_measured_are_left_out(run):
    assert len(answer.facts(run)) == 4
    assert [
        what for _, what in answer.facts(changed(run, model_mb=np.nan, fit_seconds=np.nan))
    ] == [
        "for an image on CPU with 2 threads",
        "of memory, Python included",
    ]
    table = answer.cost_table(changed(run, model_mb=np.nan))
    assert "on disk" not in table and "memory" in table


# what another choice would buy


def test_a_faster_approach_is_advised_only_where_it_is_much_faster_and_nearly_as_good(run):
    other = next(name for name in run.names if name != run.winner)
    is_other, is_winner = run.board["approach"] == other, run.board["approach"] == run.winner

    def with_other(seconds: float, loss: float) -> str:
        dice = run.row(run.winner)["dice_mean"] - loss
        times = np.select([is_other, is_winner], [seconds, 0.053], 9.0)
        board = run.board["dice_mean"].mask(is_other, dice)
        return answer.of_trade_off(changed(run, predict_seconds_per_image=times, dice_mean=board))

    assert f"look at `{other}` too" in with_other(0.02, 0.03)
    assert "look at" not in with_other(0.045, 0.03)
    assert "look at" not in with_other(0.02, 0.065)
    assert "No approach takes half its time" in with_other(0.045, 0.065)


def test_a_better_one_that_was_passed_over_is_named(run):
    second = run.names[1]
    passed = with_about(run, winner=second)
    assert f"`{run.names[0]}` has a higher mean Dice" in answer.of_trade_off(passed)
    assert "higher mean Dice" not in answer.of_trade_off(with_about(run, winner=run.names[0]))


def test_a_single_approach_is_compared_with_nothing(run, tmp_path):
    one = alone(run, tmp_path)
    assert "nothing to weigh" in answer.of_trade_off(one)
    assert "nothing to compare" in ranking.of_ranking(one)
    assert ranking.of_resamples(one) == ""
    assert answer.headline(one).startswith("Take `")


# seen and unseen objects


def test_groups_that_were_not_trained_on_have_their_own_score_where_they_are_known(run):
    names = sorted(set(run.per_image["group"]))
    known = with_about(run, score_groups_in_train=SharedGroups(names[5:], names[3:5]))
    said = unseen.of_unseen(known)
    assert "17 of the 20 groups of `val` occur in `train` too." in said
    assert "On the 5 groups not trained on, too few to rank by, `" in said
    parts = unseen.parts(known).set_index("approach")
    labels = [f"val, groups {part}" for part in (TRAINED, CHOSEN_ON, NEVER)]
    assert [column.split(" (")[0] for column in parts.columns[:3]] == labels
    rows = run.per_image[
        (run.per_image["approach"] == run.winner) & run.per_image["group"].isin(names[:3])
    ]
    assert parts.loc[run.winner].iloc[2] == pytest.approx(rows["dice"].mean())
    every = with_about(run, score_groups_in_train=SharedGroups(names))
    assert "every image with objects belongs to a group that was trained on" in unseen.of_unseen(
        every
    )


def test_a_run_that_does_not_tell_which_groups_it_saw_says_so(run):
    silent = with_about(run, score_groups_in_train=None)
    assert "is not stored with this run" in unseen.of_unseen(silent)
    assert not [one for one in unseen.parts(silent).columns if one.startswith("val, groups")]
    assert "occur in `train`" not in answer.caution(silent)


def test_a_run_that_shares_nothing_warns_of_nothing(run):
    fresh = with_about(run, score_groups_in_train=SharedGroups())
    assert "occur in `train`" not in answer.caution(fresh)
    assert "No group of `val` occurs in `train`" in unseen.of_unseen(fresh)


def test_what_tune_is_worth_is_told_where_it_is_known(run):
    tune = unseen.parts(run).set_index("approach")["tune, at the threshold chosen there"]
    assert tune[run.winner] == tune_dice(run.records[run.winner])
    assert "optimistic" in unseen.of_unseen(run)
    bare = dataclasses.replace(with_about(run, score_groups_in_train=None), records={})
    assert "optimistic" not in unseen.of_unseen(bare) and unseen.parts(bare).empty
    notes = [*run.about.notes, "warning: group 'a' had to be divided between fit and tune"]
    assert "but for one group that had to be divided" in unseen.of_unseen(
        with_about(run, notes=notes)
    )


# the ranking


def test_what_could_be_shown_is_told_of_those_that_are_not_told_apart(run):
    name = run.names[-1]
    tied = changed(run, verdict=np.where(run.board["approach"] == name, "not told apart", "worse"))
    tied.board.loc[0, "verdict"] = "best"
    least = run.comparison.minimum_detectable[run.comparison.names.index(name)]
    assert f"With 19 groups like these, a true loss of `{name}` below {least:.3f} mostly goes" in (
        ranking.of_ranking(tied)
    )
    clear = changed(run, verdict=run.board["verdict"].replace("not told apart", "worse"))
    assert "goes unnoticed" not in ranking.of_ranking(clear)


def test_one_that_is_worse_by_itself_but_not_among_all_is_told_so(run):
    last = run.board["approach"] == run.names[-1]
    apart = changed(run, verdict=run.board["verdict"].mask(last, "not told apart"))
    assert f"Compared with the best alone, `{run.names[-1]}` is worse" in ranking.of_ranking(apart)
    older = dataclasses.replace(
        apart, board=apart.board.assign(difference_lower=np.nan, difference_upper=np.nan)
    )
    assert ranking.of_ranking(older) == ranking.of_ranking(
        apart
    )  # the comparison has what it lacks
    assert "Compared with the best alone" not in ranking.of_ranking(
        changed(apart, difference_upper=0.01)
    )


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"minutes": 1.0}, "1 minute"),
        ({"minutes": 1 / 3}, "20 seconds"),
        ({"epochs": 3, "steps": 1}, "3 epochs and 1"),
    ],
)
def test_a_budget_is_told_in_its_units(run, budget, said):
    other = with_about(run, identity=Identity(budget=RecordedBudget(**budget)))
    assert f"Each training was given {said}" in fitting.of_trainings(other)
    assert f"With more than {said}" in ranking.of_limits(other)


# reasons


def test_each_approach_has_a_line_with_what_it_says_of_itself(run):
    lines = reasons.of_approaches(run).splitlines()
    assert len(lines) == len(run.board)
    assert any(line.startswith("- `unet`: a U-Net") for line in lines)
    assert any(line.startswith("- `pixel_lightgbm`: trees; 70 of 400 rounds") for line in lines)
    [ensemble] = [line for line in lines if line.startswith("- `tta_ensemble`")]
    assert (
        "the others averaged; here `smp_unet_lite0` and `smp_fpn_lite0` over 8 views" in ensemble
    )


def test_metrics_that_were_measured_stand_with_what_they_tell(run):
    said = reasons.metric_table(run)
    assert "| approach | dice_mean | nsd_2px | object_f1 | area_bias | dice_global |" in said
    assert said.count("\n| ") == len(run.names) + 1 and "- `nsd_2px`: the outline" in said
    assert "`nsd_2px`" not in reasons.metric_table(changed(run, nsd_2px=np.nan))


def test_what_approaches_prepare_is_told(run):
    assert fitting.preparation_table(run).splitlines()[2:] == [
        "| crops for training | crops of 192 px | `smp_unet_lite0` and `unet` |",
        "| augmentation | *full*: D4 | `unet` |",
        "| views | 8 views | `tta_ensemble` |",
    ]


def test_a_run_whose_approaches_told_nothing_says_so(run):
    silent = dataclasses.replace(run, described=dict.fromkeys(run.described, SelfDescription()))
    assert fitting.preparation_table(silent) == fitting.of_ensemble(silent) == ""


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
