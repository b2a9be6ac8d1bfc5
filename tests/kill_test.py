"""Kill a run over and over, start it again with the same command, and see whether it ends like one
that nothing disturbed: `python tests/kill_test.py --output FOLDER`. `tests/test_kill.py` does the
same with a few kills.

Every start is a process group of its own, forked before any library has threads, and killed as a
whole with SIGKILL.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

SETTINGS = ("--preset", "smoke", "--steps", "6", "--no-report", "--winner", "best")
# what a run costs differs from run to run
COSTS = (
    *("fit_seconds", "predict_seconds_per_image", "predict_seconds_p95", "peak_memory_mb"),
    *("predict_seconds_lower", "predict_seconds_upper", "reference_seconds", "reference_spread"),
    *("pareto", "model_mb", "reason"),
)
TABLES = ("leaderboard.csv", "folds.csv")
SAME = ("per_image.csv", "strata.csv", "calibration.csv", "images.csv", "worst_images.csv")
LONGEST = 1800  # seconds that a run may take on a busy machine
CHANGES = {"os.rename": 1, "os.mkdir": 0, "os.remove": 0, "shutil.rmtree": 0}  # which path counts
WRITES = os.O_WRONLY | os.O_RDWR
ENDED = os.WEXITED | os.WNOHANG | os.WNOWAIT


@dataclass(frozen=True)
class Kill:
    """One of the kills.

    Attributes:
        moment: what the run was doing.
        repeated: what this start trained that an earlier one had begun.
    """

    moment: str
    repeated: str


@dataclass
class Started:
    """A run in a process group of its own."""

    pid: int

    def kill(self) -> None:
        """End the whole group."""
        os.killpg(self.pid, signal.SIGKILL)

    def ended(self) -> int | None:
        """The exit code, negative after a signal; None while it goes on."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def wait(self) -> int:
        """The exit code; a run that takes too long is killed."""
        until = time.monotonic() + LONGEST
        while (code := self.ended()) is None:
            if time.monotonic() > until:
                self.kill()
                raise TimeoutError(f"the run did not end within {LONGEST} s")
            time.sleep(0.02)
        return code


