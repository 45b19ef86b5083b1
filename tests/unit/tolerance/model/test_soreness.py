"""The soreness model against arithmetic, brute force, and diaries with known truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from pipelines.params import load_params
from pipelines.paths import project_root
from tolerance.config import Normal
from tolerance.evaluate.soreness_evaluation import (
    Diary,
    new_people,
    shifted_loads,
    shuffled_loads,
)
from tolerance.evaluate.soreness_protocol import known_rows, soreness_rows
from tolerance.model.soreness import (
    EFFECTS,
    N_LAGS,
    PARAMETERS,
    REFERENCE_RUN_SRPE,
    Arrays,
    Population,
    SorenessModel,
    _features,
    log_likelihood,
    person_density,
)

PRIORS = load_params(project_root() / "params.yaml").fit_pmdata.priors
TRUTH = {
    "level": -0.6, "today": 0.6, "week": 0.2, "gap_1_2": 2.0, "gap_2_3": 2.5, "gap_3_4": 2.5,
    "level_sd": 0.7, "today_sd": 0.3, "lower_gap_log_sd": 0.2, "upper_gap_log_sd": 0.3,
    "load": 1.0, "tau_fatigue_d": 0.8, "floor_rr": 0.4, "gamma": 0.4, "load_sd": 0.3,
}  # fmt: skip


def unconstrained(values: dict[str, float]) -> np.ndarray:
    signed = {"level", "today", "week", "load", "gamma"}
    return np.array([v if n in signed else np.log(v) for n, v in values.items()])


def simulate(n_people: int, n_days: int, rng: np.random.Generator, load: float = 1.0) -> Diary:
    """Simulate diaries day by day, in plain loops, with nothing of the model's own code."""
    loads, reports = [], []
    start = pd.Timestamp("2019-11-01")
    for number in range(n_people):
        person = f"sim_{number:02d}"
        level, today, lower, upper, slope = rng.normal(size=5) * (0.7, 0.3, 0.2, 0.3, 0.3)
        fatigue, chronic, said = 0.0, 3 / 7, [3]
        for day in range(n_days):
            done = float(rng.choice([0, 0, 1, 1.5, 3])) * 105.0
            date = start + pd.Timedelta(days=day)
            reports.append((person, date, said[-1]))
            if done:
                loads.append((person, date, done, 0.0, 1))
            rho = np.exp(-1 / 0.8)
            fatigue = rho * fatigue + done / 105.0
            peak = (1 + rho**2 + rho**4) / (1 - rho**7)
            margin = np.log((fatigue + 0.4) / peak)
            margin -= 0.4 * np.log((chronic + 0.1) / (3 / 7 + 0.1))
            week = np.mean([3 - s for s in said[-7:]])
            eta = -0.6 + level + (0.6 + today) * (3 - said[-1]) + 0.2 * week
            eta += (load + slope * (load > 0)) * margin
            gap = 2.5 * np.exp(upper)
            cuts = np.array([2.0 * np.exp(lower), 0.0, -gap, -2 * gap])
            below = 1 / (1 + np.exp(-(eta - cuts)))
            said.append(1 + int((rng.uniform() > below).sum()))
            keep = np.exp(-1 / 28)
            chronic = keep * chronic + (1 - keep) * done / 105.0
    told = pd.DataFrame(reports, columns=["runner_id", "date", "soreness"])
    done = pd.DataFrame(loads, columns=["runner_id", "date", "srpe", "running_srpe", "n_sessions"])
    return Diary(soreness_rows(told), told, done)


@pytest.fixture(scope="module")
def diary() -> Diary:
    return simulate(10, 90, np.random.default_rng(3))


@pytest.fixture(scope="module")
def fitted(diary: Diary) -> Population:
    every = np.ones(len(diary.rows), dtype=np.bool_)
    return SorenessModel(PRIORS).fit(diary.prepared(), every)


def one_day(answer: int) -> Arrays:
    lags = np.zeros((1, N_LAGS))
    lags[0, 0], lags[0, 1] = 2.0, 1.0
    return Arrays(
        *map(jnp.asarray, (lags, np.array([0.3]), np.array([1.0]), np.array([0.5]))),
        answer=jnp.asarray([answer]),
    )


