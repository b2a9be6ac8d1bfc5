"""Outlines that are sound in themselves but lie beside the objects of their images: the images say
how they are meant.
"""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from common.coco.findings import Finding
from common.data.check import check_data

SIDE = 112


def scene(seed: int, objects: int, contrast: int) -> tuple[np.ndarray, list[list[float]]]:
    """A square image with smooth ground and tilted bars, and their outlines."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(60, 130, (5, 5, 3), dtype=np.uint8)
    image = cv2.resize(ground, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(int)
    image += rng.integers(-8, 9, image.shape)
    outlines = []
    for _ in range(objects):
        x, y = rng.uniform(18, SIDE - 18, 2)
        corners = cv2.boxPoints(((x, y), (24, 9), rng.uniform(0, 180)))
        bar = cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [np.int32(np.round(corners))], 1)
        image[bar > 0] += contrast
        outlines.append([round(float(value), 2) for value in corners.ravel()])
    return np.clip(image, 0, 255).astype(np.uint8), outlines


Change = Callable[[list[float]], object]


def write(data: Path, counts: dict[str, int], *, contrast: int = 100, place: int = 0) -> Path:
    """A data set with two objects an image; with `place`, all objects lie where that seed says."""
    for split, count in counts.items():
        (data / split / "images").mkdir(parents=True)
        images, notes = [], []
        for number in range(count):
            pixels, outlines = scene(place or 50 * len(split) + number, 2, contrast)
            shade = number + 40 * (split == "val")  # so that no image is there twice
            pixels = np.clip(pixels.astype(int) + shade, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(data / split / "images" / f"{split}{number}.png")
            entry = {"id": number, "file_name": f"{split}{number}.png"}
            images.append(entry | {"width": SIDE, "height": SIDE})
            for outline in outlines:
                note = {"id": len(notes), "image_id": number, "category_id": 1}
                notes.append(note | {"segmentation": [outline]})
        content = {"images": images, "annotations": notes, "categories": []}
        (data / split / "coco_annotations.json").write_text(json.dumps(content))
    (data / "real_test").mkdir()
    Image.fromarray(scene(999, 1, contrast)[0]).save(data / "real_test" / "photo.png")
    return data


def change(data: Path, split: str, written: Change) -> None:
    path = data / split / "coco_annotations.json"
    content = json.loads(path.read_text())
    for note in content["annotations"]:
        note["segmentation"] = written(note["segmentation"][0])
    path.write_text(json.dumps(content))


def runs(outline: list[float], *, by_row: bool) -> dict:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.int32(np.round(np.reshape(outline, (-1, 2))))], 1)
    flat = np.concatenate([[0], mask.ravel(order="C" if by_row else "F")]).astype(int)
    bounds = [0, *np.flatnonzero(np.diff(flat)).tolist(), mask.size]
    return {"size": [SIDE, SIDE], "counts": np.diff(bounds).tolist()}


def along_rows(outline: list[float]) -> dict:
    return runs(outline, by_row=True)


def down_columns(outline: list[float]) -> dict:
    return runs(outline, by_row=False)


def percentages(outline: list[float]) -> list:
    return [[value * 100 / SIDE for value in outline]]


def exchanged(outline: list[float]) -> list:
    return [np.reshape(outline, (-1, 2))[:, ::-1].ravel().tolist()]


def from_below(outline: list[float]) -> list:
    points = np.reshape(outline, (-1, 2))
    return [np.stack([points[:, 0], SIDE - points[:, 1]], axis=1).ravel().tolist()]


def errors(data: Path) -> list[Finding]:
    return [finding for finding in check_data(data) if finding.level == "error"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (along_rows, "read along the rows"),
        (percentages, "taken as percentages of the image"),
        (exchanged, "x and y exchanged"),
        (from_below, "y counted from below"),
    ],
)
@pytest.mark.parametrize("split", ["train", "val"])
def test_the_images_refute_outlines_that_lie_beside_the_objects(tmp_path, written, words, split):
    data = write(tmp_path, {"train": 25, "val": 20})
    assert errors(data) == []
    change(data, split, written)
    [finding] = errors(data)
    assert finding.file == f"{split}/coco_annotations.json"
    assert words in finding.found


def test_a_few_outlines_that_leave_it_open_are_judged_by_the_other_split(tmp_path):
    data = write(tmp_path, {"train": 20, "val": 2})
    change(data, "val", along_rows)
    assert errors(data) == []
    change(data, "train", along_rows)
    train, val = errors(data)
    assert train.mend == val.mend
    assert "those of train/coco_annotations.json are to be read along the rows" in val.found
    assert "4 outlines" in val.found


def test_outlines_that_their_own_images_bear_out_are_not_judged_by_the_other_split(tmp_path):
    data = write(tmp_path, {"train": 20, "val": 20})
    change(data, "train", along_rows)
    change(data, "val", down_columns)
    assert [finding.file[:5] for finding in errors(data)] == ["train"]


@pytest.mark.parametrize("settings", [{"contrast": 0}, {"place": 7}])
def test_images_that_tell_nothing_refuse_nothing(tmp_path, settings):
    """Objects that do not stand out, and objects at one place of a fixed camera's images."""
    data = write(tmp_path, {"train": 20, "val": 10}, **settings)
    change(data, "train", along_rows)
    assert errors(data) == []
