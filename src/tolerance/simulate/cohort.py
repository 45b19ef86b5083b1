"""A cohort of simulated runners after injury: what they did, said and suffered, and what is true.

Two habits of coming back are mixed: usual care, where running grows fast, strength work stops and
supervision ends together (R06), and a controlled progression. Days are missed, some loads and some
days are never written down, pain is asked but not always answered. Everything here is simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.anatomy import DEFAULT_UNITS, RUNNING_PROXY, Unit
from tolerance.config import CohortHabits, SimulateCohort, TissueExponents
from tolerance.exposure.session_costs import sd_of
from tolerance.exposure.units import unit_proxies
from tolerance.schemas import TABLES, conform, empty_table
from tolerance.simulate.damage_pool import DAMAGE_POOL, DamagePool
from tolerance.simulate.world_truth import (
    PopulationTruth,
    RunnerTraits,
    draw_traits,
    population_truth,
)
from tolerance.simulate.worlds import WORLDS, SteppedWorld, World

__all__ = [
    "FIRST_DAY",
    "INJURY_NAMES",
    "Cohort",
    "cohort_tables",
    "make_world",
    "simulate_cohort",
    "truth_table",
    "unit_exponents",
]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

FIRST_DAY: Final = date(2026, 1, 5)
"""First day of every simulated runner: a Monday, otherwise without meaning."""
DAYS_PER_WEEK: Final = 7
REFERENCE_MINUTES: Final = 30.0
REFERENCE_STEPS: Final = 2475.0
"""Steps of one leg in a reference run at 165 a minute."""
RUN_DAYS: Final = {3: (0, 2, 5), 4: (0, 2, 4, 6), 5: (0, 1, 3, 4, 6)}
STRENGTH_DAYS: Final = (1, 4)
STRENGTH_REPETITIONS: Final = 250.0
STRENGTH_FORCE: Final = 0.5
"""A repetition's peak over a step's, in truth; half the force is next to nothing as damage."""
INJURY_NAMES: Final = {
    "bone": "medial_tibial_stress_syndrome",
    "tendon": "achilles_tendinopathy",
    "cartilage": "patellofemoral_pain",
    "muscle": "calf_strain_soleus",
    "fascia": "plantar_fasciopathy",
}
"""Names, in the injuries of ``params.yaml``, of what befalls each default unit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """R simulated runners over T days with U units each; NaN is not observed.

    Attributes
    ----------
    world : str
        Name of the world.
    truth : PopulationTruth
    traits : RunnerTraits
    runner_ids : tuple of str
    dates : (T,) datetime64[D] array
    damage_rr, damage_log_sd, load_rr : (R, T, U) float64 array
        As logged: median damage and its log-SD (exponent of the tissue), load (exponent 1). 0 on
        confirmed rest, NaN where a load or a day was not written down.
    true_damage_rr : (R, T, U) float64 array
        What was done, unlogged runs apart.
    exposed : (R, T) bool array
    pain, settled : (R, T, U) float64 array
        As reported.
    analgesic : (R, T) bool array
    injured_unit : (R, T) int64 array
        -1 for none.
    margin, hazard : (R, T, U) float64 array
        True log margin after the day, and cumulative hazard of its session.
    minutes, strength : (R, T) float64 array
        Running minutes, and repetitions per leg.
    is_controlled : (R,) bool array
    rung : (R,) str array
    force_log_sd : (R,) float64 array
        Error of the rung, of the logarithm of force.
    """

    world: str
    truth: PopulationTruth
    traits: RunnerTraits
    runner_ids: tuple[str, ...]
    dates: NDArray[np.datetime64]
    damage_rr: Floats
    damage_log_sd: Floats
    load_rr: Floats
    true_damage_rr: Floats
    exposed: Flags
    pain: Floats
    settled: Floats
    analgesic: Flags
    injured_unit: NDArray[np.int64]
    margin: Floats
    hazard: Floats
    minutes: Floats
    strength: Floats
    is_controlled: Flags
    rung: NDArray[np.str_]
    force_log_sd: Floats

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of every runner."""
        return self.traits.units

    @property
    def n_sessions(self) -> int:
        """Running sessions of all runners."""
        return int(self.exposed.sum())


def _days(n_days: int) -> NDArray[np.datetime64]:
    first, stop = np.datetime64(FIRST_DAY), np.datetime64(FIRST_DAY + timedelta(days=n_days))
    return np.arange(first, stop, dtype="datetime64[D]")


def make_world(
    name: str, truth: PopulationTruth, traits: RunnerTraits, exponents: Floats
) -> SteppedWorld:
    """Return a world by name.

    Raises
    ------
    ValueError
        For a name that is not known.
    """
    if name == DAMAGE_POOL:
        return DamagePool(traits)
    if name not in WORLDS:
        raise ValueError(
            f"world: got {name!r}, expected one of {', '.join((*WORLDS, DAMAGE_POOL))}"
        )
    return World(truth, traits, WORLDS[name], exponents)


def unit_exponents(units: Sequence[Unit], exponents: TissueExponents) -> Floats:
    """Return the exponent of damage of each unit."""
    return np.array([float(getattr(exponents, unit.tissue)) for unit in units])


def simulate_cohort(
    settings: SimulateCohort,
    exponents: TissueExponents,
    rng: np.random.Generator,
    *,
    world: str | None = None,
    truth: PopulationTruth | None = None,
    units: Sequence[Unit] = DEFAULT_UNITS,
) -> Cohort:
    """Let a cohort live.

    Parameters
    ----------
    settings : SimulateCohort
    exponents : TissueExponents
        Of the ledger.
    rng : numpy.random.Generator
    world : str, optional
        Instead of the settings'.
    truth : PopulationTruth, optional
        Instead of the settings', for instance a draw of the priors.
    units : sequence of Unit

    Returns
    -------
    Cohort
    """
    truth = population_truth(settings.population) if truth is None else truth
    traits = draw_traits(truth, settings.population, rng, settings.n_runners, units)
    b = unit_exponents(units, exponents)
    stepped = make_world(world or settings.world, truth, traits, b)
    habits = _draw_habits(settings.habits, rng, settings.n_runners)
    # Where running counts as such, force does not change it.
    weighted = np.array([p != RUNNING_PROXY for p in unit_proxies(units, {})])
    n_days = settings.n_weeks * DAYS_PER_WEEK
    lived_days: list[dict[str, NDArray[Any]]] = []
    state = _Course(settings.habits, habits, rng)
    for day in range(n_days):
        minutes, strength = state.plan(day)
        load, damage = _session(minutes, strength, b, weighted, settings.habits, rng)
        log_sd = np.where(weighted, b, 1.0) * habits.force_log_sd[:, None] * (minutes > 0)[:, None]
        error = np.exp(log_sd * rng.standard_normal(log_sd.shape))
        outcome = stepped.advance_day(damage * error, minutes > 0, rng, load_rr=load)
        scale = np.divide(
            outcome.damage_rr, damage * error, out=np.ones_like(damage), where=damage > 0.0
        )
        lived_days.append(
            {
                "damage_rr": damage * scale,
                "damage_log_sd": log_sd,
                "load_rr": load * scale,
                "true_damage_rr": outcome.damage_rr,
                "pain": outcome.pain,
                "settled": outcome.settled,
                "margin": outcome.margin,
                "hazard": outcome.hazard,
                "minutes": minutes,
                "strength": strength,
                "exposed": outcome.exposed,
                "analgesic": outcome.analgesic,
                "injured_unit": outcome.injured_unit,
            }
        )
        state.react(day, outcome.injured_unit)
    lived = {name: np.stack([d[name] for d in lived_days], axis=1) for name in lived_days[0]}
    _forget(lived, traits.is_index, settings.habits, rng)
    return Cohort(
        world=world or settings.world,
        truth=truth,
        traits=traits,
        runner_ids=tuple(f"sim{i + 1:04d}" for i in range(settings.n_runners)),
        dates=_days(n_days),
        is_controlled=habits.is_controlled,
        rung=habits.rung,
        force_log_sd=habits.force_log_sd,
        **lived,
    )


@dataclass(frozen=True, eq=False)
class _Habits:
    """How each runner comes back."""

    is_controlled: Flags
    usual_minutes: Floats
    runs_per_week: NDArray[np.int64]
    strength_stops_d: Floats
    rung: NDArray[np.str_]
    force_log_sd: Floats


def _draw_habits(habits: CohortHabits, rng: np.random.Generator, n: int) -> _Habits:
    """Draw the habits of n runners."""
    rungs = list(habits.force_log_sd)
    rung = rng.choice(len(rungs), n, p=_shares(list(habits.rung_share.values())))
    is_controlled = rng.random(n) < habits.controlled_frac
    stop_weeks = np.where(
        is_controlled, habits.strength_stops_weeks[1], habits.strength_stops_weeks[0]
    )
    return _Habits(
        is_controlled=is_controlled,
        usual_minutes=habits.usual_minutes_median
        * np.exp(habits.usual_minutes_log_sd * rng.standard_normal(n)),
        runs_per_week=rng.choice(list(RUN_DAYS), n, p=_shares(list(habits.runs_share))),
        strength_stops_d=DAYS_PER_WEEK * stop_weeks * rng.exponential(1.0, n),
        rung=np.array(rungs)[rung],
        force_log_sd=np.array(list(habits.force_log_sd.values()))[rung],
    )


def _shares(values: list[float]) -> Floats:
    weights = np.asarray(values, np.float64)
    return weights / weights.sum()


class _Course:
    """Week after week of each runner: what is planned, and what an injury does to it."""

    def __init__(self, habits: CohortHabits, drawn: _Habits, rng: np.random.Generator) -> None:
        self.habits, self.drawn, self.rng = habits, drawn, rng
        n = drawn.usual_minutes.size
        pick = drawn.is_controlled.astype(np.int64)
        self.start = np.array(habits.start_frac)[pick]
        self.growth = np.array(habits.weekly_growth)[pick]
        self.spike = np.array(habits.spike_frac)[pick]
        self.level = self.start.copy()
        self.back_on = np.zeros(n)
        self.is_run_day = np.zeros((n, DAYS_PER_WEEK), np.bool_)
        for i, runs in enumerate(drawn.runs_per_week):
            self.is_run_day[i, list(RUN_DAYS[int(runs)])] = True

    def plan(self, day: int) -> tuple[Floats, Floats]:
        """Return minutes of running and repetitions of strength of each runner today."""
        weekday = day % DAYS_PER_WEEK
        if weekday == 0 and day > 0:
            grown = self.level * (1.0 + self.growth * np.exp(0.4 * self._normal()))
            self.level = np.where(day > self.back_on, np.minimum(grown, 1.0), self.level)
        n = self.level.size
        each = self.level * self.drawn.usual_minutes / self.drawn.runs_per_week
        is_long = weekday == DAYS_PER_WEEK - 2
        varied = (
            each * np.exp(self.habits.session_log_sd * self._normal()) * (1.3 if is_long else 1)
        )
        spiked = np.where(self.rng.random(n) < self.spike, self.habits.spike_ratio, 1.0)
        runs = self.is_run_day[:, weekday] & (day >= self.back_on)
        runs &= self.rng.random(n) >= self.habits.missed_frac
        minutes = np.where(runs, np.maximum(varied * spiked, self.habits.least_minutes), 0.0)
        lifts = (day < self.drawn.strength_stops_d) & (weekday in STRENGTH_DAYS)
        return minutes, np.where(lifts, STRENGTH_REPETITIONS, 0.0)

    def react(self, day: int, injured: NDArray[np.int64]) -> None:
        """Send the injured off and let them start anew afterwards."""
        hurt = injured >= 0
        weeks = self.habits.layoff_weeks_median * np.exp(
            self.habits.layoff_weeks_log_sd * self._normal()
        )
        weeks = np.clip(weeks, *self.habits.layoff_weeks_range)
        self.back_on = np.where(hurt, day + 1 + np.rint(DAYS_PER_WEEK * weeks), self.back_on)
        self.level = np.where(hurt, self.start, self.level)

    def _normal(self) -> Floats:
        return self.rng.standard_normal(self.level.size)


def _session(
    minutes: Floats,
    strength: Floats,
    exponents: Floats,
    weighted: Flags,
    habits: CohortHabits,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return load and damage of a day's running and strength, (R, U)."""
    n = minutes.size
    pace = habits.pace_force_log_sd * rng.standard_normal((n, 1))
    uneven = habits.unit_force_log_sd * rng.standard_normal((n, exponents.size))
    force = np.exp(np.where(weighted, pace + uneven, 0.0))
    runs = (minutes / REFERENCE_MINUTES)[:, None]
    repeated = (strength / REFERENCE_STEPS)[:, None]
    load = runs * force + repeated * STRENGTH_FORCE
    damage = runs * force**exponents + repeated * STRENGTH_FORCE**exponents
    return load, damage


