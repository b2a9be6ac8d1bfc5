"""The rows of a submission that anybody wrote: which column names the image, which holds the mask,
and which image each row is meant for.

Nothing is refused here that can be understood; every way in which the file is not what a receiver
reads is a finding. The runs themselves are not looked at.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from common.coco.findings import Finding, Level
from common.coco.images import PHOTO_SUFFIXES
from common.coco.names import folded, plain_name
from common.coco.values import plain_id
from common.data.template import Layout, listed
from common.foreign_csv import SEPARATORS, ForeignCsv, read_foreign_csv

MASK_NAME = re.compile(r"rle|mask|encod|pixel|segment|predict", re.I)
ID_NAME = re.compile(r"id$|^id|im(a)?ge?|file|name", re.I)
RUNS = re.compile(r"[\[(]?\s*[0-9]+(\.0*)?([\s,]+[0-9]+(\.0*)?)+\s*[\])]?", re.ASCII)


@dataclass
class ForeignRows:
    """The masks' texts by image, each as (line, text); several where an image has several rows.

    `order` lists the images of val in the order of their first rows.
    """

    texts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0


def read_rows(path: Path, layout: Layout, names: Mapping[int, str]) -> ForeignRows:
    """Read a submission, whichever program wrote it.

    Args:
        path: a CSV.
        layout: the header, ids and order that the receiver expects.
        names: image id → file name of every image of `val`.

    Raises:
        CsvError: the file is no CSV.
        OSError: it cannot be read.
    """
    found = read_foreign_csv(path)
    rows = ForeignRows()
    unusual = found.unusual(layout.separator)
    if unusual:
        level: Level = "warning" if unusual == ["UTF-8 with a byte-order mark"] else "error"
        between = SEPARATORS[layout.separator]
        rows.findings.append(
            Finding(
                level,
                path.name,
                "; ".join(unusual),
                f"UTF-8 with {between} between the cells",
                f"save it as CSV UTF-8 with {between}",
            )
        )
    known = _Images(layout, names)
    has_header = _is_header(found.header, known)
    lines = found.rows if has_header else found.lines
    columns = _columns(found, lines, known, has_header)
    rows.findings += _header_findings(path, found, layout, columns, has_header)
    if columns is None:
        return rows
    _assign(rows, path, lines, columns, known)
    rows.findings += _missing_and_order(path, rows, layout)
    return rows


class _Images:
    """The images of `val` by all that a row may call them."""

    def __init__(self, layout: Layout, names: Mapping[int, str]):
        self.written = {image_id: text for text, image_id in layout.rows}
        self._by_text = {text.strip(): image_id for text, image_id in layout.rows}
        self._by_name: dict[str, set[int]] = defaultdict(set)
        for image_id, name in names.items():
            path = PurePosixPath(plain_name(name))
            for spelling in (path.as_posix(), path.name, path.stem):
                self._by_name[folded(spelling)].add(image_id)

    def find(self, cell: str) -> int | None:
        """The image that a cell names by its id, its file's name or that name without suffix."""
        text = cell.strip()
        if text in self._by_text:
            return self._by_text[text]
        image_id = plain_id(text)
        if image_id is not None and image_id in self.written:
            return image_id
        name = PurePosixPath(plain_name(text)).name if text else ""
        is_image = PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES
        stem = PurePosixPath(name).stem if is_image else ""  # a mask saved as PNG
        for spelling in (text, name, stem):
            images = self._by_name.get(folded(spelling), set())
            if len(images) == 1:
                return next(iter(images))
        return None


def _is_header(cells: Sequence[str], known: _Images) -> bool:
    """Whether cells are names of columns, or already those of a row."""
    others = [cell for cell in cells if known.find(cell) is None]
    named = any(MASK_NAME.search(cell) or ID_NAME.search(cell) for cell in others)
    return named or len(others) == len(cells)


def _columns(
    found: ForeignCsv,
    lines: Sequence[tuple[int, tuple[str, ...]]],
    known: _Images,
    has_header: bool,
) -> tuple[int, int] | None:
    """The places of the image's column and of the mask's; None where there are none."""
    width = max(len(cells) for _, cells in found.lines)
    names = [*found.header, *[""] * width] if has_header else [""] * width

    def cells(place: int) -> list[str]:
        return [row[place].strip() for _, row in lines if place < len(row)]

    places = range(width)
    named = [sum(known.find(cell) is not None for cell in cells(place)) for place in places]
    runs = [sum(bool(RUNS.fullmatch(cell)) for cell in cells(place)) for place in places]
    masks = sorted(
        places, key=lambda at: (bool(MASK_NAME.search(names[at])), runs[at]), reverse=True
    )
    if not MASK_NAME.search(names[masks[0]]) and not runs[masks[0]]:
        return None
    others = [place for place in places if place != masks[0]]
    ids = sorted(
        others, key=lambda place: (named[place], bool(ID_NAME.search(names[place]))), reverse=True
    )
    return (ids[0], masks[0]) if ids else None


