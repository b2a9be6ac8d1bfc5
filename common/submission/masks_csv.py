"""The submission: one CSV with one run-length encoded mask per validation image, checked after it
was written.

A submission is refused by its receiver for a single wrong row, long after the run; so the writer
refuses first. Masks are consumed as a stream and only their text is kept; the file is then read
back by `check_submission`, which shares no code with the encoder, and it appears in its folder
only when nothing was found. Where the data folder holds a template, its name, header, ids and
order are taken over to the letter. This file never repairs: a missing, surplus or wrongly shaped
mask is an error, not an empty row.
"""

import csv
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.files import whole_file
from common.foreign_csv import long_fields
from common.rle import encode_rle

FILE_NAME = "pred_valid_template.csv"
HEADER = ("img_id", "rle_mask")
TEMPLATE_NAMES = ("pred_val_template.csv", "pred_valid_template.csv")
_SHOWN = 10


class SubmissionError(ValueError):
    """The masks, the template or the written file do not make a valid submission."""


class TemplateError(SubmissionError):
    """The template does not fit the images; says of which file what was found, what was expected
    and how to mend it.
    """

    def __init__(self, file: str, found: str, expected: str, mend: str):
        super().__init__(f"{file} has {found}; expected {expected}. To mend it, {mend}.")
        self.file, self.found, self.expected, self.mend = file, found, expected, mend


@dataclass(frozen=True)
class _Layout:
    """What the file must look like: its name, its two columns and its rows as (text of the id,
    id).
    """

    file_name: str
    header: tuple[str, str]
    rows: list[tuple[str, int]]


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
    _layout(dict.fromkeys(ids, (0, 0)), find_template(data_folder))


def write_submission(
    folder: Path | str,
    masks: Iterable[tuple[int, np.ndarray]],
    shapes: Mapping[int, tuple[int, int]],
    template: Path | str | None = None,
) -> Path:
    """Write the masks as one CSV, read it back with `check_submission`, and return its path.

    Each row holds the image id and the mask's row-major, 1-based "start length" pairs; an empty
    mask is an empty text.

    Args:
        folder: Where the file goes; made when missing. The file is named as the template, or
            `pred_valid_template.csv`.
        masks: (image id, mask (H, W) bool) of every image, in any order, each once; consumed one
            by one.
        shapes: Image id → (H, W) in pixels, in the order of the rows where no template says
            otherwise.
        template: A CSV whose name, header, ids and order are taken over.

    Raises:
        SubmissionError: Template, masks and `shapes` do not fit together, or the check found
            something. The file is then not written; one that was there before is left as it was.

    Source:
        RLE as in Kaggle's segmentation competitions, here row by row instead of column by column.
    """
    layout = _layout(shapes, template)
    path = Path(folder) / layout.file_name
    if template is not None and path.resolve() == Path(template).resolve():
        raise SubmissionError(
            f"The submission would overwrite its template {template}; write it to another folder."
        )
    texts, checksums = _encode(masks, shapes)
    with whole_file(path) as partial:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(layout.header)
            writer.writerows((text, texts[image_id]) for text, image_id in layout.rows)
        findings = check_submission(partial, shapes, template, checksums)
        if findings:
            raise SubmissionError(
                f"{path.name} was not written, its check found: {_listed(findings, '; ')}"
            )
    return path


