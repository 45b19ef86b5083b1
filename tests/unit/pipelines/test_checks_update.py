"""The summary of the update's check: what it holds, and that it is not stale."""

from pathlib import Path

import pytest

from pipelines.checks_update import HASH, METRICS, input_hash, summarise
from pipelines.params import load_params
from pipelines.paths import Places
from pipelines.store import read_json

ROOT = Path(__file__).resolve().parents[3]


def test_the_worst_runner_is_shown():
    one = {
        "n_reports": 40.0, "shift_injured_sd": 0.1, "shift_other_sd": 0.2, "width_least": 0.95,
        "width_greatest": 1.02, "effective_draws": 300.0, "rhat_max": 1.0, "shift_mc_errors": 2.0,
    }  # fmt: skip
    worse = one | {
        "shift_injured_sd": 0.3,
        "shift_mc_errors": 3.5,
        "width_least": 0.8,
        "effective_draws": 90.0,
    }
    found = summarise([one, worse, one])
    assert found["n_runners"] == 3
    assert found["shift_injured_sd_median"] == 0.1
    assert found["shift_injured_sd_max"] == 0.3
    assert found["shift_mc_errors_max"] == 3.5
    assert found["width_least"] == 0.8
    assert found["effective_draws_least"] == 90.0


def test_the_summary_in_git_is_of_this_code_and_these_settings():
    place = Places(ROOT).metrics(METRICS)
    if not place.is_file() or HASH not in (kept := read_json(place)):
        pytest.skip("no summary of the update is in git yet; `make checks` writes it")
    assert kept[HASH] == input_hash(ROOT, load_params(ROOT / "params.yaml")), "run `make checks`"
