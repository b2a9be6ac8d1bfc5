"""A network, or a mean of networks over views, as an ONNX file that is whole by itself:
normalisation and sigmoid are part of the graph, which takes images of any size that the networks
can halve. Whether it does what the model does is measured in masks, never taken for granted.
"""

import copy
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from approaches.base import Approach, ConfigError, Predictor, Traits, check_image
from common.geometry import D4_VIEWS, View, crop_back, pad_to_multiple, tiled
from common.masks.postprocess import LEVELS

PACKAGES = ("onnx", "onnxruntime")
Run = Callable[[np.ndarray], np.ndarray]  # (1, H, W, 3) uint8 → (1, H, W) float32
EXAMPLE = (3, 4)  # height and width that the graph is traced with, in multiples


class WholeImage(nn.Module):
    """From an image to its probabilities: (1, H, W, 3) uint8 RGB → (1, H, W) float32.

    Args:
        network: (1, 3, H, W) → logits (1, 1, H, W), for sides that are multiples of a number.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Probabilities of one image."""
        return self.network(image.permute(0, 3, 1, 2))[:, 0].sigmoid()  # (1, H, W)


class MeanOfViews(nn.Module):
    """The weighted mean probability of several modules over flips and quarter turns: (1, H, W, 3)
    uint8 RGB → (1, H, W) float32.

    Args:
        modules: (1, H, W, 3) uint8 → (1, H, W) float32 each.
        weights: of the modules.
        views: that each of them predicts.
        quantised: whether their probabilities are rounded to steps of 1/255 before.
    """

    def __init__(
        self,
        modules: Sequence[nn.Module],
        weights: Sequence[float],
        views: Sequence[View] = D4_VIEWS[:1],
        quantised: bool = False,
    ):
        super().__init__()
        self.members = nn.ModuleList(modules)
        self.weights, self.views, self.quantised = tuple(weights), tuple(views), quantised

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Probabilities of one image."""
        total = torch.zeros(())
        for view in self.views:
            seen = turned(image.flip(2) if view.flipped else image, view.quarter_turns)
            for member, weight in zip(self.members, self.weights, strict=True):
                proba = member(seen)
                proba = (proba * LEVELS).round() if self.quantised else proba
                back = turned(proba, -view.quarter_turns)
                total = total + weight * (back.flip(2) if view.flipped else back)
        steps = LEVELS if self.quantised else 1
        return (total / (steps * len(self.views) * sum(self.weights))).clamp(0, 1)


def turned(pictures: torch.Tensor, quarter_turns: int) -> torch.Tensor:
    """Pictures (B, H, W[, C]) turned counter-clockwise, in steps that ONNX has."""
    if quarter_turns % 2:
        pictures = pictures.transpose(1, 2).flip(1)
    return pictures.flip(1, 2) if quarter_turns % 4 > 1 else pictures


def mean_of_views(
    members: Mapping[str, Predictor],
    weights: Mapping[str, float],
    views: Sequence[View] = D4_VIEWS[:1],
    quantised: bool = False,
) -> tuple[MeanOfViews, int]:
    """What an ONNX file of several models together is written of, see `Approach.onnx_module`.

    Args:
        members: fitted models by name.
        weights: of those that count.
        views: see `MeanOfViews`.
        quantised: see `MeanOfViews`.

    Raises:
        ConfigError: a member is no network; the message says what can be exported instead.
    """
    modules = {}
    for name in weights:
        member = members[name]
        with suppress(ConfigError):
            if isinstance(member, Approach):
                modules[name] = member.onnx_module()
    others = [name for name in weights if name not in modules]
    if others:
        one = f" or name a member that is one with --approach: {', '.join(modules)}"
        raise ConfigError(
            f"this ensemble has no ONNX form: {', '.join(others)} among its members "
            f"{'is no network' if len(others) == 1 else 'are no networks'}. Leave --onnx or "
            f"--engine out,{one if modules else ' as no member is one'}."
        )
    divisor = math.lcm(*(each for _, each in modules.values()))
    parts = [modules[name][0] for name in weights]
    return MeanOfViews(parts, list(weights.values()), views, quantised), divisor


def check_packages() -> None:
    """Raise a ConfigError where a package is missing that writes or runs ONNX files."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"--onnx needs the packages {', '.join(PACKAGES)}, and {', '.join(missing)} cannot "
            "be found; pip install 'segmentation-bench[export]'"
        )


