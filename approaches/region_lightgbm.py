"""A second look: each region that the best of the other approaches finds is accepted or rejected
by gradient-boosted trees that know its size, shape, colours, ground, and how sure the model was of
it at each scale.

The trees learn from the regions of *tune*, whose groups the model has not seen, of images of *fit*
without any object, and of the photos of the field, where there are some; else objects of *fit* are
pasted onto the images without any. With a field, it is chosen too how the model looks: at one
scale, or at two of which the higher probability counts, which finds smaller and larger objects;
and at each of them in how many flips and quarter turns, whose mean counts: what is seen in one of
them alone is often invented. The trees then also learn from what a network that was trained on
ImageNet sees in each region.

Source: A. Setio et al., Pulmonary Nodule Detection in CT Images: False Positive Reduction, IEEE
TMI 35:1160, 2016 (candidates first, then a classifier of candidates).
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lightgbm as lgb
import numpy as np

from approaches import processes
from approaches.base import (
    Approach,
    Budget,
    FitReport,
    NotFittedError,
    Traits,
    check_image,
)
from approaches.configs import RegionConfig
from approaches.predictors import ScaledPredictor, check_members, quantised_proba, traits_of
from approaches.regions.features import Regions, feature_names, find_regions
from approaches.regions.judged import (
    AnyPlace,
    Look,
    PastedPlace,
    PhotoRegions,
    Place,
    best_cut,
    cheapest,
    compared,
    scaled,
)
from common.data import DataSet
from common.data.groups import spread
from common.data.named_sets import NamedSet, Photo
from common.geometry import D4_VIEWS, apply_view, invert_view
from common.masks.field_tuning import best_on_field
from common.masks.postprocess import LEVELS, threshold_curve
from common.masks.probabilities import image_digest
from common.progress import progress
from common.records.self_description import PreparationStep
from common.scale import ImageSizes, at_size, image_sizes, mask_at_size, prediction_scale, resized
from common.words import counted

if TYPE_CHECKING:
    from approaches.regions.pooled import Components

log = logging.getLogger(__name__)

REGIONS_FILE, COMPONENTS_FILE = "regions.json", "components.safetensors"
FEWEST = 10  # regions of objects, and of none, that the trees can learn from
ROOM = 2  # with a field, photos may be so many times as large before they are brought to scale


class RegionLightGBM(Approach[RegionConfig]):
    """The regions of the best other approach, as far as trees take them for objects.

    The trees of several folds vote. A photo that they were fitted on is judged by those that have
    not seen its group, so that what is chosen afterwards is not chosen on their memory.
    """

    combines = True
    components_: "Components | None" = None

    @property
    def traits(self) -> Traits:
        """What shaped the model shaped its regions; the processes share the images."""
        return traits_of(self.members, "ImageNet" if self.components_ is not None else "")

    def fit(
        self,
        fit_set: DataSet,
        tune_set: DataSet,
        *,
        budget: Budget,
        seed: int = 0,
        folder: Path | None = None,
    ) -> Self:
        """Choose the model on *tune* and the field, then fit the trees to its regions.

        Raises:
            RequirementMissingError: no trained member was given; the message says how to train
                some.
        """
        check_members(self.members, "pixel_lightgbm,smp_unet_lite0,region_lightgbm")
        sizes = image_sizes(fit_set.own_shapes)
        room = ROOM if self.fields else 1  # a larger look needs the pixels
        self._sizes: ImageSizes | None = sizes
        self._given = ImageSizes(room * sizes.typical_px, room * sizes.largest_px)
        self.member_ = self._best_member(tune_set)
        self.members = {self.member_: self.members[self.member_]}
        tried: dict[str, float] = {}
        self.look_, self.components_ = Look(self.config.scales[:1]), None
        if self.fields:
            f1_of = self._tried(self._places(tune_set), seed)
            self.look_ = cheapest(f1_of, self.config.least_gain)
            tried = {str(look): f1 for look, f1 in f1_of.items()}
            log.info("region_lightgbm: %s", _told(tried, str(self.look_)))
        judged = self._judge(self._places(tune_set, fit_set), self.look_)
        if self.fields and self.config.components:
            judged = self._with_components(self._places(tune_set, fit_set), judged)
        self.boosters_, self.fold_of_, votes = self._fitted(judged, self.look_, seed)
        if not self.boosters_:
            self.components_ = None
        self.cut_, score = best_cut(judged, votes)
        labels = np.concatenate([one.is_object for one in judged])
        self.report_ = FitReport(
            steps=sum(one.current_iteration() for one in self.boosters_),
            image_sizes=self._given,
            notes={
                "member": self.member_,
                "chosen_on": ["tune", *(one.name for one in self.fields)],
                "photos": len(judged),
                "regions_of_objects": int((labels == 1).sum()),
                "regions_invented": int((labels == 0).sum()),
                "scales": list(self.look_.scales),
                "views": self.look_.views,
                "cut": self.cut_,
                "object_f1": score,
                "object_f1_of_looks": tried,
            },
        )
        return self

    def _best_member(self, tune_set: DataSet) -> str:
        """The member with the best mean Dice on *tune*, or with photos of the field, by what is
        chosen by there.
        """

        def score(name: str) -> float:
            member = self.members[name]
            if self.fields:
                predict = partial(quantised_proba, ScaledPredictor(member, self._sizes))
                return best_on_field(predict, tune_set, self.fields, self._sizes)
            maps = ((quantised_proba(member, s.image), s.mask, s.ignore) for s in tune_set)
            return float(threshold_curve(maps).mean().max())

        if len(self.members) == 1:
            return next(iter(self.members))
        return max(self.members, key=score)

    def _tried(self, places: Sequence[AnyPlace], seed: int) -> dict[Look, float]:
        """Object F1, the mean of *tune* and field, of each scale alone and with each other one,
        then of the chosen ones in more views, by trees that have not seen the group of a photo.
        Scales are looked at in their order; a larger one than 1 without which it is as good ends
        that, since the next costs twice as much. So does a number of views that is not chosen. A
        look of more pixels than the setting `most_pixels` is not tried, the first scale alone
        excepted.
        """

        def f1_of(look: Look) -> float:
            judged = self._judge(places, look)
            return best_cut(judged, self._fitted(judged, look, seed)[-1])[1]

        tried: dict[Look, float] = {}
        for count, scale in enumerate(self.config.scales, 1):
            before = max(tried.values(), default=0.0)
            looks = [Look(tuple(sorted({scale, other}))) for other in self.config.scales[:count]]
            if tried:
                looks = [look for look in looks if look.pixels <= self.config.most_pixels]
            tried |= {look: f1_of(look) for look in looks}
            if looks and scale > 1 and max(tried.values()) <= before:
                break
        chosen = cheapest(tried, self.config.least_gain)
        while chosen.views < len(D4_VIEWS):
            more = replace(chosen, views=2 * chosen.views)
            if more.pixels > self.config.most_pixels:
                break
            tried[more] = f1_of(more)
            if cheapest(tried, self.config.least_gain) != more:
                break
            chosen = more
        return tried

    def _places(self, tune_set: DataSet, fit_set: DataSet | None = None) -> list[AnyPlace]:
        """What the trees may learn from: images of *tune*, the field, and where *fit* is given,
        its images without an object. Without a field these come a second time, with objects of
        *fit*, or objects on other grounds than those of *tune* would be rejected.
        """
        most = self.config.most_images
        sets: list[DataSet | NamedSet] = [tune_set.subset(spread(tune_set, most)), *self.fields]
        places: list[AnyPlace] = [*_places_of(sets)]
        if fit_set is None:
            return places
        bare = fit_set.subset([one.image_id for one in fit_set.entries if not one.annotations])
        grounds = _places_of([bare.subset(spread(bare, most))])
        if self.fields:
            return places + grounds
        full = fit_set.subset([one.image_id for one in fit_set.entries if one.annotations])
        return [*places, *grounds, *(PastedPlace(one, full) for one in grounds)]

    def _scale_of(self, photo: np.ndarray) -> float:
        """By how much a photo is resized before it is given to `predict_proba`."""
        return prediction_scale(photo.shape, self._given)

    def _judge(self, places: Sequence[AnyPlace], look: Look) -> list[PhotoRegions]:
        """The regions of all photos; the processes share the predictions."""
        what = "region_lightgbm: predicting"
        with processes.together(what):
            for place in progress(processes.share(places), what, show=processes.is_main()):
                photo = place.photo().sample.image
                seen = resized(photo, self._scale_of(photo))
                for scale in look.scales:
                    self._look(seen, scale, look.views)
        return [self._judged(place.photo(), place.is_field, look) for place in places]

    def _judged(self, photo: Photo, is_field: bool, look: Look) -> PhotoRegions:
        factor = self._scale_of(photo.sample.image)
        seen = resized(photo.sample.image, factor)
        regions = self._regions(seen, look)
        objects = [scaled(one, factor) for one in photo.objects]
        ignore = mask_at_size(photo.sample.ignore, seen.shape)
        is_object, found = compared(regions, objects, ignore)
        digest, regions = image_digest(seen), regions.without_maps()
        return PhotoRegions(digest, photo.group, regions, is_object, found, len(objects), is_field)

    def _with_components(
        self, places: Sequence[AnyPlace], judged: Sequence[PhotoRegions]
    ) -> list[PhotoRegions]:
        """The regions with what a network that has learned ImageNet sees in them, if there are
        enough to tell in which respects they differ.
        """
        from approaches.regions.pooled import Components, pooled_features  # imports timm

        seen = []
        for place, one in zip(places, judged, strict=True):
            photo = place.photo().sample.image
            seen.append(pooled_features(resized(photo, self._scale_of(photo)), one.regions.boxes))
        rows = np.concatenate(seen)
        if len(rows) < self.config.components:
            return list(judged)
        self.components_ = Components.fit(rows, self.config.components)
        return [
            replace(one, regions=one.regions.joined(self.components_.of(pooled)))
            for one, pooled in zip(judged, seen, strict=True)
        ]

    def _names(self, look: Look) -> list[str]:
        """The columns of the features that the trees know."""
        pooled = 0 if self.components_ is None else self.components_.axes.shape[1]
        return [*feature_names(look.scales), *(f"component_{one}" for one in range(pooled))]

    def _look(self, image: np.ndarray, scale: float, views: int) -> np.ndarray:
        """What the model sees in an image at so many times the size that it would be predicted at
        without any choice of scales, in the mean of some views, (H, W) float32 at the image's own
        size.
        """
        member = self.members[self.member_]
        looked_at = resized(image, scale * prediction_scale(image.shape, self._sizes))
        levels = np.zeros(looked_at.shape[:2], np.float32)
        for view in D4_VIEWS[:views]:
            levels += invert_view(quantised_proba(member, apply_view(looked_at, view)), view)
        proba = levels / (views * LEVELS)
        return proba if looked_at is image else at_size(proba, image.shape)

    def _regions(self, image: np.ndarray, look: Look) -> Regions:
        looks = [self._look(image, scale, look.views) for scale in look.scales]
        found = find_regions(image, looks, self.config.least_proba)
        if self.components_ is None:
            return found
        from approaches.regions.pooled import pooled_features  # imports timm

        return found.joined(self.components_.of(pooled_features(image, found.boxes)))

    def _fitted(
        self, judged: Sequence[PhotoRegions], look: Look, seed: int
    ) -> tuple[list[lgb.Booster], dict[str, int], list[np.ndarray]]:
        """Trees for each fold of groups, the fold of each photo by its digest, and what those
        trees say of its regions that have not seen it. Too few regions give no trees, and all are
        taken for objects.
        """
        from sklearn.model_selection import GroupKFold  # takes a second to import

        labels = np.concatenate([one.is_object for one in judged])
        rows = np.concatenate([one.regions.features for one in judged])
        place = np.repeat(np.arange(len(judged)), [len(one.regions) for one in judged])
        groups = [one.group for one in judged]
        folds = min(self.config.folds, len(set(groups)))
        if min((labels == 1).sum(), (labels == 0).sum()) < FEWEST or folds < 2:
            return [], {}, [np.ones(len(one.regions)) for one in judged]
        boosters, fold_of, votes = [], {}, [np.zeros(0)] * len(judged)
        for fold, (seen, held_out) in enumerate(GroupKFold(folds).split(groups, groups=groups)):
            used = np.isin(place, seen) & (labels >= 0)
            data = lgb.Dataset(rows[used], labels[used], feature_name=self._names(look))
            boosters.append(lgb.train(self._parameters(seed), data, self.config.rounds))
            for photo in held_out:
                fold_of[judged[photo].digest] = fold
                votes[photo] = _votes(boosters[fold:], judged[photo].regions, self._names(look))
        return boosters, fold_of, votes

    def _parameters(self, seed: int) -> dict[str, object]:
        """LightGBM's settings: small trees, since there are hundreds of regions, not millions."""
        return {
            "objective": "binary",
            "learning_rate": self.config.learning_rate,
            "num_leaves": self.config.leaves,
            "min_data_in_leaf": self.config.min_leaf_regions,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }

    def preparation(self) -> Sequence[PreparationStep]:
        """Whose regions are looked at, at which scales and in how many views."""
        notes = self.report_.notes
        if not notes:
            return ()
        look = _look_of(notes)
        seen = ", as the image is" if look == Look() else f" at {look}"
        wording = f"of {notes['member']}{seen}"
        return [PreparationStep("regions", wording, ("scales",))]

    def remarks(self) -> Sequence[str]:
        """What the trees learned from."""
        notes = self.report_.notes
        if not notes:
            return ()
        of_objects = counted(
            notes["regions_of_objects"], "region of an object", "regions of objects"
        )
        learned = f"{of_objects} and {notes['regions_invented']:,} invented ones that "
        learned += f"{notes['member']} found"
        if not self.report_.steps:
            return [f"{learned} are too few to learn from, so every region is kept"]
        told = [f"trees fitted to {learned} on {counted(notes['photos'], 'photo')}"]
        tried = notes.get("object_f1_of_looks")
        return [*told, _told(tried, str(_look_of(notes)))] if tried else told

    def predict_proba(self, image: np.ndarray) -> np.ndarray:
        """See `Approach.predict_proba`; regions that are rejected have probability 0, the others
        reach 1.
        """
        if not hasattr(self, "boosters_"):
            raise NotFittedError(
                "this second look has no trees yet; call fit(fit_set, tune_set, …) or load."
            )
        regions = self._regions(check_image(image), self.look_)
        if not self.boosters_:
            return regions.proba
        fold = self.fold_of_.get(image_digest(image))
        judges = self.boosters_ if fold is None else [self.boosters_[fold]]
        return regions.only(_votes(judges, regions, self._names(self.look_)) >= self.cut_)

    def save(self, folder: Path) -> None:
        """Write LightGBM's text of each fold, and what was chosen; the member has a folder of its
        own.
        """
        for fold, booster in enumerate(self.boosters_):
            booster.save_model(folder / f"fold{fold}.txt")
        chosen = {"member": self.member_, **asdict(self.look_), "cut": self.cut_}
        chosen["components"] = self.components_ is not None
        chosen["sizes"] = self._sizes and asdict(self._sizes)
        content = json.dumps({**chosen, "folds": len(self.boosters_), "fold_of": self.fold_of_})
        (folder / REGIONS_FILE).write_text(content + "\n", encoding="utf-8")
        if self.components_ is not None:
            self.components_.save(folder / COMPONENTS_FILE)

    def load(self, folder: Path) -> Self:
        """Read what `save` wrote; the member was given to the constructor."""
        stored = json.loads((folder / REGIONS_FILE).read_text(encoding="utf-8"))
        self.member_, self.cut_ = stored["member"], stored["cut"]
        self.look_, self.fold_of_ = _look_of(stored), stored["fold_of"]
        self.components_ = None
        if stored.get("components"):
            from approaches.regions.pooled import Components  # imports timm

            self.components_ = Components.load(folder / COMPONENTS_FILE)
        # models of before were given no photo larger than that
        sizes = stored.get("sizes")
        self._sizes = sizes and ImageSizes(**sizes)
        self.boosters_ = [
            lgb.Booster(model_file=folder / f"fold{fold}.txt") for fold in range(stored["folds"])
        ]
        return self

    def parameters(self) -> int:
        """Those of the model and of what sees its regions again, and the leaves of all trees."""
        trees = "\n".join(one.model_to_string() for one in self.boosters_)
        leaves = sum(map(int, re.findall(r"^num_leaves=(\d+)$", trees, re.MULTILINE)))
        others = sum(member.parameters() for member in self.members.values())
        if self.components_ is not None:
            from approaches.regions.pooled import encoder_parameters  # imports timm

            others += encoder_parameters()
        return leaves + others


def _votes(boosters: Sequence[lgb.Booster], regions: Regions, names: Sequence[str]) -> np.ndarray:
    """The mean probability (n,) of the trees that each region is an object."""
    if not len(regions):
        return np.zeros(0)
    votes = []
    for one in boosters:  # those of before know fewer features
        known = [names.index(name) for name in one.feature_name()]
        votes.append(one.predict(regions.features[:, known], num_threads=1))
    return np.mean(votes, axis=0)


def _places_of(sets: Sequence[DataSet | NamedSet]) -> list[Place]:
    return [Place(images, index) for images in sets for index in range(len(images))]


def _look_of(stored: Mapping[str, Any]) -> Look:
    """The look that a model or its notes tell; those of before had one view."""
    return Look(tuple(stored["scales"]), stored.get("views", 1))


def _told(tried: Mapping[str, float], chosen: str) -> str:
    """What was chosen of the looks that were tried, by their object F1."""
    others = f"the best of {len(tried)} ways to look has {max(tried.values()):.3f}"
    return f"object F1 {tried[chosen]:.3f} at {chosen}; {others}"
