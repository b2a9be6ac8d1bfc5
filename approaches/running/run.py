"""One approach in one run: fit, tune, score, measure. Each stage leaves its result in the run's
folder and is not done again when it is there; a raise becomes the reason of a failed row, and the
other approaches go on.
"""

import logging
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from approaches import load, members_of, processes, store
from approaches.base import Approach, RequirementMissingError
from approaches.running.cached_predictions import Remembered
from approaches.running.corrupted import corrupted_rows, met_in_training
from approaches.running.cost import measure
from approaches.running.resume import RunSettings, has_model, model_folder, opened, prepared
from common.analysis.calibration import calibration_counts
from common.data import Data, DataSet
from common.data.groups import spread
from common.files import whole_folder, write_whole
from common.masks.evaluate import ImageScore, score_image, score_table
from common.masks.postprocess import Postprocess, ThresholdCurve, threshold_curve
from common.masks.probabilities import ProbabilityMaps
from common.masks.tuning import cross_fitted_thresholds, tune_postprocess
from common.progress import progress
from common.records import Record, RunMismatchError, read_record, write_record

log = logging.getLogger(__name__)


def remembered(run: Path, name: str) -> Remembered:
    """The stored model of an approach, with what it predicted in this run before."""

    def remembering(member: str, approach: Approach) -> Remembered:
        return Remembered(approach, ProbabilityMaps(run / "probabilities" / member))

    return remembering(name, load(model_folder(run, name), remembering))


def run_approach(name: str, data: Data, settings: RunSettings) -> Record:
    """Take one approach through its stages; its record is returned and stored, whatever happens.

    Raises:
        RunMismatchError: the folder has this approach with other settings.
        KeyboardInterrupt: passed on; what was finished stays.
    """
    record = read_record(settings.folder, name) or Record(name)
    try:
        with processes.together(name):
            record = opened(record, settings)
            _fit(record, data, settings)
            with processes.together(f"loading {name}"):
                approach = remembered(settings.folder, name)
            _tune(record, approach, data.tune, settings)
            _score(record, approach, data.score, settings.folder)
            if settings.measured:
                _measure(record, data.score, settings.folder)
            if settings.robustness:
                _corrupt(record, data.score, settings)
        record.status, record.reason = "ok", ""
    except RunMismatchError:
        raise
    except RequirementMissingError as error:
        record.status, record.reason = "skipped", str(error)
    except Exception as error:
        record.status, record.reason = "failed", f"{type(error).__name__}: {error}"
        log.error("%s failed:\n%s", name, traceback.format_exc().rstrip())
    _store(record, settings.folder)
    return record


def _store(record: Record, run: Path) -> None:
    with processes.together(f"storing the record of {record.approach}"):
        if processes.is_main():
            write_record(run, record)


def _fit(record: Record, data: Data, settings: RunSettings) -> None:
    name, run = record.approach, settings.folder
    if has_model(record, run):
        log.info("%s: trained before", name)
        return
    if settings.score_only:
        raise RequirementMissingError(
            f"no trained model in {model_folder(run, name)}; run without --score-only first"
        )
    log.info("%s: training", name)
    _store(record, run)  # a continued training must know the settings with which it began
    seconds = 0.0
    with processes.together(f"training {name}"):
        members = {member: remembered(run, member) for member in record.made_from["members"]}
        approach = prepared(name, settings, members)
        if approach.traits.fits_on_all or processes.is_main():
            start, folder = time.monotonic(), run / "training" / name
            if settings.plans and processes.is_main():
                _follow(settings.plans / "training" / name, folder)
            approach.fit(
                data.fit, data.tune, budget=settings.budget, seed=settings.seed, folder=folder
            )
            seconds = time.monotonic() - start
        if processes.is_main():
            with whole_folder(model_folder(run, name)) as partial:
                store(approach, name, partial)
    record.traits = asdict(approach.traits)
    report = approach.report_
    seconds = seconds if report.seconds is None else report.seconds
    used = [read_record(run, member).fit["seconds"] for member in approach.members]
    record.fit = {
        "seconds": seconds + sum(used),
        "steps": report.steps,
        "resumes": report.resumes,
        **report.notes,
    }
    _store(record, run)


def _follow(other: Path, training: Path) -> None:
    """Train by the plan of another training, if there was one, instead of measuring the speed
    again.
    """
    plans = [folder / "plan.json" for folder in (other, training)]
    if plans[0].is_file() and not plans[1].exists():
        write_whole(plans[1], plans[0].read_bytes())


