"""The clock of the system is set while a study runs: no trial is taken for dead, and no hours are spent."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from suite.core.study import Budget
from suite.search import folder, worker
from suite.search.budget import spent
from tests import studies
from tests.faults.simulated import Simulated

DAY = 86_400.0

# What a process sees when somebody sets the clock: Python's and, for the starts of processes, that of the kernel.
JUMP = """
import datetime, psutil, random, sys, threading, time
import suite.search.record
plain, moment, boot = datetime.datetime, time.time, psutil._pslinux.boot_time
class Now(type):
    def __instancecheck__(cls, one):
        return isinstance(one, plain)
class Set(plain, metaclass=Now):
    @classmethod
    def now(cls, tz=None):
        return plain.now(tz) + datetime.timedelta(seconds=off[0])
off = [0.0]
for module in list(sys.modules.values()):
    if getattr(module, "datetime", None) is plain:
        module.datetime = Set
time.time = lambda: moment() + off[0]
psutil.boot_time = psutil._pslinux.boot_time = lambda: boot() + off[0]
def jump():
    while True:
        time.sleep(0.2)
        off[0] = random.choice([-86400.0, -3.0, 0.0, 3.0, 86400.0])
threading.Thread(target=jump, daemon=True).start()
"""


def test_workers_whose_clocks_jump_lose_and_double_nothing_and_trials_last_as_long_as_they_did(tmp_path: Path) -> None:
    with Simulated(tmp_path / "run", None, trials=25, seconds=0.3) as simulated:
        simulated.start(3, before=JUMP)
        assert simulated.end_all() == [0] * 3, simulated.errors()
        simulated.check()
        trials = simulated.read()
    assert [trial.number for trial in trials if trial.state == "interrupted"] == []  # none was taken for dead
    assert all(trial.seconds < DAY / 2 for trial in trials)


def test_a_worker_lives_on_when_the_clock_is_set_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux, the time at which a process began changes then: it is counted back from now."""
    boot = psutil.boot_time()
    with folder.opened(tmp_path / "run", studies.study()) as store:
        begun, team = store.ask(), worker.team()
        monkeypatch.setattr("psutil.boot_time", lambda: boot + DAY)
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + DAY, raising=False)
        assert worker.team() == team
        with folder.opened(tmp_path / "run", studies.study()) as other:
            assert other.ask().configuration != begun.configuration


def test_a_worker_of_before_the_machine_started_again_is_dead_whatever_has_its_number() -> None:
    this = worker.this()
    assert worker.alive(this, is_heard=False)
    assert not worker.alive({**this, "boot": "another"}, is_heard=True)
    born = psutil.Process().create_time()
    earlier = {"host": this["host"], "pid": this["pid"], "born": born}  # as earlier versions wrote it
    assert worker.alive(earlier, is_heard=False)
    assert not worker.alive({**earlier, "born": born - DAY}, is_heard=True)


def test_the_hours_of_a_study_are_not_over_because_the_clock_was_set(tmp_path: Path) -> None:
    code = JUMP.replace("time.sleep(0.2)", "time.sleep(0.1)").replace("[-86400.0, -3.0, 0.0, 3.0, 86400.0]", "[9e4]")
    with Simulated(tmp_path / "run", None, trials=4, seconds=1) as simulated:
        simulated.start(1, before=code)
        assert simulated.end_all() == [0], simulated.errors()
        hours = spent(simulated.read(), studies.study(budget=Budget(hours=1))).hours
    assert 0 < hours < 0.5
