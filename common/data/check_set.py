"""The check of labelled images beside `train` and `val`, where boxes without an outline are legal,
and images without objects may be all there are.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from common.coco.annotations import Entry, annotation_name
from common.coco.check_annotations import check_outlines
from common.coco.check_images import ImageFile, Inspection, image_findings, inspect_images
from common.coco.check_outlines import stated_box
from common.coco.check_sizes import fitting, size_findings
from common.coco.findings import Finding, Problem, gathered, gathered_images
from common.coco.options import ReadOptions
from common.coco.values import plain_id
from common.data.check_split import Split, open_split, table_without_errors, without_file
from common.data.named_sets import SetSource, options_for, pixel_box

SMALLEST_BOX_PX = 1.0  # a side below it is a share of the image, not a number of pixels


def set_findings(
    source: SetSource,
    split: Split,
    inspections: Sequence[Inspection],
    sized: Collection[Path],
    options: ReadOptions,
) -> list[Finding]:
    """Everything that is to be said of one set.

    Args:
        source: where it lies.
        split: its annotations and images.
        inspections: of the images of all splits and sets.
        sized: paths of the images whose files have the size of their entries.
        options: how annotations are read.
    """
    own = [one for one in inspections if one.image.split == source.name]
    drawn, boxes = _parted(split)
    outlines = check_outlines(drawn.annotated, sized, options, split.file)
    findings = [*split.findings, *outlines.findings]
    findings += gathered(boxes, split.file, _count(split), "annotation")
    if split.annotated.listing is not None and not split.annotated.listing.entries:
        mend = "list the images in it, or leave the set out"
        findings.append(Finding("error", split.file, "0 usable images", "1 or more", mend))
    findings += [*size_findings(own), *image_findings(own)]
    return [*findings, *_seen_before(source, own, inspections)]


def require_sound_set(source: SetSource, options: ReadOptions, *, progress: bool = False) -> str:
    """The table of one set's findings by itself, "" where there are none.

    Args:
        source: where it lies.
        options: how annotations are read.
        progress: show a bar on stderr.

    Raises:
        DataError: there is an error among them; the message holds the table.
    """
    how = options_for(source, options)
    split = open_split(source.folder, source.name, how)
    inspections = inspect_images(split.images, progress=progress)
    sized = fitting(inspections) | without_file([split])
    findings = set_findings(source, split, inspections, sized, how)
    return table_without_errors(findings, source.name)


def _count(split: Split) -> int:
    listing = split.annotated.listing
    return 0 if listing is None else len(listing.annotations)


def _parted(split: Split) -> tuple[Split, list[Problem]]:
    """The split with the annotations that have an outline, and what is wrong with the boxes that
    have none.
    """
    listing = split.annotated.listing
    if listing is None:
        return split, []
    by_id = {entry.image_id: entry for entry in listing.entries}
    drawn, problems = [], []
    for number, annotation in listing.annotations:
        image_id = plain_id(annotation.get("image_id"))
        entry = None if image_id is None else by_id.get(image_id)
        is_box = annotation.get("segmentation") in (None, [], [[]], "", {})
        if entry is None or not is_box or stated_box(annotation) is None:
            drawn.append((number, annotation))
        else:
            problems += _of_box(number, annotation, entry)
    kept = replace(split.annotated, listing=replace(listing, annotations=drawn))
    return replace(split, annotated=kept), problems


def _of_box(number: int, annotation: dict[str, object], entry: Entry) -> list[Problem]:
    """What keeps a box alone from being an object of its image."""
    box, name = stated_box(annotation), annotation_name(number, annotation, entry.file_name)
    expected = f"[x, y, width, height] in pixels of {entry.width}x{entry.height}"
    if box is not None and max(box) <= SMALLEST_BOX_PX:
        mend = "write boxes in pixels, not as shares of the image"
        return [Problem("error", name, f"bbox {box.tolist()}", expected, mend)]
    if pixel_box(annotation, entry) is None:
        found = f"bbox {[] if box is None else box.tolist()}, which lies outside"
        mend = "correct the box, or remove the annotation"
        return [Problem("error", name, found, expected, mend)]
    return []


def _seen_before(
    source: SetSource, own: Sequence[Inspection], inspections: Sequence[Inspection]
) -> list[Finding]:
    """Images of a set that stand in `train` or `val` too, or in another set."""
    others = defaultdict(list)
    for one in inspections:
        if one.pixels is not None and one.image.split not in (source.name, "real_test"):
            others[one.pixels].append(one.image)
    problems = [
        (one.image.folder, _seen(one.image, originals[0]))
        for one in own
        if one.pixels is not None and (originals := others[one.pixels])
    ]
    return gathered_images(problems, Counter(one.image.folder for one in own))


def _seen(image: ImageFile, original: ImageFile) -> Problem:
    found = f"the same pixels as {original.name}"
    expected = "images that nothing was learned from or chosen on"
    mend = "nothing if that is meant; else remove the image from one of the two"
    return Problem("warning", image.name, found, expected, mend)
