"""A planned run as a FIT workout file that a watch can load: warm-up, repeats, cool-down.

Written with the encoder of the public FIT software development kit; the tests read the file back
with another library.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final

from garmin_fit_sdk import Encoder, Profile

from pipelines.errors import WorkspaceError
from pipelines.store import new_file
from tolerance.progression.plan_types import PlannedSession

__all__ = ["FitWorkoutError", "workout_bytes", "write_workout"]

WARM_UP_MIN: Final = 5.0
COOL_DOWN_MIN: Final = 5.0
"""As the session guidance has them."""

MILLISECONDS_PER_MINUTE: Final = 60_000
NAME_LENGTH: Final = 40
"""Longest name: watches show less. Engineering choice."""

_MESSAGES: Final = Profile["mesg_num"]


class FitWorkoutError(WorkspaceError, ValueError):
    """A session that is no run, so that there is nothing for a watch to count."""


def workout_bytes(session: PlannedSession) -> bytes:
    """Return the FIT file of a planned run.

    Parameters
    ----------
    session : PlannedSession
        A run with its repetitions.

    Raises
    ------
    FitWorkoutError
        For any other session.
    """
    if session.repetitions is None or session.repetitions.times < 1:
        raise FitWorkoutError(
            f"{session.identifier}: received {session.activity} without repetitions, expected a run"
        )
    steps = list(_steps(session))
    encoder = Encoder()
    encoder.write_mesg(
        {
            "mesg_num": _MESSAGES["FILE_ID"],
            "type": "workout",
            "manufacturer": "development",
            "product": 0,
            # The plan's own day: the same plan gives the same bytes.
            "time_created": datetime.combine(session.day, time(0), UTC),
            "serial_number": int(session.day.strftime("%Y%m%d")),
        }
    )
    encoder.write_mesg(
        {
            "mesg_num": _MESSAGES["WORKOUT"],
            "sport": "running",
            "num_valid_steps": len(steps),
            "wkt_name": f"{session.day.isoformat()} {session.words}"[:NAME_LENGTH],
        }
    )
    for index, step in enumerate(steps):
        encoder.write_mesg({"mesg_num": _MESSAGES["WORKOUT_STEP"], "message_index": index, **step})
    return bytes(encoder.close())


def write_workout(path: Path, session: PlannedSession) -> None:
    """Write the FIT file of a planned run; the file appears whole or not at all."""
    content = workout_bytes(session)
    with new_file(path) as temporary:
        temporary.write_bytes(content)


def _steps(session: PlannedSession) -> Iterator[dict[str, Any]]:
    repetitions = session.repetitions
    assert repetitions is not None
    yield _timed("Walk", WARM_UP_MIN, "warmup")
    yield _timed("Run easy", repetitions.run_min, "active")
    if repetitions.walk_min > 0.0:
        yield _timed("Walk", repetitions.walk_min, "rest")
    if repetitions.times > 1:
        yield {
            "wkt_step_name": "Repeat",
            "duration_type": "repeat_until_steps_cmplt",
            # The step to go back to, and how often the block is done in all.
            "duration_value": 1,
            "target_type": "open",
            "target_value": repetitions.times,
        }
    yield _timed("Walk", COOL_DOWN_MIN, "cooldown")


def _timed(name: str, minutes: float, intensity: str) -> dict[str, Any]:
    return {
        "wkt_step_name": name,
        "duration_type": "time",
        "duration_value": round(minutes * MILLISECONDS_PER_MINUTE),
        "target_type": "open",
        "target_value": 0,
        "intensity": intensity,
    }
