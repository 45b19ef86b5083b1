"""The screening page on tiny artefacts: its numbers are the tables', and it stands alone."""

import html
import json
import os
import re
import shutil
import signal
import subprocess

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording, signals_frame
from pipelines.notebooks import ReportError, render
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.screening import read_screening
from pipelines.stages import aggregate_sessions, analyse_recordings, import_recordings
from pipelines.store import read_table, write_table
from tolerance.schemas import empty_table

DATASET, RUNNER, SESSION = "synthetic", "anna", "s1"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def recording_of(sensor, session):
    row = {
        "recording_id": f"{session}_{sensor.place.tracked_point}",
        "dataset_id": DATASET,
        "runner_id": RUNNER,
        "session_id": session,
        "started_at_utc": pd.Timestamp("2026-03-01T08:00:00Z"),
        "sensor_site": sensor.place.site,
        "side": sensor.place.side,
        "frame": "sensor",
        "sampling_rate_hz": sensor.place.sampling_rate_hz,
        "acc_range_g": sensor.device.acc_range_g,
        "gyr_range_dps": sensor.device.gyr_range_dps,
        "body_mass_kg": 60.0,
        "height_m": np.nan,
        "surface": None,
        "shoe": None,
    }
    return ImportedRecording(row, signals_frame(sensor.time_s, sensor.acc_mps2, sensor.gyr_radps))


@pytest.fixture(scope="module")
def places(tmp_path_factory, short_session):
    """Two sessions through the stages' functions: one that ran, and one that only stood."""
    places = Places(tmp_path_factory.mktemp("project"))
    shutil.copyfile(Places(project_root()).params, places.params)
    recordings = [recording_of(sensor, SESSION) for sensor in short_session.sensors]
    still = recording_of(short_session.sensors[0], "s2")
    n = 200
    recordings.append(ImportedRecording(still.row, still.signals.iloc[:n].reset_index(drop=True)))
    imported = import_recordings.Tables()
    for name, signals in import_recordings.run(recordings, imported):
        write_table(places.signals(DATASET, name), "signals", signals)
    rows = imported.recordings()
    write_table(places.recordings(DATASET), "recordings", rows)
    write_table(places.interim(DATASET) / "rejected.parquet", "rejected", imported.rejections())
    params = load_params(places.params).analyse_recordings
    tables = analyse_recordings.run(
        rows,
        empty_table("conditions"),
        lambda name: read_table(places.signals(DATASET, name), "signals"),
        params,
    )
    sessions = aggregate_sessions.run(
        rows, tables["steps"], tables["step_loads"], tables["bouts"], params
    )
    for part, group in (("steps", tables), ("sessions", sessions)):
        for name, table in group.items():
            write_table(places.processed_table(DATASET, part, name), name, table)
    return places


def render_session(places, session, page):
    parameters = {
        "root": str(places.root),
        "dataset_id": DATASET,
        "runner_id": RUNNER,
        "session_id": session,
    }
    render(Places(project_root()).notebook("screening"), parameters, page, "Load screening")
    return page


@pytest.fixture(scope="module")
def page(places, tmp_path_factory):
    return render_session(places, SESSION, tmp_path_factory.mktemp("page") / "screening.html")


@pytest.fixture(scope="module")
def source(page):
    """Return the page's HTML without the bytes of its pictures."""
    return re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,", page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def text(source):
    """Return the page's words as they are read."""
    body = source[source.index("<main") :]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def words_of(content):
    """Return every sentence and cell of a page's content."""
    yield from (content.title, content.lead, *content.summary, *content.side_words)
    yield from (content.tissue_words, content.impact_words, content.curve_words)
    yield from content.notes
    for figure in content.key_figures:
        yield from figure
    for name in ("quality", "curve", "side", "tissue", "impact", "left_out"):
        yield from getattr(content, f"{name}_columns")
        for row in getattr(content, f"{name}_rows"):
            yield from row


def test_every_word_and_cell_of_the_content_is_on_the_page(places, text):
    content = read_screening(places.root, DATASET, RUNNER, SESSION)
    assert content.has_curve
    assert len(content.tissue_rows) == 6
    for words in words_of(content):
        assert words in text, words


def test_key_numbers_are_those_of_the_tables(places, text):
    """Worked out here from the stored tables, apart from the page's own code."""
    steps, loads, sessions = (
        read_table(places.processed_table(DATASET, part, name), name)
        for part, name in (
            ("steps", "steps"),
            ("sessions", "session_loads"),
            ("sessions", "sessions"),
        )
    )
    shins = steps["recording_id"].isin([f"s1_{side}_shank" for side in ("left", "right")])
    counted = steps[shins & steps["is_valid"]]
    session = sessions[sessions["session_id"] == SESSION].iloc[0]
    assert len(counted) == session["n_steps"] > 80
    for expected in (
        f"{session['duration_min']:.1f} min {len(counted)} steps count",
        f"Step rate {60 / counted['step_time_s'].median():.0f} a minute",
        f"Foot on the ground {1000 * counted['contact_time_s'].median():.0f} ms",
        f"Peak force under the foot {counted['peak_vgrf_bw'].median():.1f} × body weight",
        f"they cover {100 * session['coverage_frac']:.0f} % of the running",
    ):
        assert expected in text
    assert loads.loc[loads["n_steps"] > 0, "load_rr"].notna().all()


