import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.analysis.lost_dice import KINDS, images_of_half, loss_parts


def scored(dice, missed=0, invented=0) -> pd.DataFrame:
    return pd.DataFrame(
        {"tp": 9, "fn": 1, "dice": dice, "object_fn": missed, "object_fp": invented}
    )


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20
    )
)
def test_every_image_is_in_one_part_and_the_parts_add_up(rows):
    dice, missed, invented = map(list, zip(*rows, strict=True))
    parts = loss_parts(scored(dice, missed, invented))
    assert tuple(parts.index) == KINDS
    assert parts["images"].sum() == len(rows)
    assert parts["loss"].sum() == pytest.approx(sum(1 - one for one in dice))
    assert (
        parts["share"].sum() == pytest.approx(1)
        if parts["loss"].sum() > 0
        else parts["share"].isna().all()
    )


def test_a_missed_object_outweighs_an_invented_one():
    parts = loss_parts(scored([0.5, 0.5], [1, 0], [3, 1]))
    assert parts["images"].to_dict() == {"missed": 1, "invented": 1, "outline": 0}


def test_images_without_object_do_not_count():
    empty = pd.DataFrame({"tp": [0], "fn": [0], "dice": [0.0], "object_fn": [0], "object_fp": [4]})
    table = pd.concat([scored([0.8]), empty])
    assert loss_parts(table)["images"].sum() == 1
    assert images_of_half(table) == 1


def test_half_of_the_loss_is_on_the_worst_images():
    assert images_of_half(scored([0.0, 0.9, 0.9, 0.9])) == 1
    assert images_of_half(scored([0.5] * 8)) == 4
    assert images_of_half(scored([1.0] * 3)) == 0


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column object_fp"):
        loss_parts(scored([0.5]).drop(columns="object_fp"))
    assert np.isnan(loss_parts(scored([1.0]))["share"]).all()
