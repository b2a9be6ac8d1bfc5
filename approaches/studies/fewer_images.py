"""A part of labelled images, for the question whether more of them would help."""

import itertools

import numpy as np

from common.data import DataSet


def fewer(images: DataSet, groups_share: float, images_share: float, seed: int) -> DataSet:
    """A share of the groups, and of the images of each.

    Args:
        images: with their groups.
        groups_share: of the groups, from 0 to 1; at least one is kept.
        images_share: of the images of each group that is kept, at least one.
        seed: draws the order of groups and images; of one order the first ones are kept, so that
            a smaller share is part of a larger one.

    Returns:
        The images in the order of their ids.
    """
    random = np.random.default_rng(seed)
    by_group: dict[str, list[int]] = {}
    for image_id in random.permutation(images.ids).tolist():
        by_group.setdefault(images.groups[image_id], []).append(image_id)
    order = random.permutation(sorted(by_group)).tolist()
    kept = [by_group[group] for group in order[: _share_of(groups_share, len(order))]]
    parts = (ids[: _share_of(images_share, len(ids))] for ids in kept)
    return images.subset(sorted(itertools.chain.from_iterable(parts)))


def _share_of(share: float, count: int) -> int:
    return max(1, round(share * count))
