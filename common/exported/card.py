"""The model card of an exported model in the form of the Hugging Face hub: metadata as YAML, then
prose. Every number is taken from the record of the run.
"""

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common import __version__
from common.analysis.robustness import robustness_summary
from common.coco import ANNOTATION_FILE
from common.leaderboard.rows import corrupted_and_clean, has_robustness
from common.masks.evaluate import score_table
from common.metrics import summarise, with_objects
from common.records import CompleteRecord
from common.records.description import RunDescription
from common.statistics import mean_intervals
from common.words import counted, markdown_table

SHOWN = {  # of `summarise`: what the card calls it
    "dice_mean": "mean Dice",
    "iou_mean": "mean IoU",
    "precision": "mean precision",
    "recall": "mean recall",
    "nsd_2px": "mean boundary score (NSD at 2 px)",
    "object_f1": "object F1 (IoU >= 0.5)",
    "empty_fp_rate": "share of images without an object where something is found",
}


@dataclass(frozen=True)
class Licence:
    """What is known of the licence of the training images.

    Attributes:
        name: an identifier of the hub, such as `cc0-1.0`; "" where none is known.
        note: what the data says of its licence, in words; may be empty.
    """

    name: str = ""
    note: str = ""


def licence_note(data: Path) -> str:
    """What a data folder says of its licence: the entries of its annotations and the names of its
    licence files; "" where it says nothing.
    """
    try:
        content = json.loads((data / "train" / ANNOTATION_FILE).read_bytes())
        entries = [each for each in content.get("licenses", []) if isinstance(each, dict)]
    except (OSError, ValueError, AttributeError, TypeError):
        entries = []
    named = [[each.get("name"), each.get("url")] for each in entries]
    parts = [" ".join(text for text in texts if isinstance(text, str) and text) for texts in named]
    found = sorted(data.glob("*")) if data.is_dir() else []
    files = [path.name for path in found if path.name.lower().startswith(("licen", "copying"))]
    parts += [f"see {name} of the data" for name in files]
    return "; ".join(filter(None, parts))


def model_card(
    record: CompleteRecord,
    run: RunDescription,
    licence: Licence,
    forms: Sequence[str] = (),
) -> str:
    """The text of README.md.

    Args:
        record: of the exported approach.
        run: that trained it.
        licence: of the images.
        forms: what else lies in the folder, and how other programs load it; a paragraph each.
    """
    data = Path(run.data).name or "the user's images"
    sections = {
        "Use": _use(record),
        "Scores": _scores(record, run, data),
        "Training": _training(record, run, data),
        "Limits": "\n".join(f"- {line}" for line in _limits(record, run)),
        "Licence": _licence(record, licence),
        "Further forms": "\n\n".join(forms),
    }
    body = [f"## {name}\n\n{text}" for name, text in sections.items() if text]
    title = f"# {record.approach}, trained on {data}"
    head = f"---\n{_metadata(record, licence, data)}\n---"
    return "\n\n".join([head, title, *body]) + "\n"


def _metadata(record: CompleteRecord, licence: Licence, data: str) -> str:
    """The YAML block."""
    from huggingface_hub import EvalResult, ModelCardData

    table = score_table(record.scores)
    means = summarise(table)
    results = [
        EvalResult(
            task_type="image-segmentation",
            dataset_type=data,
            dataset_name=data,
            dataset_split="val",
            metric_type=key,
            metric_name=SHOWN[key],
            metric_value=round(float(means[key]), 4),
        )
        for key in ("dice_mean", "iou_mean", "object_f1")
        if means[key] == means[key]
    ]
    card = ModelCardData(
        model_name=record.approach,
        library_name="segmentation-bench",
        pipeline_tag="image-segmentation",
        license=licence.name or "unknown",
        tags=["image-segmentation", "semantic-segmentation", "binary-segmentation"],
        metrics=["dice", "iou"],
        eval_results=results or None,
    )
    return card.to_yaml(line_break="\n").strip()


