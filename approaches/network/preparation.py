"""What is done to an image before a network sees it, in words, for the report."""

from collections.abc import Mapping
from typing import Any

from approaches.network.config import TrainingConfig
from approaches.network.met_in_training import kind_of
from common.records.self_description import PreparationStep
from common.words import listed, percent


def preparation_steps(
    config: TrainingConfig, notes: Mapping[str, Any], normalised_by: str
) -> list[PreparationStep]:
    """The steps, in their order.

    Args:
        config: of the network.
        notes: of its fit; before it, empty.
        normalised_by: whose mean and standard deviation the input gets.
    """
    near = f"{percent(config.object_share)} of them near an object"
    if config.background_share is not None:
        near += f", up to {percent(config.background_share)} of images without one"
    scale = config.input_scale
    size = "as it is" if scale == 1 else f"{scale:g} times as large"
    steps = [
        PreparationStep(
            "crops for training",
            f"crops of {config.crop_px} px, {near}",
            ("crop_px", "object_share", "background_share"),
        ),
        PreparationStep("size of the input", size, ("input_scale",)),
        PreparationStep(
            "normalisation", f"mean and standard deviation of each channel, {normalised_by}"
        ),
        PreparationStep(
            "augmentation in training", _augmentation(config, notes), ("augmentation",)
        ),
    ]
    if config.augmentation in ("geometric", "full"):
        least, most = config.zoom
        zoomed = f"{least:g} to {most:g} times as large"
        steps.append(PreparationStep("sizes in the augmentation", zoomed, ("zoom",)))
    if config.hard_share:
        where = f"{percent(config.hard_share)} of them where the half-trained network saw one"
        steps.append(PreparationStep("crops of images without an object", where, ("hard_share",)))
    return [*steps, _laid_on_crops(config)]


def _augmentation(config: TrainingConfig, notes: Mapping[str, Any]) -> str:
    kinds = [kind_of(step) for step in notes.get("augmentation", ())]
    kinds = [kind for kind in kinds if kind and kind != "CenterCrop"]
    return f"*{config.augmentation}*" + (f": {', '.join(kinds)}" if kinds else "")


def _laid_on_crops(config: TrainingConfig) -> PreparationStep:
    shares = {
        "objects of other images": config.paste_share,
        "generated butts": config.butt_share,
        "litter": config.litter_share,
        "generated scenes instead": config.generated_share,
    }
    laid = [f"{what} ({percent(share)})" for what, share in shares.items() if share]
    return PreparationStep(
        "laid on crops",
        listed(laid) if laid else "nothing",
        ("paste_share", "butt_share", "litter_share", "generated_share"),
    )
