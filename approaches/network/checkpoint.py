"""What an unfinished training leaves behind: its last complete epoch, and the curve so far as CSV
and for TensorBoard, there with a few masks.
"""

import csv
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from approaches import processes
from approaches.base import CHECKPOINT
from common.files import whole_file, write_whole
from common.gallery.pictures import limited
from common.json_files import DamagedFileError
from common.masks.overlay import outlined

PICTURES, PICTURE_PX = 3, 512  # of *tune* in TensorBoard, and their longest side


class KeptEpoch(TypedDict):
    """The epoch that is best on *tune* so far; `state` is None before the first is judged."""

    dice: float
    epoch: float
    state: dict[str, torch.Tensor] | None


class TrainingState(TypedDict):
    """What a checkpoint holds: plain values and tensors, so that it loads without running code."""

    step: int
    seconds: float
    resumes: int
    network: dict[str, torch.Tensor]
    average: dict[str, torch.Tensor]
    updates: int
    optimizer: dict[str, object]
    scaler: dict[str, object] | None
    best: KeptEpoch
    seen_wrongly: NotRequired[torch.Tensor | None]  # (n, 3) int, once they were looked for


class Checkpoints:
    """The last complete epoch of a training; `folder` None keeps nothing."""

    def __init__(self, folder: Path | None):
        self.path = folder / CHECKPOINT if folder else None

    def save(self, state: TrainingState) -> None:
        """Write the state of the training, whole or not at all."""
        if self.path:
            with whole_file(self.path) as partial:
                torch.save(state, partial)

    def load(self) -> TrainingState | None:
        """The stored state, or None; read without running code.

        Raises:
            DamagedFileError: the file holds none.
        """
        if self.path is None or not self.path.is_file():
            return None
        try:
            # whoever takes it moves it
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            missing = TrainingState.__required_keys__ - set(state)
        except Exception as error:  # on broken bytes torch raises almost anything
            problem = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
        else:
            problem = f"it lacks {', '.join(sorted(missing))}" if missing else ""
        if problem:
            raise DamagedFileError(
                f"{self.path} cannot be read ({problem}); the last complete epoch of a training "
                f"is expected. Delete {self.path.parent}; the training begins anew."
            )
        return state


class Curve:
    """One row for each round, in `curve.csv` and `tensorboard/`; written by the main process
    alone.
    """

    COLUMNS = ("epoch", "step", "loss", "learning_rate", "tune_dice", "seconds")

    def __init__(self, folder: Path | None):
        self.folder = folder if folder and processes.is_main() else None
        self.rows: list[dict[str, str]] = []
        self._writer: SummaryWriter | None = None
        self.shown: set[str] = set()

    def cut(self, step: int) -> None:
        """Take back the rows of an earlier training up to a step; what came later is trained
        again.
        """
        path = self.folder / "curve.csv" if self.folder else None
        if path and path.is_file():
            try:
                with path.open(newline="", encoding="utf-8") as file:
                    self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
            except (ValueError, KeyError, TypeError, csv.Error):
                self.rows = []  # it is for people to look at; the training needs none of it

    def add(
        self,
        epoch: float,
        step: int,
        loss: float,
        rate: float,
        tune_dice: float | None,
        seconds: float,
    ) -> None:
        """Append a round; `tune_dice` is None where none was judged."""
        if self.folder is None:
            return
        values = (
            f"{epoch:.4g}",
            str(step),
            f"{loss:.6f}",
            f"{rate:.3e}",
            "" if tune_dice is None else f"{tune_dice:.6f}",
            f"{seconds:.1f}",
        )
        self.rows.append(dict(zip(self.COLUMNS, values, strict=True)))
        lines = [
            ",".join(self.COLUMNS),
            *(",".join(row.values()) for row in self.rows),
        ]
        write_whole(self.folder / "curve.csv", "\n".join(lines) + "\n")
        writer = self._tensorboard(step)
        for name, value in (("loss", loss), ("learning_rate", rate), ("tune_dice", tune_dice)):
            if value is not None:
                writer.add_scalar(name, value, step)
        writer.flush()

    def show(self, name: str, image: np.ndarray, mask: np.ndarray, step: int) -> None:
        """Show an image (H, W, 3) uint8 with the outline of its mask (H, W) bool in TensorBoard;
        the first few names alone.
        """
        if self.folder is None or (name not in self.shown and len(self.shown) == PICTURES):
            return
        self.shown.add(name)
        picture = limited(outlined(image, mask), PICTURE_PX)
        self._tensorboard(step).add_image(name, picture, step, dataformats="HWC")

    def _tensorboard(self, step: int) -> SummaryWriter:
        if self.folder is None:
            raise ValueError("a curve without a folder has no TensorBoard file.")
        if self._writer is None:
            self._writer = SummaryWriter(self.folder / "tensorboard", purge_step=step)
        return self._writer

    def close(self) -> None:
        """Close the TensorBoard file."""
        if self._writer is not None:
            self._writer.close()
