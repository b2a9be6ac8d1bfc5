"""An exported model is whole by itself, says what it is, and predicts what the run's model does;
its other forms do so in programs without this one.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from huggingface_hub import ModelCard

from approaches import build, store
from approaches.base import Budget, Config, ConfigError
from approaches.export import main
from approaches.fold_mean import FoldMean
from approaches.network.inference import in_float32
from approaches.network.onnx_file import PACKAGES, OnnxPredictor, share_that_differs, write_onnx
from approaches.predict import main as predict
from approaches.predictors import quantised_proba
from approaches.segmenter import Segmenter
from common.coco import ANNOTATION_FILE, read_image
from common.exported.card import licence_note
from common.masks.evaluate import score_image
from common.masks.postprocess import Postprocess
from common.masks.tuning import Tuning
from common.records import Fit, Record, Traits, write_record
from common.records.description import describe_run, open_run
from common.records.folder import RunFolder
from common.scale import ImageSizes

SIZES = ImageSizes(192, 192)
TINY = {"base_channels": 2, "levels": 2}


def untrained(name, **settings):
    """A network with random weights."""
    torch.manual_seed(0)
    approach = build(name, overrides=settings)
    network = approach.build_network(pretrained=False)
    approach.network_ = approach._behind_normalisation(network).eval()
    return approach


def shifted(name, **settings):
    """The same, but for all weights, so that its probabilities are unlike."""
    approach = untrained(name, **settings)
    with torch.no_grad():
        for parameter in approach.network_.parameters():
            parameter.add_(0.1)
    return approach


def models(data):
    """A pixel classifier that was trained, a tiny network that was not, and both together."""
    pixels = build("pixel_lightgbm", overrides={"rounds": 5, "patience": 0})
    pixels.fit(data.fit, data.tune, budget=Budget(steps=5))
    found = {"pixel_lightgbm": pixels, "unet": untrained("unet", **TINY)}
    both = build("tta_ensemble", members=found)
    both.weights_, both.views_ = {"pixel_lightgbm": 2, "unet": 1}, 2
    return {**found, "tta_ensemble": both, "smp_unet_lite0": untrained("smp_unet_lite0")}


@pytest.fixture(scope="module")
def run(sample_folder, sample_data, tmp_path_factory):
    folder = RunFolder(tmp_path_factory.mktemp("export") / "run")
    open_run(folder.path, {"data": "0" * 64, "seed": 0}, fresh=False)
    first = next(iter(sample_data.score))
    for name, model in models(sample_data).items():
        folder.model(name).mkdir(parents=True)
        store(model, name, folder.model(name))
        levels = quantised_proba(model, first.image)
        postprocess = Postprocess(float(np.quantile(levels, 0.8)) / 255, min_area_px=4)
        score = score_image(first, levels, postprocess)
        record = Record(
            name,
            "ok",
            config=model.config.as_dict(),
            traits=Traits("ImageNet" if name.startswith("smp") else ""),
            image_sizes=SIZES,
            fit=Fit(12.5, 40),
            tuning=Tuning(postprocess),
            scores=(score,),
        )
        write_record(folder.path, record)
    groups = {str(first.image_id): "a place"}
    shared = {"fit": ["a place"], "tune": []}
    describe_run(
        folder.path,
        data=str(sample_folder),
        device="cpu",
        winner="tta_ensemble",
        score_groups=groups,
        score_groups_in_train=shared,
    )
    return folder.path


def exported(run, folder, name, *words):
    assert main([str(run), "--approach", name, "--output", str(folder), *words]) == 0
    return folder


@pytest.mark.parametrize("name", ["pixel_lightgbm", "unet", "tta_ensemble"])
def test_an_exported_model_predicts_like_that_of_the_run(name, run, sample_data, tmp_path):
    folder = exported(run, tmp_path / "a model", name)
    kept = Segmenter.load(run, name)
    moved = folder.rename(tmp_path / "elsewhere")
    segmenter = Segmenter.load(moved)
    assert segmenter.postprocess == kept.postprocess and segmenter.model.sizes == SIZES
    found = 0
    for sample in sample_data.score:
        large = np.kron(sample.image, np.ones((2, 2, 1), np.uint8))  # is brought to scale
        for image in (sample.image, large):
            mask = segmenter.predict(image)
            assert np.array_equal(mask, kept.predict(image))
            found += int(mask.sum())
    assert found > 100


def test_without_a_name_the_winner_is_exported_and_predicts_photos(
    run, sample_folder, tmp_path, capsys
):
    assert main([str(run), "--output", str(tmp_path / "out")]) == 0
    assert "tta_ensemble, probability >= " in capsys.readouterr().out
    held = {path.name for path in (tmp_path / "out" / "models").iterdir()}
    assert held == {"tta_ensemble", "pixel_lightgbm", "unet"}
    photos, masks = str(sample_folder / "real_test"), str(tmp_path / "masks")
    assert predict([str(tmp_path / "out"), photos, "--output", masks]) == 0
    assert predict([str(tmp_path / "out"), photos, "--output", masks, "--approach", "unet"]) == 2
    assert "holds the exported model tta_ensemble, not unet" in capsys.readouterr().err


def test_the_card_says_what_the_model_is_and_the_hub_reads_it(run, tmp_path):
    folder = exported(run, tmp_path / "out", "smp_unet_lite0", "--license", "cc0-1.0")
    card = ModelCard.load(folder / "README.md")
    text = card.text
    record = json.loads((run / "records" / "smp_unet_lite0.json").read_text())
    [dice] = [each for each in card.data.eval_results if each.metric_type == "dice_mean"]
    assert dice.metric_value == pytest.approx(record["scores"][0]["dice"], abs=1e-4)
    assert card.data.license == "cc0-1.0" and card.data.pipeline_tag == "image-segmentation"
    assert "CC0 1.0 Universal https://creativecommons.org" in " ".join(text.split())
    assert "see LICENSE of the data" in " ".join(text.split())
    assert "trained on ImageNet, whose images have terms" in " ".join(text.split())
    assert "1 of the 1 groups of `val` occur in `train` too" in text
    assert "for photos of typically 192 px a side, in 12 s on cpu, 40 steps" in text
    score = record["scores"][0]
    objects = score["object_fn"] + score["object_tp"]
    assert f"missed {score['object_fn']} of {objects} object" in text
    assert f"| mean Dice | {score['dice']:.4f} |" in text
    assert str(Segmenter.load(folder).postprocess) in text
    front = yaml.safe_load((folder / "README.md").read_text().split("---")[1])
    assert front["model-index"][0]["name"] == "smp_unet_lite0"


def test_what_no_image_of_val_gives_is_no_nan_in_the_card(run, tmp_path):
    """The run has one image of `val`, with objects."""
    text = (exported(run, tmp_path / "out", "unet") / "README.md").read_text()
    assert "| object F1" in text and "nan" not in text
    assert "| share of images without an object" not in text
    assert "1 independent group alone gives no interval of the mean Dice" in text


def test_a_licence_whose_name_is_no_text_is_left_out(tmp_path):
    (tmp_path / "train").mkdir()
    entries = [{"id": 1, "name": 4, "url": "https://x"}, {"name": ["a"]}, {"name": "CC0"}]
    content = json.dumps({"licenses": entries})
    (tmp_path / "train" / ANNOTATION_FILE).write_text(content)
    assert licence_note(tmp_path) == "https://x; CC0"


def test_a_licence_that_is_not_known_is_said_to_be_unknown(run, tmp_path):
    (tmp_path / "data").mkdir()
    folder = exported(run, tmp_path / "out", "unet", "--data", str(tmp_path / "data"))
    card = ModelCard.load(folder / "README.md")
    assert card.data.license == "unknown" and "Look it up before you" in card.text


def test_smp_alone_loads_its_form(run, sample_data, tmp_path):
    folder = exported(run, tmp_path / "out", "smp_unet_lite0") / "native" / "smp_unet_lite0"
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert json.loads((folder / "config.json").read_text())["encoder_weights"] is None
    image = next(iter(sample_data.score)).image[:128, :160]
    np.save(tmp_path / "image.npy", image)
    model = Segmenter.load(run, "smp_unet_lite0").model.model
    mean, std = model.normalisation()
    program = f"""