def test_simulated_data_are_called_simulated(text):
    assert "Simulated This recording comes from a simulator" in text


def test_the_page_makes_no_request_and_runs_nothing(source):
    assert "<script" not in source
    assert not re.search(r"\son[a-z]+=", source)
    assert "default-src 'none'" in source
    for address in re.findall(r'(?:src|href)="([^"]*)"', source):
        assert address.startswith(("data:image/png;base64,", "#")), address
    assert "url(" not in source
    assert "@import" not in source


def test_every_picture_says_what_it_shows(places, source):
    content = read_screening(places.root, DATASET, RUNNER, SESSION)
    alts = [html.unescape(alt) for alt in re.findall(r'<img[^>]*\balt="([^"]*)"', source)]
    assert len(alts) == len(re.findall("<img", source)) == 4
    assert alts == [
        content.timeline_words,
        content.curve_words,
        content.tissue_words,
        content.impact_words,
    ]


def test_no_number_is_missing_as_text(text):
    assert not re.search(r"\b(nan|NaN|None|NaT|inf)\b", text)


def test_headings_and_tables_are_labelled(source):
    levels = [int(level) for level in re.findall(r"<h([1-6])", source)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert set(levels[1:]) == {2}
    assert len(re.findall(r"<caption>", source)) == len(re.findall(r"<table>", source)) == 6


def test_a_session_without_running_says_so(places, tmp_path):
    page = render_session(places, "s2", tmp_path / "still.html").read_text(encoding="utf-8")
    assert "There is no load to report" in page
    assert "no running was found" in page
    assert "Nothing was left out." in page
    assert not re.search(r">\s*nan\b", page)


def test_an_unknown_session_is_one_message(places, tmp_path):
    with pytest.raises(ReportError, match=r"no session 's9' of runner 'anna'; expected one of"):
        render_session(places, "s9", tmp_path / "none.html")
    assert not (tmp_path / "none.html").exists()


# ---- in a browser ------------------------------------------------------------------------

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def chromium(profile, *arguments):
    """Run headless Chromium to its end; its children end with it."""
    assert CHROMIUM is not None
    with subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, log = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, log
    return out, log


@pytest.mark.browser
@pytest.mark.slow
@needs_browser
def test_a_browser_shows_the_page_without_complaint(page, tmp_path):
    """No console message, which is where a browser tells what a content policy has refused."""
    arguments = ("--enable-logging=stderr", "--v=0", "--dump-dom", page.as_uri())
    dom, log = chromium(tmp_path / "profile", *arguments)
    assert "Load screening: runner anna, session s1" in dom
    assert len(re.findall("<img", dom)) == 4
    complaints = [line for line in log.splitlines() if ":CONSOLE" in line]
    assert complaints == []


PROBE = """<!doctype html><meta charset="utf-8"><iframe id="page" style="width:%(width)dpx;
height:800px;border:0"></iframe><pre id="found"></pre><script>
const page = document.getElementById("page");
page.onload = () => {
  const root = page.contentDocument.documentElement;
  const images = [...page.contentDocument.images];
  document.getElementById("found").textContent = JSON.stringify({
    client: root.clientWidth, scroll: root.scrollWidth, height: root.scrollHeight,
    pictures: images.map((one) => one.naturalWidth),
    widest: Math.max(...images.map((one) => one.getBoundingClientRect().right)),
    font: page.contentWindow.getComputedStyle(page.contentDocument.body).fontFamily,
  });
};
page.src = "%(name)s";
</script>"""


@pytest.mark.browser
@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits_a_phone_and_a_desk(page, tmp_path, width):
    """Nothing but the tables' own boxes may be wider than the window; all pictures are shown."""
    shutil.copyfile(page, tmp_path / "page.html")
    (tmp_path / "probe.html").write_text(PROBE % {"width": width, "name": "page.html"})
    dom, _ = chromium(
        tmp_path / "profile",
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        "--dump-dom",
        (tmp_path / "probe.html").as_uri(),
    )
    found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', dom)[1]))
    assert abs(found["client"] - width) <= 20  # less a scroll bar
    assert found["scroll"] <= found["client"]
    assert found["widest"] <= found["client"]
    assert len(found["pictures"]) == 4
    assert min(found["pictures"]) > 100
    assert "Segoe UI" in found["font"]  # the page's own style was not refused
