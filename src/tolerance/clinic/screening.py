"""Content of the load screening: every number and sentence of the page, ready to be shown.

The page is for a clinician: plain words, no acronym without its meaning, what was left out and
why. All errors of one sensor in one session are taken as common to its steps, so an interval does
not shrink with the number of steps; this errs on the wide side.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from loadcore.constants import BOTH_LEG_SITES, RECORDING_SITES, TISSUES
from loadcore.damage import lognormal_interval
from tolerance.config import ScreeningReport
from tolerance.exposure.findings import no_load_reason
from tolerance.exposure.reference import SOURCES
from tolerance.exposure.sessions import side_asymmetry
from tolerance.exposure.settings import ExposureSettings

__all__ = ["ScreeningContent", "ScreeningTables", "build_screening"]

Z90: Final = 1.645
"""Half-width of a 90 % interval in standard deviations."""

TISSUE_WORDS: Final = {
    "tibia": "shin bone (tibia)",
    "achilles": "Achilles tendon",
    "patellofemoral": "kneecap joint (patellofemoral)",
}
SITE_WORDS: Final = {
    "shank": "shin",
    "foot": "foot",
    "sacrum": "sacrum (lower back)",
    "waist": "waist",
    "hip": "hip",
    "watch": "watch",
}

SOURCE_WORDS: Final = {
    "shank": "sensors on the shin",
    "foot": "sensor on the foot",
    "sacrum": "sensor on the sacrum (lower back)",
    "waist": "sensor at the waist",
    "hip": "sensor at the hip",
    "watch": "watch",
}
"""What the steps come from, after "the"."""

MARK_GOOD: Final = "● good"
MARK_CARE: Final = "▲ with care"
MARK_UNUSABLE: Final = "■ not usable"

MAX_CLIPPED_FRAC: Final = 0.01
MAX_MISSING_FRAC: Final = 0.02
MIN_ORIENTATION_CONFIDENCE: Final = 0.5
MIN_IMPACT_RATE_HZ: Final = 199.0
"""Below it impact peaks come out low (minimum sampling frequency study, science page A1)."""
CARE_COVERAGE: Final = 0.8
"""Engineering choices: where one of these is passed, the page says what and shows a triangle."""


@dataclass(frozen=True)
class ScreeningTables:
    """Tables of one runner's session, as `tolerance.schemas` declares them."""

    recordings: pd.DataFrame
    quality: pd.DataFrame
    steps: pd.DataFrame
    bouts: pd.DataFrame
    sessions: pd.DataFrame
    session_loads: pd.DataFrame
    references: pd.DataFrame
    rejected: pd.DataFrame


@dataclass(frozen=True)
class ScreeningContent:
    """What the page says: rows and sentences of text, and frames of numbers for the figures.

    Attributes
    ----------
    title, lead : str
    is_simulated : bool
        Then ``simulated_words`` stand on top.
    summary, side_words, notes : list of str
    key_figures : list of (label, value, remark)
    ``*_columns``, ``*_rows``
        Heads and rows of the tables.
    ``*_words`` : str
        The finding of a figure: its caption and its alternative text.
    timeline : DataFrame
        sensor, start_s, stop_s, activity.
    curve : DataFrame
        speed_mps, n_steps, cadence_spm, force_bw with low and high, contact_ms, of the sensor
        site that speaks for the session's load; empty without speeds.
    tissue_curve : DataFrame
        name, tissue, side, relative load of a step with its range.
    impacts : DataFrame
        side, speed_mps, peak_tibial_acc_g of single steps.
    """

    title: str
    lead: str
    is_simulated: bool
    summary: list[str]
    key_figures: list[tuple[str, str, str]]
    quality_rows: list[list[str]]
    timeline: pd.DataFrame
    timeline_words: str
    curve: pd.DataFrame
    curve_words: str
    curve_rows: list[list[str]]
    side_rows: list[list[str]]
    side_words: list[str]
    tissue_curve: pd.DataFrame
    tissue_words: str
    tissue_rows: list[list[str]]
    impacts: pd.DataFrame
    impact_words: str
    impact_rows: list[list[str]]
    left_out_rows: list[list[str]]
    notes: list[str]

    simulated_words: tuple[str, ...] = (
        "This recording comes from a simulator. No person was measured, and nothing here says "
        "how well the method works on people.",
    )
    quality_columns: tuple[str, ...] = (
        "Sensor",
        "Verdict",
        "Samples a second",
        "Lost (%)",
        "At its limit (%)",
        "Steps that count",
        "To note",
    )
    curve_columns: tuple[str, ...] = (
        "Speed (m/s)",
        "Steps",
        "Steps a minute",
        "Foot on the ground (ms)",
        "Peak force (× body weight)",
    )
    side_columns: tuple[str, ...] = ("", "Left", "Right")
    tissue_columns: tuple[str, ...] = (
        "Tissue",
        "Leg",
        "Load (reference runs)",
        "Damage (reference runs)",
        "Running covered (%)",
    )
    impact_columns: tuple[str, ...] = (
        "Sensor",
        "Median",
        "Middle 90 % of steps",
        "Steps with a peak",
    )
    left_out_columns: tuple[str, ...] = ("Sensor", "What", "Why")

    @property
    def n_sensors(self) -> int:
        """Number of sensors on the page."""
        return len(self.quality_rows)

    @property
    def has_curve(self) -> bool:
        """Whether there are at least two speeds to draw a curve through."""
        return len(self.curve) >= 2


