"""A run on two processes of one CPU: the tables are those of one, and no wait follows a failure.
All of it is asked of one launch.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from approaches.base import Budget
from approaches.running.run import run_approach
from approaches.running.settings import RunSettings
from approaches.segmenter import Segmenter
from common.rle import decode_rle

ROOT = Path(__file__).parents[2]
SOUND = ("threshold", "pixel_lightgbm", "unet")
BROKEN = ("CropsFail", "FitFails", "PredictFails", "LoadFails", "BuildFails")
SCRIPT = """
import json, sys
from pathlib import Path

import torch

import bench
from approaches import TABLE, Entry, processes
from approaches.base import Traits
from approaches.network import augment
from approaches.threshold import Threshold
from approaches.unet import UNetFromScratch

rank = processes.state().process_index
ends = {}

def tried(name, fails, other):
    try:
        with processes.together(name):
            if rank == fails:
                raise MemoryError("only here")
            other()
    except Exception as error:
        ends[name] = f"{type(error).__name__}: {error}"
    processes.wait()  # hangs if one of them is elsewhere

def inner():
    with processes.together("inner"), processes.together("innermost"):
        pass

tried("block", 0, inner)
tried("wait", 1, processes.wait)
tried("agree", 0, lambda: processes.agree(1))
tried("join", 1, lambda: processes.join({rank: rank}))
tried("apart", None, inner if rank else lambda: None)
alike = processes.join({rank: (ends, processes.agree("main" if rank == 0 else ""))})
if rank == 0:
    Path("parted.json").write_text(json.dumps(alike))

def on_the_second():
    if rank == 1:
        raise ArithmeticError("only here")

class CropsFail(UNetFromScratch):
    def fit(self, *sets, **more):
        drawn = augment.Crops.__getitem__
        def broken(crops, place):
            if place >= 12:
                on_the_second()
            return drawn(crops, place)
        augment.Crops.__getitem__ = broken
        try:
            return super().fit(*sets, **more)
        finally:
            augment.Crops.__getitem__ = drawn

class FitFails(Threshold):
    traits = Traits(fits_on_all=True)
    def fit(self, *sets, **more):
        on_the_second()
        return super().fit(*sets, **more)

class PredictFails(Threshold):
    def predict_proba(self, image):
        on_the_second()
        return super().predict_proba(image)

class LoadFails(Threshold):
    def load(self, folder):
        on_the_second()
        return super().load(folder)

class BuildFails(Threshold):
    def __init__(self, *arguments):
        on_the_second()
        super().__init__(*arguments)

for kind in (CropsFail, FitFails, PredictFails, LoadFails, BuildFails):
    TABLE[kind.__name__] = Entry(f"__main__:{kind.__name__}", "of a test")
code = bench.main()
assert not torch.distributed.is_initialized(), "the group outlives the program"
assert code == (1 if rank == 0 else 0), code  # of the approaches that failed, by the main one
"""


KILLED = """
import os
import signal
import sys

from approaches import processes
from approaches.network import augment
from bench import main

drawn = augment.Crops.__getitem__

def killed(self, place):
    if processes.state().process_index == 1 and place >= 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return drawn(self, place)

