"""A fitted approach that reads what it predicted before, so that nothing is predicted twice in a
run.
"""

import numpy as np

from approaches.base import Approach, Traits
from common.masks.postprocess import LEVELS, quantise
from common.masks.probabilities import ProbabilityMaps


def check_proba(proba: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The map itself if it is one of the image, (H, W) float in [0, 1], else a ValueError that
    says what it is.
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
        raise ValueError(
            f"predict_proba gave {found} for an image of {image.shape}; expected float32 of its "
            "(H, W)."
        )
    if not (proba.min() >= 0 and proba.max() <= 1):  # also where a value is NaN
        raise ValueError(
            f"predict_proba gave values from {proba.min()} to {proba.max()}; expected "
            "probabilities in [0, 1]. Logits need a sigmoid first."
        )
    return proba


class Remembered:
    """Predicts like the approach it holds, rounded to steps of 1/255, and keeps every map."""

    def __init__(self, approach: Approach, maps: ProbabilityMaps):
        self.approach, self.maps = approach, maps

    def levels(self, image: np.ndarray) -> np.ndarray:
        """The map (H, W) uint8 in steps of 1/255 of an image (H, W, 3) uint8."""
        levels = self.maps.read(image)
        if levels is None:
            levels = quantise(check_proba(self.approach.predict_proba(image), image))
            self.maps.write(image, levels)
        return levels

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; the values are multiples of 1/255."""
        return self.levels(image).astype(np.float32) / LEVELS

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""
        return self.approach.traits

    def parameters(self) -> int:
        """See `Approach.parameters`."""
        return self.approach.parameters()
