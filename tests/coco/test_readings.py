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

from common.coco import Entry, ReadOptions, rasterise, read_entries, read_image
from common.coco.__main__ import main
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


def lay_down(data: Path, tag: int, *, is_tall: bool = False) -> dict[str, np.ndarray]:
    """Store all images turned, with an EXIF orientation that turns them back; returns them as
    they are seen, by name. With `is_tall`, they lose a strip, so that a quarter turn changes
    their size.
    """
    seen = {}
    for path in data.glob("*/images/*.png"):
        pixels = np.asarray(Image.open(path))
        pixels = pixels[:, : SIDE - 16] if is_tall else pixels
        seen[path.name] = pixels
        exif = Image.Exif()
        exif[0x0112] = tag
        stored = np.rot90(pixels, {3: 2, 6: 1, 8: 3}[tag])
        Image.fromarray(stored.copy()).save(path, exif=exif)
    return seen


@pytest.mark.parametrize("tag", [3, 6, 8])
def test_images_that_were_annotated_upright_are_an_error_where_no_size_tells(tmp_path, tag):
    data = write(tmp_path, {"train": 20, "val": 2})
    lay_down(data, tag)
    train, val = errors(data)
    assert "drawn on the upright view, as the EXIF orientation turns it" in train.found
    assert "--upright" in train.mend
    assert train.mend == val.mend
    assert all("EXIF orientation" in one.found or "train" in one.found for one in check_data(data))
    assert check_data(data, ReadOptions(upright=True)) == []


def test_outlines_of_the_upright_view_scaled_to_the_stored_size_are_found_and_converted(tmp_path):
    """As Label Studio exports them: sizes as stored, outlines stretched to them."""
    data = write(tmp_path / "in", {"train": 20, "val": 15})
    seen = lay_down(data, 6, is_tall=True)
    width, height = SIDE, SIDE - 16  # as stored; (height, width) are those of the upright view
    masks = {}
    for split in ("train", "val"):
        path = data / split / "coco_annotations.json"
        content = json.loads(path.read_text())
        for item in content["images"]:
            item |= {"width": width, "height": height}
            notes = [one for one in content["annotations"] if one["image_id"] == item["id"]]
            entry = Entry(0, "", path, height, width, None, tuple(notes))
            masks[item["file_name"]] = rasterise(entry)[0]
        for note in content["annotations"]:
            points = np.reshape(note["segmentation"][0], (-1, 2)) * [
                width / height,
                height / width,
            ]
            note["segmentation"] = [points.ravel().tolist()]
        path.write_text(json.dumps(content))
    train, val = errors(data)
    assert "scaled to the stored size" in train.found
    assert train.mend == val.mend
    assert main(["convert", str(data), "--output", str(tmp_path / "out")]) == 0
    for entry in read_entries(tmp_path / "out" / "train") + read_entries(tmp_path / "out" / "val"):
        np.testing.assert_array_equal(read_image(entry.path), seen[entry.file_name])
        mask, expected = rasterise(entry)[0], masks[entry.file_name]
        assert 2 * (mask & expected).sum() > 0.99 * (mask.sum() + expected.sum())


def test_an_orientation_that_the_outlines_do_not_heed_stays_a_warning(tmp_path):
    data = write(tmp_path, {"train": 20, "val": 10})
    for path in data.glob("*/images/*.png"):
        exif = Image.Exif()
        exif[0x0112] = 3
        Image.open(path).save(path, exif=exif)
    assert errors(data) == []


@pytest.mark.parametrize("settings", [{"contrast": 0}, {"place": 7}])
def test_images_that_tell_nothing_refuse_nothing(tmp_path, settings):
    """Objects that do not stand out, and objects at one place of a fixed camera's images."""
    data = write(tmp_path, {"train": 20, "val": 10}, **settings)
    change(data, "train", along_rows)
    assert errors(data) == []
