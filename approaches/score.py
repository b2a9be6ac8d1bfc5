"""A stored model on labelled images of another folder: `python -m approaches.score RUN --data DIR
[--split val]`.

It answers how far a model carries that was trained elsewhere, on other photos or on generated
ones. Nothing is chosen here: the post-processing is the one that the run chose on its own *tune*.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from approaches import processes
from approaches.segmenter import Segmenter, add_scale
from common.coco import DataError, add_read_options, read_entries, read_options
from common.commands import command, started_as
from common.data import DataSet
from common.data.groups import describe_groups, group_images
from common.files import write_whole
from common.masks.evaluate import in_order, score_image, score_table
from common.metrics import summarise, with_objects
from common.progress import progress
from common.statistics import mean_intervals


def score(segmenter: Segmenter, data_set: DataSet) -> pd.DataFrame:
    """One row for each image, as in a run's per_image.csv.

    Args:
        segmenter: whose masks are scored.
        data_set: labelled images, of any folder.

    Raises:
        DataError: no image shows an object.
        ProbabilityError: the model gave no probabilities for an image.
    """
    if not any((sample.mask & ~sample.ignore).any() for sample in data_set):
        raise DataError(
            f"none of the {len(data_set)} images to score has an object outside ignored pixels; a "
            "mean Dice needs one. Annotate some, or give another --data or --split."
        )
    scores = [
        score_image(
            sample,
            segmenter.quantised(sample.image),
            segmenter.postprocess_of(sample.image),
        )
        for sample in progress(data_set, f"{segmenter.name}: scoring")
    ]
    table = score_table(in_order(scores, data_set.ids))
    groups = table["img_id"].map(data_set.groups)
    return table.assign(approach=segmenter.name, group=groups)


def summary_line(table: pd.DataFrame) -> str:
    """Mean Dice with its interval over groups, and the other means of a per-image table."""
    visible = with_objects(table)
    means = summarise(table)
    parts = [
        f"{name} {means[name]:.4f}"
        for name in ("dice_global", "precision", "recall", "area_bias", "nsd_2px")
    ]
    parts += [
        f"object_{name} {means['object_' + name]:.4f}" for name in ("precision", "recall", "f1")
    ]
    bounds = mean_intervals(visible[["dice"]].to_numpy(float).T, groups=visible["group"].tolist())
    half = visible["dice_at_half"].mean()
    return (
        f"dice_mean {means['dice_mean']:.4f} (95 % interval {bounds.lower[0]:.4f} to "
        f"{bounds.upper[0]:.4f}; at a threshold of 0.5 {half:.4f}), {', '.join(parts)}"
    )


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=started_as("python -m approaches.score"), description=__doc__.splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with SPLIT/images and its annotations"
    )
    parser.add_argument("--split", default="val", help="train or val (val)")
    parser.add_argument("--approach", help="the winner of the run unless given")
    add_scale(parser)
    parser.add_argument("--output", type=Path, help="CSV for the scores image by image")
    add_read_options(parser)
    options = parser.parse_args(words)
    processes.use_threads()
    with command("nothing was written") as ending:
        entries = read_entries(options.data / options.split, read_options(options))
        groups = dict(
            zip((entry.image_id for entry in entries), group_images(entries), strict=True)
        )
        segmenter = Segmenter.load(options.run, options.approach, options.scale)
        table = score(segmenter, DataSet(entries, groups))
        if options.output:
            write_whole(options.output, table.to_csv(index=False, float_format="%.6g"))
        print(
            f"{table['approach'][0]} on {options.data / options.split}, "
            f"{describe_groups(groups)}:\n{summary_line(table)}"
        )
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
