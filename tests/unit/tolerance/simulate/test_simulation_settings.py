import numpy as np
import pytest

from tolerance.simulate.simulation_settings import (
    DEVICES,
    KITS,
    SimulationSettings,
    draw_runner,
    draw_script,
)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ValueError, match="n_runners") as caught:
        SimulationSettings(n_runners=0, speeds_mps=(9.0,), force_sine_fraction=2.0)
    assert all(word in str(caught.value) for word in ("speeds_mps", "force_sine_fraction"))


def test_every_kit_uses_known_devices_and_distinct_points() -> None:
    for kit in KITS:
        points = [(place.tracking_system, place.tracked_point) for place in kit.places]
        assert len(set(points)) == len(points)
        assert all(place.device in DEVICES for place in kit.places)
        assert {place.site for place in kit.places} == {"shank", "foot", "sacrum"}


def test_one_clock_means_one_rate() -> None:
    for kit in KITS:
        rates: dict[str, set[float]] = {}
        for place in kit.places:
            rates.setdefault(place.tracking_system, set()).add(place.sampling_rate_hz)
        assert all(len(rate) == 1 for rate in rates.values())


def test_runners_are_people() -> None:
    for number in range(1, 30):
        runner = draw_runner(np.random.default_rng(number), number)
        assert 40 < runner.body_mass_kg < 120
        assert 1.4 < runner.height_m < 2.1
        assert 0.08 < runner.cop_arm_m < 0.17


def test_script_stands_at_both_ends_and_starts_level() -> None:
    settings = SimulationSettings()
    for seed in range(20):
        script = draw_script(np.random.default_rng(seed), settings, session=0)
        assert script[0].activity == script[-1].activity == "standing"
        runs = [block for block in script if block.activity == "running"]
        assert len(runs) == settings.running_bouts
        assert runs[0].grade_deg == 0.0
        assert len({block.speed_mps for block in runs}) == len(runs)
