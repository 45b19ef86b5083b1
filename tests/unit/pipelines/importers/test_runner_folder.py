"""A runner's folder as people fill it in: habits are taken or named, every problem has a place."""

import json
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import WorkspaceError
from pipelines.importers.runner_folder import FolderProblemsError, read_folder
from pipelines.importers.spreadsheet import day_order, parse_day, parse_number

TODAY = date(2026, 4, 20)
PROFILE = """\
runner_id: r07
consent_date: 2026-03-01
age_band: 30_39
osteoporosis: no
injuries:
  - injury: achilles_tendinopathy
    side: left
    onset: 2025-11-03
target: {weekly_minutes: 150}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "profile.yaml").write_text(PROFILE)
    (tmp_path / "recordings").mkdir()
    return tmp_path


def write(folder, name, text, **options):
    (folder / name).write_bytes(text.encode(**options) if isinstance(text, str) else text)


def problems(folder):
    return [str(problem) for problem in read_folder(folder, TODAY).problems]


def sessions(folder):
    return read_folder(folder, TODAY).checked().sessions


def test_a_plain_folder_is_one_record(folder):
    write(folder, "sessions.csv", "date,activity,minutes\n2026-03-02,running,20\n")
    write(
        folder,
        "symptoms.csv",
        "date,site,side,pain_during,session_id,night_pain\n"
        "2026-03-02,achilles,left,2,2026-03-02_1,no\n",
    )
    record = read_folder(folder, TODAY).checked()
    assert record.profile.osteoporosis == "no"
    assert record.sessions[0].session_id == "2026-03-02_1"
    assert record.symptoms[0].red_flags == {"night_pain": "no"}


def test_an_empty_cell_is_not_known_and_never_zero(folder):
    write(folder, "symptoms.csv", "date,site,side,pain_during\n2026-03-02,knee,left,\n")
    assert read_folder(folder, TODAY).checked().symptoms[0].pain_during is None


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("\ufeffdate,activity,minutes\n2026-03-02,running,20.5\n", "byte order mark"),
        ("date;activity;minutes\n2.3.2026;running;20,5\n", "semicolons"),
        ("date\tactivity\tminutes\n2026-03-02\trunning\t20.5\n", "tabs"),
        ('date,activity,minutes\n2026-03-02,running,"20,5"\n', "decimal commas"),
        ("date,activity,minutes\n02.03.2026,running,20.5\n", "dates such as 02.03.2026"),
        ("date,activity,minutes\n46083,running,20.5\n", "dates such as 46083"),
        ("date,activity,minutes,,\n\n2026-03-02, Running ,20.5,,\n,,,,\n", None),
        ("# a comment, as in the template\ndate,activity,minutes\n2026-03-02,running,20.5\n", None),
        ("date,activity,minutes\r\n2026-03-02,running,20.5\r\n", None),
    ],
)
def test_habits_of_spreadsheets_are_taken_and_named(folder, text, note):
    write(folder, "sessions.csv", text)
    read = read_folder(folder, TODAY)
    (session,) = read.checked().sessions
    assert (session.date, session.minutes) == (date(2026, 3, 2), 20.5)
    assert note is None or any(note in one for one in read.notes)


def test_windows_text_and_utf_16_are_read(folder):
    text = "date,activity,minutes,note\n2026-03-02,running,20,Füße müde\n"
    for encoding in ("cp1252", "utf-16"):
        write(folder, "sessions.csv", text.encode(encoding))
        assert sessions(folder)[0].note == "Füße müde"


def test_excel_is_read(folder):
    book = openpyxl.Workbook()
    book.active.append(["date", "activity", "minutes", "heavy_calf", "note"])
    book.active.append([date(2026, 3, 2), "running", 20.5, True, "=1+1"])
    book.active.append([None, None, None, None, None])
    book.save(folder / "sessions.xlsx")
    (session,) = sessions(folder)
    assert (session.date, session.minutes, session.heavy_calf) == (date(2026, 3, 2), 20.5, "yes")


def test_two_forms_of_one_table_are_refused(folder):
    write(folder, "sessions.csv", "date,activity,minutes\n")
    openpyxl.Workbook().save(folder / "sessions.xlsx")
    assert "sessions.csv and sessions.xlsx" in problems(folder)[0]


def test_slashes_are_read_as_the_column_tells_or_refused(folder):
    write(folder, "sessions.csv", "date,activity\n03/02/2026,rest\n25/02/2026,rest\n")
    assert {one.date for one in sessions(folder)} == {date(2026, 2, 3), date(2026, 2, 25)}
    write(folder, "sessions.csv", "date,activity\n03/02/2026,rest\n")
    assert problems(folder) == [
        "sessions.csv, row 2, column date: received '03/02/2026 (day or month first?)', expected "
        "a day with one meaning: write 2026-03-31"
    ]


def test_every_problem_is_listed_with_its_place(folder):
    write(
        folder,
        "sessions.csv",
        "date,activity,minutes,rpe,recording\n"
        "2026-03-02,jogging,20,11,\n"
        "2027-03-02,running,abc,5,../../secret\n"
        ",running,1.234,5,5,5\n"
        "2026-03-05,running,,5,\n",
    )
    write(folder, "symptoms.csv", "date,site,side,pain_during,limp\n2026-03-02,ear,up,12,maybe\n")
    write(folder, "tests.csv", "date,nme,side,value\n")
    found = problems(folder)
    for expected in (
        "sessions.csv, row 2, column activity: received 'jogging', expected one of running",
        "sessions.csv, row 2, column rpe: received '11', expected a number from 0 to 10",
        "sessions.csv, row 3, column date: received '2027-03-02', expected a day from",
        "sessions.csv, row 3, column minutes: received 'abc', expected a number",
        "sessions.csv, row 3, column recording: received '../../secret', expected a name in rec",
        "sessions.csv, row 4: received '; running; 1.234; 5; 5; 5', expected 5 cells",
        "sessions.csv, row 5, column minutes: received 'nothing', expected minutes, distance_km",
        "symptoms.csv, row 2, column site: received 'ear'",
        "symptoms.csv, row 2, column side: received 'up'",
        "symptoms.csv, row 2, column pain_during: received '12'",
        "symptoms.csv, row 2, column limp: received 'maybe', expected yes or no",
        "tests.csv, row 1, column nme: received 'nme', expected a column of tests",
        "tests.csv, row 1, column name: received 'nothing', expected this column",
    ):
        assert any(one.startswith(expected) for one in found), (expected, found)
    with pytest.raises(FolderProblemsError, match=rf"^{len(found)} problems"):
        read_folder(folder, TODAY).checked()


def test_a_cell_is_named_once(folder):
    write(folder, "sessions.csv", "date,activity\n2026-03-02,jogging\n")
    assert len(problems(folder)) == 1


def test_a_comma_that_splits_a_number_says_so(folder):
    write(folder, "sessions.csv", "date,activity,minutes\n2026-03-02,running,20,5\n")
    assert "such as a decimal comma" in problems(folder)[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("runner_id: ../r07", "profile.yaml, row 1, column runner_id: received '../r07'"),
        ("runner_id: Anna Meier", "a pseudonym of letters"),
        ("runner_id: [1]", "column runner_id"),
        ("runner_id: r07\nconsent: 2026-03-01", "profile.yaml, row 2, column consent"),
        ("runner_id: r07\nconsent_date: 2027-01-01", "profile.yaml, row 2, column consent_date"),
        ("runner_id: r07\n  a: [", "profile.yaml"),
    ],
)
def test_a_wrong_profile_names_the_line(folder, line, expected):
    write(folder, "profile.yaml", line)
    assert any(expected in one for one in problems(folder))


def test_a_wrong_line_deep_in_the_profile_is_found(folder):
    write(folder, "profile.yaml", PROFILE.replace("side: left", "side: middle"))
    assert problems(folder) == [
        "profile.yaml, row 7, column injuries.0.side: received 'middle', expected 'left', 'right' "
        "or 'both'"
    ]


def test_a_folder_without_profile_is_one_problem(tmp_path):
    assert problems(tmp_path) == [
        "profile.yaml: received 'nothing', expected a file; `tolerance new` writes a template"
    ]
    with pytest.raises(WorkspaceError, match="is no folder"):
        read_folder(tmp_path / "none", TODAY)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path_factory):
    secret = tmp_path_factory.mktemp("other") / "secret.csv"
    secret.write_text("x")
    (folder / "recordings" / "run.csv").symlink_to(secret)
    write(folder, "sessions.csv", "date,activity,recording\n2026-03-02,running,run.csv\n")
    assert "not a link to it" in problems(folder)[0]


def test_rest_with_minutes_and_doubled_names_are_refused(folder):
    write(
        folder,
        "sessions.csv",
        "session_id,date,activity,minutes\na,2026-03-02,rest,20\na,2026-03-03,running,20\n",
    )
    assert len(problems(folder)) == 2


def test_questionnaire_points_are_checked(folder):
    write(
        folder,
        "questionnaires.csv",
        "date,questionnaire,q1,q2,q3,q4,q5\n2026-03-02,ostrc_h2,8,8,9,8,1\n",
    )
    found = problems(folder)
    assert any("column q3: received '9', expected one of 0, 8, 17, 25" in one for one in found)
    assert any("column q5" in one and "has 4 questions" in one for one in found)


def entry(**parts):
    return {"format": "tolerance-entry-1", "runner_id": "r07", "saved_on": "2026-03-08", **parts}


def test_a_saved_form_is_taken_in(folder):
    (folder / "inbox").mkdir()
    filled = entry(
        sessions=[{"date": "2026-03-02", "activity": "running", "minutes": "20"}],
        symptoms=[{"date": "2026-03-02", "site": "achilles", "side": "left", "pain_during": 2}],
        questionnaires=[{"date": "2026-03-08", "questionnaire": "ostrc_h2", "q1": 0}],
    )
    write(folder, "inbox/entry_2026-03-08.json", json.dumps(filled))
    record = read_folder(folder, TODAY).checked()
    assert [len(record.sessions), len(record.symptoms), len(record.questionnaires)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[]", "column format"),
        ("{", "a form as the page saved it"),
        ("[" * 100_000, "a form as the page saved it"),
        (json.dumps(entry(runner_id="r08")), "belongs to another runner's folder"),
        (json.dumps(entry(clearances=[{}])), "in their own tables"),
        (json.dumps(entry(sessions={"a": 1})), "a list of rows"),
        (json.dumps(entry(sessions=["a"])), "a row"),
        (json.dumps(entry(sessions=[{"date": "2026-03-02", "oops": 1}])), "sessions.oops"),
        (json.dumps(entry(extra=1)), "column extra"),
    ],
)
def test_a_form_that_is_none_is_named(folder, content, expected):
    (folder / "inbox").mkdir()
    write(folder, "inbox/entry.json", content)
    assert any(expected in one for one in problems(folder))


def test_unknown_files_are_named_and_not_read(folder):
    write(folder, "Sessions old.csv", "x")
    assert any("Sessions old.csv" in one for one in read_folder(folder, TODAY).notes)


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["=cmd()", "<script>", "../..", "\x00", "1e999", "nan", "inf", '"', "\u202e"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(HOSTILE, min_size=3, max_size=5), max_size=4), st.booleans())
def test_hostile_tables_give_problems_and_never_a_crash(tmp_path_factory, rows, header):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "profile.yaml").write_text(PROFILE)
    lines = ["date,activity,minutes,note,recording"] if header else []
    lines += [",".join(row) for row in rows]
    (folder / "sessions.csv").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    read = read_folder(folder, TODAY)
    assert (read.record is None) == bool(read.problems)


@pytest.mark.parametrize(("text", "value"), [("6,5", 6.5), ("6.5", 6.5), ("−3", -3), (" 7", None)])
def test_numbers(text, value):
    if value is None:
        with pytest.raises(ValueError, match="7"):
            parse_number(text)
    else:
        assert parse_number(text) == value


@given(st.dates(date(1955, 1, 1), date(2110, 1, 1)))
def test_a_day_is_the_same_however_it_is_written(day):
    serial = float((day - date(1899, 12, 30)).days)
    assert parse_day(day.isoformat(), None) == day
    assert parse_day(f"{day.day}.{day.month}.{day.year}", None) == day
    assert parse_day(f"{day.day}/{day.month}/{day.year}", "day") == day
    assert parse_day(f"{day.month}/{day.day}/{day.year}", "month") == day
    assert parse_day(serial, None) == day


def test_contradicting_slashes_have_no_order():
    assert day_order(["25/02/2026", "02/25/2026"]) is None
    assert day_order(["02/25/2026"]) == "month"