def build_screening(
    tables: ScreeningTables, params: ScreeningReport, exposure: ExposureSettings
) -> ScreeningContent:
    """Derive the page of one runner's session.

    Parameters
    ----------
    tables : ScreeningTables
        Rows of that session only; a session without a single step is fine.
    params, exposure
        Settings.

    Raises
    ------
    ValueError
        If the recordings are of several runners or sessions, or there are none.
    """
    recordings = tables.recordings.assign(
        sensor=[_sensor_name(row) for row in tables.recordings.to_dict("records")]
    )
    keys = recordings[["runner_id", "session_id", "dataset_id"]].drop_duplicates()
    if len(keys) != 1:
        raise ValueError(
            f"recordings are of {len(keys)} runner-sessions; expected exactly one: choose it first"
        )
    runner_id, session_id, dataset_id = (str(value) for value in keys.iloc[0])
    steps = tables.steps.merge(
        recordings[["recording_id", "sensor", "sensor_site", "side"]],
        on="recording_id",
        suffixes=("_found", ""),
    )
    steps["side"] = steps["side"].where(steps["side"] != "unknown", steps["side_found"])
    main_site = min(recordings["sensor_site"], key=RECORDING_SITES.index)
    counted = steps[steps["is_valid"] & (steps["sensor_site"] == main_site)]
    curve = _curve(counted, params)
    impacts = _impacts(steps[steps["is_valid"]])
    tissue_curve = _tissue_curve(tables.session_loads, tables.references, main_site)
    timeline = _timeline(recordings, tables.bouts)
    return ScreeningContent(
        title=f"Load screening: runner {runner_id}, session {session_id}",
        lead=_lead(recordings, tables.sessions),
        is_simulated=dataset_id == "synthetic",
        summary=_summary(tables, counted, main_site, curve, exposure),
        key_figures=_key_figures(tables.sessions, counted),
        quality_rows=_quality_rows(recordings, tables.quality),
        timeline=timeline,
        timeline_words=_timeline_words(timeline),
        curve=curve,
        curve_words=_curve_words(curve, main_site),
        curve_rows=_curve_rows(curve),
        side_rows=_side_rows(counted),
        side_words=_side_words(tables.session_loads, exposure),
        tissue_curve=tissue_curve,
        tissue_words=_tissue_words(tissue_curve),
        tissue_rows=_tissue_rows(tables.session_loads),
        impacts=impacts,
        impact_words=_impact_words(impacts, recordings),
        impact_rows=_impact_rows(steps[steps["is_valid"]]),
        left_out_rows=_left_out_rows(steps, recordings, tables.rejected),
        notes=_notes(tables.references, main_site),
    )


def _sensor_name(row: Mapping[Hashable, object]) -> str:
    """Return a sensor's place in words: "left shin", "sacrum (lower back)"."""
    place = SITE_WORDS[str(row["sensor_site"])]
    return place if row["side"] == "unknown" else f"{row['side']} {place}"


