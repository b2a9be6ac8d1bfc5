import json
import re
from importlib import import_module
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field, ValidationError, field_validator

from approaches import MODEL_FILE, TABLE, Entry, build, load, names_for, store
from approaches.base import (
    Approach,
    Budget,
    Config,
    ConfigError,
    FitReport,
    NotFittedError,
    Traits,
    check_image,
)
from approaches.pixel_lightgbm import PixelConfig
from approaches.threshold import Threshold
from common.json_files import DamagedFileError


class Settings(Config):
    channels: int = 16
    rate: float = 0.5
    pretrained: bool = True
    encoder: str = "lite0"
    sizes: tuple[int, ...] = (1, 2)
    limit: int | None = None


@pytest.mark.parametrize(
    ("given", "setting", "expected"),
    [
        ({"channels": 8}, "channels", 8),
        ({"channels": "8"}, "channels", 8),
        ({"channels": " 8 "}, "channels", 8),
        ({"rate": 0.25}, "rate", 0.25),
        ({"rate": 1}, "rate", 1.0),
        ({"rate": "1"}, "rate", 1.0),
        ({"rate": "1e-3"}, "rate", 0.001),
        ({"pretrained": "false"}, "pretrained", False),
        ({"encoder": "b0"}, "encoder", "b0"),
        ({"encoder": "34"}, "encoder", "34"),
        ({"sizes": [3]}, "sizes", (3,)),
        ({"sizes": "[3, 4]"}, "sizes", (3, 4)),
        ({"sizes": ()}, "sizes", ()),
        ({"limit": "3"}, "limit", 3),
        ({"limit": "null"}, "limit", None),
    ],
)
def test_a_setting_takes_its_value_or_the_text_of_it(given, setting, expected):
    value = getattr(Settings().with_values(given), setting)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "given",
    [
        {"channels": 1.5},
        {"channels": "many"},
        {"channels": True},
        {"channels": None},
        {"channels": "[1]"},
        {"rate": "fast"},
        {"rate": True},
        {"pretrained": 1},
        {"pretrained": "yes"},
        {"encoder": 34},
        {"sizes": 3},
        {"sizes": "3"},
        {"limit": "3.5"},
    ],
)
def test_a_value_of_another_type_is_refused_and_the_settings_are_listed(given):
    with pytest.raises(ConfigError, match=next(iter(given))) as caught:
        Settings().with_values(given)
    assert all(name in str(caught.value) for name in ("channels=16", "rate=0.5", "sizes=(1, 2)"))