def start(
    data: Path, output: Path, words: Sequence[str], watch: Callable[[], None] | None = None
) -> Started:
    """Begin the run; `watch` is called in its process first."""
    pid = os.fork()
    if pid:
        return Started(pid)
    code = 1
    try:
        os.setsid()
        said = os.open(f"{output}.said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        if watch is not None:
            watch()
        code = bench.main(["--data", str(data), "--output", str(output), *SETTINGS, *words])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def finish(data: Path, output: Path, words: Sequence[str]) -> None:
    """Let the run come to its end; RuntimeError with its words where that is not 0."""
    code = start(data, output, words).wait()
    if code:
        said = Path(f"{output}.said.txt").read_text(encoding="utf-8")
        raise RuntimeError(f"the run ended with {code}:\n{said[-3000:]}")


def killing(folder: Path, left: int, story: Path, seconds: float) -> Callable[[], None]:
    """Ends the group of the process that calls it, at the moment at which a file below `folder` is
    changed for the N-th time, or, where it is opened for writing, a few milliseconds later.
    """

    def end() -> None:
        os.killpg(0, signal.SIGKILL)

    def seen(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in ("open", *CHANGES):
            return
        path = arguments[CHANGES.get(event, 0)]
        writes = event in CHANGES or (arguments[2] or 0) & WRITES
        if not writes or not isinstance(path, str | os.PathLike):
            return
        name = os.path.relpath(path, folder)
        if name.startswith("..") or name in ("log.txt", ".lock"):
            return
        left -= 1
        if left == 0:
            parts = [part for part in Path(name).parts if not part.endswith(".partial")]
            word = "while writing" if event == "open" else f"before {event.split('.')[1]} of"
            story.write_text(f"{word} {'/'.join(parts)}", encoding="utf-8")
            threading.Timer(seconds, end).start() if event == "open" else end()

    return lambda: sys.addaudithook(seen)


def kills(
    data: Path, output: Path, words: Sequence[str], count: int, seed: int, most: int = 200
) -> Iterator[Kill | None]:
    """Start the run and kill it, again and again; None where it ended before its moment came.

    Every third moment is one of the clock, the others are among the first `most` moments of a
    start at which something is written, renamed or removed.
    """
    chance = random.Random(seed)
    story, before = output.parent / "moment.txt", Trained(output)
    for number in range(count):
        story.unlink(missing_ok=True)
        by_clock, moment = number % 3 == 2, chance.randint(1, most)
        watch = killing(output.resolve(), moment, story, chance.uniform(0, 0.01))
        run = start(data, output, words, None if by_clock else watch)
        if by_clock:
            _wait_for_the_log(run, output)
            time.sleep(chance.uniform(0, 10))
            run.kill()
        if run.wait() != -signal.SIGKILL:
            yield None
            continue
        told = story.read_text(encoding="utf-8") if story.is_file() else ""
        yield Kill(told or f"by the clock, {before.last_line()}", before.again())


class Trained:
    """What the log of a run tells of its trainings."""

    def __init__(self, output: Path):
        self.path, self.known = output / "log.txt", 0
        self.begun: set[str] = set()

    def _lines(self) -> list[str]:
        text = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        return [line.split(" ", 2)[-1] for line in text.splitlines() if line[:2] == "20"]

    def last_line(self) -> str:
        """What the run said last."""
        return f"after {self._lines()[-1][:50]!r}" if self._lines() else "before the first line"

    def again(self) -> str:
        """The trainings of the last start that an earlier one had begun."""
        known, self.known = self.known, len(self._lines())
        lines = self._lines()[known:]
        now = {line.split(":")[0] for line in lines if line.endswith(": training")}
        repeated, self.begun = sorted(now & self.begun), self.begun | now
        return ", ".join(repeated) or "nothing"


def _wait_for_the_log(run: Started, output: Path) -> None:
    path, until = output / "log.txt", time.monotonic() + LONGEST
    size = path.stat().st_size if path.is_file() else 0
    while time.monotonic() < until and os.waitid(os.P_PID, run.pid, ENDED) is None:
        if path.is_file() and path.stat().st_size > size:
            return
        time.sleep(0.02)


def differences(one: Path, other: Path) -> list[str]:
    """The results of two runs that are not the same, seconds and memory aside."""
    found = []
    for name in TABLES:
        if not (one / name).is_file() and not (other / name).is_file():
            continue
        tables = (pd.read_csv(run / name) for run in (one, other))
        first, second = (table.drop(columns=[*COSTS], errors="ignore") for table in tables)
        if not first.equals(second):
            found.append(name)
    for folder in ("models", "submission"):
        kinds = ("*.csv",) if folder == "submission" else ("*",)
        files = {
            path.relative_to(run).as_posix()
            for run in (one, other)
            for kind in kinds
            for path in (run / folder).rglob(kind)
            if path.is_file()
        }
        found += [name for name in sorted(files) if not _same(one / name, other / name)]
    found += [name for name in SAME if not _same(one / name, other / name)]
    return found + [str(path) for path in other.rglob("*.partial")]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def main() -> int:
    """Print a row for each kill, and what differs at the end."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--output", type=Path, required=True, help="folder for both runs")
    options.add_argument("--data", type=Path, help="generated unless given")
    options.add_argument("--kills", type=int, default=24)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--approaches", default="all")
    given = options.parse_args()
    shutil.rmtree(given.output / "killed", ignore_errors=True)
    given.output.mkdir(parents=True, exist_ok=True)
    data, words = given.data or given.output / "data", ("--approaches", given.approaches)
    if not data.is_dir():
        sizes = {"train": 16, "val": 6, "real_test": 2, "size": 192}
        generate(data, **sizes, seed=1, workers=1, progress=False)
    finish(data, given.output / "undisturbed", words)
    print("| kill | moment | trained again or gone on with, at this start |\n| --- | --- | --- |")
    done, seed = 0, given.seed
    while done < given.kills:
        for kill in kills(data, given.output / "killed", words, given.kills - done, seed):
            if kill is not None:
                done += 1
                print(f"| {done} | {kill.moment} | {kill.repeated} |", flush=True)
        seed += 1
    finish(data, given.output / "killed", words)
    found = differences(given.output / "undisturbed", given.output / "killed")
    print(f"\n{done} kills; different: {', '.join(found) or 'nothing'}")
    return 1 if found else 0


if __name__ == "__main__":
    os.environ |= {"HF_HUB_OFFLINE": "1", "NO_ALBUMENTATIONS_UPDATE": "1"}
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    # all that a run imports, once
    import approaches.network.approach
    import approaches.pixel_lightgbm
    import approaches.running.finish
    import approaches.smp_pretrained  # noqa: F401
    import bench
    from common.sample import generate

    sys.exit(main())
