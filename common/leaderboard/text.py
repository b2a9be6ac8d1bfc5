"""Leaderboards as text: Markdown, a terminal's table, the sentences that may be concluded, and the
conventions.
"""

from collections.abc import Sequence

import pandas as pd

from common.leaderboard.rows import COLUMNS
from common.statistics import Comparison, fewest_units

READABLE = (
    "approach status dice_mean dice_lower dice_upper difference simultaneous_lower "
    "simultaneous_upper verdict nsd_2px object_f1 fit_seconds predict_seconds_per_image pareto "
    "pretrained_on"
).split()
SHORT = (
    "approach status dice_mean dice_lower dice_upper verdict nsd_2px fit_seconds "
    "predict_seconds_per_image"
).split()
DIGITS = {"predict_seconds_per_image": 4, "fit_seconds": 1, "model_mb": 2, "peak_memory_mb": 0}
TOO_FEW = "too few images to tell"
FOOT = """\
Scores are those of the images of `val`, each approach with the threshold it chose on *tune*;
pixels with `probability >= threshold` are object. `dice_mean`, `iou_mean`, `precision`, `recall`,
`area_bias` and `nsd_2px` are means over the images that have an object; precision is 0 where
nothing was predicted there. Images without an object count in `empty_fp_rate` (the share of them
with any predicted pixel), `dice_global` and `object_f1`, which come from the sums over all images;
objects are matched at IoU >= 0.5. `area_bias` is (predicted − true) / true area. `nsd_2px` is the
share of outline pixels within 2 px of the other outline. Ignored pixels are taken out of both
masks. Rows are ordered by `dice_mean`, ties by seconds per image, then by name. `fit_seconds` is
the training alone, an ensemble's with that of the members it uses; seconds per image (median) and
peak memory are those of a fresh process that predicts one image at a time, from image array to
final mask.

`dice_lower` and `dice_upper` bound the 95 % interval of `dice_mean` over images; groups of images
that belong together are resampled whole. `difference` is to the best row; `simultaneous_lower` and
`_upper` bound it so that all pairs hold at once with 95 %, and on them rests `verdict`: *worse*
than the best, *equivalent* to it within the margin, or *not told apart*. Over one training seed,
they say nothing of how another training would turn out; `--seeds` repeats trainings:
`dice_over_seeds` is then the mean over seeds and images with its interval, `seed_sd` and
`image_sd` the standard deviations that seeds and images add. `minimum_detectable` is the true
difference to the best that bounds for all pairs at once would show in 80 % of trials on as many
independent groups of images (`n_groups`). `pareto`: no other row is both faster and better.

`dice_at_half` is at a plain threshold of 0.5 without any post-processing, all other scores are
after what stands in `postprocess`: a step beyond the threshold is there only if its gain,
cross-fitted within *tune*, has an interval above zero. `brier` (mean squared error of the
probability) and `calibration_error` (15 bins) are over the pixels within 16 px of an object.
`robust_dice` is the mean over corrupted copies of some images, `robust_drop` the mean loss to
the same images as they are, `robust_drop_unmarked` the same without the corruptions that
training augmentation has too."""


