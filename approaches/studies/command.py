"""`bench.py --study NAMES`: run studies instead of a benchmark."""

import argparse
import logging
from pathlib import Path

from approaches import processes
from approaches.running.options import refuse_beside_study
from approaches.running.sample_data import SampleDrawing
from approaches.running.start import (
    data_folder,
    draw_missing,
    is_usable,
    loaded,
    refuse_data_folder,
)
from approaches.studies.hypotheses import STUDIES, studies_for
from approaches.studies.run import (
    exit_code,
    losers,
    prepare_studies,
    run_study,
    trainings_for,
    what_it_can_show,
)
from common.coco import read_options
from common.commands import REFUSED
from common.csv_files import write_table
from common.leaderboard.studies import study_text

log = logging.getLogger(__name__)


def run_studies(options: argparse.Namespace, sample: SampleDrawing) -> int:
    """Run the studies that are asked for; returns the exit code.

    A table goes to results/studies/ where nothing makes the study another one than it is; else it
    lies beside its runs.
    """
    refuse_beside_study(options)
    names = studies_for(options.study)
    folder, home = data_folder(options.data), options.output or Path("results") / "studies"
    how = trainings_for(options, home, folder.resolve().name)
    cache_root = home / "cache" if options.save_ds else None
    refuse_data_folder(folder, home, cache_root)
    as_asked = read_options(options)
    draw_missing(folder, sample)
    if not is_usable(folder, as_asked):
        return REFUSED
    data = loaded(folder, as_asked, options.seed, cache_root)
    threads = processes.set_up_process()
    device = processes.state().device
    log.info("device %s, %d thread(s); studies in %s", device, threads, home)
    prepare_studies(names, data, how, fresh=options.fresh)
    stem = folder.resolve().name.replace("_", "-")
    if processes.is_main():
        for name in names:
            print(what_it_can_show(name, data, how, (home, how.runs), stem))
    codes = []
    for name in names:
        table = run_study(name, data, how)
        codes.append(exit_code(table))
        tables = home if how.are_usual else how.runs
        path = tables / f"{stem}-{name}.csv"
        if processes.is_main():
            write_table(path, table)
            print(f"\n{STUDIES[name].question}\n\n{study_text(table)}\n\n{path}")
            for reason in losers(table):
                print(reason)
    return max(codes)
