"""One study: the baseline and each variation are trained with several seeds, each seed on its own part of `train`, and
compared image by image on the rest. `val` is never read.

For seed k the k-th fold of groups is *tune*, and all others are *fit*; over the seeds no image is judged twice. A
variation's run lies in a folder named after its settings, so studies share what they have in common, and a repeated
command trains only what is missing.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from approaches import TABLE, processes
from approaches.base import Budget, ConfigError
from approaches.run import RunSettings, check_settings, identity_of, model_folder, run_approach
from approaches.studies import STUDIES, Study, Variation
from common.data import Data
from common.records import Record, open_run, read_record, record_path
from common.study_table import Judged, study_table

LEAST_FOLDS = 5
BASELINE = "baseline"


def studies_for(wanted: str) -> list[str]:
    """The studies a command line asks for: "all" or names separated by commas.

    Raises:
        ConfigError: a name is not in the table.
    """
    names = list(STUDIES) if wanted == "all" else [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = [name for name in names if name not in STUDIES]
    if unknown or not names:
        raise ConfigError(f"there is no study {', '.join(unknown) or wanted!r}; there are {', '.join(STUDIES)}.")
    return names


def folds_of(data: Data, seeds: int) -> list[Data]:
    """For each seed the data with a fold of `train` as *tune* and as the images to score.

    Raises:
        ConfigError: `train` has fewer groups than seeds.
    """
    train = data.fit.joined(data.tune)
    groups = [train.groups[image_id] for image_id in train.ids]
    count = min(max(LEAST_FOLDS, seeds), len(set(groups)))
    if count < max(2, seeds):
        raise ConfigError(f"--seeds {seeds}: train has {count} group(s); each seed needs one of its own. Give fewer.")
    ids, folds = np.array(train.ids), []
    for rest, held_out in list(GroupKFold(count).split(ids, groups=groups))[:seeds]:
        tune = train.subset(ids[held_out].tolist())
        folds.append(replace(data, fit=train.subset(ids[rest].tolist()), tune=tune, score=tune, photos=()))
    return folds


def run_study(
    name: str, data: Data, runs: Path, budget: Budget, *, seeds: int = 3, smoke: bool = False
) -> pd.DataFrame:
    """Train what is missing, and compare.

    Args:
        name: a key of `STUDIES`.
        data: its `train` alone is used.
        runs: folder of all trainings of all studies on this data with this budget; one below it where the study's own
            number of steps is the budget.
        budget: of the baseline; without any limit it is the study's own number of steps.
        seeds: trainings of each variation.
        smoke: the smallest settings.

    Returns:
        One row for the baseline and for each variation (see `common.study_table.study_table`).
    """
    study, folds = STUDIES[name], folds_of(data, seeds)
    if budget.minutes is None and budget.epochs is None and budget.steps is None:
        budget, runs = replace(budget, steps=study.steps), runs / f"{study.steps}steps"
    variations = {BASELINE: Variation(study.question), **study.variations}
    for variation in variations.values():  # before the first of them is trained for an hour
        settings = _settings(study, variation, runs, budget, 0, smoke)
        check_settings([_approach(study, variation)], settings)
    judged = []
    for label, variation in variations.items():
        records = []
        for seed, fold in enumerate(folds):
            settings = _settings(study, variation, runs, budget, seed, smoke)
            _opened(settings, data.key)
            if TABLE[_approach(study, variation)].combines:
                lender = _settings(study, variations[BASELINE], runs, budget, seed, smoke).folder
                _lend(study.approach, lender, settings.folder)
            records.append(run_approach(_approach(study, variation), fold, settings))
        judged.append(Judged(label, variation.expected, records))
    groups = {image_id: group for fold in folds for image_id, group in fold.score.groups.items()}
    return study_table(judged, groups)


def _approach(study: Study, variation: Variation) -> str:
    return variation.approach or study.approach


def _settings(study: Study, variation: Variation, runs: Path, budget: Budget, seed: int, smoke: bool) -> RunSettings:
    """Where and how one training of a variation runs."""
    approach = _approach(study, variation)
    settings = {**(study.baseline if approach == study.approach else {}), **variation.settings}
    if budget.steps and variation.steps_share != 1:
        budget = replace(budget, steps=max(1, round(budget.steps * variation.steps_share)))
    return RunSettings(
        folder=runs / slug(approach, settings) / f"seed-{seed}",
        budget=budget,
        seed=seed,
        smoke=smoke,
        overrides={approach: settings},
        cross_fitted=True,
        measured=seed == 0,
    )


def slug(approach: str, settings: Mapping[str, Any]) -> str:
    """The name of a variation's folder, from its settings: `smp_unet_lite0-loss=bce`."""
    parts = [approach, *(f"{key}={value}" for key, value in sorted(settings.items()))]
    return re.sub(r"[^\w=.-]+", "_", "-".join(parts))


def _opened(settings: RunSettings, data_key: str) -> None:
    with processes.together("opening a run of the study"):
        if processes.is_main():
            open_run(settings.folder, identity_of(settings, data_key), fresh=False)


def _lend(member: str, lender: Path, run: Path) -> None:
    """Copy a trained model with what it predicted into another run, for an approach that combines others."""
    with processes.together(f"lending {member}"):
        record: Record | None = read_record(lender, member)
        if not processes.is_main() or record is None or record_path(run, member).is_file():
            return
        for source in (model_folder(lender, member), lender / "probabilities" / member, record_path(lender, member)):
            target = run / source.relative_to(lender)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.is_file():
                shutil.copy2(source, target)


def losers(table: pd.DataFrame) -> Sequence[str]:
    """The variations of a study that did not come through, with their reasons."""
    bad = table[table["status"] != "ok"]
    return [f"{row.variation}: {row.status}: {row.reason}" for row in bad.itertuples()]
