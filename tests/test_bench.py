import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bench
from approaches import TABLE, Entry
from approaches.__main__ import main as alone
from approaches.base import Approach
from approaches.studies.hypotheses import STUDIES
from approaches.threshold import Threshold
from common.analysis.corruptions import CORRUPTIONS
from common.coco import rasterise, read_entries
from common.gallery import check_gallery
from common.logs import PARENTS

ROOT = Path(__file__).parent.parent
BOTH = "threshold,pixel_lightgbm"
SETTINGS = ["--preset", "smoke", "--steps", "250"]
SLOW = ["--set", "pixel_lightgbm.rounds=250", "--set", "pixel_lightgbm.patience=250"]


class Failing(Approach):
    """Fails before anything costs time."""

    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        raise ArithmeticError("a | pipe\nand a second line")

    predict_proba = save = load = parameters = fit


class Interrupted(Failing):
    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        raise KeyboardInterrupt


class Unlucky(Threshold):
    """Fails with every seed but the first."""

    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        if seed:
            raise MemoryError("no room")
        return super().fit(fit_set, tune_set, budget=budget, seed=seed, folder=folder)


@pytest.fixture
def failing(monkeypatch):
    monkeypatch.setitem(TABLE, "failing", Entry(f"{__name__}:Failing", "of a test"))
    return "failing"


def run(folder, output, *words, approaches=BOTH, settings=(*SETTINGS, *SLOW)) -> int:
    settings = SETTINGS if "pixel_lightgbm" not in approaches else settings
    return bench.main(
        [
            "--data",
            str(folder),
            "--output",
            str(output),
            "--approaches",
            approaches,
            "--no-report",
            *settings,
            *words,
        ]
    )


@pytest.fixture(scope="module")
def finished(sample_folder, tmp_path_factory):
    """A run of both classical approaches that nothing disturbed."""
    output = tmp_path_factory.mktemp("finished") / "run"
    assert run(sample_folder, output) == 0
    return output


