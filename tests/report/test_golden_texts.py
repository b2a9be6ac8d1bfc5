"""Every sentence of the report on two made runs and a made study, word for word."""

import pytest
from golden_texts import FOLDER, all_texts


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, str]:
    return all_texts(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("name", ["clear_run.md", "close_run.md", "studies.md"])
def test_the_sentences_are_those_that_were_read_and_stored(name, made):
    stored = (FOLDER / name).read_text(encoding="utf-8")
    assert made[name] == stored, "changed on purpose? python tests/report/golden_texts.py"


def test_no_file_is_left_over_and_the_runs_differ(made):
    assert {path.name for path in FOLDER.iterdir()} == set(made)
    assert "**the ensemble loses**" in made["close_run.md"]
    assert "**the ensemble loses**" not in made["clear_run.md"]
