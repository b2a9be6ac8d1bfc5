"""A stored network with weights and activations of 8 bits, run by OpenVINO: NNCF chooses their
ranges on images of *fit*, and the form is used only where it is as good on *tune*. It is made once
and stays in the folder of the run.

Source: Jacob et al. 2018, Quantization and training of neural networks for efficient
integer-arithmetic-only inference, CVPR.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from approaches import members_of
from approaches.base import ConfigError
from approaches.network.onnx_file import write_form_of
from approaches.segmenter import Segmenter, complete_record
from approaches.stored.engines import EnginePredictor, openvino, require_packages
from approaches.stored.scoring import score
from common.data import Data, DataSet, Sample, load_data
from common.data.groups import spread
from common.exported.model import is_exported
from common.files import whole_folder
from common.geometry import pad_to_multiple
from common.json_files import DamagedFileError, damaged, read_json_object
from common.metrics import summarise
from common.model_files import MODEL_FILE, file_digest
from common.records.description import read_description
from common.records.folder import RunFolder

log = logging.getLogger(__name__)
PACKAGES = ("onnx", "openvino", "nncf")
CALIBRATED_ON, JUDGED_ON = 24, 64  # images of *fit* and of *tune*
MOST_LOST = 0.002  # of the mean Dice on *tune*
MOST_PX = 1024  # a side of what is calibrated on, so that it fits into memory
GRAPH, FOUND = "model.xml", "found.json"
EXPECTED = "what `predict --engine int8` wrote is expected. Delete the folder; it is made anew."


@dataclass(frozen=True)
class Found:
    """What a model in 8 bits came to.

    Attributes:
        digest: of the model that it was made of, and of its post-processing.
        divisor: sides that the graph takes are multiples of it.
        dice: mean Dice of the model itself on images of *tune*.
        dice_in_8_bits: the same of the form in 8 bits.
        images: how many those were.
        files: SHA-256 of the graph and of its weights.
    """

    digest: str
    divisor: Annotated[int, Field(gt=0)]
    dice: float
    dice_in_8_bits: float
    images: int
    files: dict[str, str]

    def __str__(self) -> str:
        """In words."""
        return (
            f"on {self.images} images of tune a mean Dice of {self.dice_in_8_bits:.4f} in 8 bits, "
            f"{self.dice:.4f} without"
        )


def in_eight_bits(run: Path, segmenter: Segmenter, threads: int) -> Segmenter:
    """The same model in 8 bits.

    Args:
        run: the folder that the model was loaded from.
        segmenter: of that run.
        threads: for OpenVINO.

    Raises:
        ConfigError: a package is missing, the model has no ONNX form or was exported, its data is
            not there, or its masks are worse in 8 bits.
        DamagedFileError: what an earlier call made cannot be read.
    """
    require_packages("int8", PACKAGES)
    if is_exported(run):
        raise ConfigError(
            f"--engine int8 needs images to calibrate on, and {run} is an exported model; give "
            "the folder of its run."
        )
    stored = segmenter.name
    folder = RunFolder(run).path / "engines" / f"{stored}-int8"
    digest = _digest_of(RunFolder(run), stored)
    found = _read(folder) if folder.is_dir() else None
    if found is None or found.digest != digest:
        # judged at the scale of its training, whatever these photos are seen at
        found = _made(Segmenter.load(run, stored), _data_of(run), folder, digest, threads)
    if not found.dice - found.dice_in_8_bits <= MOST_LOST:  # NaN too
        raise ConfigError(
            f"{stored} has {found}; it may lose {MOST_LOST:g} at most. Take --engine auto."
        )
    log.info("%s: %s", stored, found)
    return segmenter.changed(model=_predictor(segmenter, folder, found.divisor, threads))


def _digest_of(run: RunFolder, stored: str) -> str:
    """Of what a form in 8 bits is judged by: the post-processing that the run chose, a stored
    model and all that it combines, by their descriptions, which name the digests of their files.
    """
    model = run.model(stored)
    whole = hashlib.sha256(repr(complete_record(run, stored).tuning.postprocess).encode())
    for name in (model.name, *members_of(model)):
        whole.update((model.parent / name / MODEL_FILE).read_bytes())
    return whole.hexdigest()


def _read(folder: Path) -> Found:
    path = folder / FOUND
    try:
        found = TypeAdapter(Found).validate_python(read_json_object(path, "digest", EXPECTED))
    except ValidationError as error:
        raise damaged(path, error, EXPECTED) from error
    if _files_in(folder) != found.files:
        raise DamagedFileError(f"{folder} does not hold the files that were stored; {EXPECTED}")
    return found


def _files_in(folder: Path) -> dict[str, str]:
    paths = [path for path in sorted(folder.iterdir()) if path.name != FOUND]
    return {path.name: file_digest(path) for path in paths}


def _data_of(run: Path) -> Data:
    """The data folder of a run, divided as it was then; backgrounds of elsewhere are left out."""
    described = read_description(run)
    needs = "--engine int8 needs the data of the run to calibrate on"
    folder = described.data_folder
    if folder is None:
        raise ConfigError(
            f"{needs}, and {described.data!r} is not there; start the command where bench.py was "
            "started, or take --engine auto."
        )
    data = load_data(folder, options=described.read_options, seed=described.identity.seed)
    if data.key != described.identity.data:
        raise ConfigError(
            f"{needs} (content {described.identity.data[:8]}…), and {folder} holds other images "
            f"or annotations by now ({data.key[:8]}…); bring the old ones back, or take --engine "
            "auto."
        )
    return data


def _made(segmenter: Segmenter, data: Data, folder: Path, digest: str, threads: int) -> Found:
    """Quantise a model, judge it, and keep both."""
    model = segmenter.model.model
    with whole_folder(folder) as scratch_folder:
        with tempfile.TemporaryDirectory() as scratch:
            graph = Path(scratch) / "model.onnx"
            divisor = write_form_of(model, segmenter.name, graph)
            shown = data.fit.subset(spread(data.fit, CALIBRATED_ON))
            pictures = [_around_object(shown[place]) for place in range(len(shown))]
            quantise(graph, pictures, divisor, scratch_folder / GRAPH)
        judged = data.tune.subset(spread(data.tune, JUDGED_ON))
        small = segmenter.changed(model=_predictor(segmenter, scratch_folder, divisor, threads))
        own, in_8_bits = (mean_dice(one, judged) for one in (segmenter, small))
        found = Found(digest, divisor, own, in_8_bits, len(judged), _files_in(scratch_folder))
        (scratch_folder / FOUND).write_text(json.dumps(asdict(found), indent=1) + "\n")
    return found


def _around_object(sample: Sample) -> np.ndarray:
    """The image, or as much of a large one around its objects as may be calibrated on."""
    window = []
    for axis, side in enumerate(sample.mask.shape):
        seen = np.flatnonzero(sample.mask.any(axis=1 - axis))
        middle = int(seen.mean()) if len(seen) else side // 2
        first = max(0, min(middle - MOST_PX // 2, side - MOST_PX))
        window.append(slice(first, first + MOST_PX))
    return sample.image[window[0], window[1]]


def _predictor(segmenter: Segmenter, folder: Path, divisor: int, threads: int) -> EnginePredictor:
    engine = partial(openvino, threads=threads)
    return EnginePredictor(segmenter.model.model, folder / GRAPH, divisor, engine)


def quantise(graph: Path, pictures: Sequence[np.ndarray], divisor: int, path: Path) -> None:
    """Write a network's graph with 8 bits.

    Args:
        graph: its ONNX file.
        pictures: (H, W, 3) uint8, to choose the ranges of activations on.
        divisor: they are padded to multiples of it.
        path: of the XML file; its weights lie beside it.
    """
    import nncf
    import openvino as ov

    nncf.set_log_level(logging.ERROR)
    padded = [pad_to_multiple(picture, divisor)[0][None] for picture in pictures]
    made = nncf.quantize(
        ov.Core().read_model(graph),
        nncf.Dataset(padded),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(padded),
    )
    ov.save_model(made, path, compress_to_fp16=False)


def mean_dice(segmenter: Segmenter, images: DataSet) -> float:
    """Over the images with an object."""
    return summarise(score(segmenter, images))["dice_mean"]
