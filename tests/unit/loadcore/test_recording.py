"""The whole chain on short simulated recordings whose truth is known.

Simulator and estimator share their model of force, so what is shown here is that the code does
what it says; how well it works on people is told by the scores on real data.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from loadcore.constants import (
    ACTIVITY_RUNNING,
    ACTIVITY_STILL,
    ACTIVITY_WALKING,
    SIDE_LEFT,
    SIDE_RIGHT,
    SIDE_UNKNOWN,
    STANDARD_GRAVITY_MPS2,
    TISSUES,
)
from loadcore.recording import AnalysisSettings, KnownStages, Steps, analyse_recording
from loadcore.signals import SignalError
from loadcore.steps import CONTACT_TIME, COUNTS, FORCE, NO_FOLLOWING_CONTACT, StepLimits
from tolerance.simulate.running_imu import simulate_recording
from tolerance.simulate.simulation_settings import (
    KITS,
    Block,
    SimulationSettings,
    draw_runner,
)

RATE_HZ = 208.0
RUN = (Block("standing", 2.0), Block("running", 8.0, 3.2), Block("standing", 2.0))
SENSORS = ("left shank", "right shank", "right foot", "sacrum")
DERIVED = (
    "peak_vgrf_bw",
    "peak_vgrf_sd_bw",
    "vertical_stiffness_bwpm",
    "vertical_oscillation_m",
    "tissue_peak_force_bw",
    "tissue_peak_force_sd_bw",
    "tissue_impulse_bws",
)
"""Everything that rests on a step's force."""


def simulate(blocks, seed=7):
    """Simulate all sensors of one kit, on one clock and without loss."""
    rng = np.random.default_rng(seed)
    settings = SimulationSettings(packet_loss_max=0.0, clock_offset_max_s=0.0)
    runner = draw_runner(rng, 1)
    return simulate_recording(rng, settings, runner=runner, blocks=blocks, kit=KITS[0])


def sensors_of(recording):
    return {f"{s.place.side} {s.place.site}".removeprefix("unknown "): s for s in recording.sensors}


@pytest.fixture(scope="module")
def session():
    return simulate(RUN)


@pytest.fixture(scope="module")
def worn(session):
    return sensors_of(session)


def analyse(sensor, acc=None, gyr="own", **options):
    """Analyse a sensor's samples, or others in their place."""
    arguments = {
        "sampling_rate_hz": RATE_HZ,
        "site": sensor.place.site,
        "side": sensor.place.side,
    } | options
    return analyse_recording(
        sensor.acc_mps2 if acc is None else acc,
        sensor.gyr_radps if isinstance(gyr, str) else gyr,
        **arguments,
    )


def counting(steps):
    return steps.reject_reason == COUNTS


def true_contacts(session, sensor):
    """Return the running contacts that the sensor sees, the last one before a stop included."""
    contacts = session.contacts[session.contacts["activity"] == "running"]
    if sensor.place.side != "unknown":
        contacts = contacts[contacts["side"] == sensor.place.side]
    return contacts.sort_values("initial_contact_s")


def nearest(times_s, others_s):
    """Index of the nearest of the other times, for each time."""
    return np.abs(np.asarray(others_s)[None, :] - np.asarray(times_s)[:, None]).argmin(axis=1)


def assert_same_steps(found, expected, atol_s):
    """Compare steps, times within a tolerance."""
    assert len(found) == len(expected)
    np.testing.assert_array_equal(found.reject_reason, expected.reject_reason)
    np.testing.assert_allclose(found.initial_contact_s, expected.initial_contact_s, atol=atol_s)
    np.testing.assert_allclose(found.terminal_contact_s, expected.terminal_contact_s, atol=atol_s)


# ---- against the truth -------------------------------------------------------------------


