"""A model with its post-processing, and that no map which is no map of probabilities passes it."""

import dataclasses
import json
import shutil

import cv2
import numpy as np
import pytest

from approaches import MODEL_FILE, TABLE, Entry
from approaches.base import Approach, Budget, ConfigError
from approaches.predict import main as predict
from approaches.predictors import check_proba
from approaches.running.run import run_approach
from approaches.running.settings import RunSettings
from approaches.score import main as score
from approaches.segmenter import Segmenter
from approaches.tta_ensemble import TtaEnsemble
from common.masks.postprocess import Postprocess
from common.records import read_record, write_record
from common.scale import ImageSizes


class Moody(Approach):
    """The red channel as a probability; NaN for a photo of this file that begins black and for a
    black image, three times the probability for a photo of this file that begins white.
    """

    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        return self

    def predict_proba(self, image):
        proba = image[..., 0].astype(np.float32) / 255
        corner, is_photo = int(image[0, 0, 0]), image.shape == photo(None).shape
        if corner == 0 and (is_photo or not image.any()):
            return proba * np.nan
        return proba * 3 if corner == 255 and is_photo else proba

    def save(self, folder):
        (folder / "nothing.json").write_text("{}")

    def load(self, folder):
        return self

    def parameters(self):
        return 1


def photo(corner: int | None) -> np.ndarray:
    image = np.zeros((20, 30, 3), np.uint8)
    image[5:9, 5:9] = 250, 10, 10
    image[0, 0] = (1, 2, 3) if corner is None else corner
    return image


@pytest.fixture(scope="module")
def run(threshold_run, sample_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("segmenter") / "run"
    shutil.copytree(threshold_run, folder)
    patch = pytest.MonkeyPatch()
    patch.setitem(TABLE, "moody", Entry(f"{__name__}:Moody", "moody"))
    assert run_approach("moody", sample_data, RunSettings(folder, Budget())).status == "ok"
    yield folder
    patch.undo()


def test_a_segmenter_predicts_what_the_run_scored(run, sample_data):
    segmenter = Segmenter.load(run, "threshold")
    record = read_record(run, "threshold")
    assert segmenter.postprocess == record.tuning.postprocess
    for sample, stored in zip(sample_data.score, record.scores, strict=True):
        mask = segmenter.predict(sample.image)
        assert mask.dtype == bool and mask.shape == sample.mask.shape
        assert int((mask & sample.mask & ~sample.ignore).sum()) == stored.tp
        proba = segmenter.predict_proba(sample.image)
        assert proba.dtype == np.float32 and 0 <= proba.min() <= proba.max() <= 1
        assert np.array_equal(segmenter.postprocess.apply(segmenter.quantised(sample.image)), mask)


def test_without_a_name_it_is_the_winner(run):
    winner = json.loads((run / "run.json").read_text())["winner"]
    assert Segmenter.load(str(run)).name == winner


def test_what_is_not_complete_is_refused_with_what_is(run, tmp_path):
    with pytest.raises(ConfigError, match=r"no complete approach unet; there are moody, thresh"):
        Segmenter.load(run, "unet")
    with pytest.raises(ConfigError, match=r"has no run\.json; expected the folder of a run"):
        Segmenter.load(tmp_path)


def test_a_photo_without_probabilities_has_no_mask_and_is_named(run, tmp_path, capsys):
    for name, corner in (("good", None), ("nan", 0), ("triple", 255)):
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), photo(corner)[..., ::-1])
    output = tmp_path / "masks"
    photos = [str(tmp_path / f"{name}.png") for name in ("good", "nan", "triple")]
    words = [str(run), *photos, "--approach", "moody", "--output", str(output)]
    assert predict(words) == 1
    printed = capsys.readouterr()
    assert "on 1 of 1 photo" in printed.out and "2 of 3 photos have no mask" in printed.err
    for name, values in (("nan", "nan to nan"), ("triple", "0.0 to 3.0")):
        assert f"{name}.png: predict_proba gave values from {values}; expected" in printed.err
    assert [path.name for path in (output / "masks").iterdir()] == ["good.png"]


def test_labelled_images_without_probabilities_have_no_score(run, sample_folder, tmp_path, capsys):
    folder = tmp_path / "val"
    (folder / "images").mkdir(parents=True)
    content = json.loads((sample_folder / "val" / "coco_annotations.json").read_text())
    (folder / "coco_annotations.json").write_text(json.dumps(content))
    for item in content["images"]:
        image = np.zeros((item["height"], item["width"], 3), np.uint8)
        assert cv2.imwrite(str(folder / "images" / item["file_name"]), image)
    assert score([str(run), "--data", str(tmp_path), "--approach", "moody"]) == 2
    assert "predict_proba gave values from nan to nan" in capsys.readouterr().err


