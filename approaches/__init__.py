"""The table of all approaches. A new one is one file and one line here; nothing is imported until
it is built. One that lies outside the repository gets its line when a command names its class.
"""

import inspect
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from approaches.base import Approach, Config, ConfigError, FitReport, Predictor
from common.commands import did_you_mean
from common.model_files import (
    MODEL_FILE,
    StoredModel,
    describe_files,
    read_stored_model,
    require_unchanged,
)
from common.records.self_description import SelfDescription

if TYPE_CHECKING:
    from common.records import Fit, Record

EVERYWHERE = ("cpu", "cuda", "mps")
ALL = "all"
log = logging.getLogger(__name__)


class OutsideError(ConfigError):
    """A class outside the repository cannot be used as an approach; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    Attributes:
        target: "module:Class" of the approach.
        summary: one line for `--list`.
        config: settings that differ from the class's defaults; several rows may share a class.
        config_class: "module:Class" of its settings, where they lie apart from it.
        combines: it is given the trained models of the other approaches of the run.
        devices: where `--approaches all` includes it.
        colour: in every figure, as `#RRGGBB`; "" takes one that is free.
        outside: it lies outside the repository; its stored models name the target.
    """

    target: str
    summary: str
    config: Mapping[str, Any] = field(default_factory=dict)
    combines: bool = False
    devices: tuple[str, ...] = EVERYWHERE
    colour: str = ""
    outside: bool = False
    config_class: str = ""

    def where(self) -> str:
        """What `--list` adds of an approach that "all" holds on some devices alone."""
        return (
            ""
            if self.devices == EVERYWHERE
            else f" [all on {', '.join(self.devices)}; elsewhere by name]"
        )


TABLE: dict[str, Entry] = {
    "threshold": Entry(
        "approaches.threshold:Threshold",
        "one colour channel and one threshold: the floor",
        colour="#777777",
        config_class="approaches.base:Config",
    ),
    "pixel_lightgbm": Entry(
        "approaches.pixel_lightgbm:PixelLightGBM",
        "colour and texture of each pixel at several scales, LightGBM",
        colour="#E69F00",
        config_class="approaches.configs:PixelConfig",
    ),
    "unet": Entry(
        "approaches.unet:UNetFromScratch",
        "a U-Net trained from scratch",
        colour="#56B4E9",
        config_class="approaches.configs:UNetConfig",
    ),
    "smp_unet_lite0": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "U-Net on a pretrained EfficientNet-Lite0 (weights come with a package)",
        {
            "architecture": "unet",
            "encoder": "tu-tf_efficientnet_lite0",
            "decoder_width": 0.5,
        },
        colour="#0072B2",
        config_class="approaches.configs:SmpConfig",
    ),
    "smp_fpn_lite0": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "feature pyramid network on a pretrained EfficientNet-Lite0 (weights come with a package)",
        {
            "architecture": "fpn",
            "encoder": "tu-tf_efficientnet_lite0",
            "decoder_width": 0.5,
        },
        colour="#009E73",
        config_class="approaches.configs:SmpConfig",
    ),
    "smp_deeplabv3plus_lite0": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "DeepLabV3+ on a pretrained EfficientNet-Lite0 (weights come with a package)",
        {"architecture": "deeplabv3plus", "encoder": "tu-tf_efficientnet_lite0"},
        devices=("cuda",),
        colour="#CC79A7",
        config_class="approaches.configs:SmpConfig",
    ),
    "smp_unetplusplus_resnet34": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "U-Net++ on a pretrained ResNet-34 (weights from the hub)",
        {"architecture": "unetplusplus", "encoder": "resnet34"},
        devices=("cuda",),
        colour="#7A4EAB",
        config_class="approaches.configs:SmpConfig",
    ),
    "smp_segformer_mit_b2": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "SegFormer with a pretrained MiT-B2 (weights from the hub)",
        {"architecture": "segformer", "encoder": "mit_b2"},
        devices=("cuda",),
        colour="#8C6D1F",
        config_class="approaches.configs:SmpConfig",
    ),
    "tta_ensemble": Entry(
        "approaches.tta_ensemble:TtaEnsemble",
        "the others averaged, over flips and quarter turns",
        combines=True,
        colour="#D55E00",
        config_class="approaches.configs:EnsembleConfig",
    ),
    "region_lightgbm": Entry(
        "approaches.region_lightgbm:RegionLightGBM",
        "a second look: trees keep or reject each region that the best of the others finds",
        combines=True,
        colour="#A6761D",
        config_class="approaches.configs:RegionConfig",
    ),
}


def left_out_notes(wanted: str, device: str) -> list[str]:
    """What "all" does not hold on this device, in words; nothing where only names were given."""
    words = _words(wanted)
    names = [
        name
        for name, entry in TABLE.items()
        if device not in entry.devices and name not in words and not entry.outside
    ]
    return (
        [f"left out on {device}, name them to run them: {', '.join(names)}"]
        if ALL in words and names
        else []
    )


