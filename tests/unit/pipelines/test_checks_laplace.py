"""The check of the normal approximation: what it compares, and that its summary is not stale."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.checks_laplace import (
    BATCH,
    HASH,
    METRICS,
    OWN,
    SHARED,
    agreement,
    histories_of,
    input_hash,
)
from pipelines.params import load_params
from pipelines.paths import Places
from pipelines.store import read_json

ROOT = Path(__file__).resolve().parents[3]


def _draws(rng, shift=0.0, width=1.0):
    found = {name: rng.standard_normal((2, 2000)) for name in SHARED}
    found[OWN] = shift + width * rng.standard_normal((2, 2000, 3))
    return found


def test_shift_and_width_are_in_the_samplers_sds():
    sampled = _draws(np.random.default_rng(1))
    other = _draws(np.random.default_rng(2), shift=0.5, width=0.8)
    drawn = {name: values.reshape(-1, *values.shape[2:]) for name, values in other.items()}
    found = agreement(sampled, drawn)
    assert found["shared"]["n"] == len(SHARED)
    assert found["shared"]["shift_sd_max"] < 0.1
    assert found["tolerance"]["n"] == 3
    assert found["tolerance"]["shift_sd_median"] == pytest.approx(0.5, abs=0.08)
    assert found["tolerance"]["width_greatest"] == pytest.approx(0.8, abs=0.04)


def test_a_cohort_of_several_batches_has_different_runners(monkeypatch):
    monkeypatch.setattr("pipelines.checks_laplace.BATCH", 2)
    found = histories_of(load_params(ROOT / "params.yaml"), 3)
    assert BATCH > 2
    assert len(found) == 3
    assert not np.array_equal(found[0].damage_rr, found[2].damage_rr, equal_nan=True)


def test_the_summary_in_git_is_of_this_code_and_these_settings():
    place = Places(ROOT).metrics(METRICS)
    if not place.is_file() or HASH not in (kept := read_json(place)):
        pytest.skip("no summary of the approximation is in git yet; `make checks` writes it")
    assert kept[HASH] == input_hash(ROOT, load_params(ROOT / "params.yaml")), "run `make checks`"
