"""Does a folder of files that can be made again keep to its budget, whatever happens to the processes that use it?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from suite.machine import shelf
from suite.machine.shelf import Shelf

ONES = Shelf(holds="ones", variable="SUITE_ONES", default=1.0)
PROGRAM = """
import os, signal, sys, time
from suite.machine.shelf import Shelf

shelf = Shelf(holds="ones", variable="SUITE_ONES", default=1.0)
draft = shelf.begun("x", 10)
for number in range(10):
    draft.write(b"1", number)
    if number == int(sys.argv[1]):
        print("half", flush=True)
        sys.stdin.readline()
        os.kill(os.getpid(), signal.SIGKILL)
draft.finish()
print(shelf.found("x").read_bytes().decode(), draft.read(3, 2).decode())
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path))


def kept(name: str, size: int = 10) -> Path | None:
    return ONES.keep(name, size, lambda stream: stream.write(b"1" * size))


def names() -> set[str]:
    return {file.name for file in ONES.folder.iterdir() if file.is_file()}


def aged(name: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(ONES.folder / name, (then, then))


def process(killed_at: int) -> subprocess.Popen:
    program = [sys.executable, "-c", PROGRAM, str(killed_at)]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_what_was_not_used_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUITE_ONES", str(35 / 1e9))
    for number, name in enumerate("abc"):
        assert kept(name) == ONES.folder / name
        aged(name, 100 - number)
    assert ONES.found("a") == ONES.folder / "a"
    kept("d")
    assert names() == {"a", "c", "d"}
    assert kept("e", 36) is None
    assert names() == {"a", "c", "d"}  # nothing goes for what has no room anyway
    assert ONES.found("b") is None


def test_half_of_what_is_free_on_the_disk_stays_free(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shelf.shutil.disk_usage("."))
    monkeypatch.setattr(shelf.shutil, "disk_usage", lambda _: usage(1000, 981, 19))
    assert kept("a") is None
    assert kept("b", 9)


def test_an_error_while_a_file_is_written_leaves_nothing() -> None:
    def write(stream: object) -> None:
        raise OSError("No space left on device")

    assert ONES.keep("a", 10, write) is None
    assert names() == set()


def test_a_file_that_is_written_in_parts_is_there_when_it_is_whole() -> None:
    with process(killed_at=-1) as writing:
        assert writing.communicate()[0].split() == ["1" * 10, "111"]
    assert names() == {"x"}


def test_while_a_process_writes_a_file_another_does_without_and_may_begin_when_that_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUITE_ONES", str(12 / 1e9))
    with process(killed_at=3) as killed:
        assert killed.stdout.readline() == "half\n"
        with pytest.raises(BlockingIOError):
            ONES.begun("x", 10)
        assert kept("y") is None  # the draft takes its room from the beginning
        killed.communicate("\n")
    assert killed.returncode == -signal.SIGKILL
    assert ONES.found("x") is None
    assert kept("y") is None  # it may still be written to
    draft = ONES.begun("x", 10)
    draft.write(b"2" * 10, 0)
    draft.finish()
    assert ONES.found("x").read_bytes() == b"2" * 10


def test_what_a_killed_process_has_left_goes_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUITE_ONES", str(12 / 1e9))
    with process(killed_at=3) as killed:
        killed.communicate("\n")
    (draft,) = names()
    aged(draft, 2 * shelf.STALE)
    assert kept("y")
    assert names() == {"y"}


def test_a_file_that_nobody_writes_any_more_goes_with_its_writer() -> None:
    draft = ONES.begun("x", 10)
    draft.write(b"1", 3)
    assert names() == {".x"}
    del draft
    assert names() == set()
    assert ONES.begun("x", int(2e9)) is None
    assert names() == set()


def test_a_file_can_be_read_by_its_writer_after_it_had_to_make_room() -> None:
    draft = ONES.begun("x", 4)
    draft.write(b"abcd", 0)
    draft.finish()
    ONES.found("x").unlink()
    assert draft.read(2, 1) == b"bc"
