"""The end of a run: rank what was scored, submit the winner, report, and say where everything is.

The submission comes first: descriptions, tables and the report follow, and what fails there is a
line that names what is missing and how to make it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Event

from approaches import TABLE, description_of, processes
from approaches.running.folds import folds_of_run, whole_train
from approaches.running.galleries import write_val_gallery
from approaches.running.peaks import peak_memory_mb
from approaches.running.resume import chosen_alike
from approaches.running.settings import RunSettings
from approaches.running.submit import submit
from common.data import Data
from common.describe import describe_data_set
from common.gallery import GalleryError
from common.leaderboard import Choice, as_text, write_leaderboard
from common.leaderboard.details import write_details
from common.leaderboard.folds import SHORT, fold_section, write_folds
from common.leaderboard.named_sets import dice_on_val
from common.progress import progress, waiting
from common.records import Record, complete_records, read_records
from common.records.description import describe_run
from common.records.folder import RunFolder

log = logging.getLogger(__name__)


def finish(
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
        earlier: trainings of commands before with further seeds, which are part of the report too.
        names: of the approaches of this command.
        choice: how the winner is chosen.
        report: whether it is made.
        seconds: that the command took.

    Returns:
        The exit code: 1 if an approach of this command failed, or nothing could be chosen.
    """
    code, run = 0, runs[0].run
    places: dict[str, Path] = {}
    with processes.together("finishing the run"):
        if processes.is_main():
            found = [(each.seed, read_records(each.folder)) for each in (*runs, *earlier)]
            records = found[0][1]
            folds, first = folds_of_run(runs[0]), runs[0].seed
            folded = f"--folds {len(folds)}"
            by_fold = [
                chosen_alike(read_records(fold.path), records, f"fold {number}", folded)
                for number, fold in enumerate(folds, start=1)
            ]
            further = [
                chosen_alike(each, records, f"seed {seed}", f"--seeds {seed - first + 1}")
                for seed, each in found[1:]
            ]
            own = len(runs) - 1
            others = [*further[:own], *_complete_as(records, further[own:], names)]
            trained = [name for name in names if name in TABLE]
            winner = _rank(data, run, records, others, by_fold, choice, trained, seconds)
            if winner is not None:
                [best] = [one for one in complete_records(records) if one.approach == winner]
                places["hand in"] = submit(best, data, run)
            _show(data, run, records, winner, report, places)
            if winner is not None:
                print(_what_next(winner, run, places))
            failed = _failed(found[: len(runs)], names, [one.source.name for one in runs[0].sets])
            failed += _failed_in_folds(by_fold if runs[0].folds else [], names)
            if failed or winner is None:
                print(
                    f"failed: {', '.join(failed) or 'every approach'}; the reasons are in "
                    f"{run.log}"
                )
                code = 1
    return code


def _complete_as(
    records: Sequence[Record], earlier: Sequence[Sequence[Record]], names: Sequence[str]
) -> list[Sequence[Record]]:
    """Trainings of commands before that have every approach of this one that was completed; of
    what others lack, this command did not ask.
    """
    done = {one.approach for one in complete_records(records)} & set(names)
    return [one for one in earlier if done <= {found.approach for found in complete_records(one)}]


def _rank(
    data: Data,
    run: RunFolder,
    records: Sequence[Record],
    by_seed: Sequence[Sequence[Record]],
    by_fold: Sequence[Sequence[Record]],
    choice: Choice,
    names: Sequence[str],
    seconds: float,
) -> str | None:
    """Write the leaderboard and what the run came to; returns the winner's name."""
    remarks = [f"In {split}, {found}." for split, found in data.crowd.items() if found.regions]
    with waiting("comparing the approaches"):
        unseen = write_folds(run.path, by_fold, whole_train(data).groups, dice_on_val(records))
        section, groups = fold_section(unseen), data.score.groups
        winner, board = write_leaderboard(
            run.path, records, groups, choice, by_seed, remarks, [section], names
        )
    approaches = {
        record.approach: {
            "config": record.config,
            "fit": None if record.fit is None else record.fit.as_stored(),
            "description": asdict(description_of(record)),
        }
        for record in records
    }
    costs = {"seconds": round(seconds, 1), "peak_memory_mb": round(peak_memory_mb())}
    described = {"approaches": approaches, "asked": names, "winner": winner}
    describe_run(run.path, **described, choice=vars(choice), last_command=costs)
    print(f"\n{board}\n")
    if len(unseen):
        print(f"On objects that training never saw:\n\n{as_text(unseen, SHORT)}\n")
    return winner


