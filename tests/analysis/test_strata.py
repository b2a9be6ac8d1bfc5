import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.analysis.strata import (
    COLUMNS,
    failed_by_all,
    members_of,
    outer_difference,
    strata_table,
    worst_images,
)
from common.statistics import mean_intervals

FEW = {"resamples": 50}


def scored(dice: dict[str, list[float]], area=100) -> pd.DataFrame:
    """Per-image rows with these Dice on images 0, 1, …, each predicted smaller than the object."""
    rows = []
    for approach, values in dice.items():
        for image_id, value in enumerate(values):
            tp = round(area * value / (2 - value))  # the Dice of tp found pixels and nothing else
            row = {
                "approach": approach,
                "img_id": image_id,
                "tp": tp,
                "fp": 0,
                "fn": area - tp,
                "dice": value,
            }
            rows.append(row | {"area_bias": -(area - tp) / area})
    return pd.DataFrame(rows)


def like(**columns) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    return table.assign(img_id=range(len(table)))


def empty_image(per_image: pd.DataFrame, image_id: int) -> pd.DataFrame:
    """The table with one more image without an object, on which a pixel was predicted."""
    rows = [
        {
            "approach": name,
            "img_id": image_id,
            "tp": 0,
            "fp": 1,
            "fn": 0,
            "dice": 0.0,
            "area_bias": float("nan"),
        }
        for name in per_image["approach"].unique()
    ]
    return pd.concat([per_image, pd.DataFrame(rows)], ignore_index=True)


def test_thirds_by_hand():
    per_image = scored({"a": [0.1, 0.9, 0.5, 0.7, 0.3, 0.8], "b": [0.2, 0.2, 0.2, 0.4, 0.4, 0.6]})
    table = strata_table(per_image, like(contrast=[6, 5, 4, 3, 2, 1.5]), by=["contrast"])
    assert list(table.columns) == COLUMNS
    assert (
        table["stratum"].tolist() == [1, 1, 2, 2, 3, 3]
        and table["approach"].tolist() == ["a", "b"] * 3
    )
    assert table["low"].tolist() == [1.5, 1.5, 3, 3, 5, 5] and table["high"].tolist() == [
        2,
        2,
        4,
        4,
        6,
        6,
    ]
    assert table["dice_mean"].tolist() == pytest.approx([0.55, 0.5, 0.6, 0.3, 0.5, 0.2])
    assert (table["n_images"] == 2).all() and (table["by"] == "contrast").all()
    expected = per_image.query("approach == 'a' and img_id in (4, 5)")["area_bias"].mean()
    assert table.loc[0, "area_bias"] == pytest.approx(expected) and expected < 0


def test_intervals_are_those_of_the_statistics_over_the_images_or_groups_of_the_stratum():
    random = np.random.default_rng(0)
    dice = random.random((2, 30)).round(3)
    per_image = scored(dict(zip("ab", dice.tolist(), strict=True))).sample(frac=1, random_state=1)
    images = like(contrast=np.arange(30.0)).sample(frac=1, random_state=2)
    groups = {image_id: str(image_id // 3) for image_id in range(30)}
    with_column = per_image.assign(group=per_image["img_id"].map(groups))
    for rows, given_groups in ((per_image, None), (per_image, groups), (with_column, None)):
        table = strata_table(rows, images, by=["contrast"], parts=2, groups=given_groups)
        grouped = given_groups is not None or "group" in rows
        labels = [groups[image_id] for image_id in range(15)] if grouped else None
        expected = mean_intervals(dice[:, :15], labels)
        first = table[table["stratum"] == 1].set_index("approach").loc[["a", "b"]]
        np.testing.assert_allclose(first["lower"], expected.lower)
        np.testing.assert_allclose(first["upper"], expected.upper)
        assert (
            (table["lower"] < table["dice_mean"]) & (table["dice_mean"] < table["upper"])
        ).all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=14), st.integers(1, 4))
@settings(max_examples=30)
def test_strata_part_the_values_in_order_and_keep_equal_ones_together(values, parts):
    per_image = scored({"a": np.linspace(0.2, 0.8, len(values)).tolist()})
    table = strata_table(per_image, like(contrast=values), by=["contrast"], parts=parts, **FEW)
    assert table["stratum"].tolist() == list(range(1, len(table) + 1)) and len(table) <= parts
    assert (table["low"] <= table["high"]).all()
    assert (table["high"].to_numpy()[:-1] < table["low"].to_numpy()[1:]).all()
    sizes = [
        sum(low <= value <= high for value in values)
        for low, high in zip(table["low"], table["high"], strict=True)
    ]
    assert table["n_images"].tolist() == sizes and sum(sizes) == len(values)
    assert (table["dice_mean"] * table["n_images"]).sum() == pytest.approx(per_image["dice"].sum())


