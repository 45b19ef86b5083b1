"""Published return-to-running programmes, row by row as they stand in their sources.

They are comparators of the in-silico trial and the vocabulary of the run-walk ladder; none of them
is what this project prescribes. What a source does not state is ``None`` or an empty tuple, and a
row that was filled in says so in its programme's ``unread``. Sources were read as pages or copies
named in each entry; [D] marks arithmetic on them, [U] what could not be read.
"""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "ACL_RECONSTRUCTION_TRIAL",
    "BRIGHAM_COLE",
    "COUCH_TO_5K",
    "DELAWARE_TRACK",
    "DELAWARE_TREADMILL",
    "DUNNE",
    "METRES_PER_MILE",
    "MILITARY",
    "MOEN_MTSS",
    "OSU_ADVANCED",
    "PROGRAMMES",
    "WISCONSIN",
    "Cycle",
    "Programme",
    "Row",
]

METRES_PER_MILE: Final = 1609.344
SECONDS_PER_MINUTE: Final = 60.0


@dataclass(frozen=True)
class Cycle:
    """Running and walking in turn.

    Attributes
    ----------
    run, walk : float
        Length of each, in the row's unit.
    repeats : float
        How often; not whole where a source gives a total that the cycle does not divide.
    """

    run: float
    walk: float
    repeats: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One step of a programme: what one session holds.

    Attributes
    ----------
    label : str
        The source's name of the step.
    cycles : tuple of Cycle
        Empty where the step is not running (walking, jumps).
    unit : str
        ``min`` or ``mile``.
    sessions : int
        Sessions at this step before the next one, as published.
    total_miles : float or None
        Where cycles of minutes are repeated until a distance is covered.
    rpe : float or None
        Effort asked for, 0 to 10.
    note : str
        What else the source says of the step.
    """

    label: str
    cycles: tuple[Cycle, ...]
    unit: str = "min"
    sessions: int = 3
    total_miles: float | None = None
    rpe: float | None = None
    note: str = ""

    def run_minutes(self, run_speed_mps: float, walk_speed_mps: float) -> float:
        """Return the minutes of running in one session.

        Parameters
        ----------
        run_speed_mps, walk_speed_mps : float
            Used only where the source counts miles.
        """
        if self.total_miles is not None:
            return self._run_minutes_of_distance(run_speed_mps, walk_speed_mps)
        amount = sum(cycle.run * cycle.repeats for cycle in self.cycles)
        if self.unit == "mile":
            return amount * METRES_PER_MILE / (run_speed_mps * SECONDS_PER_MINUTE)
        return amount

    def _run_minutes_of_distance(self, run_speed_mps: float, walk_speed_mps: float) -> float:
        """Repeat the cycle until the distance is covered; the last one may be cut short."""
        assert self.total_miles is not None
        run = sum(cycle.run * cycle.repeats for cycle in self.cycles)
        walk = sum(cycle.walk * cycle.repeats for cycle in self.cycles)
        metres = (run * run_speed_mps + walk * walk_speed_mps) * SECONDS_PER_MINUTE
        return run * self.total_miles * METRES_PER_MILE / metres


@dataclass(frozen=True, kw_only=True)
class Programme:
    """A published programme.

    Attributes
    ----------
    name, words, source : str
        Key, title, and where its rows were read.
    rows : tuple of Row
        In order; empty where the source states only an envelope.
    sessions_per_week : int
        As published; the greatest number where a range is given.
    advance : str
        ``calendar`` where the rows follow each other in time, ``success`` where a step is left
        only after it went well.
    rules : tuple of str
        The source's own conditions.
    unread : str
        What of it could not be read and was filled in or left out; empty for nothing.
    """

    name: str
    words: str
    source: str
    rows: tuple[Row, ...]
    sessions_per_week: int
    advance: str
    rules: tuple[str, ...]
    unread: str = ""

    def run_minutes_by_session(self, run_speed_mps: float, walk_speed_mps: float) -> list[float]:
        """Return the minutes of running of every session, in order, if all goes well."""
        return [
            row.run_minutes(run_speed_mps, walk_speed_mps)
            for row in self.rows
            for _ in range(row.sessions)
        ]


def _dunne_row(week: int, run: float, walk: float, repeats: float) -> Row:
    return Row(label=f"week {week}", cycles=(Cycle(run, walk, repeats),))


DUNNE: Final = Programme(
    name="dunne",
    words="Return to running in 12 weeks (the plan that S4 links)",
    source="kinetic-revolution.com/running-technique-transition-program",
    rows=tuple(
        _dunne_row(week, *cycle)
        for week, cycle in enumerate(
            (
                (1.0, 1.0, 10),
                (1.5, 0.5, 8),
                (2.0, 0.5, 8),
                (3.0, 1.0, 8),
                (4.0, 1.0, 8),
                (5.0, 1.0, 6),
                (10.0, 1.0, 3),
                (15.0, 1.0, 2),
                (20.0, 0.0, 1),
                (25.0, 0.0, 1),
                (30.0, 0.0, 1),
                (35.0, 0.0, 1),
            ),
            start=1,
        )
    ),
    sessions_per_week=3,
    advance="calendar",
    rules=("not on consecutive days", "all easy", "stop at the first discomfort"),
)
"""Running minutes a week 30, 36, 48, 72, 96, 90, 90, 90, 60, 75, 90, 105 [D]."""

_DELAWARE_RULES: Final = (
    "at most 4 times a week, never on consecutive days",
    "at most 2 levels in 7 days",
    "a level is left only without more effusion or pain",
    "sore during warm-up and it stays: 2 days off, down 1 level",
    "sore during the session: 1 day off, down 1 level",
    "sore afterwards: stay at the level",
)

DELAWARE_TREADMILL: Final = Programme(
    name="delaware",
    words="University of Delaware, treadmill",
    source="PMC6693858 Table 4; soreness rules from orthopedicsri.com and chopib",
    rows=(
        *(
            Row(
                label=f"level {level}",
                cycles=(Cycle(jog, 0.1, 2.0 / (jog + 0.1)),),
                unit="mile",
                sessions=2,
                note="2 miles in all",
            )
            for level, jog in ((1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4))
        ),
        *(
            Row(label=f"level {level}", cycles=(Cycle(jog, 0.0),), unit="mile", sessions=2)
            for level, jog in ((5, 2.0), (6, 2.5), (7, 3.0))
        ),
        Row(
            label="level 8",
            cycles=(Cycle(0.5, 0.0, 6.0),),
            unit="mile",
            sessions=2,
            note="running and jogging in turn, 0.25 mile each",
        ),
    ),
    sessions_per_week=4,
    advance="success",
    rules=_DELAWARE_RULES,
    unread="Totals of levels 3 and 4 are taken as the 2 miles of levels 1 and 2, that of level 8 "
    "as the 3 miles of level 7 [D]. Two sessions a level follow from at most 4 a week and at most "
    "2 levels in 7 days [D].",
)

DELAWARE_TRACK: Final = Programme(
    name="delaware_track",
    words="University of Delaware, track",
    source="PMC6693858 Table 4",
    rows=(
        Row(label="first level", cycles=(), note="jog the straights, walk the curves"),
        Row(label="last level", cycles=(), note="jog all laps"),
    ),
    sessions_per_week=4,
    advance="success",
    rules=_DELAWARE_RULES,
    unread="The levels between the first and the last, and all distances.",
)

COUCH_TO_5K: Final = Programme(
    name="couch_to_5k",
    words="Couch to 5K",
    source="a copy of the NHS plan",
    rows=(
        Row(label="week 1", cycles=(Cycle(1.0, 1.5, 8.0),), note="20 min"),
        Row(label="week 2", cycles=(Cycle(1.5, 2.0, 20.0 / 3.5),), note="20 min"),
        Row(label="week 3", cycles=(Cycle(1.5, 1.5, 2.0), Cycle(3.0, 3.0, 2.0))),
        Row(
            label="week 4",
            cycles=(Cycle(3.0, 1.5), Cycle(5.0, 2.5), Cycle(3.0, 1.5), Cycle(5.0, 0.0)),
        ),
        Row(label="week 5, day 1", cycles=(Cycle(5.0, 3.0, 2.0), Cycle(5.0, 0.0)), sessions=1),
        Row(label="week 5, day 2", cycles=(Cycle(8.0, 5.0), Cycle(8.0, 0.0)), sessions=1),
        Row(label="week 5, day 3", cycles=(Cycle(20.0, 0.0),), sessions=1),
        Row(
            label="week 6, day 1",
            cycles=(Cycle(5.0, 3.0), Cycle(8.0, 3.0), Cycle(5.0, 0.0)),
            sessions=1,
        ),
        Row(label="week 6, day 2", cycles=(Cycle(10.0, 3.0), Cycle(10.0, 0.0)), sessions=1),
        Row(label="week 6, day 3", cycles=(Cycle(25.0, 0.0),), sessions=1),
        Row(label="week 7", cycles=(Cycle(25.0, 0.0),)),
        Row(label="week 8", cycles=(Cycle(28.0, 0.0),)),
        Row(label="week 9", cycles=(Cycle(30.0, 0.0),)),
    ),
    sessions_per_week=3,
    advance="calendar",
    rules=("5 min of walking first",),
)

MILITARY: Final = Programme(
    name="military",
    words="Military standard of a trial in lower-limb injury",
    source="doi:10.1186/s13063-023-07502-x Table 1",
    rows=tuple(
        Row(
            label=f"phase {phase}",
            cycles=(Cycle(run, walk),),
            sessions=2,
            total_miles=miles,
            rpe=rpe,
            note="" if walk else "continuous",
        )
        for phase, rpe, walk, run, miles in (
            (1, 3.0, 2.0, 3.0, 1.0),
            (2, 3.0, 2.0, 3.0, 1.5),
            (3, 4.0, 2.0, 4.0, 1.5),
            (4, 4.0, 2.0, 4.0, 2.0),
            (5, 5.0, 1.0, 4.0, 2.0),
            (6, 5.0, 0.0, 1.0, 2.0),
        )
    ),
    sessions_per_week=3,
    advance="success",
    rules=("at least 2 successes a phase", "at least 1 day of rest between", "no hills"),
    unread="Sessions a week: 3 follow from a day of rest between [D].",
)

MOEN_MTSS: Final = Programme(
    name="moen_mtss",
    words="Graded running in medial tibial stress syndrome (Moen)",
    source="ankleandfootnorthwest.com",
    rows=(
        Row(label="phase 1", cycles=(Cycle(2.0, 2.0, 4.0),), note="treadmill, 6 miles per hour"),
        Row(label="phase 2", cycles=(Cycle(2.0, 2.0, 4.0),), note="treadmill, 7.5 miles per hour"),
        Row(label="phase 3", cycles=(Cycle(3.0, 2.0, 4.0),), note="overground"),
        Row(label="phase 4", cycles=(Cycle(3.0, 2.0, 4.0),), note="overground"),
        Row(label="phase 5", cycles=(Cycle(16.0, 0.0),), note="overground, continuous"),
        Row(label="phase 6", cycles=(Cycle(18.0, 0.0),), note="overground, continuous"),
    ),
    sessions_per_week=3,
    advance="success",
    rules=(
        "advance at pain of at most 4 of 10",
        "first phase by the distance run until pain is 2 of 10",
    ),
    unread="Four cycles in phases 1 to 4: the source says 16 to 20 min a session [D]. Sessions a "
    "phase are not stated: one week is taken.",
)

BRIGHAM_COLE: Final = Programme(
    name="brigham_cole",
    words="Brigham and Cole: walk, jumps, walk-jog, timed running",
    source="jenrunsfastblog; scribd 551943755",
    rows=(
        Row(label="I", cycles=(), note="pain-free walking at 4.2 to 5.2 miles per hour"),
        Row(label="II", cycles=(), note="plyometrics, 470 contacts per leg"),
        *(
            Row(
                label=f"III, walk {walk:g} jog {6 - walk:g}", cycles=(Cycle(6.0 - walk, walk, 5.0),)
            )
            for walk in (5.0, 4.0, 3.0, 2.0, 1.0)
        ),
        Row(label="III, last", cycles=(Cycle(30.0, 0.0),)),
        *(
            Row(label=f"IV, week {week}", cycles=(Cycle(30.0 + 15.0 * (week - 1) / 11.0, 0.0),))
            for week in range(1, 13)
        ),
    ),
    sessions_per_week=3,
    advance="calendar",
    rules=("III on alternate days, to 30 min", "IV from 30 to 45 min over 12 weeks"),
    unread="Of III the first two rows and the last were read; those between follow the pattern, "
    "and five repeats fill 30 min [U]. Steps of IV are taken as equal [U]. A week a row [U].",
)

OSU_ADVANCED: Final = Programme(
    name="osu_advanced",
    words="OSU, advanced phase II",
    source="thehealthyrunner.com; OSU inferred from identical rules",
    rows=tuple(
        Row(label=f"walk 5 run {run:g}", cycles=(Cycle(run, 5.0, 3.0),), sessions=2)
        for run in (1.0, 3.0, 5.0, 8.0, 10.0)
    ),
    sessions_per_week=3,
    advance="calendar",
    rules=(
        "2 days each",
        "basic part first: at least 70 % strength and 200 to 250 contacts (scribd 288525516)",
    ),
    unread="The table of the basic part could not be read. Sessions a week are not stated: 3.",
)

ACL_RECONSTRUCTION_TRIAL: Final = Programme(
    name="acl_reconstruction_trial",
    words="Trial of running after reconstruction of the cruciate ligament",
    source="PMC9387380",
    rows=(),
    sessions_per_week=5,
    advance="calendar",
    rules=(
        "10 sessions in 14 days",
        "33 of 34 finished, 16 flared, 1 stopped",
        "IKDC of at least 63.7 predicted success",
    ),
    unread="What a session held.",
)

WISCONSIN: Final = Programme(
    name="wisconsin",
    words="Wisconsin running protocol after reconstruction of the cruciate ligament",
    source="dynamic-pt.com",
    rows=(),
    sessions_per_week=3,
    advance="success",
    rules=("3 times a week, 4 weeks, 30 min each", "pain of at most 3 of 10"),
    unread="How each 30 min divide into running and walking.",
)

PROGRAMMES: Final = (
    DUNNE,
    DELAWARE_TREADMILL,
    DELAWARE_TRACK,
    COUCH_TO_5K,
    MILITARY,
    MOEN_MTSS,
    BRIGHAM_COLE,
    OSU_ADVANCED,
    ACL_RECONSTRUCTION_TRIAL,
    WISCONSIN,
)
"""All that are tabulated in the science reference (D3). Not among them, because their tables were
not found: Silbernagel's light, medium and high days, and Warden's programme after bone stress."""