def _attempt(what: str, make: Callable[[], None]) -> None:
    """Make what a run is complete without; a failure is a line."""
    try:
        make()
    except Exception as error:
        log.warning("no %s: %s. Once that is mended, repeat the command.", what, error)


def _show(
    data: Data,
    run: RunFolder,
    records: Sequence[Record],
    winner: str | None,
    report: bool,
    places: dict[str, Path],
) -> None:
    """What a run can do without: tables, the page of `val`, and the report, which links to the
    page. The page is made while the notebook of the report runs in a process of its own.
    """
    over = Event()  # an interrupt does not wait for the page

    def page() -> None:
        if winner is not None:
            _attempt("page of val", lambda: _galleries(data, run, records, winner, places, over))

    with ThreadPoolExecutor(1) as beside:
        try:
            linked = beside.submit(page)
            _attempt("tables of single images", lambda: _describe(data, run, records))
            if winner is not None and report:
                _attempt("report", lambda: _report(run, data.folder, places, linked.result))
            linked.result()
        finally:
            over.set()


def _describe(data: Data, run: RunFolder, records: Sequence[Record]) -> None:
    """The tables of what each image shows and who fails where."""
    images, _ = describe_data_set(data.score, lambda items: progress(items, "describing val"))
    write_details(run.path, records, images, data.score.groups)


def _galleries(
    data: Data,
    run: RunFolder,
    records: Sequence[Record],
    winner: str,
    places: dict[str, Path],
    over: Event,
) -> None:
    """The page of what each approach found on `val`."""
    try:
        page = write_val_gallery(data, run, complete_records(records), winner, over)
        places["found, missed"] = page
    except GalleryError:
        if not over.is_set():
            raise


def _report(
    run: RunFolder, folder: Path, places: dict[str, Path], linked: Callable[[], object]
) -> None:
    """The notebook on this run as a page, which is drawn once what it links to is there."""
    from common.report import write_report

    try:
        with waiting("making the report"):
            places["report"] = write_report(run.path, folder, linked=linked)
    except Exception as error:
        raise RuntimeError(f"{error} (alone: python -m common.report {run.path})") from error


def _what_next(winner: str, run: RunFolder, places: Mapping[str, Path]) -> str:
    """The winner, and what to open, the report first."""
    opened = {name: places[name] for name in ("report", "found, missed") if name in places}
    rows = {
        **opened,
        "leaderboard": run.leaderboard.with_suffix(".md"),
        "hand in": places["hand in"],
        "new photos": f"python -m approaches.predict {run.path} PHOTOS",
    }
    lines = [f"  {name + ':':15}{where}" for name, where in rows.items()]
    return "\n".join([f"winner on val: {winner}", "open next:", *lines])


def _failed(
    by_seed: Sequence[tuple[int, Sequence[Record]]], names: list[str], sets: Sequence[str]
) -> list[str]:
    """The approaches among the names that failed, on `val` or on one of the sets, with the seed
    where there are several.
    """
    failed = [
        (seed, one.approach)
        for seed, records in by_seed
        for one in records
        if one.status == "failed"
    ]
    failed += [
        (seed, f"{one.approach} on {result.name}")
        for seed, records in by_seed
        for one in records
        for result in one.sets
        if result.reason and result.name in sets and one.approach in names
    ]
    seeded = " with seed {}" if len(by_seed) > 1 else ""
    return [name + seeded.format(seed) for seed, name in failed if name.split()[0] in names]


def _failed_in_folds(by_fold: Sequence[Sequence[Record]], names: list[str]) -> list[str]:
    """The same of the folds of `train`."""
    return [
        f"{one.approach} in fold {number}"
        for number, records in enumerate(by_fold, start=1)
        for one in records
        if one.status == "failed" and one.approach in names
    ]
