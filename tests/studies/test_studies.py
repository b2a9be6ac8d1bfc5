import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bench
from approaches import TABLE, build
from approaches.base import Budget, ConfigError
from approaches.studies.hypotheses import AS_PUBLISHED, NETWORK, STUDIES, studies_for
from approaches.studies.run import (
    Trainings,
    _settings,
    _variations,
    folds_of,
    run_study,
    slug,
)
from common.leaderboard import leaderboard
from common.leaderboard.studies import Judged, pooled, study_table
from common.records import from_stored, read_record


def score(img_id, dice):
    """A row as `score_image` gives it, with 1,000 true pixels."""
    tp = round(1000 * dice)
    counts = {
        "img_id": img_id,
        "tp": tp,
        "fp": 1000 - tp,
        "fn": 1000 - tp,
        "tn": 0,
        "dice": tp / 1000,
    }
    rest = dict.fromkeys("iou precision recall area_bias nsd_2px dice_at_half".split(), 0.5)
    return {**counts, **rest, "object_tp": 1, "object_fp": 0, "object_fn": 0}


def record(name, dices, seed):
    scores = [score(10 * seed + place, dice) for place, dice in enumerate(dices)]
    fit = {"seconds": 1.0 + seed, "steps": 5}
    stored = {"fit": fit, "postprocess": {"threshold": 0.5}, "scores": scores}
    return from_stored({"approach": name, "status": "ok", **stored})


def judged(name, shift, spread=0.01):
    random = np.random.default_rng(list(name.encode()))
    base = np.random.default_rng(0).uniform(0.6, 0.8, (3, 10))
    dices = base + shift + spread * random.standard_normal((3, 10))
    return Judged(name, f"about {name}", [record(name, dices[seed], seed) for seed in range(3)])


GROUPS = {10 * seed + place: f"g{seed}-{place // 2}" for seed in range(3) for place in range(10)}


@pytest.mark.parametrize("name", STUDIES)
def test_every_setting_of_every_study_exists_and_says_what_is_expected(name):
    study = STUDIES[name]
    assert study.question.endswith("?") and study.variations
    for label, variation in study.variations.items():
        approach = variation.approach or study.approach
        assert approach in TABLE and len(variation.expected) > 10, label
        settings = {**(study.baseline if approach == study.approach else {}), **variation.settings}
        usual = study.baseline if approach == study.approach else {}
        same = (
            build(approach, overrides=settings).config == build(approach, overrides=usual).config
        )
        shares = variation.groups_share, variation.images_share, variation.steps_share
        assert not same or set(shares) != {1} or variation.at_half


@pytest.mark.parametrize("name", STUDIES)
def test_every_variation_of_a_study_has_a_folder_of_its_own(name, tmp_path):
    how = Trainings(tmp_path)
    variations = [one for one in _variations(STUDIES[name]).values() if not one.at_half]
    folders = {_settings(STUDIES[name], one, how, seed=0).folder for one in variations}
    assert len(folders) == len(variations)


def test_folds_share_no_image_and_no_group_between_fit_and_tune_and_read_nothing_of_val(
    sample_data,
):
    folds = folds_of(sample_data, range(3))
    seen = [image_id for fold in folds for image_id in fold.score.ids]
    assert len(seen) == len(set(seen)) and not set(seen) & set(sample_data.score.ids)
    for fold in folds:
        assert not set(fold.fit.groups.values()) & set(fold.tune.groups.values())
        assert len(fold.fit) + len(fold.tune) == len(sample_data.fit) + len(sample_data.tune)


