import pandas as pd

from common.report.plots.learning import by_steps, by_training, learning_figure, time_figure

ROWS = {
    "baseline": ("0.90 0.88", 16.0, 400.0),
    "half of the groups": ("0.85 0.87", 8.0, 210.0),
    "a quarter of the groups": ("0.70 0.75", 4.0, 100.0),
    "half of each group's images": ("0.89 0.88", 16.0, 200.0),
    "a quarter of each group's images": ("0.88 0.86", 16.0, 100.0),
}
COLUMNS = ["dice_by_seed", "fit_groups", "fit_images"]
TABLE = (
    pd.DataFrame.from_dict(ROWS, "index", columns=COLUMNS).rename_axis("variation").reset_index()
)


def test_fewer_groups_and_fewer_images_are_told_apart():
    assert by_training(TABLE, "groups").index.tolist() == [4, 8, 16]
    images = by_training(TABLE, "images")
    assert images.index.tolist() == [100, 200, 400]
    assert images.loc[100].tolist() == [0.88, 0.86]


def test_a_variation_that_did_not_come_through_is_left_out():
    partly = TABLE.assign(dice_by_seed=TABLE["dice_by_seed"].where(TABLE.index != 3))
    assert by_training(partly, "images").index.tolist() == [100, 400]


def test_each_way_has_a_line_and_a_place_at_twice_the_data():
    figure = learning_figure({"one": TABLE, "other": TABLE.drop(index=[3, 4])})
    both, groups_alone = figure.axes
    assert (len(both.containers), len(groups_alone.containers)) == (2, 1)
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "fewer different objects",
        "fewer photos of the same objects",
    ]


def test_without_a_curve_there_is_no_figure():
    assert learning_figure({"one": TABLE.head(2)}) is None


def test_dice_against_steps_is_carried_on_to_twice_the_steps():
    rows = {"dice_by_seed": ["0.92 0.90", "0.90 0.89", None, "0.85 0.80"]}
    table = pd.DataFrame({**rows, "fit_steps": [400.0, 200.0, 100.0, 50.0]})
    assert by_steps(table).index.tolist() == [50, 200, 400]
    figure = time_figure({"one": table, "too short": table.head(2)})
    [axes] = figure.axes
    assert axes.get_xticks().tolist() == [50, 200, 400, 800]
    [[_, _, [bar]]] = axes.containers
    assert bar.get_segments()[0][0][0] == 800
    assert time_figure({"too short": table.head(2)}) is None
