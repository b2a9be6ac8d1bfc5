"""Small exports in each tool's form, converted, checked, and their masks compared."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from common.coco import rasterise, read_entries, read_image
from common.coco.__main__ import main
from common.coco.images import TURNS
from common.data.check import check_data
from common.data.template import layout_of

WIDTH, HEIGHT = 60, 40


def scene(number):
    """Pixels (H, W, 3) uint8 that no other number has, and a triangle's polygon."""
    pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    left = 5 + number % 20
    return pixels, [left, 6, left + 20, 9, left + 7, 30]


def listing(numbers, name, image_id=lambda number: number):
    """A COCO dictionary of scenes."""
    images = [
        {"id": image_id(n), "file_name": name(n), "width": WIDTH, "height": HEIGHT}
        for n in numbers
    ]
    drawn = [
        {"id": n, "image_id": image_id(n), "category_id": 1, "segmentation": [scene(n)[1]]}
        | {"iscrowd": 0}
        for n in numbers
    ]
    return {"images": images, "annotations": drawn, "categories": [{"id": 1, "name": "butt"}]}


def put(folder, numbers, name=lambda n: f"{n}.png", turned=0):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        pixels = scene(number)[0]
        exif = Image.Exif()
        if turned:
            exif[0x0112] = turned
            pixels = {3: pixels[::-1, ::-1], 6: np.rot90(pixels)}[turned]
        Image.fromarray(np.ascontiguousarray(pixels)).save(folder / name(number), exif=exif)


def dump(path, content, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding=encoding)


TRAIN, VAL, ALL = range(1, 6), range(11, 14), range(1, 11)


def png(number):
    return f"{number}.png"


def coco_itself(root):
    for split, numbers in (("train2017", TRAIN), ("val2017", VAL)):
        put(root / split, numbers)
        dump(root / "annotations" / f"instances_{split}.json", listing(numbers, png))


def roboflow(root):
    for split, numbers in (("train", TRAIN), ("valid", VAL), ("test", range(21, 23))):
        put(root / split, numbers)
        dump(root / split / "_annotations.coco.json", listing(numbers, png))


def fiftyone(root):
    put(root / "data", ALL)
    dump(root / "labels.json", listing(ALL, png))


def label_studio(root):
    def uploaded(number):
        return f"{number:08x}-{number}.png"

    put(root / "images", ALL, uploaded)
    dump(root / "result.json", listing(ALL, lambda n: f"images\\{uploaded(n)}"))


def label_studio_of_own_photos(root):
    put(root / "images", ALL)
    dump(root / "result.json", listing(ALL, lambda n: f"images/{n:08x}-{n}.png"))


def cvat(root):
    put(root / "images" / "default", ALL)
    dump(root / "annotations" / "instances_default.json", listing(ALL, png))


def coco_annotator(root):
    put(root / "set", ALL)
    content = listing(ALL, png)
    content["annotations"].append(
        {"id": 99, "image_id": 1, "category_id": 1, "segmentation": [], "area": 0}
    )
    dump(root / "set" / "set.json", content)


def labelme2coco(root):
    put(root / "photos", ALL)
    dump(root / "dataset.json", listing(ALL, lambda n: f"/home/me/photos/{n}.png"))


def text_ids_and_utf16(root):
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(root / split / "images", numbers)
        content = listing(numbers, png, lambda n: f"2023_{n:04}")
        dump(root / split / "coco_annotations.json", content, "utf-16")


def turned(root):
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(root / split / "images", numbers, turned=6)
        dump(root / split / "coco_annotations.json", listing(numbers, png))


EXPORTS = (
    coco_itself,
    roboflow,
    fiftyone,
    label_studio,
    label_studio_of_own_photos,
    cvat,
    coco_annotator,
    labelme2coco,
    text_ids_and_utf16,
    turned,
)


