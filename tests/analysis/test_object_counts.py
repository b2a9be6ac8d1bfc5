import numpy as np
import pandas as pd
import pytest

from common.analysis.object_counts import count_difference, object_counts
from common.statistics import paired_differences


def counted(**invented) -> pd.DataFrame:
    rows = [
        {"approach": name, "img_id": number, "object_tp": 2, "object_fn": 1, "object_fp": value}
        for name, values in invented.items()
        for number, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_objects_are_counted_over_all_images_in_the_order_of_the_table():
    counts = object_counts(counted(b=[1, 2], a=[0, 0]))
    assert counts.index.tolist() == ["b", "a"]
    assert counts.loc["b"].to_dict() == {"found": 4, "missed": 2, "invented": 3}
    assert object_counts(counted(a=[1]).drop(columns="object_fp")).empty
    assert object_counts(pd.DataFrame()).empty


def test_a_difference_of_counts_is_that_of_the_means_times_the_images():
    random = np.random.default_rng(0)
    one, other = random.integers(0, 3, 30), random.integers(0, 6, 30)
    table = counted(one=one.tolist(), other=other.tolist()).sample(frac=1, random_state=1)
    found = count_difference(table, "one", "other", "object_fp")
    assert found.total == one.sum() - other.sum()
    expected = paired_differences(np.array([one, other], float), 1, bounds=None)
    assert found.lower <= found.total <= found.upper
    assert found.upper - found.lower == pytest.approx(
        30 * (expected.upper[0] - expected.lower[0]), rel=0.1
    )
    grouped = count_difference(
        table.assign(group=table["img_id"] // 10), "one", "other", "object_fp"
    )
    assert grouped.total == found.total
    assert (grouped.lower, grouped.upper) != (found.lower, found.upper)


def test_a_single_group_has_no_interval_and_a_missing_image_is_refused():
    table = counted(one=[1, 2], other=[0, 0])
    alone = count_difference(table.assign(group="same"), "one", "other", "object_fp")
    assert alone.total == 3 and np.isnan(alone.lower)
    with pytest.raises(ValueError, match="nan"):
        count_difference(table.iloc[:-1], "one", "other", "object_fp")
