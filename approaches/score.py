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
from approaches.predict import stored_model, trained
from common.coco import DataError, read_entries
from common.commands import command, started_as
from common.data import DataSet
from common.data.groups import describe_groups, group_images
from common.files import write_whole
from common.masks.evaluate import score_image, score_table
from common.masks.postprocess import Postprocess, quantise
from common.metrics import summarise, with_objects
from common.progress import progress
from common.statistics import mean_intervals


def score(run: Path, approach: str | None, data_set: DataSet) -> pd.DataFrame:
    """One row for each image, as in a run's per_image.csv.

    Args:
        run: folder of a run.
        approach: one of its approaches; None takes its winner.
        data_set: labelled images, of any folder.

    Raises:
        ConfigError: the run has no winner, no complete approach of that name, or its model cannot
            be read.
        DataError: no image shows an object.
    """
    record = trained(run, approach)
    if not any((sample.mask & ~sample.ignore).any() for sample in data_set):
        raise DataError(
            f"none of the {len(data_set)} images to score has an object outside ignored pixels; a "
            "mean Dice needs one. Annotate some, or give another --data or --split."
        )
    model, postprocess = stored_model(run, record.approach), Postprocess(**record.postprocess)
    scores = [
        score_image(sample, quantise(model.predict_proba(sample.image)), postprocess)
        for sample in progress(data_set, f"{record.approach}: scoring")
    ]
    table = score_table(scores, data_set.ids)
    return table.assign(approach=record.approach, group=table["img_id"].map(data_set.groups))


def said(table: pd.DataFrame) -> str:
    """Mean Dice with its interval over groups, and the other means of a per-image table."""
    shown = with_objects(table)
    means = summarise(table)
    parts = [
        f"{name} {means[name]:.4f}"
        for name in ("dice_global", "precision", "recall", "area_bias", "nsd_2px")
    ]
    parts += [
        f"object_{name} {means['object_' + name]:.4f}" for name in ("precision", "recall", "f1")
    ]
    bounds = mean_intervals(shown[["dice"]].to_numpy(float).T, groups=shown["group"].tolist())
    half = shown["dice_at_half"].mean()
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
    parser.add_argument("--output", type=Path, help="CSV for the scores image by image")
    options = parser.parse_args(words)
    processes.use_threads()
    with command("nothing was written") as ending:
        entries = read_entries(options.data / options.split)
        groups = dict(
            zip((entry.image_id for entry in entries), group_images(entries), strict=True)
        )
        table = score(options.run, options.approach, DataSet(entries, groups))
        if options.output:
            write_whole(options.output, table.to_csv(index=False, float_format="%.6g"))
        print(
            f"{table['approach'][0]} on {options.data / options.split}, "
            f"{describe_groups(groups)}:\n{said(table)}"
        )
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
