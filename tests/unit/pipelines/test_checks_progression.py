"""The large trial's summary is not older than what it was made from."""

from pathlib import Path

import pytest

from pipelines.checks_progression import METRICS, SOURCES, input_hash
from pipelines.params import load_params
from pipelines.paths import Places
from pipelines.store import read_json

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def params():
    return load_params(ROOT / "params.yaml")


def test_the_kept_summary_belongs_to_the_present_settings_and_code(params):
    path = Places(ROOT).metrics(METRICS)
    if not path.is_file():
        pytest.skip("`make checks` has not been run yet")
    kept = read_json(path)
    assert kept["inputs_sha256"] == input_hash(ROOT, params), "stale: run `make checks`"
    assert kept["n_runners_per_arm"] >= 2000


def test_another_limit_or_seed_is_another_input(params):
    other = params.model_copy(
        update={"dose": params.dose.model_copy(update={"pain_probability_max": 0.3})}
    )
    reseeded = params.model_copy(update={"seed": params.seed + 1})
    hashes = {input_hash(ROOT, each) for each in (params, other, reseeded)}
    assert len(hashes) == 3
    assert input_hash(ROOT, params) in hashes


def test_every_source_is_there():
    assert all((ROOT / source).is_file() for source in SOURCES)
