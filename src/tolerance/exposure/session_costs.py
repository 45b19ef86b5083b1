"""What a session in a diary costs each unit, in reference runs, where no sensor saw it.

Load counts every step by its force (exponent 1), damage by the exponent of the unit's tissue. Both
are medians of what is believed, with the load core's meaning of a standard deviation: a lognormal
of log-SD ``sqrt(log(1 + (sd / median)^2))``. Parts of a session share their errors, so these add
straight. What was not written down is NaN; only confirmed rest is zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore.constants import TISSUES
from loadcore.damage import equivalent_force
from tolerance.anatomy import RUNNING_PROXY, Unit
from tolerance.clinic.record import Profile, SessionEntry
from tolerance.config import Injury, Kind, Ledger, TissueExponents
from tolerance.exposure.load_speed import LoadSpeedModel, forecast_load
from tolerance.exposure.settings import ExposureSettings
from tolerance.rules.registry import rule

__all__ = [
    "LedgerSettings",
    "SessionCosts",
    "UnitModel",
    "log_sd_of",
    "sd_of",
    "session_costs",
    "unit_model",
]

type Floats = NDArray[np.float64]

LOAD: Final = 1.0
SECONDS_PER_MINUTE: Final = 60.0
METRES_PER_KM: Final = 1000.0
LEAST_EXPONENT: Final = 1.0 + 1e-9
"""The load-speed model takes exponents above 1; a sensitivity run at 1 is meant literally."""

REPEATED: Final = ("rehab", "strength", "jumps")
"""Activities counted in repetitions."""
CROSS_TRAINING_MINUTES: Final = 45.0
"""Of a session without minutes; it costs next to nothing either way (R20). Engineering choice."""


@dataclass(frozen=True, kw_only=True)
class LedgerSettings:
    """All that turns a diary into loads.

    Attributes
    ----------
    exposure : ExposureSettings
        The unit of load and the tissue models.
    load_speed : LoadSpeedModel
        Population model of force against speed.
    exponents : TissueExponents
        Exponent of damage per model tissue.
    costs : Ledger
        Section ``ledger`` of ``params.yaml``.
    injuries : mapping of str to Injury
        ``Params.injuries``.
    """

    exposure: ExposureSettings
    load_speed: LoadSpeedModel
    exponents: TissueExponents
    costs: Ledger
    injuries: Mapping[str, Injury]


@dataclass(frozen=True)
class UnitModel:
    """Units with what their load is read from and how damage weighs it; entries in their order."""

    units: tuple[Unit, ...]
    proxies: tuple[str, ...]
    exponents: tuple[float, ...]


@dataclass(frozen=True)
class SessionCosts:
    """Load and damage of sessions; arrays (n_sessions, n_units), NaN where not known.

    Attributes
    ----------
    load_rr, load_sd_rr, damage_rr, damage_sd_rr : float64 array
        Medians and standard deviations, in reference runs.
    equivalent_load_bw : float64 array
        Constant force per running step with the same damage; NaN without a per-step model.
    """

    load_rr: Floats
    load_sd_rr: Floats
    damage_rr: Floats
    damage_sd_rr: Floats
    equivalent_load_bw: Floats


@dataclass(frozen=True)
class _Bout:
    """A stretch of running at one speed."""

    session: int
    minutes: float
    speed_mps: float
    speed_log_sd: float
    minutes_log_sd: float
    grade_pct: float


def unit_model(
    units: Sequence[Unit], proxies: Sequence[str], exponents: TissueExponents
) -> UnitModel:
    """Put units, proxies and exponents together."""
    return UnitModel(
        tuple(units),
        tuple(proxies),
        tuple(float(getattr(exponents, unit.tissue)) for unit in units),
    )


def log_sd_of(median: Floats, sd: Floats) -> Floats:
    """Return the log-SD that a median and a standard deviation stand for; 0 for a known zero."""
    relative: Floats = np.where(np.isnan(median) | np.isnan(sd), np.nan, 0.0)
    np.divide(sd, median, out=relative, where=median > 0.0)
    return np.asarray(np.sqrt(np.log1p(relative**2)), np.float64)


def sd_of(median: Floats, log_sd: Floats) -> Floats:
    """Return the standard deviation that stands for a log-SD about a median."""
    return np.asarray(median * np.sqrt(np.expm1(log_sd**2)), np.float64)


def session_costs(
    sessions: Sequence[SessionEntry], profile: Profile, model: UnitModel, settings: LedgerSettings
) -> SessionCosts:
    """Return load and damage of each session on each unit, from what a diary says.

    Parameters
    ----------
    sessions : sequence of SessionEntry
        Of one runner; also sessions that are only planned.
    profile : Profile
        Easy speed, cadence and body mass where known.
    model : UnitModel
    settings : LedgerSettings

    Returns
    -------
    SessionCosts
        NaN for running without minutes and distance and walking without minutes. Rest is zero.

    Notes
    -----
    Errors of easy speed cancel where the session's speed is not written down either, because load
    counts in runs at that speed.
    """
    costs = settings.costs
    shape = (len(sessions), len(model.units))
    running = _running(sessions, profile, model, settings)
    load, load_sd, damage, damage_sd, steps = running
    reference_steps = _reference_steps(profile, settings)
    for i, session in enumerate(sessions):
        others = [_walking(session, model, reference_steps, settings)]
        if session.activity in REPEATED:
            others.append(_repetitions(session, model, reference_steps, costs))
        elif session.activity == "cross_training":
            others.append(_cross_training(session, shape[1], settings))
        for part in others:
            load[i] += part[0]
            load_sd[i] += part[1]
            damage[i] += part[2]
            damage_sd[i] += part[3]
    easy = _easy_speed(profile, costs)
    reference = forecast_load(
        settings.load_speed,
        easy,
        easy,
        settings.exposure,
        body_mass_kg=_mass(profile),
    ).step_peak_bw.median[0]
    equivalent = np.full(shape, np.nan)
    for u, (proxy, exponent) in enumerate(zip(model.proxies, model.exponents, strict=True)):
        if proxy != RUNNING_PROXY:
            force = reference[TISSUES.index(proxy)]
            equivalent[:, u] = equivalent_force(damage[:, u], steps, force, exponent)
    return SessionCosts(load, load_sd, damage, damage_sd, equivalent)


def _easy_speed(profile: Profile, costs: Ledger) -> float:
    return profile.easy_speed_mps or costs.easy_speed_mps


def _mass(profile: Profile) -> float:
    return np.nan if profile.body_mass_kg is None else profile.body_mass_kg


def _reference_steps(profile: Profile, settings: LedgerSettings) -> float:
    """Return the steps of one leg in a reference run."""
    cadence = profile.cadence_spm or settings.costs.cadence_spm
    return settings.exposure.reference_minutes * cadence / 2.0


def _bouts(session: SessionEntry, index: int, easy: float, costs: Ledger) -> list[_Bout] | None:
    """Return a session's running, fast part and rest; None where it is not known."""
    if session.activity not in ("running", "sport"):
        return []
    is_sport = session.activity == "sport"
    kind = costs.kinds[session.kind or ("match" if is_sport else "easy")]
    minutes = session.minutes
    running = minutes * costs.sport_running_frac if is_sport and minutes is not None else minutes
    overall = 1.0 + kind.fast_frac * (kind.fast_ratio - 1.0)
    distance = None if is_sport else session.distance_km
    minutes_sd, speed_sd = costs.minutes_log_sd, costs.speed_log_sd
    if running and distance:
        rest = distance * METRES_PER_KM / (running * SECONDS_PER_MINUTE) / overall
        # The error of easy speed stays: the session's own speed is known, the unit's is not.
        speed_sd = costs.minutes_log_sd
    elif running:
        rest = easy
    elif distance:
        rest = easy
        running = distance * METRES_PER_KM / (easy * overall * SECONDS_PER_MINUTE)
        minutes_sd = float(np.hypot(minutes_sd, costs.speed_log_sd))
    elif running is None and distance is None:
        return None
    else:
        return []
    grade = session.grade_pct
    parts = _split(kind, running, rest, grade)
    return [_Bout(index, m, v, speed_sd, minutes_sd, g) for m, v, g in parts if m > 0.0]


