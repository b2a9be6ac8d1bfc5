"""A folder of generated photos in the layout of the real data set.

It is written beside its place and renamed when whole, so a half-written folder is never taken for
data. It refuses to replace a folder that it did not write.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypedDict

import cv2
import numpy as np

from common.commands import RefusedError
from common.files import whole_folder
from common.progress import progress as with_progress
from common.sample.outline import outline
from common.sample.scene import PHOTOS_PER_PLACE, SPLITS, Scene, render_scene

VERSION = 1
MARKER = "sample.json"
OWN_ENTRIES = {"train", "val", "real_test", "README.md", "LICENSE", MARKER}
FIRST_ID = {"train": 0, "val": 1_000_000, "real_test": 0}
# of glibc, elsewhere without effect: memory that one image frees stays for the next
KEPT_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
CATEGORY = {"id": 1, "name": "cig_butt", "supercategory": "cigarette"}
LICENSE_ENTRY = {
    "id": 0,
    "name": "CC0 1.0 Universal",
    "url": "https://creativecommons.org/publicdomain/zero/1.0/",
}
LICENSE_TEXT = """CC0 1.0 Universal

To the extent possible under law, the authors of the generator have waived all copyright and
related or neighbouring rights to the pictures and annotations in this folder. They were computed,
not photographed; use them for any purpose, commercial or not, changed or not, without asking and
without naming anybody.

https://creativecommons.org/publicdomain/zero/1.0/legalcode
"""
README_TEXT = """# Generated sample data

Rendered pictures of cigarette butts on the ground, in the layout of the real data set. Nothing in
them is a photo.

| folder | images | labels |
| --- | --- | --- |
| `train/` | {train} | COCO polygons, mostly one butt an image, some none |
| `val/` | {val} | the same; no butt and no ground of `train` |
| `real_test/` | {real_test} | none; one to nine butts, on other grounds and in other lights |

Made by

    python -m common.sample --output DIR --train {train} --val {val} --real-test {real_test} \\
        --size {size} --seed {seed} --photos-per-place {photos_per_place} --strewn {strewn:g}

The same command makes the same bytes with the same package versions on the same kind of CPU.
`group` in an image's entry names its place: images of one place share the ground and the butts.
Free for any use, see LICENSE (CC0).
"""


class OutlinedButt(TypedDict):
    """One visible butt the COCO way, all in pixels."""

    segmentation: list[list[float]]
    area: float
    bbox: list[float]


class WrittenImage(TypedDict):
    """What is to be known of an image that was written."""

    split: str
    index: int
    group: str
    objects: list[OutlinedButt]


@dataclass(frozen=True)
class Drawing:
    """How every image of a data set is drawn.

    Attributes:
        size: Height and width in pixels.
        seed: The data set's seed.
        photos_per_place: How many photos in a row share a place.
        strewn: Share of the labelled images with litter and partly hidden butts.
    """

    size: int
    seed: int
    photos_per_place: int
    strewn: float


class Share(TypedDict):
    """What one process of several is asked to write; `drawing` are the fields of a `Drawing`."""

    folder: str
    counts: dict[str, int]
    drawing: dict[str, Any]
    workers: int
    rank: int


def generate(
    folder: str | Path,
    *,
    train: int = 60,
    val: int = 20,
    real_test: int = 6,
    size: int = 512,
    seed: int = 0,
    photos_per_place: int = PHOTOS_PER_PLACE,
    strewn: float = 1.0,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Write a generated data set: the folder is there whole or not at all.

    Args:
        folder: Where to; a new or empty folder, or one that an earlier call wrote, which is then
            replaced.
        train: Number of labelled images in `train/`.
        val: Number of labelled images in `val/`.
        real_test: Number of images without labels in `real_test/`.
        size: Height and width of every image in pixels, at least 128.
        seed: Same seed, same bytes, whatever the number of workers.
        photos_per_place: How many photos share a ground and its butts, at least 1: a group.
        strewn: Share of the labelled images, from 0 to 1, with litter and partly hidden butts, as
            all of `real_test` have them. With 0 they are as composites mostly are: a butt on bare
            ground.
        workers: Number of processes; None takes one a core, fewer for a small set.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The folder.

    Raises:
        RefusedError: for counts, size or seed out of range.
        FileExistsError: if the folder holds something else.
    """
    counts = {"train": train, "val": val, "real_test": real_test}
    _check(counts, size, seed, workers)
    if photos_per_place < 1:
        raise RefusedError(
            f"generate got photos_per_place={photos_per_place}; it needs 1 or more."
        )
    if not 0 <= strewn <= 1:
        raise RefusedError(f"generate got strewn={strewn}; it needs a share from 0 to 1.")
    folder = Path(folder).absolute()
    _refuse_foreign(folder)
    drawing = Drawing(size, seed, photos_per_place, strewn)
    settings = {"version": VERSION, **counts, **asdict(drawing)}
    with whole_folder(folder) as partial:
        _write_images(partial, counts, drawing, workers, progress)
        (partial / "README.md").write_text(README_TEXT.format(**settings), encoding="utf-8")
        (partial / "LICENSE").write_text(LICENSE_TEXT, encoding="utf-8")
        (partial / MARKER).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    return folder


