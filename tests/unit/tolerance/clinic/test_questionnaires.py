"""Scores of UWRI and OSTRC-H2, against what their authors publish."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.clinic.questionnaires import (
    OSTRC_H2,
    UWRI,
    UWRI_MDC,
    UWRI_SEM,
    score_ostrc_h2,
    score_uwri,
)


def test_uwri_has_nine_items_and_reaches_36():
    assert len(UWRI.questions) == 9
    best = [max(points for points, _ in question.answers) for question in UWRI.questions]
    worst = [min(points for points, _ in question.answers) for question in UWRI.questions]
    assert score_uwri(best) == 36
    assert score_uwri(worst) == 0


def test_uwri_with_a_gap_has_no_score():
    assert score_uwri([4.0] * 8 + [None]) is None


def test_the_detectable_change_follows_from_the_published_error():
    assert pytest.approx(1.96 * math.sqrt(2) * UWRI_SEM, abs=0.05) == UWRI_MDC


@pytest.mark.parametrize(
    ("answers", "severity", "substantial", "time_loss"),
    [
        ((0, None, None, None), 0, False, False),  # the first question ends it
        ((25, None, None, None), 100, True, True),
        ((8, 8, 8, 8), 32, False, False),
        ((8, 17, 8, 8), 41, True, False),
        ((8, 8, 17, 8), 41, True, False),
        ((17, 8, 8, 25), 58, False, False),  # strong complaints alone are not "substantial"
        ((17, 25, 25, 25), 92, True, False),
    ],
)
def test_ostrc_scores_as_published(answers, severity, substantial, time_loss):
    score = score_ostrc_h2(answers)
    assert (score.severity, score.is_substantial, score.is_time_loss) == (
        severity,
        substantial,
        time_loss,
    )


def test_ostrc_without_the_answers_that_count_has_no_score():
    assert score_ostrc_h2((None, 8, 8, 8)) is None
    assert score_ostrc_h2((8, None, 8, 8)) is None


def test_points_that_do_not_exist_are_all_named():
    with pytest.raises(ValueError, match=r"q1: received 5.*q4: received 9"):
        score_ostrc_h2((5, 8, 8, 9))
    with pytest.raises(ValueError, match="received 3 answers, expected 9"):
        score_uwri((1, 2, 3))


POINTS = st.sampled_from([points for points, _ in OSTRC_H2.questions[0].answers])


@given(st.tuples(POINTS, POINTS, POINTS, POINTS))
def test_a_severity_is_never_outside_0_to_100(answers):
    assert 0 <= score_ostrc_h2(answers).severity <= 100
