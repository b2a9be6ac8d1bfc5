"""What is in a data set and what follows for training, as text: `python -m common.describe DATA
[--output FILE.md]`.

The sentences of `notebooks/data_analysis.ipynb` without its pictures: numbers alone, which may be
published.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from common.coco.options import DEFAULT_OPTIONS, ReadOptions, add_read_options, read_options
from common.commands import CommandParser, command, started_as
from common.describe.observation import Observation


def observations_of(
    folder: Path, crop_px: int | None = None, options: ReadOptions = DEFAULT_OPTIONS
) -> list[Observation]:
    """All observations on a data folder, in the order of the notebook.

    Args:
        folder: holds `train/`, `val/` and perhaps `real_test/`.
        crop_px: side of the crops that a training would take; None takes the usual one.
        options: how annotations are read.

    Raises:
        DataError: the folder cannot be used.
    """
    from common.data import load_data
    from common.data.check import check_data
    from common.describe import describe_data_set, describe_photos, similar_images
    from common.describe import object_observations as of_objects
    from common.describe import set_observations as of_sets
    from common.describe.tables import joined
    from common.progress import progress

    crops = of_objects.USUAL if crop_px is None else of_objects.TrainingCrops(crop_px)
    data = load_data(folder, options=options)
    sets = {"train": data.fit.joined(data.tune), "val": data.score}
    bars = {split: partial(progress, what=f"describing {split}") for split in sets}
    measured = {
        split: describe_data_set(data_set, bars[split]) for split, data_set in sets.items()
    }
    images, objects = (
        joined({split: tables[place] for split, tables in measured.items()}) for place in (0, 1)
    )
    by_objects = (
        of_objects.of_positions,
        of_objects.of_shapes,
        of_objects.of_colours,
    )
    return [
        of_sets.of_problems(check_data(folder, options)),
        *of_sets.of_crowd(data.crowd),
        of_objects.of_counts(images, crops),
        of_objects.of_sizes(objects, crops),
        *(observe(objects) for observe in by_objects),
        of_objects.of_contrast(objects),
        of_objects.of_share(images, crops),
        of_sets.of_groups(images),
        of_sets.of_grounds(similar_images(sets)),
        of_sets.of_photos(measured["train"][0], describe_photos(data.photos)),
    ]


def as_markdown(folder: Path, observations: Sequence[Observation]) -> str:
    """The observations with their consequences, a heading for each topic."""
    parts = [f"# What is in {folder.resolve().name}"]
    for one in observations:
        parts.append(
            f"## {one.topic.capitalize()}\n\n{one.found}\n\n*Consequence.* {one.consequence}"
        )
    return "\n\n".join(parts) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = CommandParser(prog=started_as("python -m common.describe"), description=__doc__)
    parser.add_argument(
        "data", type=Path, help="data folder with train/, val/ and perhaps real_test/"
    )
    parser.add_argument("--output", type=Path, help="Markdown file to write instead of printing")
    parser.add_argument(
        "--crop-px",
        type=int,
        help="side of the training crops that the consequences are about (192)",
    )
    add_read_options(parser)
    options = parser.parse_args(words)
    from common.files import write_whole

    with command("nothing was written") as ending:
        observations = observations_of(options.data, options.crop_px, read_options(options))
        text = as_markdown(options.data, observations)
        if options.output is None:
            print(text, end="")
        else:
            write_whole(options.output, text)
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
