"""All sentences of the report on two made runs, as text files in `golden/`.

After a sentence was changed on purpose, make the files again and look at what git shows of them:
`python tests/report/golden_texts.py`.
"""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]  # where this file is run by itself

from made_run import CLOSE, make_run  # noqa: E402

from common.report.finished_run import FinishedRun, read_run  # noqa: E402
from common.report.narrative import (  # noqa: E402
    answer,
    expectations,
    fitting,
    photos,
    ranking,
    reasons,
    studies,
    unseen,
)
from common.report.narrative import weaknesses as weak  # noqa: E402

FOLDER = Path(__file__).parent / "golden"
OF_RUN = [
    answer.answer,
    answer.of_verdicts,
    answer.of_trade_off,
    answer.cost_table,
    answer.of_rule_taken,
    ranking.of_ranking,
    ranking.of_resamples,
    reasons.metric_table,
    reasons.of_approaches,
    unseen.of_unseen,
    weak.of_losses,
    weak.loss_table,
    weak.of_kinds,
    fitting.of_trainings,
    fitting.of_thresholds,
    fitting.of_steps,
    fitting.of_ensemble,
    fitting.preparation_table,
    weak.of_robustness,
    weak.of_calibration,
]


def make(which: str, folder: Path) -> FinishedRun:
    """One of the two runs."""
    if which == "clear":
        return read_run(make_run(folder))
    return read_run(make_run(folder, 24, 2, 0, quality=CLOSE, without_objects=0, trainings=3))


def texts(run: FinishedRun) -> str:
    """Every sentence and table of the report on a run, under the names of their functions."""
    parts = {function.__name__: function(run) for function in OF_RUN}
    parts["of_limits"] = ranking.of_limits(run, photos=len(run.names))
    parts["examples"] = str(weak.examples(run))
    parts["of_photos"] = photos.of_photos(_pieces(), _train())
    parts["of_review"] = photos.of_review(_review(), "unet")
    parts["review_table"] = photos.review_table(_review(), "unet")
    return _under_names(parts)


def study_texts() -> str:
    """Every sentence and table on studies, on a made one."""
    tables, planned = {"loss": _study()}, {"loss": _planned()}
    parts = {
        "of_overview": studies.of_overview(tables),
        "expected_beside_found": expectations.expected_beside_found(
            planned["loss"].variations, tables["loss"]
        ),
        "of_expectations": expectations.of_expectations(tables, planned),
        "of_default": expectations.of_default(planned["loss"], tables["loss"]),
    }
    return _under_names(parts)


def _under_names(parts: dict[str, str]) -> str:
    return "\n".join(f"## {name}\n\n{text or '(nothing)'}\n" for name, text in parts.items())


def _pieces() -> pd.DataFrame:
    rows = [
        ("a.jpg", 1, 9000, 150.0, 60.0),
        ("a.jpg", 2, 40, 10.0, 4.0),
        ("b.jpg", 0, *[np.nan] * 3),
    ]
    return pd.DataFrame(rows, columns=["photo", "object", "area_px", "length_px", "width_px"])


def _train() -> pd.DataFrame:
    sizes = np.arange(300, 1300, 10)
    return pd.DataFrame({"area_px": sizes, "length_px": sizes / 10, "width_px": sizes / 20})


def _review() -> pd.DataFrame:
    rows = [("a.jpg", "unet", 4, 3, 0, "one in the grass"), ("b.jpg", "unet", 1, 1, 2, "")]
    return pd.DataFrame(
        rows, columns=["photo", "approach", "objects", "found", "invented", "remark"]
    )


def _study() -> pd.DataFrame:
    rows = [
        ("baseline", "baseline", 0.0, 0.0, 0.0, 0.1, 700.0),
        ("up", "helps", 0.021, 0.004, 0.038, 0.1, 900.0),
        ("higher", "helps", 0.03, 0.01, 0.05, 0.4, 900.0),
        ("down", "hurts", -0.04, -0.06, -0.02, 0.1, 700.0),
        ("wide", "not told apart", 0.002, -0.03, 0.034, 0.1, 700.0),
        ("narrow", "not told apart", -0.001, -0.006, 0.004, 0.1, 700.0),
        ("broken", None, *[np.nan] * 5),
    ]
    columns = "variation verdict to_baseline to_baseline_lower to_baseline_upper".split()
    columns += ["predict_seconds_per_image", "fit_seconds"]
    table = pd.DataFrame(rows, columns=columns).assign(
        expected="As the plan says.", by_seed="+0.010 +0.030", seeds=3, n_groups=11, fit_steps=800
    )
    return table.assign(reason=[None] * 6 + ["failed: RuntimeError: no"])


def _planned() -> SimpleNamespace:
    expects = dict(
        up="better", higher="better", down="better", wide="same", narrow="same", broken="worse"
    )
    variations = {
        name: SimpleNamespace(
            expected="As the plan says.",
            expects=word,
            approach="",
            settings={"loss": name},
            unmeasured="fewer false objects" if name == "wide" else "",
        )
        for name, word in expects.items()
    }
    return SimpleNamespace(approach="unet", variations=variations, outcome="")


def all_texts(folder: Path) -> dict[str, str]:
    """File name → content."""
    found = {f"{which}_run.md": texts(make(which, folder / which)) for which in ("clear", "close")}
    return found | {"studies.md": study_texts()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in all_texts(Path(scratch)).items():
            (FOLDER / name).write_text(text, encoding="utf-8")
