"""Figures of a leaderboard: who is how good, how sure that is, how stable, and at what cost. All
take tables of a run and return None where there is nothing to draw.
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.metrics import with_objects
from common.report.colours import GREEN, GREY, Colours, colours_of
from common.report.plots.labels import place_labels
from common.report.plots.style import labelled, legend, plain_ticks, styled_axes
from common.report.plots.zoomed_axes import crowd_limits, mark_beyond

ROW = 0.42  # inches for a row of approaches
FRAME = 1.1  # and for what stands around the rows
NEAR = 10  # margins around the best that the enlarged view shows


def complete(board: pd.DataFrame) -> pd.DataFrame:
    """The rows with a result, best first."""
    return board[board["status"] == "ok"].reset_index(drop=True)


def board_figure(board: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Mean Dice with its 95 % interval, best first; where several trainings were run, their mean
    and its interval too.

    Where few approaches far below squeeze the others together, these are shown enlarged beside the
    whole.

    Args:
        board: columns `approach`, `status`, `dice_mean`, `dice_lower`, `dice_upper`, `winner`, and
            `dice_over_seeds` with its bounds.
        colours: approach → colour; those that are not in it get one that is free.
    """
    rows = complete(board)
    if rows.empty:
        return None
    near = crowd_limits(rows["dice_mean"], rows["dice_lower"], rows["dice_upper"])
    panels, width = (2, 5.2) if near else (1, 8.0)
    figure, axes = styled_axes(1, panels, width=width, height=FRAME + ROW * len(rows), sharey=True)
    seeds = rows["dice_over_seeds"].notna().any()
    for one in axes.flat:
        _draw_board(one, rows, seeds, colours)
    for place, row in rows.iterrows():
        wording, at = f"{row['dice_mean']:.3f}", ("axes fraction", "data")
        axes[0, -1].annotate(
            wording, (1.01, place), xycoords=at, va="center", fontsize=9, annotation_clip=False
        )
    _name_rows(axes[0, 0], rows)
    if not near:
        labelled(
            axes[0, 0], "mean Dice over the images of val with objects, with 95 % interval", ""
        )
        return figure
    axes[0, 1].set_xlim(near)
    for place, row in rows.iterrows():
        bounds = row[["dice_lower", "dice_upper"]].fillna(row["dice_mean"])
        mark_beyond(axes[0, 1], place, row["dice_mean"], *bounds)
    for one, title in zip(axes.flat, ("all of it", "enlarged"), strict=True):
        labelled(one, "mean Dice on the images of val with objects, 95 % interval", "", title)
    return figure


def _draw_board(axes: Axes, rows: pd.DataFrame, seeds: bool, colours: Colours | None) -> None:
    """Points and intervals of all rows, and of all trainings where there are several."""
    colours = colours_of(rows["approach"], colours)
    for place, row in rows.iterrows():
        colour, at = colours[row["approach"]], place - 0.12 * seeds
        axes.plot([row["dice_lower"], row["dice_upper"]], [at, at], color=colour, linewidth=2.2)
        axes.plot(row["dice_mean"], at, "o", color=colour, markersize=8)
        if pd.notna(row["dice_over_seeds"]):
            bounds = [row["dice_over_seeds_lower"], row["dice_over_seeds_upper"]]
            axes.plot(bounds, [place + 0.2] * 2, color=GREY, linewidth=1.2)
            axes.plot(row["dice_over_seeds"], place + 0.2, "D", color=GREY, markersize=5)
    if seeds and not axes.figure.legends:
        drawn = (
            axes.plot([], [], "o-", color="black", label="first training; interval over images"),
            axes.plot(
                [],
                [],
                "D-",
                color=GREY,
                markersize=5,
                label="all trainings; over trainings and images",
            ),
        )
        axes.figure.legend(
            handles=[line for lines in drawn for line in lines],
            loc="outside upper center",
            ncols=2,
            frameon=False,
            fontsize=9,
        )


