"""A fitted approach that reads what it predicted before, so that nothing is predicted twice in a
run.
"""

import numpy as np

from approaches import load
from approaches.base import Approach, Predictor, Traits
from approaches.segmenter import ScaledPredictor, quantised_proba
from common.masks.postprocess import LEVELS
from common.masks.probabilities import ProbabilityMaps
from common.records.folder import RunFolder
from common.scale import ImageSizes


class CachedPredictor:
    """Predicts like the model it holds, rounded to steps of 1/255, and keeps every map."""

    def __init__(self, model: Predictor, maps: ProbabilityMaps):
        self.model, self.maps = model, maps

    def quantised(self, image: np.ndarray) -> np.ndarray:
        """The map (H, W) uint8 in steps of 1/255 of an image (H, W, 3) uint8."""
        levels = self.maps.read(image)
        if levels is None:
            levels = quantised_proba(self.model, image)
            self.maps.write(image, levels)
        return levels

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; the values are multiples of 1/255."""
        return self.quantised(image).astype(np.float32) / LEVELS

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""
        return self.model.traits

    def parameters(self) -> int:
        """See `Approach.parameters`."""
        return self.model.parameters()


def cached_model(run: RunFolder, name: str, sizes: ImageSizes | None = None) -> CachedPredictor:
    """The stored model of an approach, with what it predicted in this run before.

    Args:
        run: folder of the run.
        name: of the approach.
        sizes: of the images that it was fitted to; None predicts every image at its own scale.
    """

    def cached(member: str, model: Approach) -> CachedPredictor:
        return CachedPredictor(model, ProbabilityMaps(run.probabilities(member)))

    model = ScaledPredictor(load(run.model(name), cached), sizes)
    return CachedPredictor(model, ProbabilityMaps(run.probabilities(name)))
