"""How the approaches do on objects that training never saw: the images of `train`, each scored by
the model of its fold.
"""

from common.leaderboard import as_markdown
from common.leaderboard.folds import EXPLAINED, READABLE
from common.report.finished_run import FinishedRun
from common.words import between, counted


def of_folds(run: FinishedRun) -> str:
    """The table over all groups of `train`, who is first there, and how the chosen one stands."""
    table = run.tables["folds"]
    if table.empty:
        return (
            "No folds of `train` were left out of training; `--folds 5` trains every approach on "
            "five and scores it on all groups of `train`, each unseen by the model that is scored."
        )
    whole = table[table["status"] == "ok"].sort_values("unseen_dice", ascending=False)
    parts = [as_markdown(whole, READABLE)] if len(whole) else []
    parts += [
        f"`{row.approach}` {row.status}: {row.reason}."
        for row in table[table["status"] != "ok"].itertuples()
    ]
    if len(whole):
        first = whole.iloc[0]
        bounds = between(first["unseen_lower"], first["unseen_upper"])
        sentence = (
            f"On the {counted(int(first['n_images']), 'image')} with objects of all "
            f"{counted(int(first['n_groups']), 'group')} of `train`, each predicted by a model "
            f"that saw nothing of its group, `{first['approach']}` is first with "
            f"{first['unseen_dice']:.3f} ({bounds})."
        )
        own = whole[whole["approach"] == run.winner]
        if len(own):
            row = own.iloc[0]
            verb = "reaches" if row["approach"] == first["approach"] else "comes to"
            sentence += (
                f" `{run.winner}`, chosen on `val`, {verb} {row['unseen_dice']:.3f} there and "
                f"{row['val_dice']:.3f} on `val` ({row['difference']:+.3f})."
            )
        parts.append(sentence)
    return "\n\n".join([*parts, EXPLAINED])