def files_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_becomes_a_clean_copy_with_the_same_masks(tmp_path, export, capsys):
    source, new = tmp_path / "export", tmp_path / "new"
    export(source)
    before = files_of(source)
    assert main(["convert", str(source), "--output", str(new)]) == 0
    assert files_of(source) == before
    assert [one for one in check_data(new) if one.level == "error"] == []
    entries = read_entries(new / "train") + read_entries(new / "val")
    assert len(entries) == (8 if (source / "train").is_dir() or export is coco_itself else 10)
    for entry in entries:
        number = int(entry.path.stem.rsplit("-", 1)[-1])
        pixels, polygon = scene(number)
        assert np.array_equal(read_image(entry.path), pixels)
        mask = rasterise(entry)[0]
        original = entry.__class__(1, "", entry.path, WIDTH, HEIGHT, None, (drawn(polygon),))
        assert mask.any() and (mask == rasterise(original)[0]).all()
    said = capsys.readouterr().out
    assert ("taken as val by groups" in said) == (len(entries) == 10)


@pytest.mark.parametrize("orientation", sorted(TURNS))
def test_pixels_turn_as_every_reader_turns_them(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scene(1)[0]).save(tmp_path / "a.jpg", exif=exif)
    turned = TURNS[orientation](read_image(tmp_path / "a.jpg"))
    assert np.array_equal(turned, read_image(tmp_path / "a.jpg", upright=True))


def drawn(polygon):
    return {"segmentation": [polygon], "iscrowd": 0}


def test_outlines_on_stored_pixels_turn_with_their_image(tmp_path, capsys):
    root, new = tmp_path / "export", tmp_path / "new"
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(root / split / "images", numbers, turned=6)
        content = listing(numbers, png)
        for item in content["images"]:
            item["width"], item["height"] = HEIGHT, WIDTH
        for one in content["annotations"]:
            one["segmentation"] = [[10, 5, 30, 5, 30, 20, 10, 20]]
        dump(root / split / "coco_annotations.json", content)
    assert main(["convert", str(root), "--output", str(new)]) == 0
    assert "8 × outline turned with its image" in capsys.readouterr().out
    entry = read_entries(new / "train")[0]
    rows, columns = np.nonzero(rasterise(entry)[0])
    assert (entry.width, entry.height) == (WIDTH, HEIGHT)
    # x 10…29 becomes rows, y 5…19 columns counted from the right edge
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 40, 54)


def test_crowd_category_and_holes_are_settled(tmp_path, capsys):
    root, new = tmp_path / "export", tmp_path / "new"
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(root / split / "images", numbers)
        content = listing(numbers, png)
        content["categories"].append({"id": 2, "name": "cap"})
        ring = [[5, 5, 35, 5, 35, 35, 5, 35], [10, 10, 30, 10, 30, 30, 10, 30]]
        for one in content["annotations"]:
            one |= {"segmentation": ring, "area": 500, "iscrowd": 1}
            other = {
                "segmentation": [[40, 1, 50, 1, 50, 9]],
                "category_id": 2,
                "id": one["id"] + 50,
            }
            content["annotations"] = [*content["annotations"], one | other]
        dump(root / split / "coco_annotations.json", content)
    words = ["--category", "butt", "--crowd", "object"]
    assert main(["convert", str(root), "--output", str(new), *words]) == 0
    assert "8 × object with a hole written as RLE" in capsys.readouterr().out
    entries = read_entries(new / "train")
    assert [len(entry.annotations) for entry in entries] == [1] * 5
    assert all(rasterise(entry)[0].sum() == 500 for entry in entries)


@pytest.mark.parametrize("place", ["export/new", "export", "full", "empty_export"])
def test_what_would_overwrite_or_finds_nothing_is_refused(tmp_path, place, capsys):
    source, output = tmp_path / "export", tmp_path / place
    fiftyone(source)
    if place == "full":
        (output / "mine").mkdir(parents=True)
    if place == "empty_export":
        source, output = tmp_path / "nothing", tmp_path / "new"
        source.mkdir()
    before = files_of(tmp_path)
    assert main(["convert", str(source), "--output", str(output)]) == 2
    assert files_of(tmp_path) == before
    assert capsys.readouterr().err


