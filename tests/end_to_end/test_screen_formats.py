"""From each format to a page, the whole way: import, load core, tables, notebook, HTML."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.exporters.motion_bids import write_motion_bids
from pipelines.stages import simulate_recordings
from pipelines.store import read_table
from tolerance.simulate.simulation_settings import SimulationSettings

pytestmark = pytest.mark.slow

TOLERANCE = Path(sys.executable).with_name("tolerance")


def screen(cwd, *arguments):
    """Call the command as a person does, from a folder that is not the project's."""
    return subprocess.run(
        [str(TOLERANCE), "screen", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def check_page(path):
    """Return the page's text after checking that it stands alone."""
    html = path.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "default-src 'none'" in html
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert address.startswith(("data:image/png;base64,", "#")), address
    return re.sub(r"base64,[A-Za-z0-9+/=]+", "", html)


def test_tables_with_sidecars_from_another_folder(tmp_path, write_session):
    """One of three is damaged; paths are relative; the input stays as it was."""
    folder = write_session(tmp_path / "week 1", ["left_shank", "right_shank", "right_foot"])
    (folder / "right_shank.csv").write_bytes(b"\x00\xff")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = screen(tmp_path, "week 1", "--out", "page")
    assert done.returncode == 0, done.stderr
    assert "2 recordings analysed, 1 left out" in done.stderr
    assert "left out: right_shank:" in done.stderr
    page = tmp_path / "page" / "screening_anna_s1.html"
    assert (tmp_path / done.stdout.strip()).resolve() == page.resolve()
    html = check_page(page)
    steps = read_table(tmp_path / "page" / "tables" / "steps.parquet", "steps")
    shin = steps[(steps["recording_id"] == "left_shank") & steps["is_valid"]]
    assert f"{len(shin)} steps from the sensors on the shin count" in html
    assert f"{1000 * shin['contact_time_s'].median():.0f} ms" in html
    assert "Simulated" not in html
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page", "week 1"]


def test_motion_bids(tmp_path):
    """A data set as it leaves the simulator: all sensors of one runner, once."""
    settings = SimulationSettings(
        n_runners=1, sessions_per_runner=1, running_bout_s=18.0, walking_bout_s=4.0
    )
    made = simulate_recordings.run(settings, np.random.default_rng(3))
    write_motion_bids(tmp_path / "study", made)
    done = screen(tmp_path, tmp_path / "study", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "4 recordings analysed, 0 left out" in done.stderr
    (page,) = (tmp_path / "out").glob("*.html")
    html = check_page(page)
    assert "Sensors: left shin, right shin, right foot and sacrum (lower back)." in html
    loads = read_table(tmp_path / "out" / "tables" / "session_loads.parquet", "session_loads")
    assert loads.loc[loads["n_steps"] > 0, "load_rr"].notna().all()
    assert set(loads.loc[loads["n_steps"] > 0, "side"]) == {"left", "right"}


@pytest.mark.mirror
def test_a_watch_s_activity(tmp_path):
    place = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not place:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    source = Path(place) / "fit_samples" / "garmin-fenix-5-run.fit"
    done = screen(tmp_path, source, "--out", tmp_path / "out", "--runner", "anna")
    assert done.returncode == 0, done.stderr
    assert "1 recordings analysed, 0 left out" in done.stderr
    (page,) = (tmp_path / "out").glob("*.html")
    html = check_page(page)
    assert "Sensors: watch." in html
    steps = read_table(tmp_path / "out" / "tables" / "steps.parquet", "steps")
    # Its own session message says 56.9 s at 167.3 steps a minute and 270.3 ms of contact.
    assert int(steps["is_valid"].sum()) == pytest.approx(56.9 * 167.3 / 60.0, rel=0.15)
    counted = steps.loc[steps["is_valid"], "contact_time_s"]
    assert counted.median() == pytest.approx(0.2703, rel=0.1)


def test_nothing_usable_ends_with_one_message(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"\x00\xff")
    done = screen(tmp_path, "in")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
