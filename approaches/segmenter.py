"""What a run makes: a model with its post-processing, from an image to a mask. It is the one place
where the probabilities of an approach are checked and quantised, so that the same photo has the
same mask in a score, on a page and in a user's own program.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from approaches import OutsideError, load, name_of_outside
from approaches.base import ConfigError, Predictor, Traits, check_image
from common.commands import RefusedError
from common.exported.model import is_exported, read_exported
from common.masks.postprocess import LEVELS, Postprocess, quantise
from common.records import CompleteRecord, complete, complete_records, read_record, read_records
from common.records.description import read_description
from common.records.folder import RunFolder
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


class ScaledPredictor:
    """Predicts like the model it holds, on photos that are brought to the scale of its training.

    Args:
        model: a fitted approach, or what predicts like one.
        sizes: of the images that it was fitted to; None where they are not known.
        scale: see `common.scale.prediction_scale`.
    """

    def __init__(self, model: Predictor, sizes: ImageSizes | None, scale: Scale = "auto"):
        self.model, self.sizes, self.scale = model, sizes, scale

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

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""
        return self.model.traits

    def parameters(self) -> int:
        """See `Approach.parameters`."""
        return self.model.parameters()


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
    """

    def __init__(
        self,
        model: Predictor,
        postprocess: Postprocess,
        name: str = "",
        sizes: ImageSizes | None = None,
        scale: Scale = "auto",
        min_area_px: int | None = None,
    ):
        self.model = ScaledPredictor(model, sizes, scale)
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
        return quantised_proba(self.model, image)

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
        return self._postprocess_at(self.scale_of(image)).apply(levels)

    def _postprocess_at(self, factor: float) -> Postprocess:
        """What makes a mask of the probabilities of an image that was seen at `factor` times its
        size.
        """
        scaled = self.postprocess.at_scale(1 / factor)
        if self.min_area_px is None:
            return scaled
        return replace(scaled, min_area_px=self.min_area_px)

    def changed(self, threshold: float | None = None, min_area_px: int | None = None) -> Self:
        """The same model with another threshold or least area; None keeps what was chosen.

        Args:
            threshold: of the probability of a pixel, above 0 and at most 1.
            min_area_px: objects of fewer pixels of the photo are dropped; 0 drops none.
        """
        chosen = self.postprocess
        return type(self)(
            self.model.model,
            chosen if threshold is None else replace(chosen, threshold=threshold),
            self.name,
            self.model.sizes,
            self.model.scale,
            self.min_area_px if min_area_px is None else min_area_px,
        )

    def __str__(self) -> str:
        """Name and post-processing in words."""
        wording = replace(self.postprocess, min_area_px=self.min_area_px or 0)
        return f"{self.name}, {self.postprocess if self.min_area_px is None else wording}"


def add_scale(parser: argparse.ArgumentParser) -> None:
    """The option `--scale` of the commands that predict."""
    parser.add_argument(
        "--scale",
        type=_scale,
        default="auto",
        metavar="auto|native|NUMBER",
        help="resize photos before they are predicted: those that are much larger than the "
        "training images to their size (auto), none (native), or all by a factor",
    )


def _scale(text: str) -> Scale:
    """The value of `--scale`."""
    if text in ("auto", "native"):
        return "auto" if text == "auto" else "native"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.01 <= factor <= 16:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither auto, native nor a factor from 0.01 to 16"
        )
    return factor


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
