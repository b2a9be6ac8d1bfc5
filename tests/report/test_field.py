from pathlib import Path

import pandas as pd
import pytest

from common.report.field import causes_in, read_causes, read_ground
from common.report.plots.field import cause_figure, ground_figure

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


def test_the_trainings_of_the_published_table_are_read_and_drawn():
    ground = read_ground((RESULTS / "README.md").read_text(encoding="utf-8"))
    assert len(ground) >= 5 and ground["dice"].between(0, 1).all()
    figure = ground_figure(ground)
    assert len(figure.axes[0].lines) == len(ground) + 2
    assert read_ground("## Another\n\n| a | 0.1, 2, 3 |\n").empty
    assert ground_figure(ground.head(0)) is None
