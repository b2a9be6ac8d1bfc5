import numpy as np
import pandas as pd
import pytest

from common.leaderboard.__main__ import main
from common.leaderboard.score_table import read_scores

SCORES = {"unet": 0.8, "fpn": 0.78, "threshold": 0.4}


def rows(images=12, change=lambda name, image, dice: (name, image, dice)):
    rng = np.random.default_rng(0)
    return [
        change(name, image, round(float(np.clip(mean + rng.normal(0, 0.05), 0, 1)), 4))
        for name, mean in SCORES.items()
        for image in range(images)
    ]


def written(path, cells, header=("approach", "img_id", "dice"), separator=",", **how):
    lines = [separator.join(map(str, line)) for line in (header, *cells)]
    path.write_text("\n".join(lines) + "\n", **{"encoding": "utf-8", **how})
    return path


def analysed(capsys, path, *words):
    code = main(["analyse", str(path), *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_the_same_scores_are_the_same_table_whichever_program_wrote_them(tmp_path):
    plain, notes = read_scores(written(tmp_path / "plain.csv", rows()), "dice")
    assert notes == [] and plain["img_id"].dtype == int and plain["dice"].dtype == float
    comma = rows(change=lambda name, image, dice: (name, image, str(dice).replace(".", ",")))
    quoted = [(name, image, f'"{dice}"') for name, image, dice in comma]
    named = [(number, *row) for number, row in enumerate(rows())]
    for path, told in {
        written(tmp_path / "semicolon.csv", comma, separator=";"): "divided by semicolons",
        written(tmp_path / "point.csv", rows(), separator=";"): "divided by semicolons",
        written(tmp_path / "tab.csv", rows(), separator="\t"): "divided by tabs",
        written(tmp_path / "utf16.csv", rows(), encoding="utf-16"): "UTF-16",
        written(tmp_path / "quoted.csv", quoted): "",
        written(tmp_path / "capitals.csv", rows(), ("Approach", " img_id", "DICE")): "Approach",
        written(tmp_path / "index.csv", named, ("", "approach", "img_id", "dice")): "",
        written(tmp_path / "empty_lines.csv", [*rows(), ("", "", "")]): "",
        written(tmp_path / "empty_cells.csv", [(*row, "", "") for row in rows()]): "",
    }.items():
        table, notes = read_scores(path, "dice")
        pd.testing.assert_frame_equal(table[["approach", "img_id", "dice"]], plain)
        assert told in " ".join(notes)


def replaced(value, which=lambda name, image: name == "threshold" and image == 7):
    return rows(
        change=lambda name, image, dice: (name, image, value if which(name, image) else dice)
    )


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (replaced("inf"), "dice of threshold in line 33 is 'inf' (1 such in all)"),
        (replaced("0.8.1"), "dice of threshold in line 33 is '0.8.1'"),
        (replaced(""), "threshold has no dice for image 7, which another approach has"),
        (replaced("nan"), "threshold has no dice for image 7, which another approach has"),
        (replaced("", lambda _, image: image in (3, 5)), "no approach has a dice for image 3 (2 "),
        (replaced("0,8"), "line 33 has 4 cells, the header 3: a decimal comma"),
        ([*rows(), ("unet", "", 0.5)], "1 rows without img_id, the first in line 38"),
        ([*rows(), ("unet", 3, 0.5)], "unet has image 3 twice"),
        ([("unet", 1)], "line 2 has 2 cells, the header 3"),
    ],
)
def test_scores_that_cannot_be_compared_are_told_with_file_and_place(
    tmp_path, capsys, cells, told
):
    path = written(tmp_path / "scores.csv", cells)
    code, said = analysed(capsys, path)
    assert code == 2 and told in said and str(path) in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\x89PNG\0\0\0", "is not UTF-8"),
        (b"PK\x03\x04", "an Excel workbook"),
        (b"img_id,unet,fpn\n1,0.5,0.6\n", "table.melt('img_id', var_name='approach'"),
        (b"approach,img_id,dice,dice\na,1,0.5,0.6\n", "column dice twice"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, capsys, content, told):
    path = tmp_path / "scores.csv"
    path.write_bytes(content)
    code, said = analysed(capsys, path)
    assert code == 2 and told in said and str(path) in said


