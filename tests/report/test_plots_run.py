import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from made_run import make_run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from common.coco import read_entries, read_image
from common.data import decode
from common.masks.postprocess import Postprocess
from common.masks.probabilities import ProbabilityMaps
from common.masks.tuning import StepReport, Tuning
from common.report.colours import GREY
from common.report.finished_run import FinishedRun, photo_masks, read_run, val_masks
from common.report.narrative.unseen import parts
from common.report.plots import behaviour, comparison, fitting, outlines, studies
from common.report.plots.labels import place_labels
from common.report.plots.style import WIDTH, plain_ticks, row_figure, styled_axes

FIGURES = {
    "board": lambda run: comparison.board_figure(run.board),
    "differences": lambda run: comparison.difference_figure(run.board, run.margin),
    "ranks": lambda run: comparison.rank_figure(run.board),
    "costs": lambda run: comparison.cost_figure(run.board),
    "dice": lambda run: comparison.dice_figure(run.per_image, run.colours),
    "parts": lambda run: comparison.parts_figure(parts(run)),
    "trainings": lambda run: fitting.training_figure(run.curves, run.colours),
    "loss": lambda run: fitting.loss_figure(run.curves, run.colours),
    "thresholds": lambda run: fitting.threshold_figure(list(run.records.values()), run.colours),
    "steps": lambda run: fitting.steps_figure(list(run.records.values()), run.colours),
    "ensemble": lambda run: fitting.ensemble_figures(run.combinations)["tta_ensemble"],
    "strata": lambda run: behaviour.strata_figures(run.tables["strata"], run.colours)["contrast"],
    "robustness": lambda run: behaviour.robustness_figure(run.tables["robustness"]),
    "reliability": lambda run: behaviour.reliability_figure(
        run.tables["calibration"], run.colours
    ),
}
STUDY = pd.DataFrame(
    {
        "variation": ["baseline", "none", "copy-paste", "geometric", "broken"],
        "verdict": ["baseline", "hurts", "helps", "not told apart", np.nan],
        "to_baseline": [0, -0.03, 0.02, -0.004, np.nan],
        "to_baseline_lower": [0, -0.05, 0.005, -0.01, np.nan],
        "to_baseline_upper": [0, -0.01, 0.034, 0.008, np.nan],
        "by_seed": [
            "",
            "-0.020 -0.050 -0.031",
            "+0.031 +0.010 +0.021",
            "+0.001 -0.011 -0.004",
            np.nan,
        ],
    }
)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> FinishedRun:
    return read_run(make_run(tmp_path_factory.mktemp("made") / "run"))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_a_whole_run_can_be_drawn_and_names_its_axes(run, name):
    figure = FIGURES[name](run)
    assert isinstance(figure, Figure)
    FigureCanvasAgg(figure).draw()
    [axes] = figure.axes  # one panel, which a phone shows whole
    assert axes.get_xlabel() and figure.get_size_inches()[0] == WIDTH


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_overlaps_another_or_reaches_out_of_the_figure(run, name):
    figure = FIGURES[name](run)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, whole = canvas.get_renderer(), figure.bbox
    [axes] = figure.axes
    rows = [text for text in axes.texts if name not in ("costs", "robustness")]
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    for texts in (axes.get_xticklabels(), axes.get_yticklabels(), rows, legends):
        boxes = [Text.get_window_extent(text, renderer) for text in texts if text.get_text()]
        seen = [box for box in boxes if box.overlaps(whole) and box.width > 0]
        if texts is rows or texts is legends:
            assert all(whole.padded(1).containsx(box.x0) for box in seen)
            assert all(whole.padded(1).containsx(box.x1) for box in seen)
        if name == "robustness":
            continue  # its names are turned, and so their boxes
        pairs = itertools.combinations(seen, 2)
        assert not [pair for pair in pairs if pair[0].overlaps(pair[1].padded(-2))]


