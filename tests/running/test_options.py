import pytest

from approaches.base import Budget, ConfigError
from approaches.running.options import PRESETS, budget_of, overrides_of, parser, run_name

NAMES = (
    "data approaches epochs batch mirror save-ds time-limit steps preset seed set output resume "
    "fresh score-only winner margin mix-sample seeds robustness study no-report list"
).split()


def parsed(*words):
    return parser("bench.py").parse_args(words)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_of_the_issue_is_in_the_help(name):
    assert f"--{name}" in parser("bench.py").format_help()


@pytest.mark.parametrize("preset", PRESETS)
def test_the_help_says_what_each_preset_costs(preset):
    assert PRESETS[preset].meaning in parser("bench.py").format_help()


def test_hyphens_and_underscores_are_both_understood():
    hyphens = parsed("--save-ds", "--time-limit", "3", "--score-only")
    underscores = parsed("--save_ds", "--time_limit", "3", "--score_only")
    assert vars(hyphens) == vars(underscores)
    assert (hyphens.save_ds, hyphens.time_limit, hyphens.score_only) == (True, 3.0, True)


def test_the_command_lines_of_others_are_understood():
    options = parsed("--epochs", "20", "--mirror", "True", "--save_ds", "True", "--batch", "16")
    assert (options.epochs, options.mirror, options.save_ds, options.batch) == (20, True, True, 16)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ([], False),
        (["--mirror"], True),
        (["--mirror", "True"], True),
        (["--mirror=true"], True),
        (["--mirror", "1"], True),
        (["--mirror", "False"], False),
        (["--mirror", "no"], False),
        (["--mirror", "--save-ds"], True),
    ],
)
def test_a_flag_stands_alone_or_with_a_value(words, value):
    assert parsed(*words).mirror is value


@pytest.mark.parametrize(
    "words",
    [
        ["--mirror", "perhaps"],
        ["--seed", "-1"],
        ["--seed", str(2**31)],
        ["--seed", "x"],
        ["--time-limit", "nan"],
        ["--time-limit", "inf"],
        ["--epochs", "two"],
        ["--margin", "-0.1"],
        ["--margin", "nan"],
        ["--winner", "luck"],
        ["--preset", "enormous"],
        ["--nonsense"],
    ],
)
def test_a_value_that_cannot_be_used_ends_with_code_2_and_names_the_option(words, capsys):
    with pytest.raises(SystemExit) as caught:
        parsed(*words)
    assert caught.value.code == 2
    assert words[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--seed", "no whole number from 0 to 2147483647"),
        ("--seeds", "no whole number from 1 to 10000"),
        ("--robustness", "no whole number from 1 to 10000"),
        ("--folds", "no whole number from 2 to 100"),
        ("--learn-field", "no share; expected a number from 0 to 0.5"),
        ("--margin", "no loss of Dice; expected a number from 0 to 1"),
        ("--time-limit", "no number of minutes"),
    ],
)
@pytest.mark.parametrize("value", ["x", "-1e999", ""])
def test_what_is_no_number_is_told_what_was_expected(option, told, value, capsys):
    with pytest.raises(SystemExit):
        parsed(f"{option}={value}")
    assert f"argument {option}: {value!r} is {told}" in capsys.readouterr().err


def test_the_minutes_of_a_preset_hold_only_where_nothing_else_limits():
    quick = PRESETS["quick"]
    assert budget_of(parsed(), quick) == Budget(minutes=1.25)
    assert budget_of(parsed("--epochs", "3", "--batch", "4"), quick) == Budget(epochs=3, batch=4)
    assert budget_of(parsed("--steps", "9"), quick) == Budget(steps=9)
    assert budget_of(parsed("--time-limit", "5"), quick) == Budget(minutes=5.0)
    assert budget_of(parsed("--time-limit", "5", "--steps", "9"), quick) == Budget(
        minutes=5.0, steps=9
    )
    assert budget_of(parsed("--batch", "4"), quick) == Budget(minutes=1.25, batch=4)


@pytest.mark.parametrize(
    "words", [["--epochs", "0"], ["--batch", "-4"], ["--steps", "0"], ["--time-limit", "0"]]
)
def test_a_budget_of_nothing_is_refused_by_name(words):
    with pytest.raises(
        ConfigError, match=rf"{words[0].removeprefix('--').replace('time-limit', 'minutes')}="
    ):
        budget_of(parsed(*words), PRESETS["quick"])


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "my-photos-full"),
        (["--epochs", "20", "--batch", "16"], "my-photos-full-20epochs-16batch"),
        (["--time-limit", "0.5", "--seed", "3"], "my-photos-full-0.5min-seed3"),
    ],
)
def test_another_budget_or_seed_is_another_run(words, name):
    assert run_name("my_photos", "full", parsed(*words)) == name


def test_settings_are_sorted_by_approach():
    options = parsed("--set", "unet.base=16", "--set", "a.b=c=d", "--set", "unet.x=1")
    assert overrides_of(options, []) == {"unet": {"base": "16", "x": "1"}, "a": {"b": "c=d"}}


def test_a_share_of_generated_scenes_goes_to_the_networks_alone():
    options = parsed("--mix-sample", "0.25", "--set", "unet.base_channels=8")
    overrides = overrides_of(options, ["threshold", "unet", "smp_fpn_lite0"])
    assert overrides == {
        "unet": {"generated_share": "0.25", "base_channels": "8"},
        "smp_fpn_lite0": {"generated_share": "0.25"},
    }
    with pytest.raises(ConfigError, match="share from 0 to 1"):
        overrides_of(parsed("--mix-sample", "25"), ["unet"])


def test_a_star_sets_every_approach_that_has_the_setting_and_a_name_after_it_wins():
    options = parsed("--set", "*.loss=bce", "--set", "unet.loss=dice")
    found = overrides_of(options, ["threshold", "unet", "smp_fpn_lite0"])
    assert found == {"unet": {"loss": "dice"}, "smp_fpn_lite0": {"loss": "bce"}}
    with pytest.raises(ConfigError, match="no approach of this run has a setting 'luck'"):
        overrides_of(parsed("--set", "*.luck=1"), ["threshold", "unet"])


def test_what_is_set_comes_after_the_settings_of_the_preset():
    small = PRESETS["quick"].settings
    found = overrides_of(parsed("--set", "unet.crop_px=64"), ["threshold", "unet"], small)
    assert found == {"unet": {**overrides_of(parsed(), ["unet"], small)["unet"], "crop_px": "64"}}
    assert found["unet"]["batch"] == "6"
    assert overrides_of(parsed(), ["threshold"], small) == {}  # it has no crops


@pytest.mark.parametrize("word", ["unet", "unet.base", "=3", ".x=3", "unet.=3", "unet base=3"])
def test_a_malformed_setting_is_shown_with_an_example(word):
    with pytest.raises(ConfigError, match=r"expected NAME\.SETTING=VALUE"):
        overrides_of(parsed("--set", word), [])