@pytest.mark.parametrize("count", range(1, 20))
def test_without_ties_strata_differ_by_one_image_at_most(count):
    table = strata_table(
        scored({"a": [0.5] * count}), like(contrast=range(count)), by=["contrast"], **FEW
    )
    assert len(table) == min(3, count)
    assert table["n_images"].max() - table["n_images"].min() <= 1
    assert table["n_images"].is_monotonic_decreasing


def test_a_constant_value_makes_one_stratum_and_a_single_image_has_no_interval():
    per_image = scored({"a": [0.2, 0.4, 0.9]})
    table = strata_table(
        per_image, like(constant=[7, 7, 7], contrast=[1, 2, 3]), by=["constant", "contrast"], **FEW
    )
    assert table["by"].tolist() == ["constant"] + ["contrast"] * 3
    assert table.loc[0, ["stratum", "low", "high", "n_images"]].tolist() == [1, 7, 7, 3]
    assert (
        table.loc[1:, ["lower", "upper"]].isna().all(axis=None)
        and not table.loc[0, ["lower", "upper"]].isna().any()
    )


def test_images_without_object_are_in_no_stratum_no_list_and_need_no_value():
    per_image, images = scored({"a": [0.2, 0.6], "b": [0.3, 0.9]}), like(contrast=[1.0, 2.0])
    more = empty_image(per_image, 2), like(contrast=[1.0, 2.0, float("nan")])
    pd.testing.assert_frame_equal(
        strata_table(*more, by=["contrast"], **FEW),
        strata_table(per_image, images, by=["contrast"], **FEW),
    )
    assert worst_images(more[0])["img_id"].tolist() == [0, 1, 0, 1]
    assert failed_by_all(more[0]) == failed_by_all(per_image) == [0]


def test_the_worst_images_of_each_approach_with_their_counts():
    per_image = scored({"b": [0.9, 0.1, 0.5, 0.1], "a": [0.3, 0.8, 0.2, 0.7]}).sample(
        frac=1, random_state=3
    )
    per_image = per_image.sort_values("approach", ascending=False)
    worst = worst_images(per_image, 3)
    assert worst["approach"].tolist() == ["b"] * 3 + ["a"] * 3
    assert (
        worst["img_id"].tolist() == [1, 3, 2, 2, 0, 3] and worst["place"].tolist() == [1, 2, 3] * 2
    )
    assert worst["dice"].tolist() == [0.1, 0.1, 0.5, 0.2, 0.3, 0.7]
    assert worst[["img_id", "tp", "fp", "fn"]].dtypes.eq(int).all()
    assert (worst["tp"] + worst["fn"] == 100).all() and len(worst_images(per_image, 99)) == 8


def test_an_image_is_failed_by_all_only_if_nobody_reaches_the_limit():
    per_image = scored({"a": [0.4, 0.4, 0.9, 0.5], "b": [0.1, 0.6, 0.2, 0.3]})
    assert failed_by_all(per_image) == [0]
    assert failed_by_all(per_image, 0.55) == [0, 3]
    assert failed_by_all(per_image, 0.0) == []


def test_a_missing_image_is_named_wherever_it_is_missing():
    per_image, images = (
        scored({"a": [0.2, 0.6, 0.3], "b": [0.3, 0.9, 0.1]}),
        like(contrast=[1.0, 2.0, 3.0]),
    )
    by = {"by": ["contrast"]}
    with pytest.raises(ValueError, match=r"table of images lacks the images \[1\]"):
        strata_table(per_image, images.drop(index=1), **by)
    with pytest.raises(ValueError, match=r"the per-image table lacks the images \[2\]"):
        strata_table(per_image.query("img_id != 2"), images, **by)
    with pytest.raises(ValueError, match=r"mapping of groups lacks the images \[1\]"):
        strata_table(per_image, images, groups={0: "a", 2: "b"}, **by)
    lacking = per_image.query("approach != 'b' or img_id != 0")
    for call in (
        lambda: strata_table(lacking, images, **by),
        lambda: worst_images(lacking),
        lambda: failed_by_all(lacking),
    ):
        with pytest.raises(ValueError, match=r"per-image table for b lacks the images \[0\]"):
            call()


