r"""Next-day soreness of a person: the tolerance model with the likelihood of a soreness diary.

The family is that of the capacity model: load, normalised fatigue and chronic load, a margin in
which ``gamma`` stands between absolute load and the ratio, personal levels and slopes. What is
recorded is not pain in a tissue but an answer from 1 (sorest) to 5 (none) on the next day:

.. math::
    M_t = \log\frac{F_t + f}{g(\tau_F)} - \gamma \log\frac{A_t + a}{A_{ref} + a}, \qquad
    \eta_t = \alpha_i + r_i x_t + w \bar x_t + b_i M_t, \qquad
    P(y_{t+1} \le j) = \sigma(\eta_t - \kappa_{ij})

``x`` is the soreness of the day (3 minus the answer: above 0 is sore), ``x̄`` its mean over the
seven days up to then, ``κ_i2 = 0``: a person is as likely sore (2 or less) as not where ``η = 0``,
so ``-α_i / b_i`` is the log load that person bears. ``f`` is what a day without sessions costs.
People use the answers very differently, so the gaps between cut-points are personal too, on either
side of "sore". Personal effects are normal and independent.

Fitting: personal effects are integrated out by Laplace's approximation, the posterior of the
population parameters is the normal one at its mode (in unconstrained coordinates). Updating: draws
of the population are weighted by how likely they make the person's outcomes so far, effects
integrated out for each; where weights degenerate, the population's mode is found anew with these
outcomes, and draws are taken from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from tolerance.config import LogNormal, Normal

__all__ = [
    "EFFECTS",
    "PARAMETERS",
    "POSITIVE",
    "Population",
    "Prediction",
    "PreparedDiary",
    "SorenessModel",
    "log_likelihood",
    "person_density",
    "prepare",
    "unconstrained_prior",
]

# Densities and their curvature need double precision; the setting is the whole process's, as PyMC
# sets it too.
jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]

N_LAGS: Final = 28
"""Days of load behind a fatigue; a time constant of four days has then forgotten 99.9 %."""
CHRONIC_TAU_D: Final = 28.0
"""Adaptation of muscle, median of its prior (tolerance.md B3); too slow for five months to show."""
CHRONIC_OFFSET_RR: Final = 0.1
CHRONIC_REFERENCE_RR: Final = 3.0 / 7.0
"""Three reference runs a week, per day, as in the capacity model; the start of every diary too."""
REFERENCE_RUN_SRPE: Final = 105.0
"""A reference run, 30 min easy, at exertion 3.5 on a scale to 10 (R63: easy is 3 to 4)."""
MIDDLE_ANSWER: Final = 3
WEEK_D: Final = 7
N_ANSWERS: Final = 5

STATE_PARAMETERS: Final = (
    "level",
    "today",
    "week",
    "gap_1_2",
    "gap_2_3",
    "gap_3_4",
    "level_sd",
    "today_sd",
    "lower_gap_log_sd",
    "upper_gap_log_sd",
)
LOAD_PARAMETERS: Final = ("load", "tau_fatigue_d", "floor_rr", "gamma", "load_sd")
PARAMETERS: Final = (*STATE_PARAMETERS, *LOAD_PARAMETERS)
"""Population parameters in order; a model without load has the first ten."""
POSITIVE: Final = frozenset(PARAMETERS) - {"level", "today", "week", "load", "gamma"}
"""Parameters that are fitted by their logarithm; their priors are lognormal."""
EFFECTS: Final = ("level", "today", "lower_gap", "upper_gap", "load")
"""Personal effects in order; a model without load has the first four."""

MIN_EFFECTIVE_SHARE: Final = 0.3
"""Below this effective share of the draws the proposal is moved and the population drawn again.
Engineering choice: of 200 draws at least 60 count, and effects are integrated out besides."""
MAX_TRIES: Final = 2
INFLATION: Final = 1.1
"""Covariance of a moved proposal over that at the mode: it must not be narrower than the posterior.
In fifteen dimensions 1.1 costs a sixteenth of the draws. Engineering choice."""
OUTSIDE: Final = 1e10
"""Stands for an infinite objective, so that a search can turn back."""
NEWTON_STEPS: Final = 2
"""From the mode of the day before, one further outcome away."""
PERSON_NEWTON_STEPS: Final = 10
QUADRATURE_NODES: Final = 9
HESSIAN_STEP: Final = 1e-3
FAR: Final = 1e3
"""Stands for the infinite cut-points on either end."""


class Arrays(NamedTuple):
    """Rows of people, one person a line, padded to the longest diary."""

    load_rr: Any
    chronic: Any
    today: Any
    week: Any
    answer: Any


@dataclass(frozen=True)
class PreparedDiary:
    """Scored rows as the model reads them.

    Attributes
    ----------
    people : tuple of str
    row : (n_people, n_longest) int array
        Row of the table of scored rows; -1 beyond a person's last.
    arrays : Arrays
        load_rr (…, N_LAGS): load of the day, the day before …; chronic: log term of slow load;
        today, week: soreness above the middle; answer: next day's, 0 to 4.
    """

    people: tuple[str, ...]
    row: NDArray[np.int64]
    arrays: Arrays

    def weights(self, rows: BoolArray) -> FloatArray:
        """Return 1 for the rows chosen, 0 for others and for padding, one person a line."""
        chosen = np.concatenate((rows, [False]))
        return chosen[self.row].astype(np.float64)


@dataclass(frozen=True)
class Population:
    """Posterior of the population parameters: normal in unconstrained coordinates.

    Attributes
    ----------
    names : tuple of str
    mean : (n,) array
        Logarithms of what is positive.
    precision : (n, n) array
    """

    names: tuple[str, ...]
    mean: FloatArray
    precision: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the unconstrained parameters."""
        return np.linalg.inv(self.precision)