@pytest.mark.parametrize("name", SENSORS)
def test_steps_are_found_and_near_the_truth(session, worn, name):
    """Onset within 20 ms and contact time within 35 ms of the truth, half of them within 15 ms.

    On the trunk up to a quarter of the onsets may lie within 80 ms instead: there the onset is
    sometimes found at the impact's second peak.
    """
    analysis = analyse(worn[name])
    truth = true_contacts(session, worn[name])
    complete = truth[truth["is_complete"]]
    steps = analysis.steps
    counts = counting(steps)
    # All that count but at most one at each end of the bout.
    assert len(complete) - 2 <= counts.sum() <= len(truth)
    row = nearest(steps.initial_contact_s, truth["initial_contact_s"])
    assert np.unique(row).size == row.size
    onset_ms = 1e3 * (steps.initial_contact_s - truth["initial_contact_s"].to_numpy()[row])
    contact_ms = 1e3 * (steps.contact_time_s - truth["contact_time_s"].to_numpy()[row])
    seen = counts & np.isfinite(contact_ms)
    within = np.abs(onset_ms[counts]) < 20.0
    assert within.all() or (name == "sacrum" and within.mean() >= 0.75)
    assert np.abs(onset_ms[counts]).max() < 80.0
    assert np.median(np.abs(onset_ms[counts])) < 15.0
    assert np.abs(contact_ms[seen]).max() < 35.0
    assert np.median(np.abs(contact_ms[seen])) < 15.0
    # Force within a quarter of a body weight in the middle: the half-sine is 5 to 10 % low.
    force_bw = steps.peak_vgrf_bw - truth["peak_vgrf_bw"].to_numpy()[row]
    assert abs(np.median(force_bw[seen])) < 0.25
    assert analysis.quality.running_s == pytest.approx(8.0, abs=1.25)
    assert analysis.quality.duration_s == pytest.approx(12.5, abs=0.5)
    assert analysis.quality.missing_frac == 0.0


def test_columns_hold_together(worn):
    """Times add up, tissue columns are in place, and nothing is negative."""
    steps = analyse(worn["left shank"]).steps
    counts = counting(steps)
    np.testing.assert_allclose(
        steps.contact_time_s, steps.terminal_contact_s - steps.initial_contact_s
    )
    np.testing.assert_allclose(
        steps.step_time_s[counts], (steps.contact_time_s + steps.flight_time_s)[counts]
    )
    np.testing.assert_allclose(steps.duty_factor, steps.contact_time_s / (2 * steps.step_time_s))
    for name in DERIVED:
        values = getattr(steps, name)
        assert values.shape == ((len(steps), len(TISSUES)) if "tissue" in name else (len(steps),))
        assert (values[counts] > 0.0).all(), name
    assert (steps.confidence[counts] > 0.0).all()


def test_only_a_shin_sensor_tells_impact_and_only_a_foot_sensor_speed(worn):
    told = {
        name: {
            column: bool(np.isfinite(getattr(analyse(worn[name]).steps, column)).any())
            for column in ("peak_tibial_acc_g", "speed_mps", "stride_length_m")
        }
        for name in SENSORS
    }
    for name, columns in told.items():
        assert columns["peak_tibial_acc_g"] == ("shank" in name)
        assert columns["speed_mps"] == columns["stride_length_m"] == ("foot" in name)


def test_impact_peaks_are_those_of_the_truth(session, worn):
    """Within a quarter: the sensor is not at the place where the truth is taken."""
    steps = analyse(worn["left shank"]).steps
    truth = true_contacts(session, worn["left shank"])
    row = nearest(steps.initial_contact_s, truth["initial_contact_s"])
    ratio = steps.peak_tibial_acc_g / truth["peak_tibial_acc_g"].to_numpy()[row]
    assert np.nanmedian(ratio) == pytest.approx(1.0, abs=0.25)
    assert np.isfinite(ratio[counting(steps)]).all()


def test_impact_peaks_are_low_passed_as_published(session, worn):
    """Of the same definition they agree to what strap, scale and mounting leave."""
    steps = analyse(worn["left shank"]).steps
    truth = true_contacts(session, worn["left shank"])
    row = nearest(steps.initial_contact_s, truth["initial_contact_s"])
    ratio = steps.peak_tibial_acc_g / truth["peak_tibial_acc_60_hz_g"].to_numpy()[row]
    assert np.nanmedian(ratio) == pytest.approx(1.0, abs=0.08)
    assert (truth["peak_tibial_acc_60_hz_g"] < truth["peak_tibial_acc_g"]).all()


