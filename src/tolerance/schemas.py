"""The tables of the workspace, each declared once: columns, dtypes, units, ranges, keys.

A stage reads and writes these tables only, and every one is checked after reading and before
writing. NaN (for text and dates the missing value) means "not observed" and is allowed only in
columns declared nullable. Ranges say what is possible at all; whether a step is plausible is the
load core's verdict (``reject_reason``), not the schema's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from loadcore.constants import ACTIVITIES, RECORDING_SITES, SIDES, TISSUES
from tolerance.anatomy import BODY_SIDES, BODY_SITES, LOAD_PROXIES, MODEL_TISSUES

__all__ = ["TABLES", "Column", "SchemaError", "Table", "conform", "empty_table", "validate"]

type AnySeries = pd.Series[Any]
DType = Literal["float", "int", "bool", "str", "date", "datetime"]

PANDAS_DTYPES: Final[Mapping[DType, str]] = MappingProxyType(
    {
        "float": "float64",
        "int": "int64",
        "bool": "bool",
        "str": "str",
        "date": "datetime64[us]",
        "datetime": "datetime64[us, UTC]",
    }
)

FRAMES: Final = ("sensor", "segment")
"""Axes of a signal: the sensor's, or the segment's (ISB: +x anterior, +y proximal, +z right)."""

RUNGS: Final = ("two_shins", "one_shin", "foot_or_trunk", "watch", "diary")
"""Exposure ladder, from the best observed to the least."""

SESSION_ACTIVITIES: Final = (
    *ACTIVITIES,
    "strength",
    "rehab",
    "jumps",
    "sport",
    "cross_training",
    "rest",
)
"""What a session was; ``rest`` is confirmed rest, never an unobserved day."""

LONGEST_30D_FLAGS: Final = ("none", "over_1.1", "over_1.3", "over_2.0")
"""Session against the longest of the 30 days before, by ``damage.SPIKE_THRESHOLDS``."""

EVALUATIONS: Final = ("new_runner", "personal")
"""What an estimate knew of the runner whom it is scored on."""

MOMENTS: Final = ("before", "during", "after", "next_morning", "day")
"""When a complaint was felt; ``day`` is a diary entry without a session."""

YES_NO: Final = ("yes", "no")
"""Answer to a question; not asked or not answered is missing, never "no"."""

EVENT_KINDS: Final = (
    "injury",
    "surgery",
    "fracture",
    "clearance",
    "test",
    "red_flag",
    "override",
    "medication",
    "note",
)
"""What an entry of a runner's history is."""

PLAN_VERDICTS: Final = ("plan", "hold", "no_run", "rules_only", "referral")
"""What the rule book says of a plan; ``tolerance.rules.assessment`` explains them."""

PLANNED_ACTIVITIES: Final = ("running", "walking", "cross_training")
"""What a plan puts on a day besides strength."""

EXAMPLES_SHOWN: Final = 3
"""Offending rows quoted per problem. Engineering choice: enough to find them, short to read."""


