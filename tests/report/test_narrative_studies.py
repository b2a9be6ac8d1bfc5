import json

import numpy as np
import pandas as pd
import pytest

from approaches.studies.hypotheses import STUDIES, Study, Variation
from common.leaderboard.studies import judged, recommended
from common.leaderboard.study_power import smallest_shown
from common.report.narrative import expectations, studies

FOUND = {  # variation → verdict and difference with its bounds
    "up": ("helps", 0.02, 0.005, 0.034),
    "down": ("hurts", -0.03, -0.05, -0.01),
    "wide": ("not told apart", 0.001, -0.02, 0.022),
    "narrow": ("not told apart", 0.001, -0.004, 0.006),
    "broken": (np.nan, np.nan, np.nan, np.nan),
}
SENTENCE = ("better", "worse", "same", "no better")


def table(**found) -> pd.DataFrame:
    """A study's table: the baseline, and variations with their verdict, difference and bounds."""
    rows = {"baseline": ("baseline", 0, 0, 0), **found}
    columns = ["verdict", "to_baseline", "to_baseline_lower", "to_baseline_upper"]
    made = (
        pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        .rename_axis("variation")
        .reset_index()
    )
    come = made["verdict"].notna()
    return made.assign(
        expected="As said before.",
        by_seed=np.where(come & (made["verdict"] != "baseline"), "+0.010 -0.002", None),
        seeds=np.where(come, 2, np.nan),
        n_groups=np.where(come, 11, np.nan),
        fit_steps=100.0,
        fit_seconds=[120.0 + 10 * place for place in range(len(made))],
        predict_seconds_per_image=0.1,
        reason=np.where(come, None, "failed: no memory"),
    )


TABLE = table(**FOUND)


def study(outcome: str = "", **expects) -> Study:
    """A study whose variations expect what is said."""
    made = {
        name: Variation(f"It is {word}.", word, {"loss": name}) for name, word in expects.items()
    }
    return Study("Which?", made, outcome=outcome)


def of(found: pd.DataFrame, planned: Study) -> str:
    return expectations.of_expectations({"loss": found}, {"loss": planned})


@pytest.mark.parametrize("name", STUDIES)
def test_every_expectation_can_be_counted_and_agrees_with_its_words(name):
    begins = {
        "Worse": "worse",
        "A little worse": "worse",
        "Far worse": "worse",
        "Better": "better",
    }
    begins |= {"A little better": "better", "No difference": "same", "As good": "same"}
    for label, variation in STUDIES[name].variations.items():
        assert variation.expects in SENTENCE, label
        words = [word for begin, word in begins.items() if variation.expected.startswith(begin)]
        assert words == [variation.expects] or not words, label


@pytest.mark.parametrize(
    ("expects", "verdicts"),
    [
        ("better", ["as expected", "opposite", "undecided", "undecided"]),
        ("worse", ["opposite", "as expected", "undecided", "undecided"]),
        ("same", ["opposite", "opposite", "undecided", "as expected"]),
        ("no better", ["opposite", "as expected", "undecided", "as expected"]),
    ],
)
def test_an_expectation_is_right_wrong_or_undecided(expects, verdicts):
    found = [
        judged(expects, verdict, lower, upper)
        for verdict, _, lower, upper in list(FOUND.values())[:4]
    ]
    assert found == verdicts


def test_bounds_that_are_unknown_decide_nothing():
    assert {judged(word, "not told apart", np.nan, np.nan) for word in SENTENCE} == {"undecided"}
    with pytest.raises(ValueError, match="''.*better, worse, same, no better"):
        judged("", "helps", 0.1, 0.2)


def test_whether_an_expectation_was_right_stands_beside_what_was_found():
    planned = study(up="better", down="better", wide="worse", broken="same", absent="worse")
    lines = expectations.expected_beside_found(planned.variations, TABLE).splitlines()
    assert lines[0] == "| variation | expected | found | expectation |"
    found = "helps: +0.020 (+0.005 to +0.034); by seed and fold +0.010 -0.002"
    assert lines[2] == f"| up | As said before. | {found} | **as expected** |"
    assert "| no result (failed: no memory) |" in lines[5]
    assert [line.split("**")[-2] for line in lines[3:]] == [
        "opposite",
        "undecided",
        "no result",
        "not run",
    ]
    assert "It is worse." in lines[-1]


