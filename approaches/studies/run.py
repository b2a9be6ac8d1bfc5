"""Studies: the baseline and each variation are trained with several seeds, each seed on its own
part of `train`, and compared image by image on the rest. `val` is never read.

For seed k the k-th fold of groups is *tune*, and all others are *fit*; over the seeds no image is
judged twice. A variation's run lies in a folder named after its settings, so studies share what
they have in common, and a repeated command trains only what is missing.
"""

import argparse
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from approaches import TABLE, processes
from approaches.base import Budget, ConfigError
from approaches.running.cost import measure_costs
from approaches.running.cross_fitted import score_cross_fitted
from approaches.running.folds import group_folds
from approaches.running.options import PRESETS, run_name
from approaches.running.resume import check_settings, has_model, training_key
from approaches.running.run import run_approach
from approaches.running.settings import RunSettings, identity_of, prepared
from approaches.studies.fewer_images import fewer
from approaches.studies.hypotheses import STUDIES, Study, Variation
from common.coco import DataError
from common.data import Data, DataSet
from common.data.sets import has_object
from common.files import whole_folder, write_whole
from common.leaderboard.studies import Judged, study_table
from common.leaderboard.study_power import Design, power_text
from common.records import Record, read_record
from common.records.description import open_run
from common.records.folder import RunFolder

USUAL_SEEDS, LEAST_FOLDS = 3, 5
BASELINE = "baseline"
THE_SAME = "with these settings it is the baseline itself"


@dataclass(frozen=True)
class Trainings:
    """How the trainings of studies run.

    Attributes:
        runs: folder of all trainings of all studies on this data with this budget; one below it
            where the study's own number of steps is the budget.
        budget: of the baseline; without any limit it is the study's own number of steps.
        seeds: trainings of each variation.
        seed: of the first training; those of the others follow it.
        smoke: the smallest settings.
    """

    runs: Path
    budget: Budget = field(default_factory=Budget)
    seeds: int = USUAL_SEEDS
    seed: int = 0
    smoke: bool = False

    @property
    def are_usual(self) -> bool:
        """Whether nothing is given that makes a study another one than that of its published
        table.
        """
        return self == Trainings(self.runs)

    @property
    def every_seed(self) -> range:
        """One seed for each training of a variation."""
        return range(self.seed, self.seed + self.seeds)


def trainings_for(options: argparse.Namespace, home: Path, data: str) -> Trainings:
    """The trainings that a command line asks for, below the home of the studies, on data of that
    name.
    """
    smoke = options.preset is not None and PRESETS[options.preset].smoke
    runs = home / "runs" / run_name(data, "smoke" if smoke else "study", options)
    budget = Budget(
        minutes=options.time_limit,
        epochs=options.epochs,
        steps=options.steps,
        batch=options.batch,
    )
    return Trainings(runs, budget, options.seeds or USUAL_SEEDS, options.seed, smoke)


def folds_of(data: Data, seeds: Sequence[int]) -> list[Data]:
    """For each seed the data with a fold of `train` as *tune* and as the images to score.

    Raises:
        ConfigError: `train` has fewer groups than seeds.
        DataError: a fold or the rest beside it shows no object.
    """
    train = data.fit.joined(data.tune)
    count = _fold_count(train, len(seeds))
    if count < max(2, len(seeds)):
        raise ConfigError(
            f"--seeds {len(seeds)}: train has {count} group(s); each seed needs one of its own. "
            "Give fewer."
        )
    parts, folds = group_folds(train, count), []
    for seed in seeds:
        fit, tune = (train.subset(part) for part in parts[seed % count])
        for role, images in (("fit", fit), ("tune", tune)):
            if not any(map(has_object, images.entries)):
                raise DataError(
                    f"fold {seed % count + 1} of {count}, for seed {seed}, leaves none of its "
                    f"{len(images)} images of {role} with an object; annotate objects in more "
                    "groups of train, or give fewer --seeds."
                )
        folds.append(replace(data, fit=fit, tune=tune, score=tune, photos=()))
    return folds


def _fold_count(train: DataSet, seeds: int) -> int:
    """Into how many folds `train` is divided."""
    return min(max(LEAST_FOLDS, seeds), len(set(train.groups.values())))


