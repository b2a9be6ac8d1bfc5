"""The command line that `bench.py` and `python -m approaches NAME` share, and the defaults that a
preset chooses.
"""

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from approaches import TABLE, config_of, known_words
from approaches.base import Budget, ConfigError
from common import __version__
from common.coco.options import add_read_options
from common.commands import CommandParser, did_you_mean, number
from common.leaderboard.choice import RULES, Choice

ArgumentAdder: TypeAlias = "argparse._ActionsContainer"
DATA, SAMPLE = Path("data/cig_butts"), Path("data/sample")


@dataclass(frozen=True)
class Preset:
    """How much a run spends where the command line does not say."""

    minutes: float
    smoke: bool
    meaning: str
    settings: tuple[str, ...] = ()  # as --set gives them, which comes after them


PRESETS = {
    "smoke": Preset(
        1 / 3, True, "20 seconds for each fit, smallest settings: does everything run?"
    ),
    "quick": Preset(
        1.25,
        False,
        "75 seconds for each fit, at 3/4 of the size: the default on sample data",
        (
            "*.crop_px=128",
            "*.batch=6",
            "*.input_scale=0.75",
            "*.zoom=[0.7,1.4]",
            "*.evaluations=1",
        ),
    ),
    "full": Preset(12.0, False, "12 minutes for each fit: the default on your data"),
}

NOT_FOR_STUDIES = (
    *"set mix_sample backgrounds approaches score_only test field learn_field folds".split(),
    *"robustness margin winner no_report resume".split(),
)


EXAMPLES = (
    "python bench.py                            on generated photos",
    "python bench.py --data DIR --time-limit 5  on yours, 5 minutes each",
    "python bench.py --data DIR --approaches unet,threshold --set unet.loss=bce",
)


def parser(program: str) -> CommandParser:
    """The options; each long one is understood with hyphens and with underscores."""
    options = CommandParser(
        prog=program,
        usage="%(prog)s [options]",
        description=(
            "Train several segmentation approaches on one folder, rank them, write the "
            "winner's submission. The same command continues a run that was interrupted."
        ),
        epilog="presets:\n"
        + "\n".join(f"  {name:6} {preset.meaning}" for name, preset in PRESETS.items()),
        examples=EXAMPLES,
    )
    _add_data(options.add_argument_group("the data"))
    _add_training(options.add_argument_group("what is trained"))
    _add_budget(options.add_argument_group("how long"))
    _add_choice(options.add_argument_group("what is compared, and how the winner is chosen"))
    _add_folder(options.add_argument_group("the folder of the run"))
    _add(
        options.add_argument_group("instead of a run"),
        "study",
        "run these studies: all, or names separated by commas",
        metavar="NAMES",
    )
    _add(options, "list", "list the approaches and studies, and leave", action="store_true")
    version = f"segmentation-bench {__version__}"
    options.add_argument("--version", action="version", version=version, help="print the version")
    return options


def _add(group: ArgumentAdder, name: str, meaning: str, **settings: Any) -> None:
    """One option, also spelt with underscores, which the help leaves out."""
    action = group.add_argument(f"--{name}", help=meaning, **settings)
    other = f"--{name.replace('-', '_')}"
    if other != f"--{name}":
        settings.setdefault("dest", action.dest)
        group.add_argument(other, help=argparse.SUPPRESS, **settings)


def _add_flag(group: ArgumentAdder, name: str, meaning: str) -> None:
    """An option that stands alone or with a truth value."""
    how = {"nargs": "?", "const": True, "default": False, "type": truth, "metavar": "BOOL"}
    _add(group, name, meaning, **how)


def _add_data(group: ArgumentAdder) -> None:
    meaning = f"folder with train/, val/ and real_test/ ({DATA} if it is there, else generated)"
    _add(group, "data", meaning, type=Path, metavar="DIR")
    add_read_options(group)
    meaning = "photos of the ground without any object, shown in training too"
    _add(group, "backgrounds", meaning, type=Path, metavar="DIR")
    _add_flag(group, "save-ds", "keep decoded images and masks for the next run")


def _add_training(group: ArgumentAdder) -> None:
    meaning = "all, names (see --list) or package.module:Class, separated by commas (all)"
    _add(group, "approaches", meaning, default="all", metavar="NAMES")
    meaning = "a setting of one approach, or with * of all that have it; may be repeated"
    settings: dict[str, Any] = {"action": "append", "default": []}
    _add(group, "set", meaning, metavar="NAME.SETTING=VALUE", **settings)
    meaning = "share of the networks' crops taken from generated scenes (0)"
    _add(group, "mix-sample", meaning, type=float, metavar="SHARE")
    meaning = "of splits, weights, crops and augmentation (0)"
    _add(group, "seed", meaning, type=seed, default=0, metavar="N")
    meaning = "trainings of each approach (1), of each variation of a study (3)"
    _add(group, "seeds", meaning, type=count, metavar="N")
    _add_flag(group, "mirror", "train on all GPUs of this machine")


