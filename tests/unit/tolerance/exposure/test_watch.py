"""A watch's records through the same force and tissue models, weighted by their steps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadcore.force import peak_vertical_force
from loadcore.steps import REJECT_REASONS
from tolerance.exposure.reference import choose_reference
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_loads import step_loads
from tolerance.exposure.watch import (
    CONTACT_TIME_SD_FRACTION,
    STEP_TIME_SD_FRACTION,
    expand_steps,
    watch_steps,
)


def records(contact_s=0.25, cadence_spm=170.0, seconds=1.0, n=100, speed_mps=3.0):
    start = np.arange(n) * seconds
    columns = {
        "start_s": start,
        "stop_s": start + seconds,
        "contact_time_s": contact_s,
        "cadence_spm": cadence_spm,
        "speed_mps": speed_mps,
        "vertical_oscillation_m": 0.08,
    }
    return pd.DataFrame({k: np.broadcast_to(v, n).astype(float) for k, v in columns.items()})


def test_force_follows_contact_and_step_time():
    watch = watch_steps(records())
    step_time = 60.0 / 170.0
    np.testing.assert_allclose(watch.step_time_s, step_time)
    np.testing.assert_allclose(watch.flight_time_s, step_time - 0.25)
    shape = ExposureSettings().force.shape_factor
    np.testing.assert_allclose(watch.peak_vgrf_bw, shape * step_time / 0.25)
    assert (watch.reject_reason == 0).all()


def test_steps_of_a_record_are_its_cadence_times_its_length():
    watch = watch_steps(records(seconds=4.0, n=15))
    np.testing.assert_allclose(watch.n_steps, 170.0 * 4.0 / 60.0)
    assert watch.running_s == 60.0
    assert len(expand_steps(watch)) == 170


def test_the_error_is_wider_than_that_of_a_sensor_and_as_documented():
    watch = watch_steps(records(n=1))
    step_time = 60.0 / 170.0
    sensor = peak_vertical_force([0.25], [step_time - 0.25], [0.01], [0.005])
    assert watch.peak_vgrf_sd_bw[0] > sensor.sd_bw[0]
    np.testing.assert_allclose(watch.contact_time_sd_s, CONTACT_TIME_SD_FRACTION * 0.25)
    np.testing.assert_allclose(watch.step_time_sd_s, STEP_TIME_SD_FRACTION * step_time)


@pytest.mark.parametrize(
    ("contact_s", "cadence_spm", "reason"),
    [
        (np.nan, 170.0, "terminal contact not found"),
        (0.25, np.nan, "no following contact"),
        (0.25, 0.0, "no following contact"),
        (0.60, 110.0, "step time outside running"),  # walking
        (0.45, 125.0, "contact time outside running"),
        (0.39, 150.0, "none"),  # grounded, duty factor just below one half
        (0.399, 152.0, "no flight phase"),
        (0.081, 120.0, "force beyond physiology"),
    ],
)
def test_what_is_no_running_is_rejected_with_its_reason(contact_s, cadence_spm, reason):
    watch = watch_steps(records(contact_s, cadence_spm, n=3))
    assert {REJECT_REASONS[code] for code in watch.reject_reason} == {reason}
    assert watch.running_s == (3.0 if reason == "none" else 0.0)


def test_unknown_cadence_has_no_steps_and_no_force():
    watch = watch_steps(records(cadence_spm=np.nan, n=5))
    assert np.isnan(watch.n_steps).all()
    assert np.isnan(watch.peak_vgrf_bw).all()
    assert len(expand_steps(watch)) == 0


def test_no_records_give_no_steps():
    watch = watch_steps(records(n=0))
    assert watch.peak_vgrf_bw.shape == (0,)
    assert watch.tissue_peak_force_bw.shape == (0, 3)
    assert len(expand_steps(watch)) == 0


def test_missing_columns_and_ends_before_begins_are_refused():
    with pytest.raises(ValueError, match="lack cadence_spm"):
        watch_steps(records().drop(columns="cadence_spm"))
    with pytest.raises(ValueError, match="end before they begin"):
        watch_steps(records().assign(stop_s=-1.0))


def test_expanded_steps_count_as_any_steps_do():
    """One reference run's worth of steps is one reference run for both legs together: 2 rr."""
    settings = ExposureSettings()
    steps = expand_steps(watch_steps(records(seconds=1.0, n=1800), settings))
    reference = choose_reference({"run": steps}, settings, easy_speed_mps=3.0)
    assert reference.source == "easy_speed"
    assert reference.cadence_spm == pytest.approx(170.0)
    loads = step_loads("run", steps, reference, settings)
    total = loads.groupby("tissue")["load_rr"].sum()
    np.testing.assert_allclose(total, 2.0, rtol=1e-3)
    assert loads["damage_sd_rr"].notna().all()


def test_times_of_single_contacts_are_not_made_up():
    steps = expand_steps(watch_steps(records(n=10)))
    assert np.isnan(steps.initial_contact_s).all()
    assert (steps.side == 0).all()
    assert (steps.confidence == 0).all()


@given(st.lists(st.tuples(st.floats(0.1, 9.0), st.floats(90.0, 240.0)), min_size=1, max_size=30))
def test_splitting_records_changes_no_total(parts):
    length, cadence = np.array(parts).T
    stop = np.cumsum(length)
    frame = pd.DataFrame(
        {
            "start_s": stop - length,
            "stop_s": stop,
            "contact_time_s": 0.25,
            "cadence_spm": cadence,
            "speed_mps": 3.0,
        }
    )
    middle = (frame["start_s"] + frame["stop_s"]) / 2
    halves = pd.concat([frame.assign(stop_s=middle), frame.assign(start_s=middle)]).sort_values(
        "start_s"
    )
    whole, split = watch_steps(frame), watch_steps(halves)
    assert split.n_steps.sum() == pytest.approx(whole.n_steps.sum())
    assert abs(len(expand_steps(split)) - len(expand_steps(whole))) <= 1
    assert len(expand_steps(whole)) == pytest.approx(whole.n_steps.sum(), abs=0.51)
