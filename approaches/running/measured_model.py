"""A stored model whose costs are measured in processes that know nothing of its run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from approaches import TABLE, load, members_of
from approaches.segmenter import Segmenter
from common.masks.postprocess import Postprocess
from common.model_files import MODEL_FILE, read_stored_model
from common.scale import ImageSizes


@dataclass(frozen=True)
class MeasuredModel:
    """Where a stored model lies, and how its masks are made, in values that JSON knows."""

    folder: str
    postprocess: dict[str, Any]
    sizes: dict[str, Any] | None

    def segmenter(self) -> Segmenter:
        """From an image to its mask."""
        sizes = None if self.sizes is None else ImageSizes(**self.sizes)
        return Segmenter(load(Path(self.folder)), Postprocess(**self.postprocess), sizes=sizes)

    def modules_if_known(self) -> set[str]:
        """As `modules`; empty for a model that cannot be read: who loads it will say why."""
        try:
            return self.modules()
        except Exception:
            return set()

    def modules(self) -> set[str]:
        """The modules of the classes that the model is made of, none of them imported here."""
        folder = Path(self.folder)
        beside = [folder.parent / member for member in members_of(folder)]
        found = [path.parent for each in (folder, *beside) for path in each.rglob(MODEL_FILE)]
        described = map(read_stored_model, found)
        targets = [one.target or TABLE[one.approach].target for one in described]
        return {target.partition(":")[0] for target in targets}
