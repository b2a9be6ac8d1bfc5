"""Run-length encoding of binary masks in the submission's dialect: row-major, 1-based `start
length` pairs.

COCO's counts (column-major, run lengths that begin with the zeros) look alike, and each dialect
decodes the other's without complaint into a wrong mask. They are read by `common.coco` alone. This
module refuses to guess: what is not a 2-D bool mask is not encoded, and what is not well-formed is
not decoded.
"""

import operator
import re

import numpy as np

# At most 18 digits, so that start + length still fits into int64; a longer number is out of any
# image anyway.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class RleError(ValueError):
    """A mask or a run-length code that cannot be converted; the message names the place and the
    way to mend it.
    """


def encode_rle(mask: np.ndarray) -> str:
    """Encode a mask in the submission's dialect.

    Pixels are counted along the rows (C order) from 1; each run of mask pixels is written `start
    length`, all numbers are separated by single spaces, and a run that reaches the end of a row
    goes on in the next one. The empty mask is the empty string.

    Args:
        mask: (H, W) bool.

    Returns:
        Sorted runs that neither overlap nor touch, e.g. `"4 2 9 1"`.

    Raises:
        RleError: the mask is not a 2-D bool array.

    Examples:
        >>> encode_rle(np.array([[False, False, True], [True, False, True]]))
        '3 2 6 1'
    """
    flat = _checked_mask(mask).ravel(order="C")
    bounds = _bounds(flat)  # start, end, start, end, … with exclusive ends
    bounds[1::2] -= bounds[0::2]
    bounds[0::2] += 1
    return " ".join(map(str, bounds.tolist()))


def decode_rle(text: str, shape: tuple[int, int]) -> np.ndarray:
    """Decode the submission's dialect; the inverse of `encode_rle`.

    Any white space separates numbers, and runs that touch (`"1 2 3 1"`) are read as one; whether a
    submission may contain them is for its checker to say.

    Args:
        text: row-major, 1-based `start length` pairs, sorted by start; `""` is the empty mask.
        shape: (H, W) in pixels.

    Returns:
        (H, W) bool.

    Raises:
        RleError: the text is no string, holds something else than integers, an odd count of them,
            a start below 1, a length below 1, a run that ends outside the image, or runs that
            overlap or are not sorted.

    Examples:
        >>> decode_rle("3 2 6 1", (2, 3)).astype(int).tolist()
        [[0, 0, 1], [1, 0, 1]]
    """
    height, width = _checked_shape(shape)
    numbers = _integers(text)
    starts, lengths = numbers[0::2] - 1, numbers[1::2]
    ends = starts + lengths
    _check_runs(starts, lengths, ends, shape=(height, width))
    flat = np.zeros(height * width, dtype=bool)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        flat[start:end] = True
    return flat.reshape(height, width)


def _bounds(flat: np.ndarray) -> np.ndarray:
    """Return start, end, start, end, … (0-based, ends exclusive) of the runs of True in a flat
    bool array.
    """
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = [0] if flat.size and flat[0] else []
    last = [flat.size] if flat.size and flat[-1] else []
    return np.concatenate((first, changes, last)).astype(np.int64)


def _integers(text: str) -> np.ndarray:
    if not isinstance(text, str):
        raise RleError(
            f"decode_rle got {_excerpt(text)} of type {type(text).__name__}; it needs a str, and "
            "the empty mask is ''. If the text comes from pandas.read_csv, read with "
            "keep_default_na=False, dtype=str."
        )
    tokens = text.split()
    if not all(map(_INTEGER.fullmatch, tokens)):
        wrong = next(index for index, token in enumerate(tokens) if not _INTEGER.fullmatch(token))
        first = wrong // 2 * 2
        after = first + 2
        pair = " ".join(tokens[first:after])
        raise RleError(
            f"decode_rle: pair {wrong // 2 + 1} ({_excerpt(pair)}) holds "
            f"{_excerpt(tokens[wrong])}, which is not an integer of at most 18 digits; write "
            "`start length` pairs such as '3 2 6 1'."
        )
    if len(tokens) % 2:
        raise RleError(
            f"decode_rle: pair {len(tokens) // 2 + 1} ({_excerpt(tokens[-1])}) has a start and no "
            f"length: the text has {len(tokens)} numbers, an odd count. Each run needs `start "
            "length`; the text may have been cut off."
        )
    return np.array(list(map(int, tokens)), dtype=np.int64)


def _check_runs(
    starts: np.ndarray, lengths: np.ndarray, ends: np.ndarray, *, shape: tuple[int, int]
) -> None:
    """Raise for the first pair that is wrong; starts are 0-based here, ends exclusive, texts are
    1-based.
    """
    pixels = shape[0] * shape[1]
    too_early = starts[1:] < ends[:-1]
    if not ((starts < 0) | (lengths < 1) | (ends > pixels)).any() and not too_early.any():
        return
    too_early = np.concatenate(([False], too_early))
    pair = int(np.flatnonzero((starts < 0) | (lengths < 1) | (ends > pixels) | too_early)[0])
    start, length = int(starts[pair]) + 1, int(lengths[pair])
    if start < 1:
        problem = "starts before pixel 1; pixels are counted from 1, not from 0"
    elif length < 1:
        problem = "has a length below 1; leave out runs without pixels"
    elif ends[pair] > pixels:
        problem = (
            f"ends at pixel {ends[pair]}, outside an image of {shape[0]} x {shape[1]} = {pixels} "
            "pixels; check that the shape is (H, W) of this image and that pairs are `start "
            "length`, not `start end`"
        )
    else:
        before = f"'{starts[pair - 1] + 1} {lengths[pair - 1]}'"
        kind = (
            "overlaps" if starts[pair] >= starts[pair - 1] else "is not sorted: it starts before"
        )
        problem = (
            f"{kind} pair {pair} ({before}); runs must be sorted by start and must not overlap"
        )
    raise RleError(f"decode_rle: pair {pair + 1} ('{start} {length}') {problem}.")


def _checked_mask(mask: np.ndarray) -> np.ndarray:
    if isinstance(mask, np.ndarray) and mask.ndim == 2 and mask.dtype == bool:
        return mask
    found = (
        f"shape {mask.shape} and dtype {mask.dtype}"
        if isinstance(mask, np.ndarray)
        else type(mask).__name__
    )
    raise RleError(
        f"encode_rle got {found}; it needs a 2-D bool mask (H, W). Threshold first, e.g. mask = "
        "proba >= 0.5."
    )


def _checked_shape(shape: tuple[int, int]) -> tuple[int, int]:
    try:
        height, width = map(operator.index, shape)
    except (TypeError, ValueError):
        height = width = -1
    if min(height, width) < 0:
        raise RleError(
            f"decode_rle got the shape {_excerpt(shape)}; it needs two integers (H, W), e.g. "
            "image.shape[:2]."
        )
    return height, width


def _excerpt(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
