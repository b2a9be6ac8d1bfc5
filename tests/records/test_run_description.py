import json
import math
import shutil

import numpy as np
import pytest

from common import __version__
from common.json_files import DamagedFileError, to_json
from common.records import Record, write_record
from common.records.description import (
    RunMismatchError,
    describe_run,
    open_run,
    read_description,
    software,
)

IDENTITY = {"data": "abc", "seed": 0, "budget": {"minutes": 1.0, "epochs": None}, "smoke": False}


def content_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".lock")
    }


@pytest.mark.parametrize("text", ["", '{"identity": {"da', "[1]", "{}"])
def test_a_damaged_description_of_a_run_is_named_and_stays_as_it_is(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    for use, error in [
        (lambda: read_description(tmp_path), DamagedFileError),
        (lambda: describe_run(tmp_path, winner="a"), DamagedFileError),
        (lambda: open_run(tmp_path, IDENTITY, fresh=False), RunMismatchError),
        (lambda: open_run(tmp_path, IDENTITY, fresh=True), RunMismatchError),
    ]:
        with pytest.raises(error, match=r"run\.json cannot be read: it.*give another --output"):
            use()
    assert (tmp_path / "run.json").read_text() == text


def test_a_folder_without_a_run_has_no_description(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"has no run\.json; expected the folder of a finished run"
    ):
        read_description(tmp_path)


def test_a_new_run_is_made_and_opened_again_with_the_same_settings(tmp_path):
    run = tmp_path / "deep" / "run"
    open_run(run, IDENTITY, fresh=False)
    write_record(run, Record("a"))
    before = content_of(run)
    open_run(run, json.loads(json.dumps(IDENTITY)), fresh=False)
    assert content_of(run) == before


def test_an_empty_folder_becomes_a_run(tmp_path):
    open_run(tmp_path, IDENTITY, fresh=False)
    assert json.loads((tmp_path / "run.json").read_text())["identity"] == IDENTITY


def test_numbers_that_json_cannot_hold_are_no_mismatch(tmp_path):
    identity = {"budget": {"minutes": math.inf}, "shape": (3, 4)}
    open_run(tmp_path / "run", identity, fresh=False)
    open_run(tmp_path / "run", identity, fresh=False)


def test_other_settings_are_refused_by_name_with_both_values_and_nothing_is_touched(tmp_path):
    run = tmp_path / "run"
    open_run(run, IDENTITY, fresh=False)
    before = content_of(run)
    other = IDENTITY | {"seed": 1, "budget": {"minutes": 1.0, "epochs": 20}}
    with pytest.raises(RunMismatchError) as caught:
        open_run(run, other, fresh=False)
    message = str(caught.value)
    assert "seed: 0 there, 1 now" in message
    assert "epochs: None there, 20 now" in message
    assert "minutes" not in message and "smoke" not in message and "data" not in message
    assert "--fresh" in message and "--output" in message
    assert content_of(run) == before


def test_a_setting_that_only_one_side_has_is_named(tmp_path):
    open_run(tmp_path / "run", {"seed": 0, "old": 1}, fresh=False)
    with pytest.raises(RunMismatchError, match=r"old: 1 there, None now; new: None there, 2 now"):
        open_run(tmp_path / "run", {"seed": 0, "new": 2}, fresh=False)


def test_fresh_sets_the_old_run_aside_with_all_it_holds(tmp_path):
    run = tmp_path / "run"
    open_run(run, IDENTITY, fresh=False)
    write_record(run, Record("a"))
    before = content_of(run)
    open_run(run, IDENTITY | {"seed": 1}, fresh=True)
    aside = [path for path in tmp_path.iterdir() if path != run]
    assert len(aside) == 1 and aside[0].name.startswith("run-before-")
    assert content_of(aside[0]) == before
    assert list(content_of(run)) == ["run.json"]


def test_fresh_several_times_within_a_second_keeps_every_run(tmp_path):
    run = tmp_path / "run"
    for seed in range(4):
        open_run(run, {"seed": seed}, fresh=True)
    seeds = [
        json.loads((path / "run.json").read_text())["identity"]["seed"]
        for path in tmp_path.iterdir()
    ]
    assert sorted(seeds) == [0, 1, 2, 3]


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["holiday.jpg", "run.json", "list"])
def test_a_folder_that_is_no_run_is_refused_and_untouched(tmp_path, fresh, name):
    run = tmp_path / "pictures"
    run.mkdir()
    texts = {"holiday.jpg": "a photo", "run.json": '{"my own": "file"}', "list": "[1]"}
    (run / ("run.json" if name == "list" else name)).write_text(texts[name])
    before = content_of(tmp_path)
    with pytest.raises(RunMismatchError, match=r"run\.json.*--output.*othing was touched"):
        open_run(run, IDENTITY, fresh=fresh)
    assert content_of(tmp_path) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(RunMismatchError, match="is a file"):
        open_run(tmp_path / "run", IDENTITY, fresh=False)
    assert (tmp_path / "run").read_text() == "a file"


def test_a_run_killed_before_its_first_file_was_whole_can_be_continued(tmp_path):
    (tmp_path / ".abc.partial").mkdir()
    (tmp_path / ".abc.partial" / "run.json").write_text('{"ident')
    open_run(tmp_path, IDENTITY, fresh=False)
    assert (tmp_path / "run.json").is_file()


def test_a_description_completes_the_run_and_keeps_its_start_and_identity(tmp_path):
    open_run(tmp_path, IDENTITY, fresh=False)
    describe_run(tmp_path, command="first", seconds=math.nan)
    first = json.loads((tmp_path / "run.json").read_text())
    describe_run(tmp_path, approaches={"a": 1})
    second = json.loads((tmp_path / "run.json").read_text())
    assert second["identity"] == IDENTITY
    assert (second["started"], second["command"], second["seconds"]) == (
        first["started"],
        "first",
        None,
    )
    assert second["approaches"] == {"a": 1}
    open_run(tmp_path, IDENTITY, fresh=False)


def test_software_names_the_versions_that_compute():
    found = software()
    assert found["packages"]["numpy"] == np.__version__
    assert found["version"] == __version__
    commit = found["commit"]
    assert commit == "" or (len(commit) >= 40 and set(commit) <= set("0123456789abcdef"))
    if shutil.which("git") is None:
        assert commit == ""


def test_json_is_strict_for_every_kind_of_number():
    value = {
        "a": [math.inf, -math.inf, np.float64("nan"), (1, np.bool_(True))],
        3: np.int8(4),
        "text": "ü",
    }
    text = to_json(value)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": [None, None, None, [1, True]],
        "3": 4,
        "text": "ü",
    }
