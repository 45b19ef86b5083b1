"""Who may clear a red flag or override a rule: a clinician, never the runner."""

from collections.abc import Sequence
from typing import Final

from tolerance.clinic.record import Override
from tolerance.rules.registry import rule

__all__ = ["is_clinician", "override_of"]

NOT_A_CLINICIAN: Final = ("", "runner", "patient", "self", "athlete", "coach", "parent")
"""Roles, in lower case, whose word neither clears nor overrides."""


@rule("A05")
def is_clinician(role: str) -> bool:
    """Tell whether a role may clear a red flag or override a rule."""
    return role.strip().lower() not in NOT_A_CLINICIAN


def override_of(overrides: Sequence[Override], what: str) -> Override | None:
    """Return the latest override of a name by a clinician."""
    found = [entry for entry in overrides if entry.what == what and is_clinician(entry.role)]
    return found[-1] if found else None
