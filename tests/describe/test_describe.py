import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import deltaE_cie76, rgb2lab

from common.data import DataSet, Sample, load_data
from common.data.check import Finding
from common.describe import (
    PHOTO_COLUMNS,
    describe_data_set,
    describe_image,
    describe_objects,
    describe_photo,
    describe_photos,
    effective_images,
    object_observations,
    set_observations,
    similar_images,
)
from common.describe.__main__ import main as describe
from common.describe.measured import measure, read_measured
from common.describe.pixels import grain, noise, sharpness, to_lab
from common.describe.tables import OBJECT_COLUMNS, example_ids, joined, samples_of
from common.report.notebook import layout, photographic, placed, root, rounded
from common.report.plots import data as data_plots
from common.report.plots.outlines import OutlinedImage, outlined_figure

GROUND, BUTT, OTHER = (90, 100, 80), (210, 160, 90), (20, 20, 160)


def flat(height: int = 80, width: int = 120, colour=GROUND) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def sample_of(
    image: np.ndarray, mask: np.ndarray, ignore: np.ndarray | None = None, image_id: int = 7
) -> Sample:
    return Sample(image_id, image, mask, np.zeros_like(mask) if ignore is None else ignore)


def box(rows: slice, columns: slice, shape=(80, 120)) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[rows, columns] = True
    return mask


def painted(mask: np.ndarray, colour=BUTT, image: np.ndarray | None = None) -> np.ndarray:
    image = flat(*mask.shape) if image is None else image.copy()
    image[mask] = colour
    return image


def turned_box(length: float, width: float, angle: float) -> np.ndarray:
    """A filled rectangle in the middle of 200×200 px, its long side at `angle` degrees,
    counter-clockwise.
    """
    y, x = np.mgrid[:200, :200] - 99.5
    along = x * np.cos(np.radians(angle)) - y * np.sin(np.radians(angle))
    across = x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)


def textured(seed: int, colour, strength: float, side: int = 160) -> np.ndarray:
    random = np.random.default_rng(seed)
    spots = cv2.GaussianBlur(random.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 1.5)
    return np.clip(np.array(colour) + strength * spots[..., None] / spots.std(), 0, 255).astype(
        np.uint8
    )


def test_objects_are_counted_as_they_hang_together_over_corners_and_outside_ignored_pixels():
    mask = (
        box(slice(10, 20), slice(10, 20))
        | box(slice(20, 30), slice(20, 30))
        | box(slice(50, 60), slice(50, 60))
    )
    ignore = box(slice(45, 65), slice(45, 65))
    row = describe_image(sample_of(painted(mask), mask, ignore))
    assert (row["objects"], row["object_area_px"]) == (1, 200)
    assert row["object_share"] == pytest.approx(200 / (80 * 120 - 400))


def test_contrast_is_the_distance_of_the_two_colours_in_cielab():
    mask = box(slice(30, 50), slice(40, 80))
    expected = deltaE_cie76(
        *(rgb2lab(np.array(colour, dtype=np.uint8)) for colour in (BUTT, GROUND))
    )
    sample = sample_of(painted(mask), mask)
    assert describe_image(sample)["contrast"] == pytest.approx(expected, abs=0.3)
    assert describe_objects(sample)[0]["contrast"] == pytest.approx(expected, abs=0.3)


def test_contrast_does_not_see_the_blurred_edge_nor_what_is_far_away():
    mask = box(slice(30, 50), slice(40, 80))
    clear = describe_image(sample_of(painted(mask), mask))["contrast"]
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))).astype(bool) & ~mask
    far = box(slice(0, 8), slice(0, 120))
    spoilt = painted(far, OTHER, painted(near, OTHER, painted(mask)))
    assert describe_image(sample_of(spoilt, mask))["contrast"] == pytest.approx(clear)


def test_the_ring_of_an_object_leaves_out_its_neighbour():
    first, second = box(slice(30, 50), slice(20, 50)), box(slice(30, 50), slice(56, 90))
    image = painted(second, OTHER, painted(first))
    both = describe_objects(sample_of(image, first | second))
    alone = describe_objects(sample_of(painted(first), first))
    assert [both[0][name] for name in ("ring_l", "ring_a", "ring_b")] == pytest.approx(
        [alone[0][name] for name in ("ring_l", "ring_a", "ring_b")]
    )


