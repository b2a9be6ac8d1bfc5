"""Images of an export that are stored lying and were annotated standing, as their EXIF orientation
turns them, where the sizes in the export say nothing of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from common.coco import Entry
from common.coco.check_outlines import check_outline
from common.coco.check_readings import Reading, Verdict, judge
from common.coco.drawing import plain_polygon, polygon_problem
from common.data.export import Changes, ExportImage


def is_drawn(images: Sequence[ExportImage], reading: Reading) -> bool:
    """Whether the images bear out that their outlines were drawn in another way.

    Args:
        images: of an export; those without an orientation tell nothing.
        reading: the other way.
    """
    turned = [image for image in images if image.stored.is_turned]
    outlines = [
        check_outline(place, annotation, Entry(number, image.path.name, image.path, *image.size))
        for number, image in enumerate(turned)
        for place, annotation in enumerate(image.drawn)
    ]
    return judge(outlines, reading)[0] is Verdict.OTHERWISE


def as_seen(image: ExportImage, changes: Changes) -> ExportImage:
    """An image of the size that it was seen in, with its outlines scaled back to that size; any
    other image as it is.
    """
    if not image.stored.is_turned or image.size != image.stored.size:
        return image
    width, height = image.stored.upright_size
    scale = width / image.size[0], height / image.size[1]
    drawn = [
        annotation | {"segmentation": _scaled(annotation.get("segmentation"), scale, image.size)}
        for annotation in image.drawn
    ]
    changes["image whose outlines were scaled back to its upright view"] += 1
    return replace(image, size=(width, height), drawn=drawn)


def _scaled(segmentation: object, scale: tuple[float, float], size: tuple[int, int]) -> object:
    """Polygons with their points scaled; what is none stays."""
    if not isinstance(segmentation, list):
        return segmentation
    width, height = size
    if any(polygon_problem(polygon, height, width) for polygon in segmentation):
        return segmentation
    return [
        [value * scale[place % 2] for place, value in enumerate(plain_polygon(polygon))]
        for polygon in segmentation
    ]
