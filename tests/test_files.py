import os
import shutil
import subprocess
import threading
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from common.files import (
    DiskFullError,
    ReadOnlyError,
    make_folder,
    remove_partials,
    whole_file,
    whole_folder,
    write_whole,
)
from common.records.lock import hold


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_text_and_bytes_arrive_unchanged(tmp_path):
    write_whole(tmp_path / "a.txt", "Größe\r\nzwei\n")
    write_whole(tmp_path / "b.bin", b"\x00\xff\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "Größe\r\nzwei\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\xff\r\n"
    assert names(tmp_path) == ["a.txt", "b.bin"]


def test_missing_parent_folders_are_made(tmp_path):
    write_whole(tmp_path / "one" / "two" / "a.txt", "x")
    assert (tmp_path / "one" / "two" / "a.txt").read_text() == "x"


def test_a_written_file_is_replaced(tmp_path):
    write_whole(str(tmp_path / "a.txt"), "old and long")
    write_whole(str(tmp_path / "a.txt"), "new")
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="file modes of POSIX")
def test_files_and_folders_get_the_usual_permissions(tmp_path):
    """A temporary file of mode 0600 must not become the result's mode: others read the results
    too.
    """
    umask = os.umask(0o022)
    try:
        write_whole(tmp_path / "a.txt", "x")
        with whole_folder(tmp_path / "f"):
            pass
    finally:
        os.umask(umask)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [None, "old"])
def test_an_error_leaves_the_file_as_it_was(tmp_path, error, before):
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_text(before)
    with pytest.raises(error), whole_file(path) as partial:
        partial.write_text("half")
        raise error
    assert (path.read_text() if path.exists() else None) == before
    assert names(tmp_path) == ([] if before is None else ["a.txt"])


def test_the_final_name_appears_only_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as partial:
        partial.write_text("x")
        assert not path.exists()
        (temporary,) = names(tmp_path)
        assert temporary.startswith(".")
        assert temporary.endswith(".partial")
    assert names(tmp_path) == ["a.txt"]


def test_writers_that_look_at_the_suffix_work(tmp_path):
    with whole_file(tmp_path / "a.npy") as partial:
        np.save(partial, np.arange(3))
    assert np.load(tmp_path / "a.npy").tolist() == [0, 1, 2]


