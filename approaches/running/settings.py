"""What all approaches of a run share, and an approach with the settings of its run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from approaches import TABLE, build
from approaches.base import Approach, Budget, Predictor
from common.data import Data
from common.data.named_sets import NamedSet
from common.records.folder import RunFolder


@dataclass(frozen=True)
class RunSettings:
    """What all approaches of a run share.

    Attributes:
        folder: of the run.
        budget: of each approach's fit.
        seed: of everything random.
        smoke: start from every approach's smallest settings.
        overrides: approach → setting → value.
        score_only: predict and score stored models again; fit nothing.
        cross_fitted: the images to score are those of *tune*; each gets the threshold that other
            groups choose, of all trainings together (see `approaches.running.cross_fitted`).
        robustness: this many images of *score* are scored under corruptions too.
        plans: folder of the run whose trainings are repeated with other seeds: a time limit
            becomes the number of steps that was measured there.
        folds: of `train`, on each of which every approach is trained too; 0 for none.
        sets: labelled images beside the data; those of the role "field" are chosen on.
    """

    folder: Path
    budget: Budget
    seed: int = 0
    smoke: bool = False
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    score_only: bool = False
    cross_fitted: bool = False
    robustness: int = 0
    plans: Path | None = None
    folds: int = 0
    sets: tuple[NamedSet, ...] = ()

    @property
    def fields(self) -> tuple[NamedSet, ...]:
        """Those of the sets that may be chosen on."""
        return tuple(one for one in self.sets if one.source.role == "field")

    @property
    def run(self) -> RunFolder:
        """The layout of the folder."""
        return RunFolder(self.folder)


def identity_of(settings: RunSettings, data: Data) -> dict[str, Any]:
    """What a run folder must have been made with to be continued."""
    keys = {"backgrounds": data.backgrounds_key, "learned": data.learned_key}
    return {
        "data": data.key,
        **{added: key for added, key in keys.items() if key},
        "seed": settings.seed,
        "budget": settings.budget.as_dict(),
        "smoke": settings.smoke,
    }


def prepared(
    name: str, settings: RunSettings, members: Mapping[str, Predictor] | None = None
) -> Approach:
    """The approach with the settings of this run, not fitted."""
    overrides = dict(settings.overrides.get(name, {}))
    if settings.smoke:
        smoke = type(build(name).config).smoke().as_dict()
        overrides = {**smoke, **dict(TABLE[name].config), **overrides}
    return build(name, members, overrides)


def with_seed(settings: RunSettings, seed: int) -> RunSettings:
    """The same run, on the same split and in as many steps, from another training seed, in a
    folder below it.
    """
    return replace(
        settings,
        folder=settings.run.seed(seed).path,
        seed=seed,
        robustness=0,
        plans=settings.folder,
    )


def further_seeds(settings: RunSettings, count: int) -> list[RunSettings]:
    """The same run from the seeds that follow the first, `count` trainings in all."""
    return [with_seed(settings, settings.seed + number) for number in range(1, count)]


def earlier_seeds(settings: RunSettings, runs: Sequence[RunSettings]) -> list[RunSettings]:
    """Trainings with other seeds that lie in the folder from a command before; they still
    count.
    """
    known = {each.seed for each in runs}
    return [with_seed(settings, seed) for seed in settings.run.seeds() if seed not in known]
