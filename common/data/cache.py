"""One memory-mapped copy of decoded images and masks, so that a second run need not decode. It is
keyed by the content it was made from: a changed image or annotation gets a new cache, and a
half-written one never carries the final name.
"""

import json
import mmap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

import numpy as np

from common.files import whole_folder

FORMAT = 1
MASK_BIT, IGNORE_BIT = 1, 2
Decode = Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]]


class Cache:
    """Decoded samples by image id; opened read-only, so any number of processes may share it."""

    def __init__(self, folder: Path):
        self.folder = folder
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self._places = {int(image_id): place for image_id, place in index["places"].items()}
        self._pixels = np.load(folder / "pixels.npy", mmap_mode="r")
        self._labels = np.load(folder / "labels.npy", mmap_mode="r")

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        """Another process opens the files; their content is never copied to it."""
        return type(self), (self.folder,)

    def has(self, image_id: int, size: tuple[int, int]) -> bool:
        """Whether all pixels of an image of this (height, width) are there."""
        start, height, width = self._places[image_id]
        stop = start + height * width
        least = min(len(self._pixels), len(self._labels))
        return (height, width) == tuple(size) and start >= 0 and stop <= least

    def read(self, image_id: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image (H, W, 3) uint8 RGB, mask (H, W) bool and ignored pixels (H, W) bool."""
        start, height, width = self._places[image_id]
        stop = start + height * width
        labels = np.array(self._labels[start:stop].reshape(height, width))
        image = np.array(self._pixels[start:stop].reshape(height, width, 3))
        _let_go(self._labels, self._pixels)
        return image, (labels & MASK_BIT) > 0, (labels & IGNORE_BIT) > 0


def _let_go(*arrays: np.memmap) -> None:
    """Give back the memory in which the system keeps what was read or written, lest it grow with
    the number of images; the files have it all.
    """
    for array in arrays:
        if isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            array.base.madvise(mmap.MADV_DONTNEED)


def open_cache(
    root: Path,
    key: str,
    sizes: Mapping[int, tuple[int, int]],
    decode: Decode,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Cache:
    """Open the cache of this content, or make it first.

    Args:
        root: folder that holds all caches, one folder for each key.
        key: digest of everything that decides the pixels (`common.data.sets.content_key`).
        sizes: image id → (height, width).
        decode: image id → image, mask, ignore, called only when the cache is made.
        progress: wraps the ids while the cache is made.
    """
    folder = root / f"{key[:16]}-v{FORMAT}"
    try:
        return _complete(Cache(folder), sizes)
    except Exception:  # there is none, or its bytes are broken: NumPy raises almost anything
        root.mkdir(parents=True, exist_ok=True)
        with whole_folder(folder) as partial:
            _write(partial, sizes, decode, progress)
    return Cache(folder)


def _complete(cache: Cache, sizes: Mapping[int, tuple[int, int]]) -> Cache:
    """The cache, if it holds every image at its size; else a ValueError."""
    if not all(cache.has(image_id, size) for image_id, size in sizes.items()):
        raise ValueError(f"{cache.folder} does not hold all images.")
    return cache


def _write(
    partial: Path,
    sizes: Mapping[int, tuple[int, int]],
    decode: Decode,
    progress: Callable[[Iterable[int]], Iterable[int]],
) -> None:
    total = sum(height * width for height, width in sizes.values())
    pixels = np.lib.format.open_memmap(
        partial / "pixels.npy", mode="w+", dtype=np.uint8, shape=(total, 3)
    )
    labels = np.lib.format.open_memmap(
        partial / "labels.npy", mode="w+", dtype=np.uint8, shape=(total,)
    )
    places, start = {}, 0
    for image_id in progress(sorted(sizes)):
        height, width = sizes[image_id]
        image, mask, ignore = decode(image_id)
        stop = start + height * width
        pixels[start:stop] = image.reshape(-1, 3)
        labels[start:stop] = (mask * MASK_BIT + ignore * IGNORE_BIT).astype(np.uint8).reshape(-1)
        _let_go(pixels, labels)
        places[image_id] = [start, height, width]
        start = stop
    pixels.flush()
    labels.flush()
    (partial / "index.json").write_text(
        json.dumps({"format": FORMAT, "places": places}), encoding="utf-8"
    )
