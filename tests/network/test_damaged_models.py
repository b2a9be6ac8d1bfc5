"""A stored model or an unfinished training with random damage is refused by name, or is what it
was; nothing of it is executed.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from approaches import build, load, store
from approaches.base import CHECKPOINT, ConfigError
from approaches.network.checkpoint import Checkpoints, Curve
from approaches.network.plan import Plan, make_plan
from approaches.pixel_lightgbm import PixelLightGBM
from common.json_files import DamagedFileError
from common.model_files import MODEL_FILE
from tests.damage import CASES, outcomes
from tests.network.test_training import trained

REFUSALS = (DamagedFileError, ConfigError, OSError)
IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def unet(tmp_path_factory) -> Path:
    approach = build("unet", overrides={"base_channels": 2, "levels": 2})
    approach.network_ = approach._behind_normalisation(approach.build_network(pretrained=False))
    folder = tmp_path_factory.mktemp("models") / "unet"
    folder.mkdir()
    store(approach, "unet", folder)
    return folder


@pytest.fixture(scope="module")
def pixels(sample_data, tmp_path_factory) -> Path:
    from approaches.base import Budget

    approach = build("pixel_lightgbm", overrides={"rounds": 3})
    assert isinstance(approach, PixelLightGBM)
    approach.fit(sample_data.fit, sample_data.tune, budget=Budget(steps=3))
    folder = tmp_path_factory.mktemp("models") / "pixel_lightgbm"
    folder.mkdir()
    store(approach, "pixel_lightgbm", folder)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_changed_byte_of_a_stored_model_is_noticed(unet, pixels):
    for folder in (unet, pixels):
        expected = load(folder).predict_proba(IMAGE)
        assert len(names(folder)) >= 2 and MODEL_FILE in names(folder)
        for name in names(folder):
            came = outcomes(
                folder / name,
                lambda folder=folder: load(folder).predict_proba(IMAGE),
                REFUSALS,
                lambda proba, expected=expected: np.array_equal(proba, expected),
                cases=CASES if name != MODEL_FILE else CASES // 3,
            )
            assert came["refused"] > 0.9 * sum(came.values()), name


def test_damaged_weights_of_a_model_of_before_are_refused_or_read_as_weights(unet, tmp_path):
    """Without its digests a flipped bit of a weight cannot be known."""
    described = json.loads((unet / MODEL_FILE).read_text())
    old = {key: value for key, value in described.items() if key not in ("files", "digest")}
    (tmp_path / MODEL_FILE).write_text(json.dumps(old))
    weights = tmp_path / "model.safetensors"
    weights.write_bytes((unet / "model.safetensors").read_bytes())
    came = outcomes(weights, lambda: load(tmp_path), REFUSALS, cases=60)
    assert came["refused"] > 20


def test_a_foreign_model_says_so(unet, pixels, tmp_path):
    for name, source in (("model.safetensors", pixels / "lightgbm.txt"), (MODEL_FILE, unet)):
        folder = tmp_path / name
        folder.mkdir()
        for path in unet.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        found = source if source.is_file() else pixels / MODEL_FILE
        (folder / name).write_bytes(found.read_bytes())
        with pytest.raises(DamagedFileError, match="Delete the folder"):
            load(folder)


@pytest.mark.skipif(os.name == "nt", reason="file modes of POSIX")
def test_weights_have_the_file_mode_that_others_have(unet):
    usual = unet / "usual"
    usual.touch()
    modes = {path.stat().st_mode & 0o777 for path in unet.iterdir()}
    usual.unlink()
    assert len(modes) == 1


def test_a_damaged_plan_checkpoint_or_curve_is_refused_by_name_or_read(sample_data, tmp_path):
    trained(sample_data, tmp_path)

    def plan():
        return make_plan(None, None, None, 4, None, None, tmp_path, 0.0)

    came = outcomes(
        tmp_path / "plan.json",
        plan,
        (DamagedFileError,),
        lambda found: isinstance(found, Plan) and found.steps > 0 < found.round_steps,
    )
    assert came["refused"] > CASES / 4
    came = outcomes(
        tmp_path / CHECKPOINT,
        Checkpoints(tmp_path).load,
        (DamagedFileError,),
        lambda state: isinstance(state["step"], int),
        cases=60,
    )
    assert came["refused"] > 20
    outcomes(tmp_path / "curve.csv", lambda: Curve(tmp_path).cut(4), (), cases=60)
