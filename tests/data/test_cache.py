import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from common.data.cache import open_cache

SIZES = {7: (5, 9), 3: (12, 4), 11: (1, 1)}
ROOT = Path(__file__).parents[2]


class Decoder:
    """Random images that are the same for an id, and a count of how often they were asked for."""

    def __init__(self, sizes=SIZES):
        self.sizes, self.calls = sizes, []

    def __call__(self, image_id):
        self.calls.append(image_id)
        random = np.random.default_rng(image_id)
        height, width = self.sizes[image_id]
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        mask, ignore = random.random((2, height, width)) < 0.4
        return image, mask, ignore & ~mask


def test_arrays_are_those_of_the_decoder(tmp_path):
    cache = open_cache(tmp_path, "a" * 64, SIZES, Decoder())
    for image_id in SIZES:
        for read, expected in zip(cache.read(image_id), Decoder()(image_id), strict=True):
            assert read.dtype == expected.dtype
            np.testing.assert_array_equal(read, expected)


def test_mask_and_ignored_pixels_are_kept_apart(tmp_path):
    mask, ignore = np.eye(4, dtype=bool), np.eye(4, dtype=bool)[::-1]
    decoded = np.zeros((4, 4, 3), np.uint8), mask, ignore
    cache = open_cache(tmp_path, "b" * 64, {1: (4, 4)}, lambda image_id: decoded)
    np.testing.assert_array_equal(cache.read(1)[1], mask)
    np.testing.assert_array_equal(cache.read(1)[2], ignore)


def test_a_second_open_decodes_nothing(tmp_path):
    decoder = Decoder()
    first = open_cache(tmp_path, "a" * 64, SIZES, decoder)
    assert sorted(decoder.calls) == sorted(SIZES)
    second = open_cache(tmp_path, "a" * 64, SIZES, decoder)
    assert len(decoder.calls) == len(SIZES)
    np.testing.assert_array_equal(first.read(7)[0], second.read(7)[0])


@pytest.mark.skipif(not Path("/proc/self/smaps").is_file(), reason="Linux tells what is mapped")
def test_images_that_were_written_or_read_do_not_stay_in_the_memory_of_the_process(tmp_path):
    sizes = dict.fromkeys(range(20), (200, 300))
    seen = []

    def decode(image_id):
        if image_id == 19:
            seen.append(mapped_kilobytes(tmp_path))
        return Decoder(sizes)(image_id)

    cache = open_cache(tmp_path, "a" * 64, sizes, decode)
    for image_id in sizes:
        cache.read(image_id)
    seen.append(mapped_kilobytes(tmp_path))
    one_image = 200 * 300 * 4 / 1024
    assert max(seen) < one_image


def mapped_kilobytes(folder):
    """Of the files below a folder, as far as they count as memory of this process."""
    total, counts = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            counts = str(folder) in line
        elif counts and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total


def test_another_key_is_another_folder(tmp_path):
    folders = {open_cache(tmp_path, letter * 64, SIZES, Decoder()).folder for letter in "ab"}
    assert len(folders) == 2
    assert sorted(tmp_path.iterdir()) == sorted(folders)


def test_progress_sees_every_image(tmp_path):
    seen = []
    open_cache(
        tmp_path, "a" * 64, SIZES, Decoder(), lambda ids: (seen.append(i) or i for i in ids)
    )
    assert sorted(seen) == sorted(SIZES)


def test_what_is_read_is_a_copy_and_the_file_cannot_be_changed(tmp_path):
    cache = open_cache(tmp_path, "a" * 64, SIZES, Decoder())
    cache.read(7)[0][:] = 0
    np.testing.assert_array_equal(cache.read(7)[0], Decoder()(7)[0])


def test_a_failure_while_decoding_leaves_no_cache(tmp_path):
    decoder = Decoder()

    def failing(image_id):
        if image_id == 11:
            raise OSError("the disk is gone")
        return decoder(image_id)

    with pytest.raises(OSError, match="the disk is gone"):
        open_cache(tmp_path / "root", "a" * 64, SIZES, failing)
    assert list((tmp_path / "root").iterdir()) == []
    assert open_cache(tmp_path / "root", "a" * 64, SIZES, decoder).read(11)[0].shape == (1, 1, 3)


def test_a_cache_whose_writer_was_killed_is_never_used(tmp_path):
    """The third image kills the process, as `kill -9` or a power cut would."""
    program = f"""
import os, signal, sys
import numpy as np
from pathlib import Path
from common.data.cache import open_cache
def decode(image_id):
    if image_id == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.full(({5}, {9}, 3), 99, np.uint8), np.ones((5, 9), bool), np.zeros((5, 9), bool)
open_cache(Path({str(tmp_path)!r}), "a" * 64, {{3: (5, 9), 7: (5, 9), 11: (5, 9)}}, decode)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60
    )
    assert done.returncode == -9
    left = list(tmp_path.iterdir())
    assert left and all(path.name.endswith(".partial") for path in left)
    cache = open_cache(tmp_path, "a" * 64, SIZES, Decoder())
    for image_id in SIZES:
        np.testing.assert_array_equal(cache.read(image_id)[0], Decoder()(image_id)[0])


def test_a_folder_without_its_index_is_made_again(tmp_path):
    folder = open_cache(tmp_path, "a" * 64, SIZES, Decoder()).folder
    (folder / "index.json").unlink()
    (folder / "pixels.npy").write_bytes(b"half")
    np.testing.assert_array_equal(
        open_cache(tmp_path, "a" * 64, SIZES, Decoder()).read(3)[0], Decoder()(3)[0]
    )


def test_an_image_that_is_not_asked_for_is_a_key_error(tmp_path):
    with pytest.raises(KeyError, match="5"):
        open_cache(tmp_path, "a" * 64, SIZES, Decoder()).read(5)