def test_writing_nothing_is_an_error_that_names_the_path(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.txt"), whole_file(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


def test_a_file_does_not_replace_a_folder_nor_a_folder_a_file(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(IsADirectoryError, match="folder"):
        write_whole(tmp_path / "folder", "x")
    with pytest.raises(NotADirectoryError, match="file"), whole_folder(tmp_path / "file"):
        pass
    assert names(tmp_path) == ["file", "folder"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    told = r"file is a file; a folder is to be written there\. Give another name"
    for path in (tmp_path / "file" / "a.txt", tmp_path / "file" / "deep" / "a.txt"):
        with pytest.raises(NotADirectoryError, match=told):
            write_whole(path, "x")
        with pytest.raises(NotADirectoryError, match=told), whole_folder(path):
            pass
        with pytest.raises(NotADirectoryError, match=told):
            make_folder(path.parent)
    assert (tmp_path / "file").read_text() == "x" and names(tmp_path) == ["file"]


def test_a_name_of_the_greatest_length_works(tmp_path):
    write_whole(tmp_path / ("n" * 255), "x")
    assert (tmp_path / ("n" * 255)).read_text() == "x"


def test_a_folder_is_swapped_in_whole(tmp_path):
    target = tmp_path / "f"
    with whole_folder(target) as new:
        (new / "old.txt").write_text("old")
    with whole_folder(target) as new:
        (new / "deep").mkdir()
        (new / "deep" / "new.txt").write_text("new")
        assert names(target) == ["old.txt"]
    assert names(target) == ["deep"]
    assert names(tmp_path) == ["f"]


@pytest.mark.parametrize("before", [False, True])
def test_an_error_leaves_the_folder_as_it_was(tmp_path, before):
    target = tmp_path / "f"
    if before:
        target.mkdir()
        (target / "old.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_folder(target) as new:
        (new / "half.txt").write_text("half")
        _ = 1 / 0
    assert target.exists() == before
    assert names(tmp_path) == (["f"] if before else [])
    if before:
        assert names(target) == ["old.txt"]


def test_a_failed_swap_brings_the_old_folder_back(tmp_path, monkeypatch):
    target = tmp_path / "f"
    target.mkdir()
    (target / "old.txt").write_text("old")
    rename = Path.rename

    def disk_refuses_the_new_folder(source, goal):
        if source.name == "new":
            raise OSError("no")
        return rename(source, goal)

    monkeypatch.setattr(Path, "rename", disk_refuses_the_new_folder)
    with pytest.raises(OSError, match="no"), whole_folder(target) as new:
        (new / "new.txt").write_text("new")
    assert names(target) == ["old.txt"]
    assert names(tmp_path) == ["f"]


def test_a_linked_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "disk", target_is_directory=True)
    with whole_folder(tmp_path / "results") as new:
        (new / "a.txt").write_text("x")
    assert (tmp_path / "results").is_symlink()
    assert names(tmp_path / "disk") == ["a.txt"]


def test_readers_never_see_half_of_a_file_while_many_write_it(tmp_path):
    path = tmp_path / "a.txt"
    contents = [letter * 50_000 for letter in "abc"]
    write_whole(path, contents[0])
    writers = [
        threading.Thread(target=lambda c=c: [write_whole(path, c) for _ in range(10)])
        for c in contents
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_text() in contents
    assert names(tmp_path) == ["a.txt"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB that holds one file."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    (disk / "a.bin").write_bytes(b"before")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # a scanner may look at it


def write_tensors(path):
    torch.save({"weights": torch.zeros(2**19)}, path)


def write_table(path):
    pd.DataFrame({"a": range(10**6)}).to_csv(path, index=False)


def write_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", os.urandom(2**21))


@pytest.mark.parametrize("write", [write_tensors, write_table, write_archive])
def test_a_full_disk_is_said_to_be_full_whatever_the_library_makes_of_it(small_disk, write):
    path = small_disk / "a.bin"
    full = pytest.raises(DiskFullError, match=r"disk is full: .*a\.bin.*Make room")
    with full, whole_file(path) as partial:
        write(partial)
    assert path.read_bytes() == b"before" and names(small_disk) == ["a.bin"]
    with pytest.raises(DiskFullError):
        write_whole(path, bytes(2**21))
    with pytest.raises(DiskFullError), whole_folder(small_disk / "folder") as partial:
        (partial / "b.bin").write_bytes(bytes(2**21))
    assert path.read_bytes() == b"before" and names(small_disk) == ["a.bin"]


def test_another_error_on_a_disk_with_room_stays_itself(tmp_path):
    with pytest.raises(ValueError, match="no number"), whole_file(tmp_path / "a") as partial:
        partial.write_bytes(b"x")
        raise ValueError("no number")


def test_a_disk_that_may_not_be_written_to_is_said_to_be_read_only(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for path in (small_disk / "b.bin", small_disk / "deep" / "er" / "b.bin"):
        with pytest.raises(ReadOnlyError, match=r"b\.bin cannot be written: .*another --output"):
            write_whole(path, "x")
        with pytest.raises(ReadOnlyError, match="is read-only"), whole_folder(path):
            pass
    with pytest.raises(ReadOnlyError, match="Read-only file system"):
        write_whole(small_disk / "a.bin", "x")
    with pytest.raises(ReadOnlyError, match="run cannot be written: .*is read-only"):
        make_folder(small_disk / "run")
    with pytest.raises(ReadOnlyError, match=r"\.lock cannot be written: .*is read-only"):
        hold(small_disk)
    assert (small_disk / "a.bin").read_bytes() == b"before"


def test_what_killed_writers_left_goes_and_nothing_else(tmp_path):
    left = tmp_path / "models" / ".a1b2.partial" / "new"
    left.mkdir(parents=True)
    (left / "half.bin").write_bytes(b"half")
    (tmp_path / "models" / "whole.bin").write_bytes(b"whole")
    (tmp_path / ".mine").write_text("x")
    remove_partials(tmp_path)
    assert names(tmp_path) == [".mine", "models"] and names(tmp_path / "models") == ["whole.bin"]
