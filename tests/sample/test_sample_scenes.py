"""Whole scenes and the data set folder: reproducible, disjoint, readable by the project's own COCO
reader.
"""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from common.coco import list_photos, rasterise, read_entries, read_image
from common.sample import SPLITS, generate, render_scene
from common.sample import scene as scenes
from common.sample.__main__ import main
from common.sample.scene import LONG_SIDE_PX, PHOTOS_PER_PLACE, find_place

SMALL = {"train": 7, "val": 4, "real_test": 2, "size": 160, "progress": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("data") / "sample", **SMALL, seed=3, workers=1)


def contents(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def document(folder, split: str) -> dict:
    return json.loads((folder / split / "coco_annotations.json").read_text(encoding="utf-8"))


def long_side(mask: np.ndarray) -> float:
    return max(cv2.minAreaRect(np.argwhere(mask)[:, None].astype(np.float32))[1]) + 1


@pytest.mark.parametrize("split", SPLITS)
def test_a_scene_is_the_same_whenever_and_in_whatever_order_it_is_drawn(split):
    first = render_scene(4, index=5, split=split, size=160)
    render_scene(4, index=6, split=split, size=160)
    again = render_scene(4, index=5, split=split, size=160)
    assert first.jpeg == again.jpeg
    np.testing.assert_array_equal(first.mask, again.mask)


def test_scenes_of_other_seeds_splits_and_indices_differ():
    numbers = [
        (4, 0, "train"),
        (5, 0, "train"),
        (4, 1, "train"),
        (4, 0, "val"),
        (4, 0, "real_test"),
    ]
    jpegs = {
        render_scene(seed, index=index, split=split, size=128).jpeg
        for seed, index, split in numbers
    }
    assert len(jpegs) == len(numbers)


@pytest.mark.parametrize("index", range(6))
def test_a_scene_keeps_the_contract_of_images_and_masks(index):
    scene = render_scene(0, index=index, split="real_test", size=256)
    assert scene.image.shape == (256, 256, 3) and scene.image.dtype == np.uint8
    assert scene.mask.shape == (256, 256) and scene.mask.dtype == bool
    assert 1 <= len(scene.butts) <= 9
    np.testing.assert_array_equal(np.sum(scene.butts, axis=0), scene.mask)


def test_training_scenes_mostly_show_one_butt_and_some_none():
    counts = [len(render_scene(1, index=index, size=192).butts) for index in range(48)]
    assert counts.count(1) > 28
    assert 1 <= counts.count(0) <= 12
    assert max(counts) <= 3


def test_butts_have_the_promised_size():
    sizes = [
        long_side(butt)
        for index in range(24)
        for butt in render_scene(2, index=index, size=384).butts
    ]
    assert max(sizes) <= LONG_SIDE_PX[1] + 8
    assert 45 < np.median(sizes) < 125


def test_butts_stand_out_from_what_is_around_them():
    contrasts = []
    for index in range(20):
        scene = render_scene(6, index=index, size=256)
        lab = cv2.cvtColor(scene.image, cv2.COLOR_RGB2LAB).astype(float)
        for butt in scene.butts:
            around = (
                cv2.dilate(butt.astype(np.uint8), np.ones((25, 25))).astype(bool) & ~scene.mask
            )
            contrasts.append(np.linalg.norm(lab[butt].mean(0) - lab[around].mean(0)))
    assert np.median(contrasts) > 25


def test_litter_and_covers_are_on_the_share_of_labelled_photos_that_is_asked_for(monkeypatch):
    laid = []
    scatter, cover = scenes.scatter, scenes.cover
    monkeypatch.setattr(scenes, "scatter", lambda *a: (laid.append("litter"), scatter(*a)))
    monkeypatch.setattr(scenes, "cover", lambda *a: (laid.append("cover"), cover(*a)))

    def count(split: str, strewn: float) -> int:
        laid.clear()
        for index in range(12):
            render_scene(5, index=index, split=split, size=128, strewn=strewn)
        assert laid.count("litter") == laid.count("cover")
        return laid.count("litter")

    assert count("val", 0) == 0
    assert 2 <= count("val", 0.5) <= 10
    assert count("val", 1) == count("real_test", 0) == 12


def test_photos_of_one_place_share_its_butts_and_no_two_splits_share_any():
    places = {split: [find_place(0, number, split) for number in range(12)] for split in SPLITS}
    looks = {
        split: {design.seed for place in places[split] for design in place.designs}
        for split in SPLITS
    }
    grounds = {split: {place.ground_seed for place in places[split]} for split in SPLITS}
    for one, other in (("train", "val"), ("train", "real_test"), ("val", "real_test")):
        assert not looks[one] & looks[other]
        assert not grounds[one] & grounds[other]
    groups = [
        render_scene(0, index=index, size=128).group for index in range(PHOTOS_PER_PLACE + 1)
    ]
    assert len(set(groups[:-1])) == 1
    assert groups[-1] != groups[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "test"}, "split='test'"),
        ({"index": -1}, "index=-1"),
        ({"size": 64}, "size=64"),
        ({"strewn": -0.1}, "strewn=-0.1"),
    ],
)
def test_a_scene_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        render_scene(0, **arguments)


