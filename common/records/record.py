"""What is known of one approach in one run, as a JSON file that is written whole after every
stage. A later stage, a restart, another process and the leaderboard all read it from there;
nothing is passed on in memory alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from common.files import write_whole
from common.json_files import DamagedFileError, damaged, read_json_object, to_json
from common.masks.evaluate import ImageScore
from common.masks.found_objects import SetScore
from common.masks.tuning import Tuning
from common.records.folder import RunFolder
from common.records.self_description import SelfDescription, Traits
from common.records.set_result import SetResult
from common.scale import ImageSizes

Status = Literal["unfinished", "ok", "failed", "skipped"]
UNKNOWN = math.nan


@dataclass(frozen=True)
class Provenance:
    """What a stored model depends on beside the run's settings; another value is another model.

    Attributes:
        target: `package.module:Class` where the approach lies outside the repository.
        members: the approaches that it was given.
        trainings: member → key of its training; None where the record is older than that.
        fields: sets of the field that it was chosen on → key of their content.
    """

    members: tuple[str, ...] = ()
    trainings: Mapping[str, str] | None = None
    target: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def as_stored(self) -> dict[str, Any]:
        """As it stands in a file: no trainings, class or fields where there are none."""
        known: dict[str, Any] = {"target": self.target} if self.target else {}
        if self.trainings is not None:
            known["trainings"] = dict(self.trainings)
        if self.fields:
            known["fields"] = dict(self.fields)
        return {"members": list(self.members), **known}


@dataclass(frozen=True)
class Fit:
    """A fit that came to its end.

    Attributes:
        seconds: wall time of learning, that of the members in use included.
        steps: gradient steps or boosting rounds; None for an approach without.
        resumes: how often it was continued.
        notes: whatever else the approach tells of it.
    """

    seconds: float
    steps: int | None = None
    resumes: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)

    def as_stored(self) -> dict[str, Any]:
        """As it stands in a file: the notes beside the rest."""
        return {
            "seconds": self.seconds,
            "steps": self.steps,
            "resumes": self.resumes,
            **self.notes,
        }

    @classmethod
    def from_stored(cls, content: Mapping[str, Any]) -> "Fit":
        """What `as_stored` gave."""
        return cls(**fields_of_fit(content))


def fields_of_fit(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a stored `Fit`, with all that is none of its own as notes."""
    own = {item.name for item in fields(Fit)} - {"notes"}
    notes = {key: value for key, value in content.items() if key not in own}
    return {**{key: content[key] for key in own if key in content}, "notes": notes}


@dataclass(frozen=True)
class Costs:
    """What the stored model costs to use, measured in a fresh process; NaN, None or "" where it
    was not.

    Attributes:
        predict_seconds_per_image: the median over rounds, in each of which all approaches took
            their turn.
        predict_seconds_lower: with the upper one its 95 % interval (see `typical_costs`).
        reference_seconds: median of a fixed piece of work in the same rounds.
        reference_spread: how many times as long it took in a slow round as in a quick one.
    """

    predict_seconds_per_image: float = UNKNOWN
    predict_seconds_lower: float = UNKNOWN
    predict_seconds_upper: float = UNKNOWN
    predict_seconds_p95: float = UNKNOWN
    peak_memory_mb: float = UNKNOWN
    parameters: int | None = None
    threads: int | None = None
    device: str = ""
    processor: str = ""
    images_timed: int = 0
    model_mb: float = UNKNOWN
    reference_seconds: float = UNKNOWN
    reference_spread: float = UNKNOWN


@dataclass(frozen=True)
class CorruptedScore:
    """Counts and Dice of one image under one corruption at one severity."""

    corruption: str
    severity: int
    img_id: int
    tp: int
    fn: int
    dice: float


@dataclass(frozen=True)
class Robustness:
    """Scores on corrupted copies of images.

    Attributes:
        images: how many were asked for; 0 where nothing was measured.
        marked: corruptions that were met in training.
        rows: one for each image, corruption and severity.
    """

    images: int = 0
    marked: tuple[str, ...] = ()
    rows: tuple[CorruptedScore, ...] = ()


@dataclass
class Record:
    """One approach in one run. A stage that is None was not reached yet.

    Attributes:
        approach: its name: key of the table, folder of the model, row of the leaderboard.
        status: `reason` says why for `failed` and `skipped`.
        config: the settings it ran with.
        made_from: what the stored model depends on beside the run's settings.
        traits: what a caller must know of it.
        image_sizes: against which photos are held that may be brought to scale: of the images
            that it was fitted to, or what else it asked for; None in records of before.
        fit: the training.
        tuning: what was chosen on *tune*.
        scores: one for each scored image.
        calibration: counts of the probabilities near objects of *score* (see
            `common.analysis.calibration`).
        costs: of the stored model.
        robustness: on corrupted images.
        description: what it says of itself; None in records that are older than that.
        sets: scores on labelled images beside `val`, by name.
    """

    approach: str
    status: Status = "unfinished"
    reason: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    made_from: Provenance = Provenance()
    traits: Traits = field(default_factory=Traits)
    image_sizes: ImageSizes | None = None
    fit: Fit | None = None
    tuning: Tuning | None = None
    scores: tuple[ImageScore, ...] | None = None
    calibration: tuple[tuple[int, ...], ...] | None = None
    costs: Costs | None = None
    robustness: Robustness | None = None
    description: SelfDescription | None = None
    sets: tuple[SetResult, ...] = ()


