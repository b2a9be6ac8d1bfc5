"""A finished run on small generated data, and its report."""

import contextlib
import io
from pathlib import Path

import pytest

import bench
from common.report.__main__ import main
from common.sample import generate


@pytest.fixture(scope="session")
def reported(once) -> Path:
    """A folder of data and of a finished run, and what the command line said that made its
    report.
    """

    def fill(folder: Path) -> None:
        sizes = {"train": 16, "val": 6, "real_test": 1, "size": 128, "seed": 3}
        data, run = folder / "data", folder / "run"
        generate(data, **sizes, workers=1, progress=False)
        words = ["--data", str(data), "--approaches", "threshold,pixel_lightgbm"]
        words += ["--preset", "smoke", "--output", str(run), "--no-report"]
        assert bench.main(words) == 0
        with contextlib.redirect_stdout(io.StringIO()) as told:
            assert main([str(run)]) == 0
        (folder / "said.txt").write_text(told.getvalue(), encoding="utf-8")

    return once("reported", fill)


@pytest.fixture(scope="session")
def reported_run(reported) -> Path:
    return reported / "run"


@pytest.fixture(scope="session")
def page(reported_run) -> str:
    return (reported_run / "report.html").read_text(encoding="utf-8")
