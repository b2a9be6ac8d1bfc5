import io
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from common.leaderboard import (
    COLUMNS,
    Choice,
    as_markdown,
    compare_records,
    leaderboard,
    per_image_table,
    read_leaderboard,
    seed_table,
    write_leaderboard,
)
from common.leaderboard.__main__ import main as analyse
from common.leaderboard.details import detail_tables
from common.records import Record, from_stored, read_records, write_record

ISSUE_COLUMNS = (
    "approach, status, dice_mean, dice_global, iou_mean, precision, recall, area_bias, nsd_2px, "
    "object_f1, threshold, fit_seconds, predict_seconds_per_image, parameters, model_mb, "
    "peak_memory_mb, pretrained_on"
).split(", ")


def score(img_id, tp, fp, fn, tn=1000):
    """A row as `score_image` gives it; only the counts matter here."""
    total, truth = 2 * tp + fp + fn, tp + fn
    return {
        "img_id": img_id,
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "dice": 2 * tp / total if total else math.nan,
        "iou": tp / (tp + fp + fn) if total else math.nan,
        "precision": tp / (tp + fp) if tp + fp else math.nan,
        "recall": tp / truth if truth else math.nan,
        "area_bias": (fp - fn) / truth if truth else math.nan,
        "nsd_2px": 0.5,
        "object_tp": 1,
        "object_fp": 0,
        "object_fn": 0,
        "dice_at_half": 2 * tp / total if total else math.nan,
    }


def ok(name, scores, seconds=0.1, **more):
    costs = {
        "predict_seconds_per_image": seconds,
        "parameters": 12_345_678,
        "model_mb": 3.25,
        "peak_memory_mb": 700.0,
        "threads": 2,
    }
    stored = {
        "approach": name,
        "status": "ok",
        "traits": {"pretrained_on": "", "fits_on_all": False},
        "fit": {"seconds": 2.0, "steps": 40},
        "postprocess": {"threshold": 0.3},
        "scores": scores,
        "costs": costs,
    }
    return from_stored(stored | more)


GOOD = [score(1, 90, 10, 10), score(2, 40, 20, 0), score(3, 0, 0, 0)]
BAD = [score(1, 10, 50, 80), score(2, 0, 0, 60), score(3, 0, 7, 0)]


def test_columns_of_the_issue_come_first_and_in_order():
    table = leaderboard([ok("a", GOOD)])
    assert list(COLUMNS) == ISSUE_COLUMNS
    assert table.columns.tolist()[: len(ISSUE_COLUMNS)] == ISSUE_COLUMNS


def test_rows_are_ordered_by_mean_dice_and_unfinished_ones_follow_by_name(tmp_path):
    records = [
        Record("z_failed", "failed", "no memory"),
        ok("bad", BAD),
        Record("a_skipped", "skipped", "no weights"),
        ok("good", GOOD),
        Record("m_unfinished"),
    ]
    table = leaderboard(records)
    assert table["approach"].tolist() == ["good", "bad", "a_skipped", "m_unfinished", "z_failed"]
    assert table["status"].tolist() == ["ok", "ok", "skipped", "unfinished", "failed"]
    winner, said = write_leaderboard(tmp_path, records)
    assert winner == "good" and said.splitlines()[1].split()[0] == "good"
    heads = ["approach", "good", "bad", "a_skipped", "m_unfinished", "z_failed"]
    assert [line.split()[0] for line in said.splitlines()[:6]] == heads
    assert said.splitlines()[3].split() == ["a_skipped", "skipped"]
    assert max(map(len, said.splitlines())) <= 80 and not {"**", "`"} & set(said)
    written = pd.read_csv(tmp_path / "leaderboard.csv")
    assert written["approach"].tolist() == table["approach"].tolist()
    assert written.loc[written["winner"].astype(str) == "True", "approach"].tolist() == ["good"]


