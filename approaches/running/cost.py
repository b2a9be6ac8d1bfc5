"""What the stored models of a run cost to use: all of them are timed together, at its end, in a
process of their own, so that neither the training before nor the order in which they were trained
is in the figures.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from approaches import members_of, processes
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


def measure_costs(runs: Sequence[RunFolder], images: DataSet, *, briefly: bool = False) -> None:
    """Measure the costs of every complete approach of the runs, unless all of them are known; they
    are stored in the records.

    Costs that were taken at another time would not be comparable with those of today, so all are
    measured again where one is missing. A model that cannot be timed is told, and its costs stay
    unknown.

    Args:
        runs: folders of runs.
        images: to be predicted, one at a time.
        briefly: in a second rather than four, so with wider intervals.
    """
    with processes.together("measuring costs"):
        if processes.is_main():
            _measure(runs, images, briefly)


def _measure(runs: Sequence[RunFolder], images: DataSet, briefly: bool) -> None:
    found = [(run, record) for run in runs for record in read_records(run.path)]
    timed = [(run, record, full) for run, record in found for full in complete_records([record])]
    if all(record.costs is not None for _, record, _ in timed):
        return
    try:
        with waiting("measuring costs, all approaches in turns"):
            models = [(run, full) for run, _, full in timed]
            told = in_fresh_process(models, images.entries, briefly=briefly)
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


def in_fresh_process(
    models: Sequence[tuple[RunFolder, CompleteRecord]],
    entries: Sequence[Entry],
    *,
    briefly: bool = False,
) -> list[Costs | str]:
    """Time stored models against each other in a fresh process.

    Args:
        models: approaches, and the folders of their runs.
        entries: images to predict; the first ones again if they are few.
        briefly: in a second rather than four.

    Returns:
        For each its costs, the size of the model left open, or why it has none.

    Raises:
        RuntimeError: the process failed; its last words are in the message.
    """
    asked = {
        "models": [
            {
                "folder": str(run.model(record.approach).resolve()),
                "postprocess": asdict(record.tuning.postprocess),
                "sizes": None if record.image_sizes is None else asdict(record.image_sizes),
            }
            for run, record in models
        ],
        "images": [str(entry.path.resolve()) for entry in entries[:MOST_IMAGES]],
        "briefly": briefly,
        "largest": str(max(entries, key=lambda one: one.width * one.height).path.resolve()),
    }
    environment = {
        key: value for key, value in os.environ.items() if key not in LAUNCHER_VARIABLES
    }
    # An approach may lie outside the repository, in the working directory.
    environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
    done = subprocess.run(
        [sys.executable, "-m", "approaches.running.rounds"],
        input=json.dumps(asked),
        env=environment,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    if done.returncode:
        reason = done.stderr.strip()[-500:] or f"its process ended with {done.returncode}"
        raise RuntimeError(f"measuring costs failed: {reason}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return [one if isinstance(one, str) else Costs(**one) for one in told]