@dataclass(frozen=True)
class Prediction:
    """Probability of a sore next day for each of one person's rows.

    Attributes
    ----------
    p_sore, low, high : (n_rows,) arrays
        Posterior mean and 90 % interval of the probability.
    effective_draws : (n_rows,) array
        Effective number of weighted draws behind each.
    n_rejuvenated : int
        How often the proposal had to be moved.
    """

    p_sore: FloatArray
    low: FloatArray
    high: FloatArray
    effective_draws: FloatArray
    n_rejuvenated: int


def prepare(rows: pd.DataFrame, reports: pd.DataFrame, loads: pd.DataFrame) -> PreparedDiary:
    """Turn scored rows into the model's arrays.

    Parameters
    ----------
    rows, reports, loads : DataFrame
        From ``evaluate.soreness_protocol``: `soreness_rows`, `daily_reports`, `daily_loads`.
    """
    people = tuple(sorted(set(rows["runner_id"])))
    made = [
        _person(
            rows[rows["runner_id"] == person],
            reports[reports["runner_id"] == person],
            loads[loads["runner_id"] == person],
        )
        for person in people
    ]
    longest = max(len(part["row"]) for part in made)

    def padded(name: str, fill: float) -> NDArray[Any]:
        first = made[0][name]
        out = np.full((len(made), longest, *first.shape[1:]), fill, first.dtype)
        for line, part in zip(out, made, strict=True):
            line[: len(part[name])] = part[name]
        return out

    return PreparedDiary(
        people=people,
        row=padded("row", -1),
        arrays=Arrays(**{name: jnp.asarray(padded(name, 0)) for name in Arrays._fields}),
    )


