"""What is done to an image before an approach sees it, and which of these settings were tested in
a study.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from common.leaderboard.studies import Planned
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import code, listed, percent

Found = Mapping[str, Mapping[str, pd.DataFrame | None]]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One thing that is done to an image.

    Attributes:
        name: as it stands in the table.
        settings: of the config that decide it; a study of one of them is a test of the step.
        said: config and fit of an approach → what is done, or nothing where the approach does no
            such thing.
    """

    name: str
    settings: tuple[str, ...]
    said: Callable[[Settings, Settings], str]


def _crop(config: Settings, fit: Settings) -> str:
    if "crop_px" not in config:
        return ""
    near = (
        f", {percent(config['object_share'])} of them near an object"
        if "object_share" in config
        else ""
    )
    return f"crops of {config['crop_px']} px{near}"


def _scale(config: Settings, fit: Settings) -> str:
    scale = config.get("input_scale")
    return "" if scale is None else "as it is" if scale == 1 else f"{scale:g} times as large"


def _normalisation(config: Settings, fit: Settings) -> str:
    if "crop_px" not in config:
        return ""
    return f"mean and standard deviation of each channel, {_whose(config)}"


def _whose(config: Settings) -> str:
    return "those of the encoder's first training" if "encoder" in config else "those of ImageNet"


def _augmentation(config: Settings, fit: Settings) -> str:
    steps = [
        step.get("__class_fullname__", "")
        for step in fit.get("augmentation") or []
        if isinstance(step, Mapping)
    ]
    steps = [step for step in steps if step and step != "CenterCrop"]
    name = config.get("augmentation")
    return "" if name is None else f"*{name}*" + (f": {', '.join(steps)}" if steps else "")


def _zoom(config: Settings, fit: Settings) -> str:
    zoom = config.get("zoom")
    geometric = config.get("augmentation") in ("geometric", "full")
    return f"{zoom[0]:g} to {zoom[1]:g} times as large" if zoom and geometric else ""


def _laid_on(config: Settings, fit: Settings) -> str:
    words = {
        "paste_share": "objects of other images",
        "butt_share": "generated butts",
        "litter_share": "litter",
    }
    words |= {"generated_share": "generated scenes instead"}
    if not set(words) & set(config):
        return ""
    return listed(
        [f"{said} ({percent(config[key])})" for key, said in words.items() if config.get(key)]
    ).replace("none", "nothing")


def _features(config: Settings, fit: Settings) -> str:
    groups = config.get("feature_groups")
    return (
        f"{listed(list(groups))} of each pixel at {config.get('scales', '?')} scales"
        if groups
        else ""
    )


def _channel(config: Settings, fit: Settings) -> str:
    if "channel" not in fit:
        return ""
    return (
        f"one channel alone, *{fit['channel']}*, {'high' if fit.get('bright') else 'low'} values "
        "as object"
    )


def _views(config: Settings, fit: Settings) -> str:
    if "views" not in fit:
        return ""
    return (
        f"{fit['views']} flips and quarter turns, averaged"
        if fit["views"] > 1
        else "one view, as the image is"
    )


STEPS = (
    Step("crops for training", ("crop_px", "object_share"), _crop),
    Step("size of the input", ("input_scale",), _scale),
    Step("normalisation", (), _normalisation),
    Step("augmentation in training", ("augmentation",), _augmentation),
    Step("sizes in the augmentation", ("zoom",), _zoom),
    Step(
        "laid on crops", ("paste_share", "butt_share", "litter_share", "generated_share"), _laid_on
    ),
    Step("features", ("feature_groups", "scales"), _features),
    Step("channel", (), _channel),
    Step("views for prediction", ("views",), _views),
)


def preparation_table(run: FinishedRun, studies: Mapping[str, Planned], found: Found) -> str:
    """What each trained approach does to an image beforehand, and whether that was tested, as a
    Markdown table.

    Args:
        run: whose complete approaches are told of.
        studies: study → what it varies.
        found: data set → study → its table, None where it was not run; of `study_tables`.
    """
    lines = ["| step | what is done | by | tested |", "| --- | --- | --- | --- |"]
    for step in STEPS:
        for said, names in _done(run, step):
            lines.append(
                f"| {step.name} | {said} | {listed(code(names), most=12)} | "
                f"{how_tested(step, studies, found)} |"
            )
    if len(lines) > 2:
        return "\n".join(lines)
    return "The settings of the approaches are not stored with this run." if run.names else NOTHING


def _done(run: FinishedRun, step: Step) -> Iterator[tuple[str, list[str]]]:
    """What is done in a step, each with the approaches that do it."""
    by: dict[str, list[str]] = {}
    for name in run.names:
        said = step.said(run.config(name), run.fit_notes(name))
        if said:
            by.setdefault(said, []).append(name)
    yield from by.items()


def how_tested(step: Step, studies: Mapping[str, Planned], found: Found) -> str:
    """In which studies a step was varied, and on which data they were run."""
    said = []
    for name, study in studies.items():
        varied = {key for variation in study.variations.values() for key in variation.settings}
        if varied & set(step.settings):
            data = [data for data, tables in found.items() if tables.get(name) is not None]
            said.append(
                f"tested in study *{name}* ({listed(data)})"
                if data
                else f"study *{name}* was not run"
            )
    return "; ".join(said) or "not tested"
