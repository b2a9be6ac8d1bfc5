"""Where annotation tools put the annotation files and images of an export.

A file is known by what it holds, a split by its name or its folder's: COCO's own
`annotations/instances_train2017.json`, Roboflow's `valid/_annotations.coco.json`, FiftyOne's
`labels.json` beside `data/`, Label Studio's `result.json` beside `images/`, CVAT's
`annotations/instances_default.json`. Nothing is written here.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.coco.names import ImageFolder, is_litter

WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "eval": "val",
    "evaluation": "val",
    "test": "test",
}
UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")  # of Label Studio


@dataclass(frozen=True)
class Source:
    """One annotation file of an export: its split (`train`, `val`, `test`, or "" where nothing
    says), its content, and the folders that its images may lie in, the likeliest first.
    """

    split: str
    path: Path
    content: dict[str, Any]
    folders: tuple[ImageFolder, ...]

    @property
    def tells_objects(self) -> bool:
        """Whether any annotation is an outline or a box, which captions are not; true without
        annotations, where no image has an object.
        """
        annotations = self.content["annotations"]
        return not annotations or any(
            not isinstance(one, dict) or "segmentation" in one or "bbox" in one
            for one in annotations
        )

    def find(self, name: str) -> Path | None:
        """The image that a `file_name` means, None if there is none."""
        base = name.replace("\\", "/").rsplit("/", 1)[-1]
        for spelling in dict.fromkeys((name, UPLOAD_PREFIX.sub("", base))):
            for folder in self.folders:
                found = folder.find(spelling)
                if found is not None:
                    return folder.folder / found
        return None


def find_sources(folder: Path) -> list[Source]:
    """The annotation files below a folder, those of train first."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        if is_litter(path, folder) or len(path.relative_to(folder).parts) > 4:
            continue
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError, OSError):
            continue
        lists = content if isinstance(content, dict) else {}
        if all(isinstance(lists.get(key), list) for key in ("images", "annotations")):
            split = _split_of(path, folder)
            found.append(Source(split, path, content, _folders(path, split, folder)))
    return sorted(found, key=lambda source: ["train", "val", "test", ""].index(source.split))


def _split_of(path: Path, folder: Path) -> str:
    for part in (path.stem, *reversed(path.relative_to(folder).parts[:-1])):
        for word in re.findall(r"[a-z]+", part.lower()):
            if word in WORDS:
                return WORDS[word]
    return ""


def _folders(path: Path, split: str, folder: Path) -> tuple[ImageFolder, ...]:
    """Folders for images: beside the file, below the top under the split's name, then any."""
    names = [word for word, meant in WORDS.items() if meant == split]
    places = [path.parent / "images", path.parent / "data"]
    for top in (folder / "images", folder):
        if top.is_dir():
            places += [
                inner
                for inner in sorted(top.iterdir())
                if inner.is_dir()
                and (not split or re.sub(r"[^a-z]", "", inner.name.lower()) in names)
            ]
    places += [path.parent, folder / "images", folder / "data", folder]
    return tuple(ImageFolder(place) for place in dict.fromkeys(places) if place.is_dir())
