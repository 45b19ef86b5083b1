"""Report, sheet, letter and list: numbers agree, nothing is run, everybody can read them."""

import html
import io
import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.clinic import CONTENT, load_workbench, make_content, prepare
from pipelines.clinic_folder import forget_folder, new_folder
from pipelines.clinic_pages import print_page, render_pages, render_pages_here
from pipelines.clinic_recordings import Measured
from pipelines.errors import WorkspaceError
from pipelines.follow_up import follow_up, index_page, listed_of, render_folder
from pipelines.importers.runner_folder import read_folder
from pipelines.paths import Places, project_root
from pipelines.runner_states import read_state, write_state
from pipelines.store import write_json
from tolerance.clinic.page import letter_parts, report_parts, sheet_parts
from tolerance.clinic.words import WHEN_TO_CALL

PROJECT = Places(project_root())
DAY = date(2026, 6, 14)
NOTHING = Measured(None, None, ())
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed: `apt-get install chromium`"
)


@pytest.fixture(scope="module")
def bench():
    return load_workbench(PROJECT)


def content_of(bench, name, day=DAY, **options):
    record = read_folder(PROJECT.example_runner(name), DAY).checked()
    return make_content(record, day, bench, NOTHING, **options)


@pytest.fixture(scope="module")
def made(bench):
    before = content_of(bench, "finch", DAY - timedelta(days=7)).content
    return content_of(bench, "finch", previous=before, is_example=True)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    write_json(folder / CONTENT, made.content.model_dump(mode="json"))
    render_pages_here(folder / CONTENT, "finch", folder, PROJECT)
    return folder


def text_of(page):
    source = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page.read_text(encoding="utf-8"))
    body = source[source.index("<main") :]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def test_page_and_json_twin_hold_the_same_numbers(folder):
    """Worked out from the stored JSON alone."""
    twin = json.loads((folder / CONTENT).read_text())
    text = text_of(folder / "report.html")
    assert twin["ceiling_minutes"] > 0
    assert f"ceiling: {twin['ceiling_minutes']:g} minutes of running" in text
    for session in twin["sessions"]:
        assert session["words"] in text
        assert f"{session['run_minutes']:g} {session['walk_minutes']:g}" in text
    assert len(twin["risks"]) == 6
    for risk in twin["risks"]:
        numbers = risk["of_100"]
        assert f"range {numbers['low']:.0f} to {max(numbers['high'], 1):.0f}" in text
    for load in twin["loads"][:6]:
        value, low, high = (
            f"{number:.1f}" if number >= 1.0 else f"{number:.2f}"
            for number in (load["done_rr"][key] for key in ("value", "low", "high"))
        )
        assert f"{value} ({low} to {high})" in text
    for line in (*twin["how"], *twin["strength"]):
        assert (line if isinstance(line, str) else line["words"]) in text
    for line in twin["knowledge"]:
        assert f"{line['own_percent']} % from this runner's own data" in text
    for line in twin["why"][:5]:
        assert line["sentence"] in text
    assert "Ceiling then" in text
    assert "; ".join(twin["gait"]) in text
    assert twin["gait"]
    assert twin["light"]["word"] in text
    assert twin["light"]["shape"] in text


def test_sheet_and_letter_say_what_the_report_says(folder, made):
    sheet, letter = text_of(folder / "sheet.html"), text_of(folder / "letter.html")
    content = made.content
    for words in (*WHEN_TO_CALL, content.call, f"{content.ceiling_minutes:g} min"):
        assert words in sheet
    assert "never made up" in sheet
    assert content.headline[-1] in letter
    for risk in content.risks[:2]:
        assert f"range {risk.of_100.low:.0f} to" in letter


def test_the_sheet_is_written_in_short_sentences(folder):
    """Flesch and Kincaid's grade of the sheet's own sentences: about that of a 12-year-old."""
    words_of = [
        *WHEN_TO_CALL,
        "Continue: pain stays at 3 of 10 or less and is gone by the next day.",
        "Walk home. Do less in your next two runs. Tell us.",
        "Missed sessions are never made up: go on with the next one.",
        "You may run this week. Keep to the plan.",
        "Fill in your week on Sunday. It takes two minutes.",
    ]
    text = " ".join(words_of)
    sentences = len(re.findall(r"[.!?:]", text))
    words = re.findall(r"[A-Za-z]+", text)
    syllables = sum(max(len(re.findall(r"[aeiouy]+", word.lower())), 1) for word in words)
    grade = 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
    assert grade < 7.0


