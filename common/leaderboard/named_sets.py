"""How the approaches of a run do on labelled images beside `val`: a row for each set and approach,
a table of photos for each set, and what may be said of the order.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from common.analysis.set_scores import (
    MEASURES,
    Turned,
    compared_measures,
    summary_of,
    turned_pairs,
)
from common.csv_files import write_table
from common.leaderboard.field_choice import choice_section, choice_table
from common.leaderboard.rows import per_image_table
from common.leaderboard.text import as_markdown, as_text
from common.masks.found_objects import set_score_table
from common.metrics import summarise
from common.records import Record, SetResult, complete_records
from common.records.folder import RunFolder
from common.words import between, code, counted, listed, plural

COUNTS = "n_images n_groups n_dice objects boxes found missed invented n_empty empty_hit".split()
COLUMNS = (
    "set role approach status".split()
    + [measure.name + end for measure in MEASURES for end in ("", "_lower", "_upper")]
    + [*COUNTS, "reason"]
)
NOT_SCORED = "not scored: no model, or scored before this set was given"
SET_FOOT = """\
Sets beside `val` are labelled images of another origin; on a *test* set nothing is ever chosen,
on a *field* set thresholds and post-processing are, beside *tune*; photos of it that training
learned from are not among its images. Each approach has the threshold and post-processing of the
table above. Objects are the annotations one by one. One is *found*
where the mask covers at least half of its pixels; of a box without an outline, where the predicted
pixels in it span at least half of its width and half of its height and fill at least an eighth of
it. *Invented* is a predicted piece of at least 20 px of which less than a tenth lies on an object.
A mask of the whole photo so finds everything by inventing once; its Dice tells.
`dice_mean` is over the images that have objects, all of them with an outline; `found_share` is
found / objects, `object_f1` is 2 found / (2 found + missed + invented), both of the sums over all
images. `_lower` and `_upper` bound 95 % intervals over groups of images that belong together."""


def set_names(records: Sequence[Record]) -> list[str]:
    """The sets that any approach was scored on, in the order in which they were first scored."""
    return list(dict.fromkeys(one.name for record in records for one in record.sets))


def result_on(record: Record, name: str) -> SetResult | None:
    """What an approach came to on a set; None where it was not scored there."""
    return next((one for one in record.sets if one.name == name), None)


def photos_of(records: Sequence[Record], name: str) -> dict[str, pd.DataFrame]:
    """Approach → its row for each photo of a set, of the approaches that were scored there."""
    found = {record.approach: result_on(record, name) for record in records}
    return {
        approach: set_score_table(result.scores)
        for approach, result in found.items()
        if result is not None and result.scores
    }


def per_photo_table(records: Sequence[Record], name: str) -> pd.DataFrame:
    """One row for each approach and photo of a set; `approach` comes first."""
    tables = [
        table.assign(approach=approach) for approach, table in photos_of(records, name).items()
    ]
    if not tables:
        return pd.DataFrame(columns=["approach", "img_id"])
    table = pd.concat(tables, ignore_index=True)
    return table[["approach", *(column for column in table.columns if column != "approach")]]


def set_table(records: Sequence[Record]) -> pd.DataFrame:
    """One row for each set and approach, in the order of `val`; an approach without scores on a
    set has a row that says why.
    """
    on_val = dice_on_val(records)
    order = sorted(records, key=lambda one: (-on_val.get(one.approach, -1.0), one.approach))
    rows = []
    for name in set_names(records):
        photos = photos_of(records, name)
        for record in order:
            result = result_on(record, name)
            row: dict[str, object] = {
                "set": name,
                "role": None if result is None else result.role,
                "approach": record.approach,
                "status": "ok",
            }
            if record.approach in photos:
                row |= summary_of(photos[record.approach])
            elif result is not None:
                row |= {"status": "failed", "reason": result.reason}
            else:
                status = record.status if record.status in ("failed", "skipped") else "not scored"
                row |= {"status": status, "reason": record.reason or NOT_SCORED}
            rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({column: "Int64" for column in COUNTS})


def order_sentence(
    name: str, photos: Mapping[str, pd.DataFrame], on_val: Mapping[str, float]
) -> str:
    """Whether the order of the approaches on a set is that of `val`, and which of the differences
    turn round; "" for a single approach.

    Args:
        name: of the set.
        photos: approach → its row for each photo.
        on_val: approach → mean Dice on `val`.
    """
    names = [approach for approach in photos if approach in on_val]
    if len(names) < 2:
        return ""
    pairs = len(names) * (len(names) - 1) // 2
    turned = turned_pairs(photos, on_val)
    parts = []
    for measure in compared_measures(photos[names[0]]):
        found = [one for one in turned if one.measure == measure.name]
        if not found:
            parts.append(f"by {measure.wording} it is the same")
            continue
        shown = [_in_words(one) for one in found if one.is_shown]
        wording = f"by {measure.wording} {len(found)} of {counted(pairs, 'pair')} "
        wording += plural("turns", len(found), "turn") + " round"
        wording += (
            f", shown by the interval: {listed(shown, most=4)}"
            if shown
            else (", none of them beyond chance")
        )
        parts.append(wording)
    return (
        f"Is the order on `{name}` that of `val`? " + "; ".join(parts) + ". (Intervals are for "
        "each pair alone.)"
    ).replace("val`? by", "val`? By")


def _in_words(one: Turned) -> str:
    bounds = between(one.lower, one.upper, sign="+")
    return f"`{one.behind}` before `{one.ahead}` ({one.difference:+.3f}, {bounds})"


def set_section(records: Sequence[Record]) -> str:
    """What `leaderboard.md` tells of the sets; "" where there is none."""
    photos = {name: photos_of(records, name) for name in set_names(records)}
    return told_sets(set_table(records), photos, dice_on_val(records), choice_table(records))


def told_sets(
    table: pd.DataFrame,
    photos: Mapping[str, Mapping[str, pd.DataFrame]],
    on_val: Mapping[str, float],
    choices: pd.DataFrame,
) -> str:
    """Each set with its table and the order of the approaches, as Markdown; "" without sets.

    Args:
        table: of `set_table`.
        photos: set → `photos_of`.
        on_val: approach → mean Dice on `val`.
        choices: of `choice_table`.
    """
    parts = []
    for name, rows in table.groupby("set", sort=False):
        scored = rows[rows["status"] == "ok"]
        parts.append(f"## On `{name}`")
        if len(scored):
            parts.append(set_line(scored))
        parts.append(as_markdown(rows, readable_columns(scored)))
        parts.append(order_sentence(str(name), photos[str(name)], on_val))
        parts.append(
            "\n".join(
                f"- `{row.approach}` {row.status}: {row.reason}"
                for row in rows[rows["status"] != "ok"].itertuples()
            )
        )
    parts.append(choice_section(choices))
    return "\n\n".join(filter(None, [*parts, SET_FOOT if any(parts) else ""]))


def set_text(records: Sequence[Record]) -> str:
    """The same for a terminal, in short; "" where there is none."""
    table, on_val, parts = set_table(records), dice_on_val(records), []
    for name in set_names(records):
        rows = table[table["set"] == name]
        scored = rows[rows["status"] == "ok"]
        about = f" {set_line(scored)}" if len(scored) else ""
        parts.append(f"On {name}:{about}")
        columns = [one for one in readable_columns(scored) if not one.endswith(("er", "_empty"))]
        parts.append(as_text(rows, [columns[0], "status", *columns[1:]]))
        parts.append(order_sentence(name, photos_of(records, name), on_val))
    return "\n\n".join(filter(None, parts))


def measures_line(row: Mapping[str, float]) -> str:
    """What one approach came to on a set, in one line.

    Args:
        row: of `set_table`, or what `summary_of` gives.
    """
    parts = [
        f"{measure.wording} {row[measure.name]:.4f} ("
        f"{between(row[measure.name + '_lower'], row[measure.name + '_upper'])})"
        for measure in MEASURES
        if pd.notna(row[measure.name])
    ]
    counts = f"found {row['found']}, missed {row['missed']}, invented {row['invented']}"
    return f"{counts}; {', '.join(parts)}"


def set_line(scored: pd.DataFrame) -> str:
    """What a set shows, in one line, and which approaches were chosen on it.

    Args:
        scored: the rows of `set_table` of the approaches that were scored there, at least one.
    """
    row = scored.iloc[0]
    images, groups, objects, boxes, empty = (
        int(row[column]) for column in ("n_images", "n_groups", "objects", "boxes", "n_empty")
    )
    alone = f", {boxes} of them boxes alone" if boxes else ""
    chosen, never = (
        code(scored.loc[scored["role"] == role, "approach"]) for role in ("field", "test")
    )
    if not chosen:
        kind = "never chosen on"
    elif not never:
        kind = "chosen on, beside *tune*"
    else:
        kind = f"chosen on by {listed(chosen, most=None)}, beside *tune*; "
        kind += f"never by {listed(never, most=None)}"
    return (
        f"{counted(images, 'image')} of {counted(groups, 'group')}, {kind}: "
        f"{counted(objects, 'object')}{alone}; {empty} without any."
    )


def readable_columns(scored: pd.DataFrame) -> list[str]:
    """The columns of `set_table` that a person reads; what the set cannot measure is left out."""
    columns = ["approach"]
    if scored.empty:
        return columns
    empty, images = scored["n_empty"].max(), scored["n_images"].max()
    if scored["n_dice"].max():
        columns += ["dice_mean", "dice_mean_lower", "dice_mean_upper"]
    if scored["objects"].max():
        columns += (
            "objects found missed invented object_f1 object_f1_lower object_f1_upper".split()
        )
        columns += ["found_share"]
    columns += "invented_per_image invented_per_image_lower invented_per_image_upper".split()
    columns += ["invented_per_empty"] if 0 < empty < images else []
    return [*columns, *(["empty_hit", "n_empty"] if empty else [])]


def write_sets(run: Path, records: Sequence[Record]) -> None:
    """Write `test_sets.csv` and `per_image_<NAME>.csv` of each set, where there is one, and
    `field_choice.csv` where thresholds were chosen on one.
    """
    folder, names = RunFolder(run), set_names(records)
    choices = choice_table(records)
    if len(choices):
        write_table(folder.table("field_choice"), choices)
    if names:
        table = set_table(records)
        write_table(folder.table("test_sets"), table)
    for name in names:
        photos = per_photo_table(records, name)
        write_table(folder.per_image_of(name), photos)


def read_photos(run: Path, name: str) -> dict[str, pd.DataFrame]:
    """`photos_of` from the stored table of a run; empty where it has none."""
    path = RunFolder(run).per_image_of(name)
    if not path.is_file():
        return {}
    table = pd.read_csv(path, dtype={"group": str})
    return {approach: rows for approach, rows in table.groupby("approach", sort=False)}


def dice_on_val(records: Sequence[Record]) -> Mapping[str, float]:
    """Approach → mean Dice on `val`, of the complete ones."""
    complete = complete_records(records)
    table = per_image_table(complete)
    if table.empty:
        return {}
    return {
        name: summarise(rows)["dice_mean"] for name, rows in table.groupby("approach", sort=False)
    }
