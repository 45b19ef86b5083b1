import errno
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import store
from pipelines.store import (
    StoreError,
    new_directory,
    new_file,
    read_json,
    read_table,
    write_json,
    write_metrics,
    write_table,
    write_text,
)
from tolerance.schemas import TABLES, SchemaError, empty_table


def strides(n: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recording_id": ["a"] * n,
            "stride_id": np.arange(n),
            "start_s": np.arange(n) * 0.7,
            "stop_s": np.arange(n) * 0.7 + 0.7,
            "stride_length_m": np.where(np.arange(n) == 1, np.nan, 2.1),
            "speed_mps": 3.0,
            "activity": "running",
        }
    )


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.partial"))


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


# Tables


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_comes_back_as_it_was(tmp_path, name):
    write_table(tmp_path / "t.parquet", name, empty_table(name))
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet", name), empty_table(name))


def test_a_table_comes_back_as_it_was(tmp_path):
    write_table(tmp_path / "new" / "strides.parquet", "strides", strides())
    back = read_table(tmp_path / "new" / "strides.parquet", "strides")
    pd.testing.assert_frame_equal(back, strides())
    assert leftovers(tmp_path) == []


def test_days_times_and_missing_text_come_back(tmp_path):
    started = pd.Timestamp("2026-03-01 07:30:00.25", tz="UTC")
    recordings = pd.DataFrame(
        {
            "recording_id": ["x", "y"],
            "dataset_id": "d",
            "runner_id": "r",
            "session_id": "s",
            "started_at_utc": [started, pd.NaT],
            "sensor_site": "foot",
            "side": "left",
            "frame": "sensor",
            "sampling_rate_hz": 200.0,
            "acc_range_g": np.nan,
            "gyr_range_dps": np.nan,
            "body_mass_kg": np.nan,
            "height_m": np.nan,
            "surface": ["track", None],
            "shoe": None,
        }
    )
    write_table(tmp_path / "r.parquet", "recordings", recordings)
    back = read_table(tmp_path / "r.parquet", "recordings")
    assert back["started_at_utc"][0] == started
    assert back["started_at_utc"].isna().tolist() == [False, True]
    assert back["surface"].isna().tolist() == [False, True]
    assert back["shoe"].isna().all()


def test_equal_content_gives_equal_bytes_however_it_was_made(tmp_path):
    write_table(tmp_path / "1.parquet", "strides", strides())
    other = pd.concat([strides()[1:], strides()[:1]]).sort_index()
    other = other[sorted(other.columns)].astype({"stride_id": "int16", "activity": object})
    other.attrs["note"] = "not data"
    write_table(tmp_path / "2.parquet", "strides", other)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_a_table_that_breaks_its_contract_is_neither_written_nor_read(tmp_path):
    path = tmp_path / "strides.parquet"
    write_table(path, "strides", strides())
    before = path.read_bytes()
    with pytest.raises(SchemaError):
        write_table(path, "strides", strides().assign(speed_mps=-1.0))
    assert path.read_bytes() == before
    with pytest.raises(SchemaError, match="columns missing"):
        read_table(path, "steps")


def test_missing_and_damaged_tables_say_what_to_do(tmp_path):
    with pytest.raises(StoreError, match="is not there: run the stage"):
        read_table(tmp_path / "none.parquet", "strides")
    write_table(tmp_path / "cut.parquet", "strides", strides())
    cut = (tmp_path / "cut.parquet").read_bytes()[:-20]
    (tmp_path / "cut.parquet").write_bytes(cut)
    with pytest.raises(StoreError, match="damaged or of another format"):
        read_table(tmp_path / "cut.parquet", "strides")


# JSON


def test_json_is_sorted_readable_and_ends_its_line(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1, None, "ü"], "a": {"z": 0.1, "y": True}})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text == (
        '{\n  "a": {\n    "y": true,\n    "z": 0.1\n  },\n'
        '  "b": [\n    1,\n    null,\n    "ü"\n  ]\n}\n'
    )
    assert read_json(tmp_path / "a.json") == {"a": {"y": True, "z": 0.1}, "b": [1, None, "ü"]}


def test_all_that_json_lacks_is_named_at_once(tmp_path):
    values = {"a": {"b": [1.0, float("nan")]}, "c": np.int64(3), 4: "x", "d": float("-inf")}
    with pytest.raises(StoreError) as caught:
        write_json(tmp_path / "a.json", values)
    for part in ("a.b[1]: nan", "c: int64", "key 4 is not text", "d: -inf"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=50)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_metrics_keep_six_digits_and_rounding_again_changes_nothing(value):
    once = store._rounded({"a": [value]})
    assert store._rounded(once) == once
    assert once["a"][0] == pytest.approx(value, rel=5.1e-6, abs=1e-310)


