"""Every registered approach keeps every part of the contract, and every part is broken by some
wrong plug-in.
"""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from approaches import TABLE, Entry, checks
from approaches.base import Budget, Config, NotFittedError, RequirementMissingError, check_image
from approaches.checks import CHECKS, run_check
from approaches.checks.__main__ import main
from approaches.checks.subject import fitted, unfitted
from approaches.threshold import Threshold


@pytest.mark.parametrize(
    ("name", "check"), [(name, check) for name in TABLE for check in CHECKS], ids=lambda word: word
)
def test_the_contract(name, check):
    outcome = run_check(name, CHECKS[check])
    if outcome.status == "skipped":
        pytest.skip(outcome.reason)
    if outcome.status == "expected":
        pytest.xfail(outcome.reason)
    assert outcome.status == "ok", outcome.reason


def test_there_were_approaches_and_checks():
    assert len(TABLE) >= 5
    assert len(CHECKS) >= 15


def test_at_least_one_network_was_checked():
    """Weights may be missing on a machine, but not all: then the suite would be green without
    having seen any.
    """
    ran = []
    for name in TABLE:
        if "approaches.network.approach" in [
            kind.__module__ for kind in type(unfitted(name)).__mro__
        ]:
            try:
                ran.append(fitted(name))
            except RequirementMissingError:
                continue
    assert ran


def test_excuses_name_checks_and_approaches_that_exist():
    for name, excuses in checks.EXPECTED_FAILURES.items():
        assert name in TABLE
        assert set(excuses) <= set(CHECKS)
        assert all(excuses.values())


class LosesLists(Threshold):
    class config_class(Config):  # noqa: N801 - it stands for the attribute
        sizes: Any = ([1, 2], {3: 4})  # keys of JSON objects are texts


class TakesAnySetting(Threshold):
    class config_class(Config):  # noqa: N801
        size: int = 1

        def with_values(self, values):
            return self.model_copy(
                update={key: int(value) for key, value in values.items() if key == "size"}
            )


class WorksInInit(Threshold):
    def __init__(self, config=None, members=None):
        super().__init__(config, members)
        self.table_ = np.zeros(256)


class ForgetsThatItIsUnfitted(Threshold):
    channel_, bright_ = "red", True


class HasTraitsOfItsOwn(Threshold):
    traits = {"pretrained_on": "ImageNet"}  # noqa: RUF012 - wrong on purpose


class TellsOfItsModel(Threshold):
    def remarks(self):
        return [f"on {getattr(self, 'channel_', 'nothing')}"]


class ReturnsNothing(Threshold):
    def fit(self, *sets, **options):
        super().fit(*sets, **options)


class PaintsOnTheData(Threshold):
    def fit(self, fit_set, tune_set, **options):
        image = fit_set[0].image
        image.setflags(write=True)
        image[:3] = 0
        return super().fit(fit_set, tune_set, **options)


class ReportsAnArray(Threshold):
    def fit(self, *sets, **options):
        super().fit(*sets, **options)
        self.report_.notes["curve"] = np.zeros(3)
        return self


class TakesMoreSteps(Threshold):
    def fit(self, *sets, **options):
        super().fit(*sets, **options)
        self.report_.steps = options["budget"].steps + 1
        return self


class GivesDoubles(Threshold):
    def predict_proba(self, image):
        return super().predict_proba(image).astype(np.float64)


class GivesLogits(Threshold):
    def predict_proba(self, image):
        return super().predict_proba(image) * 8 - 4


class GivesNan(Threshold):
    def predict_proba(self, image):
        return super().predict_proba(image) * np.float32(np.nan)


class WantsEvenSizes(Threshold):
    def predict_proba(self, image):
        height, width = (size - size % 2 for size in check_image(image).shape[:2])
        return super().predict_proba(image[:height, :width])


class ChangesTheImage(Threshold):
    def predict_proba(self, image):
        proba = super().predict_proba(image)
        if image.flags.writeable:
            image[:] = 0
        return proba


