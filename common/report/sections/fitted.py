"""What happened on *fit* and *tune*: trainings, thresholds, further steps, the ensemble."""

from common.report.narrative.fitting import (
    of_ensemble,
    of_steps,
    of_thresholds,
    of_trainings,
    preparation_table,
)
from common.report.plots import fitting
from common.report.section import Chart, Details, Section, charts
from common.report.sections.material import Material


def trainings(material: Material) -> Section:
    """Training curves."""
    run = material.run
    dice = fitting.training_figure(run.curves, run.colours)
    loss = fitting.loss_figure(run.curves, run.colours)
    alt = "of each network against the minutes of its training"
    losses = charts(("loss", loss, f"Loss on fit {alt}"))
    return Section(
        "trainings",
        "Were the trainings long enough?",
        of_trainings(run),
        charts=charts(("trainings", dice, f"Mean Dice on tune {alt}; a star is the highest")),
        details=[Details("Loss", "", losses)],
    )


def tuned(material: Material) -> Section:
    """What was decided on *tune*."""
    run = material.run
    records = list(run.records.values())
    thresholds = fitting.threshold_figure(records, run.colours)
    steps = fitting.steps_figure(records, run.colours)
    members = [
        Chart(f"members-{name}", figure, f"Dice on tune of the members of {name} and of all")
        for name, figure in fitting.ensemble_figures(run.combinations).items()
    ]
    alt = "Mean Dice on tune at every threshold, for each approach; the dot is the one chosen"
    step_alt = "Gain of each further step of post-processing on tune, with its 95 % interval"
    details = [
        Details(
            "Further steps of post-processing",
            of_steps(run),
            charts(("steps", steps, step_alt)),
        ),
        Details("The ensemble", of_ensemble(run), members),
        Details("What is done to an image beforehand", preparation_table(run)),
    ]
    return Section(
        "tune",
        "What was decided on tune?",
        of_thresholds(run),
        charts=charts(("thresholds", thresholds, alt)),
        details=details,
    )