def test_metrics_take_numpy_floats_and_leave_counts_alone(tmp_path):
    write_metrics(tmp_path / "m.json", {"x": np.float64(1 / 3), "n_steps": 12345678, "ok": True})
    assert read_json(tmp_path / "m.json") == {"x": 0.333333, "n_steps": 12345678, "ok": True}


def test_a_score_that_could_not_be_computed_is_refused(tmp_path):
    with pytest.raises(StoreError, match="rmse_s: nan; leave the key out"):
        write_metrics(tmp_path / "m.json", {"gdlbio_foot": {"rmse_s": np.float64("nan")}})


@pytest.mark.parametrize("content", [b"{", b"", b"\xff"])
def test_damaged_json_says_what_to_do(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        read_json(tmp_path / "a.json")


# Whole or not at all


def test_an_exception_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def write_half() -> None:
        with new_file(path) as temporary:
            temporary.write_text("ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_text() == "old"
    assert leftovers(tmp_path) == []


def test_an_exception_leaves_the_old_folder(tmp_path):
    folder = tmp_path / "out"
    with new_directory(folder) as temporary:
        (temporary / "a.txt").write_text("old")

    def write_half() -> None:
        with new_directory(folder) as temporary:
            (temporary / "b.txt").write_text("new")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert leftovers(tmp_path) == []


def test_a_new_folder_replaces_the_old_one_as_a_whole(tmp_path):
    folder = tmp_path / "out"
    for name in ("first.txt", "second.txt"):
        with new_directory(folder) as temporary:
            (temporary / name).write_text("x")
    assert [path.name for path in folder.iterdir()] == ["second.txt"]
    assert leftovers(tmp_path) == []


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    write_text(folder / "a.txt", "old")
    replace = Path.replace

    def refuse(self, target):
        if self.name.endswith(".partial") and ".old." not in self.name:
            raise OSError(errno.EIO, "input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError, match="cannot be written"), new_directory(folder) as temporary:
        (temporary / "a.txt").write_text("new")
    assert (folder / "a.txt").read_text() == "old"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("make", ["new_file", "new_directory"])
def test_a_killed_write_leaves_the_old_and_is_cleared_away_later(tmp_path, make):
    path = tmp_path / "out"
    if make == "new_file":
        write_text(path, "old")
    else:
        write_text(path / "a.txt", "old")
    script = f"""
        import os, signal
        from pathlib import Path
        from pipelines.store import {make}
        with {make}(Path({str(path)!r})) as temporary:
            target = temporary / "a.txt" if temporary.is_dir() else temporary
            target.write_text("ne")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(leftovers(tmp_path)) == 1
    kept = path if make == "new_file" else path / "a.txt"
    assert kept.read_text() == "old"
    with getattr(store, make)(path) as temporary:
        (temporary / "a.txt" if temporary.is_dir() else temporary).write_text("new")
    assert kept.read_text() == "new"
    assert leftovers(tmp_path) == []


def test_only_leftovers_of_the_same_place_and_of_dead_processes_go(tmp_path):
    gone = dead_pid()
    for name in (f".a.txt.{gone}.partial", f".b.txt.{gone}.partial", ".a.txt.1.partial"):
        (tmp_path / name).touch()
    (tmp_path / f".a.txt.{gone}.old.partial").mkdir()
    write_text(tmp_path / "a.txt", "x")
    assert leftovers(tmp_path) == [".a.txt.1.partial", f".b.txt.{gone}.partial"]


def test_a_place_below_a_file_is_one_clear_message(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/a\.txt cannot be written .*Nothing was changed"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_a_full_disk_is_one_clear_message_and_nothing_changes(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(path, "strides", strides())
    before = path.read_bytes()
    # A limit on the size of files stands for the disk: real writes really fail half way.
    script = f"""
        import resource, signal
        from pathlib import Path
        import numpy as np
        from pipelines.store import StoreError, new_directory, read_table, write_table, write_text
        path = Path({str(path)!r})
        frame = read_table(path, "strides")
        frame = frame.loc[np.zeros(20000, int)].assign(
            stride_id=np.arange(20000), start_s=np.random.default_rng(0).random(20000)
        ).reset_index(drop=True)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for attempt in (
            lambda: write_table(path, "strides", frame.assign(stop_s=2.0)),
            lambda: write_text(path.with_name("b.txt"), "x" * 10000),
        ):
            try:
                attempt()
            except StoreError as error:
                print(error)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    messages = ran.stdout.splitlines()
    assert len(messages) == 2
    assert all("cannot be written" in line and "Nothing was changed" in line for line in messages)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.parquet"]