@pytest.mark.parametrize("mask", [np.zeros((80, 120), dtype=bool), np.ones((80, 120), dtype=bool)])
def test_contrast_without_object_or_without_surroundings_is_unknown(mask):
    assert np.isnan(describe_image(sample_of(painted(mask), mask))["contrast"])


def test_an_image_without_ground_has_no_brightness_but_is_described():
    mask = np.ones((80, 120), dtype=bool)
    row = describe_image(sample_of(painted(mask), mask))
    assert np.isnan(row["ground_brightness"])
    assert row["object_share"] == 1


def test_the_ground_is_measured_without_its_objects():
    mask = box(slice(30, 50), slice(40, 80))
    with_object = describe_image(sample_of(painted(mask, (255, 255, 255)), mask))
    bare = describe_photo(flat())
    for column in ("ground_brightness", "ground_a", "ground_b", "ground_texture"):
        assert with_object[column] == pytest.approx(bare[column], abs=1e-3)
    assert (
        describe_photo(painted(mask, (255, 255, 255)))["ground_brightness"]
        > bare["ground_brightness"] + 1
    )


@pytest.mark.parametrize("angle", [0, 20, 45, 90, 135, 170])
def test_size_and_direction_of_a_turned_rectangle_are_found(angle):
    mask = turned_box(100, 30, angle)
    [row] = describe_objects(sample_of(painted(mask), mask))
    assert row["length_px"] == pytest.approx(100, abs=2)
    assert row["width_px"] == pytest.approx(30, abs=2)
    assert abs((row["angle_deg"] - angle + 90) % 180 - 90) < 1.5
    assert 0 <= row["angle_deg"] < 180
    assert row["solidity"] > 0.95
    assert (row["centre_x"], row["centre_y"]) == (
        pytest.approx(0.5, abs=0.01),
        pytest.approx(0.5, abs=0.01),
    )


def test_an_upright_rectangle_is_measured_to_the_pixel():
    mask = box(slice(10, 50), slice(20, 30))
    [row] = describe_objects(sample_of(painted(mask), mask))
    assert (row["length_px"], row["width_px"], row["angle_deg"]) == pytest.approx((40, 10, 90))
    assert (row["area_px"], row["solidity"]) == (400, pytest.approx(1))


def test_one_pixel_is_an_object():
    mask = box(slice(40, 41), slice(60, 61))
    [row] = describe_objects(sample_of(painted(mask), mask))
    assert (row["area_px"], row["length_px"], row["width_px"]) == (
        1,
        pytest.approx(1),
        pytest.approx(1),
    )


@pytest.mark.parametrize(
    ("rows", "touches"), [(slice(0, 9), True), (slice(71, 80), True), (slice(1, 79), False)]
)
def test_an_object_at_the_border_is_told(rows, touches):
    mask = box(rows, slice(30, 60))
    assert describe_objects(sample_of(painted(mask), mask))[0]["touches_border"] is touches


def test_half_a_hull_is_half_solid():
    mask = box(slice(20, 60), slice(20, 60))
    mask[20:40, 40:60] = False
    row = describe_objects(sample_of(painted(mask), mask))[0]
    assert row["solidity"] == pytest.approx(1200 / 1400, abs=0.02)


def test_noise_is_found_on_a_flat_ground_and_beside_an_edge():
    random = np.random.default_rng(0)
    lightness = np.full((256, 256), 50, dtype=np.float32)
    lightness[:, 128:] = 80
    noisy = lightness + random.normal(0, 2, lightness.shape).astype(np.float32)
    assert noise(noisy) == pytest.approx(2, rel=0.15)
    assert noise(lightness) == pytest.approx(0, abs=1e-3)


def test_blur_lowers_sharpness():
    lightness = to_lab(textured(1, GROUND, 20))[..., 0]
    everywhere = np.ones(lightness.shape, dtype=bool)
    assert sharpness(cv2.GaussianBlur(lightness, (0, 0), 2), everywhere) < 0.5 * sharpness(
        lightness, everywhere
    )


def test_a_ground_seen_from_half_as_far_has_twice_the_grain():
    lightness = np.ascontiguousarray(to_lab(textured(2, GROUND, 20))[..., 0])
    assert grain(cv2.resize(lightness, None, fx=2, fy=2)) == pytest.approx(
        2 * grain(lightness), rel=0.2
    )


