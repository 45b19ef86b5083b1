"""Runners to be assessed, built from what a test cares about."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.params import load_params
from tolerance.clinic.record import (
    RED_FLAG_QUESTIONS,
    Clearance,
    InjuryEntry,
    Override,
    Profile,
    RunnerRecord,
    SessionEntry,
    SymptomEntry,
    TestEntry,
)
from tolerance.rules.assess import assess

TODAY = date(2026, 6, 15)
ALL_NO = dict.fromkeys(RED_FLAG_QUESTIONS, "no")


def days_ago(days):
    return TODAY - timedelta(days=days)


class Builder:
    """A runner's record, entry by entry."""

    def __init__(self, params, injury="achilles_tendinopathy", side="left", **facts):
        self.params = params
        profile = {"age_band": "30_39", "easy_speed_mps": 2.8} | facts.pop("profile", {})
        self.site = params.injuries[injury].site if injury in params.injuries else "foot"
        self.injury, self.side = injury, side
        entry = {"injury": injury, "side": side, "onset": days_ago(60)} | facts
        self.injuries = [InjuryEntry(**entry)] if injury else []
        self.profile = profile
        self.sessions, self.symptoms, self.tests = [], [], []
        self.clearances, self.overrides = [], []

    @property
    def sides(self):
        return ("left", "right") if self.side == "both" else (self.side,)

    def also(self, injury, side="left", **facts):
        self.injuries.append(
            InjuryEntry(**({"injury": injury, "side": side, "onset": days_ago(60)} | facts))
        )
        return self

    def symptom(self, days=1, site=None, side=None, **facts):
        for one in (side,) if side else self.sides:
            self.symptoms.append(
                SymptomEntry(date=days_ago(days), site=site or self.site, side=one, **facts)
            )
        return self

    def screened(self, days=3, **answers):
        """Ask every red-flag question; all no but those named."""
        return self.symptom(days=days, side=self.sides[0], red_flags=ALL_NO | answers)

    def calm(self, pain=1.0, days=2):
        """Note pain of a day without a run."""
        return self.symptom(days=days, pain_before=pain, swelling="no")

    def test(self, name, value, side=None, days=2, pain=0.0):
        for one in (side,) if side else self.sides:
            self.tests.append(
                TestEntry(date=days_ago(days), name=name, side=one, value=value, pain=pain)
            )
        return self

    def walked(self, minutes=30.0, pain=0.0, days=2):
        return self.test("walk_minutes", minutes, side="none", days=days, pain=pain)

    def session(self, days, activity="running", minutes=30.0, **facts):
        name = f"{activity}-{days}-{len(self.sessions)}"
        self.sessions.append(
            SessionEntry(
                session_id=name, date=days_ago(days), activity=activity, minutes=minutes, **facts
            )
        )
        return self

    def run(self, days, minutes=30.0, pain=1.0, settled="yes", trend="steady", **facts):
        """Run, and note how it was answered on each injured side."""
        self.session(days, minutes=minutes, kind="easy")
        return self.symptom(
            days=days,
            session_id=self.sessions[-1].session_id,
            **{"pain_during": pain, "settled_24h": settled, "trend": trend} | facts,
        )

    def cleared(self, what=None, days=4, role="sports physician", **facts):
        self.clearances.append(
            Clearance(
                date=days_ago(days), what=what or self.injury, who="Dr Example", role=role,
                basis="imaging and examination", **facts,
            )
        )  # fmt: skip
        return self

    def override(self, what, value=None, role="physiotherapist"):
        self.overrides.append(
            Override(date=days_ago(0), who="A Clinician", role=role, what=what, value=value,
                     why="seen at the visit")
        )  # fmt: skip
        return self

    def ready(self):
        """Pass the start gate of the injury by its usual tests."""
        self.screened().calm().walked()
        for name, value in (
            ("single_leg_calf_raises", 20), ("single_leg_squat_control", 1),
            ("single_leg_stand_s", 20), ("single_leg_bridges", 20), ("landing_control", 1),
        ):  # fmt: skip
            self.test(name, value)
        return self

    @property
    def record(self):
        def by_date(entries):
            return tuple(sorted(entries, key=lambda entry: entry.date))

        return RunnerRecord(
            profile=Profile(
                runner_id="r1", consent_date=days_ago(90), injuries=tuple(self.injuries),
                **self.profile,
            ),
            sessions=by_date(self.sessions),
            symptoms=by_date(self.symptoms),
            tests=by_date(self.tests),
            clearances=by_date(self.clearances),
            overrides=tuple(self.overrides),
        )  # fmt: skip

    def assess(self, settings=None):
        return assess(self.record, TODAY, self.params.injuries, settings or self.params.rules)


@pytest.fixture(scope="session")
def params():
    return load_params(Path(__file__).parents[4] / "params.yaml")


@pytest.fixture
def runner(params):
    """Return a maker of runners: injury, side, facts of the injury, ``profile``."""

    def make(injury="achilles_tendinopathy", side="left", **facts):
        return Builder(params, injury, side, **facts)

    return make


@pytest.fixture
def today():
    return TODAY
