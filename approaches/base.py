"""The contract every approach keeps, and the few values that pass through it. It knows no approach
by name.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from common.commands import RefusedError
from common.data import DataSet

CHECKPOINT = (
    "checkpoint.pt"  # in the folder given to `fit`: an unfinished one that can be continued
)
KINDS = {int: "whole number", float: "number", bool: "true or false", tuple: "list", str: "text"}


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


@dataclass(frozen=True)
class Budget:
    """How long `fit` may learn. Whatever is given limits; several limits hold together.

    Attributes:
        minutes: wall-clock minutes of `fit` alone, turned into a number of steps once, from the
            measured speed.
        epochs: passes over *fit*; for approaches that learn in passes.
        steps: gradient steps or boosting rounds, to repeat a run exactly.
        batch: crops in a step over all processes; None takes the approach's own.
    """

    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None
    batch: int | None = None

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and value <= 0:
                raise ConfigError(
                    f"the budget has {item.name}={value}; expected a positive number, or nothing."
                )


@dataclass(frozen=True)
class Traits:
    """What a caller must know of an approach before it runs.

    Attributes:
        pretrained_on: data outside the user's that shaped the model (`ImageNet`), or "" for none.
        fits_on_all: `fit` is called on every process (it shares the work itself); else on the main
            process alone.
        deterministic: the same seed and number of steps give the same model on one CPU process.
    """

    pretrained_on: str = ""
    fits_on_all: bool = False
    deterministic: bool = True


@dataclass(frozen=True)
class Allowed:
    """Which values a setting takes, and what the user is told of that; of a list, it holds for
    each of its values.
    """

    holds: Callable[[Any], bool]
    said: str


def bounded(default: Any, least: float, most: float = math.inf) -> Any:
    """A setting of a `Config` that is a number from `least` to `most`, or a list of such
    numbers.
    """

    def holds(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and least <= value <= most

    kind = KINDS[type(default[0] if isinstance(default, tuple) else default)]
    said = (
        f"a {kind} of {least:g} or more"
        if math.isinf(most)
        else f"a {kind} from {least:g} to {most:g}"
    )
    return field(default=default, metadata={"allowed": Allowed(holds, said)})


def chosen(default: Any, names: Iterable[str]) -> Any:
    """A setting of a `Config` that is one of some names, or a list of them."""
    known = tuple(names)
    return field(
        default=default,
        metadata={"allowed": Allowed(known.__contains__, f"one of {', '.join(known)}")},
    )


@dataclass(frozen=True)
class Config:
    """Settings of an approach: JSON-able, frozen, with the defaults that the leaderboard shows.

    A setting made by `bounded` or `chosen` takes no other values; what more must hold stands in
    the `__post_init__` of a subclass, after that of this class.
    """

    def __post_init__(self):
        for item in fields(self):
            value, allowed = getattr(self, item.name), item.metadata.get("allowed")
            values = value if isinstance(value, tuple) else (value,)
            if allowed and not (values and all(map(allowed.holds, values))):
                each = "a list of one or more, each " if isinstance(value, tuple) else ""
                raise ConfigError(
                    f"{item.name}={value!r} is not allowed; expected {each}{allowed.said}."
                )

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
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        parsed = {}
        for name, value in values.items():
            if name not in known:
                raise ConfigError(
                    f"there is no setting {name!r}; the settings are {self._listed()}."
                )
            parsed[name] = self._parsed(name, value, known[name])
        return replace(self, **parsed)

    def _parsed(self, name: str, value: Any, default: Any) -> Any:
        if isinstance(value, str) and not isinstance(default, str):
            try:
                value = json.loads(value)
            except json.JSONDecodeError:
                value = value.strip()
        if isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not type(default):
            kind = type(default)
            said = (
                "neither true nor false"
                if kind is bool
                else f"no {KINDS.get(kind, kind.__name__)}"
            )
            raise ConfigError(f"{name}={value!r} is {said}; the settings are {self._listed()}.")
        return value

    def _listed(self) -> str:
        return (
            ", ".join(f"{item.name}={getattr(self, item.name)!r}" for item in fields(self))
            or "none"
        )

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-able values; `with_values` takes them back."""
        return json.loads(json.dumps(asdict(self)))


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
    """

    seconds: float | None = None
    steps: int | None = None
    resumes: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


class Predictor(Protocol):
    """Whatever predicts like a fitted approach; the members of an approach that combines
    others.
    """

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`."""

    def parameters(self) -> int:
        """See `Approach.parameters`."""


class Approach(ABC):
    """One way to segment, from labelled images to probabilities.

    A new one is a file with a subclass and a line in the table of `approaches/__init__.py`;
    `python -m approaches.checks NAME` tells whether it keeps the contract. `__init__` only stores;
    whatever is learned ends in an underscore.
    """

    Config: ClassVar[type[Config]] = Config

    def __init__(
        self, config: Config | None = None, members: Mapping[str, Predictor] | None = None
    ):
        self.config = config if config is not None else self.Config()
        self.members = dict(members or {})
        self.report_ = FitReport()

    @property
    def traits(self) -> Traits:
        """What a caller must know before it runs this approach with this config."""
        return Traits()

    def check_budget(self, budget: Budget) -> None:  # noqa: B027 - most approaches take any
        """Raise a ConfigError for a budget that `fit` would refuse on these processes, before
        anything is trained.
        """

    @abstractmethod
    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
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
    def predict_proba(self, image: np.ndarray) -> np.ndarray:
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

    @abstractmethod
    def parameters(self) -> int:
        """How many numbers the fitted model consists of, its members' included."""


def check_image(image: np.ndarray) -> np.ndarray:
    """The image itself if it is (H, W, 3) uint8, else a ValueError that says what it is."""
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
