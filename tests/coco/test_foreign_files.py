"""Annotation files as tools really write them: read as what they plainly mean, or refused with one
finding that says what it is.
"""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from common.coco import DEFAULT_OPTIONS, ReadOptions, rasterise, read_entries
from common.coco.findings import Finding
from common.data import load_data
from common.data.check import check_data

WIDTH, HEIGHT = 128, 96
SPLITS = {"train": 8, "val": 4}


def object_of(seed: int) -> list[float]:
    """A turned rectangle as [x1, y1, …]."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform([25, 20], [WIDTH - 25, HEIGHT - 20])
    angle = rng.uniform(0.2, 1.3)
    corners = cv2.boxPoints(((centre[0], centre[1]), (28, 12), np.degrees(angle)))
    return [round(float(value), 2) for value in corners.ravel()]


def box_of(polygon: list[float]) -> list[float]:
    x, y = polygon[0::2], polygon[1::2]
    return [min(x), min(y), max(x) - min(x), max(y) - min(y)]


def mask_of(polygon: list[float], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    return cv2.fillPoly(mask, [np.int32(np.round(np.reshape(polygon, (-1, 2))))], 1) > 0


def runs_of(mask: np.ndarray) -> dict:
    flat = np.concatenate([[False], mask.ravel(order="F")]).astype(int)
    ends = np.flatnonzero(np.diff(flat))
    bounds = [0, *ends.tolist(), mask.size]
    return {"size": list(mask.shape), "counts": np.diff(bounds).tolist()}


def content_of(split: str) -> dict:
    images, notes = [], []
    for number in range(SPLITS[split]):
        name = f"{split}{number}.png"
        images.append({"id": number + 1, "file_name": name, "width": WIDTH, "height": HEIGHT})
        for part in range(2):
            outline = object_of(100 * len(split) + 10 * number + part)
            note = {"id": len(notes) + 1, "image_id": number + 1, "category_id": 1, "iscrowd": 0}
            note |= {"segmentation": [outline], "bbox": box_of(outline), "area": 28 * 12}
            notes.append(note)
    categories = [{"id": 1, "name": "butt"}, {"id": 2, "name": "leaf"}]
    return {"images": images, "annotations": notes, "categories": categories}


@pytest.fixture
def data(tmp_path) -> Path:
    for split, count in SPLITS.items():
        (tmp_path / split / "images").mkdir(parents=True)
        for number in range(count):
            rng = np.random.default_rng([number, count])
            pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / split / "images" / f"{split}{number}.png")
        (tmp_path / split / "coco_annotations.json").write_text(json.dumps(content_of(split)))
    (tmp_path / "real_test").mkdir()
    Image.fromarray(pixels[::-1]).save(tmp_path / "real_test" / "photo.png")
    return tmp_path


def edit(data: Path, change: Callable[[dict], object], splits: str = "train val") -> None:
    for split in splits.split():
        path = data / split / "coco_annotations.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))


def edit_notes(data: Path, change: Callable[[dict], object], splits: str = "train val") -> None:
    edit(data, lambda content: [change(note) for note in content["annotations"]], splits)


def levels(data: Path, options: ReadOptions = DEFAULT_OPTIONS) -> dict[str, int]:
    found = [finding.level for finding in check_data(data, options)]
    return {level: found.count(level) for level in set(found)}


def only(data: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Finding:
    """The one kind of finding, the same in train and val."""
    train, val = check_data(data, options)
    assert (train.file[:6], val.file[:4]) == ("train/", "val/")
    assert (train.level, train.mend) == (val.level, val.mend)
    return train


def masks(data: Path, split: str = "train", options: ReadOptions = DEFAULT_OPTIONS) -> np.ndarray:
    return np.array([rasterise(entry)[0] for entry in read_entries(data / split, options)])


def test_the_clean_set_has_no_finding(data):
    assert check_data(data) == []


def as_text(note: dict) -> None:
    note["iscrowd"] = "0"
    note["image_id"] = str(note["image_id"])
    note["segmentation"] = [[str(value) for value in note["segmentation"][0]]]


def as_floats(note: dict) -> None:
    note["image_id"] = float(note["image_id"])
    note["iscrowd"] = False


@pytest.mark.parametrize("change", [as_text, as_floats])
def test_text_and_floats_are_read_as_the_numbers_they_are(data, change):
    expected = masks(data)
    edit_notes(data, change)
    sizes = {"width": str(WIDTH), "height": float(HEIGHT)}
    edit(data, lambda content: [item.update(sizes) for item in content["images"]])
    assert check_data(data) == []
    np.testing.assert_array_equal(masks(data), expected)


@pytest.mark.parametrize("front", ["images/", "images\\", "./", "train/images/"])
def test_names_with_folders_in_front_are_found(data, front):
    expected = masks(data)

    def rename(content):
        for item in content["images"]:
            item["file_name"] = front + item["file_name"]

    edit(data, rename)
    assert check_data(data) == []
    np.testing.assert_array_equal(masks(data), expected)
    assert load_data(data).score.names[1] == "val0.png"


@pytest.mark.parametrize(("disk", "listed"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_names_in_another_unicode_form_are_found(data, disk, listed):
    for split in SPLITS:
        path = data / split / "images" / f"{split}0.png"
        name = f"серый {split}.png"
        path.rename(path.with_name(unicodedata.normalize(disk, name)))
        new = unicodedata.normalize(listed, name)
        edit(data, lambda content, new=new: content["images"][0].update(file_name=new), split)
    assert check_data(data) == []


@pytest.mark.parametrize(
    ("old", "new"), [("train0.png", "TRAIN0.PNG"), ("train0.png", "train%30.png")]
)
def test_names_in_other_capitals_or_percent_codes_are_found_with_a_warning(data, old, new):
    edit(data, lambda content: content["images"][0].update(file_name=new), "train")
    [finding] = check_data(data)
    assert finding.level == "warning"
    assert old in finding.found


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_does_not_matter(data, encoding):
    path = data / "train" / "coco_annotations.json"
    path.write_text(path.read_text(), encoding=encoding)
    assert check_data(data) == []


@pytest.mark.parametrize("size", [{"width": 0, "height": 0}, {"width": None}, {"height": -1}])
def test_a_missing_size_is_taken_from_the_file(data, size):
    expected = masks(data)
    edit(data, lambda content: [item.update(size) for item in content["images"]])
    assert only(data).level == "warning"
    assert "8 of 8 images" in only(data).found
    np.testing.assert_array_equal(masks(data), expected)


@pytest.mark.parametrize("ids", ["train{}", "2023_{:04d}", "{}.5", str(2**64) + "{}"])
def test_ids_that_are_no_whole_numbers_are_one_error(data, ids):
    def number(content):
        for item in content["images"]:
            item["id"] = ids.format(item["id"])
        for note in content["annotations"]:
            note["image_id"] = ids.format(note["image_id"])

    edit(data, number)
    finding = only(data)
    assert finding.level == "error"
    assert "8 of 8 images" in finding.found
    assert ids.format(1) in finding.found


def test_ids_with_fields_are_one_error(data):
    def number(content):
        for item in content["images"]:
            item["id"] = {"$oid": f"{item['id']:024x}"}
        for note in content["annotations"]:
            note["image_id"] = {"$oid": f"{note['image_id']:024x}"}

    edit(data, number)
    assert "$oid" in only(data).found


@pytest.mark.parametrize("name", ["{}{}.png", "{}{}"])
def test_annotations_that_name_their_image_are_told_to_use_its_id(data, name):
    for split in SPLITS:

        def rename(note, split=split):
            note["image_id"] = name.format(split, note["image_id"] - 1)

        edit_notes(data, rename, split)
    assert only(data).level == "error"
    assert "in place of its name" in only(data).mend


@pytest.mark.parametrize(
    "size", [{"width": HEIGHT, "height": WIDTH}, {"width": WIDTH // 2, "height": HEIGHT // 2}]
)
def test_wrong_sizes_are_one_error_and_nothing_follows(data, size):
    edit(data, lambda content: [item.update(size) for item in content["images"]])
    finding = only(data)
    assert finding.level == "error"
    assert "width and height" in finding.mend


def test_one_id_as_text_and_as_number_is_one_id(data):
    edit(data, lambda content: content["images"][1].update(id="1"), "train")
    found = [finding.found for finding in check_data(data) if finding.level == "error"]
    assert any("image id 1 of train0.png: also the id of train1.png" in each for each in found)


# --- crowd


def crowd(note: dict) -> None:
    note["segmentation"], note["iscrowd"] = runs_of(mask_of(note["segmentation"][0])), 1


def test_a_file_of_crowd_masks_alone_is_an_error_that_names_cvat(data):
    edit_notes(data, crowd)
    finding = only(data)
    assert finding.level == "error"
    assert "16 of 16" in finding.found
    assert "CVAT" in finding.mend
    assert "--crowd object" in finding.mend
    as_objects = ReadOptions(crowd="object")
    assert check_data(data, as_objects) == []
    assert masks(data, options=as_objects).any(axis=(1, 2)).all()
    assert levels(data, ReadOptions(crowd="ignore"))["error"] == 2  # nothing is left to learn


def test_single_objects_among_others_that_are_marked_as_crowd_are_an_error(data):
    edit_notes(data, lambda note: crowd(note) if note["id"] % 3 == 0 else None)
    finding = only(data)
    assert finding.level == "error"
    assert "look like single objects" in finding.found
    assert levels(data, ReadOptions(crowd="ignore")) == {"note": 2}


def test_a_crowd_region_stays_ignored_and_is_counted(data):
    region = np.zeros((HEIGHT, WIDTH), dtype=bool)
    region[5:90, 70:125] = True

    def add(content):
        note = {"id": 99, "image_id": 1, "category_id": 1, "iscrowd": 1}
        content["annotations"].append(note | {"segmentation": runs_of(region)})

    edit(data, add, "train")
    [finding] = check_data(data)
    assert (finding.level, finding.found[:7]) == ("note", "1 of 17")
    mask, ignore = rasterise(read_entries(data / "train")[0])
    np.testing.assert_array_equal(ignore, region & ~mask)
    loaded = load_data(data)
    assert loaded.crowd["train"].regions == 1
    assert 0 < loaded.crowd["train"].share < 1
    assert any("1 crowd region" in note for note in loaded.notes)


@pytest.mark.parametrize("value", ["maybe", 2, [1]])
def test_a_crowd_flag_that_means_nothing_is_an_error(data, value):
    edit_notes(data, lambda note: note.update(iscrowd=value))
    assert only(data).level == "error"
    assert repr(value) in only(data).found


def test_ignore_1_is_read_as_a_region_to_ignore(data):
    edit(data, lambda content: content["annotations"][0].update(ignore=1), "train")
    _, ignore = rasterise(read_entries(data / "train")[0])
    assert ignore.any()


# --- what a file says twice


def ring(note: dict) -> None:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circles = [
        np.stack([64 + r * np.cos(angles), 48 + r * np.sin(angles)], axis=1).ravel().tolist()
        for r in (30, 22)
    ]
    note |= {"segmentation": circles, "bbox": box_of(circles[0]), "area": np.pi * (900 - 484)}


def swap(note: dict) -> None:
    note["bbox"] = [note["bbox"][place] for place in (1, 0, 3, 2)]


def percent(note: dict) -> None:
    scale = [100 / WIDTH, 100 / HEIGHT] * 4
    note["segmentation"] = [
        [value * by for value, by in zip(note["segmentation"][0], scale, strict=True)]
    ]


def fraction(note: dict) -> None:
    percent(note)
    note["segmentation"] = [[value / 100 for value in note["segmentation"][0]]]


def pairs(note: dict) -> None:
    note["segmentation"] = np.reshape(note["segmentation"][0], (-1, 2)).tolist()


def nested(note: dict) -> None:
    note["segmentation"] = [note["segmentation"]]


def named_points(note: dict) -> None:
    points = np.reshape(note["segmentation"][0], (-1, 2)).tolist()
    note["segmentation"] = [{"x": x, "y": y} for x, y in points]


def bytes_text(note: dict) -> None:
    note["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": "b'" + "0" * 9 + "'"}


def box_only(note: dict) -> None:
    note["segmentation"] = []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (ring, "16 of 16 objects with a hole that would be filled"),
        (swap, "x and y are exchanged"),
        (percent, "percentages"),
        (fraction, "16 of 16 outlines with coordinates from"),
        (pairs, "points as pairs"),
        (named_points, "points as x and y"),
        (nested, "polygons in a list of lists"),
        (bytes_text, "the text of Python bytes"),
        (box_only, "but area 336"),
        (lambda note: note.update(area=400 * note["id"]), "of another area than stated"),
        (lambda note: note.update(bbox=[0, 0, 5, 5 + note["id"]]), "elsewhere than the bbox"),
    ],
)
def test_a_file_that_refutes_itself_is_one_error(data, change, words):
    edit_notes(data, change)
    finding = only(data)
    assert finding.level == "error"
    assert words in finding.found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda note: note.update(bbox=[0, 0, 5, 5]), "1 of 16 outlines elsewhere"),
        (lambda note: note.update(area=5000), "1 of 16 outlines of another area"),
        (lambda note: (ring(note), note.pop("area")), "a polygon inside another one"),
        (ring, "1 of 16 objects with a hole"),
        (lambda note: note.update(segmentation=[], area=0, bbox=[0] * 4), "segmentation []"),
    ],
)
def test_a_single_contradiction_is_a_warning(data, change, words):
    edit(data, lambda content: change(content["annotations"][3]), "train")
    [finding] = check_data(data)
    assert finding.level == "warning"
    assert words in finding.found


def corners(note: dict) -> None:
    x, y, width, height = note["bbox"]
    note["bbox"] = [x, y, x + width, y + height]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (corners, "left, top, right, bottom"),
        (
            lambda note: note.update(bbox=(np.array(note["bbox"]) / ([128, 96] * 2)).tolist()),
            "fractions of the image",
        ),
        (
            lambda note: note.update(area=0.25 * 336),
            None,  # one and the same area for all says nothing
        ),
        (lambda note: note.update(area=0, bbox=[0, 0, 0, 0]), None),
        (lambda note: note.update(area=note["bbox"][2] * note["bbox"][3]), None),
    ],
)
def test_habits_of_tools_that_change_no_mask_refuse_nothing(data, change, words):
    edit_notes(data, change)
    if words is None:
        assert check_data(data) == []
    else:
        assert only(data).level == "warning"
        assert words in only(data).found


def test_boxes_in_place_of_outlines_are_a_warning(data):
    def to_box(note):
        x, y, width, height = map(round, note["bbox"])
        right, bottom = x + width, y + height
        note["segmentation"] = [[x, y, right, y, right, bottom, x, bottom]]
        note["area"] = width * height

    edit_notes(data, to_box)
    assert only(data).level == "warning"
    assert "16 of 16 outlines are upright rectangles" in only(data).found


@pytest.mark.parametrize("with_bbox", [True, False])
def test_run_lengths_along_the_rows_are_an_error(data, with_bbox):
    """With a bbox they are elsewhere; without one they fall into pieces."""

    def along_rows(note):
        mask = mask_of(note["segmentation"][0])
        note["segmentation"] = runs_of(mask.ravel().reshape(mask.shape, order="F"))
        if not with_bbox:
            del note["bbox"]

    edit_notes(data, along_rows)
    finding = only(data)
    assert finding.level == "error"
    assert "along the rows" in finding.found


# --- categories


def test_one_of_several_categories_is_chosen(data):
    edit_notes(data, lambda note: note.update(category_id=1 + note["id"] % 2))
    assert "--category" in only(data).mend
    chosen = ReadOptions(categories=("Leaf",))
    assert check_data(data, chosen) == []
    union, leaf = masks(data), masks(data, options=chosen)
    assert 0 < leaf.sum() < union.sum()
    assert not (leaf & ~union).any()
    missing = only(data, ReadOptions(categories=("stone",)))
    assert (missing.level, missing.expected) == ("error", "butt, leaf")


# --- images


def stored_turned(data: Path, split: str, number: int, tag: int) -> np.ndarray:
    """Store an image so that the tag turns it to what it was; returns what it is to be."""
    path = data / split / "images" / f"{split}{number}.png"
    upright = np.asarray(Image.open(path))
    exif = Image.Exif()
    exif[0x0112] = tag
    turned = np.rot90(upright, {6: 1, 3: 2}[tag]).copy()
    Image.fromarray(turned).save(path, exif=exif)
    return upright


def test_images_annotated_upright_are_an_error_and_fit_with_the_option(data):
    upright = stored_turned(data, "train", 0, 6)
    stored_turned(data, "train", 1, 3)  # its size alone would say nothing
    findings = check_data(data)
    assert [finding.level for finding in findings] == ["error", "error"]
    assert "turned by its EXIF orientation 6" in findings[0].found
    assert "EXIF orientation 3" in findings[1].found
    assert all("--upright" in finding.mend for finding in findings)
    options = ReadOptions(upright=True)
    assert check_data(data, options) == []
    loaded = load_data(data, options=options)
    [sample] = [s for part in (loaded.fit, loaded.tune) for s in part if s.image_id == 1]
    np.testing.assert_array_equal(sample.image, upright)
    assert loaded.key != load_data(data).key


def test_an_orientation_alone_is_a_warning(data):
    stored_turned(data, "train", 1, 3)
    assert levels(data) == {"warning": 1}


def test_a_blank_frame_may_be_in_both_splits(data):
    for split, last in (("train", 8), ("val", 4)):
        path = data / split / "images" / "blank.png"
        Image.new("RGB", (WIDTH, HEIGHT)).save(path)
        blank = {"id": last + 1, "file_name": "blank.png", "width": WIDTH, "height": HEIGHT}
        edit(data, lambda content, blank=blank: content["images"].append(blank), split)
    assert levels(data) == {"warning": 1}


def test_a_broken_photo_is_left_out_and_named(data):
    photo = data / "real_test" / "photo.png"
    (data / "real_test" / "cut.png").write_bytes(photo.read_bytes()[:200])
    (data / "real_test" / "empty.jpg").write_bytes(b"")
    assert levels(data) == {"warning": 1}
    loaded = load_data(data)
    assert loaded.photos == (photo,)
    assert [note for note in loaded.notes if "cut.png is left out" in note]


def test_what_systems_leave_behind_is_no_finding(data):
    for place in (data / "train" / "images", data / "real_test"):
        hidden = place / ".ipynb_checkpoints"
        hidden.mkdir()
        (hidden / "a-checkpoint.png").write_bytes(b"x")
        for name in (".DS_Store", "._a.png", "Thumbs.db"):
            (place / name).write_bytes(b"x")
    assert check_data(data) == []


def test_a_float_image_is_named_without_a_word_of_the_decoder(data, capfd):
    pixels = np.zeros((HEIGHT, WIDTH), np.float32)
    Image.fromarray(pixels).save(data / "train" / "images" / "float.tif")
    edit(data, lambda content: content["images"][0].update(file_name="float.tif"), "train")
    (data / "train" / "images" / "train0.png").unlink()
    [finding] = check_data(data)
    assert (finding.level, finding.found) == ("error", "32-bit float")
    assert capfd.readouterr().err == ""


def test_missing_images_are_one_finding_and_nothing_follows(data):
    for path in (data / "train" / "images").iterdir():
        path.rename(path.with_name(f"renamed-{path.name}"))
    [finding] = check_data(data)
    assert finding.level == "error"
    assert finding.found.startswith("8 of 8 images not there")
    assert "renamed-train0.png" in finding.found