def test_one_day_by_hand() -> None:
    theta, z = unconstrained(TRUTH), np.array([0.5, -1.0, 0.3, -0.4, 1.2])
    rho = np.exp(-1 / 0.8)
    margin = np.log((2 + rho + 0.4) / ((1 + rho**2 + rho**4) / (1 - rho**7))) - 0.4 * 0.3
    eta = -0.6 + 0.7 * 0.5 + (0.6 - 0.3) * 1.0 + 0.2 * 0.5 + (1.0 + 0.3 * 1.2) * margin
    upper = 2.5 * np.exp(-0.4 * 0.3)
    cuts = [2.0 * np.exp(0.2 * 0.3), 0.0, -upper, -2 * upper]
    reached = [0.0, *(1 / (1 + np.exp(-(eta - cut))) for cut in cuts), 1.0]
    found = [float(log_likelihood(theta, z, one_day(k), jnp.ones(1))) for k in range(5)]
    assert np.exp(found) == pytest.approx(np.diff(reached), rel=1e-9)
    assert np.exp(found).sum() == pytest.approx(1.0)


def test_slope_and_curvature_written_out_are_those_of_the_density(diary: Diary) -> None:
    """Automatic differentiation is the oracle."""
    rng = np.random.default_rng(8)
    theta = unconstrained(TRUTH) + 0.2 * rng.standard_normal(len(PARAMETERS))
    z = rng.standard_normal(len(EFFECTS))
    arrays = Arrays(*(field[2] for field in diary.prepared().arrays))
    weight = jnp.asarray(rng.integers(0, 2, arrays.today.size).astype(float))

    def density(z):
        return log_likelihood(theta, z, arrays, weight) - 0.5 * jnp.sum(z**2)

    order = jnp.array([0, 1, 4, 2, 3])  # effects of level, day and load, then the two gaps
    design, fixed = _features(theta, arrays, has_load=True)
    value, slope, curvature = person_density(
        z[[0, 1, 4]], z[[2, 3]], theta, design, fixed, arrays.answer, weight
    )
    assert float(value) == pytest.approx(float(density(z)), rel=1e-12)
    assert np.asarray(slope) == pytest.approx(np.asarray(jax.grad(density)(z)[order]), abs=1e-9)
    expected = jax.hessian(density)(z)[jnp.ix_(order, order)]
    np.testing.assert_allclose(curvature, expected, atol=1e-9)


def test_a_row_of_weight_zero_says_nothing() -> None:
    args = (unconstrained(TRUTH), np.zeros(5), one_day(2))
    assert float(log_likelihood(*args, jnp.zeros(1))) == 0.0


def test_known_truth_is_recovered(fitted: Population) -> None:
    sd = np.sqrt(np.diag(fitted.covariance))
    off = dict(zip(fitted.names, (fitted.mean - unconstrained(TRUTH)) / sd, strict=True))
    for name in ("load", "today", "tau_fatigue_d", "level", "gap_1_2", "gap_2_3"):
        assert abs(off[name]) < 2.6, f"{name} is {off[name]:.1f} SDs off"
    assert np.mean(np.abs(list(off.values())) < 1.645) >= 0.75
    contraction = dict(zip(fitted.names, sd, strict=True))
    assert contraction["load"] < 0.3
    assert contraction["tau_fatigue_d"] < 0.5


def test_the_update_agrees_with_brute_force(fitted: Population, diary: Diary) -> None:
    """Plain importance sampling from the prior, twenty thousand draws, is the oracle."""
    model, prepared = SorenessModel(PRIORS), diary.prepared()
    person = prepared.people[4]
    own = diary.person == person
    dates = diary.rows["date"][own]
    found = model.predict(
        fitted, prepared, person, known_rows(dates, "seq"), np.random.default_rng(0), 400
    )
    rng = np.random.default_rng(11)
    theta = rng.multivariate_normal(fitted.mean, fitted.covariance, 20_000)
    z = rng.standard_normal((20_000, len(EFFECTS)))
    row = 8
    arrays = [np.asarray(field[4]) for field in prepared.arrays]
    eta, cuts = by_hand(theta, z, [field[: row + 1] for field in arrays])
    answers = arrays[4][:row]
    below = 1 / (1 + np.exp(-(eta[:, :, None] - cuts[:, None, :])))
    ladder = np.concatenate((np.zeros((*eta.shape, 1)), below, np.ones((*eta.shape, 1))), axis=2)
    each = np.diff(ladder, axis=2)[:, np.arange(row), answers]
    weight = each.prod(axis=1)
    truth = (weight * below[:, row, 1]).sum() / weight.sum()
    assert found.p_sore[row] == pytest.approx(truth, abs=0.02)
    assert (found.low <= found.p_sore).all()
    assert (found.p_sore <= found.high).all()
    assert (found.effective_draws > 0).all()


