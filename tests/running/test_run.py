import dataclasses
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from approaches import MODEL_FILE, TABLE, Entry
from approaches.base import (
    CHECKPOINT,
    Approach,
    Budget,
    Config,
    ConfigError,
    FitReport,
    RequirementMissingError,
    Traits,
)
from approaches.predictors import CachedPredictor, ScaledPredictor, check_proba
from approaches.running.resume import check_settings
from approaches.running.run import corruptions_met, run_approach
from approaches.running.settings import RunSettings
from common.analysis.corruptions import CORRUPTIONS
from common.data import DataSet
from common.json_files import to_json
from common.masks.postprocess import Postprocess
from common.masks.probabilities import ProbabilityMaps
from common.records import (
    Fit,
    Provenance,
    Record,
    as_stored,
    read_record,
    write_record,
)
from common.records.description import RunMismatchError
from common.records.folder import RunFolder
from common.records.self_description import SelfDescription
from common.scale import ImageSizes

STAGES = ("fit", "tuning", "scores")


class Plain(Approach):
    """Learns nothing and says how bright a pixel is."""

    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        return self

    def predict_proba(self, image):
        return image.mean(axis=2, dtype=np.float32) / 255

    def save(self, folder):
        (folder / "nothing.json").write_text("{}")

    def load(self, folder):
        return self

    def parameters(self):
        return 0


class Constructed(Plain):
    def __init__(self, *arguments):
        raise MemoryError("too large to build")


class Trained(Plain):
    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        raise ArithmeticError("the loss is infinite")


class Saved(Plain):
    def save(self, folder):
        (folder / "half.bin").write_bytes(b"half")
        raise OSError("no space left")


class Loaded(Plain):
    def load(self, folder):
        raise KeyError("a layer is missing")


class Predicted(Plain):
    def predict_proba(self, image):
        raise IndexError("an odd size")


class Small(Plain):
    def predict_proba(self, image):
        return super().predict_proba(image)[1:]


class Logits(Plain):
    def predict_proba(self, image):
        return super().predict_proba(image) * 20 - 10


class Missing(Plain):
    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        raise RequirementMissingError("the weights are not on this machine")


class Described(Plain):
    @property
    def traits(self):
        raise RuntimeError("no traits")


class Stopped(Plain):
    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        raise KeyboardInterrupt


class OneSetting(Config):
    gamma: float = 1.0


class Adjustable(Plain):
    config_class = OneSetting

    @property
    def traits(self):
        return Traits(pretrained_on="nothing")


class Planned(Plain):
    """Measures how many steps its time allows, unless a plan says it."""

    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        plan = folder / "plan.json"
        if not plan.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            plan.write_text(json.dumps({"steps": 100 + seed}))
        self.report_ = FitReport(steps=json.loads(plan.read_text())["steps"])
        return self


class Joined(Plain):
    """Tells of itself what its members are."""

    @property
    def traits(self):
        return Traits(pretrained_on=", ".join(self.members))


class Unfinished(Adjustable):
    """Writes a checkpoint where there is none, and never ends."""

    def fit(self, fit_set, tune_set, *, budget, seed=0, folder=None):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "checkpoint").exists():
            (folder / "checkpoint").write_text(f"made with {self.config.gamma}")
        raise TimeoutError("killed")


class Trap(DataSet):
    """A data set whose images cannot be looked at."""

    def __getitem__(self, index):
        raise PermissionError("the scoring images were opened")


@pytest.fixture
def register(monkeypatch):
    def put(name, target, **entry):
        kind = target if isinstance(target, str) else f"{__name__}:{target.__name__}"
        monkeypatch.setitem(TABLE, name, Entry(kind, "of a test", **entry))
        return name

    return put


