"""What lies in the folder of a stored model: its description, and files of which the description
knows every byte. Nothing is loaded here; whoever loads a model looks here first.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from common.json_files import DamagedFileError, damaged, read_json_object, to_json

MODEL_FILE = "approach.json"
EXPECTED = (
    "expected what training wrote. Delete the folder; the approach is trained again when bench.py "
    "goes on with the run."
)


@dataclass(frozen=True)
class StoredModel:
    """The description of a stored model.

    Attributes:
        approach: its name.
        config: its settings.
        members: the approaches that it combines, whose folders lie beside its own.
        target: `package.module:Class` where the approach lies outside the repository.
        files: path in the folder → SHA-256 of the file; empty in models of before.
        digest: SHA-256 of all of this; empty in models of before.
    """

    approach: str
    config: Mapping[str, Any]
    members: tuple[str, ...]
    target: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


_ADAPTER = TypeAdapter(StoredModel)


def describe_files(folder: Path, described: Mapping[str, Any]) -> None:
    """Write the description of a model whose files lie in a folder."""
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): file_digest(path) for path in names}
    content = {**described, "files": files}
    whole = to_json({**content, "digest": _digest_of(content)})
    (folder / MODEL_FILE).write_text(whole, encoding="utf-8")


def read_stored_model(folder: Path) -> StoredModel:
    """The description of a stored model.

    Raises:
        DamagedFileError: the file holds something else, or a name that leads out of the folder.
    """
    path = folder / MODEL_FILE
    content = read_json_object(path, "approach", EXPECTED)
    if content.get("digest", "") not in ("", _digest_of(content)):
        raise DamagedFileError(f"{path} is not the description that was stored; {EXPECTED}")
    try:
        model = _ADAPTER.validate_python(content)
    except ValidationError as error:
        raise damaged(path, error, EXPECTED) from error
    for name in (model.approach, *model.members):
        if not re.fullmatch(r"[\w-]+", name):
            raise DamagedFileError(f"{path} names the approach {name!r}; {EXPECTED}")
    return model


def require_unchanged(folder: Path, model: StoredModel) -> None:
    """Refuse a model whose files are not those that were stored.

    Raises:
        DamagedFileError: a file is missing, or holds something else.
    """
    for name, digest in model.files.items():
        path = folder / name
        inside = path.resolve().is_relative_to(folder.resolve())
        if not inside or not path.is_file():
            raise DamagedFileError(f"{path} is missing in the model; {EXPECTED}")
        if file_digest(path) != digest:
            raise DamagedFileError(
                f"{path} is not the file that was stored: its {path.stat().st_size} bytes are "
                f"others; {EXPECTED}"
            )


def _digest_of(content: Mapping[str, Any]) -> str:
    """Of a description without its own digest."""
    told = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
