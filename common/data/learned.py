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
OF_FIELD = "field "  # begins the name of their groups, since other sets may have the same names


def shown_in_training(learned: Sequence[Entry], train: Sequence[Entry], first: int) -> list[Entry]:
    """Images as they are added to *fit*.

    Args:
        learned: with the ids of where they come from, and the group of each.
        train: the images of `train`, whose sizes theirs should suit.
        first: the id that the first one gets.
    """
    sizes = image_sizes((entry.height, entry.width) for entry in train)
    return list(_resized(learned, first, sizes))


def _resized(entries: Sequence[Entry], first: int, sizes: ImageSizes) -> Iterator[Entry]:
    for image_id, entry in enumerate(entries, first):
        larger = LARGER if has_object(entry) else 1.0
        factor = min(1.0, larger * prediction_scale((entry.height, entry.width), sizes))
        group = f"{OF_FIELD}{entry.group}"
        changed = replace(entry, image_id=image_id, group=group, is_added=True)
        if factor != 1:
            drawn_on = entry.height, entry.width
            height, width = (max(1, round(factor * side)) for side in drawn_on)
            changed = replace(changed, height=height, width=width, resized=True, drawn_on=drawn_on)
        yield changed