def _person(rows: pd.DataFrame, reports: pd.DataFrame, loads: pd.DataFrame) -> dict[str, Any]:
    """Return one person's arrays."""
    first = min(reports["date"].min(), loads["date"].min() if len(loads) else reports["date"].max())
    days = pd.date_range(first, reports["date"].max(), freq="D")
    daily = loads.set_index("date")["srpe"].reindex(days, fill_value=0.0).to_numpy(np.float64)
    damage = daily / REFERENCE_RUN_SRPE
    place = days.get_indexer(pd.DatetimeIndex(rows["date"]))
    before = np.concatenate((np.zeros(N_LAGS - 1), damage))
    lags = np.lib.stride_tricks.sliding_window_view(before, N_LAGS)[:, ::-1]
    decay = np.exp(-1.0 / CHRONIC_TAU_D)
    chronic = np.empty(damage.size)
    slow = CHRONIC_REFERENCE_RR
    for day, load in enumerate(damage):
        chronic[day] = slow
        slow = decay * slow + (1.0 - decay) * load
    sore = (MIDDLE_ANSWER - reports.set_index("date")["soreness"]).reindex(days).astype("float64")
    return {
        "row": rows.index.to_numpy(np.int64),
        "load_rr": lags[place],
        "chronic": np.log(
            (chronic[place] + CHRONIC_OFFSET_RR) / (CHRONIC_REFERENCE_RR + CHRONIC_OFFSET_RR)
        ),
        "today": sore.to_numpy()[place],
        "week": sore.rolling(WEEK_D, min_periods=1).mean().to_numpy()[place],
        "answer": rows["soreness_next"].to_numpy(np.int64) - 1,
    }


def _n_parameters(has_load: bool) -> int:
    return len(PARAMETERS) if has_load else len(STATE_PARAMETERS)


def _n_effects(has_load: bool) -> int:
    return len(EFFECTS) if has_load else len(EFFECTS) - 1


def _linear(theta: Any, z: Any, arrays: Arrays, has_load: bool) -> tuple[Any, Any]:
    """Return η of every row and the four cut-points, highest first."""
    sd = jnp.exp(theta[6:8])
    eta = theta[0] + sd[0] * z[0] + (theta[1] + sd[1] * z[1]) * arrays.today
    eta = eta + theta[2] * arrays.week
    if has_load:
        slope = theta[10] + jnp.exp(theta[14]) * z[4]
        eta = eta + slope * _margin(theta[10:], arrays)
    return eta, _cuts(theta, z)


def _cuts(theta: Any, z: Any) -> Any:
    """Return a person's four cut-points, highest first; the second is 0."""
    lower, upper = jnp.exp(theta[8]) * z[2], jnp.exp(theta[9]) * z[3]
    gaps = jnp.exp(theta[3:6] + jnp.stack([lower, upper, upper]))
    return jnp.stack([gaps[0], jnp.zeros(()), -gaps[1], -gaps[1] - gaps[2]])


def _margin(load_parameters: Any, arrays: Arrays) -> Any:
    """Return log fatigue over a reference week's peak, less the chronic term."""
    tau = jnp.exp(load_parameters[1])
    rho = jnp.exp(-1.0 / tau)
    fatigue = arrays.load_rr @ (rho ** jnp.arange(N_LAGS))
    peak = (1.0 + rho**2 + rho**4) / (1.0 - rho**7)
    return (
        jnp.log((fatigue + jnp.exp(load_parameters[2])) / peak)
        - load_parameters[3] * arrays.chronic
    )


def _ordinal(eta: Any, cuts: Any, answer: Any) -> Any:
    """Log-probability of each answer, from the two cut-points beside it only."""
    below = jnp.concatenate([jnp.full(1, FAR), cuts])[answer]
    above = jnp.concatenate([cuts, jnp.full(1, -FAR)])[answer]
    return (
        jax.nn.log_sigmoid(eta - above)
        + jax.nn.log_sigmoid(below - eta)
        + jnp.log(-jnp.expm1(above - below))
    )


def log_likelihood(theta: Any, z: Any, arrays: Arrays, weight: Any, has_load: bool = True) -> Any:
    """Return the log-likelihood of one person's weighted rows.

    Parameters
    ----------
    theta : (n_parameters,) array
        Unconstrained population parameters, in the order of ``PARAMETERS``.
    z : (n_effects,) array
        Personal effects in units of their SDs, in the order of ``EFFECTS``.
    arrays : Arrays
        One person's, without the first axis.
    weight : (n_rows,) array
        0 leaves a row out.
    has_load : bool
        False for the model of state only.
    """
    eta, cuts = _linear(theta, z, arrays, has_load)
    return jnp.sum(weight * _ordinal(eta, cuts, arrays.answer))