def prepare_studies(
    names: Sequence[str], data: Data, how: Trainings, *, fresh: bool = False
) -> None:
    """Look at everything before the first of the trainings takes its hour.

    Args:
        names: keys of `STUDIES`.
        data: as for `run_study`.
        how: the trainings run.
        fresh: set aside what is stored of these studies, under names with a date, and begin anew.

    Raises:
        ConfigError, DataError: see `folds_of`.
        RunMismatchError: something is stored that was trained with other settings or other data.
    """
    folds_of(data, how.every_seed)
    runs: dict[Path, RunSettings] = {}
    for study in (STUDIES[name] for name in names):
        for variation in _variations(study).values():
            for seed in how.every_seed:
                settings = _settings(study, variation, how, seed)
                check_settings([_approach(study, variation)], settings, continues=not fresh)
                runs[settings.folder] = settings
    with processes.together("opening the runs of the studies"):
        if processes.is_main():
            for settings in runs.values():
                if settings.folder.exists():
                    open_run(settings.folder, identity_of(settings, data), fresh=fresh)


def what_it_can_show(
    name: str, data: Data, how: Trainings, tables: Sequence[Path], stem: str
) -> str:
    """The smallest difference that a study would show, from what is stored, in sentences.

    Args:
        name: a key of `STUDIES`.
        data: as for `run_study`.
        how: the trainings run.
        tables: folders of stored tables, those of later ones go before those of earlier ones.
        stem: of their names, which the data folder has given them.
    """
    stored = {}
    for other, study in STUDIES.items():
        for path in (folder / f"{stem}-{other}.csv" for folder in tables):
            trained = not any(one.at_half for one in study.variations.values())
            if trained and study.approach == STUDIES[name].approach and path.is_file():
                stored[other] = pd.read_csv(path)
    train = data.fit.joined(data.tune)
    count = _fold_count(train, how.seeds)
    parts = group_folds(train, count)
    ordered = [parts[seed % count][1] for seed in range(how.seed, how.seed + count)]
    by_fold = [len({train.groups[image_id] for image_id in tune}) for tune in ordered]
    design = Design(len(STUDIES[name].variations), how.seeds, by_fold)
    return power_text(name, design, stored)


def run_study(name: str, data: Data, how: Trainings) -> pd.DataFrame:
    """Train what is missing, and compare.

    Args:
        name: a key of `STUDIES`.
        data: its `train` alone is used.
        how: the trainings run.

    Returns:
        One row for the baseline and for each variation (see
        `common.leaderboard.studies.study_table`); one that comes to the baseline itself, as some
        do with the smallest settings, is skipped.
    """
    study, folds = STUDIES[name], folds_of(data, how.every_seed)
    judged = []
    for label, variation in _variations(study).items():
        if label != BASELINE and _is_baseline(study, variation, how):
            records = [Record(_approach(study, variation), "skipped", THE_SAME)] * how.seeds
            seen = []
        else:
            seeds = zip(how.every_seed, folds, strict=True)
            parts = [(seed, _with_share(fold, variation, seed)) for seed, fold in seeds]
            trained = [_trained(study, variation, how, *part) for part in parts]
            runs = [_settings(study, variation, how, seed) for seed, _ in parts]
            records = score_cross_fitted(trained, [part for _, part in parts], runs)
            seen = [(len(set(part.fit.groups.values())), len(part.fit)) for _, part in parts]
        judged.append(Judged(label, variation.expected, records, seen, variation.at_half))
    judged = _with_costs(study, judged, how, folds[0])
    groups = {image_id: group for fold in folds for image_id, group in fold.score.groups.items()}
    return study_table(judged, groups)


def _with_costs(study: Study, judged: list[Judged], how: Trainings, fold: Data) -> list[Judged]:
    """The same, the records of the first seed with costs that were measured side by side."""
    runs = {
        one.name: _settings(study, _variations(study)[one.name], how, how.seed).run
        for one in judged
        if one.records[0].status == "ok"
    }
    measure_costs(list(dict.fromkeys(runs.values())), fold.score, briefly=how.smoke)
    found = []
    for one in judged:
        first, *rest = one.records
        if one.name in runs:
            first = read_record(runs[one.name].path, first.approach) or first
        found.append(replace(one, records=[first, *rest]))
    return found


def _trained(study: Study, variation: Variation, how: Trainings, seed: int, fold: Data) -> Record:
    """One training of a variation, not scored yet."""
    settings, approach = _settings(study, variation, how, seed), _approach(study, variation)
    with processes.together("opening a run of the study"):
        if processes.is_main():
            open_run(settings.folder, identity_of(settings, fold), fresh=False)
    if TABLE[approach].combines:
        lender = _settings(study, _variations(study)[BASELINE], how, seed)
        _lend(study.approach, lender.run, settings.run, approach)
    return run_approach(approach, fold, settings)


