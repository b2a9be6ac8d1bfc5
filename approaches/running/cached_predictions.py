"""The stored models of a run with what they predicted in it before, so that nothing is predicted
twice.
"""

from approaches import load
from approaches.base import Approach
from approaches.predictors import CachedPredictor, ScaledPredictor
from approaches.segmenter import Segmenter
from common.masks.probabilities import ProbabilityMaps
from common.records import CompleteRecord
from common.records.folder import RunFolder
from common.scale import ImageSizes


def cached_model(run: RunFolder, name: str, sizes: ImageSizes | None = None) -> CachedPredictor:
    """The stored model of an approach, with what it predicted in this run before.

    Args:
        run: folder of the run.
        name: of the approach.
        sizes: of the images that it was fitted to; None predicts every image at its own scale.
    """
    return CachedPredictor(ScaledPredictor(_loaded(run, name), sizes), _maps(run, name))


def cached_segmenter(run: RunFolder, record: CompleteRecord) -> Segmenter:
    """A complete approach of a run, with what it predicted in this run before."""
    name, postprocess = record.approach, record.tuning.postprocess
    sizes, maps = record.image_sizes, _maps(run, name)
    return Segmenter(_loaded(run, name), postprocess, name, sizes, maps=maps)


def _loaded(run: RunFolder, name: str) -> Approach:
    """The stored model; its members, if it has any, read what they predicted before."""

    def cached(member: str, model: Approach) -> CachedPredictor:
        return CachedPredictor(model, _maps(run, member))

    return load(run.model(name), cached)


def _maps(run: RunFolder, name: str) -> ProbabilityMaps:
    return ProbabilityMaps(run.probabilities(name))
