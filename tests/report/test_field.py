from pathlib import Path

import pandas as pd
import pytest

from common.report.field import (
    causes_in,
    photos_of_tests,
    read_causes,
    read_stages,
    taken_together,
)
from common.report.plots.field import cause_figure, street_figure

RESULTS = Path(__file__).parents[2] / "results"


def test_causes_are_read_the_most_frequent_first(tmp_path):
    assert read_causes(tmp_path).empty and cause_figure(read_causes(tmp_path)) is None
    lines = ["cause,kind,count", "leaf,invented,3", "kerb,invented,4", "kerb,missed,1"]
    (tmp_path / "failures.csv").write_text("\n".join(lines), encoding="utf-8")
    causes = read_causes(tmp_path)
    assert causes.to_numpy().tolist() == [
        ["kerb", "invented", 4],
        ["kerb", "missed", 1],
        ["leaf", "invented", 3],
    ]
    [axes] = cause_figure(causes).axes
    assert sum(bar.get_width() for bar in axes.patches) == 8
    assert [text.get_text() for text in axes.texts] == ["5", "3"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("cause,count\nleaf,1", "no column kind"), ("cause,kind,count\nleaf,missed,x", "leaf has")],
)
def test_a_table_of_causes_that_cannot_be_read_is_named(tmp_path, text, complaint):
    (tmp_path / "failures.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        read_causes(tmp_path)


def test_a_cause_that_remarks_name_counts_once_a_photo():
    remarks = ["a leaf and another leaf", "two leaves; a kerb", None, "nothing of note"]
    causes = causes_in(pd.DataFrame({"remark": remarks}))
    assert causes.to_numpy().tolist() == [["leaf", "photos", 2], ["kerb", "photos", 1]]


def published(name):
    return RESULTS / f"cig-butts-{name}"


def test_runs_that_were_tested_on_two_halves_are_taken_together():
    pair = [published("field-cpu"), published("field-exchanged")]
    stages = {
        "composites": ([published("street")], "smp_unet_lite0"),
        "field": (pair, "region_lightgbm"),
    }
    tested = taken_together(stages)
    assert (
        tested[["objects", "photos_with", "photos_without"]].to_numpy().tolist()
        == [[137, 87, 92]] * 2
    )
    assert tested["found"].tolist() == [87, 77] and tested["invented"].tolist() == [174, 4]
    assert tested["bare"].tolist() == [426, 16]
    assert tested["object_f1"].tolist() == pytest.approx([174 / 398, 154 / 218])
    assert tested["clean_share"].tolist() == pytest.approx([3 / 92, 80 / 92])
    assert tested.loc["field", "val"] == pytest.approx((0.9484 + 0.9456) / 2, abs=1e-4)
    for name in ("found_share", "invented_rate", "bare_rate"):
        assert (tested[f"{name}_lower"] < tested[name]).all()
        assert (tested[name] < tested[f"{name}_upper"]).all()
    found, invented = street_figure(tested).axes
    assert [text.get_text() for text in found.get_yticklabels()] == ["composites", "field"]
    assert found.get_xlabel() == "share of 137 objects found"
    assert len(invented.lines) == 2 and street_figure(tested.head(0)) is None


def test_stages_are_read_in_their_order_and_those_without_their_runs_are_left_out(tmp_path):
    stored = RESULTS / "street_stages.csv"
    assert taken_together(read_stages(stored))["found"].tolist() == [87, 73, 77, 89, 92]
    copy = tmp_path / "stages.csv"
    copy.write_text(stored.read_text())
    assert read_stages(copy) == {}


def test_a_photo_that_was_tested_twice_is_refused():
    twice = [published("street"), published("field-cpu")]
    with pytest.raises(ValueError, match="82 photos of cig-butts-street, cig-butts-field-cpu"):
        photos_of_tests(twice, "smp_unet_lite0")
