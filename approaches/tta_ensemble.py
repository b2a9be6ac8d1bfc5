"""Averages the probabilities of trained members over flips and quarter turns; members, weights and
views are chosen on *tune*, by mean Dice. Where there are photos of the field, they are chosen on
both, by `common.masks.field_tuning`: views that hardly change the Dice can halve what is invented,
and a second, larger look at each photo finds objects that are smaller there than in training.

Source: R. Caruana et al., Ensemble Selection from Libraries of Models, 2004 (greedy selection with
replacement).
"""

import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from torch import nn

from approaches import processes
from approaches.base import (
    Approach,
    Budget,
    ConfigError,
    FitReport,
    NotFittedError,
    Traits,
    check_image,
)
from approaches.configs import EnsembleConfig
from approaches.network.onnx_file import mean_of_views
from approaches.predictors import check_members, quantised_proba, traits_of
from common.data import DataSet, Sample
from common.data.groups import spread
from common.data.named_sets import NamedSet
from common.files import write_whole
from common.geometry import D4_VIEWS, apply_view, invert_view
from common.json_files import read_counts
from common.masks.field_tuning import best_on_field
from common.masks.postprocess import LEVELS, quantise, threshold_curve
from common.progress import progress
from common.records.self_description import Combination, PreparationStep
from common.scale import at_size, image_sizes, prediction_scale, resized
from common.words import listed

TWO_SCALES = (1.0, 1.4)  # what is compared with the photo as it is


