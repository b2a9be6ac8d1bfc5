"""A model behind a check of its probabilities, a change of scale, or a store of what it predicted.
Each predicts as the model itself does, so that they can stand in one another.
"""

from collections.abc import Mapping

import numpy as np

from approaches.base import Predictor, RequirementMissingError, Traits, check_image
from common.commands import RefusedError
from common.masks.postprocess import LEVELS, quantise
from common.masks.probabilities import ProbabilityMaps
from common.scale import ImageSizes, Scale, at_size, prediction_scale, resized


class ProbabilityError(RefusedError):
    """A model gave something else than the probabilities of an image's pixels."""


def check_proba(proba: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The map itself if it is one of the image, (H, W) float in [0, 1].

    Raises:
        ProbabilityError: it has another shape or dtype, a NaN, or a value outside [0, 1].
    """
    if (
        not isinstance(proba, np.ndarray)
        or proba.shape != image.shape[:2]
        or proba.dtype.kind != "f"
    ):
        found = (
            f"shape {proba.shape} and dtype {proba.dtype}"
            if isinstance(proba, np.ndarray)
            else type(proba).__name__
        )
        raise ProbabilityError(
            f"predict_proba gave {found} for an image of {image.shape}; expected float32 of its "
            "(H, W)."
        )
    if not (proba.min() >= 0 and proba.max() <= 1):  # also where a value is NaN
        raise ProbabilityError(
            f"predict_proba gave values from {proba.min()} to {proba.max()}; expected "
            "probabilities in [0, 1]. Logits need a sigmoid first."
        )
    return proba


def quantised_proba(model: Predictor, image: np.ndarray) -> np.ndarray:
    """What a model predicts for an image (H, W, 3) uint8, checked and rounded to steps of 1/255:
    (H, W) uint8.

    Raises:
        ProbabilityError: the model gave something else.
    """
    return quantise(check_proba(model.predict_proba(image), image))


def traits_of(members: Mapping[str, Predictor], pretrained_on: str = "") -> Traits:
    """The traits of an approach that combines others: what shaped these shaped it too, beside what
    it was pretrained on itself, and the processes share the images.
    """
    told = [pretrained_on, *(one.traits.pretrained_on for one in members.values())]
    outside = {name for one in told for name in one.split(", ") if name}
    return Traits(pretrained_on=", ".join(sorted(outside)), fits_on_all=True)


def check_members(members: Mapping[str, Predictor], example: str) -> None:
    """An approach that combines others needs one or more.

    Args:
        members: that it was given.
        example: names of approaches that one command trains in turn, the one that combines last.

    Raises:
        RequirementMissingError: there is none; the message says how to train some.
    """
    if not members:
        raise RequirementMissingError(
            "no trained member in this run; train some first, in the same --output: "
            f"python bench.py --approaches {example}"
        )


class Around:
    """What predicts by a model that it holds has the model's traits and size."""

    def __init__(self, model: Predictor):
        self.model = model

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""
        return self.model.traits

    def parameters(self) -> int:
        """See `Approach.parameters`."""
        return self.model.parameters()


class ScaledPredictor(Around):
    """Predicts like the model it holds, on photos that are brought to the scale of its training.

    Args:
        model: a fitted approach, or what predicts like one.
        sizes: of the images that it was fitted to; None where they are not known.
        scale: see `common.scale.prediction_scale`.
    """

    def __init__(self, model: Predictor, sizes: ImageSizes | None, scale: Scale = "auto"):
        super().__init__(model)
        self.sizes, self.scale = sizes, scale

    def factor(self, image: np.ndarray) -> float:
        """By how much an image is resized before it is predicted."""
        return prediction_scale(image.shape, self.sizes, self.scale)

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`."""
        factor = self.factor(check_image(image))
        if factor == 1:
            return self.model.predict_proba(image)
        small = resized(image, factor)
        return at_size(check_proba(self.model.predict_proba(small), small), image.shape)


class CachedPredictor(Around):
    """Predicts like the model it holds, rounded to steps of 1/255, and keeps every map.

    Args:
        model: a fitted approach, or what predicts like one.
        maps: those that it predicted before.
        given_as_is: sizes of the images that a model was fitted to which is given every photo as
            it is here, and elsewhere brought to their scale: what it sees in the photos where that
            is not the same lies apart.
    """

    def __init__(
        self, model: Predictor, maps: ProbabilityMaps, given_as_is: ImageSizes | None = None
    ):
        super().__init__(model)
        self.maps, self.given_as_is = maps, given_as_is

    def quantised(self, image: np.ndarray) -> np.ndarray:
        """The map (H, W) uint8 in steps of 1/255 of an image (H, W, 3) uint8."""
        as_is = prediction_scale(image.shape, self.given_as_is) != 1
        maps = self.maps.apart("as_it_is") if as_is else self.maps
        levels = maps.read(image)
        if levels is None:
            levels = quantised_proba(self.model, image)
            maps.write(image, levels)
        return levels

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; the values are multiples of 1/255."""
        return self.quantised(image).astype(np.float32) / LEVELS
