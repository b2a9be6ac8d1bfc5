"""What a page loads or runs is found wherever it can stand."""

import pytest

from common.offline_page import foreign_resources, page_content


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<img src="//a.org/x.png">', ["//a.org/x.png"]),
        ('<img srcset="x.png 2x" src="data:,">', ["x.png 2x"]),
        ('<link rel="stylesheet" href="a.css">', ["a.css"]),
        ('<body background="a.png">', ["a.png"]),
        ("<style>@import 'a.css'; p {}</style>", ["@import 'a.css'"]),
        ("<style>p { background: url(a.png) }</style>", ["url(a.png)"]),
        ('<p style="background: url(a.png)">', ["url(a.png)"]),
        ('<svg><image xlink:href="a.png"/></svg>', ["a.png"]),
        ('<p onclick="x()">', ["p onclick"]),
        ('<iframe src="a.html">', ["<iframe>", "a.html"]),
        ('<form action="a">', ["<form>"]),
        ('<svg><use href="#a"/></svg>', []),
        ("<style>p { background: url('data:image/png;base64,AA') }</style>", []),
        ("<p>url(a.png) @import</p>", []),
    ],
)
def test_what_would_be_loaded_or_run_is_found(page, found):
    assert foreign_resources(page) == found


def test_links_and_images_are_kept_with_what_the_page_states_of_them():
    content = page_content(
        '<a href="b.png"><img src="a.png" width="3" alt="one"></a><img src="c">'
    )
    assert content.linked == ["b.png"] and content.loaded == ["a.png", "c"]
    assert content.images == [{"src": "a.png", "width": "3", "alt": "one"}, {"src": "c"}]
