import json

import numpy as np
import pytest

from pipelines.datasets.base import LeftOut
from pipelines.importers.open_recording import read_any
from pipelines.importers.own_recording import OwnRecording
from tolerance.schemas import conform, validate

NAMES = ("t", "ax", "ay", "az", "gx", "gy", "gz")
ACC = ["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]
GYR = ["gyr_x_radps", "gyr_y_radps", "gyr_z_radps"]


def one(path, given=None):
    (opened,) = read_any(path, given)
    return opened


def reason(path, given=None):
    opened = one(path, given)
    assert isinstance(opened, LeftOut)
    return opened.reason


def test_values_and_facts_arrive_as_they_were_written(gait, channels, text, write_own):
    path = write_own(
        text(NAMES, channels),
        body_mass_kg=61.5,
        firmware="1.2",
        started_at="2026-03-01T08:00:00+01:00",
        runner_id="r07",
        session_id="s01",
    )
    recording = one(path)
    assert isinstance(recording, OwnRecording)
    assert recording.recording_id == "run"
    row = recording.row
    assert (row["runner_id"], row["session_id"], row["side"]) == ("r07", "s01", "left")
    assert row["body_mass_kg"] == 61.5
    assert str(row["started_at_utc"]) == "2026-03-01 07:00:00+00:00"
    assert recording.details["firmware"] == "1.2"
    assert row["sampling_rate_hz"] == pytest.approx(100.0)
    np.testing.assert_allclose(recording.signals[ACC], gait.acc, atol=1e-6)
    np.testing.assert_allclose(recording.signals[GYR], gait.gyr, atol=1e-6)
    validate("signals", conform("signals", recording.signals))


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding", "ending"),
    [
        (",", ".", "utf-8", "\n"),
        (";", ",", "utf-8-sig", "\r\n"),
        ("\t", ",", "utf-16", "\n"),
        (";", ".", "cp1252", "\n"),
        ("\t", ".", "utf-8", "\r\n"),
    ],
)
def test_every_dialect_gives_the_same_numbers(
    gait, channels, text, write_own, separator, decimal, encoding, ending
):
    content = text((*NAMES[:-1], "gz"), channels, separator, decimal)
    content = content.replace("\n", f" {separator}{separator}{ending}")  # trailing blanks
    recording = one(write_own(content.encode(encoding)))
    np.testing.assert_allclose(recording.signals[ACC], gait.acc, atol=1e-6)
    np.testing.assert_allclose(recording.signals["time_s"], gait.time_s, atol=1e-9)


def test_sep_line_preamble_and_comments_are_passed_over(channels, text, write_own):
    content = "sep=;\n# made by hand\nsubject;7\n\n" + text(NAMES, channels, ";", ",")
    assert len(one(write_own(content)).signals) == channels[0].size


@pytest.mark.parametrize(
    ("acc_unit", "acc_factor", "gyr_unit", "gyr_factor", "time_unit", "time_factor"),
    [
        ("g", 9.80665, "deg/s", np.pi / 180, "ms", 1e-3),
        ("mg", 9.80665e-3, "rad/s", 1.0, "us", 1e-6),
        ("m/s^2", 1.0, "deg/s", np.pi / 180, "ns", 1e-9),
    ],
)
def test_units_are_converted(
    gait, text, write_own, acc_unit, acc_factor, gyr_unit, gyr_factor, time_unit, time_factor
):
    columns = [
        1e3 + gait.time_s / time_factor,
        *(gait.acc / acc_factor).T,
        *(gait.gyr / gyr_factor).T,
    ]
    path = write_own(
        text(NAMES, columns, digits=9),
        units={"acc": acc_unit, "gyr": gyr_unit, "time": time_unit},
    )
    recording = one(path)
    np.testing.assert_allclose(recording.signals[ACC], gait.acc, atol=1e-5)
    np.testing.assert_allclose(recording.signals[GYR], gait.gyr, atol=1e-5)
    np.testing.assert_allclose(recording.signals["time_s"], gait.time_s, atol=1e-9)


