"""The models of the winner on all folds of `train` as an approach of its own, with its own row:
what they give together, and what that costs.

Its post-processing is chosen on the whole of `train`, each image predicted by the one model that
has not seen its group; *tune* would not do, since most of the models were trained on it. Photos of
a field are predicted by their mean.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from approaches import members_of, name_of_outside, processes, store
from approaches.base import Config
from approaches.fold_mean import FoldMean
from approaches.running.cached_predictions import CachedPredictor, cached_model
from approaches.running.resume import has_model, is_chosen_on, training_key, unscored
from approaches.running.run import finish_scoring, predict_all, tell_failure
from approaches.running.settings import RunSettings
from common.data import Data, DataSet
from common.data.named_sets import NamedSet
from common.files import whole_folder
from common.leaderboard import Choice, compare_records
from common.masks.field_tuning import tune_on_field
from common.masks.probabilities import image_digest
from common.masks.tuning import Tuning, tune_postprocess
from common.records import Fit, Provenance, Record, read_record, read_records, write_record
from common.records.folder import RunFolder
from common.records.self_description import SelfDescription

log = logging.getLogger(__name__)
PREFIX = "folds_of_"


def run_fold_mean(
    data: Data, folds: Sequence[tuple[RunSettings, Data]], settings: RunSettings, choice: Choice
) -> Record | None:
    """Make, score and measure the mean over folds of the run's winner.

    Args:
        data: of the run.
        folds: the trainings of all folds.
        settings: of the run.
        choice: how the winner is chosen.

    Returns:
        Its record; None where there is no winner, or the winner is incomplete in a fold.
    """
    run, others = settings.run, [one for one, _ in folds]
    singles = [one for one in read_records(run.path) if not one.approach.startswith(PREFIX)]
    comparison = compare_records(singles, data.score.groups, choice)
    if comparison is None:
        return None
    winner = comparison.names[comparison.winner.index]
    trained = [read_record(one.folder, winner) for one in others]
    complete = [one for one in trained if one is not None and one.status == "ok"]
    if len(complete) < len(folds):
        log.warning("no mean over folds: %s is not complete in each of them", winner)
        return None
    name = PREFIX + winner
    made_from = Provenance(
        trainings={f"fold {n}": training_key(one) for n, one in enumerate(complete, start=1)}
    )
    record = read_record(run.path, name)
    if record is None or record.made_from != made_from or not has_model(record, run):
        record = _made(name, winner, complete, made_from, others, run)
    elif settings.score_only or not is_chosen_on(record, settings):
        record = unscored(record)
        if settings.score_only:
            _forget_maps(name, run)
    try:
        with processes.together(name):
            model = cached_model(run, name, record.image_sizes)
            if record.tuning is None:
                for one in settings.fields:
                    predict_all(model, one, f"{name}: predicting {one.name}")
                record.tuning = _tuned(winner, complete, folds, model, settings.fields)
            finish_scoring(record, record.tuning, model, data, settings)
        record.status, record.reason = "ok", ""
    except Exception as error:
        tell_failure(record, error)
    _keep(record, run)
    return record


def _made(
    name: str,
    winner: str,
    trained: Sequence[Record],
    made_from: Provenance,
    folds: Sequence[RunSettings],
    run: RunFolder,
) -> Record:
    """A copy of the models in one folder, and a record of them."""
    key = name_of_outside("approaches.fold_mean:FoldMean")
    _forget_maps(name, run)
    with processes.together(f"collecting the models of {name}"):
        if processes.is_main():
            approach = FoldMean(Config())
            with whole_folder(run.model(name)) as partial:
                for number, one in enumerate(folds, start=1):
                    stored = one.run.model(winner)
                    for source in (stored, *(one.run.model(m) for m in members_of(stored))):
                        shutil.copytree(source, partial / str(number) / source.name)
                approach.places_ = [f"{n}/{winner}" for n in range(1, len(folds) + 1)]
                store(approach, key, partial)
    fits = [one.fit for one in trained if one.fit is not None]
    steps = [one.steps for one in fits if one.steps is not None]
    record = Record(
        name,
        made_from=made_from,
        traits=replace(trained[0].traits, fits_on_all=False),
        image_sizes=trained[0].image_sizes,
        fit=Fit(sum(one.seconds for one in fits), sum(steps) if steps else None),
        description=SelfDescription(f"the {len(folds)} models of `{winner}` on folds of `train`"),
    )
    _keep(record, run)
    return record


def _forget_maps(name: str, run: RunFolder) -> None:
    with processes.together(f"clearing {name}"):
        if processes.is_main():
            shutil.rmtree(run.probabilities(name), ignore_errors=True)


def _keep(record: Record, run: RunFolder) -> None:
    with processes.together(f"storing the record of {record.approach}"):
        if processes.is_main():
            write_record(run.path, record)


def _tuned(
    winner: str,
    trained: Sequence[Record],
    folds: Sequence[tuple[RunSettings, Data]],
    mean: CachedPredictor,
    fields: Sequence[NamedSet],
) -> Tuning:
    """The post-processing that suits the images of `train`, each predicted by the model that has
    not seen its group, and those of the field; the maps lie in the folders of the folds, and in
    that of the run.
    """
    models: list[CachedPredictor] = [
        cached_model(settings.run, winner, record.image_sizes)
        for (settings, _), record in zip(folds, trained, strict=True)
    ]
    if fields:
        unseen_by = {
            image_digest(sample.image): model
            for model, (_, images) in zip(models, folds, strict=True)
            for sample in images.score
        }

        def predict(image: np.ndarray) -> np.ndarray:
            return unseen_by.get(image_digest(image), mean).quantised(image)

        train = reduce(DataSet.joined, (images.score for _, images in folds))
        return tune_on_field(predict, train, fields, trained[0].image_sizes)
    groups = [images.score.groups[image] for _, images in folds for image in images.score.ids]

    def maps() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for model, (_, images) in zip(models, folds, strict=True):
            for sample in images.score:
                yield model.quantised(sample.image), sample.mask, sample.ignore

    return tune_postprocess(maps, groups)
