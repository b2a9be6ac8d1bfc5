"""What the masks of the photos without labels hold. There is no truth for them, so only what can
be counted is written, and what a person noted who looked at them.
"""

import pandas as pd

from common.report.review import COUNTS, NAME
from common.words import code, counted, listed, percent, plural, span

USUAL = 0.95  # of the objects of train are exceeded
FACTOR = 2.0  # by this much, before a piece is called out
HOW = (
    f"To have them counted, write `{NAME}` into the folder of the run, one row for each photo: "
    "`photo`, `approach` (whose masks you look at), `objects` (that you see), `found` (of them, "
    "outlined), `invented` (pieces of the mask that are no object), `remark` (what was missed and "
    "what was invented); then `python -m common.report RUN`."
)


def of_photos(photos: pd.DataFrame, train: pd.DataFrame) -> str:
    """How much was found on the photos, and what of it has a size that no object of `train` has.

    Args:
        photos: of `common.describe.photos.photo_objects`.
        train: of `common.describe.photos.train_objects`.
    """
    if photos.empty:
        return (
            "No photo without labels has stored probabilities, so nothing is known of their masks."
        )
    counts = photos.groupby("photo", sort=False)["object"].max()
    objects = photos[photos["object"] > 0]
    none = counts.index[counts == 0].tolist()
    sentences = [
        f"On {counted(len(counts), 'photo')} the masks have "
        f"{counted(len(objects), 'separate piece')}, at most {int(counts.max())} on one."
    ]
    if none:
        sentences.append(f"Nothing was found on {counted(len(none), 'photo')}: {listed(none)}.")
    if len(objects):
        sentences.append(f"The median piece has {span(objects['area_px'], 'px')}.")
    if len(objects) and len(train):
        sentences += _outliers(objects, train)
    sentences.append(
        "Without labels no score can be given, and a piece is not proof of an object."
    )
    return " ".join(sentences)


def _outliers(objects: pd.DataFrame, train: pd.DataFrame) -> list[str]:
    """Pieces much larger, smaller or thinner than nearly all objects of `train`."""
    least, most = train["area_px"].quantile([1 - USUAL, USUAL])
    thinnest = train["width_px"].quantile(1 - USUAL)
    large = objects[objects["area_px"] > FACTOR * most]
    small = objects[objects["area_px"] < least / FACTOR]
    thin = objects[objects["width_px"] < thinnest / FACTOR]
    return [
        f"Compared with {percent(USUAL)} of the {counted(len(train), 'object')} of `train`, "
        f"{counted(len(large), 'piece')} {plural('is', len(large), 'are')} more than {FACTOR:g} "
        f"times as large (above {FACTOR * most:,.0f} px){_on(large)}, "
        f"{len(small)} less than half as large (below {least / FACTOR:,.0f} px){_on(small)} and "
        f"{len(thin)} less than half as wide (below {thinnest / FACTOR:.1f} px){_on(thin)}. "
        "Photos taken at another resolution or distance explain part of that."
    ]


def _on(rows: pd.DataFrame, most: int = 4) -> str:
    """The photos of these rows."""
    names = list(dict.fromkeys(rows["photo"]))
    return f" (on {listed(names, most=most)})" if names else ""


def of_review(review: pd.DataFrame, winner: str | None) -> str:
    """What was found, missed and invented on the photos, with the remarks as a list; how to write
    it where it is not.

    Args:
        review: of `common.report.review.read_review`.
        winner: the chosen approach; rows on the masks of another are not used.
    """
    rows = review[review["approach"] == winner]
    if rows.empty:
        others = sorted(set(review["approach"]))
        other = f"There are notes on the masks of {listed(code(others))} only. " if others else ""
        return f"{other}**Nobody has noted what these masks miss and invent.** {HOW}"
    objects, found, invented = (int(rows[column].sum()) for column in COUNTS)
    missed = rows[rows["found"] < rows["objects"]]
    false = rows[rows["invented"] > 0]
    share = f" ({percent(found / objects)})" if objects else ""
    sentences = [
        f"A person looked at the masks of `{winner}` on {counted(len(rows), 'photo')}: of "
        f"{counted(objects, 'object')} {found} were found{share}.",
        f"Missed: {objects - found}{_on(missed, 12)}." if len(missed) else "None was missed.",
        f"Invented: {counted(invented, 'piece')}{_on(false, 12)}."
        if len(false)
        else "Nothing was invented.",
        "This is one person's judgement of few photos; an object that was found may still be "
        "badly outlined.",
    ]
    remarks = [f"- {row.photo}: {row.remark}" for row in rows.itertuples() if row.remark]
    return "\n".join([" ".join(sentences), *(["", *remarks] if remarks else [])])
