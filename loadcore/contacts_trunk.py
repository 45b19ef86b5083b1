"""Foot contacts from one sensor on the trunk: sacrum, waist or hip.

A trunk sensor sees both legs. The rule below needs nothing personal. It first fits the rhythm (one
mid-stance a step, chosen for the whole bout at once), then looks for each event near its place in
that rhythm:

* initial contact: the low-passed sagittal specific force rises through 0.7 g. The size of the
  sagittal vector does not depend on how far the sensor is pitched forward, so neither does the
  event;
* terminal contact: the mean of two estimates that fail differently. One is a crossing: the
  low-passed vertical falls to the level that a half-sine force, filtered alike, has at its own
  end. The other is the rhythm's: the step's fundamental amplitude gives the duty ratio of a
  half-sine force train (Morin 2005, doi:10.1123/jab.21.2.167, taken to its Fourier series), and
  with it the contact time;
* side: alternation over the whole bout, decided by the mediolateral acceleration of early stance.

Coefficients learned on the same runner then move both events (``trunk_waveform``).
"""

import math
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.constants import SIDE_LEFT, SIDE_RIGHT, STANDARD_GRAVITY_MPS2
from loadcore.contact_times import (
    LONGEST_STEP_S,
    SHORTEST_STEP_S,
    Contacts,
    join_contacts,
    no_contacts,
    select_contacts,
)
from loadcore.filters import lowpass, lowpass_four
from loadcore.orientation import rotate
from loadcore.signals import SignalError, finite_segments, median_of
from loadcore.trunk_waveform import TrunkCoefficients, refine_contacts

__all__ = ["trunk_contacts"]

LOWEST_SAMPLING_RATE_HZ: Final = 50.0
"""The 20 Hz filter of the initial contact needs it."""

RHYTHM_CUTOFF_HZ: Final = 10.0
RHYTHM_HOP_S: Final = 2.0
RHYTHM_WINDOW_HOPS: Final = 3
RHYTHM_RATE_HZ: Final = 50.0
"""Window and rate of the running autocorrelation (engineering choice: some 15 steps, and a lag
grid that a parabola refines well below a sample)."""
FLAT_WINDOW_G: Final = 1e-6
"""A window with a root mean square below this holds nothing but rounding."""
ROUNDING: Final = 1e-12
"""A step is shorter than a quarter of its window by at least this part."""

STEP_CUTOFF_RATIO: Final = 1.5
"""Cut-off of the signal whose maxima are mid-stances, in step frequencies (engineering choice:
between the step's fundamental and its second harmonic, so a step has one maximum)."""

STEP_TIME_SPREAD: Final = 0.12
SKIP_PENALTY: Final = 1.5
BREAK_PENALTY: Final = 4.0
"""Costs of an irregular, a missed and a broken rhythm, in standard deviations of the smoothed
vertical (engineering choice: a true step is worth about 1.4)."""

LOADING_CUTOFF_HZ: Final = 20.0
LOADING_LEVEL_G: Final = 0.7
"""Initial contact: up-crossing of the sagittal specific force. 20 Hz is the filter of Alcantara
2022 (doi:10.7717/peerj.12752). Any level from 0.5 to 1 g moves the event by less than 8 ms."""

UNLOADING_CUTOFF_HZ: Final = 8.0
UNLOADING_LEVEL_G: Final = 0.2
"""Terminal contact: half-sine force trains with 2.8 to 3.4 steps/s and a duty ratio of 0.65 to
0.75, low-passed at 8 Hz, stand at 0.15 to 0.25 BW where contact ends (computed; see tests)."""

SHORTEST_CONTACT_S: Final = 0.10
SHORTEST_CONTACT_RATIO: Final = 0.501
LONGEST_CONTACT_RATIO: Final = 0.98
"""A running contact is shorter than its step; below 0.1 s only sprinters go."""

GRAVITY_REMOVED_BELOW_G: Final = 0.5
"""Over whole strides a vertical specific force averages 1 g; one that averages less than half of
it had gravity taken away, and 1 g is put back."""

FILTER_MARGIN_S: Final = 2.0
"""What is filtered beyond a bout's ends, where samples are there: an 8 Hz filter has forgotten
them to rounding after 1 s."""

DUTY_HALF_WINDOW_STEPS: Final = 4
"""Steps on each side over which the fundamental is averaged (engineering choice: 3 s)."""

DUTY_ITERATIONS: Final = 6
DUTY_SETTLED: Final = 1e-7
"""Newton steps from any to any duty ratio: exact to rounding over the whole range (see
tests). After a step as short as this the next would be about its square, which is rounding."""

INITIAL_CONTACT_SD_S: Final = 0.010
TERMINAL_CONTACT_SD_S: Final = 0.014
RHYTHM_SD_S: Final = 0.025
"""Timing error of an event seen plainly (one runner, 466 contacts: root mean square 8 and 14 ms)
and of one that the rhythm alone has placed."""

