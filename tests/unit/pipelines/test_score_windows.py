"""The command on windows of training, end to end on simulated athletes and on bad files."""

import json

import numpy as np
import pandas as pd
import pytest

from pipelines import score_windows as command
from pipelines.importers.lovdal_2021 import BLOB_IDS, git_blob_id
from tolerance.evaluate.training_windows import DAY_FEATURES, day_column


def made_file(path, n_athletes=12, n_days=60):
    """Write simulated athletes in the format of the day file."""
    rng = np.random.default_rng(4)
    rows = []
    for athlete in range(n_athletes):
        days = rng.uniform(0.0, 1.0, (n_days, len(DAY_FEATURES)))
        for event in range(7, n_days):
            row = {
                day_column(name, back): days[event - back, f]
                for f, name in enumerate(DAY_FEATURES)
                for back in range(1, 8)
            }
            injury = int(rng.random() < 0.04)
            rows.append(row | {"Athlete ID": athlete, "injury": injury, "Date": event})
    pd.DataFrame(rows).to_csv(path, index=False)


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["score_windows", *map(str, arguments)])
    command.main()


def test_a_file_becomes_scores_and_words(tmp_path, monkeypatch, capsys):
    path, out = tmp_path / "day.csv", tmp_path / "scores.json"
    made_file(path)
    own = (git_blob_id(path.read_bytes()),) * 2
    monkeypatch.setattr("pipelines.importers.lovdal_2021.BLOB_IDS", {**BLOB_IDS, "day": own})
    run(monkeypatch, path, "--out", out)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["data"]["n_slots_that_disagree"] == 0
    assert found["data"]["n_athlete_days"] == 12 * 59
    assert 0.3 < found["new_athletes"]["auc"] < 0.7
    said = capsys.readouterr().out
    assert "new_athletes: AUC of the hazard" in said
    assert "base_rate" in said


def test_another_file_is_refused_and_nothing_is_written(tmp_path, monkeypatch):
    path, out = tmp_path / "day.csv", tmp_path / "scores.json"
    made_file(path, n_athletes=1)
    with pytest.raises(SystemExit, match="no published version"):
        run(monkeypatch, path, "--out", out)
    assert not out.exists()
