"""Orientation: from a sensor's axes to the segment's, by gravity and the direction of running.

Segment frame (ISB): +x anterior, +y proximal (up), +z right. A positive angular velocity about
+z takes +x towards +y; for a hanging shank or foot that is the forward swing.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.constants import SITES, STANDARD_GRAVITY_MPS2, TRUNK_SITES
from loadcore.filters import lowpass
from loadcore.signals import (
    REMOVED_GRAVITY_RATIO,
    SignalError,
    as_triaxial,
    check_rate,
    live_columns,
    static_samples,
    true_runs,
)

__all__ = [
    "Alignment",
    "align_gravity",
    "align_heading",
    "project",
    "rotate",
]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Alignment:
    """Rotation from one frame to a better one, and how far to trust it.

    Attributes
    ----------
    rotation : (3, 3) float64 array
        Rows are the new axes in old coordinates: ``new = rotation @ old``.
    method : str
        "static" or "tilt_corrected" for gravity; "gyroscope", "acceleration" or "trunk_stance"
        for heading.
    confidence : float
        0 (a guess) to 1 (certain).
    """

    rotation: FloatArray
    method: str
    confidence: float


STATIC_CONFIDENCE: Final = 0.95
"""Quiet standing points up to within a few degrees (Bradach 2023, doi 10.3390/s23136048)."""
TILT_CORRECTED_CONFIDENCE: Final = 0.6
"""Mean specific force of running contains the segment's real mean tilt (load.md A3)."""
STATIC_AGREEMENT_COS: Final = math.cos(math.radians(45.0))
"""Quiet stretches further than this from the moving mean are another posture, or a sensor not
yet strapped on. Engineering choice: twice the mean tilt of a running shank."""
MIN_ALIGNMENT_S: Final = 1.0
"""Shortest movement to average. Engineering choice: one stride and a bit."""


@kernel
def _rotate_rows(x: FloatArray, matrix: FloatArray, out: FloatArray) -> None:
    """Multiply each row of three by a matrix, in place or not; NaN spreads to the whole row."""
    xx, xy, xz = matrix[0]
    yx, yy, yz = matrix[1]
    zx, zy, zz = matrix[2]
    for i in range(x.shape[0]):
        a, b, c = x[i, 0], x[i, 1], x[i, 2]
        out[i, 0] = xx * a + xy * b + xz * c
        out[i, 1] = yx * a + yy * b + yz * c
        out[i, 2] = zx * a + zy * b + zz * c


@kernel
def project(x: FloatArray, axis: FloatArray) -> FloatArray:
    """Return each row's component along an axis: one column of what :func:`rotate` gives.

    Parameters
    ----------
    x : (n, 3) float64 array
    axis : (3,) float64 array
        A row of ``Alignment.rotation``.

    Returns
    -------
    (n,) float64 array
    """
    a, b, c = axis
    out = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        out[i] = a * x[i, 0] + b * x[i, 1] + c * x[i, 2]
    return out


def rotate(x: ArrayLike, rotation: ArrayLike) -> FloatArray:
    """Rotate each row of a signal.

    Parameters
    ----------
    x : (n, 3) float array
        In the old frame.
    rotation : (3, 3) float array
        ``Alignment.rotation``.

    Returns
    -------
    (n, 3) float64 array
        In the new frame; a missing axis makes those new axes NaN that draw on it, and leaves
        the others.

    Raises
    ------
    SignalError
        If a shape is wrong or the matrix is no proper rotation.
    """
    rows = as_triaxial(x, "x")
    matrix = np.asarray(rotation, dtype=np.float64)
    if matrix.shape != (3, 3) or not (
        np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9) and np.linalg.det(matrix) > 0
    ):
        raise SignalError(f"rotation is {matrix.tolist()}; expected a proper rotation matrix")
    if matrix.all():
        out = np.empty_like(rows)
        _rotate_rows(rows, matrix, out)
        return out
    out = np.zeros_like(rows)
    for new in range(3):
        for old in range(3):
            if matrix[new, old] != 0.0:
                out[:, new] += matrix[new, old] * rows[:, old]
    return out


def _unit(vector: FloatArray) -> FloatArray:
    return vector / math.sqrt(float(vector @ vector))


def _frame_with_up(up: FloatArray) -> FloatArray:
    """Return the smallest rotation that takes ``up`` to +y."""
    y = np.array([0.0, 1.0, 0.0])
    axis = np.cross(up, y)
    sine, cosine = math.sqrt(float(axis @ axis)), float(up @ y)
    if sine < 1e-12:
        return np.eye(3) if cosine > 0 else np.diag([1.0, -1.0, -1.0])
    x, yy, z = axis / sine
    cross = np.array([[0.0, -z, yy], [z, 0.0, -x], [-yy, x, 0.0]])
    return np.asarray(np.eye(3) + sine * cross + (1.0 - cosine) * (cross @ cross))


