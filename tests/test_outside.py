"""Approaches that lie outside the repository: how a command line names them, and what is said of
those that cannot be used.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import bench
from approaches import TABLE, OutsideError, build, left_out_notes, load, name_of_outside, names_for
from approaches import store as store_model
from approaches.base import Budget
from approaches.checks.__main__ import main as checks_main
from approaches.predict import main as predict_main
from approaches.score import main as score_main
from common.report.finished_run import read_run
from common.submission.masks_csv import check_submission

PLUG_IN = "nearest_colour:NearestColour"
PLUG_IN_MODULES = ("my_plugins", "broken", "others", "nearest_colour", "other_colour")
ROOT = Path(__file__).parent.parent
HEAD = "from approaches.base import Approach, Config\nfrom approaches.threshold import Threshold\n"
SOURCE = f'''{HEAD}
class Mine(Threshold):
    """The usual threshold
    under another name.

    More of it.
    """

class PixelLDAForest2(Threshold): pass
class Joined(Threshold): combines = True
class All(Threshold): pass
class Threshold(Threshold): pass
class Ünet(Threshold): pass
class Half(Approach[Config]): pass
settings = 3
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with `my_plugins.py`; afterwards the table is as it was."""
    (tmp_path / "my_plugins.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    tests = ("", str(ROOT / "tests"))  # where pytest would find nearest_colour.py
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in tests])
    for name in PLUG_IN_MODULES:  # pytest imports nearest_colour.py to look for doctests
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = dict(TABLE)
    yield tmp_path
    TABLE.clear()
    TABLE.update(before)
    for name in PLUG_IN_MODULES:
        sys.modules.pop(name, None)


def test_a_class_is_known_by_its_name_in_snake_case(here):
    assert name_of_outside("my_plugins:Mine") == "mine"
    assert name_of_outside("my_plugins:PixelLDAForest2") == "pixel_lda_forest2"
    assert type(build("mine")).__name__ == "Mine"
    assert TABLE["mine"].summary == "The usual threshold under another name"
    assert name_of_outside("my_plugins:Mine") == "mine"  # again, and still one line
    assert [entry.target for entry in TABLE.values()].count("my_plugins:Mine") == 1


def test_it_stands_beside_the_shipped_ones_and_before_those_that_combine(here):
    wanted = "tta_ensemble,my_plugins:Joined,my_plugins:Mine,threshold"
    assert names_for(wanted, "cpu") == ["threshold", "mine", "tta_ensemble", "joined"]
    both = names_for("all,my_plugins:Mine", "cpu")
    assert set(both) == {*names_for("all", "cpu"), "mine"} and both[-2:] == [
        "tta_ensemble",
        "region_lightgbm",
    ]
    assert "mine" not in names_for("all", "cpu")
    assert names_for("mine", "cpu") == ["mine"]
    notes = left_out_notes("all,my_plugins:Mine,smp_segformer_mit_b2", "cpu")
    assert notes == left_out_notes("all,smp_segformer_mit_b2", "cpu")
    assert "smp_deeplabv3plus_lite0" in notes[0] and "segformer" not in notes[0]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no_module:Mine", "there is no module no_module; run the command in the folder that"),
        ("no.such.module:Mine", "there is no module no; run the command"),
        ("broken:Mine", "importing broken failed (ModuleNotFoundError: No module named 'nothing_"),
        ("my_plugins:Nothing", "has no class called 'Nothing'"),
        ("my_plugins:settings", "something that is no subclass of Approach called 'settings'"),
        ("my_plugins:Half", "lacks fit, load, parameters, predict_proba, save; see approaches."),
        (
            "my_plugins:Threshold",
            "called 'threshold', which is taken by approaches.threshold:Thre",
        ),
        ("my_plugins:All", "would be called 'all', which is no name; give the class another"),
        ("my_plugins:Ünet", "which is no name; give the class another name, of the letters a to"),
        (":Mine", "importing  failed (ValueError: Empty module name)"),
    ],
)
def test_what_is_no_approach_is_refused_with_the_way_out(here, target, told):
    with pytest.raises(OutsideError, match=re.escape(told)):
        names_for(f"threshold,{target}", "cpu")


def test_a_module_without_the_class_names_those_that_it_has(here):
    with pytest.raises(OutsideError, match=r"It has .*Mine.*Joined") as caught:
        name_of_outside("my_plugins:Min")
    assert "Approach," not in str(caught.value).split("It has")[1]


def test_two_classes_of_one_name_are_not_mistaken_for_each_other(here):
    name_of_outside("my_plugins:Mine")
    (here / "others.py").write_text(SOURCE, encoding="utf-8")
    with pytest.raises(OutsideError, match="'mine', which is taken by my_plugins:Mine"):
        name_of_outside("others:Mine")


def test_a_stored_model_remembers_its_class(here, sample_data):
    name = name_of_outside("my_plugins:Mine")
    model = build(name).fit(sample_data.fit, sample_data.tune, budget=Budget())
    (here / "models" / name).mkdir(parents=True)
    store_model(model, name, here / "models" / name)
    del TABLE[name]
    loaded = load(here / "models" / name)
    assert type(loaded) is type(model) and TABLE[name].target == "my_plugins:Mine"
    del TABLE[name], sys.modules["my_plugins"]
    (here / "my_plugins.py").unlink()
    with pytest.raises(OutsideError, match="class outside the repository.*no module my_plugins"):
        load(here / "models" / name)


