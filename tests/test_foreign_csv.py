import codecs

import pytest

from common.foreign_csv import CsvError, read_foreign_csv

TEXT = 'img_id,rle_mask\n1,"3 2, as text"\n2,\n'
LINES = (
    (1, ("img_id", "rle_mask")),
    (2, ("1", "3 2, as text")),
    (3, ("2", "")),
)


@pytest.mark.parametrize(
    ("data", "unusual"),
    [
        (TEXT.encode(), []),
        (TEXT.replace("\n", "\r\n").encode(), []),
        (TEXT.replace("\n", "\r").encode(), []),
        (codecs.BOM_UTF8 + TEXT.encode(), ["UTF-8 with a byte-order mark"]),
        (TEXT.encode("utf-16"), ["UTF-16"]),
        (TEXT.encode("utf-16-le"), ["UTF-16"]),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), ["UTF-16"]),
        ((TEXT + ",\n\n,,,\n").encode(), []),
    ],
)
def test_what_a_spreadsheet_makes_of_a_file_is_the_same_content(tmp_path, data, unusual):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    found = read_foreign_csv(path)
    assert found.lines == LINES
    assert found.unusual() == unusual
    assert (found.header, found.rows) == (LINES[0][1], LINES[1:])


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_found_and_named(tmp_path, separator, name):
    path = tmp_path / "a.csv"
    path.write_text(f"img_id{separator}rle_mask\n1{separator}0,5\n", encoding="utf-8")
    found = read_foreign_csv(path)
    assert found.lines == ((1, ("img_id", "rle_mask")), (2, ("1", "0,5")))
    assert found.unusual() == [f"cells divided by {name}"]


def test_the_line_that_names_the_separator_is_not_the_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nimg_id;rle_mask\n1;\n", encoding="utf-8")
    assert read_foreign_csv(path).lines == ((2, ("img_id", "rle_mask")), (3, ("1", "")))


def test_a_mask_of_any_length_is_one_cell(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"img_id,rle_mask\n1,{'7 ' * 100_000}\n", encoding="utf-8")
    assert len(read_foreign_csv(path).rows[0][1][1]) == 200_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n \n,,\n", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"a,b\n1,caf\xe9\n", "line 2 has the byte 0xe9"),
        (b"\xff\xfea", "is not UTF-16"),
        (b"a,b\n\0,1,2,3\n", "holds zero bytes"),
        (b'a,b\n"1,2\n', "is no CSV"),
    ],
)
def test_what_is_no_csv_is_refused_by_name(tmp_path, data, said):
    path = tmp_path / "scores.csv"
    path.write_bytes(data)
    with pytest.raises(CsvError, match=said) as raised:
        read_foreign_csv(path)
    assert str(path) in str(raised.value)
