"""`--folds K`: every approach is trained on K parts of `train` too, and each image of `train` is
scored by the one model that has seen nothing of its group. It answers for all groups of `train`
what *tune* answers for a few, and *tune* only after choices were made there.
"""

import logging
from dataclasses import replace

import numpy as np

from approaches.base import ConfigError
from approaches.running.settings import RunSettings
from common.coco import DataError, has_object
from common.data import Data, DataSet
from common.data.groups import split_groups
from common.data.sets import TUNE_SHARE
from common.records.folder import RunFolder

log = logging.getLogger(__name__)


def whole_train(data: Data) -> DataSet:
    """The images of `train`: *fit* without what was added to it, and *tune*."""
    own = [image_id for image_id in data.fit.ids if image_id not in data.added]
    return data.fit.subset(own).joined(data.tune)


def group_folds(train: DataSet, count: int) -> list[tuple[list[int], list[int]]]:
    """Pairs of image ids, the other folds' and a fold's own, that never divide a group.

    Args:
        train: labelled images of at least as many groups as there are folds.
        count: of folds.
    """
    groups = [train.groups[image_id] for image_id in train.ids]
    ids = np.array(train.ids)
    from sklearn.model_selection import GroupKFold  # takes a second to import

    parts = GroupKFold(count).split(ids, groups=groups)
    return [(ids[others].tolist(), ids[own].tolist()) for others, own in parts]


def folds_to_score(data: Data, count: int, seed: int) -> list[Data]:
    """For each fold of `train` the data with the fold as the images to score, and the others
    divided into *fit* and *tune* as usual.

    Args:
        data: of the run.
        count: of folds.
        seed: of the division into *fit* and *tune*.

    Raises:
        ConfigError: `train` has too few groups.
        DataError: a part shows no object.
    """
    train = whole_train(data)
    groups = len(set(train.groups.values()))
    if count > groups - 2:
        raise ConfigError(
            f"--folds {count}: train has {groups} group(s); beside each fold that is left out, at "
            f"least one is needed to train on and one to tune on. Give at most {groups - 2}."
        )
    found = []
    for number, (others, own) in enumerate(group_folds(train, count), start=1):
        rest, held_out = train.subset(others), train.subset(own)
        showing = [entry.image_id for entry in rest.entries if has_object(entry)]
        split = split_groups(rest.groups, share=TUNE_SHARE, seed=seed, with_objects=showing)
        fit, tune = rest.subset(split.fit_ids), rest.subset(split.tune_ids)
        for role, images in (("fit", fit), ("tune", tune), ("the fold itself", held_out)):
            if not any(map(has_object, images.entries)):
                raise DataError(
                    f"fold {number} of {count} leaves none of its {len(images)} images of {role} "
                    "with an object; annotate objects in more groups of train, or give fewer "
                    "--folds."
                )
        if data.added:
            fit = fit.joined(data.fit.subset(sorted(data.added)))
        for warning in split.warnings:
            log.warning("fold %d of %d: %s", number, count, warning)
        found.append(replace(data, fit=fit, tune=tune, score=held_out, photos=()))
    return found


def fold_settings(settings: RunSettings) -> list[RunSettings]:
    """How each fold is trained: as the run itself, in as many steps, in a folder below it."""
    return [
        replace(
            settings,
            folder=folder.path,
            robustness=0,
            plans=settings.folder,
            sets=settings.fields,
        )
        for folder in settings.run.folds(settings.folds)
    ]


def in_folds(data: Data, settings: RunSettings) -> list[tuple[RunSettings, Data]]:
    """The trainings of all folds that a run asks for, perhaps none."""
    if not settings.folds:
        return []
    folds = folds_to_score(data, settings.folds, settings.seed)
    return list(zip(fold_settings(settings), folds, strict=True))


def folds_of_run(settings: RunSettings) -> list[RunFolder]:
    """The folders of the folds that a run asks for, else of the most that it was ever divided
    into.
    """
    return settings.run.folds(settings.folds or max(settings.run.fold_counts(), default=0))
