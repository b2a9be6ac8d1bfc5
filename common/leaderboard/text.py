"""Leaderboards as tables of text: Markdown, a terminal's, and the conventions below them."""

import re
import textwrap
from collections.abc import Sequence

import pandas as pd

from common.leaderboard.rows import COLUMNS
from common.words import duration, markdown_table

READABLE = (
    "approach status dice_mean dice_lower dice_upper difference simultaneous_lower "
    "simultaneous_upper verdict nsd_2px object_f1 fit_seconds predict_seconds_per_image pareto "
    "pretrained_on"
).split()
DIGITS = {"predict_seconds_per_image": 4, "fit_seconds": 1, "model_mb": 2, "peak_memory_mb": 0}
FOOT = """\
Scores are those of the images of `val`, each approach with the threshold it chose on *tune*;
pixels with `probability >= threshold` are object. `dice_mean`, `iou_mean`, `precision`, `recall`,
`area_bias` and `nsd_2px` are means over the images that have an object; precision is 0 where
nothing was predicted there. Images without an object count in `empty_fp_rate` (the share of them
with any predicted pixel), `dice_global` and `object_f1`, which come from the sums over all images;
objects are matched at IoU >= 0.5. `area_bias` is (predicted − true) / true area. `nsd_2px` is the
share of outline pixels within 2 px of the other outline. Ignored pixels are taken out of both
masks. Rows are ordered by `dice_mean`, ties by seconds per image, then by name. `fit_seconds` is
the training alone, an ensemble's with that of the members it uses. Seconds per image, from image
array to final mask, are the median over rounds at the end of the run, in which all approaches take
turns in a fresh process; `predict_seconds_lower` and `_upper` bound its 95 % interval, and an
approach is *cheaper* than another where these do not overlap. `reference_seconds` is what a fixed
piece of work took in the same rounds, `reference_spread` how many times as long in a slow round as
in a quick one. Peak memory is that of a process for each approach alone.

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


def as_markdown(table: pd.DataFrame, columns: Sequence[str] = COLUMNS) -> str:
    """A leaderboard as a Markdown table; what is not known is left empty."""
    rows = table[list(columns)].to_dict(orient="records")
    return markdown_table(columns, ([_cell(name, row[name]) for name in columns] for row in rows))


def as_text(table: pd.DataFrame, columns: Sequence[str]) -> str:
    """Columns of a table for a terminal, aligned."""
    cells = [list(columns)] + [
        [_cell(column, row[column]) for column in columns] for row in table.to_dict("records")
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )


def short_table(table: pd.DataFrame) -> str:
    """A leaderboard for a terminal of 80 columns: who, how good, how sure, at what price."""
    heads = ("approach", "Dice", "95 %", "verdict", "training", "a mask")
    rows = [heads]
    for row in table.to_dict("records"):
        if row["status"] != "ok":
            rows.append((row["approach"], "", "", row["status"], "", ""))
            continue
        interval = f"{row['dice_lower']:.3f}-{row['dice_upper']:.3f}"
        prices = duration(row["fit_seconds"]), duration(row["predict_seconds_per_image"])
        verdict = str(row["verdict"])
        rows.append((row["approach"], f"{row['dice_mean']:.3f}", interval, verdict, *prices))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def plain(text: str, width: int = 80) -> str:
    """Sentences in Markdown as plain words, in lines of at most `width`.

    Examples:
        >>> plain("**Take `unet`.** It is *not told apart* from 2 * 3 others.")
        'Take unet. It is not told apart from 2 * 3 others.'
    """
    bare = re.sub(r"(?<!\w)\*(\S(?:[^*]*\S)?)\*(?!\w)", r"\1", re.sub(r"\*\*|`", "", text))
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False) for line in bare.split("\n")
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
