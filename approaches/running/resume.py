"""What the folder of a run holds of an approach, and whether this run may go on with it. Nothing
is trained here: what does not fit is refused before the first hour of work, or taken out so that
it is done again.
"""

import hashlib
import json
import logging
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from approaches import MODEL_FILE, TABLE, build, description_of, name_of_outside, processes
from approaches.base import CHECKPOINT, ConfigError
from approaches.running.settings import RunSettings, prepared
from common.data.named_sets import NamedSet
from common.records import Provenance, Record, read_record, read_records
from common.records.description import RunMismatchError
from common.records.folder import RunFolder
from common.words import listed

log = logging.getLogger(__name__)


def check_settings(names: Sequence[str], settings: RunSettings, *, continues: bool = True) -> None:
    """Look at the settings of all approaches before the first of them is trained for an hour.

    Args:
        names: the approaches of this run.
        settings: of this run.
        continues: the run goes on from what is in the folder, which must have been made with the
            same settings.

    Raises:
        ConfigError: a setting given by hand does not exist, has a value that is not allowed, or is
            of an approach that does not run; an approach cannot be trained with the budget on
            these processes; or stored models are to be scored and there is none.
        RunMismatchError: the folder has one of the approaches with other settings.
    """
    run = settings.run
    strangers = [name for name in settings.overrides if name not in names]
    if strangers:
        raise ConfigError(
            f"settings are given for {', '.join(strangers)}, but this run has {', '.join(names)}."
        )
    if settings.score_only and not any(_model_lies(run, name) for name in names):
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
            if settings.score_only:
                continue
            record = read_record(settings.folder, name) if continues else None
            if record is not None and (_is_trained(record, settings) or _is_begun(record, run)):
                _check_config(record, config, run)
            if record is None or not _is_trained(record, settings):
                approach.check_budget(settings.budget)


def reconciled(stored: Record, settings: RunSettings) -> Record:
    """The record as it stands, with what has to be done again taken out of it and out of the
    folder.

    Raises:
        RunMismatchError: the folder has this approach with other settings.
    """
    name, run = stored.approach, settings.run
    with processes.together(f"preparing {name}"):
        approach = prepared(name, settings)
        config, source = approach.config.as_dict(), provenance(name, run, settings.fields)
        trains, rescored = not settings.score_only, settings.score_only and has_model(stored, run)
        stays, begun = trains and _is_trained(stored, settings), trains and _is_begun(stored, run)
        if stays or begun:
            _check_config(stored, config, run)
        if rescored:
            record = unscored(stored)
        elif not trains:
            record = stored
        elif stays:
            kept = stored if is_chosen_on(stored, settings) else unscored(stored)
            record = replace(kept, made_from=source)
        else:
            record = Record(name, config=config, made_from=source)
        otherwise = bool(stored.config) and stored.config != config and not begun
        # From other members, or with other settings before there was a checkpoint: nothing to
        # continue from.
        anew = trains and record.fit is None and (stored.fit is not None or otherwise)
    with processes.together(f"clearing {name}"):
        if processes.is_main() and not stays and (trains or rescored):
            shutil.rmtree(run.probabilities(name), ignore_errors=True)
            if anew:
                shutil.rmtree(run.training(name), ignore_errors=True)
    # Members shape the traits of an ensemble; here none are loaded.
    known = approach.traits if record.fit is None else record.traits
    return replace(
        record,
        traits=known,
        description=description_of(record),
        status="unfinished",
        reason="",
    )


def unscored(stored: Record) -> Record:
    """The record of the training alone."""
    return replace(
        stored,
        tuning=None,
        scores=None,
        calibration=None,
        costs=None,
        robustness=None,
        sets=(),
    )


def is_chosen_on(stored: Record, settings: RunSettings) -> bool:
    """Whether the post-processing was chosen on the photos of the field that this run has."""
    wanted = {one.name: one.key for one in settings.fields}
    return stored.tuning is None or chosen_on(stored) == wanted


def chosen_on(stored: Record) -> dict[str, str]:
    """The photos of the field that the post-processing was chosen on: name of a set → key."""
    choice = None if stored.tuning is None else stored.tuning.on_field
    return {} if choice is None else dict(choice.keys)