def _predict(approach: Remembered, data_set: DataSet, what: str) -> None:
    """Have the maps of all images on disk; the processes share those that are missing."""
    with processes.together(what):
        for index in progress(
            processes.share(range(len(data_set))), what, show=processes.is_main()
        ):
            approach.levels(data_set[index].image)


def _tune(record: Record, approach: Remembered, tune_set: DataSet, settings: RunSettings) -> None:
    if record.postprocess is not None:
        return
    _predict(approach, tune_set, f"{record.approach}: predicting tune")
    groups = [tune_set.groups[image_id] for image_id in tune_set.ids]

    def maps() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        return ((approach.levels(s.image), s.mask, s.ignore) for s in tune_set)

    with processes.together(f"tuning {record.approach}"):
        if settings.cross_fitted:
            record.postprocess, record.tune = _cross_fitted(threshold_curve(maps()), tune_set)
        else:
            tuned = tune_postprocess(maps, groups)
            record.postprocess, record.tune = asdict(tuned.postprocess), tuned.as_dict()
    _store(record, settings.folder)


def _cross_fitted(
    curve: ThresholdCurve, tune_set: DataSet
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The threshold of all of *tune*, and for each of its images the one that the other groups
    choose.
    """
    shown = [sample.image_id for sample in tune_set if (sample.mask & ~sample.ignore).any()]
    groups = [tune_set.groups[image_id] for image_id in shown]
    thresholds = cross_fitted_thresholds(curve, groups)
    tune = {
        "thresholds": curve.thresholds.tolist(),
        "dice_mean": curve.mean().tolist(),
        "cross_fitted": dict(zip(map(str, shown), thresholds.tolist(), strict=True)),
    }
    return asdict(Postprocess(curve.choose(groups))), tune


def _score(record: Record, approach: Remembered, score_set: DataSet, run: Path) -> None:
    if record.scores is not None:
        return
    chosen = Postprocess(**record.postprocess)
    fitted = {
        int(key): threshold
        for key, threshold in (record.tune or {}).get("cross_fitted", {}).items()
    }
    part: dict[int, tuple[ImageScore, np.ndarray]] = {}
    what = f"{record.approach}: scoring"
    with processes.together(what):
        for index in progress(
            processes.share(range(len(score_set))), what, show=processes.is_main()
        ):
            sample = score_set[index]
            postprocess = replace(chosen, threshold=fitted.get(sample.image_id, chosen.threshold))
            levels = approach.levels(sample.image)
            counts = calibration_counts(levels, sample.mask, sample.ignore)
            part[sample.image_id] = score_image(sample, levels, postprocess), counts
    scores, counts = zip(*processes.join(part).values(), strict=True)
    record.scores = score_table(list(scores), score_set.ids).to_dict(orient="records")
    record.calibration = np.sum(counts, axis=0).tolist()
    _store(record, run)


def _corrupt(record: Record, score_set: DataSet, settings: RunSettings) -> None:
    """Score corrupted copies of some images, the same for every approach; their maps are not
    kept.
    """
    run = settings.folder
    known = record.robustness is not None and record.robustness["images"] == settings.robustness
    rows = record.robustness["rows"] if known else None
    if rows is None:
        chosen = score_set.subset(spread(score_set, settings.robustness))
        with processes.together(f"loading {record.approach}"):
            approach = load(model_folder(run, record.approach))
        rows = corrupted_rows(record.approach, approach, Postprocess(**record.postprocess), chosen)
    members = [
        read_record(run, member) for member in members_of(model_folder(run, record.approach))
    ]
    record.robustness = {
        "images": settings.robustness,
        "marked": met_in_training([record, *members]),
        "rows": rows,
    }
    _store(record, run)


def _measure(record: Record, score_set: DataSet, run: Path) -> None:
    if record.costs is not None:
        return
    with processes.together(f"measuring {record.approach}"):
        if processes.is_main():
            folder = model_folder(run, record.approach)
            folders = [folder, *(model_folder(run, member) for member in members_of(folder))]
            log.info("%s: measuring its costs in a fresh process", record.approach)
            costs = measure(
                folder, [entry.path for entry in score_set.entries], record.postprocess
            )
            files = [path for each in folders for path in each.rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files)
            record.costs = {**costs, "model_mb": size / 1e6}
    _store(record, run)
