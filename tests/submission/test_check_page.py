import zipfile

import cv2
import numpy as np
import pytest
from foreign_files import labelled_val, pairs, write

from common.gallery import write_gallery
from common.submission.__main__ import main
from common.submission.check_page import check_page


@pytest.fixture
def photos(tmp_path):
    """Three photos in `real_test`, two of them with one name but for the suffix."""
    folder = tmp_path / "data" / "real_test"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, shape in (("a.jpg", (40, 60)), ("a.png", (50, 30)), ("street 7.jpg", (32, 32))):
        ok, data = cv2.imencode(name[-4:], rng.integers(0, 255, (*shape, 3), dtype=np.uint8))
        assert ok
        (folder / name).write_bytes(data.tobytes())
    return sorted(folder.iterdir())


def masks_of(photos):
    for photo in photos:
        image = cv2.imdecode(np.fromfile(photo, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        mask = np.zeros(image.shape[:2], dtype=bool)
        mask[4:9, 3:12] = photo.name != "street 7.jpg"
        yield photo.name, np.ascontiguousarray(image), mask


def page_by_hand(folder, photos, change=None):
    """The zip of a page as other people's scripts write it, with names of their own."""
    files, rows = {}, []
    for name, image, mask in masks_of(photos):
        for kind, pixels in (("img", image), ("pred_mask", mask.astype(np.uint8) * 255)):
            data = cv2.imencode(".png", pixels)[1]
            path = f"test/{name.replace('.', '_')}_{kind}.png"
            files[path] = data.tobytes()
            rows.append(f"<img src='{path}' alt='x'>")
    files["test.html"] = ("<html><body>" + "\n".join(rows) + "</body></html>").encode()
    if change:
        change(files)
    path = folder / "page.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def told(checked):
    return " ".join(f"{f.level}: {f.found}" for f in checked.findings)


def test_the_page_that_is_written_here_is_whole(tmp_path, photos, capsys):
    shown = ((*each, np.zeros(each[2].shape, np.uint8)) for each in masks_of(photos))
    write_gallery(tmp_path / "out", shown, title="Photos")
    path = tmp_path / "out" / "real_test.zip"
    checked = check_page(path, photos)
    assert checked.findings == []
    assert {name: share > 0 for name, share in checked.shares.items()} == {
        "a.jpg": True,
        "a.png": True,
        "street 7.jpg": False,
    }
    assert main(["check", str(path), "--data", str(tmp_path / "data")]) == 0
    output = capsys.readouterr().out
    assert "3 photos with their masks, 1 of them without an object" in output


def test_a_mask_of_full_size_counts_where_the_page_shows_a_small_copy(tmp_path):
    photo, image = tmp_path / "large.png", np.zeros((900, 1200, 3), np.uint8)
    assert cv2.imwrite(str(photo), image)
    mask = np.zeros((900, 1200), bool)
    mask[:300] = True
    write_gallery(tmp_path / "out", [("large.png", image, mask, None)], title="Photos")
    checked = check_page(tmp_path / "out" / "real_test.zip", [photo])
    assert checked.findings == [] and checked.shares == {"large.png": pytest.approx(1 / 3)}


def grown(files):
    name = next(name for name in files if "a_jpg_pred" in name)
    files[name] = cv2.imencode(".png", np.zeros((20, 20), np.uint8))[1].tobytes()


def gray(files):
    name = next(name for name in files if "street 7_jpg_pred" in name)
    ramp = np.arange(32 * 32, dtype=np.uint32).reshape(32, 32) % 256
    files[name] = cv2.imencode(".png", ramp.astype(np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, ""),
        (lambda files: files.pop("test/a_png_pred_mask.png"), "error: 1 pictures that are not in"),
        (lambda files: files.update({"test/more.png": b"x"}), "warning: 1 pictures that the page"),
        (grown, "error: 1 masks of another size than the photo: test/a_jpg_pred_mask.png of (20,"),
        (gray, "warning: 1 masks that are not black and white"),
        (lambda files: files.update({"test/a_jpg_img.png": b"\x89PNG"}), "does not decode"),
        (lambda files: files.pop("test.html"), "error: no page"),
        (lambda files: files.update({"b.html": b"<p>"}), "error: 2 pages"),
        (lambda files: files.update({"../x.png": b""}), "error: names that lead out"),
        (
            lambda files: files.update({"test.html": files["test.html"] + b"<script></script>"}),
            "<script> on the page",
        ),
        (
            lambda files: files.update({"test.html": b"<img src='https://x.org/a.png' alt='a'>"}),
            "1 addresses outside the zip",
        ),
    ],
)
def test_what_keeps_a_page_from_being_judged_is_named(tmp_path, photos, change, words):
    assert words in told(check_page(page_by_hand(tmp_path, photos, change), photos))
    assert (told(check_page(tmp_path / "page.zip", photos)) == "") == (change is None)


def test_a_photo_that_is_not_on_the_page_is_missed(tmp_path, photos):
    path = page_by_hand(tmp_path, photos[:2])
    assert "1 photos of real_test without a mask on the page: street 7.jpg" in told(
        check_page(path, photos)
    )


def test_a_csv_in_a_zip_is_checked_and_scored(tmp_path, photos, capsys):
    exact = labelled_val(tmp_path / "data")
    table = write(tmp_path / "a.csv", {i: pairs(mask.ravel()) for i, mask in exact.items()})
    page_by_hand(tmp_path, photos, lambda files: files.update({"a.csv": table.read_bytes()}))
    assert main(["check", str(tmp_path / "page.zip"), "--data", str(tmp_path / "data")]) == 0
    output = capsys.readouterr().out
    assert "mean Dice 1.0000" in output and "3 photos with their masks" in output
    with zipfile.ZipFile(tmp_path / "table.zip", "w") as archive:
        archive.write(table, "sub/a.csv")
    assert main(["check", str(tmp_path / "table.zip"), "--data", str(tmp_path / "data")]) == 0
    assert "mean Dice 1.0000" in capsys.readouterr().out
