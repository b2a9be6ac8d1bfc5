"""What a run makes: a model with its post-processing, from an image to a mask. It is the one place
where the probabilities of an approach are checked and quantised, so that the same photo has the
same mask in a score, on a page and in a user's own program.
"""

from pathlib import Path
from typing import Self

import numpy as np

from approaches import OutsideError, load, name_of_outside
from approaches.base import ConfigError, Predictor
from common.commands import RefusedError
from common.masks.postprocess import LEVELS, Postprocess, quantise
from common.records import CompleteRecord, complete, complete_records, read_record, read_records
from common.run_description import read_description
from common.run_folder import RunFolder


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


class Segmenter:
    """A trained model and the post-processing that was chosen for it.

    Args:
        model: a fitted approach, or what predicts like one.
        postprocess: makes a mask of its probabilities.
        name: of the approach.
    """

    def __init__(self, model: Predictor, postprocess: Postprocess, name: str = ""):
        self.model, self.postprocess, self.name = model, postprocess, name

    @classmethod
    def load(cls, run: Path | str, approach: str | None = None) -> Self:
        """The stored model of an approach of a run.

        Args:
            run: folder of a run.
            approach: one of its approaches; None takes its winner.

        Raises:
            ConfigError: the folder holds no run, the run has no winner yet or no complete approach
                of that name, or the model cannot be read.
            DamagedFileError: a file of the run cannot be read.
        """
        folder = RunFolder(Path(run))
        record = _complete_record(folder, approach)
        model = _stored_model(folder.model(record.approach))
        return cls(model, record.tuning.postprocess, record.approach)

    def quantised(self, image: np.ndarray) -> np.ndarray:
        """The probabilities of an image (H, W, 3) uint8 in steps of 1/255: (H, W) uint8."""
        return quantised_proba(self.model, image)

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
        return self.postprocess.apply(self.quantised(image))


def _complete_record(run: RunFolder, approach: str | None) -> CompleteRecord:
    """The record of a complete approach of a run, or of its winner; ConfigError without one."""
    if not run.description.is_file():
        raise ConfigError(
            f"{run.path} has no {run.description.name}; expected the folder of a run, such as "
            "results/sample-quick."
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