def image_tasks(counts: dict[str, int]) -> list[tuple[str, int]]:
    """List (split, index) of every image of a data set, in writing order."""
    return [(split, index) for split in SPLITS for index in range(counts[split])]


def write_share(
    folder: Path, tasks: Iterable[tuple[str, int]], drawing: Drawing
) -> Iterator[WrittenImage]:
    """Render and write some of the images; yield the entry of each for the annotation file.

    Args:
        folder: The data set's folder, with its image folders.
        tasks: (split, index) of the images to write.
        drawing: How to draw them.

    Yields:
        One entry for each image.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for split, index in tasks:
            scene = render_scene(index=index, split=split, **asdict(drawing))
            (folder / image_path(split, index)).write_bytes(scene.jpeg)
            yield {
                "split": split,
                "index": index,
                "group": scene.group,
                "objects": _objects(scene),
            }
    finally:
        cv2.setNumThreads(threads)


def image_path(split: str, index: int) -> Path:
    """Say where an image lies inside the data set's folder."""
    if split == "real_test":
        return Path(split, f"{index:04d}.jpg")
    return Path(split, "images", f"{FIRST_ID[split] + index:08d}.jpg")


def _objects(scene: Scene) -> list[OutlinedButt]:
    """Describe each visible butt of a scene the COCO way."""
    objects: list[OutlinedButt] = []
    for mask in scene.butts:
        ys, xs = np.nonzero(mask)
        x, y = int(xs.min()), int(ys.min())
        objects.append(
            {
                "segmentation": outline(mask),
                "area": float(len(xs)),
                "bbox": [
                    float(x),
                    float(y),
                    float(xs.max() - x + 1),
                    float(ys.max() - y + 1),
                ],
            }
        )
    return objects


def _check(counts: dict[str, int], size: int, seed: int, workers: int | None) -> None:
    for split, count in counts.items():
        if count < 0 or count >= FIRST_ID["val"]:
            raise RefusedError(
                f"generate got {split}={count}; it needs a count from 0 to "
                f"{FIRST_ID['val'] - 1:,}."
            )
    if not 128 <= size <= 4096:
        raise RefusedError(
            f"generate got size={size}; butts of 25 to 140 px need images of 128 to 4096 px."
        )
    if seed < 0:
        raise RefusedError(f"generate got seed={seed}; it needs a seed of 0 or more.")
    if workers is not None and workers < 1:
        raise RefusedError(
            f"generate got workers={workers}; it needs 1 or more, or None for one a core."
        )


