"""Words for where and what a complaint is: model tissues, body sites, sides, load proxies.

A **unit** of the tolerance model is one tissue at one site on one side. What is known per step is
the load of three structures (``loadcore.constants.TISSUES``); a unit takes its load from one of
them, or from running as such where no per-step model is defensible.
"""

from dataclasses import dataclass
from typing import Final

from loadcore.constants import TISSUES

__all__ = [
    "BODY_SIDES",
    "BODY_SITES",
    "DEFAULT_UNITS",
    "LOAD_PROXIES",
    "MODEL_TISSUES",
    "RUNNING_PROXY",
    "Unit",
]

MODEL_TISSUES: Final = ("bone", "tendon", "cartilage", "muscle", "fascia")
"""Tissues with a tolerance of their own, in the order of every array over tissues."""

BODY_SIDES: Final = ("left", "right")
"""Sides a unit can be on; a complaint of both sides is two units."""

BODY_SITES: Final = (
    "foot",
    "ankle",
    "achilles",
    "shin",
    "calf",
    "knee",
    "thigh",
    "hamstring",
    "hip",
    "groin",
    "pelvis",
    "back",
)
"""Where on the body, in a runner's words, from the ground up."""

RUNNING_PROXY: Final = "running"
"""General running load: every step counts alike, whatever its force."""

LOAD_PROXIES: Final = (*TISSUES, RUNNING_PROXY)
"""What a unit's load is read from."""


@dataclass(frozen=True, order=True)
class Unit:
    """One tissue at one site on one side.

    Attributes
    ----------
    site : str
        One of :data:`BODY_SITES`.
    tissue : str
        One of :data:`MODEL_TISSUES`.
    side : str
        One of :data:`BODY_SIDES`.
    """

    site: str
    tissue: str
    side: str

    def __post_init__(self) -> None:
        """Refuse unknown words, all at once."""
        problems = [
            f"{name}: received {value!r}, expected one of {', '.join(known)}"
            for name, value, known in (
                ("site", self.site, BODY_SITES),
                ("tissue", self.tissue, MODEL_TISSUES),
                ("side", self.side, BODY_SIDES),
            )
            if value not in known
        ]
        if problems:
            raise ValueError(f"unknown unit: {'; '.join(problems)}")


DEFAULT_UNITS: Final = tuple(
    Unit(site, tissue, side)
    for side in BODY_SIDES
    for site, tissue in (
        ("shin", "bone"),
        ("achilles", "tendon"),
        ("knee", "cartilage"),
        ("calf", "muscle"),
        ("foot", "fascia"),
    )
)
"""Units at risk in every runner, injured or not: one of each tissue a side."""