augment.Crops.__getitem__ = killed
sys.exit(main())
"""


def on_two_machines(
    folder: Path, command: Sequence[str], told: Mapping[str, str]
) -> list[tuple[int, str]]:
    """Exit code and stderr of the same command on each of two machines, which are both this one;
    {rank} and {port} stand for those of each, in the environment `told` too.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = []
    for rank in range(2):
        words = [word.format(rank=rank, port=port) for word in command]
        environment = {key: value.format(rank=rank, port=port) for key, value in told.items()}
        started.append(
            subprocess.Popen(
                words,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
            )
        )
    try:
        said = [process.communicate(timeout=500)[1] for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    return [(process.returncode, words) for process, words in zip(started, said, strict=True)]


@dataclass(frozen=True)
class Launched:
    """What two processes left and said."""

    folder: Path
    code: int
    said: str

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def told(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())


@pytest.fixture(scope="module")
def launched(sample_folder, tmp_path_factory) -> Launched:
    """Blocks that part the processes; then a run with approaches that fail on the second one
    alone.
    """
    folder = tmp_path_factory.mktemp("two")
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc_per_node", "2", "script.py", "--data", str(sample_folder)]
    command += ["--output", "run", "--no-report", "--preset", "smoke", "--steps", "6"]
    command += ["--approaches", ",".join(("threshold", "pixel_lightgbm", *BROKEN, "unet"))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment.pop("ACCELERATE_USE_CPU", None)
    if torch.cuda.is_available():  # there a launcher's processes would take one GPU each
        environment["ACCELERATE_USE_CPU"] = "true"
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
        try:
            code = process.wait(timeout=400)
        finally:
            process.terminate()  # the launcher ends the processes that it started
            process.wait(timeout=30)
    return Launched(folder, code, (folder / "said.txt").read_text())


def test_both_processes_end_by_themselves_and_leave_their_group(launched):
    assert launched.code == 0, launched.said
    assert launched.said.count("winner on val") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there they are told to use the CPU")
def test_processes_without_a_gpu_find_each_other_without_being_told(launched):
    assert launched.told("run/run.json")["processes"] == 2, launched.said


def test_two_processes_train_one_network(launched):
    record = launched.told("run/records/unet.json")
    assert record["status"] == "ok" and record["fit"]["steps"] == 6, launched.said
    curve = pd.read_csv(launched.run / "training" / "unet" / "curve.csv")
    assert curve["step"].tolist()[-1] == 6 and curve["step"].is_unique


def found(run: Path, name: str) -> dict[str, Any]:
    """What was chosen and scored."""
    record = json.loads((run / "records" / f"{name}.json").read_text())
    return {key: record[key] for key in ("tune", "postprocess", "scores", "calibration")}


@pytest.mark.parametrize("name", SOUND[:2])
def test_what_two_processes_train_is_what_one_trains(launched, sample_data, tmp_path, name):
    settings = RunSettings(tmp_path / "run", Budget(steps=6), smoke=True)
    alone = run_approach(name, sample_data, settings)
    assert alone.status == "ok"
    files = sorted(path.relative_to(tmp_path) for path in (tmp_path / "run/models").rglob("*.*"))
    assert len(files) > 1
    for path in files:
        assert (launched.folder / path).read_bytes() == (tmp_path / path).read_bytes()
    assert found(tmp_path / "run", name) == found(launched.run, name)


@pytest.mark.parametrize("name", SOUND)
def test_stored_models_score_the_same_on_one_and_on_two_processes(
    launched, sample_data, tmp_path, name
):
    settings = RunSettings(tmp_path / "run", Budget(steps=6), smoke=True, score_only=True)
    for part in ("models", "records"):
        shutil.copytree(launched.run / part, settings.folder / part)
    alone = run_approach(name, sample_data, settings)
    assert alone.status == "ok" and (settings.folder / "probabilities" / name).is_dir()
    again = found(settings.folder, name)
    assert again == found(launched.run, name)
    rows = pd.read_csv(launched.run / "per_image.csv").set_index("approach").loc[name]
    assert rows["tp"].tolist() == [score["tp"] for score in again["scores"]]


def test_two_machines_go_on_after_one_was_lost_and_end_like_two_processes_of_one(
    launched, sample_folder, tmp_path
):
    (tmp_path / "killed.py").write_text(KILLED)
    words = ["--approaches", "unet", "--preset", "smoke", "--steps", "6", "--no-report"]
    words += ["--data", str(sample_folder), "--output", "machines"]
    alone = {"RANK": "{rank}", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    alone |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "killed.py", *words]
    (code, said), (killed, _) = on_two_machines(tmp_path, command, alone)
    last = said.strip().splitlines()[-1]
    assert killed == -signal.SIGKILL and code == 143, said
    assert re.search(r"process 1 \(\d+ on .+\) of this run is gone, .*training step \d", last)
    assert last.endswith("the same command continues where it stopped")
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--num_machines", "2"]
    launcher += ["--machine_rank", "{rank}", "--main_process_ip", "127.0.0.1"]
    launcher += ["--main_process_port", "{port}", "--num_processes", "2"]
    done = on_two_machines(tmp_path, [*launcher, str(ROOT / "bench.py"), *words], {})
    assert [code for code, _ in done] == [0, 0], done
    machines = tmp_path / "machines"
    assert json.loads((machines / "records" / "unet.json").read_text())["fit"]["resumes"] == 1
    assert found(machines, "unet") == found(launched.run, "unet")
    files = sorted(path.name for path in (launched.run / "models" / "unet").iterdir())
    assert len(files) > 1
    for name in files:
        ours, theirs = (run / "models" / "unet" / name for run in (machines, launched.run))
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_submission_holds_the_masks_of_the_winner(launched, sample_data):
    segmenter = Segmenter.load(launched.run)
    [path] = (launched.run / "submission").glob("*.csv")
    written = pd.read_csv(path, index_col=0, keep_default_na=False)["rle_mask"]
    assert list(written.index) == list(sample_data.score.ids)
    for sample in sample_data.score:
        mask = decode_rle(written[sample.image_id], sample.mask.shape)
        assert np.array_equal(mask, segmenter.predict(sample.image))


def test_an_approach_that_fails_on_one_process_is_a_failed_row_and_no_hang(launched):
    table = pd.read_csv(launched.run / "leaderboard.csv").set_index("approach")
    assert table.loc[list(SOUND), "status"].tolist() == ["ok"] * 3, launched.said
    for name in BROKEN:
        assert table.loc[name, "status"] == "failed"
        reason = table.loc[name, "reason"]
        assert "failed on process 1" in reason and "ArithmeticError: only here" in reason


def test_a_process_that_fails_around_a_block_does_not_leave_the_others_waiting_in_it(launched):
    (first, agreed), (second, also) = launched.told("parted.json").values()
    assert agreed == also == "main"
    for name, (failing, told) in {
        "block": (first, second),
        "wait": (second, first),
        "agree": (first, second),
        "join": (second, first),
    }.items():
        assert failing[name] == "MemoryError: only here"
        assert told[name].startswith("ApproachFailedError") and told[name].endswith(
            "MemoryError: only here"
        )
    assert first["apart"].startswith(
        "RuntimeError: the processes met at the ends of different blocks: apart, innermost"
    )
    assert second["apart"] == first["apart"]
