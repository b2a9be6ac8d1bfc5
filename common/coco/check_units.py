"""Coordinates that are fractions or percentages of the image where pixels are expected, as far as
the numbers alone show it.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Literal

import numpy as np

from common.coco.annotations import Entry
from common.coco.findings import Finding
from common.words import counted

Unit = Literal["fractions", "percentages"]
Polygons = Sequence[Sequence[float]]
CHANCE = 1e-6  # of coordinates that all lie where only percentages must
SPREAD = 40.0
SEVERAL = 3  # fewer whole numbers from 0 to 1 are specks at the corner


def unit_findings(annotated: Sequence[tuple[Entry, Polygons]], file: str) -> list[Finding]:
    """An error where the coordinates of a file are fractions or percentages of the image.

    Args:
        annotated: image and polygons [x1, y1, x2, y2, …] of each annotation with polygons.
        file: the annotation file, for the finding.
    """
    if not annotated:
        return []
    fractions = [polygons for entry, polygons in annotated if _are_fractions(entry, polygons)]
    whole = all(float(value).is_integer() for value in _values(fractions))
    if len(fractions) > len(annotated) / 2 and not (whole and len(annotated) < SEVERAL):
        found = f"{len(fractions)} of {counted(len(annotated), 'outline')} with coordinates from 0"
        return [unit_error(f"{found} to {max(_values(fractions)):g}", "fractions", file)]
    if _are_percentages(annotated):
        found = f"all {len(annotated)} outlines lie within 0 to 100, in images of up to "
        width, height = (
            max(getattr(entry, side) for entry, _ in annotated) for side in ("width", "height")
        )
        return [unit_error(f"{found}{width}x{height} px", "percentages", file)]
    return []


def unit_error(found: str, unit: Unit, file: str) -> Finding:
    """The error of a file whose coordinates are in another unit."""
    wording = f"{found}: {unit} of the image"
    return Finding("error", file, wording, "coordinates in pixels", unit_mend(unit))


def unit_mend(unit: Unit) -> str:
    """How coordinates in a unit become pixels."""
    by = " / 100" if unit == "percentages" else ""
    return f"multiply x by the image's width{by} and y by its height{by}"


def _values(annotated: Iterable[Polygons]) -> Iterable[float]:
    """All coordinates one after the other, without a copy of them."""
    return chain.from_iterable(chain.from_iterable(annotated))


def _lie_within(polygons: Polygons, highest: float) -> bool:
    return min(map(min, polygons)) >= 0 and max(map(max, polygons)) <= highest


def _are_fractions(entry: Entry, polygons: Polygons) -> bool:
    return _lie_within(polygons, 1) and min(entry.width, entry.height) > 1


def _are_percentages(annotated: Sequence[tuple[Entry, Polygons]]) -> bool:
    """Whether all outlines lie within 100 by 100 px where that would be chance for pixels."""
    if len(annotated) < SEVERAL or not all(_lie_within(one, 100) for _, one in annotated):
        return False
    points = (np.reshape(list(_values([polygons])), (-1, 2)) for _, polygons in annotated)
    centres = np.array([np.mean(one, axis=0) for one in points])
    if np.ptp(centres, axis=0).min() < SPREAD:
        return False
    images = {entry.image_id: entry for entry, _ in annotated}.values()
    shares = [min(1, 100 / one.width) * min(1, 100 / one.height) for one in images]
    return float(np.prod(shares)) < CHANCE
