"""The stored models of a run with what they predicted in it before, so that nothing is predicted
twice.
"""

from approaches import load
from approaches.base import Approach
from approaches.predictors import CachedPredictor, ScaledPredictor
from approaches.segmenter import Segmenter
from common.masks.probabilities import ProbabilityMaps
from common.records import CompleteRecord, read_record
from common.records.folder import RunFolder
from common.scale import ImageSizes


def cached_model(run: RunFolder, name: str, sizes: ImageSizes | None) -> CachedPredictor:
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
    return load(run.model(name), lambda member, model: _as_member(run, member, model))


def cached_member(run: RunFolder, name: str) -> CachedPredictor:
    """The stored model of an approach for one that combines, which brings photos to scale itself,
    with what it predicted in this run before.
    """
    return _as_member(run, name, _loaded(run, name))


def _as_member(run: RunFolder, name: str, model: Approach) -> CachedPredictor:
    record = read_record(run.path, name)
    sizes = None if record is None else record.image_sizes
    return CachedPredictor(model, _maps(run, name), sizes)


def _maps(run: RunFolder, name: str) -> ProbabilityMaps:
    return ProbabilityMaps(run.probabilities(name))
