import json
import shutil

import pandas as pd
import pytest

from bench import main
from common.coco import read_image
from common.masks.probabilities import ProbabilityMaps
from tests.labelled_photos import as_boxes, edit, labelled_copy, without_objects


@pytest.fixture(scope="module")
def places(sample_folder, tmp_path_factory):
    """Labelled photos with outlines, with boxes alone and without objects."""
    folder = tmp_path_factory.mktemp("photos")
    labelled_copy(sample_folder / "val", folder / "drawn")
    labelled_copy(sample_folder / "val", folder / "boxed", as_boxes)
    labelled_copy(sample_folder / "val", folder / "nothing", without_objects)
    return folder


def run(data, folder, *words):
    return main(
        [
            *("--data", str(data), "--output", str(folder), "--no-report"),
            *("--approaches", "threshold", *map(str, words)),
        ]
    )


@pytest.fixture(scope="module")
def finished(threshold_run, sample_folder, places, tmp_path_factory):
    """The run of `threshold`, gone on with."""
    folder = shutil.copytree(threshold_run, tmp_path_factory.mktemp("sets") / "run")
    sets = [f"--test={name}={places / name}" for name in ("drawn", "nothing")]
    assert run(sample_folder, folder, *sets, f"--test=boxed={places}:boxed") == 0
    return folder


def test_every_image_of_every_set_has_a_row(finished):
    table = pd.read_csv(finished / "test_sets.csv").set_index("set")
    assert list(table.index) == ["drawn", "nothing", "boxed"]
    assert (table["n_images"] == 6).all()
    for name in table.index:
        photos = pd.read_csv(finished / f"per_image_{name}.csv")
        assert len(photos) == 6
        assert photos["invented"].sum() == table.loc[name, "invented"]


def test_dice_on_copies_of_val_is_that_of_val_and_boxes_have_none(finished):
    table = pd.read_csv(finished / "test_sets.csv").set_index("set")
    board = pd.read_csv(finished / "leaderboard.csv")
    assert table.loc["drawn", "dice_mean"] == pytest.approx(board["dice_mean"][0], abs=1e-5)
    assert table.loc[["boxed", "nothing"], "dice_mean"].isna().all()
    assert table.loc["boxed", "objects"] == table.loc["boxed", "boxes"]
    assert table.loc["boxed", "objects"] == table.loc["drawn", "objects"] > 0
    assert table.loc["nothing", "objects"] == 0
    assert table.loc["nothing", "invented"] >= table.loc["drawn", "invented"] > 0


def test_the_leaderboard_has_a_section_for_each_set(finished):
    text = (finished / "leaderboard.md").read_text()
    for name in ("drawn", "nothing", "boxed"):
        assert f"## On `{name}`\n\n6 images of " in text
    assert "*Invented* is a predicted piece of at least 20 px" in text


def test_without_a_set_nothing_is_added_to_a_run(threshold_run, finished):
    plain = threshold_run
    assert not list(plain.glob("*sets*")) and not list(plain.glob("per_image_*"))
    ours, theirs = (
        json.loads((at / "records/threshold.json").read_text()) for at in (plain, finished)
    )
    assert set(theirs) - set(ours) == {"sets"}
    assert "sets" not in json.loads((plain / "run.json").read_text())
    sectioned = (finished / "leaderboard.md").read_text()
    text = (plain / "leaderboard.md").read_text()
    assert "## On" not in text and text.splitlines()[-1] in sectioned.splitlines()


def test_the_same_command_scores_nothing_again_and_a_changed_set_anew(
    sample_folder, places, finished, tmp_path
):
    folder, boxed = tmp_path / "run", tmp_path / "boxed"
    shutil.copytree(finished, folder)
    shutil.copytree(places / "boxed", boxed)
    words = [f"--test=drawn={places / 'drawn'}", f"--test=boxed={boxed}"]
    before = json.loads((folder / "records/threshold.json").read_text())
    shutil.rmtree(folder / "probabilities")  # what was scored needs no prediction
    assert run(sample_folder, folder, *words) == 0
    assert json.loads((folder / "records/threshold.json").read_text()) == before
    kept = list((folder / "probabilities" / "threshold").glob("*.png"))
    edit(boxed, lambda content: content["annotations"].pop())
    assert run(sample_folder, folder, *words) == 0
    after = json.loads((folder / "records/threshold.json").read_text())
    old, new = ({one["name"]: one for one in record["sets"]} for record in (before, after))
    assert new["drawn"] == old["drawn"] and new["nothing"] == old["nothing"]
    assert new["boxed"]["key"] != old["boxed"]["key"]
    counted = [sum(score["objects"] for score in one["boxed"]["scores"]) for one in (old, new)]
    assert counted[1] == counted[0] - 1
    assert (
        len(kept) <= 8 and len(list((folder / "probabilities" / "threshold").glob("*.png"))) >= 6
    )


