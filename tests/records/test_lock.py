import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.records.description import open_run
from common.records.lock import RunInUseError, hold, release, release_all

ROOT = Path(__file__).parents[2]
IDENTITY = {"seed": 0}
OPENING = """from common.records.description import open_run
open_run(Path(sys.argv[1]), {"seed": 0}, fresh=False)"""
HOLDING = f"""
import sys, time
from pathlib import Path
{OPENING}
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def run(tmp_path):
    yield tmp_path / "run"
    release_all()


@pytest.fixture
def another(run):
    """A process that has begun a run in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(run)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("fresh", [False, True])
def test_two_runs_in_one_folder_are_refused_by_name_of_the_first(run, another, fresh):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(RunInUseError, match=f"process {another.pid} on .*another --output"):
        open_run(run, IDENTITY, fresh=fresh)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_run_that_another_begins_at_the_same_moment_is_not_described_as_this_one(run):
    """The other holds the folder, but has written nothing yet."""
    run.mkdir()
    taking = "from common.records.lock import hold\nhold(Path(sys.argv[1]))"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING.replace(OPENING, taking), str(run)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RunInUseError):
        open_run(run, IDENTITY, fresh=False)
    assert not (run / "run.json").exists()
    process.kill()
    process.wait()
    open_run(run, IDENTITY, fresh=False)  # of the lock alone, nothing is told of another run
    assert json.loads((run / "run.json").read_text())["identity"] == IDENTITY


def test_the_lock_of_a_process_that_was_killed_is_taken_over(run, another):
    another.kill()
    another.wait()
    open_run(run, IDENTITY, fresh=False)
    assert json.loads((run / ".lock.json").read_text())["process"] == os.getpid()


def test_a_process_may_hold_a_folder_twice_and_gives_it_back(run):
    open_run(run, IDENTITY, fresh=False)
    hold(run)
    release(run)
    done = subprocess.run(
        [sys.executable, "-c", HOLDING.replace("time.sleep(60)", ""), str(run)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "held\n"


def test_a_holder_that_cannot_be_read_is_left_out_of_the_message(run, another):
    (run / ".lock.json").write_bytes(b"\xff{")
    with pytest.raises(RunInUseError, match="is in use by another run. Wait"):
        open_run(run, IDENTITY, fresh=False)