def test_what_was_not_measured_is_not_drawn(tmp_path):
    nothing = pd.DataFrame()
    board = pd.DataFrame({"approach": ["unet"], "status": ["failed"]})
    assert comparison.board_figure(board) is None
    assert comparison.dice_figure(nothing) is None
    assert fitting.training_figure(nothing) is None
    assert fitting.loss_figure(nothing) is comparison.parts_figure(nothing) is None
    assert fitting.threshold_figure([]) is fitting.steps_figure([]) is None
    assert fitting.ensemble_figures({}) == behaviour.strata_figures(nothing) == {}
    assert behaviour.robustness_figure(nothing) is None
    assert behaviour.reliability_figure(nothing) is outlines.outlined_figure([]) is None
    assert studies.study_figure(STUDY[STUDY["verdict"].isna()]) is None


def test_a_single_approach_has_no_difference_and_no_rank(run):
    alone = run.board.head(1)
    assert comparison.board_figure(alone) is not None
    assert comparison.difference_figure(alone, 0.01) is None
    assert comparison.rank_figure(alone) is None


def named(axes) -> list:
    """The names of the rows, from top to bottom."""
    return [text for text in axes.texts if getattr(text, "xy", [1])[0] == 0.0]


def test_the_best_stands_on_top_and_the_chosen_one_is_bold(run):
    [axes] = comparison.board_figure(run.board).axes
    names = [text for text in named(axes) if text.get_text() in run.names]
    assert [text.get_text() for text in names] == run.names
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert [text.get_text() for text in names if text.get_fontweight() == "bold"] == [run.winner]


def test_a_verdict_has_a_colour_and_a_form_of_its_own(run):
    looks = list(comparison.VERDICTS.values())
    assert len({colour for colour, _ in looks}) == len({form for _, form in looks}) == 4
    for figure in (comparison.board_figure(run.board), comparison.cost_figure(run.board)):
        points = {
            (line.get_color(), line.get_marker())
            for line in figure.axes[0].lines
            if line.get_marker() not in ("None", "", None) and line.get_label() != "taken"
        }
        assert points == {comparison.VERDICTS[verdict] for verdict in set(run.rows["verdict"])}
    old = comparison.board_figure(run.board.assign(verdict=np.nan)).axes[0]
    assert {line.get_color() for line in old.lines} == {GREY}


def test_one_bad_approach_does_not_squeeze_the_others(run):
    [axes] = comparison.board_figure(run.board).axes
    low, high = axes.get_xlim()
    dice = run.board.dropna(subset=["dice_mean"]).set_index("approach")["dice_mean"]
    assert dice["threshold"] < low < dice["unet"] < dice["tta_ensemble"] < high
    texts = [text.get_text() for text in axes.texts]
    assert "◀" in texts and f"{dice['threshold']:.3f} worse" in texts
    [costs] = comparison.cost_figure(run.board).axes
    assert f"threshold ▼ {dice['threshold']:.3f}" in [text.get_text() for text in costs.texts]
    close = run.board[run.board["dice_mean"] > 0.8]
    near = [text.get_text() for text in comparison.board_figure(close).axes[0].texts]
    assert "◀" not in near


def test_an_approach_has_one_colour_in_all_figures(run):
    curves = fitting.threshold_figure(run.records.values(), run.colours).axes[0].lines
    colours = {line.get_label(): line.get_color() for line in curves}
    assert {name: colours[name] for name in run.names} == {
        name: run.colours[name] for name in run.names
    }
    assert run.colours["unet"] == "#56B4E9" and "smp_fpn_lite0" in run.colours
    for draw in (fitting.training_figure, fitting.loss_figure):
        [trained] = {
            line.get_color()
            for line in draw(run.curves, run.colours).axes[0].lines
            if line.get_label() == "smp_fpn_lite0"
        }
        assert trained == run.colours["smp_fpn_lite0"]


def test_parts_of_the_images_are_told_apart_by_colour_and_form():
    table = pd.DataFrame({"approach": ["a", "b"], "seen": [0.9, 0.8], "unseen": [0.5, 0.7]})
    figure = comparison.parts_figure(table)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["seen", "unseen"]
    points = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [
        (0.9, 0),
        (0.8, 1),
        (0.5, 0),
        (0.7, 1),
    ]
    assert len({line.get_marker() for line in points}) == 2


