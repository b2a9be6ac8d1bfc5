"""A finished run as it lies in its folder, for figures and sentences. It is read and compared,
never changed; no model is loaded, and what a run did not measure is an empty table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.coco import read_entries, read_image, whole_photos
from common.data import Sample, decode
from common.leaderboard import Choice, compare_scores, leaderboard, read_leaderboard
from common.leaderboard.standing import Standing, standing
from common.masks.probabilities import ProbabilityMaps
from common.metrics import with_objects
from common.records import Fit, Record, read_records
from common.records.description import RecordedApproach, RunDescription, read_description
from common.records.folder import RunFolder
from common.records.self_description import Combination, SelfDescription
from common.report.colours import colours_of
from common.statistics import Comparison
from common.statistics.costs import with_bounds

Describe = Callable[[str, Mapping[str, Any], Fit | None], SelfDescription]
TABLES = "images strata worst_images calibration robustness test_sets field_choice folds".split()


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a run left behind.

    Attributes:
        folder: of the run.
        about: `run.json`.
        board: the leaderboard, best first; columns that an older run does not have are empty.
        per_image: a row for each complete approach and image of `val`, with its `group`.
        comparison: the statistics of these rows; None where no image of `val` has an object.
        records: of the approaches, in the order of the board; none where only tables were
            published.
        tables: by name, those of `TABLES`, approaches in the order of the board; empty where not
            measured.
        curves: the training curves of all networks under each other, with a column `approach`.
        described: approach → what it says of itself, one for each row of the board.
    """

    folder: Path
    about: RunDescription
    board: pd.DataFrame
    per_image: pd.DataFrame
    comparison: Comparison | None
    records: Mapping[str, Record]
    tables: Mapping[str, pd.DataFrame]
    curves: pd.DataFrame
    described: Mapping[str, SelfDescription]

    @property
    def winner(self) -> str | None:
        """The approach that was chosen; None where none was complete."""
        return self.about.winner

    @property
    def names(self) -> list[str]:
        """The complete approaches, best first."""
        return self.board.loc[self.board["status"] == "ok", "approach"].tolist()

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The complete rows of the board, best first. Statistics that an older board does not have
        are those of the comparison.
        """
        rows = self.board[self.board["status"] == "ok"].set_index("approach")
        if self.comparison is not None:
            rows = rows.fillna(self.comparison.table().set_index("approach"))
        return rows.reset_index()

    @cached_property
    def standing(self) -> Standing | None:
        """How the complete approaches stand to the best; None without a comparison."""
        return None if self.comparison is None else standing(self.rows)

    @property
    def margin(self) -> float:
        """The loss of mean Dice that does not matter."""
        return _choice(self.about).margin

    @property
    def colours(self) -> dict[str, str]:
        """Approach → its colour in every figure."""
        own = {name: each.colour for name, each in self.described.items() if each.colour}
        return colours_of(self.described, own)

    @property
    def combinations(self) -> dict[str, Combination]:
        """Approach → what it made of others, best first, of those that combine."""
        found = {name: each.combination for name, each in self.described.items()}
        return {name: each for name, each in found.items() if each is not None}

    def row(self, approach: str) -> pd.Series:
        """The row of an approach in the leaderboard."""
        return self.board.set_index("approach").loc[approach]

    def dice(self, approach: str) -> dict[int, float]:
        """Image id → Dice of an approach, of the images with objects."""
        if self.per_image.empty:
            return {}
        rows = self.per_image[self.per_image["approach"] == approach]
        rows = with_objects(rows)
        return dict(zip(rows["img_id"].tolist(), rows["dice"].tolist(), strict=True))

    def mask(self, approach: str, image: np.ndarray) -> np.ndarray | None:
        """The final mask (H, W) bool of an image (H, W, 3) uint8 from its stored probabilities;
        None without them.
        """
        levels = ProbabilityMaps(RunFolder(self.folder).probabilities(approach)).read(image)
        record = self.records.get(approach)
        if levels is None or record is None or record.tuning is None:
            return None
        postprocess = record.tuning.postprocess.for_photo(image.shape, record.image_sizes)
        return postprocess.apply(levels)


def read_run(folder: Path, describe: Describe | None = None) -> FinishedRun:
    """Read a finished run.

    Args:
        folder: with at least `run.json`, `leaderboard.csv` and `per_image.csv`.
        describe: makes the description of an approach whose run stored none; None leaves it empty.

    Raises:
        FileNotFoundError: the folder holds no finished run.
        DamagedFileError: its description or a record cannot be read.
    """
    run = RunFolder(folder)
    needed = (run.description, run.leaderboard, run.per_image)
    missing = [path.name for path in needed if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} has no {', '.join(missing)}; expected the folder of a finished run. Make "
            f"one, or finish it, with: python bench.py --output {folder}"
        )
    about = read_description(folder)
    board = read_leaderboard(folder).reindex(columns=leaderboard([]).columns)
    per_image = _per_image(folder, board, about)
    records = {record.approach: record for record in read_records(folder)}
    order = {name: place for place, name in enumerate(board["approach"])}
    return FinishedRun(
        folder=folder,
        about=about,
        board=board,
        per_image=per_image,
        comparison=_comparison(per_image, board, about),
        records={name: records[name] for name in board["approach"] if name in records},
        tables={name: _table(run.table(name), order) for name in TABLES},
        curves=_curves(run, board["approach"]),
        described={
            name: _described(name, records.get(name), about, describe)
            for name in board["approach"]
        },
    )


def val_masks(
    run: FinishedRun, data: Path, ids: Sequence[int]
) -> Iterator[tuple[Sample, np.ndarray]]:
    """Images of `val`, and the winner's masks (H, W) bool of them; an image without stored
    probabilities is left out.

    Args:
        run: whose winner predicted them.
        data: the data folder; where it has no `val` there are no images.
        ids: of images, in the wanted order.
    """
    entries = (
        {entry.image_id: entry for entry in read_entries(data / "val", run.about.read_options)}
        if (data / "val").is_dir()
        else {}
    )
    for image_id in ids:
        if image_id in entries:
            sample = Sample(image_id, *decode(entries[image_id]))
            mask = run.mask(run.winner, sample.image) if run.winner else None
            if mask is not None:
                yield sample, mask


def photo_masks(run: FinishedRun, data: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, image (H, W, 3) uint8 and the winner's mask (H, W) bool of each photo of `real_test`
    with stored probabilities.
    """
    for path in whole_photos(data / "real_test")[0]:
        image = read_image(path, upright=True)
        mask = run.mask(run.winner, image) if run.winner else None
        if mask is not None:
            yield path.name, image, mask


