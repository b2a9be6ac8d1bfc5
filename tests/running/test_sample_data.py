import time

import pytest

import bench
from approaches.running.launch import is_first
from approaches.running.sample_data import SampleDrawing
from common.commands import RefusedError


@pytest.fixture
def few(monkeypatch, tmp_path):
    few = {"train": 2, "val": 1, "real-test": 1, "size": 128, "workers": 1}
    monkeypatch.setattr("approaches.running.sample_data.SETTINGS", few)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data" / "sample"


def test_the_data_are_there_when_it_has_finished(few):
    with SampleDrawing() as drawing:
        drawing.begin()
        drawing.finish()
    assert len(list((few / "train" / "images").iterdir())) == 2
    written = (few / "sample.json").stat().st_mtime_ns
    SampleDrawing().finish()
    assert (few / "sample.json").stat().st_mtime_ns == written, "drawn again"


def test_what_is_still_drawn_ends_with_its_block(few, monkeypatch):
    many = {"train": 5000, "workers": 2}
    monkeypatch.setattr("approaches.running.sample_data.SETTINGS", many)
    with SampleDrawing() as drawing:
        drawing.begin()
        process = drawing._process
        until = time.monotonic() + 60
        while not list(few.parent.glob(".*/new/train/images/*.jpg")):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.05)
    assert process.poll() is not None
    assert list(few.parent.iterdir()) == [], "something half-written is left"


def test_a_place_that_cannot_be_written_is_refused(few, capfd):
    few.parent.write_text("in the way")
    with pytest.raises(RefusedError, match="no sample data were made in data.sample; the reason"):
        SampleDrawing().finish()
    assert str(few.parent) in capfd.readouterr().err


def test_the_first_process_is_known_by_what_launchers_tell(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    assert is_first()
    monkeypatch.setenv("RANK", "0")
    assert is_first()
    monkeypatch.setenv("RANK", "1")
    assert not is_first()


def test_a_run_without_data_draws_its_own_and_one_that_is_refused_leaves_nothing(
    few, monkeypatch, capfd
):
    settings = "approaches.running.sample_data.SETTINGS"
    monkeypatch.setattr(settings, {"train": 5000, "workers": 1})
    words = ["--approaches", "threshold", "--preset", "smoke", "--no-report"]
    assert bench.main([*words, "--fresh", "--resume"]) == 2
    told = capfd.readouterr().err.splitlines()
    assert "--fresh begins anew" in told[-1], "the refusal is the last line"
    assert not list(few.parent.glob("*"))
    monkeypatch.setattr(settings, {"train": 12, "val": 6, "real-test": 1, "size": 128})
    assert bench.main(words) == 0
    assert "no --data and no data/cig_butts: generating" in capfd.readouterr().err
    assert (few.parents[1] / "results" / "sample-smoke" / "leaderboard.csv").is_file()
