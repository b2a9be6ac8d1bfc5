"""One approach in one run: fit, tune, score. Each stage leaves its result in the run's
folder and is not done again when it is there; a raise becomes the reason of a failed row, and the
other approaches go on.
"""

import json
import logging
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from approaches import describe_stored, description_of, load, members_of, processes, store
from approaches.base import RequirementMissingError
from approaches.predictors import CachedPredictor
from approaches.running.cached_predictions import cached_member, cached_model
from approaches.running.corrupted import corrupted_scores
from approaches.running.named_sets import score_sets
from approaches.running.resume import has_model, reconciled
from approaches.running.settings import RunSettings, prepared
from approaches.segmenter import Segmenter
from common.analysis.calibration import calibration_counts
from common.data import Data, DataSet
from common.data.groups import spread
from common.data.named_sets import NamedSet, Photo
from common.files import whole_folder, write_whole
from common.json_files import read_counts
from common.masks.evaluate import ImageScore, in_order, score_image
from common.masks.field_tuning import tune_on_field
from common.masks.postprocess import Postprocess, ThresholdCurve, threshold_curve
from common.masks.tuning import Tuning, tune_postprocess
from common.progress import progress, waiting
from common.records import Fit, Record, Robustness, read_record, write_record
from common.records.description import RunMismatchError
from common.records.folder import RunFolder
from common.scale import image_sizes

log = logging.getLogger(__name__)


def run_approach(name: str, data: Data, settings: RunSettings) -> Record:
    """Take one approach through its stages; its record is returned and stored, whatever happens.
    Where thresholds are cross-fitted, `score_cross_fitted` takes the last one.

    Raises:
        RunMismatchError: the folder has this approach with other settings.
        KeyboardInterrupt: passed on; what was finished stays.
    """
    run = settings.run
    record = read_record(run.path, name) or Record(name)
    try:
        with processes.together(name):
            record = reconciled(record, settings)
            _fit(record, data, settings)
            with processes.together(f"loading {name}"):
                model = cached_model(run, name, record.image_sizes)
            tuning = _tune(record, model, data.tune, settings)
            record.status, record.reason = "unfinished", ""
            if not settings.cross_fitted:
                finish_scoring(record, tuning, model, data, settings)
                record.status = "ok"
    except RunMismatchError:
        raise
    except Exception as error:
        tell_failure(record, error)
    store_record(record, run)
    return record


def tell_failure(record: Record, error: Exception) -> None:
    """Why an approach did not come to its end: what it needs is missing, or it failed."""
    if isinstance(error, RequirementMissingError):
        record.status, record.reason = "skipped", str(error)
    else:
        record.status, record.reason = "failed", f"{type(error).__name__}: {error}"
        log.error("%s failed:\n%s", record.approach, traceback.format_exc().rstrip())


def finish_scoring(
    record: Record, tuning: Tuning, model: CachedPredictor, data: Data, settings: RunSettings
) -> None:
    """All stages after the post-processing is chosen; what the record has is not done again."""
    run = settings.run
    _score(record, tuning, model, data.score, run)
    if settings.robustness:
        _corrupt(record, tuning.postprocess, data.score, settings)
    sets = () if settings.plans else settings.sets  # once is enough
    if score_sets(record, tuning.postprocess, model, sets):
        store_record(record, run)


def store_record(record: Record, run: RunFolder) -> None:
    """Write a record; one process does, and the others wait."""
    with processes.together(f"storing the record of {record.approach}"):
        if processes.is_main():
            write_record(run.path, record)


def _fit(record: Record, data: Data, settings: RunSettings) -> None:
    name, run = record.approach, settings.run
    if has_model(record, run):
        log.info("%s: trained before", name)
        return
    if settings.score_only:
        raise RequirementMissingError(
            f"no trained model in {run.model(name)}; run without --score-only first"
        )
    log.info("%s: training", name)
    store_record(record, run)  # a continued training must know the settings with which it began
    seconds = 0.0
    with processes.together(f"training {name}"):
        members = {member: cached_member(run, member) for member in record.made_from.members}
        approach = prepared(name, settings, members)
        approach.fields = settings.fields
        if approach.traits.fits_on_all or processes.is_main():
            start, folder = time.monotonic(), run.training(name)
            if settings.plans and processes.is_main():
                _follow(RunFolder(settings.plans).plan(name), run.plan(name))
            approach.fit(
                data.fit, data.tune, budget=settings.budget, seed=settings.seed, folder=folder
            )
            seconds = time.monotonic() - start
        if processes.is_main():
            with whole_folder(run.model(name)) as partial:
                store(approach, name, partial)
    report = approach.report_
    record.traits = approach.traits
    record.image_sizes = report.image_sizes or image_sizes(data.fit.own_shapes)
    seconds = seconds if report.seconds is None else report.seconds
    used = sum(_fit_of(run, member).seconds for member in approach.members)
    record.fit = Fit(seconds + used, report.steps, report.resumes, report.notes)
    record.description = describe_stored(name, record.config, record.fit)
    store_record(record, run)