def names_for(wanted: str, device: str) -> list[str]:
    """The approaches a command line asks for, members before those that need them.

    Args:
        wanted: names separated by commas; "all" stands for those of the table that suit the
            device, `package.module:Class` for a class outside the repository (see
            `name_of_outside`).
        device: "cpu", "cuda" or "mps"; decides what "all" holds.

    Raises:
        ConfigError: a name is not in the table.
        OutsideError: a class cannot be used as an approach.
    """
    words = known_words(wanted)
    names = {name_of_outside(word) if ":" in word else word for word in words} - {ALL}
    if ALL in words:
        names |= {
            name for name, entry in TABLE.items() if device in entry.devices and not entry.outside
        }
    return sorted(names, key=lambda name: (TABLE[name].combines, list(TABLE).index(name)))


def known_words(wanted: str) -> list[str]:
    """The words of a command line that name approaches: names of the table, "all", and classes
    outside the repository, which are not looked at.

    Raises:
        ConfigError: there is none, or a name is not in the table.
    """
    words = _words(wanted)
    unknown = [word for word in words if word not in TABLE and word != ALL and ":" not in word]
    if unknown or not words:
        shipped = [name for name, entry in TABLE.items() if not entry.outside]
        raise ConfigError(
            f"there is no approach {', '.join(unknown) or wanted!r}; there are "
            f"{', '.join(shipped)}. One that lies outside the repository is named by its class: "
            f"package.module:Class.{did_you_mean(unknown, [*shipped, ALL])}"
        )
    return words


def _words(wanted: str) -> list[str]:
    return [word.strip() for word in wanted.split(",") if word.strip()]


def name_of_outside(target: str) -> str:
    """The name of an approach that lies outside the repository; it is in the table from now on.

    The class is imported from the working directory or from PYTHONPATH. Its name in snake case
    names its row, its folders and its settings: `my_package.forest:RandomForest` is
    `random_forest`.

    Args:
        target: `package.module:Class`.

    Raises:
        OutsideError: there is no such class, it is no approach, or its name cannot be used.
    """
    class_name = target.partition(":")[2]
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()
    if name in TABLE and TABLE[name].target == target:
        return name
    kind = _class_at(target)
    if name in TABLE or name == ALL or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        taken = f"which is taken by {TABLE[name].target}" if name in TABLE else "which is no name"
        raise OutsideError(
            f"{target} would be called {name!r}, {taken}; give the class another name, of the "
            "letters a to z and digits."
        )
    if kind.colour and not re.fullmatch("#[0-9A-Fa-f]{6}", kind.colour):
        raise OutsideError(
            f"{target} has the colour {kind.colour!r}; expected the form #RRGGBB, or none."
        )
    summary = " ".join((kind.__doc__ or "").partition("\n\n")[0].split()).rstrip(".")
    TABLE[name] = Entry(target, summary, combines=kind.combines, colour=kind.colour, outside=True)
    return name


def _class_at(target: str) -> type[Approach[Any]]:
    """The approach's class at `package.module:Class`; OutsideError where there is none."""
    module_name, _, class_name = target.partition(":")
    here = os.getcwd()  # noqa: PTH109 - as it stands in sys.path
    if not {here, ""} & set(sys.path):
        sys.path.append(here)  # last, so that nothing in it hides a library
    try:
        module = import_module(module_name)
    except Exception as error:
        missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise OutsideError(
                f"{target}: there is no module {missing}; run the command in the folder that "
                f"holds it (this is {here}), or name that folder in PYTHONPATH."
            ) from error
        raise OutsideError(
            f"{target}: importing {module_name} failed ({type(error).__name__}: {error})."
        ) from error
    kind = getattr(module, class_name, None)
    if not isinstance(kind, type) or not issubclass(kind, Approach):
        found = "no class" if kind is None else "something that is no subclass of Approach"
        usable = [
            name
            for name, value in vars(module).items()
            if isinstance(value, type)
            and issubclass(value, Approach)
            and value.__module__ == module_name
        ]
        raise OutsideError(
            f"{target}: {module.__file__} has {found} called {class_name!r}; expected a subclass "
            f"of approaches.base.Approach. It has {', '.join(usable) or 'none'}."
        )
    if inspect.isabstract(kind):
        lacking = ", ".join(sorted(kind.__abstractmethods__))
        raise OutsideError(f"{target} lacks {lacking}; see approaches.base.Approach.")
    return kind