def test_one_id_for_two_images_is_refused_by_both_names(tmp_path, capsys):
    put(tmp_path / "in" / "train" / "images", TRAIN)
    put(tmp_path / "in" / "val" / "images", VAL)
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        content = listing(numbers, png, lambda n: 7 if n < 3 else n)
        dump(tmp_path / "in" / split / "coco_annotations.json", content)
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 2
    assert "has the image id 7 twice (1.png and 2.png)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_captions_beside_the_outlines_make_no_images_without_objects(tmp_path, capsys):
    coco_itself(tmp_path / "in")
    content = listing(TRAIN, png)
    captions = [{"id": n, "image_id": n, "caption": "a street"} for n in TRAIN]
    beside = tmp_path / "in" / "annotations" / "captions_train2017.json"
    dump(beside, {"images": content["images"], "annotations": captions})
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    assert "captions_train2017.json left out: no annotation has an" in capsys.readouterr().out
    entries = read_entries(tmp_path / "out" / "train")
    assert [len(entry.annotations) for entry in entries] == [1] * len(TRAIN)


def test_a_file_without_any_annotation_has_images_without_objects(tmp_path):
    coco_itself(tmp_path / "in")
    put(tmp_path / "in" / "empty_train", [31])
    listed = listing([31], png) | {"annotations": []}
    dump(tmp_path / "in" / "empty_train" / "labels.json", listed)
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    entries = read_entries(tmp_path / "out" / "train")
    assert sorted(len(entry.annotations) for entry in entries) == [0, *[1] * len(TRAIN)]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_photo_that_two_files_of_a_split_list_is_refused_by_their_names(tmp_path, split, capsys):
    roboflow(tmp_path / "in")
    original = tmp_path / "in" / split / "_annotations.coco.json"
    copy = original.with_name("_annotations.coco (copy).json")
    copy.write_bytes(original.read_bytes())
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    photo = original.with_name("1.png" if split == "train" else "21.png")
    assert f"{copy} and {original} both list {photo}" in said
    assert "Move the one that is not meant out of the folder" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("word", ["dev", "eval", "evaluation"])
def test_other_words_for_val_are_not_trained_on(tmp_path, word, capsys):
    for split, numbers in (("train", TRAIN), (word, VAL)):
        put(tmp_path / "in" / split / "images", numbers)
        dump(tmp_path / "in" / split / "labels.json", listing(numbers, png))
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    entries = read_entries(tmp_path / "out" / "val")
    assert [entry.file_name for entry in entries] == [png(number) for number in VAL]
    assert "go to train" not in capsys.readouterr().out


def test_images_of_a_folder_with_no_known_word_are_said_to_go_to_train(tmp_path, capsys):
    for split, numbers in (("train", TRAIN), ("val", VAL), ("holdout", [31, 32])):
        put(tmp_path / "in" / split / "images", numbers)
        dump(tmp_path / "in" / split / "labels.json", listing(numbers, png))
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    assert "2 images of holdout/labels.json go to train" in capsys.readouterr().out
    assert len(read_entries(tmp_path / "out" / "train")) == len(TRAIN) + 2


def test_photos_of_one_name_are_all_kept(tmp_path):
    for place in ("real_test", "real_test/more", "test/images"):
        put(tmp_path / "in" / place, [91])
    for split, numbers in (("train", TRAIN), ("val", VAL), ("test", [91])):
        put(tmp_path / "in" / split / "images", numbers)
        dump(tmp_path / "in" / split / "coco_annotations.json", listing(numbers, png))
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    found = sorted(path.name for path in (tmp_path / "out" / "real_test").iterdir())
    assert found == ["91-2.png", "91.png"]


