"""The template of a submission: a CSV in the data folder that says how the hand-in must look.

Where there is one, its name, header, ids and order are taken over to the letter; without one the
usual form holds. It is the receiver's file, so it is never written to, and one whose ids are not
those of `val` is refused before anything is trained.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.coco import DataError
from common.foreign_csv import CsvError, long_fields

FILE_NAME = "pred_valid_template.csv"
HEADER = ("img_id", "rle_mask")
TEMPLATE_NAMES = ("pred_val_template.csv", "pred_valid_template.csv")
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
    """What the file must look like: its name, its two columns and its rows as (text of the id,
    id).
    """

    file_name: str
    header: tuple[str, str]
    rows: list[tuple[str, int]]
    from_template: bool = False


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


def require_fitting_template(data_folder: Path | str, ids: Iterable[int]) -> None:
    """Refuse a template that the masks of these images could not follow, before there is any mask.

    Args:
        data_folder: As for `find_template`; without a template in it nothing is refused.
        ids: Of the images that need a row each.

    Raises:
        TemplateError: The template cannot be read, or its header or ids are not as they must be.
    """
    layout_of(dict.fromkeys(ids, (0, 0)), find_template(data_folder))


def layout_of(shapes: Mapping[int, tuple[int, int]], template: Path | str | None) -> Layout:
    """Say what the file must look like; a template whose ids are not those of `shapes` is an
    error.
    """
    if template is None:
        return Layout(FILE_NAME, HEADER, [(str(image_id), image_id) for image_id in shapes])
    name = Path(template).name
    try:
        lines = read_csv(
            template, "utf-8-sig"
        )  # a template saved by a spreadsheet may start with a byte-order mark
    except CsvError as error:
        raise TemplateError(
            name, f"no readable content ({error})", "a CSV in UTF-8", "export it again"
        ) from error
    header = _template_header(name, lines)
    texts = [cells[0] for _, cells in lines[1:] if cells]
    rows = [(text, image_id) for text in texts if (image_id := parse_id(text)) is not None]
    counts = Counter(image_id for _, image_id in rows)
    problems: dict[str, list] = {
        "not a number": [text for text in texts if parse_id(text) is None],
        "more than once": [image_id for image_id, count in counts.items() if count > 1],
        "not among the images": [image_id for image_id in counts if image_id not in shapes],
        "missing in the template": [image_id for image_id in shapes if image_id not in counts],
    }
    found = "; ".join(
        f"{len(wrong)} {what} ({listed(wrong)})" for what, wrong in problems.items() if wrong
    )
    if found:
        raise TemplateError(
            name,
            f"ids that do not match the {len(shapes)} images: {found}",
            "each image id once",
            "correct the template or the annotations",
        )
    return Layout(name, header, rows, from_template=True)


def _template_header(name: str, lines: list[tuple[int, list[str]]]) -> tuple[str, str]:
    """Return the two column names of a template; the id is expected in the first column, the mask
    in the second.
    """
    header, expected = (
        lines[0][1] if lines else [],
        "two named columns, the id in the first and the mask in the second",
    )
    if (
        len(header) != 2
        or not all(column.strip() for column in header)
        or parse_id(header[0]) is not None
    ):
        raise TemplateError(name, f"the header {header}", expected, "correct its first line")
    if re.search("rle|mask", header[0], re.IGNORECASE) and not re.search(
        "rle|mask", header[1], re.IGNORECASE
    ):
        raise TemplateError(name, f"the header {header}", expected, "swap the columns")
    return header[0], header[1]


def read_csv(path: Path | str, encoding: str = "utf-8") -> list[tuple[int, list[str]]]:
    """Return every line of a CSV as (its number from 1, its cells as text); an empty mask stays an
    empty text.
    """
    try:
        with long_fields(), Path(path).open(encoding=encoding, newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CsvError(f"{Path(path).name} cannot be read as a UTF-8 CSV: {error}") from error


def parse_id(text: str) -> int | None:
    """Return the number of an id, which may be zero-padded like a file name's, or None."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]{1,20}\s*", text, re.ASCII) else None


def listed(items: list, separator: str = ", ") -> str:
    """Write the first ten items and how many more there are."""
    more = f"{separator}… ({len(items)} in all)" if len(items) > _SHOWN else ""
    return separator.join(map(str, items[:_SHOWN])) + more
