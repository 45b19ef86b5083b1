"""Exercises by injury and phase, and the week of strength that carries them.

Doses are those that the founding documents name; where they name none, they are usual practice
[J]. Strength counts as load (R40): the ledger gets every repetition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tolerance.config import Rules
from tolerance.rules.assessment import Assessment, InjuryAssessment, Phase
from tolerance.rules.registry import rule

__all__ = [
    "LIBRARY",
    "Exercise",
    "StrengthSession",
    "exercises_for",
    "strength_week",
]

SETTLE: Final[Phase] = "settle_and_assess"
BUILD: Final[Phase] = "build_capacity"
ELASTIC: Final[Phase] = "elastic_and_speed"
SHARPEN: Final[Phase] = "sharpen_and_maintain"


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    words : str
        How it is done.
    dose : str
        Sets, repetitions or seconds.
    repetitions : int
        Repetitions per side of a whole session, for the ledger; 0 for holds.
    heavy_calf : bool
        Whether it is heavy calf work: no hills or speed the day after (R40).
    impact : bool
        Whether it has a flight phase: left out while impact is not allowed (A02).
    needs : str
        Gate that has to be open: ``hills``, ``speed``, ``hills_and_speed`` or empty.
    rules : tuple of str
    """

    words: str
    dose: str
    repetitions: int
    heavy_calf: bool = False
    impact: bool = False
    needs: str = ""
    rules: tuple[str, ...] = ()


