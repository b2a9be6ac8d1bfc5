"""What to take, the one thing to be careful about, what it costs, and what another choice would
buy.
"""

from collections.abc import Callable

import pandas as pd

from common.analysis.object_counts import object_counts
from common.leaderboard import as_markdown
from common.leaderboard.sentences import of_rule
from common.metrics import with_objects
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import FEW, NOTHING, device_of
from common.report.narrative.unseen import overlap
from common.words import code, counted, duration, listed, plural

LEARNED, POOR = 0.1, 0.5  # mean Dice below which nothing was learned, or masks are mostly wrong
FASTER, NEAR = 0.5, 0.05  # of the time, at most, and mean Dice lost, at most, to be worth a look
COSTS: tuple[tuple[str, str, Callable[[float], str]], ...] = (  # column, its label, in words
    ("found", "found", "{:.0f}".format),
    ("missed", "missed", "{:.0f}".format),
    ("invented", "invented", "{:.0f}".format),
    ("predict_seconds_per_image", "an image", duration),
    ("fit_seconds", "training", duration),
    ("fit_steps", "steps", "{:,.0f}".format),
    ("model_mb", "on disk", "{:.1f} MB".format),
    ("peak_memory_mb", "memory", "{:,.0f} MB".format),
)
READING = (
    "`val` holds labelled images that nothing was trained or tuned on. *Dice* is the overlap of "
    "mask and label, from 0 to 1."
)
MEANINGS = {
    "equivalent": "*Equivalent*: the loss to the best is shown to be below {margin:g}.",
    "not told apart": (
        "*Not told apart*: these images show neither that it is worse than the best nor that it "
        "is as good."
    ),
    "worse": "*Worse*: shown to have a lower mean Dice than the best.",
}


def headline(run: FinishedRun) -> str:
    """What to take, in one sentence with at most three numbers."""
    if run.winner is None or not run.names:
        return NOTHING
    if run.comparison is None or run.standing is None:
        return "No image of `val` has an object, so the approaches cannot be ranked."
    dice, name = run.row(run.winner)["dice_mean"], f"`{run.winner}`"
    if not learned(run):
        which = f"even the best of {len(run.names)} approaches, {name}" if run.names[1:] else name
        return f"Nothing was learned: {which}, has a mean Dice of {dice:.3f}. Take none of them."
    if run.standing.undecided:
        return (
            f"These images tell none of {len(run.names)} approaches apart: {name}, with a mean "
            f"Dice of {dice:.3f}, is taken by the rule, not because it is shown to be best."
        )
    counts = object_counts(run.per_image)
    if run.winner not in counts.index:
        return f"Take {name}: its masks have a mean Dice of {dice:.3f} on `val`."
    found, missed = (int(counts.loc[run.winner, which]) for which in ("found", "missed"))
    return (
        f"Take {name}: on `val` it finds {found:,} of {counted(found + missed, 'object')}, and "
        f"its masks have a mean Dice of {dice:.3f}."
    )


def learned(run: FinishedRun) -> bool:
    """Whether the winner does better than marking every pixel as object, and than 0.1."""
    rows = with_objects(run.per_image)
    rows = rows[rows["approach"] == run.winner]
    everything = 0.0
    if {"fp", "tn"} <= set(rows.columns) and len(rows):
        objects = rows["tp"] + rows["fn"]
        everything = float((2 * objects / (2 * objects + rows["fp"] + rows["tn"])).mean())
    return bool(run.row(str(run.winner))["dice_mean"] > max(LEARNED, everything))


def caution(run: FinishedRun) -> str:
    """The first of what limits the answer that holds for this run."""
    if run.comparison is None or run.winner not in run.names:
        return ""
    shared, units = run.about.score_groups_in_train, run.comparison.units
    counts = object_counts(run.per_image)
    if run.about.identity.smoke:
        return (
            "The smallest settings were used: this run shows that everything works, not which "
            "approach is good."
        )
    if not learned(run):
        return "Look at the annotations first, and give the trainings more time."
    if run.row(run.winner)["dice_mean"] < POOR:
        return "Its mean Dice is below 0.5: look at its masks before you use any of them."
    if run.winner in counts.index and counts["invented"][run.winner] > counts["found"][run.winner]:
        invented = counted(int(counts["invented"][run.winner]), "piece")
        return f"It marks {invented} that match no object, more than it finds objects."
    if shared is not None and shared.both:
        return f"{overlap(run, shared)}: this says little about objects not seen in training."
    if units < FEW:
        images = "image" if units == run.comparison.images else "independent group of images"
        many = "images" if units == run.comparison.images else "independent groups of images"
        return (
            f"All scores come from {units} {plural(images, units, many)}; so few can miss what "
            "goes wrong on one image in twenty."
        )
    return "Scores hold for images like those of `val`: look at its masks on photos of your own."