def test_a_failed_row_never_ranks_even_with_a_perfect_score(tmp_path):
    broken = ok("broken", [score(n, 10, 0, 0) for n in (1, 2, 3)])
    broken.status, broken.reason = "failed", "measuring failed"
    table = leaderboard([broken, ok("bad", BAD)])
    assert write_leaderboard(tmp_path, [broken, ok("bad", BAD)])[0] == "bad"
    assert table["approach"].tolist() == ["bad", "broken"]
    assert np.isnan(table.set_index("approach").loc["broken", "dice_mean"])


def test_equal_scores_are_ordered_by_speed_and_then_by_name():
    records = [
        ok("slow", GOOD, 0.5),
        ok("b", GOOD, 0.1),
        ok("a", GOOD, 0.1),
        ok("fast", GOOD, 0.01),
    ]
    assert leaderboard(records)["approach"].tolist() == ["fast", "a", "b", "slow"]
    assert leaderboard(records[::-1])["approach"].tolist() == ["fast", "a", "b", "slow"]


def test_numbers_are_those_of_the_counts():
    row = leaderboard([ok("a", GOOD)]).iloc[0]
    assert row["dice_mean"] == pytest.approx((180 / 200 + 80 / 100) / 2)
    assert row["dice_global"] == pytest.approx(2 * 130 / (2 * 130 + 30 + 10))
    assert row["dice_at_half"] == pytest.approx(0.85)
    assert (row["n_images"], row["n_empty"], row["empty_fp_rate"]) == (3, 1, 0)
    assert (row["threshold"], row["fit_seconds"], row["parameters"]) == (0.3, 2.0, 12_345_678)


def test_records_from_disk_with_null_for_nan_give_the_same_tables(tmp_path):
    # precision is NaN in every row
    silent = [
        score(1, 0, 0, 50),
        score(2, 0, 0, 9),
        score(3, 0, 0, 0),
    ]
    records = [ok("bad", BAD), ok("good", GOOD), ok("silent", silent)]
    for record in records:
        write_record(tmp_path, record)
    assert "NaN" not in (tmp_path / "records" / "silent.json").read_text()
    stored = read_records(tmp_path)
    pd.testing.assert_frame_equal(leaderboard(stored), leaderboard(records))
    text = per_image_table(stored).to_csv(index=False)
    assert text == per_image_table(records).to_csv(index=False)
    assert leaderboard(stored).set_index("approach").loc["silent", "precision"] == 0


def test_per_image_has_one_row_for_each_approach_and_image():
    table = per_image_table([ok("a", GOOD), Record("b", "failed", "x"), ok("c", BAD)])
    assert table.columns.tolist()[:6] == ["approach", "img_id", "tp", "fp", "fn", "tn"]
    assert table[["approach", "img_id"]].to_numpy().tolist() == [
        [name, n] for name in "ac" for n in (1, 2, 3)
    ]


def test_nothing_scored_is_an_empty_table_and_no_winner(tmp_path):
    records = [Record("a", "failed", "one"), Record("b", "skipped", "two")]
    assert per_image_table(records).columns.tolist() == ["approach", "img_id"]
    assert write_leaderboard(tmp_path, records)[0] is None
    assert pd.read_csv(tmp_path / "leaderboard.csv")["reason"].tolist() == ["one", "two"]
    assert write_leaderboard(tmp_path, [])[0] is None
    assert len(pd.read_csv(tmp_path / "leaderboard.csv")) == 0


def test_whole_numbers_stay_whole_beside_a_failed_row(tmp_path):
    write_leaderboard(tmp_path, [ok("a", GOOD), Record("b", "failed", "x")])
    rows = pd.read_csv(tmp_path / "leaderboard.csv", dtype=str, keep_default_na=False).set_index(
        "approach"
    )
    assert rows.loc["a", ["parameters", "n_images", "n_empty", "fit_steps"]].tolist() == [
        "12345678",
        "3",
        "1",
        "40",
    ]
    assert rows.loc["b", ["parameters", "dice_mean", "threshold"]].tolist() == ["", "", ""]
    assert "| 12345678 |" in (tmp_path / "leaderboard.md").read_text()


