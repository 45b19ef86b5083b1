"""Step tables in, sessions and days out: how much load, how sure, and how much was seen.

Load is counted per leg (`tolerance.exposure.reference`). A leg without a sensor has no load: its
row is NaN, never a copy of the other leg. Running that no valid step covers is estimated from the
rest of the session as long as enough was seen, with a wider error; what was really observed stands
beside it. Walking and everything else is not in these loads.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import BOTH_LEG_SITES, RECORDING_SITES, TISSUES, WATCH
from loadcore.damage import (
    LOAD_EXPONENT,
    NORMAL_QUANTILE_95,
    DamageSum,
    equivalent_force,
    longest_ratio,
    power_relative_sd,
    sum_damage,
)
from tolerance.exposure.settings import ExposureSettings
from tolerance.schemas import LONGEST_30D_FLAGS, TABLES, conform, empty_table

__all__ = ["DAY_STATUS", "aggregate_sessions", "daily_loads", "side_asymmetry"]

type FloatArray = NDArray[np.float64]

KEY: Final = ["runner_id", "session_id"]
SERIES: Final = ["runner_id", "tissue", "side"]
SECONDS_PER_MINUTE: Final = 60.0
METRES_PER_KM: Final = 1000.0

GOOD_COVERAGE_FRAC: Final = 0.9
"""Above it a session's quality is called good. Engineering choice: at most a tenth is estimated,
which at the default error of the unobserved adds 1 % to the error of load."""

MIN_SPEED_STEPS_FRAC: Final = 0.5
"""Share of the steps that must have a speed for a distance. Engineering choice: half."""

DAY_STATUS: Final = ("observed", "partly_observed", "rest", "unobserved")
"""What is known about a day: all sessions have a load; some have none; confirmed rest (load 0);
nothing (load missing)."""


@dataclass(frozen=True)
class _Leg:
    """Valid steps of one leg in one session."""

    side: str
    steps: pd.DataFrame
    step_weight: float  # a step of an unknown leg counts half for the average leg
    covered_s: float


class _SessionParts(NamedTuple):
    """What one session is made of."""

    rung: str
    running_s: float
    steps: pd.DataFrame
    legs: list[_Leg]


def aggregate_sessions(
    recordings: pd.DataFrame,
    steps: pd.DataFrame,
    step_loads: pd.DataFrame,
    bouts: pd.DataFrame,
    settings: ExposureSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum step tables to sessions.

    Where a session was recorded at several sites, one is used: the first of
    ``constants.RECORDING_SITES`` that has a recording. Recordings of the same site and side
    follow one another in time.

    Parameters
    ----------
    recordings, steps, step_loads, bouts : pandas.DataFrame
        Tables of `tolerance.schemas`, of any number of runners. Steps of unlisted recordings are
        not used.
    settings : ExposureSettings
        Those with which `step_loads` was made.

    Returns
    -------
    sessions : pandas.DataFrame
        Table ``sessions``; one row per session that has a recording. ``coverage_frac`` is the
        share of the running time that valid steps cover, the mean of the observed legs.
    session_loads : pandas.DataFrame
        Table ``session_loads`` with its optional columns; rows for left and right in every
        session, and for "unknown" where the leg is not known: one leg's load in any case, from a
        trunk sensor that of the average leg. Load is NaN where nothing was observed or coverage
        is below ``min_coverage_frac``; ``load_observed_rr`` is then still given.

    Notes
    -----
    Errors: independent ones in quadrature, shared ones straight (`loadcore.damage`). The flag
    against the longest session of 30 days is on load, after Frandsen 2025
    (doi:10.1136/bjsports-2024-109380), who had distance.
    """
    if recordings.empty:
        return empty_table("sessions"), empty_table("session_loads")
    session_rows: list[dict[str, Any]] = []
    load_rows: list[dict[str, Any]] = []
    valid = steps[steps["is_valid"]]
    running = bouts[bouts["activity"] == "running"]
    running_s = (running["stop_s"] - running["start_s"]).groupby(running["recording_id"]).sum()
    for (runner_id, session_id), group in recordings.groupby(KEY, sort=True):
        key = {"runner_id": runner_id, "session_id": session_id}
        parts = _session_parts(group, valid, running_s)
        session_rows.append(key | _session_row(group, parts, bouts, settings))
        in_session = step_loads[step_loads["recording_id"].isin(group["recording_id"])]
        for leg in parts.legs:
            in_leg = leg.steps.merge(in_session, on=["recording_id", "step_id"])
            for tissue in TISSUES:
                of_tissue = in_leg[in_leg["tissue"] == tissue]
                load_rows.append(key | _load_row(tissue, leg, of_tissue, parts.running_s, settings))
    sessions = _table("sessions", session_rows)
    session_loads = pd.DataFrame(load_rows, columns=_LOAD_COLUMNS)
    _add_doubled(session_loads)
    started = recordings["started_at_utc"].dt.tz_localize(None)
    starts = started.groupby([recordings[name] for name in KEY]).min()
    _add_longest(session_loads, starts)
    return sessions, conform("session_loads", session_loads)