LIBRARY: Final = {
    "calf_hold_mid_range": Exercise(
        "Single-leg calf raise held at mid-range, weight as tolerated", "5 × 45 s", 0,
        rules=("R41", "R57"),
    ),
    "double_leg_calf_raise": Exercise(
        "Double-leg calf raise, 2 s up, 2 s down", "3 × 12 to 15", 42, rules=("R49", "R56")
    ),
    "single_leg_calf_raise": Exercise(
        "Single-leg calf raise with weight, 2 s up, 2 s down, full height", "4 × 8 to 12", 40,
        heavy_calf=True, rules=("R49", "R56"),
    ),
    "single_leg_calf_raise_flat": Exercise(
        "Single-leg calf raise from the floor, heel not below level, 2 s up, 2 s down",
        "4 × 8 to 12", 40, heavy_calf=True, rules=("R49", "R56"),
    ),
    "seated_soleus_raise": Exercise(
        "Seated calf raise with a heavy weight on the knee", "4 × 6 to 8", 28,
        heavy_calf=True, rules=("R43", "R55"),
    ),
    "heel_drop": Exercise(
        "Heel drop over a step, slow", "3 × 12", 36, heavy_calf=True, rules=("R41",)
    ),
    "calf_raise_toes_up": Exercise(
        "Single-leg calf raise with the toes on a rolled towel", "4 × 8 to 12", 40,
        heavy_calf=True, rules=("R49",),
    ),
    "pogo_hops": Exercise(
        "Small quick hops on both feet, stiff ankles, pain at most 3 of 10",
        "5 to 8 min with pauses", 200, impact=True, rules=("R63",),
    ),
    "strides": Exercise(
        "Strides on a slight incline, relaxed", "4 × 20 s", 0, impact=True,
        needs="speed", rules=("R63", "R49"),
    ),
    "shallow_squat_hold": Exercise(
        "Wall sit with the knees bent less than 60°", "5 × 30 to 45 s", 0, rules=("R41",)
    ),
    "low_step_down": Exercise(
        "Slow step-down from a low step, pelvis level, knee over the second toe", "3 × 8 to 10",
        27, rules=("R41", "R58"),
    ),
    "split_squat": Exercise(
        "Split squat with weight, depth as the knee accepts", "3 × 8", 24, rules=("R43", "R49")
    ),
    "single_leg_squat": Exercise(
        "Slow single-leg squat to a bench, pelvis level", "3 × 6 to 8", 21, rules=("R43", "R58")
    ),
    "leg_extension_hold": Exercise(
        "Leg extension held at mid-range", "5 × 45 s", 0, rules=("R41", "R49")
    ),
    "leg_press": Exercise("Single-leg press, heavy", "4 × 6 to 8", 28, rules=("R43", "R49")),
    "jump_landing": Exercise(
        "Landing on one leg from a low step, knee over the second toe", "3 × 6", 18,
        impact=True, rules=("R49", "R74"),
    ),
    "hip_abduction_hold": Exercise(
        "Hip abduction held against a band, no crossing of the legs", "5 × 30 s", 0,
        rules=("R49",),
    ),
    "side_lying_abduction": Exercise(
        "Side-lying hip abduction, slow", "3 × 12 to 15", 42, rules=("R49",)
    ),
    "hip_hitch": Exercise("Hip hitch on a step, pelvis to level", "3 × 10", 30, rules=("R58",)),
    "single_leg_deadlift": Exercise(
        "Single-leg deadlift with weight, hips level", "3 × 8", 24, rules=("R43", "R49")
    ),
    "bridge_hold": Exercise(
        "Bridge held with the heels on the floor, knees slightly bent", "5 × 30 s", 0,
        rules=("R41",),
    ),
    "hip_hinge": Exercise(
        "Hip hinge with weight, back straight, range as the hamstring accepts", "3 × 8", 24,
        rules=("R41", "R43"),
    ),
    "nordic_curl": Exercise("Nordic curl, slow", "3 × 5", 15, rules=("R43", "R49")),
    "sprint_drills": Exercise(
        "Marching and skipping drills, tall hips", "3 × 20 m each", 0, impact=True,
        rules=("R41",),
    ),
    "hill_sprints": Exercise(
        "Short hill sprints on a grade of 8 to 10 %, full walk back", "4 to 6 × 8 s", 0,
        impact=True, needs="hills_and_speed", rules=("R44",),
    ),
    "hip_flexion_hold": Exercise(
        "Hip flexion held against a band, standing", "5 × 30 s", 0, rules=("R49",)
    ),
    "hip_flexion_band": Exercise(
        "Hip flexion against a band, slow", "3 × 10", 30, rules=("R43", "R49")
    ),
    "adduction_squeeze": Exercise(
        "Adduction squeeze of a ball", "5 × 20 s", 0, rules=("R33", "R49")
    ),
    "balance": Exercise("Single-leg stand on a soft mat", "3 × 40 s", 0, rules=("R49",)),
    "plyometric_hops": Exercise(
        "Single-leg hops in place and forward", "3 × 10", 30, impact=True, rules=("R49", "R59")
    ),
}  # fmt: skip
"""Every exercise by name."""

type _Programme = dict[Phase, tuple[str, ...]]

