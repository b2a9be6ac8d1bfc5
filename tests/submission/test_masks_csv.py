import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from common.data.template import TemplateError, find_template
from common.rle import decode_rle
from common.submission.masks_csv import (
    SubmissionError,
    check_submission,
    mask_checksum,
    write_submission,
)

SHAPES = {11: (3, 4), 2: (2, 5), 7: (4, 4)}


def masks_of(shapes, seed=0):
    rng = np.random.default_rng(seed)
    return {image_id: rng.random(shape) < 0.4 for image_id, shape in shapes.items()}


def put(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_follow_the_order_of_the_shapes_and_hold_the_masks(tmp_path):
    masks = masks_of(SHAPES)
    path = write_submission(tmp_path / "out", reversed(masks.items()), SHAPES)
    assert path == tmp_path / "out" / "pred_valid_template.csv"
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert list(table.columns) == ["img_id", "rle_mask"]
    assert table["img_id"].tolist() == ["11", "2", "7"]
    for image_id, text in zip(SHAPES, table["rle_mask"], strict=True):
        assert (decode_rle(text, SHAPES[image_id]) == masks[image_id]).all()
    assert check_submission(path, SHAPES) == []
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_text_is_row_major_from_one_and_an_empty_mask_is_empty(tmp_path):
    mask = np.zeros((3, 4), dtype=bool)
    mask[0, 3] = mask[1, 0] = True  # the run crosses the end of the first row
    empty, full = np.zeros((2, 5), dtype=bool), np.ones((4, 4), dtype=bool)
    path = write_submission(tmp_path, [(11, mask), (2, empty), (7, full)], SHAPES)
    assert path.read_bytes() == b"img_id,rle_mask\n11,4 2\n2,\n7,1 16\n"


def test_masks_are_taken_one_at_a_time(tmp_path):
    shapes = {image_id: (8, 8) for image_id in range(5)}
    buffer = np.zeros((8, 8), dtype=bool)

    def stream():
        for image_id in shapes:
            buffer[:] = False
            buffer[image_id] = True
            # the same memory each time: whoever keeps it keeps the wrong mask
            yield (image_id, buffer)

    path = write_submission(tmp_path, stream(), shapes)
    assert path.read_text().splitlines()[1:] == [f"{i},{8 * i + 1} 8" for i in range(5)]


def test_a_ragged_mask_longer_than_the_csv_limit_is_written_and_checked(tmp_path):
    mask = np.indices((300, 300)).sum(axis=0) % 2 == 0
    limit = csv.field_size_limit()
    path = write_submission(tmp_path, [(1, mask)], {1: mask.shape})
    assert len(path.read_text()) > 131_072
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop(2), "No mask came for 1 of 3 images: 2"),
        (lambda m: m.update({99: np.ones((3, 4), bool)}), "image 99, which is not among the 3"),
        (
            lambda m: m.update({2: m[2].T}),
            r"image 2 has shape \(5, 2\).*\(2, 5\) and bool are expected",
        ),
        (lambda m: m.update({2: m[2].astype(np.uint8)}), "dtype uint8"),
    ],
)
def test_masks_that_do_not_fit_leave_no_file(tmp_path, change, message):
    masks = masks_of(SHAPES)
    change(masks)
    with pytest.raises(SubmissionError, match=message):
        write_submission(tmp_path, masks.items(), SHAPES)
    assert list(tmp_path.iterdir()) == []


def test_a_second_mask_of_one_image_is_an_error(tmp_path):
    items = list(masks_of(SHAPES).items())
    with pytest.raises(SubmissionError, match="second mask came for image 11"):
        write_submission(tmp_path, [*items, items[0]], SHAPES)


def test_many_missing_masks_are_named_by_ten_and_counted(tmp_path):
    shapes = {image_id: (2, 2) for image_id in range(100, 125)}
    with pytest.raises(SubmissionError, match=r"100, 101, .*109, … \(25 in all\)") as caught:
        write_submission(tmp_path, [], shapes)
    assert "110" not in str(caught.value)


@pytest.mark.parametrize("name", ["pred_val_template.csv", "pred_valid_template.csv"])
def test_a_template_gives_name_header_ids_and_order(tmp_path, name):
    put(tmp_path / name, "image,encoded pixels\n00000007,1 1\n2,\n00000011,1 1\n")
    template = find_template(tmp_path)
    masks = masks_of(SHAPES)
    path = write_submission(tmp_path / "out", masks.items(), SHAPES, template)
    assert path.name == name
    rows = list(csv.reader(io.StringIO(path.read_text())))
    assert rows[0] == ["image", "encoded pixels"]
    assert [row[0] for row in rows[1:]] == ["00000007", "2", "00000011"]
    assert (decode_rle(rows[1][1], SHAPES[7]) == masks[7]).all()
    assert check_submission(path, SHAPES, template) == []
    assert any("header" in finding for finding in check_submission(path, SHAPES))


