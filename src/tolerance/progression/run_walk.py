"""From minutes of running to repetitions of running and walking (rungs of S4's plan, R76)."""

import math
from dataclasses import dataclass
from typing import Final

__all__ = ["CONTINUOUS", "LADDER", "Repetitions", "Rung", "repetitions", "rung_of"]


@dataclass(frozen=True)
class Rung:
    """Longest stretch of running, and the walk after it.

    Attributes
    ----------
    run_min : float
        Infinite on the last rung: running without a break.
    walk_min : float
    """

    run_min: float
    walk_min: float

    @property
    def words(self) -> str:
        """The rung as a plan writes it, ``3:1`` or ``continuous``."""
        return "continuous" if math.isinf(self.run_min) else f"{self.run_min:g}:{self.walk_min:g}"


LADDER: Final = (
    Rung(1.0, 1.0),
    Rung(1.5, 0.5),
    Rung(2.0, 0.5),
    Rung(3.0, 1.0),
    Rung(4.0, 1.0),
    Rung(5.0, 1.0),
    Rung(10.0, 1.0),
    Rung(15.0, 1.0),
    Rung(math.inf, 0.0),
)
"""Run and walk minutes of S4's plan (Dunne), in order."""

CONTINUOUS: Final = len(LADDER) - 1
"""Place of the last rung."""

CLOCK_STEP_MIN: Final = 0.25
"""Stretches are whole quarters of a minute: what a watch shows. Engineering choice."""


@dataclass(frozen=True)
class Repetitions:
    """One session's running: so many times run, then walk.

    Attributes
    ----------
    times : int
        0 where the minutes are less than a quarter of a minute.
    run_min, walk_min : float
        Of each; the walk is 0 where it is one stretch.
    """

    times: int
    run_min: float
    walk_min: float

    @property
    def run_total_min(self) -> float:
        """Minutes of running in the session."""
        return self.times * self.run_min

    @property
    def walk_total_min(self) -> float:
        """Minutes of walking between and after the runs."""
        return self.times * self.walk_min

    @property
    def words(self) -> str:
        """``10 × (1 min run, 1 min walk)`` or ``20 min run``."""
        if self.walk_min == 0.0:
            return f"{_clock_words(self.run_total_min)} run"
        run, walk = _clock_words(self.run_min), _clock_words(self.walk_min)
        return f"{self.times} × ({run} run, {walk} walk)"


def repetitions(run_minutes: float, rung: int) -> Repetitions:
    """Divide minutes of running by a rung of the ladder; never more minutes than asked for.

    Either ``ceil(R / r)`` equal stretches, or as many whole stretches as fit: whichever keeps more
    of the minutes.

    Parameters
    ----------
    run_minutes : float
        R, 0 or more.
    rung : int
        Place in :data:`LADDER`.
    """
    if not (math.isfinite(run_minutes) and run_minutes >= 0.0 and 0 <= rung < len(LADDER)):
        raise ValueError(
            f"received {run_minutes} min on rung {rung}, expected 0 or more on 0 to {CONTINUOUS}"
        )
    step = LADDER[rung]
    if run_minutes <= step.run_min:
        return Repetitions(int(_on_clock(run_minutes) > 0.0), _on_clock(run_minutes), 0.0)
    equal = math.ceil(run_minutes / step.run_min - 1e-9)
    whole = math.floor(run_minutes / step.run_min + 1e-9)
    choices = (
        Repetitions(whole, step.run_min, step.walk_min),
        Repetitions(equal, _on_clock(run_minutes / equal), step.walk_min),
    )
    return max(choices, key=lambda choice: choice.run_total_min)


def rung_of(longest_stretch_min: float) -> int:
    """Return the highest rung whose stretch of running does not pass this.

    Parameters
    ----------
    longest_stretch_min : float
        Longest running without a walk that is established; NaN or less than a minute is the first
        rung, 20 minutes and more the last (a rung after 15 min is running through).
    """
    if not longest_stretch_min >= LADDER[0].run_min:
        return 0
    if longest_stretch_min >= CONTINUOUS_FROM_MIN:
        return CONTINUOUS
    return max(i for i, rung in enumerate(LADDER) if rung.run_min <= longest_stretch_min)


CONTINUOUS_FROM_MIN: Final = 20.0
"""First continuous run of S4's plan (week 9)."""


def _clock_words(minutes: float) -> str:
    """Return minutes as people set a watch: halves as such, quarters in seconds."""
    if (2.0 * minutes).is_integer():
        return f"{minutes:g} min"
    whole, seconds = divmod(round(60.0 * minutes), 60)
    return f"{whole} min {seconds} s" if whole else f"{seconds} s"


def _on_clock(minutes: float) -> float:
    return math.floor(minutes / CLOCK_STEP_MIN + 1e-9) * CLOCK_STEP_MIN
