"""The classical baseline: each pixel is classified by its colour and texture with gradient-boosted
trees.
"""

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cv2
import lightgbm as lgb
import numpy as np

from approaches import processes
from approaches.base import (
    Approach,
    Budget,
    FitReport,
    NotFittedError,
    check_image,
)
from approaches.configs import FEATURE_GROUPS, PixelConfig
from common.data import DataSet, Sample, as_predicted
from common.data.groups import spread
from common.geometry import tiled
from common.progress import progress, waiting
from common.records.self_description import PreparationStep
from common.scale import image_sizes
from common.words import counted, listed

MODEL_TEXT, CASCADE = "lightgbm.txt", "cascade.json"
# A pixel that all trees give less than this is background at any threshold worth choosing; of
# the others, this share at most may be taken for such after the first trees.
BACKGROUND, MISSED = 0.05, 0.001
FIRST_PARTS = (16, 8, 4)  # of all trees that may come first


def feature_names(scales: int, groups: Sequence[str] = FEATURE_GROUPS) -> list[str]:
    """Names of the columns of `pixel_features`, e.g. `contrast_a_4px`."""
    names = []
    for level in range(scales):
        size = f"{2 ** (level + 1)}px"
        if "colour" in groups:
            names += [f"colour_{channel}_{size}" for channel in "Lab"]
        if "contrast" in groups:
            names += [f"contrast_{channel}_{size}" for channel in "Lab"]
        if "edges" in groups:
            names += [f"gradient_{size}", f"valley_{size}", f"ridge_{size}"]
        if "texture" in groups:
            names += [f"spread_{channel}_{size}" for channel in "Lab"]
    return names


def pixel_features(
    image: np.ndarray, scales: int = 5, groups: Sequence[str] = FEATURE_GROUPS
) -> np.ndarray:
    """Features on a grid of half the image's resolution.

    At the scales 2, 4, 8, … px: the smoothed CIELAB colour, its contrast to the surroundings two
    scales up, gradient magnitude and the two Hessian eigenvalues of lightness, and the local
    standard deviation of each channel.

    Args:
        image: (H, W, 3) uint8 RGB of any size.
        scales: how many scales, the first at 2 px.
        groups: which kinds of features, of `FEATURE_GROUPS`.

    Returns:
        (ceil(H / 2), ceil(W / 2), n_features) float32.
    """
    height, width = (image.shape[0] + 1) // 2, (image.shape[1] + 1) // 2
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    pyramid = [cv2.resize(lab, (width, height), interpolation=cv2.INTER_AREA)]
    for _ in range(scales + 1):
        pyramid.append(_halved(pyramid[-1]))
    maps = []
    for level in range(scales):
        here = pyramid[level]
        smooth = cv2.GaussianBlur(here, (0, 0), 1.0)
        if "colour" in groups:
            maps.append(smooth)
        if "contrast" in groups:
            maps.append(smooth - _resized(pyramid[level + 2], here.shape))
        if "edges" in groups:
            maps.append(_edges(smooth[..., 0]))
        if "texture" in groups:
            maps.append(_spread(here))
    return np.concatenate([_resized(part, (height, width)) for part in maps], axis=2)