def config_of(name: str, overrides: Mapping[str, Any] | None = None) -> Config:
    """The settings of an approach, those of the table without the library that it is made with.

    Args:
        name: a key of the table.
        overrides: settings that differ from the table's.

    Raises:
        ConfigError: an unknown name or setting, or a value of another type.
    """
    if name not in TABLE:
        raise ConfigError(
            f"there is no approach {name!r}; there are {', '.join(TABLE)}."
            f"{did_you_mean([name], TABLE)}"
        )
    entry = TABLE[name]
    kind = _named(entry.config_class) if entry.config_class else _named(entry.target).config_class
    config = kind().with_values(entry.config)
    try:
        return config.with_values(overrides or {})
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error


def _named(target: str) -> Any:
    """The class at "module:Class"."""
    module, class_name = target.split(":")
    return getattr(import_module(module), class_name)


def build(
    name: str,
    members: Mapping[str, Predictor] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Approach:
    """An approach by name, not fitted.

    Args:
        name: a key of the table.
        members: fitted approaches by name, for an approach that combines others.
        overrides: settings that differ from the table's.

    Raises:
        ConfigError: an unknown name or setting, or a value of another type.
    """
    config = config_of(name, overrides)
    kind = _named(TABLE[name].target)
    return kind(config, members)


def describe(name: str, approach: Approach[Any]) -> SelfDescription:
    """What the report knows of an approach: its line in the table, and what it tells itself."""
    entry = TABLE[name]
    return SelfDescription(
        entry.summary,
        entry.colour,
        tuple(approach.preparation()),
        tuple(approach.remarks()),
        approach.combination(),
        tuple(approach.corruptions_met()),
    )


def describe_stored(
    name: str, config: Mapping[str, Any], fit: "Fit | None" = None
) -> SelfDescription:
    """The same of a stored fit, without its model; also of one that was stored before approaches
    described themselves.

    Args:
        name: of the approach; one that is not in the table tells nothing.
        config: the settings that it ran with.
        fit: as its record keeps it; None before it.
    """
    if name not in TABLE:
        return SelfDescription()
    try:
        approach = _as_stored(name, config)
        if fit is not None:
            approach.report_ = FitReport(fit.seconds, fit.steps, fit.resumes, dict(fit.notes))
        return describe(name, approach)
    except Exception as error:  # a report with a gap is better than none
        log.warning("%s cannot describe its fit: %s: %s", name, type(error).__name__, error)
        return SelfDescription(TABLE[name].summary, TABLE[name].colour)


def description_of(record: "Record") -> SelfDescription:
    """What the report knows of an approach in a run, as it is stored, else made now."""
    if record.description is not None:
        return record.description
    return describe_stored(record.approach, record.config, record.fit)


def store(approach: Approach, name: str, folder: Path) -> None:
    """Write a fitted approach with its name and settings, so that `load` needs nothing but the
    folder.
    """
    approach.save(folder)
    described = {
        "approach": name,
        "config": approach.config.as_dict(),
        "members": list(approach.members),
    }
    if name in TABLE and TABLE[name].outside:
        described["target"] = TABLE[name].target
    describe_files(folder, described)


def members_of(folder: Path) -> list[str]:
    """The names of the members that a stored approach uses.

    Raises:
        FileNotFoundError: no model is stored in the folder.
        DamagedFileError: its description is not the one that was stored.
    """
    return list(_described(folder).members)


def _described(folder: Path) -> StoredModel:
    """The description of a stored model; FileNotFoundError where there is none."""
    if not (folder / MODEL_FILE).is_file():
        raise FileNotFoundError(
            f"{folder} holds no stored model ({MODEL_FILE} is missing); "
            f"train it with: python -m approaches {folder.name} --data DIR --output "
            f"{folder.parent.parent}"
        )
    return read_stored_model(folder)


def load(
    folder: Path, wrap: Callable[[str, Approach], Predictor] = lambda name, member: member
) -> Approach:
    """A stored approach with its members, which lie beside it.

    Args:
        folder: what `store` wrote.
        wrap: makes of each loaded member what the approach is given.

    Raises:
        FileNotFoundError: no model is stored in the folder.
        DamagedFileError: a file of the model is not the one that was stored.
        OutsideError: its class lies outside the repository and cannot be found.
    """
    described = _described(folder)
    require_unchanged(folder, described)
    if described.target:
        try:
            name_of_outside(described.target)
        except OutsideError as error:
            raise OutsideError(
                f"{folder} holds a model of a class outside the repository. {error}"
            ) from error
    members = {member: wrap(member, load(folder.parent / member)) for member in described.members}
    try:
        approach = _as_stored(described.approach, described.config, members)
    except ConfigError as error:
        raise ConfigError(f"{folder / MODEL_FILE}: {error}") from error
    return approach.load(folder)


def _as_stored(
    name: str, config: Mapping[str, Any], members: Mapping[str, Predictor] | None = None
) -> Approach[Any]:
    """An approach with stored settings; one that came later is as it was before there was it."""
    return build(name, members, {**config_of(name).before_there_was, **config})
