"""Sizes of image files against those of their entries, and the EXIF orientation in between.

Cameras store a photo lying and say in its EXIF orientation how it is to be turned. Most annotation
tools show it turned and write outlines for what they show; others, and this program unless it is
told otherwise, take the pixels as stored. A photo that has the size of its entry only when turned
proves how a data set was annotated, also for those photos whose size says nothing (turned by 180
degrees, or square).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from common.coco.check_images import Inspection
from common.coco.findings import Finding, Problem, gathered_images

TURN = "add --upright, or save upright copies of all images without the tag"
EXPORT_UPRIGHT = (
    "save the images upright without the tag and export the annotations again (Label Studio "
    "scales outlines of the upright view to the stored size), or let `python -m common.coco "
    "convert` write such a copy"
)


def fitting(inspections: Sequence[Inspection]) -> set[Path]:
    """Paths of the labelled images on whose entries' sizes outlines can be drawn: those of the
    files, stored or turned, and of files that cannot be looked at.
    """
    paths = set()
    for one in inspections:
        entry = one.image.entry
        if entry is None:
            continue
        size = entry.width, entry.height
        if one.header is None or size in (one.header.size, one.header.upright_size):
            paths.add(one.image.path)
    return paths


def size_findings(
    inspections: Sequence[Inspection], settled: Collection[str] = ()
) -> list[Finding]:
    """Findings on the sizes and orientations of the labelled images of all splits.

    Args:
        inspections: of images with entries; others are passed over.
        settled: splits of which it is known how images with an orientation were annotated.
    """
    labelled = [one for one in inspections if one.image.entry is not None and one.header]
    is_proven = any(_kind(one) == "turned only" for one in labelled)
    problems = [
        (one.image.folder, problem)
        for one in labelled
        if not (one.image.split in settled and _kind(one) in ("either", "stored only"))
        and (problem := _problem(one, _kind(one), is_proven)) is not None
    ]
    return gathered_images(problems, Counter(one.image.folder for one in labelled))


def _kind(one: Inspection) -> str:
    """Whether the file has the size of its entry as stored, turned, either way or not at all."""
    header, entry = one.header, one.image.entry
    if header is None or entry is None:
        return "unknown"
    size = entry.width, entry.height
    stored, turned = size == header.size, size == header.upright_size
    if not header.is_turned:
        return "plain" if stored else "neither"
    return {
        (True, True): "either",
        (True, False): "stored only",
        (False, True): "turned only",
        (False, False): "neither",
    }[stored, turned]


def _problem(one: Inspection, kind: str, is_proven: bool) -> Problem | None:
    header, entry = one.header, one.image.entry
    if header is None or entry is None or kind == "plain" or entry.upright:
        return None
    tag, (width, height) = f"EXIF orientation {header.orientation}", header.size
    stored = f"{width}x{height} px"
    expected = f"{entry.width}x{entry.height} px as its entry says"
    if kind == "neither":
        found, mend = stored, "correct width and height in the entry, or restore the image"
        mend += " that was annotated"
        if (entry.height, entry.width) == header.size:
            found += ", width and height the other way round"
        return Problem("error", one.image.name, found, expected, mend)
    if kind == "turned only":
        found = f"{stored} stored; turned by its {tag} it would be "
        found += f"{entry.width}x{entry.height} and fit"
        return Problem("error", one.image.name, found, expected, f"{TURN} (it was annotated so)")
    if kind == "either" and is_proven:
        found = f"{tag}, in a set annotated as seen upright: others fit only when turned"
        expected = "pixels as they were annotated"
        return Problem("error", one.image.name, found, expected, TURN)
    expected = "no EXIF orientation: annotated pixels are used as stored, not turned"
    if kind == "either":
        mend = "look at whether the outlines fit the stored pixels; if not, add --upright"
    else:
        mend = f"look at whether the outlines fit the stored pixels; if not, {EXPORT_UPRIGHT}"
    return Problem("warning", one.image.name, tag, expected, mend)
