"""The trial as the stage runs it, with very few runners."""

from pathlib import Path

import pytest

from pipelines import trial_runs
from pipelines.params import load_params
from pipelines.stages import simulate_trial
from pipelines.store import write_metrics

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(trial_runs, "TRIAL_WORLDS", ("model", "stoic_reporters"))
    monkeypatch.setattr(trial_runs, "available_cores", lambda: 1)
    params = load_params(ROOT / "params.yaml")
    small = params.simulate_trial.model_copy(
        update={"n_runners": 3, "n_particles": 60, "n_draws": 20}
    )
    return params.model_copy(update={"simulate_trial": small})


@pytest.mark.slow
def test_the_stage_gives_every_world_and_arm_and_repeats_itself(few, tmp_path):
    metrics, curves = simulate_trial.run(few)
    assert set(metrics["worlds"]) == set(curves) == {"model", "stoic_reporters"}
    assert metrics["is_simulated"]
    assert metrics["rules_encoded"] >= 65
    assert metrics["rules_total"] == 96
    assert "reinjury_26w" in metrics["worlds"]["model"]["arms"]["oracle"]
    write_metrics(tmp_path / "progression.json", metrics)
    assert simulate_trial.run(few)[0] == metrics
