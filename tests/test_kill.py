"""The kill test with a few kills; all approaches and many kills: `python tests/kill_test.py`."""

from tests.kill_test import differences, finish, kills

APPROACHES = ("--approaches", "threshold,unet")


def test_a_run_that_is_killed_over_and_over_ends_like_one_that_was_not(sample_folder, tmp_path):
    finish(sample_folder, tmp_path / "undisturbed", APPROACHES)
    killed = list(kills(sample_folder, tmp_path / "killed", APPROACHES, 3, seed=7))
    assert sum(kill is not None for kill in killed) >= 2
    finish(sample_folder, tmp_path / "killed", APPROACHES)
    assert differences(tmp_path / "undisturbed", tmp_path / "killed") == []
