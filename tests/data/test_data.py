import json
import random
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.coco import DataError, read_entries
from common.data import load_data
from common.data.sets import content_key


def edited(source: Path, target: Path, edit, split: str = "train") -> Path:
    """A copy of a data folder with an edited annotation file."""
    shutil.copytree(source, target)
    path = target / split / "coco_annotations.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return target


def shuffled(content):
    random.Random(4).shuffle(content["images"])
    random.Random(5).shuffle(content["annotations"])


def moved_corner(content):
    content["annotations"][0]["segmentation"][0][0] += 1


def other_group(content):
    content["images"][0]["group"] = "elsewhere"


def listing(folder: Path) -> dict:
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))
    }


def same(first, second) -> bool:
    pairs = zip(first, second, strict=True)
    return all(
        a.image_id == b.image_id
        and np.array_equal(a.image, b.image)
        and np.array_equal(a.mask, b.mask)
        and np.array_equal(a.ignore, b.ignore)
        for a, b in pairs
    )


def test_train_is_divided_into_fit_and_tune_and_val_is_the_scoring_set(sample_data, sample_folder):
    train = [entry.image_id for entry in read_entries(sample_folder / "train")]
    assert sorted(sample_data.fit.ids + sample_data.tune.ids) == train
    assert sample_data.score.ids == tuple(
        entry.image_id for entry in read_entries(sample_folder / "val")
    )
    assert sample_data.fit.ids == tuple(sorted(sample_data.fit.ids))
    assert [path.name for path in sample_data.photos] == sorted(
        path.name for path in (sample_folder / "real_test").glob("**/*.jpg")
    )


def test_no_group_is_divided_between_fit_and_tune(sample_folder):
    for seed in range(8):
        data = load_data(sample_folder, seed=seed)
        assert not set(data.fit.groups.values()) & set(data.tune.groups.values())