def by_hand(theta: np.ndarray, z: np.ndarray, fields: list[np.ndarray]):
    """Return η and cut-points of many draws at once, in NumPy."""
    lags, chronic, today, week, _ = fields
    t = {name: theta[:, [k]] for k, name in enumerate(PARAMETERS)}
    rho = np.exp(-1 / np.exp(t["tau_fatigue_d"]))
    fatigue = np.stack([(lags * r ** np.arange(N_LAGS)).sum(axis=1) for r in rho[:, 0]])
    peak = (1 + rho**2 + rho**4) / (1 - rho**7)
    margin = np.log((fatigue + np.exp(t["floor_rr"])) / peak) - t["gamma"] * chronic
    u = {name: z[:, [k]] for k, name in enumerate(EFFECTS)}
    eta = t["level"] + np.exp(t["level_sd"]) * u["level"] + t["week"] * week
    eta = eta + (t["today"] + np.exp(t["today_sd"]) * u["today"]) * today
    eta = eta + (t["load"] + np.exp(t["load_sd"]) * u["load"]) * margin
    lower = np.exp(t["gap_1_2"] + np.exp(t["lower_gap_log_sd"]) * u["lower_gap"])
    wide = np.exp(np.exp(t["upper_gap_log_sd"]) * u["upper_gap"])
    first, second = np.exp(t["gap_2_3"]) * wide, np.exp(t["gap_3_4"]) * wide
    return eta, np.concatenate((lower, 0 * lower, -first, -first - second), axis=1)


def test_learning_from_a_person_narrows_and_pop_does_not(fitted: Population, diary: Diary) -> None:
    model, prepared = SorenessModel(PRIORS), diary.prepared()
    person = prepared.people[0]
    dates = diary.rows["date"][diary.person == person]
    width = {}
    for information in ("seq", "pop"):
        known = known_rows(dates, information)
        found = model.predict(fitted, prepared, person, known, np.random.default_rng(0), 200)
        width[information] = found.high - found.low
    assert width["seq"][-20:].mean() < 0.6 * width["pop"][-20:].mean()
    assert width["seq"][0] == pytest.approx(width["pop"][0], abs=0.1)


def test_shuffles_and_shifts_keep_what_a_person_did_and_move_when(diary: Diary) -> None:
    for change in (shuffled_loads, shifted_loads):
        moved = change(diary, np.random.default_rng(5))
        for frame in (moved.loads, diary.loads):
            assert not frame.duplicated(["runner_id", "date"]).any()
        before = diary.loads.groupby("runner_id")["srpe"].apply(lambda s: sorted(s))
        assert moved.loads.groupby("runner_id")["srpe"].apply(lambda s: sorted(s)).equals(before)
        joined = diary.loads.merge(moved.loads, on=["runner_id", "date"], how="left")
        assert (joined["srpe_x"] == joined["srpe_y"]).mean() < 0.5
        assert moved.rows is diary.rows


def test_a_person_known_already_is_refused(diary: Diary) -> None:
    with pytest.raises(ValueError, match=r"people in both diaries: sim_00"):
        new_people(SorenessModel(PRIORS), diary, diary, "pop", np.random.default_rng(0), 50)


def test_wrong_priors_and_no_rows_are_one_clear_message(diary: Diary) -> None:
    with pytest.raises(ValueError, match="received"):
        SorenessModel({})
    signed = Normal(distribution="normal", mean=0, sd=1, source="[U]")
    with pytest.raises(ValueError, match=r"floor_rr \(normal\)"):
        SorenessModel(dict(PRIORS) | {"floor_rr": signed})
    none = np.zeros(len(diary.rows), dtype=np.bool_)
    with pytest.raises(ValueError, match="no row to learn from"):
        SorenessModel(PRIORS).fit(diary.prepared(), none)


def test_load_is_counted_in_reference_runs(diary: Diary) -> None:
    prepared = diary.prepared()
    first = diary.rows.iloc[0]
    own = diary.loads[diary.loads["runner_id"] == first["runner_id"]].set_index("date")["srpe"]
    expected = own.get(first["date"], 0.0) / REFERENCE_RUN_SRPE
    assert float(prepared.arrays.load_rr[0, 0, 0]) == pytest.approx(expected)
