"""Where a half-trained network sees objects on images that have none: the second half of its
training looks there more often.

Source: Shrivastava, Gupta & Girshick 2016, Training region-based object detectors with online hard
example mining, CVPR, for the idea; here whole images are looked at once instead of every step.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from torch import nn

from approaches import processes
from approaches.network.inference import predict_whole
from common.data import DataSet
from common.data.groups import spread

LEAST_AREA = 20  # pixels; smaller specks are no objects to anybody
MOST_IMAGES = 200  # are looked at, from as many groups as there are
MOST_OF_AN_IMAGE = 5  # the largest, so that one photo of gravel is not all of it
Spot = tuple[int, int, int]  # place of the image in its set, row, column


def places_to_look(images: DataSet, without: np.ndarray) -> list[int]:
    """Which of the images without any object are looked at, all by their places."""
    by_id = {images.entries[place].image_id: int(place) for place in without}
    chosen = spread(images.subset(list(by_id)), MOST_IMAGES)
    return sorted(by_id[image_id] for image_id in chosen)


def seen_wrongly(
    network: nn.Module, images: DataSet, without: Sequence[int], divisor: int
) -> list[Spot]:
    """The middles of the largest regions that a network finds on images without any object, the
    same on every process; each process looks at its share.

    Args:
        network: in evaluation mode.
        images: all of them.
        without: the places of some without any object.
        divisor: whole images are padded to multiples of it.
    """
    found: dict[int, list[Spot]] = {}
    with processes.together("looking for what is taken for an object"):
        for place in processes.share(without):
            sample = images[place]
            mask = (predict_whole(network, sample.image, divisor) >= 0.5) & ~sample.ignore
            found[place] = [(place, *middle) for middle in largest_regions(mask)]
    joined = processes.join(found)
    return [spot for place in sorted(joined) for spot in joined[place]]


def largest_regions(mask: np.ndarray) -> Sequence[tuple[int, int]]:
    """Row and column of the middle of each of the largest regions of a mask (H, W) bool, the
    largest first.
    """
    _, _, stats, middles = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]  # the first is the ground
    order = [place for place in np.argsort(-areas, kind="stable") if areas[place] >= LEAST_AREA]
    return [
        (round(middles[place + 1][1]), round(middles[place + 1][0]))
        for place in order[:MOST_OF_AN_IMAGE]
    ]