@pytest.mark.parametrize(
    ("stated", "factor", "apparent"), [("g", 1.0, "m/s^2"), ("m/s^2", 1 / 9.80665, "g")]
)
def test_a_wrong_acceleration_unit_is_named_once(gait, text, write_own, stated, factor, apparent):
    columns = [gait.time_s, *(gait.acc * factor).T, *gait.gyr.T]
    path = write_own(text(NAMES, columns), units={"acc": stated, "gyr": "rad/s", "time": "s"})
    message = reason(path)
    assert f"stated in {stated} but looks like {apparent}" in message
    assert message.count("looks like") == 1


@pytest.mark.parametrize(
    ("stated", "factor", "apparent"), [("rad/s", 180 / np.pi, "deg/s"), ("deg/s", 1.0, "rad/s")]
)
def test_a_wrong_gyroscope_unit_is_named(gait, text, write_own, stated, factor, apparent):
    columns = [gait.time_s, *gait.acc.T, *(gait.gyr * factor).T]
    path = write_own(text(NAMES, columns), units={"acc": "m/s^2", "gyr": stated, "time": "s"})
    assert f"stated in {stated} but looks like {apparent}" in reason(path)


def test_static_calibration_is_applied_in_raw_units(gait, text, write_own):
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    offset, scale = np.array([0.1, -0.2, 0.3]), np.array([1.02, 0.98, 1.0])
    raw = gait.acc @ turn / scale + offset  # inverse of turn @ (scale * (raw - offset))
    path = write_own(
        text(NAMES, [gait.time_s, *raw.T, *gait.gyr.T], digits=9),
        calibration={
            "acc": {
                "offset": offset.tolist(),
                "scale": scale.tolist(),
                "rotation": turn.tolist(),
            }
        },
    )
    expected = (scale * (raw - offset)) @ turn.T
    np.testing.assert_allclose(one(path).signals[ACC], expected, atol=1e-6)


def test_gravity_that_reads_down_is_turned_up_and_the_gyroscope_is_not(gait, text, write_own):
    columns = [gait.time_s, *(-gait.acc).T, *gait.gyr.T]
    recording = one(write_own(text(NAMES, columns), gravity_reads="down"))
    np.testing.assert_allclose(recording.signals[ACC], gait.acc, atol=1e-6)
    np.testing.assert_allclose(recording.signals[GYR], gait.gyr, atol=1e-6)


def test_an_axis_the_sensor_lacks_is_missing_never_zero(gait, text, write_own):
    path = write_own(
        text(("t", "ax", "ay"), [gait.time_s, gait.acc[:, 0], gait.acc[:, 1]]),
        columns={"time": "t", "acc": ["ax", "ay", None]},
        units={"acc": "m/s^2", "time": "s"},
        frame="segment",
    )
    recording = one(path)
    assert recording.signals["acc_z_mps2"].isna().all()
    assert "gyr_x_radps" not in recording.signals


def test_without_time_column_samples_are_counted_at_the_stated_rate(gait, text, write_own):
    path = write_own(
        text(NAMES[1:4], list(gait.acc.T)),
        columns={"acc": ["ax", "ay", "az"]},
        units={"acc": "m/s^2"},
        sampling_rate_hz=100.0,
    )
    recording = one(path)
    np.testing.assert_allclose(recording.signals["time_s"], gait.time_s)