def _with_share(fold: Data, variation: Variation, seed: int) -> Data:
    """The fold with the images that a variation trains on."""
    shares = variation.groups_share, variation.images_share
    return fold if shares == (1, 1) else replace(fold, fit=fewer(fold.fit, *shares, seed))


def _variations(study: Study) -> dict[str, Variation]:
    """The baseline and the variations of a study."""
    return {BASELINE: Variation(study.question), **study.variations}


def _approach(study: Study, variation: Variation) -> str:
    return variation.approach or study.approach


def _settings(study: Study, variation: Variation, how: Trainings, seed: int) -> RunSettings:
    """Where and how one training of a variation runs."""
    approach, budget, runs = _approach(study, variation), how.budget, how.runs
    settings = {**(study.baseline if approach == study.approach else {}), **variation.settings}
    shares = {"groups": variation.groups_share, "images": variation.images_share}
    if not variation.settings:  # which else tell its folder from the baseline's
        shares["steps"] = variation.steps_share
    fewer = {f"{key}_share": value for key, value in shares.items() if value != 1}
    if how.seeds > LEAST_FOLDS:
        runs = runs / f"{how.seeds}folds"
    if budget.minutes is None and budget.epochs is None and budget.steps is None:
        budget, runs = budget.with_values({"steps": study.steps}), runs / f"{study.steps}steps"
    if budget.steps and variation.steps_share != 1:
        steps = max(1, round(budget.steps * variation.steps_share))
        budget = budget.with_values({"steps": steps})
    return RunSettings(
        folder=runs / slug(approach, {**settings, **fewer}) / f"seed-{seed}",
        budget=budget,
        seed=seed,
        smoke=how.smoke,
        overrides={approach: settings},
        cross_fitted=True,
    )


def _is_baseline(study: Study, variation: Variation, how: Trainings) -> bool:
    """Whether nothing is left of a variation once all settings are resolved."""
    resolved = []
    for one in (_variations(study)[BASELINE], variation):
        settings, approach = _settings(study, one, how, how.seed), _approach(study, one)
        try:
            config = prepared(approach, settings).config
            others = one.groups_share, one.images_share, one.at_half
            resolved.append((approach, config, settings.budget, others))
        except Exception:  # its training will fail too, and say why
            return False
    return resolved[0] == resolved[1]


def slug(approach: str, settings: Mapping[str, Any]) -> str:
    """The name of a variation's folder, from its settings: `smp_unet_lite0-loss=bce`."""
    parts = [approach, *(f"{key}={value}" for key, value in sorted(settings.items()))]
    return re.sub(r"[^\w=.-]+", "_", "-".join(parts))


def _lend(member: str, lender: RunFolder, run: RunFolder, borrower: str) -> None:
    """Have in another run the model of a complete training with what it predicted, for an approach
    that combines.

    Where none or another was lent before, what the borrower made of it goes; the record of what is
    lent is written last, so that a kill leaves nothing that looks whole.
    """
    with processes.together(f"lending {member}"):
        if not processes.is_main():
            return
        record = read_record(lender.path, member)
        found = record if record is not None and record.status == "ok" else None
        if found is not None and _has_lent(found, run):
            return
        for name in (borrower, member):
            run.record(name).unlink(missing_ok=True)
        for folder in (run.training(borrower), run.probabilities(borrower)):
            shutil.rmtree(folder, ignore_errors=True)
        if found is None:
            return
        for source in (lender.model(member), lender.probabilities(member)):
            if source.is_dir():
                with whole_folder(run.path / source.relative_to(lender.path)) as partial:
                    shutil.copytree(source, partial, dirs_exist_ok=True)
        write_whole(run.record(member), lender.record(member).read_bytes())


def _has_lent(record: Record, run: RunFolder) -> bool:
    """Whether a run has the model of this very training already."""
    try:
        lent = read_record(run.path, record.approach)
    except (OSError, ValueError):  # a copy that was interrupted
        return False
    return lent is not None and training_key(lent) == training_key(record) and has_model(lent, run)


def losers(table: pd.DataFrame) -> list[str]:
    """The variations of a study that did not come through, with their reasons."""
    bad = table[table["status"] != "ok"]
    return [f"{row.variation}: {row.status}: {row.reason}" for row in bad.itertuples()]


def exit_code(table: pd.DataFrame) -> int:
    """1 where a training failed or there is no baseline to compare with, else 0."""
    return int(bool((table["status"] == "failed").any() or table["status"].iloc[0] != "ok"))