def _header_findings(
    path: Path,
    found: ForeignCsv,
    layout: Layout,
    columns: tuple[int, int] | None,
    has_header: bool,
) -> list[Finding]:
    header_line = layout.separator.join(layout.columns)
    expected = f"the header {header_line}"
    if columns is None:
        mend = "write one row for each image of val, its id first and its runs second"
        return [Finding("error", path.name, f"the columns {list(found.header)}", expected, mend)]
    line = found.lines[0][0]
    if not has_header:
        mend = f"write {header_line} into the first line"
        return [Finding("error", f"{path.name}, line {line}", "no header", expected, mend)]
    if tuple(found.lines[0][1]) == layout.columns:
        return []
    header = found.header
    wording = f"the header {','.join(header)}"
    mend = "name the columns as expected, with nothing beside them"
    if columns == (1, 0) and len(header) == 2:
        mend = "swap the columns"
    elif len(header) > 2:
        surplus = [name or "an unnamed one" for i, name in enumerate(header) if i not in columns]
        wording += f" ({', '.join(surplus)} beside image and mask)"
        mend = "write the two columns alone, in pandas with index=False"
    return [Finding("error", f"{path.name}, line {line}", wording, expected, mend)]


def _assign(
    rows: ForeignRows,
    path: Path,
    lines: Sequence[tuple[int, tuple[str, ...]]],
    columns: tuple[int, int],
    known: _Images,
) -> None:
    """Give each row to its image, and say of which rows the image is written otherwise, or is
    none of val's.
    """
    foreign, other, short = [], [], []
    for line, cells in lines:
        rows.rows += 1
        cell = cells[columns[0]] if columns[0] < len(cells) else ""
        image_id = known.find(cell)
        if image_id is None:
            foreign.append(f"{cell!r} in line {line}")
            continue
        if columns[1] >= len(cells):
            short.append(f"line {line}")
        if cell != known.written[image_id]:
            other.append(f"{cell!r} for {known.written[image_id]!r}")
        if image_id not in rows.texts:
            rows.order.append(image_id)
        text = cells[columns[1]] if columns[1] < len(cells) else ""
        rows.texts.setdefault(image_id, []).append((line, text))
    kinds = (
        (
            foreign,
            "rows of no image of val",
            f"ids of the {len(known.written)} images of val",
            "remove these rows, or write the ids of val",
        ),
        (
            other,
            "ids written otherwise",
            "each id as the receiver writes it",
            "write the ids as the template or the annotations do",
        ),
        (
            short,
            "rows without a cell for the mask",
            "a comma in each row, also before an empty mask",
            "write the empty mask as an empty cell after the comma",
        ),
    )
    for wrong, what, expected, mend in kinds:
        if wrong:
            found = f"{len(wrong)} {what}: {listed(wrong)}"
            rows.findings.append(Finding("error", path.name, found, expected, mend))


def _missing_and_order(path: Path, rows: ForeignRows, layout: Layout) -> list[Finding]:
    findings = []
    missing = [image_id for _, image_id in layout.rows if image_id not in rows.texts]
    if missing and (rows.texts or not rows.rows):  # else no row is of an image of val
        found = f"no row for {len(missing)} of {len(layout.rows)} images: {listed(missing)}"
        mend = "add their rows; the mask of an image where nothing was found is an empty cell"
        findings.append(Finding("error", path.name, found, "a row for each image of val", mend))
    counts = Counter({image_id: len(texts) for image_id, texts in rows.texts.items()})
    several = [image_id for image_id, count in counts.items() if count > 1]
    if several:
        lines = ", ".join(str(line) for line, _ in rows.texts[several[0]])
        found = f"{len(several)} images with several rows, first {several[0]} in lines {lines}"
        mend = "unite the masks of an image's objects into one mask, and write one row for it"
        findings.append(Finding("error", path.name, found, "one row for each image", mend))
    expected = [image_id for _, image_id in layout.rows if image_id in rows.texts]
    if rows.order != expected:
        pairs = enumerate(zip(rows.order, expected, strict=True))
        place = next(place for place, (found_id, wanted) in pairs if found_id != wanted)
        line = rows.texts[rows.order[place]][0][0]
        found = f"image {rows.order[place]} in line {line}, where {expected[place]} is expected"
        of = f"the order of {layout.file_name}" if layout.from_template else "the order of the ids"
        mend = "sort the rows; a receiver that goes by the order gives masks to other images"
        level: Level = "error" if layout.from_template else "warning"
        findings.append(Finding(level, path.name, found, of, mend))
    return findings
