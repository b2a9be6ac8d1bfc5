"""What the check of a data set found, and its table.

A finding says what was found, what was expected and how to mend it. This file knows nothing of
images or annotations; it refuses to hide a kind of finding, and shows only the first ones of a
kind that repeats.
"""

import itertools
import shutil
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Literal, get_args

from common.words import counted

Level = Literal["error", "warning", "note"]
LEVELS = get_args(Level)
SHOWN_PER_KIND = 10
SHOWN_EXAMPLES = 3
HEADER = ("level", "file", "found", "expected", "how to mend")
GAP = "  "
FILE_WIDTH = 40


@dataclass(frozen=True)
class Finding:
    """One thing in a data set: wrong (error), perhaps not meant (warning), or to be known (note).

    `file` is relative to the data folder. Findings of the same level with the same `mend` are of
    one kind.
    """

    level: Level
    file: str
    found: str
    expected: str
    mend: str


@dataclass(frozen=True)
class Problem:
    """What is wrong with one entry, annotation or image, `subject`; otherwise as a finding."""

    level: Level
    subject: str
    found: str
    expected: str
    mend: str


def gathered(problems: Iterable[Problem], file: str, total: int, noun: str) -> list[Finding]:
    """One finding for all problems of a kind (the same level and mend) in a file.

    Args:
        problems: in the order of the file.
        file: for the findings.
        total: how many subjects the file has.
        noun: what one of them is called.
    """
    kinds = defaultdict(list)
    for problem in problems:
        kinds[problem.level, problem.mend].append(problem)
    return [
        Finding(level, file, _summary(kind, total, noun), kind[0].expected, mend)
        for (level, mend), kind in kinds.items()
    ]


def gathered_images(
    problems: Iterable[tuple[str, Problem]], totals: Mapping[str, int]
) -> list[Finding]:
    """One finding for all problems of a kind in a folder of images; it names the image where there
    is only one.

    Args:
        problems: each with its folder; the subject is the path of the image.
        totals: folder → how many images it has.
    """
    kinds = defaultdict(list)
    for folder, problem in problems:
        kinds[folder, problem.level, problem.mend].append(problem)
    findings = []
    for (folder, level, mend), kind in kinds.items():
        first = kind[0]
        if len(kind) == 1:
            findings.append(Finding(level, first.subject, first.found, first.expected, mend))
        else:
            short = [replace(one, subject=one.subject.removeprefix(folder)) for one in kind]
            found = _summary(short, totals.get(folder, len(kind)), "image")
            findings.append(Finding(level, folder, found, first.expected, mend))
    return findings


def _summary(kind: Sequence[Problem], total: int, noun: str) -> str:
    """What was found for one or more subjects, with examples."""
    if len(kind) == 1:
        return f"{kind[0].subject}: {kind[0].found}"
    subjects = list(dict.fromkeys(problem.subject for problem in kind))
    share = f"{len(subjects)} of {counted(total, noun)}"
    if len({problem.found for problem in kind}) == 1:
        return f"{share}: {kind[0].found} ({some_of(subjects, SHOWN_PER_KIND)})"
    examples = "; ".join(f"{one.subject}: {one.found}" for one in kind[:SHOWN_EXAMPLES])
    return f"{share}, e.g. {examples}{'; …' if len(kind) > SHOWN_EXAMPLES else ''}"


def some_of(names: Sequence[str], most: int = SHOWN_EXAMPLES) -> str:
    """The first names, and `…` for the others."""
    return ", ".join([*names[:most], "…"] if len(names) > most else names)


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
    warnings before notes.
    """
    kinds = defaultdict(list)
    for finding in findings:
        kinds[finding.level, finding.mend].append(finding)
    return sorted(kinds.values(), key=lambda kind: LEVELS.index(kind[0].level))


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
