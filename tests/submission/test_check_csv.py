import json
import shutil

import numpy as np
import pandas as pd
import pytest
from foreign_files import SAID, WRITERS, labelled_val, pairs, predicted, write

from common.coco import rasterise, read_entries
from common.data.template import find_template, layout_of
from common.metrics import count_pixels, dice
from common.rle import encode_rle
from common.submission.__main__ import main
from common.submission.check_csv import check_csv
from common.submission.scores import truth_of


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    return folder, labelled_val(folder)


@pytest.fixture
def masks(data):
    return predicted(data[1])


def texts_of(masks):
    return {image_id: pairs(mask.ravel()) for image_id, mask in masks.items()}


def checked(path, folder):
    entries = read_entries(folder / "val")
    shapes = {entry.image_id: (entry.height, entry.width) for entry in entries}
    return check_csv(path, entries, layout_of(shapes, find_template(folder)))


def said(capsys, command, path, folder, *words):
    """The exit code of a command, and its sentences with those of all findings in one line."""
    code = main([command, str(path), "--data", str(folder), *map(str, words)])
    output = capsys.readouterr()
    sentences = (output.out + output.err).splitlines()
    try:
        for finding in checked(path, folder).findings:
            sentences += [finding.found, finding.expected, finding.mend]
    except (ValueError, OSError):
        assert code == 2
    return code, " ".join(sentences)


def test_a_good_file_has_no_finding_and_its_scores_by_both_truths(tmp_path, data, masks, capsys):
    folder, exact = data
    path = write(tmp_path / "good.csv", texts_of(masks))
    found = checked(path, folder)
    assert (found.findings, found.better, found.rows) == ([], None, 12)
    by_hand = {
        image_id: dice(*count_pixels(masks[image_id], exact[image_id])[:3]) for image_id in masks
    }
    assert found.scores.set_index("img_id")["dice"].to_dict() == pytest.approx(by_hand)
    assert 0.8 < np.mean(list(by_hand.values())) < 0.99
    code, words = said(capsys, "check", path, folder)
    assert code == 0 and "0 errors, 0 warnings" in words
    assert f"mean Dice {np.mean(list(by_hand.values())):.4f}" in words
    assert "cv2.fillPoly" in words and f"{found.scores['dice_filled'].mean():.4f}" in words


def test_the_other_truth_is_filled_on_whole_pixels(data):
    entry = read_entries(data[0] / "val")[0]
    truth = truth_of(entry)
    assert (truth.mask == data[1][entry.image_id]).all()
    between = dice(*count_pixels(truth.filled, truth.mask)[:3])
    assert 0.9 < between < 1
    assert truth.filled.sum() > truth.mask.sum()  # fillPoly paints the outline too


@pytest.mark.parametrize("fault", WRITERS)
def test_a_classic_slip_is_named_where_another_reading_scores_far_better(
    tmp_path, data, masks, fault, capsys
):
    texts = {image_id: WRITERS[fault](mask) for image_id, mask in masks.items()}
    path = write(tmp_path / "slip.csv", texts)
    code, words = said(capsys, "check", path, data[0])
    assert code == 1 and SAID[fault] in words, words
    assert "1 error, 0 warnings" in words  # one cause, one finding
    found = checked(path, data[0])
    least = 0.6 if fault in ("64 px", "half the size", "gray levels") else 0.85
    assert found.better.means.dice > least
    # Of channels first a receiver paints the first, and cuts off the others.
    gain = 0 if fault == "three channels first" else 0.1
    assert found.better.means.dice >= found.scores["dice"].mean() + gain


def test_every_slip_that_is_written_is_looked_for():
    assert WRITERS.keys() == SAID.keys() and len(WRITERS) >= 20


@pytest.mark.parametrize("exact", [True, False])
def test_pixels_counted_from_zero_are_seen_by_the_masks_lying_one_pixel_left(
    tmp_path, data, masks, exact, capsys
):
    drawn = data[1] if exact else masks
    path = write(tmp_path / "zero.csv", {i: pairs(mask.ravel(), 0) for i, mask in drawn.items()})
    code, words = said(capsys, "check", path, data[0])
    assert "pixels were counted from 0" in words
    assert "0 errors, 1 warning" in words and code == 0