def test_a_member_of_an_ensemble_is_looked_at_too():
    ensemble = TtaEnsemble(members={"moody": Moody()})
    ensemble.weights_, ensemble.views_ = {"moody": 1}, 1
    assert Segmenter(ensemble, Postprocess(0.5)).predict(photo(None)).sum() == 16
    with pytest.raises(ValueError, match="values from nan to nan"):
        Segmenter(ensemble, Postprocess(0.5)).predict(photo(0))


@pytest.mark.parametrize(
    ("proba", "found"),
    [
        (np.zeros((1, 2)), "shape (1, 2) and dtype float64"),
        (np.zeros((2, 3), np.uint8), "dtype uint8"),
        ([[0.5] * 3] * 2, "list"),
    ],
)
def test_another_shape_or_dtype_is_refused(proba, found):
    with pytest.raises(ValueError, match="predict_proba gave") as caught:
        check_proba(proba, np.zeros((2, 3, 3), np.uint8))
    assert found in str(caught.value)


def test_another_threshold_and_least_area_are_taken():
    image = photo(None)
    image[15, 20] = 120, 10, 10
    segmenter = Segmenter(Moody(), Postprocess(0.5), "moody")
    assert segmenter.predict(image).sum() == 16
    assert segmenter.changed(threshold=0.4).predict(image).sum() == 17
    changed = segmenter.changed(threshold=0.4, min_area_px=2)
    assert changed.predict(image).sum() == 16 and changed.changed().predict(image).sum() == 16
    assert str(changed) == "moody, probability >= 0.4, objects of 2 px or more"
    assert not segmenter.changed(min_area_px=17).predict(image).any()


def test_a_least_area_that_is_given_is_of_the_photo_and_not_of_the_training():
    large = Segmenter(KnowsOneSize(), Postprocess(0.5), sizes=SIZES)  # 64 px each in training
    area = large.predict(scene(4)).sum()
    assert area == large.changed(min_area_px=int(area)).predict(scene(4)).sum() > 900
    assert not large.changed(min_area_px=int(area) + 1).predict(scene(4)).any()


def test_a_model_that_is_gone_is_told(run, tmp_path):
    record = read_record(run, "threshold")
    write_record(tmp_path, dataclasses.replace(record, approach="threshold"))
    (tmp_path / "run.json").write_text((run / "run.json").read_text())
    with pytest.raises(ConfigError, match=MODEL_FILE):
        Segmenter.load(tmp_path, "threshold")


class KnowsOneSize(Moody):
    """Finds what is red and about as large as it was in training: a block of 8 px, not of 32."""

    def predict_proba(self, image):
        red = (image[..., 0] > 128).astype(np.uint8)
        wide = cv2.dilate(cv2.erode(red, np.ones((17, 17))), np.ones((17, 17)))
        return (red - wide).astype(np.float32)


SIZES = ImageSizes(60, 60)


def scene(times: int) -> np.ndarray:
    image = np.zeros((60, 60, 3), np.uint8)
    image[20:28, 30:38, 0] = 255
    return np.kron(image, np.ones((times, times, 1), np.uint8))


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_scene_with_more_pixels_has_the_mask_of_the_scene(times):
    mask = Segmenter(KnowsOneSize(), Postprocess(0.5), sizes=SIZES).predict(scene(1))
    assert mask.sum() == 64
    segmenter = Segmenter(KnowsOneSize(), Postprocess(0.5, min_area_px=60), sizes=SIZES)
    found, truth = segmenter.predict(scene(times)), np.kron(mask, np.ones((times, times), bool))
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
    speck = scene(times)
    speck[: 7 * times, : 7 * times, 0] = 255  # 49 px at the scale of training
    assert np.array_equal(segmenter.predict(speck), found)


def test_a_scale_that_is_given_is_taken():
    native = Segmenter(KnowsOneSize(), Postprocess(0.5), sizes=SIZES, scale="native")
    assert native.scale_of(scene(4)) == 1 and not native.predict(scene(4)).any()
    half = Segmenter(KnowsOneSize(), Postprocess(0.5), scale=0.5)
    assert half.scale_of(scene(1)) == 0.5 and half.predict(scene(2)).shape == (120, 120)


def test_photos_of_many_pixels_are_named_when_they_are_predicted(
    run, sample_data, tmp_path, capsys
):
    image = np.kron(sample_data.score[0].image, np.ones((3, 3, 1), np.uint8))
    assert cv2.imwrite(str(tmp_path / "large.png"), image[..., ::-1])
    words = [str(run), str(tmp_path / "large.png"), "--approach", "threshold", "--output"]
    assert predict([*words, str(tmp_path / "auto")]) == 0
    assert "large.png (576 x 576 px) was seen at 0.33 times its size" in capsys.readouterr().err
    assert predict([*words, str(tmp_path / "native"), "--scale", "native"]) == 0
    assert "times its size" not in capsys.readouterr().err
    with pytest.raises(SystemExit):
        predict([*words, str(tmp_path / "x"), "--scale", "wide"])
    assert "neither auto, native nor a factor" in capsys.readouterr().err
