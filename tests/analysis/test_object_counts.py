import pandas as pd

from common.analysis.object_counts import object_counts


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
