import html.parser
import re
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from common.gallery import GalleryError, check_gallery, write_gallery

NAMES = ["b.jpg", "a.jpg", "a.png", 'Größe & <b>"1"</b>\'.jpg', "sub/día 1.JPG", "猫.jpg", "A.jpg"]


def photo(name, size=(40, 60)):
    """A photo whose colour and one square object depend on its name, so that a mix-up shows."""
    rng = np.random.default_rng(sum(name.encode()))
    image = np.full((*size, 3), rng.integers(60, 200, 3), dtype=np.uint8)
    mask = np.zeros(size, dtype=bool)
    top, left = rng.integers(0, 20, 2)
    mask[slice(top, top + 12), slice(left, left + 8)] = True
    levels = np.where(mask, 204, 10).astype(np.uint8)
    return name, image, mask, levels


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


class Articles(html.parser.HTMLParser):
    """Reads (heading, facts, image sources, alternative texts) of each photo off the page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.articles, self.tag = [], ""
        self.feed(page.read_text(encoding="utf-8").partition("</main>")[0])

    def handle_starttag(self, tag, attrs):
        self.tag = tag
        if tag == "article":
            self.articles.append({"h2": "", "p": "", "src": [], "alt": []})
        if tag == "img":
            for key in ("src", "alt"):
                self.articles[-1][key].append(dict(attrs)[key])

    def handle_endtag(self, tag):
        self.tag = ""

    def handle_data(self, data):
        if self.tag in ("h2", "p") and self.articles:
            self.articles[-1][self.tag] += data


def test_each_name_stands_with_its_own_photo_mask_and_cutout(tmp_path):
    page = write_gallery(tmp_path, map(photo, NAMES), title="Photos")
    articles = Articles(page).articles
    assert [article["h2"] for article in articles] == NAMES
    for article in articles:
        _, image, mask, _ = photo(article["h2"])
        shown = [
            np.asarray(Image.open(tmp_path / source).convert("RGBA")) for source in article["src"]
        ]
        assert np.abs(shown[0][..., :3].astype(int) - image).max() <= 3  # JPEG
        assert article["src"][1] == article["src"][0]  # the outline lies over the photo
        assert (shown[2][..., 0] == mask * 255).all()
        assert (shown[3][..., 3] == mask * 255).all()
        assert (shown[3][mask][:, :3] == image[mask]).all()
        heat = shown[4][..., :3].astype(int).sum(axis=2)
        assert heat[mask].min() > 2 * heat[~mask].mean()
        assert all(article["h2"] in alt for alt in article["alt"])


def test_only_three_entries_appear_and_the_zip_opens_by_itself(tmp_path):
    page = write_gallery(tmp_path / "out", map(photo, NAMES), title="Photos")
    assert page == tmp_path / "out" / "real_test.html"
    assert sorted(p.name for p in page.parent.iterdir()) == [
        "real_test",
        "real_test.html",
        "real_test.zip",
    ]
    with zipfile.ZipFile(tmp_path / "out" / "real_test.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
    expected = tree(tmp_path / "out")
    del expected["real_test.zip"]
    assert tree(tmp_path / "unpacked") == expected
    assert len(expected) == 1 + 4 * len(NAMES)


def test_file_names_are_plain_and_differ_where_case_does_not_count(tmp_path):
    write_gallery(tmp_path, map(photo, NAMES), title="Photos")
    names = [path.name for path in (tmp_path / "real_test").iterdir()]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in names)
    assert len({name.casefold() for name in names}) == 4 * len(NAMES)


def test_the_page_needs_no_network_and_no_script(tmp_path):
    name = 'x" onerror="alert(1)" <script src=http://example.org>.jpg'
    page = write_gallery(
        tmp_path, [photo(name)], title="</title><script>", subtitle="<img src=//example.org/a.png>"
    )
    assert check_gallery(tmp_path) == []
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 1
    assert re.findall(r'(?:src|href)="(?!real_test/|#o)', text) == []
    assert Articles(page).articles[0]["h2"] == name
    assert '<html lang="en">' in text
    assert text.count('loading="lazy"') == 5
    assert "prefers-color-scheme: dark" in text


def test_facts_count_objects_and_their_share(tmp_path):
    mask = np.zeros((20, 50), dtype=bool)
    mask[2:4, 2:7] = mask[4:6, 7:12] = True  # they touch at a corner: one object
    mask[10:15, 30:34] = True
    blank = np.zeros((20, 50, 3), dtype=np.uint8)
    page = write_gallery(
        tmp_path,
        [("two", blank, mask, None), ("none", blank, mask & False, None)],
        title="Facts",
        subtitle="Model: unet",
    )
    two, none = Articles(page).articles
    assert two["p"] == "50 × 20 px · 2 objects · 4.00 % of the image"
    assert none["p"] == "50 × 20 px · no objects"
    text = page.read_text(encoding="utf-8")
    assert "2 photos, 1 with objects · 2 objects in all · 2.00 % of all pixels" in text
    assert "Model: unet" in text


def test_a_single_pixel_of_a_large_photo_is_not_shown_as_nothing(tmp_path):
    mask = np.zeros((200, 200), dtype=bool)
    mask[0, 0] = mask[0, 1] = mask[9, 9] = True
    blank = np.zeros((200, 200, 3), np.uint8)
    page = write_gallery(tmp_path, [("one", blank, mask, None)], title="One")
    assert "1 object (and 1 speck) · < 0.01 % of the image" in Articles(page).articles[0]["p"]


def test_confidence_is_the_mean_probability_of_each_object(tmp_path):
    _, image, mask, levels = photo("a.jpg")
    mask[:], levels[:] = False, 0
    mask[2:6, 2:6] = mask[30:36, 30:36] = True
    levels[2:6, 2:6], levels[30:36, 30:33], levels[30:36, 33:36] = 255, 102, 51
    page = write_gallery(tmp_path, [("a", image, mask, levels), photo("b")], title="Sure")
    first, second = Articles(page).articles
    assert "Confidence of each object: 1: 1.00, 2: 0.30" in first["p"]
    assert second["p"].endswith("Confidence: 0.80")
    assert re.findall(r"<text[^>]*>(\d)</text>", page.read_text(encoding="utf-8")) == ["1", "2"]


def test_what_the_page_says_of_model_threshold_and_licence(tmp_path):
    page = write_gallery(
        tmp_path,
        [photo("a")],
        title="T",
        subtitle="unet, probability >= 0.3",
        attribution="By <A> & B",
        threshold=0.3,
    )
    text = page.read_text(encoding="utf-8")
    assert "unet, probability &gt;= 0.3" in text and "the mask begins at 0.3" in text
    assert "Licence of the photos: By &lt;A&gt; &amp; B" in text
    without = write_gallery(tmp_path, [photo("a")], title="T").read_text(encoding="utf-8")
    assert "Licence" not in without


def test_a_large_photo_has_small_copies_and_opens_at_its_own_size(tmp_path):
    name, image, mask, levels = photo("large.jpg", (900, 1500))
    page = write_gallery(tmp_path, [(name, image, mask, levels)], title="Large")
    sizes = {path.name: Image.open(path).size for path in (tmp_path / "real_test").iterdir()}
    for column in ("photo.jpg", "mask.png", "cutout.png"):
        assert sizes[f"large_{column}"] == (1500, 900)
    assert max(sizes["large_probability.jpg"]) <= 1024
    for source in Articles(page).articles[0]["src"][:4]:
        assert "_small." in source and max(sizes[Path(source).name]) == 640


def test_the_outline_runs_around_the_mask(tmp_path):
    mask = np.zeros((40, 60), bool)
    mask[10:21, 20:41] = True
    image = np.zeros((40, 60, 3), np.uint8)
    page = write_gallery(tmp_path, [("a", image, mask, None)], title="Box")
    [path] = re.findall(r' d="([^"]+)"', page.read_text(encoding="utf-8"))
    first, steps = re.fullmatch(r"M(\d+ \d+)l([-\d ]+)z", path).groups()
    moves = np.array([*first.split(), *steps.split()], int).reshape(-1, 2)
    assert set(map(tuple, moves.cumsum(0).tolist())) == {(20, 10), (20, 20), (40, 20), (40, 10)}


def test_another_name_and_no_zip(tmp_path):
    page = write_gallery(tmp_path, [photo("a")], title="T", name="gallery", zipped=False)
    assert (
        page == tmp_path / "gallery.html"
        and check_gallery(tmp_path, "gallery", zipped=False) == []
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gallery", "gallery.html"]


def test_no_photos_make_a_page_that_says_so(tmp_path):
    page = write_gallery(tmp_path, [], title="Photos")
    assert "No photos" in page.read_text(encoding="utf-8")
    assert check_gallery(tmp_path) == []
    assert zipfile.ZipFile(tmp_path / "real_test.zip").namelist() == ["real_test.html"]


def test_the_same_photos_give_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        write_gallery(tmp_path / folder, map(photo, NAMES), title="Photos")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_new_page_replaces_the_old_one_whole_and_nothing_else(tmp_path):
    (tmp_path / "leaderboard.csv").write_text("kept")
    write_gallery(tmp_path, map(photo, NAMES), title="Old")
    write_gallery(tmp_path, [photo("new.jpg")], title="New")
    assert set(tree(tmp_path)) == {
        "leaderboard.csv",
        "real_test.html",
        "real_test.zip",
        *(
            f"real_test/new_{column}"
            for column in ("cutout.png", "mask.png", "photo.jpg", "probability.jpg")
        ),
    }
    assert check_gallery(tmp_path) == []


def test_photos_are_taken_one_at_a_time(tmp_path):
    image, mask = np.zeros((10, 10, 3), dtype=np.uint8), np.zeros((10, 10), dtype=bool)

    def stream():
        for number in range(3):
            mask[:] = False
            mask[: number + 1] = True
            yield f"{number}.jpg", image, mask, None  # the same memory each time

    page = write_gallery(tmp_path, stream(), title="Stream")
    shares = [article["p"].split(" · ")[-1] for article in Articles(page).articles]
    assert shares == ["10.00 % of the image", "20.00 % of the image", "30.00 % of the image"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (photo("b.jpg"), "second photo came with the name 'b.jpg'"),
        (
            ("c", np.zeros((4, 5), np.uint8), np.zeros((4, 5), bool), None),
            r"'c' has shape \(4, 5\)",
        ),
        (("c", np.zeros((4, 5, 3), np.float32), np.zeros((4, 5), bool), None), "float32"),
        (("c", np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4), bool), None), r"its mask \(5, 4\)"),
        (
            ("c", np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8), None),
            r"\(4, 5\) and uint8",
        ),
        (("c", np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5), bool), None), r"shape \(0, 5, 3\)"),
    ],
)
def test_a_photo_that_cannot_be_shown_leaves_the_old_page(tmp_path, bad, message):
    write_gallery(tmp_path, [photo("old.jpg")], title="Old")
    before = tree(tmp_path)
    with pytest.raises(GalleryError, match=message):
        write_gallery(tmp_path, [photo("b.jpg"), bad], title="New")
    assert tree(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 3


def test_a_page_that_fails_its_check_is_not_published(tmp_path, monkeypatch):
    monkeypatch.setattr(
        cv2, "imencode", lambda *_: (True, np.frombuffer(b"not an image", np.uint8))
    )
    with pytest.raises(GalleryError, match="does not decode"):
        write_gallery(tmp_path, [photo("a.jpg")], title="Broken")
    assert list(tmp_path.iterdir()) == []


def edit(old, new):
    def apply(folder):
        page = folder / "real_test.html"
        text = page.read_text(encoding="utf-8")
        assert old in text
        page.write_text(text.replace(old, new), encoding="utf-8")

    return apply


def cut_short(folder):
    path = folder / "real_test" / "a_photo.jpg"
    path.write_bytes(path.read_bytes()[:-60])


def swap_size(folder):
    Image.new("L", (3, 3)).save(folder / "real_test" / "a_mask.png")


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        (lambda f: (f / "real_test.html").unlink(), "real_test.html is missing"),
        (lambda f: (f / "real_test.zip").unlink(), "real_test.zip cannot be read"),
        (lambda f: (f / "real_test.zip").write_bytes(b"PK"), "real_test.zip cannot be read"),
        (
            lambda f: (f / "real_test" / "a_mask.png").unlink(),
            "a_mask.png is on the page, but not in the folder",
        ),
        (
            lambda f: shutil.copy(f / "real_test" / "a_mask.png", f / "real_test" / "z.png"),
            "z.png is not on the page",
        ),
        (
            lambda f: shutil.copy(f / "real_test" / "a_mask.png", f / "real_test" / "z.png"),
            "z.png is missing in",
        ),
        (cut_short, "a_photo.jpg does not decode"),
        (cut_short, "a_photo.jpg differs between folder and real_test.zip"),
        (swap_size, "a_mask.png is ('3', '3') wide and high"),
        (
            edit('src="real_test/a_mask.png"', 'src="https://example.org/a.png"'),
            "'https://example.org/a.png' does not",
        ),
        (
            edit('src="real_test/a_mask.png"', 'src="//example.org/a.png"'),
            "'//example.org/a.png' does not lead",
        ),
        (edit('src="real_test/a_mask.png"', 'src="/etc/a.png"'), "'/etc/a.png' does not lead"),
        (edit('src="real_test/a_mask.png"', 'src="real_test/../../a.png"'), "does not lead"),
        (edit("</head>", "<script>1</script></head>"), "<script> is not expected"),
        (edit("<main ", '<main onclick="x()" '), "main onclick is not expected"),
        (edit("<style>", "<style>@import 'a.css';"), "import 'a.css'\" does not lead"),
        (edit('alt="Predicted', 'title="Predicted'), "no alternative text"),
        (edit("<main ", "<main  "), "real_test.html differs between folder and real_test.zip"),
    ],
)
def test_the_check_finds_what_would_break_the_page(tmp_path, harm, finding):
    write_gallery(tmp_path, [photo("a.jpg")], title="Photos")
    assert check_gallery(tmp_path) == []
    harm(tmp_path)
    findings = check_gallery(tmp_path)
    assert any(finding in found for found in findings), findings
