"""One runner: what was observed day by day, and what is believed of the tissues on one day."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES, Unit
from tolerance.model.population import Origin, PopulationDraws

__all__ = ["RunnerHistory", "RunnerState", "UnitInjury", "recent_injury", "tissue_index"]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]
type DateArray = NDArray[np.datetime64]

MAX_PAIN: Final = 10.0
RECENT_INJURY_DAYS: Final = 365.0
"""The effect of a previous injury fades linearly over this time: "in the previous 12 months" of the
published hazard ratio (pubmed 33356768); the line is an engineering choice."""
EXAMPLES_SHOWN: Final = 3


def tissue_index(units: tuple[Unit, ...]) -> NDArray[np.intp]:
    """Return where each unit's tissue stands in ``MODEL_TISSUES``."""
    return np.array([MODEL_TISSUES.index(unit.tissue) for unit in units], np.intp)


def recent_injury(days_since_injury: FloatArray) -> FloatArray:
    """Return how much of the effect of a previous injury is left, 1 to 0; none if never or later.

    Parameters
    ----------
    days_since_injury : array
        Infinite for a unit never injured, negative before the injury.
    """
    left = np.maximum(0.0, 1.0 - np.asarray(days_since_injury, np.float64) / RECENT_INJURY_DAYS)
    return np.asarray(np.where(np.asarray(days_since_injury) < 0.0, 0.0, left), np.float64)


@dataclass(frozen=True)
class UnitInjury:
    """An injury of one unit.

    Attributes
    ----------
    unit : int
        Place among the runner's units.
    on : date
        First day. Before the history's first day it is the injury that the runner comes with.
    """

    unit: int
    on: date


@dataclass(frozen=True, kw_only=True, eq=False)
class RunnerHistory:
    """Daily record of one runner, T days in a row without a gap, U units.

    Attributes
    ----------
    runner_id : str
    dates : (T,) datetime64[D] array
        Consecutive days.
    units : tuple of Unit
        Every unit at risk, each once.
    is_index : (U,) bool array
        Units whose injury is being rehabilitated.
    damage_rr, damage_log_sd : (T, U) arrays
        Damage of the day and SD of its logarithm. NaN is a day not observed, 0 one without load.
    exposed : (T,) bool array
        Days with a run. A day not observed counts as none: its run, if any, is unknown.
    pain : (T, U) array
        Worst pain of the session, 0 to 10. NaN is not asked or not answered.
    settled : (T, U) array
        1 if it was back to its usual level within a day, 0 if not, NaN unknown.
    analgesic : (T,) bool array
        A painkiller was taken: pain is then at least what was said, and "settled" says nothing.
    injuries : tuple of UnitInjury
        In any order. An injury of a day without a run counts for the last run of the seven days
        before; without one it sets the unit back and adds nothing to the hazard.
    chronic_start_rr : (U,) array
        Damage a day before the first day, in reference runs.
    healing_factor : (U,) array
        Healing of this injury over that of its tissue: 1, or more for a slow site.
    """

    runner_id: str
    dates: DateArray
    units: tuple[Unit, ...]
    is_index: BoolArray
    damage_rr: FloatArray
    damage_log_sd: FloatArray
    exposed: BoolArray
    pain: FloatArray
    settled: FloatArray
    analgesic: BoolArray
    injuries: tuple[UnitInjury, ...]
    chronic_start_rr: FloatArray
    healing_factor: FloatArray

    def __post_init__(self) -> None:
        """Refuse what cannot be, all at once."""
        problems = self._shape_problems() or self._value_problems()
        if problems:
            raise ValueError(f"history of runner {self.runner_id}: {'; '.join(problems)}")

    def _shape_problems(self) -> list[str]:
        t, u = self.dates.shape[0] if self.dates.ndim == 1 else -1, len(self.units)
        expected: dict[str, tuple[int, ...]] = {
            "dates": (t,),
            "is_index": (u,),
            "damage_rr": (t, u),
            "damage_log_sd": (t, u),
            "exposed": (t,),
            "pain": (t, u),
            "settled": (t, u),
            "analgesic": (t,),
            "chronic_start_rr": (u,),
            "healing_factor": (u,),
        }
        problems = [
            f"{name}: got shape {np.shape(getattr(self, name))}, expected {shape}"
            for name, shape in expected.items()
            if np.shape(getattr(self, name)) != shape
        ]
        if t == 0 or u == 0:
            problems.append(f"got {t} days and {u} units, expected at least one of each")
        return problems

    def _value_problems(self) -> list[str]:
        problems = []
        steps = np.diff(self.dates.astype("datetime64[D]").astype(np.int64))
        if np.any(steps != 1):
            first = self.dates[int(np.flatnonzero(steps != 1)[0]) + 1]
            problems.append(
                f"dates: expected one row a day in order, got a gap, a repeat or a step back at "
                f"{first}; sort the sessions and add up those of one day"
            )
        if len(set(self.units)) != len(self.units):
            problems.append("units: got one twice, expected each once")
        for name, low, high in (
            ("damage_rr", 0.0, np.inf),
            ("damage_log_sd", 0.0, np.inf),
            ("pain", 0.0, MAX_PAIN),
            ("settled", 0.0, 1.0),
        ):
            values = getattr(self, name)
            wrong = (values < low) | (values > high) | np.isinf(values)
            if np.any(wrong):
                shown = ", ".join(f"{value:g}" for value in values[wrong][:EXAMPLES_SHOWN])
                problems.append(f"{name}: got {shown}, expected {low:g} to {high:g} or NaN")
        if np.any(~np.isnan(self.settled) & (self.settled != 0.0) & (self.settled != 1.0)):
            problems.append("settled: expected 0, 1 or NaN")
        if np.any(~(self.chronic_start_rr >= 0.0)) or np.any(~(self.healing_factor > 0.0)):
            problems.append("chronic_start_rr: expected 0 or more; healing_factor: above 0")
        for injury in self.injuries:
            if not 0 <= injury.unit < len(self.units):
                problems.append(f"injuries: got unit {injury.unit} of {len(self.units)}")
            if np.datetime64(injury.on) > self.dates[-1]:
                problems.append(
                    f"injuries: got one on {injury.on}, after the last day {self.dates[-1]}; "
                    "a date in the future is no observation"
                )
        uninjured = self.is_index.copy()
        uninjured[[injury.unit for injury in self.injuries if injury.unit < len(self.units)]] = (
            False
        )
        if np.any(uninjured):
            problems.append(f"is_index: {int(uninjured.sum())} units without an injury of theirs")
        return problems

    def until(self, last: date) -> Self:
        """Return the record up to and including this day."""
        n = int(np.searchsorted(self.dates, np.datetime64(last), side="right"))
        daily = ("dates", "damage_rr", "damage_log_sd", "exposed", "pain", "settled", "analgesic")
        injuries = tuple(injury for injury in self.injuries if injury.on <= last)
        index = self.is_index.copy()
        known = {injury.unit for injury in injuries}
        index[[u for u in range(len(self.units)) if u not in known]] = False
        cut = {name: getattr(self, name)[:n] for name in daily}
        return replace(self, injuries=injuries, is_index=index, **cut)


