"""`python -m common.coco convert DIR --output NEW`: a clean copy of an export of any COCO tool.

The copy has this project's layout, upright images, plain names, ids and numbers, and one category.
Everything that was changed or left out is counted. The source is read only, and the copy is there
whole, or not at all: not where it would not pass the check either.
"""

import csv
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.coco import DataError
from common.coco.check_readings import SEEN_UPRIGHT, SEEN_UPRIGHT_AND_SCALED
from common.coco.findings import Finding
from common.coco.options import ReadOptions
from common.coco.values import plain_id
from common.csv_files import shown_as_text
from common.data.check import check_data, format_findings
from common.data.clean_copy import Renamed, free_name, write_split
from common.data.export import Changes, Export, ExportImage, read_export
from common.data.seen_upright import as_seen, is_drawn
from common.data.template import TEMPLATE_NAMES, TemplateError, layout_of
from common.files import whole_folder
from common.foreign_csv import CsvError, read_foreign_csv

NAMES_FILE = "image_names.csv"
SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
OPEN_TURN = (
    "image turned by its EXIF orientation but of the size as stored: its outlines were taken as "
    "drawn on the stored pixels; if they lie beside the objects in the copy, remove the "
    "orientation from the photos and export again"
)


@dataclass(frozen=True)
class Converted:
    """What became of an export.

    Attributes:
        notes: what was changed, one sentence each.
        findings: of the check of the copy.
        table: the same as text.
    """

    notes: list[str]
    findings: list[Finding]
    table: str

    @property
    def is_written(self) -> bool:
        """Whether the copy passed the check and is there."""
        return not any(finding.level == "error" for finding in self.findings)


class _RefutedError(Exception):
    """The copy has errors."""


def convert(
    folder: Path,
    output: Path,
    options: ReadOptions,
    *,
    val_share: float = 0.2,
    seed: int = 0,
    progress: bool = False,
) -> Converted:
    """Write a clean copy and check it; one with errors is removed again.

    Args:
        folder: the export.
        output: the new folder, absent or empty.
        options: of crowd annotations, categories and images annotated as seen upright.
        val_share: share of images that becomes `val` where the export has no split.
        seed: of that split.
        progress: show a bar of the check on stderr.

    Raises:
        DataError: there is no annotation file or no image, or the output is not free.
    """
    _require_free(folder, output)
    changes: Changes = Counter()
    export = read_export(folder, options, changes, val_share=val_share, seed=seed)
    if is_drawn(export.labelled, SEEN_UPRIGHT_AND_SCALED):
        export.splits = {
            split: [as_seen(image, changes) for image in images]
            for split, images in export.splits.items()
        }
    is_upright = options.upright or _seen_upright(export.labelled)
    findings: list[Finding] = []
    table = ""
    with suppress(_RefutedError), whole_folder(output) as copy:
        _fill(copy, export, _template(folder), changes, is_upright=is_upright)
        findings = check_data(copy, ReadOptions(crowd=options.crowd), progress=progress)
        table = format_findings(findings, copy)
        if any(finding.level == "error" for finding in findings):
            raise _RefutedError
    changes[OPEN_TURN] += _turned_as_stored(export.labelled, is_upright)
    notes = [f"{count} × {what}" for what, count in changes.items() if count]
    return Converted(export.notes + notes, findings, table)


def _fill(
    copy: Path, export: Export, template: Path | None, changes: Changes, *, is_upright: bool
) -> None:
    """Write everything that belongs into the copy."""
    stems = {"val": _stems_for(template, export.splits["val"])}
    names = {
        split: write_split(
            copy / split, images, changes, is_upright=is_upright, stems=stems.get(split)
        )
        for split, images in export.splits.items()
    }
    _write_names(copy / NAMES_FILE, names)
    _copy_photos(export.photos, copy / "real_test")
    _copy_template(template, copy, names["val"], changes)


def _require_free(folder: Path, output: Path) -> None:
    source, target = folder.resolve(), output.resolve()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DataError(f"{output} is there already; name a new folder as --output.")
    if source == target or source in target.parents:
        raise DataError(f"{output} lies in {folder}, which stays as it is; name another --output.")


def _write_names(path: Path, names: Mapping[str, Sequence[Renamed]]) -> None:
    """What each image is called in the copy and was called in the export."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "img_id", "file_name", "original_id", "original_file_name"])
        for split, images in names.items():
            writer.writerows(
                map(
                    shown_as_text,
                    (split, one.image_id, one.file_name, one.original_id, one.original_file_name),
                )
                for one in images
            )


def _copy_photos(photos: Sequence[Path], folder: Path) -> None:
    folder.mkdir()
    taken: set[str] = set()
    for photo in photos:
        shutil.copyfile(photo, folder / free_name(photo.name, taken))


# --- the submission's template


def _template(folder: Path) -> Path | None:
    return next((folder / name for name in TEMPLATE_NAMES if (folder / name).is_file()), None)


def _stems_for(template: Path | None, images: Sequence[ExportImage]) -> dict[str, str]:
    """Names of files without suffix, after the ids in the export, where the template's rows have
    those ids and they are no numbers: rows may name images by their files, so that the hand-in
    keeps the ids of its receiver.
    """
    originals = {str(image.item.get("id")) for image in images}
    try:
        rows = read_foreign_csv(template).rows if template else ()
    except (CsvError, OSError):
        return {}
    cells = {cell.strip() for _, row in rows for cell in row}
    are_numbers = all(plain_id(one) is not None for one in originals)
    if are_numbers or not originals <= cells or not all(map(SAFE_NAME.fullmatch, originals)):
        return {}
    return {original: original for original in originals}


def _copy_template(
    template: Path | None, copy: Path, names: Sequence[Renamed], changes: Changes
) -> None:
    """The template, if its rows still name the images; ids that are kept are left to the check."""
    if template is None:
        return
    if not all(one.has_own_id for one in names):
        try:
            files = {one.image_id: one.file_name for one in names}
            layout_of(dict.fromkeys(files, (0, 0)), template, files)
        except TemplateError:
            changes["template left out, since its ids are no longer those of val"] += 1
            return
    shutil.copyfile(template, copy / template.name)


# --- EXIF orientation


def _seen_upright(images: Sequence[ExportImage]) -> bool:
    """Whether images were annotated as seen upright: the sizes of some tell it, or what all show
    where their outlines lie.
    """
    telling = [i for i in images if i.stored.is_turned and i.stored.upright_size != i.stored.size]
    if any(image.size == image.stored.upright_size for image in telling):
        return True
    return is_drawn(images, SEEN_UPRIGHT)


def _turned_as_stored(images: Sequence[ExportImage], is_upright: bool) -> int:
    """How many images leave open on which pixels they were annotated."""
    return sum(
        image.stored.is_turned
        and image.size == image.stored.size
        and not (is_upright and image.size == image.stored.upright_size)
        for image in images
    )
