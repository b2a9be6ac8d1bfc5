"""The page of a gallery: what stands on it, and the one template that makes HTML of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.gallery.names import displayable
from common.page_template import PageTemplate

Key = str | float | None | list[float | None]
_TEMPLATE = PageTemplate("common.gallery", "gallery", {"displayable": displayable})
without_own_script = _TEMPLATE.without_script


@dataclass(frozen=True)
class Outline:
    """The borders of objects, drawn over a picture at any size of it.

    Attributes:
        path: of an SVG, in pixels of the image.
        numbers: (x, y, text) beside the objects.
        shape: (height, width) of the image.
    """

    path: str
    numbers: Sequence[tuple[int, int, str]]
    shape: tuple[int, int]


@dataclass(frozen=True)
class Picture:
    """An image file in the folder of the page, and its size."""

    file: str
    width: int
    height: int


@dataclass(frozen=True)
class Figure:
    """One picture of a photo.

    Attributes:
        kind: its class in the style sheet.
        caption: what it shows, in a few words.
        alt: what it shows, for who does not see it.
        small: as it stands on the page.
        large: the file of its full size.
        facts: a line below it.
        outline: drawn over it.
        overlay: a picture that lies over it.
        approach: number of the approach that it belongs to; None for a figure of them all.
    """

    kind: str
    caption: str
    alt: str
    small: Picture
    large: str
    facts: str = ""
    outline: Outline | None = None
    overlay: Picture | None = None
    approach: int | None = None


@dataclass(frozen=True)
class Item:
    """All of one photo.

    Attributes:
        name: of the photo.
        facts: a line beside it.
        figures: in their order.
        keys: name → what the page is sorted and filtered by; a list has a value for each approach.
        details: a second line, or "".
    """

    name: str
    facts: str
    figures: Sequence[Figure]
    keys: Mapping[str, Key]
    details: str = ""


@dataclass(frozen=True)
class Order:
    """One way to sort the photos: by a key, from its largest or its smallest value."""

    key: str
    label: str
    descending: bool = False


@dataclass(frozen=True)
class Filter:
    """One way to show fewer photos: those whose key is above 0, or is 0."""

    key: str
    label: str
    above_zero: bool = True


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        name: of its file, without the suffix, and of the folder of its images.
        title: its heading.
        subtitle: the line below it, may be "".
        summary: one sentence over all photos.
        notes: how to read it, one sentence each.
        attribution: whose the photos are, may be "".
        items: the photos.
        orders: the first is the order of `items`.
        filters: by yes and no.
        approaches: whose figures are compared; the first four are shown at first.
        legend: which colours are explained, "heat", "errors" or "".
        threshold: of the probability, a mark in the legend of the heat map.
        noun: what one of the items is called.
    """

    name: str
    title: str
    subtitle: str
    summary: str
    notes: Sequence[str]
    attribution: str
    items: Sequence[Item]
    orders: Sequence[Order] = ()
    filters: Sequence[Filter] = ()
    approaches: Sequence[str] = ()
    legend: str = ""
    threshold: float | None = None
    noun: str = "photo"


def rendered(page: Page) -> bytes:
    """The HTML of a page; the same page gives the same bytes."""
    groups = sorted({str(item.keys["group"]) for item in page.items if "group" in item.keys})
    return _TEMPLATE.rendered(page=page, groups=groups).encode()
