"""Scores of a trained approach on corrupted copies of images; the processes share them."""

from collections.abc import Sequence
from typing import Any

from approaches import processes
from approaches.base import Approach
from approaches.running.cached_predictions import check_proba
from common.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupt, in_training_augmentation
from common.data import DataSet
from common.masks.postprocess import Postprocess, quantise
from common.metrics import count_pixels, dice
from common.progress import progress
from common.records import Record


def corrupted_rows(
    name: str, approach: Approach, postprocess: Postprocess, images: DataSet, seed: int = 0
) -> list[dict[str, Any]]:
    """Predict every image under every corruption at every severity.

    Args:
        name: of the approach, for the progress.
        approach: fitted.
        postprocess: makes its masks.
        images: labelled; the same for all approaches that are compared.
        seed: of the corruptions' whims.

    Returns:
        On every process, a row for each image, corruption and severity: corruption, severity,
            img_id, tp, fn, dice.
    """
    jobs = [
        (index, kind, severity)
        for index in range(len(images))
        for kind in CORRUPTIONS
        for severity in SEVERITIES
    ]
    part: dict[int, dict[str, Any]] = {}
    what = f"{name}: scoring corrupted images"
    with processes.together(what):
        for job in progress(processes.share(range(len(jobs))), what, show=processes.is_main()):
            index, kind, severity = jobs[job]
            sample = corrupt(images[index], kind, severity, seed)
            proba = check_proba(approach.predict_proba(sample.image), sample.image)
            counts = count_pixels(postprocess.apply(quantise(proba)), sample.mask, sample.ignore)
            row = {
                "corruption": kind,
                "severity": severity,
                "img_id": sample.image_id,
                "tp": counts.tp,
            }
            part[job] = row | {"fn": counts.fn, "dice": dice(counts.tp, counts.fp, counts.fn)}
    return [row for _, row in sorted(processes.join(part).items())]


def met_in_training(records: Sequence[Record]) -> list[str]:
    """The corruptions that an approach has met in training, so that standing them proves less.

    Args:
        records: of the approach and of the members that it uses.

    Returns:
        Names of `CORRUPTIONS`: those of the augmentation (see `in_training_augmentation`), and all
            of them where
        generated scenes were among the crops, since these differ in exposure, contrast, white
        balance, focus, grain, shadow, compression and distance (`common/sample/camera.py`).
    """
    if any(record.config.get("generated_share") for record in records):
        return sorted(CORRUPTIONS)
    return sorted(
        set().union(
            *(in_training_augmentation(record.fit.get("augmentation", [])) for record in records)
        )
    )
