"""The beginning of a run: the data folder, its check, its images, and the folder of the run."""

import argparse
import logging
import platform
import shlex
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from approaches import processes
from approaches.base import ConfigError
from approaches.running.options import (
    DATA,
    PRESETS,
    SAMPLE,
    budget_of,
    overrides_of,
    run_name,
)
from approaches.running.sample_data import SampleDrawing
from approaches.running.settings import RunSettings, identity_of
from approaches.running.submit import rehearse
from common.coco import Entry, ReadOptions
from common.data import Data, load_data
from common.data.check import check_data, format_findings
from common.data.named_sets import SetSource
from common.files import PARTIAL
from common.logs import log_to
from common.progress import progress
from common.records.description import describe_run, open_run
from common.words import listed

T = TypeVar("T")

log = logging.getLogger(__name__)


def refuse_data_folder(folder: Path, *places: Path | None) -> None:
    """Refuse to write into the data folder; ConfigError names the place."""
    for place in filter(None, places):
        if place.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"{place} would lie in the data folder {folder}, where nothing is written; give "
                "--output."
            )


def data_folder(given: Path | None) -> Path:
    """The folder asked for, else the original data set where it lies in its place, else that of
    the sample data, which may have to be drawn yet.

    Args:
        given: the folder asked for.

    Raises:
        ConfigError: the folder asked for is none, or holds a single split.
    """
    if given is not None and not given.is_dir():
        raise ConfigError(
            f"--data {given} is no folder; expected one that holds train/ and val/. Correct the "
            "path."
        )
    if given is not None and (given / "images").is_dir() and not (given / "train").exists():
        raise ConfigError(
            f"--data {given} holds images/ itself; expected the folder with train/ and val/: "
            f"--data {given.parent}"
        )
    return given or (DATA if DATA.is_dir() else SAMPLE)


def draw_missing(folder: Path, sample: SampleDrawing) -> None:
    """Have the sample data on disk, if they are what the run uses; their drawing may have begun.

    Raises:
        RefusedError: they could not be drawn.
    """
    if folder == SAMPLE:
        with processes.together("generating sample data"):
            if processes.is_main():
                sample.finish()


def is_usable(folder: Path, options: ReadOptions, sets: Sequence[SetSource] = ()) -> bool:
    """Whether the data and the sets beside it can be used by all processes; the table of findings
    is printed once.
    """
    findings = check_data(folder, options, sets=sets, progress=processes.is_main())
    usable = not any(finding.level == "error" for finding in findings)
    everywhere = processes.join({processes.state().process_index: usable})
    if processes.is_main() or (everywhere[0] and not usable):  # the folder of another machine
        print(format_findings(findings, folder, sets=sets), file=sys.stderr)
    return all(everywhere.values())


def loaded(
    folder: Path,
    options: ReadOptions,
    seed: int,
    cache_root: Path | None,
    backgrounds: Path | None = None,
    learned: Sequence[Entry] = (),
) -> Data:
    """The data, and a look at its template; the main process makes the cache before the others
    open it.
    """

    def show(items: Iterable[T]) -> Iterable[T]:
        return progress(items, "decoding images", show=processes.is_main())

    def load() -> Data:
        return load_data(
            folder,
            options=options,
            seed=seed,
            cache_root=cache_root,
            backgrounds=backgrounds,
            learned=learned,
            progress=show,
        )

    data = None
    with processes.together("reading the data"):
        if processes.is_main():
            data = load()
            rehearse(data)
    return data or load()


