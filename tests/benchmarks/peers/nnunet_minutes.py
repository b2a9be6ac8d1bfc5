"""nnU-Net v2 (2d, its own planning) for some minutes of training, on the same photos.

It needs `pip install nnunetv2` and the folders that nnU-Net asks for in `nnUNet_raw`,
`nnUNet_preprocessed` and `nnUNet_results`. Three commands:

    python tests/benchmarks/peers/nnunet_minutes.py convert --data DIR
    nnUNetv2_plan_and_preprocess -d 1 -c 2d -np 1 -npfp 1
    python tests/benchmarks/peers/nnunet_minutes.py train --data DIR --minutes 12 --output FOLDER

nnU-Net has no time limit: it trains for 1,000 epochs of 250 steps. So this script takes nnU-Net's
own steps on nnU-Net's own batches until the time is over, and lets the learning rate fall over
these minutes as nnU-Net lets it fall over its epochs. Everything else is as nnU-Net plans it, and
it predicts as it does by default, with the mean over mirrored copies.
"""

import argparse
import json
import os
import time
from pathlib import Path

import cv2
import numpy as np
from peer_data import hand_in, labelled_photos

DATASET = "Dataset001_Photos"
RAW, PLANNED = "nnUNet_raw", "nnUNet_preprocessed"  # environment variables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("convert", "train"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--output", type=Path, help="of masks and costs")
    options = parser.parse_args()
    if options.step == "convert":
        convert(options.data / "train", Path(os.environ[RAW]) / DATASET)
    else:
        train(options.data, options.minutes, options.output)


def convert(split: Path, folder: Path) -> None:
    """Write photos and masks as PNG files under the names that nnU-Net expects."""
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    cases = 0
    for image_id, photo, mask in labelled_photos(split):
        bgr = np.ascontiguousarray(photo[..., ::-1])
        cv2.imwrite(str(folder / "imagesTr" / f"photo_{image_id:06}_0000.png"), bgr)
        cv2.imwrite(str(folder / "labelsTr" / f"photo_{image_id:06}.png"), mask.astype(np.uint8))
        cases += 1
    said = {
        "channel_names": {"0": "R", "1": "G", "2": "B"},
        "labels": {"background": 0, "object": 1},
        "numTraining": cases,
        "file_ending": ".png",
    }
    (folder / "dataset.json").write_text(json.dumps(said), encoding="utf-8")


def train(data: Path, minutes: float, output: Path) -> None:
    """Train on all photos of `train` until the time is over, then predict `val`."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    began = time.perf_counter()
    torch.set_num_threads(1)
    planned = Path(os.environ[PLANNED]) / DATASET
    plans, dataset = (
        json.loads((planned / name).read_text()) for name in ("nnUNetPlans.json", "dataset.json")
    )
    device = torch.device("cpu")
    trainer = nnUNetTrainer({**plans, "continue_training": False}, "2d", "all", dataset, device)
    trainer.on_train_start()
    steps = steps_until(trainer, began, 60 * minutes)
    trainer.set_deep_supervision_enabled(False)
    seconds = time.perf_counter() - began
    predictor = nnUNetPredictor(device=device, allow_tqdm=False)
    predictor.manual_initialization(
        trainer.network,
        trainer.plans_manager,
        trainer.configuration_manager,
        None,
        dataset,
        "nnUNetTrainer",
        trainer.inference_allowed_mirroring_axes,
    )
    predictor.list_of_parameters = [trainer.network.state_dict()]

    def predict(photo: np.ndarray) -> np.ndarray:
        """Mask (H, W) bool."""
        channels = photo.transpose(2, 0, 1)[:, None].astype(np.float32)
        found = predictor.predict_single_npy_array(channels, {"spacing": (999, 1, 1)})
        return np.asarray(found)[0] == 1

    hand_in(output, data, predict, steps=steps, fit_seconds=round(seconds))


def steps_until(trainer, began: float, limit: float) -> int:
    """Take nnU-Net's steps until `limit` seconds after `began`; returns how many."""
    steps, took = 0, 0.0
    trainer.network.train()
    while (now := time.perf_counter() - began) + took < limit:
        rate = trainer.initial_lr * (1 - now / limit) ** 0.9
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate
        loss = trainer.train_step(next(trainer.dataloader_train))["loss"]
        steps, took = steps + 1, time.perf_counter() - began - now
        print(f"step {steps}: loss {float(loss):.3f}, {took:.1f} s", flush=True)
    return steps


if __name__ == "__main__":
    main()