def side_asymmetry(session_loads: pd.DataFrame, settings: ExposureSettings) -> pd.DataFrame:
    """Compare left and right leg per session and tissue, by the mean load of a step.

    Parameters
    ----------
    session_loads : pandas.DataFrame
        From `aggregate_sessions`.
    settings : ExposureSettings
        ``side_error_correlation`` says how much of the legs' errors cancels.

    Returns
    -------
    pandas.DataFrame
        runner_id, session_id, tissue, asymmetry_pct (left above right, in percent of their mean),
        asymmetry_low_pct and asymmetry_high_pct (90 % interval), is_clear (the interval leaves
        zero out). Sessions with one leg observed have no row.
    """
    index = [*KEY, "tissue"]
    columns = [*index, "asymmetry_pct", "asymmetry_low_pct", "asymmetry_high_pct", "is_clear"]
    observed = session_loads[session_loads["n_steps"] > 0]
    left, right = (observed[observed["side"] == side] for side in ("left", "right"))
    both = left.merge(right, on=index, suffixes=("_left", "_right"))
    if both.empty:
        return pd.DataFrame(columns=columns)
    log_step: dict[str, FloatArray] = {}
    log_sd: dict[str, FloatArray] = {}
    for side in ("left", "right"):
        mean = both[f"load_observed_rr_{side}"] / both[f"n_steps_{side}"]
        relative = both[f"load_sd_rr_{side}"] / both[f"load_rr_{side}"]
        log_step[side] = np.log(mean.to_numpy())
        log_sd[side] = np.sqrt(np.log1p(relative.to_numpy() ** 2))
    difference = log_step["left"] - log_step["right"]
    variance = (
        log_sd["left"] ** 2
        + log_sd["right"] ** 2
        - 2.0 * settings.side_error_correlation * log_sd["left"] * log_sd["right"]
    )
    reach = NORMAL_QUANTILE_95 * np.sqrt(np.maximum(variance, 0.0))
    middle, low, high = (
        # (L - R) / mean(L, R) in terms of the log of L / R
        200.0 * np.tanh(value / 2.0)
        for value in (difference, difference - reach, difference + reach)
    )
    result = both[index].assign(
        asymmetry_pct=middle,
        asymmetry_low_pct=low,
        asymmetry_high_pct=high,
        is_clear=(low > 0.0) | (high < 0.0),
    )
    return result[columns]


