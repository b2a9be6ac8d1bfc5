"""What the stored models of a run cost to use: all of them are timed together, at its end, in a
process of their own, so that neither the training before nor the order in which they were trained
is in the figures. It can be started while the last one is trained, to import meanwhile what takes
seconds.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from approaches import TABLE, members_of, processes
from approaches.running.measured_model import MeasuredModel
from common.coco import Entry
from common.data import DataSet
from common.progress import waiting
from common.records import (
    CompleteRecord,
    Costs,
    Record,
    complete_records,
    read_records,
    write_record,
)
from common.records.folder import RunFolder

log = logging.getLogger(__name__)
MOST_IMAGES = 50
LAUNCHER_VARIABLES = (
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "OMP_NUM_THREADS",
)


class CostProcess:
    """The process in which stored models are timed against each other; leaving its block ends it.
    Neither this one's memory nor its launcher reaches it.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "CostProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            with self._process:  # closes its pipes, and waits for its end
                self._process.kill()
            self._process = None

    def begin(self, needed: Sequence[Collection[str]]) -> None:
        """Start it, and have it import what most of the models need.

        Args:
            needed: modules, by each model; some may not be known yet.
        """
        environment = {
            key: value for key, value in os.environ.items() if key not in LAUNCHER_VARIABLES
        }
        # An approach may lie outside the repository, in the working directory.
        environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "approaches.running.rounds"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([sorted(modules) for modules in needed]) + "\n")
        self._process.stdin.flush()

    def costs_of(
        self,
        models: Sequence[tuple[RunFolder, CompleteRecord]],
        entries: Sequence[Entry],
        *,
        briefly: bool = False,
    ) -> list[Costs | str]:
        """Time stored models against each other.

        Args:
            models: approaches, and the folders of their runs.
            entries: images to predict; the first ones again if they are few.
            briefly: in a second rather than four.

        Returns:
            For each its costs, the size of the model left open, or why it has none.

        Raises:
            RuntimeError: the process failed; its last words are in the message.
        """
        measured = [_measured(run, record) for run, record in models]
        asked = {
            "models": [asdict(one) for one in measured],
            "images": [str(entry.path.resolve()) for entry in entries[:MOST_IMAGES]],
            "briefly": briefly,
            "largest": str(max(entries, key=lambda one: one.width * one.height).path.resolve()),
        }
        if self._process is None or self._process.poll() is not None:  # for want of memory, say
            self.__exit__()
            self.begin([one.modules_if_known() for one in measured])
        assert self._process is not None
        told, errors = self._process.communicate(json.dumps(asked) + "\n")
        code, self._process = self._process.returncode, None
        if code:
            reason = errors.strip()[-500:] or f"its process ended with {code}"
            raise RuntimeError(f"measuring costs failed: {reason}")
        costs = json.loads(told.strip().splitlines()[-1])
        return [one if isinstance(one, str) else Costs(**one) for one in costs]


def _measured(run: RunFolder, record: CompleteRecord) -> MeasuredModel:
    return MeasuredModel(
        str(run.model(record.approach).resolve()),
        asdict(record.tuning.postprocess),
        None if record.image_sizes is None else asdict(record.image_sizes),
    )


def begin_early(process: CostProcess, run: RunFolder, names: Sequence[str]) -> None:
    """Start the process on the main one while an approach is still trained, unless the costs of
    all are known. Where it cannot be started, or a record cannot be read, whoever needs them next
    says so.

    Args:
        process: for `measure_costs`.
        run: folder of a run.
        names: of its approaches; some may have no model yet.
    """
    with suppress(OSError):
        done = {one.approach: one for one in complete_records(read_records(run.path))}
        if processes.is_main() and not all(name in done and done[name].costs for name in names):
            stored = [_measured(run, one).modules_if_known() for one in done.values()]
            targets = [TABLE[name].target for name in names if name in TABLE and name not in done]
            process.begin([*stored, *({target.partition(":")[0]} for target in targets)])


def measure_costs(
    runs: Sequence[RunFolder],
    images: DataSet,
    *,
    briefly: bool = False,
    process: CostProcess | None = None,
) -> None:
    """Measure the costs of every complete approach of the runs, unless all of them are known; they
    are stored in the records.

    Costs that were taken at another time would not be comparable with those of today, so all are
    measured again where one is missing. A model that cannot be timed is told, and its costs stay
    unknown.

    Args:
        runs: folders of runs.
        images: to be predicted, one at a time.
        briefly: in a second rather than four, so with wider intervals.
        process: in which they are timed, which may have begun; None starts one.
    """
    with processes.together("measuring costs"):
        if processes.is_main():
            with process or CostProcess() as alone:
                _measure(runs, images, briefly, alone)


def _measure(
    runs: Sequence[RunFolder], images: DataSet, briefly: bool, process: CostProcess
) -> None:
    found = [(run, record) for run in runs for record in read_records(run.path)]
    timed = [(run, record, full) for run, record in found for full in complete_records([record])]
    if all(record.costs is not None for _, record, _ in timed):
        return
    try:
        with waiting("measuring costs, all approaches in turns"):
            models = [(run, full) for run, _, full in timed]
            told = process.costs_of(models, images.entries, briefly=briefly)
    except (OSError, RuntimeError) as error:
        log.warning("%s", error)
        return
    for (run, record, _), costs in zip(timed, told, strict=True):
        if isinstance(costs, str):
            log.warning("%s: its costs could not be measured: %s", record.approach, costs)
        else:
            _store(run, record, costs)


def _store(run: RunFolder, record: Record, costs: Costs) -> None:
    folder = run.model(record.approach)
    folders = [folder, *(run.model(member) for member in members_of(folder))]
    files = [path for each in folders for path in each.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    write_record(run.path, replace(record, costs=replace(costs, model_mb=size / 1e6)))