def _forget(
    lived: dict[str, NDArray[Any]], is_index: Flags, habits: CohortHabits, rng: np.random.Generator
) -> None:
    """Take out what is not answered and what is not written down, in place."""
    exposed, pain = lived["exposed"], lived["pain"]
    injured = np.zeros(pain.shape, np.bool_)
    rows, days = np.nonzero(lived["injured_unit"] >= 0)
    injured[rows, days, lived["injured_unit"][rows, days]] = True
    # A unit counts as one that the runner is asked about from the day after its injury.
    before = np.concatenate((is_index[:, None, :], injured[:, :-1]), axis=1)
    asked = np.logical_or.accumulate(before, axis=1)
    chance = np.where(asked, habits.report_index_frac, habits.report_other_frac)
    silent = rng.random(pain.shape) >= chance
    pain[silent] = np.nan
    lived["settled"][silent | (rng.random(pain.shape) < habits.unsettled_unknown_frac)] = np.nan
    lost = exposed & (rng.random(exposed.shape) < habits.missing_load_frac)
    # A day that nobody wrote down can have been any day, one with a run too.
    unknown = rng.random(exposed.shape) < habits.missing_day_frac
    exposed[unknown] = False
    pain[unknown] = np.nan
    lived["settled"][unknown] = np.nan
    for name in ("damage_rr", "damage_log_sd", "load_rr"):
        lived[name][lost | unknown] = np.nan