def _lead(recordings: pd.DataFrame, sessions: pd.DataFrame) -> str:
    counts = recordings["sensor"].value_counts(sort=False)
    names = [str(name) if n == 1 else f"{name} ({n} recordings)" for name, n in counts.items()]
    day = sessions["date"].dropna()
    when = day.iloc[0].strftime("%d %B %Y").lstrip("0") if len(day) else "date not recorded"
    return f"{when}. Sensors: {_listed(names)}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _key_figures(sessions: pd.DataFrame, counted: pd.DataFrame) -> list[tuple[str, str, str]]:
    session = sessions.iloc[0]
    figures = [
        (
            "Running",
            _with_unit(session["duration_min"], "min", 1),
            f"{session['n_steps']} steps count",
        )
    ]
    if counted.empty:
        return figures
    cadence = 60.0 / counted["step_time_s"].median()
    contact_ms = 1000.0 * counted["contact_time_s"].median()
    contact_sd_ms = 1000.0 * counted["contact_time_sd_s"].median()
    force, force_sd = counted["peak_vgrf_bw"].median(), counted["peak_vgrf_sd_bw"].median()
    return [
        *figures,
        ("Step rate", f"{cadence:.0f} a minute", "steps of both feet"),
        (
            "Foot on the ground",
            f"{contact_ms:.0f} ms",
            _range_words(contact_ms, contact_sd_ms, 0, " ms"),
        ),
        (
            "Peak force under the foot",
            f"{force:.1f} × body weight",
            _range_words(force, force_sd, 1),
        ),
    ]


def _range_words(middle: float, sd: float, digits: int, unit: str = "") -> str:
    if not np.isfinite(sd):
        return "its error is not known"
    low, high = middle - Z90 * sd, middle + Z90 * sd
    return f"90 % range {low:.{digits}f} to {high:.{digits}f}{unit}"


def _summary(
    tables: ScreeningTables,
    counted: pd.DataFrame,
    main_site: str,
    curve: pd.DataFrame,
    exposure: ExposureSettings,
) -> list[str]:
    session = tables.sessions.iloc[0]
    if counted.empty:
        reason = no_load_reason(tables.bouts, tables.steps) or "the sensor's steps do not count"
        return [f"There is no load to report: {reason}."]
    words = [
        f"{len(counted)} steps from the {SOURCE_WORDS[main_site]} count; they cover "
        f"{100 * session['coverage_frac']:.0f} % of the running."
    ]
    if len(curve) > 1:
        words.append(_curve_words(curve, main_site))
    words.extend(_side_words(tables.session_loads, exposure))
    words.extend(_longest_words(tables.session_loads))
    return words


def _curve_words(curve: pd.DataFrame, main_site: str) -> str:
    if len(curve) < 2:
        return (
            "There are not enough steps at two speeds or more, or no speed is known, so no curve "
            "against speed is drawn."
        )
    slow, *_, fast = curve.to_dict("records")
    return (
        f"From {slow['speed_mps']:.1f} to {fast['speed_mps']:.1f} m/s the peak force under the "
        f"foot goes from {_curve_force(slow, 1)} to {_curve_force(fast, 1)} times body weight "
        f"(90 % ranges in brackets), and the step rate from "
        f"{slow['cadence_spm']:.0f} to {fast['cadence_spm']:.0f} a minute "
        f"(from the {SOURCE_WORDS[main_site]})."
    )


def _curve_rows(curve: pd.DataFrame) -> list[list[str]]:
    return [
        [
            f"{row['speed_mps']:.1f}",
            str(row["n_steps"]),
            f"{row['cadence_spm']:.0f}",
            f"{row['contact_ms']:.0f}",
            _curve_force(row, 2),
        ]
        for row in curve.to_dict("records")
    ]


def _curve_force(point: Mapping[Hashable, float], digits: int) -> str:
    reach = point["force_high_bw"] - point["force_bw"]
    return _with_reach(point["force_bw"], reach, digits)


def _with_reach(middle: float, reach: float, digits: int) -> str:
    """Write a value with its range in brackets; without the range where that is not known."""
    if not np.isfinite(middle):
        return ""
    text = f"{middle:.{digits}f}"
    if not np.isfinite(reach):
        return text
    return f"{text} ({middle - reach:.{digits}f} to {middle + reach:.{digits}f})"


def _timeline_words(timeline: pd.DataFrame) -> str:
    parts = []
    for sensor, bouts in timeline.groupby("sensor", sort=False):
        running = bouts[bouts["activity"] == "running"]
        total_s = (running["stop_s"] - running["start_s"]).sum()
        parts.append(f"{sensor}: {len(running)} stretches of running, {total_s:.0f} s in all")
    return f"What was found in the recording. {'; '.join(parts)}."


def _tissue_words(tissue_curve: pd.DataFrame) -> str:
    if tissue_curve.empty:
        return "No load by tissue could be worked out."
    parts = [
        f"{row['name']} {row['relative']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        for row in tissue_curve.to_dict("records")
    ]
    return (
        "Mean load of a step over the runner's own reference step, with its 90 % range: "
        f"{'; '.join(parts)}."
    )