def _halved(image: np.ndarray) -> np.ndarray:
    size = (max(1, (image.shape[1] + 1) // 2), max(1, (image.shape[0] + 1) // 2))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _resized(image: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    if image.shape[:2] == tuple(shape[:2]):
        return image
    return cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _edges(lightness: np.ndarray) -> np.ndarray:
    """Gradient magnitude and the larger and smaller Hessian eigenvalue, (h, w, 3)."""
    dx, dy = (
        cv2.Sobel(lightness, cv2.CV_32F, *order, ksize=3, scale=1 / 8)
        for order in ((1, 0), (0, 1))
    )
    dxx, dyy = (
        cv2.Sobel(lightness, cv2.CV_32F, *order, ksize=3, scale=1 / 4)
        for order in ((2, 0), (0, 2))
    )
    dxy = cv2.Sobel(lightness, cv2.CV_32F, 1, 1, ksize=3, scale=1 / 4)
    half_trace, root = (dxx + dyy) / 2, np.sqrt(((dxx - dyy) / 2) ** 2 + dxy**2)
    # cv2.magnitude rounds differently with the place of its arrays in memory
    gradient = np.sqrt(dx * dx + dy * dy)
    return np.dstack([gradient, half_trace + root, half_trace - root])


def _spread(image: np.ndarray) -> np.ndarray:
    """Standard deviation of each channel in a 5x5 window, (h, w, 3)."""
    mean = cv2.blur(image, (5, 5))
    return np.sqrt(np.maximum(cv2.blur(image * image, (5, 5)) - mean * mean, 0))


class PixelLightGBM(Approach[PixelConfig]):
    """LightGBM on a balanced sample of pixels; its probabilities are corrected for the
    balancing.
    """

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Sample pixels, boost until the log loss on *tune* no longer falls; `budget.epochs` has
        no meaning here.

        A time limit becomes a number of rounds, from the speed of the first ones; `budget.steps`
        gives it by hand. Without patience that number of rounds is trained and kept, and *tune* is
        not looked at.

        Raises:
            ValueError: *fit*, or a *tune* that is looked at, holds only objects or only
                background.
        """
        start = time.monotonic()
        deadline = start + 60 * budget.minutes if budget.minutes else None
        rows, labels, rate = self._sampled(fit_set, seed)
        names = feature_names(self.config.scales, self.config.feature_groups)
        train = lgb.Dataset(rows, labels, feature_name=names, free_raw_data=True)
        judged, stops = [], []
        if self.config.patience:
            tune_rows, tune_labels, _ = self._sampled(tune_set, seed + 1)
            judged = [lgb.Dataset(tune_rows, tune_labels, reference=train)]
            stops = [lgb.early_stopping(self.config.patience, verbose=False)]
        limit = _RoundLimit(deadline)
        with waiting("pixel_lightgbm: boosting trees"):
            self.booster_ = lgb.train(
                self._parameters(seed, len(labels)),
                train,
                num_boost_round=min(self.config.rounds, budget.steps or self.config.rounds),
                valid_sets=judged,
                callbacks=[*stops, limit],
            )
        self.balance_ = rate
        self.cascade_ = self._cascade(*((tune_rows, tune_labels) if judged else (rows, labels)))
        self.report_ = FitReport(
            steps=self.booster_.best_iteration or self.booster_.current_iteration(),
            notes={
                "pixels": len(labels),
                "features": len(names),
                "rounds_allowed": limit.rounds or self.config.rounds,
            },
        )
        return self

    def _cascade(self, rows: np.ndarray, labels: np.ndarray) -> tuple[int, float] | None:
        """How many trees come first, and up to which of their log odds a pixel is left at that;
        None where no trees can be saved.

        Args:
            rows: (n, f) float32 features of pixels.
            labels: (n,) of them.
        """
        trees = self.booster_.best_iteration or self.booster_.current_iteration()
        odds = self.booster_.predict(rows, raw_score=True) + np.log(self.balance_)
        possible = odds >= np.log(BACKGROUND / (1 - BACKGROUND))
        if not possible.any():
            return None
        found: dict[tuple[int, float], float] = {}
        for first in sorted({max(1, trees // part) for part in FIRST_PARTS}):
            early = self.booster_.predict(rows, raw_score=True, num_iteration=first)
            most = float(np.quantile(early[possible], MISSED))
            left = float((early[labels == 0] > most).mean())
            found[first, most] = first / trees + left * (1 - first / trees)
        best = min(found, key=found.__getitem__)
        return best if found[best] < 1 else None

    def _parameters(self, seed: int, pixels: int) -> dict[str, object]:
        """LightGBM's settings for so many pixels."""
        return {
            "objective": "binary",
            "learning_rate": self.config.learning_rate,
            "num_leaves": self.config.leaves,
            "min_data_in_leaf": min(self.config.min_leaf_pixels, max(1, pixels // 50)),
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": processes.cores(),  # the other processes wait meanwhile
            "verbosity": -1,
        }

    def _sampled(self, data_set: DataSet, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
        """Features (n, f) float32 and labels (n,) of the drawn pixels, and how much rarer object
        is than drawn.
        """
        rows, labels = [], []
        present = np.zeros(2)
        chosen = data_set.subset(spread(data_set, self.config.most_images))
        sizes = image_sizes(data_set.own_shapes)
        for drawn in progress(chosen, "pixel_lightgbm: sampling pixels"):
            sample = as_predicted(drawn, sizes)
            height, width = ((size + 1) // 2 for size in sample.mask.shape)
            share = cv2.resize(
                sample.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA
            )
            usable = (
                cv2.resize(
                    sample.ignore.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA
                )
                == 0
            )
            truth = share >= 0.5
            present += (usable & ~truth).sum(), (usable & truth).sum()
            index = _draw(truth, usable, self.config.pixels_per_image, seed, sample)
            features = self._features(sample.image).reshape(height * width, -1)
            rows.append(features[index])
            labels.append(truth.reshape(-1)[index])
        stacked = np.concatenate(labels)
        taken = np.array([(~stacked).sum(), stacked.sum()])
        if 0 in taken:
            raise ValueError(
                f"{len(data_set)} images with {int(present[1])} object and {int(present[0])} "
                "background pixels; the pixel classifier needs both kinds."
            )
        return (
            np.concatenate(rows),
            stacked.astype(np.int8),
            float(present[1] / present[0] * taken[0] / taken[1]),
        )

    def _features(self, image: np.ndarray) -> np.ndarray:
        return pixel_features(image, self.config.scales, self.config.feature_groups)

    def preparation(self) -> Sequence[PreparationStep]:
        """Which features each pixel has."""
        kinds, scales = listed(self.config.feature_groups), self.config.scales
        wording = f"{kinds} of each pixel at {counted(scales, 'scale')}"
        return [PreparationStep("features", wording, ("feature_groups", "scales"))]

    def remarks(self) -> Sequence[str]:
        """How many trees, of how many pixels."""
        notes = self.report_.notes
        if not notes:
            return ()
        rounds = f"{self.report_.steps} of {notes['rounds_allowed']} rounds of boosting"
        return [f"{rounds} on {counted(notes['pixels'], 'pixel')}"]

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """Classify on a grid of half resolution and interpolate (see `Approach.predict_proba`)."""
        if not hasattr(self, "booster_"):
            raise NotFittedError(
                "this pixel classifier has no trees yet; call fit(fit_set, tune_set, budget=…) or "
                "load."
            )
        return tiled(self._predict_tile, check_image(image))

    def _predict_tile(self, image: np.ndarray) -> np.ndarray:
        features = self._features(image)
        rows = features.reshape(-1, features.shape[2])
        odds = self._log_odds(rows).reshape(features.shape[:2]) + np.float32(np.log(self.balance_))
        proba = 1 / (1 + np.exp(-odds))
        return np.clip(cv2.resize(proba, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), 0, 1)

    def _log_odds(self, rows: np.ndarray) -> np.ndarray:
        """What the trees give for features (n, f), (n,) float32; most pixels of background are
        left at what the first trees give.
        """

        def predicted(rows: np.ndarray, **trees: int) -> np.ndarray:
            raw = self.booster_.predict(
                rows, raw_score=True, num_threads=processes.threads(), **trees
            )
            return np.asarray(raw, np.float32)

        if self.cascade_ is None:
            return predicted(rows)
        first, most = self.cascade_
        odds = predicted(rows, num_iteration=first)
        left = np.flatnonzero(odds > most)
        if len(left):
            odds[left] += predicted(rows[left], start_iteration=first)
        return odds

    def save(self, folder: Path) -> None:
        """Write LightGBM's text format, the correction for the balancing and the cascade."""
        self.booster_.save_model(folder / MODEL_TEXT, num_iteration=self.booster_.best_iteration)
        (folder / "balance.json").write_text(json.dumps(self.balance_), encoding="utf-8")
        if self.cascade_ is not None:
            (folder / CASCADE).write_text(json.dumps(self.cascade_), encoding="utf-8")

    def save_native(self, folder: Path) -> str:
        """Write LightGBM's text; see `Approach.save_native`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.save(folder)
        return (
            f"`{folder.name}/{MODEL_TEXT}` is LightGBM's text format: "
            f"`lightgbm.Booster(model_file=...)`. It takes the {self.booster_.num_feature()} "
            "features that it names, one row a pixel; the logarithm of the number in "
            "`balance.json` is added to its raw score before the sigmoid."
        )

    def load(self, folder: Path) -> Self:
        """Read what `save` wrote."""
        self.booster_ = lgb.Booster(model_file=folder / MODEL_TEXT)
        self.balance_ = json.loads((folder / "balance.json").read_text(encoding="utf-8"))
        stored = folder / CASCADE
        self.cascade_ = json.loads(stored.read_text()) if stored.is_file() else None
        return self

    def parameters(self) -> int:
        """Split thresholds and leaf values of all trees."""
        trees = self.booster_.model_to_string()  # as a data frame they take half a second
        leaves = re.findall(r"^num_leaves=(\d+)$", trees, re.MULTILINE)
        return sum(2 * int(number) - 1 for number in leaves)


def _draw(
    truth: np.ndarray, usable: np.ndarray, count: int, seed: int, sample: Sample
) -> np.ndarray:
    """Flat indices of up to count/2 object and count/2 background pixels, the same for an image
    whatever its place.
    """
    random = np.random.default_rng([seed, sample.image_id % 2**63])
    drawn = []
    for wanted in (truth, ~truth):
        candidates = np.flatnonzero((wanted & usable).reshape(-1))
        drawn.append(random.choice(candidates, min(len(candidates), count // 2), replace=False))
    return np.sort(np.concatenate(drawn))


class _RoundLimit:
    """LightGBM callback: after the tenth round, the time that is left becomes a number of rounds,
    of which the best is kept, or the last where nothing judges them.
    """

    order = 0

    def __init__(self, deadline: float | None):
        self.deadline, self._start = deadline, time.monotonic()
        self.rounds: int | None = None
        self._best: tuple[float, int, list[tuple[str, str, float, bool]]] | None = None

    def __call__(self, env: lgb.callback.CallbackEnv) -> None:
        done = env.iteration - env.begin_iteration + 1
        if self.deadline is None:
            return
        log_loss = env.evaluation_result_list[0][2] if env.evaluation_result_list else -done
        if self._best is None or log_loss < self._best[0]:
            self._best = (log_loss, env.iteration, env.evaluation_result_list)
        if done == 10:
            now = time.monotonic()
            self.rounds = max(
                10, 10 + int((self.deadline - now) / max((now - self._start) / 10, 1e-6))
            )
        if self.rounds and done >= self.rounds:
            raise lgb.callback.EarlyStopException(*self._best[1:])
