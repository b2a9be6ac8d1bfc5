"""Which segmentation approach should I use on my photos? Trains several, compares them, submits
the winner's masks.

    python bench.py                          all approaches on generated sample data: minutes
    python bench.py --data DIR               all approaches on your folder
    accelerate launch bench.py --data DIR    the same on several GPUs or processes
    python bench.py --data DIR --approaches threshold,pixel_lightgbm
    python bench.py --data DIR --epochs 20 --mirror True --save_ds True --batch 16
    python bench.py --data DIR --score-only  score the stored models again
    python bench.py --data DIR --study augmentation,loss
                                             test hypotheses one at a time, see
                                             approaches/studies/hypotheses.py
    python bench.py --list                   which approaches and studies there are

DIR holds train/ and val/, each with images/ and coco_annotations.json, and real_test/ with photos
without labels. It is only read. Everything a run makes lies in results/<run>/ (or --output):
leaderboard.csv and .md, per_image.csv, run.json, models/, records/, submission/, report.html. The
same command continues a run that was interrupted and repeats nothing that was finished. The exit
code is 0 when every approach that could run was completed, 1 when one failed, 2 when the command
or the data cannot be used, 130 after Ctrl-C.
"""

import logging
import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from approaches import TABLE, left_out_notes, names_for, processes
from approaches.base import Budget, ConfigError
from approaches.running.finish import conclude
from approaches.running.launch import mirror
from approaches.running.options import (
    PRESETS,
    budget_of,
    overrides_of,
    parser,
    refuse_beside_study,
    run_name,
)
from approaches.running.resume import RunSettings, check_settings, identity_of
from approaches.running.run import run_approach
from approaches.running.submit import rehearse
from approaches.studies.hypotheses import STUDIES
from approaches.studies.run import (
    exit_code,
    losers,
    prepare_studies,
    run_study,
    studies_for,
    trainings_for,
)
from common.commands import REFUSED, command, started_as
from common.data import Data, load_data
from common.data.check import check_data, format_findings
from common.files import write_whole
from common.leaderboard import Choice
from common.leaderboard.studies import study_text
from common.logs import console_log, log_to
from common.progress import progress
from common.records import describe_run, open_run
from common.sample import generate

log = logging.getLogger("bench")  # by its name: run as a program, the module's is "__main__"
DATA, SAMPLE = Path("data/cig_butts"), Path("data/sample")


def main(words: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = sys.argv[1:] if words is None else words
    options = parser(program or started_as("bench.py")).parse_args(words)
    if options.list:
        for name, entry in TABLE.items():
            print(f"{name:26} {entry.summary}{entry.where()}")
        for name, study in STUDIES.items():
            print(f"--study {name:18} {study.question}")
        return 0
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    with console_log(logging.INFO if processes.is_main() else logging.ERROR):
        if options.mirror:
            log.info("%s", mirror([str(Path(__file__).resolve())], words))
        try:
            with command("the same command continues where it stopped", log.error) as ending:
                ending.code = benchmark(options, words)
        except processes.ApproachFailedError:  # another process has said why
            ending.code = REFUSED
        finally:
            processes.leave()
    return ending.code


def benchmark(options, words: list[str]) -> int:
    """Check the data, run each approach, rank, submit; returns the exit code."""
    if options.study is not None:
        return studies(options)
    start = time.monotonic()
    device = str(processes.state().device.type)
    names = names_for(options.approaches, device)
    overrides = overrides_of(options, names)
    folder = _data_folder(options.data)
    preset = options.preset or ("quick" if folder == SAMPLE else "full")
    budget = budget_of(options, PRESETS[preset])
    run = options.output or Path("results") / run_name(folder.resolve().name, preset, options)
    settings = RunSettings(
        run, budget, options.seed, PRESETS[preset].smoke, overrides, options.score_only
    )
    settings = replace(settings, robustness=options.robustness)
    runs = [
        settings,
        *(_with_seed(settings, options.seed + number) for number in range(1, options.seeds or 1)),
    ]
    if options.fresh and (options.resume or options.score_only):
        raise ConfigError("--fresh begins anew; it cannot go with --resume or --score-only.")
    cache_root = run.parent / "cache" if options.save_ds else None
    _refuse_data_folder(folder, run, cache_root)
    for each in runs:
        check_settings(names, each, continues=not options.fresh)
    if not _checked(folder):
        return 2
    data = _loaded(folder, options.seed, cache_root)
    _opened(data, settings, preset, options.fresh, words)
    log.info(
        "device %s, %d process(es) of %d thread(s)",
        device,
        processes.state().num_processes,
        processes.use_threads(),
    )
    log.info("preset %s: %s; seed %d; results in %s", preset, _said(budget), options.seed, run)
    if budget.minutes is not None:
        log.info(
            "at most about %.0f min of training in all, predictions aside",
            budget.minutes * len(names) * len(runs),
        )
    if cache_root is not None:
        log.info("decoded images are kept in %s, which may be deleted at any time", cache_root)
    for note in [*left_out_notes(options.approaches, device), *data.notes]:
        log.info("%s", note)
    for each in runs:
        _run_all(names, data, each)
    choice, seconds = Choice(options.winner, options.margin), time.monotonic() - start
    earlier = _earlier_seeds(settings, runs)
    return conclude(data, runs, earlier, names, choice, not options.no_report, seconds)


def _run_all(names: list[str], data: Data, settings: RunSettings) -> None:
    """Each approach through its stages, in the order of the names."""
    log.info("all approaches with seed %d", settings.seed)
    for name in names:
        record = run_approach(name, data, settings)
        log.info("%s: %s%s", name, record.status, f" ({record.reason})" if record.reason else "")


def _earlier_seeds(settings: RunSettings, runs: Sequence[RunSettings]) -> list[RunSettings]:
    """Trainings with other seeds that lie in the folder from a command before; they still say what
    they said.
    """
    folders = sorted((settings.folder / "seeds").glob("*"))
    known = {each.seed for each in runs}
    found = [int(folder.name) for folder in folders if folder.name.isdigit()]
    return [_with_seed(settings, seed) for seed in found if seed not in known]


def _with_seed(settings: RunSettings, seed: int) -> RunSettings:
    """The same run, on the same split and in as many steps, from another training seed, in a
    folder below it.
    """
    folder = settings.folder / "seeds" / str(seed)
    return replace(
        settings, folder=folder, seed=seed, measured=False, robustness=0, plans=settings.folder
    )


def studies(options) -> int:
    """Run the studies that are asked for; returns the exit code.

    A table goes to results/studies/ where nothing makes the study another one than it is; else it
    lies beside its runs.
    """
    refuse_beside_study(options)
    names = studies_for(options.study)
    folder, home = _data_folder(options.data), options.output or Path("results") / "studies"
    how = trainings_for(options, home, folder.resolve().name)
    cache_root = home / "cache" if options.save_ds else None
    _refuse_data_folder(folder, home, cache_root)
    if not _checked(folder):
        return 2
    data = _loaded(folder, options.seed, cache_root)
    log.info(
        "device %s, %d thread(s); studies in %s",
        processes.state().device,
        processes.use_threads(),
        home,
    )
    prepare_studies(names, data, how, fresh=options.fresh)
    codes = []
    for name in names:
        table = run_study(name, data, how)
        codes.append(exit_code(table))
        path = (
            home if how.are_usual else how.runs
        ) / f"{folder.resolve().name.replace('_', '-')}-{name}.csv"
        if processes.is_main():
            write_whole(path, table.to_csv(index=False, float_format="%.6g"))
            print(f"\n{STUDIES[name].question}\n\n{study_text(table)}\n\n{path}")
            for said in losers(table):
                print(said)
    return max(codes)


def _refuse_data_folder(folder: Path, *places: Path | None) -> None:
    for place in filter(None, places):
        if place.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"{place} would lie in the data folder {folder}, where nothing is written; give "
                "--output."
            )


