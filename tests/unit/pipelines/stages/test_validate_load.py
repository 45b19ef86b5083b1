"""Scoring and merging stages: left-out steps replace trained ones, every dataset is named."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipelines.paths import Places
from pipelines.stages.score_recordings import with_left_out
from pipelines.stages.validate_load import read_scores, run
from pipelines.store import StoreError, write_metrics, write_table
from pipelines.validation import read_validation
from tolerance.schemas import conform, empty_table

ROOT = Path(__file__).resolve().parents[4]
PUBLIC = YAML(typ="safe").load(ROOT / "pipelines/public/dvc.yaml")


def scores_of(runner):
    return conform(
        "scores",
        pd.DataFrame(
            {
                "evaluation": "new_runner",
                "quantity": "contact_time",
                "recording_id": "a",
                "runner_id": runner,
                "sensor_site": "sacrum",
                "condition": "c",
                "grade_deg": np.nan,
                "item_id": np.arange(4),
                "reference_value": 0.25,
                "error": 0.01,
                "error_sd": 0.01,
                "baseline_error": np.nan,
            }
        ),
    )


def recordings_of(dataset_id):
    frame = pd.DataFrame(
        {
            "recording_id": ["a"],
            "dataset_id": dataset_id,
            "runner_id": "r",
            "session_id": "s",
            "started_at_utc": pd.to_datetime([None], utc=True),
            "sensor_site": "sacrum",
            "side": "unknown",
            "frame": "segment",
            "sampling_rate_hz": 100.0,
            "acc_range_g": np.nan,
            "gyr_range_dps": np.nan,
            "body_mass_kg": 70.0,
            "height_m": np.nan,
            "surface": None,
            "shoe": None,
        }
    )
    return conform("recordings", frame)


def test_left_out_steps_replace_those_of_their_recordings():
    analysed = pd.DataFrame({"recording_id": ["a", "a", "b"], "step_id": [0, 1, 0]})
    left_out = pd.DataFrame({"recording_id": ["a", "elsewhere"], "step_id": [7, 8]})
    recordings = pd.DataFrame({"recording_id": ["a", "b"]})
    found = with_left_out(analysed, left_out, recordings)
    assert found.to_dict("list") == {"recording_id": ["b", "a"], "step_id": [0, 7]}


def test_metrics_have_one_entry_a_dataset_with_scores_and_label_simulation():
    nothing = (empty_table("scores"), empty_table("detections"), empty_table("recordings"))
    made = (scores_of("r"), empty_table("detections"), recordings_of("x"))
    metrics = run({"recurrent_grf": made, "synthetic": made, "skipped": nothing}, seed=1)
    assert set(metrics) == {"recurrent_grf", "synthetic"}
    assert metrics["synthetic"]["is_simulated"] is True
    assert "is_simulated" not in metrics["recurrent_grf"]
    assert metrics["recurrent_grf"]["new_runner"]["contact_time_bias_s"] == pytest.approx(0.01)


def test_a_dataset_s_numbers_do_not_depend_on_the_others():
    made = (scores_of("r"), empty_table("detections"), recordings_of("x"))
    alone, beside = run({"b": made}, seed=1), run({"a": made, "b": made}, seed=1)
    assert alone["b"] == beside["b"]


def test_the_page_reads_what_the_stages_wrote(tmp_path):
    places = Places(tmp_path)
    for name, scores in (("recurrent_grf", scores_of("r")), ("gdlbio_foot", empty_table("scores"))):
        folder = places.processed(name, "scores")
        write_table(folder / "scores.parquet", "scores", scores)
        write_table(folder / "detections.parquet", "detections", empty_table("detections"))
        write_table(places.recordings(name), "recordings", recordings_of(name))
        steps = places.processed(name, "steps")
        write_table(steps / "rejected.parquet", "rejected", empty_table("rejected"))
        problems = pd.DataFrame(
            {
                "recording_id": ["x", "y"],
                "problem_id": [0, 0],
                "start_s": [np.nan, 1.0],
                "stop_s": [np.nan, 2.0],
                "problem": ["damaged", "damaged"],
            }
        )
        kept = problems if name == "recurrent_grf" else problems.iloc[:0]
        write_table(places.interim(name) / "rejected.parquet", "rejected", kept)
    names = ["gdlbio_foot", "recurrent_grf"]
    metrics = run({name: read_scores(name, places) for name in names}, seed=1)
    write_metrics(places.metrics("load_validation"), metrics)
    page = read_validation(tmp_path, "load_validation", names)
    assert page.left_out_rows == [
        ["gdlbio_foot", "whole data set", "no reference that can be scored"],
        ["recurrent_grf", "1 recording and 1 stretch", "damaged"],
    ]
    assert len(page.summary_rows) == 1
    with pytest.raises(StoreError, match="is not there"):
        read_validation(tmp_path, "load_validation_synthetic", names)


@pytest.mark.parametrize("stage", ["validate_load", "load_validation_report"])
def test_merging_stages_name_every_public_dataset(stage):
    datasets = set(PUBLIC["vars"][0]["datasets"])
    body = PUBLIC["stages"][stage]
    named = set(re.search(r"--datasets (.*)", " ".join(body["cmd"].split()))[1].split())
    deps = {
        match[1] for dep in body["deps"] if (match := re.match(r"data/processed/(\w+)/scores", dep))
    }
    assert named == deps == datasets
