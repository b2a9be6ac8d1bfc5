"""What the folder of a run holds of an approach, and whether this run may go on with it. Nothing
is trained here: what does not fit is refused before the first hour of work, or taken out so that
it is done again.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from approaches import MODEL_FILE, TABLE, build, processes
from approaches.base import CHECKPOINT, Approach, Budget, ConfigError, Predictor
from common.records import Record, RunMismatchError, read_record


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
        cross_fitted: the images to score are those of *tune*; each gets the threshold that other
            groups choose.
        measured: whether costs are measured in a fresh process.
        robustness: so many images of *score* are scored under corruptions too.
        plans: folder of the run whose trainings are repeated with other seeds: a time limit
            becomes the number of steps that was measured there.
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
    plans: Path | None = None


def identity_of(settings: RunSettings, data_key: str) -> dict[str, Any]:
    """What a run folder must have been made with to be continued."""
    return {
        "data": data_key,
        "seed": settings.seed,
        "budget": settings.budget.as_dict(),
        "smoke": settings.smoke,
    }


def model_folder(run: Path, name: str) -> Path:
    """Where the stored model of an approach lies."""
    return run / "models" / name


def prepared(
    name: str, settings: RunSettings, members: Mapping[str, Predictor] | None = None
) -> Approach:
    """The approach with the settings of this run, not fitted."""
    overrides = dict(settings.overrides.get(name, {}))
    if settings.smoke:
        smoke = type(build(name).config).smoke().as_dict()
        overrides = {**smoke, **dict(TABLE[name].config), **overrides}
    return build(name, members, overrides)


def check_settings(names: Sequence[str], settings: RunSettings, *, continues: bool = True) -> None:
    """Look at the settings of all approaches before the first of them is trained for an hour.

    Args:
        names: the approaches of this run.
        settings: of this run.
        continues: what is in the folder will be gone on with, and must have been made with the
            same settings.

    Raises:
        ConfigError: a setting given by hand does not exist, has a value that is not allowed, or is
            of an approach that does not run; an approach cannot be trained with the budget on
            these processes; or stored models are to be scored and there is none.
        RunMismatchError: the folder has one of the approaches with other settings.
    """
    strangers = [name for name in settings.overrides if name not in names]
    if strangers:
        raise ConfigError(
            f"settings are given for {', '.join(strangers)}, but this run has {', '.join(names)}."
        )
    if settings.score_only and not any(_model_lies(settings.folder, name) for name in names):
        raise ConfigError(
            f"--score-only: {settings.folder} holds no trained model of {', '.join(names)}. "
            "Repeat the options of the command that trained them, or give its folder as --output."
        )
    for name in names:
        try:
            approach = prepared(name, settings)
            config = approach.config.as_dict()
        except ConfigError:
            if name in settings.overrides:
                raise
        except Exception:
            continue
        else:
            record = (
                read_record(settings.folder, name)
                if continues and not settings.score_only
                else None
            )
            if record is not None and any(
                test(record, settings.folder) for test in (_is_trained, _is_begun)
            ):
                _check_config(record, config, settings.folder)
            if not settings.score_only and (
                record is None or not _is_trained(record, settings.folder)
            ):
                approach.check_budget(settings.budget)


def opened(stored: Record, settings: RunSettings) -> Record:
    """The record as it stands, with what has to be done again taken out of it and out of the
    folder.

    Raises:
        RunMismatchError: the folder has this approach with other settings.
    """
    name, run = stored.approach, settings.folder
    with processes.together(f"preparing {name}"):
        approach = prepared(name, settings)
        config, traits, source = (
            approach.config.as_dict(),
            asdict(approach.traits),
            made_from(name, run),
        )
        trains, rescored = not settings.score_only, settings.score_only and has_model(stored, run)
        stays, begun = trains and _is_trained(stored, run), trains and _is_begun(stored, run)
        if stays or begun:
            _check_config(stored, config, run)
        if rescored:
            redone = dict.fromkeys(
                ("tune", "postprocess", "scores", "calibration", "costs", "robustness")
            )
            record = replace(stored, **redone)
        elif not trains:
            record = stored
        elif stays:
            record = replace(stored, made_from={**source, **stored.made_from})
        else:
            record = Record(name, config=config, made_from=source)
        otherwise = bool(stored.config) and stored.config != config and not begun
        # From other members, or with other settings before there was a checkpoint: nothing to
        # continue from.
        anew = trains and record.fit is None and (stored.fit is not None or otherwise)
    with processes.together(f"clearing {name}"):
        if processes.is_main() and not stays and (trains or rescored):
            shutil.rmtree(run / "probabilities" / name, ignore_errors=True)
            if anew:
                shutil.rmtree(run / "training" / name, ignore_errors=True)
    known = (
        traits if record.fit is None else record.traits
    )  # members shape an ensemble's; here none are loaded
    return replace(record, traits=known, status="unfinished", reason="")


def made_from(name: str, run: Path) -> dict[str, Any]:
    """What the model of an approach is made from in this run: the members that it is given and
    their trainings.
    """
    if not TABLE[name].combines:
        return {"members": []}
    records = [read_record(run, other) for other, entry in TABLE.items() if not entry.combines]
    complete = [
        record
        for record in records
        if record is not None and record.status == "ok" and has_model(record, run)
    ]
    trainings = {record.approach: training_key(record) for record in complete}
    return {"members": list(trainings), "trainings": trainings}


def training_key(record: Record) -> str:
    """A short name of the training that made an approach's model; no other training has it."""
    told = json.dumps([record.config, record.made_from, record.fit], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def has_model(record: Record, run: Path) -> bool:
    """Whether a fit came to its end and its model still lies there."""
    return record.fit is not None and _model_lies(run, record.approach)


def _model_lies(run: Path, name: str) -> bool:
    return (model_folder(run, name) / MODEL_FILE).is_file()


def _is_trained(record: Record, run: Path) -> bool:
    """Whether the stored model is the one this run needs; a record of no trainings had those of
    today's members.
    """
    if not has_model(record, run):
        return False
    now = made_from(record.approach, run)
    return {**now, "members": [], **record.made_from} == now


def _is_begun(record: Record, run: Path) -> bool:
    """Whether a training was interrupted that can be continued with the settings it began with."""
    return record.fit is None and (run / "training" / record.approach / CHECKPOINT).is_file()


def _check_config(record: Record, config: Mapping[str, Any], run: Path) -> None:
    """Refuse other settings; one that the stored config does not name had its default then."""
    stored = {**type(build(record.approach).config)().as_dict(), **record.config}
    changed = [key for key in stored if stored[key] != config.get(key)]
    if changed:
        raise RunMismatchError(
            f"{record.approach} was trained or begun in {run} with other settings "
            f"({', '.join(changed)}); repeat them, or give another --output, or begin anew with "
            "--fresh."
        )
