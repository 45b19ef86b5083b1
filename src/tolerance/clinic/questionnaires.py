"""Scores of the two questionnaires that a runner fills in, as their authors publish them.

The questions are paraphrased here: the wording of both belongs to their authors, and a clinic
that uses the original reads it from the papers. What is scored is the position of the answer.

Checked against public text. UWRI: its nine topics and its range of 0 to 36 with the abstracts of
both papers and a summary of the second (sportsinjurybulletin.com, "Measuring readiness for return
to running"); that the answers of an item count 0 to 4, the best highest, follows from nine items
and 36 points. OSTRC-H2: the four answers of 0, 8, 17 and 25, which question decides what, and what
counts as substantial, with sentences of the paper that others quote where they encode it. The words
of the answers are [unverified] paraphrases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "OSTRC_H2",
    "QUESTIONNAIRES",
    "UWRI",
    "OstrcScore",
    "Question",
    "Questionnaire",
    "score_ostrc_h2",
    "score_uwri",
]


@dataclass(frozen=True)
class Question:
    """One question with its answers, the first scored lowest.

    Attributes
    ----------
    words : str
        What is asked, paraphrased.
    answers : tuple of (float, str)
        Points and paraphrased words of each answer.
    """

    words: str
    answers: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Questionnaire:
    """One questionnaire.

    Attributes
    ----------
    name, title, source : str
        Key in a folder, name on a page, and where its scoring is published.
    questions : tuple of Question
    """

    name: str
    title: str
    source: str
    questions: tuple[Question, ...]


def _uwri(words: str, worst: str, best: str) -> Question:
    middle = ("a lot", "somewhat", "a little")
    labels = (f"{worst} (worst)", *middle, f"{best} (best)")
    return Question(words, tuple((float(points), label) for points, label in enumerate(labels)))


UWRI: Final = Questionnaire(
    name="uwri",
    title="University of Wisconsin Running Injury and Recovery Index",
    source="doi:10.2519/jospt.2019.8868, doi:10.2519/jospt.2020.9698",
    questions=(
        _uwri("Does the injury hinder your daily tasks?", "completely", "not at all"),
        _uwri("How frustrated are you by the injury?", "extremely", "not at all"),
        _uwri("How far have you recovered?", "not at all", "completely"),
        _uwri("How much pain do you have while running?", "cannot run", "no pain"),
        _uwri("How much pain in the day after a run?", "cannot run", "no pain"),
        _uwri("How far is your weekly running from what it was?", "no running", "as before"),
        _uwri("How far is your longest run from what it was?", "no running", "as before"),
        _uwri("How far is your pace from what it was?", "no running", "as before"),
        _uwri("How sure are you that you can raise your running?", "not at all", "fully"),
    ),
)
"""Nine answers of 0 to 4 points, sum 0 to 36; 36 is running as before the injury
(pmc.ncbi.nlm.nih.gov/articles/PMC7060789)."""

UWRI_SEM: Final = 1.47
"""Standard error of measurement (doi:10.2519/jospt.2019.8868, table 5)."""

UWRI_MDC: Final = 4.1
"""Minimal detectable change, 1.96 × √2 × 1.47 points: less may be noise of the answers."""

UWRI_MCID: Final = 8.0
"""Minimal clinically important difference; the minimal important change is 5 points
(doi:10.2519/jospt.2020.9698, pubmed 33115339)."""

_DEGREES: Final = ("not at all", "a little", "moderately", "a great deal")
_OSTRC_POINTS: Final = (0.0, 8.0, 17.0, 25.0)


def _ostrc(words: str, labels: Sequence[str] = _DEGREES) -> Question:
    return Question(words, tuple(zip(_OSTRC_POINTS, labels, strict=True)))


OSTRC_H2: Final = Questionnaire(
    name="ostrc_h2",
    title="OSTRC questionnaire on health problems, second version",
    source="doi:10.1136/bjsports-2019-101337",
    questions=(
        _ostrc(
            "In the last week: could you take part in all training and racing?",
            (
                "fully, without a health problem",
                "fully, but with a health problem",
                "less, because of a health problem",
                "not at all, because of a health problem",
            ),
        ),
        _ostrc("How much did you change your training because of it?"),
        _ostrc("How much did it lower your performance?"),
        _ostrc("How strong were the complaints?", ("none", "mild", "moderate", "severe")),
    ),
)
"""Four answers of 0, 8, 17 or 25 points, sum 0 to 100; 0 is no health problem.

The first version (2013) had five answers of 0, 6, 13, 19 and 25 in the second and third question;
the second has four in each. Scores of the two are not mixed here: another number is refused.
"""

QUESTIONNAIRES: Final = {UWRI.name: UWRI, OSTRC_H2.name: OSTRC_H2}


@dataclass(frozen=True)
class OstrcScore:
    """Score of one week.

    Attributes
    ----------
    severity : float
        0 to 100.
    is_problem, is_substantial, is_time_loss : bool
        Any problem; one with at least moderate change of training or performance, or no taking
        part at all; no taking part at all.
    """

    severity: float
    is_problem: bool
    is_substantial: bool
    is_time_loss: bool


def score_uwri(answers: Sequence[float | None]) -> float | None:
    """Sum the nine answers; None where one is missing, since the sum has no rule for gaps.

    Raises
    ------
    ValueError
        If there are not nine answers, or one is not 0, 1, 2, 3 or 4.
    """
    _check(UWRI, answers)
    given = [answer for answer in answers if answer is not None]
    return float(sum(given)) if len(given) == len(UWRI.questions) else None


def score_ostrc_h2(answers: Sequence[float | None]) -> OstrcScore | None:
    """Score a week; None where the first answer, or one that counts, is missing.

    The first question decides whether the others are asked (Clarsen 2020): full participation
    without a problem is 0 and no participation at all is 100 as a whole, whatever the rest says. A
    problem is substantial with no participation, or a moderate or greater change of training or
    performance; how strong the complaints are does not count there.

    Raises
    ------
    ValueError
        If there are not four answers, or one is not 0, 8, 17 or 25.
    """
    _check(OSTRC_H2, answers)
    participation, change, performance, _ = answers
    if participation is None:
        return None
    if participation == _OSTRC_POINTS[0]:
        return OstrcScore(0.0, is_problem=False, is_substantial=False, is_time_loss=False)
    if participation == _OSTRC_POINTS[3]:
        return OstrcScore(100.0, is_problem=True, is_substantial=True, is_time_loss=True)
    given = [answer for answer in answers if answer is not None]
    if len(given) < len(answers) or change is None or performance is None:
        return None
    substantial = max(change, performance) >= _OSTRC_POINTS[2]
    return OstrcScore(
        float(sum(given)), is_problem=True, is_substantial=substantial, is_time_loss=False
    )


def _check(questionnaire: Questionnaire, answers: Sequence[float | None]) -> None:
    expected = len(questionnaire.questions)
    problems = []
    if len(answers) != expected:
        problems.append(f"received {len(answers)} answers, expected {expected}")
    for number, (answer, question) in enumerate(
        zip(answers, questionnaire.questions, strict=False), start=1
    ):
        allowed = [points for points, _ in question.answers]
        if answer is not None and answer not in allowed:
            words = ", ".join(f"{points:g}" for points in allowed)
            problems.append(f"q{number}: received {answer:g}, expected one of {words}")
    if problems:
        raise ValueError(f"{questionnaire.name}: {'; '.join(problems)}")
