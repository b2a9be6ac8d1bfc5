"""The plain training loop of the examples of segmentation-models-pytorch on the same photos:
`python tests/benchmarks/peers/smp_example.py --data DIR --minutes 12 --output FOLDER`.

Its settings are those of `examples/binary_segmentation_buildings.py` there: a U-Net, photos
brought to 320×320, batches of 8, no augmentation, Adam at 2e-4 with a cosine over 50 epochs, Dice
loss, threshold 0.5. Three things differ: the encoder is the one whose ImageNet weights come with
a package, it ends by the clock, and it leaves out the validation loss after each epoch, which
that example only prints.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
from peer_data import hand_in, labelled_photos
from torch.utils.data import DataLoader, TensorDataset

from approaches.network.packaged import PACKAGED, load_packaged

ENCODER = "tu-tf_efficientnet_lite0"
MEAN = STD = 0.5  # with which this encoder was trained, of all three colours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--side", type=int, default=320, help="of the photos that it learns from")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    began = time.perf_counter()
    torch.manual_seed(0)
    network = smp.create_model("unet", ENCODER, encoder_weights=None, in_channels=3, classes=1)
    load_packaged(network.encoder.model, PACKAGED[ENCODER])
    images, masks = in_memory(options.data / "train", options.side)
    loader = DataLoader(TensorDataset(images, masks), batch_size=8, shuffle=True)
    steps = train(network, loader, ends=began + 60 * options.minutes)
    network.eval()

    def predict(photo: np.ndarray) -> np.ndarray:
        """Mask (H, W) bool: the probability at the network's side, brought back to the photo's."""
        height, width = photo.shape[:2]
        with torch.inference_mode():
            probability = network(normalised(at_side(photo, options.side)[None])).sigmoid()
        return cv2.resize(probability[0, 0].numpy(), (width, height)) > 0.5

    seconds = time.perf_counter() - began
    hand_in(
        options.output,
        options.data,
        predict,
        steps=steps,
        epochs=round(steps / len(loader), 2),
        fit_seconds=round(seconds),
    )


def at_side(photo: np.ndarray, side: int) -> torch.Tensor:
    """A photo (H, W, 3) as (3, side, side) uint8."""
    return torch.from_numpy(cv2.resize(photo, (side, side))).permute(2, 0, 1)


def in_memory(folder: Path, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Photos (N, 3, side, side) and masks (N, side, side), both uint8."""
    photos, masks = [], []
    for _, photo, mask in labelled_photos(folder):
        photos.append(at_side(photo, side))
        masks.append(torch.from_numpy(cv2.resize(mask.astype(np.uint8), (side, side))))
    return torch.stack(photos), torch.stack(masks)


def normalised(photos: torch.Tensor) -> torch.Tensor:
    """Photos (B, 3, H, W) uint8 as the encoder knows them from ImageNet."""
    return (photos.float() / 255 - MEAN) / STD


def train(network: torch.nn.Module, loader: DataLoader, ends: float) -> int:
    """Train until `ends` of `time.perf_counter`; returns the number of steps."""
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50, eta_min=1e-5)
    loss_of = smp.losses.DiceLoss(smp.losses.BINARY_MODE, from_logits=True)
    steps, took = 0, 0.0
    network.train()
    while True:
        for photos, masks in loader:
            began = time.perf_counter()
            if began + took > ends:
                return steps
            optimizer.zero_grad()
            loss = loss_of(network(normalised(photos)), masks.long())
            loss.backward()
            optimizer.step()
            steps, took = steps + 1, time.perf_counter() - began
            if steps % 10 == 1:
                print(f"step {steps}: loss {loss.item():.3f}, {took:.2f} s", flush=True)
        schedule.step()


if __name__ == "__main__":
    main()
