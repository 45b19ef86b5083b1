from dataclasses import replace

import numpy as np
import pytest

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.simulate.force_truth import (
    CONTACT_THRESHOLD_BW,
    ContactForces,
    contact_forces,
    tissue_truth,
    vertical_force_bw,
)
from tolerance.simulate.simulation_settings import (
    Block,
    SimulatedRunner,
    SimulationSettings,
    draw_runner,
)
from tolerance.simulate.step_plan import StepPlan, plan_steps

LEVEL = (Block("standing", 2.0), Block("running", 30.0, 3.3), Block("standing", 2.0))


def made(
    seed: int = 1, number: int = 1, blocks: tuple[Block, ...] = LEVEL
) -> tuple[StepPlan, ContactForces, SimulatedRunner, np.random.Generator]:
    rng = np.random.default_rng(seed)
    runner = draw_runner(rng, number)
    plan = plan_steps(runner, blocks, SimulationSettings(), rng)
    return plan, contact_forces(plan, runner, SimulationSettings()), runner, rng


def complete(plan: StepPlan, forces: ContactForces) -> np.ndarray:
    return np.flatnonzero(forces.running & ~plan.spans_standing)[3:]


@pytest.mark.parametrize("number", [1, 3, 4])
def test_impulse_carries_the_body_to_the_next_contact(number: int) -> None:
    plan, forces, runner, _ = made(number=number)
    weight = runner.body_mass_kg * STANDARD_GRAVITY_MPS2
    for i in complete(plan, forces)[:6]:
        time = np.linspace(plan.start_s[i], plan.start_s[i] + plan.contact_time_s[i], 20001)
        alone = replace(
            forces,
            **{
                name: getattr(forces, name)[i : i + 1]
                for name in (
                    "start_s", "contact_time_s", "impulse_bws", "early_impulse_bws",
                    "early_time_s", "running",
                )
            },
        )  # fmt: skip
        impulse = weight * np.trapezoid(vertical_force_bw(alone, time), time)
        assert impulse == pytest.approx(weight * plan.step_time_s[i], rel=1e-6)


def test_mean_force_of_walking_is_body_weight_too() -> None:
    plan, forces, _, _ = made(blocks=(Block("standing", 2.0), Block("walking", 20.0, 1.3)))
    walking = np.flatnonzero(~plan.spans_standing)
    time = np.arange(plan.start_s[walking[4]], plan.start_s[walking[-4]], 1e-4)
    assert vertical_force_bw(forces, time).mean() == pytest.approx(1.0, abs=0.01)
    peak = forces.peak_bw[walking[4:-4]].mean()
    assert 1.0 < peak < 1.3  # 1.17 in the walking cycle of Dorschky 2019


def test_contacts_are_crossings_of_the_threshold() -> None:
    plan, forces, _, _ = made()
    i = complete(plan, forces)[:10]
    for times in (forces.initial_contact_s[i], forces.terminal_contact_s[i]):
        assert vertical_force_bw(forces, times) == pytest.approx(CONTACT_THRESHOLD_BW, abs=0.01)
    inside = 0.5 * (forces.initial_contact_s[i] + forces.terminal_contact_s[i])
    assert np.all(vertical_force_bw(forces, inside) > 1.0)


def test_shape_factor_is_the_published_one() -> None:
    # F = k (1 + t_f / t_c), k 1.65 ± 0.07 level for a 5 % threshold (load.md §C3, one runner)
    plan, forces, _, _ = made()
    i = complete(plan, forces)
    contact = forces.terminal_contact_s[i] - forces.initial_contact_s[i]
    factor = forces.peak_bw[i] * contact / plan.step_time_s[i]
    assert factor.mean() == pytest.approx(1.65, abs=0.07)


@pytest.mark.parametrize(("speed", "peak"), [(2.5, 2.30), (3.5, 2.52), (4.5, 2.64)])
def test_peaks_are_those_of_fukuchi_2017(speed: float, peak: float) -> None:
    # means of 16 runners, doi:10.7717/peerj.3298
    means = []
    for seed in range(12):
        blocks = (Block("standing", 1.0), Block("running", 8.0, speed), Block("standing", 1.0))
        plan, forces, _, _ = made(seed, number=seed + 1, blocks=blocks)
        means.append(forces.peak_bw[complete(plan, forces)].mean())
    assert np.mean(means) == pytest.approx(peak, rel=0.06)


def test_pure_half_sine_has_the_analytic_peak() -> None:
    plan, forces, _, _ = made()
    i = int(complete(plan, forces)[0])
    sine = replace(forces, sine_fraction=1.0, early_impulse_bws=np.zeros(plan.start_s.size))
    time = np.array([plan.start_s[i] + 0.5 * plan.contact_time_s[i]])
    expected = np.pi / 2 * plan.step_time_s[i] / plan.contact_time_s[i]
    assert vertical_force_bw(sine, time)[0] == pytest.approx(expected, rel=1e-12)


def test_damage_is_load_to_the_power_of_the_exponent() -> None:
    plan, forces, runner, rng = made()
    settings = SimulationSettings(damage_exponents=(7.0, 9.0, 1.0))
    truth = tissue_truth(plan, forces, runner, settings, rng)
    i = complete(plan, forces)
    per_step = truth.load_rr[i, 0] / (truth.peak_force_bw[i, 0])
    assert np.ptp(per_step) < 1e-12 * per_step.max()
    steps = truth.load_rr[i] / truth.damage_rr[i]
    assert steps[:, 2] == pytest.approx(1.0, rel=1e-12)
    share = truth.peak_force_bw[i] / truth.peak_force_bw[i[0]]
    damage = truth.damage_rr[i] / truth.damage_rr[i[0]]
    assert damage == pytest.approx(share ** np.array([7.0, 9.0, 1.0]), rel=1e-6)


def test_thirty_easy_minutes_are_one_reference_run() -> None:
    blocks = (Block("standing", 1.0), Block("running", 300.0, 3.0), Block("standing", 1.0))
    plan, forces, runner, rng = made(blocks=blocks)
    truth = tissue_truth(plan, forces, runner, SimulationSettings(), rng)
    one_leg = complete(plan, forces)[::2]
    seconds = plan.step_time_s[one_leg].sum() * 2
    assert np.nansum(truth.load_rr[one_leg], axis=0) * 1800 / seconds == pytest.approx(
        1.0, rel=0.03
    )


def test_tissues_stay_within_published_ranges() -> None:
    # Achilles 4 to 10 BW between methods, tibia 6 to 14, patellofemoral 4.5 ± 1.5 (load.md §D1)
    plan, forces, runner, rng = made(number=2)
    truth = tissue_truth(plan, forces, runner, SimulationSettings(), rng)
    tibia, achilles, patellofemoral = np.nanmean(truth.peak_force_bw, axis=0)
    assert 5.0 < tibia < 14.0
    assert 3.5 < achilles < 10.0
    assert 3.0 < patellofemoral < 7.5
    assert np.all(np.isnan(truth.peak_force_bw[~forces.running]))
