"""Capacity tests that the rule book knows, and what a record holds of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tolerance.clinic.record import RunnerRecord, TestEntry
from tolerance.rules.registry import rule

__all__ = [
    "TESTS",
    "CapacityTest",
    "latest_result",
    "limb_symmetry_pct",
    "previous_result",
    "symmetry_of_latest",
]


@dataclass(frozen=True)
class CapacityTest:
    """One test as a clinician does it.

    Attributes
    ----------
    label : str
        What it is called.
    words : str
        How it is done.
    unit : str
        Of the value; ``yes/no`` is 1 or 0.
    per_side : bool
        Whether each side is tested; otherwise the side is ``none``.
    impact : bool
        Whether it has a flight phase: withheld while bone stress is suspected (A02).
    rules : tuple of str
    gates : bool
        Whether a gate may ask for it; the others are shown only.
    """

    label: str
    words: str
    unit: str
    per_side: bool
    impact: bool
    rules: tuple[str, ...]
    gates: bool = True


TESTS: Final = {
    "single_leg_calf_raises": CapacityTest(
        "single-leg calf raises",
        "Single-leg calf raises at full height, 2 s up and 2 s down, until form is lost",
        "repetitions", True, False, ("R56", "R33", "R34"),
    ),
    "calf_hold_s": CapacityTest(
        "calf hold",
        "Isometric hold of a single-leg calf raise at mid-range", "s", True, False, ("R57",)
    ),
    "single_leg_squat_control": CapacityTest(
        "single-leg squat control",
        "Slow single-leg squat: pelvis level, knee over the second toe",
        "yes/no", True, False, ("R58", "R33"),
    ),
    "single_leg_hops": CapacityTest(
        "single-leg hops",
        "Single-leg hops on the spot, with the pain felt", "repetitions", True, True, ("R24", "R33")
    ),
    "forward_hop_cm": CapacityTest(
        "five forward hops",
        "Five single-leg forward hops, distance of all five", "cm", True, True, ("R59", "R33")
    ),
    "landing_control": CapacityTest(
        "controlled landing",
        "Controlled landing on one leg from a low step", "yes/no", True, True, ("R74",)
    ),
    "landing_asymmetry_pct": CapacityTest(
        "landing asymmetry",
        "Gap between the sides' landing forces", "%", False, True, ("R22",)
    ),
    "quadriceps_strength": CapacityTest(
        "quadriceps strength",
        "Quadriceps strength, both sides with the same device", "as measured", True, False,
        ("R74",),
    ),
    "quadriceps_lsi_pct": CapacityTest(
        "quadriceps symmetry",
        "Quadriceps strength of this side over the other, where only the ratio is known",
        "%", True, False, ("R74",),
    ),
    "walk_minutes": CapacityTest(
        "brisk walk",
        "Brisk walk, with the pain felt", "min", False, False, ("R26",)
    ),
    "single_leg_stand_s": CapacityTest(
        "single-leg stand",
        "Single-leg stand, pelvis level", "s", True, False, ("R33",)
    ),
    "single_leg_bridges": CapacityTest(
        "single-leg bridges",
        "Single-leg bridges, heel on a step, full height", "repetitions", True, False, ("R33",)
    ),
    "bone_tenderness": CapacityTest(
        "bone tenderness",
        "One spot on the bone sore to a fingertip, as the clinician finds it",
        "yes/no", True, False, ("R36", "R54"),
    ),
    "cadence_drift_pct": CapacityTest(
        "drift of step rate",
        "Change of step rate from fresh to tired in one run", "%", False, True, ("R24", "R71")
    ),
    "contact_drift_pct": CapacityTest(
        "drift of contact time",
        "Change of contact time from fresh to tired in one run", "%", False, True, ("R71",)
    ),
    "isometric_adduction": CapacityTest(
        "adduction squeeze",
        "Isometric adduction squeeze", "as measured", False, False, ("R33",), gates=False
    ),
    "ankle_dorsiflexion_cm": CapacityTest(
        "knee-to-wall lunge",
        "Knee-to-wall lunge", "cm", True, False, ("R17", "R33"), gates=False
    ),
    "leg_stiffness": CapacityTest(
        "leg stiffness",
        "Leg stiffness in hopping", "as measured", True, True, ("R17",), gates=False
    ),
    "jump_height_cm": CapacityTest(
        "jump height",
        "Countermovement jump", "cm", False, True, ("R22",), gates=False
    ),
    "readiness_0_100": CapacityTest(
        "readiness",
        "Psychological readiness, as the clinic's questionnaire scores it",
        "points", False, False, ("R11",), gates=False,
    ),
}  # fmt: skip
"""Every test by the name in a runner's folder (R33); what gates nothing is shown (R17, R22)."""


@rule("R34")
def limb_symmetry_pct(tested: float, reference: float) -> float | None:
    """Return the tested side as a percentage of the other; None where the other has no value."""
    return 100.0 * tested / reference if reference > 0 else None


@rule("R33", "R17", "R22")
def latest_result(
    record: RunnerRecord, name: str, side: str, since: date, until: date
) -> TestEntry | None:
    """Return the last result of a test within two dates, both included.

    Raises
    ------
    KeyError
        If the rule book knows no test of this name.
    """
    side = side if TESTS[name].per_side else "none"
    found = [
        entry
        for entry in record.tests
        if entry.name == name and entry.side == side and since <= entry.date <= until
    ]
    return max(found, key=lambda entry: entry.date, default=None)


def previous_result(
    record: RunnerRecord, name: str, side: str, since: date, before: date
) -> TestEntry | None:
    """Return the last result of a test before a date."""
    return latest_result(record, name, side, since, before - timedelta(days=1))


@rule("A07")
def symmetry_of_latest(
    record: RunnerRecord, name: str, side: str, since: date, until: date
) -> float | None:
    """Return the symmetry of the last results of a side and of its other, in percent."""
    other = "left" if side == "right" else "right"
    tested = latest_result(record, name, side, since, until)
    reference = latest_result(record, name, other, since, until)
    if tested is None or reference is None:
        return None
    return limb_symmetry_pct(tested.value, reference.value)