def write_onnx(module: nn.Module, divisor: int, path: Path) -> None:
    """Write an ONNX file of dynamic size: `image` (1, H, W, 3) uint8 in, `probability` (1, H, W)
    float32 out.

    Args:
        module: from the one to the other.
        divisor: H and W are multiples of it.
        path: the file.

    Raises:
        ConfigError: a package is missing, or the module has something that ONNX has not.
    """
    check_packages()
    module = copy.deepcopy(module).cpu().float().eval()
    height, width = (side * divisor for side in EXAMPLE)
    axes = {1: "height", 2: "width"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module,
                (torch.zeros(1, height, width, 3, dtype=torch.uint8),),
                str(path),
                # The newer exporter has not finished an EfficientNet after minutes: it proves
                # that its paddings fit at every size. This one records the steps in seconds.
                dynamo=False,
                opset_version=18,
                input_names=["image"],
                output_names=["probability"],
                dynamic_axes={"image": axes, "probability": axes},
            )
    except Exception as error:
        raise ConfigError(
            f"this model has no ONNX form with torch {torch.__version__} ("
            f"{type(error).__name__}: {str(error).splitlines()[0]}); leave --onnx or --engine out."
        ) from error


def write_form_of(model: Predictor, name: str, path: Path) -> int:
    """Write the ONNX file of a fitted approach.

    Args:
        model: the approach.
        name: of it, for the message.
        path: the file.

    Returns:
        The number that the sides of an image must be multiples of.

    Raises:
        ConfigError: see `write_onnx`; or the approach has no such form.
    """
    check_packages()
    if not isinstance(model, Approach):
        raise ConfigError(f"{name} is no approach of ours and has no ONNX form.")
    module, divisor = model.onnx_module()
    write_onnx(module, divisor, path)
    return divisor


def onnx_runtime(path: Path, threads: int = 0) -> Run:
    """An ONNX file in ONNX Runtime on so many threads; 0 leaves their number to it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    return lambda image: session.run(None, {"image": image})[0]


class OnnxPredictor:
    """Predicts with an ONNX file that `write_onnx` wrote, on the CPU.

    Args:
        path: the file.
        divisor: sides that the graph takes are multiples of it; images are padded to that.
        engine: makes of the file what runs it.
    """

    def __init__(self, path: Path, divisor: int, engine: Callable[[Path], Run] = onnx_runtime):
        self.divisor, self._run = divisor, engine(path)

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; large photos are predicted in overlapping tiles."""
        return tiled(self._predict_tile, check_image(image))

    def _predict_tile(self, image: np.ndarray) -> np.ndarray:
        padded, crop = pad_to_multiple(image, self.divisor)
        return crop_back(self._run(np.ascontiguousarray(padded[None]))[0], crop)

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""
        return Traits()

    def parameters(self) -> int:
        """Not known of a graph."""
        return 0


def share_that_differs(
    one: Callable[[np.ndarray], np.ndarray],
    other: Callable[[np.ndarray], np.ndarray],
    images: Iterable[np.ndarray],
) -> tuple[float, int]:
    """The share of pixels that two predictors of masks (H, W) bool do not agree on, and the number
    of pixels that the first calls object.

    Raises:
        ValueError: there is no image.
    """
    differing = pixels = objects = 0
    for image in images:
        mask = one(image)
        differing += int((mask != other(image)).sum())
        objects += int(mask.sum())
        pixels += mask.size
    if not pixels:
        raise ValueError("0 images to compare masks on; expected at least one.")
    return differing / pixels, objects