def test_an_image_without_a_value_is_in_no_stratum_of_it():
    """An object from border to border leaves no ground to tell its contrast from."""
    per_image = scored({"a": [0.2, 0.6, 0.9]})
    images = like(contrast=[1.0, float("nan"), 3.0], object_area_px=[1.0, 2.0, 3.0])
    table = strata_table(per_image, images, by=["contrast", "object_area_px"], parts=3)
    assert table.groupby("by")["n_images"].sum().to_dict() == {"contrast": 2, "object_area_px": 3}
    assert strata_table(per_image, like(contrast=[float("nan")] * 3), by=["contrast"]).empty


def test_other_faults_are_named_too():
    per_image, images = scored({"a": [0.2, 0.6], "b": [0.3, 0.9]}), like(contrast=[1.0, 2.0])
    by = {"by": ["contrast"]}
    with pytest.raises(ValueError, match=r"table of images has the images \[0\] more than once"):
        strata_table(per_image, pd.concat([images, images.head(1)]), **by)
    with pytest.raises(ValueError, match=r"table for a has the images \[0\] more than once"):
        strata_table(pd.concat([per_image, per_image.head(1)]), images, **by)
    with pytest.raises(
        ValueError, match="table of images has no column object_area_px, ground_brightness"
    ):
        strata_table(per_image, images)
    with pytest.raises(ValueError, match="per-image table has no row"):
        failed_by_all(per_image.head(0))
    with pytest.raises(ValueError, match="parts=0"):
        strata_table(per_image, images, parts=0, **by)
    disagreeing = per_image.assign(fn=[80, 60, 0, 10], tp=[20, 40, 0, 90])
    with pytest.raises(
        ValueError, match=r"rows with tp \+ fn > 0 of every approach lacks the images \[0\]"
    ):
        failed_by_all(disagreeing)


def test_the_members_are_those_of_the_table():
    per_image = scored({"a": [0.1, 0.9, 0.5, 0.7, 0.3, 0.8]})
    images = like(contrast=[6, 5, 4, 3, 2, 1.5])
    members = members_of(per_image, images, by=["contrast"])
    assert members.groupby("stratum")["img_id"].apply(sorted).tolist() == [[4, 5], [2, 3], [0, 1]]
    table = strata_table(per_image, images, by=["contrast"], **FEW)
    assert table["n_images"].tolist() == [2, 2, 2]


def test_the_outer_strata_are_compared_by_the_difference_of_their_means():
    random = np.random.default_rng(0)
    dice = np.r_[
        0.5 + 0.05 * random.standard_normal(20),
        random.random(20),
        0.8 + 0.1 * random.standard_normal(20),
    ]
    per_image, images = scored({"a": dice.clip(0, 1).tolist()}), like(contrast=np.arange(60.0))
    [row] = outer_difference(per_image, images, by=["contrast"]).to_dict("records")
    low, high = per_image["dice"][:20], per_image["dice"][40:]
    assert row["difference"] == pytest.approx(high.mean() - low.mean())
    error = np.sqrt(low.var() / 20 + high.var() / 20)  # of two independent means
    assert (row["upper"] - row["lower"]) / 2 / error == pytest.approx(2, abs=0.2)
    apart = per_image.assign(group=per_image["img_id"] // 4)
    [grouped] = outer_difference(apart, images, by=["contrast"]).to_dict("records")
    assert grouped["difference"] == row["difference"] and grouped["lower"] != row["lower"]


def test_the_interval_of_the_outer_strata_covers_no_difference_in_about_95_of_100_trials():
    held = 0
    for trial in range(120):
        random = np.random.default_rng(trial)
        of_group = np.repeat(0.1 * random.standard_normal(20), 3)
        dice = (0.6 + of_group + 0.05 * random.standard_normal(60)).clip(0, 1)
        per_image = scored({"a": dice.tolist()}, area=10_000).assign(
            group=lambda rows: rows["img_id"] // 3
        )
        images = like(contrast=random.permutation(60).astype(float))
        [row] = outer_difference(per_image, images, by=["contrast"], resamples=200).to_dict(
            "records"
        )
        held += row["lower"] <= 0 <= row["upper"]
    assert held >= 105


def test_a_single_stratum_is_not_compared_and_a_single_group_has_no_interval():
    per_image = scored({"a": [0.2, 0.6, 0.9]})
    assert outer_difference(per_image, like(contrast=[1.0, 1.0, 1.0]), by=["contrast"]).empty
    [row] = outer_difference(
        per_image.assign(group="g"), like(contrast=[1.0, 2.0, 3.0]), by=["contrast"]
    ).to_dict("records")
    assert row["difference"] == pytest.approx(0.7) and np.isnan(row["lower"])
