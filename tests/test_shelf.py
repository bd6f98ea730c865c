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

def write(stream):
    for number in range(10):
        stream.write(b"1")
        stream.flush()
        if number == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
    print("wrote")

print(Shelf(holds="ones", variable="SUITE_ONES", default=1.0).made("x", 10, write).read_bytes().decode())
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
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(killed_at)], stdout=subprocess.PIPE, text=True)


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


def test_a_process_that_is_killed_while_it_writes_leaves_no_half_file_and_its_draft_goes_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with process(killed_at=3) as killed:
        assert killed.wait() == -signal.SIGKILL
    assert ONES.found("x") is None
    (draft,) = names()
    monkeypatch.setenv("SUITE_ONES", str(12 / 1e9))
    assert kept("y") is None  # it may still be written to
    aged(draft, 2 * shelf.STALE)
    assert kept("y")
    assert names() == {"y"}


def test_of_two_processes_one_makes_the_file_and_the_other_waits_for_it() -> None:
    with process(killed_at=-1) as one, process(killed_at=-1) as other:
        said = sorted(each.communicate()[0].split() for each in (one, other))
    assert said == [["1" * 10], ["wrote", "1" * 10]]
    assert names() == {"x"}