def test_a_run_that_starts_at_pixel_zero_proves_it(tmp_path, data, capsys):
    drawn = {image_id: mask.copy() for image_id, mask in data[1].items()}
    drawn[5][0, 0] = True
    path = write(tmp_path / "zero.csv", {i: pairs(mask.ravel(), 0) for i, mask in drawn.items()})
    code, words = said(capsys, "check", path, data[0])
    assert code == 1 and "pixels were counted from 0" in words and "1 error, 0 warnings" in words


def moved(texts, order):
    return dict(zip(texts, [texts[image_id] for image_id in order], strict=True))


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (lambda ids: [*ids[1:], ids[0]], "stands in the row before its own"),
        (lambda ids: [ids[-1], *ids[:-1]], "stands in the row after its own"),
        (lambda ids: sorted(ids, key=str), "in the order of the names as text"),
        (lambda ids: ids[::-1], "in reversed order"),
        (lambda ids: np.random.default_rng(1).permutation(ids).tolist(), "rows of other images"),
    ],
)
def test_masks_in_the_rows_of_other_images_are_found(tmp_path, data, masks, order, told, capsys):
    path = write(tmp_path / "moved.csv", moved(texts_of(masks), order(list(masks))))
    code, words = said(capsys, "check", path, data[0])
    assert (
        code == 1 and told in words and "write each mask beside the id of its own image" in words
    )


def test_masks_of_a_poor_model_are_not_explained_away(tmp_path, data, capsys):
    rng = np.random.default_rng(0)
    poor = {
        i: np.roll(mask, tuple(rng.integers(-25, 25, 2)), (0, 1)) for i, mask in data[1].items()
    }
    code, words = said(capsys, "check", write(tmp_path / "poor.csv", texts_of(poor)), data[0])
    assert code == 0 and "as if" not in words and "0 errors, 0 warnings" in words


def rows_of(masks, name=str):
    return [(name(image_id), text) for image_id, text in texts_of(masks).items()]


def file_name(image_id):
    return f"IMG_{image_id:04}.jpg"


def renamed(name):
    return lambda rows: {"texts": [(name(int(image_id)), text) for image_id, text in rows]}


def rewritten(change):
    return lambda rows: {"texts": [(image_id, change(text)) for image_id, text in rows]}


def with_index(rows):
    return {
        "texts": [(number, *row) for number, row in enumerate(rows)],
        "header": ("", "img_id", "rle_mask"),
    }


def swapped(rows):
    texts = [(text, image_id) for image_id, text in rows]
    return {"texts": texts, "header": ("rle_mask", "img_id")}


FORMS = {
    "no row for 3 of 12 images: 5, 6, 7": lambda rows: {"texts": rows[3:]},
    "rows of no image of val: '99' in line 14": lambda rows: {"texts": [*rows, ("99", "1 3")]},
    "several rows, first 5 in lines 2, 14": lambda rows: {"texts": [*rows, rows[0]]},
    "no header": lambda rows: {"texts": rows, "header": None},
    "the header ImageId,Runs": lambda rows: {"texts": rows, "header": ("ImageId", "Runs")},
    "cells divided by semicolons": lambda rows: {"texts": rows, "separator": ";"},
    "UTF-16": lambda rows: {"texts": rows, "encoding": "utf-16"},
    "byte-order mark": lambda rows: {"texts": rows, "encoding": "utf-8-sig"},
    "image 16 in line 2, where 5 is expected": lambda rows: {"texts": rows[::-1]},
    "12 ids written otherwise: 'IMG_0005.jpg' for '5'": renamed(file_name),
    "12 ids written otherwise: 'IMG_0005' for '5'": renamed(lambda i: file_name(i)[:-4]),
    "swap the columns": swapped,
    "an unnamed one beside image and mask": with_index,
    "fractions in 12 rows": rewritten(lambda text: text.replace(" ", ".0 ") + ".0"),
    "brackets or commas around the numbers in 12 rows": rewritten(
        lambda text: str([int(number) for number in text.split()])
    ),
    "white space around the numbers": rewritten(lambda text: text + " "),
    "ends behind the last pixel": rewritten(lambda text: text + " 99999 4"),
    "an even count": rewritten(lambda text: text + " 5"),
}