def test_a_template_from_a_spreadsheet_is_read(tmp_path):
    template = tmp_path / "pred_val_template.csv"
    template.write_bytes("\ufeffimg_id,rle_mask\r\n11,\r\n2,\r\n7,\r\n".encode())
    path = write_submission(tmp_path / "out", masks_of(SHAPES).items(), SHAPES, template)
    assert path.read_bytes().startswith(b"img_id,rle_mask\n11,")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("img_id,rle_mask\n11,\n2,\n", r"1 missing in the template \(7\)"),
        ("img_id,rle_mask\n11,\n2,\n7,\n12,\n", r"1 not among the images \(12\)"),
        ("img_id,rle_mask\n11,\n2,\n7,\n0011,\n", r"1 more than once \(11\)"),
        ("img_id,rle_mask\n11,\n2,\n7,\nseven,\n", r"1 not among the images \(seven\)"),
        ("11,\n2,\n7,\n", "two named columns"),
        ("img_id,more,columns\n11,,\n2,,\n7,,\n", "two named columns"),
        (",rle_mask\n11,\n2,\n7,\n", "two named columns"),
        ("img_id\n11\n2\n7\n", "two named columns"),
        ("", "no readable content"),
    ],
)
def test_a_template_that_does_not_fit_is_refused_before_any_mask_is_asked_for(
    tmp_path, text, message
):
    template = put(tmp_path / "pred_val_template.csv", text)

    def no_masks():
        pytest.fail("a mask was computed although the template is wrong")
        yield

    with pytest.raises(TemplateError, match=message):
        write_submission(tmp_path / "out", no_masks(), SHAPES, template)
    assert not (tmp_path / "out").exists()


def test_the_template_itself_is_never_overwritten(tmp_path):
    template = put(tmp_path / "pred_val_template.csv", "img_id,rle_mask\n11,\n2,\n7,\n")
    with pytest.raises(SubmissionError, match="overwrite its template"):
        write_submission(tmp_path, masks_of(SHAPES).items(), SHAPES, template)
    assert template.read_text() == "img_id,rle_mask\n11,\n2,\n7,\n"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "line 1: the file is empty"),
        ("id,rle\n11,\n2,\n7,\n", "line 1: header"),
        ("\ufeffimg_id,rle_mask\n11,\n2,\n7,\n", "line 1: header"),
        ("img_id,rle_mask\n11,\n2,\n", "1 of 3 images have no row: 7"),
        ("img_id,rle_mask\n", "line 1 (the last): 3 of 3 images have no row"),
        ("img_id,rle_mask\n11,\n2,\n7,\n8,\n", "line 5: id '8' is not one of the 3"),
        ("img_id,rle_mask\n11,\n2,\n7,\n2,\n", "line 5: image 2 has a row already, in line 3"),
        ("img_id,rle_mask\n2,\n11,\n7,\n", "line 3: image 11 is out of order"),
        ("img_id,rle_mask\n011,\n2,\n7,\n", "line 2: id '011'"),
        ("img_id,rle_mask\n11,\n\n2,\n7,\n", "line 3: 0 columns"),
        ("img_id,rle_mask\n11\n2,\n7,\n", "line 2: 1 columns"),
        ("img_id,rle_mask\n11,1 2 5\n2,\n7,\n", "line 2: image 11: 3 numbers; an even count"),
        ("img_id,rle_mask\n11,0 2\n2,\n7,\n", "line 2: image 11: mask '0 2'"),
        ("img_id,rle_mask\n11,3 0\n2,\n7,\n", "line 2: image 11: mask '3 0'"),
        ("img_id,rle_mask\n11,1  2\n2,\n7,\n", "line 2: image 11: mask '1  2'"),
        ("img_id,rle_mask\n11,1.0 2\n2,\n7,\n", "line 2: image 11: mask '1.0 2'"),
        ("img_id,rle_mask\n11,nan\n2,\n7,\n", "line 2: image 11: mask 'nan'"),
        (
            "img_id,rle_mask\n11,5 2 1 2\n2,\n7,\n",
            "line 2: image 11: the run 1 2 does not start after",
        ),
        ("img_id,rle_mask\n11,1 3 3 2\n2,\n7,\n", "line 2: image 11: the run 3 2 overlaps"),
        ("img_id,rle_mask\n11,1 3 4 2\n2,\n7,\n", "line 2: image 11: the run 4 2 touches"),
        (
            "img_id,rle_mask\n11,\n2,10 2\n7,\n",
            "line 3: image 2: the run 10 2 ends behind the last pixel, 10",
        ),
        ('img_id,rle_mask\n11,"1 2\n2,\n7,\n', "cannot be read as a UTF-8 CSV"),
        ("img_id,rle_mask\n11," + "9" * 5000 + " 1\n2,\n7,\n", "line 2: image 11: mask '999"),
    ],
)
def test_the_check_names_the_line_of_what_is_wrong(tmp_path, text, finding):
    findings = check_submission(put(tmp_path / "s.csv", text), SHAPES)
    assert any(finding in found for found in findings), findings


