"""A finished run on small generated data, and its report."""

from pathlib import Path

import pytest

import bench
from common.report import write_report
from common.sample import generate


@pytest.fixture(scope="session")
def report_data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "data"
    return generate(
        folder, train=16, val=6, real_test=1, size=128, seed=3, workers=1, progress=False
    )


@pytest.fixture(scope="session")
def reported_run(report_data) -> Path:
    folder = report_data.parent / "run"
    words = [
        "--data",
        str(report_data),
        "--approaches",
        "threshold,pixel_lightgbm",
        "--preset",
        "smoke",
    ]
    assert bench.main([*words, "--output", str(folder), "--no-report"]) == 0
    return folder


@pytest.fixture(scope="session")
def page(reported_run, report_data) -> str:
    assert write_report(reported_run, report_data) == reported_run / "report.html"
    return (reported_run / "report.html").read_text(encoding="utf-8")
