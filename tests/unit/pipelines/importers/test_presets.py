"""Exports as the programs write them; headers copied from the places that presets.md names."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import LeftOut
from pipelines.importers import presets
from pipelines.importers.open_recording import read_any

G = 9.80665
ACC = ["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]
GYR = ["gyr_x_radps", "gyr_y_radps", "gyr_z_radps"]
WORN = {"site": "shank", "side": "left"}


def one(path, given=WORN):
    (opened,) = read_any(path, given)
    assert not isinstance(opened, LeftOut), opened.reason
    return opened


def reason(path, given=WORN):
    (opened,) = read_any(path, given)
    assert isinstance(opened, LeftOut)
    return opened.reason


def check(recording, gait, preset, gyr=True, atol=1e-4):
    assert recording.details["format"] == f"preset {preset}"
    np.testing.assert_allclose(recording.signals[ACC], gait.acc, atol=atol)
    np.testing.assert_allclose(recording.signals["time_s"], gait.time_s, atol=1e-4)
    if gyr:
        np.testing.assert_allclose(recording.signals[GYR], gait.gyr, atol=atol)
    else:
        assert not set(GYR) & set(recording.signals)


def clock(gait, form):
    start = pd.Timestamp("2023-04-28 17:43:00")
    return [
        (start + pd.Timedelta(milliseconds=round(1e3 * t))).strftime(form)[:-3] for t in gait.time_s
    ]


ACTIGRAPH = """------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.4 Firmware v1.7.2 \
date format {date} at 100 Hz  Filter Normal -----------
Serial Number: TAS1H50200609
Start Time 17:43:00
Start Date {day}
Epoch Period (hh:mm:ss) 00:00:00
Download Time 17:57:30
Download Date {day}
Current Memory Address: 0
Current Battery Voltage: 4.19     Mode = 12
--------------------------------------------------
"""


@pytest.mark.parametrize(
    ("date", "day", "form"),
    [
        ("M/d/yyyy", "4/28/2023", "%m/%d/%Y %H:%M:%S.%f"),
        ("dd/MM/yyyy", "28/04/2023", "%d/%m/%Y %H:%M:%S.%f"),
        ("d.M.yyyy", "28.4.2023", "%d.%m.%Y %H:%M:%S.%f"),
    ],
)
@pytest.mark.parametrize("names", ["all", "no stamps", "none"])
def test_actigraph(gait, tmp_path, date, day, form, names):
    stamps = clock(gait, form)
    rows = [",".join(f"{value:.6f}" for value in row) for row in gait.acc / G]
    columns = "Accelerometer X,Accelerometer Y,Accelerometer Z\n"
    if names == "all":
        rows = [f"{stamp},{row}" for stamp, row in zip(stamps, rows, strict=True)]
        columns = f"Timestamp,{columns}"
    content = ACTIGRAPH.format(date=date, day=day) + (columns if names != "none" else "")
    path = tmp_path / "walk.csv"
    path.write_text(content + "\n".join(rows) + "\n")
    recording = one(path)
    check(recording, gait, "actigraph", gyr=False)
    assert recording.row["started_at_utc"] == pd.Timestamp("2023-04-28 17:43", tz="UTC")
    assert recording.details["firmware"] == "v1.7.2"
    assert recording.row["sampling_rate_hz"] == 100.0


def test_actigraph_whose_stamps_contradict_its_rate(gait, tmp_path):
    stamps = clock(gait, "%m/%d/%Y %H:%M:%S.%f")
    header = ACTIGRAPH.format(date="M/d/yyyy", day="4/28/2023").replace("100 Hz", "30 Hz")
    rows = [f"{s},0.1,{y:.4f},0.2" for s, y in zip(stamps, gait.acc[:, 1] / G, strict=True)]
    path = tmp_path / "walk.csv"
    names = "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z"
    path.write_text(header + "\n".join([names, *rows, ""]))
    assert "sampling_rate_hz is 30 but the time stamps say 100" in reason(path)


@pytest.mark.parametrize("header", [True, False])
def test_axivity(gait, tmp_path, header):
    names = "Time,Accel-X (g), Accel-Y (g), Accel-Z (g), Gyro-X (d/s), Gyro-Y (d/s), Gyro-Z (d/s)\n"
    values = np.column_stack((gait.acc / G, np.rad2deg(gait.gyr)))
    rows = [
        ",".join([stamp, *(f"{v:.6f}" for v in row)])
        for stamp, row in zip(clock(gait, "%Y-%m-%d %H:%M:%S.%f"), values, strict=True)
    ]
    path = tmp_path / "walk.csv"
    path.write_text((names if header else "") + "\n".join(rows) + "\n")
    check(one(path), gait, "axivity")


def test_blue_trident_reads_the_low_range_and_names_the_high_one(gait, text, tmp_path):
    axes = [f"a{a}_m/s/s" for a in "xyz"], [f"g{a}_deg/s" for a in "xyz"]
    stamps = 1.6e15 + gait.time_s * 1e6
    columns = [stamps, gait.time_s, *gait.acc.T, *np.rad2deg(gait.gyr).T]
    names = ["unix_timestamp_microsec", "time_s", *axes[0], *axes[1]]
    (tmp_path / "TS-1_lowg.csv").write_text(text(names, columns))
    (tmp_path / "TS-1_highg.csv").write_text(text(names[:5], columns[:5]))
    high, low = read_any(tmp_path, WORN)
    assert "TS-1_lowg.csv, which has the gyroscope" in high.reason
    check(low, gait, "blue_trident")
    assert low.row["started_at_utc"] == pd.Timestamp(1.6e9, unit="s", tz="UTC")


DOT = """sep=,
DeviceTag:,zxt
FirmwareVersion:,2.0.0
AppVersion:,2021.0
SyncStatus:,Synced
OutputRate:,{rate}Hz
FilterProfile:,General
Measurement Mode:,Custom Mode 5
StartTime: ,2021-08-20_20:21:13_804 GMT+8
© Xsens Technologies B. V. 2005-2021

