import contextlib
import io
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO

from approaches.predict import main
from approaches.stored import predicting
from common.gallery import check_gallery


@pytest.fixture
def run(threshold_run):
    return threshold_run


def test_masks_are_those_of_the_submission_page(run, sample_folder, tmp_path):
    assert main([str(run), str(sample_folder / "real_test"), "--output", str(tmp_path)]) == 0
    photos = sorted((sample_folder / "real_test").glob("*.jpg"))
    written = sorted(path.stem for path in (tmp_path / "masks").iterdir())
    assert written == [photo.stem for photo in photos]
    shown = sorted((run / "submission" / "real_test").glob("*mask*"))
    assert len(shown) == len(photos)
    for photo, page in zip(photos, shown, strict=True):
        mask = cv2.imread(str(tmp_path / "masks" / f"{photo.stem}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.dtype == np.uint8 and set(np.unique(mask)) <= {0, 255}
        assert np.array_equal(mask > 0, cv2.imread(str(page), cv2.IMREAD_GRAYSCALE) > 0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{run}", "nowhere"], "does not exist"),
        (
            ["{run}", "{photos}", "--approach", "unet"],
            "no complete approach unet; there are threshold.",
        ),
        (
            ["{run}", "{photos}", "--approach", "u-net"],
            "no complete approach u-net; there are threshold.",
        ),
        (["{empty}", "{photos}"], "empty has no run.json; expected the folder of a run"),
        (["{run}", "{empty}"], "0 photos found in"),
        (["{run}", "{photos}/*.gif"], "*.gif fits no photo"),
        (["{run}", "{photos}", "--output", "{photos}"], "would lie among the photos"),
        (["{run}", "{photos}", "--output", "{photos}/new"], "would lie among the photos"),
        (["{run}", "{photos}/*.jpg", "--output", "{photos}"], "would lie among the photos"),
        (["{run}", "{photos}", "--output", "{run}/run.json"], "run.json is a file; a folder"),
        (["{run}", "{photos}/**/*.jpg", "--output", "{photos}/new"], "would lie among the photos"),
        (["{run}", "{photos}/../*/*.jpg", "--output", "{photos}"], "would lie among the photos"),
    ],
)
def test_what_cannot_be_predicted_is_said_and_nothing_is_written(
    run, sample_folder, tmp_path, words, told, capsys
):
    (tmp_path / "empty").mkdir()
    places = {"run": run, "photos": sample_folder / "real_test", "empty": tmp_path / "empty"}
    assert (
        main(["--output", str(tmp_path / "masks"), *(word.format(**places) for word in words)])
        == 2
    )
    assert told in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()


def test_a_folder_that_no_pattern_reaches_may_be_the_output(run, sample_folder, tmp_path):
    photos = shutil.copytree(sample_folder / "real_test", tmp_path / "photos")
    for _ in range(2):
        words = [str(run), f"{photos}/*.jpg", "--output", str(photos / "out"), "--no-gallery"]
        assert main(words) == 0
    listed = json.loads((photos / "out" / "predictions.coco.json").read_text())["images"]
    assert len(listed) == len(list(photos.glob("*.jpg")))


def test_a_photo_that_cannot_be_read_is_named_at_the_end_and_the_others_get_masks(
    run, sample_folder, tmp_path, capsys
):
    photos = Path(shutil.copytree(sample_folder / "real_test", tmp_path / "photos"))
    names = sorted(photo.stem for photo in photos.glob("*.jpg"))
    (photos / "000.jpg").write_bytes(b"no photo")
    assert main([str(run), str(photos), "--output", str(tmp_path / "masks")]) == 1
    told = capsys.readouterr()
    assert f"of {len(names)} photos" in told.out
    assert (
        f"1 of {len(names) + 1} photos have no mask:" in told.err
        and "000.jpg is 8 bytes" in told.err
    )
    assert sorted(path.stem for path in (tmp_path / "masks" / "masks").iterdir()) == names


def test_a_damaged_run_is_told_in_one_line_that_names_the_file(
    run, sample_folder, tmp_path, capsys
):
    for name in ("run.json", "records/threshold.json", "models/threshold/approach.json"):
        copy = Path(shutil.copytree(run, tmp_path / name.replace("/", "-")))
        (copy / name).write_bytes((copy / name).read_bytes()[:20])
        assert (
            main(
                [str(copy), str(sample_folder / "real_test"), "--output", str(tmp_path / "masks")]
            )
            == 2
        )
        told = capsys.readouterr().err
        assert str(copy / name) in told or str((copy / name).parent) in told
        assert "cannot be read" in told and "Traceback" not in told


def test_damaged_weights_are_told_with_the_file(run, sample_folder, tmp_path, capsys):
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "models" / "unet").mkdir()
    described = {"approach": "unet", "config": {"base_channels": 2, "levels": 2}, "members": []}
    (copy / "models" / "unet" / "approach.json").write_text(json.dumps(described))
    (copy / "models" / "unet" / "model.safetensors").write_bytes(b"\x10\x00")
    record = json.loads((copy / "records" / "threshold.json").read_text()) | {"approach": "unet"}
    (copy / "records" / "unet.json").write_text(json.dumps(record))
    words = [
        str(copy),
        str(sample_folder / "real_test"),
        "--output",
        str(tmp_path / "masks"),
        "--approach",
        "unet",
    ]
    assert main(words) == 2
    assert (
        "models/unet/model.safetensors does not hold the weights of this network"
        in capsys.readouterr().err
    )


