"""What the sections are made from: a finished run, its photos with what was predicted on them, and
what a person noted of these. It is read once, for all of them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from common.describe.photos import photo_objects, train_objects
from common.gallery.pictures import limited
from common.report.finished_run import FinishedRun, photo_masks, val_masks
from common.report.narrative.weaknesses import examples
from common.report.pictures import judged, outlined
from common.report.review import read_review
from common.report.section import Photo
from common.words import counted

MOST_PHOTOS = 12
STRIP, STRIP_PX = 4, 400


@dataclass(frozen=True, eq=False)
class Material:
    """All that a report tells of.

    Attributes:
        run: the finished run.
        with_data: whether the data folder of the run was there.
        photos: the winner's masks on photos without labels, at most twelve.
        judged: what the winner found, missed and invented on images of `val`: the worst, typical
            ones, the best.
        pieces: of `common.describe.photos.photo_objects`, of all photos.
        train: of `common.describe.photos.train_objects`; empty without photos.
        review: of `common.report.review.read_review`.
    """

    run: FinishedRun
    with_data: bool
    photos: tuple[Photo, ...]
    judged: tuple[Photo, ...]
    pieces: pd.DataFrame
    train: pd.DataFrame
    review: pd.DataFrame

    @property
    def photo_count(self) -> int | None:
        """How many photos without labels were looked at; None where that is not known."""
        return int(self.pieces["photo"].nunique()) if self.with_data else None

    @property
    def strip(self) -> list[Photo]:
        """Four pictures for the first screen: photos without labels on which something was found
        before others, spread over them; then images of `val`, typical ones first.
        """
        counts = self.pieces.groupby("photo")["object"].max() if len(self.pieces) else {}
        shown = sorted(self.photos, key=lambda one: counts.get(one.caption, 0) == 0)
        some = [one for one in shown if counts.get(one.caption, 0) > 0] or shown
        places = np.linspace(0, len(some) - 1, min(STRIP, len(some))).round().astype(int)
        order = {"typical": 0, "best": 1, "worst": 2}
        rest = sorted(self.judged, key=lambda one: order.get(one.kind, 3))
        chosen = [*(some[place] for place in places), *rest][:STRIP]
        return [
            Photo(f"strip-{one.name}", limited(one.pixels, STRIP_PX), one.alt, one.caption)
            for one in chosen
        ]


def gather(run: FinishedRun, data: Path | None) -> Material:
    """Read the photos of a run.

    Args:
        run: a finished run.
        data: its data folder; without it, or where it is not there, there are no pictures.
    """
    there = data is not None and data.is_dir()
    folder = data if data is not None else Path("no data")
    shown: list[Photo] = []

    def drawn():  # type: ignore[no-untyped-def]
        """Each photo on its way to being counted; of the first ones a picture is kept."""
        for name, image, mask in photo_masks(run, folder):
            if len(shown) < MOST_PHOTOS:
                number = len(shown) + 1
                alt = f"Photo {name} with the outline of the mask that {run.winner} predicted"
                shown.append(Photo(f"photo-{number}", outlined(image, mask), alt, name))
            yield name, image, mask

    pieces = photo_objects(drawn()) if there else photo_objects([])
    return Material(
        run=run,
        with_data=there,
        photos=tuple(shown),
        judged=tuple(_judged(run, folder)) if there else (),
        pieces=pieces,
        train=train_objects(folder, run.about.read_options) if shown else pd.DataFrame(),
        review=read_review(run.folder),
    )


def _judged(run: FinishedRun, data: Path) -> list[Photo]:
    """The images of `val` that show where the winner fails and where it does not."""
    kinds = {image_id: kind for kind, ids in examples(run).items() for image_id in ids}
    scores = run.per_image[run.per_image["approach"] == run.winner].set_index("img_id")
    pictures = []
    for sample, mask in val_masks(run, data, list(kinds)):
        row, kind = scores.loc[sample.image_id], kinds[sample.image_id]
        caption = f"Dice {row['dice']:.2f}"
        if {"object_tp", "object_fp", "object_fn"} <= set(scores.columns):
            words = (("found", "object_tp"), ("missed", "object_fn"), ("invented", "object_fp"))
            counts = [f"{int(row[column])} {word}" for word, column in words if row[column] > 0]
            caption = ", ".join([caption, *counts])
        pixels = judged(sample.image, sample.mask, mask, sample.ignore)
        name = f"val-{sample.image_id}"
        alt = f"Image {sample.image_id} of val, one of the {kind}: {caption}; objects cut out"
        pictures.append(
            Photo(
                name, pixels, alt, f"{kind.capitalize()}: image {sample.image_id}, {caption}", kind
            )
        )
    return pictures


def count_of(photos: int, shown: int) -> str:
    """That only some photos are shown; empty where all are."""
    return f"{shown} of {counted(photos, 'photo')} are shown." if shown < photos else ""
