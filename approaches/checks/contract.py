"""The contract of an approach as small checks that ship with the library: `python -m
approaches.checks NAME` prints a line for each, and how to mend what fails. They fit the approach's
smallest settings on a few generated pictures; whether it segments well is not their business.
"""

import json
import shutil
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from approaches import describe, load, processes
from approaches.base import (
    Budget,
    ConfigError,
    FitReport,
    NotFittedError,
    RequirementMissingError,
    Traits,
)
from approaches.checks.subject import (
    BUDGET,
    STEPS,
    ContractError,
    NotApplicableError,
    data_set,
    expect_same,
    fitted,
    members_of,
    picture,
    predicted,
    store_with_members,
    unfitted,
)
from common.data import decode
from common.json_files import to_json

SIZES = ((1, 1), (3, 50), (17, 31), (70, 70), (200, 133))
SAFE_FILES = (".json", ".txt", ".safetensors")

# approach → check → why it may fail. A check that passes although it stands here counts as failed,
# so that no excuse outlives its reason.
EXPECTED_FAILURES: dict[str, dict[str, str]] = {}


@dataclass(frozen=True)
class Outcome:
    """What became of one check: status is "ok", "FAILED", "expected" (to fail) or "skipped"."""

    check: str
    status: str
    reason: str = ""


def check_config_round_trips(name: str) -> None:
    """A config comes back from JSON, and each setting from the text of a command line."""
    kind = type(unfitted(name))
    usual = kind.config_class
    for config in (usual(), usual.smoke(), unfitted(name).config):
        values = json.loads(json.dumps(config.as_dict()))
        words = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in values.items()
        }
        for given in (values, words):
            back = usual().with_values(given)
            if back != config:
                raise ContractError(
                    f"{given} became {back}, expected {config}; use bool, int, float, str and "
                    "tuple."
                )


def check_unknown_setting_is_refused(name: str) -> None:
    """A misspelt setting raises ConfigError, and the message lists the settings."""
    config = unfitted(name).config
    try:
        config.with_values({"no_such_setting": 1})
    except ConfigError as error:
        missing = [setting for setting in config.as_dict() if setting not in str(error)]
        if missing:
            raise ContractError(
                f"the ConfigError does not name the settings {missing}; list all of them."
            ) from error
    else:
        raise ContractError(
            "the setting no_such_setting was taken; derive Config from approaches.base.Config."
        )


def check_init_only_stores(name: str) -> None:
    """`__init__` keeps config and members and makes nothing."""
    config, members = unfitted(name).config, members_of(name)
    approach = type(unfitted(name))(config, members)
    extra = sorted(set(vars(approach)) - {"config", "members", "report_"})
    if extra:
        raise ContractError(
            f"__init__ made {', '.join(extra)}; make them in fit and load, as names ending in _."
        )
    if approach.config is not config or approach.members != members:
        raise ContractError("__init__ changed its config or members; keep both as they are given.")


def check_unfitted_predict_says_so(name: str) -> None:
    """`predict_proba` before `fit` raises NotFittedError, and the message names the ways out."""
    try:
        unfitted(name).predict_proba(picture(20, 30))
        found = "gave a result"
    except Exception as error:
        if isinstance(error, NotFittedError) and "fit" in str(error) and "load" in str(error):
            return
        found = f"raised {type(error).__name__}: {error}"
    raise ContractError(
        f"predict_proba before fit {found}; raise a NotFittedError that names fit and load."
    )


def check_traits_are_plain(name: str) -> None:
    """`traits` is there before `fit` and can be stored as JSON."""
    traits = unfitted(name).traits
    if not isinstance(traits, Traits):
        raise ContractError(
            f"traits is a {type(traits).__name__}; return approaches.base.Traits(…)."
        )
    json.dumps(asdict(traits))


def check_description_needs_no_model(name: str) -> None:
    """What an approach says of itself is of plain values, and comes from config and report
    alone.
    """
    approach = fitted(name).approach
    bare = unfitted(name)
    bare.report_ = approach.report_
    message = describe(name, approach)
    json.dumps(asdict(message))
    if message != describe(name, bare):
        raise ContractError(
            f"{message} is described without the model as {describe(name, bare)}; read "
            "self.config and self.report_ alone in preparation, remarks, combination and "
            "corruptions_met."
        )


