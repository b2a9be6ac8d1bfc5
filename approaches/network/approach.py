"""A segmentation network as an approach: whatever its layers are, it is trained by the one loop,
predicts whole images of any size, and is stored as safetensors. Subclasses say only which network.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn
from torch.nn import functional

from approaches import processes
from approaches.base import Approach, Budget, NotFittedError, Traits, check_image
from approaches.network.config import TrainingConfig
from approaches.network.inference import predict_whole
from approaches.network.met_in_training import corruptions_met
from approaches.network.onnx_file import WholeImage
from approaches.network.preparation import preparation_steps
from common.data import DataSet
from common.files import write_whole
from common.records.self_description import PreparationStep

WEIGHTS = "model.safetensors"
# of ImageNet in RGB, as its encoders were trained
MEAN, STD = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Normalised(nn.Module):
    """A network behind the normalisation of its input: (B, 3, H, W) uint8 in, logits (B, 1, H, W)
    out.

    Args:
        network: (B, 3, h, w) float → (B, 1, h, w), for h and w that are multiples of `divisor`.
        mean: of each channel, as a share of 255.
        std: of each channel, as a share of 255.
        scale: at which the network sees the image.
        divisor: see `network`.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: tuple[float, ...] = MEAN,
        std: tuple[float, ...] = STD,
        scale: float = 1.0,
        divisor: int = 32,
    ):
        super().__init__()
        self.network, self.scale, self.divisor = network, scale, divisor
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, 1, H, W) of images (B, 3, H, W) uint8."""
        normalised = (images.float() - self.mean) / self.std
        if self.scale == 1:
            return self.network(normalised)
        seen = [
            max(1, round(side * self.scale / self.divisor)) * self.divisor
            for side in images.shape[2:]
        ]
        small = functional.interpolate(normalised, seen, mode="bilinear", antialias=self.scale < 1)
        return functional.interpolate(self.network(small), images.shape[2:], mode="bilinear")


TrainingConfigT = TypeVar("TrainingConfigT", bound=TrainingConfig)


class NetworkApproach(Approach[TrainingConfigT]):
    """An approach whose model is one torch network."""

    normalised_by: ClassVar[str] = "those of ImageNet"  # whose mean and deviation, in words
    # height and width must be multiples of it; images are padded and cropped back here alone
    divisor = 32

    @property
    def traits(self) -> Traits:
        """All processes train together."""
        return Traits(fits_on_all=True)

    @abstractmethod
    def build_network(self, *, pretrained: bool) -> nn.Module:
        """The network (B, 3, H, W) normalised float → logits (B, 1, H, W); `pretrained` asks for
        outside weights.
        """

    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each RGB channel, as shares of 255, by which the input is
        normalised.
        """
        return MEAN, STD

    def preparation(self) -> Sequence[PreparationStep]:
        """Crops, size, normalisation and augmentation."""
        return preparation_steps(self.config, self.report_.notes, self.normalised_by)

    def corruptions_met(self) -> Sequence[str]:
        """Those of the augmentation, and all of them where generated scenes were shown."""
        return corruptions_met(self.config, self.report_.notes)

    def check_budget(self, budget: Budget) -> None:
        """The processes must be able to share the batch; see `Approach.check_budget`."""
        from approaches.network.training import shared_batch

        shared_batch(budget.batch, self.config.batch)

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Train by the one loop (`approaches.network.training`); see `Approach.fit`."""
        # albumentations and the library of losses take seconds, which prediction need not wait
        from approaches.network.training import train

        torch.manual_seed(seed)
        with processes.together("building the network"):
            network = self._behind_normalisation(self.build_network(pretrained=True))
        self.network_, self.report_ = train(
            network,
            fit_set,
            tune_set,
            self.config,
            budget=budget,
            seed=seed,
            folder=folder,
            divisor=self.divisor,
        )
        return self

    def _behind_normalisation(self, network: nn.Module) -> Normalised:
        return Normalised(network, *self.normalisation(), self.config.input_scale, self.divisor)

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; large photos are predicted in overlapping tiles."""
        if not hasattr(self, "network_"):
            raise NotFittedError(
                "this network is not trained yet; call fit(fit_set, tune_set, budget=…) or load."
            )
        return predict_whole(self.network_, check_image(image), self.divisor)

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors."""
        state = {
            key: value.contiguous() for key, value in self.network_.network.state_dict().items()
        }
        write_whole(folder / WEIGHTS, save(state))

    def load(self, folder: Path) -> Self:
        """Read what `save` wrote, onto this process's device; OSError where the file is not
        that.
        """
        network, path = self.build_network(pretrained=False), folder / WEIGHTS
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise OSError(
                f"{path} does not hold the weights of this network "
                f"({str(error).splitlines()[0]}); expected the file that training wrote. Delete "
                f"{folder}; the approach is trained again when bench.py goes on with the run."
            ) from error
        network = self._behind_normalisation(network)
        self.network_ = network.to(
            processes.state().device, memory_format=torch.channels_last
        ).eval()
        return self

    def onnx_module(self) -> tuple[nn.Module, int]:
        """See `Approach.onnx_module`."""
        return WholeImage(self.network_), self.divisor

    def parameters(self) -> int:
        """Trainable numbers of the network."""
        return sum(parameter.numel() for parameter in self.network_.parameters())
