"""The command line that `bench.py` and `python -m approaches NAME` share, and the defaults that a
preset chooses.
"""

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from approaches import build
from approaches.base import Budget, ConfigError
from common import __version__
from common.coco import add_read_options
from common.leaderboard import Choice


@dataclass(frozen=True)
class Preset:
    """How much a run spends where the command line does not say."""

    minutes: float
    smoke: bool
    meaning: str


PRESETS = {
    "smoke": Preset(
        1 / 3, True, "20 seconds for each fit, smallest settings: does everything run?"
    ),
    "quick": Preset(
        1.0, False, "1 minute for each fit: a first look; the default on the sample data"
    ),
    "full": Preset(12.0, False, "12 minutes for each fit: the default on your data"),
}

NOT_FOR_STUDIES = (
    "set mix_sample approaches score_only robustness margin winner no_report resume test".split()
)


def parser(program: str) -> argparse.ArgumentParser:
    """The options; each long one is understood with hyphens and with underscores."""
    options = argparse.ArgumentParser(
        prog=program,
        description=(
            "Train several segmentation approaches on one folder, rank them, write the winner's "
            "submission."
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="presets:\n"
        + "\n".join(f"  {name:6} {preset.meaning}" for name, preset in PRESETS.items()),
    )

    def add(name: str, *, meaning: str, **settings: Any) -> None:
        spellings = dict.fromkeys(["--" + name, "--" + name.replace("-", "_")])
        options.add_argument(*spellings, help=meaning, **settings)

    def flag(name: str, *, meaning: str) -> None:
        add(
            name, meaning=meaning, nargs="?", const=True, default=False, type=truth, metavar="BOOL"
        )

    add("data", meaning="folder with train/, val/ and real_test/", type=Path, metavar="DIR")
    add(
        "approaches",
        meaning="all, names (see --list) or package.module:Class, separated by commas",
        default="all",
        metavar="NAMES",
    )
    add(
        "epochs", meaning="passes over the training images for each network", type=int, metavar="N"
    )
    add("batch", meaning="crops in a step over all processes", type=int, metavar="N")
    flag("mirror", meaning="train on all GPUs of this machine")
    flag("save-ds", meaning="keep decoded images and masks for the next run")
    add("time-limit", meaning="minutes for each approach's training", type=minutes, metavar="MIN")
    add(
        "steps",
        meaning="steps for each approach's training, to repeat a run exactly",
        type=int,
        metavar="N",
    )
    add("preset", meaning="how much to spend where nothing else is said", choices=PRESETS)
    add(
        "seed",
        meaning="of splits, weights, crops and augmentation",
        type=seed,
        default=0,
        metavar="N",
    )
    add(
        "set",
        meaning="a setting of one approach, or with * of all that have it",
        action="append",
        default=[],
        metavar="NAME.SETTING=VALUE",
    )
    add(
        "mix-sample",
        meaning="share of the networks' crops taken from generated scenes",
        type=float,
        metavar="SHARE",
    )
    add(
        "output",
        meaning="folder of this run; results/<data>-<preset>… unless given",
        type=Path,
        metavar="DIR",
    )
    add(
        "test",
        meaning="labelled images of elsewhere that every approach is scored on and nothing is "
        "chosen on: a folder with images/ and its annotations, or with it in SPLIT; repeatable",
        action="append",
        default=[],
        metavar="NAME=DIR[:SPLIT]",
    )
    add_read_options(options)
    add("resume", meaning="continue a run in its folder (the default)", action="store_true")
    add("fresh", meaning="set an existing run aside and begin anew", action="store_true")
    add("no-report", meaning="do not make report.html of the run", action="store_true")
    add(
        "score-only",
        meaning="predict and score stored models again, train nothing",
        action="store_true",
    )
    rules = ("cheapest-equivalent", "best")
    add("winner", meaning="the rule by which it is chosen", default=Choice.rule, choices=rules)
    add(
        "margin",
        meaning="loss of mean Dice to the best that does not matter",
        type=margin,
        default=Choice.margin,
    )
    add(
        "seeds",
        meaning="trainings of each approach (1), of each variation of a study (3)",
        type=count,
        metavar="N",
    )
    add(
        "robustness",
        meaning="score every approach on corrupted copies of so many images of val (24)",
        nargs="?",
        const=24,
        default=0,
        type=count,
        metavar="IMAGES",
    )
    add(
        "study",
        meaning="run these studies instead: all, or names separated by commas",
        metavar="NAMES",
    )
    add("list", meaning="list the approaches and studies, and leave", action="store_true")
    version = f"segmentation-bench {__version__}"
    options.add_argument("--version", action="version", version=version, help="print the version")
    return options


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
    if not math.isfinite(float(text)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of minutes; leave it out and give --epochs or --steps"
        )
    return float(text)


def margin(text: str) -> float:
    """The value of `--margin`."""
    if not 0 <= float(text) <= 1:
        raise argparse.ArgumentTypeError(
            f"{text} is no loss of Dice; expected a number from 0 to 1, such as 0.01"
        )
    return float(text)


def seed(text: str) -> int:
    """The value of `--seed`; LightGBM and NumPy take no others."""
    if not 0 <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to {2**31 - 1}")
    return int(text)


def count(text: str) -> int:
    """The value of `--seeds` and `--robustness`."""
    if not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 10000")
    return int(text)


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


def overrides_of(options: argparse.Namespace, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Settings by approach: `--set unet.base_channels=16` → `{"unet": {"base_channels": "16"}}`;
    `*` stands for every approach among the names that has the setting, and `--mix-sample` is short
    for `--set *.generated_share`.

    Raises:
        ConfigError: a `--set` is not of that form, or `*` has a setting that no approach of the
            run has.
    """
    overrides: dict[str, dict[str, str]] = {}
    words = list(options.set)
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
            else [name for name in names if setting in build(name).config.as_dict()]
        )
        if not chosen and word in options.set:
            raise ConfigError(
                f"--set got {word!r}, but no approach of this run has a setting {setting!r}."
            )
        for each in chosen:
            overrides.setdefault(each, {})[setting] = value
    return overrides
