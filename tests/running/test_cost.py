import math
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from approaches.base import Budget
from approaches.running.answers import FORKS
from approaches.running.cost import CostProcess, begin_early, measure_costs
from approaches.running.run import run_approach
from approaches.running.settings import RunSettings
from common.records import Costs, complete, read_record, write_record
from common.records.folder import RunFolder

NAMES = ("threshold", "pixel_lightgbm")
OLD = Costs(*[9.0] * 5, model_mb=9.0, reference_seconds=9.0, reference_spread=9.0)


@pytest.fixture(scope="module")
def trained(sample_data, tmp_path_factory):
    """A run whose approaches came through, without their costs."""
    settings = RunSettings(tmp_path_factory.mktemp("costs") / "run", Budget(steps=3), smoke=True)
    for name in NAMES:
        assert run_approach(name, sample_data, settings).status == "ok"
    return settings.run


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it."""
    shutil.copytree(trained.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def costs(run):
    return {name: read_record(run.path, name).costs for name in NAMES}


def test_costs_are_those_of_a_fresh_process_whatever_started_this_one(
    trained, sample_data, monkeypatch
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
    record = complete(read_record(trained.path, "threshold"))
    with CostProcess() as process:
        [found] = process.costs_of([(trained, record)], sample_data.score.entries)
    assert 20 < found.peak_memory_mb < ballast.nbytes / 2**20 / 2
    assert 0 < found.predict_seconds_per_image <= found.predict_seconds_p95 < 1
    assert found.predict_seconds_lower <= found.predict_seconds_per_image
    assert found.predict_seconds_per_image <= found.predict_seconds_upper
    assert found.images_timed >= 9
    assert (found.parameters, found.device) == (2, "cpu")
    assert found.threads >= 1 and found.processor


def test_all_approaches_are_measured_together_and_once(run, sample_data):
    measure_costs([run], sample_data.score, briefly=True)
    first = costs(run)
    threshold, pixels = (first[name] for name in NAMES)
    assert threshold.predict_seconds_upper < pixels.predict_seconds_lower  # the floor is cheap
    assert threshold.images_timed == pixels.images_timed
    assert threshold.reference_seconds == pixels.reference_seconds > 0
    assert threshold.reference_spread >= 1
    assert 0 < threshold.model_mb < pixels.model_mb
    assert threshold.peak_memory_mb < pixels.peak_memory_mb
    measure_costs([run], sample_data.score, briefly=True)
    assert costs(run) == first


@pytest.mark.parametrize("killed", [False, True])
def test_the_process_may_begin_before_all_is_trained_but_not_for_nothing(run, sample_data, killed):
    begun = []

    class Watched(CostProcess):
        def begin(self, needed):
            begun.append(list(map(set, needed)))
            super().begin(needed)

    own = {"approaches.pixel_lightgbm"}
    (run.path / "records" / "pixel_lightgbm.json").rename(run.path / "kept")
    with Watched() as process:
        begin_early(process, run, NAMES)
        assert begun == [[{"approaches.threshold"}, own]]
        if killed:  # as by a system short of memory; another one is begun then
            process._process.kill()
            process._process.wait()
        (run.path / "kept").rename(run.path / "records" / "pixel_lightgbm.json")
        measure_costs([run], sample_data.score, briefly=True, process=process)
        assert None not in costs(run).values()
        begin_early(process, run, NAMES)
    assert len(begun) == 1 + killed


@pytest.mark.skipif(not FORKS, reason="nothing is imported early there")
def test_a_process_that_is_asked_nothing_ends_with_its_forks(tmp_path):
    def alive():
        processes = Path("/proc").glob("[0-9]*/environ")
        return sum(str(tmp_path).encode() in _read(one) for one in processes)

    with pytest.MonkeyPatch.context() as patch, CostProcess() as process:
        patch.setenv("MARK", str(tmp_path))
        process.begin([{"sched"}, {"sched"}])
        until(lambda: alive() == 2)  # it and the fork that was made before the import
    until(lambda: alive() == 0)


def _read(environment):
    try:
        return environment.read_bytes()
    except OSError:  # of a process that has ended
        return b""


def until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_where_one_is_not_known_all_are_measured_again_but_what_cannot_be_loaded(
    run, sample_data, caplog, tmp_path
):
    for name in NAMES:
        record = read_record(run.path, name)
        write_record(run.path, replace(record, costs=None if name == "threshold" else OLD))
    other = RunFolder(shutil.copytree(run.path, tmp_path / "other"))
    (run.model("threshold") / "threshold.json").unlink()
    (other.model("threshold") / "approach.json").unlink()
    measure_costs([run, other], sample_data.score, briefly=True)
    assert caplog.text.count("threshold: its costs could not be measured") == 2
    assert "threshold.json" in caplog.text and "approach.json" in caplog.text
    found = costs(run)
    assert found["threshold"] is None
    assert math.isfinite(found["pixel_lightgbm"].predict_seconds_per_image)
    assert found["pixel_lightgbm"].images_timed >= 6 and found["pixel_lightgbm"] != OLD
