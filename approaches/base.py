"""The contract every approach keeps, and the few values that pass through it. It knows no approach
by name.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Protocol,
    Self,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.commands import RefusedError, did_you_mean
from common.records.self_description import Combination, PreparationStep, Traits

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from common.data import DataSet
    from common.data.named_sets import NamedSet
    from common.scale import ImageSizes

# in the folder given to `fit`: an unfinished one that can be continued
CHECKPOINT = "checkpoint.pt"
WRONG_TYPES = {  # what pydantic calls a value of another type
    "int_type": "no whole number",
    "float_type": "no number",
    "bool_type": "neither true nor false",
    "tuple_type": "no list",
    "string_type": "no text",
}
NOUNS = {  # of the types of a JSON schema
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "null": "nothing",
}


class NotFittedError(RuntimeError):
    """An approach was asked for a prediction before `fit` or `load`."""


class ConfigError(RefusedError):
    """A setting does not exist, or has the wrong type or a value that is not allowed; the message
    says what is.
    """


class RequirementMissingError(RuntimeError):
    """Something an approach needs is not there (weights without a network, trained members); its
    row says `skipped`.
    """


class Config(BaseModel):
    """Settings of an approach: JSON-able, frozen, with the defaults that the leaderboard shows.

    What a setting takes stands in its annotation: `Annotated[int, Field(ge=1, le=64)]`,
    `Literal["bce", "dice"]`, `tuple[float, ...]`. What an annotation cannot say is checked by a
    `field_validator` whose ValueError says what is expected instead, or, where it depends on
    several settings, by a `model_validator` that raises a ConfigError.

    Raises:
        ConfigError: a value that is not allowed, or an unknown setting.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )

    # what a setting that came later was in the fits that are stored without it
    before_there_was: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **values: Any):
        given = {name: _without_lists(value) for name, value in values.items()}
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise ConfigError(_reason(type(self), given, error)) from error

    @classmethod
    def smoke(cls) -> Self:
        """The smallest settings that still learn, for tests and first looks."""
        return cls()

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """A copy with some settings replaced.

        Args:
            values: setting → value, or its text as given on a command line (`"32"`, `"false"`,
                `"[1, 2]"`).

        Raises:
            ConfigError: an unknown setting or a value of another type, where the message lists all
                settings; or a value that is not allowed.
        """
        old = dict(self)
        new = {name: _from_text(value, old.get(name)) for name, value in values.items()}
        return type(self)(**(old | new))

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-able values; `with_values` takes them back."""
        return self.model_dump(mode="json")


def _from_text(value: Any, default: Any) -> Any:
    """The value that a text of the command line stands for; a setting that is a text keeps it."""
    if not isinstance(value, str) or isinstance(default, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value.strip()


def _without_lists(value: Any) -> Any:
    """The value with tuples where JSON has lists, so that a frozen config cannot be changed."""
    return tuple(map(_without_lists, value)) if isinstance(value, list | tuple) else value


def _reason(kind: type[BaseModel], given: Mapping[str, Any], error: ValidationError) -> str:
    """What was given and what is allowed, of the first value that is not."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if not first["loc"]:  # of a model_validator, whose ConfigError says all
        return str(cause)
    name = str(first["loc"][0])
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return f"the setting {name!r} of {kind.__name__} has no default; every setting needs one."
    fields = kind.model_fields.items()
    defaults = {key: field.get_default(call_default_factory=True) for key, field in fields}
    good = {key: value for key, value in given.items() if key in defaults and key != name}
    listed = [f"{key}={value!r}" for key, value in (defaults | good).items()]
    settings = ", ".join(listed) or "none"
    if name not in defaults:
        near = did_you_mean([name], defaults)
        return f"there is no setting {name!r}; the settings are {settings}.{near}"
    value, schema = given.get(name, defaults[name]), kind.model_json_schema()["properties"][name]
    if first["type"] in WRONG_TYPES and len(first["loc"]) == 1:
        return f"{name}={value!r} is {WRONG_TYPES[first['type']]}; the settings are {settings}."
    return f"{name}={value!r} is not allowed; expected {cause or _allowed(schema)}."


