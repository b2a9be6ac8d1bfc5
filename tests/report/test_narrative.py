import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
from made_run import make_run

from common.describe.photos import photo_objects, train_objects
from common.report.finished_run import FinishedRun, read_run
from common.report.narrative import (
    answer,
    fitting,
    photos,
    ranking,
    reasons,
    studies,
    unseen,
)
from common.report.narrative import weaknesses as weak

LEADS = [  # a section begins with them, so they say something of every run
    answer.answer,
    answer.headline,
    answer.of_trade_off,
    answer.of_rule_taken,
    ranking.of_ranking,
    unseen.of_unseen,
    unseen.of_test_sets,
    unseen.of_chosen_there,
    weak.of_losses,
    unseen.of_folds,
    fitting.of_trainings,
    fitting.of_thresholds,
    weak.of_robustness,
    weak.of_calibration,
    ranking.of_limits,
]
FOLDED = [ranking.of_resamples, weak.of_kinds, fitting.of_steps, fitting.of_ensemble]
TABLES = [
    answer.cost_table,
    reasons.metric_table,
    weak.loss_table,
    fitting.preparation_table,
]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> FinishedRun:
    return read_run(make_run(tmp_path_factory.mktemp("made") / "run"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory, run) -> FinishedRun:
    """The same run as it may be published: its leaderboard and scores alone."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("run.json", "leaderboard.csv", "per_image.csv"):
        (folder / name).write_bytes((run.folder / name).read_bytes())
    return read_run(folder)


def changed(run: FinishedRun, **columns) -> FinishedRun:
    return dataclasses.replace(run, board=run.board.assign(**columns))


@pytest.mark.parametrize("sentence", LEADS + FOLDED, ids=lambda function: function.__name__)
@pytest.mark.parametrize("which", ["run", "bare"])
def test_every_sentence_is_whole_whatever_was_stored(sentence, which, request):
    said = sentence(request.getfixturevalue(which))
    assert said.strip() or (sentence in FOLDED and which == "bare")
    assert not said or said.rstrip()[-1] in ".*"
    assert not re.findall(r"\bnan\b|\binf\b|None(?! of the)|  ", said)


@pytest.mark.parametrize("table", TABLES, ids=lambda function: function.__name__)
@pytest.mark.parametrize("which", ["run", "bare"])
def test_every_table_has_as_many_cells_in_each_row(table, which, request):
    said = table(request.getfixturevalue(which))
    lines = said.split("\n\n")[0].splitlines()
    assert len(lines) > 3 and len({line.count("|") for line in lines}) == 1
    assert "nan" not in "".join(lines)


def test_a_published_run_gives_the_same_comparison_as_its_records(run, bare):
    assert bare.comparison.selection.corrected == run.comparison.selection.corrected
    assert answer.of_trade_off(bare) == answer.of_trade_off(run)


def test_a_failed_approach_is_told_with_its_reason(run):
    assert "No result: `smp_deeplabv3plus_lite0`." in answer.of_verdicts(run)
    assert "no result (failed: RuntimeError: out of memory)" in reasons.of_approaches(run)


def test_seeds_are_told_where_they_were_run(run):
    assert "trainings" not in ranking.of_resamples(run)
    assert "trained once" in ranking.of_limits(run)
    seeds = changed(
        run,
        seeds=3,
        dice_over_seeds=0.5,
        dice_over_seeds_lower=0.4,
        dice_over_seeds_upper=0.6,
        seed_sd=0.01,
        image_sd=0.1,
    )
    assert "over 3 trainings" in ranking.of_resamples(seeds)
    assert "trained once" not in ranking.of_limits(seeds)


def test_images_that_all_fail_are_counted(run):
    first = run.per_image["img_id"] == 3
    table = run.per_image.assign(dice=run.per_image["dice"].mask(first, 0.1))
    broken = dataclasses.replace(run, per_image=table)
    assert "On 1 image every approach stays below 0.5" in weak.of_losses(broken)
    assert "stays below" not in weak.of_losses(run)
    assert weak.examples(broken)["worst"][0] == 3


def test_examples_are_the_worst_the_middle_and_the_best_and_none_comes_twice(run):
    dice = run.dice(run.winner)
    found = weak.examples(run)
    ordered = sorted(dice, key=lambda image_id: (dice[image_id], image_id))
    assert found["worst"] == ordered[:3] and found["best"] == ordered[-1:]
    middle = sorted(dice.values())[len(dice) // 2]
    assert all(abs(dice[image_id] - middle) < 0.05 for image_id in found["typical"])
    for count in range(1, 8):
        some = run.per_image[run.per_image["img_id"].isin(ordered[:count])]
        kinds = weak.examples(dataclasses.replace(run, per_image=some)).values()
        ids = [image_id for kind in kinds for image_id in kind]
        assert len(ids) == len(set(ids)) == min(count, 6)


def test_limits_repeat_the_warnings_of_the_run(run):
    said = ranking.of_limits(run, photos=2)
    assert "19 groups are in both train and val" in said
    assert "19 independent groups" in said
    assert "With 2 photos without labels" in said
    assert "Every image of `val` has an object" not in said


def test_a_run_without_any_result_says_so(tmp_path, run):
    about = {**json.loads((run.folder / "run.json").read_text()), "winner": None}
    (tmp_path / "run.json").write_text(json.dumps(about))
    (tmp_path / "leaderboard.csv").write_text(
        "approach,status,reason\nunet,failed,RuntimeError: no\n"
    )
    (tmp_path / "per_image.csv").write_text("approach,img_id\n")
    nothing = read_run(tmp_path)
    for sentence in [*LEADS, *FOLDED, *TABLES]:
        said = sentence(nothing)
        assert (said.strip() or sentence not in LEADS) and not re.findall(r"\bnan\b", said)
        assert not re.findall(r"`tta_ensemble`|second approach|is chosen on|trained once", said)
    assert "nothing is chosen" in answer.answer(nothing) and answer.facts(nothing) == []
    assert "`unet`: a U-Net; no result (failed: RuntimeError: no)." in reasons.of_approaches(
        nothing
    )
    assert "nothing can be concluded" in ranking.of_limits(nothing)


def test_a_folder_without_a_run_says_what_is_missing(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"run\.json, leaderboard\.csv, per_image\.csv; expected"
    ):
        read_run(tmp_path)


def test_pieces_on_photos_are_counted_and_outliers_named():
    large, thin, nothing = (np.zeros((60, 80), bool) for _ in range(3))
    large[5:55, 5:75] = True
    thin[10:11, 0:70] = True
    thin[30:40, 30:40] = True
    images = [np.zeros((60, 80, 3), np.uint8)] * 3
    table = photo_objects(
        zip(["large", "thin", "nothing"], images, [large, thin, nothing], strict=True)
    )
    assert table["object"].tolist() == [1, 1, 2, 0]
    assert table["area_px"].tolist()[:3] == [3500, 70, 100]
    train = pd.DataFrame(
        {"area_px": [90, 110], "length_px": [12.0, 12.0], "width_px": [9.0, 10.0]}
    )
    said = photos.of_photos(table, train)
    assert (
        "On 3 photos the masks have 3 objects (specks not counted); nothing was found on 1 photo."
        in said
    )
    assert "2 of them are more than twice as large as nearly all objects of `train`" in said
    usual = pd.DataFrame({"area_px": [70, 70, 3500, 3500], "width_px": [1.0, 1.0, 50.0, 50.0]})
    assert "of them" not in photos.of_photos(table, usual)


def test_the_objects_of_train_are_those_of_its_annotations(sample_folder, sample_data):
    found = train_objects(sample_folder)
    truth = sample_data.fit.joined(sample_data.tune)
    assert found["area_px"].sum() == sum((sample.mask & ~sample.ignore).sum() for sample in truth)
    assert train_objects(sample_folder / "nowhere").empty


def test_studies_are_found_by_their_files(tmp_path):
    names = ["loss", "scale-jitter", "views"]
    assert studies.study_tables(tmp_path / "nowhere", "sample", names) == {}
    for name in ("cig-butts-scale-jitter", "sample-loss", "sample-views"):
        pd.DataFrame({"variation": [name]}).to_csv(tmp_path / f"{name}.csv", index=False)
    found = studies.study_tables(tmp_path, "sample", names)
    assert {name: table["variation"][0] for name, table in found.items()} == {
        "loss": "sample-loss",
        "views": "sample-views",
    }


def test_costs_that_cannot_be_compared_are_said_to_be_so(run):
    def said(**columns):
        return ranking.of_limits(dataclasses.replace(run, board=run.board.assign(**columns)))

    assert "cannot be compared" not in said() and "without an interval" not in said()
    assert "2.3 times as long in one round as in another" in said(reference_spread=2.3)
    assert "measured without an interval" in said(predict_seconds_lower=float("nan"))