"""


def test_movella_dot_whose_counter_runs_over(make_gait, text, tmp_path):
    gait = make_gait(rate_hz=60.0)
    counter = np.rint(2.0**32 - 2e6 + gait.time_s * 1e6) % 2.0**32
    names = ["PacketCounter", "SampleTimeFine", *(f"Acc_{a}" for a in "XYZ")]
    names += [*(f"Gyr_{a}" for a in "XYZ"), "Status"]
    n = np.arange(counter.size)
    columns = [n, counter, *gait.acc.T, *np.rad2deg(gait.gyr).T, 0 * n]
    path = tmp_path / "dot.csv"
    path.write_text(DOT.format(rate=60) + text(names, columns), encoding="utf-8")
    recording = one(path)
    check(recording, gait, "movella_dot")
    assert recording.details["firmware"] == "2.0.0"


def test_movella_dot_with_free_acceleration_only_is_refused(gait, text, tmp_path):
    names = ["PacketCounter", "SampleTimeFine", *(f"FreeAcc_{a}" for a in "XYZ"), "Status"]
    columns = [gait.time_s, gait.time_s * 1e6, *gait.acc.T, gait.time_s]
    path = tmp_path / "dot.csv"
    path.write_text(DOT.format(rate=100) + text(names, columns), encoding="utf-8")
    assert "without gravity only (FreeAcc_X, FreeAcc_Y, FreeAcc_Z)" in reason(path)


def shimmer(gait, acc_unit="m/(s^2)", kinds=("LN", "WR")):
    device = "Shimmer_40AC_"
    names = [f"{device}Timestamp_Unix_CAL"]
    columns, units = [1.6e12 + gait.time_s * 1e3], ["ms"]
    for kind in kinds:
        names += [f"{device}Accel_{kind}_{a}_CAL" for a in "XYZ"]
        columns += list((gait.acc if kind == kinds[-1] else gait.acc.clip(-19.6, 19.6)).T)
        units += [acc_unit] * 3
    names += [f"{device}Gyro_{a}_CAL" for a in "XYZ"]
    columns += list(np.rad2deg(gait.gyr).T)
    units += ["deg/s"] * 3
    lines = ['"sep=;"', ";".join(names) + ";", ";".join(units) + ";"]
    lines += [
        ";".join(f"{v:.9g}" if i else repr(v) for i, v in enumerate(row)) + ";"
        for row in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return "\n".join(lines) + "\n"


def test_shimmer_prefers_the_wide_range(gait, tmp_path):
    path = tmp_path / "shimmer.csv"
    path.write_text(shimmer(gait))
    recording = one(path)
    check(recording, gait, "shimmer")
    assert recording.row["started_at_utc"] == pd.Timestamp(1.6e9, unit="s", tz="UTC")
    assert not any("low-noise" in note for note in recording.notes)


def test_shimmer_with_the_low_noise_accelerometer_only_says_so(gait, tmp_path):
    path = tmp_path / "shimmer.csv"
    path.write_text(shimmer(gait, kinds=("LN",)))
    assert any("ends at 2 g" in note for note in one(path).notes)


def test_shimmer_without_calibrated_units_is_refused(gait, tmp_path):
    path = tmp_path / "shimmer.csv"
    path.write_text(shimmer(gait, acc_unit="no_units"))
    assert "the row of units says 'no_units'" in reason(path)


def test_physics_toolbox(gait, text, tmp_path):
    names = ["time", "gFx", "gFy", "gFz", "TgF", "wx", "wy", "wz", ""]
    columns = [gait.time_s, *(gait.acc / G).T, gait.time_s, *gait.gyr.T]
    path = tmp_path / "toolbox.csv"
    path.write_text(text(names[:-1], columns, ";", ",").replace("\n", ";\n"))
    check(one(path), gait, "physics_toolbox")


def test_physics_toolbox_linear_accelerometer_is_refused(gait, text, tmp_path):
    path = tmp_path / "toolbox.csv"
    names = ["time", "ax", "ay", "az", "aT"]
    path.write_text(text(names, [gait.time_s, *gait.acc.T, gait.time_s]))
    assert "without gravity only (ax, ay, az)" in reason(path)
    assert "g-force meter" in reason(path)


PHYPHOX_ACC = [f"Acceleration {a} (m/s^2)" for a in "xyz"]
PHYPHOX_GYR = [f"Gyroscope {a} (rad/s)" for a in "xyz"]
PHYPHOX_LINEAR = [f"Linear Acceleration {a} (m/s^2)" for a in "xyz"]


def quoted(names):
    return [f'"{name}"' for name in names]


def test_phyphox_single_table(gait, text, tmp_path):
    names = quoted(["Time (s)", *PHYPHOX_ACC, "Absolute acceleration (m/s^2)"])
    path = tmp_path / "Raw Data.csv"
    path.write_text(text(names, [gait.time_s, *gait.acc.T, gait.time_s], "\t", ","))
    check(one(path), gait, "phyphox", gyr=False)


def test_phyphox_linear_acceleration_is_refused(gait, text, tmp_path):
    names = quoted(["Time (s)", *PHYPHOX_LINEAR])
    path = tmp_path / "Raw Data.csv"
    path.write_text(text(names, [gait.time_s, *gait.acc.T]))
    assert "'Acceleration (with g)'" in reason(path)


def phyphox_folder(folder, gait, text, acc=True):
    (folder / "meta").mkdir(parents=True)
    acc_names = PHYPHOX_ACC if acc else PHYPHOX_LINEAR
    name = "Accelerometer.csv" if acc else "Linear Acceleration.csv"
    (folder / name).write_text(text(quoted(["Time (s)", *acc_names]), [gait.time_s, *gait.acc.T]))
    late = gait.time_s + 0.005  # a clock of its own
    gyr = np.column_stack([np.interp(late, gait.time_s, c) for c in gait.gyr.T])
    (folder / "Gyroscope.csv").write_text(text(quoted(["Time (s)", *PHYPHOX_GYR]), [late, *gyr.T]))
    (folder / "meta" / "device.csv").write_text(
        '"property","value"\n"deviceModel","YAL-L21"\n"deviceBrand","HUAWEI"\n'
        '"accelerometer Range","78.4532"\n"gyroscope Range","34.906586"\n'
    )
    (folder / "meta" / "time.csv").write_text(
        '"event","experiment time","system time","system time text"\n'
        '"START",0.000000000E0,1730313108.505,"2024-10-30 20:31:48.505 UTC+02:00"\n'
    )


def test_phyphox_folder_pairs_the_gyroscope_and_knows_the_phone(gait, text, tmp_path):
    phyphox_folder(tmp_path / "run", gait, text)
    recording = one(tmp_path / "run")
    np.testing.assert_allclose(recording.signals[ACC], gait.acc, atol=1e-6)
    assert recording.row["acc_range_g"] == pytest.approx(8.0, abs=1e-3)
    assert recording.row["gyr_range_dps"] == pytest.approx(2000.0, abs=0.1)
    assert recording.details["device"] == "HUAWEI YAL-L21"
    assert str(recording.row["started_at_utc"]).startswith("2024-10-30 18:31:48.5")
    paired = recording.signals[GYR].to_numpy()
    assert np.isnan(paired[0]).all()  # before the gyroscope's first sample
    np.testing.assert_allclose(paired[1:-1, 2], gait.gyr[1:-1, 2], atol=0.2)


def test_phyphox_folder_without_gravity_is_refused(gait, text, tmp_path):
    phyphox_folder(tmp_path / "run", gait, text, acc=False)
    assert "without gravity only (Linear Acceleration.csv)" in reason(tmp_path / "run")


def sensor_logger(folder, gait, text, files, platform="android", standardisation="false"):
    folder.mkdir()
    epoch = 1.7e18 + gait.time_s * 1e9
    for name, values in files.items():
        rows = [epoch, gait.time_s, *values[:, ::-1].T]  # the columns stand in the order z, y, x
        table = text(["time", "seconds_elapsed", "z", "y", "x"], rows, digits=9)
        (folder / f"{name}.csv").write_text(table)
    (folder / "Metadata.csv").write_text(
        "version,device name,recording epoch time,platform,sensors,standardisation\n"
        f"3,Pixel 6a,1700000000000,{platform},Accelerometer|Gravity,{standardisation}\n"
    )


def linear_and_gravity(gait, sign=1.0):
    gravity = np.tile([0.0, G, 0.0], (gait.time_s.size, 1))
    return {
        "Accelerometer": sign * (gait.acc - gravity),
        "Gravity": sign * gravity,
        "Gyroscope": gait.gyr,
    }


def test_sensor_logger_prefers_total_acceleration(gait, text, tmp_path):
    files = linear_and_gravity(gait) | {"TotalAcceleration": gait.acc}
    files["Accelerometer"] = 0 * gait.acc
    sensor_logger(tmp_path / "run", gait, text, files)
    recording = one(tmp_path / "run")
    check(recording, gait, "sensor_logger")
    assert recording.details["device"] == "Pixel 6a"


@pytest.mark.parametrize(
    ("platform", "standardisation", "sign"),
    [("android", "false", 1.0), ("ios", "false", -1.0), ("ios", "true", 1.0)],
)
def test_sensor_logger_adds_gravity_in_the_sign_of_its_platform(
    gait, text, tmp_path, platform, standardisation, sign
):
    files = linear_and_gravity(gait, sign)
    sensor_logger(tmp_path / "run", gait, text, files, platform, standardisation)
    check(one(tmp_path / "run"), gait, "sensor_logger")


def test_sensor_logger_without_gravity_is_refused(gait, text, tmp_path):
    files = linear_and_gravity(gait)
    del files["Gravity"]
    sensor_logger(tmp_path / "run", gait, text, files)
    assert "record the Gravity sensor too" in reason(tmp_path / "run")


def test_sensor_logger_without_metadata_has_no_sign(gait, text, tmp_path):
    sensor_logger(tmp_path / "run", gait, text, linear_and_gravity(gait))
    (tmp_path / "run" / "Metadata.csv").unlink()
    assert "differ in the sign" in reason(tmp_path / "run")


def test_sensor_logger_gyroscope_is_not_interpolated_across_a_gap(gait, text, tmp_path):
    sensor_logger(tmp_path / "run", gait, text, {"TotalAcceleration": gait.acc})
    keep = np.r_[0:200, 300:600]
    epoch = 1.7e18 + gait.time_s[keep] * 1e9
    rows = [epoch, gait.time_s[keep], *gait.gyr[keep, ::-1].T]
    table = text(["time", "seconds_elapsed", "z", "y", "x"], rows, digits=9)
    (tmp_path / "run" / "Gyroscope.csv").write_text(table)
    gyr = one(tmp_path / "run").signals[GYR].to_numpy()
    assert np.isnan(gyr[201:299]).all()
    np.testing.assert_allclose(gyr[keep], gait.gyr[keep], atol=1e-3)


def test_sensor_logger_zip_with_a_folder_inside(gait, text, tmp_path):
    sensor_logger(tmp_path / "run", gait, text, linear_and_gravity(gait))
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (tmp_path / "run").iterdir():
            archive.write(file, f"2026-03-01/{file.name}")
    check(one(tmp_path / "export.zip"), gait, "sensor_logger")


def test_one_file_of_a_sensor_logger_export_is_not_enough(gait, text, tmp_path):
    sensor_logger(tmp_path / "run", gait, text, linear_and_gravity(gait))
    message = reason(tmp_path / "run" / "Accelerometer.csv")
    assert "give the whole folder or zip file instead" in message


def test_total_acceleration_alone_is_enough(gait, text, tmp_path):
    sensor_logger(tmp_path / "run", gait, text, {"TotalAcceleration": gait.acc})
    check(one(tmp_path / "run" / "TotalAcceleration.csv"), gait, "sensor_logger", gyr=False)


def test_a_known_export_without_a_place_is_told_how_to_say_it(gait, text, tmp_path):
    path = tmp_path / "toolbox.csv"
    path.write_text(text(["time", "gFx", "gFy", "gFz"], [gait.time_s, *(gait.acc / G).T]))
    message = reason(path, {})
    assert "field site is missing" in message
    assert '{"preset": "physics_toolbox", "site": "shank", "side": "left"}' in message


def test_an_unknown_preset_lists_the_known_ones(gait, text, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(text(["a", "b"], [gait.time_s, gait.time_s]))
    assert "preset 'garmin' is not known: sensor_logger" in reason(
        path, WORN | {"preset": "garmin"}
    )


def test_a_preset_that_does_not_fit_says_what_it_looked_for(gait, text, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(text(["a", "b"], [gait.time_s, gait.time_s]))
    assert "no header of a Shimmer export" in reason(path, WORN | {"preset": "shimmer"})


def test_the_documentation_lists_every_preset_and_how_it_is_known():
    page = Path(presets.__file__).with_suffix(".md").read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| `")
    }
    assert set(rows) == {f"`{name}`" for name in presets.PRESETS}
    for name, preset in presets.PRESETS.items():
        assert preset.seen in rows[f"`{name}`"]


@pytest.mark.mirror
def test_a_real_actigraph_file(mirror):
    path = mirror / "harlab_ankle_jog/data/raw_accelerometer_data/002ankle.csv"
    recording = one(path, {"site": "shank"})
    with path.open() as stream:
        rows = [line.split(",")[1:] for line in stream.readlines()[11:]]
    expected = np.array(rows, dtype=np.float64) * G
    observed = recording.signals[ACC].to_numpy()
    asleep = np.isnan(observed).all(axis=1)
    assert asleep.sum() == sum(m.stop_sample - m.start_sample for m in recording.masks)
    np.testing.assert_allclose(observed[~asleep], expected[~asleep], atol=1e-9)
    np.testing.assert_allclose(np.diff(recording.signals["time_s"]), 0.01, atol=1e-6)
    assert any("slept" in note for note in recording.notes)