def test_speed_of_the_foot_is_the_treadmill_s(worn):
    """Within 5 %, the bound that stride length is trusted to."""
    analysis = analyse(worn["right foot"])
    counts = counting(analysis.steps)
    assert np.nanmedian(analysis.steps.speed_mps[counts]) == pytest.approx(3.2, rel=0.05)
    assert analysis.strides is not None
    assert len(analysis.strides) >= counts.sum()


def test_sides_of_a_shin_sensor_are_given_and_of_a_trunk_sensor_found(session, worn):
    assert (analyse(worn["right shank"]).steps.side == SIDE_RIGHT).all()
    assert (analyse(worn["right shank"], side="unknown").steps.side == SIDE_UNKNOWN).all()
    steps = analyse(worn["sacrum"]).steps
    truth = true_contacts(session, worn["sacrum"])
    row = nearest(steps.initial_contact_s, truth["initial_contact_s"])
    true_side = np.where(truth["side"].to_numpy()[row] == "left", SIDE_LEFT, SIDE_RIGHT)
    counts = counting(steps)
    assert (np.diff(steps.side[counts]) != 0).all()
    assert np.mean(steps.side[counts] == true_side[counts]) in (0.0, 1.0)


def test_waist_and_hip_are_analysed_like_the_sacrum(worn):
    expected = analyse(worn["sacrum"]).steps
    for site in ("waist", "hip"):
        assert_same_steps(analyse(worn["sacrum"], site=site).steps, expected, 0.0)


# ---- orientation and channels ------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", SENSORS)
def test_how_the_sensor_is_turned_does_not_matter(worn, name, seed):
    """A turned sensor gives the same steps to the microsecond, and stride lengths to 1 mm."""
    sensor = worn[name]
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    expected = analyse(sensor)
    found = analyse(sensor, acc=sensor.acc_mps2 @ turn.T, gyr=sensor.gyr_radps @ turn.T)
    assert_same_steps(found.steps, expected.steps, 1e-6)
    np.testing.assert_allclose(
        found.steps.stride_length_m, expected.steps.stride_length_m, atol=1e-3
    )


@pytest.mark.parametrize("name", SENSORS)
def test_a_given_segment_frame_is_taken_as_it_is(worn, name):
    """The true frame gives the steps of the found one, within 10 ms."""
    sensor = worn[name]
    acc = sensor.acc_mps2 @ sensor.mounting.matrix  # sensor = matrix @ segment
    gyr = sensor.gyr_radps @ sensor.mounting.matrix
    given = analyse(sensor, acc=acc, gyr=gyr, frame="segment")
    assert given.quality.orientation == "given"
    assert given.quality.orientation_confidence == 1.0
    found = analyse(sensor).steps
    assert len(given.steps) == len(found)
    np.testing.assert_allclose(given.steps.initial_contact_s, found.initial_contact_s, atol=0.010)


@pytest.mark.parametrize("name", ["left shank", "sacrum"])
def test_a_sensor_without_mediolateral_axis(session, worn, name):
    """Steps are still found, within 60 ms; a trunk sensor can no longer tell the sides."""
    sensor = worn[name]
    acc = sensor.acc_mps2 @ sensor.mounting.matrix
    acc[:, 2] = np.nan
    steps = analyse(sensor, acc=acc, gyr=None, frame="segment").steps
    truth = true_contacts(session, sensor)
    assert counting(steps).sum() >= 0.7 * len(truth)
    row = nearest(steps.initial_contact_s, truth["initial_contact_s"])
    late_s = steps.initial_contact_s - truth["initial_contact_s"].to_numpy()[row]
    assert np.median(np.abs(late_s[counting(steps)])) < 0.060
    if name == "sacrum":
        assert (steps.side == SIDE_UNKNOWN).all()


