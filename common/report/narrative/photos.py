"""What the masks of the photos without labels hold. There is no truth for them, so only what can
be counted is written, and what a person noted who looked at them.
"""

import pandas as pd

from common.report.review import COUNTS, NAME
from common.words import code, counted, listed, markdown_table, plural

USUAL = 0.95  # of the objects of train are exceeded
FACTOR = 2.0  # by this much, before a piece is called out
HOW = (
    f"Write `{NAME}` into the folder of the run, one row for each photo: `photo`, `approach` "
    "(whose masks you look at), `objects` (that you see), `found` (of them, outlined), `invented` "
    "(pieces of the mask that are no object), `remark`; then `python -m common.report RUN`."
)


def of_photos(photos: pd.DataFrame, train: pd.DataFrame) -> str:
    """On how many photos something was found, and how much of it has a size that no object of
    `train` has.

    Args:
        photos: of `common.describe.photos.photo_objects`.
        train: of `common.describe.photos.train_objects`.
    """
    if photos.empty:
        return (
            "No photo without labels has stored probabilities, so nothing is known of their masks."
        )
    counts = photos.groupby("photo", sort=False)["object"].max()
    objects, none = photos[photos["object"] > 0], int((counts == 0).sum())
    said = (
        f"On {counted(len(counts), 'photo')} the masks have {counted(len(objects), 'object')} "
        "(specks not counted)"
    )
    said += f"; nothing was found on {counted(none, 'photo')}." if none else "."
    odd = _outliers(objects, train) if len(objects) and len(train) else 0
    if odd:
        said += (
            f" {odd:,} of them {plural('is', odd, 'are')} more than twice as large as nearly all "
            "objects of `train`, or less than half as large or as wide: a sign of invention or of "
            "another scale."
        )
    return said


def _outliers(objects: pd.DataFrame, train: pd.DataFrame) -> int:
    """How many pieces are much larger, smaller or thinner than nearly all objects of `train`."""
    least, most = train["area_px"].quantile([1 - USUAL, USUAL])
    thinnest = train["width_px"].quantile(1 - USUAL)
    odd = (objects["area_px"] > FACTOR * most) | (objects["area_px"] < least / FACTOR)
    return int((odd | (objects["width_px"] < thinnest / FACTOR)).sum())


def of_review(review: pd.DataFrame, winner: str | None) -> str:
    """What was found, missed and invented on the photos by the count of a person; empty where
    nobody counted.

    Args:
        review: of `common.report.review.read_review`.
        winner: the chosen approach; rows on the masks of another are not used.
    """
    rows = review[review["approach"] == winner]
    if rows.empty:
        others = sorted(set(review["approach"]))
        return f"There are notes on the masks of {listed(code(others))} only." if others else ""
    objects, found, invented = (int(rows[column].sum()) for column in COUNTS)
    return (
        f"A person who looked at the masks of `{winner}` on {counted(len(rows), 'photo')} counted "
        f"{found} of {counted(objects, 'object')} as found and "
        f"{counted(invented, 'piece')} as invented."
    )


def review_table(review: pd.DataFrame, winner: str | None) -> str:
    """The notes of that person photo by photo, as a Markdown table; how to write them where there
    are none.
    """
    rows = review[review["approach"] == winner]
    if rows.empty:
        return HOW
    head = ("photo", *COUNTS, "remark")
    cells = rows[list(head)].astype(str).replace(r"\s+", " ", regex=True)
    return markdown_table(head, cells.replace(r"\|", r"\\|", regex=True).to_numpy().tolist())
