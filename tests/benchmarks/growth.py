"""How memory and time grow with the number of images: `python tests/benchmarks/growth.py`.

For each number, a folder of square images is made from a few generated ones, and each stage runs
in a process of its own: the check, the reading with a cache, ten steps of training with it, and
the scoring of `val`. Memory is the peak of the process; seconds are those of its CPU, so that a
busy machine does not count.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("check", "cache", "train", "score")


def make(folder: Path, count: int, size: int) -> None:
    """A data folder whose `train` and `val` have `count` images together, no two alike."""
    from common.image_files import write_pixels
    from common.sample import generate

    source = folder.with_name("source")
    if not source.is_dir():
        generate(source, train=8, val=8, real_test=1, size=size, seed=3, progress=False)
    from common.coco import read_image

    random = np.random.default_rng(0)
    for split in ("train", "val"):
        (folder / split / "images").mkdir(parents=True)
        content = json.loads((source / split / "coco_annotations.json").read_text())
        images, notes = content["images"], content["annotations"]
        pixels = [read_image(source / split / "images" / one["file_name"]) for one in images]
        content["images"], content["annotations"] = [], []
        for number in range(count // 2):
            kind = number % len(images)
            name, image_id = f"{number:06}.jpg", number + (split == "val") * count
            content["images"].append({**images[kind], "id": image_id, "file_name": name})
            content["annotations"] += [
                {**note, "id": len(content["annotations"]) + place, "image_id": image_id}
                for place, note in enumerate(notes)
                if note["image_id"] == images[kind]["id"]
            ]
            image = pixels[kind] ^ random.integers(0, 8, (size, size, 1), dtype=np.uint8)
            write_pixels(folder / split / "images" / name, image)
        (folder / split / "coco_annotations.json").write_text(json.dumps(content))


def run(stage: str, folder: Path) -> None:
    """One stage; prints its CPU seconds and the peak of this process's memory in MB."""
    from common.data import load_data
    from common.data.check import check_data
    from common.masks.evaluate import score_image
    from common.masks.postprocess import Postprocess

    began = time.process_time()
    if stage == "check":
        check_data(folder)
    else:
        data = load_data(folder, cache_root=folder / "cache")
        if stage == "train":
            from approaches import build
            from approaches.base import Budget

            build("unet", None, {"crop_px": 128}).fit(data.fit, data.tune, budget=Budget(steps=10))
        for sample in data.score if stage == "score" else ():
            score_image(sample, sample.image[..., 1], Postprocess(0.5))
    seconds = time.process_time() - began
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    """Print a row for each stage."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--counts", type=int, nargs=2, default=[500, 5000])
    options.add_argument("--size", type=int, default=512, help="side of an image in pixels")
    options.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.stage:
        return run(given.stage, given.folder)
    few, many = given.counts
    found: dict[tuple[str, int], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for count in given.counts:
            folder = Path(scratch) / str(count)
            make(folder, count, given.size)
            for stage in STAGES:
                command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder)]
                told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                found[stage, count] = tuple(json.loads(told.splitlines()[-1]))
    print(f"| stage | {few} images | {many} images | memory | seconds for each image |")
    print("| --- | --- | --- | --- | --- |")
    for stage in STAGES:
        (short, small), (long, large) = found[stage, few], found[stage, many]
        grown = f"{large / small:.2f} times | {long / many / (short / few):.2f} times"
        print(
            f"| {stage} | {short:.1f} s, {small:.0f} MB | {long:.1f} s, {large:.0f} MB | {grown} |"
        )
    return None


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