@dataclass(frozen=True, kw_only=True, eq=False)
class RunnerState:
    """What is believed of one runner at the end of one day: S draws, U units.

    Attributes
    ----------
    runner_id : str
    as_of : date
    units : tuple of Unit
    is_index : (U,) bool array
    population : PopulationDraws
        The parameters, draw by draw aligned with everything below.
    log_tolerance : (S, U) array
        c: log of the fatigue at which pain passes 3 half of the time, at the reference chronic load
        and fully healed.
    deficit : (S, U) array
        delta of the unit's last injury; 0 without one.
    log_frailty : (S,) array
    fatigue_rr : (S, U) array
        Fatigue at the end of ``as_of``, not normalised.
    fatigue_log_var : (S, U) array
        Variance of its logarithm, from not knowing the damage exactly.
    chronic_rr : (S, U) array
        Chronic load in the morning after ``as_of``.
    days_since_injury : (U,) array
        On ``as_of``; infinite without an injury.
    healing_factor : (U,) array
    n_reports : (U,) int array
        Sessions for which pain was said.
    is_personal : (U,) bool array
        The runner's own data say more than the prior.
    ess : float
        Effective number of draws behind the state.
    """

    runner_id: str
    as_of: date
    units: tuple[Unit, ...]
    is_index: BoolArray
    population: PopulationDraws
    log_tolerance: FloatArray
    deficit: FloatArray
    log_frailty: FloatArray
    fatigue_rr: FloatArray
    fatigue_log_var: FloatArray
    chronic_rr: FloatArray
    days_since_injury: FloatArray
    healing_factor: FloatArray
    n_reports: NDArray[np.int64]
    is_personal: BoolArray
    ess: float

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together, all at once."""
        s, u = self.population.n_draws, len(self.units)
        expected: dict[str, tuple[int, ...]] = {
            "is_index": (u,),
            "log_tolerance": (s, u),
            "deficit": (s, u),
            "log_frailty": (s,),
            "fatigue_rr": (s, u),
            "fatigue_log_var": (s, u),
            "chronic_rr": (s, u),
            "days_since_injury": (u,),
            "healing_factor": (u,),
            "n_reports": (u,),
            "is_personal": (u,),
        }
        problems = [
            f"{name}: got shape {np.shape(getattr(self, name))}, expected {shape}"
            for name, shape in expected.items()
            if np.shape(getattr(self, name)) != shape
        ]
        if problems:
            raise ValueError(f"state of runner {self.runner_id}: {'; '.join(problems)}")

    @property
    def origin(self) -> Origin:
        """Where the parameters come from."""
        return self.population.origin

    @property
    def n_draws(self) -> int:
        """S."""
        return self.population.n_draws

    def thin(self, n: int) -> Self:
        """Return the state with at most `n` draws, evenly spaced."""
        s = self.n_draws
        if n >= s:
            return self
        index = np.linspace(0, s - 1, n).astype(np.intp)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        cut = {
            name: values[name][index]
            for name in (
                "log_tolerance",
                "deficit",
                "log_frailty",
                "fatigue_rr",
                "fatigue_log_var",
                "chronic_rr",
            )
        }
        return replace(self, population=self.population.take(index), **cut)