CALF: Final[_Programme] = {
    SETTLE: ("calf_hold_mid_range", "double_leg_calf_raise"),
    BUILD: ("single_leg_calf_raise", "seated_soleus_raise", "heel_drop"),
    ELASTIC: ("single_leg_calf_raise", "seated_soleus_raise", "pogo_hops", "strides"),
    SHARPEN: ("single_leg_calf_raise", "seated_soleus_raise", "strides"),
}
INSERTION: Final[_Programme] = {
    SETTLE: ("calf_hold_mid_range", "double_leg_calf_raise"),
    BUILD: ("single_leg_calf_raise_flat", "seated_soleus_raise"),
    ELASTIC: ("single_leg_calf_raise_flat", "seated_soleus_raise", "pogo_hops", "strides"),
    SHARPEN: ("single_leg_calf_raise_flat", "seated_soleus_raise", "strides"),
}
PLANTAR: Final[_Programme] = {
    SETTLE: ("calf_hold_mid_range", "double_leg_calf_raise"),
    BUILD: ("calf_raise_toes_up", "seated_soleus_raise"),
    ELASTIC: ("calf_raise_toes_up", "seated_soleus_raise", "pogo_hops", "strides"),
    SHARPEN: ("calf_raise_toes_up", "seated_soleus_raise", "strides"),
}
SHANK_BONE: Final[_Programme] = {
    SETTLE: ("double_leg_calf_raise", "side_lying_abduction"),
    BUILD: ("single_leg_calf_raise", "seated_soleus_raise", "split_squat"),
    ELASTIC: ("single_leg_calf_raise", "split_squat", "plyometric_hops", "strides"),
    SHARPEN: ("single_leg_calf_raise", "split_squat", "strides"),
}
HIP_BONE: Final[_Programme] = {
    SETTLE: ("bridge_hold", "side_lying_abduction"),
    BUILD: ("hip_hitch", "split_squat", "double_leg_calf_raise"),
    ELASTIC: ("single_leg_squat", "single_leg_deadlift", "plyometric_hops", "strides"),
    SHARPEN: ("single_leg_squat", "single_leg_deadlift", "strides"),
}
KNEE: Final[_Programme] = {
    SETTLE: ("shallow_squat_hold", "side_lying_abduction"),
    BUILD: ("low_step_down", "split_squat", "side_lying_abduction"),
    ELASTIC: ("single_leg_squat", "split_squat", "plyometric_hops", "strides"),
    SHARPEN: ("single_leg_squat", "split_squat", "strides"),
}
PATELLAR: Final[_Programme] = {
    SETTLE: ("leg_extension_hold", "shallow_squat_hold"),
    BUILD: ("leg_press", "split_squat"),
    ELASTIC: ("leg_press", "jump_landing", "plyometric_hops", "strides"),
    SHARPEN: ("leg_press", "single_leg_squat", "strides"),
}
HIP: Final[_Programme] = {
    SETTLE: ("hip_abduction_hold", "bridge_hold"),
    BUILD: ("hip_hitch", "side_lying_abduction", "single_leg_deadlift"),
    ELASTIC: ("single_leg_deadlift", "single_leg_squat", "plyometric_hops", "strides"),
    SHARPEN: ("single_leg_deadlift", "single_leg_squat", "strides"),
}
HIP_FLEXOR: Final[_Programme] = {
    SETTLE: ("hip_flexion_hold", "adduction_squeeze", "bridge_hold"),
    BUILD: ("hip_flexion_band", "split_squat", "hip_hitch"),
    ELASTIC: ("hip_flexion_band", "single_leg_squat", "sprint_drills", "strides"),
    SHARPEN: ("hip_flexion_band", "single_leg_squat", "strides"),
}
HAMSTRING: Final[_Programme] = {
    SETTLE: ("bridge_hold",),
    BUILD: ("hip_hinge", "single_leg_deadlift"),
    ELASTIC: ("hip_hinge", "nordic_curl", "sprint_drills", "strides"),
    SHARPEN: ("hip_hinge", "nordic_curl", "sprint_drills", "hill_sprints"),
}
CRUCIATE: Final[_Programme] = {
    SETTLE: ("shallow_squat_hold", "bridge_hold"),
    BUILD: ("leg_press", "low_step_down", "single_leg_calf_raise"),
    ELASTIC: ("leg_press", "single_leg_squat", "jump_landing", "plyometric_hops"),
    SHARPEN: ("leg_press", "single_leg_squat", "jump_landing"),
}
ANKLE: Final[_Programme] = {
    SETTLE: ("double_leg_calf_raise", "balance"),
    BUILD: ("single_leg_calf_raise", "balance", "split_squat"),
    ELASTIC: ("single_leg_calf_raise", "plyometric_hops", "jump_landing", "strides"),
    SHARPEN: ("single_leg_calf_raise", "plyometric_hops", "strides"),
}

