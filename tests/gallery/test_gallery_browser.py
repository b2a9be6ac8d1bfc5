"""Galleries in a real browser: from the unpacked zip, offline, with keys and switches."""

import zipfile

import numpy as np
import pytest
from browser import browser, needs_browser
from test_gallery_photos import photo
from test_gallery_scored import scored

from common.gallery import shown_ids, write_gallery, write_scored_gallery

pytestmark = needs_browser
HOSTILE = '"><img src=http://example.org/x onerror=document.title=1><script>alert(1)</script>.jpg'
VISIBLE = "[...document.querySelectorAll('main article')].filter(a => a.checkVisibility())"
NAMES = f"{VISIBLE}.map(a => a.querySelector('h2').textContent).join(' ')"
DIALOG = "document.querySelector('#viewer').open"


def unpacked(page):
    """The page as it lies in its zip, unpacked elsewhere; the folder of the page itself goes."""
    folder = page.parent / "unpacked"
    with zipfile.ZipFile(page.with_suffix(".zip")) as archive:
        archive.extractall(folder)
    return folder / page.name


@pytest.fixture(scope="module")
def photos_page(tmp_path_factory):
    photos = [photo(HOSTILE), photo("b.jpg"), photo("large.jpg", (900, 1400))]
    photos += [("none.jpg", *photo("none.jpg")[1:2], np.zeros((40, 60), bool), None)]
    return unpacked(write_gallery(tmp_path_factory.mktemp("photos"), photos, title="<Photos>"))


@pytest.fixture(scope="module")
def scored_page(tmp_path_factory):
    images = [
        scored(0, {"good": 1, "bad": None}),
        scored(1, {"good": 15, "bad": 2}),
        scored(2, {"good": 0, "bad": 40}),
        scored(3, {"good": 6, "bad": 6}),
    ]
    by_id = {image.sample.image_id: image for image in images}
    ordered = [by_id[i] for i in shown_ids([x.predictions["good"].score for x in images])]
    folder = tmp_path_factory.mktemp("scored")
    return unpacked(write_scored_gallery(folder, ordered, ["good", "bad"], title="Val"))


def choose(page, selector, index):
    page.run(
        f"{{const s = document.querySelector('{selector}'); s.selectedIndex = {index};"
        "s.dispatchEvent(new Event('change'))}"
    )


def assert_at_home(page, file, least=1):
    """Everything came from the page's own folder, and the console is silent; at least so many
    files were asked for, the page among them.
    """
    assert page.complaints == []
    foreign = [one for one in page.requests if not one.startswith(file.parent.as_uri())]
    assert foreign == [] and len(page.requests) >= least


def test_photos_load_enlarge_and_stay_in_the_page(photos_page):
    with browser() as page:
        page.open(photos_page)
        page.until("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert page.run("document.title") == "<Photos>"
        assert page.run("document.querySelector('h2').textContent") == HOSTILE
        page.run("document.querySelectorAll('figure.outline a')[2].click()")
        assert page.run(DIALOG)
        page.until("document.querySelector('.picture img').naturalWidth == 1400")
        assert page.run("document.querySelectorAll('.picture svg path').length") == 2
        page.press("ArrowDown")
        assert "Predicted mask" in page.run("document.querySelector('#viewer-name').textContent")
        page.press("ArrowLeft")
        said = page.run("document.querySelector('#viewer-name').textContent")
        assert said == "b.jpg · Predicted mask"
        page.press("Escape")
        page.until(f"!{DIALOG}")
        focused = "document.activeElement.closest('article')?.querySelector('h2').textContent"
        assert page.until(focused) == "b.jpg"
        assert page.run("location.href") == photos_page.as_uri()
        assert_at_home(page, photos_page, least=4)


def test_photos_are_sorted_and_filtered(photos_page):
    with browser() as page:
        page.open(photos_page)
        page.run("document.querySelectorAll('.filter')[1].click()")
        assert page.run(NAMES) == "none.jpg"
        assert page.run("document.querySelector('#count').textContent") == "1 of 4 shown"
        page.run("document.querySelectorAll('.filter')[0].click()")
        assert page.run(NAMES) == ""
        assert page.run("document.querySelector('#none').checkVisibility()")
        assert_at_home(page, photos_page)


def test_images_are_sorted_and_filtered_by_the_approach_that_is_chosen(scored_page):
    with browser() as page:
        page.open(scored_page)
        assert page.run(NAMES) == "1.jpg 3.jpg 0.jpg 2.jpg"
        choose(page, "#judge", 1)
        assert page.run(NAMES) == "0.jpg 2.jpg 3.jpg 1.jpg"
        choose(page, "#order", 1)
        assert page.run(NAMES).startswith("1.jpg 3.jpg")
        page.run("document.querySelectorAll('.filter')[1].click()")
        assert page.run(NAMES) == "2.jpg"
        page.run("document.querySelectorAll('.filter')[1].click()")
        choose(page, "#order", 5)
        choose(page, "#group", 1)
        assert page.run(NAMES) == "0.jpg 1.jpg"
        assert_at_home(page, scored_page)


@pytest.mark.parametrize("scripts", [True, False])
def test_approaches_are_switched_with_and_without_scripts(scored_page, scripts):
    shown = "[...document.querySelectorAll('.of-1')].filter(f => f.checkVisibility()).length"
    with browser(scripts) as page:
        page.open(scored_page)
        assert page.run(shown) == 4
        page.run("document.querySelector('#show-1').click()")
        assert page.run(shown) == 0
        assert page.run("document.querySelector('#order').checkVisibility()") is scripts
        loaded = page.until("[...document.images].filter(i => i.naturalWidth > 0).length")
        assert loaded >= 4
        assert_at_home(page, scored_page)


def test_all_approaches_are_seen_on_the_same_place_of_the_enlarged_image(scored_page):
    place = "JSON.stringify(document.querySelector('.picture').getBoundingClientRect())"
    overlay = "document.querySelector('.picture .overlay').getAttribute('src')"
    with browser() as page:
        page.open(scored_page)
        page.run("document.querySelector('figure.of-0 a').click()")
        page.until("document.querySelector('.picture img').naturalWidth > 0")
        before, first = page.run(place), page.run(overlay)
        page.press("ArrowDown")
        page.until("document.querySelector('.picture img').naturalWidth > 0")
        assert page.run(place) == before and page.run(overlay) != first
        page.run("document.querySelector('#bare').click()")
        assert not page.run("document.querySelector('.picture .overlay').checkVisibility()")
        assert_at_home(page, scored_page)


def test_a_phone_need_not_scroll_sideways(photos_page, scored_page):
    with browser() as page:
        for file in (photos_page, scored_page):
            page.open(file, width=390, height=844)
            assert page.run("document.documentElement.scrollWidth <= 390")