SIDE_CUTOFF_HZ: Final = 10.0
"""Filter of the mediolateral sign (Lee 2010, as described by Kiernan 2023)."""
REGULAR_STEP_RATIO: Final = 0.25
SIDE_CHANGE_PROBABILITY: Final = 1e-6
SIDE_CHANGE_PROBABILITY_IRREGULAR: Final = 0.1
SIDE_LARGEST_EVIDENCE: Final = 1.0
SIDE_MINIMUM_PROBABILITY: Final = 0.9
"""Side (engineering choices): how far a step may be from a whole number of step times before the
count of steps is in doubt; the chance that the count is off by one, in a regular and an irregular
place; the largest log odds of one contact, because neighbours err alike; and the probability that
a side must reach to be told."""


class _Lagged(NamedTuple):
    """What the autocorrelation of one window, less its mean, is made of; (n_lags,) arrays.

    Attributes
    ----------
    product : float64 array
        Sum of ``x[i] * x[i + lag]`` over all pairs.
    end, own : float64 array
        The last of the pairs, and the sum of ``x[i]**2`` over all pairs but the last.
    energy, beside : float64 array
        Sum of ``x[i]**2`` and of ``x[i] * x[i + 1]`` over the samples before the lag.
    """

    product: NDArray[np.float64]
    end: NDArray[np.float64]
    own: NDArray[np.float64]
    energy: NDArray[np.float64]
    beside: NDArray[np.float64]


