"""A file of a run or of a user with random damage gives its documented error or a value of the
right kind, never another error.
"""

import struct
import zipfile
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from common.coco import DataError, read_entries, read_image
from common.coco.images import whole_photos
from common.csv_files import write_table
from common.data.cache import open_cache
from common.data.template import TemplateError, layout_of
from common.image_files import LIMIT_VARIABLE
from common.json_files import DamagedFileError
from common.leaderboard import write_leaderboard
from common.masks.probabilities import ProbabilityMaps
from common.model_files import MODEL_FILE, describe_files, read_stored_model, require_unchanged
from common.records import Record, read_record, write_record
from common.records.description import open_run, read_description
from common.records.folder import RunFolder
from common.records.lock import release_all
from common.submission.check_page import check_page
from tests.damage import CASES, outcomes
from tests.records.test_records import FULL, SCORE

PIXELS = np.random.default_rng(3).integers(0, 255, (40, 60, 3), dtype=np.uint8)


def photo(path):
    cv2.imwrite(str(path), cv2.GaussianBlur(PIXELS, (5, 5), 0))
    return path


def test_records(tmp_path):
    write_record(tmp_path, FULL)
    came = outcomes(
        RunFolder(tmp_path).record("a"),
        lambda: read_record(tmp_path, "a"),
        (DamagedFileError,),
        lambda value: isinstance(value, Record),
    )
    assert came["refused"] > CASES / 4


def test_descriptions_of_a_run(tmp_path):
    open_run(tmp_path, {"data": "abc", "seed": 3, "budget": {"minutes": 1.5}}, fresh=False)
    release_all()
    read = (DamagedFileError,)
    came = outcomes(tmp_path / "run.json", lambda: read_description(tmp_path), read)
    assert came["refused"] > CASES / 4


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.tif", "a.webp"])
def test_photos(tmp_path, name):
    path = photo(tmp_path / name)

    def is_image(value):
        return value.ndim == 3 and value.shape[2] == 3 and value.dtype == np.uint8

    came = outcomes(path, lambda: read_image(path, upright=True), (OSError,), is_image)
    assert came["refused"] > CASES / 10
    outcomes(path, lambda: whole_photos(tmp_path), ())


def test_templates(tmp_path):
    path = tmp_path / "pred_val_template.csv"
    path.write_text("img_id,rle_mask\n" + "".join(f"{number},\n" for number in range(100, 140)))
    shapes = dict.fromkeys(range(100, 140), (4, 4))
    came = outcomes(
        path,
        lambda: layout_of(shapes, path),
        (TemplateError,),
        lambda layout: {image_id for _, image_id in layout.rows} == set(shapes),
    )
    assert came["refused"] > CASES / 3


def test_annotations(tmp_path, sample_folder):
    target = tmp_path / "val"
    target.mkdir()
    (target / "images").symlink_to(sample_folder / "val" / "images")
    path = target / "coco_annotations.json"
    path.write_bytes((sample_folder / "val" / "coco_annotations.json").read_bytes())
    known = {entry.path for entry in read_entries(target)}
    came = outcomes(
        path,
        lambda: read_entries(target),
        (DataError,),
        lambda entries: {entry.path for entry in entries} <= known,
    )
    assert came["refused"] > CASES / 4


def test_caches_are_made_again(tmp_path):
    sizes = {1: (4, 5), 2: (3, 3)}

    def decode(image_id):
        height, width = sizes[image_id]
        image = np.full((height, width, 3), image_id, np.uint8)
        return image, np.ones((height, width), bool), np.zeros((height, width), bool)

    cache = open_cache(tmp_path, "a" * 64, sizes, decode)
    for name in ("index.json", "pixels.npy", "labels.npy"):
        path = cache.folder / name

        def read():
            found = open_cache(tmp_path, "a" * 64, sizes, decode)
            return [found.read(image_id)[0].shape for image_id in sizes]

        outcomes(path, read, (), lambda shapes: shapes == [(4, 5, 3), (3, 3, 3)], cases=40)


def test_probability_maps_are_predicted_again(tmp_path):
    maps = ProbabilityMaps(tmp_path)
    maps.write(PIXELS, PIXELS[..., 0])

    def is_map(value):
        return value is None or (value.shape == (40, 60) and value.dtype == np.uint8)

    came = outcomes(maps.path(PIXELS), lambda: maps.read(PIXELS), (), is_map)
    assert came["read"] == CASES


