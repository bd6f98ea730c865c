"""A simulated study: real workers, a real database, and trainings that only take time.

The workers are forked from one process that has imported what they need, so that many can be started, and killed.
Each writes a line for each trial that it was given, so that one that was given twice is seen whatever the store says.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
import uuid
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from suite import tracking
from suite.core.errors import SuiteError
from suite.core.study import Budget, Study
from suite.core.trial import Trial
from suite.machine import interruption
from suite.search import folder
from suite.search.budget import spent
from tests import studies

ROOT = Path(__file__).parents[2]


def study(name: str, trials: int, sampler: str = "random") -> Study:
    """Return a study without limits."""
    return studies.study(name=name, sampler=sampler, constraints=(), budget=Budget(trials=trials))


class Simulated:
    """A study in `home` that forked workers search; a context manager that ends those that are left."""

    def __init__(
        self, home: Path, url: str | None, trials: int, seconds: float = 0.05, sampler: str = "random"
    ) -> None:
        self.home, self.url = home, url
        self.study = study(f"study-{uuid.uuid4().hex}", trials, sampler)
        self._told = {"home": str(home), "name": self.study.name, "trials": trials, "url": url, "sampler": sampler}
        self.seconds = seconds
        self.running: list[int] = []

    def __enter__(self) -> Self:
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", __name__, json.dumps(self._told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self.running):
            self.strike(worker)
        with self._nursery as nursery:
            assert nursery.stdin
            nursery.stdin.close()

    def start(self, count: int, **changes: Any) -> list[int]:
        """Start so many workers and return their process numbers. `changes` are of what `work` takes."""
        begun = [int(self._asked("start", json.dumps({"seconds": self.seconds, **changes}))) for _ in range(count)]
        self.running += begun
        return begun

    def strike(self, worker: int, blow: int = signal.SIGKILL) -> int:
        """Send a signal to a worker, wait for its end, and return its exit code."""
        os.kill(worker, blow)
        return self.end(worker)

    def end(self, worker: int) -> int:
        """Wait until a worker has ended; return its exit code."""
        self.running.remove(worker)
        return int(self._asked("wait", str(worker)))

    def end_all(self) -> list[int]:
        """Wait until all have ended; return their exit codes."""
        return [self.end(worker) for worker in list(self.running)]

    def errors(self) -> str:
        """Return what the workers have said of their ends."""
        return "".join(file.read_text()[-1500:] for file in self.home.parent.glob("*.errors"))

    def given(self) -> list[int]:
        """Return the numbers of the trials that workers were given."""
        file = _log(self.home)
        return list(map(int, file.read_text().split())) if file.exists() else []

    def wait_for(self, count: int) -> None:
        """Wait until so many trials were given out."""
        while len(self.given()) < count:
            assert self.running, self.errors()
            time.sleep(0.05)

    def read(self) -> list[Trial]:
        """Return the trials as they are now."""
        with folder.opened(self.home, self.study, self.url) as store:
            return store.trials()

    def check(self) -> None:
        """Check all that must hold when the last worker has found the budget spent."""
        trials = self.read()
        counts = Counter(trial.state for trial in trials)
        assert spent(trials, self.study).trials == self.study.budget.trials, counts
        assert counts["running"] == 0, counts
        assert [number for number, times in Counter(self.given()).items() if times > 1] == [], "given out twice"
        done = [json.dumps(trial.configuration) for trial in trials if trial.state != "interrupted"]
        twice = {one for one, times in Counter(done).items() if times > 1}
        rows = [
            (trial.number, trial.state, trial.reason, trial.started, trial.finished)
            for trial in trials if json.dumps(trial.configuration) in twice
        ]  # fmt: skip
        assert rows == [], f"done twice: {rows}"
        lost = [trial for trial in trials if trial.state == "interrupted"]
        assert not [trial.number for trial in lost if json.dumps(trial.configuration) not in done], "lost"

    def _asked(self, *words: str) -> str:
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(" ".join(words) + "\n")
        self._nursery.stdin.flush()
        return self._nursery.stdout.readline()


def _log(home: Path) -> Path:
    return home.with_suffix(".given")


def work(told: dict[str, Any], *, seconds: float, before: str = "", mlflow: str = "") -> None:
    """Search as a worker does until nothing is left. `before` is code that is run first; `mlflow` is told of it all."""
    exec(before, {})
    random.seed()
    wanted = study(told["name"], told["trials"], told["sampler"])
    home = Path(told["home"])
    given = os.open(_log(home), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with ExitStack() as stack:
        store = stack.enter_context(folder.opened(home, wanted, told["url"]))
        mirror = stack.enter_context(tracking.Mirror(home, wanted, mlflow, store.trials())) if mlflow else None
        while trial := store.ask(within=lambda trials: not spent(trials, wanted).exhausts(wanted.budget)):
            os.write(given, b"%d\n" % trial.number)
            if mirror:
                mirror.begin(trial)
            time.sleep(random.uniform(0, seconds))
            ended = trial.dropped("by chance") if random.random() < 0.3 else studies.complete(trial)
            store.finish(ended)
            if mirror:
                mirror.end(ended)


def _forked(told: dict[str, Any], asked: str) -> int:
    """Fork a worker that ends as the command line does; return its process number."""
    signal.pthread_sigmask(signal.SIG_BLOCK, interruption.ENDS)  # until they are heeded
    if worker := os.fork():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interruption.ENDS)
        return worker
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(f"{told['home']}.{os.getpid()}.errors", os.O_WRONLY | os.O_CREAT), 2)
    interruption.heed()
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interruption.ENDS)
        work(told, **json.loads(asked))
        code = 0
    except SuiteError as error:
        print(error, file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Fork a worker for each line `start`, and say how one ended for each line `wait NUMBER`."""
    told = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal of the tests is not for the nursery
    for line in sys.stdin:
        order, _, rest = line.strip().partition(" ")
        if order == "start":
            print(_forked(told, rest), flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(int(rest), 0)[1]), flush=True)


if __name__ == "__main__":
    main()