def test_reasons_with_pipes_newlines_and_quotes_break_neither_table_nor_list(tmp_path):
    reason = 'ValueError: a | b\n| --- | "quoted", comma\r\n# not a heading'
    write_leaderboard(tmp_path, [ok("a", GOOD), Record("b", "failed", reason)])
    read = pd.read_csv(io.StringIO((tmp_path / "leaderboard.csv").read_text(encoding="utf-8")))
    assert read["approach"].tolist() == ["a", "b"]
    assert read.loc[1, "reason"].splitlines() == reason.splitlines()
    lines = (tmp_path / "leaderboard.md").read_text(encoding="utf-8").splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) % 4 == 0 and all(
        line.startswith(("| a |", "| b |")) for line in (tables[2], tables[3])
    )
    assert sum(line.startswith("#") for line in lines) == 1
    listed = [line for line in lines if line.startswith("- ")]
    assert listed == ['- `b` failed: ValueError: a | b | --- | "quoted", comma # not a heading']
    cells = as_markdown(leaderboard([Record("b", "failed", reason)]), ("approach", "reason"))
    assert cells.splitlines()[-1].replace("\\|", "").count("|") == 3


def test_markdown_leaves_unknown_cells_empty_and_fits_its_header():
    lines = as_markdown(leaderboard([ok("a", GOOD), Record("b", "failed", "x")])).splitlines()
    assert {line.count("|") for line in lines} == {len(COLUMNS) + 1}
    assert lines[0] == "| " + " | ".join(ISSUE_COLUMNS) + " |"
    assert "nan" not in "".join(lines).lower() and "None" not in "".join(lines)
    assert lines[-1].replace("|", "").split() == ["b", "failed"]


def test_a_faster_approach_wins_among_those_shown_to_be_equal_and_the_best_where_that_is_asked(
    tmp_path,
):
    nearly = [score(n, 900 - n % 3, 100, 100) for n in range(60)]
    best = [score(n, 900, 100, 100) for n in range(60)]
    worse = [score(n, 600 + n % 3, 100, 100) for n in range(60)]
    records = [ok("best", best, 0.9), ok("nearly", nearly, 0.1), ok("worse", worse, 0.001)]
    assert write_leaderboard(tmp_path, records)[0] == "nearly"
    assert write_leaderboard(tmp_path, records, choice=Choice("best"))[0] == "best"
    assert leaderboard(records)["approach"].tolist() == ["best", "nearly", "worse"]


def test_groups_of_images_count_as_one_each(tmp_path):
    scores = [score(n, 900 - 10 * n, 100, 100) for n in range(12)]
    write_leaderboard(tmp_path, [ok("a", scores)], {n: f"place {n // 4}" for n in range(12)})
    grouped = pd.read_csv(tmp_path / "leaderboard.csv").iloc[0]
    write_leaderboard(tmp_path, [ok("a", scores)])
    single = pd.read_csv(tmp_path / "leaderboard.csv").iloc[0]
    assert (
        grouped["dice_upper"] - grouped["dice_lower"] > single["dice_upper"] - single["dice_lower"]
    )
    assert single["dice_lower"] < single["dice_mean"] < single["dice_upper"]


def test_the_conventions_stand_under_the_table(tmp_path):
    write_leaderboard(tmp_path, [ok("a", GOOD)])
    text = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    for word in (
        "empty_fp_rate",
        "probability >= threshold",
        "IoU >= 0.5",
        "Ignored pixels",
        "ties",
    ):
        assert word in text