def _refuse_foreign(folder: Path) -> None:
    """Raise unless the folder is missing, empty or an earlier output with nothing else in it."""
    if not folder.exists():
        return
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else {"(a file)"}
    if not names or (MARKER in names and names <= OWN_ENTRIES):
        return
    strange = sorted(names - OWN_ENTRIES) or sorted(names)
    raise FileExistsError(
        f"{folder} holds {', '.join(strange[:5])}, which this generator did not write; it "
        "replaces only an empty folder or its own earlier output. Choose another folder or move "
        "those files away."
    )


def _write_images(
    folder: Path,
    counts: dict[str, int],
    drawing: Drawing,
    workers: int | None,
    progress: bool,
) -> None:
    """Write all images and the two annotation files, sharing the work among processes."""
    for split in SPLITS:
        (folder / image_path(split, 0)).parent.mkdir(parents=True)
    tasks = image_tasks(counts)
    if workers is None:
        cores = (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
        workers = max(1, min(cores, len(tasks) // 10))
    if workers == 1:
        entries = write_share(folder, tasks, drawing)
    else:
        entries = _from_processes(folder, counts, drawing, workers)
    drawn = with_progress(entries, "drawing sample data", total=len(tasks), show=progress)
    written = sorted(drawn, key=lambda entry: (entry["split"], entry["index"]))
    for split in ("train", "val"):
        document = annotation_document(
            [entry for entry in written if entry["split"] == split], split, drawing.size
        )
        path = folder / split / "coco_annotations.json"
        path.write_text(json.dumps(document) + "\n", encoding="utf-8")


def annotation_document(
    entries: Iterable[WrittenImage], split: str, size: int
) -> dict[str, object]:
    """Build the COCO document of one split from its entries, in order of index."""
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for entry in entries:
        image_id = FIRST_ID[split] + entry["index"]
        images.append(
            {
                "id": image_id,
                "file_name": image_path(split, entry["index"]).name,
                "width": size,
                "height": size,
                "license": LICENSE_ENTRY["id"],
                "group": entry["group"],
            }
        )
        for found in entry["objects"]:
            number = FIRST_ID[split] + len(annotations) + 1
            annotations.append(
                {
                    "id": number,
                    "image_id": image_id,
                    "category_id": 1,
                    **found,
                    "iscrowd": 0,
                }
            )
    info = {
        "description": "Generated cigarette butts on the ground (common.sample)",
        "version": str(VERSION),
    }
    return {
        "info": info,
        "licenses": [LICENSE_ENTRY],
        "categories": [CATEGORY],
        "images": images,
        "annotations": annotations,
    }


def _from_processes(
    folder: Path, counts: dict[str, int], drawing: Drawing, workers: int
) -> Iterator[WrittenImage]:
    """Share the images among fresh interpreters and yield their entries as they come.

    Plain subprocesses instead of `multiprocessing`: they neither fork a program that has threads
    nor import its main module again, so any program may call this, also from a notebook and under
    a launcher. Each has a session of its own, so that Ctrl-C reaches this program alone, which
    then ends them.
    """
    job: Share = {
        "folder": str(folder),
        "counts": counts,
        "drawing": asdict(drawing),
        "workers": workers,
        "rank": 0,
    }
    home = str(Path(__file__).resolve().parents[2])
    env = {
        **KEPT_MEMORY,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")])),
    }
    processes: list[subprocess.Popen[str]] = []
    try:
        for rank in range(workers):
            command = [
                sys.executable,
                "-m",
                "common.sample.worker",
                json.dumps({**job, "rank": rank}),
            ]
            processes.append(
                subprocess.Popen(
                    command, stdout=subprocess.PIPE, env=env, text=True, start_new_session=True
                )
            )
        for turn in range(
            len(image_tasks(counts))
        ):  # share r has images r, r + workers, …: read in turn
            line = _output(processes[turn % workers]).readline()
            if not line:
                raise RuntimeError(
                    "A worker of the sample generator stopped early; its error stands above."
                )
            yield json.loads(line)
    finally:
        for process in processes:
            _output(process).close()
            process.terminate()
            process.wait()


def _output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None  # it was started with a pipe
    return process.stdout
