"""Probability maps on disk, one gray PNG for each image, so that a restart, a score and an
ensemble read what was predicted before. They are made from users' photos: a run folder's
`probabilities/` is never for publication.
"""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from common.image_files import read_pixels, write_pixels


def image_digest(image: np.ndarray) -> str:
    """The name of an image (H, W, 3) uint8 by its content."""
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


class ProbabilityMaps:
    """The maps of one approach in steps of 1/255, found by the pixels they were predicted from."""

    def __init__(self, folder: Path):
        self.folder = folder

    def apart(self, name: str) -> "ProbabilityMaps":
        """Other maps of the same approach, in a folder below."""
        return ProbabilityMaps(self.folder / name)

    def path(self, image: np.ndarray) -> Path:
        """Where the map of an image (H, W, 3) uint8 lies, or would lie."""
        return self.folder / f"{image_digest(image)}.png"

    def __contains__(self, image: np.ndarray) -> bool:
        return self.path(image).is_file()

    def read(self, image: np.ndarray) -> np.ndarray | None:
        """The map (H, W) uint8 of an image (H, W, 3) uint8, or None if it was not predicted
        yet.
        """
        path = self.path(image)
        levels = read_pixels(path, cv2.IMREAD_GRAYSCALE) if path.is_file() else None
        return levels if levels is not None and levels.shape == image.shape[:2] else None

    def write(self, image: np.ndarray, levels: np.ndarray) -> None:
        """Store the map (H, W) uint8 of an image, whole or not at all."""
        write_pixels(self.path(image), levels)
