"""All that can be wrong with a recording is told at once."""

import numpy as np
import pytest

from loadcore.checks import check_signal
from loadcore.signals import SignalError

G = 9.80665


def test_a_good_recording_passes(walking_like):
    acc, gyr = walking_like()
    check_signal(acc, 100.0, gyr, np.arange(3000) / 100.0)
    acc[:, 2] = np.nan
    check_signal(acc, 100.0)


def test_all_problems_are_reported_together(walking_like):
    acc, gyr = walking_like()
    bad_gyr = np.rad2deg(gyr)
    bad_gyr[:, 0] = 1.0
    with pytest.raises(SignalError) as caught:
        check_signal(acc / G, 100.0, bad_gyr, np.arange(3000) / 128.0)
    text = " | ".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for part in ("looks like g", "deg/s", "gyr_radps x is 1", "time stamps say 128"):
        assert part in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:100], "at least"),
        (lambda a: np.full_like(a, np.nan), "at least"),
        (lambda a: a[:, :2], "shape"),
        (lambda a: np.where(np.arange(a.size).reshape(a.shape) == 7, np.inf, a), "infinities"),
        (lambda a: np.random.default_rng(0).normal(0, 3, a.shape), "no gravity"),
    ],
)
def test_each_bad_acceleration_has_its_message(walking_like, change, message):
    acc, _ = walking_like()
    with pytest.raises(SignalError, match=message):
        check_signal(change(acc), 100.0)


def test_rate_gyroscope_shape_and_stamps_are_checked(walking_like):
    acc, gyr = walking_like()
    with pytest.raises(SignalError, match="sampling_rate_hz"):
        check_signal(acc, 10.0)
    with pytest.raises(SignalError, match="gyr_radps has shape"):
        check_signal(acc, 100.0, gyr[:-1])
    with pytest.raises(SignalError, match="time_s has shape"):
        check_signal(acc, 100.0, time_s=np.arange(5.0))
    with pytest.raises(SignalError, match="goes back"):
        check_signal(acc, 100.0, time_s=np.zeros(3000))
