import json

import cv2
import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as pycoco

from approaches import pixel_lightgbm
from approaches.base import Budget, ConfigError
from approaches.configs import PixelConfig
from approaches.network.augment import Crops
from approaches.pixel_lightgbm import pixel_features
from approaches.running.folds import folds_to_score, whole_train
from approaches.running.learned import learned_of_fields
from approaches.running.named_sets import loaded_sets
from bench import main
from common.coco import DEFAULT_OPTIONS
from common.data import load_data
from common.data.named_sets import SetSource
from tests.labelled_photos import as_boxes, edit, labelled_copy, without_objects

LARGER = 6
CROPS = {"crop_px": 64, "strength": "none", "object_share": 0.8, "seed": 0, "epoch_length": 16}


def enlarged(folder):
    """Photos of as many pixels as phones give them, two of each place, mirrored, so that they are
    no copies.
    """
    for path in (folder / "images").iterdir():
        photo = cv2.imread(str(path))
        cv2.imwrite(str(path), cv2.resize(photo[:, ::-1], None, fx=LARGER, fy=LARGER))

    def describe(content):
        for number, image in enumerate(content["images"]):
            image["group"] = f"street {number // 2}"
            image["width"], image["height"] = LARGER * image["width"], LARGER * image["height"]
        for one in content["annotations"]:
            one["segmentation"] = [
                [LARGER * (at if place % 2 else 192 - at) for place, at in enumerate(line)]
                for line in one["segmentation"]
            ]
            left, top, width, height = one["bbox"]
            one["bbox"] = [LARGER * side for side in (192 - left - width, top, width, height)]

    edit(folder, describe)
    return folder


