import json
import shutil

import pandas as pd
import pytest

from approaches.score import main
from common.coco.findings import format_table
from common.data.check import check_data
from tests.labelled_photos import as_boxes, edit, labelled_copy


@pytest.fixture
def run(threshold_run):
    return threshold_run


def test_scores_on_val_are_those_of_the_run(run, sample_folder, tmp_path, capsys):
    assert (
        main([str(run), "--data", str(sample_folder), "--output", str(tmp_path / "scores.csv")])
        == 0
    )
    ours = pd.read_csv(tmp_path / "scores.csv").set_index("img_id")
    theirs = pd.read_csv(run / "per_image.csv").set_index("img_id")
    columns = ["tp", "fp", "fn", "dice", "nsd_2px", "group"]
    pd.testing.assert_frame_equal(ours[columns], theirs[columns])
    mean = pd.read_csv(run / "leaderboard.csv")["dice_mean"][0]
    assert f"dice_mean {mean:.4f}" in capsys.readouterr().out


def test_another_folder_is_scored_without_a_look_at_its_training_images(
    run, sample_folder, tmp_path, capsys
):
    folder = tmp_path / "elsewhere"
    shutil.copytree(sample_folder / "train", folder / "val")
    assert main([str(run), "--data", str(folder)]) == 0
    count = len(json.loads((folder / "val" / "coco_annotations.json").read_text())["images"])
    assert f"{count} images in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "{data}", "--approach", "unet"], "no complete approach unet"),
        (["--data", "{data}/nowhere"], ""),
    ],
)
def test_what_cannot_be_scored_is_said(run, sample_folder, words, told, capsys):
    assert main([str(run), *(word.format(data=sample_folder) for word in words)]) == 2
    assert told in capsys.readouterr().err


def test_a_set_without_objects_is_one_line_and_exit_code_2(run, sample_folder, tmp_path, capsys):
    folder = tmp_path / "empty"
    shutil.copytree(sample_folder / "val", folder / "val")
    path = folder / "val" / "coco_annotations.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"annotations": []}))
    assert main([str(run), "--data", str(folder)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert (
        said[-1].startswith("none of the 6 images to score has an object")
        and "Annotate some" in said[-1]
    )


def test_broken_labels_are_told_as_the_check_tells_them(run, sample_folder, tmp_path, capsys):
    folder = tmp_path / "broken"
    shutil.copytree(sample_folder / "val", folder / "val")
    path = folder / "val" / "coco_annotations.json"
    content = json.loads(path.read_text())
    content["images"][0]["width"] += 1
    content["annotations"].append({"id": 10**6, "image_id": 7, "segmentation": [[1, 2, 3]]})
    path.write_text(json.dumps(content))
    told = [one for one in check_data(folder) if one.file.startswith("val/")]
    assert [one.level for one in told].count("error") == 2
    capsys.readouterr()
    assert main([str(run), "--data", str(folder)]) == 2
    said = capsys.readouterr().err
    table, last = said.strip().rsplit("\n\n", 1)
    assert format_table(told) in table
    assert last.endswith("val has 2 errors; mend the labels first.")


def test_photos_with_boxes_alone_are_scored_by_their_objects(run, sample_folder, tmp_path, capsys):
    boxed = labelled_copy(sample_folder / "val", tmp_path / "boxed", as_boxes)
    words = [str(run), f"--test=street={boxed}", "--output", str(tmp_path / "street.csv")]
    assert main(words) == 0
    said = capsys.readouterr().out
    table = pd.read_csv(tmp_path / "street.csv")
    assert len(table) == 6 and (table["boxes"] == table["objects"]).all()
    assert f"found {table['found'].sum()}, missed " in said
    assert "mean Dice" not in said and "object F1" in said
    with pytest.raises(SystemExit):
        main([*words, "--data", str(sample_folder)])
    edit(boxed, lambda content: content["annotations"][0].update(bbox=[0.1, 0.1, 0.2, 0.2]))
    assert main(words) == 2
    assert "street has 1 error; mend the labels first." in capsys.readouterr().err
