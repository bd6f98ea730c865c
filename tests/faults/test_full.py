"""The disk is full at any of the writes of a run: a clear error, and the same command goes on when there is room."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.core import answers, classes
from suite.core.answers import Answers
from suite.core.study import Budget, Study
from suite.search import folder
from suite.search.budget import spent
from tests import studies
from tests.faults.forking import in_a_child

WRITES = {"open": 2, "os.mkdir": None, "os.rename": None, "sqlite3.connect": None}  # events, and where the flags are
SAID = ("cannot be written", "cannot be read or written", "finished trials are safe", "no space left")


def wanted() -> Study:
    return studies.study(constraints=(), budget=Budget(trials=3))


def study_run(home: Path) -> None:
    """Do what a study does to its folder, but for the trainings."""
    nothing = np.zeros(4, np.float32)
    found = Answers(
        labels=np.zeros(4, np.int32), named=np.zeros(4, np.int32), said=nothing, of_label=nothing, tempered=nothing,
        temperature=np.ones((), np.float64),
    )  # fmt: skip
    with folder.opened(home, wanted()) as store:
        classes.keep(home, ["cat", "dog"])
        while trial := store.ask(within=lambda trials: not spent(trials, store.study).exhausts(store.study.budget)):
            answers.write(found, answers.place(home, trial.number))
            store.finish(studies.complete(trial))


def full_from(number: int, home: Path) -> Callable[[], None]:
    """Return a run whose writes fail from one on."""
    done = 0

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event not in WRITES or str(home.parent) not in str(arguments[0]):
            return
        flags = WRITES[event]
        if flags is not None and not arguments[flags] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        done += 1
        if done > number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))

    def step() -> None:
        sys.addaudithook(heard)
        study_run(home)

    return step


def no_file_beyond(size: int, home: Path) -> Callable[[], None]:
    """Return a run of which no file grows beyond a size: SQLite writes where Python does not see it."""

    def step() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        study_run(home)

    return step


def check(said: str, home: Path) -> None:
    """Check what was said, and that the same run goes on, to its end and no further."""
    assert "Traceback" not in said
    assert any(one in said.lower() for one in SAID), said
    assert "\n" not in said
    study_run(home)
    run = folder.read(home)
    assert spent(run.trials, run.study).trials == 3
    drafts = [path.name for path in home.rglob(".*")]
    assert drafts == [], "half-written files stay"


def walk(home: Path, step: int) -> int:
    """Let writes fail from the first one on, from the one after `step` others on, and so on; return how many failed."""
    for number in range(0, 1000, step):
        place = home / str(number) / "run"
        said = in_a_child(full_from(number, place))
        if not said:
            return number
        check(said, place)
    raise AssertionError("no run ended")


def test_a_disk_that_is_full_from_any_write_on_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    assert walk(tmp_path, 5) > 10


@pytest.mark.faults
def test_a_disk_that_is_full_from_each_write_on_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    assert walk(tmp_path, 1) > 10


@pytest.mark.parametrize(
    "size", [0, 9_000, *(pytest.param(size, marks=pytest.mark.faults) for size in range(512, 115_000, 8_192))]
)
def test_files_that_cannot_grow_are_said_and_nothing_is_lost(tmp_path: Path, size: int) -> None:
    home = tmp_path / "run"
    said = in_a_child(no_file_beyond(size, home))
    check(said, home)
