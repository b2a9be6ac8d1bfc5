"""What the checks of the contract look at: an approach fitted once with its smallest settings, and
generated pictures with plain and with odd labels. It knows what a prediction must look like, and
nothing else of the contract.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from approaches import TABLE, store
from approaches.base import Approach, Budget, Predictor
from approaches.running.resume import RunSettings, prepared
from common.coco import ANNOTATION_FILE, read_entries
from common.data import DataSet
from common.image_files import write_pixels

STEPS = 3
BUDGET = Budget(steps=STEPS)
Box = tuple[int, int, int, int]  # left, top, right, bottom
# what an approach that combines others is given: those that fit at once
MEMBERS = ("threshold", "pixel_lightgbm")


class ContractError(AssertionError):
    """An approach breaks the contract; the message says what was found, what is expected and how
    to mend it.
    """


class NotApplicableError(Exception):
    """A check has nothing to say about this approach; the message says why."""


@dataclass(frozen=True)
class Fitted:
    """An approach after its one shared fit, what `fit` returned, and what it was given."""

    approach: Approach
    returned: object
    fit_set: DataSet
    tune_set: DataSet


def unfitted(name: str, members: Mapping[str, Predictor] | None = None) -> Approach:
    """The approach of the table with its smallest settings."""
    return prepared(name, RunSettings(Path(), BUDGET, smoke=True), members)


def members_of(name: str) -> dict[str, Approach]:
    """Fitted members for an approach that combines others, none for any other."""
    return {member: fitted(member).approach for member in MEMBERS} if TABLE[name].combines else {}


def fitted(name: str) -> Fitted:
    """The approach after its one shared fit; what that fit raised is raised again."""
    outcome = _fit_once(name)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@cache
def _fit_once(name: str) -> Fitted | Exception:
    """The fit that all checks share; a failure is kept too, since every check would meet it
    again.
    """
    try:
        approach = unfitted(name, members_of(name))
        fit_set, tune_set = data_set("fit"), data_set("tune")
        return Fitted(
            approach, approach.fit(fit_set, tune_set, budget=BUDGET, seed=0), fit_set, tune_set
        )
    except Exception as error:
        return error


def predicted(approach: Approach, image: np.ndarray) -> np.ndarray:
    """The prediction (H, W) float32 in [0, 1]; a ContractError says what else it is."""
    proba = approach.predict_proba(image)
    what = f"predict_proba of a {image.shape[0]}x{image.shape[1]} image gave"
    if not isinstance(proba, np.ndarray):
        raise ContractError(
            f"{what} a {type(proba).__name__}, expected a numpy array (H, W) float32."
        )
    if proba.shape != image.shape[:2] or proba.dtype != np.float32:
        raise ContractError(
            f"{what} shape {proba.shape} and dtype {proba.dtype}, expected {image.shape[:2]} and "
            "float32; crop or resize to the input's size and end with .astype(np.float32)."
        )
    if not np.isfinite(proba).all():
        raise ContractError(
            f"{what} {int((~np.isfinite(proba)).sum())} pixels that are NaN or infinite."
        )
    if proba.min() < 0 or proba.max() > 1:
        raise ContractError(
            f"{what} values from {proba.min()} to {proba.max()}, expected [0, 1]; apply a sigmoid "
            "or clip."
        )
    return proba


def expect_same(found: np.ndarray, expected: np.ndarray, what: str, mend: str) -> None:
    """Raise a ContractError unless two predictions are equal to the last bit."""
    if not np.array_equal(found, expected):
        raise ContractError(
            f"{what} gives a result that differs by up to {np.abs(found - expected).max():.2g}; "
            f"{mend}."
        )


def store_with_members(approach: Approach, name: str, root: Path) -> None:
    """Store an approach as a run does, its members beside it."""
    for member in approach.members:
        store_with_members(fitted(member).approach, member, root)
    (root / name).mkdir(parents=True)
    store(approach, name, root / name)


def picture(height: int, width: int, box: Box | None = None, seed: int = 0) -> np.ndarray:
    """An image (height, width, 3) uint8: gray noise with an orange box (left, top, right,
    bottom).
    """
    random = np.random.default_rng([seed, height, width])
    image = random.integers(60, 140, (height, width, 1)).repeat(3, axis=2)
    left, top, right, bottom = box or (width // 4, height // 4, width // 2, height // 2)
    image[top:bottom, left:right] = np.array([210, 150, 60]) + random.integers(
        -20, 20, (bottom - top, right - left, 1)
    )
    return image.astype(np.uint8)


def data_set(split: str, *, odd: bool = False) -> DataSet:
    """The pictures of "fit" or "tune", decoded anew, so that nothing that an approach did to
    others is in them.

    Args:
        split: "fit" (6 pictures) or "tune" (3).
        odd: also one without object, one that is all object, one that is all ignored, one half
            ignored, a tiny one.
    """
    kinds = ("plain", "odd") if odd else ("plain",)
    return DataSet(
        [entry for kind in kinds for entry in read_entries(Path(_data_folder().name, split, kind))]
    )


@cache
def _data_folder() -> tempfile.TemporaryDirectory[str]:
    """Generated pictures in the COCO layout; they go when the program ends."""
    root = tempfile.TemporaryDirectory()
    whole, half = (0, 0, 128, 96), (0, 0, 64, 96)
    for first_id, (split, count) in zip((0, 1000), {"fit": 6, "tune": 3}.items(), strict=True):
        boxes = [
            (10 + 9 * index, 8 + 7 * index, 50 + 9 * index, 34 + 7 * index)
            for index in range(count)
        ]
        odd: list[list[tuple[Box, int]]] = [
            [],
            [(whole, 0)],
            [(whole, 1)],
            [(boxes[0], 0), (half, 1)],
        ]
        folder = Path(root.name, split)
        _write_split(folder / "plain", [(96, 128, [(box, 0)]) for box in boxes], first_id)
        _write_split(
            folder / "odd",
            [*((96, 128, boxes) for boxes in odd), (30, 21, [((3, 4, 15, 19), 0)])],
            first_id + 500,
        )
    return root


def _write_split(
    folder: Path, pictures: list[tuple[int, int, list[tuple[Box, int]]]], first_id: int
) -> None:
    """Write (height, width, [(box, iscrowd)]) pictures; the first box is painted."""
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for image_id, (height, width, boxes) in enumerate(pictures, start=first_id):
        image = picture(height, width, boxes[0][0] if boxes else (0, 0, 0, 0), seed=image_id)
        name = f"{image_id}.png"
        write_pixels(folder / "images" / name, image)
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        for (left, top, right, bottom), crowd in boxes:
            outline = [left, top, right, top, right, bottom, left, bottom]
            number = first_id + len(annotations) + 1
            annotations.append(
                {"id": number, "image_id": image_id, "segmentation": [outline], "iscrowd": crowd}
            )
    content = {"images": images, "annotations": annotations}
    (folder / ANNOTATION_FILE).write_text(json.dumps(content), encoding="utf-8")
