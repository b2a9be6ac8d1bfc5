"""A stored model on labelled images of another folder: `python -m approaches.score RUN --data DIR
[--split val]`, or `--test NAME=DIR` for photos with boxes alone or without objects too.

It answers how far a model carries that was trained elsewhere, on other photos or on generated
ones. Nothing is chosen here: the post-processing is the one that the run chose on its own *tune*.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from approaches.predict import add_scale
from common.coco.options import add_read_options, read_options
from common.commands import CommandParser, command, started_as


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = CommandParser(
        prog=started_as("python -m approaches.score"), description=__doc__.splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="folder of a finished run")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", type=Path, help="folder with SPLIT/images and its annotations")
    what.add_argument(
        "--test",
        metavar="NAME=DIR[:SPLIT]",
        help="labelled photos by name: objects found, missed and invented; boxes alone will do",
    )
    parser.add_argument("--split", default="val", help="train or val (val)")
    parser.add_argument("--approach", help="the winner of the run unless given")
    add_scale(parser)
    parser.add_argument("--output", type=Path, help="CSV for the scores image by image")
    add_read_options(parser)
    options = parser.parse_args(words)
    with command("nothing was written") as ending:
        if options.test is None:
            _score(options)
        else:
            _score_set(options)
    return ending.code


def _score(options: argparse.Namespace) -> None:
    """Score the model, and write and print what it came to."""
    from common.coco import read_entries
    from common.data.check_split import require_sound

    how, folder = read_options(options), options.data / options.split
    found = require_sound(folder, how, progress=True)
    print(found, end="\n\n" if found else "", file=sys.stderr)
    entries = read_entries(folder, how)
    from approaches import processes
    from approaches.segmenter import Segmenter
    from approaches.stored.scoring import score, summary_line
    from common.csv_files import write_table
    from common.data import DataSet
    from common.data.groups import describe_groups, group_images

    processes.set_up_process()
    groups = dict(zip((entry.image_id for entry in entries), group_images(entries), strict=True))
    segmenter = Segmenter.load(options.run, options.approach, options.scale)
    table = score(segmenter, DataSet(entries, groups))
    if options.output:
        write_table(options.output, table)
    print(f"{table['approach'][0]} on {folder}, {describe_groups(groups)}:\n{summary_line(table)}")


def _score_set(options: argparse.Namespace) -> None:
    """The same on a named set."""
    from common.data.check_set import require_sound_set
    from common.data.named_sets import load_set, set_source

    how, source = read_options(options), set_source(options.test, "test")
    found = require_sound_set(source, how, progress=True)
    print(found, end="\n\n" if found else "", file=sys.stderr)
    from approaches import processes
    from approaches.segmenter import Segmenter
    from approaches.stored.scoring import score_set
    from common.analysis.set_scores import summary_of
    from common.csv_files import write_table
    from common.leaderboard.named_sets import measures_line

    processes.set_up_process()
    segmenter = Segmenter.load(options.run, options.approach, options.scale)
    images = load_set(source, how, [])
    table = score_set(segmenter, images)
    if options.output:
        write_table(options.output, table)
    print(f"{segmenter.name} on {images.notes[0]}:\n{measures_line(summary_of(table))}")


if __name__ == "__main__":
    sys.exit(main())
