import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from approaches import load
from approaches.base import Budget, ConfigError, NotFittedError, RequirementMissingError
from approaches.fold_mean import FoldMean
from approaches.running.folds import folds_to_score, whole_train
from approaches.segmenter import Segmenter
from bench import main
from common.coco import DataError, has_object
from common.data import DataSet, load_data
from tests.labelled_photos import edit, labelled_copy


def run(data, folder, *words):
    return main(
        [
            *("--data", str(data), "--output", str(folder), "--no-report", "--preset", "smoke"),
            *("--approaches", "threshold,pixel_lightgbm", *words),
        ]
    )


@pytest.fixture(scope="module")
def finished(sample_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds") / "run"
    assert run(sample_folder, folder, "--folds", "3") == 0
    return folder


def test_every_image_of_train_is_left_out_once_with_its_whole_group(sample_data):
    folds = folds_to_score(sample_data, 3, seed=0)
    train = whole_train(sample_data)
    left_out = [image_id for fold in folds for image_id in fold.score.ids]
    assert sorted(left_out) == sorted(train.ids)
    for fold in folds:
        parts = [set(part.groups.values()) for part in (fold.fit, fold.tune, fold.score)]
        assert not (parts[2] & (parts[0] | parts[1])) and not parts[0] & parts[1]
        assert all(any(map(has_object, part.entries)) for part in (fold.fit, fold.tune))


def test_more_folds_than_groups_allow_are_refused(sample_data):
    groups = len(set(whole_train(sample_data).groups.values()))
    with pytest.raises(ConfigError, match=f"Give at most {groups - 2}"):
        folds_to_score(sample_data, groups - 1, seed=0)


def test_a_fold_says_that_a_group_had_to_be_divided(sample_data, caplog):
    train = whole_train(sample_data)
    showing = [entry.image_id for entry in train.entries if has_object(entry)]
    groups = dict.fromkeys(train.ids, "large") | dict(zip(showing, "abc", strict=False))
    data_set = DataSet(train.entries, groups)
    fit, tune = data_set.subset(train.ids[1:]), data_set.subset(train.ids[:1])
    folds_to_score(replace(sample_data, fit=fit, tune=tune), 2, seed=0)
    assert "of 2: group 'large' had to be divided between fit and tune" in caplog.text


def test_a_fold_without_an_object_is_refused(sample_folder, tmp_path):
    data = shutil.copytree(sample_folder, tmp_path / "data")

    def keep_two_groups(content):
        groups = sorted({image["group"] for image in content["images"]})[:2]
        kept = {image["id"] for image in content["images"] if image["group"] in groups}
        content["annotations"] = [one for one in content["annotations"] if one["image_id"] in kept]

    edit(data / "train", keep_two_groups)
    with pytest.raises(DataError, match="with an object; annotate objects in more groups"):
        folds_to_score(load_data(data), 3, seed=0)


def test_each_image_of_train_has_the_score_of_the_model_that_did_not_see_it(finished, sample_data):
    table = pd.read_csv(finished / "per_image_folds.csv")
    folds = folds_to_score(sample_data, 3, seed=0)
    for name in ("threshold", "pixel_lightgbm"):
        own = table[table["approach"] == name]
        assert sorted(own["img_id"]) == sorted(whole_train(sample_data).ids)
        for number, fold in enumerate(folds, start=1):
            assert set(own.loc[own["fold"] == number, "img_id"]) == set(fold.score.ids)
            record = json.loads((finished / f"folds/3/{number}/records/{name}.json").read_text())
            stored = {one["img_id"]: one["tp"] for one in record["scores"]}
            rows = own[own["fold"] == number].set_index("img_id")["tp"]
            assert rows.to_dict() == stored


def test_the_row_is_the_mean_over_all_groups_beside_val(finished, sample_data):
    table = pd.read_csv(finished / "folds.csv").set_index("approach")
    images = pd.read_csv(finished / "per_image_folds.csv")
    board = pd.read_csv(finished / "leaderboard.csv").set_index("approach")
    for name, row in table.iterrows():
        own = images[(images["approach"] == name) & (images["tp"] + images["fn"] > 0)]
        assert row["unseen_dice"] == pytest.approx(own["dice"].mean(), abs=1e-5)
        assert row["unseen_lower"] <= row["unseen_dice"] <= row["unseen_upper"]
        assert row["val_dice"] == pytest.approx(board.loc[name, "dice_mean"], abs=1e-5)
        assert row["n_groups"] == len(set(whole_train(sample_data).groups.values()))
    assert np.all(np.diff(table["unseen_dice"]) <= 0)
    text = (finished / "leaderboard.md").read_text()
    assert "## On objects that training never saw" in text


def test_the_same_command_trains_no_fold_again_and_a_lost_one_alone(
    finished, sample_folder, tmp_path, capsys
):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    kept = folder / "folds/3/1/records/threshold.json"
    before = json.loads(kept.read_text())
    lost = folder / "folds/3/2"
    (lost / "records/threshold.json").unlink()
    shutil.rmtree(lost / "models/threshold")
    assert run(sample_folder, folder, "--folds", "3") == 0
    assert json.loads(kept.read_text())["fit"] == before["fit"]
    assert json.loads((lost / "records/threshold.json").read_text())["status"] == "ok"
    columns = ["approach", "unseen_dice", "val_dice"]
    ours, theirs = (pd.read_csv(at / "folds.csv")[columns] for at in (folder, finished))
    pd.testing.assert_frame_equal(ours, theirs)
    assert run(sample_folder, folder) == 0  # without the option they still count
    assert "## On objects that training never saw" in (folder / "leaderboard.md").read_text()


def test_the_models_of_the_winner_predict_together_as_an_approach_of_their_own(
    finished, sample_data
):
    board = pd.read_csv(finished / "leaderboard.csv").set_index("approach")
    [name] = [name for name in board.index if name.startswith("folds_of_")]
    single = name.removeprefix("folds_of_")
    assert board.loc[name, "status"] == "ok"
    assert board.loc[name, "parameters"] > 2 * board.loc[single, "parameters"]
    assert board.loc[name, "predict_seconds_per_image"] > 0
    image = sample_data.score[0].image
    models = [load(finished / f"folds/3/{number}/models/{single}") for number in (1, 2, 3)]
    expected = np.mean([model.predict_proba(image) for model in models], axis=0)
    together = load(finished / "models" / name)
    np.testing.assert_allclose(together.predict_proba(image), expected, atol=1e-6)
    segmenter = Segmenter.load(finished, name)
    assert segmenter.predict(image).shape == image.shape[:2]


def test_a_mean_over_folds_without_models_says_where_they_come_from(sample_data):
    with pytest.raises(NotFittedError):
        FoldMean().predict_proba(sample_data.score[0].image)
    with pytest.raises(RequirementMissingError, match="--folds"):
        FoldMean().fit(sample_data.fit, sample_data.tune, budget=Budget())


def test_an_approach_that_is_missing_in_a_fold_has_its_reason(finished, sample_folder, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / "folds/3/2/records/threshold.json").unlink()
    path = folder / "folds/3/3/records/pixel_lightgbm.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"status": "failed", "reason": "OSError: full"}))
    assert run(sample_folder, folder) == 0
    table = pd.read_csv(folder / "folds.csv").set_index("approach")
    assert table.loc["threshold", "status"] == "unfinished"
    assert table.loc["pixel_lightgbm", "reason"] == "fold 3: OSError: full"
    assert table["unseen_dice"].isna().all()


def test_the_mean_over_folds_is_chosen_on_the_field_too_and_scored_again_when_asked(
    sample_folder, tmp_path
):
    folder = tmp_path / "run"
    street = labelled_copy(sample_folder / "val", tmp_path / "street")
    words = [
        *("--data", str(sample_folder), "--output", str(folder), "--approaches", "threshold"),
        *("--folds", "3", "--no-report"),
    ]
    path = folder / "records" / "folds_of_threshold.json"
    assert main(words) == 0
    assert not json.loads(path.read_text())["tune"].get("on_field")
    words += ["--field", f"street={street}"]
    assert main(words) == 0
    record = json.loads(path.read_text())
    assert list(record["tune"]["on_field"]["keys"]) == ["street"]
    assert [found["name"] for found in record["sets"]] == ["street"]
    right = record["scores"]
    record["scores"] = [{**one, "tp": 0} for one in right]
    path.write_text(json.dumps(record))
    assert main([*words, "--score-only"]) == 0
    assert json.loads(path.read_text())["scores"] == right
