import pytest

from common.data.template import TemplateError, find_template, require_fitting_template

SHAPES = {11: (3, 4), 2: (2, 5), 7: (4, 4)}


def put(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_no_template_is_none_and_two_are_an_error(tmp_path):
    assert find_template(tmp_path) is None
    for name in ("pred_val_template.csv", "pred_valid_template.csv"):
        put(tmp_path / name, "img_id,rle_mask\n")
    with pytest.raises(TemplateError, match=r"pred_val_template\.csv or pred_valid_template\.csv"):
        find_template(tmp_path)


def test_a_template_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "pred_val_template.csv").write_bytes(b"img_id,rle_mask\n\xff\xfe,\n")
    with pytest.raises(
        TemplateError,
        match=r"pred_val_template\.csv has no readable content .*expected a CSV in UTF-8",
    ):
        require_fitting_template(tmp_path, SHAPES)


def test_a_data_folder_is_looked_at_before_there_are_masks(tmp_path):
    require_fitting_template(tmp_path, SHAPES)
    put(tmp_path / "pred_val_template.csv", "img_id,rle_mask\n11,\n2,\n7,\n")
    require_fitting_template(tmp_path, SHAPES)
    with pytest.raises(TemplateError, match=r"1 not among the images \(7\)") as caught:
        require_fitting_template(tmp_path, [2, 11])
    assert (caught.value.file, caught.value.expected) == (
        "pred_val_template.csv",
        "each image once, by its id, its file name or that name without suffix",
    )


NAMES = {11: "b.jpg", 2: "sub/IMG 7.jpg", 7: "й.png"}
MASKED = {11: "1 2", 2: "", 7: "3 4"}
VARIANTS = {
    "semicolons": ("img_id;rle_mask\r\n11;\r\n2;\r\n7;\r\n", "cells divided by semicolons"),
    "tabs": ("img_id\trle_mask\n11\t\n2\t\n7\t\n", "cells divided by tabs"),
    "an index of pandas": (",img_id,rle_mask\n0,11,\n1,2,\n2,7,\n", "one without a name"),
    "a further column": ("img_id,rle_mask,Usage\n11,,Public\n2,,Private\n7,,Public\n", "Usage"),
    "file names": ("ImageId,EncodedPixels\nb.jpg,\nsub/IMG 7.jpg,\nй.png,\n", "file names as ids"),
    "stems": ("img_id,rle_mask\nb,\nIMG 7,\nй,\n", "file names as ids"),
    "-1 for an empty mask": ("img_id,rle_mask\n11,-1\n2,-1\n7,-1\n", "-1 for an empty mask"),
    "lines of Excel": ("img_id,rle_mask\n11,\n2,\n7,\n,\n,\n", ""),
    "ids with a fraction": ("img_id,rle_mask\n11.0,\n2.0,\n7.0,\n", ""),
    "the mask first": ("rle_mask,img_id\n,7\n,2\n,11\n", ""),
    "other order, padded": ("image,rle\n00007,\n00002,\n00011,\n", ""),
    "spaces": ("img_id , rle_mask\n11 ,\n2 ,\n7 ,\n", ""),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_template_is_followed_as_its_receiver_wrote_it(tmp_path, name):
    text, unusual = VARIANTS[name]
    put(tmp_path / "pred_val_template.csv", text)
    layout = require_fitting_template(tmp_path, SHAPES, NAMES)
    assert unusual in "; ".join(layout.unusual)
    assert bool(unusual) == bool(layout.unusual)
    assert {image_id for _, image_id in layout.rows} == set(SHAPES)
    rows = [layout.line(row, MASKED[image_id]) for row, (_, image_id) in enumerate(layout.rows)]
    written = [layout.separator.join(cells) for cells in (layout.columns, *rows)]
    mask = layout.places[1]
    expected = [line.split(layout.separator) for line in text.splitlines() if line.strip(",")]
    for cells, (_, image_id) in zip(expected[1:], layout.rows, strict=True):
        cells[mask] = MASKED[image_id] or layout.empty
    assert written == [layout.separator.join(cells) for cells in expected]
    assert layout.empty == ("-1" if "-1" in name else "")


def test_a_template_in_utf_16_is_read(tmp_path):
    path = tmp_path / "pred_val_template.csv"
    path.write_text("img_id\trle_mask\n11\t\n2\t\n7\t\n", encoding="utf-16")
    layout = require_fitting_template(tmp_path, SHAPES)
    assert layout.rows == [("11", 11), ("2", 2), ("7", 7)]
    assert layout.unusual == ("UTF-16", "cells divided by tabs")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("img_id,rle_mask\n1,\n2,\n3,\n", [1, 2, 3]),  # written as ids are
        ("img_id,rle_mask\n001,\n002,\n003,\n", [2, 3, 1]),  # written as file names are
        ("img_id,rle_mask\n0001,\n0002,\n0003,\n", [1, 2, 3]),  # no file is named so
    ],
)
def test_numbers_that_are_ids_and_names_at_once_are_what_they_look_like(tmp_path, text, ids):
    names = {1: "003.jpg", 2: "001.jpg", 3: "002.jpg"}
    put(tmp_path / "pred_val_template.csv", text)
    layout = require_fitting_template(tmp_path, [1, 2, 3], names)
    assert [image_id for _, image_id in layout.rows] == ids


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("img_id,rle_mask\n11,\n2,\n", r"1 missing in the template \(7\)"),
        ("img_id,rle_mask\nb.jpg,\nIMG 7.jpg,\nй.png,\nx.jpg,\n", r"not among the images \(x.jpg"),
        ("img_id,rle_mask\n11,\n11,\n2,\n7,\n", r"1 more than once \(11\)"),
        ("11,\n2,\n7,\n", "two named columns"),
        ("img_id,rle_mask\n2023_0001,\n2,\n7,\n", r"not among the images \(2023_0001\)"),
        ("PK\x03\x04", "no readable content"),
    ],
)
def test_a_template_of_other_images_is_refused(tmp_path, text, message):
    put(tmp_path / "pred_val_template.csv", text)
    with pytest.raises(TemplateError, match=message):
        require_fitting_template(tmp_path, SHAPES, NAMES)