class NeedsWriteableImages(Threshold):
    def predict_proba(self, image):
        if not check_image(image).flags.writeable:
            raise TypeError("read-only")
        return super().predict_proba(image)


class Remembers(Threshold):
    before = 0

    def predict_proba(self, image):
        self.before, before = image.shape[0], self.before
        return super().predict_proba(image) / np.float32(1 + before)


class AcceptsAnything(Threshold):
    def predict_proba(self, image):
        if not hasattr(self, "channel_"):
            raise NotFittedError("call fit or load")
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3 or image.size == 0:
            return np.zeros((1, 1), np.float32)
        return super().predict_proba(image)


class SavesHalf(Threshold):
    def load(self, folder):
        super().load(folder)
        self.bright_ = not self.bright_
        return self


class Pickles(Threshold):
    def save(self, folder: Path) -> None:
        (folder / "model.pkl").write_bytes(pickle.dumps((self.channel_, self.bright_)))

    def load(self, folder: Path):
        self.channel_, self.bright_ = pickle.loads((folder / "model.pkl").read_bytes())
        return self


class HidesAPickle(Threshold):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "weights.safetensors").write_bytes(pickle.dumps(self.channel_))


class DrawsWithoutSeed(Threshold):
    shift_ = 0.0

    def fit(self, *sets, **options):
        super().fit(*sets, **options)
        self.shift_ = np.float32(np.random.default_rng().random())
        return self

    def predict_proba(self, image):
        return super().predict_proba(image) * np.float32(self.shift_)

    def save(self, folder):
        super().save(folder)
        (folder / "shift.json").write_text(json.dumps(float(self.shift_)))

    def load(self, folder):
        self.shift_ = json.loads((folder / "shift.json").read_text())
        return super().load(folder)


class NeedsAnObjectInEachImage(Threshold):
    def fit(self, fit_set, tune_set, **options):
        if not all(sample.mask.any() for sample in fit_set):
            raise ZeroDivisionError("no object")
        return super().fit(fit_set, tune_set, **options)


class CountsNothing(Threshold):
    def parameters(self):
        return 0


WRONG = {
    LosesLists: "check_config_round_trips",
    TakesAnySetting: "check_unknown_setting_is_refused",
    WorksInInit: "check_init_only_stores",
    ForgetsThatItIsUnfitted: "check_unfitted_predict_says_so",
    HasTraitsOfItsOwn: "check_traits_are_plain",
    TellsOfItsModel: "check_description_needs_no_model",
    ReturnsNothing: "check_fit_returns_self",
    PaintsOnTheData: "check_fit_leaves_data_unchanged",
    ReportsAnArray: "check_report_is_plain",
    TakesMoreSteps: "check_report_is_plain",
    GivesDoubles: "check_output_is_probability",
    GivesLogits: "check_output_is_probability",
    GivesNan: "check_output_is_probability",
    WantsEvenSizes: "check_any_image_size",
    ChangesTheImage: "check_image_is_left_alone",
    NeedsWriteableImages: "check_image_is_left_alone",
    Remembers: "check_predict_twice_is_same",
    AcceptsAnything: "check_bad_images_are_refused",
    SavesHalf: "check_saved_model_predicts_the_same",
    Pickles: "check_files_run_no_code",
    HidesAPickle: "check_files_run_no_code",
    DrawsWithoutSeed: "check_same_seed_gives_same_model",
    NeedsAnObjectInEachImage: "check_odd_labels_can_be_learned",
    CountsNothing: "check_parameters_are_counted",
}
ALSO_BROKEN = {  # one mistake may break several promises
    GivesDoubles: set(CHECKS),
    GivesLogits: set(CHECKS),
    GivesNan: set(CHECKS),
    Remembers: set(CHECKS),
    HasTraitsOfItsOwn: {"check_same_seed_gives_same_model"},
}


