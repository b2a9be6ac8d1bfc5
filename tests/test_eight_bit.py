"""A network in 8 bits is made once for a run, judged on *tune*, and refused where it is worse."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import bench
from approaches.base import ConfigError
from approaches.predict import main
from approaches.segmenter import Segmenter
from approaches.stored import eight_bit
from approaches.stored.eight_bit import FOUND, Found, in_eight_bits
from common.json_files import DamagedFileError
from common.records import read_record, write_record


@pytest.fixture
def run(threshold_run, tmp_path):
    return shutil.copytree(threshold_run, tmp_path / "run")


@pytest.fixture
def quantised(monkeypatch):
    """How often a model was quantised; what is written is found in no package."""
    made = []

    def write(graph, pictures, divisor, path):
        made.append(len(pictures))
        path.write_text("graph")

    monkeypatch.setattr(eight_bit, "PACKAGES", ())
    monkeypatch.setattr(eight_bit, "write_form_of", lambda *_: 16)
    monkeypatch.setattr(eight_bit, "quantise", write)
    monkeypatch.setattr(eight_bit, "_predictor", lambda segmenter, *_: segmenter.model.model)
    return made


def test_it_is_made_once_for_a_model_and_again_for_another(run, quantised):
    segmenter = Segmenter.load(run)
    for _ in range(2):
        other = in_eight_bits(run, segmenter, 1)
    assert len(quantised) == 1 and quantised[0] <= eight_bit.CALIBRATED_ON
    assert str(other) == str(segmenter)
    path = run / "engines" / "threshold-int8" / FOUND
    found = Found(**json.loads(path.read_text()))
    assert found.dice == found.dice_in_8_bits and found.images > 0
    path.write_text(json.dumps(vars(replace(found, digest="of another"))))
    in_eight_bits(run, segmenter, 1)
    assert len(quantised) == 2


def test_it_is_judged_again_where_the_post_processing_is_another(run, quantised):
    in_eight_bits(run, Segmenter.load(run).changed(threshold=0.9), 1)  # asked for, not chosen
    in_eight_bits(run, Segmenter.load(run), 1)
    assert len(quantised) == 1
    record = read_record(run, "threshold")
    chosen = replace(record.tuning.postprocess, threshold=0.9)
    write_record(run, replace(record, tuning=replace(record.tuning, postprocess=chosen)))
    in_eight_bits(run, Segmenter.load(run), 1)
    assert len(quantised) == 2


def test_what_loses_too_much_is_refused_with_both_scores(run, quantised, monkeypatch):
    dices = iter([0.93, 0.92])
    monkeypatch.setattr(eight_bit, "mean_dice", lambda *_: next(dices))
    with pytest.raises(
        ConfigError, match=r"0\.9200 in 8 bits, 0\.9300 without; it may lose 0\.002"
    ):
        in_eight_bits(run, Segmenter.load(run), 1)
    assert len(quantised) == 1
    monkeypatch.setattr(eight_bit, "MOST_LOST", 1.0)
    in_eight_bits(run, Segmenter.load(run), 1)
    (run / "engines" / "threshold-int8" / "model.xml").write_text("cut")
    with pytest.raises(DamagedFileError, match="does not hold the files that were stored"):
        in_eight_bits(run, Segmenter.load(run), 1)
    (run / "engines" / "threshold-int8" / FOUND).write_text("{")
    with pytest.raises(DamagedFileError, match="Delete the folder; it is made anew"):
        in_eight_bits(run, Segmenter.load(run), 1)


def test_what_it_needs_is_said(run, quantised, monkeypatch, sample_folder, tmp_path):
    described = run / "run.json"
    content = json.loads(described.read_text())
    described.write_text(json.dumps({**content, "data": "moved/away"}))
    with pytest.raises(ConfigError, match="'moved/away' is not there; start the command where"):
        in_eight_bits(run, Segmenter.load(run), 1)
    changed = {**content, "identity": {**content["identity"], "data": "0" * 64}}
    described.write_text(json.dumps(changed))
    with pytest.raises(ConfigError, match="holds other images or annotations by now"):
        in_eight_bits(run, Segmenter.load(run), 1)
    described.write_text(json.dumps({**content, "data": ""}))
    with pytest.raises(ConfigError, match="'' is not there"):
        in_eight_bits(run, Segmenter.load(run), 1)
    assert not (run / "engines").exists() or not list((run / "engines").iterdir())
    monkeypatch.setattr(eight_bit, "PACKAGES", ("no_such_package",))
    with pytest.raises(ConfigError, match=r"no_such_package.*segmentation-bench\[engines\]"):
        in_eight_bits(run, Segmenter.load(run), 1)


def test_photos_are_predicted_in_8_bits_by_the_command_line(sample_folder, tmp_path, monkeypatch):
    for package in eight_bit.PACKAGES:
        pytest.importorskip(package, reason="pip install 'segmentation-bench[engines]'")
    run = tmp_path / "run"
    words = f"--data {sample_folder} --approaches unet --preset smoke --steps 6 --no-report"
    assert bench.main([*words.split(), "--output", str(run)]) == 0
    monkeypatch.setattr(eight_bit, "MOST_LOST", 1.0)
    words = [str(run), str(sample_folder / "real_test"), "--output", str(tmp_path / "masks")]
    assert main([*words, "--engine", "int8", "--no-gallery"]) == 0
    segmenter = Segmenter.load(run)
    image = np.zeros((100, 171, 3), np.uint8)
    small = in_eight_bits(run, segmenter, 1)
    assert small.predict_proba(image).shape == (100, 171)
    difference = small.predict_proba(image) - segmenter.predict_proba(image)
    assert 0 < np.abs(difference).max() < 0.2
