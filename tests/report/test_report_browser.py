"""The report in a real browser: at a glance, on a phone, in the dark, without scripts, printed."""

import shutil
from pathlib import Path

import pytest
from browser import browser, needs_browser

pytestmark = needs_browser
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
LOADED = "[...document.images].every(one => one.complete && one.naturalWidth > 0)"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DIALOG = "document.querySelector('#viewer').open"


@pytest.fixture(scope="module")
def whole(reported_run, page, tmp_path_factory) -> Path:
    """The page alone, as it is when somebody sends it: nothing lies beside it."""
    folder = tmp_path_factory.mktemp("alone")
    return Path(shutil.copy(reported_run / "report.html", folder / "report.html"))


def assert_at_home(seen, page):
    assert seen.complaints == []
    outside = [address for address in seen.requests if not address.startswith("data:")]
    assert set(outside) == {page.resolve().as_uri()}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_asked_for_and_nothing_is_too_wide(whole, width, scheme):
    with browser() as seen:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        seen.call("Emulation.setEmulatedMedia", features=[feature])
        seen.open(whole, width, 844)
        assert seen.until(LOADED)
        seen.run(OPEN)
        assert seen.run(TOO_WIDE) <= 0
        ground = seen.run("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        turned = seen.run("getComputedStyle(document.querySelector('.chart img')).filter")
        assert ("invert" in turned) == (scheme == "dark")
        assert_at_home(seen, whole)


def test_the_first_screen_holds_the_answer_its_figure_and_the_photos(whole):
    with browser() as seen:
        seen.open(whole, 1280, 800)
        ends = seen.run(
            "['h1', '#answer .chart', '.caution', '.facts', '.strip'].map(one => "
            "document.querySelector(one).getBoundingClientRect().bottom)"
        )
        assert max(ends) < 800
        assert seen.run("document.querySelectorAll('.strip img').length") == 4


def test_the_first_sentence_is_short_and_few_words_stand_open(whole):
    with browser() as seen:
        seen.open(whole, 1280, 800)
        words = len(seen.run("document.body.innerText").split())
        seen.run(OPEN)
        unfolded = len(seen.run("document.body.innerText").split())
        assert words < 1100 and unfolded > 1.5 * words


def test_a_phone_shows_one_panel_a_row(whole):
    with browser() as seen:
        seen.open(whole, 390, 844)
        seen.run(OPEN)
        widths = seen.run(
            "[...document.querySelectorAll('.chart img, .photos img')].map(one => "
            "one.getBoundingClientRect().width)"
        )
        assert len(widths) > 10 and min(widths) > 340


def test_every_picture_says_what_it_shows_and_opens_in_the_page(whole):
    with browser() as seen:
        seen.open(whole, 1280, 800)
        alts = seen.run("[...document.images].map(one => one.alt)")
        assert min(len(alt) for alt in alts) > 15
        seen.run("document.querySelector('#trade-off a.enlarge').focus()")
        seen.run("document.activeElement.click()")
        assert seen.run(DIALOG)
        width = seen.run("document.querySelector('#viewer img').getBoundingClientRect().width")
        assert width > 1000
        seen.press("Escape")
        assert seen.until(f"!{DIALOG}")
        assert seen.run("document.activeElement.className") == "enlarge"
        seen.run("document.activeElement.click()")
        seen.run("document.querySelector('#viewer button').click()")
        assert not seen.run(DIALOG)
        assert_at_home(seen, whole)


def test_links_lead_to_sections_and_to_files_of_the_run(reported_run, page):
    with browser() as seen:
        seen.open(reported_run / "report.html", 1280, 800)
        links = seen.run(
            "[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))"
        )
        inside = [link[1:] for link in links if link.startswith("#")]
        ids = seen.run("[...document.querySelectorAll('[id]')].map(one => one.id)")
        assert len(inside) > 8 and set(inside) <= set(ids)
        files = {link for link in links if not link.startswith("#")}
        assert {"leaderboard.csv", "galleries/val.html", "submission/real_test.html"} <= files
        assert not [link for link in files if not (reported_run / link).exists()]


def test_without_scripts_a_click_opens_the_file_of_a_picture(reported_run, page):
    with browser(scripts=False) as seen:
        seen.open(reported_run / "report.html", 1280, 800)
        seen.call("Emulation.setScriptExecutionDisabled", value=False)  # to look at what is there
        assert seen.until(LOADED)
        assert not seen.run(DIALOG)
        first = seen.run("document.querySelector('a.enlarge').href")
        assert first.endswith("/figures/ranked.svg") and (reported_run / first[-18:]).is_file()
        shown = "document.querySelector('details').open = true"
        assert seen.run(shown) and seen.complaints == []


def test_paper_has_no_contents_and_no_dark_ground(whole):
    with browser() as seen:
        feature = {"name": "prefers-color-scheme", "value": "dark"}
        seen.call("Emulation.setEmulatedMedia", media="print", features=[feature])
        seen.open(whole, 800, 1100)
        style = "getComputedStyle(document.querySelector('{}')).{}"
        assert seen.run(style.format("nav", "display")) == "none"
        assert seen.run(style.format("body", "backgroundColor")) == "rgb(255, 255, 255)"
        assert seen.run(style.format(".chart img", "filter")) == "none"
        seen.run("dispatchEvent(new Event('beforeprint'))")
        assert seen.run("document.querySelectorAll('details:not([open])').length") == 0
        seen.run("dispatchEvent(new Event('afterprint'))")
        assert seen.run("document.querySelectorAll('details[open]').length") == 0
