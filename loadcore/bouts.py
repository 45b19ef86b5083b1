"""Running against walking, standing and everything else.

One rule for all sites, free of orientation: what running does to the *size* of specific force.
The envelope (size, averaged to about 50 Hz) gives, every quarter of a second, how far specific
force strays from gravity (agitation) and, by autocorrelation, the stride period. Agitation times
stride frequency squared is the running score: fast running is agitated, slow jogging is not but
keeps its cadence, brisk walking and stairs may be agitated but are slow.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.constants import (
    ACTIVITIES,
    ACTIVITY_OTHER,
    ACTIVITY_RUNNING,
    ACTIVITY_STILL,
    ACTIVITY_UNKNOWN,
    ACTIVITY_WALKING,
    SITES,
    STANDARD_GRAVITY_MPS2,
    TRUNK_SITES,
)
from loadcore.signals import (
    MAX_SAMPLING_RATE_HZ,
    MIN_SAMPLING_RATE_HZ,
    SignalError,
    idle_samples,
    live_columns,
    median_of,
)

__all__ = [
    "BoutSettings",
    "Bouts",
    "GaitFrames",
    "activity_per_second",
    "find_bouts",
    "gait_frames",
    "step_frequency_per_second",
]

type FloatArray = NDArray[np.float64]
type SingleArray = NDArray[np.float32]
type BoolArray = NDArray[np.bool_]
type IntArray = NDArray[np.int64]
type CodeArray = NDArray[np.int8]

ENVELOPE_HZ: Final = 50.0
"""Rate of the envelope, from which agitation comes. Engineering choice: thresholds do not depend
on the sensor's rate, and a contact still shows its impact."""
WAVE_HZ: Final = 25.0
"""Rate at which the envelope is correlated with itself. Engineering choice: keeps the first six
harmonics of a running stride, which is all that its period needs."""
ENVELOPE_CHUNK: Final = 128
"""Blocks whose sizes are worked out at a time. Engineering choice: up to 1 kHz they stay in the
first cache."""
FRAME_S: Final = 0.25
"""Step between decisions. Engineering choice: a third of a running stride."""
TREND_S: Final = 1.0
"""Span of the moving mean that is taken off the envelope before autocorrelation. Engineering
choice: one stride."""
WINDOW_S: Final = 2.0
"""Span of one autocorrelation. Engineering choice: two walking or three running strides, and no
more, because bouts of running between walks can be as short."""
AGITATION_S: Final = 1.25
"""Span over which agitation is averaged. Engineering choice: a slow stride, so that no part of a
stride weighs twice."""

MAX_BRIDGED_S: Final = 0.5
"""Longest gap that takes part in what surrounds it. Engineering choice: less than a running
stride. Radio links lose bursts of samples about once a second; they do not end a run."""
BRIDGE_S: Final = 1.25
"""What surrounds a gap, on each side. Engineering choice: a slow stride."""
NEGLIGIBLE_ENERGY: Final = 1e-6
"""Squares that sum to less are rounding, (m/s²)²."""

MIN_LAG_S: Final = 0.24
"""Shortest lag that is correlated: half the shortest stride, for the step at trunk sites."""
STRIDE_S: Final = (0.48, 1.60)
"""Stride periods of gait, from sprinting at 4.2 steps/s (strides of 0.53 s at 5 to 6 m/s are
genuine in gdlbio_foot) to slow walking at 1.25 steps/s."""
LEG_PEAK_TOLERANCE: Final = 0.10
"""The shortest lag whose correlation comes this close to the best is the stride; longer ones are
its multiples. Engineering choice."""
TRUNK_PEAK_TOLERANCE: Final = 0.30
"""The same at trunk sites, where a lopsided sensor favours every second stride and the step lag
already guards against half strides. Engineering choice."""