@kernel
def _sum_rows(x: FloatArray, use: BoolArray, still: BoolArray) -> tuple[FloatArray, int]:
    """Return the sum of the complete rows to be used and not still, and how many there are."""
    a, b, c, n = 0.0, 0.0, 0.0, 0
    flat, total = x.reshape(x.size), np.empty(3)
    for i in range(x.shape[0]):
        u, v, w = flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]
        if use[i] and not still[i] and math.isfinite(u + v + w):
            a, b, c, n = a + u, b + v, c + w, n + 1
    total[0], total[1], total[2] = a, b, c
    return total, n


def align_gravity(
    acc_mps2: ArrayLike, sampling_rate_hz: float, running: ArrayLike | None = None
) -> Alignment:
    """Find which way is up, and turn +y there.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force in sensor axes, gravity included, all axes present.
    sampling_rate_hz : float
        Samples a second.
    running : (n,) bool array, optional
        Steady running; if not given, everything that is not quiet.

    Returns
    -------
    Alignment
        "static": mean specific force of the quiet stretches within 45 degrees of the mean while
        moving (others are sitting, lying, or a sensor on the table). "tilt_corrected": mean over
        movement itself, which for a shank holds its real mean tilt; never mix regression
        constants between the two. Heading is left as the sensor had it.

    Raises
    ------
    SignalError
        If there is neither rest nor a second of movement, or no gravity in the signal.
    """
    acc = as_triaxial(acc_mps2, "acc_mps2")
    still = static_samples(acc, sampling_rate_hz)
    use = np.ones(still.size, np.bool_) if running is None else np.asarray(running, np.bool_)
    moving_sum, n_moving = _sum_rows(acc, use, still)
    has_moving = n_moving >= MIN_ALIGNMENT_S * sampling_rate_hz
    total = np.zeros(3)
    for start, stop in true_runs(still):
        stretch = _sum_rows(acc[start:stop], still[start:stop], ~still[start:stop])[0]
        if has_moving and _unit(stretch) @ _unit(moving_sum) < STATIC_AGREEMENT_COS:
            continue
        total += stretch
    if total.any():
        return Alignment(_frame_with_up(_unit(total)), "static", STATIC_CONFIDENCE)
    if not has_moving:
        raise SignalError(
            "acc_mps2 holds neither a quiet second nor a second of movement; expected one of "
            "them to find the vertical: record a few seconds of standing"
        )
    mean = moving_sum / n_moving
    if math.sqrt(float(mean @ mean)) < REMOVED_GRAVITY_RATIO * STANDARD_GRAVITY_MPS2:
        raise SignalError(
            f"mean specific force is {math.sqrt(float(mean @ mean)):.2f} m/s²; expected about "
            "9.8: gravity was removed, export raw acceleration instead"
        )
    return Alignment(_frame_with_up(_unit(mean)), "tilt_corrected", TILT_CORRECTED_CONFIDENCE)


HEADING_CUTOFF_HZ: Final = 10.0
"""Low pass before a heading is sought. Engineering choice: keeps three harmonics of the step,
drops impact ringing."""
SLOW_RATE_CUTOFF: Final = 0.4
"""The same for slow recordings, as a share of the sampling rate: safely below half of it."""
HEADING_RATE_HZ: Final = 50.0
"""Samples are averaged in blocks down to this rate or a little above it. Engineering choice: five
times the low pass."""
QUANTILE_SAMPLES: Final = 10_000
"""A quantile comes from so many samples, evenly spaced. Engineering choice: its standard error is
half a percentile."""
SWING_QUANTILE: Final = 0.7
"""Fastest share of samples that count as swing: above this quantile of angular speed.
Engineering choice: running swings for 60 to 70 % of a stride, fast in about half of that."""