def daily_loads(
    sessions: pd.DataFrame,
    session_loads: pd.DataFrame,
    first_day: pd.Timestamp,
    last_day: pd.Timestamp,
) -> pd.DataFrame:
    """Sum sessions to days, one row for every day, known or not.

    Parameters
    ----------
    sessions : pandas.DataFrame
        Table ``sessions``; a day of confirmed rest is a session with activity "rest". Sessions
        without a date belong to no day.
    session_loads : pandas.DataFrame
        Table ``session_loads``.
    first_day, last_day : pandas.Timestamp
        Both included.

    Returns
    -------
    pandas.DataFrame
        runner_id, date, tissue, side, status (``DAY_STATUS``), load_rr, load_sd_rr, damage_rr,
        damage_sd_rr. Confirmed rest is 0; an unobserved day, or one with a session whose load is
        not known, is NaN. Errors of sessions of one day are added straight: same sensor, same
        runner.
    """
    values = ["load_rr", "load_sd_rr", "damage_rr", "damage_sd_rr"]
    columns = [*SERIES[:1], "date", *SERIES[1:], "status", *values]
    days = pd.date_range(first_day, last_day, freq="D").astype("datetime64[us]")
    dated = sessions.dropna(subset=["date"])
    series = session_loads[SERIES].drop_duplicates()
    grid = series.merge(pd.DataFrame({"date": days}), how="cross")
    if grid.empty:
        return pd.DataFrame(columns=columns)
    loads = session_loads.merge(dated[[*KEY, "date"]], on=KEY)
    summed = loads.groupby([*SERIES, "date"])[values].sum(skipna=False)
    result = grid.merge(summed.reset_index(), on=[*SERIES, "date"], how="left")
    active = dated[dated["activity"] != "rest"]
    is_active = _on(result, active)
    is_rest = _on(result, dated[dated["activity"] == "rest"]) & ~is_active
    result.loc[is_rest, values] = 0.0
    result["status"] = np.select(
        [is_rest, is_active & result["load_rr"].notna().to_numpy(), is_active],
        ["rest", "observed", "partly_observed"],
        "unobserved",
    )
    return result.sort_values([*SERIES, "date"], ignore_index=True)[columns]