def _add_budget(group: ArgumentAdder) -> None:
    meaning = "how much to spend where nothing else is said (quick on generated photos, else full)"
    _add(group, "preset", meaning, choices=PRESETS)
    meaning = "minutes for each approach's training (the preset's)"
    _add(group, "time-limit", meaning, type=minutes, metavar="MIN")
    meaning = "passes over the training images for each network"
    _add(group, "epochs", meaning, type=int, metavar="N")
    meaning = "steps for each approach's training, to repeat a run exactly"
    _add(group, "steps", meaning, type=int, metavar="N")
    meaning = "crops in a step over all processes (each approach's own)"
    _add(group, "batch", meaning, type=int, metavar="N")


def _add_choice(group: ArgumentAdder) -> None:
    meaning = (
        "labelled images of elsewhere that every approach is scored on and nothing is chosen on: "
        "a folder with images/ and its annotations, or with it in SPLIT; may be repeated"
    )
    named: dict[str, Any] = {"action": "append", "default": []}
    _add(group, "test", meaning, metavar="NAME=DIR[:SPLIT]", **named)
    meaning = "the same, but post-processing is chosen on it and on tune together"
    _add(group, "field", meaning, metavar="NAME=DIR[:SPLIT]", **named)
    meaning = (
        "train on this share of the field's photos, in whole groups, and choose on the others "
        "(0; 0.5 where no share is given)"
    )
    learned: dict[str, Any] = {"nargs": "?", "const": 0.5, "default": 0.0, "type": share}
    _add(group, "learn-field", meaning, metavar="SHARE", **learned)
    meaning = (
        "train every approach on so many folds of train too, and score each image of train by the "
        "model that saw nothing of its group"
    )
    _add(group, "folds", meaning, type=folds, metavar="K")
    meaning = f"the rule by which it is chosen ({Choice.rule})"
    _add(group, "winner", meaning, default=Choice.rule, choices=RULES)
    meaning = f"loss of mean Dice to the best that does not matter ({Choice.margin:g})"
    _add(group, "margin", meaning, type=margin, default=Choice.margin, metavar="DICE")
    meaning = "score every approach on corrupted copies of this many images of val (24)"
    settings: dict[str, Any] = {"nargs": "?", "const": 24, "default": 0, "type": count}
    _add(group, "robustness", meaning, metavar="IMAGES", **settings)


def _add_folder(group: ArgumentAdder) -> None:
    meaning = "also report curves to wandb, mlflow, ...: names separated by commas (none)"
    _add(group, "log-with", meaning, default="", metavar="NAMES")
    meaning = "where everything of the run goes (results/<data>-<preset>...)"
    _add(group, "output", meaning, type=Path, metavar="DIR")
    _add(group, "resume", "continue a run in its folder (the default)", action="store_true")
    _add(group, "fresh", "set an existing run aside and begin anew", action="store_true")
    meaning = "predict and score stored models again, train nothing"
    _add(group, "score-only", meaning, action="store_true")
    _add(group, "no-report", "do not make report.html of the run", action="store_true")


def truth(text: str) -> bool:
    """The value of `--mirror True` and its like."""
    words = {
        "true": True,
        "yes": True,
        "1": True,
        "on": True,
        "false": False,
        "no": False,
        "0": False,
        "off": False,
    }
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return words[text.lower()]


def minutes(text: str) -> float:
    """The value of `--time-limit`."""
    wording = "no number of minutes; leave it out and give --epochs or --steps"
    return number(text, float, math.isfinite, wording)


def share(text: str) -> float:
    """The value of `--learn-field`."""
    wording = "no share; expected a number from 0 to 0.5, so that as much is left to choose on"
    return number(text, float, lambda value: 0 <= value <= 0.5, wording)


def margin(text: str) -> float:
    """The value of `--margin`."""
    wording = "no loss of Dice; expected a number from 0 to 1, such as 0.01"
    return number(text, float, lambda value: 0 <= value <= 1, wording)


def seed(text: str) -> int:
    """The value of `--seed`; LightGBM and NumPy take no others."""
    return _from_to(text, 0, 2**31 - 1)


def count(text: str) -> int:
    """The value of `--seeds` and `--robustness`."""
    return _from_to(text, 1, 10_000)


