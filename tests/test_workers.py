"""Several workers on one study: whatever becomes of them, no trial is run twice, and the budget is kept to."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from suite.core.study import Budget, Study
from suite.core.trial import Trial
from suite.search import folder
from suite.search.budget import spent
from tests import studies
from tests.test_store import shared as shared  # the databases that machines share

ROOT = Path(__file__).parents[1]

# Writes a line for each trial that it was given, so that one that was given twice is seen whatever the store says.
WORKER = """
import random, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from suite.machine import interruption
from suite.search import folder, worker
from suite.search.budget import spent
from tests import studies
from tests.test_workers import study

wanted = study({name!r}, {trials})

def within(trials):
    return not spent(trials, wanted).exhausts(wanted.budget)

interruption.heed()
print("ready", flush=True)
sys.stdin.readline()
try:
    with folder.opened(Path({home!r}), wanted, {url!r}) as store:
        while trial := store.ask(within=within):
            print(trial.number, flush=True)
            time.sleep(random.uniform(0.5, 1.0) * {seconds})
            store.finish(trial.dropped("by chance") if random.random() < 0.3 else studies.complete(trial))
except KeyboardInterrupt:
    sys.exit(130)
"""


def study(name: str, trials: int) -> Study:
    """Return a study without limits, by a sampler that takes no time."""
    return studies.study(name=name, sampler="random", constraints=(), budget=Budget(trials=trials))


class Workers:
    """Real processes that work on one study."""

    def __init__(self, home: Path, url: str | None, trials: int, seconds: float = 0.05) -> None:
        self.name = f"study-{time.time_ns()}"
        self.home, self.url, self.trials = home, url, trials
        self.seconds = seconds
        self.given: list[int] = []
        self.errors: list[str] = []

    def start(self, count: int) -> list[subprocess.Popen[str]]:
        """Start so many at once: they wait for each other after their imports."""
        code = WORKER.format(
            root=str(ROOT), home=str(self.home), name=self.name, trials=self.trials, url=self.url, seconds=self.seconds
        )
        pipe = subprocess.PIPE
        started = [
            subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            for _ in range(count)
        ]
        for worker in started:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n", worker.communicate()
        for worker in started:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        return started

    def end(self, workers: Sequence[subprocess.Popen[str]]) -> list[int]:
        """Wait until all have ended, and return their exit codes."""
        for worker in workers:
            said, errors = worker.communicate(timeout=300)
            self.given += map(int, said.split())
            self.errors.append(errors)
        return [worker.returncode for worker in workers]

    def read(self) -> list[Trial]:
        """Return the trials as they are now."""
        with folder.opened(self.home, study(self.name, self.trials), self.url) as store:
            return store.trials()

    def check(self) -> None:
        """Check all that must hold when the last worker has found the budget spent."""
        trials = self.read()
        counts = Counter(trial.state for trial in trials)
        assert spent(trials, study(self.name, self.trials)).trials == self.trials, counts
        assert counts["running"] == 0, counts
        assert [number for number, times in Counter(self.given).items() if times > 1] == []
        done = [json.dumps(trial.configuration) for trial in trials if trial.state != "interrupted"]
        assert [one for one, times in Counter(done).items() if times > 1] == []
        lost = [trial for trial in trials if trial.state == "interrupted"]
        assert not [trial.number for trial in lost if json.dumps(trial.configuration) not in done]


def test_workers_side_by_side_spend_the_budget_to_the_trial(tmp_path: Path, shared: str) -> None:
    workers = Workers(tmp_path / "run", shared, trials=9)
    assert workers.end(workers.start(4)) == [0] * 4, workers.errors
    workers.check()


def test_the_trial_of_a_dead_worker_is_given_out_once_by_several_that_find_it_at_once(
    tmp_path: Path, shared: str
) -> None:
    workers = Workers(tmp_path / "run", shared, trials=4, seconds=60)
    killed = workers.start(3)
    for worker in killed:  # all have a trial before one dies: else the next takes that over, and dies of it as well
        assert worker.stdout is not None
        workers.given.append(int(worker.stdout.readline()))
    for worker in killed:
        worker.kill()
    workers.end(killed)
    workers.seconds = 0.05
    assert workers.end(workers.start(4)) == [0] * 4, workers.errors
    workers.check()
    assert Counter(trial.state for trial in workers.read())["interrupted"] == 3


def hammered(workers: Workers, count: int, blows: int, seed: int) -> None:
    """Kill workers at random moments, with and without warning, and put others in their place."""
    source = random.Random(seed)
    running = workers.start(count)
    for _ in range(blows):
        time.sleep(source.uniform(0, 0.5))
        struck = running.pop(source.randrange(count))
        end = source.choice([signal.SIGKILL, signal.SIGTERM])
        os.kill(struck.pid, end) if struck.poll() is None else None
        (code,) = workers.end([struck])
        assert code in (0, 130, -signal.SIGKILL), workers.errors[-1]
        if code == 130:
            owned = [trial for trial in workers.read() if trial.state == "running" and trial.number in workers.given]
            assert not owned  # who was asked to end has given back
        running += workers.start(1)
    assert workers.end(running) == [0] * count, workers.errors
    workers.check()


def test_workers_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path, shared: str) -> None:
    hammered(Workers(tmp_path / "run", shared, trials=25, seconds=0.1), count=2, blows=2, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_many_workers_killed_again_and_again_lose_and_double_nothing(tmp_path: Path, shared: str, seed: int) -> None:
    hammered(Workers(tmp_path / "run", shared, trials=150, seconds=0.2), count=4, blows=12, seed=seed)
