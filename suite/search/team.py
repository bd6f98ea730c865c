"""A team: workers of this machine that search one study side by side, each on its part of the processors.

The first worker begins the study, speaks for all and ends them. The others are helpers, forked where that can be, so
that they begin at once.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryFile
from typing import IO, Self

from suite.machine import capacity, gpus, helper, interruption, warm
from suite.machine.forked import Forked
from suite.search import conduct, folder, supervisor, worker
from suite.timing.timer import Timer

_log = logging.getLogger("suite.search")


class Team:
    """The other workers of a study that this one has begun; a context manager that ends them."""

    def __init__(self, folder: Path, workers: int) -> None:
        """Prepare to search in a run folder, `workers` in all."""
        self._folder, self._workers = folder, workers
        self._others: list[tuple[Popen[str] | Forked, threading.Thread]] = []  # each with what waits for its end
        self._ending = False

    def __enter__(self) -> Self:
        for number in range(1, self._workers):
            self._join(number)
        return self

    def __exit__(self, *error: object) -> None:
        """End those who still work; they give back what they have begun."""
        self._ending = True
        for one, _ in self._others:
            with suppress(OSError):
                one.stdin.close()  # type: ignore[union-attr]  # which tells it to end
        for _, watch in self._others:
            watch.join()

    def _join(self, number: int) -> None:
        errors = TemporaryFile("w+")  # noqa: SIM115  # closed when its worker has ended
        told = (str(self._folder), str(number), str(self._workers))
        environment = {**os.environ, worker.TEAM: worker.team()}
        one = helper.start(__name__, *told, errors=errors, environment=environment)
        watch = threading.Thread(target=self._watch, args=(one, errors), name="team", daemon=True)
        self._others.append((one, watch))
        watch.start()

    def _watch(self, one: Popen[str] | Forked, errors: IO[str]) -> None:
        """Wait for the end of another worker, and say it if it came before its time: what it did is done again."""
        code = one.wait() or 0
        with errors, suppress(OSError):
            one.stdout.close()  # type: ignore[union-attr]
            errors.seek(0)
            said = errors.read().strip().splitlines()[-1:]
        if code and not self._ending:
            reason = f"ended by {signal.Signals(-code).name}" if code < 0 else f"gone: {''.join(said)[:200]}"
            _log.warning("A worker beside this one was %s. The study goes on without it.", reason)


def main() -> None:
    """Search beside the worker that began a run: the command line has its folder, and which of how many this is."""
    home, number, workers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    interruption.heed()
    supervisor.obey()
    os.dup2(2, 1)  # nobody reads what it prints
    with suppress(OSError):
        helper.keep(warm.split_off())  # for the process that times its candidates
    capacity.take_part(number, workers)
    gpus.take_part(number)
    study = folder.kept(home)
    try:
        with Timer.of(study.latency, study.measures) as timer:
            conduct.join(home, timer, workers)
    except KeyboardInterrupt:
        sys.exit(130)
