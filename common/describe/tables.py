"""Whole data sets and folders of photos as tables; images are decoded one by one."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from common.coco import read_image
from common.data import DataSet, Sample
from common.describe.images import PHOTO_COLUMNS, describe_image, describe_photo
from common.describe.objects import describe_objects

# An image without objects has no row from which the columns could be known.
OBJECT_COLUMNS = (
    "img_id area_px length_px width_px aspect angle_deg solidity centre_x centre_y touches_border "
    "contrast object_l object_a object_b ring_l ring_a ring_b"
).split()


def describe_data_set(
    data_set: DataSet, progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all labelled images.

    Args:
        data_set: what is measured, in its order.
        progress: wraps the images, which take about 30 ms each at 512×512 px.

    Returns:
        images: one row an image, see `describe_image`. objects: one row an object, see
            `describe_objects`; it has its
        columns also where there is no object. Both have a column `group`.
    """
    images, objects = [], []
    for sample in progress(data_set):
        images.append({**describe_image(sample), "group": data_set.groups[sample.image_id]})
        objects += describe_objects(sample)
    table = pd.DataFrame(objects, columns=OBJECT_COLUMNS)
    return pd.DataFrame(images), table.assign(group=table["img_id"].map(data_set.groups))


def describe_photos(
    paths: Sequence[Path], progress: Callable[[Iterable[Path]], Iterable[Path]] = iter
) -> pd.DataFrame:
    """Measure photos without labels.

    Args:
        paths: image files; they are turned upright as their EXIF says.
        progress: wraps the paths.

    Returns:
        One row a photo: `name`, `height_px`, `width_px`, and the columns of `describe_photo`.

    Raises:
        OSError: a file is no image.
    """
    rows = []
    for path in progress(paths):
        image = read_image(path, upright=True)
        height, width = image.shape[:2]
        rows.append(
            {
                "name": Path(path).name,
                "height_px": height,
                "width_px": width,
                **describe_photo(image),
            }
        )
    return pd.DataFrame(rows, columns=["name", "height_px", "width_px", *PHOTO_COLUMNS])


def joined(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other with a column `split` that names theirs, in the order given."""
    return pd.concat(
        [table.assign(split=split) for split, table in tables.items()], ignore_index=True
    )


def example_ids(objects: pd.DataFrame, column: str, count: int) -> list[int]:
    """Ids of images whose objects are spread evenly over a column, from its lowest value to its
    highest, no id twice.

    Args:
        objects: of `describe_data_set`.
        column: such as `contrast`.
        count: at most so many.
    """
    ordered = (
        objects.dropna(subset=[column]).sort_values([column, "img_id"]).drop_duplicates("img_id")
    )
    if ordered.empty or count < 1:
        return []
    last = len(ordered) - 1
    places = dict.fromkeys(round(last * step / max(count - 1, 1)) for step in range(count))
    return [int(image_id) for image_id in ordered["img_id"].iloc[list(places)]]


def samples_of(data_set: DataSet, ids: Sequence[int]) -> list[Sample]:
    """The images with these ids, in the order of `ids`."""
    place = {image_id: index for index, image_id in enumerate(data_set.ids)}
    return [data_set[place[image_id]] for image_id in ids]