def test_the_check_says_so_when_the_file_is_not_there(tmp_path):
    (finding,) = check_submission(tmp_path / "s.csv", SHAPES)
    assert "s.csv cannot be read" in finding


def test_a_column_major_file_is_told_by_the_checksums(tmp_path):
    mask = np.zeros((3, 4), dtype=bool)
    mask[0, :2] = True
    path = put(tmp_path / "s.csv", "img_id,rle_mask\n1,1 1 4 1\n")
    assert check_submission(path, {1: (3, 4)}) == []
    (finding,) = check_submission(path, {1: (3, 4)}, checksums={1: mask_checksum(mask)})
    assert finding == "line 2: image 1: the runs paint other pixels than the predicted mask has"


def test_an_encoder_that_goes_wrong_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("common.submission.masks_csv.encode_rle", lambda mask: "1 1")
    with pytest.raises(SubmissionError, match="line 2: image 5: the runs paint other pixels"):
        write_submission(tmp_path, [(5, np.ones((2, 2), dtype=bool))], {5: (2, 2)})
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60)
@given(st.data())
def test_any_masks_pass_the_check_and_come_back(tmp_path_factory, data):
    sides = st.integers(1, 12)
    shapes = data.draw(
        st.dictionaries(st.integers(0, 10**12), st.tuples(sides, sides), min_size=1, max_size=4)
    )
    masks = {image_id: data.draw(hnp.arrays(bool, shape)) for image_id, shape in shapes.items()}
    path = write_submission(tmp_path_factory.mktemp("any"), masks.items(), shapes)
    rows = list(csv.reader(io.StringIO(path.read_text())))[1:]
    assert [int(row[0]) for row in rows] == list(shapes)
    for image_id, (_, text) in zip(shapes, rows, strict=True):
        assert (decode_rle(text, shapes[image_id]) == masks[image_id]).all()


@pytest.mark.parametrize(
    "text",
    [
        "img_id;rle_mask\r\n7;\r\n2;\r\n11;\r\n",
        ",img_id,rle_mask,Usage\n0,7,,Public\n1,2,,Private\n2,11,,Public\n",
        "img_id,rle_mask\nc.jpg,-1\nb.jpg,-1\na.jpg,-1\n",
    ],
)
def test_a_submission_has_the_form_of_its_template_and_passes_its_check(tmp_path, text):
    template, names = put(tmp_path / "pred_val_template.csv", text), {11: "a.jpg", 2: "b.jpg"}
    names[7] = "c.jpg"
    masks = masks_of(SHAPES) | {2: np.zeros(SHAPES[2], dtype=bool)}
    path = write_submission(tmp_path / "out", masks.items(), SHAPES, template, names)
    separator = ";" if ";" in text else ","
    written = list(csv.reader(io.StringIO(path.read_text()), delimiter=separator))
    wanted = list(csv.reader(io.StringIO(text), delimiter=separator))
    place = wanted[0].index("rle_mask")
    for row, expected, image_id in zip(written[1:], wanted[1:], (7, 2, 11), strict=True):
        mask = "" if row[place] == "-1" else row[place]
        assert (decode_rle(mask, SHAPES[image_id]) == masks[image_id]).all()
        after = place + 1
        assert row[:place] + row[after:] == expected[:place] + expected[after:]
    assert (written[2][place] == "-1") == ("-1" in text)
    assert check_submission(path, SHAPES, template, names=names) == []
    broken = path.read_text().replace(written[1][place], "1 999", 1).replace("Private", "Public")
    found = check_submission(put(tmp_path / "broken.csv", broken), SHAPES, template, names=names)
    assert any("image 7: the run 1 999 ends behind" in finding for finding in found)
    assert any("not those of the template" in finding for finding in found) == ("Usage" in text)
