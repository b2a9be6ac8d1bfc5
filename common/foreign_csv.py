"""CSV files that other people's programs wrote, as text cells with their line numbers.

A spreadsheet writes semicolons, a byte-order mark or UTF-16 where a program writes commas and
UTF-8; the content is the same. This file finds out which it is and says so. It refuses what is no
text and lines whose cells do not fit the header, and it gives no cell a meaning.
"""

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.commands import RefusedError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": ("utf-8-sig", "UTF-8 with a byte-order mark"),
    b"\xff\xfe": ("utf-16", "UTF-16"),
    b"\xfe\xff": ("utf-16", "UTF-16"),
}


class CsvError(RefusedError):
    """A file that cannot be read as a CSV; the message names it, what was found and the way to
    mend it.
    """


@dataclass(frozen=True)
class ForeignCsv:
    """The lines of a CSV that hold anything, each with its number from 1; the first is the header.

    `encoding` is written as people name it, `separator` is one character.
    """

    name: str
    encoding: str
    separator: str
    lines: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The first line's cells, without the spaces around them."""
        return tuple(cell.strip() for cell in self.lines[0][1])

    @property
    def rows(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The lines after the header."""
        return self.lines[1:]

    def unusual(self, separator: str = ",") -> list[str]:
        """How the file differs from a CSV in UTF-8 with this separator, in words."""
        found = [] if self.encoding == "UTF-8" else [self.encoding]
        if self.separator != separator:
            found.append(f"cells divided by {SEPARATORS[self.separator]}")
        return found


def read_foreign_csv(path: Path) -> ForeignCsv:
    """Read a CSV, whichever program wrote it.

    Lines without any content, such as those a spreadsheet leaves at the end, are left out.

    Args:
        path: UTF-8 or UTF-16; commas, semicolons, tabs or bars between the cells.

    Raises:
        CsvError: the file is empty, is no text in these encodings, or has broken quotes.
        OSError: it cannot be read.
    """
    text, encoding = _decoded(path)
    lines = text.split("\n", 1)
    separator, skipped = max(SEPARATORS, key=lines[0].count), 0  # commas where there is none
    if lines[0].strip().lower().startswith("sep=") and len(lines) == 2:
        text, skipped = lines[1], 1  # Excel's own way to name the separator
    try:
        with long_fields():
            reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
            found = [(reader.line_num + skipped, tuple(cells)) for cells in reader]
    except csv.Error as error:
        raise CsvError(f"{path} is no CSV: {error}. Export it again.") from error
    full = tuple((line, cells) for line, cells in found if any(cell.strip() for cell in cells))
    if not full:
        raise CsvError(f"{path} is empty; expected a CSV with a header. Export it again.")
    return ForeignCsv(path.name, encoding, separator, full)


def _decoded(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        raise CsvError(f"{path} is a zip or an Excel workbook; save the sheet as CSV in UTF-8.")
    codec, name = next(
        (known for mark, known in BYTE_ORDER_MARKS.items() if data.startswith(mark)),
        ("utf-8", "UTF-8"),
    )
    for half, guess in ((data[1::2], "utf-16-le"), (data[0::2], "utf-16-be")):
        if codec == "utf-8" and len(data) % 2 == 0 and half.count(0) > len(half) / 2:
            codec, name = guess, "UTF-16"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CsvError(
            f"{path} is not {name}: line {line} has the byte 0x{data[error.start]:02x}. Save it "
            'as "CSV UTF-8".'
        ) from error
    if "\0" in text:
        raise CsvError(f"{path} is no text: it holds zero bytes. Give a CSV in UTF-8.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


@contextmanager
def long_fields() -> Iterator[None]:
    """Lift the csv module's limit of 131072 characters per field, which a ragged mask exceeds."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)