def open_with_log(
    data: Data, settings: RunSettings, preset: str, fresh: bool, words: list[str]
) -> None:
    """The run's folder, its description and its log file."""
    run = settings.run
    with processes.together("opening the run"):
        if processes.is_main():
            identity = identity_of(settings, data)
            open_run(run.path, identity, fresh=fresh, trains=not settings.score_only)
            log_to(logging.FileHandler(run.log, encoding="utf-8"))
            groups = {str(image_id): group for image_id, group in data.score.groups.items()}
            others = {
                "fit": set(data.fit.groups.values()),
                "tune": set(data.tune.groups.values()),
            }
            state = processes.state()
            describe_run(
                run.path,
                command=shlex.join(words),
                data=str(data.folder),
                preset=preset,
                read_options=asdict(data.options),
                crowd={split: asdict(regions) for split, regions in data.crowd.items()},
                notes=data.notes,
                processes=state.num_processes,
                device=str(state.device),
                threads=processes.threads(),
                roles={
                    "fit": list(data.fit.ids),
                    "tune": list(data.tune.ids),
                    "score": list(data.score.ids),
                },
                score_groups=groups,
                score_groups_in_train={
                    role: sorted(found & set(groups.values())) for role, found in others.items()
                },
            )
    refuse_apart(run.path, data.key + data.backgrounds_key + data.learned_key)


def refuse_apart(run: Path, data_key: str) -> None:
    """Refuse processes on machines that do not see one folder of the run, in which they leave
    models and predictions for each other, or that have other data.

    Args:
        run: its folder, which the main process has made.
        data_key: digest of the data.

    Raises:
        ConfigError: on every process.
    """
    mark = run / processes.agree(f".{uuid.uuid4().hex}{PARTIAL}")
    with processes.together("marking the folder of the run"):
        if processes.is_main():
            mark.mkdir()
    told = (platform.node(), mark.is_dir(), data_key)
    met = sorted(processes.join({processes.state().process_index: told}).items())
    if processes.is_main():
        mark.rmdir()
    (_, (first, _, main_key)), *others = met
    who = {rank: f"process {rank} on {node}" for rank, (node, *_) in others}
    blind = [who[rank] for rank, (_, sees, _) in others if not sees]
    if blind:
        raise ConfigError(
            f"{run} is another folder for {listed(blind)} than on {first}. Processes leave models "
            "and predictions for each other there: put it on a disk that all machines share, "
            "under the same path, and give it as --output."
        )
    differing = [who[rank] for rank, (_, _, key) in others if key != main_key]
    if differing:
        raise ConfigError(
            f"the data of {listed(differing)} has other images or annotations than on {first}. "
            "Give all machines the same --data, or copies of it."
        )


def settings_of(
    options: argparse.Namespace, names: Sequence[str], folder: Path, preset: str
) -> RunSettings:
    """What a command line asks for.

    Raises:
        ConfigError: options that exclude each other, or a setting that no approach has.
    """
    if options.fresh and (options.resume or options.score_only):
        raise ConfigError("--fresh begins anew; it cannot go with --resume or --score-only.")
    usual = Path("results") / run_name(folder.resolve().name, preset, options)
    return RunSettings(
        folder=options.output or usual,
        budget=budget_of(options, PRESETS[preset]),
        seed=options.seed,
        smoke=PRESETS[preset].smoke,
        overrides=overrides_of(options, names, PRESETS[preset].settings),
        score_only=options.score_only,
        robustness=options.robustness,
        folds=options.folds or 0,
    )


def introduction(
    settings: RunSettings, preset: str, names: Sequence[str], seeds: int, cache_root: Path | None
) -> Iterator[str]:
    """What is about to happen, line by line."""
    state, budget = processes.state(), settings.budget
    device, count = state.device.type, state.num_processes
    yield f"device {device}, {count} process(es) of {processes.set_up_process()} thread(s)"
    limits = (("min", budget.minutes), ("epochs", budget.epochs), ("steps", budget.steps))
    given = ", ".join(f"{value:g} {unit}" for unit, value in limits if value is not None)
    batch = f", batch {budget.batch}" if budget.batch else ""
    yield (
        f"preset {preset}: {given} for each fit{batch}; seed {settings.seed}; results in "
        f"{settings.folder}"
    )
    if budget.minutes is not None:
        minutes = budget.minutes * len(names) * (seeds + settings.folds)
        yield f"at most about {minutes:.0f} min of training in all, predictions aside"
    if cache_root is not None:
        yield f"decoded images are kept in {cache_root}, which may be deleted at any time"
