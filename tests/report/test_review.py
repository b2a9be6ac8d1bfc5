"""What a reader noted on photos without labels: read, checked, and told."""

import pandas as pd
import pytest

from common.report.narrative.photos import of_review, review_table
from common.report.review import NAME, read_review

HEAD = "photo,approach,objects,found,invented,remark\n"


def noted(folder, *rows):
    (folder / NAME).write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return read_review(folder)


def test_what_was_missed_and_invented_is_counted_and_the_remarks_are_listed(tmp_path):
    table = noted(
        tmp_path,
        "0001.jpg,unet,3,2,0,one behind a blade",
        "0002.jpg,unet,1,1,4,a kerb",
        "0003.jpg,unet,2,2,0,",
    )
    said = of_review(table, "unet")
    assert "on 3 photos counted 5 of 6 objects as found and 4 pieces as invented" in said
    lines = review_table(table, "unet").splitlines()
    assert lines[2] == "| 0001.jpg | 3 | 2 | 0 | one behind a blade |"
    assert lines[3] == "| 0002.jpg | 1 | 1 | 4 | a kerb |" and len(lines) == 5


def test_a_faultless_reading_says_so(tmp_path):
    said = of_review(noted(tmp_path, "0001.jpg,unet,1,1,0,"), "unet")
    assert "counted 1 of 1 object as found and 0 pieces as invented." in said


def test_without_a_table_or_with_one_on_other_masks_the_report_says_how_to_write_it(tmp_path):
    empty = read_review(tmp_path)
    assert of_review(empty, "unet") == of_review(empty, None) == ""
    assert NAME in review_table(empty, "unet") and NAME in review_table(empty, None)
    other = of_review(noted(tmp_path, "0001.jpg,threshold,1,1,0,"), "unet")
    assert other.startswith("There are notes on the masks of `threshold` only.")


@pytest.mark.parametrize(
    "row",
    [
        "0001.jpg,unet,1,2,0,",
        "0001.jpg,unet,1.5,1,0,",
        "0001.jpg,unet,,1,0,",
        "0001.jpg,unet,1,1,-1,",
    ],
)
def test_counts_that_cannot_be_are_named(tmp_path, row):
    with pytest.raises(ValueError, match=r"0001\.jpg has objects .* whole numbers are expected"):
        noted(tmp_path, row)


def test_a_missing_column_is_named(tmp_path):
    pd.DataFrame({"photo": ["a"], "objects": [1]}).to_csv(tmp_path / NAME, index=False)
    with pytest.raises(ValueError, match="no column approach, found, invented, remark"):
        read_review(tmp_path)