@pytest.mark.parametrize("name", SENSORS)
def test_without_gyroscope_steps_are_still_found(session, worn, name):
    """A column that is missing throughout is the same as none; times within 60 ms."""
    sensor = worn[name]
    bare = analyse(sensor, gyr=None)
    empty = analyse(sensor, gyr=np.full_like(sensor.gyr_radps, np.nan))
    assert_same_steps(empty.steps, bare.steps, 0.0)
    assert bare.strides is None
    assert np.isnan(bare.quality.gyr_clipped_frac)
    truth = true_contacts(session, sensor)
    assert counting(bare.steps).sum() >= 0.6 * len(truth)
    row = nearest(bare.steps.initial_contact_s, truth["initial_contact_s"])
    late_s = bare.steps.initial_contact_s - truth["initial_contact_s"].to_numpy()[row]
    assert np.median(np.abs(late_s[counting(bare.steps)])) < 0.060


# ---- lost samples and time stamps --------------------------------------------------------


@pytest.mark.parametrize("name", SENSORS)
def test_a_gap_hides_its_own_steps_only(worn, name):
    """Steps away from the gap stay, within 10 ms; none begins in the gap or spans it."""
    sensor = worn[name]
    first, last = 6.0, 6.8
    time_s = np.arange(len(sensor.acc_mps2)) / RATE_HZ
    lost = (time_s >= first) & (time_s < last)
    acc, gyr = sensor.acc_mps2.copy(), sensor.gyr_radps.copy()
    acc[lost], gyr[lost] = np.nan, np.nan
    whole, holed = analyse(sensor).steps, analyse(sensor, acc=acc, gyr=gyr)
    steps = holed.steps
    assert holed.quality.missing_frac == pytest.approx(lost.mean())
    counts = counting(steps)
    ends_s = steps.initial_contact_s + steps.step_time_s
    inside = (steps.initial_contact_s > first) & (steps.initial_contact_s < last)
    spans = (steps.initial_contact_s < first) & (ends_s > last)
    assert not (counts & (inside | spans)).any()
    away = counting(whole) & (
        (whole.initial_contact_s < first - 1.0) | (whole.initial_contact_s > last + 1.0)
    )
    assert away.sum() >= 4
    row = nearest(whole.initial_contact_s[away], steps.initial_contact_s)
    np.testing.assert_allclose(
        steps.initial_contact_s[row], whole.initial_contact_s[away], atol=0.010
    )
    assert counts[row].mean() > 0.7


@pytest.mark.parametrize("name", SENSORS)
def test_dropped_rows_are_the_same_as_missing_rows(worn, name):
    """A device may leave lost samples out or write them as missing; within 2 ms it is the same."""
    sensor = worn[name]
    time_s = np.arange(len(sensor.acc_mps2)) / RATE_HZ
    lost = (time_s >= 6.0) & (time_s < 6.8)
    acc, gyr = sensor.acc_mps2.copy(), sensor.gyr_radps.copy()
    acc[lost], gyr[lost] = np.nan, np.nan
    missing = analyse(sensor, acc=acc, gyr=gyr).steps
    dropped = analyse(
        sensor, acc=sensor.acc_mps2[~lost], gyr=sensor.gyr_radps[~lost], time_s=time_s[~lost]
    ).steps
    assert len(dropped) == len(missing)
    np.testing.assert_allclose(dropped.initial_contact_s, missing.initial_contact_s, atol=0.002)


@pytest.mark.parametrize("name", SENSORS)
def test_jittered_time_stamps_give_the_even_steps(worn, name):
    """The signal at uneven moments, with their stamps, gives the same steps within 5 ms."""
    sensor = worn[name]
    even_s = np.arange(len(sensor.acc_mps2)) / RATE_HZ
    rng = np.random.default_rng(3)
    time_s = even_s + rng.uniform(-0.2, 0.2, even_s.size) / RATE_HZ

    def at_those_moments(x):
        return np.column_stack([np.interp(time_s, even_s, column) for column in x.T])

    expected = analyse(sensor, time_s=even_s)
    found = analyse(
        sensor,
        acc=at_those_moments(sensor.acc_mps2),
        gyr=at_those_moments(sensor.gyr_radps),
        time_s=time_s,
    )
    assert found.quality.jitter_s > 10.0 * expected.quality.jitter_s
    assert len(found.steps) == len(expected.steps)
    np.testing.assert_allclose(
        found.steps.initial_contact_s, expected.steps.initial_contact_s, atol=0.005
    )


