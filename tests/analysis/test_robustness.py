import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.analysis.robustness import robustness_summary, severity_table


def frames(cells: dict, clean: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(name, severity) → image id → Dice, and image id → Dice, as tables."""
    rows = [
        (*cell, image_id, dice)
        for cell, images in cells.items()
        for image_id, dice in images.items()
    ]
    return (
        pd.DataFrame(rows, columns=["corruption", "severity", "img_id", "dice"]),
        pd.DataFrame(clean.items(), columns=["img_id", "dice"]),
    )


def alike(one: dict, other: dict) -> bool:
    """The same but for the last digits."""
    near = (
        one[key] == (pytest.approx(other[key]) if isinstance(one[key], float) else other[key])
        for key in one
    )
    return one.keys() == other.keys() and all(near)


def example():
    cells = {
        ("noise", 1): {4: 0.8, 5: 0.6},
        ("noise", 2): {4: 0.6, 5: 0.4},
        ("blur", 1): {4: 0.9, 5: 0.7},
        ("blur", 2): {4: 0.8, 5: 0.6},
        ("shadow", 1): {4: 0.9, 5: 0.3},
        ("shadow", 2): {4: 0.7, 5: 0.5},
    }
    return frames(cells, {4: 0.9, 5: 0.7})


def test_a_summary_by_hand():
    found = robustness_summary(*example(), marked={"noise"})
    assert found["n_images"] == 2 and found["n_without_object"] == 0
    assert (
        found["n_corruptions"] == 3 and found["n_unmarked"] == 2 and found["marked"] == ["noise"]
    )
    expected = {
        "dice_clean": 0.8,
        "dice_mean": 0.65,
        "drop": 0.15,
        "relative_drop": 0.1875,
        "worst_drop": 0.2,
        "unmarked_dice_mean": 0.675,
        "unmarked_drop": 0.125,
        "unmarked_relative_drop": 0.15625,
        "unmarked_worst_drop": 0.2,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert (found["worst"], found["unmarked_worst"]) == ("noise", "shadow")


def test_the_table_has_a_row_for_each_cell_in_the_order_it_was_measured():
    table, clean = example()
    rows = severity_table(
        table.sort_values("severity", ascending=False, kind="stable"), clean, {"noise", "blur"}
    )
    cells = list(zip(rows["corruption"], rows["severity"], strict=True))
    assert cells == [
        (name, severity) for name in ("noise", "blur", "shadow") for severity in (1, 2)
    ]
    assert rows["dice_mean"].tolist() == pytest.approx([0.7, 0.5, 0.8, 0.7, 0.6, 0.6])
    assert rows["drop"].tolist() == pytest.approx([0.1, 0.3, 0.0, 0.1, 0.2, 0.2])
    assert rows["in_augmentation"].tolist() == [True] * 4 + [False] * 2
    assert (rows["n_images"] == 2).all()


@given(st.integers(0, 1000))
@settings(max_examples=15)
def test_the_order_of_rows_changes_no_number(seed):
    random = np.random.default_rng(seed)
    names = ["noise", "blur", "shadow"]
    cells = {
        (name, level): dict(enumerate(random.random(4))) for name in names for level in (1, 3)
    }
    table, clean = frames(cells, dict(enumerate(random.random(4))))
    shuffled = table.sample(frac=1, random_state=seed), clean.sample(frac=1, random_state=seed)
    one, other = (
        robustness_summary(table, clean, {"blur"}),
        robustness_summary(*shuffled, {"blur"}),
    )
    assert alike(one, other)
    rows = severity_table(table, clean)
    assert one["drop"] == pytest.approx(rows["drop"].mean())
    assert one["worst_drop"] == pytest.approx(rows.groupby("corruption")["drop"].mean().max())


def test_an_image_without_object_is_left_out_everywhere_and_counted():
    table, clean = example()
    whole = robustness_summary(table, clean)
    empty = table.query("img_id == 4").assign(
        img_id=9, dice=[math.nan, 0.0, math.nan, math.nan, 0.0, 0.0]
    )
    with_empty = (
        pd.concat([table, empty]),
        pd.concat([clean, pd.DataFrame({"img_id": [9], "dice": [math.nan]})]),
    )
    found = robustness_summary(*with_empty)
    assert found.pop("n_without_object") == 1 and whole.pop("n_without_object") == 0
    assert alike(found, whole)
    assert (severity_table(*with_empty)["n_images"] == 2).all()


def test_counts_tell_an_image_without_object_also_where_a_false_find_gave_it_a_dice():
    table, clean = example()
    more = table.query("img_id == 4").assign(img_id=9, dice=0.0, tp=0, fn=0)
    table, clean = (frame.assign(tp=5, fn=5) for frame in (table, clean))
    with_empty = pd.concat([table, more]), pd.concat([clean, more.head(1)[clean.columns]])
    assert alike(
        robustness_summary(*with_empty), robustness_summary(table, clean) | {"n_without_object": 1}
    )


def test_an_object_that_vanishes_in_one_state_takes_its_image_out_of_all():
    table, clean = example()
    table.loc[
        (table["corruption"] == "shadow") & (table["img_id"] == 5) & (table["severity"] == 1),
        "dice",
    ] = None
    found = robustness_summary(table, clean)
    assert (found["n_images"], found["n_without_object"]) == (1, 1)
    assert found["dice_clean"] == pytest.approx(0.9)


def test_where_every_corruption_was_met_in_training_nothing_is_said_of_the_others():
    found = robustness_summary(*example(), marked={"noise", "blur", "shadow", "scale"})
    assert found["n_unmarked"] == 0 and found["unmarked_worst"] is None
    assert math.isnan(found["unmarked_drop"]) and math.isnan(found["unmarked_worst_drop"])
    assert found["marked"] == ["blur", "noise", "shadow"]


def test_of_equally_bad_corruptions_the_first_in_the_alphabet_is_named():
    table, clean = frames({(name, 1): {1: 0.5} for name in ("noise", "jpeg", "shadow")}, {1: 1.0})
    assert robustness_summary(table, clean)["worst"] == "jpeg"


def test_an_approach_that_finds_nothing_has_no_relative_drop():
    found = robustness_summary(*frames({("noise", 1): {1: 0.0}}, {1: 0.0}))
    assert found["drop"] == 0 and math.isnan(found["relative_drop"])


def test_a_summary_can_be_stored():
    found = robustness_summary(*example(), marked={"noise"})
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table, clean: (table.drop(index=0), clean), r"noise at severity 1: missing \[4\]"),
        (
            lambda table, clean: (pd.concat([table, table.head(1)]), clean),
            r"noise at severity 1.*more than once \[4\]",
        ),
        (lambda table, clean: (table, clean.head(1)), r"without a clean score \[5\]"),
        (
            lambda table, clean: (table, pd.concat([clean, clean.tail(1)])),
            r"as they were.*more than once \[5\]",
        ),
        (
            lambda table, clean: (table.query("corruption != 'blur' or severity == 1"), clean),
            r"blur at 1; noise at 1, 2",
        ),
        (lambda table, clean: (table.drop(columns="severity"), clean), "no column severity"),
        (lambda table, clean: (table, clean.head(0)), "the clean of robustness has no row"),
        (
            lambda table, clean: (table.assign(dice=math.nan), clean),
            "none of the 2 images has an object",
        ),
    ],
)
def test_gaps_are_refused_and_named(spoil, message):
    with pytest.raises(ValueError, match=message):
        robustness_summary(*spoil(*example()))
