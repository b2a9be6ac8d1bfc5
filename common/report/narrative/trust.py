"""How far the chosen approach holds beyond clean images and plain masks: corrupted images, and its
probabilities.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from common.report.finished_run import FinishedRun
from common.words import code, counted, listed, plural

LEAN = 0.02  # a mean probability that is off by more is called too high or too low
FEW = 30  # images
CLEAR = 0.01  # mean Dice by which a member keeps more than its ensemble


def of_robustness(run: FinishedRun) -> str:
    """What corrupted images cost the chosen approach, and who is best on them."""
    table = run.tables["robustness"]
    rows = table[table["approach"] == run.winner] if len(table) else table
    if rows.empty:
        return (
            "Corrupted images were not scored in this run; `--robustness 20` does so with 20 "
            "images."
        )
    images = int(rows["n_images"].iloc[0])
    kinds = rows.groupby("corruption", sort=False)[["drop", "in_augmentation"]].mean()
    worst = kinds["drop"].idxmax()
    sentences = [
        f"On corrupted copies of {counted(images, 'image')}, `{run.winner}` loses "
        f"{kinds['drop'].mean():.3f} mean Dice over all corruptions, and most, "
        f"{kinds.loc[worst, 'drop']:.3f}, under {_named([worst])}.",
        _met(kinds),
        _best_of_all(table),
        _against_members(run, table),
    ]
    few = (
        "These are few images and no interval is given, so only large differences mean anything."
        if images < FEW
        else ""
    )
    return " ".join(filter(None, [*sentences, few]))


def _named(kinds: Iterable[str]) -> str:
    return listed([f"*{kind.replace('_', ' ')}*" for kind in kinds], most=20)


def _met(kinds: pd.DataFrame) -> str:
    """Corruptions that training augmentation holds something like, and those that it does not."""
    met = kinds["in_augmentation"] > 0
    if not met.any():
        return "The training augmentation had nothing like them."
    if met.all():
        return "The training augmentation had something like each of them."
    return (
        f"Its training augmentation had something like {_named(kinds.index[met])} (a loss of "
        f"{kinds.loc[met, 'drop'].mean():.3f}); it had nothing like {_named(kinds.index[~met])} "
        f"(a loss of {kinds.loc[~met, 'drop'].mean():.3f})."
    )


def _best_of_all(table: pd.DataFrame) -> str:
    kept = table.groupby("approach", sort=False)["dice_mean"].mean()
    return (
        f"Highest mean Dice on corrupted images: `{kept.idxmax()}` ({kept.max():.3f})."
        if len(kept) > 1
        else ""
    )


def _against_members(run: FinishedRun, table: pd.DataFrame) -> str:
    """An ensemble beside its members where corruption is worst."""
    if run.winner is None:
        return ""
    severity = table["severity"].max()
    worst = table[table["severity"] == severity]
    kept = worst.groupby("approach")["dice_mean"].mean()
    combined = run.combinations.get(run.winner or "")
    members = [name for name in (combined.weights if combined else ()) if name in kept.index]
    if not members or run.winner in members:
        return ""
    best = kept[members].idxmax()
    ahead = "above" if kept[run.winner] > kept[best] else "**not above**"
    each = listed([f"`{name}` {kept[name]:.3f}" for name in members], most=12)
    return (
        f"At the highest severity ({severity}) it keeps {kept[run.winner]:.3f}, {ahead} its "
        f"{plural('member', len(members))} "
        f"{each}{_members_ahead(worst, run.winner, members)}."
    )


def _members_ahead(worst: pd.DataFrame, winner: str, members: list[str]) -> str:
    """The corruptions under which a member alone keeps clearly more."""
    kept = pd.DataFrame(
        {
            name: rows.set_index("corruption")["dice_mean"]
            for name, rows in worst.groupby("approach")
        }
    )
    ahead = kept[members].max(axis=1) - kept[winner]
    ahead = ahead[ahead >= CLEAR]
    return (
        f"; under {_named(ahead.index)} a member keeps more, by up to {ahead.max():.3f}"
        if len(ahead)
        else ""
    )


def of_calibration(run: FinishedRun) -> str:
    """Whether the probabilities of the chosen approach mean what they say."""
    table = run.tables["calibration"]
    rows = (
        table[(table["approach"] == run.winner) & (table["pixels"] > 0)] if len(table) else table
    )
    if rows.empty or run.winner is None:
        return "Calibration was not measured in this run."
    gap = float(np.average(rows["proba_mean"] - rows["object_share"], weights=rows["pixels"]))
    error = float(
        np.average((rows["proba_mean"] - rows["object_share"]).abs(), weights=rows["pixels"])
    )
    brier = run.row(run.winner)["brier"]
    score = f" (Brier score {brier:.3f})" if pd.notna(brier) else ""
    leans = abs(gap) > LEAN
    lean = (
        ("too high" if gap > 0 else "too low")
        if leans
        else "neither too high nor too low on the whole"
    )
    sentences = [
        f"Near the objects, the probability that `{run.winner}` gives to a pixel is off by "
        f"{error:.3f} on average over its bins{score}, and {lean} ({gap:+.3f})."
    ]
    errors = run.board.dropna(subset=["calibration_error"]).set_index("approach")[
        "calibration_error"
    ]
    if len(errors) > 1:
        sentences.append(
            f"{code([errors.idxmin()])[0]} has the smallest error ({errors.min():.3f})."
        )
    makes_up = ", which makes up for that" if leans else ""
    sentences.append(
        f"Masks are cut at a threshold that was chosen on *tune*{makes_up}. The "
        "probabilities themselves matter only where pixels or photos are sorted by them."
    )
    return " ".join(sentences)
