"""What was expected of a study, what was found, and what follows for the defaults."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from common.describe.finding import counted, listed
from common.leaderboard import as_markdown
from common.narrative.choice import between, duration

BASELINE = "baseline"


def study_tables(folder: Path, names: Collection[str]) -> dict[str, dict[str, pd.DataFrame | None]]:
    """The stored tables of all studies.

    Args:
        folder: with files `<data>-<study>.csv`; it may be absent.
        names: of the studies.

    Returns:
        Data set → study, in the order of `names` → its table, None where it was not run. Where nothing was run at all,
        there is one data set called *none*.
    """
    found: dict[str, dict[str, pd.DataFrame | None]] = {}
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        fitting = [name for name in names if path.stem.endswith(f"-{name}")]
        if fitting:
            name = max(fitting, key=len)
            tables = found.setdefault(path.stem.removesuffix(f"-{name}"), dict.fromkeys(names))
            tables[name] = pd.read_csv(path)
    return found or {"none": dict.fromkeys(names)}


def of_studies(found: Mapping[str, Mapping[str, pd.DataFrame | None]]) -> str:
    """Which studies were run on which data, and which were not.

    Args:
        found: of `study_tables`.
    """
    sentences = []
    for data, tables in found.items():
        done = [name for name, table in tables.items() if table is not None]
        open_ = [name for name, table in tables.items() if table is None]
        if not done:
            return f"**None of the {len(tables)} studies was run**, so nothing below was found; it is only expected."
        sentences.append(f"On {data}, {len(done)} of {len(tables)} studies were run: {listed(done, most=12)}.")
        if open_:
            sentences.append(f"**Not run: {listed(open_, most=12)}.**")
    return " ".join(sentences)


def of_study(table: pd.DataFrame | None) -> str:
    """What a study found, in sentences.

    Args:
        table: of `common.study_table.study_table`; None where the study was not run.
    """
    if table is None:
        return "**This study was not run**, so nothing is known beyond what is expected."
    rows = table[table["variation"] != BASELINE]
    judged = rows[rows["verdict"].notna()]
    if judged.empty:
        return "**This study has no result**: neither its baseline nor any variation can be compared."
    sentences = []
    for verdict, said in (("helps", "Shown to help"), ("hurts", "Shown to hurt")):
        chosen = judged[judged["verdict"] == verdict]
        if len(chosen):
            sentences.append(f"{said}: {listed([_difference(row) for row in chosen.itertuples()], most=12)}.")
    alike = judged.loc[judged["verdict"] == "not told apart"]
    if len(alike):
        sentences.append(
            f"Not told apart from the baseline: {listed([_difference(row) for row in alike.itertuples()], most=12)}; "
            "that is not the same as no difference."
        )
    for row in rows[rows["verdict"].isna()].itertuples():
        reason = getattr(row, "reason", None)
        sentences.append(f"*{row.variation}* has no result ({reason if pd.notna(reason) else 'it was not compared'}).")
    seeds, groups = int(judged["seeds"].max()), int(judged["n_groups"].max())
    sentences.append(
        f"{counted(seeds, 'training')} of each, each judged on its own part of `train`: "
        f"{counted(groups, 'independent group')}"
        f" of images in all{_seconds(table)}."
    )
    return " ".join(sentences)


def _difference(row: Any) -> str:
    bounds = between(row.to_baseline_lower, row.to_baseline_upper, 3, "+")
    return f"*{row.variation}* ({row.to_baseline:+.3f}, {bounds})"


def _seconds(table: pd.DataFrame) -> str:
    baseline = table[table["variation"] == BASELINE]
    if baseline.empty or "fit_seconds" not in table or baseline["fit_seconds"].isna().all():
        return ""
    return f"; a training of the baseline took {duration(float(baseline['fit_seconds'].iloc[0]))}"


def expected_beside_found(variations: Mapping[str, str], table: pd.DataFrame | None) -> str:
    """A Markdown table: each variation with what was expected of it beforehand, and what was found.

    Whether both agree is left to the reader.

    Args:
        variations: name → what is expected, used where there is no table.
        table: of the study, whose `expected` is what was said when it was run; None where it was not run.
    """
    rows = []
    for name, expected in variations.items():
        found = table[table["variation"] == name] if table is not None else pd.DataFrame()
        verdict = "not run" if found.empty else "no result"
        if len(found):
            row = next(found.itertuples())
            expected = expected if pd.isna(row.expected) else row.expected
            if pd.notna(row.verdict):
                bounds = between(row.to_baseline_lower, row.to_baseline_upper, 3, "+")
                verdict = f"**{row.verdict}**: {row.to_baseline:+.3f} ({bounds}); seeds {row.by_seed}"
        rows.append({"variation": name, "expected": expected, "found": verdict})
    return as_markdown(
        pd.DataFrame(rows, columns=["variation", "expected", "found"]), ["variation", "expected", "found"]
    )


def of_defaults(tables: Mapping[str, pd.DataFrame | None], settings: Mapping[str, Mapping[str, Mapping]]) -> str:
    """What follows for the defaults, study by study, as a Markdown list.

    Args:
        tables: study → its table, None where it was not run.
        settings: study → variation → the settings that it changes.
    """
    lines = []
    for name, table in tables.items():
        if table is None:
            lines.append(f"- **{name}**: not run; the defaults rest on no measurement here.")
            continue
        better = table[table["verdict"] == "helps"]
        if better.empty:
            worse = int((table["verdict"] == "hurts").sum())
            lines.append(
                f"- **{name}**: the baseline stays; no variation is shown to help, {worse} of {len(table) - 1} to hurt."
            )
            continue
        row = better.loc[better["to_baseline"].idxmax()]
        changed = settings.get(name, {}).get(row["variation"], {})
        said = ", ".join(f"`{key}={value}`" for key, value in changed.items()) or "its settings"
        lines.append(
            f"- **{name}**: *{row['variation']}* is shown to help by {row['to_baseline']:+.3f} "
            f"({between(row['to_baseline_lower'], row['to_baseline_upper'], 3, '+')}); that speaks for {said} as "
            "the default on data like these, where its cost is worth it."
        )
    return "\n".join(lines)
