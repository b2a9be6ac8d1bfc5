import json

import cv2
import numpy as np
import pandas as pd
import pytest

from approaches.base import ConfigError
from approaches.network.augment import Crops
from approaches.running.folds import folds_to_score, whole_train
from approaches.running.named_sets import learned_of_fields, loaded_sets
from bench import main
from common.coco import DEFAULT_OPTIONS
from common.data import load_data
from common.data.named_sets import SetSource
from tests.labelled_photos import as_boxes, edit, labelled_copy, without_objects

LARGER = 6


def enlarged(folder):
    """Photos of as many pixels as phones give them, two of each place."""
    for path in (folder / "images").iterdir():
        photo = cv2.imread(str(path))
        cv2.imwrite(str(path), cv2.resize(photo, None, fx=LARGER, fy=LARGER))

    def describe(content):
        for number, image in enumerate(content["images"]):
            image["group"] = f"street {number // 2}"
            image["width"], image["height"] = LARGER * image["width"], LARGER * image["height"]
        for one in content["annotations"]:
            one["segmentation"] = [[LARGER * at for at in line] for line in one["segmentation"]]
            one["bbox"] = [LARGER * side for side in one["bbox"]]

    edit(folder, describe)
    return folder


@pytest.fixture(scope="module")
def street(sample_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("field") / "street"
    return SetSource("street", enlarged(labelled_copy(sample_folder / "val", folder)), "field")


@pytest.fixture(scope="module")
def learned(street):
    return learned_of_fields([street], DEFAULT_OPTIONS, 0.5, seed=0)


@pytest.fixture(scope="module")
def data(sample_folder, learned):
    return load_data(sample_folder, learned=learned)


def test_whole_groups_are_learned_from_and_the_others_left_to_choose_on(street, learned, data):
    (left,) = loaded_sets([street], DEFAULT_OPTIONS, data)
    names = {entry.file_name for entry in learned}, {entry.file_name for entry in left.entries}
    assert len(names[0]) >= 2 and len(names[1]) >= 2
    assert not names[0] & names[1] and len(names[0] | names[1]) == 6
    assert not {entry.group for entry in learned} & set(left.groups.values())


def test_another_seed_may_learn_from_others_and_the_same_from_the_same(street, learned):
    assert learned_of_fields([street], DEFAULT_OPTIONS, 0.5, seed=0) == learned
    others = [learned_of_fields([street], DEFAULT_OPTIONS, 0.5, seed=seed) for seed in range(1, 9)]
    assert any(other != learned for other in others)


def test_they_are_images_of_fit_with_their_objects_and_change_nothing_else(
    sample_folder, learned, data
):
    plain = load_data(sample_folder)
    added = [image_id for image_id in data.fit.ids if image_id not in plain.fit.ids]
    assert set(added) == data.learned == data.added and len(added) == len(learned)
    assert data.tune.ids == plain.tune.ids and data.score.ids == plain.score.ids
    assert data.key == plain.key and data.learned_key != plain.learned_key == ""
    assert data.fit_shapes == plain.fit_shapes
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
        again = cv2.resize(small.mask.astype(np.uint8), (384, 384)) > 0
        assert shown.mask.sum() == pytest.approx(4 * small.mask.sum(), rel=0.1)
        assert (shown.mask & again).sum() > 0.9 * shown.mask.sum()


def test_a_box_alone_is_not_learned(sample_folder, tmp_path):
    folder = enlarged(labelled_copy(sample_folder / "val", tmp_path / "boxed"))
    source = SetSource("boxed", folder, "field")
    outlined = learned_of_fields([source], DEFAULT_OPTIONS, 0.5, seed=0)
    first = next(one for one in outlined if one.annotations)

    def box_one(content):
        added = {**content["annotations"][0], "id": 999, "image_id": first.image_id}
        content["annotations"].append({**added, "segmentation": []})

    edit(folder, box_one)
    others = learned_of_fields([source], DEFAULT_OPTIONS, 0.5, seed=0)
    assert [one.file_name for one in others] == [
        one.file_name for one in outlined if one.image_id != first.image_id
    ]
    edit(folder, as_boxes)
    with pytest.raises(ConfigError, match="boxed has 3 group"):
        learned_of_fields([source], DEFAULT_OPTIONS, 0.5, seed=0)


def test_photos_without_objects_are_learned_as_backgrounds_of_the_usual_size(
    sample_folder, tmp_path
):
    folder = enlarged(labelled_copy(sample_folder / "val", tmp_path / "bare"))
    edit(folder, without_objects)
    learned = learned_of_fields([SetSource("bare", folder, "field")], DEFAULT_OPTIONS, 0.5, 0)
    data = load_data(sample_folder, learned=learned)
    assert len(learned) >= 2 and len(data.learned) == len(learned)
    for image_id in data.learned:
        shown = data.fit[data.fit.ids.index(image_id)]
        assert shown.image.shape[:2] == (192, 192) and not shown.mask.any()
    crops = Crops(
        data.fit,
        crop_px=64,
        strength="none",
        object_share=0.8,
        seed=0,
        epoch_length=16,
        field_share=0.5,
    )
    places = {data.fit.ids.index(image_id) for image_id in data.learned}
    assert not len(crops.of_field) and places <= set(crops.without)


def test_nothing_is_learned_of_a_test_or_without_being_asked(street):
    assert learned_of_fields([street], DEFAULT_OPTIONS, 0.0, seed=0) == []
    test = SetSource("street", street.folder, "test")
    with pytest.raises(ConfigError, match="name one by --field"):
        learned_of_fields([test], DEFAULT_OPTIONS, 0.5, seed=0)


def test_a_field_of_one_group_is_refused(sample_folder, tmp_path):
    folder = labelled_copy(sample_folder / "val", tmp_path / "one")
    edit(folder, lambda content: [image.update(group="here") for image in content["images"]])
    with pytest.raises(ConfigError, match="one has 1 group.*expected enough"):
        learned_of_fields([SetSource("one", folder, "field")], DEFAULT_OPTIONS, 0.5, seed=0)


def test_a_run_says_what_it_learned_and_is_scored_on_what_is_left(sample_folder, street, tmp_path):
    words = [
        *("--data", str(sample_folder), "--output", str(tmp_path / "run"), "--no-report"),
        *("--approaches", "threshold", "--field", f"street={street.folder}", "--learn-field"),
    ]
    assert main(words) == 0
    described = json.loads((tmp_path / "run" / "run.json").read_text())
    assert described["identity"]["learned"]
    photos = pd.read_csv(tmp_path / "run" / "per_image_street.csv")
    assert 2 <= len(photos) <= 4
    assert main([*words[:-1]]) != 0  # another run


@pytest.mark.parametrize("text", ["0.7", "-1", "much"])
def test_what_is_no_share_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        main(["--learn-field", text])
    assert "--learn-field" in capsys.readouterr().err
