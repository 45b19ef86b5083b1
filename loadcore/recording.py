"""One call runs the chain: inertial samples in, steps with force and tissue load out."""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore.bouts import Bouts, find_bouts
from loadcore.checks import check_signal
from loadcore.constants import (
    ACTIVITY_RUNNING,
    SIDES,
    SITES,
    STANDARD_GRAVITY_MPS2,
    TRUNK_SITES,
)
from loadcore.contact_times import Contacts, join_contacts, widen_contacts
from loadcore.contacts import ContactModels, find_contacts
from loadcore.contacts_foot import FootStretch, foot_stretches, stretch_contacts
from loadcore.force import (
    MORIN_2005,
    ForceSettings,
    duty_factor,
    peak_vertical_force,
    vertical_oscillation,
    vertical_stiffness,
)
from loadcore.impact import peak_tibial_acceleration
from loadcore.orientation import Alignment, align_gravity, align_heading
from loadcore.signals import (
    ChannelRanges,
    SignalError,
    clipped_rows,
    count_observed,
    idle_samples,
    live_columns,
)
from loadcore.steps import COUNTS, FORCE, StepLimits, StepTimes, step_times
from loadcore.timing import measure_timing, resample
from loadcore.tissue import TissueSettings, tissue_load
from loadcore.trajectory import FootStrides, stretch_trajectory

__all__ = [
    "AnalysisSettings",
    "Calibration",
    "KnownStages",
    "RecordingAnalysis",
    "SignalQuality",
    "Steps",
    "analyse_recording",
]

type FloatArray = NDArray[np.float64]

MAX_JITTER_FRACTION = 0.05
"""Time stamps that scatter by more than this share of the sample interval, or a measured rate off
by more than `MAX_RATE_ERROR`, are resampled to an even grid. Engineering choice: below it the
error of an event stays under a tenth of a sample."""
MAX_RATE_ERROR = 1e-4


@dataclass(frozen=True)
class Calibration:
    """Coefficients learned elsewhere and handed in as plain arrays; None means published values.

    Attributes
    ----------
    contacts : ContactModels, optional
        Event models per sensor site.
    """

    contacts: ContactModels | None = None


@dataclass(frozen=True)
class AnalysisSettings:
    """What a modeller may change about the chain."""

    steps: StepLimits = field(default_factory=StepLimits)
    force: ForceSettings = MORIN_2005
    tissue: TissueSettings = field(default_factory=TissueSettings)


@dataclass(frozen=True)
class KnownStages:
    """Speed and slope known from elsewhere (a treadmill, another sensor), by stretches of time.

    Attributes
    ----------
    start_s, stop_s : (n_stages,) float64 array
        Half-open stretches in seconds from the first sample.
    speed_mps, grade_pct : (n_stages,) float64 array
        NaN where only the other is known.
    """

    start_s: FloatArray
    stop_s: FloatArray
    speed_mps: FloatArray
    grade_pct: FloatArray

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return speed and grade at each time, NaN outside every stage."""
        speed = np.full(time_s.shape, np.nan)
        grade = np.full(time_s.shape, np.nan)
        for row in range(self.start_s.size):
            inside = (time_s >= self.start_s[row]) & (time_s < self.stop_s[row])
            speed[inside] = self.speed_mps[row]
            grade[inside] = self.grade_pct[row]
        return speed, grade


@dataclass(frozen=True)
class Steps:
    """One row a contact of the instrumented foot (shank, foot) or of either foot (trunk sites).

    Times are seconds from the first sample. NaN is "not observed"; no field is ever filled with
    zero. ``tissue_*`` columns follow ``constants.TISSUES``; ``reject_reason`` holds codes of
    ``steps.REJECT_REASONS``. Rejected steps keep the times they were rejected for.
    """

    side: NDArray[np.int8]
    initial_contact_s: FloatArray
    initial_contact_sd_s: FloatArray
    terminal_contact_s: FloatArray
    terminal_contact_sd_s: FloatArray
    contact_time_s: FloatArray
    contact_time_sd_s: FloatArray
    flight_time_s: FloatArray
    step_time_s: FloatArray
    duty_factor: FloatArray
    confidence: FloatArray
    speed_mps: FloatArray
    stride_length_m: FloatArray
    peak_tibial_acc_g: FloatArray
    peak_vgrf_bw: FloatArray
    peak_vgrf_sd_bw: FloatArray
    vertical_stiffness_bwpm: FloatArray
    vertical_oscillation_m: FloatArray
    tissue_peak_force_bw: FloatArray
    tissue_peak_force_sd_bw: FloatArray
    tissue_impulse_bws: FloatArray
    reject_reason: NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of steps, rejected ones included."""
        return int(self.initial_contact_s.size)


