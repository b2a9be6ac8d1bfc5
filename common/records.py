"""What is known of one approach in one run, as a JSON file that is written whole after every
stage. A later stage, a restart, another process and the leaderboard all read it from there;
nothing is passed on in memory alone.
"""

import itertools
import json
import math
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from common import __version__
from common.commands import RefusedError
from common.files import PARTIAL, write_whole

RUN_FILE = "run.json"
PACKAGES = (
    "accelerate albumentations lightgbm numpy opencv-python-headless pandas pycocotools "
    "safetensors scikit-learn scipy segmentation-models-pytorch timm torch"
).split()


class RunMismatchError(RefusedError):
    """A run folder holds results made with other settings; nothing in it is touched."""


class DamagedFileError(OSError):
    """A file of a run is there, but is not what this program wrote."""


@dataclass
class Record:
    """One approach in one run. A field that is None was not reached yet.

    Attributes:
        approach: its name: key of the table, folder of the model, row of the leaderboard.
        status: `unfinished`, `ok`, `failed` or `skipped`; `reason` says why for the last two.
        config: the settings it ran with.
        made_from: what the stored model depends on beside the run's settings; another value is
            another model.
        traits: `pretrained_on` and the like.
        fit: seconds, steps, resumes, notes of the fit.
        postprocess: what makes a mask of its probabilities, chosen on *tune*.
        tune: the threshold curve on *tune* (thresholds and mean Dice).
        scores: one dictionary for each scored image.
        calibration: counts of the probabilities near objects of *score* (see
            `common.analysis.calibration`).
        costs: seconds, memory and size of the stored model in a fresh process.
        robustness: `images` (how many), `marked` (corruptions met in training) and `rows`
            (corruption, severity, img_id, tp, fn, dice).
    """

    approach: str
    status: str = "unfinished"
    reason: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    made_from: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] | None = None
    postprocess: dict[str, Any] | None = None
    tune: dict[str, Any] | None = None
    scores: list[dict[str, Any]] | None = None
    calibration: list[list[int]] | None = None
    costs: dict[str, Any] | None = None
    robustness: dict[str, Any] | None = None


def record_path(run: Path, approach: str) -> Path:
    """Where the record of an approach lies."""
    return run / "records" / f"{approach}.json"


def write_record(run: Path, record: Record) -> None:
    """Write a record, whole or not at all."""
    write_whole(record_path(run, record.approach), to_json(asdict(record)))


def read_record(run: Path, approach: str) -> Record | None:
    """The record of an approach, or None if it has none yet.

    Raises:
        DamagedFileError: the file is there but holds no record.
    """
    path = record_path(run, approach)
    if not path.is_file():
        return None
    known = {item.name for item in fields(Record)}
    content = _json_object(
        path,
        "approach",
        f"the record of {approach} in JSON is expected. Delete it, and "
        f"{run / 'training' / approach} if that is there; the approach is trained again when "
        "bench.py goes on with the run.",
    )
    return Record(**{key: value for key, value in content.items() if key in known})


def read_records(run: Path) -> list[Record]:
    """All records of a run, by name."""
    return [read_record(run, path.stem) for path in sorted((run / "records").glob("*.json"))]


def read_description(run: Path) -> dict[str, Any]:
    """The content of a run's `run.json`.

    Raises:
        FileNotFoundError: the folder holds no run.
        DamagedFileError: the file is there but does not describe a run.
    """
    path = run / RUN_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{run} has no {RUN_FILE}; expected the folder of a finished run. Make one with: "
            f"python bench.py --output {run}"
        )
    return _json_object(
        path,
        "identity",
        "the description of a run in JSON is expected, and without it the run can be neither used "
        "nor continued. Put a copy of the file back, or give another --output and make the run "
        "anew.",
    )


