"""One reader and one writer of image files, under any name; nothing else hands OpenCV a path."""

import ast
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.image_files import read_pixels, write_pixels

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    [*ROOT.glob("*.py"), *(ROOT / "approaches").rglob("*.py"), *(ROOT / "common").rglob("*.py")]
)
OF_PATHS = {"imread", "imwrite", "imreadmulti", "imwritemulti"}


def calls_with_paths(source: str) -> list[str]:
    """Names of OpenCV's own file functions that a source uses."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    names += [
        alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    return [name for name in names if name in OF_PATHS]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_opencv_gets_no_path(path):
    assert calls_with_paths(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source", ["import cv2\ncv2.imread('a')", "from cv2 import imwrite", "cv2.imreadmulti('a')"]
)
def test_a_path_for_opencv_is_found(source):
    assert calls_with_paths(source)


@pytest.mark.parametrize("name", ["plain.png", "окурок 🚬.png", "a b.bmp", "sub/ü.png"])
def test_pixels_come_back_under_any_name(tmp_path, name):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_pixels(tmp_path / name, pixels)
    np.testing.assert_array_equal(
        read_pixels(tmp_path / name, cv2.IMREAD_COLOR), pixels[..., ::-1]
    )
    gray = pixels[..., 0]
    write_pixels(tmp_path / name, gray)
    np.testing.assert_array_equal(read_pixels(tmp_path / name, cv2.IMREAD_GRAYSCALE), gray)


@pytest.mark.parametrize("content", [b"", b"words", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_none_and_leaves_no_line_on_the_terminal(tmp_path, capfd, content):
    (tmp_path / "a.png").write_bytes(content)
    assert read_pixels(tmp_path / "a.png", cv2.IMREAD_COLOR) is None
    assert capfd.readouterr() == ("", "")


def test_a_format_that_is_not_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a.txt cannot be encoded"):
        write_pixels(tmp_path / "a.txt", np.zeros((2, 2), np.uint8))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["\ud800.png", "a\0b.png"])
def test_a_name_that_no_file_can_have_is_said_to_be_one(tmp_path, name):
    with pytest.raises(OSError, match="no file can have"):
        read_pixels(tmp_path / name, cv2.IMREAD_COLOR)