@dataclass(frozen=True)
class Bouts:
    """Stretches of one activity, in time order, without overlap.

    Attributes
    ----------
    start_sample, stop_sample : (n_bouts,) int64 array
        Half-open sample range of each bout.
    activity : (n_bouts,) int8 array
        Codes of ``constants.ACTIVITIES``.
    step_frequency_hz : (n_bouts,) float64 array
        Steps of both feet a second; NaN where the activity has no steps.
    confidence : (n_bouts,) float64 array
        0 (a guess) to 1 (certain).
    """

    start_sample: NDArray[np.int64]
    stop_sample: NDArray[np.int64]
    activity: NDArray[np.int8]
    step_frequency_hz: NDArray[np.float64]
    confidence: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BoutSettings:
    """Thresholds of :func:`find_bouts`.

    Attributes
    ----------
    run_score : float
        Running score, in g per second squared, from which a frame is running.
    run_hysteresis : float
        Running goes on down to this share of ``run_score``.
    min_periodicity : float
        Autocorrelation at the stride lag from which movement is gait.
    min_run_periodicity : float
        Mean of it over a stretch of running, below which the stretch is not believed.
    min_run_s : float
        Shorter running is not believed, unless it reaches the edge of what was observed.
    max_break_s : float
        Shorter breaks inside running belong to it.
    still_g : float
        Envelope steadier than this is still.
    still_radps : float
        With a gyroscope, still also means turning slower than this.
    """

    run_score: float
    run_hysteresis: float = 0.85
    min_periodicity: float = 0.4
    min_run_periodicity: float = 0.73
    min_run_s: float = 5.0
    max_break_s: float = 0.5
    still_g: float = 0.03
    still_radps: float = 0.3

    @classmethod
    def for_site(cls, site: str) -> "BoutSettings":
        """Return the settings of a sensor site.

        Parameters
        ----------
        site : str
            One of ``constants.SITES``.

        Raises
        ------
        SignalError
            If the site is unknown.
        """
        if site not in SITES:
            raise SignalError(f"site is {site!r}; expected one of {', '.join(SITES)}")
        if site == "foot":
            return cls(
                run_score=FOOT_RUN_SCORE,
                min_run_periodicity=0.0,
                min_run_s=FOOT_MIN_RUN_S,
                max_break_s=FOOT_MAX_BREAK_S,
            )
        return cls(run_score=TRUNK_RUN_SCORE if site in TRUNK_SITES else SHANK_RUN_SCORE)


FOOT_RUN_SCORE: Final = 1.35
"""From the even-numbered half of gdlbio_foot's trials (one runner)."""
FOOT_MIN_RUN_S: Final = 2.0
FOOT_MAX_BREAK_S: Final = 1.0
"""From the same half: a foot separates running from walking so well, and that runner changed
between them so often, that neither long runs nor a steady rhythm can be demanded."""
SHANK_RUN_SCORE: Final = 1.25
"""Engineering choice: a little below the foot, whose lever arm about the hip is longer. The
other defaults of shank and trunk are as well: a flight of stairs taken at speed looks like
running for 3 to 4 s and is less regular (0.69 over the worst descent of harlab_ankle_jog, 0.78
over the least regular run of adeptdata_run's hip)."""
TRUNK_RUN_SCORE: Final = 0.70
"""From the hip sensor of adeptdata_run (one runner): well between running (1.1 and more) and
walking (0.3), nearer to walking because rehabilitation begins with slow jogging."""
CENSORED_MIN_RUN_S: Final = 2.0
"""Shortest running believed where it reaches a gap or the recording's edge, so that its real
length is not known. Engineering choice: the span of one autocorrelation."""


@dataclass(frozen=True)
class GaitFrames:
    """What :func:`find_bouts` decides from, one row a frame.

    Attributes
    ----------
    samples_per_frame : int
        Frame ``i`` covers samples ``[i, i + 1) * samples_per_frame``.
    agitation_g : (n_frames,) float64 array
        Mean distance of the size of specific force from gravity, over a stride; NaN in gaps.
    frame_agitation_g : (n_frames,) float64 array
        The same within the frame alone; NaN where most of it is missing.
    unsteadiness_g : (n_frames,) float64 array
        Mean distance of the smoothed envelope from its own moving mean.
    stride_s : (n_frames,) float64 array
        Stride period; NaN without a peak in the autocorrelation.
    periodicity : (n_frames,) float64 array
        Autocorrelation there, at trunk sites less what contradicts it at the step; NaN likewise.
    """

    samples_per_frame: int
    agitation_g: FloatArray
    frame_agitation_g: FloatArray
    unsteadiness_g: FloatArray
    stride_s: FloatArray
    periodicity: FloatArray


@kernel
def _size(x: FloatArray, row: int) -> float:
    """Return the length of one row of three."""
    return math.sqrt(x[row, 0] ** 2 + x[row, 1] ** 2 + x[row, 2] ** 2)


@kernel
def _mean_size(x: FloatArray, start: int, stop: int) -> float:
    """Return the mean length of the observed rows in a range; NaN without any."""
    total, count = 0.0, 0
    for row in range(start, stop):
        if math.isfinite(_size(x, row)):
            total += _size(x, row)
            count += 1
    return total / count if count > 0 else math.nan


@kernel
def _sizes(flat: FloatArray, out: FloatArray) -> None:
    """Write the length of each three values; one root does not wait for another."""
    for i in range(out.size):
        a, b, c = flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]
        out[i] = math.sqrt(a * a + b * b + c * c)


