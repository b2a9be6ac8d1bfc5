"""Networks on two processes of one CPU: the crops and the scores are those of one, and no wait
follows a failure.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from tests.kill_test import differences

ROOT = Path(__file__).parents[2]
SCRIPT = """
import os
import signal
import sys
import torch
from approaches import processes
from approaches.network import augment
from bench import main

drawn = augment.Crops.__getitem__

def on_the_second(self, place):
    if processes.state().process_index == 1 and place >= 12:
        raise OSError("the disk of the second process is gone")
    return drawn(self, place)

def killed(self, place):
    if processes.state().process_index == 1 and place >= 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return drawn(self, place)

if "broken" in sys.argv[1]:
    augment.Crops.__getitem__ = on_the_second
if "killed" in sys.argv[1]:
    augment.Crops.__getitem__ = killed
code = main(sys.argv[2:])
assert not torch.distributed.is_initialized(), "the group outlives the program"
sys.exit(code)
"""


def launched(folder: Path, name: str, count: int, *words: str) -> subprocess.CompletedProcess:
    script = folder / "script.py"
    script.write_text(SCRIPT)
    environment = {
        **os.environ,
        "ACCELERATE_USE_CPU": "true",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        str(count),
    ]
    command += [
        str(script),
        name,
        "--approaches",
        "unet",
        "--preset",
        "smoke",
        "--steps",
        "6",
        *words,
    ]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=170, cwd=folder
    )


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


@pytest.fixture(scope="module")
def trained(sample_folder, tmp_path_factory) -> tuple[Path, Path]:
    """A U-Net trained on two processes, and the folder it was run from."""
    folder = tmp_path_factory.mktemp("two")
    done = launched(
        folder, "sound", 2, "--data", str(sample_folder), "--output", "run", "--no-report"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder, folder / "run"


def test_two_processes_train_one_network(trained):
    _, run = trained
    record = json.loads((run / "records" / "unet.json").read_text())
    assert record["status"] == "ok" and record["fit"]["steps"] == 6
    assert json.loads((run / "run.json").read_text())["processes"] == 2
    curve = pd.read_csv(run / "training" / "unet" / "curve.csv")
    assert curve["step"].tolist()[-1] == 6 and curve["step"].is_unique


def test_stored_models_score_the_same_on_one_and_on_two_processes(trained, sample_folder):
    folder, run = trained
    tables = []
    for count in (1, 2):
        done = launched(
            folder,
            "sound",
            count,
            "--data",
            str(sample_folder),
            "--output",
            "run",
            "--score-only",
            "--no-report",
        )
        assert done.returncode == 0, done.stderr[-2000:]
        tables.append((run / "per_image.csv").read_bytes())
    assert tables[0] == tables[1]


def test_two_machines_go_on_after_one_was_lost_and_end_like_two_processes_of_one(
    trained, sample_folder
):
    folder, undisturbed = trained
    words = ["--approaches", "unet", "--preset", "smoke", "--steps", "6", "--no-report"]
    words += ["--data", str(sample_folder), "--output", "machines"]
    alone = {"RANK": "{rank}", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    alone |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "script.py", "killed", *words]
    (code, said), (killed, _) = on_two_machines(folder, command, alone)
    last = said.strip().splitlines()[-1]
    assert killed == -signal.SIGKILL and code == 143, said
    assert re.search(r"process 1 \(\d+ on .+\) of this run is gone, .*training step \d", last)
    assert last.endswith("the same command continues where it stopped")
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--num_machines", "2"]
    launcher += ["--machine_rank", "{rank}", "--main_process_ip", "127.0.0.1"]
    launcher += ["--main_process_port", "{port}", "--num_processes", "2"]
    done = on_two_machines(folder, [*launcher, "script.py", "sound", *words], {})
    assert [code for code, _ in done] == [0, 0], done
    record = json.loads((folder / "machines" / "records" / "unet.json").read_text())
    assert record["fit"]["resumes"] == 1
    assert differences(undisturbed, folder / "machines") == []


def test_a_training_that_fails_on_one_process_ends_on_all(sample_folder, tmp_path):
    done = launched(
        tmp_path, "broken", 2, "--data", str(sample_folder), "--output", "run", "--no-report"
    )
    assert done.returncode != 0
    record = json.loads((tmp_path / "run" / "records" / "unet.json").read_text())
    assert record["status"] == "failed"
    assert (
        "failed on process 1" in record["reason"]
        and "the disk of the second process is gone" in record["reason"]
    )


PARTED = """
import json
from approaches import processes

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
    print(json.dumps(alike))
processes.leave()
"""


def test_a_process_that_fails_around_a_block_does_not_leave_the_others_waiting_in_it(tmp_path):
    (tmp_path / "parted.py").write_text(PARTED)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "parted.py",
    ]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (first, agreed), (second, also) = json.loads(done.stdout).values()
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