def difference_figure(
    board: pd.DataFrame, margin: float, colours: Colours | None = None
) -> Figure | None:
    """Differences to the best with bounds that hold for all pairs at once: whole, and enlarged
    around the margin.

    Args:
        board: columns `approach`, `status`, `difference`, `simultaneous_lower`,
            `simultaneous_upper`, `verdict`.
        margin: the loss that does not matter, drawn as a band.
        colours: approach → colour; those that are not in it get one that is free.
    """
    rows = complete(board)
    if len(rows) < 2 or rows["simultaneous_lower"].isna().all():
        return None
    figure, axes = styled_axes(1, 2, width=5.2, height=FRAME + ROW * len(rows), sharey=True)
    colours = colours_of(rows["approach"], colours)
    for one in axes.flat:
        one.axvspan(
            -margin,
            margin,
            color=GREEN,
            alpha=0.18,
            linewidth=0,
            label=f"within the margin of {margin:g}",
        )
        one.axvline(0, color=GREY, linewidth=1)
        for place, row in rows.iterrows():
            colour = colours[row["approach"]]
            one.plot(
                [row["simultaneous_lower"], row["simultaneous_upper"]],
                [place] * 2,
                color=colour,
                linewidth=2.2,
            )
            one.plot(row["difference"], place, "o", color=colour, markersize=7)
    near = NEAR * max(margin, 0.001)
    axes[0, 1].set_xlim(-near, near)
    axes[0, 1].set_xticks([-near, -near / 2, 0, near / 2, near])
    for place, row in rows.iterrows():
        mark_beyond(
            axes[0, 1], place, *row[["difference", "simultaneous_lower", "simultaneous_upper"]]
        )
        axes[0, 1].annotate(
            row["verdict"],
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    _name_rows(axes[0, 0], rows)
    labelled(axes[0, 0], "mean Dice minus that of the best", "", "all of it")
    labelled(axes[0, 1], "mean Dice minus that of the best", "", "enlarged")
    legend(axes[0, 0], loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return figure


def rank_figure(board: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Interval of the rank, and the share of resamples in which an approach ranks first.

    Args:
        board: columns `approach`, `status`, `rank_lower`, `rank_upper`, `p_rank_1`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    rows = complete(board)
    if len(rows) < 2 or rows["rank_lower"].isna().all():
        return None
    figure, axes = styled_axes(1, 2, width=4.8, height=FRAME + ROW * len(rows), sharey=True)
    colours = colours_of(rows["approach"], colours)
    for place, row in rows.iterrows():
        colour = colours[row["approach"]]
        axes[0, 0].plot(
            [row["rank_lower"], row["rank_upper"]],
            [place] * 2,
            color=colour,
            linewidth=5,
            alpha=0.45,
        )
        axes[0, 0].plot(place + 1, place, "o", color=colour, markersize=8)
        axes[0, 1].barh(place, 100 * row["p_rank_1"], height=0.6, color=colour)
        axes[0, 1].text(
            100 * row["p_rank_1"] + 1.5,
            place,
            f"{100 * row['p_rank_1']:.1f}",
            va="center",
            fontsize=9,
        )
    _name_rows(axes[0, 0], rows)
    axes[0, 0].set_xticks(range(1, len(rows) + 1))
    axes[0, 0].set_xlim(0.5, len(rows) + 0.5)
    axes[0, 1].set_xlim(0, 112)
    axes[0, 1].set_xticks(range(0, 101, 25))
    labelled(axes[0, 0], "rank: here (dot) and in 95 % of resamples (bar)", "")
    labelled(axes[0, 1], "resamples in which it ranks first (%)", "")
    return figure


def cost_figure(board: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Mean Dice against seconds for an image; the line joins those that no other beats in both.

    Where few approaches far below squeeze the others together, these are shown enlarged beside the
    whole.

    Args:
        board: columns `approach`, `status`, `dice_mean`, `predict_seconds_per_image`, `pareto`,
            `winner`.
        colours: approach → colour; those that are not in it get one that is free.
    """
    rows = complete(board).dropna(subset=["predict_seconds_per_image"])
    if rows.empty:
        return None
    near = crowd_limits(rows["dice_mean"])
    span = max(float(np.ptp(rows["dice_mean"])), 0.05)
    views = [
        (rows["dice_mean"].min() - 0.15 * span, rows["dice_mean"].max() + 0.15 * span),
        *([near] if near else []),
    ]
    figure, axes = styled_axes(1, len(views), width=5.6 if near else 8.0, height=4.6)
    seen = [rows[rows["dice_mean"] >= low] for low, _ in views]
    for one, limits, visible in zip(axes.flat, views, seen, strict=True):
        _draw_costs(one, rows, colours)
        seconds = visible["predict_seconds_per_image"]
        one.set(xlim=(seconds.min() / 3, seconds.max() * 3), ylim=limits)
        plain_ticks(one)
        labelled(one, "seconds for an image, median (logarithmic)", "")
    axes[0, 0].set_ylabel("mean Dice on val", fontsize=10)
    if near:
        axes[0, 0].set_title("all of it", fontsize=11, loc="left")
        axes[0, 1].set_title(f"enlarged: mean Dice from {near[0]:.2f}", fontsize=11, loc="left")
    if found := axes[0, 0].get_legend_handles_labels()[0]:
        figure.legend(
            handles=found, loc="outside upper center", ncols=2, frameon=False, fontsize=9
        )
    for one, visible in zip(axes.flat, seen, strict=True):
        points = visible["predict_seconds_per_image"].tolist(), visible["dice_mean"].tolist()
        place_labels(one, *points, visible["approach"].tolist())
    return figure


def _draw_costs(axes: Axes, rows: pd.DataFrame, colours: Colours | None) -> None:
    """All approaches as points, the front as a line, a ring around the chosen one."""
    colours = colours_of(rows["approach"], colours)
    front = rows[rows["pareto"].eq(True)].sort_values("predict_seconds_per_image")
    if len(front):
        axes.plot(
            front["predict_seconds_per_image"],
            front["dice_mean"],
            drawstyle="steps-post",
            color=GREY,
            linewidth=1.2,
            label="no other is both faster and better",
        )
    for row in rows.itertuples():
        colour = colours[row.approach]
        axes.plot(
            row.predict_seconds_per_image, row.dice_mean, "o", color=colour, markersize=9, zorder=3
        )
    chosen = rows[rows["winner"].eq(True)]
    if len(chosen):
        axes.plot(
            chosen["predict_seconds_per_image"],
            chosen["dice_mean"],
            linestyle="",
            label="chosen",
            color="none",
            markeredgecolor="black",
            markersize=15,
            markeredgewidth=1.4,
            marker="o",
        )


def dice_figure(per_image: pd.DataFrame, colours: Colours | None = None) -> Figure | None:
    """Dice image by image: each image as a point, and the share of images below a Dice.

    Args:
        per_image: columns `approach`, `tp`, `fn`, `dice`; approaches in the order in which they
            are to be drawn.
        colours: approach → colour; those that are not in it get one that is free.
    """
    visible = with_objects(per_image)
    if visible.empty:
        return None
    names = list(dict.fromkeys(visible["approach"]))
    figure, axes = styled_axes(1, 2, width=5.4, height=max(3.4, FRAME + ROW * len(names)))
    # the same scatter in every report
    random, colours = (np.random.default_rng(0), colours_of(names, colours))
    for place, name in enumerate(names):
        dice, colour = (
            visible.loc[visible["approach"] == name, "dice"].to_numpy(float),
            colours[name],
        )
        heights = place + random.uniform(-0.27, 0.27, len(dice))
        axes[0, 0].scatter(dice, heights, s=12, alpha=0.55, color=colour, linewidths=0)
        axes[0, 0].plot(
            [np.median(dice)] * 2, [place - 0.36, place + 0.36], color="black", linewidth=2
        )
        sns.ecdfplot(
            x=dice, stat="percent", ax=axes[0, 1], color=colour, linewidth=1.8, label=name
        )
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    for one in axes.flat:
        one.set_xlim(-0.02, 1.02)
    labelled(axes[0, 0], "Dice of an image (bar: median)", "")
    labelled(axes[0, 1], "Dice of an image", "images with at most this Dice (%)")
    legend(axes[0, 1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _name_rows(axes: Axes, rows: pd.DataFrame) -> None:
    """Approaches down the axis, best on top; the one that was chosen in bold."""
    axes.set_yticks(range(len(rows)), rows["approach"])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for label, chosen in zip(axes.get_yticklabels(), rows["winner"].eq(True), strict=True):
        label.set_fontweight("bold" if chosen else "normal")