def _on(days: pd.DataFrame, sessions: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows of `days` fall on a day of these sessions of the same runner."""
    index = ["runner_id", "date"]
    wanted = pd.MultiIndex.from_frame(sessions[index])
    return np.asarray(pd.MultiIndex.from_frame(days[index]).isin(wanted), np.bool_)


def _session_parts(
    recordings: pd.DataFrame, valid_steps: pd.DataFrame, running_s: "pd.Series[float]"
) -> _SessionParts:
    """Choose the site of a session, name its rung and split its steps by leg."""
    site = min(recordings["sensor_site"], key=RECORDING_SITES.index)
    used = recordings[recordings["sensor_site"] == site]
    sees_both = site in BOTH_LEG_SITES
    channel = used["side"].where(~np.array([sees_both] * len(used)), "unknown")
    per_channel = used["recording_id"].map(running_s).fillna(0.0).groupby(channel).sum()
    total_s = float(per_channel.max())
    steps = valid_steps[valid_steps["recording_id"].isin(used["recording_id"])]
    if not sees_both:
        # The card knows on which leg the sensor sat; the detector only repeats it.
        side_of = used.set_index("recording_id")["side"]
        steps = steps.assign(side=steps["recording_id"].map(side_of))
    sides = set(used["side"]) if not sees_both else set(steps["side"])
    legs = [_leg(side, steps[steps["side"] == side]) for side in ("left", "right")]
    if sees_both and "unknown" in sides:
        legs.append(_leg("unknown", steps, step_weight=0.5))
    elif "unknown" in sides:
        legs.append(_leg("unknown", steps[steps["side"] == "unknown"]))
    if site == "shank":
        rung = "two_shins" if {"left", "right"} <= sides else "one_shin"
    else:
        rung = "watch" if site == WATCH else "foot_or_trunk"
    return _SessionParts(rung, total_s, steps, legs)


def _leg(side: str, steps: pd.DataFrame, step_weight: float = 1.0) -> _Leg:
    """Return a leg; each of its steps covers the leg's own stride, two step times."""
    return _Leg(side, steps, step_weight, 2.0 * step_weight * float(steps["step_time_s"].sum()))


def _coverage(leg: _Leg, running_s: float) -> float:
    """Return the share of the running that the leg's valid steps cover; NaN without running."""
    return min(1.0, leg.covered_s / running_s) if running_s > 0.0 else np.nan


def _session_row(
    recordings: pd.DataFrame,
    parts: _SessionParts,
    bouts: pd.DataFrame,
    settings: ExposureSettings,
) -> dict[str, Any]:
    """Return the row of table ``sessions``, key columns apart."""
    covered = [_coverage(leg, parts.running_s) for leg in parts.legs if len(leg.steps)]
    coverage = float(np.mean(covered)) if covered else (0.0 if parts.running_s > 0.0 else np.nan)
    if not coverage >= settings.min_coverage_frac:
        quality = "insufficient"
    else:
        quality = "good" if coverage >= GOOD_COVERAGE_FRAC else "partial"
    started = recordings["started_at_utc"].min()
    return {
        "date": pd.NaT if pd.isna(started) else started.tz_localize(None).normalize(),
        "activity": _activity(recordings, parts.running_s, bouts),
        "duration_min": parts.running_s / SECONDS_PER_MINUTE if parts.running_s > 0.0 else np.nan,
        "distance_km": _distance_km(parts),
        "n_steps": len(parts.steps),
        "rpe": np.nan,
        "surface": _only(recordings["surface"]),
        "shoe": _only(recordings["shoe"]),
        "grade_pct": np.nan,
        "rung": parts.rung,
        "coverage_frac": coverage,
        "quality": quality,
    }


def _activity(recordings: pd.DataFrame, running_s: float, bouts: pd.DataFrame) -> str:
    """Return running where there was any, else what there was most of."""
    if running_s > 0.0:
        return "running"
    mine = bouts[bouts["recording_id"].isin(recordings["recording_id"])]
    if mine.empty:
        return "unknown"
    return str((mine["stop_s"] - mine["start_s"]).groupby(mine["activity"]).sum().idxmax())


def _distance_km(parts: _SessionParts) -> float:
    """Return mean speed times running time; NaN where too few steps have a speed."""
    known = parts.steps.dropna(subset=["speed_mps", "step_time_s"])
    if known.empty or len(known) < MIN_SPEED_STEPS_FRAC * len(parts.steps):
        return np.nan
    speed = np.average(known["speed_mps"], weights=known["step_time_s"])
    return float(speed * parts.running_s / METRES_PER_KM)


def _only(values: "pd.Series[str]") -> str | None:
    """Return the one value of a column, or none where it is missing or not the same throughout."""
    present = values.dropna().unique()
    return str(present[0]) if len(present) == 1 else None


_LOAD_COLUMNS: Final = [column.name for column in TABLES["session_loads"].columns]


def _load_row(
    tissue: str, leg: _Leg, rows: pd.DataFrame, running_s: float, settings: ExposureSettings
) -> dict[str, Any]:
    """Return one row of table ``session_loads``, key of the session and comparisons apart."""
    exponent = settings.fatigue_exponents[TISSUES.index(tissue)]
    rows = rows.dropna(subset=["load_rr", "damage_rr"])
    row: dict[str, Any] = {"tissue": tissue, "side": leg.side, "n_steps": len(rows)}
    if rows.empty:
        row["coverage_frac"] = np.nan if running_s <= 0.0 or leg.steps.empty else 0.0
        return row
    coverage = _coverage(
        replace(leg, covered_s=_leg(leg.side, rows, leg.step_weight).covered_s), running_s
    )
    load, damage, equivalent_bw = _sums(rows, exponent)
    row |= {
        "coverage_frac": coverage,
        "load_observed_rr": load.total * leg.step_weight,
        "equivalent_load_bw": equivalent_bw,
    }
    if coverage >= settings.min_coverage_frac:
        missed_sd = settings.unobserved_sd_fraction
        load = _scaled(load, leg.step_weight / coverage, 1.0 - coverage, missed_sd, LOAD_EXPONENT)
        damage = _scaled(damage, leg.step_weight / coverage, 1.0 - coverage, missed_sd, exponent)
        row |= {"load_rr": load.total, "load_sd_rr": load.sd}
        row |= {"damage_rr": damage.total, "damage_sd_rr": damage.sd}
    return row


def _sums(rows: pd.DataFrame, exponent: float) -> tuple[DamageSum, DamageSum, float]:
    """Sum load and damage of the rows, in rr, and return the equivalent load in BW."""
    load_rr, damage_rr = rows["load_rr"].to_numpy(), rows["damage_rr"].to_numpy()
    step = rows["step_sd_frac"].to_numpy()
    # The row's own error is relative to the reference; without the step's part it is the shared.
    total_square = np.expm1(np.log1p((rows["damage_sd_rr"].to_numpy() / damage_rr) ** 2)
                            / exponent**2)  # fmt: skip
    shared = np.sqrt(np.maximum((1.0 + total_square) / (1.0 + step**2) - 1.0, 0.0))
    # Costs are sums of powers already, so a force is the root of its cost; the greatest is 1.
    load, damage = (
        _times(
            sum_damage(
                (cost / cost.max()) ** (1.0 / b), b, step_fraction=step, shared_fraction=shared
            ),
            float(cost.max()),
        )
        for cost, b in ((load_rr, LOAD_EXPONENT), (damage_rr, exponent))
    )
    # The unit cancels: mean force in BW over mean force in rr.
    bw_per_rr = float(rows["peak_force_bw"].sum() / load_rr.sum())
    power = sum_damage(load_rr / load_rr.max(), exponent).total
    reference_bw = bw_per_rr * float(load_rr.max())
    return load, damage, float(equivalent_force(power, len(rows), reference_bw, exponent))


def _times(part: DamageSum, factor: float) -> DamageSum:
    """Return the sum in another unit."""
    return DamageSum(
        part.n_steps, part.total * factor, part.independent_sd * factor, part.shared_sd * factor
    )


def _scaled(
    observed: DamageSum, factor: float, missed_frac: float, missed_sd: float, exponent: float
) -> DamageSum:
    """Scale the observed sum to the whole session and add the error of what was missed."""
    whole = _times(observed, factor)
    missed = whole.total * missed_frac * float(power_relative_sd(missed_sd, exponent))
    return replace(whole, independent_sd=float(np.hypot(whole.independent_sd, missed)))


def _add_doubled(session_loads: pd.DataFrame) -> None:
    """Fill the column of doubled loads where one leg alone was observed."""
    seen = session_loads["n_steps"].to_numpy() > 0
    n_seen = session_loads[seen].groupby([*KEY, "tissue"])["side"].nunique()
    rows = pd.MultiIndex.from_frame(session_loads[[*KEY, "tissue"]])
    alone = n_seen.reindex(rows).to_numpy() == 1
    session_loads["load_both_sides_doubled_rr"] = np.where(
        seen & alone, 2.0 * session_loads["load_rr"].astype(np.float64), np.nan
    )


def _add_longest(session_loads: pd.DataFrame, starts: "pd.Series[Any]") -> None:
    """Fill the columns that compare a session with the longest of the 30 days before."""
    started = starts.reindex(pd.MultiIndex.from_frame(session_loads[KEY])).to_numpy()
    n_rows = len(session_loads)
    ratio = {name: np.full(n_rows, np.nan) for name in ("load_rr", "damage_rr")}
    flag: NDArray[np.object_] = np.full(n_rows, None, dtype=object)
    complete = np.zeros(n_rows, np.bool_)
    for group in session_loads.groupby(SERIES).indices.values():
        positions = np.asarray(group)
        dated = positions[~np.isnat(started[positions])]
        in_order = dated[np.argsort(started[dated], kind="stable")]
        day = started[in_order].astype("datetime64[D]").astype(np.float64)
        for name, values in ratio.items():
            load = session_loads[name].to_numpy(np.float64)[in_order]
            compared = longest_ratio(day, load)
            values[in_order] = compared.ratio
            if name == "load_rr":
                flag[in_order] = [LONGEST_30D_FLAGS[f] if f >= 0 else None for f in compared.flag]
                complete[in_order] = compared.is_window_complete
    session_loads["longest_30d_ratio"] = ratio["load_rr"]
    session_loads["longest_30d_damage_ratio"] = ratio["damage_rr"]
    session_loads["longest_30d_flag"] = flag
    session_loads["is_longest_30d_complete"] = complete


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a table in its declared columns and dtypes."""
    return conform(name, pd.DataFrame(rows, columns=[c.name for c in TABLES[name].columns]))