def test_the_checks_take_a_class_and_refuse_what_is_none(here, capsys):
    shutil.copy(ROOT / "tests" / "nearest_colour.py", here)
    assert checks_main([PLUG_IN]) == 0
    out, told = capsys.readouterr()
    lines = out.splitlines()
    assert told == "" and len(lines) > 15
    assert all(line.startswith("nearest_colour  ") for line in lines[:-1])
    assert checks_main(["no_module:Class"]) == checks_main(["no_such_name"]) == 2
    told = capsys.readouterr().err
    assert "there is no module no_module" in told and "there is no approach 'no_such_name'" in told


# a whole run with one


def rows_of(page: str) -> list[list[str]]:
    """The cells of every table row of a page, without their tags."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, flags=re.S)
    cells = (re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, flags=re.S) for row in rows)
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


@pytest.fixture(scope="module")
def finished(sample_folder, tmp_path_factory) -> Path:
    """A folder that holds a plug-in, and a run of it beside a shipped approach."""
    home = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(ROOT / "tests" / "nearest_colour.py", home)
    command = [sys.executable, ROOT / "bench.py", "--data", sample_folder, "--output", "run"]
    command += ["--preset", "smoke", "--approaches", f"threshold,{PLUG_IN}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # for the process that makes the report
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return home


def test_its_row_stands_in_the_leaderboard_and_its_masks_in_the_submission(finished, sample_data):
    board = pd.read_csv(finished / "run" / "leaderboard.csv").set_index("approach")
    assert board.loc["nearest_colour", "status"] == board.loc["threshold", "status"] == "ok"
    assert 0 < board.loc["nearest_colour", "dice_mean"] < 1
    assert board.loc["nearest_colour", "parameters"] == 6
    [path] = (finished / "run" / "submission").glob("*.csv")
    assert check_submission(path, sample_data.score.shapes) == []


def test_it_stands_in_the_report_like_a_shipped_one(finished):
    page = (finished / "run" / "report.html").read_text(encoding="utf-8")
    rows = rows_of(page)
    assert ["smoothing", "a mean over 3 px in CIELAB", "nearest_colour"] in rows
    assert any(row[:1] == ["channel"] and row[2] == "threshold" for row in rows)
    line = re.search(r"<code>nearest_colour</code>: Whether a pixel.*?apart in CIELAB", page)
    assert line and "nearer to the mean of the object" in line[0]
    stored = read_run(finished / "run")
    assert stored.colours["nearest_colour"] == "#AA3377"


def test_its_stored_model_predicts_and_scores_by_name_and_by_class(
    finished, here, sample_folder, monkeypatch, capsys
):
    monkeypatch.chdir(finished)
    photos, run = str(sample_folder / "real_test"), "run"
    for number, name in enumerate(("nearest_colour", PLUG_IN)):
        words = [run, photos, "--approach", name, "--output", f"masks-{number}"]
        assert predict_main(words) == 0
    first, second = (sorted((finished / f"masks-{number}").rglob("*.png")) for number in (0, 1))
    assert len(first) == len(second) >= 2
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    words = [run, "--data", str(sample_folder), "--approach", PLUG_IN]
    assert score_main(words) == 0 and "nearest_colour on" in capsys.readouterr().out


def test_where_its_class_cannot_be_found_the_commands_say_so(
    finished, here, sample_folder, tmp_path, capsys
):
    photos = str(sample_folder / "real_test")
    words = [str(finished / "run"), photos, "--approach", "nearest_colour"]
    assert predict_main([*words, "--output", str(tmp_path / "masks")]) == 2
    told = capsys.readouterr().err
    assert "there is no module nearest_colour; run the command in the folder that holds it" in told


def test_the_same_command_goes_on_and_another_class_of_that_name_is_refused(
    finished, here, sample_folder, monkeypatch, capsys
):
    shutil.copytree(finished / "run", here / "run")
    shutil.copy(finished / "nearest_colour.py", here)
    words = ["--data", str(sample_folder), "--output", "run", "--preset", "smoke", "--no-report"]
    assert bench.main([*words, "--approaches", PLUG_IN]) == 0
    assert "nearest_colour: trained before" in capsys.readouterr().err
    del TABLE["nearest_colour"]
    shutil.copy(here / "nearest_colour.py", here / "other_colour.py")
    assert bench.main([*words, "--approaches", "other_colour:NearestColour"]) == 2
    told = capsys.readouterr().err
    assert "nearest_colour was trained in run by nearest_colour:NearestColour" in told


def test_an_ensemble_takes_one_that_the_folder_holds_as_a_member(
    finished, here, sample_folder, capsys
):
    shutil.copytree(finished / "run", here / "run")
    shutil.copy(finished / "nearest_colour.py", here)
    words = ["--data", str(sample_folder), "--output", "run", "--preset", "smoke", "--no-report"]
    assert bench.main([*words, "--approaches", "tta_ensemble"]) == 0
    made = read_run(here / "run").combinations["tta_ensemble"]
    assert set(made.dice_alone) == {"threshold", "nearest_colour"}