def _data_folder(given: Path | None) -> Path:
    """The folder asked for, else the original data set where it lies in its place, else generated
    sample data.
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
    if given is not None or DATA.is_dir():
        return given or DATA
    with processes.together("generating sample data"):
        if processes.is_main() and not SAMPLE.is_dir():
            log.info("no --data and no %s: generating sample data in %s", DATA, SAMPLE)
            generate(SAMPLE)
    return SAMPLE


def _checked(folder: Path) -> bool:
    """Whether the data can be used; the table of findings is printed once."""
    findings = check_data(folder, progress=processes.is_main())
    if processes.is_main():
        print(format_findings(findings, folder), file=sys.stderr)
    return not any(finding.level == "error" for finding in findings)


def _loaded(folder: Path, seed: int, cache_root: Path | None) -> Data:
    """The data, and a look at its template; the main process makes the cache before the others
    open it.
    """

    def show(items):
        return progress(items, "decoding images", show=processes.is_main())

    with processes.together("reading the data"):
        if processes.is_main():
            data = load_data(folder, seed=seed, cache_root=cache_root, progress=show)
            rehearse(data)
    return (
        data
        if processes.is_main()
        else load_data(folder, seed=seed, cache_root=cache_root, progress=show)
    )


def _opened(data: Data, settings: RunSettings, preset: str, fresh: bool, words: list[str]) -> None:
    """The run's folder, its description and its log file."""
    run = settings.folder
    with processes.together("opening the run"):
        if processes.is_main():
            open_run(
                run, identity_of(settings, data.key), fresh=fresh, trains=not settings.score_only
            )
            log_to(logging.FileHandler(run / "log.txt", encoding="utf-8"))
            roles = {role: list(getattr(data, role).ids) for role in ("fit", "tune", "score")}
            groups = {str(image_id): group for image_id, group in data.score.groups.items()}
            others = {role: set(getattr(data, role).groups.values()) for role in ("fit", "tune")}
            state = processes.state()
            describe_run(
                run,
                command=shlex.join(words),
                data=str(data.folder),
                preset=preset,
                notes=data.notes,
                processes=state.num_processes,
                device=str(state.device),
                threads=processes.threads(),
                roles=roles,
                score_groups=groups,
                score_groups_in_train={
                    role: sorted(it & set(groups.values())) for role, it in others.items()
                },
            )


def _said(budget: Budget) -> str:
    parts = {"minutes": "min", "epochs": "epochs", "steps": "steps"}
    said = [
        f"{getattr(budget, name):g} {unit}"
        for name, unit in parts.items()
        if getattr(budget, name) is not None
    ]
    return f"{', '.join(said)} for each fit" + (f", batch {budget.batch}" if budget.batch else "")


if __name__ == "__main__":
    sys.exit(main())
