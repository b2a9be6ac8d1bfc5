"""A damaged file of a run is refused with what is wrong with it and how to mend it."""

import math

import pytest

from common.json_files import DamagedFileError, read_json_object, to_json


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r"it is empty; write it again"),
        ("{", r"its 1 bytes are no JSON \(.+\); write it again"),
        ("[" * 100_000, r"its 100000 bytes are no JSON"),
        ("\xff\x00", r"its \d+ bytes are no JSON"),
        ("[]", r"it has no field 'name'"),
        ('"name"', r"it has no field 'name'"),
        ('{"other": 1}', r"it has no field 'name'"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, content, problem):
    path = tmp_path / "a.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DamagedFileError, match=rf"a\.json cannot be read: {problem}"):
        read_json_object(path, "name", "write it again")


def test_a_whole_file_is_read_with_all_its_fields(tmp_path):
    (tmp_path / "a.json").write_text(to_json({"name": math.nan, "further": (1, math.inf)}))
    found = read_json_object(tmp_path / "a.json", "name", "")
    assert found == {"name": None, "further": [1, None]}