class TtaEnsemble(Approach[EnsembleConfig]):
    """A weighted mean over members, and over as many of the eight flips and quarter turns as help
    on *tune*.
    """

    combines = True
    scales_: tuple[float, ...] = (1.0,)

    @property
    def traits(self) -> Traits:
        """What shaped the members shaped the ensemble; the processes share the images."""
        return traits_of(self.members)

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Select on *tune*; *fit* is not read.

        Members are selected by their plain maps, which are known already; only the selected ones
        predict the other views. A time limit takes fewer images for that comparison.

        Raises:
            RequirementMissingError: no trained member was given; the message says how to train
                some.
        """
        check_members(self.members, "pixel_lightgbm,unet,smp_unet_lite0,tta_ensemble")
        start = time.monotonic()
        samples = self._samples(tune_set)
        self.scales_ = self.config.scales
        self._tune = tune_set.subset([sample.image_id for sample in samples])
        self._sizes = image_sizes(fit_set.own_shapes)
        self._predict(samples, D4_VIEWS[:1])
        self.weights_, plain, alone = self._select(samples)
        self.views_ = 1
        if self.config.views:
            return self._selected(self.config.views, plain, alone)
        compared = samples[: self._affordable(samples, budget, start, folder)]
        if self.fields and self.config.scales == (1.0,):
            self._look_twice(compared)
        views, gain = self._doubled(compared)
        return self._selected(views, plain, alone, gain=gain, compared=len(compared))

    def _look_twice(self, samples: Sequence[Sample]) -> None:
        """Predict at a larger scale too, if the photos of the field gain enough by it."""
        plain = self._score(samples, self.weights_, D4_VIEWS[:1])
        self.scales_ = TWO_SCALES
        self._predict(samples, D4_VIEWS[:1])
        gain = self._score(samples, self.weights_, D4_VIEWS[:1]) - plain
        if gain < self.config.least_gain_of_views:
            self.scales_ = (1.0,)

    def _doubled(self, samples: Sequence[Sample]) -> tuple[int, float]:
        """Twice as many views as long as that gains enough; their number, and what they gain over
        a single one, or what two would have gained.
        """
        views, scores = 1, [self._score(samples, self.weights_, D4_VIEWS[:1])]
        while views < len(D4_VIEWS):
            self._predict(samples, D4_VIEWS[: 2 * views])
            scores.append(self._score(samples, self.weights_, D4_VIEWS[: 2 * views]))
            if scores[-1] - scores[-2] < self.config.least_gain_of_views:
                break
            views *= 2
        return views, scores[max(1, views.bit_length() - 1)] - scores[0]

    def _samples(self, tune_set: DataSet) -> list[Sample]:
        """Images with objects, taken in turn from each group, so that the first few are of many
        groups too.
        """
        order = spread(tune_set, self.config.most_images)
        visible = {
            sample.image_id: sample for sample in tune_set.subset(order) if sample.mask.any()
        }
        return [visible[image_id] for image_id in order if image_id in visible]

    def _selected(
        self, views: int, plain: float, alone: Mapping[str, float], **notes: float
    ) -> Self:
        """Keep what was selected, and tell of it."""
        self.views_ = views
        self.members = {name: self.members[name] for name in self.weights_}
        best = max(alone, key=alone.__getitem__)
        wording = (
            "one member is enough" if len(self.weights_) == 1 else f"{len(self.weights_)} members"
        )
        self.report_ = FitReport(
            notes={
                "selection": (
                    f"{wording}; flips and turns {'kept' if self.views_ > 1 else 'not kept'}"
                ),
                "chosen_on": ["tune", *(one.name for one in self.fields)],
                "weights": self.weights_,
                "views": self.views_,
                "scales": list(self.scales_),
                "tune_dice_alone": alone,
                "tune_dice_gain_of_members": plain - alone[best],
                "tune_dice_gain_of_views": notes.get("gain"),
                "images_compared_for_views": notes.get("compared", 0),
            }
        )
        return self

    def preparation(self) -> Sequence[PreparationStep]:
        """Over how many views a prediction is averaged."""
        views = self.report_.notes.get("views", self.config.views)
        if not views:
            return ()
        wording = "one view, as the image is"
        if views > 1:
            wording = f"{views} flips and quarter turns, averaged"
        steps = [PreparationStep("views for prediction", wording, ("views",))]
        scales = self.report_.notes.get("scales", self.config.scales)
        if len(scales) > 1 or scales[0] != 1:
            seen = f"the mean of {listed([f'{scale:g}' for scale in scales])} times the size"
            steps.append(PreparationStep("scales for prediction", seen, ("scales",)))
        return steps

    def combination(self) -> Combination | None:
        """Members, weights and views, and what they gained."""
        notes = self.report_.notes
        if not notes:
            return None
        return Combination(
            weights=notes["weights"],
            dice_alone=notes["tune_dice_alone"],
            gain_of_members=notes["tune_dice_gain_of_members"],
            views=notes["views"],
            gain_of_views=notes["tune_dice_gain_of_views"],
            images_of_views=notes["images_compared_for_views"],
        )

    def _predict(self, samples: Sequence[Sample], views: Sequence) -> None:
        """Have the members' maps of these views remembered; the processes share the images."""
        names = list(getattr(self, "weights_", self.members))
        with processes.together("predicting for the ensemble"):
            asked: list[Sample | tuple[NamedSet, int]] = [*samples, *self._field_places()]
            mine = processes.share(asked)
            for one in progress(mine, "tta_ensemble: predicting views", show=processes.is_main()):
                photo = one[0][one[1]].sample.image if isinstance(one, tuple) else one.image
                image = self._to_scale(photo)
                for name, scale, view in itertools.product(names, self.scales_, views):
                    self.members[name].predict_proba(apply_view(resized(image, scale), view))

    def _to_scale(self, photo: np.ndarray) -> np.ndarray:
        """A photo at the scale at which it will be predicted, which may not be its own."""
        return resized(photo, prediction_scale(photo.shape, self._sizes))

    def _field_places(self) -> list[tuple[NamedSet, int]]:
        """Each photo of the field by its place, to be decoded when its turn comes."""
        return [(one, place) for one in self.fields for place in range(len(one))]

    def _affordable(
        self, samples: Sequence[Sample], budget: Budget, start: float, folder: Path | None
    ) -> int:
        """How many images the time limit allows for comparing views, measured on the first and on
        the photos of the field, whose views are then known; the same on all processes.
        """
        if budget.minutes is None:
            return len(samples)
        path = folder / "plan.json" if folder else None
        if path and path.is_file():  # a continued selection compares the images that it began with
            expected = f"Delete {path.parent}; the selection begins anew."
            return read_counts(path, ["images"], expected)["images"]
        began = time.monotonic()
        self._predict(samples[:1], D4_VIEWS)
        number = processes.state().num_processes
        turns = math.ceil((1 + len(self._field_places())) / number)  # photos of each process
        each = (time.monotonic() - began) / (turns * number)
        left = budget.minutes * 60 - (time.monotonic() - start)
        images = processes.agree(int(np.clip(left / max(each, 1e-6), 1, len(samples))))
        if path and processes.is_main():
            write_whole(path, json.dumps({"images": images}) + "\n")
        processes.wait()
        return images

    def _select(self, samples: Sequence[Sample]) -> tuple[dict[str, int], float, dict[str, float]]:
        """Draw members with replacement, each time the one that gains most; weights, score, and
        scores alone.
        """
        alone = {name: self._score(samples, {name: 1}, D4_VIEWS[:1]) for name in self.members}
        drawn = Counter({max(alone, key=alone.__getitem__): 1})
        best = max(alone.values())
        for _ in range(self.config.draws - 1):
            tried = {
                name: self._score(samples, drawn + Counter([name]), D4_VIEWS[:1])
                for name in self.members
            }
            name = max(tried, key=tried.__getitem__)
            if tried[name] < best + self.config.least_gain:
                break
            drawn[name] += 1
            best = tried[name]
        return dict(drawn), best, alone

    def _score(
        self, samples: Sequence[Sample], weights: Mapping[str, int], views: Sequence
    ) -> float:
        """Mean Dice at the best threshold; with photos of the field, what is chosen by there."""
        if self.fields:
            chosen = self._tune.subset([sample.image_id for sample in samples])

            def predict(image: np.ndarray) -> np.ndarray:
                seen = self._to_scale(image)
                proba = self._mean(seen, weights, views)
                return quantise(proba if seen is image else at_size(proba, image.shape))

            return best_on_field(predict, chosen, self.fields, self._sizes)
        maps = ((quantise(self._mean(s.image, weights, views)), s.mask, s.ignore) for s in samples)
        return float(threshold_curve(maps).mean().max())

    def _mean(self, image: np.ndarray, weights: Mapping[str, int], views: Sequence) -> np.ndarray:
        """Weighted mean of the members' quantised maps over scales and views, (H, W) float32."""
        total = np.zeros(image.shape[:2], np.float32)
        for scale in self.scales_:
            sized = resized(image, scale)
            part = np.zeros(sized.shape[:2], np.float32)
            for view in views:
                seen = apply_view(sized, view)
                for name, weight in weights.items():
                    levels = quantised_proba(self.members[name], seen)
                    part += weight * invert_view(levels, view).astype(np.float32)
            part /= LEVELS * len(views) * sum(weights.values())
            total += part if sized is image else at_size(part, image.shape)
        return total / len(self.scales_)

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`."""
        if not hasattr(self, "weights_"):
            raise NotFittedError(
                "this ensemble has selected no members yet; call fit(fit_set, tune_set, …) or "
                "load."
            )
        return np.clip(
            self._mean(check_image(image), self.weights_, D4_VIEWS[: self.views_]), 0, 1
        )

    def onnx_module(self) -> tuple[nn.Module, int]:
        """See `Approach.onnx_module`: all members, weights and views in one."""
        if self.scales_ != (1.0,):
            raise ConfigError(
                "this ensemble has no ONNX form: it looks at each photo at "
                f"{listed([f'{scale:g}' for scale in self.scales_])} times its size. Leave --onnx "
                "or --engine out, or name a member with --approach."
            )
        return mean_of_views(self.members, self.weights_, D4_VIEWS[: self.views_], quantised=True)

    def save(self, folder: Path) -> None:
        """Write weights, views and scales; the members have folders of their own."""
        chosen = {"weights": self.weights_, "views": self.views_, "scales": self.scales_}
        (folder / "ensemble.json").write_text(json.dumps(chosen), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read what `save` wrote; the members were given to the constructor."""
        chosen = json.loads((folder / "ensemble.json").read_text(encoding="utf-8"))
        self.weights_, self.views_ = chosen["weights"], chosen["views"]
        self.scales_ = tuple(chosen.get("scales", (1.0,)))
        return self

    def parameters(self) -> int:
        """The sum over the members in use."""
        return sum(member.parameters() for member in self.members.values())
