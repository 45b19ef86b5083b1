"""Damaged recordings: no crash but the documented error, no hang, no silent nonsense."""

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadcore.force import MAX_PEAK_VGRF_BW
from loadcore.recording import analyse_recording
from loadcore.signals import SignalError
from loadcore.tissue import MAX_PEAK_FORCE_BW
from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.importers.fit import WatchRecording
from pipelines.importers.open_recording import read_any
from pipelines.importers.raw_files import RecordingFileError
from pipelines.store import StoreError, write_table
from tolerance.exposure.watch import watch_steps
from tolerance.schemas import conform, empty_table, validate

G = 9.80665
RATE_HZ = 100.0
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _running(seconds=8.0):
    """Return time, acceleration and angular velocity of a shank that runs, as far as it goes."""
    rng = np.random.default_rng(3)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * 1.4 * time_s
    acc = 0.3 * rng.standard_normal((time_s.size, 3))
    acc[:, 1] += G + 25 * np.maximum(0.0, np.sin(phase)) ** 8 + 6 * np.sin(2 * phase)
    acc[:, 0] += 8 * np.sin(phase + 0.4)
    gyr = 0.1 * rng.standard_normal((time_s.size, 3))
    gyr[:, 2] += 6 * np.sin(phase)
    return time_s, acc, gyr


def _csv(separator=",", decimal=".", names=("t", "ax", "ay", "az", "gx", "gy", "gz")):
    time_s, acc, gyr = _running()
    lines = [separator.join(names)]
    for row in np.column_stack((time_s, acc, gyr)):
        cells = [f"{value:.5f}".replace(".", decimal) for value in row]
        lines.append(separator.join(cells))
    return ("\n".join(lines) + "\n").encode()


def _shimmer():
    names = [f"S_{n}_CAL" for n in ("Timestamp_Unix", *(f"Accel_WR_{a}" for a in "XYZ"))]
    names += [f"S_Gyro_{a}_CAL" for a in "XYZ"]
    lines = ['"sep=;"', ";".join(names), "ms" + 3 * ";m/(s^2)" + 3 * ";deg/s"]
    time_s, acc, gyr = _running()
    for t, a, w in zip(time_s, acc, np.rad2deg(gyr), strict=True):
        lines.append(";".join([f"{1.6e12 + 1e3 * t:.3f}", *(f"{v:.5f}" for v in (*a, *w))]))
    return ("\n".join(lines) + "\n").encode()


def _sensor_logger():
    time_s, acc, _ = _running()
    lines = ["time,seconds_elapsed,z,y,x"]
    lines += [
        f"{1.7e18 + 1e9 * t:.0f},{t:.3f},{z:.5f},{y:.5f},{x:.5f}"
        for t, (x, y, z) in zip(time_s, acc, strict=True)
    ]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("TotalAcceleration.csv", "\n".join(lines) + "\n")
        archive.writestr("Metadata.csv", "version,platform\n3,android\n")
    return stream.getvalue()


