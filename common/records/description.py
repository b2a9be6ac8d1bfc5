"""What a run says of itself in `run.json`, and whether a folder holds a run that can be continued.

Nothing of a user's is overwritten: a folder that holds something else is refused, and a run that
is begun anew is set aside first.
"""

import itertools
import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from common import __version__
from common.coco import DEFAULT_OPTIONS, CrowdRegions, ReadOptions
from common.commands import RefusedError
from common.files import PARTIAL, make_folder, remove_partials, write_whole
from common.json_files import DamagedFileError, damaged, read_json_object, to_json
from common.records.folder import RunFolder
from common.records.lock import HOLDER, LOCK, hold, release
from common.records.self_description import SelfDescription
from common.statistics.selection import Rule

PACKAGES = (
    "accelerate albumentations lightgbm numpy opencv-python-headless pandas pycocotools "
    "safetensors scikit-learn scipy segmentation-models-pytorch timm torch"
).split()
EXPECTED = (
    "the description of a run in JSON is expected, and without it the run can be neither used nor "
    "continued. Put a copy of the file back, or give another --output and make the run anew."
)


class RunMismatchError(RefusedError):
    """A run folder holds results made with other settings; nothing in it is touched."""


@dataclass(frozen=True)
class RecordedBudget:
    """How long each training was allowed to take; None does not limit."""

    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Identity:
    """What a run folder must have been made with to be continued.

    Attributes:
        data: digest of the images and annotations.
        backgrounds: digest of the photos without an object that were added; empty without any.
        learned: digest of the photos of a field that were learned from; empty without any.
        seed: of everything random.
        budget: of each training.
        smoke: the smallest settings.
    """

    data: str = ""
    backgrounds: str = ""
    learned: str = ""
    seed: int = 0
    budget: RecordedBudget = RecordedBudget()
    smoke: bool = False


@dataclass(frozen=True)
class RecordedChoice:
    """By which rule the winner was chosen; None where the run does not tell."""

    rule: Rule | None = None
    margin: float | None = None


@dataclass(frozen=True)
class SharedGroups:
    """The groups of `val` that occur in `train`, by the part of `train` that has them."""

    fit: tuple[str, ...] = ()
    tune: tuple[str, ...] = ()

    @property
    def both(self) -> frozenset[str]:
        """Those in either part."""
        return frozenset(self.fit) | frozenset(self.tune)


@dataclass(frozen=True)
class RecordedApproach:
    """What is published of an approach with a run without its records."""

    config: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] | None = None
    description: SelfDescription | None = None


@dataclass(frozen=True)
class RunDescription:
    """The content of `run.json`; what an older run does not tell is None or empty.

    Attributes:
        identity: what the run was made with.
        command: the words of the command line.
        data: the data folder as it was written.
        read_options: how the annotations were read.
        crowd: the regions of each split that are ignored.
        notes: what was said of the data; None where the run does not tell.
        device: what was computed on.
        threads: of each process.
        score_groups: image id → group, of `val`.
        score_groups_in_train: which of these groups occur in `train`.
        approaches: settings and fits.
        asked: the approaches of the last command; empty where the run does not tell.
        winner: the chosen approach.
        choice: by which rule.
        started: date and time, as ISO 8601 writes them.
        software: versions, and the commit of this code.
    """

    identity: Identity = Identity()
    command: str = ""
    data: str = ""
    read_options: ReadOptions = DEFAULT_OPTIONS
    crowd: Mapping[str, CrowdRegions] = field(default_factory=dict)
    notes: tuple[str, ...] | None = None
    device: str | None = None
    threads: int | None = None
    score_groups: Mapping[int, str] = field(default_factory=dict)
    score_groups_in_train: SharedGroups | None = None
    approaches: Mapping[str, RecordedApproach] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    winner: str | None = None
    choice: RecordedChoice = RecordedChoice()
    started: str = ""
    software: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data_folder(self) -> Path | None:
        """The data folder as it was written, or relative to this project; None where neither is
        there.
        """
        places = (Path(self.data), Path(__file__).parents[2] / self.data) if self.data else ()
        return next(filter(Path.is_dir, places), None)


_ADAPTER = TypeAdapter(RunDescription)


def read_description(run: Path) -> RunDescription:
    """What a run says of itself.

    Raises:
        FileNotFoundError: the folder holds no run.
        DamagedFileError: the file is there but does not describe a run.
    """
    path = RunFolder(run).description
    try:
        return _ADAPTER.validate_python(_content(run))
    except ValidationError as error:
        raise damaged(path, error, EXPECTED) from error