def test_all_problems_of_a_sidecar_come_at_once(channels, text, write_own):
    path = write_own(
        text(NAMES, channels),
        site="thigh",
        side="both",
        body_mass_kg=700,
        colour="red",
        units={"acc": "furlong", "time": "s"},
        calibration={"acc": {"rotation": [[1, 0, 0], [0, 1, 0], [0, 0, -1]]}},
    )
    message = reason(path)
    for part in (
        "site is 'thigh': expected one of shank, foot, sacrum, waist, hip",
        "side is 'both'",
        "body_mass_kg",
        "colour is not known",
        "units.acc",
        "is no rotation",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"site": "absent"}, "field site is missing"),
        ({"columns": "absent"}, "columns is missing"),
        ({"units": "absent"}, "units is missing"),
        ({"units": {"acc": "m/s^2", "time": "s"}}, "units.gyr is missing"),
        ({"units": {"acc": "m/s^2", "gyr": "rad/s"}}, "units.time is missing"),
        ({"columns": {"acc": ["ax", "ay", "az"]}}, "sampling_rate_hz is missing"),
        ({"columns": {"acc": [None, None, None]}}, "names no acceleration column"),
        ({"columns": {"time": "t", "acc": ["ax", "ax", "az"]}}, "names ax more than once"),
        ({"runner_id": "../etc"}, "runner_id is '../etc'"),
        ({"preset": "actigraph"}, "exclude each other"),
        ({"started_at": 5}, "started_at is 5: expected text"),
        ({"started_at": "1026-03-01T08:00:00Z"}, "a year from 2000 to 2099"),
        ({"started_at": "yesterday"}, "started_at is 'yesterday'"),
        ({"calibration": {"acc": {"scale": [9.8, 1, 1]}}}, "expected 0.5 to 2"),
    ],
)
def test_a_sidecar_that_is_not_complete_is_refused(channels, text, write_own, changes, part):
    assert part in reason(write_own(text(NAMES, channels), **changes))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("{", "is no JSON"),
        ("[1, 2]", "expected an object"),
        ("[" * 100_000, "is no JSON"),
        ("", "is empty"),
    ],
)
def test_a_damaged_sidecar_is_one_message(channels, text, write_own, content, part):
    path = write_own(text(NAMES, channels))
    path.with_suffix(".json").write_text(content)
    assert part in reason(path)


def test_what_the_command_line_says_fills_what_the_sidecar_leaves_out(channels, text, write_own):
    path = write_own(text(NAMES, channels), site="absent", side="right")
    recording = one(path, {"site": "foot", "side": "left"})
    assert (recording.row["sensor_site"], recording.row["side"]) == ("foot", "right")


def test_missing_columns_are_named_together_with_those_there(channels, text, write_own):
    columns = {"time": "t", "acc": ["ax", "ay", "a_z"], "gyr": ["gx", "gy", "g_z"]}
    message = reason(write_own(text(NAMES, channels), columns=columns))
    assert "a_z, g_z are missing; there are t, ax, ay, az" in message


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda s: "", "is empty"),
        (lambda s: s[: s.index("\n") + 1], "a header and no sample"),
        (lambda s: "\n".join(s.split("\n")[:2]) + "\n", "one sample"),
        (lambda s: s.replace("\n0.010000,", "\nnow,", 1), "'now' in sample 1"),
        (lambda s: s.replace(",gz\n", ",gx\n"), "'gx' occurs twice"),
        (lambda s: s.replace("\n0.050000,", "\n0.050000,1,2,", 1), "rows have 9 cells under 7"),
        (lambda s: "word\n" * 9, "holds no table"),
        (lambda s: "x" * 100_000, "over 65,536 characters"),
        (lambda s: ",".join("abcdefgh" * 80) + "\n1\n", "640 columns, expected at most 512"),
    ],
)
def test_a_broken_table_is_one_message(channels, text, write_own, change, part):
    assert part in reason(write_own(change(text(NAMES, channels))))


def test_a_row_far_below_with_more_cells_is_refused(channels, text, write_own):
    lines = text(NAMES, channels).split("\n")
    lines[400] += ",1,2"
    assert "rows cannot be read" in reason(write_own("\n".join(lines)))


def test_decimal_comma_between_commas_is_named(channels, text, write_own):
    content = text(NAMES, channels, ",", ",")
    assert "decimal comma together with a separating comma" in reason(write_own(content))


def test_thousands_separators_are_named(channels, text, write_own):
    lines = text(NAMES, channels, ";").split("\n")
    lines[3] = "0.02;1,009.5;9.8;0.1;0;0;0"
    assert "thousands separators" in reason(write_own("\n".join(lines)))


def test_binary_data_named_csv_is_refused(write_own):
    assert "is no text" in reason(write_own(bytes(range(256)) * 20))


def test_an_unfinished_last_line_is_left_out(gait, channels, text, write_own):
    content = text(NAMES, channels)
    recording = one(write_own(content[:-4]))
    assert len(recording.signals) == gait.time_s.size - 1


def test_the_example_of_the_documentation_is_valid(channels, text, write_own):
    example = {
        "columns": {"time": "t", "acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]},
        "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
        "site": "shank",
        "side": "left",
    }
    path = write_own(text(NAMES, channels))
    path.with_suffix(".json").write_text(json.dumps(example), encoding="utf-8-sig")
    assert isinstance(one(path), OwnRecording)
