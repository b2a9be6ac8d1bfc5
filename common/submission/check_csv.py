"""The check of a submission, whoever wrote it: its form, its scores by both truths, and the slip
behind a score that is far too low.

One cause is one finding: where another reading explains the numbers, their form is not found fault
with a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from common.coco import Entry
from common.coco.findings import Finding, Level
from common.data.template import Layout, listed
from common.rle import RleError, decode_rle
from common.submission.better_reading import (
    Better,
    better_reading,
    mask_as_written,
    rows_of_other_images,
)
from common.submission.cells import SIGNS, Cell, read_cell
from common.submission.foreign_rows import ForeignRows, read_rows
from common.submission.masks_csv import runs_problem
from common.submission.scores import means, score_images

SHOWN_LINES = 3


@dataclass(frozen=True)
class CheckedCsv:
    """What was found in a submission, its scores image by image as it is written, and the reading
    that scores far better, if there is one.
    """

    findings: list[Finding]
    scores: pd.DataFrame
    better: Better | None
    rows: int


def check_csv(path: Path, entries: Sequence[Entry], layout: Layout) -> CheckedCsv:
    """Check a CSV of run lengths against the labelled images of `val`.

    Args:
        path: the file.
        entries: of `val`, ordered by id.
        layout: what the receiver expects.

    Raises:
        CsvError: the file is no CSV.
        DataError: an image's truth cannot be drawn.
        OSError: the file cannot be read.
    """
    rows = read_rows(path, layout, {entry.image_id: entry.file_name for entry in entries})
    cells = {
        image_id: [read_cell(text) for _, text in texts] for image_id, texts in rows.texts.items()
    }
    written = score_images(
        entries,
        lambda entry: (
            mask_as_written(cells[entry.image_id], entry) if entry.image_id in cells else None
        ),
    )
    better = better_reading(cells, entries, written)
    moved = None if better else rows_of_other_images(cells, entries, rows.order, written)
    findings = list(rows.findings)
    findings += _cell_findings(path, rows, cells, better)
    if not (better and better.certain):
        findings += _run_findings(path, rows, cells, entries)
    findings += _slip_findings(path, better or moved, cells, written)
    return CheckedCsv(findings, written, better or moved, rows.rows)


def _cell_findings(
    path: Path, rows: ForeignRows, cells: dict[int, list[Cell]], better: Better | None
) -> list[Finding]:
    """How cells are written otherwise than as numbers with a space between; one finding a way."""
    places: dict[str, list[str]] = {}
    for image_id, found in cells.items():
        for cell, (line, text) in zip(found, rows.texts[image_id], strict=True):
            if cell.problem and not (better and (cell.is_coco or cell.problem == SIGNS)):
                visible = f": {text[:30]!r}" if not cell.readable else ""
                places.setdefault(cell.problem, []).append(f"{line}{visible}")
    expected = "numbers with one space between them, an empty cell for an empty mask"
    mend = "write whole numbers and spaces alone, and nothing at all for an empty mask"
    return [
        Finding("error", path.name, f"{problem} in {_lines(lines)}", expected, mend)
        for problem, lines in places.items()
    ]


def _run_findings(
    path: Path, rows: ForeignRows, cells: dict[int, list[Cell]], entries: Sequence[Entry]
) -> list[Finding]:
    """Runs that a strict receiver refuses: errors where pixels are lost or moved, else
    warnings.
    """
    shapes = {entry.image_id: (entry.height, entry.width) for entry in entries}
    findings = []
    for image_id, texts in rows.texts.items():
        for (line, text), cell in zip(texts, cells[image_id], strict=True):
            if cell.problem or not len(cell.numbers):
                continue
            problem = runs_problem(text.strip(), shapes[image_id])
            if problem is None and text == text.strip():
                continue
            level: Level = "warning"
            mend = "write the runs sorted, apart, with single spaces"
            try:
                decode_rle(text, shapes[image_id])
            except RleError:
                level, mend = "error", "encode the mask again at the size of its image"
            found = f"image {image_id}: {problem or 'white space around the numbers'}"
            where = f"{path.name}, line {line}"
            findings.append(Finding(level, where, found, "sorted runs inside the image", mend))
    return findings


def _slip_findings(
    path: Path, better: Better | None, cells: dict[int, list[Cell]], written: pd.DataFrame
) -> list[Finding]:
    """The slip that explains the score, or what a score of nothing says."""
    now = means(written)
    if better:
        found = (
            f"the masks look as if {better.looks_like}: read so, mean Dice is "
            f"{better.means.dice:.4f} instead of {now.dice:.4f}"
        )
        level: Level = "error" if better.certain else "warning"
        expected = "row-major, 1-based `start length` pairs in the row of each image"
        return [Finding(level, path.name, found, expected, better.mend)]
    full = (written["tn"] == 0) & (written["fn"] == 0) & (written["fp"] > 0)
    if len(full) and full.all():
        found = f"all {len(full)} masks cover their whole image"
        mend = "threshold first: encode proba >= 0.5 or mask > 0, not the bytes of a whole image"
        return [Finding("error", path.name, found, "masks of the objects alone", mend)]
    every = [cell for row in cells.values() for cell in row]
    if every and all(cell.readable and not len(cell.numbers) for cell in every):
        mend = (
            "look whether the masks are 0 and 255 where the encoder looks for 1, or "
            "probabilities: encode mask > 0, or proba >= 0.5"
        )
        found = f"all {len(cells)} masks are empty"
        return [Finding("error", path.name, found, "masks with object pixels", mend)]
    return []


def _lines(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return f"line {lines[0]}"
    return f"{len(lines)} rows, lines {listed(list(lines[:SHOWN_LINES]))}" + (
        ", …" if len(lines) > SHOWN_LINES else ""
    )