def check_fit_returns_self(name: str) -> None:
    """`fit` returns the approach itself."""
    subject = fitted(name)
    if subject.returned is not subject.approach:
        raise ContractError(
            f"fit returned {type(subject.returned).__name__}; end with return self."
        )


def check_fit_leaves_data_unchanged(name: str) -> None:
    """`fit` does not write into the images and masks that it is given."""
    subject = fitted(name)
    for given in (subject.fit_set, subject.tune_set):
        for sample, entry in zip(given, given.entries, strict=True):
            arrays = (sample.image, sample.mask, sample.ignore)
            if not all(
                np.array_equal(now, before)
                for now, before in zip(arrays, decode(entry), strict=True)
            ):
                raise ContractError(
                    f"fit changed the arrays of image {sample.image_id}; work on a copy."
                )


def check_report_is_plain(name: str) -> None:
    """`report_` can be stored as JSON and keeps the budget's steps."""
    report = fitted(name).approach.report_
    if not isinstance(report, FitReport):
        raise ContractError(
            f"report_ is a {type(report).__name__}; assign approaches.base.FitReport(…)."
        )
    try:
        to_json(asdict(report))
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"report_ cannot be stored as JSON ({error}); keep numbers, texts, lists, dicts."
        ) from error
    if report.steps is not None and report.steps > STEPS:
        raise ContractError(
            f"report_.steps is {report.steps}, the budget allowed {STEPS}; stop there."
        )


def check_output_is_probability(name: str) -> None:
    """`predict_proba` returns (H, W) float32 in [0, 1]."""
    predicted(fitted(name).approach, picture(96, 128))


def check_any_image_size(name: str) -> None:
    """Images of every size are predicted at their own size, down to a single pixel."""
    for height, width in SIZES:
        predicted(fitted(name).approach, picture(height, width))


def check_image_is_left_alone(name: str) -> None:
    """`predict_proba` leaves its image as it is, and takes read-only arrays and views."""
    approach, image = fitted(name).approach, picture(70, 90)
    given = image.copy()
    proba = predicted(approach, given)
    if not np.array_equal(given, image):
        raise ContractError("predict_proba changed its image; work on a copy.")
    given.setflags(write=False)
    expect_same(
        predicted(approach, given), proba, "a read-only image", "do not write into the image"
    )
    view = np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    expect_same(
        predicted(approach, view), proba, "a flipped view", "call np.ascontiguousarray first"
    )


def check_predict_twice_is_same(name: str) -> None:
    """A prediction depends on the image alone, not on what was predicted before."""
    approach = fitted(name).approach
    first = predicted(approach, picture(64, 80))
    predicted(approach, picture(40, 30))
    second = predicted(approach, picture(64, 80))
    expect_same(
        second,
        first,
        "the same image again",
        "draw nothing random and keep no state in predict_proba",
    )


def check_bad_images_are_refused(name: str) -> None:
    """What is not an image raises ValueError instead of being predicted."""
    image = picture(20, 30)
    bad = {
        "a float image": image.astype(np.float32) / 255,
        "a gray image": image[..., 0],
        "an image with alpha": np.dstack([image, image[..., :1]]),
        "a batch of images": image[None],
        "an image without pixels": image[:0],
        "a list": image.tolist(),
    }
    approach = fitted(name).approach
    for what, given in bad.items():
        try:
            approach.predict_proba(given)
            found = "was predicted"
        except ValueError:
            continue
        except Exception as error:
            found = f"raised {type(error).__name__}"
        raise ContractError(
            f"{what} {found}, expected a ValueError; call approaches.base.check_image first."
        )


