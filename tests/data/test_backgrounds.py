import json
import shutil

import numpy as np
import pytest

from common.coco import DataError, Entry
from common.data import load_data
from common.data.backgrounds import background_entries
from common.image_files import write_pixels


@pytest.fixture
def ground(tmp_path):
    """Three photos without an object: one of them twice as large as the training images allow, one
    broken file beside them.
    """
    folder = tmp_path / "ground"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, side in enumerate((100, 150, 2000)):
        pixels = random.integers(0, 255, (side, side // 2, 3), dtype=np.uint8)
        write_pixels(folder / f"ground {number}.png", pixels)
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def test_they_are_images_of_fit_without_an_object_and_change_nothing_else(sample_folder, ground):
    plain, data = load_data(sample_folder), load_data(sample_folder, backgrounds=ground)
    added = [image_id for image_id in data.fit.ids if image_id not in plain.fit.ids]
    assert set(added) == data.backgrounds and len(added) == 3
    assert not set(added) & {*plain.fit.ids, *plain.tune.ids, *plain.score.ids}
    for image_id in added:
        sample = data.fit[data.fit.ids.index(image_id)]
        assert sample.image.any() and not sample.mask.any() and not sample.ignore.any()
    assert data.tune.ids == plain.tune.ids and data.score.ids == plain.score.ids
    assert data.key == plain.key and data.backgrounds_key != plain.backgrounds_key == ""
    assert data.fit.own_shapes == plain.fit.own_shapes
    assert any("3 photos without an object" in note for note in data.notes)
    assert any("broken.jpg is left out" in note for note in data.notes)


def test_one_much_larger_than_the_training_images_is_brought_to_their_size(sample_folder, ground):
    data = load_data(sample_folder, backgrounds=ground)
    shapes = sorted(data.fit.shapes[image_id] for image_id in data.backgrounds)
    longest = max(max(shape) for shape in data.fit.own_shapes)
    assert shapes[:2] == [(100, 50), (150, 75)]
    assert max(shapes[2]) <= longest and shapes[2][0] == pytest.approx(2 * shapes[2][1], abs=1)


def test_large_images_of_val_leave_backgrounds_at_the_size_of_the_training_images(ground):
    train, val = (
        [Entry(number, "a.png", ground / "broken.jpg", side, side)]
        for number, side in ((1, 128), (2, 2500))
    )
    entries, _ = background_entries(ground, train, val)
    assert [entry.height for entry in entries] == [100, 150, 128]
    assert [entry.image_id for entry in entries] == [3, 4, 5]


def test_the_cache_holds_them_too(sample_folder, ground, tmp_path):
    data = load_data(sample_folder, backgrounds=ground, cache_root=tmp_path / "cache")
    direct = load_data(sample_folder, backgrounds=ground)
    for one, other in zip(data.fit, direct.fit, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_one_that_is_seen_as_turned_by_its_exif_tag_is_turned(sample_folder, tmp_path):
    from PIL import Image

    folder = tmp_path / "turned"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40), "grey").save(folder / "a.jpg", exif=exif)
    data = load_data(sample_folder, backgrounds=folder)
    assert [data.fit.shapes[image_id] for image_id in data.backgrounds] == [(80, 40)]


def test_a_folder_without_a_usable_photo_is_refused(sample_folder, tmp_path):
    with pytest.raises(DataError, match="no_such is no folder"):
        load_data(sample_folder, backgrounds=tmp_path / "no_such")
    with pytest.raises(DataError, match="holds no usable photo"):
        load_data(sample_folder, backgrounds=tmp_path)


def test_a_folder_whose_annotations_show_objects_is_refused(sample_folder):
    with pytest.raises(DataError, match="has annotations on"):
        load_data(sample_folder, backgrounds=sample_folder / "train")


def test_images_of_train_and_val_are_left_out(sample_folder, ground):
    annotations = json.loads((sample_folder / "val" / "coco_annotations.json").read_text())
    name = annotations["images"][0]["file_name"]
    shutil.copy(sample_folder / "val" / "images" / name, ground / "known.jpg")
    data = load_data(sample_folder, backgrounds=ground)
    assert len(data.backgrounds) == 3
    assert any("1 backgrounds are images of train or val" in note for note in data.notes)


def test_other_photos_have_another_digest(sample_folder, ground):
    before = load_data(sample_folder, backgrounds=ground).backgrounds_key
    write_pixels(ground / "ground 0.png", np.zeros((100, 50, 3), np.uint8))
    assert load_data(sample_folder, backgrounds=ground).backgrounds_key != before
