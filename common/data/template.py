"""The template of a submission: a CSV in the data folder that says how the hand-in must look.

Where there is one, its name, header, ids and order are taken over to the letter, and so are the
character between its cells and its further columns; without one the usual form holds. It is the
receiver's file, so it is never written to, and one whose rows are not the images of `val` is
refused before anything is trained.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from common.coco import DataError
from common.coco.names import folded, plain_name
from common.coco.values import plain_id
from common.foreign_csv import CsvError, ForeignCsv, long_fields, read_foreign_csv

FILE_NAME = "pred_valid_template.csv"
HEADER = ("img_id", "rle_mask")
TEMPLATE_NAMES = ("pred_val_template.csv", "pred_valid_template.csv")
MASK_NAME = re.compile(r"rle|mask|encod|pixel|segment|predict", re.I)
ID_NAME = re.compile(r"id$|^id|im(a)?ge?|file|name", re.I)
EMPTY = "-1"  # what some receivers write for an empty mask
_SHOWN = 10


class TemplateError(DataError):
    """The template does not fit the images; says of which file what was found, what was expected
    and how to mend it.
    """

    def __init__(self, file: str, found: str, expected: str, mend: str):
        super().__init__(f"{file} has {found}; expected {expected}. To mend it, {mend}.")
        self.file, self.found, self.expected, self.mend = file, found, expected, mend


@dataclass(frozen=True)
class Layout:
    """What the file must look like.

    Attributes:
        file_name: of it.
        header: the names of the id's and of the mask's column.
        rows: (text of the id, id of the image) in their order.
        from_template: whether a template says so.
        separator: between the cells of a line.
        columns: the names of all columns as the template writes them.
        places: of the id and of the mask among the columns.
        cells: of each row in the template, for columns that are taken over as they are.
        empty: the text of an empty mask.
        unusual: how the template differs from the usual form, in words.
    """

    file_name: str
    header: tuple[str, str]
    rows: list[tuple[str, int]]
    from_template: bool = False
    separator: str = ","
    columns: tuple[str, ...] = HEADER
    places: tuple[int, int] = (0, 1)
    cells: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    empty: str = ""
    unusual: tuple[str, ...] = ()

    def image_of(self, text: str) -> int | None:
        """The image that the text of an id means, as it is written here or by its number."""
        by_number = plain_id(text)
        known = self._by_text.get(text)
        return by_number if known is None and by_number in self._images else known

    @cached_property
    def _by_text(self) -> dict[str, int]:
        return dict(self.rows)

    @cached_property
    def _images(self) -> set[int | None]:
        return {image_id for _, image_id in self.rows}

    def line(self, row: int, mask: str) -> list[str]:
        """The cells of a row with this text as its mask."""
        id_place, mask_place = self.places
        cells = list(self.cells[row]) if self.cells else [""] * len(self.columns)
        cells[id_place] = self.rows[row][0]
        cells[mask_place] = mask or self.empty
        return cells


def find_template(data_folder: Path | str) -> Path | None:
    """Return the submission template of a data folder, or None where there is none.

    Args:
        data_folder: The folder that would hold `pred_val_template.csv` or
            `pred_valid_template.csv`.

    Raises:
        TemplateError: Both are there, so which one counts is unknown.
    """
    found = [path for name in TEMPLATE_NAMES if (path := Path(data_folder) / name).is_file()]
    if len(found) > 1:
        raise TemplateError(
            str(data_folder), "two templates", "one", f"remove {' or '.join(TEMPLATE_NAMES)}"
        )
    return found[0] if found else None


def require_fitting_template(
    data_folder: Path | str, ids: Iterable[int], names: Mapping[int, str] | None = None
) -> Layout:
    """Refuse a template that the masks of these images could not follow, before there is any mask.

    Args:
        data_folder: As for `find_template`; without a template in it nothing is refused.
        ids: Of the images that need a row each.
        names: Image id → file name, which a template may have in place of the id.

    Returns:
        What the file must look like.

    Raises:
        TemplateError: The template cannot be read, or its header or ids are not as they must be.
    """
    return layout_of(dict.fromkeys(ids, (0, 0)), find_template(data_folder), names)


def layout_of(
    shapes: Mapping[int, tuple[int, int]],
    template: Path | str | None,
    names: Mapping[int, str] | None = None,
) -> Layout:
    """Say what the file must look like; a template whose rows are not the images of `shapes` is an
    error.

    Args:
        shapes: Image id → (H, W) of each image that needs a row.
        template: Commas, semicolons or tabs; UTF-8 or UTF-16; further columns; lines without
            content. The rows name their images by id, by file name or by its stem.
        names: Image id → file name.
    """
    if template is None:
        return Layout(FILE_NAME, HEADER, [(str(image_id), image_id) for image_id in shapes])
    path = Path(template)
    try:
        found = read_foreign_csv(path)
    except (CsvError, OSError) as error:
        raise TemplateError(
            path.name, f"no readable content ({error})", "a CSV in UTF-8", "export it again"
        ) from error
    images = _Images(shapes, names or {})
    id_place, mask_place = places = _places(found, images)
    cells = tuple(_filled(row, len(found.header)) for _, row in found.rows)
    texts = [row[id_place] for row in cells]
    ids = images.of(texts)
    _require_ids(path.name, texts, ids, shapes)
    columns = found.lines[0][1]
    masks = {row[mask_place].strip() for row in cells}
    unusual = found.unusual()
    others = [name.strip() or "one without a name" for name in columns]
    del others[max(places)], others[min(places)]
    unusual += [f"further columns ({', '.join(others)})"] if others else []
    unusual += ["file names as ids"] if cells and images.are_names(texts) else []
    unusual += [f"{EMPTY} for an empty mask"] if EMPTY in masks else []
    return Layout(
        path.name,
        (columns[id_place], columns[mask_place]),
        [
            (text, image_id)
            for text, image_id in zip(texts, ids, strict=True)
            if image_id is not None
        ],
        from_template=True,
        separator=found.separator,
        columns=columns,
        places=places,
        cells=cells,
        empty=EMPTY if masks <= {EMPTY, ""} and EMPTY in masks else "",
        unusual=tuple(unusual),
    )


class _Images:
    """The images that need a row, by all that a template may call them."""

    def __init__(self, ids: Iterable[int], names: Mapping[int, str]):
        self._ids = set(ids)
        self._by_name: dict[str, int | None] = {}
        for image_id in self._ids & set(names):
            path = PurePosixPath(plain_name(names[image_id]))
            for spelling in {
                path.as_posix(),
                path.name,
                path.stem,
                path.with_suffix("").as_posix(),
            }:
                taken = folded(spelling) in self._by_name
                self._by_name[folded(spelling)] = None if taken else image_id

    def of(self, texts: Sequence[str]) -> list[int | None]:
        """The images that a column of texts names, all by their ids or all by their files."""
        return self._by_names(texts) if self.are_names(texts) else self._by_ids(texts)

    def are_names(self, texts: Sequence[str]) -> bool:
        """Whether the texts name images by their files.

        Where both would do and differ (files numbered otherwise than their images), the texts are
        ids if they are written as ids are, and names if they are padded as file names are.
        """
        ids, names = self._by_ids(texts), self._by_names(texts)
        known = sum(image_id in self._ids for image_id in ids)
        named = sum(image_id is not None for image_id in names)
        if known == named == len(texts) and ids != names:
            return any(
                text.strip() != str(image_id) for text, image_id in zip(texts, ids, strict=True)
            )
        return named > known

    def count(self, texts: Sequence[str]) -> int:
        """How many images a column of texts names."""
        return len({image_id for image_id in self.of(texts) if image_id in self._ids})

    def _by_ids(self, texts: Sequence[str]) -> list[int | None]:
        return [plain_id(text) for text in texts]

    def _by_names(self, texts: Sequence[str]) -> list[int | None]:
        return [self._by_name.get(folded(plain_name(text.strip()))) for text in texts]


def _places(found: ForeignCsv, images: _Images) -> tuple[int, int]:
    """The columns of the ids and of the masks."""
    header = found.header
    columns = [
        [_filled(row, len(header))[place] for _, row in found.rows] for place in range(len(header))
    ]
    masks = [place for place, name in enumerate(header) if MASK_NAME.search(name)]
    if not masks and len(header) == 2:
        masks = [1]
    ids = [place for place in range(len(header)) if place not in masks[:1]]
    named = {place: bool(ID_NAME.search(header[place])) for place in ids}
    ids.sort(key=lambda place: (images.count(columns[place]), named[place]), reverse=True)
    has_names = bool(ids and masks) and bool(header[ids[0]] and header[masks[0]])
    if not has_names or plain_id(header[ids[0]]) is not None:
        raise TemplateError(
            found.name,
            f"the header {list(found.lines[0][1])}",
            "two named columns, one for the id and one for the mask",
            "write a line such as img_id,rle_mask above the rows",
        )
    return ids[0], masks[0]


def _require_ids(
    name: str,
    texts: Sequence[str],
    ids: Sequence[int | None],
    shapes: Mapping[int, tuple[int, int]],
) -> None:
    """Refuse rows that are not the images of `shapes`, each once."""
    counts = Counter(image_id for image_id in ids if image_id is not None)
    unknown = [text for text, image_id in zip(texts, ids, strict=True) if image_id not in shapes]
    problems: dict[str, list] = {
        "more than once": [image_id for image_id, count in counts.items() if count > 1],
        "not among the images": unknown,
        "missing in the template": [image_id for image_id in shapes if image_id not in counts],
    }
    found = "; ".join(
        f"{len(wrong)} {what} ({listed(wrong)})" for what, wrong in problems.items() if wrong
    )
    if found:
        raise TemplateError(
            name,
            f"rows that do not match the {len(shapes)} images: {found}",
            "each image once, by its id, its file name or that name without suffix",
            "correct the annotations (ids or file names), or take the template that belongs to "
            "these images",
        )


def _filled(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    """As many cells of a row as the header has, empty ones where the line ends early."""
    return (*cells, *[""] * (width - len(cells)))[:width]


def read_csv(path: Path | str, separator: str = ",") -> list[tuple[int, list[str]]]:
    """Return every line of a CSV as (its number from 1, its cells as text); an empty mask stays an
    empty text.
    """
    try:
        with long_fields(), Path(path).open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            return [(reader.line_num, cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CsvError(f"{Path(path).name} cannot be read as a UTF-8 CSV: {error}") from error


def listed(items: list, separator: str = ", ") -> str:
    """Write the first ten items and how many more there are."""
    more = f"{separator}… ({len(items)} in all)" if len(items) > _SHOWN else ""
    return separator.join(map(str, items[:_SHOWN])) + more
