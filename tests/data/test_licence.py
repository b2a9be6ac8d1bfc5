"""Whose the images are is read from the licence text of the data folder."""

import pytest

from common.data.licence import MOST_CHARACTERS, licence_line


@pytest.mark.parametrize("name", ["LICENSE", "licence.md", "license_agreement.txt", "License.txt"])
def test_the_first_line_with_words_is_taken(tmp_path, name):
    text = "\ufeff\n  # Photos by A. Kelly  \r\nsecond line\n"
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert licence_line(tmp_path) == "Photos by A. Kelly"


def test_the_sample_data_name_theirs(sample_folder):
    assert licence_line(sample_folder) == "CC0 1.0 Universal"


def test_without_a_text_nothing_is_said(tmp_path):
    (tmp_path / "README.md").write_text("License: mine")
    (tmp_path / "license").mkdir()
    assert licence_line(tmp_path) == ""
    (tmp_path / "LICENSE").write_text("\n\n")
    assert licence_line(tmp_path) == ""


def test_a_text_without_line_ends_is_cut(tmp_path):
    (tmp_path / "LICENSE").write_bytes(b"a" * 9999)
    assert licence_line(tmp_path) == "a" * MOST_CHARACTERS