@kernel
def _pooled_rows(x: FloatArray, other: FloatArray, use: BoolArray, block: int) -> FloatArray:
    """Return the means of every ``block`` rows that are to be used and complete in both signals."""
    out = np.empty((x.shape[0] // block, 3))
    flat, beside = x.reshape(x.size), other.reshape(other.size)
    a, b, c, in_block, n = 0.0, 0.0, 0.0, 0, 0
    for i in range(x.shape[0]):
        if not use[i]:
            continue
        u, v, w = flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]
        if not math.isfinite(u + v + w + beside[3 * i] + beside[3 * i + 1] + beside[3 * i + 2]):
            continue
        a, b, c, in_block = a + u, b + v, c + w, in_block + 1
        if in_block == block:
            out[n, 0], out[n, 1], out[n, 2] = a / block, b / block, c / block
            a, b, c, in_block, n = 0.0, 0.0, 0.0, 0, n + 1
    return out[:n]


def _principal_direction(moments: FloatArray) -> tuple[FloatArray, float]:
    """Return the first principal axis of the second moments of points in a plane, and its share."""
    values, vectors = np.linalg.eigh(moments)
    total = float(values.sum())
    share = float(values[1]) / total if total > 0 else 0.5
    return np.asarray(vectors[:, 1]), share


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Return the correlation of two signals; 0 where one of them does not change."""
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else 0.0


def _point_forward(forward: FloatArray, levelled: FloatArray) -> tuple[FloatArray, float]:
    """Turn an axis (x, z) so that acceleration along it opposes the size of specific force.

    Returns the direction, and 0 to 1 for how plainly the sign was seen.
    """
    along = levelled[:, [0, 2]] @ forward
    correlation = _correlation(along, np.sqrt((levelled**2).sum(axis=1)))
    sign = 1.0 if correlation <= 0 else -1.0
    return sign * forward, min(1.0, abs(correlation) / FULL_CORRELATION)


TINY: Final = 1e-300
"""Keeps a ratio finite where there is no movement at all."""


@kernel
def _moments_in_swing(gyr: FloatArray, slowest: float) -> FloatArray:
    """Return second moments of x and z over the rows that turn faster than ``slowest``."""
    xx, xz, zz = 0.0, 0.0, 0.0
    for i in range(gyr.shape[0]):
        x, y, z = gyr[i, 0], gyr[i, 1], gyr[i, 2]
        if x * x + y * y + z * z > slowest * slowest:
            xx += x * x
            xz += x * z
            zz += z * z
    return np.array([[xx, xz], [xz, zz]])


@kernel
def _skewness_along(gyr: FloatArray, right: FloatArray) -> float:
    """Return the skewness, about zero, of angular velocity about a horizontal axis (x, z)."""
    square, cube = 0.0, 0.0
    for i in range(gyr.shape[0]):
        pitch = gyr[i, 0] * right[0] + gyr[i, 2] * right[1]
        square += pitch * pitch
        cube += pitch * pitch * pitch
    n = gyr.shape[0]
    skewness: float = (cube / n) / max(square / n, TINY) ** 1.5
    return skewness


def _heading_from_gyroscope(gyr: FloatArray) -> tuple[FloatArray, float]:
    """Return a shank's forward direction (x, z) in the levelled frame, and how plainly it shows."""
    some = gyr[:: 1 + gyr.shape[0] // QUANTILE_SAMPLES]
    slowest = float(np.quantile(np.sqrt((some**2).sum(axis=1)), SWING_QUANTILE))
    right, share = _principal_direction(_moments_in_swing(gyr, slowest))
    # z = x × y, so a rightward (x, z) of (a, b) belongs to a forward one of (b, -a).
    forward = np.array([right[1], -right[0]])
    skewness = _skewness_along(gyr, right)
    forward = forward if skewness >= 0 else -forward
    return forward, (2.0 * share - 1.0) * min(1.0, abs(skewness) / FULL_SKEWNESS)


FULL_SKEWNESS: Final = 0.3
"""Skewness of the shank's pitch rate from which its sign is certain: 0.5 to 1.0 in running and
walking of biomac_imu_cycle. Engineering choice: a little over half of the smallest seen."""
FULL_CORRELATION: Final = 0.3
"""Correlation from which the sign of a heading without gyroscope is certain. In running of
biomac_imu_cycle: 0.5 at the pelvis, -0.4 to -0.9 at shank and foot. Engineering choice: below the
smallest seen."""


@kernel
def _moments_with_fall(levelled: FloatArray) -> FloatArray:
    """Return the second moments, about their means, of x, z and the fall of y from row to row.

    The fall is that of both neighbours, at the ends of the one there is.
    """
    n = levelled.shape[0]
    y = levelled[:, 1]
    x_mean, z_mean = levelled[:, 0].sum() / n, levelled[:, 2].sum() / n
    # Neighbours cancel in the sum of all falls but for two rows at each end.
    ends = y[n - 1] - y[n - 2] + y[1] - y[0]
    fall_mean = -(0.5 * (y[n - 1] + y[n - 2] - y[0] - y[1]) + ends) / n
    xx, xz, zz, xf, zf, ff = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        before, after = max(i - 1, 0), min(i + 1, n - 1)
        fall = (y[before] - y[after]) / (after - before) - fall_mean
        x, z = levelled[i, 0] - x_mean, levelled[i, 2] - z_mean
        xx, xz, zz = xx + x * x, xz + x * z, zz + z * z
        xf, zf, ff = xf + x * fall, zf + z * fall, ff + fall * fall
    return np.array([[xx, xz, xf], [xz, zz, zf], [xf, zf, ff]])


def _heading_from_acceleration(levelled: FloatArray, site: str) -> tuple[FloatArray, float]:
    """Return the forward direction (x, z) in the levelled frame from specific force alone."""
    moments = _moments_with_fall(levelled)
    if site not in TRUNK_SITES:
        axis, share = _principal_direction(moments[:2, :2])
        forward, certainty = _point_forward(axis, levelled)
        return forward, (2.0 * share - 1.0) * certainty
    with_fall = moments[:2, 2]
    size = math.sqrt(float(with_fall @ with_fall))
    if size == 0.0:
        return np.array([1.0, 0.0]), 0.0
    forward = with_fall / size
    along = float(forward @ moments[:2, :2] @ forward)
    correlation = size / math.sqrt(along * float(moments[2, 2]))
    return forward, min(1.0, correlation / FULL_CORRELATION)


def align_heading(
    acc_mps2: ArrayLike,
    gyr_radps: ArrayLike | None,
    sampling_rate_hz: float,
    site: str,
    gravity: Alignment,
    running: ArrayLike | None = None,
) -> Alignment:
    """Turn a levelled sensor about the vertical until +x points forward: the segment frame.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force in sensor axes.
    gyr_radps : (n, 3) float array or None
        Angular velocity in sensor axes, used at the shank; None, or NaN throughout, if there is
        no gyroscope.
    sampling_rate_hz : float
        Samples a second.
    site : str
        One of ``constants.SITES``.
    gravity : Alignment
        From :func:`align_gravity`.
    running : (n,) bool array, optional
        Steady running; if not given, every complete sample.

    Returns
    -------
    Alignment
        From sensor to segment axes, gravity included. Methods, by sensors and site:

        - "gyroscope" (shank): z is the first principal component of swing angular velocity in
          the horizontal plane. Its sign makes the rate's skewness positive, because the forward
          swing is short and fast.
        - "acceleration" (foot; shank without gyroscope): first principal component of horizontal
          acceleration; its sign makes it oppose the size of specific force, whose peaks in
          running come with rearward acceleration at touch-down and in early swing. A foot with a
          gyroscope is better turned by its stances, see ``contacts_foot.find_stances``.
        - "trunk_stance" (sacrum, waist, hip, with or without gyroscope): forward is the
          horizontal direction whose acceleration follows the *fall* of vertical acceleration,
          because braking goes with its rise and propulsion with its fall, in every stance of
          either leg, while mediolateral acceleration changes sign from leg to leg.

        The last two hold for running; walking can have the opposite sign.
        Confidence multiplies that of ``gravity``, how much one direction stands out, and how
        plainly the sign is seen.

    Raises
    ------
    SignalError
        If the site is unknown or there is less than a second of complete running.

    Notes
    -----
    Works on means of blocks at 50 to 100 Hz; against every sample this turns the heading by less
    than 0.2 degrees. load.md A3. Deviations: the sign rules. Checked in running on
    biomac_imu_cycle (all sites, 10 degrees without and 4 with a gyroscope).
    """
    acc = as_triaxial(acc_mps2, "acc_mps2")
    check_rate(sampling_rate_hz)
    if site not in SITES:
        raise SignalError(f"site is {site!r}; expected one of {', '.join(SITES)}")
    use = np.ones(acc.shape[0], dtype=np.bool_)
    if running is not None:
        use = np.asarray(running, dtype=np.bool_)
    seen = acc
    if site == "shank" and gyr_radps is not None:
        turning = as_triaxial(gyr_radps, "gyr_radps")
        seen = turning if live_columns(turning).any() else acc
    block = max(1, int(sampling_rate_hz / HEADING_RATE_HZ))
    pooled = _pooled_rows(seen, acc, use, block)
    if pooled.shape[0] * block < MIN_ALIGNMENT_S * sampling_rate_hz - block:
        raise SignalError(
            f"only {pooled.shape[0] * block} complete samples of running; expected at least "
            f"{MIN_ALIGNMENT_S:g} s to find the heading: use a longer recording"
        )
    pooled_hz = sampling_rate_hz / block
    cutoff_hz = min(HEADING_CUTOFF_HZ, SLOW_RATE_CUTOFF * pooled_hz)
    levelled = lowpass(pooled, cutoff_hz, pooled_hz)
    _rotate_rows(levelled, np.ascontiguousarray(gravity.rotation), levelled)
    if seen is not acc:
        method = "gyroscope"
        forward, confidence = _heading_from_gyroscope(levelled)
    else:
        method = "trunk_stance" if site in TRUNK_SITES else "acceleration"
        forward, confidence = _heading_from_acceleration(levelled, site)
    cosine, sine = float(forward[0]), float(forward[1])
    turn = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
    return Alignment(turn @ gravity.rotation, method, gravity.confidence * max(0.0, confidence))
