import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines.datasets.base import UnusableRecordingError
from pipelines.datasets.registry import load_dataset
from pipelines.datasets.thambawita_2020 import CARD, read_daily
from pipelines.errors import WorkspaceError
from pipelines.stages.import_daily import import_diary
from pipelines.store import read_table, write_json
from tolerance.schemas import validate

HEAD = "effective_time_frame,fatigue,mood,readiness,sleep_duration_h,sleep_quality,soreness,"
FORMS = f"""{HEAD}soreness_area,stress
2019-11-01T08:31:40.751Z,2,3,5,6,3,2,[12921003],3
2019-11-02T10:00:01.229Z,2,3,6,6,3,0,"[12921003, 2]",3
not a time,2,3,6,6,3,4,[],3
2019-11-03T10:00:00.000Z,2,3,6,6,3,17,[],3
"""
SESSIONS = """end_date_time,activity_names,perceived_exertion,duration_min
2019-11-05T22:51:54.710Z,"['individual', 'running']",7,30
2019-11-18T13:34:02.327Z, {},,
"""


def person(raw: Path, name: str, forms: str | None = FORMS, sessions: str | None = SESSIONS):
    folder = raw / name / "pmsys"
    folder.mkdir(parents=True)
    if forms is not None:
        (folder / "wellness.csv").write_text(forms)
    if sessions is not None:
        (folder / "srpe.csv").write_text(sessions)


def test_forms_and_sessions_are_read_as_filed(tmp_path: Path) -> None:
    person(tmp_path, "p05")
    diary = read_daily(tmp_path)
    for name, table in diary.tables.items():
        validate(name, table)
    forms = diary.tables["wellness_reports"]
    assert forms["runner_id"].unique().tolist() == ["pmdata_p05"]
    assert forms["soreness_0_5"].tolist()[:2] == [2.0, 0.0]
    assert pd.isna(forms["soreness_0_5"].iloc[2]), "17 is off the scale, so not observed"
    assert forms["reported_at_utc"].iloc[0] == pd.Timestamp("2019-11-01T08:31:40.751Z")
    sessions = diary.tables["diary_sessions"]
    assert sessions["activities"].tolist() == ["individual, running", ""]
    assert sessions["rpe"].isna().tolist() == [False, True]
    assert diary.problems == (("p05", "wellness.csv: 1 of 4 rows repeat or have no time"),)


def test_a_person_without_sessions_stays_and_one_without_forms_is_left_out(tmp_path: Path) -> None:
    person(tmp_path, "p05", sessions=None)
    person(tmp_path, "p07", forms=None)
    person(tmp_path, "p11", forms="soreness\n3\n")
    (tmp_path / "p14").mkdir()
    (tmp_path / "notes").mkdir()
    diary = read_daily(tmp_path)
    assert diary.tables["wellness_reports"]["runner_id"].unique().tolist() == ["pmdata_p05"]
    assert diary.tables["diary_sessions"].empty
    assert dict(diary.problems) == {
        "p05": "no srpe.csv: no session logged",
        "p07": "left out: wellness.csv is not there",
        "p11": "left out: wellness.csv lacks effective_time_frame",
        "p14": "left out: wellness.csv is not there",
    }


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,"b\n'])
def test_a_damaged_file_is_a_reason(tmp_path: Path, content: bytes) -> None:
    person(tmp_path, "p05")
    person(tmp_path, "p07")
    (tmp_path / "p07" / "pmsys" / "wellness.csv").write_bytes(content)
    problems = dict(read_daily(tmp_path).problems)
    assert problems["p07"].startswith("left out: wellness.csv")


def test_nobody_there_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(UnusableRecordingError, match=r"no person found .* folders such as p01"):
        read_daily(tmp_path)


def test_a_diary_that_was_not_fetched_gives_empty_tables_and_the_reason(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    write_json(raw / "fetch_status.json", {"state": "licence_not_accepted"})
    import_diary(load_dataset("pmdata"), raw, tmp_path / "interim")
    assert read_table(tmp_path / "interim" / "diary_sessions.parquet", "diary_sessions").empty
    rejected = read_table(tmp_path / "interim" / "rejected.parquet", "rejected")
    assert "licence not accepted" in rejected["problem"].item()


def test_recordings_are_not_a_diary(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no diary"):
        import_diary(load_dataset("gdlbio_foot"), tmp_path, tmp_path / "interim")


@pytest.mark.mirror
def test_the_twelve_people_of_the_mirror(mirror: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for file in load_dataset("pmdata").files.files:
        (raw / file.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(mirror / "pmdata" / file.path, raw / file.path)
    write_json(raw / "fetch_status.json", {"state": "complete"})
    diary = import_diary(load_dataset("pmdata"), raw, tmp_path / "interim")
    forms = read_table(tmp_path / "interim" / "wellness_reports.parquet", "wellness_reports")
    assert forms["runner_id"].nunique() == CARD.n_runners
    sessions = diary.tables["diary_sessions"]
    empty = sessions[sessions["rpe"].isna()]
    assert empty["runner_id"].value_counts().to_dict() == {"pmdata_p16": 11}
