import csv
import itertools
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import ACTIVITY_OTHER, ACTIVITY_RUNNING, ACTIVITY_STILL, ACTIVITY_WALKING
from tolerance.simulate.running_imu import (
    SimulatedRecording,
    SimulatedSensor,
    simulate_dataset,
    simulate_recording,
)
from tolerance.simulate.simulation_settings import (
    KITS,
    Block,
    SimulationSettings,
    draw_runner,
)

SMALL = SimulationSettings(
    n_runners=2, sessions_per_runner=2, running_bouts=1, running_bout_s=4.0, walking_bout_s=3.0
)
EXACT = SimulationSettings(
    mount_rotation_max_deg=0.0,
    mount_offset_max_m=0.0,
    acc_bias_max_mps2=0.0,
    acc_scale_max=0.0,
    gyr_bias_max_radps=0.0,
    packet_loss_max=0.0,
    clock_drift_max_ppm=0.0,
)


def of_site(recording: SimulatedRecording, site: str) -> SimulatedSensor:
    return next(sensor for sensor in recording.sensors if sensor.place.site == site)


def complete_running(recording: SimulatedRecording) -> pd.DataFrame:
    contacts = recording.contacts
    return contacts[(contacts["activity"] == "running") & contacts["is_complete"]]


def test_same_generator_same_recording() -> None:
    first, second = (simulate_dataset(np.random.default_rng(8), SMALL) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(one.contacts, other.contacts)
        for a, b in zip(one.sensors, other.sensors, strict=True):
            np.testing.assert_array_equal(a.acc_mps2, b.acc_mps2)


def test_more_runners_leave_the_first_as_they_were() -> None:
    few = simulate_dataset(np.random.default_rng(8), SMALL)
    one = SimulationSettings(
        n_runners=1,
        sessions_per_runner=2,
        running_bouts=1,
        running_bout_s=4.0,
        walking_bout_s=3.0,
    )
    fewer = simulate_dataset(np.random.default_rng(8), one)
    assert len(few) == 4
    for old, new in zip(fewer, few, strict=False):
        np.testing.assert_array_equal(old.sensors[0].acc_mps2, new.sensors[0].acc_mps2)


def test_impact_does_not_follow_the_force_peak() -> None:
    # r = 0.04 ± 0.14 in Zandbergen 2023 (doi:10.1080/14763141.2022.2164345)
    correlations = []
    for number in (1, 3, 5):
        rng = np.random.default_rng(number)
        recording = simulate_recording(
            rng,
            SimulationSettings(),
            runner=draw_runner(rng, number),
            blocks=(Block("standing", 2.0), Block("running", 90.0, 3.3), Block("standing", 2.0)),
        )
        steps = complete_running(recording).iloc[4:]
        pair = steps[["peak_tibial_acc_g", "peak_vgrf_bw"]].to_numpy()
        correlations.append(np.corrcoef(pair.T)[0, 1])
        assert pair[:, 0].std() / pair[:, 0].mean() > 0.08
    assert np.abs(correlations).max() < 0.2


def test_truth_is_complete_and_consistent(recording: SimulatedRecording) -> None:
    steps = complete_running(recording)
    assert steps.notna().all().all()
    assert (steps["contact_time_s"] > 0.12).all()
    assert steps["impulse_bws"].to_numpy() == pytest.approx(steps["step_time_s"].to_numpy())
    assert set(recording.contacts["activity"]) == {"walking", "running", "other"}
    walking = recording.contacts.query("activity == 'walking' and is_complete")
    duty = walking["contact_time_s"] / (2 * walking["step_time_s"])
    assert (duty.iloc[:-1] > 0.5).all()


def test_activity_follows_the_script(recording: SimulatedRecording) -> None:
    middle = recording.bouts[["start_s", "stop_s"]].mean(axis=1).astype(int)
    codes = recording.activity[middle]
    expected = {
        "standing": ACTIVITY_STILL,
        "walking": ACTIVITY_WALKING,
        "running": ACTIVITY_RUNNING,
        "jumps": ACTIVITY_OTHER,
        "stairs": ACTIVITY_OTHER,
    }
    assert list(codes) == [expected[word] for word in recording.bouts["activity"]]
    assert recording.bouts["start_s"].iloc[1:].to_numpy() == pytest.approx(
        recording.bouts["stop_s"].iloc[:-1].to_numpy()
    )


def test_strides_cover_the_distance_at_the_speed(recording: SimulatedRecording) -> None:
    strides = recording.strides.query("activity == 'running' and grade_deg == 0")
    assert strides["speed_mps"].median() == pytest.approx(3.5, rel=0.03)
    level = strides["stride_length_m"] / (strides["stop_s"] - strides["start_s"])
    assert level.to_numpy() == pytest.approx(strides["speed_mps"].to_numpy())


def test_force_is_missing_while_standing(recording: SimulatedRecording) -> None:
    standing = recording.bouts.query("activity == 'standing'").iloc[0]
    force = recording.force
    inside = force["time_s"].between(standing["start_s"], standing["stop_s"] - 0.01)
    assert force.loc[inside, "vgrf_bw"].isna().all()
    running = recording.bouts.query("activity == 'running'").iloc[0]
    inside = force["time_s"].between(running["start_s"] + 1, running["stop_s"] - 1)
    assert force.loc[inside, "vgrf_bw"].mean() == pytest.approx(1.0, abs=0.05)


def test_tibial_peaks_survive_an_ideal_sensor() -> None:
    rng = np.random.default_rng(2)
    kit = KITS[3]
    recording = simulate_recording(
        rng,
        EXACT,
        runner=draw_runner(rng, 2),
        blocks=(Block("standing", 2.0), Block("running", 10.0, 3.0), Block("standing", 2.0)),
        kit=kit,
    )
    sensor = of_site(recording, "shank")
    steps = complete_running(recording).query("side == 'left'")
    seen = []
    for start in sensor.clock.device_time_s(steps["initial_contact_s"].to_numpy()):
        inside = (sensor.time_s >= start) & (sensor.time_s < start + 0.075)
        seen.append(sensor.acc_mps2[inside, 1].max() / 9.80665)
    # what remains is strap ringing
    assert np.mean(seen) == pytest.approx(steps["peak_tibial_acc_g"].mean(), rel=0.03)


def test_kits_differ_as_promised() -> None:
    rng = np.random.default_rng(5)
    script = (Block("standing", 2.0), Block("running", 4.0, 4.5), Block("standing", 2.0))
    clipped = simulate_recording(rng, SimulationSettings(), blocks=script, kit=KITS[4])
    limit = 8 * 9.80665
    assert np.nanmax(np.abs(of_site(clipped, "foot").acc_mps2)) == pytest.approx(limit, rel=1e-3)
    free = simulate_recording(rng, SimulationSettings(), blocks=script, kit=KITS[1])
    offsets = {sensor.clock.offset_s for sensor in free.sensors}
    assert len(offsets) == len(free.sensors)
    assert all(0 < abs(sensor.clock.drift_ppm) <= 50 for sensor in free.sensors)


def mirror(folder: str) -> Path:
    root = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not root:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set: no real data here")
    return Path(root) / folder


def exact_run(speed_mps: float, number: int = 1) -> SimulatedRecording:
    rng = np.random.default_rng(number)
    return simulate_recording(
        rng,
        EXACT,
        runner=draw_runner(rng, number),
        blocks=(Block("standing", 2.0), Block("running", 12.0, speed_mps), Block("standing", 2.0)),
        kit=KITS[3],
    )


def mean_cycle(
    recording: SimulatedRecording, site: str, channel: str, phases: np.ndarray
) -> np.ndarray:
    """Mean over strides of one channel, phase 0 at the instrumented foot's contact."""
    sensor = of_site(recording, site)
    steps = complete_running(recording).query(f"side == '{sensor.place.side}'").iloc[2:-1]
    start = sensor.clock.device_time_s(steps["initial_contact_s"].to_numpy())
    signal = sensor.acc_mps2[:, 1] if channel == "acc_y" else sensor.gyr_radps[:, 2]
    time = start[:-1, None] + phases * np.diff(start)[:, None]
    return np.interp(time, sensor.time_s, signal).mean(axis=0)


@pytest.mark.mirror
@pytest.mark.parametrize(("speed", "code"), [(2.5, "T25"), (3.5, "T35"), (4.5, "T45")])
def test_shank_gyroscope_looks_like_fukuchi_2017(speed: float, code: str) -> None:
    """Swing peak and its time, and the two backward peaks, of 16 runners' shank markers."""
    path = mirror("rbds_fukuchi2017") / "derived" / "dev_forces_shank_int16.npz"
    phases = np.linspace(0.0, 1.0, 61)
    with np.load(path) as arrays:
        subjects = sorted({key[:4] for key in arrays.files})
        real = np.array([virtual_gyroscope(arrays, f"{s}_{code}", phases) for s in subjects])
    ours = np.array(
        [mean_cycle(exact_run(speed, n), "shank", "gyr_z", phases) for n in range(1, 5)]
    )
    assert ours.max(axis=1).mean() == pytest.approx(real.max(axis=1).mean(), rel=0.15)
    assert phases[ours.mean(axis=0).argmax()] == pytest.approx(
        phases[real.mean(axis=0).argmax()], abs=0.07
    )
    assert np.corrcoef(ours.mean(axis=0), real.mean(axis=0))[0, 1] > 0.97


def virtual_gyroscope(arrays: object, key: str, phases: np.ndarray) -> np.ndarray:
    """Sagittal angular velocity of the left shank, mean over strides from force-plate contact."""
    from scipy.signal import butter, sosfiltfilt

    force = -arrays[f"{key}_F_dN"][:, 2].astype(float)  # type: ignore[index]
    force = np.abs(force)
    force = sosfiltfilt(butter(2, 45, fs=300, output="sos"), force)
    on = force > 0.05 * force.mean()
    contact = np.flatnonzero(~on[:-1] & on[1:]) / 300
    markers = arrays[f"{key}_Lshank_dmm"].astype(float) / 1e4  # type: ignore[index]
    markers = sosfiltfilt(butter(2, 15, fs=150, output="sos"), markers, axis=0)
    order = np.argsort(markers[:, :, 1].mean(axis=0))
    low, high = markers[:, order[:2]].mean(axis=1), markers[:, order[2:]].mean(axis=1)
    time = np.arange(len(markers)) / 150
    heights = [np.interp(contact[k::2] + 0.08, time, low[:, 1]).mean() for k in (0, 1)]
    mine = contact[int(np.argmin(heights)) :: 2][2:-2]
    belt = np.interp(mine + 0.08, time, np.gradient(low[:, 0], 1 / 150)).mean()
    axis = high - low
    lean = np.arctan2(-np.sign(belt) * axis[:, 0], axis[:, 1])
    rate = -np.gradient(lean, 1 / 150)
    at = mine[:-1, None] + phases * np.diff(mine)[:, None]
    return np.interp(at, time, rate).mean(axis=0)


@pytest.mark.mirror
def test_shank_and_foot_look_like_dorschky_2019() -> None:
    """Mean running cycle of one man at 3.47 m/s: gyroscopes of tibia and foot."""
    path = mirror("biomac_imu_cycle") / "derived_P01_normrunning.csv"
    cycles: dict[tuple[str, str, str], np.ndarray] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cell = [row[f"s{i:03d}"] for i in range(100)]
            if row["stat"] == "mean" and all(cell):
                cycles[row["type"], row["name"], row["direction"]] = np.array(cell, dtype=float)
    force = cycles["GRF", "GRF_y_r", "nan nan nan"]
    contact = int(np.flatnonzero(force > 0.05)[0])
    phases = np.arange(100) / 100
    recording = exact_run(3.47)
    for site, name in (("shank", "tibia_r"), ("foot", "foot_r")):
        real = np.roll(cycles["gyro", name, "0 0 1"], -contact)
        ours = mean_cycle(recording, site, "gyr_z", phases)
        assert np.corrcoef(ours, real)[0, 1] > 0.9
        assert ours.max() == pytest.approx(real.max(), rel=0.2)
        assert ours.min() == pytest.approx(real.min(), rel=0.3)
    real = np.roll(cycles["acc", "tibia_r", "0 1 0"], -contact)
    ours = mean_cycle(recording, "shank", "acc_y", phases)
    assert 0.6 * real.max() < ours.max() < 2.5 * real.max()


@pytest.mark.mirror
def test_sacrum_looks_like_alcantara_2022() -> None:
    """Vertical specific force against step phase, one man on the level at 3.33 m/s, 20 Hz."""
    from scipy.signal import butter, sosfiltfilt

    folder = mirror("recurrent_grf") / "data"
    info = pd.read_csv(folder / "Sub_Info_one_sub.csv")
    row = int(np.flatnonzero((info["Speed"] == 3.33) & (info["Slope"] == 0))[0])
    acc = np.loadtxt(folder / "Accelerometer_one_sub.csv", delimiter=",", skiprows=row, max_rows=1)
    grf = np.loadtxt(folder / "GRF_one_sub.csv", delimiter=",", skiprows=row, max_rows=1)
    low = butter(2, 20, fs=500, output="sos")
    real_acc = sosfiltfilt(low, acc[:2480])
    up = np.flatnonzero((grf[:-1] <= 0.05) & (grf[1:] > 0.05))
    phases = np.linspace(0, 1, 51)
    steps = [(a, b) for a, b in itertools.pairwise(up) if 125 < b - a < 250]
    real = np.mean(
        [np.interp(a + phases * (b - a), np.arange(2480), real_acc) for a, b in steps], axis=0
    )
    recording = exact_run(3.33)
    sensor = of_site(recording, "sacrum")
    ours_acc = sosfiltfilt(
        butter(2, 20, fs=sensor.place.sampling_rate_hz, output="sos"), sensor.acc_mps2[:, 1]
    )
    start = sensor.clock.device_time_s(complete_running(recording)["initial_contact_s"].to_numpy())
    at = start[2:-2, None] + phases * np.diff(start[2:-1])[:, None]
    ours = np.interp(at, sensor.time_s, ours_acc / 9.80665).mean(axis=0)
    assert np.corrcoef(ours, real)[0, 1] > 0.85
    assert ours.max() == pytest.approx(real.max(), rel=0.25)
