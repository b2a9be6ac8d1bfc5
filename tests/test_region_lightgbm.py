"""The second look: what it finds in regions, and which of them it keeps."""

import json

import cv2
import lightgbm as lgb
import numpy as np
import pytest

from approaches.base import Budget, NotFittedError, RequirementMissingError, Traits
from approaches.configs import RegionConfig
from approaches.region_lightgbm import RegionLightGBM
from approaches.regions.features import feature_names, find_regions
from approaches.regions.judged import Look, PastedPlace, Place, compared
from common.coco import Entry
from common.data import DataSet
from common.data.named_sets import NamedSet, SetSource, TrueObject
from common.masks.found_objects import count_hits
from common.scale import ImageSizes
from tests.labelled_photos import square_entry

SIDE, PHOTOS = 96, 14
ONE = (1.0,)  # scale alone, which takes less time
OBJECT, LITTER = (255, 40, 40), (255, 240, 200)  # RGB; the model takes both for objects


class SeesRed:
    """Takes every bright red channel for an object, in pieces that are large enough."""

    traits = Traits(pretrained_on="ImageNet")

    def __init__(self, least_px=1):
        self.least_px = least_px

    def predict_proba(self, image):
        red = (image[..., 0] > 200).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(red, connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= self.least_px
        large[0] = False
        return np.where(large[labels], np.float32(0.8), np.float32(0.1))

    def parameters(self):
        return 3


@pytest.fixture
def photos(tmp_path):
    """A function from a name and the side of its objects to entries and groups: each photo has an
    object and a thing that is none.
    """

    def make(name, side):
        (tmp_path / name).mkdir()
        entries = []
        for number in range(PHOTOS):
            image = np.full((SIDE, SIDE, 3), 20 + number, np.uint8)
            first, last = 8 + number, 8 + number + side
            image[first:last, first:last] = OBJECT
            left, right, low = 70 - number, 70 - number + side, 60 + side
            image[60:low, left:right] = LITTER
            entries.append(square_entry(tmp_path / name, number, image, first, side))
        return tuple(entries), {entry.image_id: entry.group for entry in entries}

    return make


def field(photos, name, side):
    entries, groups = photos(name, side)
    return NamedSet(SetSource(name, entries[0].path.parent, "field"), entries, groups, "key")


def fitted(tune, member=None, fields=(), **settings):
    approach = RegionLightGBM(RegionConfig(**settings), {"red": member or SeesRed()})
    approach.fields = fields
    return approach.fit(tune, tune, budget=Budget(), seed=0)


def scene(left_object, left_litter):
    """A photo of neither set, with an object above and a thing that is none below."""
    image = np.full((SIDE, SIDE, 3), 33, np.uint8)
    image[20:32, slice(left_object, left_object + 12)] = OBJECT
    image[60:72, slice(left_litter, left_litter + 12)] = LITTER
    return image


def test_what_the_model_invents_is_rejected_by_its_colour(photos):
    approach = fitted(DataSet(*photos("tune", 12)))
    proba = approach.predict_proba(scene(50, 20))
    assert proba[26, 56] == 1 and proba[66, 26] == 0 and proba[5, 5] == 0
    notes = approach.report_.notes
    assert (notes["regions_of_objects"], notes["regions_invented"]) == (PHOTOS, PHOTOS)
    assert notes["scales"] == [1.0] and notes["chosen_on"] == ["tune"]
    assert "14 regions of objects and 14 invented" in approach.remarks()[0]
    assert approach.parameters() > 3 and approach.traits.pretrained_on == "ImageNet"


def test_a_photo_it_was_fitted_on_is_judged_by_trees_that_have_not_seen_it(photos):
    tune = DataSet(*photos("tune", 12))
    approach = fitted(tune)
    known, strange = tune[0].image, scene(50, 20)
    assert len(approach.boosters_) == len(set(approach.fold_of_.values())) == 5
    used = []
    for number, booster in enumerate(approach.boosters_):

        class Watched:
            feature_name = booster.feature_name

            def predict(self, rows, number=number, booster=booster, **options):
                used.append(number)
                return booster.predict(rows, **options)

        approach.boosters_[number] = Watched()
    approach.predict_proba(known)
    assert len(used) == 1
    approach.predict_proba(strange)
    assert used[1:] == [0, 1, 2, 3, 4]


def test_scales_are_chosen_where_the_field_shows_that_they_find_more(photos):
    tune, street = DataSet(*photos("tune", 12)), field(photos, "street", 6)
    scales = {"scales": (1.0, 0.7, 2.8, 4.0, 5.6)}
    approach = fitted(tune, SeesRed(least_px=100), [street], **scales, most_pixels=50)
    notes = approach.report_.notes
    assert approach.look_ == Look((2.8,)) and notes["chosen_on"] == ["tune", "street"]
    f1_of = notes["object_f1_of_looks"]  # 4 is no better than 2.8, so 5.6 is not looked at
    tried = {look.removesuffix(" times the scale of training"): f1 for look, f1 in f1_of.items()}
    assert list(tried)[:3] == ["1", "0.7 and 1", "0.7"] and len(tried) == 11
    assert tried["1"] < tried["2.8"] == tried["1 and 2.8"] == 1
    assert approach.preparation()[0].done == "of red at 2.8 times the scale of training"
    told = "object F1 1.000 at 2.8 times the scale of training; the best of 11"
    assert told in approach.remarks()[1]
    image = np.full((SIDE, SIDE, 3), 25, np.uint8)
    image[30:36, 30:36] = OBJECT
    assert approach.predict_proba(image)[33, 33] > 0.5
    assert fitted(tune, SeesRed(least_px=100)).look_ == Look()
    brief = fitted(tune, SeesRed(least_px=100), [street], **scales, most_pixels=8)
    assert len(brief.report_.notes["object_f1_of_looks"]) == 4  # neither 2.8 and another, nor 4
    other_order = {"scales": (1.0, 4.0, 2.8), "most_pixels": 8}
    assert fitted(tune, SeesRed(least_px=100), [street], **other_order).look_ == Look((2.8,))


class SeesGhosts(SeesRed):
    """Takes a place of every picture for an object too, however the picture is turned."""

    def predict_proba(self, image):
        proba = super().predict_proba(image)
        proba[60:72, 10:22] = 0.8
        return proba


def test_views_are_chosen_where_the_field_shows_that_they_invent_less(photos):
    def few(name):
        entries, groups = photos(name, 12)
        return entries[:4], {one.image_id: groups[one.image_id] for one in entries[:4]}

    tune, (entries, groups) = DataSet(*few("tune")), few("street")
    street = NamedSet(SetSource("street", entries[0].path.parent, "field"), entries, groups, "")
    approach = fitted(tune, SeesGhosts(), [street], scales=(1.0,))
    assert not approach.boosters_ and approach.look_ == Look(views=2)  # 4 are as good, and dearer
    assert approach.components_ is None  # no trees know them
    f1_of_one, f1_of_two, f1_of_four = approach.report_.notes["object_f1_of_looks"].values()
    assert f1_of_one < f1_of_two == f1_of_four
    assert approach.preparation()[0].done == "of red at 1 times the scale of training in 2 views"
    proba = approach.predict_proba(scene(50, 30))
    assert proba[26, 56] > 0.5 and proba[66, 16] < 0.5


def test_with_a_field_photos_are_brought_to_twice_the_training_size(photos):
    tune, street = DataSet(*photos("tune", 12)), field(photos, "street", 12)
    alone, chosen = fitted(tune), fitted(tune, fields=[street])
    assert alone.report_.image_sizes == ImageSizes(SIDE, SIDE)
    assert chosen.report_.image_sizes == ImageSizes(2 * SIDE, 2 * SIDE)
    large = cv2.resize(scene(50, 20), (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_NEAREST)
    proba = chosen.predict_proba(large)  # looked at as if it were brought to the training size
    assert proba[78, 168] == 1 and proba[198, 78] == 0


@pytest.fixture
def bare(tmp_path):
    """A photo without an object."""
    path = tmp_path / "bare.png"
    assert cv2.imwrite(str(path), np.full((SIDE, SIDE, 3), 60, np.uint8))
    return Entry(99, path.name, path, SIDE, SIDE, "bare", ())


def test_objects_are_pasted_onto_a_photo_without_any_and_told_one_by_one(photos, bare):
    place = PastedPlace(Place(DataSet((bare,), {99: "bare"}), 0), DataSet(*photos("fit", 24)))
    photo, again = place.photo(), place.photo()
    np.testing.assert_array_equal(photo.sample.image, again.sample.image)
    assert 1 <= len(photo.objects) <= 3 and photo.group == "bare"
    told = np.zeros((SIDE, SIDE), bool)
    for one in photo.objects:
        told[one.place] |= one.window
    np.testing.assert_array_equal(told, photo.sample.mask)
    red, green, _ = photo.sample.image[photo.sample.mask].mean(axis=0)
    assert red > 2 * green  # as the objects are, and the ground is not


def test_without_a_field_it_learns_from_objects_pasted_onto_bare_ground_too(photos, bare):
    entries, groups = photos("tune", 12)
    tune, fit = DataSet(entries, groups), DataSet((*entries, bare), {**groups, 99: "bare"})
    approach = RegionLightGBM(RegionConfig(), {"red": SeesRed()})
    approach.fit(fit, tune, budget=Budget(), seed=0)
    notes = approach.report_.notes
    assert notes["photos"] == PHOTOS + 2 and notes["regions_of_objects"] > PHOTOS
    approach.fields = [field(photos, "street", 12)]
    approach.fit(fit, tune, budget=Budget(), seed=0)
    assert approach.report_.notes["photos"] == 2 * PHOTOS + 1


def test_with_a_field_trees_know_what_an_imagenet_network_sees_in_a_region(photos):
    tune, street = DataSet(*photos("tune", 12)), field(photos, "street", 12)
    known = [
        "component_11" in approach.boosters_[0].feature_name()
        for approach in (fitted(tune), fitted(tune, fields=[street], scales=ONE))
    ]
    assert known == [False, True]
    without = fitted(tune, fields=[street], scales=ONE, components=0)
    assert without.components_ is None and without.parameters() < 1e5
    member = SeesRed()
    member.traits = Traits()
    approach = fitted(tune, member, [street], scales=ONE)
    assert approach.traits.pretrained_on == "ImageNet" and approach.parameters() > 2.9e6


def test_it_is_stored_and_read(photos, tmp_path):
    approach = fitted(
        DataSet(*photos("tune", 12)), fields=[field(photos, "street", 12)], scales=ONE
    )
    assert approach.components_ is not None
    folder = tmp_path / "stored"
    folder.mkdir()
    approach.save(folder)
    again = RegionLightGBM(RegionConfig(), {"red": SeesRed()}).load(folder)
    assert again.look_ == approach.look_
    for image in (scene(50, 20), scene(10, 60)):
        np.testing.assert_array_equal(again.predict_proba(image), approach.predict_proba(image))
    assert again.parameters() == approach.parameters()


def test_a_model_of_before_with_fewer_features_and_one_view_predicts_as_it_did(photos, tmp_path):
    newer = {"solidity", "compactness", "uneven_width", "width_of_ends"}
    approach, image = fitted(DataSet(*photos("tune", 12))), scene(50, 20)
    regions = approach._regions(image, Look())
    names = feature_names([1.0])
    known = [number for number, name in enumerate(names) if name not in newer]
    labels = [1, 0] * 20
    rows = np.tile(regions.features, (20, 1))[:, known]
    data = lgb.Dataset(rows, labels, feature_name=[names[one] for one in known])
    old = lgb.train({"min_data_in_leaf": 2, "verbosity": -1}, data, 5)
    (tmp_path / "fold0.txt").write_text(old.model_to_string())
    told = {"member": "red", "scales": [1.0], "cut": 0.5, "folds": 1, "fold_of": {}}
    (tmp_path / "regions.json").write_text(json.dumps(told))
    again = RegionLightGBM(RegionConfig(), {"red": SeesRed()}).load(tmp_path)
    proba = again.predict_proba(image)
    assert again.look_ == Look() and proba[26, 56] == 1 and proba[66, 26] == 0


def test_too_few_regions_leave_the_model_as_it_is(photos):
    entries, groups = photos("tune", 12)
    few = DataSet(entries[:4], {one.image_id: groups[one.image_id] for one in entries[:4]})
    approach = fitted(few)
    image = scene(50, 20)
    levels = np.rint(SeesRed().predict_proba(image) * 255)
    np.testing.assert_array_equal(np.rint(approach.predict_proba(image) * 255), levels)
    assert "too few" in approach.remarks()[0]


def test_without_members_it_says_how_to_train_some(photos):
    tune = DataSet(*photos("tune", 12))
    with pytest.raises(RequirementMissingError, match="--approaches pixel_lightgbm"):
        RegionLightGBM().fit(tune, tune, budget=Budget())
    with pytest.raises(NotFittedError, match="no trees yet"):
        RegionLightGBM().predict_proba(scene(50, 20))


def test_regions_are_those_of_any_look_and_have_a_value_for_every_name():
    looks = [np.zeros((40, 60), np.float32) for _ in range(2)]
    looks[0][5:15, 5:25], looks[1][30:34, 40:44], looks[1][20, 50] = 0.6, 0.9, 0.9
    regions = find_regions(np.full((40, 60, 3), 90, np.uint8), looks, least_proba=0.5)
    assert len(regions) == 2  # a single pixel is none
    names = feature_names([1.0, 2.0])
    assert regions.features.shape == (2, len(names)) and np.isfinite(regions.features).all()
    row = dict(zip(names, regions.features[0].tolist(), strict=True))
    assert row["area"] == pytest.approx(np.log(200)) and row["touches_border"] == 0
    assert row["elongation"] == pytest.approx(2) and row["fill"] == pytest.approx(1)
    assert row["solidity"] == pytest.approx(1) and row["uneven_width"] == pytest.approx(0, abs=0.1)
    assert row["compactness"] == pytest.approx(1.25, abs=0.01)  # 1 for a disk
    assert row["width_of_ends"] == pytest.approx(1, abs=0.1)
    assert row["mean_at_1"] == pytest.approx(0.6, abs=1e-4) and row["highest_at_2"] == 0
    assert row["range_of_scales"] == pytest.approx(0.6, abs=1e-4) and row[
        "contrast_L"
    ] == pytest.approx(0, abs=1e-3)
    kept = regions.only(np.array([True, False]))
    assert kept[10, 10] == 1 and kept[32, 42] == 0 and kept.sum() == 200


def test_a_hollow_and_a_tapering_region_are_told_from_a_rectangle():
    looks = [np.zeros((60, 60), np.float32)]
    looks[0][5:25, 5:9] = looks[0][21:25, 5:25] = 1  # an L
    for row in range(30):  # a wedge
        looks[0][25 + row, slice(40 - row // 4, 41 + row // 4)] = 1
    regions = find_regions(np.zeros((60, 60, 3), np.uint8), looks, least_proba=0.5)
    names = feature_names([1.0])
    hollow, wedge = (dict(zip(names, row, strict=True)) for row in regions.features.tolist())
    assert hollow["solidity"] < 0.7 and hollow["compactness"] > 2
    assert wedge["solidity"] > 0.85 and wedge["uneven_width"] > 0.3


def test_a_small_square_has_even_widths_too():
    for side in (3, 4, 5, 7, 9):
        look = np.zeros((30, 30), np.float32)
        look[slice(8, 8 + side), slice(10, 10 + side)] = 1
        regions = find_regions(np.zeros((30, 30, 3), np.uint8), [look], least_proba=0.5)
        row = dict(zip(feature_names([1.0]), regions.features[0].tolist(), strict=True))
        assert row["uneven_width"] == 0 and row["width_of_ends"] == 1, side
        assert row["solidity"] == pytest.approx(1, abs=0.01)
        assert regions.boxes.tolist() == [[10, 8, side, side]]


def test_a_region_finds_an_object_invents_or_touches_one():
    looks = [np.zeros((40, 60), np.float32)]
    looks[0][5:15, 5:15] = looks[0][5:15, 30:33] = looks[0][30:36, 30:36] = 1
    regions = find_regions(np.zeros((40, 60, 3), np.uint8), looks, least_proba=0.5)
    objects = [
        TrueObject(5, 5, np.ones((10, 12), bool)),
        TrueObject(5, 30, np.ones((10, 20), bool)),
    ]
    nothing = np.zeros((40, 60), bool)
    is_object, found = compared(regions, objects, nothing)
    assert is_object.tolist() == [1, -1, 0] and found == (0,)


def test_a_further_piece_of_an_object_that_is_found_is_no_invention():
    looks = [np.zeros((40, 60), np.float32)]
    looks[0][5:15, 5:17] = looks[0][5:15, 19:23] = looks[0][30:36, 30:36] = 1
    regions = find_regions(np.zeros((40, 60, 3), np.uint8), looks, least_proba=0.5)
    object_ = TrueObject(5, 5, np.ones((10, 20), bool))
    is_object, found = compared(regions, [object_], np.zeros((40, 60), bool))
    assert is_object.tolist() == [1, -1, 0] and found == (0,)


def test_what_lies_on_a_crowd_region_is_neither_found_nor_invented():
    looks, ignore = [np.zeros((40, 60), np.float32)], np.zeros((40, 60), bool)
    looks[0][5:15, 5:15] = looks[0][20:36, 5:21] = looks[0][20:36, 40:56] = 1
    regions = find_regions(np.zeros((40, 60, 3), np.uint8), looks, least_proba=0.5)
    ignore[18:38, 3:23] = True  # the second region
    ignore[30:40, 40:60] = True  # a part of the third
    objects = [TrueObject(5, 5, np.ones((10, 10), bool)), TrueObject(20, 5, np.ones((9, 9), bool))]
    is_object, found = compared(regions, objects, ignore)
    assert is_object.tolist() == [1, -1, 0] and found == (0,)
    hits = count_hits(looks[0] >= 0.5, objects, ignore)
    assert hits == ((is_object == 1).sum(), (is_object == 0).sum())
