"""What approaches say of themselves, and that nothing else of them is known to `common/`."""

import ast
import json
import re
from pathlib import Path

import pytest

from approaches import TABLE, build, describe, describe_stored, description_of
from approaches.studies.hypotheses import STUDIES
from common.records import Fit, Record, as_stored, from_stored
from common.records.self_description import Combination, PreparationStep, SelfDescription
from common.report.finished_run import read_run
from common.report.narrative import fitting, reasons

ROOT = Path(__file__).parents[2]
# Keys of plug-ins that are words of `common/` too, for something else.
ENGLISH = {
    "leaves": "on the ground of generated scenes",
    "levels": "a column of the calibration: sums of probabilities",
    "loss": "a column of the training curve, and of what is lost on val",
    "object_share": "a column: how much of an image, or of a bin, is object",
    "pixels": "a column of the calibration",
    "precision": "a metric",
    "object_f1": "a metric",
    "photos": "images without labels",
    "folds": "parts of train",
}


def literals(source: str) -> list[tuple[int, str]]:
    """Line and value of every string in a source, docstrings left out."""
    tree = ast.parse(source)
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def note_keys(source: str) -> set[str]:
    """The keys of the dictionaries that a source makes to be notes of a fit."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.keyword) and node.arg == "notes"
        stored = isinstance(node, ast.Assign) and any(
            getattr(target, "attr", getattr(target, "id", "")) == "notes"
            for target in node.targets
        )
        if (named or stored) and isinstance(node.value, ast.Dict):
            found |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    return found


def keys_of_plug_ins() -> set[str]:
    settings = {key for name in TABLE for key in build(name).config.as_dict()}
    sources = [*(ROOT / "approaches").glob("*.py"), *(ROOT / "approaches/network").glob("*.py")]
    return settings.union(*(note_keys(path.read_text(encoding="utf-8")) for path in sources))


def known_keys(source: str, keys: set[str]) -> set[str]:
    """The keys in the strings of a source: as a whole string, and within one if no common word."""
    return {
        key
        for _, text in literals(source)
        for key in keys
        if text == key or ("_" in key and re.search(rf"\b{key}\b", text))
    }


def test_no_key_of_a_plug_in_stands_in_the_ground():
    keys = keys_of_plug_ins()
    assert {"crop_px", "feature_groups", "channel", "weights", "augmentation"} <= keys
    files = sorted((ROOT / "common").rglob("*.py"))
    found = {
        f"{path.relative_to(ROOT)}: {key}"
        for path in files
        for key in known_keys(path.read_text(encoding="utf-8"), keys - set(ENGLISH))
    }
    assert len(files) > 80 and found == set()


def test_no_excuse_outlives_its_reason():
    keys, files = keys_of_plug_ins(), (ROOT / "common").rglob("*.py")
    used = set().union(*(known_keys(path.read_text(encoding="utf-8"), keys) for path in files))
    assert used == set(ENGLISH)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('value = config["crop_px"]', {"crop_px"}),
        ('print(f"raise crop_px to {1}")', {"crop_px"}),
        ('"""About crop_px."""', set()),
        ('def f():\n    """About crop_px."""\n    return crop_px', set()),
        ('zoom = "zoom"', {"zoom"}),
        ('text = "zoom in"', set()),
    ],
)
def test_a_key_is_found_in_strings_and_not_in_docstrings(source, found):
    assert known_keys(source, {"crop_px", "zoom"}) == found


@pytest.mark.parametrize("name", TABLE)
def test_every_line_of_the_table_describes_itself_before_its_fit(name):
    approach = build(name)
    described = describe(name, approach)
    assert (described.summary, described.colour) == (TABLE[name].summary, TABLE[name].colour)
    settings = {key for step in described.preparation for key in step.settings}
    assert settings <= set(approach.config.as_dict())
    assert TABLE[name].combines == type(approach).combines
    record = Record(name, description=described)
    assert from_stored(json.loads(json.dumps(as_stored(record)))) == record


def test_most_studies_test_a_step_of_some_approach():
    steps = {step for name in TABLE for step in describe(name, build(name)).preparation}
    variations = [each for study in STUDIES.values() for each in study.variations.values()]
    tried = {setting for variation in variations for setting in variation.settings}
    assert sum(not tried.isdisjoint(step.settings) for step in steps) >= 6


# fits that were stored before approaches described themselves


def test_a_stored_ensemble_tells_its_members_and_gains():
    notes = {
        "weights": {"unet": 2, "threshold": 1},
        "views": 4,
        "tune_dice_alone": {"unet": 0.8, "threshold": 0.2, "pixel_lightgbm": 0.5},
        "tune_dice_gain_of_members": 0.01,
        "tune_dice_gain_of_views": 0.003,
        "images_compared_for_views": 12,
    }
    config = build("tta_ensemble").config.as_dict()
    described = describe_stored("tta_ensemble", config, Fit(1.0, notes=notes))
    assert described.combination == Combination(
        notes["weights"], notes["tune_dice_alone"], 0.01, 4, 0.003, 12
    )
    assert described.preparation == (
        PreparationStep("views for prediction", "4 flips and quarter turns, averaged", ("views",)),
    )


def test_a_stored_network_tells_its_crops_and_what_its_training_showed():
    config = build("unet", overrides={"paste_share": 0.5, "input_scale": 0.5}).config.as_dict()
    transforms = [{"__class_fullname__": "GaussNoise"}, {"__class_fullname__": "CenterCrop"}]
    described = describe_stored("unet", config, Fit(1.0, notes={"augmentation": transforms}))
    done = {step.name: step.done for step in described.preparation}
    assert done == {
        "crops for training": "crops of 192 px, 80 % of them near an object, up to 30 % "
        "of images without one",
        "size of the input": "0.5 times as large",
        "normalisation": "mean and standard deviation of each channel, those of ImageNet",
        "augmentation in training": "*full*: GaussNoise",
        "sizes in the augmentation": "0.35 to 1.5 times as large",
        "laid on crops": "objects of other images (50 %)",
    }
    assert described.corruptions_met == ("noise",)


def test_a_stored_baseline_tells_its_channel_and_the_trees_their_rounds():
    fit = Fit(1.0, notes={"channel": "blue-yellow", "bright": False})
    [step] = describe_stored("threshold", {}, fit).preparation
    assert step.done == "one channel alone, *blue-yellow*, low values as object"
    fit = Fit(1.0, steps=38, notes={"pixels": 12000, "features": 60, "rounds_allowed": 400})
    trees = describe_stored("pixel_lightgbm", {"scales": 1}, fit)
    assert trees.remarks == ("38 of 400 rounds of boosting on 12,000 pixels",)
    assert trees.preparation[0].done.endswith("texture of each pixel at 1 scale")


def test_what_cannot_be_told_of_a_stored_fit_leaves_a_gap_and_a_warning(caplog):
    assert describe_stored("of_another_program", {}) == SelfDescription()
    summary = SelfDescription(TABLE["unet"].summary, TABLE["unet"].colour)
    assert describe_stored("unet", {"a_setting_of_old": 1}) == summary
    assert "unet cannot describe its fit: ConfigError" in caplog.text
    told = SelfDescription("told long ago")
    assert description_of(Record("unet", description=told)) is told


@pytest.mark.parametrize("name", ["cig-butts", "example-on-sample"])
def test_a_published_run_has_its_tables_whether_or_not_it_describes_itself(name):
    run = read_run(ROOT / "results" / name, describe_stored)
    table = fitting.preparation_table(run)
    assert re.search(
        r"\| crops for training \| crops of \d+ px, \d+ % of them near an object", table
    )
    assert "| channel | one channel alone, *" in table and "| features | colour, " in table
    assert all(TABLE[each].summary in reasons.of_approaches(run) for each in run.names)
    assert "`tta_ensemble` uses `" in fitting.of_ensemble(run)


def test_one_of_them_is_of_before_runs_described_themselves():
    text = (ROOT / "results" / "cig-butts" / "run.json").read_text(encoding="utf-8")
    assert '"description"' not in text