def test_groups_must_be_the_same_for_all_approaches(tmp_path, capsys):
    header = ("approach", "img_id", "group", "dice")
    apart = [(name, image, f"{name}{image // 2}", dice) for name, image, dice in rows()]
    code, said = analysed(capsys, written(tmp_path / "apart.csv", apart, header))
    assert code == 2 and "image 0 is in the groups 'unet0' and 'fpn0' (12 images" in said
    partly = [(name, image, "" if image % 2 else image // 4, dice) for name, image, dice in rows()]
    code, said = analysed(capsys, written(tmp_path / "partly.csv", partly, header))
    assert code == 0 and "6 images have no group" in said
    assert "12 images (9 independent groups)" in " ".join(said.split())


def test_long_numbers_stay_apart_as_groups_where_an_image_has_none(tmp_path):
    header = ("approach", "img_id", "group", "dice")
    first = 20261127123456781  # a float cannot tell it from the next one
    cells = [
        (name, image, "none" if image == 11 else first + image % 11, dice)
        for name, image, dice in rows()
    ]
    table, notes = read_scores(written(tmp_path / "scores.csv", cells, header), "dice")
    groups = {str(first + number) for number in range(11)} | {"image 11"}
    assert set(table["group"]) == groups and len(groups) == 12
    assert notes == ["1 image has no group; each was taken as a group of its own."]


@pytest.mark.parametrize("images", [1, 2, 5])
def test_a_clear_difference_on_too_few_images_is_too_few_to_tell(tmp_path, capsys, images):
    cells = [
        (name, image, dice) for name, dice in (("a", 1.0), ("b", 0.0)) for image in range(images)
    ]
    code, said = analysed(capsys, written(tmp_path / "few.csv", cells))
    words = " ".join(said.split())
    assert code == 0 and "Too few images to tell b from the best" in words
    assert "takes 6 images" in words and "not told apart" not in said.lower()
    assert "too few images to tell" in next(line for line in said.splitlines() if line[:2] == "b ")
    assert "true difference" not in said


def test_enough_images_that_do_not_differ_are_not_called_too_few(tmp_path, capsys):
    code, said = analysed(capsys, written(tmp_path / "enough.csv", rows()))
    assert code == 0 and "not told apart" in said and "too few" not in said.lower()
    same_way = [
        (name, image, dice) for name, dice in (("a", 1.0), ("b", 0.0)) for image in range(6)
    ]
    code, said = analysed(capsys, written(tmp_path / "six.csv", same_way))
    assert "worse" in said and "too few" not in said.lower()


def test_percent_are_compared_and_the_unit_of_the_margin_is_said(tmp_path, capsys):
    cells = [(name, image, 100 * dice) for name, image, dice in rows()]
    code, said = analysed(capsys, written(tmp_path / "percent.csv", cells))
    assert code == 0 and "--margin 1" in said


def test_costs_may_come_from_a_spreadsheet_too(tmp_path, capsys):
    path = written(tmp_path / "scores.csv", rows())
    header = ("approach", "predict_seconds_per_image")
    costs = written(tmp_path / "costs.csv", [("unet", "0,5"), ("fpn", "0,1")], header, ";")
    code, said = analysed(capsys, path, "--costs", str(costs))
    assert code == 2 and "no cost of threshold" in said
    whole = [("unet", "0,5"), ("fpn", "0,1"), ("threshold", "0,0")]
    costs = written(tmp_path / "costs.csv", whole, header, ";")
    assert analysed(capsys, path, "--costs", str(costs))[0] == 0
    costs = written(tmp_path / "costs.csv", [*whole, ("x", "cheap")], header, ";")
    code, said = analysed(capsys, path, "--costs", str(costs))
    assert code == 2 and "line 5 is 'cheap'" in said and str(costs) in said


@pytest.mark.parametrize(
    ("bounds", "winner"), [((), "quick"), ((0.08, 0.14), "best"), ((0.09, 0.11), "quick")]
)
def test_a_cost_is_cheaper_only_beyond_its_bounds_where_it_has_any(
    tmp_path, capsys, bounds, winner
):
    dice = {"best": 0.800, "quick": 0.799}
    cells = [
        (name, image, mean + image / 1000) for name, mean in dice.items() for image in range(30)
    ]
    path = written(tmp_path / "scores.csv", cells)
    header = ["approach", "predict_seconds_per_image"]
    prices = [("best", 0.12, 0.115, 0.13), ("quick", 0.10, *bounds)]
    if bounds:
        header += ["predict_seconds_lower", "Predict_seconds_upper"]
    costs = written(tmp_path / "costs.csv", [row[: len(header)] for row in prices], header)
    code, said = analysed(capsys, path, "--costs", str(costs))
    assert code == 0 and f"{winner} is chosen by the rule" in " ".join(said.split())
