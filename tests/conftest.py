"""Data that several test files look at, made once per session."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from pycocotools import mask as pycoco

import bench
from approaches import TABLE
from common.coco import Entry
from common.data import Data, DataSet, load_data
from common.sample import generate

# tests download nothing; weights that are here already are used
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# threads that spin while they wait slow down a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER and hasattr(os, "sched_setaffinity"):
    # Each worker of pytest-xdist, and what it starts, keeps to its share of the cores.
    cores, count = sorted(os.sched_getaffinity(0)), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    first = int(WORKER.removeprefix("gw")) % len(cores)
    mine = cores[first::count]
    os.sched_setaffinity(0, mine)
    cv2.setNumThreads(len(mine))

settings.register_profile("a busy machine", deadline=None)
settings.load_profile("a busy machine")

Labelled = Callable[..., DataSet]


@pytest.fixture(scope="module", autouse=True)
def _table_as_shipped():
    """What a test file adds to the table of approaches is gone before the next one looks."""
    yield
    for name in [name for name, entry in TABLE.items() if entry.outside]:
        del TABLE[name]


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function from a name and what fills a folder to that folder, which the first of all
    workers that asks for it has filled; to be read only.
    """
    base = tmp_path_factory.getbasetemp()
    common = base.parent if WORKER else base

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = common / "once" / name, common / "once" / f"{name}.done"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not done.exists():
                fill(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def sample_folder(once) -> Path:
    """A generated data folder of 16 + 6 + 2 images of 192x192 px; to be read only."""
    return once("sample", lambda folder: _generate(folder, 192)) / "data"


@pytest.fixture(scope="session")
def small_folder(once) -> Path:
    """The same with images of 128x128 px, for what trains or predicts often."""
    return once("small-sample", lambda folder: _generate(folder, 128)) / "data"


def _generate(folder: Path, size: int) -> None:
    sizes = {"train": 16, "val": 6, "real_test": 2, "size": size}
    generate(folder / "data", **sizes, seed=1, workers=1, progress=False)


@pytest.fixture(scope="session")
def threshold_run(once, sample_folder) -> Path:
    """A finished run of `threshold` on these data; to be read only."""
    words = ["--data", str(sample_folder), "--approaches", "threshold", "--no-report"]

    def fill(folder: Path) -> None:
        assert bench.main([*words, "--output", str(folder / "run")]) == 0

    return once("threshold", fill) / "run"


@pytest.fixture(scope="session")
def sample_data(sample_folder) -> Data:
    return load_data(sample_folder)


@pytest.fixture
def labelled(tmp_path) -> Labelled:
    """A function from images (H, W, 3) uint8, masks (H, W) bool and perhaps ignored pixels to a
    data set of files.
    """

    def make(
        images: Sequence[np.ndarray],
        masks: Sequence[np.ndarray],
        ignored: Sequence[np.ndarray] | None = None,
    ) -> DataSet:
        folder, entries = tmp_path / f"set-{len(list(tmp_path.iterdir()))}", []
        folder.mkdir()
        for image_id, (image, mask) in enumerate(zip(images, masks, strict=True)):
            path = folder / f"{image_id}.png"
            assert cv2.imwrite(str(path), image[..., ::-1])
            regions = [(mask, 0)] if ignored is None else [(mask, 0), (ignored[image_id], 1)]
            annotations = tuple(
                {
                    "id": number,
                    "image_id": image_id,
                    "segmentation": _compressed(region),
                    "iscrowd": crowd,
                }
                for number, (region, crowd) in enumerate(regions)
            )
            height, width = mask.shape
            entries.append(
                Entry(image_id, path.name, path, width, height, annotations=annotations)
            )
        return DataSet(entries)

    return make


def _compressed(mask: np.ndarray) -> dict:
    """A mask (H, W) bool as COCO's compressed RLE."""
    rle = pycoco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": rle["size"], "counts": rle["counts"].decode()}
