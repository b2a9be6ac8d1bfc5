"""Other engines than torch that run a stored model on a CPU: its ONNX form in ONNX Runtime or
OpenVINO. None is taken for granted: whether its masks are those of the model and whether it is
faster is measured when it is loaded, on the part of a photo where the model is surest of an
object.
"""

import logging
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from approaches.base import ConfigError, Predictor
from approaches.network.onnx_file import OnnxPredictor, Run, onnx_runtime, write_form_of
from approaches.predictors import Around
from approaches.segmenter import Segmenter
from common.words import listed

log = logging.getLogger(__name__)
PACKAGES = {"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "openvino")}
MOST_DIFFERING = 1e-4  # of the pixels of a mask may be others than those of the model itself
MEASURED_PX, ROUNDS = 512, 5
MOST_SIZES = 8  # of images for which OpenVINO's form stays compiled


class EnginePredictor(Around, OnnxPredictor):
    """Predicts like the model it was made of, by another engine.

    Args:
        model: the approach.
        path: its ONNX file.
        divisor: see `OnnxPredictor`.
        engine: see `OnnxPredictor`.
    """

    def __init__(self, model: Predictor, path: Path, divisor: int, engine: Callable[[Path], Run]):
        Around.__init__(self, model)
        OnnxPredictor.__init__(self, path, divisor, engine)


def openvino(path: Path, threads: int) -> Run:
    """An ONNX file, or OpenVINO's own with its weights beside it, in OpenVINO on so many threads;
    compiled anew for each size of image.
    """
    import openvino as ov

    weights = path.with_suffix(".bin")
    files = [path, weights] if path.suffix == ".xml" else [path]
    core, content = ov.Core(), [file.read_bytes() for file in files]
    compiled: dict[tuple[int, ...], ov.InferRequest] = {}

    def run(image: np.ndarray) -> np.ndarray:
        if image.shape not in compiled:
            model = core.read_model(*content)
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
        OSError: its files cannot be written.
    """
    if engine == "torch":
        return segmenter
    names = [name for name in PACKAGES if engine in ("auto", name)]
    if engine != "auto":
        require_packages(engine, PACKAGES[engine])
    image = surest_part(segmenter, image)
    try:
        usable = [name for name in names if not missing(PACKAGES[name])]
        made = in_engines(segmenter, usable, threads)
    except (ConfigError, OSError) as error:
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


def surest_part(segmenter: Segmenter, image: np.ndarray) -> np.ndarray:
    """The part of a photo (H, W, 3) uint8 around the pixel of which the model is surest that it is
    of an object; a side of it has `MEASURED_PX` as it is predicted, or the photo is not larger.
    """
    side = math.ceil(MEASURED_PX / segmenter.scale_of(image))
    lengths = image.shape[:2]
    if max(lengths) <= side:
        return image
    surest = np.unravel_index(int(segmenter.quantised(image).argmax()), lengths)
    starts = (
        int(np.clip(at - side // 2, 0, max(0, length - side)))
        for at, length in zip(surest, lengths, strict=True)
    )
    rows, columns = (slice(start, start + side) for start in starts)
    return np.ascontiguousarray(image[rows, columns])


def require_packages(engine: str, packages: Sequence[str]) -> None:
    """Refuse an engine whose packages are not installed, with ConfigError."""
    absent = missing(packages)
    if absent:
        raise ConfigError(
            f"--engine {engine} needs the packages {listed(packages)}, and {listed(absent)} "
            "cannot be found; pip install 'segmentation-bench[engines]'"
        )


def missing(packages: Sequence[str]) -> list[str]:
    """Those of the packages that are not installed."""
    return [name for name in packages if find_spec(name) is None]


def in_engines(segmenter: Segmenter, names: list[str], threads: int) -> dict[str, Segmenter]:
    """The model in each of the engines.

    Raises:
        ConfigError: it has no ONNX form.
    """
    model = segmenter.model.model
    made: dict[str, Segmenter] = {}
    if not names:
        return made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        divisor = write_form_of(model, segmenter.name, path)
        for name in names:
            engine = partial(MAKERS[name], threads=threads)
            made[name] = segmenter.changed(model=EnginePredictor(model, path, divisor, engine))
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