@pytest.fixture
def registered(monkeypatch):
    """A function that puts a class into the table for the time of a test, under a name of its
    own.
    """

    def register(kind: type, **settings) -> str:
        name = f"wrong_{kind.__name__.lower()}"
        monkeypatch.setitem(
            TABLE, name, Entry(f"{__name__}:{kind.__name__}", "for this test", **settings)
        )
        return name

    return register


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_a_wrong_plugin_is_caught_by_the_check_for_it_and_by_no_other(kind, registered):
    name = registered(kind)
    outcomes = [run_check(name, check) for check in CHECKS.values()]
    failed = {outcome.check: outcome.reason for outcome in outcomes if outcome.status == "FAILED"}
    assert WRONG[kind] in failed
    assert all(failed.values())
    assert set(failed) <= {WRONG[kind]} | ALSO_BROKEN.get(kind, set())


def test_every_check_catches_some_wrong_plugin():
    assert set(WRONG.values()) == set(CHECKS)


class RaisesInFit(Threshold):
    fits = 0

    def fit(self, *sets, **options):
        type(self).fits += 1
        raise KeyError("no such column")


def test_a_raise_is_a_failure_that_says_where_and_fits_are_not_repeated_for_it(registered):
    name = registered(RaisesInFit)
    outcomes = [run_check(name, check) for check in CHECKS.values()]
    failed = [outcome for outcome in outcomes if outcome.status == "FAILED"]
    assert len(failed) >= 10
    assert "KeyError: 'no such column' (in fit, test_contract.py:" in failed[0].reason
    assert RaisesInFit.fits == 1


class MissesWeights(Threshold):
    def fit(self, *sets, **options):
        raise RequirementMissingError("weights of x; download them from y")


def test_a_missing_requirement_skips_what_needs_a_fit(registered):
    name = registered(MissesWeights)
    outcomes = {key: run_check(name, check) for key, check in CHECKS.items()}
    assert {outcome.status for outcome in outcomes.values()} == {"ok", "skipped"}
    assert outcomes["check_config_round_trips"].status == "ok"
    assert outcomes["check_any_image_size"].reason == "weights of x; download them from y"


def test_an_excused_failure_is_expected_and_an_excuse_without_failure_is_a_failure(
    registered, monkeypatch
):
    name = registered(CountsNothing)
    excuses = {
        "check_parameters_are_counted": "it has none",
        "check_fit_returns_self": "forgotten",
    }
    monkeypatch.setitem(checks.EXPECTED_FAILURES, name, excuses)
    outcome = run_check(name, CHECKS["check_parameters_are_counted"])
    assert (outcome.status, outcome.reason) == ("expected", "it has none")
    outcome = run_check(name, CHECKS["check_fit_returns_self"])
    assert outcome.status == "FAILED"
    assert "take it out of EXPECTED_FAILURES (forgotten)" in outcome.reason


def test_what_combines_others_is_given_fitted_members(registered):
    name = registered(Threshold, combines=True)
    members = fitted(name).approach.members
    assert list(members) == ["threshold", "pixel_lightgbm"]
    assert all(member.parameters() > 0 for member in members.values())


class PromisesNoRepetition(DrawsWithoutSeed):
    @property
    def traits(self):
        return replace(super().traits, deterministic=False)


def test_an_approach_that_promises_no_repetition_is_not_asked_for_it(registered):
    outcome = run_check(
        registered(PromisesNoRepetition), CHECKS["check_same_seed_gives_same_model"]
    )
    assert outcome.status == "skipped"


def test_the_command_prints_a_line_for_each_check_and_its_code_says_whether_any_failed(
    registered, capsys
):
    assert main(["threshold"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS) + 1
    assert all(check in line for check, line in zip(CHECKS, lines, strict=False))
    assert main(["threshold", registered(Pickles)]) == 1
    out = capsys.readouterr().out
    assert (
        "FAILED    check_files_run_no_code: save wrote model.pkl; write .json, .txt, .safetensors "
        "only." in out
    )
    assert out.splitlines()[-1] == "1 failed"
    assert main(["treshold"]) == 2
    message = capsys.readouterr().err
    assert "'treshold'" in message
    assert "pixel_lightgbm" in message


def test_the_shared_fit_is_within_the_budget_of_steps():
    report = fitted("pixel_lightgbm").approach.report_
    assert report.steps == 3
    assert Budget(steps=3) == checks.BUDGET