def test_a_stored_model_knows_every_byte(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(bytes(range(256)) * 20)
    describe_files(folder, {"approach": "unet", "config": {"levels": 3}, "members": []})

    def read():
        require_unchanged(folder, read_stored_model(folder))

    assert outcomes(folder / "weights.bin", read, (DamagedFileError,))["refused"] == CASES
    outcomes(folder / MODEL_FILE, lambda: read_stored_model(folder), (DamagedFileError,))


@pytest.mark.parametrize("name", ["../other", "/etc/passwd", "a/b", "..", "", "a\\b", "a\0"])
def test_a_stored_model_names_no_other_folder(tmp_path, name):
    for described in (
        {"approach": "tta_ensemble", "config": {}, "members": [name]},
        {"approach": name, "config": {}, "members": []},
    ):
        describe_files(tmp_path, described)
        with pytest.raises(DamagedFileError, match="names the approach"):
            read_stored_model(tmp_path)
        (tmp_path / MODEL_FILE).unlink()


def bomb(path, side):
    """A PNG of a few bytes whose header names side x side pixels."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def test_an_image_that_would_fill_the_memory_is_refused_and_the_limit_can_be_raised(
    tmp_path, monkeypatch
):
    path = bomb(tmp_path / "bomb.png", 30_000)
    with pytest.raises(OSError, match=rf"bomb.png would be 30000 x 30000.*{LIMIT_VARIABLE}"):
        read_image(path)
    assert LIMIT_VARIABLE in whole_photos(tmp_path)[1][path]
    sound = photo(tmp_path / "sound.png")
    monkeypatch.setenv(LIMIT_VARIABLE, "2399")
    with pytest.raises(OSError, match="60 x 40 pixels, more than the 2399"):
        read_image(sound)
    monkeypatch.setenv(LIMIT_VARIABLE, "2400")
    assert read_image(sound).shape == (40, 60, 3)


def test_a_bomb_in_a_zip_is_a_finding(tmp_path):
    picture = bomb(tmp_path / "mask.png", 30_000)
    with zipfile.ZipFile(tmp_path / "page.zip", "w") as archive:
        archive.writestr("page.html", '<img src="mask.png">')
        archive.write(picture, "mask.png")
    findings = check_page(tmp_path / "page.zip", []).findings
    assert any(LIMIT_VARIABLE in finding.found for finding in findings)


@pytest.mark.parametrize("entry", ["../evil.html", "/evil.html", "a/../../evil.html"])
def test_entries_of_a_zip_that_lead_out_of_it_are_a_finding(tmp_path, entry):
    with zipfile.ZipFile(tmp_path / "page.zip", "w") as archive:
        archive.writestr(entry, "<p>")
    (finding,) = check_page(tmp_path / "page.zip", []).findings
    assert finding.level == "error" and "lead out of the folder" in finding.found


FORMULAS = ("=HYPERLINK(0)", "+1+cmd", "-2+3", "@SUM(1)", "\t=1", "\r=1")


@pytest.mark.parametrize("name", FORMULAS)
def test_a_spreadsheet_computes_nothing_of_a_table(tmp_path, name):
    record = replace(FULL, calibration=None, scores=(replace(SCORE, dice=0.5),))
    failed = Record("b", "failed", f"{name}, it says")
    write_leaderboard(tmp_path, [record, failed], {3: name})
    for table in tmp_path.glob("*.csv"):
        cells = table.read_text().replace('"', "").replace("\n", ",").split(",")
        assert not [cell for cell in cells if cell == name], table.name
    assert f"'{name}" in (tmp_path / "per_image.csv").read_bytes().decode()


def test_numbers_in_a_column_of_texts_stay_as_they_are(tmp_path):
    import pandas as pd

    write_table(tmp_path / "a.csv", pd.DataFrame({"a": ["-3.5", "+1e-6", "x=1"], "b": [-1, 2, 3]}))
    assert (tmp_path / "a.csv").read_text() == "a,b\n-3.5,-1\n+1e-6,2\nx=1,3\n"
