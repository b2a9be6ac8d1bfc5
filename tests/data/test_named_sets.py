import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from common.coco import DEFAULT_OPTIONS, ReadOptions, read_entries
from common.commands import RefusedError
from common.data.check import check_data, format_findings
from common.data.named_sets import SetSource, load_set, objects_of, set_source, set_sources
from tests.labelled_photos import as_boxes, edit, labelled_copy, without_objects


def findings(data, folder, name="street", options=DEFAULT_OPTIONS, role="test"):
    found = check_data(data, options, sets=[SetSource(name, folder, role)])
    return [finding for finding in found if finding.file.startswith(name)]


def mirrored(folder):
    """The images of a folder mirrored, so that they are no copies."""
    for path in (folder / "images").iterdir():
        cv2.imwrite(str(path.with_suffix(".png")), cv2.imread(str(path))[:, ::-1])
        path.unlink()

    def rename(content):
        for image in content["images"]:
            image["file_name"] = image["file_name"].replace(".jpg", ".png")
            del image["group"]
        for one in content["annotations"]:
            width = next(i["width"] for i in content["images"] if i["id"] == one["image_id"])
            one["segmentation"] = [
                [width - v if place % 2 == 0 else v for place, v in enumerate(polygon)]
                for polygon in one["segmentation"]
            ]
            one["bbox"][0] = width - one["bbox"][0] - one["bbox"][2]

    edit(folder, rename)
    return folder


@pytest.fixture
def photos(sample_folder, tmp_path):
    return mirrored(labelled_copy(sample_folder / "val", tmp_path / "photos" / "street"))


def test_a_folder_is_named_by_itself_or_by_folder_and_split(photos):
    for place in (str(photos), f"{photos.parent}:street"):
        assert set_source(f"street={place}", "test").folder == photos


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("street", "expected NAME=DIR or NAME=DIR:SPLIT"),
        ("=photos", "expected NAME=DIR"),
        ("a b=photos", "expected NAME=DIR"),
        ("../x=photos", "expected NAME=DIR"),
        ("val={photos}", "give the set another name"),
        ("street={photos}/nowhere", "is no folder"),
        ("street={photos}:nowhere", "is no folder"),
        ("street={parent}", "name one of its parts: street={parent}:street"),
    ],
)
def test_what_names_no_set_is_refused_with_the_reason(photos, text, told):
    places = {"photos": photos, "parent": photos.parent}
    with pytest.raises(RefusedError) as refused:
        set_source(text.format(**places), "test")
    assert told.format(**places) in str(refused.value)


def test_a_name_is_taken_once_whatever_its_capitals(photos):
    with pytest.raises(RefusedError, match="given twice"):
        set_sources([f"street={photos}"], [f"Street={photos}"])


def test_boxes_alone_and_images_without_objects_are_no_finding_in_a_set(sample_folder, photos):
    assert findings(sample_folder, photos) == []
    edit(photos, as_boxes)
    assert findings(sample_folder, photos) == []
    edit(photos, without_objects)
    assert findings(sample_folder, photos, options=ReadOptions(categories=("cig_butt",))) == []


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ([0.2, 0.3, 0.1, 0.1], "bbox"),
        ([900, 10, 20, 20], "which lies outside"),
        ([10, 10, 0, 20], "no area"),
    ],
)
def test_a_box_alone_that_is_none_is_found(sample_folder, photos, box, found):
    edit(photos, as_boxes)
    edit(photos, lambda content: content["annotations"][0].update(bbox=box, area=0))
    [finding] = findings(sample_folder, photos)
    assert found in finding.found
    assert finding.file == "street/coco_annotations.json"


def test_what_is_wrong_with_a_set_stands_under_its_name(sample_folder, photos):
    first = next((photos / "images").iterdir())
    first.write_bytes(first.read_bytes()[:200])
    [finding] = findings(sample_folder, photos)
    assert (finding.level, finding.file) == ("error", f"street/images/{first.name}")
    (photos / "coco_annotations.json").write_text("{}")
    assert findings(sample_folder, photos)[0].file == "street/coco_annotations.json"


def test_a_set_without_an_image_is_an_error(sample_folder, photos):
    edit(photos, lambda content: content.update(images=[], annotations=[]))
    assert "error" in [finding.level for finding in findings(sample_folder, photos)]


def test_images_that_stand_in_train_or_val_are_told(sample_folder, tmp_path):
    copy = labelled_copy(sample_folder / "train", tmp_path / "copy")
    [finding] = findings(sample_folder, copy, "copy")
    assert finding.level == "warning"
    assert "the same pixels as train/images/" in finding.found
    known = read_entries(sample_folder / "train")
    notes = load_set(SetSource("copy", copy), DEFAULT_OPTIONS, known).notes
    assert any("16 of 16 images are nearly the same as images of training" in n for n in notes)
    assert any("of it are in training or val too" in note for note in notes)


def test_the_images_of_a_set_are_counted_in_the_line_below_the_table(sample_folder, photos):
    text = format_findings([], sample_folder, sets=[SetSource("street", photos)])
    assert "train 16, val 6, real_test 2, street 6" in text


def test_other_images_or_annotations_make_another_set(sample_folder, photos):
    source = SetSource("street", photos)
    first = load_set(source, DEFAULT_OPTIONS, [])
    assert load_set(source, DEFAULT_OPTIONS, []).key == first.key
    edit(photos, as_boxes)
    assert load_set(source, DEFAULT_OPTIONS, []).key != first.key


def test_an_object_is_drawn_by_its_outline_or_by_its_box(photos):
    drawn = [objects_of(entry) for entry in read_entries(photos)]
    edit(photos, as_boxes)
    boxed = [objects_of(entry) for entry in read_entries(photos)]
    assert [len(objects) for objects in drawn] == [len(objects) for objects in boxed]
    assert sum(map(len, drawn)) > 3
    for outlined, box in zip(sum(drawn, ()), sum(boxed, ()), strict=True):
        assert (outlined.is_box, box.is_box) == (False, True)
        assert box.window.all() and not outlined.window.all()
        canvas = np.zeros((192, 192), bool)
        canvas[box.place] = True
        assert canvas[outlined.place][outlined.window].mean() > 0.9


def test_crowd_regions_are_no_objects_and_boxes_are_cut_to_the_image(photos):
    content = json.loads((photos / "coco_annotations.json").read_text())
    [entry, *_] = read_entries(photos)
    annotation = content["annotations"][0]
    outside = {"iscrowd": 0, "segmentation": [], "bbox": [-5.5, 180.0, 20.0, 40.0]}
    crowd = {**annotation, "iscrowd": 1}
    [found] = objects_of(replace(entry, annotations=(outside, crowd)))
    assert (found.left, found.top, found.window.shape) == (0, 180, (12, 15))