def test_pages_make_no_request_and_run_nothing(folder):
    for name in ("report", "sheet", "letter"):
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert "<script" not in page
        assert "default-src 'none'" in page
        assert not re.search(r"https?://", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
        for address in re.findall(r'(?:src|href)="([^"]*)"', page):
            assert address.startswith(("data:image/png;base64,", "#"))


def test_every_picture_states_its_finding(folder, made):
    page = (folder / "report.html").read_text(encoding="utf-8")
    alts = re.findall(r'<img[^>]*\balt="([^"]*)"', page)
    assert len(alts) == 1
    first, last = made.content.weeks[0].load_rr, made.content.weeks[-1].load_rr
    assert f"from {first.value:.1f} to {last.value:.1f} reference runs" in html.unescape(alts[0])


@pytest.mark.slow
def test_the_notebook_and_the_quick_way_give_the_same_page(folder, tmp_path, capfd):
    render_pages(folder / CONTENT, "finch", tmp_path, PROJECT)
    assert "WARNING" not in capfd.readouterr().err  # the kernel's channel is encrypted
    for name in ("report", "sheet", "letter"):
        assert (tmp_path / f"{name}.html").read_bytes() == (folder / f"{name}.html").read_bytes()


def test_another_runners_content_is_an_error(folder, tmp_path):
    with pytest.raises(WorkspaceError, match="is of runner 'finch'; expected 'fnich'"):
        render_pages_here(folder / CONTENT, "fnich", tmp_path, PROJECT)
    assert not (tmp_path / "report.html").exists()


# ---- situations -------------------------------------------------------------------------------


@pytest.mark.rule("R54")
def test_a_red_flag_has_no_plan_and_says_whom_to_see(bench):
    content = content_of(bench, "plover").content
    assert content.light.name == "see_somebody"
    assert content.sessions == ()
    assert content.ceiling_minutes is None
    assert content.risks == ()
    assert content.referrals[0].urgency == "today"
    assert content.triage.state == "red_flag"


@pytest.mark.rule("A14")
def test_a_cleared_low_risk_bone_injury_gets_a_first_plan_that_hides_no_limit(bench):
    content = content_of(bench, "wren").content
    assert [one for one in content.sessions if one.run_minutes > 0]
    assert content.light.key == "trial"
    binds = content.why[0].sentence
    assert "passes a limit of the model" in binds
    assert "right shin bone" in binds
    # The page's two statements of the same chance are one number.
    assert f"{content.pain_of_100.value:.0f} of 100, allowed 20" in binds
    letter = " ".join(part.html for part in letter_parts(content))
    assert f"about {content.pain_of_100.value:.0f} of 100" in letter
    assert "of 100, allowed 20" in letter  # nor does the doctor read of a go alone


@pytest.mark.rule("A13", "R25")
def test_a_race_date_is_answered_with_steps_and_alternatives(bench):
    wren = content_of(bench, "wren").content
    assert any("raises no dose" in line for line in wren.race)
    assert any("longer runs at an easy pace" in line for line in wren.race)
    assert "21 weeks ahead" in wren.race[0]


@pytest.mark.rule("R04", "R05")
def test_what_hangs_on_a_repetition_is_said_with_both_readings(bench):
    line = content_of(bench, "wren").content.repetitions
    assert line.before_as_step_rr > line.before_by_force_rr
    assert line.step_up_as_step != line.step_up_by_force
    assert line.minutes_as_step > 0
    assert content_of(bench, "kite").content.repetitions is None  # no running is planned


@pytest.mark.rule("R20")
def test_what_may_be_done_besides_is_said_by_name(bench):
    kite = content_of(bench, "kite").content
    besides = next(line.words for line in kite.how if line.what == "Besides")
    assert "swimming" in besides


def test_thin_data_are_called_thin(bench):
    swift = content_of(bench, "swift").content
    assert "not enough data yet" in swift.knowledge[0].words
    assert content_of(bench, "robin").content.triage.state == "no_data"


def test_a_failed_estimate_leaves_the_last_good_one_dated(bench, made):
    strict = bench.params.runner_report.model_copy(update={"min_ess": 1e9})
    params = bench.params.model_copy(update={"runner_report": strict})
    failing = type(bench)(bench.project, params, bench.ledger, bench.plan, bench.population)
    without = content_of(failing, "finch")
    assert without.state is None
    assert not without.is_state_new
    assert without.content.risks == ()
    assert "failed its check" in without.content.model_note
    week = DAY - timedelta(days=7)
    last_good = content_of(bench, "finch", week).state
    held = content_of(failing, "finch", last_good=last_good)
    assert f"the one of {week} stays in force" in held.content.model_note
    assert held.state.as_of == DAY
    assert not held.is_state_new


def test_a_state_survives_its_file_and_a_damaged_file_is_none(made, tmp_path):
    write_state(tmp_path / "state.npz", made.state)
    again = read_state(tmp_path / "state.npz")
    assert again.units == made.state.units
    assert (again.log_tolerance == made.state.log_tolerance).all()
    assert again.population.origin == "prior"
    (tmp_path / "state.npz").write_bytes(b"PK damaged")
    assert read_state(tmp_path / "state.npz") is None


# ---- hostile text --------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    '=HYPERLINK("x")',
    "{{ 7*7 }}{% raw %}",
    "</style></title><b>",
    "' or \" --",
    "__import__('os')",
)


