"""Other engines than torch that run a stored model on a CPU: its ONNX form in ONNX Runtime or
OpenVINO. None is taken for granted: whether its masks are those of the model and whether it is
faster is measured on a photo when it is loaded.
"""

import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from approaches.base import Approach, ConfigError, Traits, check_image
from approaches.network.onnx_file import write_onnx
from approaches.segmenter import Segmenter
from common.geometry import crop_back, pad_to_multiple, tiled
from common.words import listed

log = logging.getLogger(__name__)
Run = Callable[[np.ndarray], np.ndarray]  # (1, H, W, 3) uint8 → (1, H, W) float32
PACKAGES = {"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "openvino")}
MOST_DIFFERING = 1e-4  # of the pixels of a mask may be others than those of the model itself
MEASURED_PX, ROUNDS = 512, 5
MOST_SIZES = 8  # of images for which OpenVINO's form stays compiled


class EnginePredictor:
    """Predicts like the model it was made of, by another engine.

    Args:
        model: the approach.
        run: its ONNX form.
        divisor: sides that the form takes are multiples of it; images are padded to that.
    """

    def __init__(self, model: Approach, run: Run, divisor: int):
        self.model, self._run, self._divisor = model, run, divisor

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; large photos are predicted in overlapping tiles."""
        return tiled(self._predict_tile, check_image(image))

    def _predict_tile(self, image: np.ndarray) -> np.ndarray:
        padded, crop = pad_to_multiple(image, self._divisor)
        return crop_back(self._run(np.ascontiguousarray(padded[None]))[0], crop)

    @property
    def traits(self) -> Traits:
        """See `Approach.traits`."""
        return self.model.traits

    def parameters(self) -> int:
        """See `Approach.parameters`."""
        return self.model.parameters()


def onnx_runtime(path: Path, threads: int) -> Run:
    """An ONNX file in ONNX Runtime on so many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    return lambda image: session.run(None, {"image": image})[0]


def openvino(path: Path, threads: int) -> Run:
    """An ONNX file in OpenVINO on so many threads, compiled anew for each size of image."""
    import openvino as ov

    core, content = ov.Core(), path.read_bytes()
    compiled: dict[tuple[int, ...], ov.InferRequest] = {}

    def run(image: np.ndarray) -> np.ndarray:
        if image.shape not in compiled:
            model = core.read_model(content)
            model.reshape({"image": image.shape})
            settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
            if len(compiled) >= MOST_SIZES:
                compiled.pop(next(iter(compiled)))
            compiled[image.shape] = core.compile_model(
                model, "CPU", settings
            ).create_infer_request()
        return np.array(compiled[image.shape].infer({"image": image})["probability"])

    return run


MAKERS = {"onnx": onnx_runtime, "openvino": openvino}


@dataclass(frozen=True)
class Trial:
    """How an engine did on a photo.

    Attributes:
        segmenter: with the engine.
        differing: share of the pixels of its mask that are not those of the model.
        seconds: for the photo, median.
    """

    segmenter: Segmenter
    differing: float
    seconds: float


def with_engine(segmenter: Segmenter, engine: str, image: np.ndarray, threads: int) -> Segmenter:
    """The same model in another engine.

    Args:
        segmenter: as loaded.
        engine: "torch", one of `PACKAGES`, or "auto", which takes the fastest of those that are
            installed and give the model's masks.
        image: (H, W, 3) uint8 RGB, a photo to measure on.
        threads: for the engine.

    Raises:
        ConfigError: the engine that is named is not installed, or it gives other masks than the
            model, or the model has no such form.
    """
    if engine == "torch":
        return segmenter
    names = [name for name in PACKAGES if engine in ("auto", name)]
    missing = {name: _missing(name) for name in names}
    if engine != "auto" and missing[engine]:
        raise ConfigError(
            f"--engine {engine} needs the packages {listed(PACKAGES[engine])}, and "
            f"{listed(missing[engine])} cannot be found; pip install 'segmentation-bench[engines]'"
        )
    image = np.ascontiguousarray(image[:MEASURED_PX, :MEASURED_PX])
    try:
        made = in_engines(segmenter, [name for name in names if not missing[name]], threads)
    except ConfigError as error:
        if engine != "auto":
            raise
        log.info("%s stays in torch: %s", segmenter.name, error)
        return segmenter
    trials = measured({"torch": segmenter, **made}, image)
    _tell(segmenter, trials)
    if engine != "auto":
        if trials[engine].differing > MOST_DIFFERING:
            raise ConfigError(
                f"--engine {engine} changes {trials[engine].differing:.4%} of the pixels of a "
                f"mask of {segmenter.name}; at most {MOST_DIFFERING:.2%} is allowed. Take another."
            )
        return trials[engine].segmenter
    fit = {name: one for name, one in trials.items() if one.differing <= MOST_DIFFERING}
    return fit[min(fit, key=lambda name: fit[name].seconds)].segmenter


def _missing(engine: str) -> list[str]:
    return [name for name in PACKAGES[engine] if find_spec(name) is None]


def in_engines(segmenter: Segmenter, names: list[str], threads: int) -> dict[str, Segmenter]:
    """The model in each of the engines.

    Raises:
        ConfigError: it has no ONNX form.
    """
    model = segmenter.model.model
    if not isinstance(model, Approach):
        raise ConfigError(f"{segmenter.name} is no approach of ours and has no ONNX form.")
    made: dict[str, Segmenter] = {}
    if not names:
        return made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        module, divisor = model.onnx_module()
        write_onnx(module, divisor, path)
        for name in names:
            predictor = EnginePredictor(model, MAKERS[name](path, threads), divisor)
            made[name] = segmenter.with_model(predictor)
    return made


def measured(segmenters: dict[str, Segmenter], image: np.ndarray) -> dict[str, Trial]:
    """Each engine on the same image, in turns; the first is the one to agree with."""
    masks = {name: one.predict(image) for name, one in segmenters.items()}  # and warms up
    seconds: dict[str, list[float]] = {name: [] for name in segmenters}
    for _ in range(ROUNDS):
        for name, one in segmenters.items():
            start = time.perf_counter()
            one.predict(image)
            seconds[name].append(time.perf_counter() - start)
    first = next(iter(masks.values()))
    return {
        name: Trial(one, float((masks[name] != first).mean()), float(np.median(seconds[name])))
        for name, one in segmenters.items()
    }


def _tell(segmenter: Segmenter, trials: dict[str, Trial]) -> None:
    found = [
        f"{name} {1000 * one.seconds:.0f} ms"
        + ("" if name == "torch" else f", {one.differing:.4%} of the pixels others")
        for name, one in trials.items()
    ]
    log.info("%s in each engine: %s", segmenter.name, "; ".join(found))