@dataclass(frozen=True)
class SignalQuality:
    """What the recording itself allows.

    Attributes
    ----------
    sampling_rate_hz, jitter_s : float
        As the time stamps say, or as stated where there are none (jitter NaN).
    duration_s, running_s : float
        Of the whole recording and of running.
    missing_frac : float
        Share of samples that were lost or are asleep (exact constants).
    acc_clipped_frac, gyr_clipped_frac : float
        Share of the running samples at the sensor's limit; NaN without running or gyroscope.
    orientation : str
        How the segment frame was found, or "given".
    orientation_confidence : float
        0 (a guess) to 1 (certain).
    """

    sampling_rate_hz: float
    jitter_s: float
    duration_s: float
    running_s: float
    missing_frac: float
    acc_clipped_frac: float
    gyr_clipped_frac: float
    orientation: str
    orientation_confidence: float


@dataclass(frozen=True)
class RecordingAnalysis:
    """Everything the chain found in one recording.

    Attributes
    ----------
    strides : FootStrides or None
        Walking and running strides of a foot sensor with a gyroscope, else None. Samples count on
        the even grid that the analysis ran on, `grid_rate_hz` a second.
    """

    steps: Steps
    bouts: Bouts
    strides: FootStrides | None
    quality: SignalQuality
    grid_rate_hz: float


@dataclass(frozen=True)
class _EvenSignal:
    """Samples on an even grid; missing ones are NaN, and clipping is marked.

    ``gyr_ranges`` are told where nothing was missing, and nothing was changed.
    """

    acc: FloatArray
    gyr: FloatArray | None
    rate_hz: float
    acc_clipped: NDArray[np.bool_]
    gyr_clipped: NDArray[np.bool_]
    jitter_s: float
    gyr_ranges: ChannelRanges | None


def analyse_recording(
    acc_mps2: ArrayLike,
    gyr_radps: ArrayLike | None,
    *,
    sampling_rate_hz: float,
    site: str,
    side: str = "unknown",
    frame: str = "sensor",
    time_s: ArrayLike | None = None,
    acc_range_g: float | None = None,
    gyr_range_dps: float | None = None,
    known: KnownStages | None = None,
    settings: AnalysisSettings | None = None,
    calibration: Calibration | None = None,
) -> RecordingAnalysis:
    """Find the running in a recording, its steps, their forces and what they load.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) array_like
        Specific force, gravity included. A lost sample is a row of NaN; an axis that the sensor
        lacks is a column of NaN (then ``frame`` has to be "segment").
    gyr_radps : (n_samples, 3) array_like, optional
        Angular velocity.
    sampling_rate_hz : float
        Nominal rate. Time stamps, where given, win.
    site, side : str
        Names of ``constants.SITES`` and ``constants.SIDES``.
    frame : str
        "sensor" (any orientation; it is found) or "segment" (+x anterior, +y up, +z right).
    time_s : (n_samples,) array_like, optional
        Strictly increasing seconds, with jitter and gaps as they came.
    acc_range_g, gyr_range_dps : float, optional
        Full scale; clipping is also found without.
    known : KnownStages, optional
        Speed and slope from elsewhere; used where the recording does not tell.
    settings, calibration : optional
        Published values where None.

    Returns
    -------
    RecordingAnalysis
        Without running: empty steps, and the bouts that were found instead.

    Raises
    ------
    loadcore.signals.SignalError
        With every problem that makes the recording unusable.
    """
    settings = settings or AnalysisSettings()
    problems = _label_problems(site, side, frame)
    try:
        ranges = check_signal(acc_mps2, sampling_rate_hz, gyr_radps, time_s)
    except SignalError as error:
        raise SignalError(*problems, *error.problems) from error
    if problems:
        raise SignalError(*problems)
    clipped = _clipped(acc_mps2, gyr_radps, acc_range_g, gyr_range_dps, ranges)
    even = _even_signal(acc_mps2, gyr_radps, time_s, sampling_rate_hz, clipped, ranges)
    bouts = find_bouts(even.acc, even.rate_hz, site, even.gyr)
    running = _running_samples(bouts, even.acc.shape[0])
    stretches = []
    if site == "foot":
        stretches = foot_stretches(even.acc, even.gyr, even.rate_hz, even.gyr_ranges)
    rotation, orientation, confidence = _orientation(even, site, frame, running, stretches)
    strides = None
    if site == "foot" and even.gyr is not None:
        strides = _foot_strides(stretches, even.rate_hz)
    contacts, times = _running_steps(
        even, rotation, site, side, bouts, stretches, settings, calibration, confidence
    )
    return RecordingAnalysis(
        steps=_load_steps(contacts, times, even, rotation, site, strides, known, settings),
        bouts=bouts,
        strides=strides,
        quality=_quality(even, running, orientation, confidence),
        grid_rate_hz=even.rate_hz,
    )


