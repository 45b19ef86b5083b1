"""The entry form: it asks nobody, hides nothing, and what it saves is what the folder reads."""

import json
import re
import shutil
from datetime import date

import pytest

from pipelines.entry_form import entry_form
from pipelines.importers.runner_folder import read_folder
from tolerance.clinic.record import RED_FLAG_QUESTIONS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed: `apt-get install chromium`"
)
PLACES = [("achilles", "left"), ("knee", "right")]


@pytest.fixture
def form(tmp_path):
    path = tmp_path / "entry_form.html"
    path.write_text(entry_form("r07", PLACES), encoding="utf-8")
    return path


def test_the_form_asks_nobody():
    page = entry_form("r07", PLACES)
    assert "default-src 'none'" in page
    assert "connect-src" not in page  # what is not named falls back to default-src: nothing
    assert not re.search(r"https?://(?!doi)", page)
    assert not re.search(r"<[^>]*\s(?:src|href|action|on[a-z]+)=", page)


def test_every_red_flag_is_asked_and_none_is_answered_before():
    page = entry_form("r07", PLACES)
    assert len(re.findall(r'value="yes"> yes', page)) == len(RED_FLAG_QUESTIONS)
    assert " checked" not in page


def test_a_hostile_place_or_id_cannot_leave_its_attribute():
    page = entry_form('"><script>alert(1)</script>', [('"><script>x</script>', "left")])
    assert page.count("<script>") == 1


@pytest.mark.browser
@pytest.mark.slow
@needs_browser
def test_round_trip_from_the_form_to_the_record(form, tmp_path):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    folder = tmp_path / "r07"
    (folder / "inbox").mkdir(parents=True)
    (folder / "profile.yaml").write_text("runner_id: r07\nconsent_date: 2026-01-01\n")
    requests, complaints = [], []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(form.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        session = page.locator("#list-session .card").first
        session.get_by_label("Date").fill("2026-03-02")
        session.get_by_label("What").select_option("running")
        session.get_by_label("Minutes (of a run: without walks)").fill("22.5")
        session.get_by_text("More, if you like").click()
        session.get_by_label("Anything else").fill('=1+1 <script>alert("x")</script>')
        page.get_by_label("Week that begins").fill("2026-03-02")
        page.get_by_label("Wednesday").check()
        symptom = page.locator("#list-symptom .card").first
        symptom.get_by_label("Date").fill("2026-03-02")
        symptom.get_by_label("Worst pain").fill("2")
        symptom.get_by_label("Back to usual").select_option("yes")
        page.locator("#no-flags").click()
        page.locator("#ostrc_h2-q1").select_option("8")
        page.locator("#add-session").click()
        page.locator("#list-session .card").nth(1).get_by_text("Remove").click()
        page.set_default_timeout(15_000)
        with page.expect_download() as download:
            page.get_by_text("Save my week").click()
        told = page.locator("#told").inner_text()
        name = download.value.suggested_filename
        download.value.save_as(folder / "inbox" / name)
        # The page's own policy lets no script in, so the checker goes around it.
        violations = []
        looked = browser.new_context(bypass_csp=True).new_page()
        looked.goto(form.as_uri())
        options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag22aa"]}}
        violations = Axe().run(looked, options=options).response["violations"]
        browser.close()
    assert [violation["id"] for violation in violations] == []
    assert complaints == []
    assert all(url.startswith(("file:", "blob:")) for url in requests)
    assert width <= 360
    assert told == "Saved. The file is in your downloads."
    assert re.fullmatch(r"entry_\d{4}-\d\d-\d\d\.json", name)
    read = read_folder(folder, date.today())
    record = read.checked()
    run, rest = record.sessions
    assert (run.date, run.activity, run.minutes) == (date(2026, 3, 2), "running", 22.5)
    assert run.note == '=1+1 <script>alert("x")</script>'
    assert (rest.date, rest.activity) == (date(2026, 3, 4), "rest")
    (symptom,) = record.symptoms
    assert (symptom.site, symptom.side, symptom.pain_during) == ("achilles", "left", 2)
    assert symptom.settled_24h == "yes"
    assert symptom.session_id == run.session_id
    assert symptom.red_flags == dict.fromkeys(RED_FLAG_QUESTIONS, "no")
    assert record.questionnaires[0].answers == (8, None, None, None)
    saved = json.loads((folder / "inbox" / name).read_text())
    assert set(saved) == {
        "format", "runner_id", "saved_on", "sessions", "symptoms", "questionnaires",
    }  # fmt: skip
