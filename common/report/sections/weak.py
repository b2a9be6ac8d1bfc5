"""Where the winner fails: single images, kinds of images, unseen objects, corrupted images, and
probabilities that do not mean what they say.
"""

from common.analysis.strata import QUANTITIES
from common.report.narrative.unseen import (
    of_chosen_there,
    of_folds,
    of_test_sets,
    of_unseen,
    parts,
)
from common.report.narrative.weaknesses import (
    loss_table,
    of_calibration,
    of_kinds,
    of_losses,
    of_robustness,
)
from common.report.plots import behaviour, comparison
from common.report.section import Chart, Details, Link, Section, charts
from common.report.sections.material import Material
from common.words import listed


def failures(material: Material) -> Section:
    """The worst, typical and best images, and what the Dice is lost on."""
    run = material.run
    images = (
        "images",
        comparison.dice_figure(run.per_image, run.colours),
        "Dice of every approach on every image of val, each image as a point",
    )
    strata = [
        Chart(
            f"by-{kind.replace('_', '-')}",
            figure,
            f"Mean Dice of each approach on the images of val in thirds by "
            f"{QUANTITIES.get(kind, (kind, ''))[0]}",
        )
        for kind, figure in behaviour.strata_figures(run.tables["strata"], run.colours).items()
    ]
    return Section(
        "failures",
        "Where does it fail?",
        of_losses(run),
        photos=material.judged,
        legend="errors" if material.judged else "",
        details=[
            Details("Image by image", loss_table(run), charts(images)),
            Details("By size, contrast and brightness", of_kinds(run), strata),
        ],
        links=[
            Link("galleries/val.html", "every image of val, all approaches side by side"),
            Link("worst_images.csv", "the ten worst images of each approach"),
            Link("per_image.csv", "all scores of all images"),
        ],
    )


def unseen_objects(material: Material) -> Section:
    """Seen against unseen objects."""
    run = material.run
    known = parts(run)
    names = listed([str(name) for name in known.columns if name != "approach"], most=None)
    figure = comparison.parts_figure(known)
    alt = f"Mean Dice of each approach on several parts of the images: {names}"
    return Section(
        "unseen",
        "Does it work on unseen objects?",
        of_unseen(run),
        charts=charts(("unseen-objects", figure, alt)),
        details=[Details("Over all groups of train, each left out once", of_folds(run))],
        links=[Link("folds.csv", "the folds as CSV")],
    )


def elsewhere(material: Material) -> Section:
    """Labelled photos from elsewhere."""
    table = material.run.tables["test_sets"]
    return Section(
        "elsewhere",
        "Does it work on photos from elsewhere?",
        of_chosen_there(material.run),
        charts=[
            Chart(f"set-{name}", figure, f"What each approach finds on the images of {name}")
            for name, figure in comparison.set_figures(table).items()
        ],
        details=[Details("All numbers on them", of_test_sets(material.run))] if len(table) else [],
        links=[Link("test_sets.csv", "all numbers as CSV")],
    )


def calibration(material: Material) -> Section:
    """Whether probabilities mean what they say."""
    run = material.run
    figure = behaviour.reliability_figure(run.tables["calibration"], run.colours)
    alt = (
        "Share of pixels that are object against the predicted probability, for each approach; "
        "on the diagonal probabilities mean what they say"
    )
    return Section(
        "calibration",
        "Do the probabilities mean what they say?",
        of_calibration(run),
        charts=charts(("calibration", figure, alt)),
        links=[Link("calibration.csv", "the bins as CSV")],
    )


def robustness(material: Material) -> Section:
    """What corrupted images cost."""
    run = material.run
    figure = behaviour.robustness_figure(run.tables["robustness"])
    alt = "Table in colours: mean Dice of each approach (columns) under each corruption (rows)"
    return Section(
        "robustness",
        "Does it work on blurred, dark or noisy images?",
        of_robustness(run),
        charts=charts(("robustness", figure, alt)),
        note="*: a corruption like those in the approach's training augmentation."
        if figure is not None
        else "",
        links=[Link("robustness.csv", "every severity as CSV")],
    )