class SchemaError(ValueError):
    """A table that breaks its contract.

    Attributes
    ----------
    problems : tuple of str
        Every violation found, one entry each.
    """

    def __init__(self, table: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"table {table} breaks its contract ({len(problems)} problems):\n{listed}")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        Field term with its unit as suffix.
    dtype : str
        One of ``float``, ``int``, ``bool``, ``str``, ``date`` (midnight, no zone) and
        ``datetime`` (UTC).
    meaning : str
        What it holds, for data dictionaries.
    minimum, maximum : float
        Inclusive range of numbers.
    choices : tuple of str
        The only texts allowed; empty for any.
    nullable : bool
        Whether "not observed" may occur.
    optional : bool
        Whether the whole column may be absent.
    """

    name: str
    dtype: DType
    meaning: str
    minimum: float = -np.inf
    maximum: float = np.inf
    choices: tuple[str, ...] = ()
    nullable: bool = False
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: its columns in order, and the columns that together name a row.

    Attributes
    ----------
    name, meaning : str
        Name of the file, and what one row is.
    key : tuple of str
        Columns whose values no two rows share.
    columns : tuple of Column
        In the order in which they are stored.
    ordered : tuple of (str, str)
        Pairs of columns where the first is never above the second, as far as both are observed.
    increasing : str
        Column whose values rise from row to row; empty for none.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    ordered: tuple[tuple[str, str], ...] = ()
    increasing: str = ""


def _text(name: str, meaning: str, **options: bool | tuple[str, ...]) -> Column:
    return Column(name=name, dtype="str", meaning=meaning, **options)  # type: ignore[arg-type]


def _number(
    name: str,
    meaning: str,
    minimum: float = -np.inf,
    maximum: float = np.inf,
    *,
    nullable: bool = False,
    optional: bool = False,
) -> Column:
    return Column(
        name=name,
        dtype="float",
        meaning=meaning,
        minimum=minimum,
        maximum=maximum,
        nullable=nullable,
        optional=optional,
    )


def _observed(name: str, meaning: str, minimum: float, maximum: float = np.inf) -> Column:
    """Declare a number that may be "not observed"."""
    return _number(name, meaning, minimum, maximum, nullable=True)


def _count(name: str, meaning: str) -> Column:
    return Column(name=name, dtype="int", meaning=meaning, minimum=0)


def _flag(name: str, meaning: str) -> Column:
    return Column(name=name, dtype="bool", meaning=meaning)


def _axes(quantity: str, unit: str, meaning: str, limit: float, *, optional: bool) -> list[Column]:
    return [
        _number(
            f"{quantity}_{axis}_{unit}",
            f"{meaning}, {axis} axis",
            -limit,
            limit,
            nullable=True,
            optional=optional,
        )
        for axis in "xyz"
    ]


_RECORDING_ID: Final = _text("recording_id", "recording that the row belongs to")
_RUNNER_ID: Final = _text("runner_id", "runner; a pseudonym, never a name")
_SESSION_ID: Final = _text("session_id", "outing that the recording belongs to")
_SIDE: Final = _text("side", "side of the body", choices=SIDES)
_TISSUE: Final = _text("tissue", "tissue with a per-step model", choices=TISSUES)
_BODY_SITE: Final = _text("site", "where on the body", choices=BODY_SITES)
_MODEL_TISSUE: Final = _text("tissue", "tissue with a tolerance of its own", choices=MODEL_TISSUES)
_BODY_SIDE: Final = _text("side", "side of the body", choices=BODY_SIDES)
_ACTIVITY: Final = _text("activity", "what the runner did", choices=ACTIVITIES)
_EVALUATION: Final = _text(
    "evaluation",
    "new_runner: nothing of the runner was used; personal: learned on the same runner's other "
    "trials",
    choices=EVALUATIONS,
)
_CONTACT_START: Final = _number(
    "initial_contact_s", "first sample of vertical force above 5 % of body weight", 0
)

_LIMIT_ACC_MPS2: Final = 5000.0
"""Widest accelerometers sold for running reach 500 g; engineering choice: nothing real is lost."""
_LIMIT_GYR_RADPS: Final = 200.0
"""About 11,500 °/s, over twice the widest gyroscope range sold; engineering choice as above."""
_LIMIT_TIME_S: Final = 10.0
"""No step lasts longer; a longer interval is a stop. Engineering choice."""
_LIMIT_FORCE_BW: Final = 100.0
"""Over three times any published tissue force in running (load.md D1); engineering choice."""

_DECLARED: Final = (
    Table(
        name="recordings",
        meaning="One uninterrupted file of one sensor on one runner.",
        key=("recording_id",),
        columns=(
            _RECORDING_ID,
            _text("dataset_id", "dataset that the recording comes from"),
            _RUNNER_ID,
            _SESSION_ID,
            Column(
                name="started_at_utc",
                dtype="datetime",
                meaning="time of the first sample",
                nullable=True,
            ),
            _text("sensor_site", "where the sensor sits", choices=RECORDING_SITES),
            _SIDE,
            _text("frame", "axes of the stored signal", choices=FRAMES),
            _number("sampling_rate_hz", "samples a second", 1, 20_000),
            _observed("acc_range_g", "full scale of the accelerometer", 0.5, 1000),
            _observed("gyr_range_dps", "full scale of the gyroscope", 50, 20_000),
            _observed("body_mass_kg", "body mass", 20, 300),
            _observed("height_m", "standing height", 0.8, 2.6),
            _text("surface", "ground, as the source words it", nullable=True),
            _text("shoe", "shoe, as the source words it", nullable=True),
        ),
    ),
    Table(
        name="signals",
        meaning="One sample of one recording.",
        key=("time_s",),
        increasing="time_s",
        columns=(
            _number("time_s", "seconds from the first sample", 0),
            *_axes("acc", "mps2", "specific force", _LIMIT_ACC_MPS2, optional=False),
            *_axes("gyr", "radps", "angular velocity", _LIMIT_GYR_RADPS, optional=True),
        ),
    ),
    Table(
        name="contacts",
        meaning="Reference: one foot contact, as a force plate or the simulator saw it.",
        key=("recording_id", "side", "initial_contact_s"),
        ordered=(("initial_contact_s", "terminal_contact_s"),),
        columns=(
            _RECORDING_ID,
            _SIDE,
            _CONTACT_START,
            _observed("terminal_contact_s", "first sample at or below the threshold again", 0),
            _observed("peak_vgrf_bw", "greatest vertical ground reaction force", 0, 20),
            _number(
                "peak_tibial_acc_g",
                "greatest axial specific force of the shank after contact, 60 Hz low-pass",
                0,
                1000,
                nullable=True,
                optional=True,
            ),
            _flag("is_complete", "whether the contact lies whole inside the recording"),
        ),
    ),
    Table(
        name="strides",
        meaning="Reference: one stride of the instrumented foot.",
        key=("recording_id", "stride_id"),
        ordered=(("start_s", "stop_s"),),
        columns=(
            _RECORDING_ID,
            _count("stride_id", "number of the stride within the recording"),
            _number("start_s", "begin of the stride", 0),
            _number("stop_s", "end of the stride, excluded", 0),
            _observed("stride_length_m", "distance travelled by the foot", 0, 10),
            _observed("speed_mps", "stride length over stride time", 0, 15),
            _ACTIVITY,
        ),
    ),
    Table(
        name="conditions",
        meaning="Reference: one stretch under a constant, known condition.",
        key=("recording_id", "start_s"),
        ordered=(("start_s", "stop_s"),),
        columns=(
            _RECORDING_ID,
            _number("start_s", "begin of the stretch", 0),
            _number("stop_s", "end of the stretch, excluded", 0),
            _ACTIVITY,
            _observed("speed_mps", "speed of the belt, or mean over a known distance", 0, 15),
            _observed("grade_deg", "slope, uphill positive", -45, 45),
            _observed("distance_m", "distance covered in the stretch", 0),
            _text("split_group", "recordings of one group stay on one side of a split"),
        ),
    ),
    Table(
        name="force",
        meaning="Reference: one sample of vertical ground reaction force.",
        key=("recording_id", "time_s"),
        columns=(
            _RECORDING_ID,
            _number("time_s", "seconds from the first sample of the recording", 0),
            _number("vgrf_bw", "vertical ground reaction force", -2, 20, nullable=True),
        ),
    ),
    Table(
        name="position",
        meaning="Reference: one sample of the sensor's optically measured position.",
        key=("recording_id", "time_s"),
        columns=(
            _RECORDING_ID,
            _number("time_s", "seconds from the first sample of the recording", 0),
            _number("x_m", "position, x axis of the laboratory", nullable=True),
            _number("y_m", "position, y axis of the laboratory", nullable=True),
            _number("z_m", "position, z axis of the laboratory", nullable=True),
        ),
    ),
    Table(
        name="joints",
        meaning="Reference: one sample of one joint's angle and moment.",
        key=("recording_id", "joint", "time_s"),
        columns=(
            _RECORDING_ID,
            _number("time_s", "seconds from the first sample of the recording", 0),
            _text("joint", "joint and plane, as the source names it"),
            _number("angle_rad", "joint angle", nullable=True),
            _number("moment_nmpkg", "joint moment over body mass", nullable=True),
        ),
    ),
    Table(
        name="trial_means",
        meaning="Reference: published means of one runner under one condition.",
        key=("runner_id", "speed_mps", "grade_deg"),
        columns=(
            _RUNNER_ID,
            _text("sex", "as the source states it", nullable=True),
            _observed("body_mass_kg", "body mass", 20, 300),
            _number("speed_mps", "running speed", 0, 15),
            _number("grade_deg", "slope, uphill positive", -45, 45),
            _observed("peak_vgrf_bw", "mean of the steps' greatest vertical force", 0, 20),
            _observed("vertical_impulse_bws", "mean vertical impulse of a contact", 0, 10),
            _observed("contact_time_s", "mean time on the ground", 0, _LIMIT_TIME_S),
            _observed("step_frequency_hz", "steps of both feet a second", 0, 10),
        ),
    ),
    Table(
        name="excluded",
        meaning="Reference: a stretch about which the reference says nothing reliable.",
        key=("recording_id", "start_s"),
        ordered=(("start_s", "stop_s"),),
        columns=(
            _RECORDING_ID,
            _number("start_s", "begin of the stretch", 0),
            _number("stop_s", "end of the stretch, excluded", 0),
            _text("reason", "why it neither confirms nor contradicts"),
        ),
    ),
    Table(
        name="tissue_forces",
        meaning="Reference: true force of one tissue in one contact (simulator only).",
        key=("recording_id", "side", "initial_contact_s", "tissue"),
        columns=(
            _RECORDING_ID,
            _SIDE,
            _CONTACT_START,
            _TISSUE,
            _number("peak_force_bw", "greatest force in the contact", 0, _LIMIT_FORCE_BW),
            _number("impulse_bws", "integral of the force over the contact", 0, _LIMIT_FORCE_BW),
        ),
    ),
    Table(
        name="bouts",
        meaning="One stretch of one activity.",
        key=("recording_id", "bout_id"),
        ordered=(("start_s", "stop_s"),),
        columns=(
            _RECORDING_ID,
            _count("bout_id", "number of the bout within the recording"),
            _number("start_s", "begin of the bout", 0),
            _number("stop_s", "end of the bout, excluded", 0),
            _ACTIVITY,
            _observed("step_frequency_hz", "steps of both feet a second", 0, 10),
            _number("confidence", "0 (a guess) to 1 (certain)", 0, 1),
        ),
    ),
    Table(
        name="foot_strides",
        meaning="One stride of a foot sensor, walking or running, from foot-flat to foot-flat.",
        key=("recording_id", "stride_id"),
        ordered=(("start_s", "stop_s"),),
        columns=(
            _RECORDING_ID,
            _count("stride_id", "number of the stride within the recording"),
            _number("start_s", "end of the foot-flat that the stride begins with", 0),
            _number("stop_s", "begin of the foot-flat that it ends with", 0),
            _observed("stride_length_m", "distance between the two foot-flats", 0),
            _observed("stride_length_sd_m", "standard deviation of its error", 0),
            _observed("speed_mps", "stride length over stride time", 0),
            _observed("speed_sd_mps", "standard deviation of its error", 0),
            _count("n_clipped", "samples with the gyroscope at its limit"),
        ),
    ),
    Table(
        name="quality",
        meaning="What one recording itself allows.",
        key=("recording_id",),
        columns=(
            _RECORDING_ID,
            _number("sampling_rate_hz", "samples a second, as the time stamps say", 0.01, 20_000),
            _observed("jitter_s", "standard deviation of the sample interval", 0),
            _number("duration_s", "length of the recording", 0),
            _number("running_s", "running in it", 0),
            _number("missing_frac", "share of samples that were lost", 0, 1),
            _observed("acc_clipped_frac", "share of running at the accelerometer's limit", 0, 1),
            _observed("gyr_clipped_frac", "share of running at the gyroscope's limit", 0, 1),
            _text("orientation", "how the axes of the body segment were found"),
            _observed("orientation_confidence", "0 (a guess) to 1 (certain)", 0, 1),
            _count("n_steps", "contacts found"),
            _count("n_valid_steps", "of these, steps that count"),
        ),
    ),
    Table(
        name="steps",
        meaning="One contact found by the load core, rejected ones included.",
        key=("recording_id", "step_id"),
        columns=(
            _RECORDING_ID,
            _count("step_id", "number of the step within the recording"),
            _SIDE,
            _observed("initial_contact_s", "begin of the contact", 0),
            _observed("initial_contact_sd_s", "standard deviation of its error", 0),
            _observed("terminal_contact_s", "end of the contact", 0),
            _observed("terminal_contact_sd_s", "standard deviation of its error", 0),
            _observed("contact_time_s", "time on the ground", 0, _LIMIT_TIME_S),
            _observed("contact_time_sd_s", "standard deviation of its error", 0),
            _observed(
                "flight_time_s",
                "time in the air until the other foot's contact; below zero is double support",
                -_LIMIT_TIME_S,
                _LIMIT_TIME_S,
            ),
            _observed("step_time_s", "contact to the other foot's contact", 0, _LIMIT_TIME_S),
            _observed("duty_factor", "contact time over stride time; running is below 0.5", 0, 10),
            _number("confidence", "0 (placed by rhythm) to 1 (both events seen)", 0, 1),
            _observed("speed_mps", "running speed", 0, 15),
            _observed("stride_length_m", "distance of the stride", 0, 10),
            _observed("peak_tibial_acc_g", "impact; never a measure of tissue load", 0, 1000),
            _observed("peak_vgrf_bw", "greatest vertical ground reaction force", 0, 20),
            _observed("peak_vgrf_sd_bw", "standard deviation of its error", 0),
            _observed("vertical_stiffness_bwpm", "peak force over the centre's descent", 0),
            _observed("vertical_oscillation_m", "rise and fall of the centre of mass", 0, 2),
            _flag("is_valid", "whether the step counts towards load"),
            _text("reject_reason", "why the step does not count; 'none' where it does"),
        ),
    ),
    Table(
        name="step_loads",
        meaning="Load of one tissue in one step.",
        key=("recording_id", "step_id", "tissue"),
        columns=(
            _RECORDING_ID,
            _count("step_id", "step of table steps"),
            _TISSUE,
            _observed("peak_force_bw", "greatest force in the contact", 0, _LIMIT_FORCE_BW),
            _observed("peak_force_sd_bw", "standard deviation of its error", 0),
            _observed("impulse_bws", "integral of the force over the contact", 0, _LIMIT_FORCE_BW),
            _observed("load_rr", "load (exponent 1), in reference runs", 0),
            _observed("damage_rr", "damage (the tissue's exponent), in reference runs", 0),
            _observed("damage_sd_rr", "standard deviation of its error", 0),
            _observed("step_sd_frac", "the step's own error of the force, over the force", 0),
        ),
    ),
    Table(
        name="references",
        meaning="The unit of load of one runner: their own reference step and run.",
        key=("runner_id", "tissue"),
        columns=(
            _RUNNER_ID,
            _TISSUE,
            _observed("peak_force_bw", "median peak of the reference step", 0, _LIMIT_FORCE_BW),
            _observed("shared_sd_frac", "error that all its steps share, over the force", 0),
            _observed("steps_per_side", "steps of one leg in the reference run", 0),
            _observed("cadence_spm", "steps of both feet a minute", 0, 600),
            _count("n_steps", "steps behind the medians"),
            _text("source", "where the reference comes from"),
        ),
    ),
    Table(
        name="rejected",
        meaning="One reason why a recording, or a stretch of it, was left out.",
        key=("recording_id", "problem_id"),
        ordered=(("start_s", "stop_s"),),
        columns=(
            _RECORDING_ID,
            _count("problem_id", "number of the problem within the recording"),
            _observed("start_s", "begin of the stretch; missing for the whole recording", 0),
            _observed("stop_s", "end of the stretch, excluded", 0),
            _text("problem", "what was wrong, in one sentence"),
        ),
    ),
    Table(
        name="sessions",
        meaning="One outing of one runner.",
        key=("runner_id", "session_id"),
        columns=(
            _RUNNER_ID,
            _SESSION_ID,
            Column(name="date", dtype="date", meaning="day of the session", nullable=True),
            _text("activity", "kind of session", choices=SESSION_ACTIVITIES),
            _observed("duration_min", "time of the activity", 0, 2880),
            _observed("distance_km", "distance of the activity", 0, 500),
            Column(name="n_steps", dtype="int", meaning="valid steps", minimum=0),
            _observed("rpe", "rating of perceived exertion, 0 to 10", 0, 10),
            _text("surface", "ground", nullable=True),
            _text("shoe", "shoe", nullable=True),
            _observed("grade_pct", "mean slope, uphill positive", -100, 100),
            _text("rung", "how the load was observed", choices=RUNGS),
            _observed("coverage_frac", "share of the running that valid steps cover", 0, 1),
            _text("quality", "signal quality in one word or sentence"),
        ),
    ),
    Table(
        name="session_loads",
        meaning="Load of one tissue of one side in one session.",
        key=("runner_id", "session_id", "tissue", "side"),
        columns=(
            _RUNNER_ID,
            _SESSION_ID,
            _TISSUE,
            _SIDE,
            _observed("load_rr", "load (exponent 1), in reference runs", 0),
            _observed("load_sd_rr", "standard deviation of its error", 0),
            _observed("damage_rr", "damage (the tissue's exponent), in reference runs", 0),
            _observed("damage_sd_rr", "standard deviation of its error", 0),
            _observed(
                "equivalent_load_bw",
                "constant force per step with the same damage",
                0,
                _LIMIT_FORCE_BW,
            ),
            _observed("longest_30d_ratio", "over the greatest session of the 30 days before", 0),
            Column(
                name="longest_30d_flag",
                dtype="str",
                meaning="published threshold that the ratio exceeds; missing without a ratio",
                choices=LONGEST_30D_FLAGS,
                nullable=True,
                optional=True,
            ),
            Column(
                name="is_longest_30d_complete",
                dtype="bool",
                meaning="whether all earlier sessions of the window are observed",
                optional=True,
            ),
            _number(
                "longest_30d_damage_ratio",
                "the same ratio of damage",
                0,
                nullable=True,
                optional=True,
            ),
            Column(
                name="n_steps",
                dtype="int",
                meaning="observed steps behind the row",
                minimum=0,
                optional=True,
            ),
            _number(
                "coverage_frac",
                "share of the running that this side's valid steps cover",
                0,
                1,
                nullable=True,
                optional=True,
            ),
            _number(
                "load_observed_rr",
                "load of the observed steps alone, nothing added for what was missed",
                0,
                nullable=True,
                optional=True,
            ),
            _number(
                "load_both_sides_doubled_rr",
                "twice this side's load, as if the unobserved side had done the same; missing "
                "where both sides are observed",
                0,
                nullable=True,
                optional=True,
            ),
        ),
    ),
    Table(
        name="ledger",
        meaning="Load and damage of one unit (tissue, site, side) in one session.",
        key=("runner_id", "session_id", "site", "tissue", "side"),
        columns=(
            _RUNNER_ID,
            _SESSION_ID,
            _BODY_SITE,
            _MODEL_TISSUE,
            _BODY_SIDE,
            Column(name="date", dtype="date", meaning="day of the session"),
            _text("activity", "kind of session", choices=SESSION_ACTIVITIES),
            _text("proxy", "structure whose load stands for the unit's", choices=LOAD_PROXIES),
            _text("rung", "how the load was observed", choices=RUNGS),
            _observed("load_rr", "load (exponent 1), in reference runs", 0),
            _observed("load_sd_rr", "standard deviation of its error", 0),
            _observed("damage_rr", "damage (the unit's exponent), in reference runs", 0),
            _observed("damage_sd_rr", "standard deviation of its error", 0),
            _observed(
                "equivalent_load_bw",
                "constant force per step with the same damage",
                0,
                _LIMIT_FORCE_BW,
            ),
            _observed("longest_30d_ratio", "over the greatest session of the 30 days before", 0),
        ),
    ),
    Table(
        name="responses",
        meaning="What a runner said of one place at one moment.",
        key=("runner_id", "date", "site", "side", "moment"),
        columns=(
            _RUNNER_ID,
            Column(name="date", dtype="date", meaning="day of the entry"),
            _BODY_SITE,
            _BODY_SIDE,
            _text("moment", "when it was felt", choices=MOMENTS),
            _text("session_id", "session it belongs to; missing without one", nullable=True),
            _observed("pain_0_10", "pain, 0 (none) to 10", 0, 10),
            _text(
                "settled_24h",
                "whether it was back to its usual level within a day",
                choices=YES_NO,
                nullable=True,
            ),
            _flag("asked", "whether the question was put at all"),
            _text(
                "analgesic",
                "whether a painkiller was taken in the day before",
                choices=YES_NO,
                nullable=True,
            ),
        ),
    ),
    Table(
        name="events",
        meaning="One entry of a runner's history: an injury, a test, a clearance.",
        key=("runner_id", "date", "kind", "name", "site", "side"),
        columns=(
            _RUNNER_ID,
            Column(name="date", dtype="date", meaning="day of the entry"),
            _text("kind", "what the entry is", choices=EVENT_KINDS),
            _text("name", "which injury, test, flag or drug"),
            _text("site", "where on the body", choices=(*BODY_SITES, "whole_body")),
            _text("side", "side of the body", choices=(*BODY_SIDES, "none")),
            # Of the test or event in its row: repetitions, seconds, centimetres, percent.
            _number("value", "result of a test, duration of an event", nullable=True),
            _text("who", "who says so", nullable=True),
            _text("role", "their role", nullable=True),
            _text("basis", "on what basis", nullable=True),
        ),
    ),
    Table(
        name="runner_truth",
        meaning="What is true of one unit of a simulated runner.",
        key=("runner_id", "site", "tissue", "side"),
        columns=(
            _RUNNER_ID,
            _BODY_SITE,
            _MODEL_TISSUE,
            _BODY_SIDE,
            _flag("is_index", "whether it was injured before the first day"),
            _flag("is_controlled", "whether the runner came back along a controlled progression"),
            _number("log_tolerance", "log load, in reference weeks, at which pain passes 3"),
            _number("deficit", "log capacity lost on the day of that injury; 0 without one", 0),
            _number(
                "days_since_injury",
                "on the day before the first; missing without one",
                0,
                nullable=True,
            ),
            _number("log_frailty", "the runner's log hazard above the mean"),
            _number("chronic_start_rr", "damage a day before the first day", 0),
        ),
    ),
    Table(
        name="wellness_reports",
        meaning="One form of a diary: how a person felt, as filed.",
        key=("runner_id", "reported_at_utc"),
        columns=(
            _RUNNER_ID,
            Column(name="reported_at_utc", dtype="datetime", meaning="when the form was filed"),
            _observed("soreness_0_5", "1 sorest to 5 none; 0 is a blank form", 0, 5),
            _observed("fatigue_0_5", "1 most to 5 least; 0 is blank", 0, 5),
            _observed("mood_0_5", "1 worst to 5 best; 0 is blank", 0, 5),
            _observed("stress_0_5", "1 most to 5 least; 0 is blank", 0, 5),
            _observed("sleep_quality_0_5", "1 worst to 5 best; 0 is blank", 0, 5),
            _observed("readiness_0_10", "1 least to 10 most; 0 is blank", 0, 10),
        ),
    ),
    Table(
        name="diary_sessions",
        meaning="One session of a diary, as filed; empty forms included.",
        key=("runner_id", "session_id"),
        columns=(
            _RUNNER_ID,
            _text("session_id", "number of the entry in the person's diary"),
            Column(name="ended_at_utc", dtype="datetime", meaning="when the session ended"),
            _text("activities", "words that it was tagged with, separated by commas"),
            _observed("rpe", "perceived exertion, 0 to 10", 0, 10),
            _observed("duration_min", "minutes", 0, 1440),
        ),
    ),
    Table(
        name="plans",
        meaning="One session of a plan; a plan without any has one row that says why.",
        key=("runner_id", "plan_start", "date", "activity"),
        columns=(
            _RUNNER_ID,
            Column(name="plan_start", dtype="date", meaning="first day of the plan's week"),
            Column(name="date", dtype="date", meaning="day of the session"),
            Column(name="made_on", dtype="date", meaning="day of planning"),
            _text("verdict", "what the rule book says", choices=PLAN_VERDICTS),
            _text("basis", "where the dose comes from", choices=("model", "rules", "none")),
            _text("origin", "where the model's parameters come from", nullable=True),
            _flag("is_prior", "whether no injured unit's estimate is the runner's own yet"),
            _text("activity", "kind of session", choices=(*PLANNED_ACTIVITIES, "none")),
            _text("prescription", "what to do, or why nothing is planned"),
            _number("run_minutes", "running", 0),
            _number("walk_minutes", "walking", 0),
            _text("binding", "what keeps the week from being larger", nullable=True),
            _text("rules", "ids of the rules that fired, spaces between"),
        ),
    ),
    Table(
        name="plan_loads",
        meaning="What a plan's week is expected to do to one unit; intervals hold 90 %.",
        key=("runner_id", "plan_start", "site", "tissue", "side"),
        ordered=(
            ("damage_low_rr", "damage_high_rr"),
            ("pain_low_frac", "pain_high_frac"),
            ("weekly_risk_low_frac", "weekly_risk_high_frac"),
            ("target_risk_low_frac", "target_risk_high_frac"),
        ),
        columns=(
            _RUNNER_ID,
            Column(name="plan_start", dtype="date", meaning="first day of the plan's week"),
            _BODY_SITE,
            _MODEL_TISSUE,
            _BODY_SIDE,
            _flag("is_index", "whether it is being rehabilitated: limits hold for these"),
            _flag("is_personal", "whether the estimate is the runner's own more than the prior's"),
            _number("pain_limit", "highest pain that counts as safe", 0, 10),
            _number("damage_rr", "damage of the week, reference runs", 0),
            _number("damage_low_rr", "lower end", 0),
            _number("damage_high_rr", "upper end", 0),
            _number("pain_frac", "chance of pain above the limit in the worst session", 0, 1),
            _number("pain_low_frac", "lower end", 0, 1),
            _number("pain_high_frac", "upper end", 0, 1),
            _number("unsettled_frac", "chance of not settling after the worst session", 0, 1),
            _number("weekly_risk_frac", "risk of an injury of this unit in the week", 0, 1),
            _number("weekly_risk_low_frac", "lower end", 0, 1),
            _number("weekly_risk_high_frac", "upper end", 0, 1),
            _number("target_risk_frac", "the same from now to the target date", 0, 1),
            _number("target_risk_low_frac", "lower end", 0, 1),
            _number("target_risk_high_frac", "upper end", 0, 1),
        ),
    ),
    Table(
        name="soreness_predictions",
        meaning="One day of a diary: how likely the next day is sore, by one model.",
        key=("evaluation", "model", "runner_id", "date"),
        columns=(
            _text("evaluation", "what was left out, and what was known of the person"),
            _text("model", "model or comparator"),
            _RUNNER_ID,
            Column(name="date", dtype="date", meaning="day at whose end the prediction is made"),
            _flag("is_sore", "whether the next day's soreness was 2 or less of 5"),
            _number("p_sore", "probability of it", 0, 1),
            _observed("p_sore_low", "5th percentile of the probability", 0, 1),
            _observed("p_sore_high", "95th percentile of the probability", 0, 1),
        ),
    ),
    Table(
        name="scores",
        meaning="One quantity of one event, estimated, against its reference.",
        key=("evaluation", "quantity", "recording_id", "item_id"),
        columns=(
            _EVALUATION,
            _text("quantity", "what was estimated; its unit is that of the quantity"),
            _RECORDING_ID,
            _RUNNER_ID,
            _text("sensor_site", "where the sensor sits", choices=RECORDING_SITES),
            _text("condition", "speed and slope, or the recording where neither is stated"),
            _number("grade_deg", "slope, uphill positive", -45, 45, nullable=True),
            _count("item_id", "number of the event in the recording's reference"),
            _number("reference_value", "true value; missing for times of events", nullable=True),
            _number("error", "estimate minus true value"),
            _observed("error_sd", "standard deviation that the estimate came with", 0),
            _number(
                "baseline_error",
                "error of a constant learned on other runners or conditions",
                nullable=True,
            ),
        ),
    ),
    Table(
        name="detections",
        meaning="How many events of one kind the reference of one recording has and we found.",
        key=("evaluation", "event", "recording_id"),
        ordered=(("n_paired", "n_reference"), ("n_paired", "n_found")),
        columns=(
            _EVALUATION,
            _text("event", "kind of event: contact, stride, side, running second"),
            _RECORDING_ID,
            _RUNNER_ID,
            _text("sensor_site", "where the sensor sits", choices=RECORDING_SITES),
            _count("n_reference", "events in the reference"),
            _count("n_found", "events found where the reference can judge"),
            _count("n_paired", "events that are both"),
        ),
    ),
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType({table.name: table for table in _DECLARED})
"""Every table by name."""


def validate(table_name: str, frame: pd.DataFrame) -> None:
    """Check a table against its contract and report every violation at once.

    A table without rows is valid if its columns are.

    Parameters
    ----------
    table_name : str
        A name of :data:`TABLES`.
    frame : pandas.DataFrame
        The table; its index is ignored.

    Raises
    ------
    SchemaError
        If columns are missing, unknown or of another dtype, values are outside their range or
        choices or missing where they may not be, or two rows share a key.
    """
    table = _table(table_name)
    problems = _column_problems(table, frame)
    sound = []
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        wrong_dtype = _dtype_problem(column, frame[column.name])
        if wrong_dtype:
            problems.append(wrong_dtype)
        else:
            sound.append(column.name)
            problems.extend(_value_problems(column, frame[column.name]))
    problems.extend(_row_problems(table, frame, set(sound)))
    if problems:
        raise SchemaError(table_name, tuple(problems))


def empty_table(table_name: str) -> pd.DataFrame:
    """Return a table without rows, every column (optional ones included) in its dtype."""
    return pd.DataFrame(
        {
            column.name: pd.Series([], dtype=PANDAS_DTYPES[column.dtype])
            for column in _table(table_name).columns
        }
    )


def conform(table_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with columns in declared order and dtype, where that loses nothing.

    Integers and narrower numbers widen, texts and dates take the workspace's dtype, a column of
    nothing but missing values takes the declared one. What cannot be converted without loss stays
    as it is, for :func:`validate` to report.

    Parameters
    ----------
    table_name : str
        A name of :data:`TABLES`.
    frame : pandas.DataFrame
        Not changed.
    """
    table = _table(table_name)
    converted = {
        column.name: _convert(column, frame[column.name])
        for column in table.columns
        if column.name in frame.columns
    }
    converted |= {name: frame[name] for name in frame.columns if name not in converted}
    return pd.DataFrame(converted, index=frame.index).reset_index(drop=True)


