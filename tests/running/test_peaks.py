import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from approaches.running import peaks
from approaches.running.answers import FORKS, NO_ANSWER, answers

pytestmark = pytest.mark.skipif(not FORKS, reason="processes are started anew there")
LIBRARIES = {"poplib", "sched"}


@dataclass(frozen=True)
class Model:
    """What is measured of it is told instead of a peak: which libraries are there."""

    needed: frozenset[str]

    def modules_if_known(self):
        return set(self.needed)

    def segmenter(self):
        return self

    def predict(self, image):
        return image


def told(monkeypatch, tmp_path, models, tell):
    monkeypatch.setattr(peaks, "_peak_of", tell)
    return peaks.peaks_of(models, tmp_path)


def libraries(*_):
    return sorted(LIBRARIES & set(sys.modules))


def test_a_fork_has_imported_only_what_its_model_needs(monkeypatch, tmp_path):
    assert not LIBRARIES & set(sys.modules)
    needs = [LIBRARIES, {"sched"}, {"poplib"}, {"no_such_library"}, {"no_such_library"}]
    models = [*map(Model, needs), Model(set())]
    found = told(monkeypatch, tmp_path, models, libraries)
    assert all(set(found[place]) <= needs[place] for place in range(3))
    assert found[0] == found[2] == ["poplib"]  # imported once for both
    assert found[3] == found[4] == "ModuleNotFoundError: No module named 'no_such_library'"
    assert found[5] == []


def test_what_most_need_is_imported_once_and_before_the_call(monkeypatch, tmp_path):
    (tmp_path / "needed_by_two.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    there = []
    models = [Model(frozenset(names)) for names in ({"needed_by_two"}, set(), {"needed_by_two"})]
    monkeypatch.setattr(peaks, "_peak_of", lambda *_: "needed_by_two" in sys.modules)
    try:
        found = peaks.peaks_of(
            models, tmp_path, lambda: there.append("needed_by_two" in sys.modules)
        )
    finally:
        sys.modules.pop("needed_by_two", None)
    assert found == {0: True, 1: False, 2: True} and there == [True]


def test_so_many_at_a_time_and_the_answers_in_order():
    def busy(number):
        began = time.monotonic()
        time.sleep(0.2 if number else 0.5)
        return number, began, time.monotonic()

    told = answers(busy, [(number,) for number in range(5)], 2)
    assert [number for number, *_ in told] == list(range(5))
    for _, began, _ in told:
        assert sum(other <= began < end for _, other, end in told) <= 2
    assert told[2][1] < told[0][2], "the next one waits for a free place alone"


def test_a_process_without_an_answer_is_asked_again_and_then_told(monkeypatch, tmp_path):
    def ends(model, *_):
        if model.needed == {"sched"}:
            os._exit(9)
        asked = tmp_path / "asked"
        if not asked.exists():
            asked.touch()
            os._exit(9)
        return 7.0

    models = [Model({"sched"}), Model({"poplib"})]
    assert told(monkeypatch, tmp_path, models, ends) == {0: NO_ANSWER, 1: 7.0}


def test_the_peak_of_a_fork_is_that_of_a_process_without_its_parents(tmp_path, monkeypatch):
    """A large file that this process has read and the fork has not counts as read."""
    monkeypatch.setattr(peaks, "read_image", lambda path: np.zeros(1))
    # this process may have used threads, whose settings a fork of it must not touch
    monkeypatch.setattr(peaks, "set_up_process", lambda: None)
    (tmp_path / "library").write_bytes(bytes(100 * 2**20))
    without = peaks.peaks_of([Model(frozenset())], tmp_path)[0]
    library = np.memmap(tmp_path / "library", np.uint8, "r")
    assert library.sum() == 0
    assert peaks.peaks_of([Model(frozenset())], tmp_path)[0] == pytest.approx(without + 100, abs=3)


def test_nothing_is_started_for_a_process_that_is_gone(tmp_path):
    """It is killed while the process that it started waits for the first of two answers."""
    first, second = tmp_path / "first", tmp_path / "second"
    program = f"""
import os, signal, time
from pathlib import Path
from types import SimpleNamespace
from approaches.running.answers import answers, started

def killed(process):
    os.kill(process, signal.SIGKILL)
    status = Path("/proc") / str(process) / "stat"
    while status.exists() and ") Z" not in status.read_text():
        time.sleep(0.01)
    return "killed"

def one_after_another(asking):
    answers(killed, [(asking,)], 2)
    Path({str(first)!r}).touch()
    answers(Path({str(second)!r}).touch, [()], 2)

started(one_after_another, os.getpid())
time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=Path.cwd(), timeout=60)
    assert done.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while not first.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)
    assert not second.exists()


def test_on_windows_the_peak_is_that_of_the_working_set(monkeypatch, tmp_path):
    """Where there is neither `/proc` nor the module `resource`."""
    monkeypatch.setattr(peaks, "STATUS", tmp_path / "status")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "resource", None)
    memory = SimpleNamespace(peak_wset=300 * 2**20)
    process = SimpleNamespace(memory_info=lambda: memory)
    monkeypatch.setattr(peaks.psutil, "Process", lambda: process)
    assert peaks.peak_memory_mb() == 300
