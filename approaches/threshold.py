"""The floor that every other approach must beat: one colour channel and one threshold."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from approaches.base import Approach, Budget, Config, NotFittedError, check_image
from common.data import DataSet
from common.masks.postprocess import threshold_curve
from common.progress import progress
from common.records.self_description import PreparationStep

CHANNELS = ("red", "green", "blue", "lightness", "green-red", "blue-yellow", "saturation", "value")


def channel(image: np.ndarray, name: str) -> np.ndarray:
    """One channel of an RGB image as (H, W) uint8: RGB, CIELAB (lightness, green-red,
    blue-yellow), or HSV.
    """
    index = CHANNELS.index(name)
    if index < 3:
        return image[..., index]
    if index < 6:
        return cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., index - 3]
    return cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[..., index - 5]


class Threshold(Approach[Config]):
    """Takes the channel, and whether bright or dark is object, that has the best mean Dice on
    *tune*.
    """

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Choose channel and direction; nothing else is learned, so *fit* is not read and no
        budget is needed.
        """
        best = -1.0
        for name in progress(CHANNELS, "threshold: trying channels"):
            for bright in (True, False):
                curve = threshold_curve(
                    (_levels(s.image, name, bright), s.mask, s.ignore) for s in tune_set
                )
                if curve.mean().max() > best:
                    best, self.channel_, self.bright_ = curve.mean().max(), name, bright
        self.report_.notes = {"channel": self.channel_, "bright": self.bright_}
        return self

    def preparation(self) -> Sequence[PreparationStep]:
        """The channel that was chosen."""
        chosen = self.report_.notes
        if not chosen:
            return ()
        values = "high" if chosen["bright"] else "low"
        wording = f"one channel alone, *{chosen['channel']}*, {values} values as object"
        return [PreparationStep("channel", wording)]

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """The chosen channel as it is, 0 … 255 mapped to 0 … 1 (see `Approach.predict_proba`)."""
        if not hasattr(self, "channel_"):
            raise NotFittedError(
                "this threshold has no channel yet; call fit(fit_set, tune_set, budget=…) or load."
            )
        return _levels(check_image(image), self.channel_, self.bright_).astype(np.float32) / 255

    def save(self, folder: Path) -> None:
        """Write `threshold.json`."""
        learned = {"channel": self.channel_, "bright": self.bright_}
        (folder / "threshold.json").write_text(json.dumps(learned), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read `threshold.json`."""
        learned = json.loads((folder / "threshold.json").read_text(encoding="utf-8"))
        self.channel_, self.bright_ = learned["channel"], learned["bright"]
        return self

    def parameters(self) -> int:
        """Channel and direction."""
        return 2


def _levels(image: np.ndarray, name: str, bright: bool) -> np.ndarray:
    levels = channel(image, name)
    return levels if bright else 255 - levels
