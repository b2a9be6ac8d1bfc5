"""One approach in one run: fit, tune, score, measure. Each stage leaves its result in the run's folder and is not done
again when it is there; a raise becomes the reason of a failed row, and the other approaches go on.
"""

import logging
import shutil
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from approaches import MODEL_FILE, TABLE, build, load, members_of, processes, store
from approaches.base import CHECKPOINT, Approach, Budget, ConfigError, Predictor, RequirementMissingError
from approaches.corrupted import corrupted_rows
from approaches.cost import measure
from approaches.remembered import Remembered
from common.calibration import calibration_counts
from common.corruptions import in_training_augmentation
from common.data import Data, DataSet
from common.evaluate import ImageScore, score_image, score_table
from common.files import whole_folder
from common.groups import spread
from common.postprocess import Postprocess, ThresholdCurve, threshold_curve
from common.probabilities import ProbabilityMaps
from common.progress import progress
from common.records import Record, RunMismatchError, read_record, write_record
from common.tuning import cross_fitted_thresholds, tune_postprocess

log = logging.getLogger("bench")


@dataclass(frozen=True)
class RunSettings:
    """What all approaches of a run share.

    Attributes:
        folder: of the run.
        budget: of each approach's fit.
        seed: of everything random.
        smoke: start from every approach's smallest settings.
        overrides: approach → setting → value.
        score_only: predict and score stored models again; fit nothing.
        cross_fitted: the images to score are those of *tune*; each gets the threshold that other groups choose.
        measured: whether costs are measured in a fresh process.
        robustness: so many images of *score* are scored under corruptions too.
    """

    folder: Path
    budget: Budget
    seed: int = 0
    smoke: bool = False
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    score_only: bool = False
    cross_fitted: bool = False
    measured: bool = True
    robustness: int = 0


def identity_of(settings: RunSettings, data_key: str) -> dict[str, Any]:
    """What a run folder must have been made with to be continued."""
    return {"data": data_key, "seed": settings.seed, "budget": vars(settings.budget), "smoke": settings.smoke}


def model_folder(run: Path, name: str) -> Path:
    """Where the stored model of an approach lies."""
    return run / "models" / name


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
        record = _opened(record, settings)
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


def check_settings(names: Sequence[str], settings: RunSettings, *, continues: bool = True) -> None:
    """Look at the settings of all approaches before the first of them is trained for an hour.

    Args:
        names: the approaches of this run.
        settings: of this run.
        continues: what is in the folder will be gone on with, and must have been made with the same settings.

    Raises:
        ConfigError: a setting given by hand does not exist, has the wrong type, or is of an approach that does not run.
        RunMismatchError: the folder has one of the approaches with other settings.
    """
    strangers = [name for name in settings.overrides if name not in names]
    if strangers:
        raise ConfigError(f"settings are given for {', '.join(strangers)}, but this run has {', '.join(names)}.")
    for name in names:
        try:
            config = prepared(name, settings).config.as_dict()
        except ConfigError:
            if name in settings.overrides:
                raise
        except Exception:
            continue
        else:
            record = read_record(settings.folder, name) if continues and not settings.score_only else None
            if record is not None and any(test(record, settings.folder) for test in (_is_trained, _is_begun)):
                _check_config(record, config, settings.folder)


def prepared(name: str, settings: RunSettings, members: Mapping[str, Predictor] | None = None) -> Approach:
    """The approach with the settings of this run, not fitted."""
    overrides = dict(settings.overrides.get(name, {}))
    if settings.smoke:
        smoke = type(build(name).config).smoke().as_dict()
        overrides = {**smoke, **dict(TABLE[name].config), **overrides}
    return build(name, members, overrides)


def _opened(stored: Record, settings: RunSettings) -> Record:
    """The record as it stands, with what has to be done again taken out of it and out of the folder."""
    name, run = stored.approach, settings.folder
    with processes.together(f"preparing {name}"):
        approach = prepared(name, settings)
        config, traits, members = approach.config.as_dict(), asdict(approach.traits), _members(name, run)
        if settings.score_only:
            redone = dict.fromkeys(("tune", "postprocess", "scores", "calibration", "costs", "robustness"))
            record = replace(stored, **redone)
        elif not _is_trained(stored, run):
            if _is_begun(stored, run):
                _check_config(stored, config, run)
            record = Record(name, config=config, made_from={"members": members})
        else:
            record = stored
            _check_config(record, config, run)
        otherwise = bool(stored.config) and stored.config != config and not _is_begun(stored, run)
        # From other members, or with other settings before there was a checkpoint: nothing to continue from.
        anew = not settings.score_only and record.fit is None and (stored.fit is not None or otherwise)
    with processes.together(f"clearing {name}"):
        if processes.is_main() and record is not stored:
            shutil.rmtree(run / "probabilities" / name, ignore_errors=True)
            if anew:
                shutil.rmtree(run / "training" / name, ignore_errors=True)
    known = traits if record.fit is None else record.traits  # members shape an ensemble's; here none are loaded
    return replace(record, traits=known, status="unfinished", reason="")


def _is_trained(record: Record, run: Path) -> bool:
    """Whether the stored model is the one this run needs."""
    return _has_model(record, run) and record.made_from.get("members", []) == _members(record.approach, run)


def _has_model(record: Record, run: Path) -> bool:
    """Whether a fit came to its end and its model still lies there."""
    return record.fit is not None and (model_folder(run, record.approach) / MODEL_FILE).is_file()