def _table(name: str) -> Table:
    if name not in TABLES:
        raise KeyError(f"table {name!r} is not declared; known are {', '.join(TABLES)}.")
    return TABLES[name]


def _column_problems(table: Table, frame: pd.DataFrame) -> list[str]:
    declared = {column.name for column in table.columns}
    missing = [c.name for c in table.columns if not c.optional and c.name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in declared]
    doubled = sorted({str(n) for n in frame.columns[frame.columns.duplicated()]})
    if doubled:
        # Selecting such a column gives a table, so nothing further can be said about it.
        raise SchemaError(table.name, (f"columns given twice: {', '.join(doubled)}",))
    problems = []
    if missing:
        problems.append(f"columns missing: {', '.join(missing)}")
    if unknown:
        problems.append(f"columns not declared: {', '.join(unknown)}")
    return problems


def _dtype_problem(column: Column, values: AnySeries) -> str:
    expected = PANDAS_DTYPES[column.dtype]
    if values.dtype == expected:
        return ""
    return f"{column.name}: expected dtype {expected}, received {values.dtype}"


def _value_problems(column: Column, values: AnySeries) -> list[str]:
    problems = []
    missing = values.isna()
    if missing.any() and not column.nullable:
        problems.append(f"{column.name}: missing in {_rows(missing)}")
    present = values[~missing]
    if column.choices:
        other = ~values.isin(column.choices) & ~missing
        if other.any():
            received = sorted(set(values[other]))[:EXAMPLES_SHOWN]
            problems.append(
                f"{column.name}: expected one of {', '.join(column.choices)}, received"
                f" {', '.join(map(repr, received))} in {_rows(other)}"
            )
    if column.dtype in ("float", "int"):
        numbers = present.to_numpy()
        # An infinity is a failed computation even where the range is open.
        bad = (numbers < column.minimum) | (numbers > column.maximum) | np.isinf(numbers)
        if bad.any():
            outside = pd.Series(False, index=values.index)
            outside[present.index[bad]] = True
            problems.append(
                f"{column.name}: expected {column.minimum:g} to {column.maximum:g}, received"
                f" {numbers[bad].min():g} to {numbers[bad].max():g} in {_rows(outside)}"
            )
    if column.dtype == "date":
        clock = values.notna() & (values != values.dt.normalize())
        if clock.any():
            problems.append(f"{column.name}: expected midnight, received a time in {_rows(clock)}")
    return problems


