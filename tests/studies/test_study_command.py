"""`bench.py --study`: what it writes where, what it refuses, and what it takes from trainings that
are stored.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import bench
from approaches import MODEL_FILE
from approaches.base import ConfigError
from approaches.running.options import parser
from approaches.running.resume import provenance
from approaches.studies.hypotheses import STUDIES, Study, Variation
from approaches.studies.run import THE_SAME, _lend, folds_of, trainings_for
from common.coco import DataError
from common.data import DataSet
from common.records import Fit, Record, read_record, write_record
from common.records.folder import RunFolder

SMALL = {"scales": 4, "pixels_per_image": 100, "patience": 0}
RUN = "runs/data-study/5steps/pixel_lightgbm-patience=0-pixels_per_image=100-scales=4"
MEMBER = "smp_unet_lite0"


@pytest.fixture(scope="module")
def home(sample_folder, tmp_path_factory):
    """A small study, run as it is meant; with the smallest settings its variation comes to its
    baseline.
    """
    folder = tmp_path_factory.mktemp("studies") / "studies"
    variations = {"fewer leaves": Variation("Worse: they say less.", "worse", {"leaves": 31})}
    study = Study(
        "How many leaves?", variations, approach="pixel_lightgbm", baseline=SMALL, steps=5
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STUDIES, "leaves", study)
        assert command(sample_folder, folder) == 0
        yield folder


@pytest.fixture
def copy(home, tmp_path) -> Path:
    return Path(shutil.copytree(home, tmp_path / "studies"))


def command(data: Path, home: Path, *words: str) -> int:
    return bench.main(["--data", str(data), "--study", "leaves", "--output", str(home), *words])


def trees(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("lightgbm.txt")}


def test_a_study_as_it_is_meant_has_its_table_beside_the_others_and_its_runs_where_they_were(home):
    table = pd.read_csv(home / "data-leaves.csv")
    assert (
        table["variation"].tolist() == ["baseline", "fewer leaves"]
        and (table["status"] == "ok").all()
    )
    folders = [f"{RUN}/seed-{seed}" for seed in range(3)]
    folders += [
        f"{RUN.replace('-patience', '-leaves=31-patience')}/seed-{seed}" for seed in range(3)
    ]
    assert {str(Path(name).parents[2]) for name in trees(home)} == set(folders)
    identity = json.loads((home / folders[1] / "run.json").read_text())["identity"]
    assert identity["seed"] == 1 and identity["budget"] == {
        "minutes": None,
        "epochs": None,
        "steps": 5,
        "batch": None,
    }


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["--seeds", "2"], "runs/data-study"),
        (["--steps", "5", "--seed", "1", "--seeds", "2"], "runs/data-study-5steps-seed1"),
    ],
)
def test_a_table_made_in_another_way_lies_beside_its_runs(
    copy, sample_folder, words, place, capsys
):
    before = (copy / "data-leaves.csv").read_bytes()
    assert command(sample_folder, copy, *words) == 0
    assert (copy / "data-leaves.csv").read_bytes() == before
    assert (copy / place / "data-leaves.csv").is_file()
    assert str(copy / place / "data-leaves.csv") in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    "words", ["--steps 5", "--epochs 5", "--seed 1", "--seeds 2", "--preset smoke"]
)
def test_any_of_these_options_makes_a_study_another_than_is_meant(tmp_path, words):
    meant, given = (parser("bench.py").parse_args(one) for one in ([], words.split()))
    assert trainings_for(meant, tmp_path, "data").are_usual
    assert not trainings_for(given, tmp_path, "data").are_usual


def test_a_variation_that_comes_to_the_baseline_is_not_compared_with_it(
    copy, sample_folder, capsys
):
    before = (copy / "data-leaves.csv").read_bytes()
    assert command(sample_folder, copy, "--preset", "smoke") == 0
    assert (copy / "data-leaves.csv").read_bytes() == before
    row = (
        pd.read_csv(copy / "runs" / "data-smoke" / "data-leaves.csv")
        .set_index("variation")
        .loc["fewer leaves"]
    )
    assert (row["status"], row["reason"]) == ("skipped", THE_SAME) and pd.isna(row["to_baseline"])
    assert f"fewer leaves: skipped: {THE_SAME}" in capsys.readouterr().out


def test_a_repeated_study_trains_nothing_and_a_fresh_one_everything(copy, sample_folder):
    before, table = trees(copy), (copy / "data-leaves.csv").read_bytes()
    times = {name: (copy / name).stat().st_mtime_ns for name in before}
    assert command(sample_folder, copy) == 0
    assert {name: (copy / name).stat().st_mtime_ns for name in before} == times
    assert command(sample_folder, copy, "--fresh") == 0
    assert all((copy / name).stat().st_mtime_ns != time for name, time in times.items())
    aside = {name: text for name, text in trees(copy).items() if name not in before}
    assert len(aside) == len(before) and all("-before-" in name for name in aside)
    columns = ["variation", "dice_mean", "to_baseline"]
    again = pd.read_csv(copy / "data-leaves.csv")
    (copy / "first.csv").write_bytes(table)
    pd.testing.assert_frame_equal(again[columns], pd.read_csv(copy / "first.csv")[columns])


def test_a_study_says_first_what_it_can_show(copy, sample_folder, capsys):
    stored = pd.read_csv(copy / "data-leaves.csv")
    stored.assign(to_baseline_lower=-0.1, to_baseline_upper=0.1).to_csv(
        copy / "data-leaves.csv", index=False
    )
    assert command(sample_folder, copy) == 0
    said = capsys.readouterr().out
    assert said.index("What leaves can show: 3 trainings each") < said.index("How many leaves?")
    (copy / "data-leaves.csv").unlink()
    assert command(sample_folder, copy) == 0
    assert "What leaves can show is not known: no study" in capsys.readouterr().out


def test_a_training_with_other_settings_is_found_before_the_first_and_fresh_mends_it(
    copy, sample_folder, capsys
):
    path = RunFolder(copy / RUN.replace("-patience", "-leaves=31-patience") / "seed-2").record(
        "pixel_lightgbm"
    )
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"config": record["config"] | {"learning_rate": 0.5}}))
    shutil.rmtree(copy / RUN)
    assert command(sample_folder, copy) == 2
    message = capsys.readouterr().err
    assert "other settings (learning_rate)" in message and "--fresh" in message
    assert not (copy / RUN).exists()
    assert command(sample_folder, copy, "--fresh") == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "pixel_lightgbm.leaves=3"],
        ["--mix-sample", "0.5"],
        ["--approaches", "unet"],
        ["--score-only"],
        ["--robustness", "2"],
        ["--margin", "0.5"],
        ["--winner", "best"],
        ["--no-report"],
        ["--resume"],
        ["--preset", "full"],
    ],
)
def test_what_a_study_would_not_heed_is_refused(sample_folder, tmp_path, words, capsys):
    assert (
        bench.main(
            [
                "--data",
                str(sample_folder),
                "--study",
                "loss",
                "--output",
                str(tmp_path / "s"),
                *words,
            ]
        )
        == 2
    )
    assert f"--study cannot go with {words[0]}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_study_of_no_name_is_refused(sample_folder, tmp_path, capsys):
    assert (
        bench.main(["--data", str(sample_folder), "--study", "", "--output", str(tmp_path / "s")])
        == 2
    )
    assert "there is no study ''; there are augmentation" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_folds_start_from_the_first_seed(sample_data):
    folds = folds_of(sample_data, range(5))
    assert [fold.tune.ids for fold in folds_of(sample_data, range(3, 6))] == [
        fold.tune.ids for fold in (*folds[3:], folds[0])
    ]


@pytest.mark.parametrize(("role", "where"), [("tune", "inside"), ("fit", "outside")])
def test_a_fold_without_objects_is_found_before_training(sample_data, role, where):
    tune = set(folds_of(sample_data, [1])[0].tune.ids)

    def bare(images: DataSet) -> DataSet:
        entries = [
            replace(
                entry,
                annotations=()
                if (entry.image_id in tune) == (where == "inside")
                else entry.annotations,
            )
            for entry in images.entries
        ]
        return DataSet(entries, images.groups)

    data = replace(sample_data, fit=bare(sample_data.fit), tune=bare(sample_data.tune))
    with pytest.raises(
        DataError, match=rf"fold 2 of 5, for seed 1, leaves none of its \d+ images of {role}"
    ):
        folds_of(data, [1])


def test_more_seeds_than_groups_are_refused(sample_data):
    with pytest.raises(ConfigError, match=r"--seeds 50: train has \d+ group"):
        folds_of(sample_data, range(50))


# What a baseline lends to an approach that combines others


def trained(run: Path, seconds: float, status: str = "ok") -> None:
    folder = RunFolder(run).model(MEMBER)
    shutil.rmtree(run, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_text(f"of {seconds} s")
    (run / "probabilities" / MEMBER).mkdir(parents=True)
    (run / "probabilities" / MEMBER / f"{seconds}.png").write_text("a map")
    write_record(run, Record(MEMBER, status, fit=Fit(seconds)))


def lend(home: Path) -> list[str]:
    """The members that the borrower has after lending, and their probability maps."""
    views = RunFolder(home / "views")
    _lend(MEMBER, RunFolder(home / "baseline"), views, "tta_ensemble")
    maps = home / "views" / "probabilities" / MEMBER
    return list(provenance("tta_ensemble", views).members) + sorted(
        path.stem for path in maps.glob("*.png")
    )


def test_a_model_is_lent_once_it_is_complete(tmp_path):
    write_record(tmp_path / "baseline", Record(MEMBER, "failed", "MemoryError"))
    assert lend(tmp_path) == []
    trained(tmp_path / "baseline", 1.0)
    assert lend(tmp_path) == [MEMBER, "1.0"]


def test_what_is_lent_stays_until_it_is_trained_again_and_then_goes_with_what_was_made_of_it(
    tmp_path,
):
    trained(tmp_path / "baseline", 1.0)
    lend(tmp_path)
    views = tmp_path / "views"
    write_record(views, Record("tta_ensemble", "ok", fit=Fit(9.0)))
    (views / "probabilities" / MEMBER / "turned.png").write_text("of another view")
    assert (
        lend(tmp_path) == [MEMBER, "1.0", "turned"]
        and read_record(views, "tta_ensemble") is not None
    )
    trained(tmp_path / "baseline", 2.0)
    assert lend(tmp_path) == [MEMBER, "2.0"] and read_record(views, "tta_ensemble") is None
    assert (RunFolder(views).model(MEMBER) / MODEL_FILE).read_text() == "of 2.0 s"


def test_a_baseline_that_fails_is_lent_no_longer(tmp_path):
    trained(tmp_path / "baseline", 1.0)
    lend(tmp_path)
    trained(tmp_path / "baseline", 2.0, status="failed")
    assert lend(tmp_path)[:1] != [MEMBER]


def test_a_copy_that_was_killed_half_way_is_made_again(tmp_path):
    trained(tmp_path / "baseline", 1.0)
    path = RunFolder(tmp_path / "views").record(MEMBER)
    path.parent.mkdir(parents=True)
    path.write_text('{"approach": "smp_unet_lite0", "sta')
    assert lend(tmp_path) == [MEMBER, "1.0"]
