import cv2
import numpy as np
import pytest

from common.coco import Entry
from common.data import DataSet
from common.data.named_sets import NamedSet, SetSource
from common.masks.field_tuning import tune_on_field
from common.masks.tuning import tune_postprocess

OBJECT, LITTER, DIM = 230, 120, 70  # of 255: how sure a model is, read off the red channel


def levels(image):
    """The map of a model that takes the red channel for its probability."""
    return image[..., 0]


def drawn(number, litter, brightness=OBJECT, objects=True):
    """A photo (64, 64, 3) uint8 and the box of its object; litter lies elsewhere."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 1] = number
    box = (8 + number % 5, 10, 16, 16)
    left, top, width, height = box
    if objects:
        bottom, right = top + height, left + width
        image[top:bottom, left:right, 0] = brightness
    for place in range(litter):
        row = 34 + 8 * (place // 4)
        column = 2 + 16 * (place % 4)
        below, right = row + 5, column + 5
        image[row:below, column:right, 0] = LITTER
    return image, [float(side) for side in box] if objects else None


@pytest.fixture
def make_set(tmp_path):
    """A function from photos to a named set; boxes alone unless outlines are asked for."""

    def make(name, photos, outlines=False):
        folder, entries = tmp_path / name, []
        folder.mkdir()
        for number, (image, box) in enumerate(photos):
            path = folder / f"{number}.png"
            assert cv2.imwrite(str(path), image[..., ::-1])
            annotations = () if box is None else (annotation(box, outlines),)
            entries.append(
                Entry(number, path.name, path, 64, 64, f"{name}{number // 2}", annotations)
            )
        groups = {entry.image_id: entry.group for entry in entries}
        source = SetSource(name, folder, "field")
        return NamedSet(source, tuple(entries), groups, f"key of {name}")

    return make


def annotation(box, outlines):
    left, top, width, height = box
    right, bottom = left + width, top + height
    polygon = [left, top, right, top, right, bottom, left, bottom]
    return {"id": 1, "bbox": box, "segmentation": [polygon] if outlines else []}


@pytest.fixture
def tune(make_set):
    """Clean images on which any threshold up to that of the object is as good, as a data set."""
    found = make_set("tune", [drawn(number, 0) for number in range(12)], outlines=True)
    return DataSet(found.entries, found.groups)


def alone(tune):
    maps = [(levels(one.image), one.mask, one.ignore) for one in tune]
    return tune_postprocess(lambda: maps, [tune.groups[one.image_id] for one in tune])


def test_litter_of_the_field_raises_the_threshold_that_tune_leaves_open(tune, make_set):
    field = make_set("street", [drawn(number, 4) for number in range(10)])
    assert alone(tune).postprocess.threshold <= 0.5
    tuning = tune_on_field(levels, tune, [field], None)
    assert LITTER / 255 < tuning.postprocess.threshold < OBJECT / 255
    choice = tuning.on_field
    assert choice.keys == {"street": "key of street"}
    assert choice.scores["field_object_f1"] == 1 and choice.scores["tune_dice"] == 1
    assert choice.scores_of_tune["field_object_f1"] < 0.5
    assert choice.scores["field_dice"] is None  # boxes alone


def test_photos_without_objects_count_by_what_is_invented_on_them(tune, make_set):
    nothing = make_set("nothing", [drawn(number, 4, objects=False) for number in range(10)])
    tuning = tune_on_field(levels, tune, [nothing], None)
    assert tuning.postprocess.threshold > LITTER / 255
    assert tuning.on_field.scores["field_object_f1"] == 1
    assert tuning.on_field.scores_of_tune["field_object_f1"] == 0


def test_faint_objects_of_the_field_lower_the_threshold(tune, make_set):
    field = make_set("street", [drawn(number, 0, DIM) for number in range(10)])
    tuning = tune_on_field(levels, tune, [field], None)
    assert tuning.postprocess.threshold <= DIM / 255
    assert tuning.on_field.scores["field_object_f1"] == 1


def test_inventions_on_tune_count_as_well(make_set):
    found = make_set("tune", [drawn(number, 4) for number in range(12)], outlines=True)
    field = make_set("street", [drawn(number, 0) for number in range(10)])
    tuning = tune_on_field(levels, DataSet(found.entries, found.groups), [field], None)
    assert tuning.postprocess.threshold > LITTER / 255


def test_steps_are_judged_on_other_groups_and_need_more_than_one(tune, make_set):
    field = make_set("street", [drawn(number, 4) for number in range(10)])
    steps = {one.step: one for one in tune_on_field(levels, tune, [field], None).steps}
    assert set(steps) == {"hysteresis", "fill holes", "least area"}
    assert all(one.gain is not None and not one.kept for one in steps.values())
    lone = NamedSet(field.source, field.entries, dict.fromkeys(field.ids, "one"), "key")
    tuning = tune_on_field(levels, tune, [lone], None)
    assert [one.gain for one in tuning.steps] == [None, None, None]


def test_a_mask_of_everything_is_not_chosen_though_it_covers_every_box(tune, make_set):
    photos = [drawn(number, 4, LITTER) for number in range(10)]
    for image, _ in photos:
        image[..., 0] = np.maximum(image[..., 0], 40)  # so low a threshold takes the whole photo
    tuning = tune_on_field(levels, tune, [make_set("street", photos)], None)
    assert 40 / 255 < tuning.postprocess.threshold <= LITTER / 255
    # the litter is as bright as the objects, and smaller
    assert [step.step for step in tuning.steps if step.kept] == ["least area"]
    assert tuning.on_field.scores["field_object_f1"] == 1
