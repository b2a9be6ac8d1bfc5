import numpy as np
import pandas as pd
import pytest

from common.analysis.set_scores import MEASURES, summary_of, turned_pairs


def photos(found_share, invented, number=120, seed=0, dice=0.8):
    random = np.random.default_rng(seed)
    objects = random.integers(0, 4, number)
    return pd.DataFrame(
        {
            "img_id": range(number),
            "group": [f"place-{image // 2}" for image in range(number)],
            "objects": objects,
            "boxes": 0,
            "found": random.binomial(objects, found_share),
            "invented": random.poisson(invented, number),
            "dice": np.where(objects > 0, random.normal(dice, 0.05, number).clip(0, 1), np.nan),
        }
    )


def test_sums_and_shares_are_those_of_all_photos():
    table = photos(0.6, 1.0)
    row = summary_of(table)
    found, objects, invented = (table[name].sum() for name in ("found", "objects", "invented"))
    assert (row["found"], row["missed"], row["invented"]) == (found, objects - found, invented)
    assert row["found_share"] == pytest.approx(found / objects)
    assert row["object_f1"] == pytest.approx(2 * found / (objects + found + invented))
    assert row["invented_per_image"] == pytest.approx(invented / len(table))
    empty = table[table["objects"] == 0]
    assert row["invented_per_empty"] == pytest.approx(empty["invented"].mean())
    assert row["empty_hit"] == (empty["invented"] > 0).sum()
    assert row["dice_mean"] == pytest.approx(table["dice"].mean())


def test_intervals_hold_the_value_and_widen_where_photos_belong_together():
    table = photos(0.6, 1.0)
    row = summary_of(table)
    for measure in MEASURES:
        lower, upper = row[f"{measure.name}_lower"], row[f"{measure.name}_upper"]
        assert 0 <= lower < row[measure.name] < upper <= measure.most
    twice = pd.concat([table, table.assign(img_id=table["img_id"] + 1000)])
    assert summary_of(twice)["object_f1_upper"] == pytest.approx(row["object_f1_upper"], abs=0.01)


def test_the_interval_of_f1_covers_the_truth_about_as_often_as_it_says():
    truth = 2 * 0.6 * 1.5 / (1.5 + 0.6 * 1.5 + 0.5)
    rows = [summary_of(photos(0.6, 0.5, seed=seed)) for seed in range(60)]
    covered = [row["object_f1_lower"] <= truth <= row["object_f1_upper"] for row in rows]
    assert 0.85 <= np.mean(covered) <= 1


def test_a_set_without_objects_has_inventions_alone():
    table = photos(0.5, 2.0).assign(objects=0, found=0, dice=np.nan)
    row = summary_of(table)
    assert row["invented_per_image"] == row["invented_per_empty"] > 1
    assert all(np.isnan(row[name]) for name in ("dice_mean", "object_f1", "found_share"))
    turned = turned_pairs({"a": table, "b": table.assign(invented=0)}, {"a": 0.9, "b": 0.8})
    assert [one.measure for one in turned] == ["invented_per_image"]


def test_a_single_group_has_no_bounds():
    row = summary_of(photos(0.6, 1.0).assign(group="one"))
    assert np.isnan(row["object_f1_lower"]) and row["object_f1"] > 0


def test_pairs_that_turn_round_are_told_and_whether_that_is_chance():
    good, poor = photos(0.95, 0.05, dice=0.9), photos(0.3, 3.0, dice=0.7)
    assert turned_pairs({"good": good, "poor": poor}, {"good": 0.9, "poor": 0.8}) == []
    turned = turned_pairs({"good": good, "poor": poor}, {"good": 0.8, "poor": 0.9})
    by_measure = {one.measure: one for one in turned}
    for name in ("dice_mean", "object_f1", "invented_per_image"):
        assert (by_measure[name].ahead, by_measure[name].behind) == ("poor", "good")
        assert by_measure[name].is_shown
    nearly = poor.assign(found=poor["found"].where(poor.index != 3, poor["objects"]))
    turned = turned_pairs({"nearly": nearly, "poor": poor}, {"nearly": 0.8, "poor": 0.9})
    assert [one.is_shown for one in turned if one.measure == "object_f1"] in ([False], [])


def test_who_has_no_score_on_val_is_not_compared():
    table = photos(0.5, 1.0)
    assert turned_pairs({"a": table, "b": photos(0.9, 0.1)}, {"a": 0.9}) == []
