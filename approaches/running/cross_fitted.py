"""Trainings on folds of `train`, each scored on the fold that it has not seen, at thresholds that
the other groups of all of them choose: one fold alone may have too few groups for that.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from approaches import processes
from approaches.running.cached_predictions import cached_model
from approaches.running.run import finish_scoring, store_record, tell_failure
from approaches.running.settings import RunSettings
from common.data import Data
from common.masks.postprocess import ThresholdCurve
from common.masks.tuning import cross_fitted_thresholds
from common.records import Record


def score_cross_fitted(
    records: Sequence[Record], folds: Sequence[Data], runs: Sequence[RunSettings]
) -> list[Record]:
    """Score trainings of one approach on their folds; what was scored at the same thresholds
    before stays.

    Args:
        records: of the trainings, with the curves of their images; those that did not come so far
            stay as they are.
        folds: the data of each; no image is in two of them.
        runs: the settings of each.

    Returns:
        The records, stored too.
    """
    thresholds = _thresholds(records, folds)
    for record, fold, settings in zip(records, folds, runs, strict=True):
        if record.status != "unfinished" or record.tuning is None:
            continue
        chosen = {image_id: thresholds[image_id] for image_id in record.tuning.curves}
        if chosen != record.tuning.cross_fitted:
            record.tuning = replace(record.tuning, cross_fitted=chosen)
            record.scores = record.calibration = None
        name = record.approach
        try:
            with processes.together(f"loading {name}"):
                model = cached_model(settings.run, name, record.image_sizes)
            finish_scoring(record, record.tuning, model, fold, settings)
            record.status = "ok"
        except Exception as error:
            tell_failure(record, error)
        store_record(record, settings.run)
    return list(records)


def _thresholds(records: Sequence[Record], folds: Sequence[Data]) -> dict[int, float]:
    """For each image with an object the threshold that other groups choose."""
    levels: tuple[float, ...] = ()
    dice: dict[int, tuple[float, ...]] = {}
    groups: dict[int, str] = {}
    for record, fold in zip(records, folds, strict=True):
        if record.status == "unfinished" and record.tuning is not None:
            levels = record.tuning.thresholds
            dice |= record.tuning.curves
            groups |= fold.tune.groups
    if not dice:
        return {}
    curve = ThresholdCurve(np.array(levels), np.array(list(dice.values())))
    found = cross_fitted_thresholds(curve, [groups[image_id] for image_id in dice])
    return dict(zip(dice, found.tolist(), strict=True))
