"""The check of an annotation file: its entries, ids, names and categories, and the outline of
every object.

It reads the file without trusting any field and reports everything it finds, one finding for each
kind; it never opens what an entry names.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.coco.annotations import (
    ANNOTATION_FILE,
    CONVERTED,
    DataError,
    Entry,
    Listing,
    annotation_name,
    hashable,
    list_entries,
    plain_category,
    read_json,
)
from common.coco.check_consistency import contradictions
from common.coco.check_crowd import crowd_findings
from common.coco.check_outlines import Outline, check_form, check_outline
from common.coco.check_readings import Reading, meant_otherwise
from common.coco.check_units import unit_findings
from common.coco.drawing import plain_polygon, polygon_problem
from common.coco.findings import Finding, Problem, gathered, some_of
from common.coco.options import ReadOptions
from common.coco.values import abbreviated, plain_id


@dataclass(frozen=True)
class Annotated:
    """What an annotation file lists; without a readable file there is no listing.

    `images` is the number of its image entries.
    """

    listing: Listing | None
    images: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Drawn:
    """The annotations of a file drawn: what each draws, what was found, and the other reading that
    the images bear out, if any.
    """

    outlines: Sequence[Outline] = field(default=(), repr=False)
    findings: list[Finding] = field(default_factory=list)
    reading: Reading | None = None

    @property
    def images_with_objects(self) -> int:
        """How many images show an object of at least one pixel, crowd regions left out."""
        shown = [one for one in self.outlines if not one.is_crowd and one.area_px]
        return len({one.entry.image_id for one in shown})


def open_annotations(folder: Path, options: ReadOptions, name: str = "") -> Annotated:
    """List the entries of one split, with findings about the file, its images, ids, names and
    categories.

    Image ids that train and val share are no finding: ids are only compared within a split.

    Args:
        folder: `train/` or `val/`; findings name files relative to the folder above it.
        options: how annotations are read.
        name: by which findings call the folder, instead of its own.
    """
    file = f"{name or folder.name}/{ANNOTATION_FILE}"
    try:
        content = read_json(folder)
    except (DataError, OSError) as error:
        return Annotated(None, findings=[_unreadable(folder, file, error)])
    listing = list_entries(content, folder, options)
    annotations = [annotation for _, annotation in listing.annotations]
    findings = gathered(listing.of_images, file, len(content["images"]), "image")
    findings += gathered(listing.of_annotations, file, len(content["annotations"]), "annotation")
    findings += _repeated_annotation_ids(annotations, file)
    findings += _category_findings(annotations, listing.categories, options, file)
    return Annotated(listing, len(content["images"]), findings)


def check_outlines(
    annotated: Annotated, sized: Collection[Path], options: ReadOptions, file: str
) -> Drawn:
    """Check the annotations of a split one by one and against each other.

    Args:
        annotated: of `open_annotations`.
        sized: paths of the images whose files have the size of their entries; on others nothing
            can be drawn.
        options: how annotations are read.
        file: the annotation file, for findings.
    """
    listing = annotated.listing
    if listing is None:
        return Drawn()
    placed, problems = _placed(listing, sized)
    units = unit_findings(_coordinates(placed), file)
    outlines = [] if units else [check_outline(*one) for one in placed]
    against = units or contradictions(outlines, file)
    if not any(finding.level == "error" for finding in against):
        otherwise = meant_otherwise(outlines, file)
        if otherwise:  # all that is said of single outlines follows from it
            return Drawn(outlines, [otherwise[1]], otherwise[0])
    problems += [problem for outline in outlines for problem in outline.problems]
    findings = gathered(problems, file, len(listing.annotations), "annotation") + against
    return Drawn(outlines, findings + crowd_findings(outlines, options, file))


_Placed = list[tuple[int, dict[str, object], Entry]]


def _placed(listing: Listing, sized: Collection[Path]) -> tuple[_Placed, list[Problem]]:
    """The annotations that can be drawn, each with its number and the entry of its image; and what
    is to be said of the others.
    """
    by_id = {entry.image_id: entry for entry in reversed(listing.entries)}
    known = {plain_id(value) for value in listing.ids} - {None}
    names = {name for one in listing.entries for name in (one.file_name, one.path.stem)}
    placed: _Placed = []
    problems: list[Problem] = []
    for number, annotation in listing.annotations:
        image_id = plain_id(annotation.get("image_id"))
        if image_id in by_id and image_id is not None:
            entry = by_id[image_id]
            if entry.path in sized:
                placed.append((number, annotation, entry))
            else:
                problems += check_form(number, annotation, entry)
        elif image_id not in known and hashable(annotation.get("image_id")) not in listing.ids:
            problems.append(_of_no_image(number, annotation, names))
    return placed, problems


def _unreadable(folder: Path, file: str, error: Exception) -> Finding:
    """Why an annotation file gives no lists."""
    path = folder / ANNOTATION_FILE
    expected = "a COCO annotation file beside images/"
    if not path.is_file():
        others = ", ".join(sorted(other.name for other in folder.glob("*.json")))
        found = f"no such file (but {others})" if others else "no such file"
        mend = f"export the annotations as COCO JSON under the name {ANNOTATION_FILE}"
        mend += f", or name another file so {CONVERTED}" if others else ""
        return Finding("error", file, found, expected, mend)
    found = str(error.__cause__ or error).replace(str(path), "").strip()
    if error.__cause__ is None and isinstance(error, DataError):
        expected = 'the lists "images" and "annotations"'
        found = found.removeprefix("has ").partition(";")[0]
        mend = "export the annotations again, as COCO instances"
        return Finding("error", file, found, expected, mend)
    expected = "a COCO annotation file, JSON in UTF-8"
    return Finding("error", file, f"not JSON: {found}", expected, "export the annotations again")


def _repeated_annotation_ids(annotations: Sequence[dict[str, object]], file: str) -> list[Finding]:
    counts = Counter(
        abbreviated(annotation["id"]) for annotation in annotations if "id" in annotation
    )
    repeated = [f"{shown_id} for {many}" for shown_id, many in counts.items() if many > 1]
    if not repeated:
        return []
    found = f"annotation id {some_of(repeated)} annotations"
    if len(repeated) > 1:
        found = f"{len(repeated)} annotation ids of several annotations: {found}"
    mend = "number the annotations anew (all are used here, but other COCO tools keep only one)"
    return [Finding("warning", file, found, "unique annotation ids", mend)]


def _of_no_image(number: int, annotation: Mapping[str, object], names: Collection[str]) -> Problem:
    """An annotation whose image id no entry has, though an image may have that name."""
    found = f"image id {abbreviated(annotation.get('image_id'))}, which no image entry has"
    mend = "add the image's entry, or remove the annotation"
    if hashable(annotation.get("image_id")) in names:
        found += " (it is the name of one)"
        mend = "write the id of the image's entry into image_id in place of its name"
    expected = "an image_id that an image entry has"
    return Problem("error", annotation_name(number, annotation), found, expected, mend)


def _coordinates(placed: _Placed) -> list[tuple[Entry, list[list[float]]]]:
    """The polygons of each annotation whose polygons can be read."""
    found = []
    for _, annotation, entry in placed:
        polygons = annotation.get("segmentation")
        if not isinstance(polygons, list):
            continue
        if any(polygon_problem(one, entry.height, entry.width) for one in polygons):
            continue
        plain = [plain_polygon(one) for one in polygons if len(one) >= 6]
        found += [(entry, plain)] if plain else []
    return found


def _category_findings(
    annotations: Sequence[dict[str, object]],
    named: Mapping[str, str],
    options: ReadOptions,
    file: str,
) -> Iterator[Finding]:
    used = Counter(abbreviated(plain_category(annotation)) for annotation in annotations)
    if len(used) > 1 and not options.categories:
        counts: dict[str, int] = defaultdict(int)
        for key, count in used.items():
            counts[named.get(key, key)] += count
        ordered = sorted(counts.items(), key=lambda pair: -pair[1])
        names = ", ".join(f"{name} ({count})" for name, count in ordered)
        mend = (
            "nothing if all are the object to find: they are united into one mask; else choose "
            f"one, e.g. --category {_quoted(ordered[0][0])}"
        )
        found = f"{len(used)} categories: {names}"
        yield Finding("warning", file, found, "one kind of object", mend)
    for key, count in used.items():
        if named and key not in named:
            expected = "one of " + ", ".join(f"{key} ({name})" for key, name in named.items())
            mend = (
                "list the category, or remove these annotations if they are not the object (they "
                "are used)"
            )
            yield Finding(
                "warning", file, f"category_id {key} in {count} annotations", expected, mend
            )


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
