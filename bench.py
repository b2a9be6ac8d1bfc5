"""Which segmentation approach should I use on my photos? Trains several, compares them, submits
the winner's masks.

    python bench.py                          all approaches on generated sample data: minutes
    python bench.py --data DIR               all approaches on your folder
    accelerate launch bench.py --data DIR    the same on several GPUs or processes
    python bench.py --data DIR --approaches threshold,pixel_lightgbm
    python bench.py --data DIR --epochs 20 --mirror True --save_ds True --batch 16
    python bench.py --data DIR --score-only  score the stored models again
    python bench.py --data DIR --test street=PHOTOS
                                             score all of them on labelled photos of elsewhere too
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

import argparse
import atexit
import gc
import logging
import os
import sys
import time
from pathlib import Path

from approaches import TABLE, left_out_notes, names_for
from approaches.running.launch import is_first, launch_all, launched
from approaches.running.options import DATA, SAMPLE, parser, refuse_mistyped
from approaches.running.sample_data import SampleDrawing
from approaches.studies import STUDIES
from approaches.studies.hypotheses import studies_for
from common.coco.options import read_options
from common.commands import REFUSED, command, started_as
from common.leaderboard.choice import Choice
from common.logs import console_log
from common.progress import overall

log = logging.getLogger("bench")  # by its name: run as a program, the module's is "__main__"


def main(words: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = sys.argv[1:] if words is None else words
    options = parser(program or started_as("bench.py")).parse_args(words)
    if options.list:
        print(_listed())
        return 0
    with command("nothing was begun") as ending:
        if options.study is None:
            refuse_mistyped(options)
        else:
            studies_for(options.study)
        launch_all()
    return ending.code or _run(options, words)


def _listed() -> str:
    """The approaches and the studies, a line each."""
    approaches = [f"{name:26} {entry.summary}{entry.where()}" for name, entry in TABLE.items()]
    studies = [f"--study {name:18} {study.question}" for name, study in STUDIES.items()]
    return "\n".join([*approaches, *studies])


def _run(options: argparse.Namespace, words: list[str]) -> int:
    """Run the benchmark with its log; only from here on is torch needed, which takes seconds."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    # at its end the interpreter would look through all objects, for more than a second
    atexit.register(gc.freeze)
    with console_log(logging.INFO if is_first() else logging.ERROR), SampleDrawing() as sample:
        with command("nothing was begun", log.error) as ending:
            becomes_launcher = options.mirror and not launched()
            if is_first() and options.data is None and not DATA.is_dir() and not becomes_launcher:
                sample.begin()
            from approaches import processes
            from approaches.running.launch import mirror
            from common.records.lock import release_all

            if options.mirror:
                log.info("%s", mirror([str(Path(__file__).resolve())], words))
        if ending.code:
            return ending.code
        try:
            resumed = "the same command continues where it stopped"
            # the drawing ends first, so that a refusal is the last line
            with command(resumed, log.error) as ending, sample:
                ending.code = benchmark(options, words, sample)
        except processes.ApproachFailedError:  # another process has said why
            ending.code = REFUSED
        finally:
            release_all()
            processes.leave()
    return ending.code


def benchmark(options: argparse.Namespace, words: list[str], sample: SampleDrawing) -> int:
    """Check the data, run each approach, rank, submit; returns the exit code."""
    from approaches import processes
    from approaches.network.trackers import track_with
    from approaches.running import start as beginning
    from approaches.running.cost import CostProcess, begin_early, measure_costs
    from approaches.running.finish import finish
    from approaches.running.fold_mean import run_fold_mean
    from approaches.running.folds import in_folds
    from approaches.running.learned import learned_of_fields
    from approaches.running.named_sets import announce_sets, loaded_sets, with_sets
    from approaches.running.resume import check_settings
    from approaches.running.run import run_approach
    from approaches.running.settings import earlier_seeds, further_seeds
    from common.data.named_sets import set_sources

    track_with([name.strip() for name in options.log_with.split(",") if name.strip()])
    if options.study is not None:
        from approaches.studies.command import run_studies

        return run_studies(options, sample)
    start = time.monotonic()
    device = str(processes.state().device.type)
    names, sources = (
        names_for(options.approaches, device),
        set_sources(options.test, options.field),
    )
    folder = beginning.data_folder(options.data)
    preset = options.preset or ("quick" if folder == SAMPLE else "full")
    settings = beginning.settings_of(options, names, folder, preset)
    runs = [settings, *further_seeds(settings, options.seeds or 1)]
    cache_root = settings.folder.parent / "cache" if options.save_ds else None
    for place in (folder, *(source.folder for source in sources)):
        beginning.refuse_data_folder(place, settings.folder, cache_root)
    for each in runs:
        check_settings(names, each, continues=not options.fresh)
    as_asked = read_options(options)
    beginning.draw_missing(folder, sample)
    if not beginning.is_usable(folder, as_asked, sources):
        return REFUSED
    learned = learned_of_fields(sources, folder, as_asked, options.learn_field, options.seed)
    added = (options.backgrounds, learned.entries)
    data = beginning.loaded(folder, as_asked, options.seed, cache_root, *added)
    sets = loaded_sets(sources, as_asked, data, learned.ids)
    beginning.open_with_log(data, settings, preset, options.fresh, words)
    for line in beginning.introduction(settings, preset, names, len(runs), cache_root):
        log.info("%s", line)
    for note in [*left_out_notes(options.approaches, device), *data.notes]:
        log.info("%s", note)
    announce_sets(sets, settings.run)
    runs = with_sets(runs, sets)
    folds = in_folds(data, runs[0])
    trainings = [*((each, data) for each in runs), *folds]
    seconds: list[float] = []
    briefly = preset != "full"
    with CostProcess() as timing:
        for each, images in trainings:
            log.info("all approaches with seed %d in %s", each.seed, each.folder)
            for name in names:
                if len(seconds) == len(names) * len(trainings) - 1:  # the last one
                    begin_early(timing, settings.run, names)
                began = time.monotonic()
                record = run_approach(name, images, each)
                seconds.append(time.monotonic() - began)
                reason = f" ({record.reason})" if record.reason else ""
                planned = 60 * (each.budget.minutes or 0)
                so_far = overall(seconds, len(names) * len(trainings), planned)
                log.info("%s: %s%s; %s", name, record.status, reason, so_far)
        measure_costs([settings.run], data.score, briefly=briefly, process=timing)
    choice = Choice(options.winner, options.margin)
    if folds:
        together = run_fold_mean(data, folds, runs[0], choice)
        names += [together.approach] if together is not None else []
        measure_costs([settings.run], data.score, briefly=briefly)
    earlier = earlier_seeds(settings, runs)
    spent = time.monotonic() - start
    return finish(data, runs, earlier, names, choice, not options.no_report, spent)


if __name__ == "__main__":
    sys.exit(main())
