"""An approach outside the repository, as a user would write it: the test copies this file into a
folder of its own.
"""

import json
from pathlib import Path
from typing import Annotated, Self

import cv2
import numpy as np
from pydantic import Field

from approaches.base import Approach, Budget, Config, NotFittedError, check_image
from common.data import DataSet
from common.records.self_description import PreparationStep


class NearestColourConfig(Config):
    """How the picture is smoothed, and how sure the model is."""

    blur_px: Annotated[int, Field(ge=1, le=31)] = 3
    sharpness: Annotated[float, Field(gt=0, le=10)] = 0.2


class NearestColour(Approach[NearestColourConfig]):
    """Whether a pixel's colour is nearer to the mean of the object or of the ground."""

    colour = "#AA3377"

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """The mean colour of object and ground over all pixels of *fit*."""
        sums, counts = np.zeros((2, 3)), np.zeros((2, 1))
        for sample in fit_set:
            lab = self._seen(sample.image)
            for place, chosen in enumerate((sample.mask, ~sample.mask)):
                pixels = lab[chosen & ~sample.ignore]
                sums[place] += pixels.sum(0)
                counts[place] += len(pixels)
        self.means_ = sums / np.maximum(counts, 1)
        self.report_.notes["distance"] = float(np.linalg.norm(self.means_[0] - self.means_[1]))
        return self

    def preparation(self) -> list[PreparationStep]:
        """The blur."""
        said = f"a mean over {self.config.blur_px} px in CIELAB"
        return [PreparationStep("smoothing", said, ("blur_px",))]

    def remarks(self) -> list[str]:
        """How far apart both colours are."""
        distance = self.report_.notes.get("distance")
        return [] if distance is None else [f"object and ground {distance:.0f} apart in CIELAB"]

    def _seen(self, image: np.ndarray) -> np.ndarray:
        lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        return cv2.blur(lab, (self.config.blur_px, self.config.blur_px))

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """Near 1 where the object's colour is the nearer one."""
        if not hasattr(self, "means_"):
            raise NotFittedError("no colours yet; call fit(fit_set, tune_set, budget=…) or load.")
        lab = self._seen(check_image(image))
        own, ground = (np.linalg.norm(lab - mean, axis=2) for mean in self.means_)
        return (1 / (1 + np.exp(self.config.sharpness * (own - ground)))).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write both colours."""
        (folder / "means.json").write_text(json.dumps(self.means_.tolist()), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read both colours."""
        self.means_ = np.array(json.loads((folder / "means.json").read_text(encoding="utf-8")))
        return self

    def parameters(self) -> int:
        """Two colours of three channels."""
        return 6
