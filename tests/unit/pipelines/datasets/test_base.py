import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.datasets.base import (
    FileList,
    ImportedRecording,
    LeftOut,
    Mask,
    Reference,
    RemoteFile,
    Sensor,
    UnusableRecordingError,
    apply_axes,
    constant_runs,
    excluded_frame,
    mask_signals,
    read_or_leave_out,
    reference_frame,
    signals_frame,
)
from tolerance.schemas import validate


def make_sensor(**changes: object) -> Sensor:
    facts: dict[str, object] = {
        "name": "s",
        "site": "shank",
        "side": "left",
        "placement": "p",
        "model": "m",
        "frame": "sensor",
        "sampling_rate_hz": 100.0,
        "axes_note": "n",
    }
    return Sensor.model_validate(facts | changes)


class TestSensor:
    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"site": "thigh"}, "site 'thigh'"),
            ({"side": "both"}, "side 'both'"),
            ({"axes": ((1, 0, 0), (0, 1, 0), (0, 0, -1))}, "right hand into a left"),
            ({"axes": ((2, 0, 0), (0, 1, 0), (0, 0, 1))}, "orthonormal"),
            ({"axes": ((1, 0, 0), (0, 1, 0))}, "3 × 3"),
        ],
    )
    def test_refuses_what_cannot_be(self, change: dict[str, object], word: str) -> None:
        with pytest.raises(ValidationError, match=word):
            make_sensor(**change)

    def test_accepts_a_missing_axis(self) -> None:
        sensor = make_sensor(axes=((0, 1, 0), (1, 0, 0), (0, 0, 0)))
        assert sensor.axes[2] == (0, 0, 0)


class TestApplyAxes:
    def test_turns_known_vector(self) -> None:
        raw = np.array([[1.0, 2.0, 3.0]])
        turned = apply_axes(raw, ((0, 0, 1), (-1, 0, 0), (0, -1, 0)))
        np.testing.assert_array_equal(turned, [[3.0, -1.0, -2.0]])

    def test_missing_axis_is_nan_and_does_not_spread(self) -> None:
        raw = np.array([[1.0, 2.0, np.nan]])
        turned = apply_axes(raw, ((0, 1, 0), (1, 0, 0), (0, 0, 0)))
        np.testing.assert_array_equal(turned, [[2.0, 1.0, np.nan]])

    @given(st.lists(st.floats(-50, 50), min_size=3, max_size=3), st.floats(-3.1, 3.1))
    @settings(max_examples=30, deadline=None)
    def test_rotation_keeps_length(self, vector: list[float], angle: float) -> None:
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        raw = np.array([vector])
        turned = apply_axes(raw, ((cos, -sin, 0), (sin, cos, 0), (0, 0, 1)))
        np.testing.assert_allclose(np.linalg.norm(turned), np.linalg.norm(raw), atol=1e-9)


class TestSignalsFrame:
    def test_reports_all_problems_at_once(self) -> None:
        with pytest.raises(UnusableRecordingError) as caught:
            signals_frame(np.array([0.0, 0.0]), np.zeros((3, 3)), np.zeros((2, 2)))
        for word in ("stands still", "acceleration has shape", "gyroscope has shape"):
            assert word in str(caught.value)

    def test_no_sample_is_unusable(self) -> None:
        with pytest.raises(UnusableRecordingError, match="no sample"):
            signals_frame(np.empty(0), np.empty((0, 3)))

    def test_sensor_without_accelerometer_gives_nan(self) -> None:
        frame = signals_frame(np.array([0.0, 0.1]), None, np.ones((2, 3)))
        assert frame[["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]].isna().all(axis=None)
        assert (frame["gyr_z_radps"] == 1).all()
        validate("signals", frame)


class TestConstantRuns:
    @given(st.lists(st.integers(0, 2), min_size=0, max_size=40), st.integers(2, 5))
    @settings(max_examples=50, deadline=None)
    def test_matches_naive_search(self, numbers: list[int], min_samples: int) -> None:
        values = np.array(numbers, dtype=np.float64)[:, None]
        naive = []
        start = 0
        for i in range(1, len(numbers) + 1):
            if i == len(numbers) or numbers[i] != numbers[start]:
                if i - start >= min_samples:
                    naive.append((start, i))
                start = i
        assert [tuple(run) for run in constant_runs(values, min_samples)] == naive

    def test_nan_never_counts_as_constant(self) -> None:
        assert constant_runs(np.full((9, 3), np.nan), 2).shape == (0, 2)


def test_mask_leaves_time_and_the_rest() -> None:
    signals = signals_frame(np.arange(4) / 10, np.ones((4, 3)))
    masked = mask_signals(signals, [Mask(1, 3, "idle")])
    assert masked["acc_x_mps2"].isna().tolist() == [False, True, True, False]
    assert masked["time_s"].tolist() == signals["time_s"].tolist()
    assert signals["acc_x_mps2"].notna().all()


class TestReferenceFrame:
    def test_repeats_scalars_and_fills_what_was_not_observed(self) -> None:
        frame = reference_frame(
            "contacts",
            {
                "recording_id": "r",
                "side": "left",
                "initial_contact_s": np.array([0.1, 0.8]),
                "is_complete": True,
            },
        )
        assert frame["terminal_contact_s"].isna().all()
        assert frame["side"].tolist() == ["left", "left"]
        validate("contacts", frame)

    def test_refuses_unknown_columns(self) -> None:
        with pytest.raises(KeyError, match="unexpected columns"):
            reference_frame("force", {"grf": 1.0})

    def test_refuses_different_lengths(self) -> None:
        with pytest.raises(ValueError, match="different lengths"):
            reference_frame("force", {"time_s": np.zeros(2), "vgrf_bw": np.zeros(3)})

    def test_empty_stays_valid(self) -> None:
        frame = excluded_frame("r", [])
        assert len(frame) == 0
        validate("excluded", frame)

    def test_reference_to_an_unknown_table_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="reference table 'grf'"):
            Reference(table="grf", what="w", unit="u")


class TestReadOrLeaveOut:
    def test_any_error_becomes_a_reason(self) -> None:
        def broken() -> ImportedRecording:
            raise MemoryError("absurd header\nsecond line")

        left_out = read_or_leave_out("r1", broken)
        assert left_out == LeftOut("r1", "MemoryError: absurd header")

    def test_an_interrupt_is_not_swallowed(self) -> None:
        def stopped() -> ImportedRecording:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            read_or_leave_out("r1", stopped)

    def test_a_recording_passes(self) -> None:
        recording = ImportedRecording({"recording_id": "r2"}, pd.DataFrame())
        assert read_or_leave_out("r2", lambda: recording) is recording


class TestRemoteFile:
    @pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", ""])
    def test_path_stays_inside(self, path: str) -> None:
        with pytest.raises(ValidationError, match="leaves the dataset's folder"):
            RemoteFile(path=path, bytes=1, sha256="0" * 64, url=None)

    def test_hash_is_hexadecimal(self) -> None:
        with pytest.raises(ValidationError, match="64 lower-case"):
            RemoteFile(path="a", bytes=1, sha256="XYZ", url=None)

    def test_folder_of_the_mirror(self) -> None:
        listed = FileList(dataset_id="a", module="m", files=())
        assert listed.folder == "a"
        assert listed.model_copy(update={"mirror_folder": "b"}).folder == "b"
