import json
import os
import zipfile

import numpy as np
import pytest

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.importers import raw_files
from pipelines.importers.fit import WatchRecording
from pipelines.importers.open_recording import read_any
from pipelines.importers.raw_files import RecordingFileError
from pipelines.paths import check_identifier

NAMES = ("t", "ax", "ay", "az", "gx", "gy", "gz")


@pytest.fixture
def batch(tmp_path, channels, text, write_own, fit):
    """Two good recordings, a watch, and several that cannot be read."""
    good = text(NAMES, channels)
    write_own(good, "anna/left.csv", started_at="2026-03-01T08:00:00Z")
    write_own(good, "anna/right shank.csv", side="right", started_at="2026-03-01T08:00:00Z")
    write_own(good[:50], "anna/cut.csv")
    (tmp_path / "anna" / "notes.md").write_text("sore")
    (tmp_path / "anna" / ".hidden.csv").write_text("x")
    (tmp_path / "bert").mkdir()
    records = [(second, 250.0, 85, 3.0) for second in range(60)]
    (tmp_path / "bert" / "run.FIT").write_bytes(fit(records))
    (tmp_path / "bert" / "half.fit").write_bytes(fit(records)[:200])
    (tmp_path / "bert" / "week.gt3x").write_bytes(b"PK")
    (tmp_path / "bert" / "table.csv").write_text("a,b\n1,2\n")
    return tmp_path


def test_in_a_batch_the_rest_goes_on_and_everything_is_accounted_for(batch):
    opened = read_any(batch)
    kinds = {thing.recording_id: type(thing) for thing in opened}
    assert kinds["bert_run"] is WatchRecording
    read = sorted(k for k, kind in kinds.items() if issubclass(kind, ImportedRecording))
    assert read == ["anna_left", "anna_right_shank"]
    reasons = {t.recording_id: t.reason for t in opened if isinstance(t, LeftOut)}
    assert set(reasons) == {"anna_cut", "bert_half", "bert_week", "bert_table"}
    assert "is damaged or cut short" in reasons["bert_half"]
    assert "export raw data as CSV with ActiLife" in reasons["bert_week"]
    assert "no header of a known export" in reasons["bert_table"]
    assert len(opened) == 7


def test_ids_may_name_files_and_are_unique(batch):
    ids = [thing.recording_id for thing in read_any(batch)]
    assert len(set(ids)) == len(ids)
    for recording_id in ids:
        check_identifier(recording_id, "recording_id")


def test_two_files_of_one_name_do_not_replace_each_other(tmp_path, channels, text, write_own):
    write_own(text(NAMES, channels), "a b.csv")
    write_own(text(NAMES, channels), "a-b.csv")
    write_own(text(NAMES, channels), "a_b.csv")
    opened = read_any(tmp_path)
    assert [type(thing).__name__ for thing in opened].count("LeftOut") == 1
    assert "rename its file" in next(t.reason for t in opened if isinstance(t, LeftOut))


def test_two_sensors_on_the_same_leg_at_once_are_named(tmp_path, channels, text, write_own):
    started = "2026-03-01T08:00:00Z"
    write_own(text(NAMES, channels), "first.csv", started_at=started)
    write_own(text(NAMES, channels), "second.csv", started_at=started)
    first, second = read_any(tmp_path)
    assert isinstance(first, ImportedRecording)
    assert "first was on the left shank at the same time" in second.reason


def test_one_sensor_on_two_days_is_no_contradiction(tmp_path, channels, text, write_own):
    write_own(text(NAMES, channels), "first.csv", started_at="2026-03-01T08:00:00Z")
    write_own(text(NAMES, channels), "second.csv", started_at="2026-03-02T08:00:00Z")
    assert all(isinstance(thing, ImportedRecording) for thing in read_any(tmp_path))


def test_a_motion_bids_folder_is_read_as_one(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "dataset_description.json").write_text(json.dumps({"Name": "x"}))
    (opened,) = read_any(tmp_path)
    assert isinstance(opened, LeftOut)
    assert "BIDSVersion is missing" in opened.reason