@kernel
def _hop_products(signal: NDArray[np.float64], hop: int, n_lags: int) -> NDArray[np.float64]:
    """Sum ``signal[i] * signal[i + lag]`` over the i of each hop, once for all windows.

    Zero beyond the end. The inner loop runs over lags: it carries no sum, so the compiler can do
    several at once, and four samples share the reading and writing of a lag's sum.
    """
    n = signal.size
    padded, products = np.zeros(n + n_lags + 4), np.zeros(((n + hop - 1) // hop, n_lags))
    for i in range(n):
        padded[i] = signal[i]
    for k in range(products.shape[0]):
        row, stop = products[k], (k + 1) * hop
        for i in range(k * hop, min(stop, n), 4):
            a, b = padded[i], padded[i + 1] if i + 1 < stop else 0.0
            c, d = padded[i + 2] if i + 2 < stop else 0.0, padded[i + 3] if i + 3 < stop else 0.0
            ahead = padded[i : i + n_lags + 3]
            for lag in range(n_lags):
                near = a * ahead[lag] + b * ahead[lag + 1]
                row[lag] += near + (c * ahead[lag + 2] + d * ahead[lag + 3])
    return products


@kernel
def _window_products(
    hops: NDArray[np.float64],
    window: NDArray[np.float64],
    beyond: NDArray[np.float64],
    mean: float,
    out: NDArray[np.float64],
) -> None:
    """Write the products of one window, less its mean, from those of its hops.

    ``beyond`` is the signal after the window, which the hops' products reach into.
    """
    n = window.size
    left = right = n * mean  # the sums of the pairs' first and of their second samples
    for lag in range(out.size):
        out[lag] = (n - lag) * mean * mean - mean * (left + right)
        left, right = left - window[n - 1 - lag], right - window[lag]
    for k in range(hops.shape[0]):
        for lag in range(out.size):
            out[lag] += hops[k, lag]
    for back in range(1, out.size):
        reaching = out[back:]
        for j in range(min(reaching.size, beyond.size)):
            reaching[j] -= window[n - back] * beyond[j]


@kernel
def _add_ends(window: NDArray[np.float64], mean: float, sums: _Lagged) -> None:
    """Write all but the products, which are there: no more than the window's ends is read."""
    n = window.size
    last, own, energy, beside = window[n - 1] - mean, sums.product[0], 0.0, 0.0
    for lag in range(sums.own.size):
        early, next_early = window[lag] - mean, window[lag + 1] - mean
        late = window[n - 1 - lag] - mean
        own -= late * late
        sums.end[lag], sums.own[lag] = late * last, own
        sums.energy[lag], sums.beside[lag] = energy, beside
        energy, beside = energy + early * early, beside + early * next_early


@kernel
def _autocorrelations(sums: _Lagged, first_lag: float, out: NDArray[np.float64]) -> None:
    """Write the autocorrelation at a lag in samples and at each whole one on, linear between.

    No lag waits for another: slices that all begin with the first let the compiler do several at
    once.
    """
    whole = int(first_lag)
    part = first_lag - whole
    both, first, second = 2.0 * part * (1.0 - part), (1.0 - part) * (1.0 - part), part * part
    product, end, own = sums.product[whole:], sums.end[whole:], sums.own[whole:]
    energy, beside = sums.energy[whole:], sums.beside[whole:]
    squares, products = sums.product[0], sums.product[1]
    squares_but_last = squares - sums.end[0]
    for i in range(out.size):
        # Over the pairs that both neighbours of the lag have: one less than the shorter one has.
        shared = (1.0 - part) * (product[i] - end[i]) + part * product[i + 1]
        later = first * (squares_but_last - energy[i]) + both * (products - beside[i])
        square = own[i] * (later + second * (squares - energy[i + 1]))
        out[i] = shared / math.sqrt(square) if square > 0.0 else math.nan


@kernel
def _step_time(sums: _Lagged, shortest: float, longest: float) -> float:
    """Return the step time of one window, in samples; NaN in a flat window.

    Both the step's lag and the stride's count, the stride's more: legs differ, above all at the
    hip, so the stride repeats better than the step; the stride alone would also take the lag of
    three steps for two. Steps are tried at every quarter of a sample, so strides at every half.
    """
    n_whole = int(longest - shortest) + 1
    step, stride = np.empty((4, n_whole)), np.empty((2, 2 * n_whole))
    for row in range(4):
        _autocorrelations(sums, shortest + 0.25 * row, step[row])
    for row in range(2):
        _autocorrelations(sums, 2.0 * shortest + 0.5 * row, stride[row])
    best, best_lag = -math.inf, math.nan
    for i in range(n_whole):
        for row in range(4):
            lag = shortest + i + 0.25 * row
            score = stride[row & 1, 2 * i + (row >> 1)] + 0.5 * step[row, i]
            if score > best and lag <= longest:
                best, best_lag = score, lag
    return best_lag


@kernel
def _rhythm(signal: NDArray[np.float64], sampling_rate_hz: float, hop: int) -> NDArray[np.float64]:
    """Return the step time of each window of some hops, in seconds; NaN in a flat one.

    A signal shorter than a window is one.
    """
    n = min(RHYTHM_WINDOW_HOPS * hop, signal.size)
    step_time_s = np.full(1 + (signal.size - n) // hop, math.nan)
    shortest = SHORTEST_STEP_S * sampling_rate_hz
    longest = min(LONGEST_STEP_S * sampling_rate_hz, 0.25 * n * (1.0 - ROUNDING))
    if n <= 4.0 * shortest:
        return step_time_s
    n_lags = int(2.0 * shortest) + 2 * (int(longest - shortest) + 1) + 2
    hops, sum_of_hop = _hop_products(signal, hop, n_lags), np.zeros(-(-signal.size // hop))
    for i in range(signal.size):
        sum_of_hop[i // hop] += signal[i]
    room = np.empty((5, n_lags))
    sums = _Lagged(room[0], room[1], room[2], room[3], room[4])
    for k in range(step_time_s.size):
        window, beyond, mean = signal[k * hop : k * hop + n], signal[k * hop + n :], 0.0
        for i in range(k, min(k + RHYTHM_WINDOW_HOPS, sum_of_hop.size)):
            mean += sum_of_hop[i] / n
        _window_products(hops[k : k + RHYTHM_WINDOW_HOPS], window, beyond, mean, sums.product)
        if sums.product[0] > n * FLAT_WINDOW_G**2:
            _add_ends(window, mean, sums)
            step_time_s[k] = _step_time(sums, shortest, longest) / sampling_rate_hz
    return step_time_s


@kernel
def _link_penalty(interval_s: float, step_time_s: float) -> float:
    """Return what it costs to call two maxima, this far apart, neighbouring mid-stances."""
    steps = max(1.0, math.floor(interval_s / step_time_s + 0.5))
    off = (interval_s / steps / step_time_s - 1.0) / STEP_TIME_SPREAD
    return min(0.5 * off * off + SKIP_PENALTY * (steps - 1.0), BREAK_PENALTY)


@kernel
def _mid_stances(
    height: NDArray[np.float64],
    time_s: NDArray[np.float64],
    step_time_s: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the rows of the maxima that together make the best rhythm (dynamic programming)."""
    n = time_s.size
    score = np.empty(n)
    previous = np.full(n, -1)
    best = -1
    for i in range(n):
        score[i] = height[i]
        for j in range(i - 1, max(i - 12, -1), -1):
            interval_s = time_s[i] - time_s[j]
            if interval_s < 0.6 * step_time_s[i]:
                continue
            through = score[j] + height[i] - _link_penalty(interval_s, step_time_s[i])
            if through > score[i]:
                score[i] = through
                previous[i] = j
        if best < 0 or score[i] > score[best]:
            best = i
    count, row = 0, best
    while row >= 0:
        count, row = count + 1, previous[row]
    rows = np.empty(count, dtype=np.int64)
    for k in range(count - 1, -1, -1):
        rows[k], best = best, previous[best]
    return rows


@kernel
def _duty_ratio(amplitude: float, near: float) -> float:
    """Return contact time over step time of the half-sine train with this fundamental.

    A train of half-sines of duration ``r`` (in step times) and mean 1 has the fundamental
    ``2 |cos(pi r) / (1 - 4 r^2)|``, which falls with ``r`` between 0.5 and 1; Newton's method,
    from a ratio that may be near.
    """
    ratio = near
    for _ in range(DUTY_ITERATIONS):
        before = ratio
        cosine, sine = math.cos(math.pi * ratio), math.sin(math.pi * ratio)
        below = 1.0 - 4.0 * ratio * ratio
        fundamental = 2.0 * cosine / below
        slope = (8.0 * ratio * fundamental - 2.0 * math.pi * sine) / below
        ratio -= (fundamental - amplitude) / slope
        ratio = min(max(ratio, SHORTEST_CONTACT_RATIO), LONGEST_CONTACT_RATIO)
        if abs(ratio - before) < DUTY_SETTLED:
            break
    return ratio


@kernel
def _step_fundamental(
    vertical_g: NDArray[np.float64], start: int, stop: int, steps: float
) -> tuple[float, float]:
    """Return cosine and sine parts of a signal's fundamental over a whole number of steps."""
    n = stop - start
    half_turn = math.pi * steps / n
    c, s = math.cos(half_turn), math.sin(half_turn)  # of the first sample, and of each after it
    turn_c, turn_s = c * c - s * s, 2.0 * s * c
    c2, s2 = c * turn_c - s * turn_s, s * turn_c + c * turn_s  # of the second
    turn_c, turn_s = turn_c * turn_c - turn_s * turn_s, 2.0 * turn_s * turn_c
    cosine = sine = cosine2 = sine2 = 0.0
    for i in range(start, stop - 1, 2):  # two samples, which do not wait for each other
        x, x2 = vertical_g[i], vertical_g[i + 1]
        cosine, sine = cosine + x * c, sine + x * s
        cosine2, sine2 = cosine2 + x2 * c2, sine2 + x2 * s2
        c, s = c * turn_c - s * turn_s, s * turn_c + c * turn_s
        c2, s2 = c2 * turn_c - s2 * turn_s, s2 * turn_c + c2 * turn_s
    last = vertical_g[stop - 1] if n % 2 == 1 else 0.0
    cosine, sine = cosine + cosine2 + last * c, sine + sine2 + last * s
    return 2.0 * cosine / n, 2.0 * sine / n


@kernel
def _duty_ratios(
    vertical_g: NDArray[np.float64],
    mid_stance: NDArray[np.int64],
    steps_since: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return contact time over step time at each mid-stance, from the steps around it.

    ``steps_since[k]`` is how many step times lie between mid-stance ``k - 1`` and ``k``. The
    fundamental is averaged as a vector with the phase of the mid-stances; its length counts.
    """
    n = mid_stance.size
    cosine = np.zeros(n)
    sine = np.zeros(n)
    weight = np.zeros(n)
    for k in range(1, n):
        start, stop = mid_stance[k - 1], mid_stance[k]
        if abs(steps_since[k] - 1.0) < REGULAR_STEP_RATIO:
            cosine[k], sine[k] = _step_fundamental(vertical_g, start, stop, 1.0)
            weight[k] = stop - start
    ratio, near = np.full(n, np.nan), 0.5 * (SHORTEST_CONTACT_RATIO + LONGEST_CONTACT_RATIO)
    for k in range(n):
        first = max(k - DUTY_HALF_WINDOW_STEPS + 1, 1)
        last = min(k + DUTY_HALF_WINDOW_STEPS + 1, n)
        total, cosines, sines = 0.0, 0.0, 0.0
        for i in range(first, last):
            total += weight[i]
            cosines += cosine[i] * weight[i]
            sines += sine[i] * weight[i]
        if total > 0.0:
            ratio[k] = near = _duty_ratio(math.hypot(cosines, sines) / total, near)
    return ratio


@kernel
def _smallest(signal: NDArray[np.float64], start: int, stop: int) -> int:
    """Return the sample of the smallest value in a half-open range."""
    best = start
    for i in range(start, stop):
        if signal[i] < signal[best]:
            best = i
    return best


@kernel
def _last_rise(signal: NDArray[np.float64], start: int, stop: int, level: float) -> float:
    """Return where, in samples, a signal last crosses a level going up; NaN if nowhere."""
    for i in range(stop - 1, start, -1):
        if signal[i - 1] < level <= signal[i]:
            return float(i - (signal[i] - level) / (signal[i] - signal[i - 1]))
    return math.nan


@kernel
def _first_fall(signal: NDArray[np.float64], start: int, stop: int, level: float) -> float:
    """Return where, in samples, a signal first crosses a level going down; NaN if nowhere."""
    for i in range(start + 1, stop):
        if signal[i] <= level < signal[i - 1]:
            return float(i - (level - signal[i]) / (signal[i - 1] - signal[i]))
    return math.nan


@kernel
def _events(
    smooth: NDArray[np.float64],
    loading_g: NDArray[np.float64],
    unloading_g: NDArray[np.float64],
    mid_stance: NDArray[np.int64],
    step_samples: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return initial and terminal crossings around each mid-stance, in samples; NaN where none."""
    n = mid_stance.size
    initial = np.full(n, np.nan)
    terminal = np.full(n, np.nan)
    for k in range(n):
        middle = mid_stance[k]
        reach = int(0.75 * step_samples[k])
        before = max(middle - reach, 0)
        after = min(middle + reach, smooth.size)
        if k > 0:
            before = max(before, mid_stance[k - 1])
        if k + 1 < n:
            after = min(after, mid_stance[k + 1])
        flight = _smallest(smooth, before, middle)
        initial[k] = _last_rise(loading_g, flight, middle + 1, LOADING_LEVEL_G)
        terminal[k] = _first_fall(unloading_g, middle, after, UNLOADING_LEVEL_G)
    return initial, terminal


@kernel
def _side_probability(
    evidence: NDArray[np.float64], change_probability: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability that each row belongs to the first of two alternating sides.

    A two-state chain, run forwards and backwards: the state is "rows counted as even are right",
    which stays unless the count of steps went wrong between a row and the one before it.
    ``evidence`` is the log odds of each row; NaN says nothing.
    """
    n = evidence.size
    forward = np.empty(n)
    belief = 0.5
    for k in range(n):
        belief += change_probability[k] * (1.0 - 2.0 * belief)
        if not math.isnan(evidence[k]):
            odds = belief * math.exp(evidence[k])
            belief = odds / (odds + 1.0 - belief)
        forward[k] = belief
    backward = 0.5
    for k in range(n - 1, -1, -1):
        both = forward[k] * backward
        forward[k] = both / (both + (1.0 - forward[k]) * (1.0 - backward))
        if not math.isnan(evidence[k]):
            odds = backward * math.exp(evidence[k])
            backward = odds / (odds + 1.0 - backward)
        backward += change_probability[k] * (1.0 - 2.0 * backward)
    return forward


@kernel
def _means_between(
    signal: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean of a signal over each half-open range of samples."""
    means = np.empty(first.size)
    for k in range(first.size):
        total = 0.0
        for i in range(first[k], last[k]):
            total += signal[i]
        means[k] = total / (last[k] - first[k])
    return means


@kernel
def _contrast(
    lateral_g: NDArray[np.float64],
    first_sample: NDArray[np.float64],
    last_sample: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far the signal of each early stance lies above that of both neighbours.

    At least two stances; those at the ends have one neighbour.
    """
    size, n = lateral_g.size, first_sample.size
    first, middle = np.empty(n, np.int64), np.empty(n, np.int64)
    for k in range(n):
        first[k] = int(min(max(first_sample[k], 0.0), size - 1.0))
        half_way = 0.5 * (first_sample[k] + last_sample[k])
        middle[k] = int(min(max(half_way, first[k] + 1.0), float(size)))
    level = _means_between(lateral_g, first, middle)
    contrast = np.empty(n)
    for k in range(n):
        before, after = level[k - 1 if k > 0 else 1], level[k + 1 if k < n - 1 else n - 2]
        contrast[k] = level[k] - 0.5 * (before + after)
    return contrast


@kernel
def _even_is_right(
    contrast: NDArray[np.float64],
    parity: NDArray[np.float64],
    steps_since: NDArray[np.float64],
    power: float,
) -> NDArray[np.float64]:
    """Return the probability, at each contact, that those counted as even are right."""
    n = contrast.size
    together = 0.0
    for k in range(1, n):
        together += contrast[k] * contrast[k - 1]
    strength = min(max(-together / (n - 1) / power, 0.0), 0.9)
    weight = 2.0 * math.sqrt(strength) / (1.0 - strength) / math.sqrt(power)
    evidence, change = np.empty(n), np.empty(n)
    for k in range(n):
        odds = weight * contrast[k] * parity[k]
        evidence[k] = min(max(odds, -SIDE_LARGEST_EVIDENCE), SIDE_LARGEST_EVIDENCE)
        if math.isnan(odds):
            evidence[k] = math.nan
        regular = abs(steps_since[k] - round(steps_since[k])) <= REGULAR_STEP_RATIO
        change[k] = SIDE_CHANGE_PROBABILITY if regular else SIDE_CHANGE_PROBABILITY_IRREGULAR
    return _side_probability(evidence, change)


@kernel
def _sides(
    lateral_g: NDArray[np.float64],
    first_sample: NDArray[np.float64],
    last_sample: NDArray[np.float64],
    steps_since: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Return the side of each contact from the mediolateral signal in the first half of stance.

    On the stance leg the pelvis drops towards the swing side, so its right axis tips up over a
    right stance and takes a positive share of a specific force of two to three g.
    """
    n = first_sample.size
    side = np.zeros(n, dtype=np.int8)  # unknown
    if n < 3:
        return side
    contrast = _contrast(lateral_g, first_sample, last_sample)
    power = 0.0
    for k in range(n):
        power += contrast[k] * contrast[k] / n
    if not power > 0.0:
        return side
    parity, counted = np.empty(n), 0
    for k in range(n):
        counted += max(round(steps_since[k]), 1)
        parity[k] = 1.0 if counted % 2 == 0 else -1.0
    even_is_right = _even_is_right(contrast, parity, steps_since, power)
    for k in range(n):
        right = even_is_right[k] if parity[k] > 0.0 else 1.0 - even_is_right[k]
        if right > SIDE_MINIMUM_PROBABILITY:
            side[k] = SIDE_RIGHT
        elif right < 1.0 - SIDE_MINIMUM_PROBABILITY:
            side[k] = SIDE_LEFT
    return side


@kernel
def _maxima_above(signal: NDArray[np.float64], level: float) -> NDArray[np.int64]:
    """Return the samples of the local maxima that lie above a level."""
    found = np.empty(signal.size // 2 + 1, dtype=np.int64)
    count = 0
    for i in range(1, signal.size - 1):
        if signal[i] > level and signal[i] > signal[i - 1] and signal[i] >= signal[i + 1]:
            found[count] = i
            count += 1
    return found[:count].copy()


def _local_step_time(
    rhythm_g: NDArray[np.float64], sampling_rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return step times along a run and the seconds at which they hold; empty without rhythm.

    ``rhythm_g`` is the vertical, low-passed at ``RHYTHM_CUTOFF_HZ``.
    """
    every = max(1, int(sampling_rate_hz // RHYTHM_RATE_HZ))
    rate_hz = sampling_rate_hz / every
    thinned = np.ascontiguousarray(rhythm_g[::every])
    hop = round(RHYTHM_HOP_S * rate_hz)
    window = RHYTHM_WINDOW_HOPS * hop
    step_time_s = _rhythm(thinned, rate_hz, hop)
    centre_s: NDArray[np.float64] = np.arange(step_time_s.size, dtype=np.float64)
    centre_s = (centre_s * hop + 0.5 * min(window, thinned.size)) / rate_hz
    known = np.isfinite(step_time_s)
    return step_time_s[known], centre_s[known]


@kernel
def _pressing_and_loading(
    upward_g: NDArray[np.float64], forward_g: NDArray[np.float64], both: NDArray[np.float64]
) -> None:
    """Write the vertical where it presses, zero elsewhere, and its length with the forward axis.

    A forward axis that was not observed counts as zero.
    """
    for i in range(upward_g.size):
        up, forward = max(upward_g[i], 0.0), forward_g[i]
        square = up * up + (0.0 if math.isnan(forward) else forward * forward)
        both[0, i], both[1, i] = up, math.sqrt(square)


@kernel
def _mean_and_spread(signal: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation."""
    n = signal.size
    half, middle = n // 2, signal[n // 2]
    a, b, aa, bb = 0.0, 0.0, 0.0, 0.0
    for i in range(half):  # two sums that do not wait for each other
        x, y = signal[i] - middle, signal[half + i] - middle
        a, b, aa, bb = a + x, b + y, aa + x * x, bb + y * y
    last = signal[n - 1] - middle if n > 2 * half else 0.0
    mean = (a + b + last) / n
    return middle + mean, math.sqrt(max((aa + bb + last * last) / n - mean * mean, 0.0))


def _median(values: NDArray[np.float64]) -> float:
    """Return the median of values that are all there."""
    return median_of(values.copy())


@kernel
def _along_axes(
    acc: NDArray[np.float64], axes: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write specific force along three axes into three rows."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = axes[0], axes[1], axes[2]
    flat = acc.reshape(acc.size)
    for i in range(acc.shape[0]):
        a, b, c = flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]
        out[0, i] = xx * a + xy * b + xz * c
        out[1, i] = yx * a + yy * b + yz * c
        out[2, i] = zx * a + zy * b + zz * c


@kernel
def _steps_since(
    mid_stance: NDArray[np.int64], step_samples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how many step times lie between each mid-stance and the one before; 1 at first."""
    steps = np.ones(mid_stance.size)
    for k in range(1, mid_stance.size):
        steps[k] = (mid_stance[k] - mid_stance[k - 1]) / step_samples[k]
    return steps


def _run_contacts(
    channels_g: NDArray[np.float64], sampling_rate_hz: float, *, is_complete: bool
) -> Contacts:
    """Find the contacts of one uninterrupted run; times in seconds from its first sample.

    ``channels_g`` (5, n) holds forward, upward and lateral specific force, and has room for two
    more rows; ``is_complete`` tells that all three were observed.
    """
    upward_g, pressing_g = channels_g[1], channels_g[3]
    rhythm_hz = min(RHYTHM_CUTOFF_HZ, 0.45 * sampling_rate_hz)
    _pressing_and_loading(upward_g, channels_g[0], channels_g[3:])
    rhythm_g, lateral_g, unloading_g, loading_g = lowpass_four(
        channels_g[1:],
        (rhythm_hz, SIDE_CUTOFF_HZ, UNLOADING_CUTOFF_HZ, LOADING_CUTOFF_HZ),
        sampling_rate_hz,
        is_complete=is_complete,
    )
    step_time_s, at_s = _local_step_time(rhythm_g, sampling_rate_hz)
    if not step_time_s.size:
        return no_contacts()
    smooth = lowpass(upward_g, STEP_CUTOFF_RATIO / _median(step_time_s), sampling_rate_hz)
    level, spread = _mean_and_spread(smooth)
    maxima = _maxima_above(smooth, level)
    if not maxima.size:
        return no_contacts()
    maxima_s = maxima / sampling_rate_hz
    local_s = np.interp(maxima_s, at_s, step_time_s)
    rows = _mid_stances(np.minimum((smooth[maxima] - level) / spread, 2.0), maxima_s, local_s)
    mid_stance, local_s = maxima[rows], local_s[rows]
    step_samples = local_s * sampling_rate_hz
    steps_since = _steps_since(mid_stance, step_samples)
    initial, terminal = _events(smooth, loading_g, unloading_g, mid_stance, step_samples)
    duty_ratio = _duty_ratios(pressing_g, mid_stance, steps_since)
    known = np.isfinite(duty_ratio)
    if not known.any():
        return no_contacts()  # not two mid-stances in a row are one step apart: no running
    duty_ratio = np.where(known, duty_ratio, _median(duty_ratio[known]))
    half_contact = 0.5 * duty_ratio * step_samples
    return _combine(
        mid_stance / sampling_rate_hz,
        initial / sampling_rate_hz,
        terminal / sampling_rate_hz,
        duty_ratio * local_s,
        local_s,
        _sides(
            lateral_g,
            mid_stance - half_contact,
            mid_stance + half_contact,
            steps_since,
        ),
    )


def _combine(
    mid_stance_s: NDArray[np.float64],
    rise_s: NDArray[np.float64],
    fall_s: NDArray[np.float64],
    rhythm_contact_s: NDArray[np.float64],
    step_time_s: NDArray[np.float64],
    side: NDArray[np.int8],
) -> Contacts:
    """Return contacts from both crossings and the rhythm's contact time, each where it is there."""
    has_rise = np.isfinite(rise_s)
    initial_s = np.where(has_rise, rise_s, mid_stance_s - 0.5 * rhythm_contact_s)
    crossing_contact_s = fall_s - initial_s
    has_fall = (crossing_contact_s >= SHORTEST_CONTACT_S) & (
        crossing_contact_s <= LONGEST_CONTACT_RATIO * step_time_s
    )
    disagreement_s = np.where(has_fall, crossing_contact_s - rhythm_contact_s, 0.0)
    contact_time_s = rhythm_contact_s + 0.5 * disagreement_s
    initial_sd_s = np.where(has_rise, INITIAL_CONTACT_SD_S, RHYTHM_SD_S)
    terminal_sd_s = np.where(has_fall, TERMINAL_CONTACT_SD_S, RHYTHM_SD_S)
    terminal_sd_s = np.hypot(terminal_sd_s, 0.25 * disagreement_s)
    agreement = np.exp(-0.5 * (disagreement_s / (2.0 * RHYTHM_SD_S)) ** 2)
    return Contacts(
        initial_contact_s=initial_s,
        terminal_contact_s=initial_s + contact_time_s,
        initial_contact_sd_s=initial_sd_s,
        terminal_contact_sd_s=terminal_sd_s,
        side=side,
        confidence=0.5 * has_rise + 0.5 * has_fall * agreement,
    )


def _shifted(contacts: Contacts, seconds: float) -> Contacts:
    return replace(
        contacts,
        initial_contact_s=contacts.initial_contact_s + seconds,
        terminal_contact_s=contacts.terminal_contact_s + seconds,
    )


def _inside(contacts: Contacts, start_s: float, stop_s: float) -> Contacts:
    """Keep the contacts that begin and end between two moments: those cut by an end are out."""
    rows = (contacts.initial_contact_s >= start_s) & (contacts.terminal_contact_s <= stop_s)
    return select_contacts(contacts, rows)


def _check(
    acc_mps2: NDArray[np.float64], sampling_rate_hz: float, start_sample: int, stop_sample: int
) -> None:
    problems = []
    if acc_mps2.ndim != 2 or acc_mps2.shape[1] != 3:
        problems.append(f"acc_mps2 has shape {acc_mps2.shape}, expected (n_samples, 3)")
    if not sampling_rate_hz >= LOWEST_SAMPLING_RATE_HZ:
        problems.append(
            f"sampling_rate_hz is {sampling_rate_hz}, expected at least "
            f"{LOWEST_SAMPLING_RATE_HZ:g}: slower data cannot time a contact"
        )
    if not 0 <= start_sample <= stop_sample <= len(acc_mps2):
        problems.append(
            f"start_sample, stop_sample are {start_sample}, {stop_sample}, expected a half-open "
            f"range within 0 to {len(acc_mps2)}"
        )
    if problems:
        raise SignalError(*problems)


def trunk_contacts(
    acc_mps2: NDArray[np.float64],
    gyr_radps: NDArray[np.float64] | None,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
    coefficients: TrunkCoefficients | None = None,
    rotation: NDArray[np.float64] | None = None,
    *,
    is_complete: bool = False,
) -> Contacts:
    """Find the contacts of both feet in one bout of running from a sensor on the trunk.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) float64 array
        Specific force of the whole recording in the segment frame: +x forward, +y up, +z right. A
        channel that the sensor lacks is a column of NaN: without x the initial contact rests on y
        alone, without z every side is unknown, without y there are no contacts. Gravity may be in
        it or removed, and y may be cut off at zero in flight.
    gyr_radps : (n_samples, 3) float64 array or None
        Not used; here so that every site is called alike.
    sampling_rate_hz : float
        At least 50.
    start_sample, stop_sample : int
        Half-open sample range of the bout.
    coefficients : TrunkCoefficients, optional
        Learned on this runner where force was measured; without them nothing personal is used.
    rotation : (3, 3) float64 array, optional
        Turns ``acc_mps2``, all axes of which are then there, to the segment frame; by default it
        is in it.
    is_complete : bool
        Whether the caller knows that no value of ``acc_mps2`` is missing; looked up if not.

    Returns
    -------
    Contacts
        Contacts that begin and end within the bout and within one uninterrupted stretch of
        samples. An event that did not show itself is placed by the rhythm, with the wider standard
        deviation and the lower confidence that this deserves. No rows for an empty or motionless
        bout.

    Raises
    ------
    loadcore.signals.SignalError
        If the shape, the rate or the range is wrong; all of it at once.

    Notes
    -----
    Without coefficients nothing is fitted to a runner; the filters and levels were set with
    recurrent_grf in view. There (one runner, 15 speeds and slopes, two mounts; contact is force
    above 5 % of body weight) all 466 complete contacts are found and none is invented, and contact
    time is 12 ms off (RMSE; 22 ms if the true mean is always guessed).
    """
    acc_mps2 = np.asarray(acc_mps2, dtype=np.float64)
    _check(acc_mps2, sampling_rate_hz, start_sample, stop_sample)
    margin = round(FILTER_MARGIN_S * sampling_rate_hz)
    begin, end = max(start_sample - margin, 0), min(stop_sample + margin, len(acc_mps2))
    parts = []
    pieces = [(0, end - begin)] if is_complete else finite_segments(acc_mps2[begin:end])
    for first, last in pieces:
        acc = acc_mps2[begin + first : begin + last]
        channels_g = np.empty((5, len(acc)))
        if rotation is None:
            channels_g[:3] = acc.T / STANDARD_GRAVITY_MPS2
        else:
            _along_axes(acc, rotation / STANDARD_GRAVITY_MPS2, channels_g)
        if math.isnan(channels_g[1, 0]):  # the sensor lacks the axis
            return no_contacts()
        if np.mean(channels_g[1]) < GRAVITY_REMOVED_BELOW_G:
            channels_g[1] += 1.0
        has_all_axes = not np.isnan(channels_g[:3, 0]).any()
        found = _run_contacts(channels_g, sampling_rate_hz, is_complete=has_all_axes)
        origin_s = (begin + first) / sampling_rate_hz
        start_s = max(start_sample / sampling_rate_hz, origin_s)
        stop_s = min(stop_sample / sampling_rate_hz, (begin + last) / sampling_rate_hz)
        parts.append(_inside(_shifted(found, origin_s), start_s, stop_s))
    contacts = join_contacts(parts)
    if coefficients is None:
        return contacts
    segment_acc = acc_mps2 if rotation is None else rotate(acc_mps2, rotation)
    return refine_contacts(segment_acc, sampling_rate_hz, contacts, coefficients)
