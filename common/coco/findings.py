"""What the check of a data set found, and its table.

A finding says what was found, what was expected and how to mend it. This file knows nothing of
images or annotations; it refuses to hide a kind of finding, and shows only the first ones of a
kind that repeats.
"""

import itertools
import shutil
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Literal

SHOWN_PER_KIND = 10
HEADER = ("level", "file", "found", "expected", "how to mend")
GAP = "  "
FILE_WIDTH = 40


@dataclass(frozen=True)
class Finding:
    """One thing in a data set that is wrong (error) or may not be meant (warning).

    `file` is relative to the data folder. Findings of the same level with the same `mend` are of
    one kind.
    """

    level: Literal["error", "warning"]
    file: str
    found: str
    expected: str
    mend: str


def format_table(findings: Sequence[Finding], *, width: int | None = None) -> str:
    """Findings as aligned text, errors first, one kind after the other.

    Args:
        findings: in any order.
        width: characters per line, from 100 to 200; without it that of the terminal, 160 where
            there is none.

    Returns:
        Header and rows, cells wrapped to their columns, or "" without findings. How to mend a kind
        stands in its first row; its eleventh and later findings are counted in one row.
    """
    if not findings:
        return ""
    width = min(max(width or shutil.get_terminal_size((160, 24)).columns, 100), 200)
    kinds = _by_kind(findings)
    cells = [
        [_cells(finding, is_first=finding is kind[0]) for finding in kind[:SHOWN_PER_KIND]]
        for kind in kinds
    ]
    columns = _column_widths([HEADER, *itertools.chain(*cells)], width)
    lines = [_aligned(HEADER, columns), _aligned(["-" * column for column in columns], columns)]
    for kind, rows in zip(kinds, cells, strict=True):
        lines += [_aligned(row, columns) for row in rows]
        if len(kind) > len(rows):
            lines.append(
                f"{kind[0].level:{columns[0]}}{GAP}… and {len(kind) - len(rows)} more like this"
            )
    return "\n".join(lines)


def printable(text: str) -> str:
    """The text with control characters and broken Unicode escaped, so that a file name cannot
    spoil a terminal.
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _by_kind(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings of one kind together, kinds in the order of their first finding, errors before
    warnings.
    """
    kinds = defaultdict(list)
    for finding in findings:
        kinds[finding.level, finding.mend].append(finding)
    return sorted(kinds.values(), key=lambda kind: kind[0].level != "error")


def _cells(finding: Finding, *, is_first: bool) -> list[str]:
    *cells, mend = map(printable, astuple(finding))
    return [*cells, mend if is_first else "as above"]


def _column_widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Natural widths, the widest text narrowed until the line fits; file names are broken only
    beyond FILE_WIDTH.
    """
    level, file, *texts = (max(map(len, column)) for column in zip(*rows, strict=True))
    file = min(file, FILE_WIDTH)
    while level + file + sum(texts) + len(GAP) * (len(texts) + 1) > width:
        texts[texts.index(max(texts))] -= 1
    return [level, file, *texts]


def _aligned(cells: Iterable[str], columns: Sequence[int]) -> str:
    wrapped = [
        textwrap.wrap(cell, width, break_on_hyphens=False)
        for cell, width in zip(cells, columns, strict=True)
    ]
    lines = [
        GAP.join(f"{part:{width}}" for part, width in zip(parts, columns, strict=True)).rstrip()
        for parts in itertools.zip_longest(*wrapped, fillvalue="")
    ]
    return "\n".join(lines)