def check_submission(
    path: Path | str,
    shapes: Mapping[int, tuple[int, int]],
    template: Path | str | None = None,
    checksums: Mapping[int, int] | None = None,
) -> list[str]:
    """Read a submission without the encoder's code and say what is wrong with it.

    Args:
        path: The CSV to check.
        shapes: Image id → (H, W) in pixels of every image that must have a row.
        template: The template the file must follow, if there is one.
        checksums: Image id → `mask_checksum` of the mask the row must hold; without it the pixels
            are not compared.

    Returns:
        One sentence per finding, with its line number; an empty list means that the file is valid.
    """
    try:
        layout = _layout(shapes, template)
        lines = _read_csv(path)
    except SubmissionError as error:
        return [str(error)]
    if not lines:
        return [f"line 1: the file is empty; the header {','.join(layout.header)} is expected"]
    findings = []
    if tuple(lines[0][1]) != layout.header:
        findings.append(
            f"line {lines[0][0]}: header {lines[0][1]}; {list(layout.header)} is expected"
        )
    findings += _check_ids(lines[1:], layout)
    for line, cells in lines[1:]:
        image_id = _parse_id(cells[0]) if len(cells) == 2 else None
        if image_id in shapes:
            checksum = None if checksums is None else checksums.get(image_id)
            finding = _check_runs(cells[1], shapes[image_id], checksum)
            findings += [f"line {line}: image {image_id}: {finding}"] if finding else []
    return findings


def mask_checksum(mask: np.ndarray) -> int:
    """Return a number that changes with any pixel of a mask (H, W) bool, read row by row."""
    return zlib.crc32(np.packbits(mask.ravel(order="C")).tobytes())


def _encode(
    masks: Iterable[tuple[int, np.ndarray]], shapes: Mapping[int, tuple[int, int]]
) -> tuple[dict[int, str], dict[int, int]]:
    """Turn the stream of masks into texts and checksums by id; every id of `shapes` exactly
    once.
    """
    texts, checksums = {}, {}
    for image_id, mask in masks:
        if image_id not in shapes:
            raise SubmissionError(
                f"A mask came for image {image_id}, which is not among the {len(shapes)} expected."
            )
        if image_id in texts:
            raise SubmissionError(
                f"A second mask came for image {image_id}; one per image is expected."
            )
        if mask.dtype != np.bool_ or mask.shape != tuple(shapes[image_id]):
            raise SubmissionError(
                f"The mask of image {image_id} has shape {mask.shape} and dtype {mask.dtype}; "
                f"{tuple(shapes[image_id])} and bool are expected. Predict at the size of the "
                "image and threshold."
            )
        texts[image_id], checksums[image_id] = encode_rle(mask), mask_checksum(mask)
    missing = [image_id for image_id in shapes if image_id not in texts]
    if missing:
        raise SubmissionError(
            f"No mask came for {len(missing)} of {len(shapes)} images: {_listed(missing)}."
        )
    return texts, checksums


def _layout(shapes: Mapping[int, tuple[int, int]], template: Path | str | None) -> _Layout:
    """Say what the file must look like; a template whose ids are not those of `shapes` is an
    error.
    """
    if template is None:
        return _Layout(FILE_NAME, HEADER, [(str(image_id), image_id) for image_id in shapes])
    name = Path(template).name
    try:
        lines = _read_csv(
            template, "utf-8-sig"
        )  # a template saved by a spreadsheet may start with a byte-order mark
    except SubmissionError as error:
        raise TemplateError(
            name, f"no readable content ({error})", "a CSV in UTF-8", "export it again"
        ) from error
    header = _template_header(name, lines)
    texts = [cells[0] for _, cells in lines[1:] if cells]
    ids = [_parse_id(text) for text in texts]
    counts = Counter(image_id for image_id in ids if image_id is not None)
    problems = {
        "not a number": [
            text for text, image_id in zip(texts, ids, strict=True) if image_id is None
        ],
        "more than once": [image_id for image_id, count in counts.items() if count > 1],
        "not among the images": [image_id for image_id in counts if image_id not in shapes],
        "missing in the template": [image_id for image_id in shapes if image_id not in counts],
    }
    found = [f"{len(ids)} {what} ({_listed(ids)})" for what, ids in problems.items() if ids]
    if found:
        found = f"ids that do not match the {len(shapes)} images: {'; '.join(found)}"
        raise TemplateError(
            name, found, "each image id once", "correct the template or the annotations"
        )
    return _Layout(name, header, list(zip(texts, ids, strict=True)))


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
        or _parse_id(header[0]) is not None
    ):
        raise TemplateError(name, f"the header {header}", expected, "correct its first line")
    if re.search("rle|mask", header[0], re.IGNORECASE) and not re.search(
        "rle|mask", header[1], re.IGNORECASE
    ):
        raise TemplateError(name, f"the header {header}", expected, "swap the columns")
    return header[0], header[1]


