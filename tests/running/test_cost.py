import numpy as np
import pytest

from approaches import MODEL_FILE, build, store
from approaches.base import Budget
from approaches.running.cost import measure
from common.masks.postprocess import Postprocess


@pytest.fixture(scope="module")
def model(sample_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "threshold"
    folder.mkdir()
    store(
        build("threshold").fit(sample_data.fit, sample_data.tune, budget=Budget()),
        "threshold",
        folder,
    )
    return folder


def test_costs_are_those_of_a_fresh_process_whatever_started_this_one(
    model, sample_data, monkeypatch
):
    """Neither this process's memory nor its launcher's variables reach the measurement."""
    for name, value in {
        "RANK": "1",
        "WORLD_SIZE": "2",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_PORT", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    ballast = np.ones(250_000_000)  # 2 GB
    costs = measure(model, [sample_data.score.entries[0].path], Postprocess(0.5))
    assert 20 < costs.peak_memory_mb < ballast.nbytes / 2**20 / 2
    assert 0 < costs.predict_seconds_per_image <= costs.predict_seconds_p95 < 1
    assert costs.images_timed == 5
    assert (costs.parameters, costs.device) == (2, "cpu")
    assert costs.threads >= 1 and costs.processor


def test_a_model_that_cannot_be_loaded_is_an_error_with_its_reason(model, sample_data, tmp_path):
    broken = tmp_path / "threshold"
    broken.mkdir()
    (broken / MODEL_FILE).write_bytes((model / MODEL_FILE).read_bytes())
    with pytest.raises(RuntimeError, match=r"measuring threshold failed[\s\S]*threshold\.json"):
        measure(broken, [sample_data.score.entries[0].path], Postprocess(0.5))
