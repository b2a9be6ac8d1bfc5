"""The layout of a run's folder: the one place that knows where a run keeps what it made."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """Where everything of a run lies; nothing is read, written or made here.

    Attributes:
        path: the folder itself.
    """

    path: Path

    @property
    def description(self) -> Path:
        """`run.json`: everything needed to repeat the run."""
        return self.path / "run.json"

    @property
    def log(self) -> Path:
        """What was printed."""
        return self.path / "log.txt"

    @property
    def leaderboard(self) -> Path:
        """The ranked rows; beside it lies the same in Markdown."""
        return self.path / "leaderboard.csv"

    @property
    def per_image(self) -> Path:
        """Scores of every approach on every image of `val`."""
        return self.path / "per_image.csv"

    @property
    def report(self) -> Path:
        """The model-selection report."""
        return self.path / "report.html"

    @property
    def photos_read(self) -> Path:
        """What a person saw that the masks of the photos miss and invent; may be absent."""
        return self.path / "photos_read.csv"

    @property
    def submission(self) -> Path:
        """What is handed in."""
        return self.path / "submission"

    @property
    def galleries(self) -> Path:
        """Pages of pictures that are not handed in, such as that of `val`."""
        return self.path / "galleries"

    def table(self, name: str) -> Path:
        """A further table of results, such as `strata`."""
        return self.path / f"{name}.csv"

    def per_image_of(self, name: str) -> Path:
        """Counts of every approach on every image of a named set."""
        return self.path / f"per_image_{name}.csv"

    def record(self, approach: str) -> Path:
        """What is known of an approach."""
        return self.path / "records" / f"{approach}.json"

    def recorded(self) -> list[str]:
        """The approaches that have a record, by name."""
        return sorted(path.stem for path in self.record("*").parent.glob("*.json"))

    def model(self, approach: str) -> Path:
        """The folder of a stored model."""
        return self.path / "models" / approach

    def training(self, approach: str) -> Path:
        """The folder that a training goes on from: plan, checkpoint, curve."""
        return self.path / "training" / approach

    def plan(self, approach: str) -> Path:
        """What a training decided before its first step."""
        return self.training(approach) / "plan.json"

    def curve(self, approach: str) -> Path:
        """Loss and Dice of a training, round by round."""
        return self.training(approach) / "curve.csv"

    def probabilities(self, approach: str) -> Path:
        """The folder of what an approach predicted."""
        return self.path / "probabilities" / approach

    def seed(self, seed: int) -> "RunFolder":
        """The same run trained from another seed."""
        return RunFolder(self.path / "seeds" / str(seed))

    def seeds(self) -> list[int]:
        """The further seeds that the run was trained from, in order."""
        found = (path.name for path in (self.path / "seeds").glob("*"))
        return sorted(int(name) for name in found if name.isdigit())

    def folds(self, count: int) -> list["RunFolder"]:
        """The same run trained on each of so many folds of `train`."""
        names = (str(number) for number in range(1, count + 1))
        return [RunFolder(self.path / "folds" / str(count) / name) for name in names]

    def fold_counts(self) -> list[int]:
        """Into how many folds `train` was divided, in order."""
        found = (path.name for path in (self.path / "folds").glob("*"))
        return sorted(int(name) for name in found if name.isdigit())
