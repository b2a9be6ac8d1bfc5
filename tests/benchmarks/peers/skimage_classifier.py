"""scikit-image's trainable classifier on the same photos:
`python tests/benchmarks/peers/skimage_classifier.py --data DIR --minutes 12 --output FOLDER`.

`skimage.future.TrainableSegmenter` learns from one image on which a person painted strokes. For a
folder of photos, `fit_segmenter` is given pixels drawn at random from all of them. The features
(`multiscale_basic_features`) and the random forest have the settings of scikit-image's example
"Trainable segmentation using local features and random forests". Photos are taken in random order
until three quarters of the time are over.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
from peer_data import hand_in, labelled_photos
from skimage.feature import multiscale_basic_features
from skimage.future import TrainableSegmenter, fit_segmenter
from sklearn.ensemble import RandomForestClassifier

PIXELS = 4000  # of each photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    began = time.perf_counter()
    forest = RandomForestClassifier(
        n_estimators=50, max_depth=10, max_samples=0.05, random_state=0
    )
    segmenter = TrainableSegmenter(clf=forest, features_func=features_of)
    features, labels, photos = sampled(options.data / "train", began + 45 * options.minutes)
    fit_segmenter(labels, features, forest)  # what `segmenter.fit` does with a single photo

    def predict(photo: np.ndarray) -> np.ndarray:
        """Mask (H, W) bool."""
        return segmenter.predict(photo) == 2

    seconds = time.perf_counter() - began
    hand_in(options.output, options.data, predict, photos=photos, fit_seconds=round(seconds))


def features_of(photo: np.ndarray) -> np.ndarray:
    """Smoothed colours and texture at five scales: (H, W, 45) float32."""
    return multiscale_basic_features(
        photo,
        intensity=True,
        edges=False,
        texture=True,
        sigma_min=1,
        sigma_max=16,
        channel_axis=-1,
    )


def sampled(folder: Path, ends: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Draw pixels from photos in random order until `ends` of `time.perf_counter`.

    Returns:
        Features (N, 45), labels (N,), 1 for ground and 2 for objects, and the number of photos.
    """
    rows, labels = [], []
    draw = np.random.default_rng(0)
    photos = list(labelled_photos(folder))
    random.Random(0).shuffle(photos)
    for _, photo, mask in photos:
        if time.perf_counter() > ends:
            break
        chosen = draw.choice(mask.size, PIXELS, replace=False)
        rows.append(features_of(photo).reshape(mask.size, -1)[chosen])
        labels.append(1 + mask.ravel()[chosen].astype(np.uint8))
    return np.concatenate(rows), np.concatenate(labels), len(rows)


if __name__ == "__main__":
    main()
