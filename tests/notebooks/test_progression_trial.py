"""The notebook of the trial on made-up artefacts."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from pipelines.notebooks import render
from pipelines.store import write_json

ROOT = Path(__file__).resolve().parents[2]


def made_up():
    path = ROOT / "tests/unit/tolerance/progression/test_trial_content.py"
    spec = importlib.util.spec_from_file_location("trial_content_tests", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.made_up_metrics(), module.made_up_curves()


@pytest.mark.slow
def test_the_page_shows_the_metrics_and_says_that_they_are_simulated(tmp_path):
    metrics, curves = made_up()
    write_json(tmp_path / "data/metrics/progression.json", metrics)
    write_json(tmp_path / "data/processed/synthetic/trial/curves.json", curves)
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    page = tmp_path / "trial.html"
    render(
        ROOT / "notebooks/progression_trial.ipynb",
        {"root": str(tmp_path), "metrics_name": "progression"},
        page,
        "In-silico trial",
    )
    text = page.read_text()
    assert "77 simulated runners" in text
    assert "Every runner on this page is simulated" in text
    assert "1.0 (0.9 to 1.1)" in text
    assert text.count("<img") == 2 + len(metrics["worlds"])
