"""How commands end: exit codes, the line about a refusal, Ctrl-C."""

import importlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import bench
from approaches.base import ConfigError
from common.coco import DataError
from common.commands import CommandParser, command, did_you_mean, started_as
from common.data.template import TemplateError
from common.gallery import GalleryError
from common.json_files import DamagedFileError
from common.records.description import RunMismatchError
from common.report import ReportError

ROOT = Path(__file__).parent.parent
# Of each command: its module, what is interrupted in it, its words, what it says is left.
COMMANDS = [
    (
        "approaches.predict",
        "common.predictions.find_photos",
        "RUN PHOTOS --output masks",
        "no mask was written",
    ),
    (
        "approaches.export",
        "approaches.stored.exporting.export",
        "RUN --output out",
        "nothing was written",
    ),
    (
        "approaches.score",
        "common.data.check_split.require_sound",
        "RUN --data DIR",
        "nothing was written",
    ),
    (
        "approaches.checks.__main__",
        "approaches.checks.run_check",
        "threshold",
        "not every check has run",
    ),
    (
        "common.coco.__main__",
        "common.data.check.check_data",
        "check tests",
        "not everything was looked at",
    ),
    ("common.describe.__main__", "common.data.load_data", "DIR", "nothing was written"),
    (
        "common.leaderboard.__main__",
        "common.leaderboard.__main__.analyse",
        "analyse X.csv",
        "nothing was compared",
    ),
    (
        "common.report.__main__",
        "common.report.page.write_report",
        "RUN --no-pictures",
        "report.html is as it was",
    ),
    (
        "common.sample.__main__",
        "common.sample.dataset.generate",
        "--output out",
        "out is as it was before",
    ),
]


@pytest.mark.parametrize(
    "refusal",
    [
        ConfigError,
        DataError,
        RunMismatchError,
        ReportError,
        GalleryError,
        DamagedFileError,
        OSError,
    ],
)
def test_a_refusal_is_its_message_and_exit_code_2(refusal, capsys):
    with command("nothing was written") as ending:
        raise refusal("DIR holds 0 photos; expected at least 1.")
    assert ending.code == 2
    assert capsys.readouterr() == ("", "DIR holds 0 photos; expected at least 1.\n")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_sigterm_ends_like_ctrl_c_and_is_itself_again_afterwards():
    before, lines = signal.getsignal(signal.SIGTERM), []
    with command("the same command continues", lines.append) as ending:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert ending.code == 143 and lines == ["terminated; the same command continues"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_refusal_with_parts_is_one_too(capsys):
    with command("nothing was written") as ending:
        raise TemplateError("a.csv", "no row", "one for each image", "add them")
    assert ending.code == 2 and "a.csv" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "inner", "words", "left"), COMMANDS, ids=lambda it: it)
