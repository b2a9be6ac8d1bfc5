import json
import math
from dataclasses import replace

import pytest

from common.json_files import DamagedFileError
from common.masks.evaluate import ImageScore
from common.masks.postprocess import Postprocess
from common.masks.tuning import StepReport, Tuning
from common.records import (
    CorruptedScore,
    Costs,
    Fit,
    Provenance,
    Record,
    Robustness,
    Traits,
    complete,
    read_record,
    read_records,
    write_record,
)
from common.records.folder import RunFolder

SCORE = ImageScore(
    img_id=3, tp=1, fp=2, fn=0, tn=9, dice=math.nan, iou=0.5, precision=0.5, recall=1.0,
    area_bias=0.0, nsd_2px=1.0, object_tp=1, object_fp=0, object_fn=0, dice_at_half=0.5,
)  # fmt: skip
FULL = Record(
    "a",
    "ok",
    config={"draws": 3},
    made_from=Provenance(("b",), {"b": "0123"}),
    traits=Traits(pretrained_on="ImageNet"),
    fit=Fit(2.5, 10, 1, {"anything": [1, 2]}),
    tuning=Tuning(
        Postprocess(0.4, seed=0.9),
        (0.2, 0.4),
        (0.5, 0.6),
        (StepReport("least area", {"min_area_px": 3}, None, None, None, False),),
        {3: 0.4},
    ),
    scores=(SCORE,),
    calibration=((1, 2, 3, 4),),
    costs=Costs(0.1, math.nan, model_mb=2.0, threads=2),
    robustness=Robustness(1, ("noise",), (CorruptedScore("blur", 1, 3, 4, 5, 0.5),)),
)


def test_a_record_comes_back_as_it_was_with_nan_where_json_has_null(tmp_path):
    write_record(tmp_path, FULL)
    stored = json.loads(RunFolder(tmp_path).record("a").read_text())
    assert stored["scores"][0]["dice"] is None and stored["fit"]["anything"] == [1, 2]
    found = read_record(tmp_path, "a")
    assert math.isnan(found.scores[0].dice) and math.isnan(found.costs.predict_seconds_p95)
    assert repr(found) == repr(FULL)  # NaN is not equal to itself


def test_a_record_that_says_it_is_complete_and_is_not_is_named():
    assert complete(replace(FULL, status="failed", scores=None)) is None
    assert complete(FULL).scores == (SCORE,)
    for lost in ("fit", "tuning", "scores"):
        with pytest.raises(DamagedFileError, match=r"record of a says .* it lacks"):
            complete(replace(FULL, **{lost: None}))


def test_a_record_that_is_not_there_is_none(tmp_path):
    assert read_record(tmp_path, "a") is None
    assert read_records(tmp_path) == []


def test_records_are_whole_or_absent(tmp_path):
    write_record(tmp_path, Record("a", "ok"))
    before = RunFolder(tmp_path).record("a").read_bytes()
    with pytest.raises(TypeError):
        write_record(tmp_path, Record("a", "failed", fit=Fit(1.0, notes={"what": object()})))
    assert RunFolder(tmp_path).record("a").read_bytes() == before
    with pytest.raises(TypeError):
        write_record(tmp_path, Record("b", fit=Fit(1.0, notes={"what": object()})))
    assert [path.name for path in (tmp_path / "records").iterdir()] == ["a.json"]


def test_what_a_killed_writer_left_is_no_record(tmp_path):
    write_record(tmp_path, Record("a", "ok"))
    partial = tmp_path / "records" / ".xyz.partial"
    partial.mkdir()
    (partial / "b.json").write_text('{"approach": "b", "sta')
    assert [record.approach for record in read_records(tmp_path)] == ["a"]


def test_records_are_read_by_name_and_fields_of_another_version_are_passed_over(tmp_path):
    write_record(tmp_path, Record("b"))
    write_record(tmp_path, Record("a"))
    content = json.loads(RunFolder(tmp_path).record("a").read_text())
    RunFolder(tmp_path).record("a").write_text(json.dumps(content | {"mood": "good"}))
    assert [record.approach for record in read_records(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("text", ["", '{"approach": "a", "sta', "[1]", "{}"])
def test_a_damaged_record_is_named_with_the_way_to_mend_it(tmp_path, text):
    write_record(tmp_path, Record("a", "ok"))
    RunFolder(tmp_path).record("a").write_text(text)
    for read in (lambda: read_record(tmp_path, "a"), lambda: read_records(tmp_path)):
        with pytest.raises(
            DamagedFileError,
            match=r"records/a\.json cannot be read: it.*Delete it.*training/a.* again",
        ):
            read()


@pytest.mark.parametrize(
    ("stage", "value", "where"),
    [
        ("status", "fine", "status is 'fine'"),
        ("scores", [{"img_id": 1}], "scores.0"),
        ("costs", {"threads": "two"}, r"costs.threads is 'two'"),
        ("postprocess", {"threshold": []}, r"tuning.postprocess.threshold is \[\]"),
        ("fit", {"steps": 3}, "fit.seconds"),
        ("costs", {"threads": "first", "model_mb": "last"}, r"costs.threads is 'first' \("),
    ],
)
def test_a_stage_of_another_kind_is_damage_that_is_named(tmp_path, stage, value, where):
    write_record(tmp_path, FULL)
    path = RunFolder(tmp_path).record("a")
    path.write_text(json.dumps(json.loads(path.read_text()) | {stage: value}))
    with pytest.raises(DamagedFileError, match=rf"a.json cannot be read: {where}.*Delete it"):
        read_record(tmp_path, "a")