@pytest.mark.parametrize("told", FORMS)
def test_what_a_receiver_stumbles_over_is_named_and_the_masks_are_scored_all_the_same(
    tmp_path, data, masks, told, capsys
):
    path = write(tmp_path / "file.csv", **FORMS[told](rows_of(masks)))
    code, words = said(capsys, "check", path, data[0])
    assert told in words
    assert code == int(" 0 errors" not in f" {words}")
    assert checked(path, data[0]).scores["dice"].mean() > (0.6 if "no row" in told else 0.8)


@pytest.mark.parametrize("mark", ["nan", "-", "-1", "1 0", "None"])
def test_marks_of_an_empty_mask_are_named(tmp_path, data, masks, mark, capsys):
    texts = texts_of(masks) | {5: mark, 9: mark}
    code, words = said(capsys, "check", write(tmp_path / "m.csv", texts), data[0])
    assert code == 1 and f"{mark!r} for an empty mask in 2 rows, lines 2, 6" in words


def test_empty_masks_alone_are_told_as_an_encoder_that_finds_nothing(
    tmp_path, data, masks, capsys
):
    path = write(tmp_path / "empty.csv", dict.fromkeys(masks, ""))
    code, words = said(capsys, "check", path, data[0])
    assert code == 1 and "all 12 masks are empty" in words and "encode mask > 0" in words


def test_a_template_says_how_ids_are_written_and_ordered(tmp_path, masks, capsys):
    labelled_val(tmp_path)
    ids = [*reversed(masks)]
    write(tmp_path / "pred_val_template.csv", [(f"{i:05}", "") for i in ids])
    texts = texts_of(masks)
    good = write(tmp_path / "good.csv", [(f"{i:05}", texts[i]) for i in ids])
    assert said(capsys, "check", good, tmp_path)[0] == 0
    code, words = said(capsys, "check", write(tmp_path / "own.csv", texts), tmp_path)
    assert code == 1 and "12 ids written otherwise: '5' for '00005'" in words
    assert "the order of pred_val_template.csv" in words


def test_a_row_for_each_object_is_united_for_the_score(tmp_path, data, capsys):
    rows = []
    for image_id, mask in data[1].items():
        rows += [(image_id, pairs((mask & half).ravel())) for half in halves(mask.shape)]
    code, words = said(capsys, "check", write(tmp_path / "o.csv", rows), data[0])
    assert code == 1 and "12 images with several rows" in words and "mean Dice 1.0000" in words


def halves(shape):
    left = np.zeros(shape, dtype=bool)
    left[:, : shape[1] // 2] = True
    return left, ~left


def test_scores_image_by_image_are_a_table_that_analyse_takes(tmp_path, data, masks, capsys):
    path, output = write(tmp_path / "mine.csv", texts_of(masks)), tmp_path / "scores.csv"
    code, words = said(capsys, "score", path, data[0], "--output", output)
    assert code == 0 and "mean Dice" in words and "errors" not in words
    table = pd.read_csv(output)
    assert table.columns[:2].tolist() == ["approach", "img_id"] and len(table) == 12
    assert set(table["approach"]) == {"mine"}
    wrong = write(
        tmp_path / "wrong.csv", {i: WRITERS["column-major"](m) for i, m in masks.items()}
    )
    code, words = said(capsys, "score", wrong, data[0])
    assert code == 0 and "`check` lists them" in words and "down the columns" in words


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8"),
        (b"a,b\nc,d\n", "the columns ['a', 'b']"),
        (b"rle_mask\n1 2\n", "the columns ['rle_mask']"),
    ],
)
def test_a_file_of_another_kind_is_refused_or_told(tmp_path, data, content, told, capsys):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    code, words = said(capsys, "check", path, data[0])
    assert code in (1, 2) and told in words


def test_what_is_not_there_is_refused(tmp_path, data, capsys):
    assert said(capsys, "check", tmp_path / "none.csv", data[0])[0] == 2
    path = write(tmp_path / "a.csv", {5: ""})
    code, words = said(capsys, "check", path, tmp_path)
    assert code == 2 and "coco_annotations.json" in words


