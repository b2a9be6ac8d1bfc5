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
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from common.commands import RefusedError
from common.data.template import Layout, TemplateError, layout_of, listed, read_csv
from common.files import whole_file
from common.foreign_csv import CsvError
from common.rle import encode_rle


class SubmissionError(RefusedError):
    """The masks or the written file do not make a valid submission."""


def write_submission(
    folder: Path | str,
    masks: Iterable[tuple[int, np.ndarray]],
    shapes: Mapping[int, tuple[int, int]],
    template: Path | str | None = None,
    names: Mapping[int, str] | None = None,
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
        template: A CSV whose name, header, ids and order are taken over, see `layout_of`.
        names: Image id → file name, which a template may have in place of the id.

    Raises:
        TemplateError: The template does not fit `shapes`.
        SubmissionError: Masks and `shapes` do not fit together, or the check found something.

        In both cases no file is written; one that was there before is left as it was.

    Source:
        RLE as in Kaggle's segmentation competitions, here row by row instead of column by column.
    """
    layout = layout_of(shapes, template, names)
    path = Path(folder) / layout.file_name
    if template is not None and path.resolve() == Path(template).resolve():
        raise SubmissionError(
            f"The submission would overwrite its template {template}; write it to another folder."
        )
    texts, checksums = _encode(masks, shapes)
    with whole_file(path) as partial:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=layout.separator, lineterminator="\n")
            writer.writerow(layout.columns)
            writer.writerows(
                layout.line(row, texts[image_id]) for row, (_, image_id) in enumerate(layout.rows)
            )
        findings = check_submission(partial, shapes, template, checksums, names)
        if findings:
            raise SubmissionError(
                f"{path.name} was not written, its check found: {listed(findings, '; ')}"
            )
    return path


def check_submission(
    path: Path | str,
    shapes: Mapping[int, tuple[int, int]],
    template: Path | str | None = None,
    checksums: Mapping[int, int] | None = None,
    names: Mapping[int, str] | None = None,
) -> list[str]:
    """Read a submission without the encoder's code and say what is wrong with it.

    Args:
        path: The CSV to check.
        shapes: Image id → (H, W) in pixels of every image that must have a row.
        template: The template the file must follow, if there is one.
        checksums: Image id → `mask_checksum` of the mask the row must hold; without it the pixels
            are not compared.
        names: Image id → file name, which a template may have in place of the id.

    Returns:
        One sentence per finding, with its line number; an empty list means that the file is valid.
    """
    try:
        layout = layout_of(shapes, template, names)
        lines = read_csv(path, layout.separator)
    except (TemplateError, CsvError) as error:
        return [str(error)]
    if not lines:
        header = layout.separator.join(layout.columns)
        return [f"line 1: the file is empty; the header {header} is expected"]
    findings = []
    if tuple(lines[0][1]) != layout.columns:
        findings.append(
            f"line {lines[0][0]}: header {lines[0][1]}; {list(layout.columns)} is expected"
        )
    findings += _check_ids(lines[1:], layout)
    id_place, mask_place = layout.places
    for line, cells in lines[1:]:
        image_id = layout.image_of(cells[id_place]) if len(cells) > max(layout.places) else None
        if image_id is not None and image_id in shapes:
            checksum = None if checksums is None else checksums.get(image_id)
            text = "" if cells[mask_place] == layout.empty else cells[mask_place]
            finding = runs_problem(text, shapes[image_id], checksum)
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
            f"No mask came for {len(missing)} of {len(shapes)} images: {listed(missing)}."
        )
    return texts, checksums


def _check_ids(lines: list[tuple[int, list[str]]], layout: Layout) -> Iterator[str]:
    """Yield what is wrong with the rows' ids: each expected id once, written and ordered as
    expected.
    """
    expected = {image_id: (place, text) for place, (text, image_id) in enumerate(layout.rows)}
    seen: dict[int, int] = {}
    last_place = -1
    for line, cells in lines:
        written = cells[layout.places[0]] if len(cells) > layout.places[0] else ""
        image_id = layout.image_of(written)
        if len(cells) != len(layout.columns):
            yield f"line {line}: {len(cells)} columns; {len(layout.columns)} are expected"
        elif image_id is None:
            yield f"line {line}: id {written!r} is not one of the {len(expected)} expected"
        elif image_id in seen:
            yield f"line {line}: image {image_id} has a row already, in line {seen[image_id]}"
        else:
            place, text = expected[image_id]
            if written != text:
                yield f"line {line}: id {written!r}; it is expected to be written {text!r}"
            elif layout.cells and cells != layout.line(place, cells[layout.places[1]]):
                yield f"line {line}: cells {cells} that are not those of the template"
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
            f"{listed(missing)}"
        )


def runs_problem(text: str, shape: tuple[int, int], checksum: int | None = None) -> str | None:
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
