import numpy as np
import pytest

from pipelines.importers.fit import MAX_RECORD_S, read_fit
from pipelines.importers.raw_files import RecordingFileError

RECORDS = [(second, 250.0, 85, 3.0) for second in range(60)]
STOP_ALL, START = 4, 0


@pytest.fixture
def write(tmp_path, fit):
    def write(*args, **options):
        path = tmp_path / "run.fit"
        path.write_bytes(fit(*args, **options))
        return path

    return write


def refused(path):
    with pytest.raises(RecordingFileError) as caught:
        read_fit(path, "run")
    return str(caught.value)


def test_records_in_the_workspace_s_units(write):
    watch = read_fit(write(RECORDS), "run", body_mass_kg=60.0)
    records = watch.records
    np.testing.assert_array_equal(records["start_s"], np.arange(60))
    np.testing.assert_array_equal(records["stop_s"], np.arange(1, 61))
    np.testing.assert_allclose(records["contact_time_s"], 0.250)
    np.testing.assert_allclose(records["cadence_spm"], 170.0)  # 85 strides are 170 steps
    np.testing.assert_allclose(records["speed_mps"], 3.0)
    assert records["vertical_oscillation_m"].isna().all()
    # 1,000,000,000 seconds after 1989-12-31
    assert str(watch.started_at_utc) == "2021-09-08 01:46:40+00:00"
    assert watch.body_mass_kg == 60.0
    assert watch.notes == ()


def test_what_was_not_measured_is_missing(write):
    records = read_fit(
        write([(0, 250.0, 85, 3.0), (1, None, 85, 3.0), (2, 0.0, 0, 0.0), (3, 251.0, 85, 3.0)]),
        "run",
    ).records
    np.testing.assert_array_equal(records["contact_time_s"].isna(), [False, True, True, False])
    np.testing.assert_array_equal(records["cadence_spm"].isna(), [False, False, True, False])
    assert records["speed_mps"].iloc[2] == 0.0


def test_a_record_stands_until_the_next_but_not_for_long(write):
    records = read_fit(write([(s, 250.0, 85, 3.0) for s in (0, 3, 6, 100, 103)]), "run").records
    np.testing.assert_array_equal(records["stop_s"], [3, 6, 6 + MAX_RECORD_S, 103, 106])


def test_a_stopped_timer_ends_a_record(write):
    path = write(
        [(0, 250.0, 85, 3.0), (3, 250.0, 85, 3.0), (10, 250.0, 85, 3.0)],
        events=[(4, STOP_ALL), (10, START)],
    )
    np.testing.assert_array_equal(read_fit(path, "run").records["stop_s"], [3, 4, 15])


def test_repeated_seconds_are_left_out_and_noted(write):
    watch = read_fit(write([*RECORDS, (59, 300.0, 85, 3.0)]), "run")
    assert len(watch.records) == 60
    assert "1 records repeated a time stamp" in watch.notes[0]


def test_a_file_without_sport_says_so(write):
    assert read_fit(write(RECORDS, sport=None), "run").notes == (
        "the file names no sport: taken for running",
    )


@pytest.mark.parametrize(
    ("records", "options", "part"),
    [
        (RECORDS, {"sport": 2}, "its sport is 'cycling'"),
        ([(s, None, 85, 3.0) for s in range(30)], {}, "no running dynamics"),
        (RECORDS[:1], {}, "holds 1 records"),
        ([], {}, "holds 0 records"),
    ],
)
def test_an_activity_that_is_of_no_use(write, records, options, part):
    assert part in refused(write(records, **options))


@pytest.mark.parametrize("keep", [0, 1, 11, 14, 40, 300, -3, -1])
def test_a_truncated_file_is_one_message(write, keep):
    path = write(RECORDS)
    path.write_bytes(path.read_bytes()[:keep])
    assert "is empty" in refused(path) or "is damaged or cut short" in refused(path)


def test_a_flipped_bit_is_found(write):
    path = write(RECORDS)
    data = bytearray(path.read_bytes())
    data[400] ^= 0x10
    path.write_bytes(bytes(data))
    assert "is damaged or cut short" in refused(path)


def test_a_header_that_claims_more_than_there_is(write):
    path = write(RECORDS)
    data = bytearray(path.read_bytes())
    data[4:8] = (0xFFFFFFF0).to_bytes(4, "little")
    data[12:14] = b"\0\0"  # a header checksum of zero is not checked
    path.write_bytes(bytes(data))
    assert "is damaged or cut short" in refused(path)


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "run.fit"
    with path.open("wb") as stream:
        stream.truncate(65 * 1024**2)
    assert "expected at most 64 MB" in refused(path)


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "seconds", "steps_per_minute", "contact_s"),
    [
        # session message: 2832 s, avg_running_cadence 81 strides, avg_stance_time 252 ms
        ("activity-small-fenix2-run", 2832, 162, 0.252),
        # session message: 3424 s, avg_running_cadence 74 strides; no mean stance time
        ("developer-types-sample", 3424, 148, None),
        # session message: 56.9 s, avg_running_cadence 83.67 strides, avg_stance_time 270.3 ms
        ("garmin-fenix-5-run", 56.9, 167.3, 0.2703),
    ],
)
def test_real_files_agree_with_their_own_summary(
    mirror, name, seconds, steps_per_minute, contact_s
):
    records = read_fit(mirror / f"fit_samples/{name}.fit", "run").records
    length = (records["stop_s"] - records["start_s"]).to_numpy()
    assert length.sum() == pytest.approx(seconds, rel=0.05)
    moving = (records["cadence_spm"] > 0).to_numpy()
    cadence = np.average(records["cadence_spm"][moving], weights=length[moving])
    assert cadence == pytest.approx(steps_per_minute, rel=0.05)
    if contact_s is not None:
        seen = records["contact_time_s"].notna().to_numpy()
        contact = np.average(records["contact_time_s"][seen], weights=length[seen])
        assert contact == pytest.approx(contact_s, rel=0.1)
