"""Scores of one image, whatever made its mask. Every expected image gets a row; nothing is
averaged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from common import metrics
from common.data import Sample
from common.masks.postprocess import Postprocess

BOUNDARY_TOLERANCE_PX = 2.0


@dataclass(frozen=True)
class ImageScore:
    """Counts and scores of one image; a ratio without a denominator is NaN (see `common.metrics`
    for each policy).
    """

    img_id: int
    tp: int
    fp: int
    fn: int
    tn: int
    dice: float
    iou: float
    precision: float
    recall: float
    area_bias: float
    nsd_2px: float
    object_tp: int
    object_fp: int
    object_fn: int
    dice_at_half: float


def score_image(sample: Sample, levels: np.ndarray, postprocess: Postprocess) -> ImageScore:
    """Compare one quantised probability map with the truth.

    Args:
        sample: the image with its mask and its ignored pixels, which are taken out of both sides.
        levels: (H, W) uint8, the probabilities in steps of 1/255.
        postprocess: makes the mask; the score at a plain 0.5 is kept beside it.
    """
    prediction = postprocess.apply(levels)
    counts = metrics.count_pixels(prediction, sample.mask, sample.ignore)
    plain = metrics.count_pixels(Postprocess(0.5).apply(levels), sample.mask, sample.ignore)
    objects = metrics.object_counts(prediction, sample.mask, sample.ignore)
    return ImageScore(
        img_id=sample.image_id,
        **counts._asdict(),
        dice=metrics.dice(counts.tp, counts.fp, counts.fn),
        iou=metrics.iou(counts.tp, counts.fp, counts.fn),
        precision=metrics.precision(counts.tp, counts.fp),
        recall=metrics.recall(counts.tp, counts.fn),
        area_bias=metrics.area_bias(counts.tp, counts.fp, counts.fn),
        nsd_2px=metrics.surface_distance_score(
            prediction, sample.mask, BOUNDARY_TOLERANCE_PX, sample.ignore
        ),
        object_tp=objects.tp,
        object_fp=objects.fp,
        object_fn=objects.fn,
        dice_at_half=metrics.dice(plain.tp, plain.fp, plain.fn),
    )


def in_order(scores: Sequence[ImageScore], expected_ids: Sequence[int]) -> tuple[ImageScore, ...]:
    """The scores of all expected images, ordered by id.

    Raises:
        ValueError: an image is missing, was scored twice, or was not expected.
    """
    found = sorted(score.img_id for score in scores)
    if found != sorted(expected_ids):
        missing = sorted(set(expected_ids) - set(found))[:10]
        surplus = sorted(
            image_id
            for image_id in set(found)
            if found.count(image_id) > 1 or image_id not in expected_ids
        )
        raise ValueError(
            f"{len(expected_ids)} images must be scored once each; missing {missing}, surplus "
            f"{surplus[:10]}."
        )
    return tuple(sorted(scores, key=lambda score: score.img_id))


def score_table(scores: Sequence[ImageScore]) -> pd.DataFrame:
    """One row for each score, in their order; the columns are the fields of `ImageScore`."""
    columns = [item.name for item in fields(ImageScore)]
    return pd.DataFrame([vars(score) for score in scores], columns=columns)