def test_a_row_has_its_name_and_its_note():
    _, axes = row_figure(["one", "two"], ["first", "second"], [False, True])
    assert [text.get_text() for text in axes.texts] == ["one", "first", "two", "second"]
    assert axes.texts[2].get_fontweight() == "bold" and axes.texts[1].get_ha() == "right"


def test_the_front_joins_those_that_no_other_beats(run):
    figure = comparison.cost_figure(run.board)
    front = next(
        line for line in figure.axes[0].lines if "faster and better" in str(line.get_label())
    )
    best = run.board[run.board["pareto"].eq(True)]
    assert sorted(front.get_ydata()) == sorted(best["dice_mean"])


@pytest.mark.parametrize("seed", range(3))
def test_names_beside_crowded_points_do_not_cover_each_other(seed):
    random = np.random.default_rng(seed)
    x, y = random.uniform(0.09, 0.13, 6), random.uniform(0.8, 0.9, 6)
    figure, axes = styled_axes(width=8, height=4.6)
    axes[0, 0].plot(x, y, "o", linestyle="")
    axes[0, 0].set(xlim=(0.01, 1), ylim=(0, 1))
    plain_ticks(axes[0, 0])
    labels = place_labels(axes[0, 0], x, y, [f"approach_{number}" for number in range(6)])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [Text.get_window_extent(label, canvas.get_renderer()) for label in labels]
    assert len(boxes) == 6
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_corruptions_that_training_has_met_are_starred(run):
    table = run.tables["robustness"]
    texts = behaviour.robustness_figure(table).axes[0].texts
    marked = table.groupby(["approach", "corruption"])["in_augmentation"].max().sum()
    assert sum("*" in text.get_text() for text in texts) == marked > 0


def test_a_kept_step_is_filled(run):
    record = run.records["unet"]
    steps = tuple(
        StepReport(step, {}, 0.01, 0.002, 0.02, step == "fill holes")
        for step in ("a", "fill holes")
    )
    shown = type(record)("unet", tuning=Tuning(Postprocess(0.5), steps=steps))
    points = [
        line for line in fitting.steps_figure([shown]).axes[0].lines if line.get_marker() == "o"
    ][:2]
    assert [to_hex(point.get_markerfacecolor()) == "#ffffff" for point in points] == [True, False]


def test_one_wide_interval_does_not_flatten_the_others(run):
    step = {
        "step": "hysteresis",
        "setting": {},
        "gain": -0.22,
        "lower": -0.76,
        "upper": 0.31,
        "kept": False,
    }
    wild = type(run.records["unet"])(
        "wild", tuning=Tuning(Postprocess(0.5), steps=(StepReport(**step),))
    )
    [axes] = fitting.steps_figure([*run.records.values(), wild]).axes
    assert axes.get_xlim()[1] < 0.1
    assert "◀ -0.220" in [text.get_text() for text in axes.texts]


def test_the_ensemble_is_shown_with_its_members_alone(run):
    [axes] = fitting.ensemble_figures(run.combinations)["tta_ensemble"].axes
    assert [text.get_text() for text in named(axes)] == [
        "smp_fpn_lite0 alone (weight 1)",
        "smp_unet_lite0 alone (weight 2)",
        "members together",
        "and flips and turns",
    ]
    assert axes.get_xlim()[0] > 0.9


def test_each_approach_that_combines_others_has_a_figure_of_its_own(run):
    made = run.combinations["tta_ensemble"]
    plain = dataclasses.replace(made, gain_of_members=None)
    untold = dataclasses.replace(made, dice_alone={})
    figures = fitting.ensemble_figures({"one": made, "other": plain, "untold": untold})
    rows = {name: len(named(figure.axes[0])) for name, figure in figures.items()}
    assert rows == {"one": 4, "other": 2}


@pytest.mark.parametrize("name", ["strata", "robustness", "reliability"])
def test_weaknesses_are_drawn_in_the_order_of_the_board(run, name):
    figure = FIGURES[name](run)
    if name == "robustness":
        names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    else:
        texts = figure.legends[0].get_texts()
        names = [text.get_text() for text in texts if text.get_text() in run.names]
    assert names == run.names


