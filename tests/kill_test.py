"""Kill a run over and over, start it again with the same command, and see whether it ends like one
that nothing disturbed: `python tests/kill_test.py --output FOLDER`, half an hour for all
approaches. `tests/test_kill.py` does the same with a few kills.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ("--preset", "smoke", "--steps", "6", "--no-report", "--winner", "best")
# what a run costs differs from run to run
COSTS = (
    *("fit_seconds", "predict_seconds_per_image", "predict_seconds_p95", "peak_memory_mb"),
    *("pareto", "model_mb", "reason"),
)
TABLES = ("leaderboard.csv", "folds.csv")
SAME = ("per_image.csv", "strata.csv", "calibration.csv", "images.csv", "worst_images.csv")
LONGEST = 900  # seconds that a run may take on a busy machine


@dataclass(frozen=True)
class Kill:
    """One of the kills.

    Attributes:
        moment: what the run was doing.
        repeated: what the next start trained again or went on with.
    """

    moment: str
    repeated: str


def start(
    data: Path, output: Path, words: Sequence[str], more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Begin the run as the leader of a group of processes."""
    said = output.parent / f"{output.name}.said.txt"
    places = [str(ROOT), str(ROOT / "tests" / "killing")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), **(more or {})}
    environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "bench.py"), "--data", str(data)]
    with said.open("ab") as file:
        return subprocess.Popen(
            [*command, "--output", str(output), *SETTINGS, *words],
            cwd=output.parent,
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def finish(data: Path, output: Path, words: Sequence[str]) -> None:
    """Let the run come to its end; RuntimeError with its words where that is not 0."""
    code = start(data, output, words).wait(timeout=LONGEST)
    if code:
        said = (output.parent / f"{output.name}.said.txt").read_text(encoding="utf-8")
        raise RuntimeError(f"the run ended with {code}:\n{said[-3000:]}")


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
        at_write = {"KILL_AT_WRITE": str(chance.randint(1, most)), "KILL_STORY": str(story)}
        by_clock = number % 3 == 2
        more = {} if by_clock else {**at_write, "KILL_IN": str(output.resolve())}
        process = start(data, output, words, more)
        if by_clock:
            _wait_for_the_log(process, output)
            time.sleep(chance.uniform(0, 15))
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait(timeout=LONGEST)
        if code != -signal.SIGKILL:
            yield None
            continue
        moment = story.read_text(encoding="utf-8") if story.is_file() else ""
        yield Kill(moment or f"by the clock, {before.last_line()}", before.again())


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
        lines, self.known = self._lines()[self.known :], len(self._lines())
        now = {line.split(":")[0] for line in lines if line.endswith(": training")}
        repeated, self.begun = sorted(now & self.begun), self.begun | now
        return ", ".join(repeated) or "nothing"


def _wait_for_the_log(process: subprocess.Popen[bytes], output: Path) -> None:
    path, until = output / "log.txt", time.monotonic() + LONGEST
    size = path.stat().st_size if path.is_file() else 0
    while process.poll() is None and time.monotonic() < until:
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
    options.add_argument("--kills", type=int, default=24)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--approaches", default="all")
    given = options.parse_args()
    from common.sample import generate

    shutil.rmtree(given.output / "killed", ignore_errors=True)
    data, words = given.output / "data", ("--approaches", given.approaches)
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
    print(f"\ndifferent: {', '.join(found) or 'nothing'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
