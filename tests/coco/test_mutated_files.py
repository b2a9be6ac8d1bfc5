"""Annotation files with random damage: only findings and documented errors come out, never another
mask than two independent readers draw. `MUTATED_FILES=500` looks at more of them.
"""

import copy
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from common.coco import DataError, rasterise, read_entries, read_image
from common.coco.values import plain_id, plain_number, plain_truth
from common.data.check import check_data, format_findings

WIDTH, HEIGHT, COUNT = 40, 30, int(os.environ.get("MUTATED_FILES", "100"))
VALUES = [
    *(None, True, False, 0, 1, -1, 2, 3.0, 12.5, 1e308, float("nan"), float("inf"), 10**30),
    *("", "0", "1", "false", "true", "12.5", "2023_0001", "a.png", "b'00'", "\ud800", "é" * 300),
    *([], {}, [[]], [1], [[1, 2], [3, 4], [5, 6]], {"x": 1}, {"size": [30, 40]}, [None] * 6),
    *({"size": [30, 40], "counts": [1200]}, {"size": [40, 30], "counts": [0, 1200]}),
    *({"size": [30, 40], "counts": "P" * 99}, {"size": ["30", 40.0], "counts": ["100", 1100.0]}),
]


def shape(rng: random.Random) -> list[float]:
    x, y = rng.uniform(2, 25), rng.uniform(2, 18)
    return [
        round(value, 2) for value in (x, y + 3, x + 4, y, x + 11, y + 2, x + 9, y + 9, x, y + 8)
    ]


def clean(rng: random.Random, images: int) -> dict[str, Any]:
    content: dict[str, Any] = {
        "images": [
            {"id": number, "file_name": f"{number}.png", "width": WIDTH, "height": HEIGHT}
            for number in range(1, images + 1)
        ],
        "annotations": [],
        "categories": [{"id": 1, "name": "butt"}],
    }
    for number in range(1, 2 * images + 1):
        polygon = shape(rng)
        segmentation: Any = [polygon]
        if number % 3 == 0:
            segmentation = {"size": [HEIGHT, WIDTH], "counts": [number * 7, 90, 900, 60]}
            segmentation["counts"].append(WIDTH * HEIGHT - sum(segmentation["counts"]))
        note = {"id": number, "image_id": (number + 1) // 2, "category_id": 1, "iscrowd": 0}
        content["annotations"].append(note | {"segmentation": segmentation})
    return content


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The ways to every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else []
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path, *(way for key, each in inner for way in places(each, (*path, key)))]


def mutate(content: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A copy with one to three values replaced, removed, doubled, scaled or written as text."""
    content = copy.deepcopy(content)
    for _ in range(rng.randint(1, 3)):
        ways = [way for way in places(content) if way]
        depth = rng.randint(1, max(map(len, ways)))
        *front, key = rng.choice([way for way in ways if len(way) <= depth])
        holder: Any = content
        for step in front:
            holder = holder[step]
        kind = rng.choice(["replace", "replace", "remove", "double", "scale", "text"])
        if kind == "remove":
            del holder[key]
        elif kind == "double" and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif kind == "scale" and isinstance(holder[key], int | float):
            holder[key] *= rng.choice([0.01, 0.5, 2, 100, -1])
        elif kind == "text":
            holder[key] = str(holder[key])
        else:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
    return content


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    for split, count in (("train", 3), ("val", 2)):
        (folder / split / "images").mkdir(parents=True)
        content = clean(random.Random(count), count)
        (folder / split / "coco_annotations.json").write_text(json.dumps(content))
        for number in range(1, count + 1):
            pixels = np.random.default_rng([number, count]).integers(0, 256, (HEIGHT, WIDTH, 3))
            path = folder / split / "images" / f"{number}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


def own_runs(segmentation: dict, shape: tuple[int, int]) -> np.ndarray:
    """A mask of uncompressed RLE, decoded here."""
    mask = np.zeros(shape[0] * shape[1], dtype=bool)
    start = 0
    for number, run in enumerate(segmentation["counts"]):
        length = int(plain_number(run) or 0)
        end = start + length
        mask[start:end] = number % 2 == 1
        start = end
    return mask.reshape(shape, order="F")


def plain(segmentation: Any) -> Any:
    """Polygons with numbers, as pycocotools needs them; those too short to draw are left out."""
    return [
        [float(plain_number(value) or 0) for value in one] for one in segmentation if len(one) > 5
    ]


def drawn_by_others(content: dict[str, Any], image_id: int, size: tuple[int, int]) -> np.ndarray:
    """The objects of an image by pycocotools' own reader, run lengths by the decoder above."""
    mask = np.zeros(size, dtype=bool)
    coco = COCO()
    coco.imgs = {image_id: {"height": size[0], "width": size[1]}}
    for note in content["annotations"]:
        flags = (note.get(key) for key in ("iscrowd", "isCrowd", "is_crowd", "ignore"))
        is_crowd = any(plain_truth(flag) for flag in flags)
        segmentation = note.get("segmentation")
        if plain_id(note.get("image_id")) != image_id or is_crowd or not segmentation:
            continue
        if isinstance(segmentation, dict) and isinstance(segmentation["counts"], list):
            mask |= own_runs(segmentation, size)
        elif isinstance(segmentation, dict) or plain(segmentation):
            outline = segmentation if isinstance(segmentation, dict) else plain(segmentation)
            mask |= coco.annToMask({"image_id": image_id, "segmentation": outline}) > 0
    return mask


def check_one(base: Path, folder: Path, rng: random.Random) -> bool:
    """Whether a mutated file is usable; then its masks are those of the others."""
    content = mutate(json.loads((base / "train" / "coco_annotations.json").read_text()), rng)
    (folder / "train" / "coco_annotations.json").write_text(json.dumps(content))
    findings = check_data(folder)
    assert {finding.level for finding in findings} <= {"error", "warning", "note"}
    assert format_findings(findings, folder)
    if any(finding.level == "error" for finding in findings):
        try:
            for entry in read_entries(folder / "train"):
                rasterise(entry)
        except DataError as error:
            assert "annotation" in str(error)  # the file or the one annotation is named
        return False
    for entry in read_entries(folder / "train"):
        size = entry.height, entry.width
        assert read_image(entry.path).shape[:2] == size
        expected = drawn_by_others(content, entry.image_id, size)
        np.testing.assert_array_equal(rasterise(entry)[0], expected)
    return True


def test_mutated_files_give_findings_and_the_masks_of_other_readers(base, tmp_path):
    folder = Path(shutil.copytree(base, tmp_path / "data"))
    usable = 0
    for seed in range(COUNT):
        rng = random.Random(seed)
        try:
            usable += check_one(base, folder, rng)
        except Exception as error:
            raise AssertionError(f"the file of seed {seed}: {error!r}") from error
    assert COUNT / 10 < usable < COUNT * 9 / 10