def _allowed(schema: Mapping[str, Any]) -> str:
    """What a JSON schema allows, in words."""
    if "anyOf" in schema:
        return " or ".join(map(_allowed, schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return f"one of {', '.join(map(str, schema.get('enum', [schema.get('const')])))}"
    kind = schema.get("type")
    if kind == "array":
        each = schema.get("prefixItems", [schema.get("items", {})])[0]
        number = f"{schema['maxItems']}" if "prefixItems" in schema else "one or more"
        return f"a list of {number}" + (f", each {_allowed(each)}" if each else "")
    noun = NOUNS.get(kind or "", "a value")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{noun} from {low:g} to {high:g}"
    limits = {"minimum": "of {:g} or more", "maximum": "of {:g} or less"}
    limits |= {"exclusiveMinimum": "above {:g}", "exclusiveMaximum": "below {:g}"}
    parts = [words.format(schema[key]) for key, words in limits.items() if key in schema]
    return " ".join([noun, " and ".join(parts)]).strip()


class Budget(Config):
    """How long `fit` may learn. Whatever is given limits; several limits hold together.

    Attributes:
        minutes: wall-clock minutes of `fit` alone, turned into a number of steps once, from the
            measured speed.
        epochs: passes over *fit*; for approaches that learn in passes.
        steps: gradient steps or boosting rounds, to repeat a run exactly.
        batch: crops in a step over all processes; None takes the approach's own.
    """

    minutes: Annotated[float, Field(gt=0)] | None = None
    epochs: Annotated[int, Field(gt=0)] | None = None
    steps: Annotated[int, Field(gt=0)] | None = None
    batch: Annotated[int, Field(gt=0)] | None = None


@dataclass
class FitReport:
    """What `fit` tells of itself; stored in the record of the run.

    Attributes:
        seconds: wall time of learning, without parts that were done again after a resume; None
            lets the caller measure.
        steps: gradient steps or boosting rounds of the stored model.
        resumes: how often an unfinished fit was continued.
        notes: anything else worth storing (precision, speed, augmentation, what was chosen on
            *tune*).
        image_sizes: against which photos are held that may be brought to scale; None says those
            of *fit*.
    """

    seconds: float | None = None
    steps: int | None = None
    resumes: int = 0
    notes: dict[str, Any] = field(default_factory=dict)
    image_sizes: "ImageSizes | None" = None


class Predictor(Protocol):
    """Whatever predicts like a fitted approach; the members of an approach that combines
    others.
    """

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""

    def predict_proba(self, image: "np.ndarray") -> "np.ndarray":
        """See `Approach.predict_proba`."""

    def parameters(self) -> int:
        """See `Approach.parameters`."""


ConfigT = TypeVar("ConfigT", bound=Config)


class Approach(ABC, Generic[ConfigT]):
    """One way to segment, from labelled images to probabilities.

    A new one is a file with a subclass and a line in the table of `approaches/__init__.py`, or a
    class anywhere that commands are given as `package.module:Class`;
    `python -m approaches.checks NAME` tells whether it keeps the contract. `Approach[MyConfig]`
    names the class of its settings, `Approach[Config]` has none. `__init__` only stores; whatever
    is learned ends in an underscore.
    """

    config_class: ClassVar[type[Config]] = Config  # the one in the brackets
    # It is given the trained models of the other approaches of the run; the table says it too.
    combines: ClassVar[bool] = False
    # In every figure, as #RRGGBB; empty takes one that is free. The table has those of its lines.
    colour: ClassVar[str] = ""
    # Photos of other origin that `fit` may choose on beside *tune*; who calls it sets them.
    fields: "Sequence[NamedSet]" = ()

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        named = [
            parameter
            for base in vars(cls).get("__orig_bases__", ())
            if issubclass(get_origin(base) or base, Approach)
            for parameter in get_args(base)
        ]
        if named:
            cls.config_class = getattr(named[0], "__bound__", None) or named[0]

    def __init__(
        self, config: ConfigT | None = None, members: Mapping[str, Predictor] | None = None
    ):
        self.config = config if config is not None else cast(ConfigT, self.config_class())
        self.members = dict(members or {})
        self.report_ = FitReport()

    @property
    def traits(self) -> Traits:
        """What a caller must know before it runs this approach with this config."""
        return Traits()

    # What the report tells of it. All four read `self.config` and `self.report_` alone, so that a
    # fit can be described without its model; before `fit`, they tell what the settings say.

    def preparation(self) -> Sequence[PreparationStep]:
        """What is done to an image before the model sees it, in its order."""
        return ()

    def remarks(self) -> Sequence[str]:
        """What the fit came to, in clauses such as "38 of 400 rounds"."""
        return ()

    def combination(self) -> Combination | None:
        """What an approach that combines others uses of them, and what that gained on *tune*."""
        return None

    def corruptions_met(self) -> Sequence[str]:
        """The corruptions of `common.analysis.corruptions` that its training images showed."""
        return ()

    def check_budget(self, budget: Budget) -> None:
        """Raise a ConfigError for a budget that `fit` would refuse on these processes, before
        anything is trained.
        """

    @abstractmethod
    def fit(
        self,
        fit_set: "DataSet",
        tune_set: "DataSet",
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Learn from *fit*, choosing whatever there is to choose on *tune*; the scoring images are
        never seen here.

        Args:
            fit_set: labelled images to learn from; ignored pixels teach nothing.
            tune_set: labelled images to choose on.
            budget: how long.
            seed: of everything random.
            folder: where curves and checkpoints go and where an interrupted fit is continued from;
                None keeps nothing.

        Returns:
            self, fitted.
        """

    @abstractmethod
    def predict_proba(self, image: "np.ndarray") -> "np.ndarray":
        """The probability of "object" for each pixel.

        Args:
            image: (H, W, 3) uint8 RGB of any size.

        Returns:
            (H, W) float32 in [0, 1], at the size of the input.

        Raises:
            NotFittedError: before `fit` or `load`.
            ValueError: not an image of that shape and type.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted model into an existing empty folder, in formats that load without
        running code.
        """

    @abstractmethod
    def load(self, folder: Path) -> Self:
        """Read what `save` wrote; returns self, fitted."""

    def save_native(self, folder: Path) -> str:
        """Write the fitted model as the library does that it is made with, for programs without
        this one.

        Args:
            folder: is made where something is written.

        Returns:
            How to load it there, as a paragraph of Markdown; "" where there is no such form.
        """
        return ""

    def onnx_module(self) -> "tuple[nn.Module, int]":
        """What an ONNX file is written of: a torch module from `image` (1, H, W, 3) uint8 RGB to
        `probability` (1, H, W) float32, and the number that H and W must be multiples of.

        Raises:
            ConfigError: there is no such form of this approach.
        """
        raise ConfigError(
            f"{type(self).__name__} is no network and has no ONNX form; leave --onnx or --engine "
            "out, or name an approach that is one with --approach."
        )

    @abstractmethod
    def parameters(self) -> int:
        """How many numbers the fitted model consists of, its members' included."""


def check_image(image: "np.ndarray") -> "np.ndarray":
    """The image itself if it is (H, W, 3) uint8, else a ValueError that says what it is."""
    import numpy as np  # here, so that the options of a command need no library

    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
    ):
        found = (
            f"shape {image.shape} and dtype {image.dtype}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise ValueError(
            f"predict_proba got {found}; it needs an RGB image (H, W, 3) uint8. "
            "Read files with common.coco.read_image, or convert floats with (image * "
            "255).round().astype(np.uint8)."
        )
    if 0 in image.shape:
        raise ValueError(f"predict_proba got an image without pixels, shape {image.shape}.")
    return image
