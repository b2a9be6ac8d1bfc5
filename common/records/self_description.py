"""What an approach says of itself, for the report: it is stored with the fit, so that nothing that
reads a run needs to know any approach.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
class PreparationStep:
    """One thing that is done to an image before a model sees it.

    Attributes:
        name: a row of the report's table; the same step of other approaches has the same name.
        done: what is done, such as "crops of 192 px".
        settings: of the config that decide it; a study that varies one of them tests the step.
    """

    name: str
    done: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Combination:
    """What an approach made of the others of its run, and what that gained on *tune*.

    Attributes:
        weights: member → weight, of those that it uses.
        dice_alone: member → mean Dice by itself, of all that were tried; may be empty.
        gain_of_members: mean Dice of all together above that of the best alone.
        views: flips and quarter turns that are averaged; 1 is the image as it is.
        gain_of_views: mean Dice that they add, or that two would have added where one is kept;
            None where they were not compared.
        images_of_views: on how many images they were compared.
    """

    weights: Mapping[str, float]
    dice_alone: Mapping[str, float] = field(default_factory=dict)
    gain_of_members: float | None = None
    views: int = 1
    gain_of_views: float | None = None
    images_of_views: int = 0


@dataclass(frozen=True)
class SelfDescription:
    """All that the report knows of an approach beside its numbers; what it does not tell is empty.

    Attributes:
        summary: what it is, in one line.
        colour: in every figure, as `#RRGGBB`.
        preparation: of an image, in its order.
        remarks: what its fit came to, in clauses such as "38 of 400 rounds".
        combination: of other approaches.
        corruptions_met: those of `common.analysis.corruptions` that its training showed, so that
            standing them proves less.
    """

    summary: str = ""
    colour: str = ""
    preparation: tuple[PreparationStep, ...] = ()
    remarks: tuple[str, ...] = ()
    combination: Combination | None = None
    corruptions_met: tuple[str, ...] = ()