def _label_problems(site: str, side: str, frame: str) -> list[str]:
    return [
        f"{name} is {value!r}; expected one of {', '.join(allowed)}"
        for name, value, allowed in (
            ("site", site, SITES),
            ("side", side, SIDES),
            ("frame", frame, ("sensor", "segment")),
        )
        if value not in allowed
    ]


def _clipped(
    acc: ArrayLike,
    gyr: ArrayLike | None,
    acc_range_g: float | None,
    gyr_range_dps: float | None,
    ranges: tuple[ChannelRanges, ChannelRanges | None],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mark the samples at which either sensor is at a rail."""
    acc_limit = None if acc_range_g is None else acc_range_g * STANDARD_GRAVITY_MPS2
    gyr_limit = None if gyr_range_dps is None else float(np.deg2rad(gyr_range_dps))
    force = clipped_rows(acc, acc_limit, ranges[0])
    if gyr is None:
        return force, np.zeros(force.size, dtype=np.bool_)
    return force, clipped_rows(gyr, gyr_limit, ranges[1])


def _even_signal(
    acc: ArrayLike,
    gyr: ArrayLike | None,
    time_s: ArrayLike | None,
    nominal_hz: float,
    clipped: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    ranges: tuple[ChannelRanges, ChannelRanges | None],
) -> _EvenSignal:
    """Take exact constants as missing, and resample if the stamps ask for it."""
    gyr_ranges = (
        ranges[1] if ranges[0].is_complete and ranges[1] and ranges[1].is_complete else None
    )
    acc = np.ascontiguousarray(acc, dtype=np.float64)
    gyr = None if gyr is None else np.ascontiguousarray(gyr, dtype=np.float64)
    if gyr is not None and not live_columns(gyr).any():
        gyr = None
    acc_clipped, gyr_clipped = clipped
    asleep = idle_samples(acc, nominal_hz)
    if asleep.any():
        acc = np.where(asleep[:, None], np.nan, acc)  # a copy: the caller's array stays
        gyr_ranges = None
    rate_hz, jitter_s = nominal_hz, float("nan")
    if time_s is not None:
        stamps = np.asarray(time_s, dtype=np.float64)
        timing = measure_timing(stamps)
        jitter_s = timing.jitter_s
        uneven = jitter_s * nominal_hz > MAX_JITTER_FRACTION or timing.n_gaps > 0
        if uneven:
            gyr_ranges = None
            grid_s, acc = resample(acc, stamps, nominal_hz)
            if gyr is not None:
                gyr = resample(gyr, stamps, nominal_hz)[1]
            acc_clipped = _marks_on_grid(acc_clipped, stamps, grid_s)
            gyr_clipped = _marks_on_grid(gyr_clipped, stamps, grid_s)
        elif abs(timing.sampling_rate_hz / nominal_hz - 1.0) > MAX_RATE_ERROR:
            rate_hz = timing.sampling_rate_hz
    return _EvenSignal(acc, gyr, rate_hz, acc_clipped, gyr_clipped, jitter_s, gyr_ranges)


def _marks_on_grid(
    marks: NDArray[np.bool_], stamps_s: FloatArray, grid_s: FloatArray
) -> NDArray[np.bool_]:
    """Carry marks of single samples to the nearest sample of the even grid."""
    out = np.zeros(grid_s.size, dtype=np.bool_)
    if marks.any() and grid_s.size > 1:
        step_s = grid_s[1] - grid_s[0]
        nearest = np.rint((stamps_s[marks] - grid_s[0]) / step_s).astype(np.int64)
        out[np.clip(nearest, 0, grid_s.size - 1)] = True
    return out


def _running_samples(bouts: Bouts, n_samples: int) -> NDArray[np.bool_]:
    running = np.zeros(n_samples, dtype=np.bool_)
    for row in np.flatnonzero(bouts.activity == ACTIVITY_RUNNING):
        running[bouts.start_sample[row] : bouts.stop_sample[row]] = True
    return running


def _orientation(
    even: _EvenSignal,
    site: str,
    frame: str,
    running: NDArray[np.bool_],
    stretches: list[FootStretch],
) -> tuple[FloatArray | None, str, float]:
    """Rotation to the segment frame (None: none needed), how it was found and how surely."""
    if frame == "segment":
        return None, "given", 1.0
    if not running.any():
        return None, "not needed: no running", float("nan")
    gravity = align_gravity(even.acc, even.rate_hz, running)
    if site == "foot" and even.gyr is not None:
        rotation, confidence = _foot_rotation(stretches, running, gravity)
        return rotation, f"{gravity.method}, pitch axis", confidence
    heading = align_heading(even.acc, even.gyr, even.rate_hz, site, gravity, running)
    return heading.rotation, f"{gravity.method}, {heading.method}", heading.confidence


def _foot_rotation(
    stretches: list[FootStretch], running: NDArray[np.bool_], gravity: Alignment
) -> tuple[FloatArray, float]:
    """Turn a levelled foot sensor so that +z is the axis about which the foot swings forward.

    The axis and its sign come from the stances (`contacts_foot.find_stances`) of the stretch with
    the most running: a sign from the rate's own distribution fails, because a foot turns about as
    fast both ways.
    """
    n_running = [int(running[part.start_sample : part.stop_sample].sum()) for part in stretches]
    axis = np.full(3, np.nan)
    if stretches:
        axis = stretches[int(np.argmax(n_running))].stances.pitch_axis
    if not np.isfinite(axis).all():
        raise SignalError(
            f"no stance was found in {int(running.sum())} samples of running: is the sensor on "
            "the foot? Check the sensor site"
        )
    up = gravity.rotation[1]
    level = axis - (axis @ up) * up
    right = level / np.linalg.norm(level)
    rotation = np.vstack((np.cross(up, right), up, right))
    return rotation, gravity.confidence * float(np.linalg.norm(level))


def _foot_strides(stretches: list[FootStretch], rate_hz: float) -> FootStrides:
    """Strides of every stretch, numbered on the whole recording's samples."""
    parts = []
    for stretch in stretches:
        part = stretch_trajectory(stretch, rate_hz)
        columns = dict(vars(part))
        columns["start_sample"] = part.start_sample + stretch.start_sample
        columns["stop_sample"] = part.stop_sample + stretch.start_sample
        parts.append(FootStrides(**columns))
    return FootStrides(
        *(
            np.concatenate([getattr(part, column.name) for part in parts] or [np.empty(0)])
            for column in fields(FootStrides)
        )
    )


def _running_steps(
    even: _EvenSignal,
    rotation: FloatArray | None,
    site: str,
    side: str,
    bouts: Bouts,
    stretches: list[FootStretch],
    settings: AnalysisSettings,
    calibration: Calibration | None,
    orientation_confidence: float,
) -> tuple[Contacts, StepTimes]:
    """Contacts and step times of every running bout; a step never spans two bouts."""
    models = calibration.contacts if calibration is not None else None
    whole = None
    if stretches:
        shift = None if models is None else models.foot
        whole = stretch_contacts(stretches, even.rate_hz, np.int8(SIDES.index(side)), shift)
    parts = []
    for row in np.flatnonzero(bouts.activity == ACTIVITY_RUNNING):
        start, stop = int(bouts.start_sample[row]), int(bouts.stop_sample[row])
        signal = (even.acc, even.gyr, even.rate_hz, site, side)
        known = (models, whole, rotation)
        parts.append(
            find_contacts(*signal, start, stop, *known, is_complete=even.gyr_ranges is not None)
        )
    contacts = join_contacts(parts)
    contacts = widen_contacts(contacts, even.rate_hz, even.acc_clipped, orientation_confidence)
    bout = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    sees_both_feet = site in TRUNK_SITES
    return contacts, step_times(
        contacts, sees_both_feet=sees_both_feet, limits=settings.steps, bout=bout
    )


def _load_steps(
    contacts: Contacts,
    times: StepTimes,
    even: _EvenSignal,
    rotation: FloatArray | None,
    site: str,
    strides: FootStrides | None,
    known: KnownStages | None,
    settings: AnalysisSettings,
) -> Steps:
    """Force, stiffness and tissue load of each step, and what else the site tells."""
    start_s = contacts.initial_contact_s
    speed_mps, grade_pct = (
        known.at(start_s) if known else (np.full(start_s.shape, np.nan) for _ in range(2))
    )
    stride_length_m = np.full(start_s.shape, np.nan)
    if strides is not None:
        stride_length_m, own_speed = _stride_of_step(strides, start_s, even.rate_hz)
        speed_mps = np.where(np.isfinite(own_speed), own_speed, speed_mps)
    # What a rejected step was rejected for stays; nothing is derived from it.
    counts = times.reject_reason == COUNTS
    contact_time_s = np.where(counts, times.contact_time_s, np.nan)
    flight_time_s = np.where(counts, times.flight_time_s, np.nan)
    force = peak_vertical_force(
        contact_time_s,
        flight_time_s,
        times.contact_time_sd_s,
        times.step_time_sd_s,
        settings.force,
        grade_pct,
    )
    load = tissue_load(
        force.peak_vgrf_bw,
        force.step_sd_bw,
        force.shared_sd_bw,
        contact_time_s,
        speed_mps=speed_mps,
        grade_pct=grade_pct,
        settings=settings.tissue,
    )
    impact_g = np.full(start_s.shape, np.nan)
    if site == "shank":
        impact_g = peak_tibial_acceleration(
            even.acc, start_s, even.rate_hz, clipped=even.acc_clipped, rotation=rotation
        ).peak_g
    refused = force.is_refused | load.is_refused.any(axis=1)
    reason = np.where(counts & refused, FORCE, times.reject_reason)
    # Where one tissue's force cannot be, the force that it comes from is not to be trusted either.
    contact_time_s = np.where(refused, np.nan, contact_time_s)
    flight_time_s = np.where(refused, np.nan, flight_time_s)

    def unless_refused(values: FloatArray) -> FloatArray:
        return np.where(refused.reshape(-1, *[1] * (values.ndim - 1)), np.nan, values)

    return Steps(
        side=contacts.side,
        initial_contact_s=start_s,
        initial_contact_sd_s=contacts.initial_contact_sd_s,
        terminal_contact_s=contacts.terminal_contact_s,
        terminal_contact_sd_s=contacts.terminal_contact_sd_s,
        contact_time_s=times.contact_time_s,
        contact_time_sd_s=times.contact_time_sd_s,
        flight_time_s=times.flight_time_s,
        step_time_s=times.step_time_s,
        duty_factor=duty_factor(times.contact_time_s, times.step_time_s),
        confidence=contacts.confidence,
        speed_mps=speed_mps,
        stride_length_m=stride_length_m,
        peak_tibial_acc_g=impact_g,
        peak_vgrf_bw=unless_refused(force.peak_vgrf_bw),
        peak_vgrf_sd_bw=unless_refused(force.sd_bw),
        vertical_stiffness_bwpm=vertical_stiffness(
            force.peak_vgrf_bw, contact_time_s, flight_time_s
        ),
        vertical_oscillation_m=vertical_oscillation(contact_time_s, flight_time_s),
        tissue_peak_force_bw=unless_refused(load.peak_force_bw),
        tissue_peak_force_sd_bw=unless_refused(load.sd_bw),
        tissue_impulse_bws=unless_refused(load.impulse_bws),
        reject_reason=reason.astype(np.int8),
    )


def _stride_of_step(
    strides: FootStrides, initial_contact_s: FloatArray, rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Length and speed of the stride that ends in each contact's stance, NaN where none does."""
    length = np.full(initial_contact_s.shape, np.nan)
    speed = np.full(initial_contact_s.shape, np.nan)
    if not len(strides):
        return length, speed
    start_s, stop_s = strides.start_sample / rate_hz, strides.stop_sample / rate_hz
    row = np.searchsorted(stop_s, initial_contact_s)
    known = row < stop_s.size
    row = np.minimum(row, stop_s.size - 1)
    known &= (initial_contact_s > start_s[row]) & (initial_contact_s <= stop_s[row])
    length[known] = strides.stride_length_m[row[known]]
    speed[known] = strides.speed_mps[row[known]]
    return length, speed


def _quality(
    even: _EvenSignal, running: NDArray[np.bool_], orientation: str, confidence: float
) -> SignalQuality:
    n = even.acc.shape[0]
    n_running = int(np.count_nonzero(running))

    def share(clipped: NDArray[np.bool_]) -> float:
        return np.count_nonzero(clipped & running) / n_running if n_running > 0 else np.nan

    return SignalQuality(
        sampling_rate_hz=even.rate_hz,
        jitter_s=even.jitter_s,
        duration_s=n / even.rate_hz,
        running_s=n_running / even.rate_hz,
        missing_frac=0.0 if even.gyr_ranges else 1.0 - count_observed(even.acc) / n,
        acc_clipped_frac=share(even.acc_clipped),
        gyr_clipped_frac=np.nan if even.gyr is None else share(even.gyr_clipped),
        orientation=orientation,
        orientation_confidence=confidence,
    )
