"""A network in ONNX Runtime and OpenVINO gives the masks that it gives in torch."""

import numpy as np
import pytest
import torch

from approaches import build
from approaches.base import Budget, ConfigError, Traits
from approaches.network.inference import fast_precision, in_float32
from approaches.segmenter import Segmenter
from approaches.stored import engines
from approaches.stored.engines import (
    MOST_DIFFERING,
    PACKAGES,
    EnginePredictor,
    surest_part,
    with_engine,
)
from approaches.stored.predicting import in_engine
from common.image_files import write_pixels
from common.masks.postprocess import Postprocess
from common.predictions import find_photos
from common.sample import render_scene
from common.scale import ImageSizes

# a network with random weights is undecided everywhere: bfloat16 turns more pixels
IN_FLOAT32 = fast_precision(torch.device("cpu")) == torch.float32
ALLOWED = MOST_DIFFERING if IN_FLOAT32 else 0.01


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    monkeypatch.setattr(engines, "MOST_DIFFERING", ALLOWED)


@pytest.fixture(scope="module")
def network() -> Segmenter:
    """A small network with random weights, and a threshold in the middle of what it says."""
    torch.manual_seed(0)
    approach = build("unet", overrides={"base_channels": 4, "levels": 3})
    module = approach.build_network(pretrained=False)
    approach.network_ = approach._behind_normalisation(module).eval()
    middle = float(np.median(approach.predict_proba(photo(0, 192, 192))))
    return Segmenter(approach, Postprocess(round(middle, 2)), "unet")


def photo(number, height, width):
    scene = render_scene(0, index=number, size=max(height, width, 128))
    return np.ascontiguousarray(scene.image[:height, :width])


@pytest.mark.parametrize("engine", PACKAGES)
def test_an_engine_gives_the_masks_of_the_model_at_every_size(network, engine):
    pytest.importorskip(PACKAGES[engine][1])
    other = with_engine(network, engine, photo(0, 192, 192), threads=1)
    most = MOST_DIFFERING if engine == "onnx" else ALLOWED  # OpenVINO takes bfloat16 too
    assert isinstance(other.model.model, EnginePredictor)
    assert str(other) == str(network)
    for number, size in enumerate([(192, 192), (100, 171), (64, 300)]):
        image = photo(number, *size)
        mask = other.predict(image)
        with in_float32():
            expected = network.predict(image)
        assert (mask != expected).mean() <= most
        assert 0 < mask.mean() < 1


def test_the_engine_is_chosen_by_measurement_among_those_that_agree(network, caplog):
    caplog.set_level("INFO")
    chosen = with_engine(network, "auto", photo(0, 192, 192), threads=1)
    assert "unet in each engine: torch" in caplog.text
    image = photo(1, 128, 128)
    assert (chosen.predict(image) != network.predict(image)).mean() <= ALLOWED


class SeesBright:
    traits = Traits()

    def predict_proba(self, image):
        return image[..., 0].astype(np.float32) / 255


@pytest.mark.parametrize("scale", ["auto", "native", 0.5])
def test_it_is_measured_where_the_model_sees_something(scale):
    image = np.full((900, 1600, 3), 20, np.uint8)
    image[700:760, 1500:1590] = 220
    segmenter = Segmenter(SeesBright(), Postprocess(0.5), "bright", ImageSizes(512, 512), scale)
    part = surest_part(segmenter, image)
    assert segmenter.predict(part).sum() == pytest.approx(60 * 90, rel=0.05)
    longest = max(part.shape[:2]) * segmenter.scale_of(image)
    assert longest == pytest.approx(512, abs=1)
    small = np.ascontiguousarray(image[:300, :400])
    assert surest_part(segmenter, small) is small


def test_torch_is_the_model_itself(network):
    assert with_engine(network, "torch", photo(0, 64, 64), threads=1) is network


def test_what_has_no_such_form_is_refused_by_name_and_stays_under_auto(sample_data):
    for package in PACKAGES["onnx"]:
        pytest.importorskip(package)
    floor = build("threshold").fit(sample_data.fit, sample_data.tune, budget=Budget())
    segmenter = Segmenter(floor, Postprocess(0.5), "threshold")
    image = photo(0, 64, 64)
    with pytest.raises(ConfigError, match="no ONNX form; leave --onnx or --engine out"):
        with_engine(segmenter, "onnx", image, threads=1)
    assert with_engine(segmenter, "auto", image, threads=1) is segmenter


def test_an_engine_that_is_not_installed_is_said_to_be_missing(network, monkeypatch):
    monkeypatch.setitem(engines.PACKAGES, "openvino", ("onnx", "no_such_package"))
    with pytest.raises(ConfigError, match=r"no_such_package.*segmentation-bench\[engines\]"):
        with_engine(network, "openvino", photo(0, 64, 64), threads=1)


def test_where_its_files_cannot_be_written_a_named_engine_is_no_torch_in_silence(
    network, tmp_path, monkeypatch, caplog
):
    def full(*_):
        raise OSError("no room for model.onnx")

    monkeypatch.setattr(engines, "PACKAGES", {"onnx": (), "openvino": ()})
    monkeypatch.setattr(engines, "write_form_of", full)
    write_pixels(tmp_path / "b.png", photo(0, 64, 64))
    (tmp_path / "a.png").write_bytes(b"no photo")
    photos = find_photos([tmp_path])
    with pytest.raises(OSError, match="no room"):
        in_engine(network, "onnx", photos, threads=1)
    caplog.set_level("INFO")
    assert in_engine(network, "auto", photos, threads=1) is network
    assert "unet stays in torch: no room for model.onnx" in caplog.text
    assert in_engine(network, "onnx", photos[:1], threads=1) is network  # none can be read