def _marginal(theta: Any, arrays: Arrays, weight: Any, has_load: bool) -> Any:
    """Return Laplace's approximation of one person's log-likelihood without the effects.

    The mode is found with the derivative switched off; two further steps carry it.
    """

    def density(z: Any, at: Any) -> Any:
        return log_likelihood(at, z, arrays, weight, has_load) - 0.5 * jnp.sum(z**2)

    slope, curvature = jax.grad(density), jax.hessian(density)

    def step(z: Any, at: Any) -> Any:
        return jnp.linalg.solve(-curvature(z, at), slope(z, at))

    def careful(_: Any, z: Any) -> Any:
        move = step(z, jax.lax.stop_gradient(theta))
        return z + move * jnp.minimum(1.0, 2.0 / jnp.sqrt(jnp.sum(move**2) + 1e-12))

    z = jax.lax.fori_loop(0, PERSON_NEWTON_STEPS, careful, jnp.zeros(_n_effects(has_load)))
    z = jax.lax.stop_gradient(z)
    for _ in range(2):
        z = z + step(z, theta)
    return density(z, theta) - 0.5 * jnp.linalg.slogdet(-curvature(z, theta))[1]


@partial(jax.jit, static_argnames="has_load")
def _objective(
    theta: Any, arrays: Arrays, weight: Any, mean: Any, precision: Any, has_load: bool
) -> Any:
    def negative(at: Any) -> Any:
        people = jax.vmap(partial(_marginal, has_load=has_load), (None, 0, 0))(at, arrays, weight)
        off = at - mean
        return 0.5 * off @ precision @ off - jnp.sum(people)

    return jax.value_and_grad(negative)(theta)


def _features(theta: Any, arrays: Arrays, has_load: bool) -> tuple[Any, Any]:
    """Return what a person's effects on level, day and load multiply, and the rest of η."""
    fixed = theta[0] + theta[1] * arrays.today + theta[2] * arrays.week
    columns = [
        jnp.exp(theta[6]) * jnp.ones_like(arrays.today),
        jnp.exp(theta[7]) * arrays.today,
    ]
    if has_load:
        margin = _margin(theta[10:], arrays)
        fixed = fixed + theta[10] * margin
        columns.append(jnp.exp(theta[14]) * margin)
    return jnp.stack(columns, axis=1), fixed


def person_density(
    effects: Any, gaps: Any, theta: Any, design: Any, fixed: Any, answer: Any, weight: Any
) -> tuple[Any, Any, Any]:
    """Return log density of one person's effects, its slope and its curvature, written out.

    Parameters
    ----------
    effects : (n_effects,) array
        Level, day (and load), in units of their SDs.
    gaps : (2,) array
        Lower and upper gap, in units of their SDs.
    theta : (n_parameters,) array
    design, fixed : (n_rows, n_effects) and (n_rows,) arrays
        From `_features`.
    answer, weight : (n_rows,) arrays

    Returns
    -------
    value, slope (n_effects + 2,), curvature (n_effects + 2, n_effects + 2)
        Effects first, then gaps; standard normal priors included.
    """
    cuts = _cuts(theta, jnp.concatenate([jnp.zeros(2), gaps]))
    spread = jnp.exp(theta[8:10])
    # How each cut-point moves with either gap: c0 with the lower, c2 and c3 with the upper one.
    moves = jnp.stack([cuts * jnp.array([1.0, 0, 0, 0]), cuts * jnp.array([0, 0, 1.0, 1])], axis=1)
    moves = moves * spread
    bends = moves * spread
    none = jnp.zeros((1, 2))
    above = jnp.concatenate([cuts, jnp.full(1, -FAR)])[answer]
    below = jnp.concatenate([jnp.full(1, FAR), cuts])[answer]
    above_moves = jnp.concatenate([moves, none])[answer]
    below_moves = jnp.concatenate([none, moves])[answer]
    above_bends = jnp.concatenate([bends, none])[answer]
    below_bends = jnp.concatenate([none, bends])[answer]
    eta = fixed + design @ effects
    over, under = jax.nn.sigmoid(above - eta), jax.nn.sigmoid(eta - below)
    width = below - above
    # Of log(1 - exp(-width)), first and second derivative.
    first = 1.0 / jnp.expm1(width)
    second = -first * (1.0 + first)
    value = jnp.sum(
        weight
        * (
            jax.nn.log_sigmoid(eta - above)
            + jax.nn.log_sigmoid(below - eta)
            + jnp.log(-jnp.expm1(-width))
        )
    ) - 0.5 * (jnp.sum(effects**2) + jnp.sum(gaps**2))
    bent_over, bent_under = weight * over * (1.0 - over), weight * under * (1.0 - under)
    second = weight * second
    slope_above, slope_below = weight * (-over - first), weight * (under + first)
    slope = jnp.concatenate(
        [
            design.T @ (weight * (over - under)) - effects,
            above_moves.T @ slope_above + below_moves.T @ slope_below - gaps,
        ]
    )
    corner = -(design.T * (bent_over + bent_under)) @ design
    side = (design.T * bent_over) @ above_moves + (design.T * bent_under) @ below_moves
    cross = (above_moves.T * second) @ below_moves
    inner = (
        (above_moves.T * (second - bent_over)) @ above_moves
        + (below_moves.T * (second - bent_under)) @ below_moves
        - cross
        - cross.T
        + jnp.diag(above_bends.T @ slope_above + below_bends.T @ slope_below)
    )
    curvature = jnp.block([[corner, side], [side.T, inner]]) - jnp.eye(slope.size)
    return value, slope, curvature