@dataclass(frozen=True)
class CompleteRecord:
    """An approach that came to its end: nothing is missing that a leaderboard or a report needs.

    What was not measured is empty (`calibration`, `robustness.rows`) or NaN (`costs`);
    `image_sizes` is None in records that are older than it.
    """

    approach: str
    config: Mapping[str, Any]
    traits: Traits
    image_sizes: ImageSizes | None
    fit: Fit
    tuning: Tuning
    scores: tuple[ImageScore, ...]
    calibration: tuple[tuple[int, ...], ...]
    costs: Costs
    robustness: Robustness


def complete(record: Record) -> CompleteRecord | None:
    """The record with nothing missing; None where the approach did not come to its end.

    Raises:
        DamagedFileError: it says that it did, but lacks a stage.
    """
    if record.status != "ok":
        return None
    if record.fit is None or record.tuning is None or record.scores is None:
        raise DamagedFileError(
            f"the record of {record.approach} says that it is complete, but it lacks its fit, its "
            "post-processing or its scores. Delete it; the approach is scored again when bench.py "
            "goes on with the run."
        )
    return CompleteRecord(
        record.approach,
        record.config,
        record.traits,
        record.image_sizes,
        record.fit,
        record.tuning,
        record.scores,
        record.calibration or (),
        record.costs or Costs(),
        record.robustness or Robustness(),
    )


def complete_records(records: Sequence[Record]) -> list[CompleteRecord]:
    """Those that came to their end."""
    return [found for found in map(complete, records) if found is not None]


def write_record(run: Path, record: Record) -> None:
    """Write a record, whole or not at all."""
    write_whole(RunFolder(run).record(record.approach), to_json(as_stored(record)))


def read_record(run: Path, approach: str) -> Record | None:
    """The record of an approach, or None if it has none yet.

    Raises:
        DamagedFileError: the file is there but holds no record.
    """
    path = RunFolder(run).record(approach)
    if not path.is_file():
        return None
    expected = (
        f"the record of {approach} in JSON is expected. Delete it, and "
        f"{RunFolder(run).training(approach)} if that is there; the approach is trained again "
        "when bench.py goes on with the run."
    )
    try:
        return from_stored(read_json_object(path, "approach", expected))
    except ValidationError as error:
        raise damaged(path, error, expected) from error


def read_records(run: Path) -> list[Record]:
    """All records of a run, by name."""
    found = (read_record(run, name) for name in RunFolder(run).recorded())
    return [record for record in found if record is not None]


def as_stored(record: Record) -> dict[str, Any]:
    """A record as it stands in its file."""
    stored = asdict(record)
    if not record.sets:
        del stored["sets"]
    tune = stored.pop("tuning")
    postprocess = None if tune is None else tune.pop("postprocess")
    for rare in ("on_field", "curves") if tune is not None else ():
        if not tune[rare]:
            del tune[rare]
    fit = None if record.fit is None else record.fit.as_stored()
    made_from = record.made_from.as_stored()
    return {**stored, "made_from": made_from, "fit": fit, "postprocess": postprocess, "tune": tune}


_ADAPTER: TypeAdapter[Record] = TypeAdapter(Record)
FLOATS = frozenset(
    item.name
    for kind in (ImageScore, Costs, CorruptedScore, SetScore)
    for item in fields(kind)
    if item.type is float
)


def from_stored(content: Mapping[str, Any]) -> Record:
    """The record that a file holds.

    Raises:
        ValidationError: a field has another type than this program writes.
    """
    known = {**content}
    fit, postprocess, tune = (known.pop(key, None) for key in ("fit", "postprocess", "tune"))
    if isinstance(fit, dict):
        known["fit"] = fields_of_fit(fit)
    if isinstance(postprocess, dict):
        known["tuning"] = {**(tune or {}), "postprocess": postprocess}
    for key in ("scores", "costs", "robustness"):
        known[key] = _with_nan(known.get(key))
    known["sets"] = _with_nan(known.get("sets", []))
    return _ADAPTER.validate_python(known)


def _with_nan(value: Any) -> Any:
    """Stored scores and costs with NaN where a number is `null`."""
    if isinstance(value, dict):
        return {
            key: UNKNOWN if item is None and key in FLOATS else _with_nan(item)
            for key, item in value.items()
        }
    return [_with_nan(item) for item in value] if isinstance(value, list) else value