def test_leaderboard_can_be_computed_from_the_per_image_file(tmp_path):
    write_leaderboard(tmp_path, [ok("good", GOOD), ok("bad", BAD)])
    rows = pd.read_csv(tmp_path / "per_image.csv")
    with_object = rows[rows["tp"] + rows["fn"] > 0]
    mean = with_object.groupby("approach")["dice"].mean()
    table = pd.read_csv(tmp_path / "leaderboard.csv").set_index("approach")
    assert (table["dice_mean"] - mean).abs().max() < 1e-6
    counts = rows[["tp", "fp", "fn", "tn"]]
    assert (counts.dtypes == np.int64).all()
    assert json.loads(rows.to_json())  # every value is a plain number or text


def images(count, shift, seed=0):
    random = np.random.default_rng(seed)
    return [
        score(n, round(900 + shift + 20 * random.standard_normal()), 100, 100)
        for n in range(count)
    ]


def test_only_rows_that_nothing_beats_in_score_and_speed_are_on_the_front(tmp_path):
    records = [
        ok("best", images(20, 50), 0.9),
        ok("fast", images(20, 0), 0.1),
        ok("neither", images(20, -50), 0.5),
    ]
    write_leaderboard(tmp_path, records)
    table = read_leaderboard(tmp_path).set_index("approach")
    assert table["pareto"].to_dict() == {"best": True, "fast": True, "neither": False}
    assert table.loc["fast", "minimum_detectable"] > 0 and table.loc["fast", "n_groups"] == 20


def test_what_could_be_shown_counts_groups_where_there_are_any(tmp_path):
    uneven = [score(n, 950 - 400 * (n % 3), 100, 100) for n in range(20)]
    records = [ok("best", images(20, -380)), ok("second", uneven)]
    alone = " ".join(write_leaderboard(tmp_path, records)[1].split())
    assert "Not told apart from best" in alone
    assert "20 images like these show a true difference" in alone
    grouped = write_leaderboard(tmp_path, records, {n: f"place {n // 2}" for n in range(20)})[1]
    assert "10 groups like these show a true difference" in " ".join(grouped.split())


def test_an_approach_whose_cost_is_unknown_wins_by_no_price_and_is_on_no_front():
    unknown, null = ok("unknown", images(20, 0)), ok("null", images(20, 0))
    unknown.costs = None
    null.costs = replace(null.costs, predict_seconds_per_image=math.nan)
    records = [unknown, null, ok("measured", images(20, 0), 5.0)]
    comparison = compare_records(records)
    assert comparison.names[comparison.winner.index] == "measured"
    pareto = leaderboard(records, comparison).set_index("approach")["pareto"]
    assert pareto["measured"] and pareto.drop("measured").isna().all()


def test_corruptions_that_leave_no_object_give_no_robustness_instead_of_no_leaderboard(tmp_path):
    rows = [
        {"corruption": "scale", "severity": 1, "img_id": 1, "tp": 0, "fn": 0, "dice": math.nan}
    ]
    lost = ok("a", GOOD, robustness={"images": 1, "marked": [], "rows": rows})
    assert write_leaderboard(tmp_path, [lost])[0] == "a"
    assert pd.isna(leaderboard([lost]).iloc[0]["robust_dice"])
    shown = pd.DataFrame({"img_id": [each["img_id"] for each in GOOD]})
    assert "robustness" not in detail_tables(
        [lost], shown.assign(object_area_px=1, contrast=2, ground_brightness=3)
    )


def test_images_that_every_approach_fails_are_marked_however_many(tmp_path):
    rows = [score(n, 1, 50, 50) for n in range(30)] + [score(99, 90, 1, 1)]
    images = pd.DataFrame(
        {"img_id": [*range(30), 99], "object_area_px": 1, "contrast": 2, "ground_brightness": 3}
    )
    tables = detail_tables([ok("a", rows), ok("b", rows)], images)
    assert tables["images"]["failed_by_all"].tolist() == [True] * 30 + [False]


