import cv2
import numpy as np
import pytest

from approaches.predict import main
from bench import main as bench


@pytest.fixture(scope="module")
def run(sample_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict") / "run"
    assert (
        bench(["--data", str(sample_folder), "--approaches", "threshold", "--no-report", "--output", str(folder)]) == 0
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
        (["{run}", "{photos}", "--approach", "unet"], "no complete approach unet"),
        (["{empty}", "{photos}"], "no complete approach"),
        (["{run}", "{empty}"], "0 photos found in"),
        (["{run}", "{photos}", "--output", "{photos}"], "is a folder of the photos"),
        (["{run}", "{photos}", "{photos}"], "more than one photo is called"),
    ],
)
def test_what_cannot_be_predicted_is_said_and_nothing_is_written(run, sample_folder, tmp_path, words, told, capsys):
    (tmp_path / "empty").mkdir()
    places = {"run": run, "photos": sample_folder / "real_test", "empty": tmp_path / "empty"}
    assert main(["--output", str(tmp_path / "masks"), *(word.format(**places) for word in words)]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()