def hostile_folder(folder, text):
    new_folder(folder, "r66", DAY)
    quoted = '"' + text.replace('"', '""') + '"'
    escaped = json.dumps(text)
    (folder / "profile.yaml").write_text(
        "runner_id: r66\nconsent_date: 2026-06-01\n"
        f"clinician: {escaped}\nclinician_contact: {escaped}\nusual_weekly_minutes: 60\n"
        "injuries:\n  - {injury: calf_strain_soleus, side: right, onset: 2026-04-13}\n"
        f"  - {{injury: {escaped}, side: left, onset: 2026-04-13}}\n"
    )
    (folder / "sessions.csv").write_text(
        "date,activity,minutes,surface,shoe,exercise,note\n"
        f"2026-06-10,running,20,{quoted},{quoted},{quoted},{quoted}\n"
    )
    (folder / "symptoms.csv").write_text(
        f"date,site,side,pain_during,night_pain,note\n2026-06-10,calf,right,2,yes,{quoted}\n"
    )
    (folder / "tests.csv").write_text(
        f"date,name,side,value,who\n2026-06-10,{quoted},right,5,{quoted}\n"
        f"2026-06-10,single_leg_calf_raises,right,15,{quoted}\n"
    )
    (folder / "clearances.csv").write_text(
        f"date,what,who,role,basis\n2026-06-11,{quoted},{quoted},{quoted},{quoted}\n"
    )
    (folder / "overrides.csv").write_text(
        "date,who,role,what,why,model_said\n"
        f"2026-06-11,{quoted},{quoted},gate:start_running,{quoted},{quoted}\n"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_on_every_page(bench, tmp_path, text):
    folder = tmp_path / "r66"
    hostile_folder(folder, text)
    content = prepare(folder, DAY, bench).content
    pages = [*report_parts(content).values(), sheet_parts(content), letter_parts(content)]
    source = "".join(part.html for parts in pages for part in parts if hasattr(part, "html"))
    assert html.escape(text) in source  # it is shown, as text
    assert not re.search(r"<(script|img|b|style|title)\b", source)
    assert "href" not in source
    assert "49" not in source or "49" in text


# ---- folders of a clinic -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def clinic(bench, tmp_path_factory):
    """Two example runners, followed up once."""
    clinic = tmp_path_factory.mktemp("clinic")
    for name in ("finch", "swift"):
        shutil.copytree(PROJECT.example_runner(name), clinic / name)
    follow_up(clinic, DAY, PROJECT, lambda *_: None)
    return clinic


@pytest.mark.slow
def test_only_what_changed_is_rendered_again(clinic):
    quiet = follow_up(clinic, DAY + timedelta(days=1), PROJECT, lambda *_: None)
    assert (quiet.n_runners, quiet.n_rendered, quiet.problems) == (2, 0, ())
    before = (clinic / "swift" / "report" / "report.html").stat().st_mtime_ns
    with (clinic / "finch" / "sessions.csv").open("a") as table:
        table.write("")  # the same bytes: nothing changed
    (clinic / "finch" / "questionnaires.csv").write_text("date,questionnaire,q1\n")
    told = []
    again = follow_up(clinic, DAY, PROJECT, lambda *progress: told.append(progress))
    assert (again.n_rendered, told) == (1, [("finch", 1, 1)])
    assert (clinic / "swift" / "report" / "report.html").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_folder_with_problems_is_listed_and_keeps_its_old_report(clinic):
    path = clinic / "swift" / "symptoms.csv"
    good = path.read_text()
    path.write_text("date,site,side,pain_during\n2026-06-10,ear,left,3\n")
    done = follow_up(clinic, DAY, PROJECT, lambda *_: None)
    path.write_text(good)
    assert len(done.problems) == 1
    assert "received 'ear'" in done.problems[0]
    assert (clinic / "swift" / "report" / "report.html").is_file()
    assert "run tolerance check" in (clinic / "index.html").read_text()


@pytest.mark.slow
def test_forgetting_after_a_report_leaves_no_copy(bench, tmp_path):
    shutil.copytree(PROJECT.example_runner("swift"), tmp_path / "swift")
    render_folder(tmp_path / "swift", DAY, bench)
    follow_up(tmp_path, DAY, PROJECT, lambda *_: None)
    names = {path.name for path in (tmp_path / "swift" / "report").iterdir()}
    assert not any("swift" in name for name in names)  # no name in a file's name
    forget_folder(tmp_path / "swift")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all("swift" not in path.read_text() for path in left)


# ---- in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def example_pages(bench, tmp_path_factory):
    """Pages of all eight examples, and a list of forty runners."""
    root = tmp_path_factory.mktemp("examples")
    listed = []
    for place in sorted(PROJECT.example_runner("finch").parent.iterdir()):
        if not place.is_dir():
            continue
        record = read_folder(place, DAY).checked()
        before = make_content(record, DAY - timedelta(days=7), bench, NOTHING)
        content = make_content(
            record,
            DAY,
            bench,
            NOTHING,
            previous=before.content,
            last_plan=before.plan,
            is_example=True,
        ).content
        target = root / place.name
        write_json(target / CONTENT, content.model_dump(mode="json"))
        render_pages_here(target / CONTENT, place.name, target, PROJECT)
        listed += [listed_of(f"{place.name}{n}", "", content, record, DAY, bench) for n in range(5)]
    (root / "index.html").write_text(index_page(listed, DAY, is_example=True), encoding="utf-8")
    return root


WCAG = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    }
}


