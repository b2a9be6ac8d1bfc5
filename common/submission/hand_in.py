"""A hand-in as a whole, for the command line: what is wrong with it, and what it would score."""

import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from common.coco import list_photos, read_entries
from common.coco.findings import Finding, format_table
from common.coco.options import ReadOptions
from common.commands import RefusedError
from common.data.check_split import require_sound
from common.data.template import find_template, layout_of
from common.files import write_whole
from common.metrics import with_objects
from common.submission.check_csv import CheckedCsv, check_csv
from common.submission.check_page import check_page
from common.submission.scores import means
from common.words import counted


def check(path: Path, data: Path, how: ReadOptions) -> int:
    """Print the findings on a CSV or the zip of a page; returns 1 if one is an error, else 0."""
    if not zipfile.is_zipfile(path):
        checked = _checked(path, data, how)
        return _report(checked.findings, described(checked))
    page = check_page(path, list_photos(data / "real_test"))
    findings, parts = list(page.findings), []
    if page.shares:
        empty = [name for name, share in page.shares.items() if not share]
        parts.append(
            f"{len(page.shares)} photos with their masks, {len(empty)} of them without an object; "
            "without labels there is no score."
        )
    for name, content in page.tables.items():
        with tempfile.TemporaryDirectory() as scratch:
            table = Path(scratch) / Path(name).name
            table.write_bytes(content)
            checked = _checked(table, data, how)
        findings += checked.findings
        parts.append(described(checked))
    return _report(findings, "\n".join(parts))


def _report(findings: Sequence[Finding], outcome: str) -> int:
    errors = sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    summary = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    print("\n\n".join(filter(None, (format_table(findings), outcome, summary))))
    return int(errors > 0)


def score(path: Path, data: Path, how: ReadOptions, output: Path | None) -> int:
    """Print the scores of a CSV, and write those of each image to `output`; returns 0."""
    checked = _checked(path, data, how)
    if output is not None:
        table = checked.scores.drop(columns="between").assign(approach=path.stem)
        first = ["approach", "img_id"]
        ordered = table[[*first, *(name for name in table.columns if name not in first)]]
        write_whole(output, ordered.to_csv(index=False))
    print(described(checked))
    errors = sum(finding.level == "error" for finding in checked.findings)
    if errors:
        print(f"The file has faults ({counted(errors, 'error')}); `check` lists them.")
    return 0


def _checked(path: Path, data: Path, how: ReadOptions) -> CheckedCsv:
    found = require_sound(data / "val", how)
    print(found, end="\n\n" if found else "", file=sys.stderr)
    entries = read_entries(data / "val", how)
    if not entries:
        raise RefusedError(f"{data / 'val'} has no images; a hand-in is judged by them.")
    shapes = {entry.image_id: (entry.height, entry.width) for entry in entries}
    names = {entry.image_id: entry.file_name for entry in entries}
    return check_csv(path, entries, layout_of(shapes, find_template(data), names))


def described(checked: CheckedCsv) -> str:
    """The scores of a submission in sentences."""
    table = checked.scores
    found, shown = means(table), with_objects(table)
    empty = table[(table["tp"] + table["fn"]) == 0]
    rows, images = counted(checked.rows, "row"), counted(len(table), "image")
    lines = [
        f"As written: mean Dice {found.dice:.4f}, mean IoU {found.iou:.4f} over "
        f"{counted(len(shown), 'image')} with objects ({rows} for {images} of val)."
    ]
    if len(empty):
        filled = int((empty["fp"] > 0).sum())
        lines.append(
            f"Images without an object: {len(empty)}, of which {filled} with a mask that is not "
            "empty; they are in no mean."
        )
    between = pd.to_numeric(shown["between"]).mean()
    lines.append(
        f"By polygons filled with cv2.fillPoly on whole pixels, the truth of the cigarette-butt "
        f"task: mean Dice {found.dice_filled:.4f}, mean IoU {found.iou_filled:.4f}. The two "
        f"truths have a mean Dice of {between:.3f} to each other."
    )
    if checked.better:
        better = checked.better.means
        lines.append(
            f"Read as if {checked.better.looks_like}: mean Dice {better.dice:.4f}, mean IoU "
            f"{better.iou:.4f}; by filled polygons {better.dice_filled:.4f} and "
            f"{better.iou_filled:.4f}."
        )
    return "\n".join(lines)