def _row_problems(table: Table, frame: pd.DataFrame, sound: set[str]) -> list[str]:
    problems = []
    if set(table.key) <= sound:
        repeated = frame.duplicated(subset=list(table.key))
        if repeated.any():
            problems.append(f"key {', '.join(table.key)}: repeated in {_rows(repeated)}")
    for first, second in table.ordered:
        if {first, second} <= sound:
            swapped = frame[first] > frame[second]
            if swapped.any():
                problems.append(f"{first} above {second} in {_rows(swapped)}")
    if table.increasing in sound:
        back = frame[table.increasing].diff() < 0
        if back.any():
            problems.append(f"{table.increasing}: goes back in {_rows(back)}")
    return problems


def _rows(mask: AnySeries) -> str:
    """Say how many rows are concerned and which come first, counted from 0."""
    positions = np.flatnonzero(mask.to_numpy())
    shown = ", ".join(map(str, positions[:EXAMPLES_SHOWN]))
    more = ", …" if positions.size > EXAMPLES_SHOWN else ""
    return f"{positions.size} of {mask.size} rows (row {shown}{more})"


def _convert(column: Column, values: AnySeries) -> AnySeries:
    wanted: Any = PANDAS_DTYPES[column.dtype]
    if values.dtype == wanted:
        return values
    kind = values.dtype.kind
    zoned = getattr(values.dtype, "tz", None) is not None
    unobserved = bool(values.isna().all()) and column.dtype not in ("int", "bool")
    if unobserved and kind != "M":
        unknown: AnySeries = pd.Series(None, index=values.index, dtype=wanted)
        return unknown
    lossless = {
        "float": kind in "iuf",
        "int": kind in "iu",
        "bool": False,
        "str": kind == "O" and bool(values.map(lambda v: isinstance(v, str) or pd.isna(v)).all()),
        "date": kind == "M" and not zoned,
        "datetime": kind == "M" and zoned,
    }
    return values.astype(wanted) if lossless[column.dtype] else values
