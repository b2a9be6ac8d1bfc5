"""The table of all approaches. A new one is one file and one line here; nothing is imported until
it is built.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from approaches.base import Approach, ConfigError, Predictor

MODEL_FILE = "approach.json"
EVERYWHERE = ("cpu", "cuda", "mps")


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    Attributes:
        target: "module:Class" of the approach.
        summary: one line for `--list`.
        config: settings that differ from the class's defaults; several rows may share a class.
        combines: it is given the trained models of the other approaches of the run.
        devices: where `--approaches all` includes it.
    """

    target: str
    summary: str
    config: Mapping[str, Any] = field(default_factory=dict)
    combines: bool = False
    devices: tuple[str, ...] = EVERYWHERE

    def where(self) -> str:
        """What `--list` adds of an approach that "all" holds on some devices alone."""
        return (
            ""
            if self.devices == EVERYWHERE
            else f" [all on {', '.join(self.devices)}; elsewhere by name]"
        )


TABLE: dict[str, Entry] = {
    "threshold": Entry(
        "approaches.threshold:Threshold", "one colour channel and one threshold: the floor"
    ),
    "pixel_lightgbm": Entry(
        "approaches.pixel_lightgbm:PixelLightGBM",
        "colour and texture of each pixel at several scales, LightGBM",
    ),
    "unet": Entry("approaches.unet:UNetFromScratch", "a U-Net trained from scratch"),
    "smp_unet_lite0": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "U-Net on a pretrained EfficientNet-Lite0 (weights come with a package)",
        {"architecture": "unet", "encoder": "tu-tf_efficientnet_lite0"},
    ),
    "smp_fpn_lite0": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "feature pyramid network on a pretrained EfficientNet-Lite0 (weights come with a package)",
        {"architecture": "fpn", "encoder": "tu-tf_efficientnet_lite0"},
    ),
    "smp_deeplabv3plus_lite0": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "DeepLabV3+ on a pretrained EfficientNet-Lite0 (weights come with a package)",
        {"architecture": "deeplabv3plus", "encoder": "tu-tf_efficientnet_lite0"},
        devices=("cuda",),
    ),
    "smp_unetplusplus_resnet34": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "U-Net++ on a pretrained ResNet-34 (weights from the hub)",
        {"architecture": "unetplusplus", "encoder": "resnet34"},
        devices=("cuda",),
    ),
    "smp_segformer_mit_b2": Entry(
        "approaches.smp_pretrained:SmpPretrained",
        "SegFormer with a pretrained MiT-B2 (weights from the hub)",
        {"architecture": "segformer", "encoder": "mit_b2"},
        devices=("cuda",),
    ),
    "tta_ensemble": Entry(
        "approaches.tta_ensemble:TtaEnsemble",
        "the others averaged, over flips and quarter turns",
        combines=True,
    ),
}


def left_out_notes(wanted: str, device: str) -> list[str]:
    """What "all" does not hold on this device, in words; nothing where names were given."""
    names = [name for name, entry in TABLE.items() if device not in entry.devices]
    return (
        [f"left out on {device}, name them to run them: {', '.join(names)}"]
        if wanted == "all" and names
        else []
    )


def names_for(wanted: str, device: str) -> list[str]:
    """The approaches a command line asks for, members before those that need them.

    Args:
        wanted: "all" or names separated by commas.
        device: "cpu", "cuda" or "mps"; decides what "all" holds.

    Raises:
        ConfigError: a name is not in the table.
    """
    if wanted == "all":
        return [name for name, entry in TABLE.items() if device in entry.devices]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = [name for name in names if name not in TABLE]
    if unknown or not names:
        raise ConfigError(
            f"there is no approach {', '.join(unknown) or wanted!r}; there are {', '.join(TABLE)}."
        )
    return sorted(set(names), key=list(TABLE).index)


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
    if name not in TABLE:
        raise ConfigError(f"there is no approach {name!r}; there are {', '.join(TABLE)}.")
    module, class_name = TABLE[name].target.split(":")
    kind = getattr(import_module(module), class_name)
    config = kind.config_class().with_values(TABLE[name].config)
    try:
        config = config.with_values(overrides or {})
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error
    return kind(config, members)


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
    (folder / MODEL_FILE).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def members_of(folder: Path) -> list[str]:
    """The names of the members that a stored approach uses."""
    return json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))["members"]


def load(
    folder: Path, wrap: Callable[[str, Approach], Predictor] = lambda name, member: member
) -> Approach:
    """A stored approach with its members, which lie beside it.

    Args:
        folder: what `store` wrote.
        wrap: makes of each loaded member what the approach is given.

    Raises:
        FileNotFoundError: no model is stored in the folder.
    """
    path = folder / MODEL_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no stored model ({MODEL_FILE} is missing); "
            f"train it with: python -m approaches {folder.name} --data DIR --output "
            f"{folder.parent.parent}"
        )
    described = json.loads(path.read_text(encoding="utf-8"))
    members = {
        member: wrap(member, load(folder.parent / member)) for member in described["members"]
    }
    return build(described["approach"], members, described["config"]).load(folder)