def test_times_count_from_the_first_sample(worn):
    """Stamps that begin at an hour give the same times, and even stamps the same as none."""
    sensor = worn["left shank"]
    even_s = np.arange(len(sensor.acc_mps2)) / RATE_HZ
    bare = analyse(sensor)
    assert np.isnan(bare.quality.jitter_s)
    for start_s in (0.0, 3600.0):
        assert_same_steps(analyse(sensor, time_s=even_s + start_s).steps, bare.steps, 1e-6)


def test_measured_rate_wins_over_the_nominal_one(worn):
    """A clock 0.5 % fast, told by its stamps, stretches times by as much."""
    sensor = worn["left shank"]
    true_hz = RATE_HZ / 1.005
    time_s = np.arange(len(sensor.acc_mps2)) / true_hz
    nominal, measured = analyse(sensor), analyse(sensor, time_s=time_s)
    assert measured.quality.sampling_rate_hz == pytest.approx(true_hz, rel=1e-6)
    assert measured.grid_rate_hz == measured.quality.sampling_rate_hz
    assert len(measured.steps) == len(nominal.steps)
    np.testing.assert_allclose(
        measured.steps.initial_contact_s, 1.005 * nominal.steps.initial_contact_s, atol=0.005
    )


# ---- the sensor's limits -----------------------------------------------------------------


@pytest.mark.parametrize("stated", [6.0, None])
def test_clipping_is_counted_with_and_without_a_stated_range(worn, stated):
    """Share of running samples at the limit: at least those that were cut."""
    sensor = worn["left shank"]
    limit = 6.0 * STANDARD_GRAVITY_MPS2
    cut = np.clip(sensor.acc_mps2, -limit, limit)
    n_cut = (np.abs(sensor.acc_mps2) >= limit).any(axis=1).sum()
    assert n_cut >= 5, "the simulated impacts have to pass the limit"
    whole, clipped = analyse(sensor), analyse(sensor, acc=cut, acc_range_g=stated)
    share = n_cut / (clipped.quality.running_s * RATE_HZ)
    assert clipped.quality.acc_clipped_frac > whole.quality.acc_clipped_frac
    expected = {"rel": 0.5} if stated is None else {"rel": 0.2}
    assert clipped.quality.acc_clipped_frac == pytest.approx(share, **expected)


def test_a_clipped_impact_is_not_reported(worn):
    sensor = worn["left shank"]
    limit = 6.0 * STANDARD_GRAVITY_MPS2
    cut = np.clip(sensor.acc_mps2, -limit, limit)
    n_peaks = np.isfinite(analyse(sensor).steps.peak_tibial_acc_g).sum()
    steps = analyse(sensor, acc=cut, acc_range_g=6.0).steps
    assert np.isfinite(steps.peak_tibial_acc_g).sum() < n_peaks
    assert np.nanmax(steps.peak_tibial_acc_g, initial=0.0) <= 6.0 * np.sqrt(3.0)


def test_a_railed_gyroscope_is_counted(worn):
    sensor = worn["left shank"]
    limit = 0.6 * np.abs(sensor.gyr_radps).max()
    analysis = analyse(
        sensor,
        gyr=np.clip(sensor.gyr_radps, -limit, limit),
        gyr_range_dps=float(np.rad2deg(limit)),
    )
    assert analysis.quality.gyr_clipped_frac > 0.01
    assert analyse(sensor).quality.gyr_clipped_frac == 0.0


def test_sleeping_samples_are_missing(worn):
    """Exact constants are what a sensor writes while it sleeps, not rest."""
    sensor = worn["left shank"]
    asleep = np.repeat(sensor.acc_mps2[-1:], int(20 * RATE_HZ), axis=0)
    acc = np.vstack((sensor.acc_mps2, asleep))
    gyr = np.vstack((sensor.gyr_radps, np.zeros_like(asleep)))
    analysis = analyse(sensor, acc=acc, gyr=gyr)
    assert analysis.quality.missing_frac == pytest.approx(len(asleep) / len(acc), abs=0.01)
    assert_same_steps(analysis.steps, analyse(sensor).steps, 0.010)