@pytest.mark.parametrize(
    "sidecar", [b"[]", b'{"SamplingFrequency": {}, "TrackingSystemName": 5}', b"\xff\xfe{}"]
)
def test_damaged_motion_bids_is_one_message(tmp_path, sidecar):
    place = tmp_path / "study" / "sub-01" / "motion"
    place.mkdir(parents=True)
    description = {"Name": "x", "BIDSVersion": "1.10.0"}
    (tmp_path / "study" / "dataset_description.json").write_text(json.dumps(description))
    stem = "sub-01_task-run_tracksys-imu"
    (place / f"{stem}_motion.tsv").write_bytes(b"\xff\xfe\x00")
    (place / f"{stem}_motion.json").write_bytes(sidecar)
    header = "name\tcomponent\ttype\ttracked_point\tunits\n"
    (place / f"{stem}_channels.tsv").write_text(header + "a\tx\tACCEL\tleft_shank\tm/s^2\n")
    (opened,) = read_any(tmp_path)
    assert isinstance(opened, LeftOut)
    assert opened.reason


@pytest.mark.parametrize("name", ["nothing", "nothing.csv"])
def test_a_path_that_is_not_there(tmp_path, name):
    with pytest.raises(RecordingFileError, match="is not there"):
        read_any(tmp_path / name)


def test_a_folder_without_recordings(tmp_path):
    (tmp_path / "readme.md").write_text("x")
    with pytest.raises(RecordingFileError, match="holds no recording"):
        read_any(tmp_path)


def test_links_that_go_round_do_not_hang(batch):
    (batch / "anna" / "again").symlink_to(batch)
    assert len(read_any(batch)) == 7


def test_what_lies_too_deep_is_named(tmp_path, channels, text, write_own):
    write_own(text(NAMES, channels), "a/b/c/d/e/run.csv")
    write_own(text(NAMES, channels), "a/b/c/run.csv")
    deep, near = read_any(tmp_path)
    assert "lies more than 3 folders deep" in deep.reason
    assert near.recording_id == "a_b_c_run"


def test_a_pipe_is_no_file(tmp_path, channels, text, write_own):
    path = write_own(text(NAMES, channels))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RecordingFileError, match="holds no recording"):
        read_any(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("TotalAcceleration.csv", b"0" * 50_000_000)
    (opened,) = read_any(path, {"site": "shank"})
    assert "times its size, expected at most 200" in opened.reason


def test_a_zip_whose_header_lies_about_its_size_is_read_up_to_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("TotalAcceleration.csv", np.random.default_rng(1).bytes(5000))
    files = raw_files.open_files(path)
    info = files.infos["TotalAcceleration.csv"]
    info.file_size = 10
    with pytest.raises(RecordingFileError, match=r"cannot be unpacked|expected at most"):
        files.read("TotalAcceleration.csv", 1000)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and nothing more", b"word" * 1000])
def test_a_damaged_archive_is_one_message(tmp_path, content):
    path = tmp_path / "export.zip"
    path.write_bytes(content)
    (opened,) = read_any(path, {"site": "shank"})
    assert "damaged zip archive" in opened.reason


def test_an_encrypted_or_unknown_archive_is_one_message(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("something.txt", "x")
    (opened,) = read_any(path, {"site": "shank"})
    assert "is no zip export of sensor_logger or phyphox" in opened.reason


def test_a_table_too_large_is_not_read(tmp_path, channels, text, write_own, monkeypatch):
    path = write_own(text(NAMES, channels))
    with path.open("ab") as stream:
        stream.truncate(1025 * 1024**2)
    (opened,) = read_any(path)
    assert "expected at most 1,024 MB" in opened.reason


def test_a_folder_of_very_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_files, "MAX_FILES", 5)
    for number in range(7):
        (tmp_path / f"{number}.csv").write_text("x")
    (opened,) = read_any(tmp_path)
    assert "holds more than 5 files" in opened.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(tmp_path, channels, text, write_own):
    path = write_own(text(NAMES, channels))
    path.chmod(0)
    (opened,) = read_any(path)
    assert "cannot be read" in opened.reason


def test_an_imported_recording_passes_the_stage_unchanged(tmp_path, channels, text, write_own):
    """What the door gives is what the import stage takes."""
    from pipelines.stages.import_recordings import Tables, run
    from tolerance.schemas import conform, validate

    path = write_own(text(NAMES, channels))
    tables = Tables()
    ((recording_id, signals),) = run(read_any(path), tables)
    assert recording_id == "run"
    validate("signals", conform("signals", signals))
    validate("recordings", conform("recordings", tables.recordings()))
