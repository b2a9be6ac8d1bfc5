"""What is taken, how sure the ranking is, and what another choice would buy."""

import pandas as pd

from common.report.narrative.answer import (
    caution,
    cost_table,
    facts,
    headline,
    of_rule_taken,
    of_trade_off,
    of_verdicts,
)
from common.report.narrative.ranking import of_ranking, of_resamples
from common.report.narrative.reasons import metric_table, of_approaches
from common.report.plots import comparison
from common.report.section import Details, Link, Section, charts
from common.report.sections.material import Material
from common.words import listed


def answer(material: Material) -> Section:
    """The first screen."""
    run = material.run
    ranked = (
        "ranked",
        comparison.board_figure(run.board),
        f"Mean Dice with its 95 % interval, best first: {_verdicts_of(run.rows)}",
    )
    photos = material.strip
    legend = {True: "outline", False: "errors"}[bool(material.photos)] if photos else ""
    return Section(
        "answer",
        headline(run),
        caution(run),
        charts=charts(ranked),
        photos=photos,
        legend=legend,
        facts=facts(run),
        note=of_verdicts(run),
    )


def _verdicts_of(rows: pd.DataFrame) -> str:
    """Names, scores and verdicts, for who does not see the figure."""
    each = [
        f"{row.approach} {row.dice_mean:.3f}{'' if pd.isna(row.verdict) else f' ({row.verdict})'}"
        for row in rows.itertuples()
    ]
    return listed(each, most=None)


def ranking(material: Material) -> Section:
    """How sure the ranking is."""
    run = material.run
    difference = (
        "differences",
        comparison.difference_figure(run.board, run.margin),
        "Difference of each approach to the best in mean Dice, with bounds that hold for all "
        f"pairs at once; verdicts: {_verdicts_of(run.rows)}",
    )
    ranks = (
        "ranks",
        comparison.rank_figure(run.board),
        "Rank of each approach here, and the range of its rank in 95 % of resamples of the images",
    )
    return Section(
        "ranking",
        "How sure is the ranking?",
        of_ranking(run),
        charts=charts(difference),
        details=[
            Details("Would other images change it?", of_resamples(run), charts(ranks)),
            Details("What other metrics say", metric_table(run)),
            Details("What the approaches are", of_approaches(run)),
        ],
        note="Bounds hold for all pairs at once with 95 %: a line that does not reach left of the "
        "green band loses nothing that matters.",
    )


def trade_off(material: Material) -> Section:
    """What a faster or better approach would cost."""
    run = material.run
    costs = (
        "trade-off",
        comparison.cost_figure(run.board),
        f"Mean Dice against seconds for an image; {run.winner} is taken",
    )
    return Section(
        "trade-off",
        "What does another choice cost?",
        of_trade_off(run),
        charts=charts(costs),
        details=[Details("All costs, and how the choice was made", _costs(material))],
        links=[Link("leaderboard.csv", "all numbers as CSV")],
    )


def _costs(material: Material) -> str:
    return f"{cost_table(material.run)}\n\n{of_rule_taken(material.run)}"