def test_of_photos_of_16_bits_one_line_warns(run, sample_folder, tmp_path, capsys):
    [photo, *_] = sorted((sample_folder / "real_test").glob("*.jpg"))
    image = cv2.imread(str(photo)).astype(np.uint16) * 16  # 12 bits
    for name in ("a.png", "b.tif"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / "photos" / name), image)
    shutil.copyfile(photo, tmp_path / "photos" / "c.jpg")
    words = [str(run), str(tmp_path / "photos"), "--output", str(tmp_path / "out")]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert told.count("16 bits a channel") == 1 and "a.png has 16 bits a channel" in told
    assert main([words[0], str(photo), *words[2:]]) == 0
    assert "16 bits" not in capsys.readouterr().err


def test_an_interrupt_is_one_line_with_what_is_left(
    run, sample_folder, tmp_path, monkeypatch, capsys
):
    read = predicting.read_image
    photos = sorted((sample_folder / "real_test").glob("*.jpg"))

    def stopped(path, **options):
        if path == photos[-1]:
            raise KeyboardInterrupt
        return read(path, **options)

    monkeypatch.setattr(predicting, "read_image", stopped)
    assert main([str(run), *map(str, photos), "--output", str(tmp_path / "masks")]) == 130
    listed = json.loads((tmp_path / "masks" / "predictions.coco.json").read_text())["images"]
    assert [image["file_name"] for image in listed] == [photo.name for photo in photos[:-1]]
    assert (
        capsys.readouterr().err.splitlines()[-1]
        == f"interrupted; {len(photos) - 1} mask in {tmp_path}/masks/masks"
    )


@pytest.fixture
def cameras(sample_folder, tmp_path):
    """Photos of one name in two folders, two files of one stem, and one that is none."""
    one, two = sorted((sample_folder / "real_test").glob("*.jpg"))
    for name, photo in (("cam1/IMG 1.jpg", one), ("cam2/IMG 1.jpg", two), ("Ä.jpg", one)):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, tmp_path / "photos" / name)
    (tmp_path / "photos" / "Ä.png").write_bytes(b"no photo")
    return tmp_path / "photos"


def test_one_line_predicts_photos_of_one_name_in_sub_folders(run, cameras, monkeypatch, capsys):
    monkeypatch.chdir(cameras.parent)
    assert main([str(run), "photos"]) == 1
    output = cameras.parent / "predictions" / "run"
    files = {path.relative_to(output).as_posix() for path in output.rglob("*.*")}
    assert files == {
        *(f"masks/{name}.png" for name in ("cam1/IMG 1", "cam2/IMG 1", "Ä.jpg")),
        *(f"overlays/{name}.jpg" for name in ("cam1/IMG 1", "cam2/IMG 1", "Ä.jpg")),
        *(
            f"gallery/{name}{kind}"
            for name in ("cam1-IMG-1", "cam2-IMG-1", "A")
            for kind in ("_photo.jpg", "_mask.png", "_cutout.png", "_probability.jpg")
        ),
        "gallery.html",
        "objects.csv",
        "predictions.coco.json",
    }
    assert check_gallery(output, "gallery", zipped=False) == []
    told = capsys.readouterr()
    assert "1 of 4 photos have no mask:" in told.err and "Ä.png is 8 bytes" in told.err
    assert "look at first:   predictions/run/gallery.html" in told.out