def _content(run: Path) -> dict[str, Any]:
    """The fields of `run.json` as they are stored, those that are only written too."""
    path = RunFolder(run).description
    if not path.is_file():
        raise FileNotFoundError(
            f"{run} has no {path.name}; expected the folder of a finished run. Make one with: "
            f"python bench.py --output {run}"
        )
    return read_json_object(path, "identity", EXPECTED)


def open_run(run: Path, identity: Mapping[str, Any], *, fresh: bool, trains: bool = True) -> None:
    """Make a run folder, or check that an existing one was made with the same settings.

    Args:
        run: the folder.
        identity: what all approaches of a run share: data, seed, budget.
        fresh: set an existing run aside, under a name with its date, and begin anew.
        trains: whether anything may be trained; else only data, what was learned of a field, and
            seed must be those of the run.

    Raises:
        RunMismatchError: the folder holds a run with other settings, or something that is no run.
        RunInUseError: another process writes to it; else this one holds its lock from now on.
    """
    _identity_in(run)  # before anything of another kind is touched
    make_folder(run)
    hold(run)
    stored = _identity_in(run)  # which another process may have begun
    if stored is not None:
        remove_partials(run)
    if stored is not None and fresh:
        _set_aside(run)
        open_run(run, identity, fresh=False)
    elif stored is not None:
        found, wanted = _flat(stored), _flat(json.loads(to_json(identity)))
        compared = {**found, **wanted} if trains else ("data", "learned", "seed")
        differing = [
            f"{key}: {_in_words(found.get(key))} there, {_in_words(wanted.get(key))} now"
            for key in compared
            if found.get(key) != wanted.get(key)
        ]
        if differing:
            raise RunMismatchError(
                f"{run} was made with other settings ({'; '.join(differing)}). Repeat them to "
                "continue it, give another --output, or set it aside and begin anew with --fresh."
            )
    else:
        write_whole(RunFolder(run).description, to_json({"identity": identity}))


def describe_run(run: Path, **described: Any) -> None:
    """Complete `run.json` with everything that is needed to repeat the run."""
    content = _content(run)
    content.setdefault("started", datetime.now(UTC).isoformat(timespec="seconds"))
    content |= {"software": software(), **described}
    write_whole(RunFolder(run).description, to_json(content))


def _in_words(value: Any) -> str:
    """A setting in a message; of a digest, the beginning is enough to see that images or
    annotations differ.
    """
    return f"content {value[:8]}…" if isinstance(value, str) and len(value) == 64 else repr(value)


def _identity_in(run: Path) -> dict[str, Any] | None:
    """The stored identity of the run in a folder, None where nothing is; RunMismatchError where
    something else is.
    """
    if not run.exists():
        return None
    if not run.is_dir():
        raise RunMismatchError(f"{run} is a file; --output names the folder of a run.")
    if all(_is_of_no_run(path.name) for path in run.iterdir()):
        return None  # a kill before the first file was whole
    try:
        return dict(_content(run)["identity"])
    except DamagedFileError as error:
        raise RunMismatchError(f"{error} Nothing was touched.") from error
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise RunMismatchError(
            f"{run} holds files but no {RunFolder(run).description.name} of a run; choose another "
            "--output, nothing was touched."
        ) from error


def _is_of_no_run(name: str) -> bool:
    """Whether a file is a lock, or what a killed writer left."""
    return name in (LOCK, HOLDER) or (name.startswith(".") and name.endswith(PARTIAL))


def _set_aside(run: Path) -> None:
    release(run)
    when = datetime.fromtimestamp(RunFolder(run).description.stat().st_mtime, UTC)
    name = f"{run.name}-before-{when:%Y%m%d-%H%M%S}"
    taken = {path.name for path in run.parent.iterdir()}
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    run.rename(run.with_name(next(name for name in names if name not in taken)))


def _flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Settings within settings by their own name, so that a message names what differs and not all
    around it.
    """
    flat: dict[str, Any] = {}
    for key, value in identity.items():
        flat |= (
            {f"{key} {inner}": it for inner, it in value.items()}
            if isinstance(value, dict)
            else {key: value}
        )
    return flat


def software() -> dict[str, Any]:
    """Versions of what computes: Python, packages, this code, and its commit where it is a git
    checkout.
    """
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": versions,
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _git(*words: str) -> str:
    folder = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, timeout=20
        )
        return "" if done.returncode else done.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