@pytest.fixture(scope="module")
def street(sample_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("field") / "street"
    return SetSource("street", enlarged(labelled_copy(sample_folder / "val", folder)), "field")


@pytest.fixture(scope="module")
def divide(sample_folder):
    """A function from fields to what is learned of them."""

    def divided(*sources, share=0.5, seed=0):
        return learned_of_fields(sources, sample_folder, DEFAULT_OPTIONS, share, seed)

    return divided


@pytest.fixture(scope="module")
def learned(divide, street):
    return divide(street).entries


@pytest.fixture(scope="module")
def data(sample_folder, learned):
    return load_data(sample_folder, learned=learned)


def test_whole_groups_are_learned_from_and_the_others_left_to_choose_on(divide, street, data):
    learned, ids = divide(street).entries, divide(street).ids
    (left,) = loaded_sets([street], DEFAULT_OPTIONS, data, ids)
    names = {entry.file_name for entry in learned}, {entry.file_name for entry in left.entries}
    assert len(names[0]) >= 2 and len(names[1]) >= 2
    assert not names[0] & names[1] and len(names[0] | names[1]) == 6
    assert not {entry.group for entry in learned} & set(left.groups.values())


def test_another_seed_may_learn_from_others_and_the_same_from_the_same(divide, street, learned):
    assert divide(street).entries == learned
    assert any(divide(street, seed=seed).entries != learned for seed in range(1, 9))


def test_they_are_images_of_fit_with_their_objects_and_change_nothing_else(
    sample_folder, learned, data
):
    plain = load_data(sample_folder)
    added = [image_id for image_id in data.fit.ids if image_id not in plain.fit.ids]
    assert set(added) == data.learned == data.added and len(added) == len(learned)
    assert data.tune.ids == plain.tune.ids and data.score.ids == plain.score.ids
    assert data.key == plain.key and data.learned_key != plain.learned_key == ""
    assert data.fit.own_shapes == plain.fit.own_shapes
    assert whole_train(data).ids == whole_train(plain).ids
    assert any("of a field" in note for note in data.notes)
    for fold in folds_to_score(data, 2, seed=0):
        assert data.learned <= set(fold.fit.ids) and not data.learned & set(fold.tune.ids)


def test_larger_photos_are_shown_at_twice_the_size_of_a_prediction_with_their_outlines(
    sample_folder, learned, data
):
    val = load_data(sample_folder).score
    for image_id, entry in zip(sorted(data.learned), learned, strict=True):
        shown = data.fit[data.fit.ids.index(image_id)]
        small = val[[one.file_name for one in val.entries].index(entry.file_name)]
        assert shown.image.shape[:2] == shown.mask.shape == (384, 384)
        again = cv2.resize(small.mask[:, ::-1].astype(np.uint8), (384, 384)) > 0
        assert shown.mask.sum() == pytest.approx(4 * small.mask.sum(), rel=0.1)
        assert (shown.mask & again).sum() > 0.9 * shown.mask.sum()


def test_a_pixel_classifier_learns_from_them_at_the_size_of_a_prediction(data, monkeypatch):
    seen = []

    def noted(image, *settings):
        seen.append(image.shape)
        return pixel_features(image, *settings)

    monkeypatch.setattr(pixel_lightgbm, "pixel_features", noted)
    approach = pixel_lightgbm.PixelLightGBM(PixelConfig.smoke())
    approach.fit(data.fit, data.tune, budget=Budget(steps=2))
    assert len(seen) >= len(data.fit) and set(seen) == {(192, 192, 3)}


def test_photos_with_objects_are_told_from_backgrounds_whatever_their_size(
    sample_folder, tmp_path, divide, data
):
    crops = Crops(data.fit, field_share=0.5, **CROPS)
    assert {data.fit.ids[place] for place in crops.of_field} == data.learned
    folder = enlarged(labelled_copy(sample_folder / "val", tmp_path / "runs"))

    def as_run_lengths(content):
        sizes = {image["id"]: (image["height"], image["width"]) for image in content["images"]}
        for one in content["annotations"]:
            size = sizes[one["image_id"]]
            [whole] = pycoco.frPyObjects(one["segmentation"][:1], *size)
            one["segmentation"] = {"size": list(size), "counts": whole["counts"].decode()}

    edit(folder, as_run_lengths)
    learned = divide(SetSource("runs", folder, "field")).entries
    again = load_data(sample_folder, learned=learned)
    assert len(Crops(again.fit, field_share=0.5, **CROPS).of_field) == len(learned) > 0


def test_a_group_with_a_box_alone_is_left_whole(sample_folder, tmp_path, divide):
    folder = enlarged(labelled_copy(sample_folder / "val", tmp_path / "boxed"))
    source = SetSource("boxed", folder, "field")
    outlined = divide(source)
    first = outlined.entries[0]

    def box_one(content):
        added = {**content["annotations"][0], "id": 999, "image_id": first.image_id}
        content["annotations"].append({**added, "segmentation": []})

    edit(folder, box_one)
    others = divide(source).entries
    assert others and first.group not in {one.group for one in others}
    edit(folder, as_boxes)
    with pytest.raises(ConfigError, match="boxed has 3 group.*an outline of every object"):
        divide(source)


def test_a_group_is_never_divided_and_something_is_left(sample_folder, tmp_path, divide):
    folder = enlarged(labelled_copy(sample_folder / "val", tmp_path / "uneven"))

    def unite(content):
        for number, image in enumerate(content["images"]):
            image["group"] = "there" if number == 0 else "here"

    edit(folder, unite)
    learned = divide(SetSource("uneven", folder, "field"))
    assert {one.group for one in learned.entries} == {"there"}
    edit(folder, lambda content: [image.update(group="here") for image in content["images"]])
    with pytest.raises(ConfigError, match="uneven has 1 group.*others chosen on"):
        divide(SetSource("uneven", folder, "field"))


def test_photos_of_train_and_val_are_not_learned(sample_folder, tmp_path, divide):
    folder = labelled_copy(sample_folder / "val", tmp_path / "copy")
    with pytest.raises(ConfigError, match="expected several"):
        divide(SetSource("copy", folder, "field"))


def test_a_group_in_two_fields_is_learned_from_in_both_or_in_none(street, divide):
    pair = divide(street, SetSource("again", street.folder, "field"))
    assert pair.ids["street"] == pair.ids["again"]


def test_a_photo_and_its_copy_are_learned_from_both_or_neither(street, tmp_path, divide):
    copies = labelled_copy(street.folder, tmp_path / "copies")
    edit(copies, lambda content: [one.update(group=f"x {one['id']}") for one in content["images"]])
    for seed in range(4):
        learned = divide(street, SetSource("copies", copies, "field"), seed=seed)
        assert learned.ids["street"] == learned.ids["copies"]


def test_what_a_test_shows_is_not_learned(street, tmp_path, divide):
    first = divide(street).entries[0]
    folder = labelled_copy(street.folder, tmp_path / "some")

    def leave_one(content):
        content["images"] = [one for one in content["images"] if one["id"] == first.image_id]
        content["images"][0]["group"] = "another name"
        content["annotations"] = [
            one for one in content["annotations"] if one["image_id"] == first.image_id
        ]

    edit(folder, leave_one)
    learned = divide(street, SetSource("some", folder, "test"))
    assert learned.entries and first.group not in {entry.group for entry in learned.entries}
    assert list(learned.ids) == ["street"]
    with pytest.raises(ConfigError, match="not of train, val or a test"):
        divide(street, SetSource("whole", street.folder, "test"))


def test_the_digest_of_what_is_learned_does_not_depend_on_other_images(
    sample_folder, street, data, divide
):
    with_others = load_data(
        sample_folder, learned=divide(street).entries, backgrounds=street.folder / "images"
    )
    assert len(with_others.backgrounds) and with_others.learned_key == data.learned_key


def test_a_test_set_is_scored_whole(street, divide, data):
    test = SetSource("whole", street.folder, "test")
    left, whole = loaded_sets([street, test], DEFAULT_OPTIONS, data, divide(street).ids)
    assert len(left) < len(whole) == 6
    assert any("nearly the same as images of training" in note for note in whole.notes)
    assert any("of it is in training or val too" in note for note in whole.notes)
    assert not any("training or val" in note for note in left.notes)


def test_photos_without_objects_are_learned_as_backgrounds_of_the_usual_size(
    sample_folder, tmp_path, divide
):
    folder = enlarged(labelled_copy(sample_folder / "val", tmp_path / "bare"))
    edit(folder, without_objects)
    learned = divide(SetSource("bare", folder, "field")).entries
    data = load_data(sample_folder, learned=learned)
    assert len(learned) >= 2 and len(data.learned) == len(learned)
    for image_id in data.learned:
        shown = data.fit[data.fit.ids.index(image_id)]
        assert shown.image.shape[:2] == (192, 192) and not shown.mask.any()
    crops = Crops(data.fit, field_share=0.5, **CROPS)
    places = {data.fit.ids.index(image_id) for image_id in data.learned}
    assert not len(crops.of_field) and places <= set(crops.without)


def test_nothing_is_learned_of_a_test_or_without_being_asked(street, divide):
    assert divide(street, share=0.0).entries == ()
    with pytest.raises(ConfigError, match="name one by --field"):
        divide(SetSource("street", street.folder, "test"))


def test_a_run_says_what_it_learned_and_is_scored_on_what_is_left(
    sample_folder, street, tmp_path, capsys
):
    words = [
        *("--data", str(sample_folder), "--output", str(tmp_path / "run"), "--no-report"),
        *("--approaches", "threshold", "--field", f"street={street.folder}", "--learn-field"),
    ]
    assert main(words) == 0
    described = json.loads((tmp_path / "run" / "run.json").read_text())
    assert described["identity"]["learned"]
    photos = pd.read_csv(tmp_path / "run" / "per_image_street.csv")
    assert 2 <= len(photos) <= 4
    capsys.readouterr()
    for others in ([], ["--score-only"]):  # neither is the same run
        assert main([*words[:-1], *others]) != 0
        assert "learned: content" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0.7", "-1", "much"])
def test_what_is_no_share_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        main(["--learn-field", text])
    assert "--learn-field" in capsys.readouterr().err