def test_split_and_key_stay_when_the_annotation_file_is_reordered(sample_folder, tmp_path):
    def several_on_each(content):
        image_ids = [image["id"] for image in content["images"]]
        for number, annotation in enumerate(content["annotations"]):
            annotation["image_id"] = image_ids[number // 4]

    first = load_data(edited(sample_folder, tmp_path / "first", several_on_each))
    again = load_data(edited(tmp_path / "first", tmp_path / "again", shuffled))
    assert (again.fit.ids, again.tune.ids, again.key) == (first.fit.ids, first.tune.ids, first.key)
    assert same(again.tune, first.tune) and same(again.fit, first.fit)


def test_split_changes_with_the_seed_and_the_key_does_not(sample_folder):
    loaded = [load_data(sample_folder, seed=seed) for seed in range(6)]
    assert len({data.tune.ids for data in loaded}) > 1
    assert len({data.key for data in loaded}) == 1


@pytest.mark.parametrize("edit", [moved_corner, other_group])
@pytest.mark.parametrize("split", ["train", "val"])
def test_key_changes_with_an_annotation_and_with_a_group(
    sample_data, sample_folder, tmp_path, edit, split
):
    assert load_data(edited(sample_folder, tmp_path / "data", edit, split)).key != sample_data.key


def test_key_changes_with_one_byte_of_an_image(sample_data, sample_folder, tmp_path):
    folder = edited(sample_folder, tmp_path / "data", lambda content: None)
    path = sample_data.score.entries[0].path
    path = folder / path.relative_to(sample_folder)
    path.write_bytes(path.read_bytes() + b"\0")
    assert load_data(folder).key != sample_data.key


def test_content_key_does_not_depend_on_the_order_of_entries(sample_folder):
    entries = read_entries(sample_folder / "val")
    assert content_key(entries) == content_key(entries[::-1])


def test_samples_are_decoded_when_asked_for_and_then_kept(sample_folder, tmp_path):
    data = load_data(edited(sample_folder, tmp_path / "data", lambda content: None))
    first = data.fit[0]
    for entry in data.fit.entries:
        entry.path.unlink()
    assert data.fit[0] is first
    with pytest.raises(OSError, match=data.fit.entries[1].path.name):
        data.fit[1]


@pytest.mark.parametrize("cached", [False, True])
def test_arrays_have_the_contract_and_cannot_be_written(sample_folder, tmp_path, cached):
    data = load_data(sample_folder, cache_root=tmp_path / "cache" if cached else None)
    sample = data.tune[0]
    assert (sample.image.shape, sample.image.dtype) == ((192, 192, 3), np.uint8)
    for array in (sample.mask, sample.ignore):
        assert (array.shape, array.dtype) == ((192, 192), bool)
    for array in (sample.image, sample.mask, sample.ignore):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_an_image_of_another_size_than_its_annotation_says_is_named_with_both_sizes(
    sample_folder, tmp_path
):
    def narrow(content):
        for image in content["images"]:
            image["width"] = 191

    data = load_data(edited(sample_folder, tmp_path / "data", narrow))
    with pytest.raises(
        DataError, match=r"0000\d+\.jpg is 192x192 px, its annotation says 191x192; correct"
    ):
        list(data.fit)


def test_nothing_is_written_into_the_data_folder(sample_folder, tmp_path):
    before = listing(sample_folder)
    data = load_data(sample_folder, cache_root=tmp_path / "cache")
    assert all(sample.image.size for role in (data.fit, data.tune, data.score) for sample in role)
    assert listing(sample_folder) == before


def test_cached_samples_are_those_that_decoding_gives(sample_folder, tmp_path):
    def crowd(content):
        crowd = {
            "iscrowd": 1,
            "segmentation": {"size": [192, 192], "counts": [5000, 3000, 192 * 192 - 8000]},
        }
        content["annotations"].append(content["annotations"][0] | crowd | {"id": 10_000})

    folder = edited(sample_folder, tmp_path / "data", crowd)
    plain, cached = load_data(folder), load_data(folder, cache_root=tmp_path / "cache")
    assert any(sample.ignore.any() for sample in [*plain.fit, *plain.tune])
    for role in ("fit", "tune", "score"):
        assert same(getattr(plain, role), getattr(cached, role))


def test_a_second_run_reads_the_cache_and_a_changed_image_or_annotation_makes_a_new_one(
    sample_folder, tmp_path
):
    folder, root = (
        edited(sample_folder, tmp_path / "data", lambda content: None),
        tmp_path / "cache",
    )
    expected = list(load_data(folder, cache_root=root).score)
    before = listing(root)
    again = load_data(folder, cache_root=root)
    assert listing(root) == before
    path = again.score.entries[0].path
    image = cv2.imread(str(path))
    path.unlink()
    assert same(again.score, expected)
    cv2.imwrite(str(path), image[::-1])
    changed = load_data(folder, cache_root=root)
    assert not np.array_equal(changed.score[0].image, expected[0].image)
    assert len(list(root.iterdir())) == 3
    annotations = folder / "val" / "coco_annotations.json"
    content = json.loads(annotations.read_text(encoding="utf-8"))
    content["annotations"] = content["annotations"][1:]
    annotations.write_text(json.dumps(content), encoding="utf-8")
    assert load_data(folder, cache_root=root).key != changed.key
    assert len(list(root.iterdir())) == 4


def test_so_few_groups_that_a_choice_on_them_is_chance_are_a_warning(sample_folder):
    notes = load_data(sample_folder).notes
    assert any(
        note.startswith("warning: tune has 1 independent group; thresholds") for note in notes
    )
    assert any(
        note.startswith("warning: val has 2 independent groups; the ranking") for note in notes
    )


def test_groups_in_train_and_val_are_a_warning(sample_folder, tmp_path):
    group = json.loads((sample_folder / "train" / "coco_annotations.json").read_text())[
        ("images")
    ][0]["group"]

    def share(content):
        content["images"][0]["group"] = group

    notes = load_data(edited(sample_folder, tmp_path / "data", share, "val")).notes
    assert any(note.startswith("warning: 1 groups are in both train and val") for note in notes)


def test_sizes_of_groups_are_in_the_notes(sample_data):
    assert "val: 6 images in 2 groups, the largest of 3" in sample_data.notes
    assert [note.split(":")[0] for note in sample_data.notes][:3] == ["fit", "tune", "val"]


def test_a_split_without_an_object_is_refused(sample_folder, tmp_path):
    def only_crowds(content):
        for annotation in content["annotations"]:
            annotation["iscrowd"] = 1

    def nothing(content):
        content["annotations"] = []

    for number, (split, edit) in enumerate(
        [("val", only_crowds), ("val", nothing), ("train", nothing)]
    ):
        with pytest.raises(
            DataError, match=r"none of the \d+ images of (val|tune|fit) has an object"
        ):
            load_data(edited(sample_folder, tmp_path / str(number), edit, split))


@pytest.mark.parametrize("seed", range(6))
def test_two_images_with_objects_among_empty_ones_are_enough_for_every_seed(
    sample_folder, tmp_path, seed
):
    def two_left(content):
        kept = {
            annotation["image_id"]
            for annotation in content["annotations"][:1] + content[("annotations")][-1:]
        }
        content["annotations"] = [
            note for note in content["annotations"] if note["image_id"] in kept
        ]
        for image in content["images"]:
            image["group"] = f"place {image['id']}"

    data = load_data(edited(sample_folder, tmp_path / "data", two_left), seed=seed)
    assert any(sample.mask.any() for sample in data.fit)
    assert any(sample.mask.any() for sample in data.tune)


def test_too_few_images_are_refused_with_their_number(sample_folder, tmp_path):
    def one(content):
        content["images"] = content["images"][:1]

    with pytest.raises(
        DataError, match=("has 1 train and 6 val images; at least 2 and 1 are needed")
    ):
        load_data(edited(sample_folder, tmp_path / "data", one))


def test_a_missing_folder_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="missing"):
        load_data(tmp_path / "nowhere")


def test_a_limit_uses_the_first_images_and_is_part_of_the_key(sample_data, sample_folder):
    data = load_data(sample_folder, limit=5)
    assert (len(data.fit) + len(data.tune), len(data.score)) == (5, 5)
    assert data.key != sample_data.key


def test_subset_keeps_order_and_groups_and_refuses_unknown_ids(sample_data):
    ids = sample_data.score.ids[::-2]
    part = sample_data.score.subset(ids)
    assert part.ids == tuple(sorted(ids))
    assert part.groups == {image_id: sample_data.score.groups[image_id] for image_id in part.ids}
    assert same(part, [sample for sample in sample_data.score if sample.image_id in ids])
    with pytest.raises(KeyError, match="77"):
        sample_data.score.subset([77])


def test_shapes_are_those_of_the_arrays(sample_data):
    assert sample_data.score.shapes == {
        sample.image_id: sample.mask.shape for sample in sample_data.score
    }
