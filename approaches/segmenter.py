"""What a run makes: a model with its post-processing, from an image to a mask. The same photo has
the same mask in a score, on a page and in a user's own program.
"""

from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from approaches import OutsideError, load, name_of_outside
from approaches.base import ConfigError, Predictor
from approaches.predictors import CachedPredictor, ScaledPredictor, quantised_proba
from common.exported.model import is_exported, read_exported
from common.masks.postprocess import LEVELS, Postprocess
from common.masks.probabilities import ProbabilityMaps
from common.records import CompleteRecord, complete, complete_records, read_record, read_records
from common.records.description import read_description
from common.records.folder import RunFolder
from common.scale import ImageSizes, Scale


class Segmenter:
    """A trained model and the post-processing that was chosen for it.

    Args:
        model: a fitted approach, or what predicts like one.
        postprocess: makes a mask of its probabilities, at the scale of its training.
        name: of the approach.
        sizes: of the images that the model was fitted to; None where they are not known.
        scale: see `common.scale.prediction_scale`.
        min_area_px: objects of fewer pixels of the photo are dropped, whatever the post-processing
            says; None leaves it to that.
        maps: keep what was predicted, and are read before the model is asked; None keeps nothing.
    """

    def __init__(
        self,
        model: Predictor,
        postprocess: Postprocess,
        name: str = "",
        sizes: ImageSizes | None = None,
        scale: Scale = "auto",
        min_area_px: int | None = None,
        maps: ProbabilityMaps | None = None,
    ):
        self.model = ScaledPredictor(model, sizes, scale)
        self.maps = maps
        self.postprocess, self.name, self.min_area_px = postprocess, name, min_area_px

    @classmethod
    def load(cls, run: Path | str, approach: str | None = None, scale: Scale = "auto") -> Self:
        """The stored model of an approach of a run, or an exported model.

        Args:
            run: folder of a run, or one that `approaches.export` wrote.
            approach: one of its approaches; None takes the winner, or the exported one.
            scale: at which photos are predicted, see `common.scale.prediction_scale`.

        Raises:
            ConfigError: the folder holds neither a run nor an exported model, the run has no
                winner yet or no complete approach of that name, or the model cannot be read.
            DamagedFileError: a file of the run cannot be read.
        """
        folder = RunFolder(Path(run))
        if is_exported(folder.path):
            found = read_exported(folder.path)
            if approach not in (None, found.approach):
                raise ConfigError(
                    f"{run} holds the exported model {found.approach}, not {approach}; leave "
                    "--approach out, or export the other from its run."
                )
            model = _stored_model(folder.model(found.approach))
            return cls(model, found.postprocess, found.approach, found.image_sizes, scale)
        record = complete_record(folder, approach)
        model = _stored_model(folder.model(record.approach))
        return cls(model, record.tuning.postprocess, record.approach, record.image_sizes, scale)

    def quantised(self, image: np.ndarray) -> np.ndarray:
        """The probabilities of an image (H, W, 3) uint8 in steps of 1/255: (H, W) uint8."""
        if self.maps is None:
            return quantised_proba(self.model, image)
        return CachedPredictor(self.model, self.maps).quantised(image)

    def scale_of(self, image: np.ndarray) -> float:
        """By how much an image is resized before it is predicted."""
        return self.model.factor(image)

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """The probability of "object" for each pixel.

        Args:
            image: (H, W, 3) uint8 RGB of any size.

        Returns:
            (H, W) float32 in [0, 1], multiples of 1/255.

        Raises:
            ProbabilityError: the model gave no probabilities of its pixels.
            ValueError: not an image of that shape and type.
        """
        return self.quantised(image).astype(np.float32) / LEVELS

    def predict(self, image: np.ndarray) -> np.ndarray:
        """The mask (H, W) bool of an image (H, W, 3) uint8 RGB; see `predict_proba`."""
        return self.mask_of(image, self.quantised(image))

    def mask_of(self, image: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """The mask (H, W) bool of an image whose probabilities `quantised` has given."""
        return self.postprocess_of(image).apply(levels)

    def postprocess_of(self, image: np.ndarray) -> Postprocess:
        """What makes a mask of an image's probabilities: areas are in its own pixels."""
        scaled = self.postprocess.at_scale(1 / self.scale_of(image))
        if self.min_area_px is None:
            return scaled
        return replace(scaled, min_area_px=self.min_area_px)

    def changed(
        self,
        threshold: float | None = None,
        min_area_px: int | None = None,
        model: Predictor | None = None,
    ) -> Self:
        """The same with another threshold or least area, or with what predicts like its model;
        None keeps what it has.

        Args:
            threshold: of the probability of a pixel, above 0 and at most 1.
            min_area_px: objects of fewer pixels of the photo are dropped; 0 drops none.
            model: is asked instead of the model.
        """
        chosen = self.postprocess
        return type(self)(
            self.model.model if model is None else model,
            chosen if threshold is None else replace(chosen, threshold=threshold),
            self.name,
            self.model.sizes,
            self.model.scale,
            self.min_area_px if min_area_px is None else min_area_px,
            self.maps,
        )

    def __str__(self) -> str:
        """Name and post-processing in words."""
        wording = replace(self.postprocess, min_area_px=self.min_area_px or 0)
        return f"{self.name}, {self.postprocess if self.min_area_px is None else wording}"


def complete_record(run: RunFolder, approach: str | None) -> CompleteRecord:
    """The record of a complete approach of a run, or of its winner.

    Raises:
        ConfigError: there is no run, or no complete approach of that name.
    """
    if not run.description.is_file():
        raise ConfigError(
            f"{run.path} has no {run.description.name}; expected the folder of a run, such as "
            "results/sample-quick, or an exported model."
        )
    name = approach or read_description(run.path).winner
    if name and ":" in name:
        name = name_of_outside(name)
    record = read_record(run.path, name) if name in run.recorded() else None
    found = None if record is None else complete(record)
    if found is None:
        names = [each.approach for each in complete_records(read_records(run.path))]
        raise ConfigError(
            f"{run.path} has no complete approach {name or 'that won'}; there are "
            f"{', '.join(names) or 'none'}. Name one of those with --approach, or train it there "
            "first with bench.py."
        )
    return found


def _stored_model(folder: Path) -> Predictor:
    """The model in a folder; ConfigError where a file of it is missing or cannot be read."""
    try:
        return load(folder)
    except (OSError, OutsideError) as error:
        raise ConfigError(str(error)) from error
    except Exception as error:
        raise ConfigError(
            f"the model in {folder} cannot be read ({type(error).__name__}: {error}); expected "
            "what training wrote. Delete the folder; the approach is trained again when bench.py "
            "goes on with the run."
        ) from error
