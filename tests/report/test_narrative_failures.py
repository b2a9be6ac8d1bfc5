"""What the report says of thresholds, of the ensemble, and of where the chosen approach fails."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from made_run import make_run

from common.analysis.corruptions import CORRUPTIONS
from common.report import narrative as say
from common.report.finished_run import FinishedRun, read_run


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


def test_a_threshold_of_one_half_gains_and_loses_nothing(run):
    plain = changed(
        run,
        threshold=run.board["threshold"].mask(chosen(run), 0.5),
        dice_at_half=run.board["dice_mean"],
    )
    said = say.of_thresholds(plain)
    assert f"`{run.winner}` uses the plain 0.5 itself" in said
    assert "No interval was computed" not in said and "would have been better" not in said


def test_differences_below_a_thousandth_are_not_told(run):
    same = changed(run, dice_at_half=run.board["dice_mean"] + 0.0009, threshold=0.4)
    said = say.of_thresholds(same)
    assert f"the threshold of `{run.winner}` changes its mean Dice by less than 0.001" in said
    assert "would have been better" not in said
    lost = say.of_thresholds(
        changed(run, dice_at_half=run.board["dice_mean"] + 0.01, threshold=0.4)
    )
    assert (
        "would have been better" in lost
        and "0.0100" in lost
        and "No interval was computed" in lost
    )


@pytest.mark.parametrize(("threshold", "warned"), [(0.02, True), (0.98, True), (0.04, False)])
def test_a_threshold_at_the_end_of_the_grid_is_warned_of(run, threshold, warned):
    said = say.of_thresholds(
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
    said = say.of_ensemble(ensemble_of(run, **{member: 0.99}))
    assert (
        f"{gain:+.4f} ({lower:+.3f} to {upper:+.3f}) against `{member}`, its best member there"
        in said
    )
    assert ("the gain may be chance" in said) == (lower <= 0)


def test_an_ensemble_that_loses_is_said_to_lose(run):
    names = list(run.comparison.names)
    place = names.index("tta_ensemble"), names.index("smp_unet_lite0")
    pairs = run.comparison.simultaneous
    changes = {"difference": -0.02, "lower": -0.05, "upper": 0.01}
    arrays = {name: getattr(pairs, name).copy() for name in changes}
    for name, value in changes.items():
        arrays[name][place] = value
    lost = dataclasses.replace(run.comparison, simultaneous=dataclasses.replace(pairs, **arrays))
    said = say.of_ensemble(
        dataclasses.replace(ensemble_of(run, smp_unet_lite0=0.99), comparison=lost)
    )
    assert "**the ensemble loses**: -0.0200 (-0.050 to +0.010) against `smp_unet_lite0`" in said
    assert "the loss may be chance" in said
    assert "has +" not in said.split("On `val`")[1]


def test_an_ensemble_without_result_is_not_praised(run):
    failed = changed(
        run, status=run.board["status"].mask(run.board["approach"] == "tta_ensemble", "failed")
    )
    assert (
        say.of_ensemble(failed) == "`tta_ensemble` has no result, so what it gains is not known."
    )


def test_an_ensemble_of_one_says_so(run):
    alone = combining(run, weights={"smp_unet_lite0": 2})
    assert "uses one member alone, `smp_unet_lite0`" in say.of_ensemble(alone)


def combining(run: FinishedRun, **changes) -> FinishedRun:
    """The run whose ensemble tells something else of itself."""
    own = run.described["tta_ensemble"]
    own = dataclasses.replace(own, combination=dataclasses.replace(own.combination, **changes))
    return dataclasses.replace(run, described={**run.described, "tta_ensemble": own})


def test_an_ensemble_that_tells_less_is_told_as_far_as_it_does(run):
    said = say.of_ensemble(combining(run, gain_of_members=None, gain_of_views=None, dice_alone={}))
    assert said.startswith("`tta_ensemble` uses `smp_unet_lite0` (weight 2) and `smp_fpn_lite0`")
    assert "On *tune*" not in said and "optimistic" not in said and "On `val`" in said


def test_every_approach_that_combines_others_has_its_paragraph(run):
    own = run.described["tta_ensemble"]
    two = dataclasses.replace(run, described={**run.described, "unet": own})
    first, second = say.of_ensemble(two).split("\n\n")
    assert first.startswith("`tta_ensemble` uses") and second.startswith("`unet` uses")


# what is lost, and on which images


def test_the_loss_is_divided_by_what_went_wrong(run):
    said = say.of_losses(run)
    rows = run.per_image[
        (run.per_image["approach"] == run.winner) & (run.per_image["tp"] + run.per_image["fn"] > 0)
    ]
    assert f"loses {1 - rows['dice'].mean():.3f} mean Dice" in said
    assert f"of {len(rows)} images." in said
    outlines = run.per_image.assign(object_fn=0, object_fp=0)
    clean = say.of_losses(dataclasses.replace(run, per_image=outlines))
    assert (
        "100 % of it on 38 images where only outlines differ" in clean
        and "missed object" not in clean
    )
    assert "could be gained by drawing better outlines" in clean
    perfect = dataclasses.replace(run, per_image=run.per_image.assign(dice=1.0))
    assert "loses nothing" in say.of_losses(perfect)


def test_outer_thirds_are_compared_with_their_interval(run):
    assert say.of_strata(run).count("highest against lowest") == 3
    area = run.tables["images"].set_index("img_id")["object_area_px"]
    large = run.per_image["img_id"].map(area) > area[area > 0].quantile(0.6)
    apart = dataclasses.replace(
        run, per_image=run.per_image.assign(dice=np.where(large, 0.9, 0.3))
    )
    said = say.of_strata(apart)
    assert "highest against lowest +0.600 (+0.600 to +0.600), more than chance" in said
    undescribed = say.of_strata(with_table(run, "images", pd.DataFrame()))
    assert undescribed.count("whether that is more than chance is not known") == 3
    assert "may be chance" not in undescribed


def test_the_area_is_told_by_the_median_and_the_image_that_makes_the_mean_is_named(run):
    bias = np.where(run.per_image["img_id"] == 7, 30.0, -0.02)
    said = say.of_strata(dataclasses.replace(run, per_image=run.per_image.assign(area_bias=bias)))
    assert "On the median image its masks are 2.0 % too small" in said
    assert (
        "most of all on image 7 (30.0 times the true area too large; without it 2.0 % too small)"
        in said
    )
    even = say.of_strata(dataclasses.replace(run, per_image=run.per_image.assign(area_bias=0.01)))
    assert "On average they are" in said and "On average" not in even


# corruptions and probabilities


def test_every_corruption_is_named_as_met_or_not(run):
    table = run.tables["robustness"]
    met = table["corruption"].isin(list(CORRUPTIONS)[:7])
    said = say.of_robustness(with_table(run, "robustness", table.assign(in_augmentation=met)))
    assert (
        all(f"*{name.replace('_', ' ')}*" in said for name in CORRUPTIONS) and "more (" not in said
    )
    assert "it had nothing like" in said
    assert "had nothing like them" in say.of_robustness(
        with_table(run, "robustness", table.assign(in_augmentation=False))
    )
    assert "each of them" in say.of_robustness(
        with_table(run, "robustness", table.assign(in_augmentation=True))
    )


def test_an_ensemble_is_compared_with_its_members_where_corruption_is_worst(run):
    table = run.tables["robustness"]
    of = table["approach"].map({"tta_ensemble": 0.5, "smp_unet_lite0": 0.6}).fillna(0.4)
    best = dataclasses.replace(
        with_table(run, "robustness", table.assign(dice_mean=of)),
        about=dataclasses.replace(run.about, winner="tta_ensemble"),
    )
    said = say.of_robustness(best)
    assert (
        "At the highest severity (3) it keeps 0.500, **not above** its members `smp_unet_lite0` "
        "0.600" in said
    )
    assert "a member keeps more, by up to 0.100" in said
    single = dataclasses.replace(best, about=dataclasses.replace(run.about, winner="unet"))
    assert "At the highest severity" not in say.of_robustness(single)


def test_the_lean_of_probabilities_has_the_right_sign_and_is_only_made_up_for_where_there_is_one(
    run,
):
    assert "too high (+" in say.of_calibration(run) and "makes up for that" in say.of_calibration(
        run
    )
    low = run.tables["calibration"].assign(proba_mean=0.1, object_share=0.4)
    assert "too low (-0.300)" in say.of_calibration(with_table(run, "calibration", low))
    even = say.of_calibration(with_table(run, "calibration", low.assign(object_share=0.11)))
    assert "neither too high nor too low" in even and "lean" not in even
    assert "Brier" not in say.of_calibration(changed(run, brier=np.nan))


def test_tables_of_a_run_follow_the_order_of_its_board(run):
    for name in ("strata", "robustness", "calibration"):
        assert list(dict.fromkeys(run.tables[name]["approach"])) == run.names