def test_a_study_shows_each_variation_with_its_seeds():
    axes = studies.study_figure(STUDY).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "none",
        "copy-paste",
        "geometric",
    ]
    dots = [line for line in axes.lines if line.get_marker() == "." and len(line.get_xdata())]
    assert [len(line.get_xdata()) for line in dots] == [3, 3, 3]


def test_the_overview_says_what_was_not_run():
    figure = studies.overview_figure(
        {"augmentation": STUDY, "loss": None},
        {"augmentation": ["none", "broken"], "loss": ["BCE"]},
    )
    said = [text.get_text() for text in figure.axes[0].texts]
    assert said == ["hurts", "no result", "not run"]


def test_a_difference_far_beyond_the_others_is_written_at_the_edge_of_the_overview():
    far = pd.DataFrame(
        {**STUDY.iloc[1], "to_baseline": -0.35, "to_baseline_lower": -0.49}, index=[0]
    )
    axes = studies.overview_figure(
        {"loss": far, "crops": STUDY}, {"loss": ["none"], "crops": ["none"]}
    ).axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "-0.350 (-0.490 to -0.010)",
        "hurts",
        "hurts",
    ]
    assert -0.13 < axes.get_xlim()[0] < -0.12
    assert (
        studies.overview_figure({"crops": STUDY}, {"crops": ["none"]}).axes[0].get_xlim()[0]
        > -0.06
    )


def test_dots_are_named_as_seed_and_fold_together():
    names = [
        text.get_text() for text in studies.study_figure(STUDY).axes[0].get_legend().get_texts()
    ]
    assert names[-1] == "one seed and fold"


def test_pictures_are_drawn_from_stored_probabilities(sample_folder, tmp_path):
    made = make_run(tmp_path / "run", images=8)
    run = read_run(made)
    maps = ProbabilityMaps(made / "probabilities" / run.winner)
    entry = read_entries(sample_folder / "val")[0]
    image, mask, _ = decode(entry)
    maps.write(image, mask.astype(np.uint8) * 255)
    photo = sorted((sample_folder / "real_test").rglob("*.jpg"))[0]
    maps.write(
        read_image(photo, upright=True),
        np.zeros(read_image(photo, upright=True).shape[:2], np.uint8),
    )

    [(sample, predicted)] = val_masks(run, sample_folder, [entry.image_id, 10**9])
    assert sample.image_id == entry.image_id
    assert (predicted == mask).all()
    [(name, _, nothing)] = photo_masks(run, sample_folder)
    assert name == photo.name
    assert not nothing.any()
    assert list(val_masks(run, tmp_path, [entry.image_id])) == []
    picture = outlines.OutlinedImage("an image", image, mask, predicted)
    figure = outlines.outlined_figure([picture] * 5)
    FigureCanvasAgg(figure).draw()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["predicted", "true"]


def test_an_annotated_image_alone_has_whole_outlines_and_no_legend():
    mask = np.zeros((40, 60), dtype=bool)
    mask[10:20, 10:20] = mask[25:35, 30:50] = True
    image = np.zeros((40, 60, 3), np.uint8)
    pictures = [outlines.OutlinedImage(title, image, mask & (title != "b")) for title in "abc"]
    figure = outlines.outlined_figure(pictures, columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "c", ""]
    drawn = [[len(lines.get_segments()) for lines in axes.collections] for axes in figure.axes]
    assert drawn == [[2, 2], [0, 0], [2, 2], []]  # a black line under each coloured one
    assert figure.axes[0].collections[1].get_linestyle() == [(0, None)]
    assert figure.legends == []


def test_a_large_photo_is_shrunk_before_it_is_drawn():
    image = np.zeros((900, 2700, 3), np.uint8)
    figure = outlines.outlined_figure([outlines.OutlinedImage("large", image)])
    assert figure.axes[0].images[0].get_array().shape[:2] == (300, 900)
