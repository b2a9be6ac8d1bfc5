"""Annotations with `iscrowd` 1: regions that are ignored, or single objects that a tool marked so.

COCO marks an unclear mass of objects with `iscrowd` 1, and it counts neither as object nor as
ground. CVAT writes 1 on every mask that was made with its brush or by SAM. Ignored by mistake,
such objects vanish from training and from scoring without a trace.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from common.coco.check_outlines import Outline
from common.coco.findings import Finding, some_of
from common.coco.options import ReadOptions
from common.words import counted, percent

CRUMB_SHARE = 0.05  # a smaller piece beside the largest is a slip of the brush
LARGER, LONGER = 3.0, 2.0  # than nearly all objects of the file: no single one
DECODED_PX = 50_000_000


def crowd_findings(outlines: Sequence[Outline], options: ReadOptions, file: str) -> list[Finding]:
    """How many annotations of a file are ignored; an error where they look like single objects.

    Args:
        outlines: of the file, those on images whose size is known.
        options: with `crowd` said, nothing looks wrong.
        file: the annotation file, for findings.
    """
    drawn = [outline for outline in outlines if outline.area_px]
    crowds = [outline for outline in drawn if outline.is_crowd]
    if not crowds:
        return []
    share = sum(one.area_px for one in crowds) / sum(one.area_px for one in drawn)
    found = (
        f"{len(crowds)} of {counted(len(drawn), 'annotation')} with iscrowd 1 (or ignore 1), "
        f"{percent(share)} of the annotated pixels"
    )
    objects = [outline for outline in drawn if not outline.is_crowd]
    single = [outline for outline in crowds if _looks_single(outline, objects)]
    if options.crowd is None and len(single) > len(crowds) / 2:
        why = (
            f"{len(single)} of them look like single objects "
            f"({some_of([outline.name for outline in single])})"
            if objects
            else "there is no object without it"
        )
        mend = (
            "add --crowd object if they are objects (CVAT writes iscrowd 1 on every mask of its "
            "brush and of SAM), --crowd ignore if they are not to count"
        )
        expected = "iscrowd 1 only on regions that are not to count"
        return [Finding("error", file, f"{found}; {why}", expected, mend)]
    mend = "nothing: they count neither as object nor as ground; --crowd object takes them"
    return [Finding("note", file, found, "regions that are not to count", mend)]


def _looks_single(outline: Outline, objects: Sequence[Outline]) -> bool:
    """Whether a region has the area, the box and the pieces of one of the objects; any has where
    there is no object to compare it with.
    """
    if not objects:
        return True
    sizes = np.array([(one.area_px, max(one.box[2:])) for one in objects])
    area, length = np.quantile(sizes, 0.9, axis=0)
    if outline.area_px > LARGER * area or max(outline.box[2:]) > LONGER * length:
        return False
    if outline.fills_its_box and not any(one.fills_its_box for one in objects):
        return False
    return _pieces(outline) == 1


def _pieces(outline: Outline) -> int:
    """Connected pieces of a region, crumbs left out."""
    height, width = outline.entry.height, outline.entry.width
    if height * width > DECODED_PX:
        return 1
    _, _, stats, _ = cv2.connectedComponentsWithStats(outline.mask().astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    return int((areas >= CRUMB_SHARE * areas.max()).sum())