def test_a_clear_gain_helps_a_clear_loss_hurts_and_noise_is_not_told_apart():
    noise = judged("noise", 0, 0.05)
    table = study_table(
        [judged("baseline", 0), judged("up", 0.05), judged("down", -0.05), noise], GROUPS
    )
    assert table["variation"].tolist() == ["baseline", "up", "down", "noise"]
    assert table["verdict"].tolist() == ["baseline", "helps", "hurts", "not told apart"]
    row = table.set_index("variation").loc["up"]
    assert row["to_baseline_lower"] < row["to_baseline"] < row["to_baseline_upper"]
    assert len(row["by_seed"].split()) == 3 and row["seeds"] == 3 and row["n_groups"] == 15
    assert (
        set(leaderboard([]).columns) - {"approach"} <= set(table.columns) and "expected" in table
    )
    assert (
        row["dice_lower"] < row["dice_mean"] < row["dice_upper"]
        and row["postprocess"] == "probability >= 0.5"
    )


def test_masks_at_half_are_compared_with_those_of_the_chosen_threshold_and_train_nothing():
    base = judged("baseline", 0)
    half = Judged("cut at 0.5", "", base.records, at_half=True)
    row = study_table([base, half], GROUPS).set_index("variation").loc["cut at 0.5"]
    chosen = [score.dice for one in base.records for score in one.scores]
    assert row["to_baseline"] == pytest.approx(0.5 - np.mean(chosen))
    assert row["verdict"] == "hurts" and row["postprocess"] == "probability >= 0.5"
    assert row[["nsd_2px", "object_f1", "iou_mean", "dice_at_half"]].isna().all()
    assert row["dice_mean"] == pytest.approx(0.5)


def test_a_difference_within_a_hundredth_on_both_sides_is_equivalent():
    table = study_table([judged("baseline", 0, 0), judged("alike", 0.001, 0.003)], GROUPS)
    assert table["verdict"].tolist() == ["baseline", "equivalent"]


def test_the_luck_of_one_training_is_no_gain():
    """Far better with one seed and as good with two: over images alone the mean gain would be
    sure.
    """
    base = judged("baseline", 0)
    lucky = [
        record("lucky", [s.dice + 0.06 * (seed == 1) for s in one.scores], seed)
        for seed, one in enumerate(base.records)
    ]
    table = study_table([base, Judged("lucky", "", lucky)], GROUPS).set_index("variation")
    assert table.loc["lucky", "to_baseline"] == pytest.approx(0.02, abs=1e-3)
    assert table.loc["lucky", "verdict"] == "not told apart"


def test_the_luck_of_one_training_is_no_gain_of_masks_at_half_either():
    base = judged("baseline", 0)
    records = [
        replace(
            one,
            scores=tuple(replace(s, dice_at_half=s.dice + 0.06 * (seed == 1)) for s in one.scores),
        )
        for seed, one in enumerate(base.records)
    ]
    half = Judged("cut at 0.5", "", records, at_half=True)
    table = study_table([base, half], GROUPS).set_index("variation")
    assert table.loc["cut at 0.5", "to_baseline"] == pytest.approx(0.02, abs=1e-3)
    assert table.loc["cut at 0.5", "verdict"] == "not told apart"


def test_a_row_pools_what_all_seeds_counted_and_says_which_thresholds_were_used():
    one = judged("baseline", 0)
    for seed, each in enumerate(one.records):
        each.calibration = [[10, 1275, seed, 0]] + [[0, 0, 0, 0]] * 14
        each.tuning = replace(each.tuning, cross_fitted={1: 0.5, 2: 0.4 + 0.1 * seed})
    assert pooled(one).calibration[0] == (30, 3825, 3, 0)
    row = study_table([one, judged("up", 0.05)], GROUPS).iloc[0]
    assert row["postprocess"] == "probability >= 0.4 to 0.6, chosen by other groups of images"
    assert row["calibration_error"] == pytest.approx(0.4)


def test_one_failed_seed_fails_the_row_and_the_others_stay():
    broken = judged("broken", 0)
    broken.records[1].status, broken.records[1].reason = "failed", "no memory"
    table = study_table([judged("baseline", 0), broken], GROUPS).set_index("variation")
    assert table.loc["broken", ["status", "reason"]].tolist() == ["failed", "no memory"]
    assert pd.isna(table.loc["broken", "to_baseline"]) and table.loc["baseline", "status"] == "ok"


