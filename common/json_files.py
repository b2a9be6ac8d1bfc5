"""JSON files of a run: written so that every reader takes them, read so that damage is told."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError


class DamagedFileError(OSError):
    """A file of a run is there, but is not what this program wrote."""


def damaged(path: Path, error: ValidationError, expected: str) -> DamagedFileError:
    """The error of a file in which a field is of another kind than this program writes.

    Args:
        path: the file.
        error: what its first wrong field is.
        expected: what should lie there, and how to mend it, for the message.
    """
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return DamagedFileError(
        f"{path} cannot be read: {where} is {first['input']!r} ({first['msg']}); {expected}"
    )


def read_json_object(path: Path, needed: str | None, expected: str) -> dict[str, Any]:
    """The fields in a JSON file.

    Args:
        path: the file.
        needed: a field that it must have; None where any object will do.
        expected: what should lie there, and how to mend it, for the message.

    Raises:
        DamagedFileError: it holds something else.
    """
    size = path.stat().st_size
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        is_object = isinstance(content, dict) and needed in (None, *content)
        lacks = f"it has no field {needed!r}" if needed else "it is no object"
        problem = "" if is_object else lacks
    except (ValueError, RecursionError) as error:
        problem = f"its {size} bytes are no JSON ({error})" if size else "it is empty"
    if problem:
        raise DamagedFileError(f"{path} cannot be read: {problem}; {expected}")
    return content


def read_counts(path: Path, names: Sequence[str], expected: str) -> dict[str, Any]:
    """The fields in a JSON file that has one or more of these names, each a whole number above
    zero; arguments and errors as above.
    """
    content = read_json_object(path, None, expected)
    counts = {name: content[name] for name in names if name in content}
    if not counts or any(type(count) is not int or count < 1 for count in counts.values()):
        raise DamagedFileError(
            f"{path} cannot be read: {', '.join(names)} should be numbers above zero, found "
            f"{counts or 'none of them'}; {expected}"
        )
    return content


def to_json(value: Any) -> str:
    """Indented JSON with `null` where a number is not finite."""

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {str(key): clean(inner) for key, inner in item.items()}
        if isinstance(item, list | tuple):
            return [clean(inner) for inner in item]
        if hasattr(item, "item") and not isinstance(item, str):
            item = item.item()
        return None if isinstance(item, float) and not math.isfinite(item) else item

    return json.dumps(clean(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