@partial(jax.jit, static_argnames="has_load")
def _conditional(theta: Any, arrays: Arrays, known: Any, has_load: bool) -> tuple[Any, Any, Any]:
    """Return for each row and draw the marginal likelihood and the log odds of a sore next day.

    Effects are integrated out given each draw of the population (Laplace); modes start from those
    of the row before.

    Parameters
    ----------
    theta : (n_draws, n_parameters) array
    arrays : Arrays
        One person's.
    known : (n_rows, n_rows) array
        1 where the outcome of the column's row is known at the row.
    has_load : bool

    Returns
    -------
    log_marginal, mean, variance : (n_rows, n_draws) arrays
        The last two are of the log odds, given the draw.
    """
    n = 3 if has_load else 2
    designs, rests = jax.vmap(lambda at: _features(at, arrays, has_load))(theta)

    def one(z: Any, at: Any, design: Any, fixed: Any, weight: Any, row: Any) -> tuple[Any, Any]:
        def density(z: Any) -> tuple[Any, Any, Any]:
            return person_density(z[:n], z[n:], at, design, fixed, arrays.answer, weight)

        def better(_: Any, z: Any) -> Any:
            _, slope, curvature = density(z)
            move = jnp.linalg.solve(-curvature, slope)
            return z + move * jnp.minimum(1.0, 2.0 / jnp.sqrt(jnp.sum(move**2) + 1e-12))

        z = jax.lax.fori_loop(0, NEWTON_STEPS, better, z)
        value, _, curvature = density(z)
        sign, size = jnp.linalg.slogdet(-curvature)
        turned = jnp.concatenate([design[row], jnp.zeros(2)])
        spread = turned @ jnp.linalg.solve(-curvature, turned)
        mean = fixed[row] + design[row] @ z[:n]
        # Where the search did not reach a mode the draw does not count, and starts anew.
        good = (sign > 0) & (spread > 0) & jnp.isfinite(value) & jnp.isfinite(mean)
        marginal = jnp.where(good, value - 0.5 * size, -jnp.inf)
        kept = jnp.where(good, z, 0.0)
        return kept, (marginal, jnp.where(good, mean, 0.0), jnp.where(good, spread, 0.0))

    def at_row(z: Any, given: tuple[Any, Any]) -> tuple[Any, tuple[Any, Any, Any]]:
        weight, row = given
        return jax.vmap(one, (0, 0, 0, 0, None, None))(z, theta, designs, rests, weight, row)

    start = jnp.zeros((theta.shape[0], n + 2))
    _, found = jax.lax.scan(at_row, start, (known, jnp.arange(known.shape[0])))
    return found