def _check_ids(lines: list[tuple[int, list[str]]], layout: _Layout) -> Iterator[str]:
    """Yield what is wrong with the rows' ids: each expected id once, written and ordered as
    expected.
    """
    expected = {image_id: (place, text) for place, (text, image_id) in enumerate(layout.rows)}
    seen: dict[int, int] = {}
    last_place = -1
    for line, cells in lines:
        image_id = _parse_id(cells[0]) if cells else None
        if len(cells) != 2:
            yield f"line {line}: {len(cells)} columns; 2 are expected"
        elif image_id not in expected:
            yield f"line {line}: id {cells[0]!r} is not one of the {len(expected)} expected"
        elif image_id in seen:
            yield f"line {line}: image {image_id} has a row already, in line {seen[image_id]}"
        else:
            place, text = expected[image_id]
            if cells[0] != text:
                yield f"line {line}: id {cells[0]!r}; it is expected to be written {text!r}"
            if place < last_place:
                later = layout.rows[last_place][1]
                yield (
                    f"line {line}: image {image_id} is out of order; it is expected before image "
                    f"{later}"
                )
            seen[image_id], last_place = line, max(place, last_place)
    missing = [image_id for image_id in expected if image_id not in seen]
    if missing:
        end = lines[-1][0] if lines else 1
        yield (
            f"line {end} (the last): {len(missing)} of {len(expected)} images have no row: "
            f"{_listed(missing)}"
        )


def _check_runs(text: str, shape: tuple[int, int], checksum: int | None) -> str | None:
    """Return the first thing that is wrong with one row's runs, or None."""
    if not re.fullmatch(r"([1-9][0-9]{0,17}( [1-9][0-9]{0,17})*)?", text, re.ASCII):
        return (
            f"mask {text[:40]!r}; whole numbers from 1 on, with one space between them, are "
            "expected"
        )
    numbers = [int(number) for number in text.split()]
    if len(numbers) % 2:
        return f"{len(numbers)} numbers; an even count (start and length of each run) is expected"
    pixels = np.zeros(shape[0] * shape[1], dtype=bool)
    previous_start = previous_end = 0  # of the run before, both inclusive and counted from 1
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        run = f"the run {start} {length}"
        if start <= previous_start:
            return (
                f"{run} does not start after the one before ({previous_start}); increasing starts "
                "are expected"
            )
        if start <= previous_end:
            return f"{run} overlaps the one before, which ends at {previous_end}"
        if start == previous_end + 1 and previous_start:
            return (
                f"{run} touches the one before, which ends at {previous_end}; one run is expected"
            )
        if start + length - 1 > pixels.size:
            return (
                f"{run} ends behind the last pixel, {pixels.size} for height {shape[0]} and width "
                f"{shape[1]}"
            )
        pixels[slice(start - 1, start - 1 + length)] = True
        previous_start, previous_end = start, start + length - 1
    if checksum is not None and mask_checksum(pixels) != checksum:
        return "the runs paint other pixels than the predicted mask has"
    return None


def _read_csv(path: Path | str, encoding: str = "utf-8") -> list[tuple[int, list[str]]]:
    """Return every line of a CSV as (its number from 1, its cells as text); an empty mask stays an
    empty text.
    """
    try:
        with long_fields(), Path(path).open(encoding=encoding, newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SubmissionError(
            f"{Path(path).name} cannot be read as a UTF-8 CSV: {error}"
        ) from error


def _parse_id(text: str) -> int | None:
    """Return the number of an id, which may be zero-padded like a file name's, or None."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]{1,20}\s*", text, re.ASCII) else None


def _listed(items: list, separator: str = ", ") -> str:
    """Write the first ten items and how many more there are."""
    more = f"{separator}… ({len(items)} in all)" if len(items) > _SHOWN else ""
    return separator.join(map(str, items[:_SHOWN])) + more
