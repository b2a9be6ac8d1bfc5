"""The page of labelled images: chosen, coloured and described as they were scored."""

import html.parser
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.data import Sample
from common.gallery import (
    GalleryError,
    Prediction,
    ScoredImage,
    check_gallery,
    shown_ids,
    write_scored_gallery,
)
from common.masks.evaluate import score_image
from common.masks.postprocess import Postprocess


def scored(number, shifts, size=(60, 80), name=None):
    """An image with one square, which each approach predicts moved by its own number of pixels;
    None predicts nothing.
    """
    image = np.full((*size, 3), 40 + number, np.uint8)
    truth = np.zeros(size, bool)
    truth[10:30, 10:30] = True
    ignore = np.zeros(size, bool)
    ignore[50:, 70:] = True
    sample, found = Sample(number, image, truth, ignore), {}
    for approach, shift in shifts.items():
        levels = np.zeros(size, np.uint8)
        if shift is not None:
            left, right = 10 + shift, 30 + shift
            levels[10:30, left:right] = 255
        score = score_image(sample, levels, Postprocess())
        found[approach] = Prediction(Postprocess().apply(levels), score)
    return ScoredImage(name or f"{number}.jpg", f"g{number // 2}", sample, found)


class Articles(html.parser.HTMLParser):
    """Reads name, keys, and (approach, facts, overlay) of the figures of each image."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.articles, self.path = [], []
        self.feed(page.read_text(encoding="utf-8").partition("</main>")[0])

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag not in ("img", "meta", "input", "path"):
            self.path.append(tag)
        if tag == "article":
            keys = json.loads(values["data-keys"])
            self.articles.append({"name": "", "keys": keys, "figures": []})
        elif tag == "figure":
            self.articles[-1]["figures"].append({"caption": "", "facts": "", "overlay": None})
        elif tag == "img" and values.get("class") == "overlay":
            self.articles[-1]["figures"][-1]["overlay"] = values["src"]
            self.articles[-1]["figures"][-1]["alt"] = values["alt"]

    def handle_endtag(self, tag):
        if self.path and self.path[-1] == tag:
            self.path.pop()

    def handle_data(self, data):
        if not self.articles or not self.path:
            return
        if self.path[-1] == "h2":
            self.articles[-1]["name"] += data
        elif self.path[-1] == "figcaption":
            self.articles[-1]["figures"][-1]["caption"] += data
        elif self.path[-2:] == ["figure", "p"]:
            self.articles[-1]["figures"][-1]["facts"] += data


@pytest.fixture
def page(tmp_path):
    images = [
        scored(3, {"good": 12, "bad": None}),
        scored(1, {"good": 2}, name='<b onclick="x">\u202e&.jpg'),
        scored(2, {"good": 0, "bad": 30}),
    ]
    return write_scored_gallery(tmp_path, images, ["good", "bad"], title="Val", of=9)


def test_each_figure_tells_the_score_of_its_approach_on_its_image(page):
    articles = Articles(page).articles
    assert [each["name"] for each in articles] == ["3.jpg", '<b onclick="x">\ufffd&.jpg', "2.jpg"]
    said = [[(f["caption"], f["facts"]) for f in each["figures"]] for each in articles]
    assert said == [
        [
            ("Photo", ""),
            ("good", "Dice 0.400 · 1 missed · 1 invented"),
            ("bad", "Dice 0.000 · 1 missed"),
        ],
        [("Photo", ""), ("good", "Dice 0.900 · 1 found")],
        [
            ("Photo", ""),
            ("good", "Dice 1.000 · 1 found"),
            ("bad", "Dice 0.000 · 1 missed · 1 invented"),
        ],
    ]
    assert articles[0]["figures"][1]["alt"] == "good on 3.jpg: Dice 0.400 · 1 missed · 1 invented"
    keys = articles[1]["keys"]
    assert keys == {
        "place": 1,
        "group": "g0",
        "dice": [0.9, None],
        "missed": [0, None],
        "invented": [0, None],
    }
    assert check_gallery(page.parent, "val") == []


def test_colours_are_the_pixels_that_were_counted(page):
    [article] = [each for each in Articles(page).articles if each["name"] == "3.jpg"]
    overlay = Image.open(page.parent / article["figures"][1]["overlay"]).convert("RGBA")
    red, green, blue, alpha = np.asarray(overlay).astype(int).transpose(2, 0, 1)
    score = scored(3, {"good": 12}).predictions["good"].score
    strongest = np.argmax([red, green, blue], axis=0)
    coloured = (alpha > 0) & (np.ptp([red, green, blue], axis=0) > 0)
    found = [int((coloured & (strongest == channel)).sum()) for channel in (0, 1, 2)]
    assert found == [score.fp, score.tp, score.fn]
    assert (alpha[50:, 70:] > 0).all() and not coloured[50:, 70:].any()
    assert alpha[:10].max() == 0


def test_every_approach_has_its_switch_and_the_page_says_that_it_is_a_part(page):
    text = page.read_text(encoding="utf-8")
    assert "3 of 9 images" in text
    for number in (0, 1):
        assert f'id="show-{number}"' in text
        assert f"#show-{number}:not(:checked)) main .of-{number} " in text


def test_the_same_images_give_the_same_bytes_and_large_ones_no_zip(tmp_path):
    images = [scored(number, {"a": number}) for number in range(4)]
    for folder in ("one", "two"):
        write_scored_gallery(tmp_path / folder, images, ["a"], title="Val")
    one, two = ((tmp_path / folder / "val.zip").read_bytes() for folder in ("one", "two"))
    assert one == two
    page = write_scored_gallery(tmp_path / "one", images, ["a"], title="Val", zipped_mb=0.001)
    assert not (page.parent / "val.zip").exists()
    assert check_gallery(page.parent, "val", zipped=False) == []


def test_an_image_beyond_the_limit_is_shrunk_with_its_masks(tmp_path):
    page = write_scored_gallery(
        tmp_path, [scored(0, {"a": 0}, size=(900, 2000))], ["a"], title="Large"
    )
    sizes = {path.name: Image.open(path).size for path in (page.parent / "val").iterdir()}
    assert sizes == {
        "0_photo.jpg": (1600, 720),
        "0_photo_small.jpg": (640, 288),
        "0_errors-0.png": (1600, 720),
    }


def test_a_mask_of_another_size_is_refused(tmp_path):
    image = scored(0, {"a": 0})
    wrong = replace(image.predictions["a"], mask=np.zeros((3, 3), bool))
    with pytest.raises(GalleryError, match=r"'0.jpg' has shape \(60, 80, 3\)"):
        write_scored_gallery(tmp_path, [replace(image, predictions={"a": wrong})], ["a"], title="")
    assert list(tmp_path.iterdir()) == []


def scores_of(values):
    template = scored(0, {"a": 0}).predictions["a"].score
    return [replace(template, img_id=number, dice=value) for number, value in enumerate(values)]


def test_all_images_are_shown_worst_first_where_they_are_few():
    assert shown_ids(scores_of([0.5, math.nan, 0.1, 0.9])) == [2, 0, 3, 1]


@pytest.mark.parametrize("number", [41, 50, 60, 1000])
def test_of_many_images_the_worst_typical_and_best_are_shown(number):
    chosen = shown_ids(scores_of(np.linspace(0, 1, number)), most=40)
    assert len(set(chosen)) == 40 and chosen == sorted(chosen)
    assert chosen[:20] == list(range(20)) and chosen[30:] == list(range(number - 10, number))
    if number > 60:
        assert number // 2 in chosen[20:30]