def test_pooling_keeps_every_image_and_averages_seconds():
    record = pooled(judged("a", 0))
    assert len(record.scores) == 30 and record.fit.seconds == 2.0


def test_names_of_studies_are_checked():
    assert studies_for("loss, crops") == ["loss", "crops"] and studies_for("all") == list(STUDIES)
    with pytest.raises(ConfigError, match="augmentation"):
        studies_for("luck")


def test_a_folder_is_named_after_what_differs():
    assert slug("unet", {"zoom": (0.5, 2.0), "loss": "bce"}) == "unet-loss=bce-zoom=_0.5_2.0_"
    assert slug("unet", {}) == "unet"


def test_a_study_is_run_once_and_its_table_written(sample_folder, tmp_path, capsys):
    words = [
        "--data",
        str(sample_folder),
        "--study",
        "pixel-features",
        "--preset",
        "smoke",
        "--steps",
        "5",
    ]
    words += ["--seeds", "2", "--output", str(tmp_path)]
    assert bench.main(words) == 0
    assert "Which features does the pixel classifier need?" in capsys.readouterr().out
    path = tmp_path / "runs" / "data-smoke-5steps" / f"{sample_folder.name}-pixel-features.csv"
    first = pd.read_csv(path)
    assert first["variation"].tolist() == ["baseline", *STUDIES["pixel-features"].variations]
    # with the smallest settings the baseline has four, too
    shown = first[first["variation"] != "four scales"]
    assert (shown["status"] == "ok").all() and shown["dice_mean"].between(0, 1).all()
    trained = {place: place.read_bytes() for place in tmp_path.rglob("lightgbm.txt")}
    assert len(trained) == 2 * len(shown)
    gone = next(iter(trained))
    shutil.rmtree(gone.parents[2])
    assert bench.main(words) == 0
    assert {place: place.read_bytes() for place in tmp_path.rglob("lightgbm.txt")} == trained
    columns = ["dice_mean", "to_baseline", "to_baseline_lower"]
    pd.testing.assert_frame_equal(pd.read_csv(path)[columns], first[columns])


def test_an_approach_that_combines_is_given_the_baselines_model(
    sample_data, tmp_path, monkeypatch
):
    table = run_study(
        "views", sample_data, Trainings(tmp_path, Budget(steps=2), seeds=1, smoke=True)
    )
    assert table["status"].tolist() == ["ok"] * 3
    runs = [path for path in tmp_path.rglob("seed-0") if "views=8" in str(path)]
    record = read_record(runs[0], "tta_ensemble")
    assert record.made_from.members == ("smp_unet_lite0",) and record.fit.notes["views"] == 8


NETWORK_VARIATIONS = [
    pytest.param(variation, id=f"{name}: {label}")
    for name, study in STUDIES.items()
    if study.approach != "pixel_lightgbm"
    for label, variation in study.variations.items()
    if not variation.approach
]


@pytest.mark.parametrize("variation", NETWORK_VARIATIONS)
def test_every_variation_of_a_network_trains_and_predicts(variation, sample_data):
    """One step on the smallest crops: settings that exist but break the training would be found
    hours later.
    """
    small = {"batch": 2, "evaluated_images": 1, "precision": "float32"}
    settings = {**AS_PUBLISHED, **variation.settings, **small, "crop_px": 64}
    ids = [sample.image_id for sample in sample_data.fit if sample.mask.any()][:4]
    images = sample_data.fit.subset(ids)
    approach = build(NETWORK, overrides=settings).fit(images, images, budget=Budget(steps=1))
    proba = approach.predict_proba(images[0].image)
    assert approach.report_.steps == 1 and proba.shape == images[0].image.shape[:2]
    assert np.isfinite(proba).all() and 0 <= proba.min() <= proba.max() <= 1
