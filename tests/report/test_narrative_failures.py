"""What the report says of thresholds, of the ensemble, and of where the chosen approach fails."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from made_run import make_run

from common.report.finished_run import FinishedRun, read_run
from common.report.narrative import fitting
from common.report.narrative import weaknesses as weak


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> FinishedRun:
    return read_run(make_run(tmp_path_factory.mktemp("made") / "run"))


def changed(run: FinishedRun, **columns) -> FinishedRun:
    return dataclasses.replace(run, board=run.board.assign(**columns))


def with_table(run: FinishedRun, name: str, table: pd.DataFrame) -> FinishedRun:
    return dataclasses.replace(run, tables={**run.tables, name: table})


def chosen(run: FinishedRun) -> pd.Series:
    return run.board["approach"] == run.winner


# thresholds


def test_differences_below_a_thousandth_are_not_told(run):
    same = fitting.of_thresholds(changed(run, dice_at_half=run.board["dice_mean"] + 0.0009))
    assert "would be better" not in same and "none of them loses 0.001 or more against" in same
    lost = fitting.of_thresholds(changed(run, dice_at_half=run.board["dice_mean"] + 0.01))
    assert "a plain 0.5 would be better for" in lost and f"`{run.winner}`" in lost


@pytest.mark.parametrize(("threshold", "warned"), [(0.02, True), (0.98, True), (0.04, False)])
def test_a_threshold_at_the_end_of_the_grid_is_warned_of(run, threshold, warned):
    said = fitting.of_thresholds(
        changed(run, threshold=run.board["threshold"].mask(chosen(run), threshold))
    )
    assert (f"**At the end of the grid: `{run.winner}` ({threshold:g})**" in said) == warned


# the ensemble


def ensemble_of(run: FinishedRun, **dice) -> FinishedRun:
    board = run.board["dice_mean"].astype(float)
    for name, value in dice.items():
        board = board.mask(run.board["approach"] == name, value)
    return changed(run, dice_mean=board)


@pytest.mark.parametrize("member", ["smp_unet_lite0", "smp_fpn_lite0"])
def test_the_ensemble_is_compared_with_its_member_that_is_best_on_val(run, member):
    gain, lower, upper = run.comparison.difference("tta_ensemble", member)
    said = fitting.of_ensemble(ensemble_of(run, **{member: 0.99}))
    assert (
        f"{gain:+.4f} mean Dice ({lower:+.3f} to {upper:+.3f}) against its best member there, "
        f"`{member}`" in said
    )
    assert ("may be chance" in said) == (lower <= 0)


def test_an_ensemble_that_loses_is_said_to_lose(run):
    names = list(run.comparison.names)
    place = names.index("tta_ensemble"), names.index("smp_unet_lite0")
    pairs = run.comparison.simultaneous
    changes = {"difference": -0.02, "lower": -0.05, "upper": 0.01}
    arrays = {name: getattr(pairs, name).copy() for name in changes}
    for name, value in changes.items():
        arrays[name][place] = value
    lost = dataclasses.replace(run.comparison, simultaneous=dataclasses.replace(pairs, **arrays))
    said = fitting.of_ensemble(
        dataclasses.replace(ensemble_of(run, smp_unet_lite0=0.99), comparison=lost)
    )
    assert "**the ensemble loses**: -0.0200 mean Dice (-0.050 to +0.010) against" in said
    assert "may be chance" in said
    assert "has +" not in said.split("On `val`")[1]


def test_an_ensemble_without_result_is_not_praised(run):
    failed = changed(
        run, status=run.board["status"].mask(run.board["approach"] == "tta_ensemble", "failed")
    )
    assert (
        fitting.of_ensemble(failed)
        == "`tta_ensemble` has no result, so what it gains is not known."
    )


def test_an_ensemble_of_one_says_so(run):
    alone = combining(run, weights={"smp_unet_lite0": 2})
    assert "uses `smp_unet_lite0` alone" in fitting.of_ensemble(alone)


def combining(run: FinishedRun, **changes) -> FinishedRun:
    """The run whose ensemble tells something else of itself."""
    own = run.described["tta_ensemble"]
    own = dataclasses.replace(own, combination=dataclasses.replace(own.combination, **changes))
    return dataclasses.replace(run, described={**run.described, "tta_ensemble": own})


def test_an_ensemble_that_tells_less_is_told_as_far_as_it_does(run):
    said = fitting.of_ensemble(
        combining(run, gain_of_members=None, gain_of_views=None, dice_alone={})
    )
    assert said.startswith("`tta_ensemble` uses `smp_unet_lite0` (weight 2) and `smp_fpn_lite0`")
    assert "On `val`" in said


def test_every_approach_that_combines_others_has_its_paragraph(run):
    own = run.described["tta_ensemble"]
    two = dataclasses.replace(run, described={**run.described, "unet": own})
    first, second = fitting.of_ensemble(two).split("\n\n")
    assert first.startswith("`tta_ensemble` uses") and second.startswith("`unet` uses")


# what is lost, and on which images


def test_the_loss_is_divided_by_what_went_wrong(run):
    rows = run.per_image[run.per_image["approach"] == run.winner]
    rows = rows[rows["tp"] + rows["fn"] > 0]
    numbers = [int(line.split("|")[2]) for line in weak.loss_table(run).splitlines()[2:5]]
    assert sum(numbers) == len(rows)
    outlines = dataclasses.replace(run, per_image=run.per_image.assign(object_fn=0, object_fp=0))
    assert "100 % is lost on the 38 images where only outlines differ" in weak.of_losses(outlines)
    missed = dataclasses.replace(run, per_image=run.per_image.assign(object_fn=1))
    assert "100 % is lost on the 38 images with a missed object" in weak.of_losses(missed)
    perfect = dataclasses.replace(run, per_image=run.per_image.assign(dice=1.0))
    assert "loses nothing" in weak.of_losses(perfect)
    bare = dataclasses.replace(run, per_image=run.per_image.drop(columns="object_fp"))
    assert "were not counted" in weak.of_losses(bare) and weak.loss_table(bare) == ""


def test_only_kinds_that_differ_by_more_than_chance_are_called_weaker(run):
    area = run.tables["images"].set_index("img_id")["object_area_px"]
    large = run.per_image["img_id"].map(area) > area[area > 0].quantile(0.6)
    for low, high, end in ((0.3, 0.9, "lowest"), (0.9, 0.3, "highest")):
        dice = np.where(large, high, low)
        apart = dataclasses.replace(run, per_image=run.per_image.assign(dice=dice))
        assert f"lower in the third with the {end} area of the objects" in weak.of_kinds(apart)
    even = dataclasses.replace(run, per_image=run.per_image.assign(dice=0.5))
    assert "lower in" not in weak.of_kinds(even) and "may be chance" in weak.of_kinds(even)
    undescribed = weak.of_kinds(with_table(run, "images", pd.DataFrame()))
    assert undescribed == ""


# corruptions and probabilities


def test_the_worst_corruption_is_named_with_whether_training_met_it(run):
    table = run.tables["robustness"]
    worse = table.assign(drop=np.where(table["corruption"] == "shadow", 0.4, 0.1))
    for met, said in ((True, "holds something like it"), (False, "holds nothing like it")):
        told = weak.of_robustness(with_table(run, "robustness", worse.assign(in_augmentation=met)))
        assert f"`{run.winner}` loses most under *shadow*" in told and said in told
        assert "only large differences mean anything" in told
    many = with_table(run, "robustness", worse.assign(n_images=40))
    assert "only large differences" not in weak.of_robustness(many)


def test_one_that_keeps_more_on_corrupted_images_is_named(run):
    table = run.tables["robustness"]
    for best in (run.winner, "unet"):
        dice = np.where(table["approach"] == best, 0.9, 0.2)
        said = weak.of_robustness(with_table(run, "robustness", table.assign(dice_mean=dice)))
        assert ("`unet` keeps more" in said) == (best == "unet")


def test_the_lean_of_probabilities_has_the_right_sign(run):
    low = run.tables["calibration"].assign(proba_mean=0.1, object_share=0.4)
    assert "are too low on average" in weak.of_calibration(with_table(run, "calibration", low))
    high = low.assign(object_share=0.01)
    assert "are too high on average" in weak.of_calibration(with_table(run, "calibration", high))
    even = low.assign(object_share=0.11)
    right = weak.of_calibration(with_table(run, "calibration", even))
    assert "are right within 0.02 on average" in right and "off by" not in right
    middle = (even["low"] > 0) & (even["high"] < 1)
    off = even.assign(
        proba_mean=even["proba_mean"].where(~middle, 0.2),
        object_share=even["object_share"].where(~middle, 0.5),
        pixels=even["pixels"].where(~middle, 1).where(middle, 10**6),
    )
    assert "they are off by up to 0.30: of pixels at 0.20, 50 % are object" in (
        weak.of_calibration(with_table(run, "calibration", off))
    )


def test_tables_of_a_run_follow_the_order_of_its_board(run):
    for name in ("strata", "robustness", "calibration"):
        assert list(dict.fromkeys(run.tables[name]["approach"])) == run.names