def conclusion(
    comparison: Comparison,
    seeds: pd.DataFrame | None = None,
    trainings: int | None = 1,
    metric: str = "dice",
    images: str = "image with objects",
) -> str:
    """What may be concluded, in sentences filled from the numbers.

    Args:
        comparison: of the approaches.
        seeds: what `seed_table` gives.
        trainings: of each approach that were run; None where that is not known.
        metric: what was compared.
        images: what one of the scored images is called.
    """
    names, winner, best = comparison.names, comparison.winner.index, comparison.winner.best
    chosen = f"`{names[winner]}`" + (
        " (the best)" if winner == best else f" (the best is `{names[best]}`)"
    )
    verdicts = zip(names, comparison.verdicts, strict=True)
    alike = ", ".join(f"`{name}`" for name, verdict in verdicts if verdict == "not told apart")
    independent = (
        f" in {comparison.units} independent groups"
        if comparison.units < comparison.images
        else ""
    )
    many = f"{comparison.images} {images.replace('image', 'images', comparison.images != 1)}"
    sentences = [
        f"Winner by the rule *{comparison.rule}* with a margin of {comparison.margin:g}: "
        f"{chosen}.",
        f"Its mean {metric.replace('dice', 'Dice')} on {many}{independent} is "
        f"{comparison.means.mean[winner]:.4f}; {_corrected(comparison)}.",
        _not_told_apart(comparison, alike),
        f"Agreement of the ranking: {comparison.schemes}.",
        _smallest(comparison),
        _said_of_seeds(seeds, trainings, names),
        comparison.reason,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _not_told_apart(comparison: Comparison, alike: str) -> str:
    """Which approaches may be as good as the best, and whether these images could show that at
    all.
    """
    if not alike:
        return ""
    if not comparison.too_few:
        return f"Not told apart from the best: {alike}."
    units = "group" if comparison.units < comparison.images else "image"
    names = len(comparison.names)
    return (
        f"{TOO_FEW.capitalize()} {alike} from the best: with {names} approaches it takes "
        f"{fewest_units(names)} {units}s to show even a difference that is the same way on every "
        f"{units}, and here {'is' if comparison.units == 1 else 'are'} {comparison.units}."
    )


def _corrected(comparison: Comparison) -> str:
    if pd.isna(comparison.selection.corrected):
        return (
            "it cannot be corrected for having been chosen on them "
            f"({comparison.selection.reason})"
        )
    return (
        "corrected for having been chosen on them, the expected score of the whole procedure is "
        f"{comparison.selection.corrected:.4f}"
    )


def _smallest(comparison: Comparison) -> str:
    """What these images could show at all."""
    order = [place for place in comparison.order if place != comparison.winner.best]
    if comparison.too_few or not order or not comparison.minimum_detectable[order[0]] > 0:
        return ""
    least, units = comparison.minimum_detectable[order[0]], comparison.units
    many = f"{units} groups" if units < comparison.images else f"{units} images"
    return (
        f"A true difference of {least:.3f} between the first two would be shown by {many} in 80 % "
        "of trials."
    )


def _said_of_seeds(seeds: pd.DataFrame | None, trainings: int | None, names: Sequence[str]) -> str:
    if trainings is None:
        return ""
    if trainings == 1:
        return "One training seed was run, so the variance of training itself was not measured."
    measured = [] if seeds is None else seeds["approach"].tolist()
    lacking = ", ".join(f"`{name}`" for name in names if name not in measured)
    if seeds is None or not measured:
        return (
            f"No approach came through with all {trainings} training seeds, so their variance was "
            "not measured."
        )
    said = [
        f"`{name}` {mean:.4f} ({lower:.4f} to {upper:.4f})"
        for name, _, mean, lower, upper, *_ in seeds.itertuples(index=False)
    ]
    return (
        f"Mean Dice over {trainings} training seeds, with an interval over seeds and images: "
        f"{', '.join(said)}; the winner was chosen by the first seed alone."
        + (f" Not with every seed came through: {lacking}." if lacking else "")
    )


def as_markdown(table: pd.DataFrame, columns: Sequence[str] = COLUMNS) -> str:
    """A leaderboard as a Markdown table; what is not known is left empty."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join(" --- " for _ in columns) + "|"]
    for row in table[list(columns)].to_dict(orient="records"):
        lines.append("| " + " | ".join(_cell(column, row[column]) for column in columns) + " |")
    return "\n".join(lines)


def as_text(table: pd.DataFrame, columns: Sequence[str] = SHORT) -> str:
    """A leaderboard for a terminal, with aligned columns."""
    cells = [list(columns)] + [
        [_cell(column, row[column]) for column in columns] for row in table.to_dict("records")
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )


def _cell(column: str, value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.{DIGITS.get(column, 4)}f}"
    return one_line(str(value)).replace("|", "\\|")


def one_line(text: str) -> str:
    """A text without line breaks."""
    return " ".join(text.split())
