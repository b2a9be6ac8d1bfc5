"""The end of a run: rank what was scored, submit the winner, report, and say where everything is."""

import logging
from collections.abc import Sequence
from pathlib import Path

from approaches import processes
from approaches.cost import peak_memory_mb
from approaches.stored import RunSettings
from approaches.submit import submit
from common.data import Data
from common.describe import describe_data_set
from common.details import write_details
from common.leaderboard import Choice, write_leaderboard
from common.progress import progress
from common.records import describe_run, read_record, read_records

log = logging.getLogger("bench")


def conclude(
    data: Data, runs: Sequence[RunSettings], names: list[str], choice: Choice, report: bool, seconds: float
) -> int:
    """Rank, submit, report, and say where everything is; of the runs, one for each seed, the first is ranked."""
    code, run = 0, runs[0].folder
    with processes.together("concluding the run"):
        if processes.is_main():
            records, *by_seed = (read_records(each.folder) for each in runs)
            winner, board = write_leaderboard(run, records, data.score.groups, choice, by_seed)
            images, _ = describe_data_set(data.score, lambda items: progress(items, "describing val"))
            write_details(run, records, images, data.score.groups)
            configs = {record.approach: {"config": record.config, "fit": record.fit} for record in records}
            costs = {"seconds": round(seconds, 1), "peak_memory_mb": round(peak_memory_mb())}
            describe_run(run, approaches=configs, winner=winner, choice=vars(choice), last_command=costs)
            print(f"\n{board}\n")
            if winner is not None:
                folder = submit(read_record(run, winner), data, run)
                print(f"winner on val: {winner}\nleaderboard:   {run / 'leaderboard.md'}\nsubmission:    {folder}")
                if report:
                    _report(run, data.folder)
            failed = _failed(runs, names)
            if failed or winner is None:
                print(f"failed: {', '.join(failed) or 'every approach'}; the reasons are in {run / 'log.txt'}")
                code = 1
    return code


def _failed(runs: Sequence[RunSettings], names: list[str]) -> list[str]:
    """The approaches of this command that failed, with the seed where there are several."""
    records = [(each.seed, record) for each in runs for record in read_records(each.folder)]
    failed = [(seed, record.approach) for seed, record in records if record.status == "failed"]
    seeded = " with seed {}" if len(runs) > 1 else ""
    return [name + seeded.format(seed) for seed, name in failed if name in names]


def _report(run: Path, folder: Path) -> None:
    """The notebook on this run as a page; a run without one is complete all the same."""
    from common.report import write_report

    log.info("making the report")
    try:
        print(f"report:        {write_report(run, folder)}")
    except Exception as error:
        log.warning("no report: %s. Once that is mended: python -m common.report %s", error, run)