class SorenessModel:
    """Fit, update and predict.

    Parameters
    ----------
    priors : mapping of str to Normal or LogNormal
        One for each of ``PARAMETERS``.
    has_load : bool
        False for the model of state only.

    Raises
    ------
    ValueError
        If a prior is missing, not known, or lognormal where the parameter may be negative.
    """

    def __init__(self, priors: Mapping[str, Normal | LogNormal], has_load: bool = True) -> None:
        if set(priors) != set(PARAMETERS):
            raise ValueError(
                f"priors of the soreness model: expected {', '.join(sorted(PARAMETERS))}; received "
                f"{', '.join(sorted(priors))}. Give each one, and no other."
            )
        wrong = [
            f"{name} ({prior.distribution})"
            for name, prior in sorted(priors.items())
            if isinstance(prior, LogNormal) != (name in POSITIVE)
        ]
        if wrong:
            raise ValueError(
                f"priors of the soreness model: {', '.join(wrong)}. Expected lognormal for what is "
                "positive, normal for level, today, week, load and gamma."
            )
        self.has_load = has_load
        self.names = PARAMETERS[: _n_parameters(has_load)]
        scales = [unconstrained_prior(priors[name]) for name in self.names]
        self._prior_mean = np.array([mean for mean, _ in scales])
        self._prior_sd = np.array([sd for _, sd in scales])

    def fit(
        self, diary: PreparedDiary, rows: BoolArray, start: Population | None = None
    ) -> Population:
        """Learn the population from some rows.

        Parameters
        ----------
        diary : PreparedDiary
        rows : (n_rows,) bool array
            Rows to learn from.
        start : Population, optional
            Where the search begins; changes the time it takes, not the result.

        Raises
        ------
        ValueError
            If no row is chosen, or the search ends where no density is.
        """
        if not rows.any():
            raise ValueError(
                "soreness model: received no row to learn from; expected at least one."
            )
        prior = Population(self.names, self._prior_mean, np.diag(self._prior_sd**-2.0))
        begin = prior if start is None else start
        return self._mode(prior, diary, diary.weights(rows), begin.mean)

    def _mode(
        self, prior: Population, diary: PreparedDiary, weight: FloatArray, start: FloatArray
    ) -> Population:
        """Return the normal posterior of the population at its mode, given a normal prior."""
        given = (
            diary.arrays,
            jnp.asarray(weight),
            jnp.asarray(prior.mean),
            jnp.asarray(prior.precision),
        )

        def objective(theta: FloatArray) -> tuple[float, FloatArray]:
            value, slope = _objective(jnp.asarray(theta), *given, self.has_load)
            if not np.isfinite(value):
                return OUTSIDE, np.zeros_like(theta)
            return float(value), np.asarray(slope, np.float64)

        found = optimize.minimize(
            objective, start, jac=True, method="BFGS", options={"gtol": 1e-3, "maxiter": 300}
        )
        mode = np.asarray(found.x, np.float64)
        curvature = np.array(
            [
                (objective(mode + side)[1] - objective(mode - side)[1]) / (2.0 * HESSIAN_STEP)
                for side in np.eye(mode.size) * HESSIAN_STEP
            ]
        )
        curvature = (curvature + curvature.T) / 2.0
        if not np.isfinite(curvature).all():
            raise ValueError("soreness model: the search ended where no density is; check priors.")
        value, vector = np.linalg.eigh(curvature)
        # A flat direction is as wide as ten of the widest prior SDs, never without end.
        least = 0.01 / self._prior_sd.max() ** 2
        return Population(self.names, mode, (vector * np.maximum(value, least)) @ vector.T)

    def predict(
        self,
        population: Population,
        diary: PreparedDiary,
        person: str,
        known: BoolArray,
        rng: np.random.Generator,
        n_draws: int,
    ) -> Prediction:
        """Predict each of a person's rows from the outcomes that are known then.

        Parameters
        ----------
        population : Population
            Learned without the person.
        diary : PreparedDiary
        person : str
        known : (n_rows, n_rows) bool array
            From ``soreness_protocol.known_rows``: the outcome of row j may be used for row i.
        rng : numpy.random.Generator
        n_draws : int
            Weighted draws for each row.
        """
        line = diary.people.index(person)
        n_rows = int((diary.row[line] >= 0).sum())
        longest = diary.row.shape[1]
        mask = np.zeros((longest, longest))
        mask[:n_rows, :n_rows] = known
        arrays = Arrays(*(field[line] for field in diary.arrays))
        p, low, high, effective = (np.full(n_rows, np.nan) for _ in range(4))
        proposal = population
        begin, n_moved, tries = 0, 0, 0
        while begin < n_rows:
            inflate = 1.0 if proposal is population else INFLATION
            theta, log_proposal = _draw(proposal, inflate, rng, n_draws)
            found = _conditional(jnp.asarray(theta), arrays, jnp.asarray(mask), self.has_load)
            marginal, mean, variance = (np.asarray(part)[:n_rows] for part in found)
            log_weight = marginal + (_log_normal(theta, population) - log_proposal)
            share = np.array([_share(row) for row in log_weight])
            any_counts = np.isfinite(log_weight).any(axis=1)
            reached = np.where(any_counts, 1.0 / (share**2).sum(axis=1), 0.0)
            poor = np.flatnonzero(reached[begin:] < MIN_EFFECTIVE_SHARE * n_draws)
            stop = begin + int(poor[0]) if poor.size else n_rows
            if stop == begin and tries == MAX_TRIES:
                # As good as it gets; the row says so by its effective number.
                stop = begin + 1
            if stop > begin:
                rows = slice(begin, stop)
                chance = _expected_chance(mean[rows], variance[rows])
                p[rows] = (share[rows] * chance).sum(axis=1)
                single = mean[rows] + np.sqrt(variance[rows]) * rng.standard_normal(n_draws)
                low[rows], high[rows] = _weighted_interval(_logistic(single), share[rows])
                effective[rows] = reached[rows]
                begin, tries = stop, 0
            if begin < n_rows:
                own = np.zeros(diary.row.shape)
                own[line] = mask[begin]
                proposal = self._mode(population, diary, own, proposal.mean)
                n_moved, tries = n_moved + 1, tries + 1
        return Prediction(p, low, high, effective, n_moved)


