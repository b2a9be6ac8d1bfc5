"""How far the chosen approach holds beyond clean images and plain masks: corrupted images, and its
probabilities.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from common.report.finished_run import FinishedRun
from common.words import counted, listed, markdown_table

LEAN = 0.02  # a mean probability that is off by more is called too high or too low
FEW = 30  # images


def of_robustness(run: FinishedRun) -> str:
    """Under which corruption the chosen approach loses most, and who is best on them."""
    table = run.tables["robustness"]
    rows = table[table["approach"] == run.winner] if len(table) else table
    if rows.empty:
        return (
            "Corrupted images were not scored in this run; `--robustness 20` does so with 20 "
            "images."
        )
    kinds = rows.groupby("corruption", sort=False)[["drop", "in_augmentation"]].mean()
    worst = kinds["drop"].idxmax()
    met = "holds something" if kinds.loc[worst, "in_augmentation"] > 0 else "holds nothing"
    sentences = [
        f"`{run.winner}` loses most under {_named([worst])}, and its training augmentation {met} "
        "like it."
    ]
    kept = table.groupby("approach", sort=False)["dice_mean"].mean()
    if kept.idxmax() != run.winner:
        sentences.append(f"Over all corruptions `{kept.idxmax()}` keeps more.")
    images = int(rows["n_images"].iloc[0])
    if images < FEW:
        sentences.append(
            f"{counted(images, 'image')} without intervals: only large differences mean anything."
        )
    return " ".join(sentences)


def _named(kinds: Iterable[str]) -> str:
    return listed([f"*{kind.replace('_', ' ')}*" for kind in kinds], most=20)


def of_calibration(run: FinishedRun) -> str:
    """Whether the probabilities of the chosen approach mean what they say."""
    table = run.tables["calibration"]
    rows = (
        table[(table["approach"] == run.winner) & (table["pixels"] > 0)] if len(table) else table
    )
    if rows.empty or run.winner is None:
        return "Calibration was not measured in this run."
    gap = float(np.average(rows["proba_mean"] - rows["object_share"], weights=rows["pixels"]))
    leans = "too high" if gap > 0 else "too low"
    lean = (
        f"{leans} on average"
        if abs(gap) > LEAN
        else "neither too high nor too low on average (by 0.02 at most)"
    )
    return (
        f"Within 16 px of the objects, the probabilities of `{run.winner}` are {lean}. Masks are "
        "cut at a threshold chosen on *tune*, so this matters only where probabilities are used "
        "themselves."
    )


def calibration_table(run: FinishedRun) -> str:
    """Brier score and calibration error as a Markdown table; empty where they were not
    measured.
    """
    rows = run.rows.dropna(subset=["calibration_error"])
    if rows.empty:
        return ""
    cells = []
    for row in rows.itertuples():
        brier = "" if pd.isna(row.brier) else f"{row.brier:.3f}"
        cells.append((f"`{row.approach}`", f"{row.calibration_error:.3f}", brier))
    return markdown_table(("approach", "calibration error", "Brier score"), cells)