def _impact_words(impacts: pd.DataFrame, recordings: pd.DataFrame) -> str:
    if impacts.empty:
        worn = (recordings["sensor_site"] == "shank").any()
        return (
            "No impact peak of the shin could be used."
            if worn
            else "No sensor was worn on the shin, so there is no impact to report."
        )
    parts = [
        f"{side} {peaks['peak_tibial_acc_g'].median():.1f} g over {len(peaks)} steps"
        for side, peaks in impacts.groupby("side")
    ]
    return (
        f"Median impact at the shin: {', '.join(parts)}. Impact tells how hard the shin is shaken "
        "at landing. It says little about the load on bone or tendon, which peaks later in the "
        "step, and is not part of it."
    )


def _side_words(session_loads: pd.DataFrame, exposure: ExposureSettings) -> list[str]:
    asymmetry = side_asymmetry(session_loads, exposure).dropna(subset=["asymmetry_low_pct"])
    clear = asymmetry[asymmetry["is_clear"].astype(bool)] if len(asymmetry) else asymmetry
    if asymmetry.empty:
        return [
            "Left and right cannot be compared: only one leg was measured, neither apart, or too "
            "little of a leg's running was seen."
        ]
    if clear.empty:
        return ["No difference between left and right is larger than the error of measurement."]
    return [
        f"Load a step on the {TISSUE_WORDS[str(row['tissue'])]} is "
        f"{abs(row['asymmetry_pct']):.0f} % higher on the "
        f"{'left' if row['asymmetry_pct'] > 0 else 'right'} "
        f"(90 % range {_span(row['asymmetry_low_pct'], row['asymmetry_high_pct'])})."
        for _, row in clear.iterrows()
    ]


def _span(low: float, high: float) -> str:
    first, last = sorted((abs(low), abs(high)))
    return f"{first:.0f} to {last:.0f} %"


def _longest_words(session_loads: pd.DataFrame) -> list[str]:
    ratios = session_loads.dropna(subset=["longest_30d_ratio"])
    if ratios.empty:
        return ["There is no earlier session within 30 days to compare this one with."]
    worst = ratios.sort_values("longest_30d_ratio").iloc[-1]
    return [
        f"Against the largest session of the 30 days before, load is "
        f"{worst['longest_30d_ratio']:.2f} times as large at most "
        f"({TISSUE_WORDS[str(worst['tissue'])]}). Above 1.10 calls for attention."
    ]


def _quality_rows(recordings: pd.DataFrame, quality: pd.DataFrame) -> list[list[str]]:
    """One row a sensor; shares are means over its recordings."""
    rows = []
    joined = recordings.merge(quality, on="recording_id", how="left", suffixes=("_stated", ""))
    for name, sensor in joined.groupby("sensor", sort=False):
        read = sensor.dropna(subset=["duration_s"])
        n_valid = int(read["n_valid_steps"].sum())
        remarks = _quality_remarks(read)
        if len(read) < len(sensor):
            remarks.append(f"{len(sensor) - len(read)} of {len(sensor)} recordings left out")
        mark = (MARK_CARE if remarks else MARK_GOOD) if n_valid else MARK_UNUSABLE
        rows.append(
            [
                str(name),
                mark,
                f"{read['sampling_rate_hz'].median():.0f}" if len(read) else "",
                _percent(read["missing_frac"].mean()),
                _percent(read["acc_clipped_frac"].mean()),
                f"{n_valid} of {int(read['n_steps'].sum())}",
                "; ".join(remarks) if remarks else "nothing to note",
            ]
        )
    return rows


def _quality_remarks(read: pd.DataFrame) -> list[str]:
    """Say what to be careful with in the recordings of one sensor."""
    means = read[
        ["missing_frac", "acc_clipped_frac", "gyr_clipped_frac", "orientation_confidence"]
    ].mean()
    few_samples = read["sampling_rate_hz"].median() < MIN_IMPACT_RATE_HZ
    on_shin = (read["sensor_site"] == "shank").any()
    n_valid, n_steps = read["n_valid_steps"].sum(), read["n_steps"].sum()
    remarks = (
        (means["missing_frac"] > MAX_MISSING_FRAC, "samples were lost"),
        (
            means["acc_clipped_frac"] > MAX_CLIPPED_FRAC,
            "the accelerometer was often at its limit",
        ),
        (means["gyr_clipped_frac"] > MAX_CLIPPED_FRAC, "the gyroscope was often at its limit"),
        (
            means["orientation_confidence"] < MIN_ORIENTATION_CONFIDENCE,
            "how the sensor was turned is uncertain",
        ),
        (
            on_shin and few_samples,
            "too few samples a second for impact peaks: they come out low",
        ),
        (n_steps > 0 and n_valid < CARE_COVERAGE * n_steps, "many steps were left out"),
    )
    return [words for applies, words in remarks if applies]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}" if np.isfinite(fraction) else ""


