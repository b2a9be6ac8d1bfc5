"""Reading COCO folders: masks as pycocotools draws them, entries as they stand in the file, images
as 8-bit RGB.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from common.coco import DataError, Entry, list_photos, rasterise, read_entries, read_image
from common.coco.drawing import decompress_counts
from common.coco.images import is_deep

HEIGHT, WIDTH = 37, 61
SQUARE = [5, 6, 25, 6, 25, 20, 5, 20]
TRIANGLE = [30.5, 2.25, 55.75, 30.5, 28.0, 33.3]
ORIENTATION = 0x0112


def blob() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (rows - 12) ** 2 + (columns - 40) ** 2 / 3 < 60


def compressed(mask: np.ndarray) -> dict:
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(mask.shape), "counts": rle["counts"].decode()}


def write_split(folder: Path, annotations: list[dict], images: list[dict] | None = None) -> Path:
    images = images or [{"id": 4, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}]
    folder.mkdir(parents=True, exist_ok=True)
    annotations = [
        {"id": index, "image_id": 4, "category_id": 1, **note}
        for index, note in enumerate(annotations)
    ]
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "butt"}],
    }
    (folder / "coco_annotations.json").write_text(json.dumps(content))
    return folder


def uncompressed(mask: np.ndarray) -> dict:
    """COCO's run lengths, one pixel after the other down the columns."""
    counts, value = [0], False
    for pixel in mask.ravel(order="F").tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


