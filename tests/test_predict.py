import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import approaches.predict
from approaches.predict import main
from bench import main as bench


@pytest.fixture(scope="module")
def run(sample_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict") / "run"
    assert (
        bench(
            [
                "--data",
                str(sample_folder),
                "--approaches",
                "threshold",
                "--no-report",
                "--output",
                str(folder),
            ]
        )
        == 0
    )
    return folder


def test_masks_are_those_of_the_submission_page(run, sample_folder, tmp_path):
    assert main([str(run), str(sample_folder / "real_test"), "--output", str(tmp_path)]) == 0
    photos = sorted((sample_folder / "real_test").glob("*.jpg"))
    assert sorted(path.stem for path in tmp_path.iterdir()) == [photo.stem for photo in photos]
    shown = sorted((run / "submission" / "real_test").glob("*mask*"))
    assert len(shown) == len(photos)
    for photo, page in zip(photos, shown, strict=True):
        mask = cv2.imread(str(tmp_path / f"{photo.stem}.png"), cv2.IMREAD_UNCHANGED)
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
        (["{run}", "{photos}", "--output", "{photos}"], "is a folder of the photos"),
        (["{run}", "{photos}", "{photos}"], "more than one photo is called"),
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


def test_a_photo_that_cannot_be_read_is_named_at_the_end_and_the_others_get_masks(
    run, sample_folder, tmp_path, capsys
):
    photos = Path(shutil.copytree(sample_folder / "real_test", tmp_path / "photos"))
    names = sorted(photo.stem for photo in photos.glob("*.jpg"))
    (photos / "000.jpg").write_bytes(b"no photo")
    assert main([str(run), str(photos), "--output", str(tmp_path / "masks")]) == 1
    told = capsys.readouterr()
    assert f"{len(names)} masks in" in told.out
    assert (
        f"1 of {len(names) + 1} photos have no mask:" in told.err
        and "000.jpg is 8 bytes" in told.err
    )
    assert sorted(path.stem for path in (tmp_path / "masks").iterdir()) == names


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


def test_an_interrupt_is_one_line_with_what_is_left(
    run, sample_folder, tmp_path, monkeypatch, capsys
):
    read = approaches.predict.read_image
    photos = sorted((sample_folder / "real_test").glob("*.jpg"))

    def stopped(path, **options):
        if path == photos[-1]:
            raise KeyboardInterrupt
        return read(path, **options)

    monkeypatch.setattr(approaches.predict, "read_image", stopped)
    assert main([str(run), *map(str, photos), "--output", str(tmp_path / "masks")]) == 130
    assert (
        capsys.readouterr().err.splitlines()[-1]
        == f"interrupted; {len(photos) - 1} masks are in {tmp_path}/masks"
    )