def _is_begun(record: Record, run: Path) -> bool:
    """Whether a training was interrupted that can be continued with the settings it began with."""
    return record.fit is None and (run / "training" / record.approach / CHECKPOINT).is_file()


def _check_config(record: Record, config: Mapping[str, Any], run: Path) -> None:
    """Refuse other settings; one that the stored config does not name had its default then."""
    stored = {**type(build(record.approach).config)().as_dict(), **record.config}
    changed = [key for key in stored if stored[key] != config.get(key)]
    if changed:
        raise RunMismatchError(
            f"{record.approach} was trained or begun in {run} with other settings ({', '.join(changed)}); repeat them, "
            "or give another --output, or begin anew with --fresh."
        )


def _store(record: Record, run: Path) -> None:
    processes.wait()
    if processes.is_main():
        write_record(run, record)
    processes.wait()


def _members(name: str, run: Path) -> list[str]:
    """The approaches whose trained models this one is given: all that are complete in this run."""
    if not TABLE[name].combines:
        return []
    records = [read_record(run, other) for other, entry in TABLE.items() if not entry.combines]
    return [record.approach for record in records if record is not None and record.status == "ok"]


def _fit(record: Record, data: Data, settings: RunSettings) -> None:
    name, run = record.approach, settings.folder
    if _has_model(record, run):
        log.info("%s: trained before", name)
        return
    if settings.score_only:
        raise RequirementMissingError(f"no trained model in {model_folder(run, name)}; run without --score-only first")
    log.info("%s: training", name)
    _store(record, run)  # a continued training must know the settings with which it began
    seconds = 0.0
    with processes.together(f"training {name}"):
        members = {member: remembered(run, member) for member in record.made_from["members"]}
        approach = prepared(name, settings, members)
        if approach.traits.fits_on_all or processes.is_main():
            start, folder = time.monotonic(), run / "training" / name
            approach.fit(data.fit, data.tune, budget=settings.budget, seed=settings.seed, folder=folder)
            seconds = time.monotonic() - start
        if processes.is_main():
            with whole_folder(model_folder(run, name)) as partial:
                store(approach, name, partial)
    record.traits = asdict(approach.traits)
    report = approach.report_
    seconds = seconds if report.seconds is None else report.seconds
    used = [read_record(run, member).fit["seconds"] for member in approach.members]
    record.fit = {"seconds": seconds + sum(used), "steps": report.steps, "resumes": report.resumes, **report.notes}
    _store(record, run)


def _predict(approach: Remembered, data_set: DataSet, what: str) -> None:
    """Have the maps of all images on disk; the processes share those that are missing."""
    with processes.together(what):
        for index in progress(processes.share(range(len(data_set))), what, show=processes.is_main()):
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


def _cross_fitted(curve: ThresholdCurve, tune_set: DataSet) -> tuple[dict[str, Any], dict[str, Any]]:
    """The threshold of all of *tune*, and for each of its images the one that the other groups choose."""
    shown = [sample.image_id for sample in tune_set if (sample.mask & ~sample.ignore).any()]
    thresholds = cross_fitted_thresholds(curve, [tune_set.groups[image_id] for image_id in shown])
    tune = {
        "thresholds": curve.thresholds.tolist(),
        "dice_mean": curve.mean().tolist(),
        "cross_fitted": dict(zip(map(str, shown), thresholds.tolist(), strict=True)),
    }
    return asdict(Postprocess(curve.choose())), tune


def _score(record: Record, approach: Remembered, score_set: DataSet, run: Path) -> None:
    if record.scores is not None:
        return
    chosen = Postprocess(**record.postprocess)
    fitted = {int(key): threshold for key, threshold in (record.tune or {}).get("cross_fitted", {}).items()}
    part: dict[int, tuple[ImageScore, np.ndarray]] = {}
    what = f"{record.approach}: scoring"
    with processes.together(what):
        for index in progress(processes.share(range(len(score_set))), what, show=processes.is_main()):
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
    """Score corrupted copies of some images, the same for every approach; their maps are not kept."""
    if record.robustness is not None and record.robustness["images"] == settings.robustness:
        return
    chosen = score_set.subset(spread(score_set, settings.robustness))
    with processes.together(f"loading {record.approach}"):
        approach = load(model_folder(settings.folder, record.approach))
    rows = corrupted_rows(record.approach, approach, Postprocess(**record.postprocess), chosen)
    marked = sorted(in_training_augmentation(_augmentation(record, settings.folder)))
    record.robustness = {"images": settings.robustness, "marked": marked, "rows": rows}
    _store(record, settings.folder)


def _augmentation(record: Record, run: Path) -> list[dict[str, Any]]:
    """The training augmentation of an approach and of the members it uses."""
    members = members_of(model_folder(run, record.approach))
    fits = [record.fit, *(read_record(run, member).fit for member in members)]
    return [step for fit in fits for step in fit.get("augmentation", [])]


def _measure(record: Record, score_set: DataSet, run: Path) -> None:
    if record.costs is not None:
        return
    with processes.together(f"measuring {record.approach}"):
        if processes.is_main():
            folder = model_folder(run, record.approach)
            folders = [folder, *(model_folder(run, member) for member in members_of(folder))]
            log.info("%s: measuring its costs in a fresh process", record.approach)
            costs = measure(folder, [entry.path for entry in score_set.entries], record.postprocess)
            files = [path for each in folders for path in each.rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files)
            record.costs = {**costs, "model_mb": size / 1e6}
    _store(record, run)