SEGMENTATIONS = {
    "polygon": [SQUARE],
    "polygon with fractions": [TRIANGLE],
    "polygon over the edge": [[-8, -3, 30, -3, 80, 50]],
    "several polygons": [SQUARE, TRIANGLE],
    "uncompressed RLE": uncompressed(blob()),
    "compressed RLE": compressed(blob()),
    "RLE of nothing": {"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]},
    "RLE of everything": {"size": [HEIGHT, WIDTH], "counts": [0, HEIGHT * WIDTH]},
}


@pytest.mark.parametrize("segmentation", SEGMENTATIONS.values(), ids=SEGMENTATIONS.keys())
def test_mask_is_that_of_pycocotools(tmp_path, segmentation):
    folder = write_split(tmp_path, [{"segmentation": segmentation, "iscrowd": 0}])
    mask, ignore = rasterise(read_entries(folder)[0])
    reference = COCO(str(folder / "coco_annotations.json"))
    expected = reference.annToMask(reference.anns[0]).astype(bool)
    assert mask.dtype == ignore.dtype == bool
    assert mask.shape == (HEIGHT, WIDTH)
    np.testing.assert_array_equal(mask, expected)
    assert not ignore.any()


def test_square_covers_the_pixels_it_was_drawn_around():
    """A picture in numbers, so that a change of the rasteriser itself is seen."""
    entry = Entry(
        1,
        "a.png",
        Path("a.png"),
        8,
        6,
        annotations=({"segmentation": [[2, 1, 6, 1, 6, 4, 2, 4]]},),
    )
    expected = np.zeros((6, 8), dtype=bool)
    expected[1:4, 2:6] = True
    np.testing.assert_array_equal(rasterise(entry)[0], expected)


def test_rle_runs_go_down_the_columns():
    drawn = {"segmentation": {"size": [2, 3], "counts": [1, 2, 3]}}
    entry = Entry(1, "a.png", Path("a.png"), 3, 2, annotations=(drawn,))
    np.testing.assert_array_equal(
        rasterise(entry)[0], [[False, True, False], [True, False, False]]
    )


def test_objects_are_united(tmp_path):
    folder = write_split(
        tmp_path,
        [{"segmentation": [SQUARE]}, {"segmentation": compressed(blob()), "category_id": 2}],
    )
    reference = COCO(str(folder / "coco_annotations.json"))
    expected = reference.annToMask(reference.anns[0]) | reference.annToMask(reference.anns[1])
    np.testing.assert_array_equal(rasterise(read_entries(folder)[0])[0], expected.astype(bool))


def test_crowd_is_ignored_where_no_object_covers_it(tmp_path):
    crowd = np.zeros((HEIGHT, WIDTH), dtype=bool)
    crowd[10:30, 10:50] = True
    notes = [
        {"segmentation": compressed(crowd), "iscrowd": 1},
        {"segmentation": [SQUARE], "iscrowd": 0},
    ]
    mask, ignore = rasterise(read_entries(write_split(tmp_path, notes))[0])
    assert mask.sum() == 20 * 14
    np.testing.assert_array_equal(ignore, crowd & ~mask)
    assert ignore.any()


def test_image_without_annotation_has_an_empty_mask(tmp_path):
    mask, ignore = rasterise(read_entries(write_split(tmp_path, []))[0])
    assert mask.shape == ignore.shape == (HEIGHT, WIDTH)
    assert not mask.any()
    assert not ignore.any()


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_compressed_counts_are_those_of_pycocotools(mask):
    runs = decompress_counts(compressed(mask)["counts"])
    assert sum(runs) == mask.size
    is_mask = np.arange(len(runs)) % 2 == 1
    np.testing.assert_array_equal(np.repeat(is_mask, runs), mask.ravel(order="F"))


@given(st.lists(st.integers(0, 2**20), min_size=1, max_size=8))
def test_compressed_counts_of_long_runs_are_those_of_pycocotools(runs):
    height = sum(runs) + 1
    runs = [*runs, 1]
    rle = coco_mask.frPyObjects({"size": [height, 1], "counts": runs}, height, 1)
    assert decompress_counts(rle["counts"]) == runs


UNDRAWABLE = {
    "RLE of another size": (
        {"size": [WIDTH, HEIGHT], "counts": [HEIGHT * WIDTH]},
        r"size \[61, 37\]",
    ),
    "RLE too short": ({"size": [HEIGHT, WIDTH], "counts": [3, 4]}, "7 pixels"),
    "RLE without counts": ({"size": [HEIGHT, WIDTH]}, "NoneType"),
    "compressed RLE too short": ({"size": [HEIGHT, WIDTH], "counts": "34"}, "7 pixels"),
    "compressed RLE of text": ({"size": [HEIGHT, WIDTH], "counts": "no code"}, "characters"),
    "flat polygon": (SQUARE, "without a list around it"),
    "half a point": ([SQUARE[:7]], "odd count"),
    "NaN": ([[float("nan"), *SQUARE[1:]]], "nan"),
    "infinity": ([[float("inf"), *SQUARE[1:]]], "inf"),
    "far away": ([[1e9, *SQUARE[1:]]], "1000000000.0"),
    "text": ([["1,5", *SQUARE[1:]]], "not a number"),
    "a name": ("mask.png", "of type str"),
}


@pytest.mark.parametrize(("segmentation", "words"), UNDRAWABLE.values(), ids=UNDRAWABLE.keys())
def test_what_cannot_be_drawn_is_refused_with_the_annotation_named(tmp_path, segmentation, words):
    """Without the refusal pycocotools hangs (NaN), crashes (far away) or returns old memory (too
    short).
    """
    entry = read_entries(
        write_split(tmp_path, [{"segmentation": [SQUARE]}, {"segmentation": segmentation}])
    )[0]
    with pytest.raises(DataError, match=f"annotation 1 of image 4 .*{words}"):
        rasterise(entry)


def test_entries_are_ordered_by_id_with_their_own_annotations_and_group(tmp_path):
    images = [
        {"id": 9, "file_name": "sub/b.png", "width": 10, "height": 20, "group": "cutout-1"},
        {"id": 4, "file_name": "a.png", "width": WIDTH, "height": HEIGHT, "group": ""},
    ]
    folder = write_split(
        tmp_path, [{"segmentation": [SQUARE]}, {"segmentation": [SQUARE], "image_id": 9}], images
    )
    first, second = read_entries(folder)
    assert (first.image_id, first.width, first.height, first.group) == (4, WIDTH, HEIGHT, None)
    assert (second.image_id, second.path, second.group) == (
        9,
        folder / "images" / "sub" / "b.png",
        "cutout-1",
    )
    assert [[note["id"] for note in entry.annotations] for entry in (first, second)] == [[0], [1]]


WRONG_ENTRIES = {
    "no width": ({"width": None}, "expected width and height"),
    "no pixels": ({"width": 0}, "expected width and height"),
    "infinite": ({"width": float("inf")}, "expected width and height"),
    "leaves the folder": ({"file_name": "../a.png"}, "a path that stays in images/"),
    "absolute": ({"file_name": "/a.png"}, "a path that stays in images/"),
    "Windows path": ({"file_name": "..\\a.png"}, "a path that stays in images/"),
    "drive": ({"file_name": "C:/a.png"}, "a path that stays in images/"),
}


@pytest.mark.parametrize(("fields", "words"), WRONG_ENTRIES.values(), ids=WRONG_ENTRIES.keys())
def test_wrong_entry_is_refused(tmp_path, fields, words):
    images = [{"id": 4, "file_name": "a.png", "width": WIDTH, "height": HEIGHT, **fields}]
    with pytest.raises(DataError, match=words):
        read_entries(write_split(tmp_path, [], images))


def test_repeated_id_is_refused(tmp_path):
    images = [
        {"id": 4, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for name in ("a.png", "b.png")
    ]
    with pytest.raises(DataError, match="id 4 of a.png: also the id of b.png"):
        read_entries(write_split(tmp_path, [], images))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"images": []}', '{"images": {}, "annotations": []}', "[" * 100_000]
)
def test_unusable_annotation_file_is_refused(tmp_path, text):
    (tmp_path / "coco_annotations.json").write_text(text)
    with pytest.raises(DataError, match=r"coco_annotations\.json (is not JSON|has no list)"):
        read_entries(tmp_path)