def test_the_folder_has_the_layout_of_the_real_data(folder):
    assert len(list((folder / "train" / "images").glob("*.jpg"))) == 7
    assert len(list((folder / "val" / "images").glob("*.jpg"))) == 4
    assert len(list_photos(folder / "real_test")) == 2
    assert "CC0" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert "--seed 3" in (folder / "README.md").read_text(encoding="utf-8")
    assert folder.stat().st_mode & 0o055 == 0o055


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_projects_reader_draws_the_masks_that_were_rendered(folder, split):
    entries = read_entries(folder / split)
    assert len(entries) == SMALL[split]
    for index, entry in enumerate(sorted(entries, key=lambda entry: entry.image_id)):
        scene = render_scene(3, index=index, split=split, size=SMALL["size"])
        mask = rasterise(entry)[0]
        np.testing.assert_array_equal(mask, scene.mask)
        np.testing.assert_array_equal(read_image(entry.path), scene.image)


def test_ids_and_groups_of_train_and_val_do_not_meet(folder):
    train, val = document(folder, "train"), document(folder, "val")
    for key in ("images", "annotations"):
        assert not {item["id"] for item in train[key]} & {item["id"] for item in val[key]}
    assert not {image["group"] for image in train["images"]} & {
        image["group"] for image in val["images"]
    }
    assert train["categories"][0]["name"] == "cig_butt"


def test_the_same_seed_gives_the_same_bytes_for_two_processes(folder, tmp_path):
    shared = generate(tmp_path / "shared", **SMALL, seed=3, workers=2)
    assert contents(shared) == contents(folder)


def test_more_images_keep_the_first_ones(folder, tmp_path):
    more = generate(tmp_path / "more", **{**SMALL, "train": 9}, seed=3, workers=1)
    name = "train/images/00000006.jpg"
    assert contents(more)[name] == contents(folder)[name]


def test_own_output_is_replaced_and_anything_else_is_refused(tmp_path):
    few = {"train": 1, "val": 1, "real_test": 0, "size": 128, "progress": False, "workers": 1}
    own = generate(tmp_path / "own", **few, seed=1)
    before = contents(own)
    assert contents(generate(own, **few, seed=2)) != before
    (own / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"notes\.txt"):
        generate(own, **few)
    assert (own / "notes.txt").exists()
    with pytest.raises(FileExistsError):
        generate(own / "notes.txt", **few)


def test_a_failed_run_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="worker"):
        generate(tmp_path / "sample", **SMALL, workers=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [{"train": -1}, {"size": 64}, {"seed": -1}, {"workers": 0}, {"strewn": 1.5}]
)
def test_settings_out_of_range_are_refused_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        generate(tmp_path / "sample", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_writes_and_refuses(tmp_path):
    few = ["--train", "1", "--val", "1", "--real-test", "1", "--size", "128"]
    command = [sys.executable, "-m", "common.sample", "--output", str(tmp_path / "out"), *few]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "mine.txt" in refused.stderr


@pytest.mark.skipif(os.name == "nt", reason="groups of processes")
def test_an_interrupt_of_all_processes_is_one_line_and_leaves_nothing(tmp_path):
    words = [
        "--train",
        "400",
        "--size",
        "256",
        "--workers",
        "2",
        "--output",
        str(tmp_path / "out"),
    ]
    command = [sys.executable, "-m", "common.sample", *words]
    done = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell's background jobs, these tests perhaps, ignore it, and so would this one
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until = time.monotonic() + 60
    while len(list(tmp_path.rglob("*.jpg"))) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(done.pid, signal.SIGINT)  # as a terminal does
    _, told = done.communicate(timeout=30)
    assert done.returncode == 130 and "Traceback" not in told
    assert told.splitlines()[-1].endswith(f"interrupted; {tmp_path / 'out'} is as it was before")
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_shows_training_images_side_by_side(tmp_path):
    words = [
        "--train",
        "5",
        "--val",
        "1",
        "--real-test",
        "1",
        "--size",
        "128",
        "--sheet",
        str(tmp_path / "sheet.jpg"),
    ]
    assert main(["--output", str(tmp_path / "sample"), *words]) == 0
    sheet = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert sheet.shape == (4 * 256, 6 * 256, 3)
    first = cv2.resize(cv2.imread(str(tmp_path / "sample/train/images/00000000.jpg")), (256, 256))
    assert np.abs(sheet[:256, :256].astype(int) - first).mean() < 12


def test_a_sheet_of_nothing_is_refused(tmp_path, capsys):
    assert (
        main(
            [
                "--output",
                str(tmp_path / "s"),
                "--train",
                "0",
                "--val",
                "0",
                "--sheet",
                str(tmp_path / "x.jpg"),
            ]
        )
        == 2
    )
    assert "at least one image" in capsys.readouterr().err and not (tmp_path / "x.jpg").exists()