def folds(text: str) -> int:
    """The value of `--folds`."""
    return _from_to(text, 2, 100)


def _from_to(text: str, least: int, most: int) -> int:
    wording = f"no whole number from {least} to {most}"
    return number(text, int, lambda value: least <= value <= most, wording)


def refuse_beside_study(options: argparse.Namespace) -> None:
    """Refuse what a study would not heed.

    Raises:
        ConfigError: something is given that has no meaning for a study; the message names it.
    """
    usual = parser("").parse_args([])
    given = [
        "--" + name.replace("_", "-")
        for name in NOT_FOR_STUDIES
        if vars(options)[name] != vars(usual)[name]
    ]
    if options.preset and not PRESETS[options.preset].smoke:
        given.append(f"--preset {options.preset}")
    if given:
        raise ConfigError(
            f"--study cannot go with {', '.join(given)}: what a study trains and for how long "
            "stands in approaches/studies/hypotheses.py, folds of train score it, and the same "
            "command continues it. Leave that out; what counts here is --data, --output, --seed, "
            "--seeds, --fresh, --preset smoke, and a budget of your own."
        )


def budget_of(options: argparse.Namespace, preset: Preset) -> Budget:
    """The budget a command line asks for; the preset's minutes hold only where nothing else
    limits.
    """
    minutes = options.time_limit
    if minutes is None and options.epochs is None and options.steps is None:
        minutes = preset.minutes
    return Budget(minutes=minutes, epochs=options.epochs, steps=options.steps, batch=options.batch)


def run_name(data: str, preset: str, options: argparse.Namespace) -> str:
    """The folder of a run below results/: data, preset, and what the command line says of budget,
    seed and the reading of annotations otherwise.
    """
    wording = {
        "min": options.time_limit,
        "epochs": options.epochs,
        "steps": options.steps,
        "batch": options.batch,
    }
    parts = [f"{value:g}{unit}" for unit, value in wording.items() if value is not None]
    seed = [f"seed{options.seed}"] if options.seed else []
    reading = [re.sub(r"\W+", "-", name).strip("-").lower() for name in options.category]
    reading += [f"crowd-{options.crowd}"] if options.crowd else []
    reading += ["upright"] if options.upright else []
    return "-".join([data.replace("_", "-"), preset, *parts, *seed, *reading])


def overrides_of(
    options: argparse.Namespace, names: Sequence[str], preset: Sequence[str] = ()
) -> dict[str, dict[str, str]]:
    """Settings by approach: `--set unet.base_channels=16` → `{"unet": {"base_channels": "16"}}`;
    `*` stands for every approach among the names that has the setting, and `--mix-sample` is short
    for `--set *.generated_share`. The preset's settings come first, where an approach has them.

    Raises:
        ConfigError: a `--set` is not of that form, or `*` has a setting that no approach of the
            run has.
    """
    overrides: dict[str, dict[str, str]] = {}
    words = [*preset, *options.set]
    if options.mix_sample is not None:
        if not 0 <= options.mix_sample <= 1:
            raise ConfigError(
                f"--mix-sample got {options.mix_sample:g}; expected a share from 0 to 1."
            )
        words.insert(0, f"*.generated_share={options.mix_sample!r}")
    for word in words:
        name, dot, rest = word.partition(".")
        setting, equals, value = rest.partition("=")
        if not (name and dot and setting and equals):
            raise ConfigError(
                f"--set got {word!r}; expected NAME.SETTING=VALUE, e.g. unet.base_channels=16."
            )
        chosen = (
            [name]
            if name != "*"
            else [name for name in names if setting in config_of(name).as_dict()]
        )
        if not chosen and word in options.set:
            known = {key for each in names for key in config_of(each).as_dict()}
            raise ConfigError(
                f"--set got {word!r}, but no approach of this run has a setting {setting!r}."
                f"{did_you_mean([setting], known)}"
            )
        for each in chosen:
            overrides.setdefault(each, {})[setting] = value
    return overrides


def refuse_mistyped(options: argparse.Namespace) -> None:
    """Refuse approaches and settings that do not exist, before anything is imported that takes
    seconds. Classes outside the repository are not looked at.

    Raises:
        ConfigError: there is no such approach or setting, or a value is not allowed.
    """
    words = known_words(options.approaches)
    named = [word for word in words if word in TABLE]
    shipped = [name for name, entry in TABLE.items() if not entry.outside]
    outside = any(":" in word for word in words)
    if outside and any(word.startswith("*.") for word in options.set):
        return
    for name, settings in overrides_of(options, named if named == words else shipped).items():
        if name in TABLE or not outside:
            config_of(name, settings)