SIDECAR = {
    "columns": {"time": "t", "acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]},
    "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
    "site": "shank",
    "side": "left",
}
WORN = {"site": "shank", "side": "left"}
FILES = {
    "run.csv": (_csv(), SIDECAR),
    "comma.csv": (_csv(";", ","), SIDECAR),
    "shimmer.csv": (_shimmer(), WORN),
    "export.zip": (_sensor_logger(), WORN),
}


def _read(name, content, sidecar):
    """Read one file; anything but the documented outcome is a failure of the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        text = sidecar if isinstance(sidecar, bytes) else json.dumps(sidecar).encode()
        path.with_suffix(".json").write_bytes(text)
        try:
            opened = read_any(path)
        except RecordingFileError as error:
            return LeftOut(name, str(error))
        assert len(opened) == 1
        return opened[0]


def _check(opened):
    """Whatever came through is a valid table, and what the chain makes of it is physiological."""
    if isinstance(opened, LeftOut):
        assert opened.reason
        assert "Traceback" not in opened.reason
        assert len(opened.reason) < 3000
        return
    if isinstance(opened, WatchRecording):
        _check_force(watch_steps(opened.records))
        return
    assert isinstance(opened, ImportedRecording)
    validate("signals", conform("signals", opened.signals))
    acc = opened.signals[[f"acc_{a}_mps2" for a in "xyz"]].to_numpy()
    names = [f"gyr_{a}_radps" for a in "xyz"]
    gyr = opened.signals[names].to_numpy() if names[0] in opened.signals else None
    try:
        analysis = analyse_recording(
            acc,
            gyr,
            sampling_rate_hz=float(opened.row["sampling_rate_hz"]),
            site="shank",
            side="left",
            time_s=opened.signals["time_s"].to_numpy(),
        )
    except SignalError:
        return  # what only the whole chain can see, such as no stance of a foot sensor
    _check_force(analysis.steps)


def _check_force(steps):
    counts = steps.reject_reason == 0
    peak = steps.peak_vgrf_bw[counts]
    assert np.isfinite(peak).all()
    assert (peak <= MAX_PEAK_VGRF_BW).all()
    assert (steps.tissue_peak_force_bw[counts] <= np.array(MAX_PEAK_FORCE_BW)).all()
    assert (steps.contact_time_s[counts] > 0).all()


@pytest.mark.parametrize("name", FILES)
def test_the_sound_files_are_read(name):
    opened = _read(name, *FILES[name])
    assert isinstance(opened, ImportedRecording), opened.reason
    _check(opened)


names = st.sampled_from(sorted(FILES))
FLIP = st.tuples(st.floats(0, 0.9999), st.integers(1, 255))
"""Where in the file, and which bits."""


@EXAMPLES
@given(names, st.floats(0.0, 1.0))
def test_truncated_anywhere(name, share):
    content, sidecar = FILES[name]
    _check(_read(name, content[: int(share * len(content))], sidecar))


@EXAMPLES
@given(
    names, st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), min_size=1, max_size=20)
)
def test_flipped_bytes(name, flips):
    content, sidecar = FILES[name]
    changed = bytearray(content)
    for place, mask in flips:
        changed[int(place * len(changed))] ^= mask
    _check(_read(name, bytes(changed), sidecar))


@EXAMPLES
@given(names, st.floats(0, 0.9), st.floats(0, 0.3), st.binary(max_size=200))
def test_a_piece_cut_out_or_replaced(name, place, length, filling):
    content, sidecar = FILES[name]
    start = int(place * len(content))
    stop = start + int(length * len(content))
    _check(_read(name, content[:start] + filling + content[stop:], sidecar))


@EXAMPLES
@given(st.sets(st.integers(0, 6)), st.permutations(range(7)))
def test_columns_deleted_and_moved(deleted, order):
    rows = [line.split(",") for line in FILES["run.csv"][0].decode().split("\n")[:-1]]
    kept = [i for i in order if i not in deleted]
    content = "".join(",".join(row[i] for i in kept) + "\n" for row in rows)
    opened = _read("run.csv", content.encode(), SIDECAR)
    _check(opened)
    assert isinstance(opened, LeftOut) == bool(deleted)  # columns are known by name, not place


@EXAMPLES
@given(
    st.floats(-6, 6),
    st.floats(-6, 6),
    st.floats(-3, 3),
    st.sampled_from(["m/s^2", "g", "mg"]),
    st.sampled_from(["rad/s", "deg/s"]),
)
def test_scales_are_never_silently_wrong(acc_log, gyr_log, time_log, acc_unit, gyr_unit):
    time_s, acc, gyr = _running()
    table = np.column_stack((time_s * 10**time_log, acc * 10**acc_log, gyr * 10**gyr_log))
    lines = ["t,ax,ay,az,gx,gy,gz", *(",".join(f"{v:.9g}" for v in row) for row in table)]
    units = {"time": "s", "acc": acc_unit, "gyr": gyr_unit}
    opened = _read("run.csv", ("\n".join(lines) + "\n").encode(), SIDECAR | {"units": units})
    _check(opened)
    if not isinstance(opened, LeftOut):
        resting = np.median(np.linalg.norm(opened.signals.filter(like="acc_"), axis=1))
        assert 0.5 * G < resting < 4.1 * G
        turning = np.ptp(opened.signals.filter(like="gyr_").to_numpy(), axis=0).max()
        assert 0.5 < turning < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


@EXAMPLES
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *SIDECAR,
                "calibration",
                "started_at",
                "runner_id",
                "sampling_rate_hz",
                "body_mass_kg",
                "preset",
                "frame",
                "stamps",
                "x",
            ]
        ),
        JSON,
        max_size=6,
    )
)
def test_any_sidecar(changes):
    content, sidecar = FILES["run.csv"]
    _check(_read("run.csv", content, json.dumps(sidecar | changes).encode()))


@EXAMPLES
@given(st.binary(max_size=400), st.sampled_from(["run.csv", "run.zip", "run.fit", "run.tsv"]))
def test_any_bytes(content, name):
    _check(_read(name, content, WORN))


# ---- real files -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mirror():
    place = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not place:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    return Path(place)


@pytest.fixture(scope="module")
def real(mirror):
    jog = (mirror / "harlab_ankle_jog/data/raw_accelerometer_data/002ankle.csv").read_bytes()
    lines = jog.split(b"\n")
    return {
        # ten header lines and names, then 20 s of the treadmill jog
        "jog.csv": b"\n".join([*lines[:11], *lines[52_000:54_000], b""]),
        "watch.fit": (mirror / "fit_samples/garmin-fenix-5-run.fit").read_bytes(),
    }


@pytest.mark.mirror
@pytest.mark.parametrize("name", ["jog.csv", "watch.fit"])
def test_the_sound_real_files_are_read(real, name):
    opened = _read(name, real[name], WORN)
    assert not isinstance(opened, LeftOut), opened.reason
    _check(opened)


@pytest.mark.mirror
@EXAMPLES
@given(
    name=st.sampled_from(["jog.csv", "watch.fit"]),
    keep=st.floats(0.0, 1.0),
    flips=st.lists(FLIP, max_size=10),
)
def test_mutated_real_files(real, name, keep, flips):
    changed = bytearray(real[name][: int(keep * len(real[name]))])
    for place, mask in flips if changed else []:
        changed[int(place * len(changed))] ^= mask
    opened = _read(name, bytes(changed), WORN)
    _check(opened)
    if name == "watch.fit" and changed != real[name]:
        assert isinstance(opened, LeftOut)  # checksums find every change


# ---- writing ----------------------------------------------------------------------------


def test_a_place_that_cannot_be_written_to_is_one_message(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        write_table(tmp_path / "file" / "steps.parquet", "steps", empty_table("steps"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_message_and_leaves_the_old_table(tmp_path, monkeypatch):
    place = tmp_path / "steps.parquet"
    write_table(place, "steps", empty_table("steps"))
    before = place.read_bytes()

    def to_a_full_disk(table, where, **options):
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x" * 4096)

    monkeypatch.setattr("pipelines.store.pq.write_table", to_a_full_disk)
    with pytest.raises(StoreError, match="make room"):
        write_table(place, "steps", empty_table("steps"))
    assert place.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["steps.parquet"]