@pytest.mark.browser
@pytest.mark.slow
@needs_browser
def test_pages_of_all_examples_are_accessible_and_fit_a_phone_and_400_percent(
    browser, example_pages
):
    from axe_playwright_python.sync_playwright import Axe

    pages = sorted(example_pages.rglob("*.html"))
    assert len(pages) == 25
    complaints, found, wide = [], {}, {}
    view = browser.new_context(viewport={"width": 320, "height": 640}).new_page()  # 1280 at 400 %
    view.on("console", lambda message: complaints.append(message.text))
    view.on("pageerror", lambda error: complaints.append(str(error)))
    looked = browser.new_context(bypass_csp=True).new_page()
    for page in pages:
        name = str(page.relative_to(example_pages))
        view.goto(page.as_uri())
        wide[name] = view.evaluate("document.documentElement.scrollWidth")
        if page.stem in ("sheet", "letter") and page.parent.name not in ("finch", "plover", "wren"):
            continue  # same parts as these: a go, a stop and a hold
        looked.goto(page.as_uri())
        violations = Axe().run(looked, options=WCAG).response["violations"]
        found[name] = [violation["id"] for violation in violations]
    assert complaints == []
    assert {name: ids for name, ids in found.items() if ids} == {}
    assert {name: width for name, width in wide.items() if width > 320} == {}


@pytest.mark.browser
@pytest.mark.slow
@needs_browser
def test_the_list_is_searched_sorted_and_read_without_a_script(browser, clinic):
    page = (clinic / "index.html").as_uri()
    index = browser.new_page()
    index.goto(page)
    index.get_by_label("Find in names").fill("swift")
    shown = index.locator("#shown").inner_text()
    index.get_by_role("button", name="Runner").click()
    order = index.locator("tbody th").all_inner_texts()
    without = browser.new_context(java_script_enabled=False).new_page()
    without.goto(page)
    rows = without.locator("tbody tr").count()
    assert shown == "1 shown of 2"
    assert order == ["finch", "swift"]
    assert rows == 2


@pytest.mark.browser
@pytest.mark.slow
@needs_browser
def test_paper_of_all_examples_is_two_pages_at_most_and_tagged(browser, example_pages, tmp_path):
    from pypdf import PdfReader

    page, pages = browser.new_page(), {}
    for path in sorted(example_pages.glob("*/*.html")):
        page.goto(path.as_uri())
        # What `print_page` has Chromium do, without a start of it for each page.
        printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, tagged=True)))
        pages[f"{path.parent.name}/{path.stem}"] = len(printed.pages)
    most = {"report": 2, "sheet": 1, "letter": 1}
    assert {name: n for name, n in pages.items() if n > most[name.split("/")[1]]} == {}
    print_page(example_pages / "wren" / "report.html", tmp_path / "report.pdf")
    printed = PdfReader(tmp_path / "report.pdf")
    assert len(printed.pages) == pages["wren/report"]
    assert printed.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_without_chromium_the_message_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(WorkspaceError, match="Install it"):
        print_page(folder / "report.html", tmp_path / "report.pdf")
    assert list(Path(tmp_path).iterdir()) == []
