"""Files with random bytes flipped, cut off, doubled or replaced, for tests of what reads them."""

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = int(os.environ.get("DAMAGED_FILES", "150"))


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A copy that differs from the content."""
    kind = chance.choice(["flip", "flip", "byte", "cut", "cut", "zeros", "double", "foreign"])
    changed, place = bytearray(content), chance.randrange(max(1, len(content)))
    length = chance.randint(1, 64)
    if kind == "flip":
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    elif kind == "byte":
        changed[place] = chance.randrange(256)
    elif kind == "cut":
        del changed[place:]
    elif kind == "zeros":
        stop = min(place + length, len(changed))
        changed[place:stop] = bytes(stop - place)
    elif kind == "double":
        stop = place + length
        changed[place:place] = content[place:stop]
    else:
        changed = bytearray(chance.randbytes(chance.randint(0, 200)))
    return bytes(changed) if changed != content else damaged(content, chance)


def outcomes(
    path: Path,
    read: Callable[[], Any],
    refusals: tuple[type[Exception], ...],
    accepts: Callable[[Any], bool] = lambda value: True,
    cases: int = CASES,
) -> Counter[str]:
    """What came of reading damaged copies of a file: "refused", or "read" where the value passes.

    Args:
        path: the sound file; it is as before afterwards.
        read: reads it.
        refusals: the documented errors, whose message must name the file.
        accepts: whether a value that was read is one that may come of the damage.
        cases: how many copies.

    Raises:
        AssertionError: another error, a message without the file, or a value that is not accepted.
    """
    sound, came = path.read_bytes(), Counter[str]()
    try:
        for seed in range(cases):
            path.write_bytes(damaged(sound, random.Random(seed)))
            try:
                value = read()
            except refusals as error:
                assert path.name in str(error), f"case {seed}: {error}"
                came["refused"] += 1
            except Exception as error:
                raise AssertionError(f"case {seed}: {type(error).__name__}: {error}") from error
            else:
                assert accepts(value), f"case {seed}: {value!r:.300}"
                came["read"] += 1
    finally:
        path.write_bytes(sound)
    return came