def test_an_image_of_another_kind_is_refused_with_what_was_found():
    with pytest.raises(
        ValueError, match=r"shape \(4, 4\) and dtype float64; it needs \(H, W, 3\) uint8"
    ):
        to_lab(np.zeros((4, 4)))


def test_a_data_set_becomes_one_row_an_image_and_one_an_object(sample_data):
    images, objects = describe_data_set(sample_data.fit)
    assert images["img_id"].tolist() == list(sample_data.fit.ids)
    assert images["objects"].sum() == len(objects) > 0
    assert objects.groupby("img_id")["area_px"].sum().to_dict() == {
        sample.image_id: int(sample.mask.sum()) for sample in sample_data.fit if sample.mask.any()
    }
    for table in (images, objects):
        assert table["group"].tolist() == [
            sample_data.fit.groups[image_id] for image_id in table["img_id"]
        ]
    assert images.drop(columns=["contrast", "group"]).notna().all(axis=None)


def test_images_without_objects_still_give_the_columns(labelled):
    _, objects = describe_data_set(labelled([flat()], [np.zeros((80, 120), dtype=bool)]))
    assert objects.columns.tolist() == [*OBJECT_COLUMNS, "group"]
    assert objects.empty


def test_a_described_object_has_the_columns_of_the_table():
    mask = box(slice(30, 50), slice(40, 80))
    assert list(describe_objects(sample_of(painted(mask), mask))[0]) == OBJECT_COLUMNS


def test_photos_are_described_by_name_and_like_images_without_object(sample_data):
    photos = describe_photos(sample_data.photos)
    assert photos["name"].tolist() == [path.name for path in sample_data.photos]
    assert photos.notna().all(axis=None)
    image = sample_data.fit[0].image
    empty = describe_image(sample_of(image, np.zeros(image.shape[:2], dtype=bool)))
    assert describe_photo(image) == pytest.approx(
        {column: empty[column] for column in PHOTO_COLUMNS}
    )


def test_no_photos_are_an_empty_table_with_columns():
    assert set(PHOTO_COLUMNS) < set(describe_photos([]).columns)


def grounds(labelled) -> DataSet:
    """Two crops of each of three grounds, each crop with an object of another colour at another
    place.
    """
    images, masks = [], []
    for seed, (colour, strength) in enumerate(
        (((90, 100, 80), 10), ((60, 130, 50), 25), ((180, 170, 160), 4))
    ):
        for crop, paint in enumerate((BUTT, OTHER)):
            mask = box(slice(20 + 60 * crop, 40 + 60 * crop), slice(30, 90), (160, 160))
            images.append(painted(mask, paint, textured(10 * seed + crop, colour, strength)))
            masks.append(mask)
    return labelled(images, masks)


def test_crops_of_one_ground_find_each_other_whatever_lies_on_them(labelled):
    similar = similar_images({"train": grounds(labelled)})
    assert similar["nearest_id"].tolist() == [1, 0, 3, 2, 5, 4]
    assert similar["ground"].nunique() == 3
    assert (similar["distance"] < 0.15).all()
    assert (similar["distance_elsewhere"] > 3 * similar["distance"]).all()
    assert similar["distance_in_group"].isna().all()
    assert similar["distance_other_split"].isna().all()


def test_grounds_are_compared_across_splits_and_inside_groups(labelled):
    whole = grounds(labelled)
    whole.groups = {0: "a", 1: "b", 2: "a", 3: "c", 4: "d", 5: "d"}
    similar = similar_images(
        {"train": whole.subset([0, 2, 4, 5]), "val": whole.subset([1, 3])}
    ).set_index("img_id")
    assert similar.loc[0, ["nearest_id", "nearest_split"]].tolist() == [1, "val"]
    assert similar.loc[0, "distance_other_split"] == pytest.approx(similar.loc[0, "distance"])
    assert similar.loc[4, "distance_other_split"] > similar.loc[4, "distance"]
    assert similar.loc[0, "distance_in_group"] > 3 * similar.loc[4, "distance_in_group"]


def test_one_image_has_no_neighbour(labelled):
    similar = similar_images({"train": grounds(labelled).subset([0])})
    assert similar[["nearest_id", "nearest_split", "ground"]].to_numpy().tolist() == [[-1, "", 1]]
    assert similar["distance"].isna().all()


def test_no_image_at_all_is_refused():
    with pytest.raises(ValueError, match="no image in the splits"):
        similar_images({"train": DataSet([])})


