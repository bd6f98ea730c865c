"""A command is killed by kill -9: every process that it has started ends too, and a trial that ran is run again.

The moments are not those of a clock: what the folder of a run shows, how many processes a command has started.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from suite.core.trial import Trial
from suite.machine import forked
from suite.search import folder
from suite.search.budget import spent
from tests import once
from tests.faults.test_signals import ROOT
from tests.test_tracking import free_port, wait_for

STUDY = ROOT / "studies" / "quickstart" / "resnet.toml"
SHORT = ("--set", "budget.trials=4", "fidelity.epochs=4", "latency.seconds=0.3", "latency.settling=0")
MARK = "SUITE_MARKED"  # in the environment of all processes of a test
HANGS = 120  # seconds after which a process that still works is taken to work for ever

linux = pytest.mark.skipif(not forked.can_fork(), reason="no worker is forked here")


class Marked:
    """A command whose processes are known by a mark."""

    def __init__(self, home: Path, *words: str) -> None:
        self.home, self._words = home, words
        self._mark = uuid.uuid4().hex

    def begin(self) -> subprocess.Popen[str]:
        """Start it, or go on with it."""
        told = os.environ | {MARK: self._mark, "TF_ENABLE_ONEDNN_OPTS": "1"}
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "suite", *self._words], cwd=self.home, env=told, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def check_nobody_works(self) -> None:
        """See that all its processes end."""
        end = time.monotonic() + HANGS
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.1)
        said = [" ".join(one.cmdline()) for one in left]
        for one in left:
            one.kill()
        assert not said

    def processes(self) -> list[psutil.Process]:
        """Return its processes. What is forked has the environment of the process it was forked from."""
        mark, found = f"{MARK}={self._mark}".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    found.append(psutil.Process(int(place.name)))
            except (OSError, psutil.NoSuchProcess):  # it has ended meanwhile
                continue
        return found


class Killed(Marked):
    """A run whose watcher is killed again and again."""

    def __init__(self, home: Path, workers: int) -> None:
        super().__init__(home, "run", str(STUDY), "--workers", str(workers), *SHORT)
        self.run = home / "runs" / "quickstart-resnet"

    def strike(self, is_now: Callable[[Killed], object]) -> None:
        """Kill the watcher by kill -9 at a moment; see that nobody works on."""
        with self.begin() as watcher:
            while not is_now(self):
                assert watcher.poll() is None, watcher.communicate()
                time.sleep(0.02)
            watcher.kill()
        self.check_nobody_works()

    def trials(self) -> Sequence[Trial]:
        """Return the trials as they are now."""
        return folder.read(self.run).trials if folder.holds(self.run) else ()

    def ended(self) -> int:
        """Return how many trials have ended."""
        return sum(trial.state == "complete" for trial in self.trials())

    def epochs(self) -> int:
        """Return how many epochs of trials that run are kept."""
        running = [trial.number for trial in self.trials() if trial.state == "running"]
        files = [self.run / "epochs" / f"{number}.jsonl" for number in running]
        return sum(len(file.read_text().splitlines()) for file in files if file.exists())


MOMENTS: tuple[Callable[[Killed], object], ...] = (
    lambda run: run.home.joinpath("runs").exists(),
    lambda run: folder.holds(run.run),
    lambda run: any(trial.state == "running" for trial in run.trials()),
    lambda run: run.epochs(),
    lambda run: run.ended(),
    lambda run: run.ended() > 1,
)


@pytest.mark.faults
@linux
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_ends_with_its_watcher_and_its_trial_is_run_again(tmp_path: Path, workers: int) -> None:
    run = Killed(tmp_path, workers)
    for moment in MOMENTS:
        run.strike(moment)
    with run.begin() as last:
        _, said = last.communicate()
    assert last.returncode == 0, said
    run.check_nobody_works()
    found = folder.read(run.run)
    assert spent(found.trials, found.study).trials == 4
    assert "running" not in [trial.state for trial in found.trials]
    done = [json.dumps(trial.configuration) for trial in found.trials if trial.state == "complete"]
    lost = [json.dumps(trial.configuration) for trial in found.trials if trial.state == "interrupted"]
    assert len(set(done)) == len(done) == 4, "none is done twice"
    assert lost
    assert set(lost) <= set(done), "none is lost"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(once.quickstart(tmp_path_factory).folder, home / "runs" / NAME)
    return home


NAME = "quickstart-resnet"


@pytest.mark.faults
@linux
@pytest.mark.parametrize(
    "words",
    [
        ("measure", "resnet/tiny", "--image", "16x16x1", "--seconds", "0.5", "-o", "here.csv"),
        ("export", NAME, "best", "exports", "--format", "saved_model,litert,onnx"),
        ("register", NAME, "0", "--name", "killed"),
    ],
    ids=lambda words: words[0],
)
def test_whatever_a_command_has_started_ends_with_it(home: Path, words: tuple[str, ...]) -> None:
    one, others = Marked(home, *words), 0
    while others < 8:
        with one.begin() as command:
            seen: set[int] = set()
            while len(seen) <= others and command.poll() is None:
                seen |= {process.pid for process in one.processes()} - {command.pid}
                time.sleep(0.02)
            command.kill()
        one.check_nobody_works()
        if len(seen) <= others:  # it ended before it started so many
            break
        others = len(seen)
    assert others, "it starts a process"


@pytest.mark.faults
@linux
def test_the_pages_of_mlflow_end_with_the_command_that_opened_them(home: Path) -> None:
    port = free_port()
    (home / "random.py").write_text("raise ImportError('it is the user's')")
    one = Marked(home, "ui", "--port", str(port))
    with one.begin() as command:
        while not is_open(port):
            assert command.poll() is None, command.communicate()
            time.sleep(0.1)
        assert len(one.processes()) > 1
        command.kill()
    one.check_nobody_works()
    wait_for(lambda: not is_open(port))  # a process that ends gives up its memory first


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