@pytest.fixture
def copy(finished, tmp_path):
    """The same in a folder that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def of_threshold(copy):
    """The same without the other approach."""
    shutil.rmtree(copy / "models" / "pixel_lightgbm")
    (copy / "records" / "pixel_lightgbm.json").unlink()
    return copy


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def table_of(run_folder: Path) -> pd.DataFrame:
    return pd.read_csv(run_folder / "leaderboard.csv").set_index("approach")


def painted(text: str, height: int, width: int) -> np.ndarray:
    """A second reader of the submission's runs, one pixel after the other."""
    mask = [[False] * width for _ in range(height)]
    numbers = list(map(int, text.split()))
    for start, length in zip(numbers[0::2], numbers[1::2], strict=True):
        for pixel in range(start - 1, start - 1 + length):
            mask[pixel // width][pixel % width] = True
    return np.array(mask)


def mean_dice_of_csv(path: Path, folder: Path) -> float:
    with path.open(newline="", encoding="utf-8") as file:
        texts = {int(row[0]): row[1] for row in list(csv.reader(file))[1:]}
    scores = []
    for entry in read_entries(folder / "val"):
        truth, _ = rasterise(entry)
        prediction = painted(texts.pop(entry.image_id), entry.height, entry.width)
        if truth.any():
            scores.append(2 * (prediction & truth).sum() / (prediction.sum() + truth.sum()))
    assert not texts
    return float(np.mean(scores))


# One run, from the folder to the submission


def test_every_file_of_a_run_is_there_and_nothing_half_written(finished):
    for name in ("leaderboard.csv", "leaderboard.md", "per_image.csv", "run.json", "log.txt"):
        assert (finished / name).stat().st_size > 0
    assert {path.name for path in (finished / "models").iterdir()} == {
        "threshold",
        "pixel_lightgbm",
    }
    assert {path.name for path in (finished / "submission").iterdir()} == {
        "pred_valid_template.csv",
        "real_test.html",
        "real_test",
        "real_test.zip",
    }
    assert not [
        path for path in finished.rglob("*") if path.suffix in (".partial", ".pkl", ".pickle")
    ]


def test_leaderboard_begins_with_the_columns_of_the_issue_and_has_both_rows(finished):
    header = (finished / "leaderboard.csv").read_text().splitlines()[0]
    assert header.startswith(
        "approach,status,dice_mean,dice_global,iou_mean,precision,recall,area_bias,nsd_2px,"
        "object_f1,threshold,fit_seconds,predict_seconds_per_image,parameters,model_mb,"
        "peak_memory_mb,pretrained_on"
    )
    table = table_of(finished)
    assert table["status"].tolist() == ["ok", "ok"]
    assert table.index[0] == "pixel_lightgbm" and set(table.index) == {
        "threshold",
        "pixel_lightgbm",
    }
    assert table["dice_mean"].is_monotonic_decreasing


def test_submission_decoded_by_another_reader_has_the_dice_of_the_leaderboard(
    finished, sample_folder
):
    table = table_of(finished)
    winner = table[table["winner"].astype(str) == "True"].iloc[0]
    assert winner.name == json.loads((finished / "run.json").read_text())["winner"]
    dice = mean_dice_of_csv(finished / "submission" / "pred_valid_template.csv", sample_folder)
    assert dice == pytest.approx(winner["dice_mean"], abs=1e-6)
    assert dice > 0.2


def test_per_image_rows_add_up_to_the_leaderboard(finished, sample_data):
    rows = pd.read_csv(finished / "per_image.csv")
    assert rows.columns.tolist()[:7] == ["approach", "img_id", "group", "tp", "fp", "fn", "tn"]
    for name, part in rows.groupby("approach"):
        assert part["img_id"].tolist() == list(sample_data.score.ids)
        assert (part[["tp", "fp", "fn", "tn"]].sum(axis=1) == 192 * 192).all()
        seen = part[part["tp"] + part["fn"] > 0]
        row = table_of(finished).loc[name]
        assert seen["dice"].mean() == pytest.approx(row["dice_mean"], abs=1e-6)
        counts = part[["tp", "fp", "fn"]].sum()
        expected = 2 * counts["tp"] / (2 * counts["tp"] + counts["fp"] + counts["fn"])
        assert row["dice_global"] == pytest.approx(expected, abs=1e-6)


def test_run_json_tells_how_to_repeat_it(finished, sample_data):
    content = json.loads((finished / "run.json").read_text())
    assert content["identity"]["data"] == sample_data.key and content["identity"]["seed"] == 0
    assert content["roles"]["tune"] == list(sample_data.tune.ids)
    # the sample's own split shares nothing
    assert content["score_groups_in_train"] == {
        "fit": [],
        "tune": [],
    }
    assert "--steps 250" in content["command"] and content["preset"] == "smoke"
    assert content["approaches"]["pixel_lightgbm"]["config"]["rounds"] == 250
    assert content["software"]["packages"]["lightgbm"]
    assert content["last_command"]["seconds"] > 0 and content["processes"] == 1


def test_zip_opens_whole_and_shows_every_photo(finished, sample_data):
    with zipfile.ZipFile(finished / "submission" / "real_test.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert "real_test.html" in names and len(names) == 1 + 4 * len(sample_data.photos)


def test_the_page_of_val_shows_every_image_and_approach_and_is_not_handed_in(
    finished, sample_data
):
    assert check_gallery(finished / "galleries", "val") == []
    text = (finished / "galleries" / "val.html").read_text(encoding="utf-8")
    for entry in sample_data.score.entries:
        assert f"<h2>{entry.file_name}</h2>" in text
    board = table_of(finished)
    for name, row in pd.read_csv(finished / "per_image.csv").groupby("approach"):
        assert text.count(f"<figcaption>{name}</figcaption>") == len(sample_data.score)
        with_objects = row[row["tp"] + row["fn"] > 0]
        assert f"Dice {with_objects['dice'].min():.3f}" in text
    chips = re.findall(r'id="show-\d"[^>]*>(\w+)</label>', text)
    assert chips == board.index.tolist()  # best first
    assert "Licence of the photos: CC0 1.0 Universal" in text


def test_a_page_of_val_that_cannot_be_made_is_a_line(copy, sample_folder, capsys):
    shutil.rmtree(copy / "galleries")
    (copy / "galleries").write_text("in the way")
    assert run(sample_folder, copy) == 0
    assert "no page of val:" in capsys.readouterr().err
    assert check_gallery(copy / "submission") == []


def test_output_names_choices_winner_and_places(copy, sample_folder, capsys):
    assert run(sample_folder, copy) == 0
    said = capsys.readouterr()
    assert "winner on val: pixel_lightgbm" in said.out and str(copy / "submission") in said.out
    rows = [line.split() for line in said.out.splitlines() if line.startswith("pixel_")]
    assert sum(len(row) > 2 and row[3:4] == ["best"] for row in rows) == 1
    assert (
        "preset smoke: 250 steps" in said.err and "seed 0" in said.err and "device cpu" in said.err
    )
    assert "tune: 3 images in 1 groups" in said.err and "0 errors" in said.err
    assert "\r" not in said.err and "%|" not in said.err


# The same command again


def test_the_same_command_trains_nothing_and_gives_the_same_files(finished, copy, sample_folder):
    before = {path: path.stat().st_mtime_ns for path in (copy / "models").rglob("*")}
    assert run(sample_folder, copy) == 0
    assert {path: path.stat().st_mtime_ns for path in (copy / "models").rglob("*")} == before
    again, first = files_of(copy), files_of(finished)
    assert set(again) == set(first)
    same = [name for name in first if again[name] == first[name]]
    assert set(first) - set(same) <= {"run.json", "log.txt", "submission/real_test.zip"}


def test_a_run_of_one_approach_can_be_widened_by_another(of_threshold, sample_folder):
    before = (of_threshold / "records" / "threshold.json").read_bytes()
    assert run(sample_folder, of_threshold, approaches="threshold") == 0
    assert table_of(of_threshold).index.tolist() == ["threshold"]
    assert (of_threshold / "records" / "threshold.json").read_bytes() == before


def test_score_only_makes_the_same_tables_from_the_stored_model(finished, copy, sample_folder):
    for path in (copy / "records").glob("pixel*"):
        path.unlink()
    shutil.rmtree(copy / "models" / "pixel_lightgbm")
    shutil.rmtree(copy / "probabilities")
    before = files_of(copy / "models")
    assert run(sample_folder, copy, "--score_only", approaches="threshold") == 0
    assert files_of(copy / "models") == before
    first = table_of(finished).loc[["threshold"]]
    exact = [
        "status",
        "dice_mean",
        "dice_global",
        "nsd_2px",
        "object_f1",
        "threshold",
        "fit_seconds",
        "parameters",
    ]
    pd.testing.assert_frame_equal(table_of(copy)[exact], first[exact])


def test_other_settings_in_the_same_folder_are_refused_by_name(copy, sample_folder, capsys):
    before = files_of(copy)
    assert run(sample_folder, copy, "--seed", "1") == 2
    message = capsys.readouterr().err
    assert "made with other settings (seed: 0 there, 1 now)" in message and "--fresh" in message
    assert run(sample_folder, copy, "--set", "pixel_lightgbm.leaves=7") == 2
    assert "pixel_lightgbm was trained or begun in" in capsys.readouterr().err
    assert files_of(copy) == before


def test_fresh_sets_the_old_run_aside_and_begins_anew(copy, sample_folder, failing):
    before = files_of(copy)
    assert run(sample_folder, copy, "--fresh", "--seed", "1", approaches=failing) == 1
    (aside,) = [path for path in copy.parent.iterdir() if path != copy]
    assert files_of(aside) == before
    assert table_of(copy).index.tolist() == ["failing"]
    assert not (copy / "models" / "threshold").exists()


def test_fresh_may_change_the_settings_of_an_approach(copy, sample_folder, failing):
    record = {
        "approach": failing,
        "config": {"gone": 1},
        "fit": {"seconds": 1},
        "made_from": {"members": []},
    }
    (copy / "records" / "failing.json").write_text(json.dumps(record))
    (copy / "models" / "failing").mkdir()
    (copy / "models" / "failing" / "approach.json").write_text("{}")
    assert run(sample_folder, copy, approaches=failing) == 2
    assert run(sample_folder, copy, "--fresh", approaches=failing) == 1


def test_a_data_folder_that_is_none_is_named(sample_folder, tmp_path, caplog):
    assert (
        run(tmp_path / "nowhere", tmp_path / "run") == 2 and "nowhere is no folder" in caplog.text
    )
    assert (
        run(sample_folder / "train", tmp_path / "run") == 2
        and f"--data {sample_folder}" in caplog.text
    )
    assert not (tmp_path / "run").exists()


def test_score_only_where_nothing_was_trained_leaves_nothing_behind(
    sample_folder, tmp_path, caplog
):
    assert run(sample_folder, tmp_path / "run", "--score-only", approaches="threshold") == 2
    assert "holds no trained model of threshold" in caplog.text and not (tmp_path / "run").exists()


@pytest.mark.parametrize("word", ["--resume", "--score-only"])
def test_fresh_contradicts_resume_and_score_only(copy, sample_folder, word, capsys):
    before = files_of(copy)
    assert run(sample_folder, copy, "--fresh", word) == 2
    assert "--fresh begins anew" in capsys.readouterr().err
    assert files_of(copy) == before


# What goes wrong


def test_a_failing_approach_costs_only_its_own_row_and_the_exit_code(
    finished, copy, sample_folder, failing, capsys
):
    assert (
        run(sample_folder, copy, approaches=f"{BOTH},{failing}", settings=(*SETTINGS, *SLOW)) == 1
    )
    table = table_of(copy)
    assert table["status"].tolist() == ["ok", "ok", "failed"]
    pd.testing.assert_frame_equal(table.iloc[:2], table_of(finished), check_dtype=False)
    assert table.loc["failing", "reason"] == "ArithmeticError: a | pipe\nand a second line"
    assert (copy / "per_image.csv").read_bytes() == (finished / "per_image.csv").read_bytes()
    assert (copy / "submission" / "pred_valid_template.csv").is_file()
    assert "failed: failing" in capsys.readouterr().out
    log = (copy / "log.txt").read_text()
    assert "Traceback" in log and "ArithmeticError" in log


def test_where_every_approach_fails_there_is_a_table_and_no_submission(
    sample_folder, tmp_path, failing
):
    assert run(sample_folder, tmp_path / "run", approaches=failing) == 1
    assert table_of(tmp_path / "run")["status"].tolist() == ["failed"]
    assert not (tmp_path / "run" / "submission").exists()


def test_an_interruption_keeps_what_was_finished_and_says_how_to_go_on(
    copy, sample_folder, monkeypatch, capsys
):
    monkeypatch.setitem(TABLE, "stopped", Entry(f"{__name__}:Interrupted", "of a test"))
    assert (
        run(sample_folder, copy, approaches=f"{BOTH},stopped", settings=(*SETTINGS, *SLOW)) == 130
    )
    assert "the same command continues" in capsys.readouterr().err
    assert run(sample_folder, copy) == 0


def test_broken_data_is_a_table_and_exit_code_2_and_nothing_is_written(
    sample_folder, tmp_path, capsys
):
    data = Path(shutil.copytree(sample_folder, tmp_path / "data"))
    (data / "train" / "images" / "00000003.jpg").unlink()
    (data / "val" / "images" / "01000001.jpg").write_bytes(b"no image")
    before = files_of(tmp_path)
    assert run(data, tmp_path / "results" / "run", "--save-ds") == 2
    table = capsys.readouterr().err
    assert "00000003.jpg" in table and "no such file" in table and "how to mend" in table
    assert "01000001.jpg" in table or "not used" in table
    assert files_of(tmp_path) == before and not (tmp_path / "results").exists()


def test_a_data_folder_without_data_is_exit_code_2(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", tmp_path / "run") == 2
    assert "no such folder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_output_inside_the_data_folder_is_refused(sample_folder, tmp_path, capsys):
    data = Path(shutil.copytree(sample_folder, tmp_path / "data"))
    before = files_of(data)
    for output in (data, data / "results", data / "train" / ".." / "run"):
        assert run(data, output) == 2
        assert "lie in the data folder" in capsys.readouterr().err
    assert files_of(data) == before


def test_a_folder_that_is_no_run_is_refused(sample_folder, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.txt").write_text("precious")
    for words in ([], ["--fresh"]):
        assert run(sample_folder, tmp_path / "photos", *words) == 2
        assert "nothing was touched" in capsys.readouterr().err
    assert files_of(tmp_path) == {"photos/mine.txt": b"precious"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--approaches", "nonsense"],
            "there is no approach 'nonsense'; there are threshold, pixel_lightgbm",
        ),
        (["--approaches", ","], "there is no approach"),
        (["--set", "threshold=3"], "expected NAME.SETTING=VALUE"),
        (
            ["--set", "pixel_lightgbm.rouns=3"],
            "there is no setting 'rouns'; the settings are scales=",
        ),
        (["--set", "pixel_lightgbm.rounds=many"], "rounds='many' is no whole number"),
        (
            ["--approaches", "threshold", "--set", "pixel_lightgbm.rounds=3"],
            "this run has threshold",
        ),
        (["--epochs", "0"], "epochs=0 is not allowed; expected a whole number above 0"),
    ],
)
def test_a_command_that_cannot_be_used_is_exit_code_2_before_anything_runs(
    sample_folder, tmp_path, words, message, capsys
):
    command = [
        "--data",
        str(sample_folder),
        "--output",
        str(tmp_path / "run"),
        "--approaches",
        BOTH,
        *words,
    ]
    assert bench.main(command) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# The data folder's template


def with_template(sample_folder, tmp_path, name, lines) -> Path:
    data = Path(shutil.copytree(sample_folder, tmp_path / "data"))
    (data / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return data


def test_a_template_gives_name_header_ids_and_order(copy, sample_folder, sample_data, tmp_path):
    ids = list(sample_data.score.ids[::-1])
    lines = ["image,mask", *(f"{image_id:08d}," for image_id in ids)]
    data = with_template(sample_folder, tmp_path, "pred_val_template.csv", lines)
    assert run(data, copy) == 0
    names = {path.name for path in (copy / "submission").iterdir()}
    assert "pred_val_template.csv" in names and "pred_valid_template.csv" not in names
    path = copy / "submission" / "pred_val_template.csv"
    written = [line.split(",")[0] for line in path.read_text().splitlines()]
    assert written == ["image", *(f"{image_id:08d}" for image_id in ids)]
    assert mean_dice_of_csv(path, data) == pytest.approx(
        table_of(copy).iloc[0]["dice_mean"], abs=1e-6
    )


def test_a_template_that_does_not_fit_is_found_before_training_and_names_the_ids(
    sample_folder, tmp_path, capsys
):
    data = with_template(
        sample_folder,
        tmp_path,
        "pred_valid_template.csv",
        ["img_id,rle_mask", "1000000,", "4711,"],
    )
    assert run(data, tmp_path / "run") == 2
    message = capsys.readouterr().err
    assert "4711" in message and "1000005" in message
    assert not (tmp_path / "run").exists()


# Names, options, places


def test_list_names_every_approach_and_study_and_does_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bench.main(["--list"]) == 0
    said = capsys.readouterr().out.replace("--study ", "").splitlines()
    assert [line.split()[0] for line in said] == [*TABLE, *STUDIES]
    assert list(tmp_path.iterdir()) == []


def test_results_are_named_after_data_and_preset(sample_folder, tmp_path, monkeypatch, failing):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sample_folder, tmp_path / "my_photos")
    shutil.copytree(sample_folder, tmp_path / "data" / "sample")
    for words in (["--data", "my_photos"], ["--data", "my_photos/", "--preset", "smoke"], []):
        assert bench.main(["--approaches", failing, *words]) == 1
    shutil.copytree(sample_folder, tmp_path / "data" / "cig_butts")
    assert bench.main(["--approaches", failing]) == 1
    expected = {"my-photos-full", "my-photos-smoke", "sample-quick", "cig-butts-full"}
    assert {path.name for path in (tmp_path / "results").iterdir()} == expected
    minutes = json.loads((tmp_path / "results" / "cig-butts-full" / "run.json").read_text())[
        "identity"
    ]["budget"]
    assert minutes["minutes"] == 12


@pytest.mark.parametrize(
    "spelling", [["--save_ds", "True", "--mirror", "True"], ["--save-ds", "--mirror"]]
)
def test_command_lines_of_others_run_and_keep_the_decoded_data(
    sample_folder, tmp_path, spelling, failing, capsys
):
    output, before = tmp_path / "run", files_of(sample_folder)
    words = [
        "--data",
        str(sample_folder),
        "--output",
        str(output),
        "--epochs",
        "2",
        "--batch",
        "4",
        *spelling,
    ]
    for _ in range(2):
        assert bench.main([*words, "--approaches", failing]) == 1
    assert "2 epochs for each fit, batch 4" in capsys.readouterr().err
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert files_of(sample_folder) == before
    budget = json.loads((output / "run.json").read_text())["identity"]["budget"]
    assert budget == {"minutes": None, "epochs": 2, "steps": None, "batch": 4}


def test_cached_data_gives_the_same_result(finished, copy, sample_folder):
    shutil.rmtree(copy / "probabilities")
    record = json.loads((copy / "records" / "pixel_lightgbm.json").read_text())
    (copy / "records" / "pixel_lightgbm.json").write_text(
        json.dumps(record | {"scores": None, "tune": None})
    )
    assert run(sample_folder, copy, "--save-ds") == 0
    assert (copy.parent / "cache").is_dir()
    assert (copy / "per_image.csv").read_bytes() == (finished / "per_image.csv").read_bytes()


def test_two_runs_in_one_process_do_not_write_into_each_others_log(
    finished, sample_folder, tmp_path, failing
):
    before = (finished / "log.txt").read_bytes()
    assert run(sample_folder, tmp_path / "run", approaches=failing) == 1
    assert (finished / "log.txt").read_bytes() == before
    assert [logger.handlers for logger in PARENTS] == [[], [], []]


def test_an_approach_runs_alone_with_the_same_options_and_files(finished, copy, sample_folder):
    words = ["--data", str(sample_folder), "--output", str(copy), "--no-report", *SETTINGS]
    assert alone(["threshold", *words]) == 0
    assert (copy / "leaderboard.csv").read_bytes() == (finished / "leaderboard.csv").read_bytes()


# Killed, and with further seeds


def test_a_run_killed_while_training_goes_on_and_ends_as_if_nothing_had_been(
    finished, sample_folder, tmp_path
):
    output = tmp_path / "run"
    words = [
        "--data",
        str(sample_folder),
        "--output",
        str(output),
        "--approaches",
        BOTH,
        "--no-report",
        *SETTINGS,
        *SLOW,
    ]
    process = subprocess.Popen(
        [sys.executable, "bench.py", *words], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 300
        while "pixel_lightgbm: training" not in _text(output / "log.txt"):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.1)  # far less than the training takes on any machine
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (output / "models" / "pixel_lightgbm").exists()
    records = output / "records"
    threshold, model = _but_for_costs(records / "threshold.json"), output / "models" / "threshold"
    made = model.stat().st_mtime_ns
    assert threshold["status"] == "ok"
    assert json.loads((records / "pixel_lightgbm.json").read_text())["fit"] is None
    assert run(sample_folder, output) == 0
    assert _but_for_costs(records / "threshold.json") == threshold
    assert model.stat().st_mtime_ns == made
    for name in (
        "per_image.csv",
        "submission/pred_valid_template.csv",
        "models/pixel_lightgbm/lightgbm.txt",
    ):
        assert (output / name).read_bytes() == (finished / name).read_bytes()


def _but_for_costs(path: Path) -> dict:
    """A record without what is measured at the end, for all approaches in turns."""
    record = json.loads(path.read_text())
    return {key: value for key, value in record.items() if key != "costs"}


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def test_robustness_and_seeds_are_in_the_leaderboard_where_they_are_asked_for(
    of_threshold, sample_folder
):
    output = of_threshold
    words = ["--robustness", "2", "--seeds", "2"]
    assert run(sample_folder, output, *words, approaches="threshold") == 0
    table = table_of(output).iloc[0]
    assert (
        table["robust_dice"] <= table["robust_dice"] + table["robust_drop"]
        and table["robust_worst"] in CORRUPTIONS
    )
    assert table["seeds"] == 2 and table["dice_over_seeds_lower"] <= table["dice_over_seeds"]
    rows = pd.read_csv(output / "robustness.csv")
    assert len(rows) == len(CORRUPTIONS) * 3 and (rows["n_images"] <= 2).all()
    assert (output / "seeds" / "1" / "models" / "threshold").is_dir()
    assert not (output / "seeds" / "1" / "submission").exists()
    assert run(sample_folder, output, approaches="threshold") == 0
    again = table_of(output).iloc[0]
    # what was measured is still said
    assert again["seeds"] == 2 and again["robust_dice"] == table["robust_dice"]


def test_a_failure_with_a_further_seed_counts_and_is_named(
    of_threshold, sample_folder, monkeypatch, capsys
):
    monkeypatch.setitem(TABLE, "threshold", Entry(f"{__name__}:Unlucky", "of a test"))
    output = of_threshold
    assert run(sample_folder, output, "--seeds", "3", approaches="threshold") == 1
    assert (
        "failed: threshold with seed 1, threshold with seed 2; the reasons are in"
        in capsys.readouterr().out
    )
    assert (
        table_of(output)["status"].tolist() == ["ok"]
        and "no room" in (output / "log.txt").read_text()
    )
    # it asks for one seed, which came through
    assert run(sample_folder, output, approaches="threshold") == 0
    assert "was trained once" in (output / "leaderboard.md").read_text()


def test_other_settings_of_a_further_seed_are_found_before_anything_is_trained(
    copy, sample_folder, capsys
):
    seeded = copy / "seeds" / "1"
    for part in ("records", "models"):
        shutil.copytree(copy / part, seeded / part)
    path = seeded / "records" / "pixel_lightgbm.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"config": record["config"] | {"leaves": 7}}))
    (copy / "records" / "threshold.json").unlink()
    assert run(sample_folder, copy, "--seeds", "2") == 2
    message = capsys.readouterr().err
    assert str(seeded) in message and "other settings (leaves)" in message
    assert not (copy / "records" / "threshold.json").exists()


def test_strata_worst_images_and_reliability_lie_beside_the_leaderboard(finished, sample_data):
    rows = pd.read_csv(finished / "per_image.csv")
    strata = pd.read_csv(finished / "strata.csv")
    assert set(strata["by"]) == {"object_area_px", "contrast", "ground_brightness"}
    shown = int((rows["tp"] + rows["fn"] > 0).groupby(rows["approach"]).sum().iloc[0])
    sizes = strata.drop_duplicates(["by", "stratum"]).groupby("by")["n_images"].sum()
    assert (sizes == shown).all()
    worst = pd.read_csv(finished / "worst_images.csv")
    for name, part in rows[rows["tp"] + rows["fn"] > 0].groupby("approach"):
        lowest = worst.loc[(worst["approach"] == name) & (worst["place"] == 1), "dice"].item()
        assert lowest == pytest.approx(part["dice"].min())
    assert set(pd.read_csv(finished / "calibration.csv")["approach"]) == set(rows["approach"])
    assert pd.read_csv(finished / "images.csv")["img_id"].tolist() == list(sample_data.score.ids)
