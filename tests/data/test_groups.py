from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.coco import Entry, read_entries
from common.data.groups import describe_groups, group_images, near_duplicates, split_groups
from common.sample import render_scene

SMALL_GROUPS = st.dictionaries(
    st.integers(0, 10_000),
    st.integers(0, 40).map(lambda number: f"place {number}"),
    min_size=2,
    max_size=120,
)


def names_of(ids, groups):
    return {groups[image_id] for image_id in ids}


def entry(path: Path, group: str | None = None) -> Entry:
    return Entry(1, path.name, path, 64, 64, group)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Rendered photos of different places as train/images/<n>.jpg; the first also recompressed and
    brightened.
    """
    folder = tmp_path_factory.mktemp("scenes") / "train" / "images"
    folder.mkdir(parents=True)
    for place, index in enumerate((0, 3, 6, 9, 12)):
        (folder / f"{place}.jpg").write_bytes(
            render_scene(1, index=index, split="train", size=192).jpeg
        )
    first = cv2.imread(str(folder / "0.jpg"))
    cv2.imwrite(str(folder / "0-recompressed.jpg"), first, [cv2.IMWRITE_JPEG_QUALITY, 40])
    brighter = np.clip(first.astype(np.float32) * 1.08 + 4, 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / "0-brighter.png"), brighter)
    return folder


@given(groups=SMALL_GROUPS, seed=st.integers(0, 5))
@settings(max_examples=150)
def test_split_holds_every_image_once_and_divides_a_group_only_with_a_warning(groups, seed):
    split = split_groups(groups, share=0.2, seed=seed)
    assert sorted(split.fit_ids + split.tune_ids) == sorted(groups)
    assert split.fit_ids and split.tune_ids
    shared = names_of(split.fit_ids, groups) & names_of(split.tune_ids, groups)
    assert len(shared) <= 1
    assert bool(shared) == any("divided" in warning for warning in split.warnings)


@given(sizes=st.lists(st.integers(1, 4), min_size=10, max_size=60), seed=st.integers(0, 5))
@settings(max_examples=100)
def test_groups_that_are_small_are_never_divided_and_the_share_is_met(sizes, seed):
    groups = dict(enumerate(np.repeat([f"place {n}" for n in range(len(sizes))], sizes).tolist()))
    split = split_groups(groups, share=0.2, seed=seed)
    assert not names_of(split.fit_ids, groups) & names_of(split.tune_ids, groups)
    assert split.warnings == ()
    assert abs(len(split.tune_ids) - 0.2 * len(groups)) <= 4


@given(groups=SMALL_GROUPS, random=st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_split_does_not_depend_on_the_order_of_images(groups, random):
    items = list(groups.items())
    random.shuffle(items)
    assert split_groups(dict(items), share=0.2, seed=3) == split_groups(groups, share=0.2, seed=3)


def test_another_seed_gives_another_split():
    groups = {image_id: f"place {image_id // 2}" for image_id in range(60)}
    splits = {split_groups(groups, share=0.2, seed=seed).tune_ids for seed in range(5)}
    assert len(splits) == 5


def test_a_giant_group_is_a_warning_and_not_a_useless_split():
    groups = {
        image_id: "the square" if image_id < 97 else f"place {image_id}" for image_id in range(100)
    }
    split = split_groups(groups, share=0.2, seed=0)
    assert 15 <= len(split.tune_ids) <= 25
    assert any("holds 97 of 100" in warning for warning in split.warnings)
    assert any("'the square' had to be divided" in warning for warning in split.warnings)


def test_a_single_group_still_gives_both_parts():
    split = split_groups(dict.fromkeys(range(10), "one place"), share=0.2, seed=0)
    assert (len(split.fit_ids), len(split.tune_ids)) == (8, 2)
    assert split.warnings


def test_two_halves_are_kept_whole_since_a_large_tune_set_is_better_than_a_leak():
    groups = {image_id: "left" if image_id < 8 else "right" for image_id in range(16)}
    split = split_groups(groups, share=0.2, seed=0)
    assert len(split.tune_ids) == 8
    assert len(names_of(split.tune_ids, groups)) == 1
    assert split.warnings == ()


def test_two_single_images_are_one_each_without_a_warning_of_division():
    split = split_groups({1: "a", 2: "b"}, share=0.2, seed=0)
    assert (len(split.fit_ids), len(split.tune_ids)) == (1, 1)
    assert split.warnings == ()


@pytest.mark.parametrize("seed", range(20))
def test_few_images_with_objects_among_many_empty_ones_reach_both_parts(seed):
    groups = {image_id: f"place {image_id}" for image_id in range(60)}
    with_objects = {7, 21, 33, 58}
    split = split_groups(groups, share=0.2, seed=seed, with_objects=with_objects)
    assert with_objects & set(split.fit_ids) and with_objects & set(split.tune_ids)
    assert abs(len(split.tune_ids) - 12) <= 1


@pytest.mark.parametrize("seed", range(20))
def test_where_one_group_has_all_objects_it_is_divided_so_that_both_parts_have_some(seed):
    groups = {image_id: "with" if image_id < 30 else f"place {image_id}" for image_id in range(60)}
    with_objects = {3, 4, 5}
    split = split_groups(groups, share=0.2, seed=seed, with_objects=with_objects)
    assert with_objects & set(split.tune_ids)
    assert any("divided" in warning for warning in split.warnings)


def test_copies_that_were_recompressed_or_brightened_are_one_group_and_other_photos_are_not(
    scenes,
):
    groups = group_images([entry(path) for path in sorted(scenes.iterdir())])
    by_name = dict(zip(sorted(path.name for path in scenes.iterdir()), groups, strict=True))
    assert by_name["0.jpg"] == by_name["0-recompressed.jpg"] == by_name["0-brighter.png"]
    assert len(set(groups)) == 5


def test_groups_of_the_annotation_file_are_taken_as_they_are(scenes):
    entries = [
        entry(scenes / "0.jpg", "garden"),
        entry(scenes / "0-recompressed.jpg"),
        entry(scenes / "3.jpg", "garden"),
    ]
    first, second, third = group_images(entries)
    assert first == third == "garden"
    assert second != "garden"


def test_near_duplicates_are_found_across_splits(scenes, tmp_path):
    copy = tmp_path / "val" / "images" / "copy.jpg"
    copy.parent.mkdir(parents=True)
    cv2.imwrite(str(copy), cv2.imread(str(scenes / "3.jpg")), [cv2.IMWRITE_JPEG_QUALITY, 50])
    groups = group_images([entry(scenes / "2.jpg"), entry(scenes / "3.jpg"), entry(copy)])
    assert groups[1] == groups[2] != groups[0]


def test_names_of_groups_do_not_depend_on_the_order_of_entries(scenes):
    entries = [entry(path) for path in sorted(scenes.iterdir())]
    assert group_images(entries[::-1]) == group_images(entries)[::-1]


def test_hashes_chain_within_the_limit_and_agree_with_brute_force():
    random = np.random.default_rng(0)
    centres = random.integers(0, 2**63, 300, dtype=np.uint64)
    flips = [int(centres[n % 300]) ^ (1 << int(random.integers(64))) for n in range(400)]
    hashes = [*map(int, centres), *flips]
    labels = near_duplicates(hashes)
    for i in range(0, len(hashes), 7):
        for j in range(0, len(hashes), 11):
            if (hashes[i] ^ hashes[j]).bit_count() <= 4:
                assert labels[i] == labels[j]
    assert len(set(labels.tolist())) == 300
    chained = near_duplicates([0, 0b1111, 0b11111111, 1 << 60])
    assert chained[0] == chained[1] == chained[2]
    assert near_duplicates([]).shape == (0,)


def test_tiny_and_blank_images_have_a_hash(tmp_path):
    paths = [tmp_path / f"{size}.png" for size in (1, 2, 5)]
    for path in paths:
        cv2.imwrite(str(path), np.full((int(path.stem), int(path.stem), 3), 90, np.uint8))
    entries = [Entry(1, path.name, path, int(path.stem), int(path.stem)) for path in paths]
    assert len(group_images(entries)) == 3


def test_a_file_that_is_no_image_is_named(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"not an image")
    with pytest.raises(OSError, match=r"broken\.jpg does not decode"):
        group_images([entry(path)])


def test_sizes_of_groups_are_reported(sample_folder):
    entries = read_entries(sample_folder / "train")
    groups = {entry.image_id: entry.group for entry in entries}
    assert describe_groups(groups) == "16 images in 6 groups, the largest of 3"
