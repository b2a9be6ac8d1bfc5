"""The models that one approach was trained to on the folds of `train`, predicting together: they
have learned from every image between them, and none is chosen among them.

Source: F. Isensee et al., nnU-Net, Nature Methods 18:203, 2021 (five folds predict together).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from torch import nn

from approaches import load
from approaches.base import (
    Approach,
    Budget,
    Config,
    NotFittedError,
    RequirementMissingError,
    Traits,
    check_image,
)
from approaches.network.onnx_file import mean_of_views
from common.data import DataSet

MODELS_FILE = "folds.json"


class FoldMean(Approach[Config]):
    """The mean probability of the models of all folds, which lie in its own folder."""

    places_: Sequence[str] = ()  # of the models, below its folder
    models_: Sequence[Approach] = ()

    @property
    def traits(self) -> Traits:
        """What shaped the models shaped their mean."""
        return Traits(pretrained_on=self.models_[0].traits.pretrained_on if self.models_ else "")

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Refuse: the models come from `--folds`.

        Raises:
            RequirementMissingError: always.
        """
        raise RequirementMissingError(
            "a mean over folds is made of models that are trained already; bench.py --folds 5 "
            "trains them and makes it of the winner"
        )

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`."""
        check_image(image)
        if not self.models_:
            raise NotFittedError("this mean over folds has no models yet; call load(folder).")
        total = np.zeros(image.shape[:2], np.float32)
        for model in self.models_:
            total += model.predict_proba(image)
        return np.clip(total / len(self.models_), 0, 1)

    def onnx_module(self) -> tuple[nn.Module, int]:
        """See `Approach.onnx_module`: all models in one."""
        members = dict(zip(self.places_, self.models_, strict=True))
        return mean_of_views(members, dict.fromkeys(members, 1))

    def save(self, folder: Path) -> None:
        """Write which models it has; they lie in the folder themselves."""
        content = json.dumps({"models": list(self.places_)})
        (folder / MODELS_FILE).write_text(content + "\n", encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read what `save` wrote, and the models."""
        content = json.loads((folder / MODELS_FILE).read_text(encoding="utf-8"))
        self.places_ = content["models"]
        self.models_ = [load(folder / place) for place in self.places_]
        return self

    def parameters(self) -> int:
        """The sum over the models."""
        return sum(model.parameters() for model in self.models_)
