"""What a report consists of, whichever form it takes: sections of few sentences with their
pictures, and what folds out below them. The page and the notebook show the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Chart:
    """A drawn figure.

    Attributes:
        name: of its files, without the suffix; unique in a report.
        figure: one panel, legible on a phone.
        alt: what it shows, for who does not see it.
    """

    name: str
    figure: Figure
    alt: str


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture of an image and what was predicted on it.

    Attributes:
        name: of its file, without the suffix; unique in a report.
        pixels: (h, w, 3) uint8 RGB.
        alt: what it shows, for who does not see it.
        caption: a few words below it.
        kind: of the photo, such as "worst"; may be "".
    """

    name: str
    pixels: np.ndarray
    alt: str
    caption: str
    kind: str = ""


@dataclass(frozen=True, eq=False)
class Details:
    """What folds out: a line to click on, Markdown, and charts."""

    summary: str
    text: str = ""
    charts: Sequence[Chart] = ()


@dataclass(frozen=True)
class Link:
    """To a file beside the report: its path relative to the run's folder, and what it is."""

    path: str
    label: str


@dataclass(frozen=True, eq=False)
class Section:
    """One question and its answer.

    Attributes:
        slug: its address in the page.
        title: the question in a few words.
        text: one or two sentences in Markdown.
        charts: as a rule one.
        photos: in the order in which they are shown.
        legend: which colours of photos are explained, "outline", "errors" or "".
        details: what folds out.
        links: files that show more.
        facts: value and what it is, for numbers that are to be seen at a glance.
        note: small print below the charts, in Markdown.
    """

    slug: str
    title: str
    text: str
    charts: Sequence[Chart] = ()
    photos: Sequence[Photo] = ()
    legend: str = ""
    details: Sequence[Details] = ()
    links: Sequence[Link] = ()
    facts: Sequence[tuple[str, str]] = ()
    note: str = ""

    @property
    def folded(self) -> list[Details]:
        """The details that hold anything."""
        return [one for one in self.details if one.text or one.charts]


def charts(*named: tuple[str, Figure | None, str]) -> list[Chart]:
    """The charts that there are: name, figure (None where there is nothing to draw), alt text."""
    return [Chart(name, figure, alt) for name, figure, alt in named if figure is not None]