def test_a_template_goes_along_only_with_the_ids_that_it_names(tmp_path, capsys):
    for kind, image_id in (("kept", lambda n: n), ("anew", lambda n: f"photo {n}")):
        folder = tmp_path / kind
        for split, numbers in (("train", TRAIN), ("val", VAL)):
            put(folder / split / "images", numbers)
            dump(folder / split / "coco_annotations.json", listing(numbers, png, image_id))
        rows = "".join(f"{image_id(n)},\n" for n in VAL)
        (folder / "pred_val_template.csv").write_text("img_id,rle_mask\n" + rows)
        assert main(["convert", str(folder), "--output", str(tmp_path / f"{kind}-out")]) == 0
        is_there = (tmp_path / f"{kind}-out" / "pred_val_template.csv").is_file()
        assert is_there == (kind == "kept")
    assert "template left out" in capsys.readouterr().out


@pytest.mark.parametrize("turned", [3, 6])
def test_images_that_leave_open_how_they_were_annotated_are_counted(tmp_path, turned, capsys):
    """Half a turn keeps the size; a quarter turn does not, where the size as stored is stated."""
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(tmp_path / "in" / split / "images", numbers, turned=turned)
        content = listing(numbers, png)
        for item in content["images"] if turned == 6 else []:
            item["width"], item["height"] = HEIGHT, WIDTH
        dump(tmp_path / "in" / split / "coco_annotations.json", content)
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    assert "8 × image turned by its EXIF orientation but of the size" in capsys.readouterr().out


def test_a_copy_that_fails_its_own_check_is_not_left_in_place(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    for split, numbers in (("train", TRAIN), ("val", [*VAL, TRAIN[0]])):
        put(tmp_path / "in" / split / "images", numbers)
        dump(tmp_path / "in" / split / "coco_annotations.json", listing(numbers, png))
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert "the same pixels as train/images/1.png" in said.out
    assert f"{tmp_path / 'out'} was not written" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("ids", ["photo {}", "2023_{:04}", str(2**100) + "{}", "{}.5"])
def test_ids_that_are_no_numbers_are_numbered_and_can_be_traced_back(tmp_path, ids, capsys):
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(tmp_path / "in" / split / "images", numbers)
        content = listing(numbers, png, ids.format)
        dump(tmp_path / "in" / split / "coco_annotations.json", content)
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    assert "3 × image of val numbered anew" in capsys.readouterr().out
    with (tmp_path / "out" / "image_names.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    entries = read_entries(tmp_path / "out" / "val")
    for entry, number in zip(entries, VAL, strict=True):
        [row] = [row for row in rows if row["original_id"] == ids.format(number)]
        assert (row["split"], int(row["img_id"])) == ("val", entry.image_id)
        assert row["file_name"] == entry.file_name == png(number) == row["original_file_name"]


def test_a_hand_in_keeps_the_text_ids_of_its_template(tmp_path):
    """Files are named by the ids, which is how the template's rows name their images then."""
    for split, numbers in (("train", TRAIN), ("val", VAL)):
        put(tmp_path / "in" / split / "images", numbers)
        content = listing(numbers, png, "2023_{:04}".format)
        dump(tmp_path / "in" / split / "coco_annotations.json", content)
    template = "img_id,rle_mask\n" + "".join(f"2023_{n:04},\n" for n in VAL)
    (tmp_path / "in" / "pred_val_template.csv").write_text(template)
    assert main(["convert", str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    entries = read_entries(tmp_path / "out" / "val")
    layout = layout_of(
        {entry.image_id: (HEIGHT, WIDTH) for entry in entries},
        tmp_path / "out" / "pred_val_template.csv",
        {entry.image_id: entry.file_name for entry in entries},
    )
    assert [text for text, _ in layout.rows] == [f"2023_{n:04}" for n in VAL]
    for entry, number in zip(entries, VAL, strict=True):
        assert np.array_equal(read_image(entry.path), scene(number)[0])
