"""A model on labelled images of any folder, scored as a run scores its own."""

import pandas as pd

from approaches.segmenter import Segmenter
from common.coco import DataError
from common.data import DataSet
from common.data.named_sets import NamedSet
from common.masks.evaluate import in_order, score_image, score_table
from common.masks.found_objects import score_photo, set_score_table
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


def score_set(segmenter: Segmenter, images: NamedSet) -> pd.DataFrame:
    """One row for each photo of a named set, as in a run's per_image_<NAME>.csv.

    Args:
        segmenter: whose masks are scored.
        images: with outlines, boxes alone or without any object.

    Raises:
        ProbabilityError: the model gave no probabilities for an image.
    """
    scores = []
    for index in progress(range(len(images)), f"{segmenter.name}: scoring {images.name}"):
        photo = images[index]
        image = photo.sample.image
        levels = segmenter.quantised(image)
        scores.append(score_photo(photo, levels, segmenter.postprocess_of(image)))
    table = set_score_table(scores)
    return table.assign(approach=segmenter.name)


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
