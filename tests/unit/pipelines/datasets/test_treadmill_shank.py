from collections.abc import Callable

import numpy as np
import pytest

from pipelines.datasets.base import UnusableRecordingError
from pipelines.datasets.fukuchi_2017 import CARD
from pipelines.datasets.treadmill_shank import (
    MARKER_RATE_HZ,
    Trial,
    trial_recordings,
    virtual_gyroscope,
)

STEP_S = 0.36
Shank = Callable[[np.ndarray, np.ndarray], np.ndarray]


class TestVirtualGyroscope:
    def test_equals_the_derivative_of_the_angle(self, shank: Shank) -> None:
        time_s = np.arange(600) / MARKER_RATE_HZ
        angle = np.pi / 2 + 0.6 * np.sin(2 * np.pi * 1.4 * time_s)
        expected = 0.6 * 2 * np.pi * 1.4 * np.cos(2 * np.pi * 1.4 * time_s)
        found = virtual_gyroscope(shank(angle, np.zeros(time_s.size)))
        np.testing.assert_allclose(found[60:-60], expected[60:-60], atol=0.02 * expected.max())

    def test_swing_is_positive_about_right(self, shank: Shank) -> None:
        # The ankle swings forward under the knee: the upper end falls back.
        angle = np.linspace(np.deg2rad(60), np.deg2rad(120), 60)
        assert (virtual_gyroscope(shank(angle, np.zeros(60)))[10:-10] > 0).all()

    def test_unseen_markers_are_nan_and_do_not_spread(self, shank: Shank) -> None:
        time_s = np.arange(600) / MARKER_RATE_HZ
        markers = shank(np.pi / 2 + 0.6 * np.sin(2 * np.pi * 1.4 * time_s), np.zeros(600))
        whole = virtual_gyroscope(markers)
        markers[300:304, 1] = np.nan
        found = virtual_gyroscope(markers)
        assert np.flatnonzero(np.isnan(found)).tolist() == [300, 301, 302, 303]
        np.testing.assert_allclose(found[320:], whole[320:], atol=0.05)

    def test_never_seen(self) -> None:
        with pytest.raises(UnusableRecordingError, match="never seen"):
            virtual_gyroscope(np.full((50, 4, 3), np.nan))


class TestTrialRecordings:
    def test_each_leg_has_its_own_contacts(self, made_trial: Trial) -> None:
        left, right = trial_recordings(CARD, "rbds_007_T35", made_trial)
        first = [r.references["contacts"]["initial_contact_s"].iloc[0] for r in (left, right)]
        assert first[0] == pytest.approx(0.05, abs=0.01)
        assert first[1] == pytest.approx(0.05 + STEP_S, abs=0.01)
        for recording in (left, right):
            starts = recording.references["contacts"]["initial_contact_s"]
            np.testing.assert_allclose(np.diff(starts), 2 * STEP_S, atol=0.01)
        assert (left.row["side"], right.row["side"]) == ("left", "right")

    def test_force_is_in_body_weights(self, made_trial: Trial) -> None:
        left, _ = trial_recordings(CARD, "rbds_007_T35", made_trial)
        assert left.references["force"]["vgrf_bw"].max() == pytest.approx(2.36, abs=0.01)
        assert left.references["contacts"]["peak_vgrf_bw"].max() == pytest.approx(2.36, abs=0.01)

    def test_there_is_no_acceleration(self, made_trial: Trial) -> None:
        left, _ = trial_recordings(CARD, "rbds_007_T35", made_trial)
        signals = left.signals
        assert signals.filter(like="acc").isna().all(axis=None)
        assert signals[["gyr_x_radps", "gyr_y_radps"]].isna().all(axis=None)
        assert signals["gyr_z_radps"].notna().all()