def test_expectations_are_counted_and_the_wrong_ones_named():
    said = of(
        TABLE, study(up="better", down="better", wide="worse", broken="worse", absent="same")
    )
    assert said.startswith(
        "**5 expectations: 1 borne out, 1 wrong, 1 not told apart from the baseline, 1 without a "
        "result and 1 not run.** Wrong: *loss: down* (better was expected, it hurts)."
    )
    assert said.endswith("within ±0.01.")
    assert "Wrong" not in of(TABLE, study(up="better"))


def test_several_studies_are_counted_together():
    both = {"loss": study(up="better", down="same"), "crops": study(up="worse")}
    said = expectations.of_expectations({"loss": TABLE, "crops": TABLE}, both)
    assert said.startswith("**3 expectations: 1 borne out and 2 wrong.** Wrong: *loss: down* (no")
    assert "and *crops: up* (worse was expected, it helps)." in said


def test_half_an_expectation_that_dice_cannot_show_is_named():
    planned = Study(
        "Which?", {"wide": Variation("The same.", "same", unmeasured="better elsewhere")}
    )
    assert "not measured by this study: better elsewhere" in expectations.expected_beside_found(
        planned.variations, TABLE
    )


def test_studies_name_what_their_folds_cannot_show():
    augmentation, scale = STUDIES["augmentation"].variations, STUDIES["scale-jitter"].variations
    assert augmentation["distractors laid on"].unmeasured == "fewer false objects on real photos"
    assert scale["wide scaling"].unmeasured == "better on photos from further away"


def test_the_overview_counts_what_was_shown():
    said = studies.of_overview({"loss": TABLE})
    assert (
        "Of 4 variations with a result, 1 is shown to help, 1 to hurt and 0 to be as good within "
        "0.01; 2 are not told apart" in said
    )
    assert "reach 0.017 to each side" in said
    assert "No variation of any study has a result" in studies.of_overview({})
    assert "No variation of any study has a result" in studies.of_overview(
        {"loss": table(broken=FOUND["broken"])}
    )


def test_nothing_is_recommended_without_a_gain():
    for found in ({"broken": FOUND["broken"]}, {"down": FOUND["down"], "wide": FOUND["wide"]}):
        said = expectations.of_default(study(down="worse", broken="worse"), table(**found))
        assert said == "Whether the default changes is not decided yet."


def test_what_was_decided_is_said_and_so_is_that_nothing_was():
    decided = expectations.of_default(study("It stays.", up="better"), TABLE)
    assert decided.endswith("**Decided:** It stays.")
    assert "not decided yet" in expectations.of_default(study(up="better"), TABLE)


def test_of_variations_that_help_as_much_the_cheapest_is_recommended():
    found = table(two=("helps", 0.017, 0.011, 0.023), eight=("helps", 0.019, 0.009, 0.028))
    found = found.assign(predict_seconds_per_image=[0.08, 0.11, 0.41])
    variations = {
        name: Variation("Better.", "better", {"views": name}, approach="tta")
        for name in ("two", "eight")
    }
    said = expectations.of_default(Study("Which?", variations), found)
    assert said.startswith("*two* is shown to help, which speaks for `views=two` of `tta`")
    assert "bounds overlap: *eight*." in said


def test_a_clear_gain_is_recommended_at_any_price():
    found = table(little=("helps", 0.01, 0.005, 0.015), much=("helps", 0.08, 0.06, 0.1))
    found = found.assign(predict_seconds_per_image=[0.1, 0.1, 0.9])
    said = expectations.of_default(study(little="better", much="better"), found)
    assert "`loss=much`" in said
    assert "Shown to help, but less: *little*" in said