# ---- what is not running, and what does not count ----------------------------------------


@pytest.fixture(scope="module")
def walk():
    return sensors_of(simulate((Block("standing", 2.0), Block("walking", 8.0, 1.4))))


@pytest.mark.parametrize("name", SENSORS)
def test_no_running_gives_empty_steps_and_the_bouts_that_were_found(walk, name):
    analysis = analyse(walk[name])
    assert len(analysis.steps) == 0
    for column in fields(Steps):
        values = getattr(analysis.steps, column.name)
        expected = (0, len(TISSUES)) if column.name.startswith("tissue_") else (0,)
        assert values.shape == expected, column.name
    assert analysis.steps.side.dtype == analysis.steps.reject_reason.dtype == np.int8
    assert ACTIVITY_RUNNING not in analysis.bouts.activity
    assert ACTIVITY_WALKING in analysis.bouts.activity
    assert analysis.quality.running_s == 0.0
    assert np.isnan(analysis.quality.acc_clipped_frac)
    assert analysis.quality.orientation == "not needed: no running"
    assert np.isnan(analysis.quality.orientation_confidence)


def test_a_step_never_spans_two_bouts():
    """The last contact before a stop has no following one; both bouts are on one time axis."""
    session = simulate(
        (
            Block("standing", 2.0),
            Block("running", 6.0, 3.2),
            Block("standing", 6.0),
            Block("running", 6.0, 3.2),
            Block("standing", 2.0),
        )
    )
    analysis = analyse(sensors_of(session)["left shank"])
    running = analysis.bouts.activity == ACTIVITY_RUNNING
    assert running.sum() == 2
    assert ACTIVITY_STILL in analysis.bouts.activity
    steps = analysis.steps
    starts_s = analysis.bouts.start_sample[running] / RATE_HZ
    stops_s = analysis.bouts.stop_sample[running] / RATE_HZ
    bout = np.searchsorted(starts_s, steps.initial_contact_s, side="right") - 1
    assert set(bout) == {0, 1}
    assert (steps.initial_contact_s < stops_s[bout]).all()
    for number in (0, 1):
        assert steps.reject_reason[bout == number][-1] == NO_FOLLOWING_CONTACT
    ends_s = (steps.initial_contact_s + 2.0 * steps.step_time_s)[counting(steps)]
    assert (ends_s <= stops_s[bout[counting(steps)]] + 0.25).all()


def test_rejected_steps_keep_what_they_were_rejected_for_and_derive_nothing(worn):
    sensor = worn["left shank"]
    usual = analyse(sensor).steps
    middle_s = float(np.median(usual.contact_time_s[counting(usual)]))
    settings = AnalysisSettings(steps=replace(StepLimits(), max_contact_time_s=middle_s))
    steps = analyse(sensor, settings=settings).steps
    rejected = ~counting(steps)
    long = steps.reject_reason == CONTACT_TIME
    assert 2 <= long.sum() < len(steps) - 1
    assert (steps.contact_time_s[long] > middle_s).all()
    assert (steps.contact_time_s[counting(steps)] <= middle_s).all()
    for name in DERIVED:
        assert np.isnan(getattr(steps, name)[rejected]).all(), name
        assert np.isfinite(getattr(steps, name)[~rejected]).all(), name


@pytest.mark.parametrize(
    "limit", ["loadcore.force.MAX_PEAK_VGRF_BW", "loadcore.tissue.MAX_PEAK_FORCE_BW"]
)
def test_a_force_beyond_physiology_is_a_reason_of_its_own(worn, monkeypatch, limit):
    """Ground force and tissue force alike, here with limits that half of the steps pass."""
    usual = analyse(worn["left shank"]).steps
    counts = counting(usual)
    if limit.endswith("VGRF_BW"):
        monkeypatch.setattr(limit, float(np.median(usual.peak_vgrf_bw[counts])))
    else:
        tibia = float(np.median(usual.tissue_peak_force_bw[counts, 0]))
        monkeypatch.setattr(limit, np.array([tibia, np.inf, np.inf]))
    steps = analyse(worn["left shank"]).steps
    refused = steps.reject_reason == FORCE
    assert 2 <= refused.sum() < counts.sum()
    np.testing.assert_array_equal(counting(steps) | refused, counts)
    for name in DERIVED:
        assert np.isnan(getattr(steps, name)[refused]).all(), name
        np.testing.assert_array_equal(
            getattr(steps, name)[counting(steps)], getattr(usual, name)[counting(steps)]
        )
    assert np.isfinite(steps.contact_time_s[refused]).all()


