"""Which photos a command line means, and what they are called among the outputs."""

import os

import pytest

from common.predictions import PhotosError, find_photos


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def names_of(*places):
    return [photo.name for photo in find_photos(places)]


def outputs_of(*places):
    return [photo.output for photo in find_photos(places)]


def test_a_folder_is_its_photos_and_those_of_its_sub_folders(tmp_path):
    make(
        tmp_path,
        "b.JPG",
        "day1/a.png",
        "day1/deep/a.png",
        "notes.txt",
        ".x/a.jpg",
        "__MACOSX/a.jpg",
    )
    assert names_of(tmp_path) == ["b.JPG", "day1/a.png", "day1/deep/a.png"]


@pytest.mark.parametrize("pattern", ["*/*.jpg", "day?/*", "**/*.jpg", "day[12]", "**"])
def test_a_pattern_in_quotes_is_what_a_shell_would_make_of_it(tmp_path, pattern, monkeypatch):
    make(tmp_path, "day1/a.jpg", "day2/a.jpg", "day2/notes.txt")
    assert names_of(tmp_path / pattern) == ["day1/a.jpg", "day2/a.jpg"]
    monkeypatch.chdir(tmp_path)
    assert names_of(pattern) == ["day1/a.jpg", "day2/a.jpg"]


def test_a_file_that_looks_like_a_pattern_is_a_file(tmp_path):
    make(tmp_path, "a [1].jpg", "a 1.jpg")
    assert names_of(tmp_path / "a [1].jpg") == ["a [1].jpg"]


def test_a_photo_that_is_named_twice_comes_once(tmp_path):
    make(tmp_path, "in/a.jpg")
    assert names_of(tmp_path, tmp_path / "in", tmp_path / "in" / ".." / "in" / "a.jpg") == [
        "in/a.jpg"
    ]


def test_two_folders_are_told_apart_by_their_names(tmp_path):
    make(tmp_path, "cam1/1.jpg", "cam2/1.jpg")
    assert outputs_of(tmp_path / "cam1", tmp_path / "cam2") == ["cam1/1", "cam2/1"]
    assert outputs_of(tmp_path / "cam1" / "1.jpg", tmp_path / "cam2") == ["cam1/1", "cam2/1"]


def test_files_that_would_share_a_mask_keep_their_suffix_or_get_a_number(tmp_path):
    make(tmp_path, "a.jpg", "a.png", "a.jpg.jpg", "b.jpg", "B.jpg")
    outputs = dict(zip(names_of(tmp_path), outputs_of(tmp_path), strict=True))
    assert outputs["a.jpg.jpg"] == "a.jpg" and outputs["a.png"] == "a.png"
    assert outputs["a.jpg"] == "a.jpg-2"
    assert len({output.lower() for output in outputs.values()}) == 5


def test_an_earlier_prediction_is_no_photo(tmp_path):
    make(tmp_path, "a.jpg", "predictions/run/predictions.coco.json")
    make(tmp_path, "predictions/run/overlays/a.jpg", "predictions/run/masks/x/a.png")
    assert names_of(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize("pattern", ["**/*.jpg", "**", "*", "*/*", "*/*/*", "*/*/*.jpg"])
def test_nor_is_it_one_of_a_pattern(tmp_path, pattern):
    make(tmp_path, "in/day/deep/a.jpg", "in/out/predictions.coco.json")
    make(tmp_path, "in/out/overlays/a.jpg", "in/out/overlays/deep/a.jpg", "in/out/masks/x/a.png")
    [photo] = find_photos([tmp_path / "in" / pattern])
    assert photo.path == tmp_path / "in" / "day" / "deep" / "a.jpg"


def test_of_an_earlier_prediction_alone_a_pattern_fits_no_photo(tmp_path):
    make(tmp_path, "out/predictions.coco.json", "out/overlays/a.jpg")
    with pytest.raises(PhotosError, match="fits no photo"):
        find_photos([tmp_path / "out" / "*" / "*.jpg"])
    assert names_of(tmp_path / "out" / "overlays" / "*.jpg") == ["a.jpg"]  # by its own name


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_a_name_that_is_no_text_is_found(tmp_path):
    (tmp_path / os.fsdecode(b"\xee.jpg")).write_bytes(b"")
    [photo] = find_photos([tmp_path])
    assert photo.path.is_file() and os.fsencode(photo.output) == b"\xee"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere", "does not exist; expected photos, folders"),
        ("*.jpg", "fits no photo"),
        ("", "0 photos found in"),
        ("x" * 300, "does not exist"),
    ],
)
def test_where_nothing_is_that_is_told(tmp_path, place, told):
    make(tmp_path, "notes.txt")
    with pytest.raises(PhotosError) as caught:
        find_photos([tmp_path / place])
    assert told in str(caught.value)