def check_saved_model_predicts_the_same(name: str) -> None:
    """What `load` reads predicts exactly what was saved, wherever the folder lies."""
    approach = fitted(name).approach
    with tempfile.TemporaryDirectory() as root:
        first, second = Path(root) / "first", Path(root) / "second"
        store_with_members(approach, name, first)
        shutil.move(first, second)
        loaded = load(second / name)
        if loaded.config != approach.config:
            raise ContractError(
                f"the loaded config is {loaded.config}, saved was {approach.config}."
            )
        proba = predicted(loaded, picture(70, 90))
        if loaded.parameters() != approach.parameters():
            raise ContractError(
                f"{loaded.parameters()} parameters after load, {approach.parameters()} before "
                "save."
            )
    expect_same(
        proba,
        predicted(approach, picture(70, 90)),
        "the loaded model",
        "save all that predict_proba uses",
    )


def check_files_run_no_code(name: str) -> None:
    """A stored model is JSON, text and safetensors; a pickle could run anything when it is
    loaded.
    """
    with tempfile.TemporaryDirectory() as root:
        store_with_members(fitted(name).approach, name, Path(root))
        for path in sorted(path for path in Path(root, name).rglob("*") if path.is_file()):
            if path.suffix not in SAFE_FILES:
                raise ContractError(f"save wrote {path.name}; write {', '.join(SAFE_FILES)} only.")
            content = path.read_bytes()
            header_end = 8 + int.from_bytes(content[:8], "little")
            text = content[8:header_end] if path.suffix == ".safetensors" else content
            try:
                text.decode("utf-8") if path.suffix == ".txt" else json.loads(text)
            except ValueError as error:
                raise ContractError(f"{path.name} is not what its name says ({error}).") from error


def check_same_seed_gives_same_model(name: str) -> None:
    """The same seed and number of steps give the same model, with a folder for checkpoints and
    without.
    """
    device = processes.state().device.type
    if not unfitted(name).traits.deterministic or device != "cpu":
        raise NotApplicableError(f"its traits promise no repetition on {device}")
    first = fitted(name)
    with tempfile.TemporaryDirectory() as folder:
        again = unfitted(name, members_of(name))
        again.fit(first.fit_set, first.tune_set, budget=BUDGET, seed=0, folder=Path(folder, name))
    one, other = (predicted(approach, picture(70, 90)) for approach in (first.approach, again))
    mend = "draw everything random from generators made of the seed, never from global state"
    expect_same(other, one, "a second fit with the same seed", mend)


def check_odd_labels_can_be_learned(name: str) -> None:
    """Empty masks, full masks, ignored pixels, wholly ignored and tiny images among the others do
    no harm.
    """
    fitted(name)  # whatever is missing for any fit is told by the shared one
    approach = unfitted(name, members_of(name))
    fit_set, tune_set = (data_set(split, odd=True) for split in ("fit", "tune"))
    approach.fit(fit_set, tune_set, budget=Budget(steps=2), seed=1)
    predicted(approach, picture(70, 90))


def check_parameters_are_counted(name: str) -> None:
    """`parameters` is a positive int, and counts the members too."""
    approach = fitted(name).approach
    count, least = (
        approach.parameters(),
        max(1, sum(member.parameters() for member in approach.members.values())),
    )
    if type(count) is not int or count < least:
        raise ContractError(f"parameters() gave {count!r}, expected an int of at least {least}.")


CHECKS: dict[str, Callable[[str], None]] = {
    key: check for key, check in globals().items() if key.startswith("check_")
}


def run_check(name: str, check: Callable[[str], None]) -> Outcome:
    """Run one check on one approach of the table; nothing is raised."""
    excuse = EXPECTED_FAILURES.get(name, {}).get(check.__name__)
    try:
        check(name)
    except (RequirementMissingError, NotApplicableError) as reason:
        return Outcome(check.__name__, "skipped", str(reason))
    except Exception as error:
        if excuse:
            return Outcome(check.__name__, "expected", excuse)
        return Outcome(check.__name__, "FAILED", _error_text(error))
    if excuse:
        return Outcome(
            check.__name__, "FAILED", f"it passes; take it out of EXPECTED_FAILURES ({excuse})"
        )
    return Outcome(check.__name__, "ok")


def _error_text(error: Exception) -> str:
    if isinstance(error, ContractError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{type(error).__name__}: {error} (in {frame.name}, "
        f"{Path(frame.filename).name}:{frame.lineno})"
    )
