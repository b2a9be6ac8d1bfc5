"""Submissions as people write them, right and wrong, for the tests of the check."""

import csv
import json

import cv2
import numpy as np
from pycocotools import mask as coco_mask


def labelled_val(folder, sides=((60, 90), (90, 60), (72, 72)), count=12):
    """`val/coco_annotations.json` of images with two quadrilaterals each, and exact masks by id.

    Ids are such that their order as text is another than as numbers.
    """
    rng = np.random.default_rng(3)
    coco = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "butt"}]}
    masks = {}
    for image_id in range(5, 5 + count):
        height, width = sides[image_id % len(sides)]
        name = f"IMG_{image_id:04}.jpg"
        coco["images"].append(
            {"id": image_id, "file_name": name, "width": width, "height": height}
        )
        polygons = []
        for _ in range(2):
            middle = rng.uniform(0.2, 0.8, 2) * (width, height)
            turn, (long, short) = rng.uniform(0, np.pi), rng.uniform((9, 5), (14, 7))
            axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            corners = np.array([(-long, -short), (long, -short), (long, short), (-long, short)])
            polygons.append((middle + corners @ axes).round(2).ravel().tolist())
        for polygon in polygons:
            annotation = {"id": len(coco["annotations"]), "image_id": image_id, "category_id": 1}
            coco["annotations"].append(annotation | {"segmentation": [polygon], "iscrowd": 0})
        outline = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
        masks[image_id] = coco_mask.decode(outline).astype(bool)
    (folder / "val").mkdir(parents=True)
    (folder / "val" / "coco_annotations.json").write_text(json.dumps(coco), encoding="utf-8")
    return masks


def predicted(masks):
    """Masks a model might give: a pixel more or less along parts of the outline, and specks."""
    rng = np.random.default_rng(4)
    found = {}
    for image_id, mask in masks.items():
        near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        found[image_id] = (mask & (rng.random(mask.shape) < 0.97)) | (
            near & (rng.random(mask.shape) < 0.1)
        )
    return found


def runs(flat):
    """First pixels from 0 and exclusive ends of the runs of a flat array of any values."""
    changes = np.flatnonzero(np.diff(flat.astype(np.int64) != 0, prepend=False, append=False))
    return changes[0::2], changes[1::2]


def text(*columns):
    return " ".join(map(str, np.stack(columns, 1).ravel().tolist()))


def pairs(flat, base=1):
    starts, ends = runs(flat)
    return text(starts + base, ends - starts)


def every_change(mask):
    """What the usual encoder makes of a mask of many gray levels."""
    gray = cv2.GaussianBlur(mask.astype(np.float32) * 255, (0, 0), 1).astype(np.uint8).ravel()
    padded = np.concatenate([[0], gray, [0]]).astype(int)
    changes = np.flatnonzero(padded[1:] != padded[:-1]) + 1
    changes = changes[: len(changes) // 2 * 2]
    return text(changes[0::2], changes[1::2] - changes[0::2])


def coco_counts(mask):
    """Counts of COCO: down the columns, zeros first."""
    flat = mask.ravel(order="F")
    bounds = np.flatnonzero(np.diff(flat, prepend=False)).tolist()
    return np.diff([0, *bounds, flat.size]).tolist()


def levels(mask):
    flat = mask.ravel()
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1, [flat.size]])
    return text(flat[bounds[:-1]] * 255, np.diff(bounds))


def resized(mask, shape):
    return cv2.resize(mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST).ravel()


def write(path, texts, header=("img_id", "rle_mask"), separator=",", encoding="utf-8"):
    """Rows of (what names the image, text of the mask)."""
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=separator)
        if header:
            writer.writerow(header)
        writer.writerows(texts.items() if isinstance(texts, dict) else texts)
    return path


WRITERS = {
    "column-major": lambda mask: pairs(mask.T.ravel()),
    "start and end": lambda mask: text(runs(mask.ravel())[0] + 1, runs(mask.ravel())[1]),
    "start and end from 0": lambda mask: text(*runs(mask.ravel())),
    "length and start": lambda mask: text(
        runs(mask.ravel())[1] - runs(mask.ravel())[0], runs(mask.ravel())[0] + 1
    ),
    "sums of 255": lambda mask: text(
        runs(mask.ravel())[0] + 1, 255 * (runs(mask.ravel())[1] - runs(mask.ravel())[0])
    ),
    "uint8 differences": lambda mask: text(
        runs(mask.ravel())[1] + 1, runs(mask.ravel())[0] - runs(mask.ravel())[1]
    ),
    "three channels": lambda mask: pairs(np.repeat(mask[..., None] * 255, 3, axis=2).ravel()),
    "three channels first": lambda mask: pairs(np.repeat(mask[None], 3, axis=0).ravel()),
    "three channels by columns": lambda mask: pairs(
        np.repeat(mask[..., None], 3, axis=2).T.ravel()
    ),
    "opacity": lambda mask: pairs(np.dstack([mask, mask, mask, np.ones_like(mask)]).ravel()),
    "background": lambda mask: pairs(~mask.ravel()),
    "upside down": lambda mask: pairs(mask[::-1].ravel()),
    "turned": lambda mask: pairs(np.rot90(mask, -1).ravel()),
    "64 px": lambda mask: pairs(resized(mask, (64, 64))),
    "half the size": lambda mask: pairs(resized(mask, tuple(side // 2 for side in mask.shape))),
    "gray levels": every_change,
    "levels and counts": levels,
    "counts of COCO": lambda mask: " ".join(map(str, coco_counts(mask))),
    "compressed COCO": lambda mask: coco_mask.encode(np.asfortranarray(mask))["counts"].decode(),
    "RLE of COCO": lambda mask: json.dumps(
        {"size": list(mask.shape), "counts": coco_counts(mask)}
    ),
}
SAID = {
    "column-major": "down the columns (column-major, or the mask transposed): mean Dice",
    "start and end": "pairs were start and end, with the end inside: mean Dice",
    "start and end from 0": "pairs were start and end, counted from 0 with the end outside",
    "length and start": "pairs were length and start: mean Dice",
    "sums of 255": "lengths were sums over a mask of 0 and 255",
    "uint8 differences": "differences of a uint8 mask of 0 and 255",
    "three channels": "an array (H, W, 3) of 3 channels: mean Dice",
    "three channels first": "an array (3, H, W) of 3 channels: mean Dice",
    "three channels by columns": "3 channels and pixels were counted down the columns",
    "opacity": "an array (H, W, 4) of 4 channels: mean Dice",
    "background": "the background were encoded: mean Dice",
    "upside down": "the masks were upside down: mean Dice",
    "turned": "the masks were turned by 90° clockwise: mean Dice",
    "64 px": "the masks were of 64x64 px: mean Dice",
    "half the size": "the masks were of 0.5 times the image's size: mean Dice",
    "gray levels": "every change between the gray levels",
    "levels and counts": "pairs were a gray level and how often it follows",
    "counts of COCO": "the numbers were COCO's counts, zeros first",
    "compressed COCO": "the numbers were COCO's counts, zeros first",
    "RLE of COCO": "the numbers were COCO's counts, zeros first",
}
