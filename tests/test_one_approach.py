"""`python -m approaches NAME …`: which command lines it refuses."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from approaches.__main__ import refused

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "words", [["--approaches", "unet"], ["--approaches=unet"], ["--approach", "unet"], ["--a=x"]]
)
def test_a_second_choice_of_approaches_is_refused(words):
    said = refused(["threshold", "--data", "DIR", *words])
    assert said.startswith(
        f"python -m approaches threshold got {words[0]} too; expected one approach, by its name."
    )


@pytest.mark.parametrize("words", [[], ["--data", "DIR"], ["--approaches", "unet"]])
def test_a_missing_name_is_refused(words):
    assert "needs the NAME of an approach first; --list shows them" in refused(words)


@pytest.mark.parametrize(
    "words",
    [["threshold"], ["threshold", "--augment"], ["--list"], ["-h"], ["unet", "--set", "a"]],
)
def test_one_name_or_a_question_is_taken(words):
    assert refused(words) == ""


def test_the_command_ends_with_2_before_anything_runs():
    words = [sys.executable, "-m", "approaches", "threshold", "--approaches", "unet"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "") and "got --approaches too" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--set", "unet.base_channels=-8"],
            "unet: base_channels=-8 is not allowed; expected a whole number from 1",
        ),
        (
            ["--set", "unet.levels=eight"],
            "unet: levels='eight' is no whole number; the settings are crop_px=",
        ),
        (
            ["--batch", "1"],
            "--batch 1 cannot be shared by 1 process(es); give a multiple, 2 or more for each.",
        ),
    ],
)
def test_a_value_that_training_would_stumble_over_is_refused_before_it(
    sample_folder, tmp_path, words, told, capsys
):
    command = [
        "--data",
        str(sample_folder),
        "--output",
        str(tmp_path / "run"),
        "--approaches",
        "threshold,unet",
    ]
    assert bench.main([*command, *words]) == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_record_is_told_by_the_benchmark_in_one_line(
    threshold_run, sample_folder, tmp_path, capsys
):
    run = shutil.copytree(threshold_run, tmp_path / "run")
    command = ["--data", str(sample_folder), "--output", str(run), "--approaches", "threshold"]
    for name, mend in [
        ("records/threshold.json", "Delete it"),
        ("run.json", "give another --output"),
    ]:
        path = run / name
        whole = path.read_bytes()
        path.write_bytes(whole[:30])
        capsys.readouterr()
        assert bench.main([*command, "--no-report"]) == 2
        told = capsys.readouterr().err
        assert f"{path} cannot be read" in told and mend in told and "Traceback" not in told
        path.write_bytes(whole)
    (run / "records" / "threshold.json").unlink()
    assert bench.main([*command, "--no-report"]) == 0
