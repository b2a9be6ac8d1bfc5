"""Learning curves: Dice on objects never seen against what was trained on, and for how long."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.report.colours import BLUE, VERMILION
from common.report.plots.style import WIDTH, labelled, legend_above, styled_axes
from common.statistics.learning_curve import learning_curve

WAYS = {"groups": (BLUE, "o"), "images": (VERMILION, "s")}
BEYOND = 2  # times the largest size is looked at


def by_training(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The trainings of a study on fewer groups, or on fewer images of each group.

    Args:
        table: columns `variation`, `dice_by_seed` (numbers separated by blanks), `fit_groups` and
            `fit_images`; the first row saw all.
        kind: "groups" or "images".

    Returns:
        Dice, a column for each training, by the number of groups or images; a row for all and for
        each variation of the kind, ascending.
    """
    known = table.dropna(subset=["fit_groups", "fit_images", "dice_by_seed"])
    if known.empty:
        return pd.DataFrame()
    whole = known["fit_groups"] >= 0.99 * known["fit_groups"].iloc[0]
    rows = known[~whole] if kind == "groups" else known[whole].iloc[1:]
    return _dice_at(pd.concat([known.iloc[:1], rows]), f"fit_{kind}")


def by_steps(table: pd.DataFrame) -> pd.DataFrame:
    """The trainings of a study on fewer steps, as `by_training` gives those on fewer images.

    Args:
        table: columns `fit_steps` and `dice_by_seed`.
    """
    return _dice_at(table.dropna(subset=["fit_steps", "dice_by_seed"]), "fit_steps")


def _dice_at(rows: pd.DataFrame, size: str) -> pd.DataFrame:
    dice = rows["dice_by_seed"].str.split(expand=True).astype(float)
    return dice.set_index(rows[size].to_numpy()).sort_index()


def learning_figure(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Learning curves over groups, and over images of the same groups, on one axis of images.

    Args:
        tables: approach → table of its study as in `by_training`.

    Returns:
        A panel for each approach: a dot for each training, the mean as a line, and the power law
        carried on to twice the data with its 95 % bounds over trainings; None without a curve.
    """
    drawn = {
        name: table for name, table in tables.items() if len(by_training(table, "groups")) > 2
    }
    if not drawn:
        return None
    figure, axes = styled_axes(columns=len(drawn), width=4.4, height=3.6)
    for one, (name, table) in zip(axes[0], drawn.items(), strict=True):
        for kind, (colour, marker) in WAYS.items():
            _draw(one, by_training(table, kind), kind, colour, marker)
        one.set(xscale="log", ylim=(0, 1), title=name)
        one.set_xticks([0.125, 0.25, 0.5, 1, 2], ["1/8", "1/4", "1/2", "all", "twice"])
        one.minorticks_off()
        labelled(one, "share of what there is", "mean Dice on objects never seen")
    pairs = [zip(*one.get_legend_handles_labels(), strict=True) for one in axes[0]]
    named = {label: handle for pair in pairs for handle, label in pair}
    legend_above(figure, list(named.values()), list(named), columns=len(named))
    return figure


def time_figure(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Dice against the steps of whole trainings, each with its own schedule.

    Args:
        tables: approach → table of its study as in `by_steps`; two at most are drawn.

    Returns:
        A line over the means of each approach with a dot for each training, and the power law
        carried on to twice the steps with its 95 % bounds over trainings; None without a curve.
    """
    curves = {name: by_steps(table) for name, table in tables.items()}
    curves = {name: dice for name, dice in curves.items() if len(dice) > 2}
    if not curves:
        return None
    figure, axes = styled_axes(width=WIDTH, height=3.6)
    one = axes[0, 0]
    for (name, dice), (colour, marker) in zip(curves.items(), WAYS.values(), strict=False):
        places = np.append(dice.index.to_numpy(), BEYOND * dice.index.max())
        _curve(one, places, dice, name, colour, marker)
    ticks = sorted({steps for dice in curves.values() for steps in dice.index})
    ticks.append(BEYOND * ticks[-1])
    one.set(xscale="log")
    one.set_xticks(ticks, [f"{steps:,.0f}" for steps in ticks])
    one.minorticks_off()
    labelled(one, "steps of the training (logarithmic)", "mean Dice on objects never seen")
    handles, names = one.get_legend_handles_labels()
    legend_above(figure, handles, names, columns=len(curves))
    return figure


def _draw(one: Axes, dice: pd.DataFrame, kind: str, colour: str, marker: str) -> None:
    if len(dice) < 2:
        return
    shares = 2.0 ** np.round(np.log2(dice.index.to_numpy() / dice.index.max()))
    of = "different objects" if kind == "groups" else "photos of the same objects"
    _curve(one, np.append(shares, BEYOND), dice, f"fewer {of}", colour, marker)


def _curve(
    one: Axes, places: np.ndarray, dice: pd.DataFrame, label: str, colour: str, marker: str
) -> None:
    """Trainings and their means at all places but the last; there, of three sizes or more, what
    the law expects of twice the largest one.
    """
    for column in dice:
        one.plot(places[:-1], dice[column], marker, color=colour, markersize=4, alpha=0.5)
    one.plot(places[:-1], dice.mean(axis=1), "-", color=colour, label=label)
    if len(dice) > 2:
        curve = learning_curve(dice.index.to_numpy(), dice.to_numpy())
        mean, lower, upper = curve.at(BEYOND * float(dice.index.max()))
        bars = [[mean - lower], [upper - mean]]
        one.errorbar(
            places[-1:], [mean], yerr=bars, fmt=marker, color=colour, mfc="white", capsize=3
        )