def _with_unit(value: float, unit: str, digits: int) -> str:
    return f"{value:.{digits}f} {unit}" if np.isfinite(value) else "none found"


def _curve(counted: pd.DataFrame, params: ScreeningReport) -> pd.DataFrame:
    """Medians in bins of speed; bins with few steps are left out."""
    columns = [
        "speed_mps",
        "n_steps",
        "cadence_spm",
        "force_bw",
        "force_low_bw",
        "force_high_bw",
        "contact_ms",
    ]
    known = counted.dropna(subset=["speed_mps", "peak_vgrf_bw"])
    rows = []
    nearest = (known["speed_mps"] / params.speed_bin_mps).round()
    for _, group in known.groupby(nearest):
        if len(group) >= params.min_steps_per_bin:
            force, sd = group["peak_vgrf_bw"].median(), group["peak_vgrf_sd_bw"].median()
            rows.append(
                (
                    group["speed_mps"].median(),
                    len(group),
                    60.0 / group["step_time_s"].median(),
                    force,
                    force - Z90 * sd,
                    force + Z90 * sd,
                    1000.0 * group["contact_time_s"].median(),
                )
            )
    return pd.DataFrame(rows, columns=columns)


def _side_rows(counted: pd.DataFrame) -> list[list[str]]:
    """One row a measured quantity: left, right, and what differs."""
    sides = {side: counted[counted["side"] == side] for side in ("left", "right")}
    quantities = (
        ("Steps that count", None, "", 0),
        ("Foot on the ground (ms)", "contact_time_s", "contact_time_sd_s", 0),
        ("Peak force (× body weight)", "peak_vgrf_bw", "peak_vgrf_sd_bw", 2),
        ("Vertical stiffness (body weights per m)", "vertical_stiffness_bwpm", "", 0),
    )
    rows = []
    for label, column, sd_column, digits in quantities:
        if column is None:
            rows.append([label, *(str(len(steps)) for steps in sides.values())])
            continue
        scale = 1000.0 if column.endswith("_s") else 1.0
        cells = []
        for steps in sides.values():
            if steps.empty:
                cells.append("")
                continue
            reach = Z90 * scale * steps[sd_column].median() if sd_column else np.nan
            cells.append(_with_reach(scale * steps[column].median(), reach, digits))
        rows.append([label, *cells])
    return rows


def _impacts(counted: pd.DataFrame) -> pd.DataFrame:
    shank = counted[counted["sensor_site"] == "shank"].dropna(subset=["peak_tibial_acc_g"])
    return shank[["side", "speed_mps", "peak_tibial_acc_g"]].reset_index(drop=True)


def _impact_rows(counted: pd.DataFrame) -> list[list[str]]:
    rows = []
    on_shin = counted[counted["sensor_site"] == "shank"]
    for name, steps in on_shin.groupby("sensor", sort=False):
        peaks = steps["peak_tibial_acc_g"].dropna()
        if peaks.empty:
            rows.append([str(name), "", "", f"0 of {len(steps)}"])
            continue
        low, middle, high = np.percentile(peaks, [5, 50, 95])
        rows.append(
            [
                str(name),
                f"{middle:.1f}",
                f"{low:.1f} to {high:.1f}",
                f"{len(peaks)} of {len(steps)}",
            ]
        )
    return rows


def _tissue_rows(session_loads: pd.DataFrame) -> list[list[str]]:
    rows = []
    for tissue in TISSUES:
        for side in ("left", "right", "unknown"):
            row = session_loads[
                (session_loads["tissue"] == tissue) & (session_loads["side"] == side)
            ]
            if row.empty or not (row["n_steps"] > 0).all():
                continue
            load = row.iloc[0]
            rows.append(
                [
                    TISSUE_WORDS[tissue],
                    "average leg" if side == "unknown" else side,
                    _range(load["load_rr"], load["load_sd_rr"]),
                    _range(load["damage_rr"], load["damage_sd_rr"]),
                    f"{100 * load['coverage_frac']:.0f}",
                ]
            )
    return rows