def _fit_of(run: RunFolder, name: str) -> Fit:
    """The fit of a member, which is complete."""
    record = read_record(run.path, name)
    if record is None or record.fit is None:
        raise RequirementMissingError(f"{name} has no complete training in {run.path}")
    return record.fit


def _follow(other: Path, plan: Path) -> None:
    """Train by the plan of another training, if there was one, instead of measuring the speed
    again; its steps stay, however long they take.

    Raises:
        DamagedFileError: the other one is damaged, which is told where it lies and not copied.
    """
    if other.is_file() and not plan.exists():
        expected = (
            "the plan of a training is expected. Delete the file; the same command then measures "
            "again how far the time goes."
        )
        counts = ("steps", "round_steps", "images")
        followed = read_counts(other, counts, expected) | {"minutes": None}
        write_whole(plan, json.dumps(followed, indent=1) + "\n")


def predict_all(model: CachedPredictor, data_set: DataSet | NamedSet, what: str) -> None:
    """Have the maps of all images on disk; the processes share those that are missing."""
    with processes.together(what):
        mine = processes.share(range(len(data_set)))
        for index in progress(mine, what, show=processes.is_main()):
            found = data_set[index]
            model.quantised(found.sample.image if isinstance(found, Photo) else found.image)


def _tune(
    record: Record, model: CachedPredictor, tune_set: DataSet, settings: RunSettings
) -> Tuning:
    """Choose the post-processing; what was chosen before stands."""
    if record.tuning is not None and (record.tuning.curves or not settings.cross_fitted):
        return record.tuning
    predict_all(model, tune_set, f"{record.approach}: predicting tune")
    fields = settings.fields
    for one in fields:
        predict_all(model, one, f"{record.approach}: predicting {one.name}")
    groups = [tune_set.groups[image_id] for image_id in tune_set.ids]

    def maps() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        return ((model.quantised(s.image), s.mask, s.ignore) for s in tune_set)

    what = f"{record.approach}: tuning"
    with processes.together(what), waiting(what, show=processes.is_main()):
        if fields:
            tuning = tune_on_field(model.quantised, tune_set, fields, record.image_sizes)
        elif settings.cross_fitted:
            tuning = _with_curves(threshold_curve(maps()), tune_set)
        else:
            tuning = tune_postprocess(maps, groups)
    record.tuning = tuning
    store_record(record, settings.run)
    return tuning


def _with_curves(curve: ThresholdCurve, tune_set: DataSet) -> Tuning:
    """The threshold of all of *tune*, and the curve of each of its images."""
    visible = [sample.image_id for sample in tune_set if (sample.mask & ~sample.ignore).any()]
    return Tuning(
        Postprocess(curve.choose([tune_set.groups[image_id] for image_id in visible])),
        tuple(curve.thresholds.tolist()),
        tuple(curve.mean().tolist()),
        curves=dict(zip(visible, map(tuple, curve.dice.tolist()), strict=True)),
    )


def _score(
    record: Record, tuning: Tuning, model: CachedPredictor, score_set: DataSet, run: RunFolder
) -> None:
    if record.scores is not None:
        return
    chosen = tuning.postprocess
    part: dict[int, tuple[ImageScore, np.ndarray]] = {}
    what = f"{record.approach}: scoring"
    with processes.together(what):
        mine = processes.share(range(len(score_set)))
        for index in progress(mine, what, show=processes.is_main()):
            sample = score_set[index]
            threshold = tuning.cross_fitted.get(sample.image_id, chosen.threshold)
            levels = model.quantised(sample.image)
            counts = calibration_counts(levels, sample.mask, sample.ignore)
            postprocess = replace(chosen, threshold=threshold)
            postprocess = postprocess.for_photo(sample.image.shape, record.image_sizes)
            score = score_image(sample, levels, postprocess)
            part[sample.image_id] = score, counts
    scores, counts_of_images = zip(*processes.join(part).values(), strict=True)
    record.scores = in_order(scores, score_set.ids)
    record.calibration = tuple(map(tuple, np.sum(counts_of_images, axis=0).tolist()))
    store_record(record, run)


def _corrupt(
    record: Record, postprocess: Postprocess, score_set: DataSet, settings: RunSettings
) -> None:
    """Score corrupted copies of some images, the same for every approach; their maps are not
    kept.
    """
    run, name = settings.run, record.approach
    known = record.robustness
    if known is not None and known.images == settings.robustness:
        rows = known.rows
    else:
        chosen = score_set.subset(spread(score_set, settings.robustness))
        with processes.together(f"loading {name}"):
            model = load(run.model(name))
            segmenter = Segmenter(model, postprocess, name, record.image_sizes)
        rows = tuple(corrupted_scores(segmenter, chosen))
    members = [read_record(run.path, member) for member in members_of(run.model(name))]
    record.robustness = Robustness(settings.robustness, corruptions_met([record, *members]), rows)
    store_record(record, run)


def corruptions_met(records: Sequence[Record | None]) -> tuple[str, ...]:
    """The corruptions that an approach has met in training, itself or in the members it uses."""
    met = (description_of(record).corruptions_met for record in records if record is not None)
    return tuple(sorted(set().union(*met)))
