import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from made_run import make_run

from common.leaderboard import write_leaderboard
from common.masks.found_objects import SetScore
from common.records import SetResult, read_records, write_record
from common.report.field import photos_of_tests
from common.report.finished_run import read_run
from common.report.narrative import unseen
from common.report.plots.comparison import set_figures

FOUND = {"threshold": (0.95, 0.1), "tta_ensemble": (0.3, 2.0)}  # share found, inventions a photo


def scores(name, objects, number=60):
    random = np.random.default_rng(len(name))
    share, inventions = FOUND.get(name, (0.6, 1.0))
    return tuple(
        SetScore(
            image,
            f"place-{image // 2}",
            objects,
            0,
            int(random.binomial(objects, share)),
            int(random.poisson(inventions)),
            *(None, None, None),
            np.nan,
        )
        for image in range(number)
    )


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A run on two sets; one approach has failed on the first."""
    folder = make_run(tmp_path_factory.mktemp("sets") / "run")
    for record in read_records(folder):
        if record.status == "ok":
            street = SetResult("street", "test", "0" * 64, scores(record.approach, 2))
            if record.approach == "unet":
                street = SetResult("street", "test", "0" * 64, reason="OSError: no memory")
            nothing = SetResult("nothing", "field", "1" * 64, scores(record.approach, 0))
            record.sets = (street, nothing)
            write_record(folder, record)
    write_leaderboard(folder, read_records(folder), {image: f"{image}" for image in range(40)})
    return read_run(folder)


def test_what_the_chosen_one_finds_and_invents_is_told_for_each_set(scored):
    said = unseen.of_test_sets(scored)
    assert "`street`\n\n60 images of 30 groups, never chosen on: 120 objects; 0 without" in said
    assert "`nothing`\n\n60 images of 30 groups, chosen on, beside *tune*: 0 objects" in said
    found = sum(one.found for one in scores(scored.winner, 2))
    assert not re.findall(r"\bnan\b|<NA>|None", said)
    brief = unseen.of_chosen_there(scored)
    invented = sum(one.invented for one in scores(scored.winner, 2))
    assert brief.startswith(
        f"`{scored.winner}`, chosen on `val`: on *street* it finds {found} of 120 objects and "
        f"invents {invented} pieces on 60 photos; on *nothing* (chosen on it too), 60 "
        "photos without an object, it invents "
    )


def test_a_set_that_some_were_chosen_on_says_which(scored, tmp_path):
    folder = shutil.copytree(scored.folder, tmp_path / "run")
    records = read_records(folder)
    for record in records:
        if record.approach == scored.winner:
            record.sets = tuple(replace(one, role="field") for one in record.sets)
    write_leaderboard(folder, records, {image: f"{image}" for image in range(40)})
    mixed = read_run(folder)
    roles = mixed.tables["test_sets"].query("set == 'street'").set_index("approach")["role"]
    assert roles.pop(scored.winner) == "field" and set(roles.dropna()) == {"test"}
    said = unseen.of_test_sets(mixed)
    assert f"chosen on by `{scored.winner}`, beside *tune*; never by `" in said
    assert "on *street* (chosen on it too) it finds" in unseen.of_chosen_there(mixed)
    assert len(photos_of_tests([scored.folder, folder], scored.winner)) == 60


def test_each_set_has_a_figure_of_what_its_images_can_show(scored):
    figures = set_figures(scored.tables["test_sets"])
    assert list(figures) == ["street", "nothing"]
    [street], [nothing] = (figures[name].axes for name in figures)
    rows = scored.tables["test_sets"].query("set == 'street' and status == 'ok'")
    points = [line.get_xdata()[0] for line in street.lines if line.get_marker() == "o"]
    assert points == pytest.approx(rows["found_share"].tolist()) and "unet" not in {
        text.get_text() for text in street.texts
    }
    assert "found" in street.get_xlabel() and "invented" in nothing.get_xlabel()
    assert set_figures(scored.tables["test_sets"].head(0)) == {}


def test_pairs_that_turn_round_are_named_and_failures_have_their_reason(scored):
    said = unseen.of_test_sets(scored)
    assert "Is the order on `street` that of `val`? By object F1 " in said
    assert "`threshold` before `tta_ensemble` (+" in said
    assert "- `unet` failed: OSError: no memory" in said


def test_a_run_without_records_tells_the_same(scored, tmp_path):
    for path in scored.folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert unseen.of_test_sets(read_run(tmp_path)) == unseen.of_test_sets(scored)


def test_the_leaderboard_has_every_approach_on_every_set(scored):
    table = scored.tables["test_sets"]
    assert table.groupby("set")["approach"].nunique().tolist() == [7, 7]
    text = (scored.folder / "leaderboard.md").read_text()
    assert "- `smp_deeplabv3plus_lite0` failed: RuntimeError: out of memory" in text
    assert "- `unet` failed: OSError: no memory" in text