def test_several_seeds_are_shown_with_the_variance_that_they_add(tmp_path):
    by_seed = [
        [ok("a", images(30, shift, seed)), ok("b", images(30, 0, 9))]
        for seed, shift in ((0, 0), (1, 60))
    ]
    table = seed_table(by_seed).set_index("approach")
    assert table.loc["a", "seed_sd"] > 0.002 > table.loc["b", "seed_sd"]
    assert table.loc["a", "dice_over_seeds_lower"] < table.loc["a", "dice_over_seeds"]
    write_leaderboard(tmp_path, by_seed[0], by_seed=by_seed[1:])
    written = read_leaderboard(tmp_path).set_index("approach")
    assert written["seeds"].tolist() == [2, 2]
    assert written.loc["a", "seed_sd"] == pytest.approx(table.loc["a", "seed_sd"], rel=1e-4)
    text = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert "Mean Dice over 2 trainings" in text and "trained once" not in text


def test_an_approach_that_failed_with_one_seed_has_no_variance_of_seeds(tmp_path):
    failed = ok("a", images(9, 0))
    failed.status = "failed"
    assert seed_table([[ok("a", images(9, 0))], [failed]]).empty
    by_seed = [[ok("a", images(9, 0)), ok("b", images(9, 5))], [failed, ok("b", images(9, 4))]]
    said = write_leaderboard(tmp_path, by_seed[0], by_seed=by_seed[1:])[1]
    said = " ".join(said.split())
    assert "over 2 trainings" in said and "Not completed in every training: a." in said
    said = write_leaderboard(tmp_path, by_seed[0], by_seed=by_seed[1:], asked=["b"])[1]
    assert "Not completed" not in said
    said = write_leaderboard(tmp_path, by_seed[0][:1], by_seed=[[failed]])[1]
    said = " ".join(said.split())
    assert "No approach was completed in all 2 trainings" in said and "trained once" not in said
    assert seed_table([[ok("a", images(9, 0))]]).empty


def test_calibration_and_robustness_are_in_the_row_where_they_were_measured():
    rows = [
        {"corruption": "noise", "severity": severity, "img_id": n, "tp": 9, "fn": 1, "dice": 0.5}
        for severity in (1, 2)
        for n in (1, 2)
    ]
    counts = [[0, 0, 0, 0]] * 14 + [[100, 100 * 255, 50, 50 * 255**2]]
    measured = ok(
        "a", GOOD, calibration=counts, robustness={"images": 2, "marked": ["noise"], "rows": rows}
    )
    row = leaderboard([measured]).iloc[0]
    assert (row["brier"], row["calibration_error"]) == (0.5, 0.5)
    assert (
        row["robust_dice"] == 0.5
        and row["robust_drop"] == pytest.approx(0.35)
        and row["robust_worst"] == "noise"
    )
    assert pd.isna(row["robust_drop_unmarked"])
    assert pd.isna(leaderboard([ok("b", GOOD)]).iloc[0]["brier"])


def corrupted(*dice):
    """Robustness of an approach that was measured on so many images, the first of `GOOD`."""
    rows = [
        {"corruption": kind, "severity": 1, "img_id": n, "tp": 9, "fn": 1, "dice": value}
        for n, value in enumerate(dice, start=1)
        for kind in ("noise", "blur")
    ]
    return {"images": len(dice), "marked": [], "rows": rows}


def test_robustness_is_compared_over_the_images_that_all_were_scored_on(tmp_path):
    failed = ok("failed", GOOD, robustness=corrupted())
    failed.status = "failed"
    records = [
        ok("more", GOOD, robustness=corrupted(0.5, 0.1)),
        ok("less", GOOD, robustness=corrupted(0.4)),
        ok("none", GOOD),
        failed,
    ]
    table = leaderboard(records).set_index("approach")["robust_dice"]
    assert table[["more", "less"]].tolist() == [0.5, 0.4] and pd.isna(table["none"])
    shown = pd.DataFrame({"img_id": [each["img_id"] for each in GOOD]})
    shown = shown.assign(object_area_px=1, contrast=2, ground_brightness=3)
    assert detail_tables(records, shown)["robustness"]["n_images"].tolist() == [1] * 4
    said = " ".join(write_leaderboard(tmp_path, records)[1].split())
    assert "Robustness is over 1 image, of which corrupted copies" in said
    assert "for all 2, repeat less with --robustness 2." in said
    alike = [records[0], ok("less", GOOD, robustness=corrupted(0.4, 0.2))]
    assert leaderboard(alike)["robust_dice"].tolist() == pytest.approx([0.3, 0.3])
    assert "Robustness is over" not in write_leaderboard(tmp_path, alike)[1]


