"""Finished runs made of generated records: complete approaches, and one that failed."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from common.analysis.corruptions import CORRUPTIONS, SEVERITIES
from common.files import write_whole
from common.leaderboard import write_leaderboard
from common.leaderboard.details import write_details
from common.masks.postprocess import THRESHOLDS
from common.metrics import dice
from common.records import Record, from_stored, write_record
from common.records.description import describe_run, open_run

QUALITY = {  # approach → typical Dice, seconds for an image
    "tta_ensemble": (0.93, 1.5),
    "smp_unet_lite0": (0.925, 0.118),
    "smp_fpn_lite0": (0.91, 0.135),
    "unet": (0.84, 0.094),
    "pixel_lightgbm": (0.70, 0.091),
    "threshold": (0.2, 0.0015),
}
# Poor masks: objects are missed and invented, and the ensemble loses to a member.
CLOSE = {
    "smp_unet_lite0": (0.69, 0.118),
    "unet": (0.67, 0.03),
    "tta_ensemble": (0.61, 1.5),
    "threshold": (0.3, 0.0015),
}
PIXELS = 192 * 192
CROPS = {"name": "crops for training", "done": "crops of 192 px", "settings": ["crop_px"]}
DESCRIPTIONS = {  # what approaches say of themselves
    "tta_ensemble": {
        "summary": "the others averaged",
        "colour": "#D55E00",
        "preparation": [{"name": "views", "done": "8 views", "settings": ["views"]}],
        "combination": {
            "weights": {"smp_unet_lite0": 2, "smp_fpn_lite0": 1},
            "dice_alone": {"unet": 0.85, "smp_fpn_lite0": 0.915, "smp_unet_lite0": 0.921},
            "gain_of_members": 0.006,
            "views": 8,
            "gain_of_views": 0.004,
            "images_of_views": 20,
        },
    },
    "unet": {
        "summary": "a U-Net",
        "colour": "#56B4E9",
        "preparation": [
            CROPS,
            {"name": "augmentation", "done": "*full*: D4", "settings": ["augmentation"]},
        ],
    },
    "smp_unet_lite0": {"summary": "a pretrained U-Net", "preparation": [CROPS]},
    "pixel_lightgbm": {"summary": "trees", "colour": "#E69F00", "remarks": ["70 of 400 rounds"]},
}


def make_run(
    folder: Path,
    images: int = 40,
    seed: int = 0,
    robustness: int = 4,
    quality: Mapping[str, tuple[float, float]] = QUALITY,
    without_objects: int = 2,
    trainings: int = 1,
) -> Path:
    """Write the run.

    Args:
        folder: of the run.
        images: of `val`, two in each group.
        seed: of everything random.
        robustness: images that are scored corrupted.
        quality: approach → typical Dice, seconds for an image.
        without_objects: so many images at the end have none.
        trainings: of each approach.
    """
    random = np.random.default_rng(seed)
    area = random.integers(300, 3000, images)
    empty = slice(images - without_objects, None)
    area[empty] = 0
    hard = random.uniform(0, 0.15, images) ** 2 * 5
    groups = {number: f"val-{number // 2:05}" for number in range(images)}
    names = list(dict.fromkeys(groups.values()))
    records = [_record(name, quality, area, hard, random, robustness) for name in quality]
    others = [
        [_record(name, quality, area, hard, random, 0) for name in quality]
        for _ in range(trainings - 1)
    ]
    records.append(Record("smp_deeplabv3plus_lite0", "failed", "RuntimeError: out of\nmemory"))
    identity = {"data": "0" * 64, "seed": seed, "budget": {"minutes": 12.0}, "smoke": False}
    open_run(folder, identity, fresh=False)
    for record in records:
        write_record(folder, record)
    winner, _ = write_leaderboard(folder, records, groups, by_seed=others)
    write_details(folder, records, _described(area, random, groups), groups)
    for name in [name for name in quality if name.startswith(("smp", "unet"))]:
        write_whole(
            folder / "training" / name / "curve.csv",
            _curve(quality[name][0], random).to_csv(index=False),
        )
    describe_run(
        folder,
        data="nowhere",
        device="cpu",
        threads=2,
        notes=[
            f"val: {images} images in {images // 2} groups, the largest of 2",
            f"warning: {images // 2 - 1} groups are in both train and val",
        ],
        score_groups={str(number): group for number, group in groups.items()},
        score_groups_in_train={"fit": names[:-3], "tune": names[-3:-1]},
        winner=winner,
        approaches={
            record.approach: {
                "config": record.config,
                "fit": None if record.fit is None else record.fit.as_stored(),
                "description": None if record.description is None else asdict(record.description),
            }
            for record in records
        },
        choice={"rule": "cheapest-equivalent", "margin": 0.01},
    )
    return folder


def _record(name, quality, area, hard, random, robustness) -> Record:
    typical, seconds = quality[name]
    scores = [
        _score(number, size, typical, hard[number], random) for number, size in enumerate(area)
    ]
    fit = {
        "seconds": 40.0 if name in ("threshold", "pixel_lightgbm") else 720.0,
        "steps": 700,
        "resumes": 0,
    }
    chosen = round(float(random.choice(THRESHOLDS[8:35])), 2)
    steps = [
        {
            "step": step,
            "setting": {},
            "gain": gain,
            "lower": gain - 0.004,
            "upper": gain + 0.004,
            "kept": gain > 0.004,
        }
        for step, gain in zip(
            ("hysteresis", "fill holes", "least area"), random.normal(0.001, 0.002, 3), strict=True
        )
    ]
    curve = typical - 0.4 * (THRESHOLDS - chosen) ** 2
    stored = {
        "approach": name,
        "status": "ok",
        "config": {"evaluated_images": 32},
        "traits": {"pretrained_on": "ImageNet" if "smp" in name or name == "tta_ensemble" else ""},
        "fit": fit,
        "postprocess": {"threshold": chosen},
        "tune": {"thresholds": THRESHOLDS.tolist(), "dice_mean": curve.tolist(), "steps": steps},
        "scores": scores,
        "calibration": _counts(random, 0.1 if typical > 0.9 else -0.15),
        "costs": {
            "predict_seconds_per_image": seconds,
            "predict_seconds_lower": 0.96 * seconds,
            "predict_seconds_upper": 1.05 * seconds,
            "reference_seconds": 0.02,
            "reference_spread": 1.1,
            "model_mb": 20.0,
            "peak_memory_mb": 900.0,
            "threads": 2,
        },
        "robustness": _robustness(scores[:robustness], typical, random) if robustness else None,
        "description": DESCRIPTIONS.get(name, {"summary": f"what {name} is"}),
    }
    return from_stored(stored)


def _score(number: int, size: int, typical: float, hard: float, random) -> dict:
    share = float(np.clip(typical - hard + random.normal(0, 0.04), 0, 0.99))
    tp = int(size * share)
    fp = (
        int(size * (1 - share) * random.uniform(0.5, 1.6))
        if typical > 0.5
        else 40 * (int(size) + 20)
    )
    fn = int(size) - tp
    row = {"img_id": number, "tp": tp, "fp": fp, "fn": fn, "tn": PIXELS - tp - fp - fn}
    has_object = size > 0
    at = {
        "dice": dice(tp, fp, fn) if has_object or fp else None,
        "iou": share,
        "precision": share,
        "recall": share,
    }
    at |= {
        "area_bias": (fp - fn) / size if has_object else None,
        "nsd_2px": share**2,
        "dice_at_half": share,
    }
    return (
        row
        | at
        | {
            "object_tp": int(share > 0.6),
            "object_fp": int(share < 0.5),
            "object_fn": int(share <= 0.6),
        }
    )


def _counts(random, lean: float) -> list[list[int]]:
    middle = (np.arange(15) + 0.5) / 15
    pixels = (2000 + 20000 * np.abs(middle - 0.5) ** 2).astype(int)
    objects = (pixels * np.clip(middle - lean * middle * (1 - middle) * 4, 0, 1)).astype(int)
    levels = (pixels * middle * 255).astype(int)
    return np.stack([pixels, levels, objects, pixels * 900], axis=1).tolist()


def _robustness(scores: list[dict], typical: float, random) -> dict:
    rows = [
        {
            "corruption": name,
            "severity": severity,
            "img_id": score["img_id"],
            "tp": score["tp"],
            "fn": score["fn"],
        }
        | {
            "dice": float(
                np.clip(score["dice"] - 0.08 * severity * place / 7 + random.normal(0, 0.01), 0, 1)
            )
        }
        for score in scores
        for place, name in enumerate(CORRUPTIONS)
        for severity in SEVERITIES
    ]
    return {
        "images": len(scores),
        "marked": ["blur", "noise"] if typical > 0.8 else [],
        "rows": rows,
    }


def _described(area, random, groups) -> pd.DataFrame:
    number = len(area)
    return pd.DataFrame(
        {
            "img_id": range(number),
            "height_px": 192,
            "width_px": 192,
            "objects": (area > 0).astype(int),
            "object_area_px": area,
            "object_share": area / PIXELS,
            "contrast": np.where(area > 0, random.uniform(10, 60, number), np.nan),
            "ground_brightness": random.uniform(20, 70, number),
            "group": list(groups.values()),
        }
    )


def _curve(reached: float, random) -> pd.DataFrame:
    round_ = np.arange(1, 25)
    judged = reached - 0.5 * np.exp(-round_ / 4) + random.normal(0, 0.005, 24)
    return pd.DataFrame(
        {
            "epoch": round_,
            "step": 28 * round_,
            "loss": 1 - reached + np.exp(-round_ / 6),
            "learning_rate": 1e-3,
            "tune_dice": np.where(round_ % 2 == 0, judged, np.nan),
            "seconds": 30.0 * round_,
        }
    )
