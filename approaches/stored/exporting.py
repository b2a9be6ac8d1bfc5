"""Write an exported model, and compare its further forms with it."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from approaches import members_of
from approaches.base import Approach, ConfigError
from approaches.network.inference import in_float32
from approaches.network.onnx_file import (
    OnnxPredictor,
    share_that_differs,
    write_form_of,
)
from approaches.segmenter import Segmenter, complete_record
from common.coco import read_image
from common.exported.card import Licence, licence_note, model_card
from common.exported.model import ExportedModel, is_exported, write_exported
from common.files import whole_folder, write_whole
from common.predictions import find_photos
from common.records.description import read_description
from common.records.folder import RunFolder
from common.sample import render_scene

log = logging.getLogger(__name__)
MOST_DIFFERING = 0.001  # of the pixels of masks may differ between the model and its ONNX file
COMPARED_PX = ((256, 256), (192, 300), (333, 211))  # sizes of the generated images


@dataclass(frozen=True)
class Wanted:
    """What goes into an exported folder.

    Attributes:
        approach: one of the run; None takes its winner.
        data: folder of the training data, for the note on its licence; None takes that of the run.
        licence: of the model, an identifier of the hub; "" where it is not known.
        onnx: write an ONNX file too.
        images: folder of photos to compare its masks on; None takes generated images.
    """

    approach: str | None = None
    data: Path | None = None
    licence: str = ""
    onnx: bool = False
    images: Path | None = None


def export(run: RunFolder, output: Path, wanted: Wanted) -> Segmenter:
    """Write an exported model, whole or not at all; an earlier export there is replaced.

    Args:
        run: a finished run.
        output: the folder to make.
        wanted: what goes into it.

    Returns:
        The exported model, loaded from its new folder.

    Raises:
        ConfigError: there is no such approach, the run is an exported model itself, the folder
            holds something else, or the ONNX file does not do what the model does.
        OSError: a file of the run is missing or damaged, or one cannot be written.
    """
    if is_exported(run.path):
        raise ConfigError(
            f"{run.path} is an exported model already; expected the folder of a run, such as "
            "results/sample-quick. Copy the folder, or export anew from the run it was made of."
        )
    if output.exists() and not is_exported(output) and (output.is_file() or any(output.iterdir())):
        raise ConfigError(
            f"{output} exists and holds no exported model; nothing was touched. Name a new "
            "folder with --output."
        )
    record, description = complete_record(run, wanted.approach), read_description(run.path)
    data = wanted.data or description.data_folder
    licence = Licence(wanted.licence, licence_note(data) if data else "")
    with whole_folder(output) as partial:
        folder = RunFolder(partial)
        for name in dict.fromkeys(_with_members(run, record.approach)):
            shutil.copytree(run.model(name), folder.model(name))
        described = ExportedModel(record.approach, record.tuning.postprocess, record.image_sizes)
        write_exported(partial, described)
        segmenter = Segmenter.load(partial)
        forms = list(_native_forms(segmenter, partial / "native"))
        if wanted.onnx:
            forms.append(_onnx_form(segmenter, partial / "model.onnx", wanted.images))
        card = model_card(record, description, licence, forms)
        write_whole(partial / "README.md", card)
    return Segmenter.load(output)


def _native_forms(segmenter: Segmenter, folder: Path) -> Iterator[str]:
    """Write the model and its members as their libraries do; yields how to load each."""
    model = segmenter.model.model
    for name, each in {segmenter.name: model, **getattr(model, "members", {})}.items():
        if isinstance(each, Approach):
            wording = each.save_native(folder / name)
            if wording:
                yield wording


def _onnx_form(segmenter: Segmenter, path: Path, images: Path | None) -> str:
    """Write the ONNX file and compare its masks with the model's; returns how to use it.

    Raises:
        ConfigError: more than a thousandth of the pixels differ.
    """
    log.info("%s: writing the ONNX file and comparing its masks", segmenter.name)
    divisor = write_form_of(segmenter.model.model, segmenter.name, path)
    other = Segmenter(
        OnnxPredictor(path, divisor), segmenter.postprocess, segmenter.name, segmenter.model.sizes
    )
    visible = list(_images(images))
    with in_float32():  # as the file computes
        share, objects = share_that_differs(segmenter.predict, other.predict, visible)
    kind = f"photos of {images.name}" if images else "generated images"
    wording = (
        f"on {len(visible)} {kind} its masks differ from the model's in {share:.4%} of the pixels "
        f"({objects} pixels of objects)"
    )
    if share > MOST_DIFFERING:
        raise ConfigError(
            f"the ONNX file was not kept: {wording}; at most {MOST_DIFFERING:.1%} is allowed. "
            "Leave --onnx out, or try another version of torch or onnxruntime."
        )
    log.info("%s: ONNX, %s", segmenter.name, wording)
    return (
        f"`{path.name}` takes `image` (1, H, W, 3) uint8 RGB, H and W multiples of {divisor} (pad "
        "below and on the right, reflecting), and gives `probability` (1, H, W) float32; "
        f"{wording}. The post-processing is not part of it: {segmenter.postprocess}. Bring photos "
        "that are much larger than the training images to their size first."
    )


def _images(folder: Path | None) -> Iterator[np.ndarray]:
    """The photos to compare masks on, or generated ones of several sizes."""
    if folder:
        for photo in find_photos([folder]):
            yield read_image(photo.path, upright=True)
        return
    for index, (height, width) in enumerate(COMPARED_PX):
        scene = render_scene(0, index=index, split="val", size=max(height, width))
        yield np.ascontiguousarray(scene.image[:height, :width])


def _with_members(run: RunFolder, name: str) -> Iterator[str]:
    """An approach and those that its stored model is made of."""
    yield name
    for member in members_of(run.model(name)):
        yield from _with_members(run, member)