@pytest.mark.parametrize(
    ("predict", "fit", "taken"),
    [
        ([0.10, 0.12], [100.0, 110.0], "large"),  # alike in price, so the gain decides
        ([0.10, 0.12], [100.0, 300.0], "small"),  # dearer in training alone
        ([0.30, 0.10], [100.0, 100.0], "large"),
        ([0.10, np.nan], [100.0, 100.0], "small"),  # an unknown price is not taken for a low one
        ([np.nan, np.nan], [np.nan, np.nan], "large"),
    ],
)
def test_times_that_hardly_differ_decide_nothing(predict, fit, taken):
    better = table(small=("helps", 0.02, 0.01, 0.03), large=("helps", 0.03, 0.01, 0.05)).drop(0)
    chosen, others = recommended(better.assign(predict_seconds_per_image=predict, fit_seconds=fit))
    assert chosen["variation"] == taken
    assert set(others["variation"]) == {"small", "large"} - {taken}
    without = better.drop(columns=["predict_seconds_per_image", "fit_seconds"])
    assert recommended(without)[0]["variation"] == "large"


def test_a_steadier_study_shows_smaller_differences():
    wild = table(a=("helps", 0.02, -0.02, 0.06), b=("helps", 0.03, -0.01, 0.07))
    calm = table(a=("helps", 0.02, 0.01, 0.03), b=("helps", 0.03, 0.02, 0.04))
    calm.loc[1:, "by_seed"] = "+0.020 +0.021"
    assert 0 < smallest_shown(calm) < smallest_shown(wild)
    assert np.isnan(smallest_shown(table()))


def run(folder, minutes, dice, group=True):
    """A published run of one approach, on twelve images of six groups."""
    folder.mkdir()
    images = pd.DataFrame({"approach": "unet", "img_id": range(12), "tp": 1, "fn": 0})
    images["dice"] = dice + 0.05 * np.sin(np.arange(12))
    if group:
        images["group"] = images["img_id"] // 2
    images.to_csv(folder / "per_image.csv", index=False)
    row = {
        "approach": "unet",
        "status": "ok",
        "dice_mean": images["dice"].mean(),
        "dice_lower": dice - 0.05,
        "dice_upper": dice + 0.05,
    }
    pd.DataFrame([row]).to_csv(folder / "leaderboard.csv", index=False)
    about = {"identity": {"budget": {"minutes": minutes}}}
    (folder / "run.json").write_text(json.dumps(about))
    return folder


def test_two_leaderboards_stand_beside_each_other_with_what_changed(tmp_path):
    before = run(tmp_path / "before", 12.0, 0.8, group=False)
    after = run(tmp_path / "after", 8.0, 0.8)
    table = pd.read_csv(after / "per_image.csv")
    table["dice"] += 0.03 * np.where(table["group"] % 2, 1, -1)
    table.to_csv(after / "per_image.csv", index=False)
    said = studies.before_and_after(before, after)
    assert "| `unet` | 0.8" in said and "(0.750 to 0.850)" in said
    assert "12 minutes before, 8 after" in said
    assert "| +0.000 (-0.0" in said and "No change is shown image by image" in said


def test_a_small_change_that_every_image_shows_is_named(tmp_path):
    """Although each score lies within the interval of the other."""
    before, after = run(tmp_path / "before", 8.0, 0.80), run(tmp_path / "after", 8.0, 0.81)
    said = studies.before_and_after(before, after)
    assert "Shown to have changed, each by its own 95 % bounds: `unet`" in said
    assert "| +0.010 (+0.010 to +0.010) |" in said


def test_an_approach_that_one_of_two_leaderboards_lacks_has_no_change(tmp_path):
    before, after = run(tmp_path / "before", 8.0, 0.80), run(tmp_path / "after", 8.0, 0.81)
    for name in ("leaderboard.csv", "per_image.csv"):
        table = pd.read_csv(before / name)
        table.assign(approach="threshold").to_csv(before / name, index=False)
    said = studies.before_and_after(before, after)
    assert said.count("no result") == 2 and "No change is shown" in said


def test_without_two_leaderboards_nothing_is_compared(tmp_path):
    after = run(tmp_path / "after", 8.0, 0.85)
    said = studies.before_and_after(tmp_path / "before", after)
    assert (
        said == "Nothing can be compared before and after: no leaderboard is stored in `before`."
    )