def unconstrained_prior(prior: Normal | LogNormal) -> tuple[float, float]:
    """Return mean and SD of a prior in unconstrained coordinates."""
    if isinstance(prior, LogNormal):
        return float(np.log(prior.median)), prior.log_sd
    return prior.mean, prior.sd


def _draw(
    population: Population, inflate: float, rng: np.random.Generator, n_draws: int
) -> tuple[FloatArray, FloatArray]:
    """Draw from a normal posterior, its covariance inflated; return draws and log density."""
    factor = np.linalg.cholesky(inflate * population.covariance)
    standard = rng.standard_normal((n_draws, population.mean.size))
    return population.mean + standard @ factor.T, -0.5 * (standard**2).sum(axis=1)


def _log_normal(theta: FloatArray, population: Population) -> FloatArray:
    """Return the log density of a normal posterior, but for a constant."""
    off = theta - population.mean
    return np.asarray(-0.5 * np.einsum("si,ij,sj->s", off, population.precision, off))


def _logistic(log_odds: FloatArray) -> FloatArray:
    return np.asarray(special.expit(log_odds), np.float64)


def _expected_chance(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the mean of a probability whose log odds are normal, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    shifted = mean[..., None] + np.sqrt(variance)[..., None] * nodes
    return np.asarray(_logistic(shifted) @ (weights / weights.sum()), np.float64)


def _share(log_weight: FloatArray) -> FloatArray:
    top = log_weight.max()
    if not np.isfinite(top):
        return np.full(log_weight.size, 1.0 / log_weight.size)
    weight = np.exp(log_weight - top)
    return np.asarray(weight / weight.sum(), np.float64)


def _weighted_interval(p: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the 5th and 95th weighted percentile of each row."""
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1)
    reached = np.take_along_axis(share, order, axis=1).cumsum(axis=1)
    ends: Sequence[FloatArray] = [
        np.array([row[min(np.searchsorted(sums, part), row.size - 1)] for row, sums in pairs])
        for part in (0.05, 0.95)
        for pairs in [list(zip(ranked, reached, strict=True))]
    ]
    return ends[0], ends[1]
