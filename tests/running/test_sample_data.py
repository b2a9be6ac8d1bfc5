import os

import pytest

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
    many = {"train": 5000, "workers": 1}
    monkeypatch.setattr("approaches.running.sample_data.SETTINGS", many)
    with SampleDrawing() as drawing:
        drawing.begin()
        process = drawing._process
        assert process.poll() is None
    assert process.poll() is not None
    assert not few.exists()


def test_a_place_that_cannot_be_written_is_refused(few, capfd):
    few.parent.write_text("in the way")
    with pytest.raises(RefusedError, match="no sample data were made in data.sample; the reason"):
        SampleDrawing().finish()
    assert str(few.parent) in capfd.readouterr().err


def test_the_first_process_is_known_by_what_launchers_tell(monkeypatch):
    for name in [name for name in os.environ if name.endswith("RANK")]:
        monkeypatch.delenv(name)
    assert is_first()
    monkeypatch.setenv("RANK", "0")
    assert is_first()
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    assert not is_first()
