"""Figures of the studies: what each variation changed, with bounds that hold for all variations of
a study at once.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.report.colours import BLACK, BLUE, GREEN, GREY, VERMILION
from common.report.plots.style import labelled, legend, styled_axes
from common.report.plots.zoomed_axes import mark_beyond

# mean Dice; in the figure of all studies a difference beyond it is a sign at the edge with its
# number
WIDEST = 0.12
VERDICTS = {
    "helps": (BLUE, "^"),
    "hurts": (VERMILION, "v"),
    "equivalent": (GREEN, "s"),
    "not told apart": (GREY, "o"),
}
ROW = 0.42


def study_figure(table: pd.DataFrame) -> Figure | None:
    """Differences to the baseline of one study.

    Args:
        table: columns `variation`, `verdict` (*baseline*, or one of `VERDICTS`, missing for one
            that did not come through), `to_baseline` with `to_baseline_lower` and `_upper`, and
            `by_seed`, differences separated by blanks.

    Returns:
        One row for each variation: the mean difference with its simultaneous bounds, and the
            difference of each seed,
        which has a fold of its own, as a small dot; None where there is none to draw.
    """
    rows = table[table["verdict"].isin(list(VERDICTS))].reset_index(drop=True)
    if rows.empty:
        return None
    figure, axes = styled_axes(width=8.0, height=1.2 + ROW * len(rows))
    one = axes[0, 0]
    for place, row in rows.iterrows():
        draw_difference(one, place, row)
    _named(one, rows["variation"].tolist(), rows["verdict"].tolist())
    labelled(one, "mean Dice minus that of the baseline, bounds for all variations at once", "")
    return figure


def overview_figure(
    tables: Mapping[str, pd.DataFrame | None], variations: Mapping[str, Sequence[str]]
) -> Figure | None:
    """All studies under each other; one that was not run keeps its rows, empty. A difference
    beyond ±0.12 is written at the edge, so that the others are not squeezed into a line; bounds
    that go on beyond it end in an arrow.

    Args:
        tables: study → its table as in `study_figure`, None where it was not run.
        variations: study → the names of its variations.

    Returns:
        The figure, None where there is no study.
    """
    rows = [(study, name) for study, names in variations.items() for name in names]
    if not rows:
        return None
    figure, axes = styled_axes(width=9.0, height=1.2 + 0.3 * len(rows))
    one, verdicts, drawn = axes[0, 0], [], {}
    for place, (study, name) in enumerate(rows):
        table = tables.get(study)
        result = _result(table, name) if table is not None else None
        if result is None:
            verdicts.append("not run" if table is None else "no result")
        else:
            verdicts.append(result["verdict"])
            if abs(result["to_baseline"]) <= WIDEST:
                drawn[place] = result
                draw_difference(one, place, result)
            else:
                _draw_beyond(one, place, result)
        if place and study != rows[place - 1][0]:
            one.axhline(place - 0.5, color="#BBBBBB", linewidth=0.8)
    left, right = one.get_xlim()
    one.set_xlim(max(left, -1.05 * WIDEST), min(right, 1.05 * WIDEST))
    for place, row in drawn.items():
        mark_beyond(
            one, place, row["to_baseline"], row["to_baseline_lower"], row["to_baseline_upper"]
        )
    _named(one, [f"{study}: {name}" for study, name in rows], verdicts)
    labelled(
        one,
        "mean Dice minus that of the baseline, bounds for all variations of a study at once",
        "",
    )
    return figure


def _result(table: pd.DataFrame, variation: str) -> pd.Series | None:
    """The row of a variation that was judged, None where there is none."""
    rows = table[(table["variation"] == variation) & table["verdict"].isin(list(VERDICTS))]
    return rows.iloc[0] if len(rows) else None


def seeds_of(by_seed: object) -> list[float]:
    """The differences of the seeds as numbers.

    Examples:
        >>> seeds_of("+0.012 -0.003"), seeds_of(0.5), seeds_of(float("nan"))
        ([0.012, -0.003], [0.5], [])
    """
    return [] if pd.isna(by_seed) else [float(text) for text in str(by_seed).split()]


def draw_difference(axes: Axes, place: float, row: pd.Series) -> None:
    """One variation: bounds, mean, and below the line its seeds, each with its fold."""
    colour, marker = VERDICTS[row["verdict"]]
    axes.plot(
        [row["to_baseline_lower"], row["to_baseline_upper"]],
        [place] * 2,
        color=colour,
        linewidth=2,
    )
    axes.plot(row["to_baseline"], place, marker, color=colour, markersize=8)
    seeds = seeds_of(row["by_seed"])
    axes.plot(seeds, [place + 0.24] * len(seeds), ".", color=BLACK, markersize=4)


def _draw_beyond(axes: Axes, place: float, row: pd.Series) -> None:
    """One variation that lies outside the figure: its number beside the edge, with an arrow."""
    colour, side = VERDICTS[row["verdict"]][0], 1 if row["to_baseline"] > 0 else -1
    text = (
        f"{row['to_baseline']:+.3f} ({row['to_baseline_lower']:+.3f} to "
        f"{row['to_baseline_upper']:+.3f})"
    )
    axes.annotate(
        text,
        (side * WIDEST, place),
        (-side * 14, 0),
        textcoords="offset points",
        ha="right" if side > 0 else "left",
        va="center",
        fontsize=9,
        color=colour,
        arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 2},
    )
    axes.update_datalim([(side * WIDEST, place)])


def _named(axes: Axes, names: Sequence[str], verdicts: Sequence[str]) -> None:
    """Variations on the left, verdicts on the right, and what the signs mean above."""
    axes.axvline(0, color=GREY, linewidth=1)
    for place, verdict in enumerate(verdicts):
        axes.annotate(
            verdict,
            (1.01, place),
            color=VERDICTS[verdict][0] if verdict in VERDICTS else GREY,
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    for verdict, (colour, marker) in VERDICTS.items():
        axes.plot([], [], marker, color=colour, markersize=7, label=verdict)
    axes.plot([], [], ".", color=BLACK, markersize=4, label="one seed and fold")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
