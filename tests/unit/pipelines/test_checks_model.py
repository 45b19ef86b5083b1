import json
from pathlib import Path

import pytest

from pipelines.checks_model import HASH, METRICS, N_SBC, input_hash, summarise
from pipelines.params import load_params
from tolerance.model.calibration_checks import RANK_NAMES

ROOT = Path(__file__).resolve().parents[3]


def test_the_summary_in_git_is_of_these_settings_and_this_code():
    place = ROOT / "data" / "metrics" / f"{METRICS}.json"
    kept = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    if HASH not in kept:
        pytest.skip("no summary of recovery and calibration is in git yet: run `make checks`")
    assert kept[HASH] == input_hash(ROOT, load_params(ROOT / "params.yaml")), (
        "recovery and calibration are stale: run `make checks`"
    )


def test_the_summary_says_how_many_fits_it_rests_on():
    fit = {"corr": 0.97, "coverage90": 0.9, "rhat_max": 1.02, "divergences": 0}
    done = {f"dense-{i}": fit for i in range(3)} | {
        f"{kind}-{i}": dict.fromkeys(RANK_NAMES, (i + 0.5) / N_SBC["sbc"])
        for kind, n in (("sbc", N_SBC["sbc"]), ("gaps", 20))
        for i in range(n)
    }
    found = summarise(done)
    assert found["recovery"]["dense"]["n_cohorts"] == 3
    assert found["recovery"]["dense"]["corr"] == pytest.approx(0.97)
    assert "sparse" not in found["recovery"]
    assert found["sbc"]["n_simulations"] == N_SBC["sbc"]
    assert found["sbc_pass"] == 1
    del done["sbc-0"]
    assert summarise(done)["sbc_pass"] == 0  # a few fits fewer than planned are no pass
    assert found["sbc_with_load_errors"]["n_simulations"] == 20
    assert not found["sbc_with_load_errors"]["quantities"]["gamma"]["inside"]
