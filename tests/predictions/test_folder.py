"""Objects, overlays and run lengths of predicted masks."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as pycoco

from common.masks.objects import predicted_objects
from common.masks.overlay import COLOUR, EDGE, outlined
from common.predictions import Photo, PredictionFolder
from common.predictions.folder import OutputError, run_lengths

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


@given(MASKS)
def test_the_run_lengths_of_the_objects_are_the_mask(mask):
    objects = predicted_objects(mask, np.full(mask.shape, 51, np.uint8))
    total = np.zeros(mask.shape, int)
    for each in objects:
        rle = run_lengths(each, *mask.shape)
        assert pycoco.area(rle) == each.area_px and each.confidence == 0.2
        box = [each.left_px, each.top_px, each.width_px, each.height_px]
        assert pycoco.toBbox(rle).tolist() == box
        own = pycoco.decode(rle)
        assert rle["counts"] == pycoco.encode(np.asfortranarray(own))["counts"].decode()
        total += own
    assert np.array_equal(total, mask)


@given(MASKS, st.integers(0, 255))
def test_an_overlay_changes_nothing_but_a_line_around_the_objects(mask, grey):
    image = np.full((*mask.shape, 3), grey, np.uint8)
    drawn = outlined(image, mask)
    assert (drawn[mask] == grey).all()
    around = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))).astype(bool) & ~mask
    beside = cv2.dilate(mask.astype(np.uint8), CROSS) > 0
    assert (drawn[beside & ~mask] == COLOUR).all()
    others = drawn[around & ~beside].reshape(-1, 3).tolist()
    assert all(colour == list(EDGE) for colour in others)
    assert mask.any() or np.array_equal(drawn, image)


def test_specks_come_after_the_objects_so_that_both_are_numbered_as_on_the_page():
    mask = np.zeros((200, 300), bool)  # a speck has fewer than 3 pixels
    mask[0, :2] = mask[50, :3] = mask[9, 9] = mask[80:90, 10:20] = True
    found = predicted_objects(mask, np.full(mask.shape, 51, np.uint8))
    assert [(each.area_px, each.speck) for each in found] == [
        (3, False),
        (100, False),
        (2, True),
        (1, True),
    ]


def test_a_line_is_wider_on_a_large_photo():
    mask = np.zeros((2000, 2000), bool)
    mask[900:1000, 900:1000] = True
    drawn = outlined(np.zeros((2000, 2000, 3), np.uint8), mask)
    assert (drawn[950, 1000:1005] == COLOUR).all() and (drawn[950, 1005:1007] == EDGE).all()
    assert not drawn[950, 1007:].any()


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_a_name_that_is_no_text_is_written_and_taken_away_again(tmp_path):
    output = os.fsdecode(b"\xee")
    photo = Photo(tmp_path / output, f"{output}.jpg", output)
    image, mask = np.zeros((4, 5, 3), np.uint8), np.ones((4, 5), bool)
    with PredictionFolder(tmp_path / "out", "test").opened([photo]) as folder:
        assert len(folder.add(photo, image, mask, mask.astype(np.uint8))) == 1
    content = json.loads((tmp_path / "out" / "predictions.coco.json").read_text("utf-8"))
    assert content["images"][0]["file_name"] == "\\xee.jpg"
    assert (tmp_path / "out" / "masks" / f"{output}.png").is_file()


def test_what_a_killed_prediction_left_is_known_and_goes(tmp_path):
    photos = [Photo(tmp_path / f"{name}.jpg", f"{name}.jpg", name) for name in ("a", "b/c")]
    image, mask = np.zeros((4, 5, 3), np.uint8), np.ones((4, 5), bool)
    with PredictionFolder(tmp_path / "out", "test").opened(photos) as folder:
        folder.add(photos[1], image, mask, mask.astype(np.uint8))
        shutil.copytree(tmp_path / "out", tmp_path / "killed")
    listed = json.loads((tmp_path / "killed" / "predictions.coco.json").read_text())
    assert listed["images"] == [] and listed["planned"] == ["a", "b/c"]
    (tmp_path / "killed" / "masks" / "mine.png").write_bytes(b"mine")
    with PredictionFolder(tmp_path / "killed", "test").opened([]):
        pass
    left = {path.name for path in (tmp_path / "killed").rglob("*.*")}
    assert left == {"mine.png", "objects.csv", "predictions.coco.json"}
    assert "planned" not in json.loads((tmp_path / "out" / "predictions.coco.json").read_text())


@pytest.mark.parametrize("content", ['{"images": [{"id": 1}]}', '{"images": [], "planned": 3}'])
def test_a_list_of_another_program_is_not_taken_for_an_earlier_prediction(tmp_path, content):
    (tmp_path / "predictions.coco.json").write_text(content)
    with (
        pytest.raises(OutputError, match="not written by a prediction"),
        PredictionFolder(tmp_path, "test").opened([]),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["predictions.coco.json"]


def test_nothing_outside_the_folder_is_taken_away(tmp_path):
    (tmp_path / "x.png").write_bytes(b"mine")
    (tmp_path / "out" / "masks").mkdir(parents=True)
    listed = {"images": [{"stem": "../../x"}]}
    (tmp_path / "out" / "predictions.coco.json").write_text(json.dumps(listed))
    with PredictionFolder(tmp_path / "out", "test").opened([]):
        pass
    assert (tmp_path / "x.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["objects.csv", "gallery.html", "gallery/photo.jpg"])
def test_files_of_the_user_by_the_names_of_a_prediction_are_left_alone(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"mine")
    with (
        pytest.raises(OutputError, match="Nothing was touched; name another --output"),
        PredictionFolder(tmp_path, "test").opened([]),
    ):
        pass
    assert (tmp_path / name).read_bytes() == b"mine"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