def cohort_tables(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Return tables ``sessions``, ``ledger``, ``responses`` and ``events`` of a cohort.

    A day that was not written down has no row; a session whose load was lost has rows without a
    load.
    """
    return {
        "sessions": _sessions_table(cohort),
        "ledger": _ledger_table(cohort),
        "responses": _responses_table(cohort),
        "events": _events_table(cohort),
    }


def truth_table(cohort: Cohort) -> pd.DataFrame:
    """Return table ``runner_truth``: what no model may see."""
    n, n_units = cohort.traits.is_index.shape
    table = pd.DataFrame({"runner_id": np.repeat(np.array(cohort.runner_ids), n_units)})
    for name in ("site", "tissue", "side"):
        table[name] = [getattr(unit, name) for unit in cohort.units] * n
    traits = cohort.traits
    days = np.where(np.isinf(traits.days_since_injury), np.nan, traits.days_since_injury)
    table["is_index"] = traits.is_index.ravel()
    table["is_controlled"] = np.repeat(cohort.is_controlled, n_units)
    table["log_tolerance"] = traits.log_tolerance.ravel()
    table["deficit"] = traits.deficit.ravel()
    table["days_since_injury"] = days.ravel()
    table["log_frailty"] = np.repeat(traits.log_frailty, n_units)
    table["chronic_start_rr"] = traits.chronic_start_rr.ravel()
    return _conformed("runner_truth", table)


def _day_activity(cohort: Cohort) -> NDArray[np.str_]:
    """Return what each day was, (R, T): running, strength, rest, or empty where not known."""
    known = cohort.exposed | np.isfinite(cohort.damage_rr[..., 0])
    of_day = np.where(cohort.strength > 0.0, "strength", "rest")
    return np.where(cohort.exposed, "running", np.where(known, of_day, ""))


def _dated(cohort: Cohort, rows: NDArray[np.int64], days: NDArray[np.int64]) -> dict[str, Any]:
    names = np.array(cohort.runner_ids)
    dates = cohort.dates[days]
    return {
        "runner_id": names[rows],
        "session_id": np.char.add("day-", dates.astype(str)),
        "date": dates.astype("datetime64[us]"),
    }


def _sessions_table(cohort: Cohort) -> pd.DataFrame:
    activity = _day_activity(cohort)
    rows, days = np.nonzero(activity != "")
    minutes = cohort.minutes[rows, days]
    runs = cohort.exposed[rows, days]
    table = pd.DataFrame(_dated(cohort, rows, days))
    table["activity"] = activity[rows, days]
    table["duration_min"] = np.where(runs, minutes, np.nan)
    for name in ("distance_km", "rpe", "grade_pct", "coverage_frac"):
        table[name] = np.nan
    table["n_steps"] = 0
    table["surface"] = None
    table["shoe"] = None
    table["rung"] = cohort.rung[rows]
    table["quality"] = "simulated"
    return _conformed("sessions", table)


def _ledger_table(cohort: Cohort) -> pd.DataFrame:
    activity = _day_activity(cohort)
    rows, days = np.nonzero(activity != "")
    n_units = len(cohort.units)
    proxies = unit_proxies(cohort.units, {})
    repeat = {k: np.repeat(v, n_units) for k, v in _dated(cohort, rows, days).items()}
    table = pd.DataFrame(repeat)
    for name in ("site", "tissue", "side"):
        table[name] = [getattr(unit, name) for unit in cohort.units] * rows.size
    table["activity"] = np.repeat(activity[rows, days], n_units)
    table["proxy"] = list(proxies) * rows.size
    table["rung"] = np.repeat(cohort.rung[rows], n_units)
    load, damage = cohort.load_rr[rows, days], cohort.damage_rr[rows, days]
    log_sd = cohort.damage_log_sd[rows, days]
    # The force's error is that of damage over the exponent; at exponent 1 it is the load's.
    force_log_sd = np.broadcast_to(cohort.force_log_sd[rows][:, None], load.shape)
    force_log_sd = np.where(log_sd > 0.0, force_log_sd, log_sd)
    table["load_rr"], table["load_sd_rr"] = load.ravel(), sd_of(load, force_log_sd).ravel()
    table["damage_rr"], table["damage_sd_rr"] = damage.ravel(), sd_of(damage, log_sd).ravel()
    table["equivalent_load_bw"] = np.nan
    table["longest_30d_ratio"] = np.nan
    return _conformed("ledger", table)


def _responses_table(cohort: Cohort) -> pd.DataFrame:
    rows, days, units = np.nonzero(np.isfinite(cohort.pain))
    settled = cohort.settled[rows, days, units]
    table = pd.DataFrame(_dated(cohort, rows, days))
    table["site"] = np.array([unit.site for unit in cohort.units])[units]
    table["side"] = np.array([unit.side for unit in cohort.units])[units]
    table["moment"] = "during"
    table["pain_0_10"] = cohort.pain[rows, days, units]
    said = pd.Series(np.where(settled == 1.0, "yes", "no"), dtype="str")
    table["settled_24h"] = said.mask(np.isnan(settled))
    table["asked"] = True
    table["analgesic"] = np.where(cohort.analgesic[rows, days], "yes", "no")
    return _conformed("responses", table)


def _events_table(cohort: Cohort) -> pd.DataFrame:
    rows, units = np.nonzero(cohort.traits.is_index)
    before = cohort.traits.days_since_injury[rows, units].astype(np.int64)
    new_rows, new_days = np.nonzero(cohort.injured_unit >= 0)
    new_units = cohort.injured_unit[new_rows, new_days]
    runner = np.array(cohort.runner_ids)[np.concatenate((rows, new_rows))]
    # Days since the injury are counted on the day before the first.
    dates = np.concatenate(
        (cohort.dates[0] - (before + 1).astype("timedelta64[D]"), cohort.dates[new_days])
    )
    unit = [cohort.units[u] for u in np.concatenate((units, new_units))]
    table = pd.DataFrame({"runner_id": runner, "date": dates.astype("datetime64[us]")})
    if table.empty:
        return empty_table("events")
    table["kind"] = "injury"
    table["name"] = [INJURY_NAMES[u.tissue] for u in unit]
    table["site"] = [u.site for u in unit]
    table["side"] = [u.side for u in unit]
    table["value"] = np.nan
    for name in ("who", "role", "basis"):
        table[name] = None
    return _conformed("events", table)


def _conformed(name: str, table: pd.DataFrame) -> pd.DataFrame:
    columns = [column.name for column in TABLES[name].columns if column.name in table.columns]
    key = [column for column in TABLES[name].key if column in table.columns]
    return conform(name, table[columns].sort_values(key, ignore_index=True))
