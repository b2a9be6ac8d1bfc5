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
        "each image id once",
    )