def test_an_approach_that_fails_on_a_set_keeps_its_row_on_val(
    sample_folder, finished, tmp_path, capsys
):
    folder, wide = tmp_path / "run", labelled_copy(sample_folder / "train", tmp_path / "wide")
    shutil.copytree(finished, folder)
    image = read_image(min((wide / "images").iterdir()))
    in_the_way = ProbabilityMaps(folder / "probabilities" / "threshold").path(image)
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    assert run(sample_folder, folder, f"--test=wide={wide}") == 1
    assert "failed: threshold on wide" in capsys.readouterr().out
    table = pd.read_csv(folder / "test_sets.csv").set_index("set")
    assert table.loc["wide", "status"] == "failed" and table.loc["wide", "reason"]
    assert table.loc["drawn", "status"] == "ok"
    assert pd.read_csv(folder / "leaderboard.csv")["status"].tolist() == ["ok"]
    assert run(sample_folder, folder) == 0  # it does not ask for the set
    in_the_way.rmdir()
    assert run(sample_folder, folder, f"--test=wide={wide}") == 0
    assert set(pd.read_csv(folder / "test_sets.csv")["status"]) == {"ok"}


def test_a_field_set_is_chosen_on_and_without_it_all_is_as_before(
    sample_folder, places, finished, tmp_path
):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    before = json.loads((folder / "records/threshold.json").read_text())
    assert run(sample_folder, folder, f"--field=nothing={places / 'nothing'}") == 0
    after = json.loads((folder / "records/threshold.json").read_text())
    assert after["fit"] == before["fit"]
    assert set(after["tune"]) - set(before["tune"]) == {"on_field"}
    assert list(after["tune"]["on_field"]["keys"]) == ["nothing"]
    [result] = after["sets"]
    assert (result["name"], result["role"]) == ("nothing", "field")
    table = pd.read_csv(folder / "field_choice.csv")
    assert table["threshold"].tolist() == [after["postprocess"]["threshold"]]
    assert table["field_object_f1"][0] >= table["field_object_f1_at_tunes"][0]
    text = (folder / "leaderboard.md").read_text()
    assert "chosen on, beside *tune*" in text and "## What was chosen on *tune* and" in text
    assert run(sample_folder, folder, f"--test=drawn={places / 'drawn'}") == 0
    again = json.loads((folder / "records/threshold.json").read_text())
    for key in ("postprocess", "tune", "scores"):
        assert again[key] == before[key]


def test_score_only_scores_sets_of_a_stored_model(sample_folder, places, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    assert run(sample_folder, folder, "--score-only", f"--test=boxed={places / 'boxed'}") == 0
    table = pd.read_csv(folder / "test_sets.csv")
    assert table["set"].tolist() == ["boxed"]


@pytest.mark.parametrize("word", ["street", "val={places}", "street={places}/nowhere"])
def test_what_names_no_set_ends_with_2_before_anything_is_made(
    sample_folder, places, tmp_path, word, capsys
):
    assert run(sample_folder, tmp_path / "run", f"--test={word.format(places=places)}") == 2
    assert "--test" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_set_that_cannot_be_used_is_refused_under_its_name(
    sample_folder, places, tmp_path, capsys
):
    folder = labelled_copy(places / "drawn", tmp_path / "drawn")
    next((folder / "images").iterdir()).unlink()
    assert run(sample_folder, tmp_path / "run", f"--test=street={folder}") == 2
    assert "street/images/" in capsys.readouterr().err


def test_nothing_is_written_into_the_folder_of_a_set(sample_folder, places, capsys):
    assert run(sample_folder, places / "drawn" / "out", f"--test=a={places / 'drawn'}") == 2
    assert not (places / "drawn" / "out").exists()