def test_anybodys_scores_are_analysed_like_a_leaderboard(tmp_path, capsys):
    records = [ok("good", images(40, 50)), ok("bad", images(40, -200))]
    write_leaderboard(tmp_path, records, {n: f"place {n // 4}" for n in range(40)})
    assert (
        analyse(
            [
                "analyse",
                str(tmp_path / "per_image.csv"),
                "--costs",
                str(tmp_path / "leaderboard.csv"),
            ]
        )
        == 0
    )
    said = capsys.readouterr().out
    words = " ".join(said.split())  # lines are broken to 80 columns
    assert "trained once" not in words
    assert "40 images with objects (10 independent groups)" in words
    assert "good is chosen by the rule" in words
    row = next(line.split() for line in said.splitlines() if line.startswith("bad"))
    expected = (
        compare_records(records, {n: f"place {n // 4}" for n in range(40)})
        .table()
        .set_index("approach")
    )
    assert float(row[1]) == pytest.approx(expected.loc["bad", "mean"], abs=1e-3)
    assert row[7] == "worse"


@pytest.mark.parametrize(
    ("rows", "words", "told"),
    [
        ("approach,image,dice\na,1,0.5\n", [], "Missing: img_id"),
        ("approach,img_id,dice\na,1,0.5\na,2,0.5\nb,1,0.4\n", [], "b has no dice for image 2"),
        ("approach,img_id,dice\na,1,0.5\na,1,0.6\n", [], "a has image 1 twice"),
        ("approach,img_id,dice\n", [], "0 rows"),
        ("approach,img_id,dice\na,1,0.5\n", ["--metric", "nsd"], "Missing: nsd"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused_with_what_is_wrong(
    tmp_path, rows, words, told, capsys
):
    path = tmp_path / "scores.csv"
    path.write_text(rows)
    assert analyse(["analyse", str(path), *words]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "words", "message"),
    [
        ("approach,img_id,dice\na,1,bad\n", [], "dice of a in line 2 is 'bad'"),
        (
            "approach,img_id,dice\na,1,0.5\n",
            ["--metric", "img_id"],
            "give a column of numbers",
        ),
        ("approach,img_id,dice\n,1,0.5\n", [], "1 rows without approach"),
        ("approach,img_id,dice,tp,fn\na,1,,0,0\n", [], "no image with an object was scored"),
        (
            "approach,img_id,dice\na,1,0.5\n",
            ["--costs", "FILE"],
            "Missing: predict_seconds_per_image",
        ),
    ],
)
def test_a_table_that_cannot_be_analysed_is_explained(tmp_path, capsys, table, words, message):
    path = tmp_path / "scores.csv"
    path.write_text(table, encoding="utf-8")
    assert (
        analyse(["analyse", str(path), *[str(path) if word == "FILE" else word for word in words]])
        == 2
    )
    assert message in capsys.readouterr().err


def test_one_image_is_analysed_without_claims_that_it_cannot_bear(tmp_path, capsys):
    path = tmp_path / "scores.csv"
    path.write_text("approach,img_id,dice\na,1,0.5\nb,1,0.4\n", encoding="utf-8")
    assert analyse(["analyse", str(path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "on 1 image is 0.500 (no interval); it cannot be corrected" in said
    assert "nan" not in said.split("is chosen")[1]