@given(st.lists(st.integers(0, 5), max_size=40))
def test_independent_images_are_between_one_and_the_number_of_groups(labels):
    found = effective_images(labels)
    assert (found["images"], found["groups"]) == (len(labels), len(set(labels)))
    assert min(1, len(labels)) <= found["effective"] <= found["groups"] + 1e-9


def test_uneven_groups_are_worth_less_than_their_number():
    assert effective_images("aaab") == {"images": 4, "groups": 2, "largest": 3, "effective": 1.6}
    assert effective_images(range(9))["effective"] == 9


def object_table(count: int = 300, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    length, width = random.uniform(60, 100, count), random.uniform(20, 30, count)
    colours = {
        f"{where}_{axis}": random.uniform(10, 60, count)
        for where in ("object", "ring")
        for axis in "lab"
    }
    return pd.DataFrame(
        {
            "img_id": np.arange(count),
            "length_px": length,
            "width_px": width,
            "area_px": length * width * 0.9,
            "aspect": length / width,
            "angle_deg": random.uniform(0, 180, count),
            "solidity": 0.9,
            "centre_x": random.uniform(0, 1, count),
            "centre_y": random.uniform(0, 1, count),
            "touches_border": False,
            "contrast": random.uniform(20, 60, count),
            **colours,
        }
    )


def test_even_and_uneven_objects_are_told_apart():
    table = object_table()
    assert "which chance alone can make" in object_observations.of_positions(table).found
    assert "Of 5×5 equal fields" in object_observations.of_positions(table).found
    assert "Of 3×3 equal fields" in object_observations.of_positions(table.head(60)).found
    assert "to all sides" in object_observations.of_shapes(table).found
    heaped = table.assign(centre_x=table["centre_x"] / 2, angle_deg=table["angle_deg"] / 3)
    assert ", more uneven" in object_observations.of_positions(heaped).found
    assert "more to some sides" in object_observations.of_shapes(heaped).found


def test_sizes_are_said_with_their_numbers_and_large_objects_ask_for_larger_crops():
    table = object_table()
    finding = object_observations.of_sizes(table)
    assert f"{table['length_px'].median():.0f} px" in finding.found
    assert "100 % fit into a crop of 192 px" in finding.found
    large = object_observations.of_sizes(table.assign(length_px=400.0))
    assert "take larger ones" in large.consequence


def test_faint_objects_are_counted_and_named():
    table = object_table()
    assert "None of 300 objects" in object_observations.of_contrast(table).found
    table.loc[[5, 9], "contrast"] = (4.0, 3.0)
    finding = object_observations.of_contrast(table)
    assert (
        "2 of 300 objects (0.7 %) lie below 10, the faintest in the images 9, 5." in finding.found
    )
    assert "By split" not in finding.found
    halves = table.assign(
        split=["train"] * 150 + ["val"] * 150, contrast=[30.0] * 150 + [20.0] * 150
    )
    assert object_observations.of_contrast(halves).found.endswith(
        "By split the medians are 30 in train and 20 in val."
    )


def test_the_best_single_rule_is_named_with_its_share():
    table = object_table()
    darker = table.assign(object_l=table["ring_l"] - 5)
    finding = object_observations.of_colours(darker)
    assert "0 % are lighter" in finding.found
    assert "*darker than the surroundings*, holds for 100 %" in finding.consequence


def test_counts_differ_in_their_consequence_with_and_without_empty_images():
    table = pd.DataFrame({"split": ["train", "train", "val"], "objects": [1, 1, 1]})
    assert "no value" in object_observations.of_counts(table).consequence
    finding = object_observations.of_counts(table.assign(objects=[3, 0, 1]))
    assert (
        "2 images with 3 objects; val has 1 image with 1 object: 1 image without object"
        in finding.found
    )
    assert "`empty_fp_rate`" in finding.consequence


@pytest.mark.parametrize(
    "name", ["of_sizes", "of_positions", "of_shapes", "of_colours", "of_contrast"]
)
def test_nothing_is_claimed_of_no_objects(name):
    assert (
        getattr(object_observations, name)(object_table(0)).found
        == "There is no object in these images."
    )


def test_the_share_is_said_of_images_with_objects_alone():
    table = pd.DataFrame(
        {"objects": [0, 1], "object_share": [0.0, 0.02], "object_area_px": [0, 5000]}
    )
    assert (
        "2.0 % of the pixels in the median, one pixel in 50"
        in object_observations.of_share(table).found
    )


def test_the_consequences_are_about_the_crops_that_are_given():
    objects, crops = object_table(), object_observations.TrainingCrops(64, (0.5, 4.0), 0.25)
    assert "crop of 64 px" in object_observations.of_sizes(objects, crops).found
    assert "scaling by 0.5 to 4 takes" in object_observations.of_sizes(objects, crops).consequence
    images = pd.DataFrame(
        {
            "split": "train",
            "objects": [1, 1],
            "object_share": [0.02, 0.02],
            "object_area_px": [512, 512],
        }
    )
    assert "75 % of the crops" in object_observations.of_counts(images, crops).consequence
    assert "covers 12 % of 64×64 px" in object_observations.of_share(images, crops).consequence


def test_shared_groups_are_said_and_single_images_stand_for_themselves():
    shared = pd.DataFrame(
        {"split": ["train", "train", "val", "val"], "group": ["a", "a", "a", "b"]}
    )
    finding = set_observations.of_groups(shared)
    assert "1 of the 2 groups of val are in train too, and 50 % of its images" in finding.found
    assert "well known objects" in finding.consequence
    alone = set_observations.of_groups(shared.assign(group=list("abcd")))
    assert "are in train too" not in alone.found
    assert alone.consequence.startswith("Every image stands for itself")


def test_grounds_that_cross_groups_ask_for_new_grounds(labelled):
    whole = grounds(labelled)
    apart = similar_images({"train": whole.subset([0, 2]), "val": whole.subset([5])})
    assert "0 % of the images" in set_observations.of_grounds(apart).found
    assert set_observations.of_grounds(apart).consequence == set_observations.APART
    crossing = similar_images({"train": whole.subset([0, 2, 4]), "val": whole.subset([1, 3])})
    crossing = crossing.assign(halves=0.15, ground=[1, 2, 3, 1, 2])
    finding = set_observations.of_grounds(crossing)
    assert "2 grounds lie under images of several groups" in finding.found
    assert "100 % of the val images have such a twin in train" in finding.consequence


def photo_table(count: int, brightness: float) -> pd.DataFrame:
    random = np.random.default_rng(3)
    table = pd.DataFrame(
        random.uniform(10, 20, (count, len(PHOTO_COLUMNS))), columns=list(PHOTO_COLUMNS)
    )
    return table.assign(ground_brightness=random.uniform(brightness, brightness + 10, count))


def test_photos_are_said_to_differ_only_where_they_do():
    train = photo_table(400, 40)
    like = set_observations.of_photos(train, photo_table(200, 40))
    assert "in everything that is measured" in like.found
    dark = set_observations.of_photos(train, photo_table(200, 10))
    assert "is darker than 100 % of the training images" in dark.found
    assert dark.consequence.startswith("Brightness must vary downwards")
    assert "hints" not in dark.found
    assert "hints" in set_observations.of_photos(train, photo_table(5, 10)).found
    assert "no photos" in set_observations.of_photos(train, photo_table(0, 10)).found


def test_errors_of_the_data_must_be_mended_and_warnings_not():
    warning = Finding("warning", "a.jpg", "EXIF orientation 6", "none", "turn it")
    error = Finding("error", "b.jpg", "no such file", "a file", "copy it")
    assert "go on" in set_observations.of_problems([warning]).consequence
    finding = set_observations.of_problems([warning, error])
    assert "1 error and 1 warning: EXIF orientation 6 and no such file" in finding.found
    assert "must be mended" in finding.consequence
    assert "Nothing has to be mended" in set_observations.of_problems([]).consequence


def test_examples_run_from_the_lowest_to_the_highest_without_repeats():
    table = pd.DataFrame({"img_id": [4, 4, 3, 2, 1], "contrast": [9.0, 1.0, 5.0, np.nan, 7.0]})
    assert example_ids(table, "contrast", 9) == [4, 3, 1]
    assert example_ids(table, "contrast", 2) == [4, 1]
    assert example_ids(table, "contrast", 0) == []
    assert example_ids(table.iloc[:0], "contrast", 3) == []


def test_samples_come_in_the_order_asked_for(sample_data):
    ids = list(sample_data.fit.ids[:3])[::-1]
    assert [sample.image_id for sample in samples_of(sample_data.fit, ids)] == ids


def test_joined_tables_name_their_split():
    table = joined({"train": pd.DataFrame({"x": [1, 2]}), "val": pd.DataFrame({"x": [3]})})
    assert table.to_numpy().tolist() == [[1, "train"], [2, "train"], [3, "val"]]


def test_a_notebooks_path_does_not_depend_on_where_it_was_started(monkeypatch, tmp_path):
    expected = root() / "data" / "sample"
    for folder in (tmp_path, root(), root() / "common"):
        monkeypatch.chdir(folder)
        assert placed("../data/sample") == expected
    assert placed(tmp_path) == tmp_path
    with pytest.raises(ValueError, match="empty path"):
        placed("")


def test_a_layout_names_few_files_and_counts_many(tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(6):
        (tmp_path / "images" / f"{number}.jpg").write_bytes(b"x" * 1000)
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / ".hidden").write_text("")
    assert layout(tmp_path).to_numpy().tolist() == [["images/", 6, 6], ["notes.json", 1, 1]]
    with pytest.raises(NotADirectoryError, match="is no folder"):
        layout(tmp_path / "nowhere")


def test_rounding_leaves_whole_numbers_and_texts_alone():
    table = rounded(pd.DataFrame({"a": [1.23456], "b": [7], "c": ["x"], "d": [2.5678]}), {"a": 1})
    assert table.to_numpy().tolist() == [[1.2, 7, "x", 2.568]]


def test_the_fields_that_are_tested_are_those_that_are_drawn():
    assert object_observations.FIELDS == data_plots.FIELDS


def test_all_findings_are_written_as_text_and_a_folder_that_cannot_be_read_is_named(
    sample_folder, tmp_path, capsys
):
    path = tmp_path / "new" / "findings.md"
    assert describe([str(sample_folder), "--output", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# What is in data") and text.count(
        "*Consequence.*"
    ) == 11 == text.count("\n## ")
    assert describe([str(sample_folder)]) == 0 and capsys.readouterr().out == text
    assert describe([str(tmp_path / "nowhere")]) == 2 and "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("side", ["0", "-5", "1.5", "x"])
def test_a_crop_without_pixels_is_refused(sample_folder, capsys, side):
    with pytest.raises(SystemExit) as caught:
        describe([str(sample_folder), f"--crop-px={side}"])
    told = f"argument --crop-px: '{side}' is no number of pixels from 1 up"
    assert caught.value.code == 2 and told in capsys.readouterr().err


def test_an_interrupted_description_is_one_line_and_no_file(
    sample_folder, tmp_path, monkeypatch, capsys
):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("common.describe.__main__.observations_of", stopped)
    assert describe([str(sample_folder), "--output", str(tmp_path / "findings.md")]) == 130
    assert capsys.readouterr().err == "interrupted; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


def test_a_figure_of_photos_is_shown_as_a_jpeg():
    figure = outlined_figure([OutlinedImage("one", np.full((20, 30, 3), 90, np.uint8))])
    assert photographic(figure).data[:2] == b"\xff\xd8" and photographic(None) is None


@pytest.mark.parametrize("shape", [(1, 64), (64, 1), (1, 2)])
def test_the_texture_of_a_line_of_pixels_is_that_along_it(shape):
    line = np.linspace(0, 80, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    line[::2, ::2] += 15
    assert 0 < grain(line) <= max(shape)


def test_measurements_are_stored_and_read_again(sample_folder, tmp_path, capsys):
    folder = tmp_path / "tables"
    assert describe([str(sample_folder), "--tables", str(folder)]) == 0
    assert "## Groups" in capsys.readouterr().out
    again, now = read_measured(folder), measure(load_data(sample_folder))
    for name in ("images", "objects", "photos", "grounds"):
        stored, measured = getattr(again, name), getattr(now, name)
        pd.testing.assert_frame_equal(stored, measured, check_dtype=False, rtol=1e-5)
    assert [len(table) for table in again.by_origin().values()] == [
        *again.images["split"].value_counts()[["train", "val"]],
        len(now.photos),
    ]
    assert describe([str(sample_folder), "--tables", str(folder / "objects.csv")]) == 2
    assert "objects.csv is a file; a folder is to be written there" in capsys.readouterr().err
    (folder / "objects.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no objects\.csv"):
        read_measured(folder)
