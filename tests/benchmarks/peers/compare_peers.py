"""One table of this project's approaches and of what peers handed in.

    python tests/benchmarks/peers/compare_peers.py --data DIR --run RUN --output FOLDER NAME=PEER …

Each `NAME=PEER` names a folder with a peer's `pred_valid_template.csv` and `costs.json`. Its masks
are scored image by image as this project's own are. `peers.csv` and `per_image.csv` are written.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from common.coco import Entry, rasterise, read_entries
from common.data import Sample
from common.files import write_whole
from common.leaderboard.rows import compare_scores
from common.masks.evaluate import score_image
from common.masks.postprocess import Postprocess
from common.metrics import summarise
from common.rle import decode_rle

COLUMNS = "approach dice dice_lower dice_upper verdict iou nsd_2px object_precision object_recall "
COLUMNS += "object_f1 nothing_predicted steps fit_seconds predict_ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="of bench.py on the same photos")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("peers", nargs="+", metavar="NAME=FOLDER")
    options = parser.parse_args()
    entries = read_entries(options.data / "val")
    own = pd.read_csv(options.run / "per_image.csv")
    costs, tables = costs_of_run(options.run), [own]
    for name, folder in (peer.split("=", 1) for peer in options.peers):
        scores = scored(Path(folder) / "pred_valid_template.csv", entries)
        tables.append(scores.assign(approach=name))
        costs[name] = json.loads((Path(folder) / "costs.json").read_text(encoding="utf-8"))
    images = pd.concat(tables)[own.columns]
    images["group"] = images["img_id"].map({entry.image_id: entry.group for entry in entries})
    options.output.mkdir(parents=True, exist_ok=True)
    write_whole(options.output / "per_image.csv", images.to_csv(index=False, float_format="%.6g"))
    table = summary(images, costs)
    write_whole(options.output / "peers.csv", table.to_csv(index=False, float_format="%.4g"))
    print(table.to_string(index=False, float_format="%.3f"))


def costs_of_run(run: Path) -> dict[str, dict[str, float]]:
    """Steps, seconds of training and milliseconds an image of each approach of a run."""
    rows = pd.read_csv(run / "leaderboard.csv").set_index("approach")
    return {
        name: {
            "steps": row["fit_steps"],
            "fit_seconds": row["fit_seconds"],
            "predict_ms_median": 1000 * row["predict_seconds_per_image"],
        }
        for name, row in rows.iterrows()
    }


def scored(path: Path, entries: list[Entry]) -> pd.DataFrame:
    """The scores of each image of a CSV of run lengths, as `common.masks.evaluate` has them."""
    runs = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=0).iloc[:, 0]
    rows = []
    for entry in entries:
        truth, ignore = rasterise(entry)
        mask = decode_rle(runs[str(entry.image_id)], truth.shape)
        sample = Sample(entry.image_id, np.zeros((*truth.shape, 3), np.uint8), truth, ignore)
        rows.append(asdict(score_image(sample, mask * np.uint8(255), Postprocess(0.5))))
    return pd.DataFrame(rows)


def summary(images: pd.DataFrame, costs: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row for each approach, best first; intervals and verdicts as on the leaderboard."""
    compared = compare_scores(images).table().set_index("approach")
    rows = []
    for name, scores in images.groupby("approach"):
        means, found = summarise(scores), compared.loc[name]
        rows.append(
            {
                **means,
                "approach": name,
                "dice": means["dice_mean"],
                "dice_lower": found["mean_lower"],
                "dice_upper": found["mean_upper"],
                "verdict": found["verdict"],
                "iou": means["iou_mean"],
                "nothing_predicted": int((scores["tp"] + scores["fp"] == 0).sum()),
                "steps": costs[name].get("steps"),
                "fit_seconds": costs[name]["fit_seconds"],
                "predict_ms": costs[name]["predict_ms_median"],
            }
        )
    return pd.DataFrame(rows)[COLUMNS.split()].sort_values("dice", ascending=False)


if __name__ == "__main__":
    main()