def _use(record: CompleteRecord) -> str:
    return f"""With the package `segmentation-bench` ({__version__}), on photos of any size:

```python
from approaches.segmenter import Segmenter
from common.coco import read_image

segmenter = Segmenter.load("THIS_FOLDER")
mask = segmenter.predict(read_image("photo.jpg", upright=True))  # (H, W) bool
```

or `python -m approaches.predict THIS_FOLDER PHOTOS`. The post-processing is part of the model:
{record.tuning.postprocess}."""


def _scores(record: CompleteRecord, run: RunDescription, data: str) -> str:
    table = score_table(record.scores)
    means = summarise(table)
    known = {key: name for key, name in SHOWN.items() if not np.isnan(means[key])}
    rows = ((name, f"{means[key]:.4f}") for key, name in known.items())
    visible = with_objects(table)
    wording = (
        f"On the {counted(len(table), 'image')} of `val` of {data}, which training did not see"
    )
    if len(visible):
        groups = [run.score_groups.get(number, number) for number in visible["img_id"]]
        bounds = mean_intervals(visible[["dice"]].to_numpy(float).T, groups=groups)
        over = counted(len(set(groups)), "independent group")
        wording += (
            f"; {over} alone gives no interval of the mean Dice"
            if np.isnan(bounds.lower[0])
            else f"; the 95 % interval of the mean Dice is {bounds.lower[0]:.4f} to "
            f"{bounds.upper[0]:.4f} over {over}"
        )
    return f"{wording}.\n\n{markdown_table(('score', 'value'), rows)}"


def _training(record: CompleteRecord, run: RunDescription, data: str) -> str:
    seconds = f"{record.fit.seconds:.0f} s" + (f" on {run.device}" if run.device else "")
    steps = f", {counted(record.fit.steps, 'step')}" if record.fit.steps else ""
    sizes = record.image_sizes
    size = f", for photos of typically {sizes.typical_px:.0f} px a side" if sizes else ""
    outside = record.traits.pretrained_on
    start = f"Weights trained on {outside} came first. " if outside else ""
    settings = json.dumps(dict(record.config), indent=1, ensure_ascii=False)
    return f"{start}Trained on {data}{size}, in {seconds}{steps}.\n\n```json\n{settings}\n```"


def _limits(record: CompleteRecord, run: RunDescription) -> Iterator[str]:
    table = score_table(record.scores)
    missed, invented = int(table["object_fn"].sum()), int(table["object_fp"].sum())
    objects = missed + int(table["object_tp"].sum())
    yield (
        f"It missed {missed} of {counted(objects, 'object')} of `val` and found "
        f"{invented} that are none."
    )
    shared = run.score_groups_in_train
    if shared and shared.both:
        total = len(set(run.score_groups.values()))
        yield (
            f"{len(shared.both)} of the {total} groups of `val` occur in `train` too, so the "
            "scores say little of objects and places that training never saw."
        )
    if record.image_sizes:
        yield (
            f"It knows objects at the size in pixels that they had in training. Photos much "
            f"larger than {record.image_sizes.typical_px:.0f} px a side are brought to that size "
            "before they are predicted."
        )
    if has_robustness(record):
        found = robustness_summary(*corrupted_and_clean(record), record.robustness.marked)
        yield (
            f"Of the corruptions that were tried, {found['worst']} costs most: "
            f"{found['worst_drop']:.2f} of mean Dice."
        )
    yield "It knows one kind of object and background; it gives no class and no tracking."


def _licence(record: CompleteRecord, licence: Licence) -> str:
    note = licence.note or (
        "The run does not say under which licence the training images are. Look it up before you "
        "pass this model on or use it commercially."
    )
    parts = [f"Of the training images: {note}" if licence.note else note]
    if record.traits.pretrained_on:
        parts.append(
            f"The first weights were trained on {record.traits.pretrained_on}, whose images have "
            "terms of their own."
        )
    return textwrap.fill(" ".join(parts), 99, break_long_words=False, break_on_hyphens=False)