class Limited(Config):
    channels: Annotated[int, Field(ge=1, le=64)] = 16
    rate: Annotated[float, Field(ge=0.001)] = 0.5
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    loss: Literal["bce", "dice"] = "bce"
    zoom: Annotated[tuple[Annotated[float, Field(ge=0.1, le=10)], ...], Field(min_length=1)] = (
        0.5,
        1.5,
    )
    corner: tuple[int, int] = (0, 0)
    groups: Annotated[tuple[Literal["colour", "edges"], ...], Field(min_length=1)] = ("colour",)
    name: str = "abc"

    @field_validator("name")
    @classmethod
    def _name_is_short(cls, name: str) -> str:
        if len(name) > 5:
            raise ValueError("a name of up to 5 letters")
        return name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"channels": "-8"}, "channels=-8 is not allowed; expected a whole number from 1 to 64."),
        ({"channels": 65}, "channels=65 is not allowed"),
        ({"rate": "0"}, "rate=0 is not allowed; expected a number of 0.001 or more."),
        ({"rate": "NaN"}, "rate=nan is not allowed"),
        ({"rate": "Infinity"}, "rate=inf is not allowed"),
        ({"loss": "bcee"}, "loss='bcee' is not allowed; expected one of bce, dice."),
        ({"zoom": "[0.5, 20]"}, "expected a list of one or more, each a number from 0.1 to 10."),
        ({"zoom": "[0.5, true]"}, "zoom=(0.5, True) is not allowed"),
        (
            {"groups": "[]"},
            "groups=() is not allowed; expected a list of one or more, each one of colour, edges.",
        ),
        ({"groups": "[[]]"}, "groups=((),) is not allowed"),
        (
            {"channels": "eight"},
            "channels='eight' is no whole number; the settings are channels=16",
        ),
        ({"rate": "fast"}, "rate='fast' is no number;"),
        ({"zoom": "wide"}, "zoom='wide' is no list;"),
        (
            {"share": 1},
            "share=1 is not allowed; expected a number above 0 and below 1 or nothing.",
        ),
        (
            {"corner": "[1]"},
            "corner=(1,) is not allowed; expected a list of 2, each a whole number.",
        ),
        ({"name": "abcdef"}, "name='abcdef' is not allowed; expected a name of up to 5 letters."),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_and_what_is_allowed_is_said(given, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        Limited().with_values(given)


def test_the_ends_of_what_is_allowed_are_taken():
    given = {
        "channels": 64,
        "rate": 1e30,
        "loss": "dice",
        "zoom": [10],
        "groups": ["edges", "colour"],
    }
    assert Limited().with_values(given) == Limited(
        channels=64, rate=1e30, loss="dice", zoom=(10,), groups=("edges", "colour")
    )
    with pytest.raises(ConfigError, match="channels=0"):
        Limited(channels=0)


def test_a_setting_without_a_default_is_refused():
    class Wrong(Config):
        channels: int

    with pytest.raises(ConfigError, match="'channels' of Wrong has no default"):
        Wrong()


def test_a_default_that_is_not_allowed_is_refused_too():
    class Wrong(Config):
        channels: Annotated[int, Field(ge=1)] = 0

    with pytest.raises(ConfigError, match="channels=0 is not allowed; expected a whole number"):
        Wrong()


@pytest.mark.parametrize(
    ("name", "setting", "value", "allowed"),
    [
        ("unet", "base_channels", "-8", "a whole number from 1 to 1024"),
        ("unet", "levels", "7", "a whole number from 1 to 6"),
        ("smp_unet_lite0", "architecture", "vnet", "one of unet, unetplusplus"),
        ("smp_unet_lite0", "encoder", "resnet35", "such as resnet34 or mit_b0"),
        ("smp_unet_lite0", "encoder", "tu-nonsense", "the name of a model of timm"),
    ],
)
def test_build_refuses_what_training_would_stumble_over(name, setting, value, allowed):
    with pytest.raises(
        ConfigError, match=rf"{name}: {setting}='?{value}'? is not allowed; expected .*{allowed}"
    ):
        build(name, overrides={setting: value})


@pytest.mark.parametrize("encoder", ["resnet34", "mit_b0", "tu-resnet18.a1_in1k"])
def test_encoders_of_both_libraries_are_taken(encoder):
    assert build("smp_unet_lite0", overrides={"encoder": encoder}).config.encoder == encoder


def test_a_batch_that_processes_cannot_share_is_refused_before_training():
    build("threshold").check_budget(Budget(batch=1))
    build("unet").check_budget(Budget(batch=2))
    with pytest.raises(ConfigError, match="--batch 1 cannot be shared by 1 process"):
        build("unet").check_budget(Budget(batch=1))


def test_an_unknown_setting_is_refused_and_the_settings_are_listed():
    with pytest.raises(
        ConfigError, match=r"chanels.*channels=16, rate=0\.5, pretrained=True, encoder='lite0'"
    ):
        Settings().with_values({"chanels": 8})
    with pytest.raises(ConfigError, match="the settings are none"):
        Config().with_values({"anything": 8})


def test_overrides_leave_the_config_and_its_other_settings_alone():
    config = Settings()
    changed = config.with_values({"channels": 8, "rate": 0.1})
    assert changed == Settings(channels=8, rate=0.1)
    assert config == Settings()
    with pytest.raises(ValidationError, match="frozen"):
        config.channels = 8


def test_settings_come_back_from_json():
    config = Settings(channels=3, sizes=(5, 6, 7))
    assert Settings().with_values(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize("field", ["minutes", "epochs", "steps", "batch"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_budget_is_positive(field, value):
    with pytest.raises(ConfigError, match=f"{field}={value}"):
        Budget(**{field: value})


def test_a_budget_may_have_several_limits_or_none():
    assert Budget() == Budget(minutes=None, epochs=None, steps=None, batch=None)
    budget = Budget(minutes=0.5, steps=3)
    assert (budget.minutes, budget.steps, budget.epochs) == (0.5, 3, None)


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4), np.uint8), r"\(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        ([[[1, 2, 3]]], "list"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_image_is_refused_with_what_it_is(image, found):
    with pytest.raises(ValueError, match=found):
        check_image(image)


def test_an_image_is_passed_on_as_it_is():
    image = np.zeros((1, 2, 3), np.uint8)
    assert check_image(image) is image


@pytest.mark.parametrize("name", TABLE)
def test_every_line_of_the_table_can_be_built_with_its_settings(name):
    entry = TABLE[name]
    approach = build(name)
    assert isinstance(approach, Approach)
    assert {key: approach.config.as_dict()[key] for key in entry.config} == dict(entry.config)
    assert isinstance(approach.traits, Traits)
    assert approach.report_ == FitReport()


@pytest.mark.parametrize("name", TABLE)
def test_every_name_is_also_a_good_folder_name_and_every_line_has_a_summary(name):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert TABLE[name].summary.strip()
    assert set(TABLE[name].devices) <= {"cpu", "cuda", "mps"}


def test_the_table_imports_targets_that_exist():
    assert TABLE
    for entry in TABLE.values():
        module, class_name = entry.target.split(":")
        assert issubclass(getattr(import_module(module), class_name), Approach)


def test_what_combines_others_stands_after_them():
    combines = [entry.combines for entry in TABLE.values()]
    assert combines == sorted(combines)


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_all_means_those_for_the_device_in_the_order_of_the_table(device):
    names = names_for("all", device)
    assert names == [n for n, e in TABLE.items() if device in e.devices and not e.outside]
    assert "threshold" in names


def test_names_come_in_the_order_of_the_table_and_once():
    assert names_for(" pixel_lightgbm, threshold,pixel_lightgbm ,", "cpu") == [
        "threshold",
        "pixel_lightgbm",
    ]


def test_a_name_may_be_asked_for_on_any_device(monkeypatch):
    monkeypatch.setitem(
        TABLE, "large", Entry("approaches.threshold:Threshold", "for GPUs", devices=("cuda",))
    )
    assert names_for("large", "cpu") == ["large"]
    assert "large" not in names_for("all", "cpu")
    assert "large" in names_for("all", "cuda")


@pytest.mark.parametrize(
    ("wanted", "named"), [("treshold", "treshold"), ("threshold,u-net", "u-net"), ("", "''")]
)
def test_an_unknown_name_is_refused_and_the_names_are_listed(wanted, named):
    with pytest.raises(ConfigError, match=re.escape(named)) as caught:
        names_for(wanted, "cpu")
    assert all(name in str(caught.value) for name, entry in TABLE.items() if not entry.outside)


def test_build_refuses_unknown_names_and_settings():
    with pytest.raises(ConfigError, match=r"'treshold'.*threshold"):
        build("treshold")
    with pytest.raises(ConfigError, match=r"pixel_lightgbm: .*'leafs'.*leaves=63"):
        build("pixel_lightgbm", overrides={"leafs": 3})


def test_overrides_win_over_the_table_and_the_table_over_the_class(monkeypatch):
    line = Entry("approaches.pixel_lightgbm:PixelLightGBM", "small", {"leaves": 7, "rounds": 9})
    monkeypatch.setitem(TABLE, "small", line)
    assert build("small", overrides={"rounds": "5"}).config == PixelConfig(leaves=7, rounds=5)


def test_a_table_line_with_a_wrong_setting_is_refused(monkeypatch):
    monkeypatch.setitem(
        TABLE, "small", Entry("approaches.pixel_lightgbm:PixelLightGBM", "small", {"leafs": 7})
    )
    with pytest.raises(ConfigError, match="leafs"):
        build("small")


def test_members_are_kept_by_name():
    member = Threshold()
    assert build("threshold", {"one": member}).members == {"one": member}
    assert build("threshold").members == {}


def stored_threshold(folder, members=()) -> Threshold:
    model = Threshold(members=dict.fromkeys(members, Threshold()))
    model.channel_, model.bright_ = "green", False
    folder.mkdir(parents=True)
    store(model, "threshold", folder)
    return model


def test_a_stored_model_says_what_it_is_and_is_loaded_from_its_folder_alone(tmp_path):
    folder = tmp_path / "models" / "any-name"
    stored_threshold(folder)
    described = json.loads((folder / MODEL_FILE).read_text())
    assert (
        list(described.pop("files")) == ["threshold.json"] and len(described.pop("digest")) == 64
    )
    assert described == {"approach": "threshold", "config": {}, "members": []}
    loaded = load(folder)
    assert type(loaded) is Threshold
    image = np.full((1, 1, 3), 55, np.uint8)
    assert loaded.predict_proba(image).item() == pytest.approx(200 / 255)


def test_members_are_loaded_from_beside_the_model(tmp_path):
    stored_threshold(tmp_path / "first")
    stored_threshold(tmp_path / "both", members=["first"])
    assert [type(member) for member in load(tmp_path / "both").members.values()] == [Threshold]


def test_a_missing_model_is_named_with_the_command_that_trains_it(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"unet holds no stored model.*python -m approaches unet .*run"
    ):
        load(tmp_path / "run" / "models" / "unet")


def test_a_missing_member_is_named(tmp_path):
    stored_threshold(tmp_path / "both", members=["gone"])
    with pytest.raises(FileNotFoundError, match="gone"):
        load(tmp_path / "both")


def test_a_stored_setting_that_no_longer_exists_is_named(tmp_path):
    stored_threshold(tmp_path / "model")
    path = tmp_path / "model" / MODEL_FILE
    described = {**json.loads(path.read_text()), "config": {"old": 1}}
    with pytest.raises(DamagedFileError, match="not the description that was stored"):
        path.write_text(json.dumps(described))
        load(tmp_path / "model")
    path.write_text(json.dumps({**described, "digest": ""}))
    with pytest.raises(ConfigError, match=r"threshold: .*'old'"):
        load(tmp_path / "model")


def test_the_class_of_the_settings_is_the_one_in_the_brackets():
    class Mine(Threshold):
        """An approach with the settings of the one that it derives from."""

    class Other(Approach[Settings]):
        """One with settings of its own."""

    assert Approach.config_class is Threshold.config_class is Mine.config_class is Config
    assert Other.config_class is Settings
    assert TABLE["unet"].target and type(build("unet").config).__name__ == "UNetConfig"


def test_the_abstract_contract_cannot_be_built():
    with pytest.raises(TypeError, match="predict_proba"):
        Approach()


def test_errors_are_of_the_usual_kinds():
    assert issubclass(ConfigError, ValueError)
    assert issubclass(NotFittedError, RuntimeError)
