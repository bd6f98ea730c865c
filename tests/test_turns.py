"""Processors are shared by trainings, and a timing has its own alone; seen on real processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from suite.machine import turns

TRAINING = """
import sys, time
from pathlib import Path
from suite.machine import turns
log, cores = Path(sys.argv[1]), set(map(int, sys.argv[2].split(",")))
with turns.together(cores) as give_way:
    log.write_text("training")
    while not Path(sys.argv[3]).exists():
        time.sleep(0.02)
        log.write_text("waiting")
        give_way()
        log.write_text("training")
log.write_text("done")
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Lock files of this test alone, for its children too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(turns.tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def train(own):
    children = []

    def begin(name: str, cores: str) -> Path:
        log = own / name
        words = [sys.executable, "-c", TRAINING, str(log), cores, str(own / "stop")]
        children.append(subprocess.Popen(words))
        seen(log, "training")
        return log

    yield begin
    (own / "stop").touch()
    for child in children:
        assert child.wait(120) in (0, -9)


def seen(log: Path, *words: str) -> None:
    """Wait until a process says one of `words`."""
    until = time.monotonic() + 120
    while not log.exists() or log.read_text() not in words:
        assert time.monotonic() < until, f"{log}: never {words}"
        time.sleep(0.01)


def test_trainings_run_side_by_side_and_give_way_to_a_timing_of_their_processors(train):
    first, second = train("first", "0,1"), train("second", "1")
    with turns.alone({0, 1}):
        seen(first, "waiting")
        seen(second, "waiting")
        time.sleep(0.2)
        assert {first.read_text(), second.read_text()} == {"waiting"}, "nobody trains meanwhile"
    seen(first, "training")
    seen(second, "training")


def test_a_training_on_other_processors_goes_on_beside_a_timing(train, own):
    other = train("other", "7")
    with turns.alone({0}):
        (own / "stop").touch()
        seen(other, "done")


def test_a_training_that_was_killed_holds_nothing_back(own):
    log = own / "killed"
    child = subprocess.Popen(
        [sys.executable, "-c", TRAINING.replace("give_way()", "pass"), str(log), "0", str(own / "no")]
    )
    seen(log, "training", "waiting")
    child.kill()
    child.wait()
    with turns.alone({0}):
        pass


def test_without_a_place_for_the_locks_everything_goes_on(monkeypatch):
    monkeypatch.setattr(turns.tempfile, "tempdir", "/proc/nowhere")
    with turns.alone({0}), turns.together({0}) as give_way:
        give_way()
