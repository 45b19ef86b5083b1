"""Load and damage per step in reference runs."""

from dataclasses import replace

import numpy as np
import pytest

from loadcore.constants import TISSUES
from loadcore.damage import noise_inflation, shrink_to_session
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
    # Steps without the scatter that their errors speak of are believed 1e-4 too high.
    np.testing.assert_allclose(per_run, 1.0, rtol=1e-3)


def test_damage_is_the_expected_power_of_the_believed_force(easy, steps_of):
    reference = choose_reference({"a": easy}, SETTINGS)
    fast = steps_of(np.linspace(0.20, 0.25, 40))
    table = step_loads("b", fast, reference, SETTINGS)
    noise = _errors(fast).noise
    for column, (tissue, exponent) in enumerate(
        zip(TISSUES, SETTINGS.fatigue_exponents, strict=True)
    ):
        rows = table[table["tissue"] == tissue]
        relative = fast.tissue_peak_force_bw[:, column] / reference.peak_force_bw[column]
        force, left = shrink_to_session(relative, noise[:, column])
        np.testing.assert_allclose(rows["load_rr"] * reference.steps_per_side, force)
        expected = force**exponent * noise_inflation(left, exponent)
        np.testing.assert_allclose(rows["damage_rr"], expected / reference.steps_per_side)
        assert (left <= noise[:, column]).all()


def test_a_step_with_a_wide_error_neither_makes_nor_blurs_the_damage(easy, steps_of):
    """One contact in a hole, read 40 % too short, must not carry the session (load.md E1)."""
    reference = choose_reference({"a": easy}, SETTINGS)
    contact = np.full(200, 0.26) + np.tile([0.004, -0.004], 100)
    plain = steps_of(contact)
    contact[7] = 0.16
    odd = steps_of(contact)
    contact_sd = odd.contact_time_sd_s.copy()
    contact_sd[7] = 0.06
    force_sd = odd.tissue_peak_force_sd_bw.copy()
    force_sd[7, :2] = odd.tissue_peak_force_bw[7, :2] * 0.38
    odd = replace(odd, contact_time_sd_s=contact_sd, tissue_peak_force_sd_bw=force_sd)
    rows = {
        name: table[table["tissue"] == "achilles"]
        for name, steps in (("plain", plain), ("odd", odd))
        for table in [step_loads(name, steps, reference, SETTINGS)]
    }
    # as measured it would cost (0.26 / 0.16)^9 = 79 steps
    assert rows["odd"]["damage_rr"].sum() == pytest.approx(
        rows["plain"]["damage_rr"].sum(), rel=0.02
    )
    assert rows["odd"]["damage_rr"].iloc[7] < 1.5 * rows["plain"]["damage_rr"].median()


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