PROGRAMMES: Final[dict[str, _Programme]] = {
    "tibial_stress_reaction": SHANK_BONE,
    "tibial_stress_fracture": SHANK_BONE,
    "anterior_tibial_stress_injury": SHANK_BONE,
    "fibular_stress_injury": SHANK_BONE,
    "femoral_neck_stress_injury": HIP_BONE,
    "navicular_stress_injury": SHANK_BONE,
    "fifth_metatarsal_stress_injury": SHANK_BONE,
    "metatarsal_stress_injury": SHANK_BONE,
    "high_risk_bone_stress_injury": HIP_BONE,
    "medial_tibial_stress_syndrome": SHANK_BONE,
    "achilles_tendinopathy": CALF,
    "insertional_achilles_tendinopathy": INSERTION,
    "achilles_rupture_repair": INSERTION,
    "patellar_tendinopathy": PATELLAR,
    "proximal_hamstring_tendinopathy": HAMSTRING,
    "gluteal_tendinopathy": HIP,
    "hip_flexor_tendinopathy": HIP_FLEXOR,
    "plantar_fasciopathy": PLANTAR,
    "iliotibial_band_syndrome": KNEE,
    "patellofemoral_pain": KNEE,
    "calf_strain_soleus": CALF,
    "calf_strain_gastrocnemius": CALF,
    "hamstring_strain": HAMSTRING,
    "acl_reconstruction": CRUCIATE,
    "ankle_stabilisation": ANKLE,
    "fracture_fixation": ANKLE,
}
"""Exercises by injury and phase; an injury that was added to params.yaml alone gets none."""

EFFORT: Final = "the last 3 repetitions are effortful, form kept; weight rises over months"
HOLD_EFFORT: Final = "hold at an effort of about 7 of 10"


@rule("R41", "R43", "R44", "A02")
def exercises_for(assessment: Assessment, injury: InjuryAssessment) -> tuple[str, ...]:
    """Return the exercises of an injury in its phase, by their names in :data:`LIBRARY`.

    Exercises with impact wait while impact is not allowed (A02), hill sprints until hills and speed
    are open (R44), and heel drops while the Achilles settles (R41: isometrics first).
    """
    allowed = assessment.allowed
    if not allowed.strength:
        return ()
    wanted = PROGRAMMES.get(injury.entry.injury, {}).get(injury.phase, ())
    opened = {
        "": True,
        "hills": allowed.hills,
        "speed": allowed.speed,
        "hills_and_speed": allowed.hills and allowed.speed,
    }
    return tuple(
        name
        for name in wanted
        if opened[LIBRARY[name].needs] and (allowed.impact or not LIBRARY[name].impact)
    )


@dataclass(frozen=True)
class StrengthSession:
    """Strength on one day.

    Attributes
    ----------
    day : date
    minutes : float
    exercises : tuple of (str, str, str)
        Words, dose and effort of each, in order.
    repetitions : int
        Per side, for the ledger (R40).
    heavy_calf : bool
        Whether hills and speed have to wait afterwards (R40).
    same_day_as_run : bool
        Whether it follows a run of the same day.
    rules : tuple of str
    """

    day: date
    minutes: float
    exercises: tuple[tuple[str, str, str], ...]
    repetitions: int
    heavy_calf: bool
    same_day_as_run: bool
    rules: tuple[str, ...]


LIFT_MINUTES: Final = 30.0
MAINTENANCE_MINUTES: Final = 20.0
SPRINT_MINUTES: Final = 10.0
SHARPEN_VOLUME: Final = 0.6
"""Volume of the last phase over before: 30 to 50 % less (R50)."""
LIFT_GAP_DAYS: Final = 2
"""Least days between two lifts of the same tissue, 36 to 48 h (R40)."""


