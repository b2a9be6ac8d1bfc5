"""The file that a `file_name` means, in every way in which tools write it; never one outside."""

import unicodedata
from pathlib import Path

import pytest

from common.coco.names import ImageFolder, is_litter, plain_name, stays_inside


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / "train" / "images"
    names = [
        "a.jpg",
        "sub/b.jpg",
        "sub/c.jpg",
        "c.jpg",
        "a b.jpg",
        "100%.jpg",
        "D.JPG",
        "серый.jpg",
    ]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    (tmp_path / "train" / "secret.jpg").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.jpg", "a.jpg"),
        ("./a.jpg", "a.jpg"),
        ("images/a.jpg", "a.jpg"),
        ("images\\a.jpg", "a.jpg"),
        ("images\\sub\\b.jpg", "sub/b.jpg"),
        ("C:\\Users\\me\\images\\a.jpg", "a.jpg"),
        ("/home/me/data/train/images/sub/c.jpg", "sub/c.jpg"),
        ("../images/a.jpg", "a.jpg"),
        ("c.jpg", "c.jpg"),
        ("b.jpg", None),
        ("a%20b.jpg", "a b.jpg"),
        ("images%5Ca.jpg", "a.jpg"),
        ("https://host/data/upload/3/a%20b.jpg", "a b.jpg"),
        ("/data/local-files/?d=train/images/a.jpg", "a.jpg"),
        ("100%.jpg", "100%.jpg"),
        ("100%25.jpg", "100%.jpg"),
        ("A.JPG", "a.jpg"),
        ("d.jpg", "D.JPG"),
        ("e.jpg", None),
        ("secret.jpg", None),
        ("../secret.jpg", None),
        ("", None),
        ("a.jpg\0", None),
        ("x" * 5000, None),
    ],
)
def test_a_name_finds_its_file(images, name, found):
    assert ImageFolder(images).find(name) == found


@pytest.mark.parametrize("disk", ["NFC", "NFD"])
@pytest.mark.parametrize("listed", ["NFC", "NFD"])
def test_accents_may_be_composed_or_not(tmp_path, disk, listed):
    on_disk = unicodedata.normalize(disk, "й ü.jpg")
    (tmp_path / on_disk).write_bytes(b"")
    assert ImageFolder(tmp_path).find(unicodedata.normalize(listed, "й ü.jpg")) == on_disk


def test_a_name_that_several_files_fit_finds_none(tmp_path):
    for name in ("A.jpg", "a.JPG"):
        (tmp_path / name).write_bytes(b"")
    folder = ImageFolder(tmp_path)
    assert folder.find("a.jpg") is None
    assert folder.find("A.jpg") == "A.jpg"


def test_what_systems_leave_behind_is_no_file_of_the_folder(tmp_path):
    litter = [".DS_Store", "._a.jpg", "Thumbs.db", ".ipynb_checkpoints/a-checkpoint.jpg"]
    litter += ["__MACOSX/a.jpg", "@eaDir/a.jpg", "desktop.ini"]
    for name in [*litter, "a.jpg"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert ImageFolder(tmp_path).files == ("a.jpg",)
    assert all(is_litter(tmp_path / name, tmp_path) for name in litter)


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "..\\a.jpg", "C:/a.jpg", "", "a\0"])
def test_a_name_that_leads_out_is_known(name):
    assert not stays_inside(name)


def test_parts_are_joined_by_one_kind_of_slash():
    assert plain_name("images\\.\\a.jpg") == plain_name("images//a.jpg") == "images/a.jpg"