@kernel
def _envelope(x: FloatArray, block: int) -> FloatArray:
    """Return the mean size of the observed rows of each block."""
    envelope, flat = np.empty(x.shape[0] // block), x.reshape(x.size)
    size = np.empty(ENVELOPE_CHUNK * block)
    for start in range(0, envelope.size, ENVELOPE_CHUNK):
        stop = min(start + ENVELOPE_CHUNK, envelope.size)
        _sizes(flat[3 * start * block : 3 * stop * block], size[: (stop - start) * block])
        for i in range(start, stop):
            total = 0.0
            for k in range((i - start) * block, (i - start + 1) * block):
                total += size[k]
            envelope[i] = total / block
            if not math.isfinite(total):
                envelope[i] = _mean_size(x, i * block, (i + 1) * block)
    return envelope


@kernel
def _pooled(x: FloatArray, pool: int) -> FloatArray:
    """Return the mean of the observed values of each ``pool``; NaN without any."""
    means = np.full(x.size // pool, math.nan)
    for i in range(means.size):
        total, count = 0.0, 0
        for k in range(i * pool, (i + 1) * pool):
            total += x[k]
        if not math.isnan(total):
            means[i] = total / pool
            continue
        total = 0.0
        for k in range(i * pool, (i + 1) * pool):
            if not math.isnan(x[k]):
                total += x[k]
                count += 1
        if count > 0:
            means[i] = total / count
    return means


@kernel
def _frame_means(x: FloatArray, frame: int, centre: float) -> FloatArray:
    """Return the mean distance from ``centre`` in each frame; NaN if most of it is missing."""
    means = np.full(x.size // frame, math.nan)
    for i in range(means.size):
        total, count = 0.0, 0
        for k in range(i * frame, (i + 1) * frame):
            if not math.isnan(x[k]):
                total += abs(x[k] - centre)
                count += 1
        if 2 * count >= frame:
            means[i] = total / count
    return means


@kernel
def _wave(x: FloatArray, half: int) -> FloatArray:
    """Subtract the mean of the ``half`` neighbours on each side, then smooth; missing is zero.

    The binomial filter (-3 dB at 0.18 of the rate) rounds impact peaks, so that a parabola finds
    the top of the autocorrelation between samples without bias.
    """
    rough = np.zeros(x.size)
    total, count = 0.0, 0
    for i in range(x.size + half):
        if i < x.size and not math.isnan(x[i]):
            total += x[i]
            count += 1
        gone = i - 2 * half - 1
        if gone >= 0 and not math.isnan(x[gone]):
            total -= x[gone]
            count -= 1
        centre = i - half
        if centre >= 0 and not math.isnan(x[centre]):
            rough[centre] = x[centre] - total / count
    smooth = np.empty(x.size)
    for i in range(x.size):
        smooth[i] = rough[i]
    for i in range(1, x.size - 1):
        smooth[i] = 0.25 * rough[i - 1] + 0.5 * rough[i] + 0.25 * rough[i + 1]
    return smooth


class _LagPlan(NamedTuple):
    """What is correlated, in samples of the wave; the window in frames."""

    frame: int
    first: int
    shortest_stride: int
    n_lags: int
    half_window: int


class _Window(NamedTuple):
    """Half-open range of frames."""

    start: int
    stop: int


@kernel
def _lag_products(x: SingleArray, plan: _LagPlan) -> SingleArray:
    """Sum x[i] * x[i + lag] over the i of each frame, in single precision: it is the largest table.

    The inner loop runs over lags: it carries no sum, so the compiler can do several at once, and
    two samples share the reading and writing of a lag's sum. Missing lags at the end stay zero.
    """
    products = np.zeros((x.size // plan.frame, plan.n_lags), dtype=np.float32)
    padded = np.zeros(x.size + plan.first + plan.n_lags + 1, dtype=np.float32)
    for i in range(x.size):
        padded[i] = x[i]
    for frame in range(products.shape[0]):
        row, stop = products[frame], (frame + 1) * plan.frame
        for i in range(frame * plan.frame, stop, 2):
            a, b = padded[i], padded[i + 1] if i + 1 < stop else np.float32(0.0)
            ahead = padded[i + plan.first : i + plan.first + plan.n_lags + 1]
            for k in range(plan.n_lags):
                row[k] = (row[k] + a * ahead[k]) + b * ahead[k + 1]
    return products


@kernel
def _lost_energy(x: FloatArray, missing: BoolArray, plan: _LagPlan) -> SingleArray:
    """Sum, in the shape of the products, the squares whose partner is missing; no rows for none."""
    n_frames, any_missing = x.size // plan.frame, False
    for i in range(missing.size):
        any_missing |= missing[i]
    lost = np.zeros((n_frames if any_missing else 0, plan.n_lags), dtype=np.float32)
    for i in range(missing.size):
        for k in range(plan.n_lags if missing[i] else 0):
            later, sooner = i + plan.first + k, i - plan.first - k
            if later < x.size and i < n_frames * plan.frame:
                lost[i // plan.frame, k] += x[later] ** 2
            if 0 <= sooner < n_frames * plan.frame:
                lost[sooner // plan.frame, k] += x[sooner] ** 2
    return lost


@kernel
def _padded_energy(x: FloatArray, pad: int) -> FloatArray:
    """Return the sum of squares before each sample, and ``pad`` times the whole sum after."""
    energy = np.zeros(x.size + 1 + pad)
    for i in range(x.size):
        energy[i + 1] = energy[i] + x[i] * x[i]
    for i in range(x.size + 1, energy.size):
        energy[i] = energy[x.size]
    return energy


@kernel
def _move_window(rows: SingleArray, total: FloatArray, old: _Window, new: _Window) -> None:
    """Keep the sum of the window's rows while it moves ahead; nothing to do without rows."""
    if rows.shape[0] > 0:
        for i in range(old.stop, new.stop):
            row = rows[i]
            for k in range(total.size):
                total[k] += row[k]
        for i in range(old.start, new.start):
            row = rows[i]
            for k in range(total.size):
                total[k] -= row[k]


@kernel
def _normalise(
    products: FloatArray,
    lost: FloatArray,
    energy: FloatArray,
    window: _Window,
    plan: _LagPlan,
    out: FloatArray,
) -> None:
    """Divide products by the energy they could have had: 1 for a perfect repetition."""
    start, stop = window.start * plan.frame, window.stop * plan.frame
    own = energy[stop] - energy[start] + NEGLIGIBLE_ENERGY
    later, sooner = energy[stop + plan.first :], energy[start + plan.first :]
    for k in range(plan.n_lags):
        out[k] = 2.0 * products[k] / (own + later[k] - sooner[k] - lost[k])


@kernel
def _best_peak(score: FloatArray, lo: int, tolerance: float) -> int:
    """Return the first local maximum from ``lo`` that comes near the highest one; -1 if none.

    Seen from the end, each that comes near the highest so far replaces the one before, and so
    does a new highest.
    """
    best, first = -math.inf, -1
    for k in range(score.size - 2, max(lo, 1) - 1, -1):
        if score[k] > score[k - 1] and score[k] >= score[k + 1]:
            best = max(best, score[k])
            if score[k] >= best - tolerance:
                first = k
    return first


@kernel
def _vertex(left: float, middle: float, right: float) -> float:
    """Return the offset of a parabola's vertex from the middle of three points."""
    curvature = left - 2.0 * middle + right
    return 0.5 * (left - right) / curvature if curvature < 0.0 else 0.0


@kernel
def _contradict_half_strides(score: FloatArray, correlation: FloatArray, first_lag: int) -> None:
    """Write each correlation, lowered by a negative one at half of its lag.

    A trunk sensor sees both legs, so half the stride, the step, must not correlate negatively;
    without this a walking step passes for a sprinting stride.
    """
    for k in range(score.size):
        score[k] = correlation[k]
    for k in range(first_lag, score.size, 2):  # two lags have their half in one
        against = min(correlation[(k - first_lag) // 2], 0.0)
        score[k] += against
        if k + 1 < score.size:
            score[k + 1] += against


@kernel
def _stride_lags(
    products: SingleArray, lost: SingleArray, energy: FloatArray, plan: _LagPlan, both_legs: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the stride lag around each frame, and the normalised autocorrelation there.

    A window of frames slides along (McLeod & Wyvill 2005), shifted so that the pair (i, i + lag)
    straddles its frame at a usual lag.
    """
    n_frames, n_lags = products.shape
    lag, height = np.full(n_frames, math.nan), np.full(n_frames, math.nan)
    product, unpaired = np.zeros(n_lags), np.zeros(n_lags)
    correlation = np.empty(n_lags)
    score = np.empty(n_lags) if both_legs else correlation
    tolerance = TRUNK_PEAK_TOLERANCE if both_legs else LEG_PEAK_TOLERANCE
    shift = (plan.first + n_lags // 2) // (2 * plan.frame)
    old = _Window(0, 0)
    for i in range(n_frames):
        stop = max(old.stop, min(n_frames, i - shift + plan.half_window + 1))
        new = _Window(max(0, min(stop, i - shift - plan.half_window)), stop)
        _move_window(products, product, old, new)
        _move_window(lost, unpaired, old, new)
        old = new
        _normalise(product, unpaired, energy, new, plan, correlation)
        if both_legs:
            _contradict_half_strides(score, correlation, plan.first)
        k = _best_peak(score, plan.shortest_stride - plan.first, tolerance)
        if k >= 0:
            lag[i] = (
                plan.first + k + _vertex(correlation[k - 1], correlation[k], correlation[k + 1])
            )
            height[i] = score[k]
    return lag, height


@kernel
def _centred_mean(x: FloatArray, half: int, max_gap: int) -> FloatArray:
    """Average each value with its observed neighbours; gaps longer than ``max_gap`` stay.

    The window keeps its full width at both ends, where a part of a stride would mislead.
    """
    out = np.full(x.size, math.nan)
    gap = 0
    for i in range(x.size):
        gap = gap + 1 if math.isnan(x[i]) else 0
        total, count = 0.0, 0
        first = max(0, min(i - half, x.size - 2 * half - 1))
        for k in range(first, min(x.size, first + 2 * half + 1)):
            if not math.isnan(x[k]):
                total += x[k]
                count += 1
        if count > 0:
            out[i] = total / count
        if gap == max_gap + 1:
            out[i - max_gap : i] = math.nan
        if gap > max_gap:
            out[i] = math.nan
    return out


def _check_input(acc_mps2: ArrayLike, sampling_rate_hz: float) -> FloatArray:
    acc = np.ascontiguousarray(acc_mps2, dtype=np.float64)
    if acc.ndim != 2 or acc.shape[1] != 3:
        raise SignalError(
            f"acc_mps2 has shape {acc.shape}; expected (n, 3), with NaN for a missing axis"
        )
    if not MIN_SAMPLING_RATE_HZ <= sampling_rate_hz <= MAX_SAMPLING_RATE_HZ:
        raise SignalError(
            f"sampling_rate_hz is {sampling_rate_hz}; expected {MIN_SAMPLING_RATE_HZ:g} to "
            f"{MAX_SAMPLING_RATE_HZ:g}"
        )
    return acc


def _bridged(x: FloatArray) -> FloatArray:
    """Fill short gaps between frames with the mean of what surrounds them."""
    missing = np.isnan(x)
    if not missing.any():
        return x
    around = _centred_mean(x, round(BRIDGE_S / FRAME_S), round(MAX_BRIDGED_S / FRAME_S))
    return np.where(missing, around, x)


def _without_missing_axes(x: FloatArray) -> FloatArray:
    """Return the signal with axes that the sensor lacks at zero; as it is if it has none."""
    live = live_columns(x)
    return x if live.all() or not live.any() else np.where(live, x, 0.0)


def gait_frames(acc_mps2: ArrayLike, sampling_rate_hz: float, site: str) -> GaitFrames:
    """Measure agitation and stride period every quarter of a second.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force, gravity included, in any frame; a missing axis is a column of NaN.
    sampling_rate_hz : float
        25 Hz to 8 kHz.
    site : str
        One of ``constants.SITES``; trunk sites see both legs.

    Returns
    -------
    GaitFrames
        Frames inside gaps of more than ``MAX_BRIDGED_S``, or with a sleeping sensor, are NaN;
        shorter gaps take what surrounds them. None for a recording shorter than one frame.

    Raises
    ------
    SignalError
        If the shape, the rate or the site is wrong.
    """
    acc = _without_missing_axes(_check_input(acc_mps2, sampling_rate_hz))
    BoutSettings.for_site(site)
    block = max(1, round(sampling_rate_hz / ENVELOPE_HZ))
    pool = max(1, round(sampling_rate_hz / block / WAVE_HZ))
    rate_hz = sampling_rate_hz / block / pool
    frame = round(FRAME_S * rate_hz)
    envelope = _envelope(acc, block)
    # A sleeping sensor's envelope repeats exactly, which a live one's never does for a second.
    envelope[idle_samples(envelope, rate_hz * pool)] = np.nan
    pooled = _pooled(envelope, pool)
    wave = _wave(pooled, round(TREND_S * rate_hz / 2))
    first_lag = math.floor(MIN_LAG_S * rate_hz)
    plan = _LagPlan(
        frame=frame,
        first=first_lag,
        shortest_stride=round(STRIDE_S[0] * rate_hz),
        n_lags=math.ceil(STRIDE_S[1] * rate_hz) + 2 - first_lag,
        half_window=round(WINDOW_S * rate_hz / frame / 2),
    )
    stride, periodicity = _stride_lags(
        _lag_products(wave.astype(np.float32), plan),
        _lost_energy(wave, np.isnan(pooled), plan),
        _padded_energy(wave, plan.first + plan.n_lags),
        plan,
        site in TRUNK_SITES,
    )
    agitation = _frame_means(envelope, frame * pool, STANDARD_GRAVITY_MPS2)
    unsteadiness = np.where(np.isnan(agitation), np.nan, _frame_means(wave, frame, 0.0))
    smooth = _centred_mean(_bridged(agitation), round((AGITATION_S / FRAME_S - 1) / 2), 0)
    missing = np.isnan(smooth)
    return GaitFrames(
        samples_per_frame=frame * pool * block,
        agitation_g=smooth / STANDARD_GRAVITY_MPS2,
        frame_agitation_g=agitation / STANDARD_GRAVITY_MPS2,
        unsteadiness_g=_bridged(unsteadiness) / STANDARD_GRAVITY_MPS2,
        stride_s=np.where(missing, np.nan, stride / rate_hz),
        periodicity=np.where(missing, np.nan, periodicity),
    )


WALK_MIN_AGITATION_G: Final = 0.08
"""Gentler periodic movement is not walking. Engineering choice: half of slow walking at the
waist (0.16 g in harlab_ankle_jog)."""
MAX_HALT_S: Final = 1.25
"""A run that begins or ends within this long of rest of at least this length begins or ends with
it: nothing else fits between. Engineering choice: a slow stride; a foot on the ground in walking
rests for less."""
MIN_WALK_S: Final = 1.0
"""Shorter walking is called other. Engineering choice: one stride."""
MAX_UNRHYTHMIC_S: Final = 1.5
"""A change of gait or a turn interrupts the rhythm for this long without being another activity.
Engineering choice: most of one autocorrelation window."""
SCORE_STRIDE_S: Final = (0.60, 1.30)
"""Stride periods are held within these bounds for the running score, so that a wrong lag in
irregular movement can neither make nor break running. Engineering choice."""
NEGLIGIBLE_SCORE: Final = 1e-9
"""Stands for a score of zero in logarithms, g/s²."""
OTHER_CONFIDENCE: Final = 0.5
"""What is neither gait nor rest is known only by what it is not."""


@kernel
def _mark_running(score: FloatArray, periodicity: FloatArray, limits: FloatArray) -> BoolArray:
    """Mark frames from which running starts, and grow each both ways down to the lower limit.

    ``limits``: score to start, score to go on, periodicity to start.
    """
    running = np.zeros(score.size, dtype=np.bool_)
    for direction in (1, -1):
        inside = False
        for step in range(score.size):
            i = step if direction == 1 else score.size - 1 - step
            starts = score[i] >= limits[0] and periodicity[i] >= limits[2]
            inside = starts or (inside and score[i] >= limits[1])
            running[i] |= inside
    return running


@kernel
def _drop_doubtful_runs(
    running: BoolArray,
    missing: BoolArray,
    periodicity: FloatArray,
    min_periodicity: float,
    min_lengths: IntArray,
) -> None:
    """Clear stretches of running that are irregular or too short.

    ``min_lengths``: frames needed by a stretch seen in full, and by one cut short by a gap or
    the recording's edge.
    """
    start, n = 0, running.size
    for i in range(1, n + 1):
        if i < n and running[i] == running[i - 1]:
            continue
        cut = start == 0 or i == n or missing[start - 1] or missing[i]
        too_short = i - start < (min_lengths[1] if cut else min_lengths[0])
        total = 0.0
        for k in range(start, i):
            total += periodicity[k]
        if running[start] and (too_short or total / (i - start) < min_periodicity):
            running[start:i] = False
        start = i


@kernel
def _drop_short_walks(walking: BoolArray, min_length: int) -> None:
    """Clear stretches of walking shorter than ``min_length`` frames."""
    start = 0
    for i in range(1, walking.size + 1):
        if i < walking.size and walking[i] == walking[i - 1]:
            continue
        if walking[start] and i - start < min_length:
            walking[start:i] = False
        start = i


@kernel
def _fill_breaks(active: BoolArray, missing: BoolArray, max_length: int) -> None:
    """Close breaks between two stretches of true frames; never across missing data."""
    last = -1
    observed = True
    for i in range(active.size):
        observed = observed and not missing[i]
        if not active[i]:
            continue
        if last >= 0 and i - last - 1 <= max_length and observed:
            active[last + 1 : i] = True
        last = i
        observed = True


@kernel
def _reach_rest(running: BoolArray, quiet: BoolArray, length: int) -> None:
    """Extend running to quiet that lasts ``length`` frames and lies no further than that away."""
    start, n = 0, quiet.size
    for i in range(1, n + 1):
        if i < n and quiet[i] == quiet[i - 1]:
            continue
        if quiet[start] and i - start >= length:
            for k in range(max(0, start - length - 1), start):
                if running[k]:
                    running[k:start] = True
            for k in range(min(n - 1, i + length), i - 1, -1):
                if running[k]:
                    running[i:k] = True
        start = i


@kernel
def _running_score(agitation: FloatArray, stride_s: FloatArray, known: BoolArray) -> FloatArray:
    """Return agitation times stride frequency squared; 0 where nothing was observed.

    A frame without rhythm (a start, a turn) takes the stride of the nearest frame that has one.
    """
    score = np.zeros(agitation.size)
    before, after = -1, 0
    for i in range(agitation.size):
        if known[i]:
            before = i
        after = max(after, i)
        while after < agitation.size and not known[after]:
            after += 1
        if math.isnan(agitation[i]) or (before < 0 and after == agitation.size):
            continue
        use_after = before < 0 or (after < agitation.size and after - i < i - before)
        stride = stride_s[after] if use_after else stride_s[before]
        score[i] = agitation[i] / min(max(stride, SCORE_STRIDE_S[0]), SCORE_STRIDE_S[1]) ** 2
    return score


@kernel
def _bout_medians(x: FloatArray, known: BoolArray, start: IntArray, stop: IntArray) -> FloatArray:
    """Return the median of the known values in each half-open range; NaN without any."""
    medians, values = np.empty(start.size), np.empty(x.size)
    for i in range(start.size):
        n = 0
        for k in range(start[i], stop[i]):
            if known[k]:
                values[n] = x[k]
                n += 1
        medians[i] = median_of(values[:n])
    return medians


@kernel
def _unmark_turning(still: BoolArray, gyr: FloatArray, frame: int, limit: float) -> None:
    """Clear frames that turn faster than the limit; a missing gyroscope says nothing."""
    for i in range(min(still.size, gyr.shape[0] // frame)):
        if still[i] and _mean_size(gyr, i * frame, (i + 1) * frame) > limit:
            still[i] = False


def _still_frames(
    frames: GaitFrames, gyr_radps: ArrayLike | None, settings: BoutSettings
) -> BoolArray:
    still = frames.unsteadiness_g < settings.still_g
    if gyr_radps is not None:
        gyr = _without_missing_axes(np.ascontiguousarray(gyr_radps, dtype=np.float64))
        _unmark_turning(still, gyr, frames.samples_per_frame, settings.still_radps)
    return still


def _frame_activity(
    frames: GaitFrames, score: FloatArray, still: BoolArray, settings: BoutSettings
) -> CodeArray:
    """Return one activity code a frame."""
    missing = np.isnan(frames.agitation_g)
    periodicity = np.nan_to_num(frames.periodicity, nan=-1.0)
    limits = np.array(
        [settings.run_score, settings.run_hysteresis * settings.run_score, settings.min_periodicity]
    )
    running = _mark_running(score, periodicity, limits)
    _fill_breaks(running, missing, round(settings.max_break_s / FRAME_S))
    min_lengths = np.array(
        [round(settings.min_run_s / FRAME_S), round(CENSORED_MIN_RUN_S / FRAME_S)]
    )
    _drop_doubtful_runs(
        running, missing, periodicity.clip(0.0), settings.min_run_periodicity, min_lengths
    )
    quiet = ~(frames.frame_agitation_g >= WALK_MIN_AGITATION_G) & ~missing
    _reach_rest(running, quiet, round(MAX_HALT_S / FRAME_S))
    gait = running | (
        (periodicity >= settings.min_periodicity) & (frames.agitation_g >= WALK_MIN_AGITATION_G)
    )
    _fill_breaks(gait, missing, round(MAX_UNRHYTHMIC_S / FRAME_S))
    walking = gait & ~running
    _drop_short_walks(walking, round(MIN_WALK_S / FRAME_S))
    code = np.full(score.size, ACTIVITY_OTHER)
    code[walking] = ACTIVITY_WALKING
    code[still] = ACTIVITY_STILL
    code[running] = ACTIVITY_RUNNING
    code[missing] = ACTIVITY_UNKNOWN
    return code


def find_bouts(
    acc_mps2: ArrayLike,
    sampling_rate_hz: float,
    site: str,
    gyr_radps: ArrayLike | None = None,
    settings: BoutSettings | None = None,
) -> Bouts:
    """Divide a recording into running, walking, still, other, and unknown.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force, gravity included, in any frame. A missing axis is a column of NaN;
        missing samples and a sleeping sensor (exact constants) become unknown.
    sampling_rate_hz : float
        25 Hz to 8 kHz.
    site : str
        One of ``constants.SITES``.
    gyr_radps : (n, 3) float array, optional
        Only tells a sensor that turns gently from one that is still.
    settings : BoutSettings, optional
        ``BoutSettings.for_site(site)`` if not given.

    Returns
    -------
    Bouts
        Covering every sample, in order. Empty for an empty recording. Edges fall on frames of a
        quarter of a second; a recording shorter than one frame is unknown. The confidence of
        gait is the mean of its periodicity and of its distance from the limit between running
        and walking, a factor of two counting as certain.

    Raises
    ------
    SignalError
        If a shape, the rate or the site is wrong.

    Notes
    -----
    Deviations from load.md A4: agitation and stride frequency are one score instead of two
    thresholds; bouts need 5 s and a steady rhythm at shank and trunk, 2 s at the foot. Step
    frequency is twice the stride frequency, from the stride lag (the step lag errs at the hip).
    """
    acc = _check_input(acc_mps2, sampling_rate_hz)
    if gyr_radps is not None and np.shape(gyr_radps) != acc.shape:
        raise SignalError(f"gyr_radps has shape {np.shape(gyr_radps)}; expected {acc.shape}")
    settings = BoutSettings.for_site(site) if settings is None else settings
    frames = gait_frames(acc, sampling_rate_hz, site)
    if frames.agitation_g.size == 0:
        start = np.zeros(min(1, acc.shape[0]), dtype=np.int64)
        unknown = np.full(start.size, ACTIVITY_UNKNOWN)
        blank = np.full(start.size, np.nan)
        return Bouts(start, start + acc.shape[0], unknown, blank, np.ones(start.size))
    known = np.nan_to_num(frames.periodicity, nan=-1.0) >= settings.min_periodicity
    score = _running_score(frames.agitation_g, frames.stride_s, known)
    still = _still_frames(frames, gyr_radps, settings)
    code = _frame_activity(frames, score, still, settings)
    cuts = np.flatnonzero(np.diff(code)) + 1
    start = np.concatenate(([0], cuts)).astype(np.int64)
    stop = np.concatenate((cuts, [code.size])).astype(np.int64)
    activity = code[start]
    gait = (activity == ACTIVITY_RUNNING) | (activity == ACTIVITY_WALKING)
    stride_s = _bout_medians(frames.stride_s, known, start, stop)
    margin = np.abs(np.log2(np.maximum(score, NEGLIGIBLE_SCORE) / settings.run_score))
    certainty = (np.minimum(margin, 1.0) + np.nan_to_num(frames.periodicity).clip(0.0, 1.0)) / 2.0
    confidence = np.add.reduceat(certainty, start) / (stop - start)
    confidence[activity == ACTIVITY_OTHER] = OTHER_CONFIDENCE
    confidence[(activity == ACTIVITY_STILL) | (activity == ACTIVITY_UNKNOWN)] = 1.0
    stop_sample = stop * frames.samples_per_frame
    stop_sample[-1] = acc.shape[0]
    return Bouts(
        start_sample=start * frames.samples_per_frame,
        stop_sample=stop_sample,
        activity=activity,
        step_frequency_hz=np.where(gait, 2.0 / stride_s, np.nan),
        confidence=confidence,
    )


def activity_per_second(bouts: Bouts, n_samples: int, sampling_rate_hz: float) -> CodeArray:
    """Return the activity that fills most of each second.

    Parameters
    ----------
    bouts : Bouts
        From :func:`find_bouts`; samples outside every bout are unknown.
    n_samples : int
        Length of the recording.
    sampling_rate_hz : float
        Samples a second; need not be a whole number.

    Returns
    -------
    (n_seconds,) int8 array
        Codes of ``constants.ACTIVITIES``; an incomplete last second is left out. A tie goes to
        the higher code among those that fill the same number of samples.
    """
    n_seconds = int(n_samples / sampling_rate_hz + 1e-9)
    samples = np.full(n_samples, ACTIVITY_UNKNOWN)
    for start, stop, code in zip(
        bouts.start_sample, bouts.stop_sample, bouts.activity, strict=True
    ):
        samples[start:stop] = code
    edges = np.rint(np.arange(n_seconds + 1) * sampling_rate_hz).astype(np.int64)
    per_second = np.full(n_seconds, ACTIVITY_UNKNOWN)
    most = np.zeros(n_seconds, dtype=np.int64)
    for code in range(len(ACTIVITIES)):
        filled = np.concatenate(([0], np.cumsum(samples == code)))
        count = filled[edges[1:]] - filled[edges[:-1]]
        per_second[(count >= most) & (count > 0)] = code
        most = np.maximum(most, count)
    return per_second


CADENCE_WINDOW_S: Final = 5.0
"""Span over which step frequency is averaged around each second. Engineering choice: six or
seven strides, as running watches show it."""


@kernel
def _weighted_means(
    x: FloatArray, weight: FloatArray, group: CodeArray, centre: IntArray, half: int
) -> FloatArray:
    """Average x over the frames around each centre that belong to the centre's group."""
    means = np.full(centre.size, math.nan)
    for i in range(centre.size):
        total, weights = 0.0, 0.0
        for k in range(max(0, centre[i] - half), min(x.size, centre[i] + half + 1)):
            if group[k] == group[centre[i]] and weight[k] > 0.0:
                total += weight[k] * x[k]
                weights += weight[k]
        if weights > 0.0:
            means[i] = total / weights
    return means


def step_frequency_per_second(
    frames: GaitFrames, bouts: Bouts, n_samples: int, sampling_rate_hz: float
) -> FloatArray:
    """Return steps of both feet a second, for each second of gait.

    Parameters
    ----------
    frames : GaitFrames
        From :func:`gait_frames`.
    bouts : Bouts
        From :func:`find_bouts` on the same recording.
    n_samples : int
        Length of the recording.
    sampling_rate_hz : float
        Samples a second.

    Returns
    -------
    (n_seconds,) float64 array
        Mean over frames of the same activity within ``CADENCE_WINDOW_S`` around the second's
        middle, weighted by the square of their periodicity; NaN outside walking and running, and
        where there is no rhythm. An incomplete last second is left out.
    """
    n_seconds = int(n_samples / sampling_rate_hz + 1e-9)
    n_frames = frames.stride_s.size
    means = np.full(n_seconds, np.nan)
    if n_frames == 0 or n_seconds == 0:
        return means
    middle = (np.arange(n_frames) + 0.5) * frames.samples_per_frame
    owner = np.searchsorted(bouts.start_sample, middle, side="right") - 1
    group = bouts.activity[owner]
    frame_s = frames.samples_per_frame / sampling_rate_hz
    centre = np.minimum((np.arange(n_seconds) + 0.5) / frame_s, n_frames - 1).astype(np.int64)
    weight = np.nan_to_num(frames.periodicity).clip(0.0) ** 2
    half = round(CADENCE_WINDOW_S / frame_s / 2)
    means = _weighted_means(2.0 / frames.stride_s, weight, group, centre, half)
    means[(group[centre] != ACTIVITY_WALKING) & (group[centre] != ACTIVITY_RUNNING)] = np.nan
    return means