@rule("R40", "R50", "R62", "R49")
def strength_week(
    assessment: Assessment,
    settings: Rules,
    days: Sequence[date],
    run_days: Sequence[date] = (),
    fast_days: Sequence[date] = (),
    longest_run_day: date | None = None,
) -> tuple[StrengthSession, ...]:
    """Return the strength sessions of a week: two lifts on the days that disturb running least.

    Lifts go on days of easy runs rather than on the day before one, never on the day before hills,
    speed or the longest run, with two days between them (R40, R62). In the phase of elastic work
    the second lift is light (heavy once a week, R49); in the last one volume falls and both are
    short (R50). Strides belong to a run and are left to the plan; hill sprints, where they are
    open, take their place on a fast day (R44).

    Parameters
    ----------
    assessment : Assessment
    settings : Rules
    days : sequence of date
        Days of the week on which the runner is free.
    run_days : sequence of date
        Days with a run.
    fast_days : sequence of date
        Those with hills or speed.
    longest_run_day : date or None
    """
    names: dict[str, None] = {}
    for injury in assessment.injuries:
        names |= dict.fromkeys(exercises_for(assessment, injury))
    if not names:
        return ()
    phase = _strictest_phase(assessment)
    chosen = _lift_days(settings, days, run_days, fast_days, longest_run_day)
    found = []
    for number, day in enumerate(chosen):
        light = number > 0 and phase in (ELASTIC, SHARPEN)
        lifted = [name for name in names if LIBRARY[name].needs == ""]
        own = [name for name in lifted if not (light and LIBRARY[name].heavy_calf)] or lifted
        share = SHARPEN_VOLUME if phase == SHARPEN else 1.0
        lines = tuple(
            (LIBRARY[name].words, _dose(name, share), _effort(name, light)) for name in own
        )
        rules = {rule for name in own for rule in LIBRARY[name].rules} | {"R40", "R43", "R62"}
        rules |= {"R50"} if phase == SHARPEN else set()
        found.append(
            StrengthSession(
                day=day,
                minutes=MAINTENANCE_MINUTES if phase == SHARPEN else LIFT_MINUTES,
                exercises=lines,
                repetitions=round(share * sum(LIBRARY[name].repetitions for name in own)),
                heavy_calf=any(LIBRARY[name].heavy_calf for name in own),
                same_day_as_run=day in run_days,
                rules=tuple(sorted(rules)),
            )
        )
    if "hill_sprints" in names and fast_days:
        found.append(_hill_sprints(min(fast_days)))
    return tuple(sorted(found, key=lambda session: session.day))


def _hill_sprints(day: date) -> StrengthSession:
    sprint = LIBRARY["hill_sprints"]
    line = (sprint.words, sprint.dose, "after the run, instead of strides")
    return StrengthSession(day, SPRINT_MINUTES, (line,), 0, False, True, sprint.rules)


def _strictest_phase(assessment: Assessment) -> Phase:
    order = (SETTLE, BUILD, ELASTIC, SHARPEN)
    return min((injury.phase for injury in assessment.injuries), key=order.index)


def _dose(name: str, share: float) -> str:
    less = ", volume down by 30 to 50 %" if share < 1.0 else ""
    return f"{LIBRARY[name].dose}{less}"


def _effort(name: str, light: bool) -> str:
    if light:
        return "light: far from effortful"
    return EFFORT if LIBRARY[name].repetitions else HOLD_EFFORT


def _lift_days(
    settings: Rules,
    days: Sequence[date],
    run_days: Sequence[date],
    fast_days: Sequence[date],
    longest_run_day: date | None,
) -> tuple[date, ...]:
    """Choose up to two days; the best are easy run days, the worst days before a run."""
    protected = [*fast_days, *([longest_run_day] if longest_run_day else [])]
    gap = timedelta(days=settings.heavy_calf_days)

    def allowed(day: date) -> bool:
        return not any(timedelta(0) < later - day < gap for later in protected)

    def cost(day: date) -> int:
        tomorrow = day + timedelta(days=1)
        if day in run_days and day not in protected:
            return 0
        if day not in run_days:
            return 2 if tomorrow in run_days else 1
        return 3

    usable = [day for day in sorted(days) if allowed(day)]
    pairs = [
        (cost(first) + cost(second), first, second)
        for first in usable
        for second in usable
        if second - first >= timedelta(days=LIFT_GAP_DAYS)
    ]
    if pairs:
        return min(pairs)[1:]
    return tuple(sorted(usable, key=cost)[:1])