def test_labels_and_samples_are_refused_at_once(worn):
    sensor = worn["left shank"]
    with pytest.raises(SignalError) as caught:
        analyse(
            sensor,
            acc=sensor.acc_mps2 / STANDARD_GRAVITY_MPS2,
            gyr=np.rad2deg(sensor.gyr_radps),
            site="knee",
            side="middle",
            frame="world",
        )
    problems = caught.value.problems
    assert len(problems) == 5
    for problem, part in zip(
        problems,
        ("site is 'knee'", "side is 'middle'", "frame is 'world'", "looks like g", "deg/s"),
        strict=True,
    ):
        assert part in problem
    assert "expected one of shank, foot, sacrum, waist, hip" in problems[0]


def test_the_caller_s_arrays_are_not_changed(worn):
    sensor = worn["left shank"]
    acc = np.vstack((sensor.acc_mps2, np.repeat(sensor.acc_mps2[-1:], 2000, axis=0)))
    gyr = np.vstack((sensor.gyr_radps, np.zeros((2000, 3))))
    before = acc.copy(), gyr.copy()
    analyse(sensor, acc=acc, gyr=gyr)
    np.testing.assert_array_equal(acc, before[0])
    np.testing.assert_array_equal(gyr, before[1])


# ---- speed and slope from elsewhere ------------------------------------------------------


def stages(*rows):
    return KnownStages(*(np.array(column, float) for column in zip(*rows, strict=True)))


def test_stages_are_half_open_and_unknown_outside():
    known = stages((0.0, 10.0, 3.0, np.nan), (10.0, 20.0, np.nan, 5.0), (30.0, 40.0, 4.0, -5.0))
    speed, grade = known.at(np.array([-1.0, 0.0, 9.999, 10.0, 19.0, 20.0, 30.0, 40.0, np.nan]))
    nan = np.nan
    np.testing.assert_array_equal(speed, [nan, 3.0, 3.0, nan, nan, nan, 4.0, nan, nan])
    np.testing.assert_array_equal(grade, [nan, nan, nan, 5.0, 5.0, nan, -5.0, nan, nan])


def test_known_speed_is_used_where_the_recording_does_not_tell(worn):
    known = stages((0.0, 6.0, 3.2, 0.0))
    shank = analyse(worn["left shank"], known=known).steps
    inside = shank.initial_contact_s < 6.0
    assert inside.any()
    assert not inside.all()
    assert (shank.speed_mps[inside] == 3.2).all()
    assert np.isnan(shank.speed_mps[~inside]).all()
    foot, told = analyse(worn["right foot"]).steps, analyse(worn["right foot"], known=known).steps
    own = np.isfinite(foot.speed_mps)
    assert own.any()
    np.testing.assert_array_equal(told.speed_mps[own], foot.speed_mps[own])


def test_a_known_slope_widens_the_error_and_leaves_the_force(worn):
    """load.md: beyond 5 % the temporal method is not valid, so its error grows."""
    level = analyse(worn["left shank"], known=stages((0.0, 99.0, 3.2, 0.0))).steps
    steep = analyse(worn["left shank"], known=stages((0.0, 99.0, 3.2, -15.0))).steps
    counts = counting(level) & counting(steep)
    assert counts.any()
    np.testing.assert_allclose(steep.peak_vgrf_bw[counts], level.peak_vgrf_bw[counts])
    assert (steep.peak_vgrf_sd_bw[counts] > level.peak_vgrf_sd_bw[counts]).all()