def test_a_hand_in_in_the_form_of_its_template_has_no_finding(tmp_path, sample_folder):
    data = tmp_path / "data"
    shutil.copytree(sample_folder, data)
    entries = read_entries(data / "val")
    rows = [f"{number};{entry.image_id};\n" for number, entry in enumerate(entries)]
    (data / "pred_val_template.csv").write_text(";img_id;rle_mask\n" + "".join(rows))
    runs = encode_rle(rasterise(entries[0])[0])
    handed = [
        f"{number};{entry.image_id};{runs if not number else ''}\n"
        for number, entry in enumerate(entries)
    ]
    path = tmp_path / "mine.csv"
    path.write_text(";img_id;rle_mask\n" + "".join(handed))
    shapes = {entry.image_id: (entry.height, entry.width) for entry in entries}
    names = {entry.image_id: entry.file_name for entry in entries}
    layout = layout_of(shapes, find_template(data), names)
    assert check_csv(path, entries, layout).findings == []
    path.write_text(path.read_text().replace(";", ","))
    [finding] = check_csv(path, entries, layout).findings
    assert finding.expected == "UTF-8 with semicolons between the cells"


def few(folder, masks, count=4):
    """A folder of the first images of val alone, and their masks."""
    content = json.loads((folder / "val" / "coco_annotations.json").read_text())
    kept = sorted(masks)[:count]
    content["images"] = [item for item in content["images"] if item["id"] in kept]
    notes = [note for note in content["annotations"] if note["image_id"] in kept]
    content["annotations"] = notes
    return content, {image_id: masks[image_id] for image_id in kept}


@pytest.mark.parametrize("slip", ["counted from zero", "rows of other images"])
def test_a_slip_in_a_few_exact_masks_is_named(tmp_path, data, slip, capsys):
    content, masks = few(*data)
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "coco_annotations.json").write_text(json.dumps(content))
    texts = texts_of(masks)
    path = write(tmp_path / "right.csv", texts)
    assert said(capsys, "check", path, tmp_path)[0] == 0
    if slip == "counted from zero":
        texts = {image_id: pairs(np.roll(mask.ravel(), -1)) for image_id, mask in masks.items()}
    else:
        texts = dict(zip(texts, [*list(texts.values())[1:], texts[min(texts)]], strict=True))
    path = write(tmp_path / "slip.csv", texts)
    found = checked(path, tmp_path)
    assert found.better is not None
    assert found.better.means.dice > 0.999
    told = {"counted from zero": "from 0", "rows of other images": "stands in the row"}[slip]
    assert told in found.better.looks_like


def test_masks_of_whole_images_are_told_to_be_thresholded(tmp_path, data, masks):
    texts = {image_id: f"1 {mask.size}" for image_id, mask in masks.items()}
    [finding] = checked(write(tmp_path / "full.csv", texts), data[0]).findings
    assert finding.level == "error"
    assert "cover their whole image" in finding.found


def test_names_of_masks_saved_as_png_are_known(tmp_path, data, masks):
    """As predicted masks are named: by the photo, with another suffix."""
    folder, _ = data
    entries = read_entries(folder / "val")
    names = {entry.image_id: f"{entry.path.stem}.png" for entry in entries}
    if any(name == entry.file_name for name, entry in zip(names.values(), entries, strict=True)):
        names = {image_id: name.replace(".png", ".jpg") for image_id, name in names.items()}
    path = tmp_path / "names.csv"
    rows = "".join(f"{names[image_id]},{text}\n" for image_id, text in texts_of(masks).items())
    path.write_text("img_id,rle_mask\n" + rows)
    [finding] = checked(path, folder).findings
    assert "ids written otherwise" in finding.found


def test_rows_of_other_images_alone_are_one_finding(tmp_path, data, masks):
    texts = {10_000 + image_id: text for image_id, text in texts_of(masks).items()}
    [finding] = checked(write(tmp_path / "train.csv", texts), data[0]).findings
    assert "rows of no image of val" in finding.found