@pytest.fixture(scope="module")
def finished(sample_data, tmp_path_factory):
    """A run folder in which `threshold` came through."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    record = run_approach("threshold", sample_data, RunSettings(folder, Budget()))
    return folder, record


def copied(finished, tmp_path) -> RunSettings:
    shutil.copytree(finished[0], tmp_path / "run")
    return RunSettings(tmp_path / "run", Budget())


def stages(record) -> dict:
    """What a record says, without what a clock or another machine would change."""
    content = json.loads(to_json(as_stored(record)))
    del content["fit"]["seconds"]
    return content


def spoil_maps(run: Path) -> None:
    for path in (run / "probabilities").rglob("*.png"):
        cv2.imwrite(str(path), np.full_like(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), 200))


def test_an_approach_that_came_through_has_every_stage_in_its_record(finished, sample_data):
    folder, record = finished
    assert (record.status, record.reason) == ("ok", "")
    assert all(getattr(record, stage) is not None for stage in STAGES)
    assert [score.img_id for score in record.scores] == list(sample_data.score.ids)
    assert record.traits.pretrained_on == ""
    assert record.costs is None and record.fit.seconds > 0
    stored = read_record(folder, "threshold")
    assert stages(stored) == stages(record)
    assert (RunFolder(folder).model("threshold") / MODEL_FILE).is_file()
    assert not list(folder.rglob("*.partial"))


def test_what_is_finished_is_not_done_again(finished, sample_data, tmp_path):
    settings = copied(finished, tmp_path)
    before = {
        path: path.stat().st_mtime_ns for path in settings.folder.rglob("*") if path.is_file()
    }
    again = run_approach("threshold", sample_data, settings)
    changed = {path.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed <= {"threshold.json"} and again.status == "ok"
    assert (
        RunFolder(settings.folder).model("threshold") / "threshold.json"
    ).stat().st_mtime_ns in before.values()
    assert dataclasses.asdict(again) == dataclasses.asdict(read_record(finished[0], "threshold"))


@pytest.mark.parametrize("stage", ["scores", "tune"])
def test_a_run_killed_between_two_stages_goes_on_with_the_next(
    finished, sample_data, tmp_path, stage
):
    settings = copied(finished, tmp_path)
    record = read_record(settings.folder, "threshold")
    record.status, record.scores = "unfinished", None
    if stage == "tune":
        record.tuning = None
    write_record(settings.folder, record)
    model = RunFolder(settings.folder).model("threshold")
    before = model.stat().st_mtime_ns
    assert stages(run_approach("threshold", sample_data, settings)) == stages(finished[1])
    assert model.stat().st_mtime_ns == before


def test_a_lost_model_is_trained_again_and_everything_after_it_is_done_again(
    finished, sample_data, tmp_path
):
    settings = copied(finished, tmp_path)
    shutil.rmtree(RunFolder(settings.folder).model("threshold"))
    spoil_maps(settings.folder)
    record = read_record(settings.folder, "threshold")
    record.scores = (dataclasses.replace(record.scores[0], tp=12345), *record.scores[1:])
    write_record(settings.folder, record)
    assert stages(run_approach("threshold", sample_data, settings)) == stages(finished[1])


def test_score_only_predicts_again_and_trains_nothing(finished, sample_data, tmp_path):
    settings = copied(finished, tmp_path)
    spoil_maps(settings.folder)
    record = read_record(settings.folder, "threshold")
    record.scores = (dataclasses.replace(record.scores[0], tp=12345), *record.scores[1:])
    record.tuning = dataclasses.replace(record.tuning, postprocess=Postprocess(0.9))
    write_record(settings.folder, record)
    model = RunFolder(settings.folder).model("threshold")
    before = model.stat().st_mtime_ns
    again = run_approach("threshold", sample_data, dataclasses.replace(settings, score_only=True))
    assert model.stat().st_mtime_ns == before
    assert again.fit == record.fit
    assert stages(again) == stages(finished[1])


def test_score_only_without_a_model_keeps_the_scores_that_are_stored(
    finished, sample_data, tmp_path
):
    settings = dataclasses.replace(copied(finished, tmp_path), score_only=True)
    shutil.rmtree(RunFolder(settings.folder).model("threshold"))
    with pytest.raises(ConfigError, match="holds no trained model of threshold"):
        check_settings(["threshold"], settings)
    stored = read_record(settings.folder, "threshold").scores
    record = run_approach("threshold", sample_data, settings)
    assert record.status == "skipped" and repr(record.scores) == repr(stored)


def test_score_only_without_a_model_is_a_skipped_row_that_says_what_to_do(sample_data, tmp_path):
    record = run_approach(
        "threshold", sample_data, RunSettings(tmp_path, Budget(), score_only=True)
    )
    assert record.status == "skipped" and "run without --score-only first" in record.reason
    assert not (tmp_path / "models").exists()


def test_neither_fit_nor_threshold_looks_at_the_scoring_images(finished, sample_data, tmp_path):
    trapped = dataclasses.replace(
        sample_data, score=Trap(sample_data.score.entries, sample_data.score.groups)
    )
    record = run_approach("threshold", trapped, RunSettings(tmp_path, Budget()))
    assert (record.status, record.reason) == (
        "failed",
        "PermissionError: the scoring images were opened",
    )
    assert record.tuning == finished[1].tuning
    assert record.fit.notes == finished[1].fit.notes
    model = RunFolder(finished[0]).model("threshold")
    for path in RunFolder(tmp_path).model("threshold").iterdir():
        assert path.read_bytes() == (model / path.name).read_bytes()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module:Anything", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("approaches.threshold:Nothing", "AttributeError: .*Nothing"),
        (Constructed, "MemoryError: too large to build"),
        (Described, "RuntimeError: no traits"),
        (Trained, "ArithmeticError: the loss is infinite"),
        (Saved, "OSError: no space left"),
        (Loaded, "KeyError: 'a layer is missing'"),
        (Predicted, "IndexError: an odd size"),
        (
            Small,
            r"ProbabilityError: .* gave shape \(191, 192\) .* an image of \(192, 192, 3\)",
        ),
        (
            Logits,
            r"ProbabilityError: .* gave values from -.* expected probabilities in \[0, 1\]",
        ),
    ],
)
def test_whatever_breaks_in_an_approach_becomes_the_reason_of_its_row(
    register, sample_data, tmp_path, target, reason
):
    name = register("broken", target)
    record = run_approach(name, sample_data, RunSettings(tmp_path, Budget()))
    assert record.status == "failed" and re.match(reason, record.reason), record.reason
    assert read_record(tmp_path, name).reason == record.reason
    assert not list(tmp_path.rglob("*.partial"))
    assert not list(tmp_path.rglob("half.bin"))


def test_settings_of_the_table_that_do_not_exist_cost_only_that_row(
    register, sample_data, tmp_path
):
    register("broken", Adjustable, config={"delta": 1})
    settings = RunSettings(tmp_path, Budget())
    check_settings(["broken"], settings)
    record = run_approach("broken", sample_data, settings)
    assert record.status == "failed" and "there is no setting 'delta'" in record.reason


def test_a_mended_approach_is_taken_up_again(register, sample_data, tmp_path):
    name = register("plain", Logits)
    assert run_approach(name, sample_data, RunSettings(tmp_path, Budget())).status == "failed"
    register("plain", Plain)
    trapped = dataclasses.replace(sample_data, score=Trap(sample_data.score.entries))
    record = run_approach(name, trapped, RunSettings(tmp_path, Budget()))
    assert record.tuning is not None


def test_a_missing_requirement_is_a_skipped_row(register, sample_data, tmp_path):
    record = run_approach(register("needy", Missing), sample_data, RunSettings(tmp_path, Budget()))
    assert (record.status, record.reason) == ("skipped", "the weights are not on this machine")


def test_an_interruption_is_passed_on(register, sample_data, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_approach(register("stopped", Stopped), sample_data, RunSettings(tmp_path, Budget()))
    record = read_record(tmp_path, "stopped")
    assert (record.status, record.fit) == ("unfinished", None)


def stored_with(settings: RunSettings, name: str, **record) -> None:
    """A run folder in which `name` was trained."""
    folder = RunFolder(settings.folder).model(name)
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_text(json.dumps({"approach": name, "config": {}, "members": []}))
    write_record(settings.folder, Record(name, "ok", fit=Fit(1.0), **record))


def test_other_settings_of_a_trained_approach_are_refused_by_name_and_nothing_is_touched(
    register, sample_data, tmp_path
):
    settings = RunSettings(tmp_path, Budget(), overrides={"plain": {"gamma": "2"}})
    stored_with(
        settings, register("plain", Adjustable), config={"gamma": 1.0}, made_from=Provenance()
    )
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for attempt in (
        lambda: run_approach("plain", sample_data, settings),
        lambda: check_settings(["threshold", "plain"], settings),
    ):
        with pytest.raises(
            RunMismatchError,
            match=r"plain was trained or begun in .* with other settings \(gamma\)",
        ):
            attempt()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    check_settings(["plain"], dataclasses.replace(settings, overrides={}))


def test_settings_by_hand_are_looked_at_before_anything_runs(register, tmp_path):
    register("plain", Adjustable)
    settings = RunSettings(tmp_path, Budget())
    for overrides, message in [
        (
            {"plain": {"delta": "1"}},
            "plain: there is no setting 'delta'; the settings are gamma=1.0",
        ),
        ({"plain": {"gamma": "much"}}, "plain: gamma='much' is no number"),
        (
            {"unknown": {"gamma": "1"}},
            "settings are given for unknown, but this run has threshold, plain",
        ),
    ]:
        with pytest.raises(ConfigError, match=message):
            check_settings(
                ["threshold", "plain"], dataclasses.replace(settings, overrides=overrides)
            )
    check_settings(["plain"], dataclasses.replace(settings, overrides={"plain": {"gamma": "2"}}))
    assert list(tmp_path.iterdir()) == []


def test_an_approach_made_from_other_members_is_made_again_without_what_the_old_one_left(
    register, finished, sample_data, tmp_path
):
    settings = copied(finished, tmp_path)
    stored_with(
        settings, register("joined", Predicted, combines=True), made_from=Provenance(("gone",))
    )
    for folder in ("training", "probabilities"):
        (settings.folder / folder / "joined").mkdir(parents=True)
        (settings.folder / folder / "joined" / "old").write_text("of other members")
    record = run_approach("joined", sample_data, settings)
    assert record.made_from.members == ("threshold",)
    assert record.reason == "IndexError: an odd size"
    assert not list(settings.folder.rglob("old"))


def test_an_approach_is_made_again_when_a_member_was_trained_again(
    register, finished, sample_data, tmp_path
):
    settings, name = copied(finished, tmp_path), register("joined", Joined, combines=True)
    first = run_approach(name, sample_data, settings)
    model = RunFolder(settings.folder).model(name) / "nothing.json"
    before = model.stat().st_mtime_ns
    assert (
        run_approach(name, sample_data, settings).fit == first.fit
        and model.stat().st_mtime_ns == before
    )
    shutil.rmtree(RunFolder(settings.folder).model("threshold"))
    run_approach("threshold", sample_data, settings)
    again = run_approach(name, sample_data, settings)
    assert model.stat().st_mtime_ns != before
    assert again.made_from.members == ("threshold",) and again.made_from != first.made_from


def test_a_record_that_tells_of_no_trainings_stays_and_tells_of_them_from_now_on(
    register, finished, sample_data, tmp_path
):
    settings, name = copied(finished, tmp_path), register("joined", Joined, combines=True)
    first = run_approach(name, sample_data, settings)
    write_record(settings.folder, dataclasses.replace(first, made_from=Provenance(("threshold",))))
    model = RunFolder(settings.folder).model(name) / "nothing.json"
    before = model.stat().st_mtime_ns
    assert run_approach(name, sample_data, settings).made_from == first.made_from
    assert model.stat().st_mtime_ns == before


def test_other_seeds_train_by_the_plan_of_the_first(register, sample_data, tmp_path):
    name = register("planned", Planned)
    runs = RunSettings(tmp_path / "run", Budget(minutes=1))
    others = [
        dataclasses.replace(runs, folder=tmp_path / f"{seed}", seed=seed, plans=plans)
        for seed, plans in ((1, runs.folder), (2, None))
    ]
    steps = [run_approach(name, sample_data, each).fit.steps for each in (runs, *others)]
    assert steps == [100, 100, 102]


@pytest.mark.parametrize("content", ["", "[7]", '{"steps": "100"}', '{"stepz": 100}'])
def test_a_damaged_plan_of_the_first_seed_is_refused_where_it_lies(
    register, sample_data, tmp_path, content
):
    name, plan = register("planned", Planned), RunFolder(tmp_path / "run").plan("planned")
    plan.parent.mkdir(parents=True)
    plan.write_text(content)
    follows = RunSettings(tmp_path / "1", Budget(minutes=1), seed=1, plans=tmp_path / "run")
    record = run_approach(name, sample_data, follows)
    assert record.status == "failed" and "Delete the file" in record.reason
    assert record.reason.startswith(f"DamagedFileError: {plan} cannot be read: ")
    plan.unlink()
    assert run_approach(name, sample_data, follows).fit.steps == 101


def test_what_members_brought_in_is_still_told_when_nothing_is_trained_again(
    register, finished, sample_data, tmp_path
):
    settings, name = copied(finished, tmp_path), register("joined", Joined, combines=True)
    told = [
        run_approach(name, sample_data, how).traits.pretrained_on
        for how in (settings, settings, dataclasses.replace(settings, score_only=True))
    ]
    assert told == ["threshold"] * 3


def test_an_unfinished_fit_keeps_what_it_can_continue_from(register, sample_data, tmp_path):
    folder = tmp_path / "training" / register("broken", Trained)
    folder.mkdir(parents=True)
    (folder / "checkpoint").write_text("epoch 3")
    run_approach("broken", sample_data, RunSettings(tmp_path, Budget()))
    assert (folder / "checkpoint").read_text() == "epoch 3"


def test_a_fit_begun_with_other_settings_is_not_continued(register, sample_data, tmp_path):
    folder = tmp_path / "training" / register("broken", Unfinished)
    for gamma in ("1", "2"):
        settings = RunSettings(tmp_path, Budget(), overrides={"broken": {"gamma": gamma}})
        run_approach("broken", sample_data, settings)
        assert (folder / "checkpoint").read_text() == f"made with {float(gamma)}"


def test_a_checkpoint_made_with_other_settings_is_kept_and_the_settings_are_refused(
    register, sample_data, tmp_path
):
    name = register("broken", Unfinished)
    for gamma in ("1", "2"):
        settings = RunSettings(tmp_path, Budget(), overrides={name: {"gamma": gamma}})
        if gamma == "1":
            run_approach(name, sample_data, settings)
            (tmp_path / "training" / name / CHECKPOINT).write_text("hours of work")
        else:
            with pytest.raises(
                RunMismatchError, match=r"trained or begun in .* with other settings \(gamma\)"
            ):
                check_settings([name], settings)
            with pytest.raises(RunMismatchError):
                run_approach(name, sample_data, settings)
    run_approach(name, sample_data, dataclasses.replace(settings, score_only=True))
    assert (tmp_path / "training" / name / CHECKPOINT).read_text() == "hours of work"


def test_a_remembered_prediction_is_the_same_as_a_new_one_and_is_not_predicted_twice(
    sample_data, tmp_path
):
    image = sample_data.score[0].image
    remembered = CachedPredictor(Plain(), ProbabilityMaps(tmp_path))
    first = remembered.predict_proba(image)
    assert first.dtype == np.float32 and first.shape == image.shape[:2]
    assert np.abs(first - Plain().predict_proba(image)).max() <= 0.5 / 255 + 1e-6
    np.testing.assert_array_equal(
        CachedPredictor(Predicted(), ProbabilityMaps(tmp_path)).predict_proba(image), first
    )


class SeesItsSize:
    """Gives the number of rows it is shown, so that what was shown can be told from the map."""

    traits = Traits()

    def predict_proba(self, image):
        return np.full(image.shape[:2], len(image) / 255, np.float32)

    def parameters(self):
        return 0


@pytest.mark.parametrize("first", ["scaled", "as it is"])
def test_what_a_model_sees_at_its_scale_is_not_taken_for_what_it_sees_in_the_photo(
    tmp_path, first
):
    maps, sizes = ProbabilityMaps(tmp_path), ImageSizes(60, 60)
    small, photo = (np.zeros((side, side, 3), np.uint8) for side in (60, 240))
    readers = {
        "scaled": CachedPredictor(ScaledPredictor(SeesItsSize(), sizes), maps),
        "as it is": CachedPredictor(SeesItsSize(), maps, given_as_is=sizes),
    }
    for name in sorted(readers, key=lambda name: name != first) * 2:
        seen = readers[name].quantised(photo)
        assert seen.shape == (240, 240) and np.unique(seen) == [60 if name == "scaled" else 240]
    assert np.unique(readers["as it is"].quantised(small)) == [60]
    assert maps.read(small) is not None  # a photo at that scale is the same for both


def test_what_training_met_is_marked_also_where_a_member_met_it():
    met = Fit(1.0, notes={"augmentation": [{"__class_fullname__": "GaussNoise", "p": 0.2}]})
    plain, noisy = Record("threshold", fit=Fit(1.0)), Record("unet", fit=met)
    mixed = Record("unet", config={"generated_share": 0.25}, fit=met)
    told = Record("elsewhere", description=SelfDescription(corruptions_met=("blur",)))
    assert corruptions_met([plain, None]) == ()
    assert corruptions_met([plain, noisy]) == ("noise",)
    assert corruptions_met([noisy, told]) == ("blur", "noise")
    assert corruptions_met([plain, mixed]) == tuple(sorted(CORRUPTIONS))


def test_marks_are_those_of_the_record_and_stored_scores_of_corrupted_images_stay(
    finished, sample_data, tmp_path
):
    settings = dataclasses.replace(copied(finished, tmp_path), robustness=1)
    first = run_approach("threshold", sample_data, settings)
    assert first.robustness.marked == ()
    rows = first.robustness.rows[:1]
    robustness = dataclasses.replace(first.robustness, marked=("a mark of old",), rows=rows)
    write_record(settings.folder, dataclasses.replace(first, robustness=robustness))
    again = run_approach("threshold", sample_data, settings)
    assert again.robustness == dataclasses.replace(robustness, marked=())


@pytest.mark.parametrize(
    "proba",
    [
        np.full((4, 5), np.nan, np.float32),
        np.full((4, 5), 1.5, np.float32),
        np.full((4, 5), -0.1, np.float32),
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5), bool),
        np.zeros((4, 5, 1), np.float32),
        np.zeros((5, 4), np.float32),
        [[0.5] * 5] * 4,
        None,
    ],
)
def test_what_is_no_probability_map_is_refused_and_never_stored(proba, tmp_path):
    image = np.zeros((4, 5, 3), np.uint8)

    class Wrong(Plain):
        def predict_proba(self, image):
            return proba

    with pytest.raises(ValueError, match="predict_proba gave"):
        CachedPredictor(Wrong(), ProbabilityMaps(tmp_path / "maps")).quantised(image)
    assert not (tmp_path / "maps").exists()


def test_probabilities_of_exactly_zero_and_one_are_fine():
    proba = np.array([[0.0, 1.0]], np.float32)
    assert check_proba(proba, np.zeros((1, 2, 3), np.uint8)) is proba
