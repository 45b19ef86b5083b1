import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.posterior import load_posterior, write_posterior
from tolerance.anatomy import DEFAULT_UNITS
from tolerance.model.design import build_design
from tolerance.model.diagnostics import diagnose
from tolerance.model.fit import Posterior
from tolerance.model.population import prior_draws
from tolerance.model.runner import RunnerHistory, UnitInjury

PARAMS = load_params(Path(__file__).resolve().parents[3] / "params.yaml")


@pytest.fixture(scope="module")
def fitted():
    """Return a design of one runner and made-up draws of four chains."""
    rng = np.random.default_rng(1)
    shape = (14, 10)
    history = RunnerHistory(
        runner_id="r1",
        dates=np.arange("2026-01-05", "2026-01-19", dtype="datetime64[D]"),
        units=DEFAULT_UNITS,
        is_index=np.arange(10) == 1,
        damage_rr=np.full(shape, 0.5),
        damage_log_sd=np.zeros(shape),
        exposed=np.ones(14, bool),
        pain=np.full(shape, 2.0),
        settled=np.ones(shape),
        analgesic=np.zeros(14, bool),
        injuries=(UnitInjury(1, date(2025, 12, 1)),),
        chronic_start_rr=np.full(10, 0.1),
        healing_factor=np.ones(10),
    )
    design = build_design([history], PARAMS.tolerance_priors)
    sampled = {"gamma": rng.uniform(size=(4, 25))}
    stats = {"diverging": np.zeros((4, 25), bool), "energy": rng.normal(size=(4, 25))}
    posterior = Posterior(
        population=prior_draws(PARAMS.tolerance_priors, rng, 100),
        log_tolerance=rng.normal(size=(100, 10)),
        deficit=rng.uniform(size=(100, 1)),
        log_frailty=rng.normal(size=(100, 1)),
        sampled=sampled,
        diagnostics=diagnose(sampled, stats, PARAMS.fit_tolerance),
    )
    return posterior, design


def write(folder, fitted, *, passed=1):
    about = {"data": "one runner", "gate": {"passed": passed, "problems": ["R-hat of a"]}}
    write_posterior(folder, *fitted, ["r1"], PARAMS.tolerance_priors, about)


def test_an_unchanged_fit_has_the_same_bytes(tmp_path, fitted):
    sums = []
    for name in ("one", "two"):
        write(tmp_path / name, fitted)
        files = sorted((tmp_path / name).iterdir())
        sums.append([(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in files])
    assert sums[0] == sums[1]
    assert {name for name, _ in sums[0]} == {
        "posterior.nc", "sample_stats.nc", "constant_data.nc", "draws.parquet", "as_prior.json",
        "about.json",
    }  # fmt: skip


def test_draws_come_back_from_the_table_and_from_netcdf(tmp_path, fitted):
    write(tmp_path / "fit", fitted)
    again = load_posterior(tmp_path / "fit")
    np.testing.assert_array_equal(again.gamma, fitted[0].population.gamma)
    with xr.open_dataset(tmp_path / "fit" / "posterior.nc", engine="scipy") as stored:
        assert stored.sizes["chain"] == 4
        assert stored.attrs["format_version"] == 1
        np.testing.assert_array_equal(
            stored["gamma"].to_numpy().ravel(), fitted[0].population.gamma
        )


def test_a_fit_that_failed_its_gate_is_never_used(tmp_path, fitted):
    write(tmp_path / "fit", fitted, passed=0)
    with pytest.raises(WorkspaceError, match="R-hat of a"):
        load_posterior(tmp_path / "fit")


def test_without_a_posterior_the_way_to_one_is_named(tmp_path):
    with pytest.raises(WorkspaceError, match="dvc repro"):
        load_posterior(tmp_path / "none")
