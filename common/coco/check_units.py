"""Coordinates that are fractions or percentages of the image where pixels are expected, as far as
the numbers alone show it.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from common.coco.annotations import Entry
from common.coco.findings import Finding
from common.words import counted

Unit = Literal["fractions", "percentages"]
CHANCE = 1e-6  # of coordinates that all lie where only percentages must
SPREAD = 40.0
SEVERAL = 3  # fewer whole numbers from 0 to 1 are specks at the corner


def unit_findings(annotated: Sequence[tuple[Entry, Sequence[float]]], file: str) -> list[Finding]:
    """An error where the coordinates of a file are fractions or percentages of the image.

    Args:
        annotated: image and coordinates [x1, y1, x2, y2, …] of each annotation with polygons.
        file: the annotation file, for the finding.
    """
    if not annotated:
        return []
    fractions = [values for entry, values in annotated if _are_fractions(entry, values)]
    whole = all(float(value).is_integer() for values in fractions for value in values)
    if len(fractions) > len(annotated) / 2 and not (whole and len(annotated) < SEVERAL):
        found = f"{len(fractions)} of {counted(len(annotated), 'outline')} with coordinates from 0"
        largest = max(map(max, fractions))
        return [unit_error(f"{found} to {largest:g}", "fractions", file)]
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


def _are_fractions(entry: Entry, values: Sequence[float]) -> bool:
    return min(values) >= 0 and max(values) <= 1 and min(entry.width, entry.height) > 1


def _are_percentages(annotated: Sequence[tuple[Entry, Sequence[float]]]) -> bool:
    """Whether all outlines lie within 100 by 100 px where that would be chance for pixels."""
    if len(annotated) < SEVERAL:
        return False
    points = np.concatenate([np.reshape(values, (-1, 2)) for _, values in annotated])
    centres = np.array([np.mean(np.reshape(values, (-1, 2)), axis=0) for _, values in annotated])
    if points.min() < 0 or points.max() > 100 or np.ptp(centres, axis=0).min() < SPREAD:
        return False
    images = {entry.image_id: entry for entry, _ in annotated}.values()
    shares = [min(1, 100 / one.width) * min(1, 100 / one.height) for one in images]
    return float(np.prod(shares)) < CHANCE