def _range(middle: float, sd: float) -> str:
    if not np.isfinite(middle):
        return ""
    low, high = lognormal_interval(middle, sd)
    return f"{_significant(middle)} ({_significant(float(low))} to {_significant(float(high))})"


def _significant(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _tissue_curve(
    session_loads: pd.DataFrame, references: pd.DataFrame, main_site: str
) -> pd.DataFrame:
    """Mean load of a step over the runner's own reference step, per tissue and side.

    Where a trunk sensor cannot tell the legs apart, the load is the average leg's and the steps
    are both legs'.
    """
    observed = session_loads[session_loads["n_steps"] > 0].merge(
        references[["tissue", "steps_per_side"]], on="tissue"
    )
    rows = []
    for load in observed.to_dict("records"):
        legs = 2.0 if load["side"] == "unknown" and main_site in BOTH_LEG_SITES else 1.0
        relative = legs * load["load_observed_rr"] / load["n_steps"] * load["steps_per_side"]
        low, high = lognormal_interval(relative, relative * load["load_sd_rr"] / load["load_rr"])
        side = str(load["side"])
        name = TISSUE_WORDS[str(load["tissue"])] + ("" if side == "unknown" else f", {side}")
        rows.append((name, load["tissue"], side, relative, float(low), float(high)))
    curve = pd.DataFrame(rows, columns=["name", "tissue", "side", "relative", "low", "high"])
    order = {tissue: index for index, tissue in enumerate(TISSUES)}
    return curve.dropna(subset=["relative", "low"]).sort_values(
        ["tissue", "side"], key=lambda column: column.map(order).fillna(0), ignore_index=True
    )


def _left_out_rows(
    steps: pd.DataFrame, recordings: pd.DataFrame, rejected: pd.DataFrame
) -> list[list[str]]:
    """Rejected steps by sensor and reason, then stretches and whole recordings."""
    rows: list[list[str]] = []
    for name, mine in steps.groupby("sensor", sort=False):
        counts = mine.loc[~mine["is_valid"], "reject_reason"].value_counts()
        rows.extend(
            [str(name), f"{count} of {len(mine)} steps", str(reason)]
            for reason, count in counts.items()
        )
    named = rejected.merge(recordings[["recording_id", "sensor"]], on="recording_id")
    for problem in named.to_dict("records"):
        stretch = (
            "a whole recording"
            if pd.isna(problem["start_s"])
            else f"{problem['start_s']:.1f} to {problem['stop_s']:.1f} s"
        )
        rows.append([str(problem["sensor"]), stretch, str(problem["problem"])])
    return rows


def _timeline(recordings: pd.DataFrame, bouts: pd.DataFrame) -> pd.DataFrame:
    """Bouts by sensor; several recordings of one sensor are laid one after the other."""
    parts = []
    for name, of_sensor in recordings.groupby("sensor", sort=False):
        begin_s = 0.0
        for recording_id in of_sensor["recording_id"]:
            mine = bouts[bouts["recording_id"] == recording_id]
            if mine.empty:
                continue
            parts.append(
                pd.DataFrame(
                    {
                        "sensor": str(name),
                        "start_s": mine["start_s"] + begin_s,
                        "stop_s": mine["stop_s"] + begin_s,
                        "activity": mine["activity"],
                    }
                )
            )
            begin_s += float(mine["stop_s"].max())
    columns = ["sensor", "start_s", "stop_s", "activity"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _notes(references: pd.DataFrame, main_site: str) -> list[str]:
    words = {str(name): text for name, text in SOURCES.items()}
    source = words[str(references["source"].iloc[0]) if len(references) else "none"]
    return [
        "A reference run is 30 minutes of this runner's own easy, flat running. Its step is taken "
        f"from {source}.",
        "Load adds up the force of all steps. Damage adds them up so that hard steps count far "
        "more than easy ones, as in fatigue tests of bone and tendon; its weighting is a choice "
        "that the literature supports only roughly.",
        "Forces are estimated from how long the foot is on the ground, by the "
        f"{SOURCE_WORDS[main_site]}. They compare one day with another of the same runner better "
        "than one runner with another.",
        "A 90 % range holds the true value nine times out of ten if the method errs as it did "
        "where it was checked against force plates.",
        "Impact at the shin is a different thing from load of a tissue: the two rise and fall "
        "almost independently, so impact is shown by itself and enters no load.",
        "This page supports a clinician's decision. It is no diagnosis, and research software.",
    ]
