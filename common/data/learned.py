"""Labelled images of elsewhere that training learns from: they are added to *fit* with their
objects, or as backgrounds where they have none.

Those with objects are shown at up to twice the size at which they would be predicted, since crops
are zoomed further out than in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from common.coco import Entry, has_object
from common.scale import ImageSizes, image_sizes, prediction_scale

LARGER = 2.0


def shown_in_training(learned: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """Images as they are added to *fit*.

    Args:
        learned: with the ids of where they come from, and the group of each.
        others: the images of `train` and `val`, and backgrounds.

    Returns:
        The same with ids beyond those of the others, and sizes that suit theirs.
    """
    first = max((entry.image_id for entry in others), default=0) + 1
    sizes = image_sizes((entry.height, entry.width) for entry in others)
    return list(_resized(learned, first, sizes))


def _resized(entries: Sequence[Entry], first: int, sizes: ImageSizes) -> Iterator[Entry]:
    for image_id, entry in enumerate(entries, first):
        larger = LARGER if has_object(entry) else 1.0
        factor = min(1.0, larger * prediction_scale((entry.height, entry.width), sizes))
        height, width = (max(1, round(factor * side)) for side in (entry.height, entry.width))
        changed = replace(entry, image_id=image_id, height=height, width=width)
        yield replace(changed, resized=factor != 1, from_field=True)