def facts(run: FinishedRun) -> list[tuple[str, str]]:
    """What the winner costs: value, and what it is."""
    if run.winner not in run.names:
        return []
    row = run.row(str(run.winner))
    found = [
        ("predict_seconds_per_image", duration, f"for an image on {device_of(run)}"),
        ("fit_seconds", duration, "of training"),
        ("model_mb", "{:.0f} MB".format, "on disk"),
        ("peak_memory_mb", "{:,.0f} MB".format, "of memory, Python included"),
    ]
    return [(written(row[name]), what) for name, written, what in found if pd.notna(row[name])]


def of_verdicts(run: FinishedRun) -> str:
    """What the winner is, what the score and the verdicts that occur mean; who has no result."""
    compared, verdicts = run.comparison, set(run.rows["verdict"])
    own = run.described.get(str(run.winner))
    sentences = [f"`{run.winner}` — {own.summary}."] if own and own.summary else []
    sentences.append(READING)
    if compared is not None and compared.units < compared.images:
        sentences.append("A *group* holds the images of one object or place.")
    sentences += [
        wording.format(margin=run.margin)
        for verdict, wording in MEANINGS.items()
        if verdict in verdicts
    ]
    without = run.board.loc[run.board["status"] != "ok"]
    if len(without):
        sentences.append(f"No result: {listed(code(without['approach']), most=None)}.")
    return " ".join(sentences)


def answer(run: FinishedRun) -> str:
    """What to take, what it costs and what to be careful about, as one paragraph."""
    costs = listed([f"{value} {what}" for value, what in facts(run)])
    price = f"It takes {costs}." if costs != "none" else ""
    return " ".join(filter(None, [f"**{headline(run)}**", price, caution(run)]))


def of_trade_off(run: FinishedRun) -> str:
    """Whether a faster approach is worth a look, and whether a better one was passed over."""
    if run.winner not in run.names:
        return NOTHING
    if len(run.names) < 2:
        return "With a single approach there is nothing to weigh."
    rows, chosen = run.rows, run.row(str(run.winner))
    best, seconds = rows["approach"].iloc[0], rows["predict_seconds_per_image"]
    sentence = (
        f"`{best}` has a higher mean Dice, but not by more than {run.margin:g} as far as is "
        f"shown, and `{run.winner}` is shown to cost less. "
    ) * (best != run.winner)
    quick = rows["approach"][
        (seconds <= FASTER * chosen["predict_seconds_per_image"])
        & (rows["dice_mean"] >= chosen["dice_mean"] - NEAR)
    ]
    if quick.empty:
        return (
            f"{sentence}No approach takes half its time or less at a mean Dice within {NEAR:g} of "
            "its own."
        )
    return (
        f"{sentence}Where speed matters, look at `{quick.iloc[0]}` too: it takes at most half the "
        f"time, and its mean Dice is lower by at most {NEAR:g}."
    )


def of_rule_taken(run: FinishedRun) -> str:
    """By which rule the winner was chosen, and why it was this one."""
    return NOTHING if run.comparison is None else of_rule(run.comparison)


def cost_table(run: FinishedRun) -> str:
    """Objects, time, memory and size of every approach with a result, as a Markdown table."""
    if not run.names:
        return NOTHING
    rows = run.rows.join(object_counts(run.per_image), on="approach")
    shown = pd.DataFrame({"approach": code(rows["approach"]), "mean Dice": rows["dice_mean"]})
    for column, label, written in COSTS:
        shown[label] = rows[column].map(written, na_action="ignore")
    shown = shown.dropna(axis=1, how="all")
    return as_markdown(shown, list(shown.columns))
