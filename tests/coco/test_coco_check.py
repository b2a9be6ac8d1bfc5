"""The check of a data set: clean data is clean, every kind of damage is named, and nothing is ever
written.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from PIL import Image

from common.coco import rasterise, read_entries, read_image
from common.coco.__main__ import main
from common.coco.findings import Finding, format_table
from common.data.check import check_data, format_findings

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 64, 48
TRAIN_JSON, VAL_JSON = "train/coco_annotations.json", "val/coco_annotations.json"
TRAIN_A = "train/images/a.png"
SHAPE = [[10, 14, 14, 10, 30, 10, 30, 30, 10, 30]]  # a square without one corner


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def write_split(folder: Path, names: str, seed: int) -> None:
    (folder / "images").mkdir(parents=True)
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "butt"}]}
    for index, name in enumerate(names):
        Image.fromarray(noise(seed + index)).save(folder / "images" / f"{name}.png")
        content["images"].append(
            {"id": index, "file_name": f"{name}.png", "width": WIDTH, "height": HEIGHT}
        )
        content["annotations"].append(
            {
                "id": index,
                "image_id": index,
                "category_id": 1,
                "segmentation": SHAPE,
                "bbox": [10, 10, 20, 20],
            }
        )
    (folder / "coco_annotations.json").write_text(json.dumps(content))


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "data"
    write_split(folder / "train", "abc", seed=0)
    write_split(folder / "val", "de", seed=10)
    (folder / "real_test").mkdir()
    Image.fromarray(noise(20)).save(folder / "real_test" / "photo.png")
    return folder


@pytest.fixture
def data(original, tmp_path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "data"))


class Breakage(NamedTuple):
    damage: Callable[[Path], None]
    level: str
    file: str
    found: str
    expected: str
    mend: str
    is_alone: bool


BREAKAGES: list[Breakage] = []


def shows(level: str, file: str, found: str, expected: str, mend: str, *, is_alone: bool = True):
    """Register a damage and words of the finding it must cause; `is_alone`: nothing else may be
    reported.
    """

    def register(damage):
        BREAKAGES.append(Breakage(damage, level, file, found, expected, mend, is_alone))
        return damage

    return register


def edit(folder: Path, change: Callable[[dict], object], split: str = "train") -> None:
    path = folder / split / "coco_annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def outline(folder: Path, segmentation: object, **fields) -> None:
    fields = {"segmentation": segmentation, "bbox": None, **fields}
    edit(folder, lambda content: content["annotations"][0].update(fields))


def entry(folder: Path, **fields) -> None:
    edit(folder, lambda content: content["images"][0].update(fields))


def resave(folder: Path, image: Image.Image, **options) -> None:
    image.save(folder / TRAIN_A, **options)


# --- folders and annotation files


@shows("error", "train/", "no such folder", "coco_annotations.json", "train/ and val/")
def train_is_missing(data):
    shutil.rmtree(data / "train")


@shows("error", "val/", "no such folder", "coco_annotations.json", "train/ and val/")
def val_is_missing(data):
    shutil.rmtree(data / "val")


@shows(
    "error", "train/images/", "no such folder", "folder with the images", "put the images there"
)
def images_folder_is_missing(data):
    shutil.rmtree(data / "train" / "images")


@shows("warning", "real_test/", "no such folder", ".jpg", "page of real photos")
def real_test_is_missing(data):
    shutil.rmtree(data / "real_test")


@shows("warning", "real_test/", "no photos", ".jpg", "photos without labels")
def real_test_is_empty(data):
    (data / "real_test" / "photo.png").unlink()


@shows(
    "error",
    VAL_JSON,
    "no such file (but instances.json)",
    "COCO annotation file",
    "under the name",
)
def annotation_file_has_another_name(data):
    (data / VAL_JSON).rename(data / "val" / "instances.json")


@shows("error", TRAIN_JSON, "not JSON: Expecting value: line 1", "JSON in UTF-8", "export")
def annotation_file_is_not_json(data):
    (data / TRAIN_JSON).write_text("once upon a time")


@shows("error", TRAIN_JSON, "not JSON: 'utf-16-le'", "JSON in UTF-8", "export")
def annotation_file_is_binary(data):
    (data / TRAIN_JSON).write_bytes(b"\xff\xfe\x00")


@shows("error", TRAIN_JSON, "not JSON", "JSON in UTF-8", "export")
def annotation_file_is_nested_beyond_reason(data):
    (data / TRAIN_JSON).write_text("[" * 100_000)


@shows(
    "error", TRAIN_JSON, 'no list "annotations"', '"images" and "annotations"', "COCO instances"
)
def annotation_file_lacks_annotations(data):
    edit(data, lambda content: content.pop("annotations"))


@shows("error", TRAIN_JSON, 'no list "images"', '"annotations"', "COCO instances")
def annotation_file_is_a_list(data):
    (data / TRAIN_JSON).write_text("[]")


# --- image entries


@shows(
    "error",
    TRAIN_JSON,
    "image entry 0: no width, height 'tall'",
    "width and height in whole pixels",
    "correct width and height",
)
def entry_lacks_fields(data):
    entry(data, height="tall")
    edit(data, lambda content: content["images"][0].pop("width"))
    (data / TRAIN_A).unlink()


@shows(
    "error",
    TRAIN_JSON,
    "image entry 3: 'x.png' instead of fields",
    "fields in braces",
    "remove it",
)
def entry_is_text(data):
    edit(data, lambda content: content["images"].append("x.png"))


@shows("warning", TRAIN_JSON, "image entry 0: width 0", "in pixels", "size of the file is taken")
def entry_has_no_size(data):
    entry(data, width=0)


@shows("error", TRAIN_JSON, f"width {10**30}", "from 1 to 100000", "correct width and height")
def entry_is_wider_than_the_world(data):
    entry(data, width=10**30)


@shows("error", TRAIN_JSON, "id nan", "a whole number", "number the images", is_alone=False)
def entry_id_is_not_a_number(data):
    entry(data, id=float("nan"))


@shows(
    "error",
    TRAIN_JSON,
    "image id 0 of a.png: also the id of b.png",
    "unique image ids",
    "its own id",
    is_alone=False,
)
def image_ids_repeat(data):
    edit(data, lambda content: content["images"][1].update(id=0))


@shows("error", TRAIN_JSON, "file_name a.png: in 2 entries", "one entry", "keep one entry")
def file_names_repeat(data):
    edit(
        data,
        lambda content: content["images"].append(
            {**content["images"][0], "id": 9, "file_name": "./a.png"}
        ),
    )


@shows(
    "warning",
    TRAIN_JSON,
    "file_name A.png: beside a.png",
    "more than capitals",
    "Windows",
    is_alone=False,
)
def file_names_differ_in_capitals_only(data):
    edit(
        data,
        lambda content: content["images"].append(
            {**content["images"][0], "id": 9, "file_name": "A.png"}
        ),
    )
    Image.fromarray(noise(30)).save(data / "train" / "images" / "A.png")


@shows("error", TRAIN_JSON, "../../val/images/d.png", "stays in images/", "was not opened")
def file_name_climbs_out(data):
    entry(data, file_name="../../val/images/d.png")
    (data / TRAIN_A).unlink()


@shows("error", TRAIN_JSON, "/etc/passwd", "stays in images/", "was not opened")
def file_name_is_absolute(data):
    entry(data, file_name="/etc/passwd")
    (data / TRAIN_A).unlink()


@shows("error", TRAIN_JSON, r"C:\\a.png", "stays in images/", "was not opened")
def file_name_names_a_drive(data):
    entry(data, file_name="C:\\a.png")
    (data / TRAIN_A).unlink()


@shows("error", TRAIN_JSON, "a.png", "stays in images/", "was not opened")
def file_name_holds_a_zero(data):
    entry(data, file_name="a.png\0")
    (data / TRAIN_A).unlink()


# --- image files


@shows("error", TRAIN_A, "no such file", "the image of entry 0", "correct file_name")
def image_is_missing(data):
    (data / TRAIN_A).unlink()


@shows(
    "warning",
    TRAIN_JSON,
    "image entry 0: file_name 'a.png', read as a.PNG",
    "the name of the file",
    "the file that is meant is clear",
)
def image_has_other_capitals(data):
    (data / TRAIN_A).rename(data / "train" / "images" / "a.PNG")


@shows("error", f"train/images/{'x' * 300}.png", "no such file", "entry 0", "correct file_name")
def file_name_is_too_long_for_the_disk(data):
    entry(data, file_name=f"{'x' * 300}.png")
    (data / TRAIN_A).unlink()


@shows(
    "error",
    TRAIN_A,
    "0 bytes: cannot identify image file 'a.png'",
    "decodes to its end",
    "copy or export",
)
def image_is_empty(data):
    (data / TRAIN_A).write_bytes(b"")


@shows("error", TRAIN_A, "15 bytes: cannot identify", "decodes to its end", "copy or export")
def image_is_text(data):
    (data / TRAIN_A).write_text("a thousand words"[:15])


@shows("error", TRAIN_A, "truncated", "decodes to its end", "copy or export")
def png_is_cut_off(data):
    content = (data / TRAIN_A).read_bytes()
    (data / TRAIN_A).write_bytes(content[: len(content) // 2])


@shows("error", "train/images/a.jpg", "truncated", "decodes to its end", "copy or export")
def jpeg_lacks_its_last_tenth(data):
    Image.fromarray(noise(0)).save(data / "train" / "images" / "a.jpg")
    content = (data / "train" / "images" / "a.jpg").read_bytes()
    (data / "train" / "images" / "a.jpg").write_bytes(content[: len(content) * 9 // 10])
    entry(data, file_name="a.jpg")
    (data / TRAIN_A).unlink()


@shows("warning", "real_test/photo.png", "cannot identify", "decodes to its end", "left out")
def photo_is_broken(data):
    (data / "real_test" / "photo.png").write_bytes(b"?")


@shows("error", TRAIN_A, "32x24 px", "64x48 px as its entry says", "correct width and height")
def image_size_differs(data):
    resave(data, Image.fromarray(noise(0)).resize((32, 24)))


@shows(
    "error",
    TRAIN_A,
    "48x64 px, width and height the other way round",
    "64x48 px",
    "correct width and height",
)
def width_and_height_are_exchanged(data):
    resave(data, Image.fromarray(noise(0).transpose(1, 0, 2)))


@shows(
    "error",
    TRAIN_A,
    "turned by its EXIF orientation 6 it would be 64x48 and fit",
    "64x48 px",
    "add --upright",
)
def image_was_annotated_turned(data):
    exif = Image.Exif()
    exif[0x0112] = 6
    resave(data, Image.fromarray(noise(0).transpose(1, 0, 2)), exif=exif)


@shows(
    "warning", TRAIN_A, "EXIF orientation 3", "used as stored", "outlines fit the stored pixels"
)
def labelled_image_has_an_orientation(data):
    exif = Image.Exif()
    exif[0x0112] = 3
    resave(data, Image.fromarray(noise(0)), exif=exif)


@shows("warning", TRAIN_A, "gray", "8-bit RGB", "three equal channels")
def image_is_gray(data):
    resave(data, Image.fromarray(noise(0)).convert("L"))


@shows("warning", TRAIN_A, "black and white", "8-bit RGB", "three equal channels")
def image_is_black_and_white(data):
    resave(data, Image.fromarray(noise(0)).convert("1"))


@shows("warning", TRAIN_A, "gray with an alpha channel", "8-bit RGB", "alpha channel is dropped")
def image_is_gray_with_alpha(data):
    resave(data, Image.fromarray(noise(0)).convert("LA"))


@shows("warning", TRAIN_A, "RGBA", "8-bit RGB", "alpha channel is dropped")
def image_has_alpha(data):
    resave(data, Image.fromarray(noise(0)).convert("RGBA"))


@shows("warning", TRAIN_A, "palette", "8-bit RGB", "colours of the palette")
def image_has_a_palette(data):
    resave(data, Image.fromarray(noise(0)).convert("P"))


@shows("warning", TRAIN_A, "CMYK", "8-bit RGB", "colours may shift")
def image_is_cmyk(data):
    resave(data, Image.fromarray(noise(0)).convert("CMYK"), format="JPEG")


@shows("warning", TRAIN_A, "16 bits", "8-bit RGB", "upper 8 bits")
def image_is_16_bit_gray(data):
    resave(data, Image.fromarray(noise(0)[..., 0].astype(np.uint16) * 257))


@shows("warning", TRAIN_A, "16 bits", "8-bit RGB", "upper 8 bits")
def image_is_16_bit_colour(data):
    assert cv2.imwrite(str(data / TRAIN_A), noise(0).astype(np.uint16) * 257)


@shows("warning", "real_test/photo.png", "gray", "8-bit RGB", "three equal channels")
def photo_is_gray(data):
    Image.fromarray(noise(20)).convert("L").save(data / "real_test" / "photo.png")


@shows("warning", "train/images/more/x.jpg", "not used", "an entry in", "add an entry")
def image_has_no_entry(data):
    (data / "train" / "images" / "more").mkdir()
    Image.fromarray(noise(30)).save(data / "train" / "images" / "more" / "x.jpg")


@shows("warning", "real_test/IMG_1.HEIC", "not used", ".jpg", "convert or move")
def photo_is_in_a_format_that_is_not_read(data):
    (data / "real_test" / "IMG_1.HEIC").write_bytes(b"heic")


@shows("warning", "real_test/photo.png", "not used", "all in real_test/images/", "convert or move")
def photos_lie_in_both_places(data):
    (data / "real_test" / "images").mkdir()
    Image.fromarray(noise(30)).save(data / "real_test" / "images" / "x.png")


# --- the same image again


@shows(
    "error",
    "val/images/d.png",
    "same pixels as train/images/a.png",
    "no image of train in val",
    "from train or",
)
def val_holds_a_copy_of_a_train_image(data):
    shutil.copy(data / TRAIN_A, data / "val" / "images" / "d.png")


@shows(
    "error",
    "val/images/d.png",
    "same pixels as train/images/a.png",
    "no image of train in val",
    "from train or",
)
def val_holds_the_pixels_of_a_train_image_in_another_file(data):
    Image.fromarray(noise(0)).save(data / "val" / "images" / "d.png", compress_level=0)
    assert (data / "val" / "images" / "d.png").read_bytes() != (data / TRAIN_A).read_bytes()


@shows(
    "warning",
    "train/images/b.png",
    "same pixels as train/images/a.png",
    "each image once",
    "remove one of the two",
)
def train_holds_an_image_twice(data):
    shutil.copy(data / TRAIN_A, data / "train" / "images" / "b.png")


@shows(
    "warning",
    "real_test/photo.png",
    "same pixels as train/images/a.png",
    "not in train",
    "replace the photo",
)
def photo_is_a_train_image(data):
    shutil.copy(data / TRAIN_A, data / "real_test" / "photo.png")


# --- annotations


@shows(
    "error",
    TRAIN_JSON,
    "annotation 0: image id 77, which no image entry has",
    "an image entry has",
    "add the image's entry",
)
def annotation_of_an_unknown_image(data):
    outline(data, SHAPE, image_id=77)


@shows(
    "error",
    TRAIN_JSON,
    "annotation 0: image id [0]",
    "an image entry has",
    "remove the annotation",
)
def annotation_names_its_image_by_a_list(data):
    outline(data, SHAPE, image_id=[0])


@shows(
    "error", TRAIN_JSON, "annotation number 3: 'butt'", "fields", "export the annotations again"
)
def annotation_is_text(data):
    edit(data, lambda content: content["annotations"].append("butt"))


@shows(
    "warning", TRAIN_JSON, "annotation id 0 for 2 annotations", "unique annotation ids", "number"
)
def annotation_ids_repeat(data):
    edit(data, lambda content: content["annotations"][1].update(id=0))


@shows(
    "warning",
    TRAIN_JSON,
    "2 categories: butt (2), leaf (1)",
    "one kind of object",
    "united into one mask",
)
def several_categories(data):
    edit(data, lambda content: content["categories"].append({"id": 2, "name": "leaf"}))
    outline(data, SHAPE, category_id=2)


@shows(
    "warning", TRAIN_JSON, "category_id 9 in 3 annotations", "one of 1 (butt)", "list the category"
)
def category_is_unknown(data):
    edit(
        data,
        lambda content: [
            annotation.update(category_id=9) for annotation in content["annotations"]
        ],
    )


@shows(
    "error",
    TRAIN_JSON,
    "annotation 0 of a.png: no segmentation",
    "polygons",
    "gives no mask), or remove the annotation",
)
def segmentation_is_missing(data):
    edit(data, lambda content: content["annotations"][0].pop("segmentation"))


@shows(
    "error",
    TRAIN_JSON,
    "annotation 0 of a.png: segmentation [], but area 80",
    "polygons",
    "gives no mask), or remove the annotation",
)
def segmentation_is_empty(data):
    outline(data, [], area=80)


@shows(
    "warning",
    TRAIN_JSON,
    "annotation 9 of a.png: segmentation [] and no area",
    "an outline",
    "nothing",
)
def nothing_was_drawn(data):
    empty = {"id": 9, "image_id": 0, "category_id": 1, "segmentation": [], "area": 0}
    empty["bbox"] = [0, 0, 0, 0]
    edit(data, lambda content: content["annotations"].append(empty))


@shows("error", TRAIN_JSON, "without a list around it", "[[x1, y1", "one flat list")
def polygon_is_not_in_a_list(data):
    outline(data, SHAPE[0])


@shows("error", TRAIN_JSON, "a polygon of 2 points", "3 or more points", "draw the object again")
def polygon_has_two_points(data):
    outline(data, [[10, 10, 30, 30]], area=400)


@shows("warning", TRAIN_JSON, "a polygon of 2 points", "3 or more points", "draw the object again")
def polygon_has_two_points_and_hardly_an_area(data):
    outline(data, [[10, 10, 10.4, 10.4]], area=0.1)


@shows("warning", TRAIN_JSON, "a polygon of 1 points", "3 or more points", "draw the object again")
def polygon_is_a_slip_beside_a_sound_one(data):
    outline(data, [*SHAPE, [1, 1]])


@shows(
    "error", TRAIN_JSON, "zero area (3 points on a line)", "with an area", "draw the object again"
)
def polygon_is_a_line(data):
    outline(data, [[10.1, 10.1, 20.2, 20.2, 30.3, 30.3]], bbox=[10, 10, 20, 20])


@shows(
    "error", TRAIN_JSON, "a polygon of 9 numbers, an odd count", "[[x1, y1", "remove this polygon"
)
def polygon_has_half_a_point(data):
    outline(data, [SHAPE[0][:9]])


@shows(
    "error",
    TRAIN_JSON,
    "a coordinate 'ten' that is not a number",
    "[[x1, y1",
    "remove this polygon",
)
def polygon_holds_text(data):
    outline(data, [["ten", *SHAPE[0][1:]]])


@shows(
    "error",
    TRAIN_JSON,
    "points as pairs",
    "[[x1, y1",
    "write each polygon as one flat list",
)
def polygon_holds_points(data):
    outline(data, [[[10, 10], [30, 10], [30, 30]]])


@shows(
    "error", TRAIN_JSON, "a coordinate nan in an image of 64x48", "[[x1, y1", "remove this polygon"
)
def polygon_holds_nan(data):
    outline(data, [[float("nan"), *SHAPE[0][1:]]])


@shows(
    "error", TRAIN_JSON, "a coordinate inf in an image of 64x48", "[[x1, y1", "remove this polygon"
)
def polygon_holds_infinity(data):
    outline(data, [[float("inf"), *SHAPE[0][1:]]])


@shows(
    "error", TRAIN_JSON, "a coordinate 1000000000.0 in an image", "[[x1, y1", "remove this polygon"
)
def polygon_reaches_the_moon(data):
    outline(data, [[1e9, *SHAPE[0][1:]]])


@shows(
    "warning",
    TRAIN_JSON,
    "partly outside, x 50 to 90, y 10 to 30",
    "x from 0 to 64",
    "cut by the edge",
)
def polygon_is_partly_outside(data):
    outline(data, [[50, 10, 90, 10, 90, 30, 50, 30]])


@shows(
    "error",
    TRAIN_JSON,
    "outside the image, x 70 to 90, y 10 to 30",
    "x from 0 to 64",
    "belongs to this image",
)
def polygon_is_wholly_outside(data):
    outline(data, [[70, 10, 90, 10, 90, 30, 70, 30]])


@shows("warning", TRAIN_JSON, "covers no pixel", "at least one pixel", "draw the object again")
def polygon_covers_no_pixel(data):
    outline(data, [[10.1, 10.1, 10.4, 10.1, 10.4, 10.4, 10.1, 10.4]])


@shows("warning", TRAIN_JSON, "an object of 4 px", "10 px or more", "nothing if that is meant")
def object_is_very_small(data):
    outline(data, [[10, 10, 12, 10, 12, 12, 10, 12]])


@shows(
    "warning",
    TRAIN_JSON,
    "bbox [10.0, 10.0, 2.0, 2.0] (IoU 0.01",
    "[10.0, 10.0, 20.0, 20.0]",
    "the outline is used",
)
def bbox_is_another_object(data):
    outline(data, SHAPE, bbox=[10, 10, 2, 2])


@shows("error", TRAIN_JSON, "RLE of size [64, 48]", "size [48, 64]", "export the RLE again")
def rle_is_of_another_size(data):
    outline(data, {"size": [64, 48], "counts": [0, 64 * 48]})


@shows("error", TRAIN_JSON, "RLE of size None", "size [48, 64]", "export the RLE again")
def rle_has_no_size(data):
    outline(data, {"counts": [0, 64 * 48]})


@shows("error", TRAIN_JSON, "RLE counts of 20 pixels", "add up to 3072", "export the RLE again")
def rle_is_too_short(data):
    outline(data, {"size": [48, 64], "counts": [10, 10]})


@shows("error", TRAIN_JSON, "not integers from 0 up", "add up to 3072", "export the RLE again")
def rle_has_a_negative_run(data):
    outline(data, {"size": [48, 64], "counts": [-1, 3073]})


@shows(
    "error",
    TRAIN_JSON,
    "characters that COCO does not use",
    "add up to 3072",
    "export the RLE again",
)
def compressed_rle_is_text(data):
    outline(data, {"size": [48, 64], "counts": "not a run length"})


@shows("error", TRAIN_JSON, "RLE counts of 1 pixels", "add up to 3072", "export the RLE again")
def compressed_rle_is_too_short(data):
    outline(data, {"size": [48, 64], "counts": "01"})


@shows("error", TRAIN_JSON, "end within a number", "add up to 3072", "export the RLE again")
def compressed_rle_is_cut_off(data):
    outline(data, {"size": [48, 64], "counts": "P"})


@shows(
    "error", TRAIN_JSON, "RLE counts of type NoneType", "add up to 3072", "export the RLE again"
)
def rle_has_no_counts(data):
    outline(data, {"size": [48, 64]})


# --- too little to train or score


@shows("error", VAL_JSON, "0 usable images", "1 or more", "annotate more images", is_alone=False)
def val_lists_no_image(data):
    edit(data, lambda content: content.update(images=[], annotations=[]), split="val")


@shows(
    "error",
    VAL_JSON,
    "0 images with an object among 2",
    "1 or more with an object",
    "annotate more images",
)
def val_has_no_object(data):
    edit(data, lambda content: content.update(annotations=[]), split="val")


@shows(
    "error",
    TRAIN_JSON,
    "3 of 3 annotations with iscrowd 1 (or ignore 1), 100 % of the annotated pixels",
    "only on regions that are not to count",
    "--crowd object if they are objects (CVAT writes",
)
def train_has_crowd_regions_only(data):
    edit(
        data,
        lambda content: [annotation.update(iscrowd=1) for annotation in content["annotations"]],
    )


@shows(
    "error",
    TRAIN_JSON,
    "1 image with an object among 3",
    "2 or more with an object",
    "annotate more images",
)
def train_has_one_object(data):
    edit(data, lambda content: content.update(annotations=content["annotations"][:1]))


# --- the tests


# --- the submission's template

TEMPLATE = "pred_val_template.csv"


@shows(
    "error",
    TEMPLATE,
    "1 not among the images (7); 1 missing in the template (1)",
    "each image once",
    "correct the annotations",
)
def template_has_other_ids(data):
    (data / TEMPLATE).write_text("img_id,rle_mask\n0,\n7,\n")


@shows("error", TEMPLATE, "the header ['0', '']", "two named columns", "write a line such as")
def template_has_no_header(data):
    (data / TEMPLATE).write_text("0,\n1,\n")


@shows("error", "./", "two templates", "one", "remove pred_val_template.csv or")
def template_is_there_twice(data):
    for name in (TEMPLATE, "pred_valid_template.csv"):
        (data / name).write_text("img_id,rle_mask\n0,\n1,\n")


def test_there_are_breakages_to_test():
    assert len(BREAKAGES) >= 75


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.damage.__name__)
def test_breakage_is_named_with_its_level_file_and_mend(data, breakage):
    breakage.damage(data)
    findings = check_data(data)
    named = [
        finding
        for finding in findings
        if finding.file == breakage.file and breakage.found in finding.found
    ]
    assert len(named) == 1, findings
    assert named[0].level == breakage.level
    assert breakage.expected in named[0].expected
    assert breakage.mend in named[0].mend
    assert findings == named or not breakage.is_alone


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.damage.__name__)
def test_what_has_no_error_can_be_read_and_drawn(data, breakage):
    breakage.damage(data)
    if any(finding.level == "error" for finding in check_data(data)):
        assert breakage.level == "error"
        return
    for split in ("train", "val"):
        for listed in read_entries(data / split):
            assert read_image(listed.path).shape == (listed.height, listed.width, 3)
            assert rasterise(listed)[0].shape == (listed.height, listed.width)


def test_clean_data_has_no_findings_and_a_summary(data):
    assert check_data(data) == []
    assert format_findings([], data) == (
        "0 errors, 0 warnings in 6 images (train 3, val 2, real_test 1; 0 without annotation)"
    )


def test_a_template_that_fits_is_no_finding_and_one_is_not_blamed_for_unread_entries(data):
    (data / TEMPLATE).write_text("img_id,rle_mask\n1,\n0,\n")
    assert check_data(data) == []
    edit(data, lambda content: content["images"][0].pop("width"), "val")
    assert TEMPLATE not in {finding.file for finding in check_data(data)}


def test_legal_rarities_are_no_findings(data):
    """Images without annotation, photos in real_test/images and turned by EXIF, edges, ids shared
    by splits.
    """
    edit(data, lambda content: content["annotations"].pop())
    outline(data, [[-0.5, -0.5, WIDTH + 0.5, -0.5, WIDTH + 0.5, HEIGHT + 0.5]])
    (data / "real_test" / "images").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(20)).save(data / "real_test" / "images" / "photo.jpg", exif=exif)
    (data / "real_test" / "photo.png").unlink()
    (data / "train" / "images" / ".DS_Store").write_bytes(b"hidden")
    (data / "train" / "images" / "._a.png").write_bytes(b"hidden")
    assert check_data(data) == []
    assert "1 without annotation" in format_findings([], data)


def test_text_ids_that_the_reader_accepts_are_no_findings(data):
    edit(data, lambda content: [item.update(id=str(item["id"])) for item in content["images"]])
    edit(
        data,
        lambda content: [
            note.update(image_id=str(note["image_id"])) for note in content["annotations"]
        ],
    )
    assert check_data(data) == []


def test_everything_is_reported_at_once(data):
    damages = [
        image_size_differs,
        val_has_no_object,
        image_has_no_entry,
        real_test_is_missing,
        annotation_is_text,
    ]
    damages += [several_categories, polygon_holds_nan]
    for damage in damages:
        damage(data)
    (data / "train" / "images" / "b.png").unlink()
    shutil.copy(data / "train" / "images" / "c.png", data / "val" / "images" / "e.png")
    reported = [(finding.level, finding.file) for finding in check_data(data)]
    assert sorted(reported) == sorted(
        [
            ("error", TRAIN_A),
            ("error", "train/images/b.png"),
            ("error", VAL_JSON),
            ("error", "val/images/e.png"),
            ("error", TRAIN_JSON),  # the annotation that is text
            ("error", TRAIN_JSON),  # the polygon
            ("warning", TRAIN_JSON),  # the categories
            ("warning", "real_test/"),
        ]
    )


def test_the_folder_is_left_as_it_was(data):
    for damage in (png_is_cut_off, polygon_is_partly_outside, image_has_no_entry, photo_is_gray):
        damage(data)

    def state():
        return {
            path: (
                path.stat().st_mtime_ns,
                path.stat().st_mode,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in [data, *data.rglob("*")]
        }

    before = state()
    findings = check_data(data)
    format_findings(findings, data)
    assert len(findings) == 4
    assert state() == before


def polygon_holds_nan_in_val(data):
    nan = {"segmentation": [[float("nan"), *SHAPE[0][1:]]]}
    edit(data, lambda content: content["annotations"][0].update(nan), "val")


def test_table_puts_errors_first_and_fits_the_width(data):
    for damage in (image_is_gray, polygon_is_partly_outside, polygon_holds_nan_in_val):
        damage(data)
    findings = check_data(data)
    for width in (100, 200):
        lines = format_findings(findings, data, width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert lines[0].split() == ["level", "file", "found", "expected", "how", "to", "mend"]
        levels = [line.split()[0] for line in lines if line.startswith(("error", "warning"))]
        assert levels == ["error", "warning", "warning"]
        column = lines[0].index("found")
        assert all(line[column - 1] == " " for line in lines[:-2] if len(line) > column)
        assert lines[-1].startswith("1 error, 2 warnings in 6 images")


def test_table_counts_what_repeats():
    findings = [
        Finding("warning", f"{index}.png", "gray", "RGB", "convert") for index in range(147)
    ]
    table = format_table(
        [*findings, Finding("error", "b.png", "broken", "whole", "copy")], width=100
    )
    assert "… and 137 more like this" in table
    assert "9.png" in table
    assert "10.png" not in table
    assert table.count("convert") == 1
    assert table.count("as above") == 9
    assert table.splitlines()[2].startswith("error")


def test_table_escapes_what_would_spoil_a_terminal():
    table = format_table([Finding("error", "a\x1b[2J\n\udcff.png", "ü", "x", "y")])
    assert r"a\x1b[2J\n\udcff.png" in table
    assert "ü" in table


def command(*arguments: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}  # a poor terminal
    line = [sys.executable, "-m", "common.coco", *map(str, arguments)]
    return subprocess.run(
        line, cwd=ROOT, capture_output=True, text=True, env=environment, check=False
    )


def test_command_exits_with_0_for_clean_data_and_2_for_wrong_usage(data, capsys):
    assert main(["check", str(data), "--strict"]) == 0
    clean = capsys.readouterr()
    assert clean.out.startswith("0 errors, 0 warnings in 6 images") and clean.err == ""
    for words, told in ((["check", str(data / "nowhere")], "is no folder"), ([], "required")):
        with pytest.raises(SystemExit, match="2"):
            main(words)
        assert told in capsys.readouterr().err


def test_command_exits_with_1_for_errors_and_with_strict_for_warnings(data):
    image_is_gray(data)
    assert main(["check", str(data)]) == 0
    assert main(["check", str(data), "--strict"]) == 1
    image_is_missing(data)
    polygon_holds_nan(data)
    broken = command("check", data)
    assert broken.returncode == 1
    assert TRAIN_A in broken.stdout
    assert r"x3, y3, \u2026" in broken.stdout
    assert "2 errors, 0 warnings" in broken.stdout
