"""The capacity model: a fit, a gradient by size of the cohort, a runner's update and forecast.

The cost of a fit is some 60,000 to 250,000 gradients, so that of the gradient at several sizes
tells whether it is linear, and what a cohort of the size of a published one would take. A larger
cohort is the default one repeated: the same observations per runner, other runners' names.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.params import load_params
from pipelines.paths import project_root
from tolerance.config import stage_generator
from tolerance.exposure.histories import cohort_histories
from tolerance.model.density import LogDensity
from tolerance.model.design import build_design
from tolerance.model.fit import compile_model, posterior_of, sample
from tolerance.model.population import prior_draws
from tolerance.model.predict import forecast_weeks
from tolerance.model.update import refresh_runner, update_runner
from tolerance.simulate.cohort import cohort_tables, simulate_cohort

N_RUNNERS = (60, 120, 520)
"""The default cohort; twice as many; as many as give some 45,000 to 59,000 sessions."""


@pytest.fixture(scope="module")
def params():
    return load_params(project_root() / "params.yaml")


@pytest.fixture(scope="module")
def histories(params):
    rng = stage_generator(params.seed, "bench_model")
    cohort = simulate_cohort(params.simulate_cohort, params.tissue_exponents, rng)
    start = params.fit_tolerance.chronic_start_rr
    return cohort_histories(cohort_tables(cohort), cohort.units, start)


@pytest.fixture(scope="module")
def prior(params):
    rng = stage_generator(params.seed, "bench_model", "prior")
    return prior_draws(params.tolerance_priors, rng, 1000)


@pytest.mark.benchmark(group="model_gradient")
@pytest.mark.parametrize("n_runners", N_RUNNERS)
def test_one_gradient_of_the_log_density(benchmark, params, histories, n_runners):
    repeated = [
        replace(histories[i % len(histories)], runner_id=f"bench{i:05d}") for i in range(n_runners)
    ]
    design = build_design(repeated, params.tolerance_priors)
    density = LogDensity(design, params.tolerance_priors)
    point = density.start()
    density(point)
    benchmark.extra_info |= {"n_runners": n_runners, "n_sessions": design.n_sessions}
    value, slope = benchmark(density, point)
    assert np.isfinite(value)
    assert np.all(np.isfinite(slope))


@pytest.mark.benchmark(group="model_fit")
def test_the_default_cohort_to_the_gate(benchmark, params, histories):
    """Compilation included, on two cores: all that a new dataset waits for."""
    settings, priors = params.fit_tolerance, params.tolerance_priors
    design = build_design(histories, priors)
    seed = int(stage_generator(params.seed, "bench_model", "fit").integers(2**31))

    def fit():
        return sample(compile_model(design, priors, settings.engine), settings, seed, cores=2)

    tree = benchmark.pedantic(fit, rounds=1)
    rng = np.random.default_rng(seed)
    posterior = posterior_of(tree, design, priors, settings, rng, origin="simulated")
    found = posterior.diagnostics.metrics()
    benchmark.extra_info |= {
        "n_runners": design.n_runners,
        "n_sessions": design.n_sessions,
        "n_draws": settings.chains * settings.draws,
        "n_gradients_of_draws": int(tree["sample_stats"]["n_steps"].sum()),
        "rhat_max": found["rhat_max"],
        "ess_min": found["ess_min"],
        "divergences": found["divergences"],
        "passed": found["passed"],
    }
    assert found["ess_min"] > 0.0


@pytest.mark.benchmark(group="model_update")
def test_one_runner_from_the_whole_record(benchmark, prior, histories):
    rng = np.random.default_rng(1)
    update_runner(prior, histories[0], rng, simulated_runner=True)
    benchmark.extra_info |= {"n_days": int(histories[0].dates.size)}
    state = benchmark(lambda: update_runner(prior, histories[0], rng, simulated_runner=True))
    assert state.ess > 0


@pytest.mark.benchmark(group="model_update")
def test_every_runner_the_next_morning(benchmark, prior, histories):
    rng = np.random.default_rng(1)
    eves = [
        update_runner(prior, h.until(h.dates[-2].item()), rng, simulated_runner=True)
        for h in histories
    ]
    benchmark.extra_info |= {"n_runners": len(eves), "note": "seconds are of all runners"}

    def morning():
        return [refresh_runner(s, h, rng) for s, h in zip(eves, histories, strict=True)]

    assert len(benchmark(morning)) == len(eves)


@pytest.mark.benchmark(group="model_update")
def test_twenty_candidate_weeks_of_one_runner(benchmark, prior, histories):
    rng = np.random.default_rng(1)
    state = update_runner(prior, histories[0], rng, simulated_runner=True).thin(64)
    runs = np.tile(np.isin(np.arange(7), (0, 2, 4)), (20, 1))
    damage = runs[:, :, None] * np.linspace(0.5, 1.5, 20)[:, None, None] * np.ones(10)
    limit = np.full(10, 3.0)
    forecast_weeks(state, damage, 0.2, runs, limit)
    weeks = benchmark(lambda: forecast_weeks(state, damage, 0.2, runs, limit))
    assert weeks.risk().shape == (20, 64)
