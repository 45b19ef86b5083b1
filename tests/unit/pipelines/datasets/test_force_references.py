import numpy as np

from pipelines.datasets.force_references import force_references
from tolerance.schemas import validate

RATE_HZ = 500.0


def running_force(n_steps: int = 6, contact_s: float = 0.24, step_s: float = 0.36) -> np.ndarray:
    """Half-sine contacts that balance body weight, the first and the last one cut."""
    time_s = np.arange(int(n_steps * step_s * RATE_HZ)) / RATE_HZ
    phase = (time_s + contact_s / 2) % step_s / contact_s
    peak = np.pi / 2 * step_s / contact_s
    return np.where(phase < 1, peak * np.sin(np.pi * np.minimum(phase, 1)), 0.0)


def test_tables_keep_their_contracts_and_cut_contacts_are_excluded() -> None:
    force = running_force()
    tables = force_references("r", force, RATE_HZ, side="left")
    for name, table in tables.items():
        validate(name, table)
    contacts = tables["contacts"]
    assert contacts["is_complete"].sum() == 5
    assert contacts["initial_contact_s"].notna().all()
    assert set(contacts["side"]) == {"left"}
    # Both edges at 5 % of body weight are inside the half sine.
    duration = (contacts["terminal_contact_s"] - contacts["initial_contact_s"])[
        contacts["is_complete"]
    ]
    assert (abs(duration - 0.24) < 0.006).all()
    excluded = tables["excluded"]
    assert excluded["start_s"].iloc[0] == 0
    assert excluded["stop_s"].iloc[-1] == force.size / RATE_HZ


def test_force_of_flight_only_has_no_contacts() -> None:
    tables = force_references("r", np.zeros(100), RATE_HZ)
    assert len(tables["contacts"]) == 0
    assert len(tables["excluded"]) == 0
    assert len(tables["force"]) == 100