def _json_object(path: Path, needed: str, expected: str) -> dict[str, Any]:
    """The fields in a JSON file; DamagedFileError, with what is expected, where it holds something
    else.
    """
    size = path.stat().st_size
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        problem = (
            ""
            if isinstance(content, dict) and needed in content
            else f"it has no field {needed!r}"
        )
    except (ValueError, RecursionError) as error:
        problem = f"its {size} bytes are no JSON ({error})" if size else "it is empty"
    if problem:
        raise DamagedFileError(f"{path} cannot be read: {problem}; {expected}")
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


def open_run(run: Path, identity: dict[str, Any], *, fresh: bool, trains: bool = True) -> None:
    """Make a run folder, or check that an existing one was made with the same settings.

    Args:
        run: the folder.
        identity: what all approaches of a run share: data, seed, budget.
        fresh: set an existing run aside, under a name with its date, and begin anew.
        trains: whether anything may be trained; else only data and seed must be those of the run.

    Raises:
        RunMismatchError: the folder holds a run with other settings, or something that is no run.
    """
    found = _identity_in(run)
    if found is not None and fresh:
        _set_aside(run)
    elif found is not None:
        found, wanted = _flat(found), _flat(json.loads(to_json(identity)))
        compared = {**found, **wanted} if trains else ("data", "seed")
        keys = [key for key in compared if found.get(key) != wanted.get(key)]
        differing = [
            f"{key}: {_shown(found.get(key))} there, {_shown(wanted.get(key))} now" for key in keys
        ]
        if differing:
            raise RunMismatchError(
                f"{run} was made with other settings ({'; '.join(differing)}). Repeat them to "
                "continue it, give another --output, or set it aside and begin anew with --fresh."
            )
        return
    write_whole(run / RUN_FILE, to_json({"identity": identity}))


def _shown(value: Any) -> str:
    """A setting in a message; of a digest, the beginning is enough to see that images or
    annotations differ.
    """
    return f"content {value[:8]}…" if isinstance(value, str) and len(value) == 64 else repr(value)


def _identity_in(run: Path) -> dict[str, Any] | None:
    """The identity of the run in a folder, None where nothing is; RunMismatchError where something
    else is.
    """
    if not run.exists():
        return None
    if not run.is_dir():
        raise RunMismatchError(f"{run} is a file; --output names the folder of a run.")
    if all(path.name.startswith(".") and path.name.endswith(PARTIAL) for path in run.iterdir()):
        return None  # a kill before the first file was whole
    try:
        return dict(read_description(run)["identity"])
    except DamagedFileError as error:
        raise RunMismatchError(f"{error} Nothing was touched.") from error
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise RunMismatchError(
            f"{run} holds files but no {RUN_FILE} of a run; choose another --output, nothing was "
            "touched."
        ) from error


def _set_aside(run: Path) -> None:
    when = datetime.fromtimestamp((run / RUN_FILE).stat().st_mtime, UTC)
    name = f"{run.name}-before-{when:%Y%m%d-%H%M%S}"
    taken = {path.name for path in run.parent.iterdir()}
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    run.rename(run.with_name(next(name for name in names if name not in taken)))


def _flat(identity: dict[str, Any]) -> dict[str, Any]:
    """Settings within settings by their own name, so that a message names what differs and not all
    around it.
    """
    flat = {}
    for key, value in identity.items():
        flat |= (
            {f"{key} {inner}": it for inner, it in value.items()}
            if isinstance(value, dict)
            else {key: value}
        )
    return flat


def describe_run(run: Path, **described: Any) -> None:
    """Complete `run.json` with everything that is needed to repeat the run."""
    content = read_description(run)
    content.setdefault("started", datetime.now(UTC).isoformat(timespec="seconds"))
    content |= {"software": software(), **described}
    write_whole(run / RUN_FILE, to_json(content))


def software() -> dict[str, Any]:
    """Versions of what computes: Python, packages, this code, and its commit where it is a git
    checkout.
    """
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": versions,
        "version": __version__,
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