def chosen_alike(
    trained: Sequence[Record], records: Sequence[Record], place: str, option: str
) -> list[Record]:
    """A further training of the approaches; those whose post-processing was chosen on other photos
    of a field than in the run have no scores there, which a line tells.

    Args:
        trained: records of the further training.
        records: of the run.
        place: what the training is called.
        option: of the command that chooses there anew.
    """
    wanted = {one.approach: chosen_on(one) for one in records if one.tuning is not None}
    found, others = [], defaultdict(list)
    for one in trained:
        then = chosen_on(one)
        now = wanted.get(one.approach, then)
        if one.status == "ok" and then != now:
            which = "with another field" if then and now else "with a field"
            how = f"chosen {which if then else 'without the field'}; repeat with {option}"
            others[how].append(one.approach)
            one = replace(unscored(one), status="unfinished", reason=how)
        found.append(one)
    for how, names in others.items():
        log.warning("%s: %s %s", place, listed(names, most=None), how)
    return found


def provenance(name: str, run: RunFolder, fields: Sequence[NamedSet] = ()) -> Provenance:
    """What the model of an approach is made from in this run: its class where that lies outside
    the repository, the members that it is given and their trainings, and what it chooses on.

    Raises:
        OutsideError: a member lies outside the repository and cannot be found.
    """
    target = TABLE[name].target if TABLE[name].outside else ""
    if not TABLE[name].combines:
        return Provenance(target=target)
    trainings = {
        record.approach: training_key(record)
        for record in _in_order(read_records(run.path))
        if record.status == "ok" and has_model(record, run) and _can_be_member(record)
    }
    chosen_on = {one.name: one.key for one in fields}
    return Provenance(tuple(trainings), trainings, target, chosen_on)


def _in_order(records: Sequence[Record]) -> list[Record]:
    """Shipped approaches as in the table, then those that lie outside, by name."""
    shipped = [name for name, entry in TABLE.items() if not entry.outside]
    places = {name: place for place, name in enumerate(shipped)}
    return sorted(records, key=lambda one: (places.get(one.approach, len(places)), one.approach))


def _can_be_member(record: Record) -> bool:
    """Whether an approach of the run can be given to one that combines others."""
    if record.made_from.target and record.approach not in TABLE:
        name_of_outside(record.made_from.target)
    return record.approach in TABLE and not TABLE[record.approach].combines


def training_key(record: Record) -> str:
    """A short name of the training that made an approach's model; no other training has it."""
    fit = None if record.fit is None else record.fit.as_stored()
    described = json.dumps([record.config, record.made_from.as_stored(), fit], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def has_model(record: Record, run: RunFolder) -> bool:
    """Whether a fit came to its end and its model still lies there."""
    return record.fit is not None and _model_lies(run, record.approach)


def _model_lies(run: RunFolder, name: str) -> bool:
    return (run.model(name) / MODEL_FILE).is_file()


def _is_trained(record: Record, settings: RunSettings) -> bool:
    """Whether the stored model is the one this run needs; a record of no trainings had those of
    today's members.
    """
    if not has_model(record, settings.run):
        return False
    now, then = provenance(record.approach, settings.run, settings.fields), record.made_from
    same = then.members == now.members and then.fields == now.fields
    return same and then.trainings in (None, now.trainings)


def _is_begun(record: Record, run: RunFolder) -> bool:
    """Whether a training was interrupted that can be continued with the settings it began with."""
    return record.fit is None and (run.training(record.approach) / CHECKPOINT).is_file()


def _check_config(record: Record, config: Mapping[str, Any], run: RunFolder) -> None:
    """Refuse another class or other settings; a setting that the stored config does not name had
    its default then, or was not there.
    """
    now, then = provenance(record.approach, run).target, record.made_from.target
    if now != then:
        raise RunMismatchError(
            f"{record.approach} was trained in {run.path} by {then or 'this repository'}, and is "
            f"now {now}; give another --output, give the class another name, or begin anew with "
            "--fresh."
        )
    kind = type(build(record.approach).config)
    stored = {**kind().as_dict(), **kind.before_there_was, **record.config}
    changed = [key for key in stored if stored[key] != config.get(key)]
    if changed:
        raise RunMismatchError(
            f"{record.approach} was trained or begun in {run.path} with other settings "
            f"({', '.join(changed)}); repeat them, or give another --output, or begin anew with "
            "--fresh."
        )
