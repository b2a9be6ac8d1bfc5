"""The end of a run: rank what was scored, submit the winner, report, and say where everything
is.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from approaches import processes
from approaches.running.cost import peak_memory_mb
from approaches.running.resume import RunSettings
from approaches.running.submit import submit
from common.data import Data
from common.describe import describe_data_set
from common.leaderboard import Choice, write_leaderboard
from common.leaderboard.details import write_details
from common.progress import progress
from common.records import Record, describe_run, read_records

log = logging.getLogger(__name__)


def conclude(
    data: Data,
    runs: Sequence[RunSettings],
    earlier: Sequence[RunSettings],
    names: list[str],
    choice: Choice,
    report: bool,
    seconds: float,
) -> int:
    """Rank, submit, report, and say where everything is.

    Args:
        data: of the run.
        runs: of this command, one for each seed; the first is ranked.
        earlier: trainings of commands before with further seeds, which are told of too.
        names: of the approaches of this command.
        choice: how the winner is chosen.
        report: whether it is made.
        seconds: that the command took.

    Returns:
        The exit code: 1 if an approach of this command failed, or nothing could be chosen.
    """
    code, run = 0, runs[0].folder
    with processes.together("concluding the run"):
        if processes.is_main():
            found = [(each.seed, read_records(each.folder)) for each in (*runs, *earlier)]
            records = found[0][1]
            by_seed = [others for _, others in found[1:]]
            winner, board = write_leaderboard(run, records, data.score.groups, choice, by_seed)
            images, _ = describe_data_set(
                data.score, lambda items: progress(items, "describing val")
            )
            write_details(run, records, images, data.score.groups)
            configs = {
                record.approach: {"config": record.config, "fit": record.fit} for record in records
            }
            costs = {"seconds": round(seconds, 1), "peak_memory_mb": round(peak_memory_mb())}
            describe_run(
                run, approaches=configs, winner=winner, choice=vars(choice), last_command=costs
            )
            print(f"\n{board}\n")
            if winner is not None:
                folder = submit(
                    next(record for record in records if record.approach == winner), data, run
                )
                print(
                    f"winner on val: {winner}\nleaderboard:   "
                    f"{run / 'leaderboard.md'}\nsubmission:    {folder}"
                )
                if report:
                    _report(run, data.folder)
            failed = _failed(found[: len(runs)], names)
            if failed or winner is None:
                print(
                    f"failed: {', '.join(failed) or 'every approach'}; the reasons are in "
                    f"{run / 'log.txt'}"
                )
                code = 1
    return code


def _failed(by_seed: Sequence[tuple[int, Sequence[Record]]], names: list[str]) -> list[str]:
    """The approaches among the names that failed, with the seed where there are several."""
    failed = [
        (seed, one.approach)
        for seed, records in by_seed
        for one in records
        if one.status == "failed"
    ]
    seeded = " with seed {}" if len(by_seed) > 1 else ""
    return [name + seeded.format(seed) for seed, name in failed if name in names]


def _report(run: Path, folder: Path) -> None:
    """The notebook on this run as a page; a run without one is complete all the same."""
    from common.report.page import write_report

    log.info("making the report")
    try:
        print(f"report:        {write_report(run, folder)}")
    except Exception as error:
        log.warning("no report: %s. Once that is mended: python -m common.report %s", error, run)