def test_an_interrupted_command_is_one_line(module, inner, words, left, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(inner, interrupted)
    assert importlib.import_module(module).main(words.split()) == 130
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("interrupted; ") and left in err and err.count("\n") == 1


def test_a_fault_of_the_program_is_not_taken_for_a_refusal():
    with pytest.raises(ValueError, match="a fault"), command("nothing was written"):
        raise ValueError("a fault")


def test_an_interrupt_tells_what_is_left_by_then(capsys):
    with command("nothing was written") as ending:
        ending.if_interrupted = "3 masks are in out"
        raise KeyboardInterrupt
    assert ending.code == 130
    assert capsys.readouterr() == ("", "interrupted; 3 masks are in out\n")


@pytest.mark.parametrize("code", [0, 1])
def test_a_command_that_ends_by_itself_sets_its_code(code):
    with command("nothing was written") as ending:
        ending.code = code
    assert ending.code == code


def test_a_terminal_without_a_character_does_not_stop_the_command(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    with command("nothing was written"):
        print("x1, y1, …", flush=True)
    assert terminal.buffer.getvalue().decode("ascii") == "x1, y1, \\u2026\n"


def test_the_program_is_what_was_typed(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/seg-score", "RUN"])
    assert started_as("python -m approaches.score") == "seg-score"
    monkeypatch.setattr(sys, "argv", ["/usr/approaches/score.py", "RUN"])
    assert started_as("python -m approaches.score") == "python -m approaches.score"


def test_every_script_is_the_command_that_its_module_is(monkeypatch, capsys):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(project["scripts"]) == 12
    for script, target in project["scripts"].items():
        module, function = target.split(":")
        assert script == f"seg-{module.removesuffix('.__main__').split('.')[-1]}"
        monkeypatch.setattr(sys, "argv", [f"/usr/bin/{script}", "--help"])
        with pytest.raises(SystemExit) as ended:
            getattr(importlib.import_module(module), function)()
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: {script} ")


def test_the_version_is_that_of_the_package(capsys):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with pytest.raises(SystemExit):
        bench.main(["--version"])
    assert capsys.readouterr().out == f"segmentation-bench {project['version']}\n"


LARGE = (
    "torch accelerate timm segmentation_models_pytorch lightgbm sklearn scipy pandas cv2".split()
)
MODULES = [
    "bench",
    "approaches.__main__",
    "approaches.predict",
    "approaches.export",
    "approaches.score",
    "approaches.checks.__main__",
    "common.coco.__main__",
    "common.describe.__main__",
    "common.leaderboard.__main__",
    "common.report.__main__",
    "common.sample.__main__",
    "common.submission.__main__",
]


def modules_after(tmp_path, *calls):
    """Which large libraries a fresh process has imported after each command, with its code."""
    script = tmp_path / "calls.py"
    script.write_text(
        "import contextlib, importlib, io, json, sys\n"
        "found = []\n"
        "for module, words in json.loads(sys.argv[1]):\n"
        "    silent = contextlib.redirect_stdout(io.StringIO())\n"
        "    with silent, contextlib.redirect_stderr(io.StringIO()):\n"
        "        try:\n"
        "            code = importlib.import_module(module).main(words)\n"
        "        except SystemExit as ended:\n"
        "            code = ended.code\n"
        f"    large = sorted(set({LARGE!r}) & set(sys.modules))\n"
        "    found.append([code, large])\n"
        "print(json.dumps(found))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, script, json.dumps(calls)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    return json.loads(done.stdout)


def test_every_command_tells_its_options_without_a_large_library(tmp_path):
    found = modules_after(tmp_path, *([module, ["--help"]] for module in MODULES))
    assert found == [[0, []]] * len(MODULES)


def test_a_typing_error_is_told_without_a_large_library(tmp_path):
    typed = ["--aproaches unet", "--approaches unett", "--study looss", "--set *.luck=1"]
    typed += ["--set unet.base_chanels=8", "--set smp_unet_lite0.los=bce"]
    typed += ["--set pixel_lightgbm.rounds=many"]
    found = modules_after(tmp_path, *(["bench", words.split()] for words in ["--list", *typed]))
    assert found == [[0, []], *([[2, []]] * len(typed))]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--aproaches", "unet"], "Did you mean --approaches?"),
        (["--time_limt=3"], "Did you mean --time_limit?"),
        (["--preset", "quik"], "Did you mean quick?"),
        (["--approaches", "unet,pixel_lightgmb"], "Did you mean pixel_lightgbm?"),
        (["--set", "unet.base_chanels=8"], "Did you mean base_channels?"),
        (["--set", "unett.base_channels=8"], "Did you mean unet?"),
        (["--set", "*.augmentaton=none"], "Did you mean augmentation?"),
        (["--study", "looss"], "Did you mean loss?"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, list) else "",
)
def test_the_nearest_word_is_offered(words, meant, capsys):
    try:
        code = bench.main(words)
    except SystemExit as ended:
        code = ended.code
    told = capsys.readouterr().err
    assert code == 2 and meant in told


def test_nothing_is_offered_where_nothing_is_near():
    assert did_you_mean(["xyz"], ["unet", "threshold"]) == ""


def test_an_option_of_a_sub_command_is_offered(capsys):
    parser = CommandParser(prog="tool")
    inner = parser.add_subparsers().add_parser("check")
    inner.add_argument("--strict", action="store_true")
    with pytest.raises(SystemExit):
        parser.parse_args(["check", "--strickt"])
    assert "Did you mean --strict?" in capsys.readouterr().err


def test_the_help_fits_80_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    for module in MODULES:
        with pytest.raises(SystemExit):
            importlib.import_module(module).main(["--help"])
        told = capsys.readouterr().out
        assert max(map(len, told.splitlines())) <= 80, module