def test_the_coco_file_holds_the_masks_and_the_table(run, cameras, tmp_path):
    output = tmp_path / "out"
    assert main([str(run), f"{cameras}/**/*.jpg", "--output", str(output), "--save-proba"]) == 0
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(output / "predictions.coco.json"))
    table = pd.read_csv(output / "objects.csv")
    assert len(coco.imgs) == 3 and len(table) == len(coco.anns) > 3
    for image in coco.imgs.values():
        stem = Path(image["file_name"]).with_suffix("")
        mask = cv2.imread(str(output / "masks" / f"{stem}.png"), cv2.IMREAD_UNCHANGED) > 0
        proba = cv2.imread(str(output / "probabilities" / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
        found = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        drawn = [coco.annToMask(each).astype(bool) for each in found]
        assert mask.shape == (image["height"], image["width"]) == proba.shape
        assert np.array_equal(np.sum(drawn, axis=0), mask)  # each pixel in one object
        rows = table[table["photo"] == image["file_name"]]
        assert rows["object"].tolist() == list(range(1, len(found) + 1))
        for each, own, (_, row) in zip(found, drawn, rows.iterrows(), strict=True):
            left, top, width, height = each["bbox"]
            ys, xs = np.nonzero(own)
            assert (left, left + width - 1, top, top + height - 1) == (
                *(xs.min(), xs.max()),
                *(ys.min(), ys.max()),
            )
            assert each["area"] == own.sum() == row["area_px"]
            assert each["bbox"] == row[["left_px", "top_px", "width_px", "height_px"]].tolist()
            assert row["confidence"] == each["score"]
            assert each["score"] == pytest.approx(proba[own].mean() / 255, abs=1e-4)
    assert len(json.loads((output / "predictions.coco.json").read_text())["info"]) == 2


def test_specks_are_counted_apart_and_alike_in_table_page_and_terminal(
    run, sample_folder, tmp_path, capsys
):
    photos = str(sample_folder / "real_test")
    output = tmp_path / "out"
    assert main([str(run), photos, "--output", str(output), "--min-area", "0"]) == 0
    table = pd.read_csv(output / "objects.csv")
    assert table["speck"].sum() > 0
    for name, rows in table.groupby("photo"):
        height, width = cv2.imread(f"{photos}/{name}").shape[:2]
        assert ((rows["area_px"] < height * width / 20_000) == rows["speck"]).all()
    objects, specks = (table["speck"] == 0).sum(), table["speck"].sum()
    wording = f"{objects} objects (and {specks} specks) in all"
    assert wording in (output / "gallery.html").read_text(encoding="utf-8")
    told = capsys.readouterr().out
    assert f": {objects} objects on " in told and f", and {specks} specks of less than" in told


def test_the_options_change_what_is_found(run, sample_folder, tmp_path, capsys):
    photos = str(sample_folder / "real_test")

    def found(*words):
        assert main([str(run), photos, "--output", str(tmp_path / "out"), *words]) == 0
        return pd.read_csv(tmp_path / "out" / "objects.csv")

    usual = found("--min-area", "0")
    large = found("--min-area", "9")
    assert 0 < len(large) < len(usual) and large["area_px"].min() >= 9
    assert len(large) == (usual["area_px"] >= 9).sum()
    assert "objects of 9 px or more" in capsys.readouterr().out
    sure = found("--threshold", "1", "--min-area", "0")
    assert sure["area_px"].sum() < usual["area_px"].sum() and (sure["confidence"] == 1).all()
    for option, value, told in (
        ("--threshold", "0", "no probability above 0"),
        ("--threshold", "x", "no probability above 0"),
        ("--min-area", "-1", "no number of pixels from 0 up"),
        ("--min-area", "1.5", "no number of pixels from 0 up"),
    ):
        with pytest.raises(SystemExit):
            found(option, value)
        assert f"argument {option}: {value!r} is {told}" in capsys.readouterr().err


def test_an_earlier_prediction_in_the_folder_goes_and_foreign_masks_stay(
    run, sample_folder, tmp_path, capsys
):
    one, two = sorted((sample_folder / "real_test").glob("*.jpg"))
    output = tmp_path / "out"
    assert main([str(run), str(one), "--output", str(output), "--save-proba"]) == 0
    (output / "masks" / "mine.png").write_bytes(b"drawn by hand")
    assert main([str(run), str(two), "--output", str(output), "--no-gallery"]) == 0
    written = sorted(path.name for path in output.rglob("*.*"))
    assert written == sorted(
        ["mine.png", f"{two.stem}.png", f"{two.stem}.jpg", "objects.csv", "predictions.coco.json"]
    )
    foreign = tmp_path / "labels"
    (foreign / "masks").mkdir(parents=True)
    assert main([str(run), str(two), "--output", str(foreign)]) == 2
    assert "Nothing was touched" in capsys.readouterr().err
    assert [path.name for path in foreign.rglob("*")] == ["masks"]