def _split(
    kind: Kind, minutes: float, rest_mps: float, grade_pct: float | None
) -> tuple[tuple[float, float, float], ...]:
    """Return (minutes, speed, slope) of the slow and the fast part."""
    fast = kind.fast_frac * minutes
    return (
        (minutes - fast, rest_mps, grade_pct or 0.0),
        (fast, rest_mps * kind.fast_ratio, kind.grade_pct if grade_pct is None else grade_pct),
    )


def _running(
    sessions: Sequence[SessionEntry], profile: Profile, model: UnitModel, settings: LedgerSettings
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return load, its SD, damage, its SD of the running, and steps in reference runs."""
    n, n_units = len(sessions), len(model.units)
    result = [np.zeros((n, n_units)) for _ in range(4)]
    steps = np.zeros(n)
    easy = _easy_speed(profile, settings.costs)
    bouts: list[_Bout] = []
    for i, session in enumerate(sessions):
        of_session = _bouts(session, i, easy, settings.costs)
        if of_session is None:
            for values in result:
                values[i] = np.nan
            steps[i] = np.nan
        else:
            bouts.extend(of_session)
    if not bouts:
        return result[0], result[1], result[2], result[3], steps
    rows = np.array([bout.session for bout in bouts])
    minutes = np.array([bout.minutes for bout in bouts])
    minutes_sd = np.array([bout.minutes_log_sd for bout in bouts])
    runs = minutes / settings.exposure.reference_minutes
    np.add.at(steps, rows, runs)
    shift, shift_sd = _context_shifts(sessions, model, settings.costs)
    minute_of = {
        b: _per_minute(bouts, b, profile, settings)
        for b in {LOAD, *model.exponents}
        if set(model.proxies) != {RUNNING_PROXY}
    }
    for u, (proxy, exponent) in enumerate(zip(model.proxies, model.exponents, strict=True)):
        for offset, b in ((0, LOAD), (2, exponent)):
            if proxy == RUNNING_PROXY:
                median, log_sd = runs, minutes_sd
            else:
                per_minute, per_minute_sd = (x[:, TISSUES.index(proxy)] for x in minute_of[b])
                median, log_sd = minutes * per_minute, np.hypot(per_minute_sd, minutes_sd)
            median = median * np.exp(b * shift[rows, u])
            log_sd = np.hypot(log_sd, b * shift_sd[rows, u])
            np.add.at(result[offset][:, u], rows, median)
            np.add.at(result[offset + 1][:, u], rows, sd_of(median, log_sd))
    return result[0], result[1], result[2], result[3], steps


def _per_minute(
    bouts: list[_Bout], exponent: float, profile: Profile, settings: LedgerSettings
) -> tuple[Floats, Floats]:
    """Return median load of a minute of each bout on each tissue, and its log-SD: (n, 3) arrays."""
    costs = settings.costs
    speed = np.array([bout.speed_mps for bout in bouts])
    speed_sd = np.array([bout.speed_log_sd for bout in bouts])
    is_own_easy = profile.easy_speed_mps is not None
    speed_sd = np.hypot(speed_sd, 0.0 if is_own_easy else costs.easy_speed_log_sd)
    grade = np.array([bout.grade_pct for bout in bouts])
    exposure = replace(
        settings.exposure, fatigue_exponents=(max(exponent, LEAST_EXPONENT),) * len(TISSUES)
    )
    # As it is, faster and slower in one call.
    speeds = np.concatenate((speed, speed * np.exp(speed_sd), speed * np.exp(-speed_sd)))
    forecast = forecast_load(
        settings.load_speed,
        speeds,
        _easy_speed(profile, costs),
        exposure,
        grade_pct=np.tile(grade, 3),
        body_mass_kg=_mass(profile),
    )
    spread = forecast.load_rr_per_km if exponent == LOAD else forecast.damage_rr_per_km
    km_per_minute = speeds * SECONDS_PER_MINUTE / METRES_PER_KM
    per_minute = spread.median * km_per_minute[:, None]
    median, faster, slower = np.split(per_minute, 3)
    log_sd, outside = spread.log_sd[: speed.size], forecast.is_extrapolated[: speed.size]
    by_speed = np.abs(np.log(faster / slower)) / 2.0
    beyond = np.where(outside, exponent * costs.extrapolated_log_sd, 0.0)[:, None]
    return median, np.sqrt(log_sd**2 + by_speed**2 + beyond**2)


def _context_shifts(
    sessions: Sequence[SessionEntry], model: UnitModel, costs: Ledger
) -> tuple[Floats, Floats]:
    """Return shift of log force and its SD by surface, slope and shoe, (n_sessions, n_units)."""
    shift = np.zeros((len(sessions), len(model.units)))
    variance = np.zeros_like(shift)
    for i, session in enumerate(sessions):
        for name in _contexts(session, costs):
            for context in costs.contexts.get(name, ()):
                concerned = np.array([unit.site in context.sites for unit in model.units])
                shift[i] += concerned * context.log_force
                variance[i] += concerned * context.log_force_sd**2
    return shift, np.sqrt(variance)


@rule("R31", "R46", "R48")
def _contexts(session: SessionEntry, costs: Ledger) -> set[str]:
    """Return which contexts of the settings a session ran in (R31, R46, R48)."""
    words = set(f"{session.surface or ''} {session.shoe or ''}".lower().replace("_", " ").split())
    found = words & costs.contexts.keys()
    grade = session.grade_pct or 0.0
    if session.kind == "hills" or grade >= costs.uphill_pct:
        found.add("uphill")
    descent, distance = session.descent_m or 0.0, session.distance_km
    steep = distance and descent / distance >= costs.downhill_m_per_km
    if steep or grade <= -costs.uphill_pct:
        found.add("downhill")
    return found


def _walking(
    session: SessionEntry, model: UnitModel, reference_steps: float, settings: LedgerSettings
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return load, its SD, damage, its SD of the walking in a session."""
    costs = settings.costs
    minutes: float | None = session.walk_minutes or 0.0
    if session.activity == "walking":
        minutes = session.minutes if session.minutes is not None else session.walk_minutes
    steps = np.nan if minutes is None else minutes * costs.walking_cadence_spm / 2.0
    force = np.array([getattr(costs.walking_relative_force, proxy) for proxy in model.proxies])
    return _powers(steps / reference_steps, force, costs.walking_log_sd, model)


def _powers(
    runs: float, force: Floats, force_log_sd: float, model: UnitModel
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return load and damage of so many steps of one relative force, in reference runs."""
    b = np.array(model.exponents)
    load, damage = runs * force, runs * force**b
    return (
        load,
        sd_of(load, np.full_like(load, force_log_sd)),
        damage,
        sd_of(damage, b * force_log_sd),
    )


def _repetitions(
    session: SessionEntry, model: UnitModel, reference_steps: float, costs: Ledger
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return load, its SD, damage, its SD of repetitions: R04 against the exponent, weighted."""
    counted = session.repetitions is not None
    number = session.repetitions if counted else costs.repetitions_per_session[session.activity]
    count_log_sd = 0.0 if counted else costs.repetitions_log_sd
    force = session.relative_load
    if force is None:
        force = costs.repetition_relative_force[session.activity]
    aimed = _aimed_sites(session, costs)
    share = np.array(
        [1.0 if not aimed or u.site in aimed else costs.untargeted_share for u in model.units]
    )
    runs = float(number or 0.0) / reference_steps
    b = np.array(model.exponents)
    load = repetition_moments(runs, force * share, np.ones_like(b), costs, count_log_sd)
    damage = repetition_moments(runs, force * share, b, costs, count_log_sd)
    return (*load, *damage)


@rule("R04", "R05")
def repetition_moments(
    runs: float, force: Floats, exponent: Floats, costs: Ledger, count_log_sd: float
) -> tuple[Floats, Floats]:
    """Return median and SD of repetitions that are a step each (R04), or their force's power.

    Two hypotheses with a prior weight; the lognormal with the mixture's mean and variance.

    Parameters
    ----------
    runs : float
        Repetitions over the steps of a reference run.
    force : (n_units,) float array
        Peak of a repetition over that of an easy step.
    exponent : (n_units,) float array
    costs : Ledger
    count_log_sd : float
        Error of the number of repetitions.
    """
    weight = costs.repetition_as_step_weight
    # R04 speaks of the exercise as such; at a site that it does not aim at, of a share of it.
    as_step = runs * np.minimum(force / np.max(force, initial=1e-12), 1.0)
    power_log_sd = exponent * costs.repetition_log_sd
    power = runs * force**exponent
    power_mean = power * np.exp(power_log_sd**2 / 2.0)
    mean = weight * as_step + (1.0 - weight) * power_mean
    square = weight * as_step**2 + (1.0 - weight) * power**2 * np.exp(2.0 * power_log_sd**2)
    square *= np.exp(count_log_sd**2)
    relative: Floats = np.zeros_like(mean)
    np.divide(square, mean**2, out=relative, where=mean > 0.0)
    variance_log = np.log(np.maximum(relative, 1.0))
    median = mean * np.exp(-variance_log / 2.0)
    return median, sd_of(median, np.sqrt(variance_log))


def _aimed_sites(session: SessionEntry, costs: Ledger) -> set[str]:
    """Return the sites that an exercise's name speaks of; none means all."""
    words = (session.exercise or "").lower()
    sites = {site for word, of in costs.exercise_sites.items() if word in words for site in of}
    if session.heavy_calf == "yes":
        sites.update(costs.exercise_sites.get("calf", ()))
    return sites


@rule("R20")
def _cross_training(
    session: SessionEntry, n_units: int, settings: LedgerSettings
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return load, its SD, damage, its SD of cycling or swimming (R20)."""
    costs = settings.costs
    minutes = CROSS_TRAINING_MINUTES if session.minutes is None else session.minutes
    runs = minutes / settings.exposure.reference_minutes
    load = np.full(n_units, costs.cross_training_rr * runs)
    sd = sd_of(load, np.full(n_units, costs.cross_training_log_sd))
    return load, sd, load, sd