def _table(path: Path, order: Mapping[str, int]) -> pd.DataFrame:
    """A stored table; approaches in the order of the board, rows of each as they were."""
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    if "approach" not in table:
        return table
    places = table["approach"].map(order).fillna(len(order))
    return table.iloc[places.argsort(kind="stable")].reset_index(drop=True)


def _per_image(folder: Path, board: pd.DataFrame, about: RunDescription) -> pd.DataFrame:
    """The scores of complete approaches, in the order of the board."""
    table = pd.read_csv(RunFolder(folder).per_image, dtype={"group": str})
    if "group" not in table:
        groups = table["img_id"].map(about.score_groups)
        table = table.assign(group=groups.fillna(table["img_id"].astype(str)))
    order = {
        name: place for place, name in enumerate(board.loc[board["status"] == "ok", "approach"])
    }
    table = table[table["approach"].isin(order)]
    return table.sort_values(
        "approach", key=lambda names: names.map(order), kind="stable"
    ).reset_index(drop=True)


def _comparison(
    per_image: pd.DataFrame, board: pd.DataFrame, about: RunDescription
) -> Comparison | None:
    if with_objects(per_image).empty:
        return None
    columns = [f"predict_seconds_{word}" for word in ("per_image", "lower", "upper")]
    rows = board.set_index("approach")[columns].astype(float)
    costs = {str(name): with_bounds(*row) for name, *row in rows.itertuples()}
    return compare_scores(per_image, costs, _choice(about))


def _choice(about: RunDescription) -> Choice:
    """How the winner was chosen; what the run does not tell is as usual."""
    stored = about.choice
    return Choice(
        Choice.rule if stored.rule is None else stored.rule,
        Choice.margin if stored.margin is None else stored.margin,
    )


def _described(
    name: str, record: Record | None, about: RunDescription, describe: Describe | None
) -> SelfDescription:
    """What an approach says of itself: from its record, else from the run's description."""
    published = about.approaches.get(name, RecordedApproach())
    stored = published if record is None else record
    if stored.description is not None:
        return stored.description
    if describe is None:
        return SelfDescription()
    fit = stored.fit
    if fit is not None and not isinstance(fit, Fit):
        fit = Fit.from_stored(fit)
    return describe(name, stored.config, fit)


def _curves(run: RunFolder, names: Sequence[str]) -> pd.DataFrame:
    paths = {name: run.curve(name) for name in names}
    found = [
        pd.read_csv(path).assign(approach=name) for name, path in paths.items() if path.is_file()
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
