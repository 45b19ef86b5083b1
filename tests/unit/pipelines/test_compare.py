"""Experiments side by side, from a small repository with two commits and a working tree."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.compare import WORKSPACE, compare, read_experiment
from pipelines.errors import WorkspaceError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def repository(tmp_path):
    """Two commits that differ in a prior and a diagnostic; the working tree in the seed."""

    def git(*command):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *identity, *command], cwd=tmp_path, check=True, capture_output=True)

    def write(median, rhat, seed=1):
        (tmp_path / "params.yaml").write_text(
            f"seed: {seed}\ntolerance_priors:\n  pain_slope: {{median: {median}}}\n"
        )
        metrics = tmp_path / "data" / "metrics"
        metrics.mkdir(parents=True, exist_ok=True)
        (metrics / "tolerance.json").write_text(json.dumps({"rhat_max": rhat, "passed": True}))

    git("init", "-q", "-b", "main")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    write(1.5, 1.004)
    git("add", ".")
    git("commit", "-qm", "first")
    git("tag", "first")
    write(1.2, 1.02)
    arm = {"reinjury_26w": {"value": 0.21}, "load_rr_26w": {"value": 60.0}}
    (tmp_path / "data/metrics/progression.json").write_text(
        json.dumps({"worlds": {"model": {"arms": {"ours_default": arm, "other": arm}}}})
    )
    git("add", ".")
    git("commit", "-qm", "second")
    write(1.2, 1.02, seed=2)
    return tmp_path


def read(repository, *names):
    return compare([read_experiment(repository, name) for name in names])


def test_priors_and_diagnostics_stand_side_by_side(repository):
    found = read(repository, "first", "HEAD")
    assert found.tables["Priors that differ"] == [
        ("tolerance_priors.pain_slope.median", ("1.5", "1.2"))
    ]
    assert ("rhat_max", ("1.004", "1.02")) in found.tables["Diagnostics of the fit"]
    assert found.tables["Other settings that differ"] == []
    assert found.same_rows


def test_what_a_revision_lacks_is_a_dash_and_only_our_arms_are_shown(repository):
    dose = dict(read(repository, "first", "HEAD").tables["Dose in the in-silico trial"])
    assert dose["model.ours_default.reinjury_26w"] == ("–", "0.21")
    assert not any("other" in key for key in dose)


def test_another_seed_means_other_rows(repository):
    found = read(repository, "HEAD", WORKSPACE)
    assert not found.same_rows
    assert found.tables["Other settings that differ"] == [("seed", ("1", "2"))]


def test_scores_of_the_working_tree_are_read(repository):
    folder = repository / "data/processed/synthetic/predictions"
    folder.mkdir(parents=True)
    model = {"log_score": {"value": 0.61}, "auc_within": {"value": 0.63}}
    worlds = {"model": {"next_week": {"pain_above": {"forecasters": {"model": model}}}}}
    (folder / "predictions.json").write_text(json.dumps({"worlds": worlds}))
    scores = dict(read(repository, WORKSPACE).tables["Scores of the model's forecasts"])
    assert scores == {
        "model.next_week.pain_above.log_score": ("0.61",),
        "model.next_week.pain_above.auc_within": ("0.63",),
    }


def test_an_unknown_revision_is_one_clear_message(repository, monkeypatch):
    with pytest.raises(WorkspaceError, match="neither a git revision nor a DVC experiment"):
        read_experiment(repository, "nonsense")
    monkeypatch.chdir(repository)
    done = CliRunner().invoke(app, ["compare", "nonsense"])
    assert done.exit_code == 1
    assert "nonsense" in done.output


def test_the_command_shows_tables_and_warns_of_other_rows(repository, monkeypatch):
    monkeypatch.chdir(repository)
    done = CliRunner().invoke(app, ["compare", "HEAD"])
    assert done.exit_code == 0
    assert "Diagnostics of the fit" in done.output
    assert "do not compare" in done.output