import sys, numpy as np, segmentation_models_pytorch as smp, torch
model = smp.from_pretrained({str(folder)!r}).eval()
image = np.load("image.npy").astype(np.float32) / 255
batch = torch.from_numpy((image - np.float32({mean})) / np.float32({std})).permute(2, 0, 1)[None]
with torch.inference_mode():
    np.save("proba.npy", model(batch)[0, 0].sigmoid().numpy())
assert not [name for name in sys.modules if name.split(".")[0] in ("approaches", "common")]
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    proba = np.load(tmp_path / "proba.npy")
    assert proba.shape == (128, 160) and proba.std() > 0
    with in_float32():
        assert np.allclose(proba, model.predict_proba(image), atol=1e-4)


def test_lightgbm_alone_loads_its_form(run, tmp_path):
    folder = exported(run, tmp_path / "out", "pixel_lightgbm") / "native" / "pixel_lightgbm"
    program = f"""
import sys, lightgbm
[path] = __import__("pathlib").Path({str(folder)!r}).glob("*.txt")
print(lightgbm.Booster(model_file=path).num_trees())
assert not [name for name in sys.modules if name.split(".")[0] in ("approaches", "common")]
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "5\n"), done.stderr


@pytest.fixture
def with_onnx():
    for package in PACKAGES:
        pytest.importorskip(package, reason="pip install 'segmentation-bench[export]'")


@pytest.mark.parametrize("name", ["unet", "smp_unet_lite0"])
def test_the_onnx_file_gives_the_masks_of_the_model_at_any_size(
    with_onnx, name, run, sample_folder, tmp_path, capsys
):
    photos = str(sample_folder / "real_test")
    folder = exported(run, tmp_path / "out", name, "--onnx", "--images", photos)
    assert "on 2 photos of real_test its masks differ" in capsys.readouterr().err
    assert "on 2 photos of real_test its masks differ" in (folder / "README.md").read_text()
    segmenter, predictor = Segmenter.load(run, name), OnnxPredictor(folder / "model.onnx", 32)
    other = Segmenter(predictor, segmenter.postprocess, sizes=SIZES)
    image = read_image(next(iter(sorted((sample_folder / "real_test").glob("*.jpg")))))
    sizes = [(9, 20), (33, 190), (100, 64), (192, 192)]
    images = [image[:height, :width] for height, width in sizes]
    images.append(cv2.resize(image, (1600, 40)))  # in tiles
    with in_float32():
        share, objects = share_that_differs(segmenter.predict, other.predict, images)
    assert share <= 0.001 and objects > 1000

    other.postprocess = Postprocess(1.0)  # another model would be found out
    assert share_that_differs(segmenter.predict, other.predict, images)[0] > 0.01


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("pixel_lightgbm", "PixelLightGBM is no network and has no ONNX form"),
        (
            "tta_ensemble",
            "pixel_lightgbm among its members is no network. Leave --onnx or --engine out, or "
            "name a member that is one with --approach: unet.",
        ),
    ],
)
def test_what_has_no_onnx_form_is_refused_and_nothing_is_written(
    with_onnx, name, instead, run, tmp_path, capsys
):
    words = [str(run), "--approach", name, "--output", str(tmp_path / "out"), "--onnx"]
    assert main(words) == 2
    assert instead in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


def test_an_ensemble_without_a_network_names_no_member_to_export(run):
    pixels = Segmenter.load(run, "pixel_lightgbm").model.model
    both = build("tta_ensemble", members={"pixel_lightgbm": pixels})
    both.weights_, both.views_ = {"pixel_lightgbm": 1}, 1
    with pytest.raises(ConfigError, match="Leave --onnx or --engine out, as no member is one"):
        both.onnx_module()


@pytest.mark.parametrize("views", [1, 2, 4, 8])
def test_the_onnx_file_of_an_ensemble_has_its_members_weights_and_views(
    with_onnx, views, sample_data, tmp_path
):
    """Its members are so unlike that another weight or a view undone wrongly would be seen."""
    members = {"one": untrained("unet", **TINY), "two": shifted("unet", **TINY)}
    ensemble = build("tta_ensemble", members=members)
    ensemble.weights_, ensemble.views_ = {"two": 3, "one": 1}, views
    module, divisor = ensemble.onnx_module()
    write_onnx(module, divisor, tmp_path / "model.onnx")
    predictor = OnnxPredictor(tmp_path / "model.onnx", divisor)
    for image in [sample.image[:96, :160] for sample in sample_data.score]:
        with in_float32():
            proba = ensemble.predict_proba(image)
        assert proba.std() > 0.01
        # members are rounded to steps of 1/255
        assert np.allclose(predictor.predict_proba(image), proba, atol=0.004)
        ensemble.weights_ = {"two": 1, "one": 3}
        assert not np.allclose(predictor.predict_proba(image), ensemble.predict_proba(image), 0.02)
        ensemble.weights_ = {"two": 3, "one": 1}


def test_a_mean_over_folds_is_one_onnx_file(with_onnx, sample_data, tmp_path):
    mean = FoldMean(Config())
    mean.places_ = ["a", "b"]
    mean.models_ = [untrained("unet", **TINY), shifted("unet", **TINY)]
    module, divisor = mean.onnx_module()
    write_onnx(module, divisor, tmp_path / "model.onnx")
    image = next(iter(sample_data.score)).image[:96, :160]
    proba = OnnxPredictor(tmp_path / "model.onnx", divisor).predict_proba(image)
    with in_float32():
        assert np.allclose(proba, mean.predict_proba(image), atol=1e-4)
    assert not any(np.allclose(proba, one.predict_proba(image), atol=0.02) for one in mean.models_)


def test_an_onnx_file_with_other_masks_is_not_kept(with_onnx, run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("approaches.stored.exporting.MOST_DIFFERING", -1.0)
    output = tmp_path / "out"
    assert main([str(run), "--approach", "unet", "--output", str(output), "--onnx"]) == 2
    assert "the ONNX file was not kept: on 3 generated images" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_the_way_to_get_it(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("approaches.network.onnx_file.PACKAGES", ("onnx", "onnx_of_nobody"))
    words = [str(run), "--approach", "unet", "--output", str(tmp_path / "out"), "--onnx"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "onnx_of_nobody cannot be found; pip install 'segmentation-bench[export]'" in told
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone_and_an_earlier_export_replaced(
    run, tmp_path, capsys
):
    (tmp_path / "notes.txt").write_text("mine")
    assert main([str(run), "--approach", "unet", "--output", str(tmp_path)]) == 2
    assert "holds no exported model; nothing was touched" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    exported(run, tmp_path / "out", "pixel_lightgbm")
    exported(run, tmp_path / "out", "unet")
    assert [path.name for path in (tmp_path / "out" / "models").iterdir()] == ["unet"]


@pytest.mark.parametrize("missing", ["tta_ensemble", "unet"])
def test_a_model_that_is_gone_is_named_with_the_way_to_get_it(run, tmp_path, missing, capsys):
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    shutil.rmtree(copy / "models" / missing)
    assert main([str(copy), "--output", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert f"models/{missing} holds no stored model (approach.json is missing)" in told
    assert f"python -m approaches {missing} --data DIR --output {copy}" in told
    assert not (tmp_path / "out").exists()


def test_an_exported_model_is_not_exported_again(run, tmp_path, capsys):
    folder = exported(run, tmp_path / "one", "unet")
    for output in (tmp_path / "two", folder):
        assert main([str(folder), "--output", str(output)]) == 2
        assert "one is an exported model already; expected the folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_damaged_export_is_told_with_its_file(run, sample_folder, tmp_path, capsys):
    folder = exported(run, tmp_path / "out", "unet")
    for content in ("{", "{}", '{"postprocess": {"threshold": "much"}, "approach": "unet"}'):
        copy = Path(shutil.copytree(folder, tmp_path / str(len(content))))
        (copy / "segmenter.json").write_text(content)
        words = [str(copy), str(sample_folder / "real_test"), "--output", str(tmp_path / "m")]
        assert predict(words) == 2
        told = capsys.readouterr().err
        assert f"{copy}/segmenter.json cannot be read: " in told and "Export the model" in told
