"""Load and damage per step in reference runs."""

from dataclasses import replace

import numpy as np
import pytest

from loadcore.constants import TISSUES
from tolerance.exposure.reference import choose_reference
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_errors import step_errors
from tolerance.exposure.step_loads import step_loads
from tolerance.schemas import validate

SETTINGS = ExposureSettings()


@pytest.fixture
def easy(steps_of):
    return steps_of(np.full(100, 0.26))


def _errors(steps):
    return step_errors(
        steps.contact_time_s,
        steps.contact_time_sd_s,
        steps.step_time_s,
        steps.initial_contact_sd_s,
        steps.tissue_peak_force_sd_bw / steps.tissue_peak_force_bw,
        SETTINGS,
    )


def test_table_keeps_its_contract_and_a_reference_run_is_one(easy):
    reference = choose_reference({"a": easy}, SETTINGS)
    table = step_loads("a", easy, reference, SETTINGS)
    validate("step_loads", table)
    per_run = table.groupby("tissue")["load_rr"].mean() * reference.steps_per_side
    np.testing.assert_allclose(per_run, 1.0)


def test_damage_is_the_corrected_power_of_load(easy, steps_of):
    reference = choose_reference({"a": easy}, SETTINGS)
    fast = steps_of(np.full(3, 0.22))
    table = step_loads("b", fast, reference, SETTINGS)
    noise = _errors(fast).noise
    for column, (tissue, exponent) in enumerate(
        zip(TISSUES, SETTINGS.fatigue_exponents, strict=True)
    ):
        rows = table[table["tissue"] == tissue]
        relative = fast.tissue_peak_force_bw[:, column] / reference.peak_force_bw[column]
        np.testing.assert_allclose(rows["load_rr"] * reference.steps_per_side, relative)
        inflation = (1 + noise[:, column] ** 2) ** (exponent * (exponent - 1) / 2)
        expected = relative**exponent / inflation / reference.steps_per_side
        np.testing.assert_allclose(rows["damage_rr"], expected)


def test_parts_of_the_error_make_up_the_steps_own(easy):
    errors = _errors(easy)
    total = easy.tissue_peak_force_sd_bw / easy.tissue_peak_force_bw
    np.testing.assert_allclose(np.hypot(errors.step, errors.shared), total)
    assert (errors.noise <= errors.step).all()
    np.testing.assert_array_equal(errors.noise[:, 2], 0.0)


def test_rejected_steps_keep_their_row_without_load(easy):
    reference = choose_reference({"a": easy}, SETTINGS)
    reason = easy.reject_reason.copy()
    reason[4] = 7
    table = step_loads("a", replace(easy, reject_reason=reason), reference, SETTINGS)
    rejected = table["step_id"] == 4
    assert rejected.sum() == 3
    assert table.loc[rejected, ["load_rr", "damage_rr", "damage_sd_rr"]].isna().all(axis=None)
    assert table.loc[~rejected, "load_rr"].notna().all()


def test_no_reference_means_no_relative_load(easy):
    none = choose_reference({}, SETTINGS)
    table = step_loads("a", easy, none, SETTINGS)
    validate("step_loads", table)
    assert table["load_rr"].isna().all()
    assert table["peak_force_bw"].notna().all()


def test_empty_recording_gives_an_empty_table(steps_of, easy):
    reference = choose_reference({"a": easy}, SETTINGS)
    table = step_loads("b", steps_of(np.array([])), reference, SETTINGS)
    validate("step_loads", table)
    assert table.empty


def test_impossible_loads_are_refused(easy):
    reference = choose_reference({"a": easy}, SETTINGS)
    absurd = replace(easy, tissue_peak_force_bw=easy.tissue_peak_force_bw * 100)
    with pytest.raises(ValueError, match="Load beyond physiology: tibia"):
        step_loads("a", absurd, reference, SETTINGS)
    tiny = replace(reference, peak_force_bw=reference.peak_force_bw / 10)
    with pytest.raises(ValueError, match="times the reference"):
        step_loads("a", easy, tiny, SETTINGS)