def test_missing_annotation_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="is missing"):
        read_entries(tmp_path)


def colours() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def test_colour_image_is_rgb_as_stored(tmp_path):
    Image.fromarray(colours()).save(tmp_path / "ü name.png")
    image = read_image(tmp_path / "ü name.png")
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, colours())


def test_gray_image_has_three_equal_channels(tmp_path):
    Image.fromarray(colours()[..., 0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png"), np.repeat(colours()[..., :1], 3, axis=2)
    )


def test_alpha_is_dropped_and_the_colours_below_it_are_kept(tmp_path):
    alpha = np.zeros((HEIGHT, WIDTH, 1), dtype=np.uint8)
    Image.fromarray(np.dstack([colours(), alpha])).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), colours())


def test_palette_colours_are_read(tmp_path):
    image = Image.fromarray(colours()).convert("P")
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.array(image.convert("RGB")))


def test_cmyk_image_becomes_rgb(tmp_path):
    smooth = np.asarray(Image.fromarray(colours()).resize((6, 4)).resize((WIDTH, HEIGHT)))
    Image.fromarray(smooth).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    difference = np.abs(read_image(tmp_path / "a.jpg").astype(int) - smooth)
    assert difference.max() <= 6


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_the_upper_8_of_16_bits_are_kept(tmp_path, suffix):
    low = np.random.default_rng(1).integers(0, 100, colours().shape)
    deep = (colours().astype(np.uint16) << 8) + low.astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / f"colour{suffix}"), deep[..., ::-1])
    Image.fromarray(deep[..., 0]).save(tmp_path / f"gray{suffix}")
    for name, expected in (
        ("colour", colours()),
        ("gray", np.repeat(colours()[..., :1], 3, axis=2)),
    ):
        difference = read_image(tmp_path / f"{name}{suffix}").astype(int) - expected
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jpg"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_more_than_8_bits_are_seen_in_the_header(tmp_path, suffix, channels):
    image = np.zeros((HEIGHT, WIDTH, channels), np.uint8)
    assert cv2.imwrite(str(tmp_path / f"a{suffix}"), image)
    assert not is_deep(tmp_path / f"a{suffix}")
    if suffix in (".png", ".tif"):
        assert cv2.imwrite(str(tmp_path / f"b{suffix}"), image.astype(np.uint16))
        assert is_deep(tmp_path / f"b{suffix}")
    assert not is_deep(tmp_path / "none")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_exif_turns_photos_and_leaves_annotated_images(tmp_path, suffix):
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:, : WIDTH // 2] = 255  # bright on the left
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned by 90 degrees clockwise: bright at the top
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}", exif=exif)
    stored = read_image(tmp_path / f"a{suffix}")
    upright = read_image(tmp_path / f"a{suffix}", upright=True)
    assert stored.shape == (HEIGHT, WIDTH, 3)
    assert stored[:, :20].mean() > 250 > 5 > stored[:, -20:].mean()
    assert upright.shape == (WIDTH, HEIGHT, 3)
    assert upright[:20].mean() > 250 > 5 > upright[-20:].mean()


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(OSError, match=f"a.png is {len(content)} bytes that do not decode"):
        read_image(tmp_path / "a.png")


def test_missing_image_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("inner", ["", "images"])
def test_photos_of_both_layouts_are_listed_by_name(tmp_path, inner):
    folder = tmp_path / "real_test" / inner
    (folder / "sub.jpg").mkdir(parents=True)
    for name in ("b.JPG", "a.png", "c.webp", "notes.txt", "d.heic"):
        (folder / name).write_bytes(b"")
    assert [path.name for path in list_photos(tmp_path / "real_test")] == [
        "a.png",
        "b.JPG",
        "c.webp",
    ]


def test_photos_of_a_missing_folder_are_none(tmp_path):
    assert list_photos(tmp_path / "real_test") == []
