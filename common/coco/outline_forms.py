"""Outlines written in forms that are not COCO's, and what they would be in COCO's.

Tools write points as pairs, as `{"x": …, "y": …}`, as two lists, or one polygon without the list
around it. The reader refuses these; the check says which form it is, and a conversion can flatten
it.
"""

from collections.abc import Sequence

from common.coco.values import plain_number


def other_form(segmentation: object) -> tuple[str, list[list[float]]] | None:
    """What an outline is written as, and its polygons as COCO has them; None for COCO's own forms
    and for what cannot be told.

    >>> other_form([[1, 2], [5, 2], [5, 6]])
    ('points as pairs', [[1, 2, 5, 2, 5, 6]])
    >>> other_form([{"x": 1, "y": 2}, {"x": 5, "y": 2}, {"x": 5, "y": 6}])
    ('points as x and y', [[1, 2, 5, 2, 5, 6]])
    >>> other_form([1, 2, 5, 2, 5, 6])
    ('one polygon without a list around it', [[1, 2, 5, 2, 5, 6]])
    >>> other_form([[[1, 2, 5, 2, 5, 6]]])
    ('polygons in a list of lists', [[1, 2, 5, 2, 5, 6]])
    >>> other_form([[1, 2, 5, 2, 5, 6]]) is None
    True
    """
    if isinstance(segmentation, dict):
        return _columns(segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        return None
    if len(segmentation) >= 6 and all(plain_number(value) is not None for value in segmentation):
        return "one polygon without a list around it", [segmentation]
    for name, flatten in (("points as pairs", _pairs), ("points as x and y", _named)):
        polygon = flatten(segmentation)
        if polygon is not None:
            return name, [polygon]
        polygons = [flatten(part) for part in segmentation]
        if all(part is not None for part in polygons):
            return name, [part for part in polygons if part is not None]
    return _nested(segmentation)


def _pairs(points: object) -> list[float] | None:
    if not isinstance(points, list) or len(points) < 3:
        return None
    if not all(isinstance(point, list) and _are_numbers(point, 2) for point in points):
        return None
    return [value for point in points for value in point]


def _named(points: object) -> list[float] | None:
    if not isinstance(points, list) or len(points) < 3:
        return None
    pairs = [[point.get("x"), point.get("y")] for point in points if isinstance(point, dict)]
    return _pairs(pairs) if len(pairs) == len(points) else None


def _nested(segmentation: list[object]) -> tuple[str, list[list[float]]] | None:
    """Polygons in a list that lies in another list (which tools write for objects with holes)."""
    if not all(isinstance(part, list) and part for part in segmentation):
        return None
    inner = [one for part in segmentation if isinstance(part, list) for one in part]
    polygons = [one for one in inner if isinstance(one, list) and len(one) >= 6]
    if len(polygons) < len(inner) or not all(_are_numbers(one, len(one)) for one in polygons):
        return None
    return "polygons in a list of lists", polygons


def _columns(segmentation: dict[str, object]) -> tuple[str, list[list[float]]] | None:
    """VIA's `{"all_points_x": […], "all_points_y": […]}`, or the same under `x` and `y`."""
    for first, second in (("all_points_x", "all_points_y"), ("x", "y")):
        xs, ys = segmentation.get(first), segmentation.get(second)
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
            continue
        polygon = _pairs([list(point) for point in zip(xs, ys, strict=True)])
        if polygon is not None:
            return "points as a list of x and a list of y", [polygon]
    return None


def _are_numbers(values: Sequence[object], count: int) -> bool:
    return len(values) == count and all(plain_number(value) is not None for value in values)
