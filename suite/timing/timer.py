"""A timer: the client of a process that times artefacts on one path, and stays for the next artefact."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from tempfile import TemporaryFile
from typing import IO, Any, Self

from suite.core.errors import SuiteError
from suite.core.paths import BESIDE, FOR_TRAINING, ONEDNN
from suite.core.study import Latency
from suite.machine import cache, helper, turns
from suite.machine.capacity import processors, used
from suite.machine.forked import Forked
from suite.machine.surroundings import surroundings, version_of
from suite.timing import references, rest, runtimes
from suite.timing.order import WATCHED, Order, Setup
from suite.timing.protocol import PAUSED, ROW

SERVED = 3  # timings after which another process goes on, where processes may differ


class GoneError(Exception):
    """The process ended before it had answered."""

    def __init__(self, code: int, errors: str) -> None:
        super().__init__(code, errors)
        self.code, self.errors = code, errors

    @property
    def is_killed(self) -> bool:
        """Whether the system ended it, as it does when memory runs out."""
        return self.code == -signal.SIGKILL

    def said(self, when: str) -> str:
        """Return the reason in one line; `when` says what it was doing."""
        if self.is_killed:
            return f"its process was killed while {when}"
        if self.code < 0:
            return f"its process crashed while {when} ({signal.Signals(-self.code).name})"
        last = self.errors.strip().splitlines()[-1:] or [f"exit code {self.code}"]
        return f"its process ended while {when}: {last[0][:200]}"


class Timer:
    """Times artefacts on one path, with the kernels that a user has; a context manager."""

    def __init__(self, path: str, threads: int, *, forked: bool = False) -> None:
        """Prepare to time on `path` with `threads` threads; `start` or the first order starts the process.

        It is `forked` where it can be, if its own memory is not measured. Raises MissingExtraError when the library of
        `path` is not installed.
        """
        runtimes.check(path)
        self.path, self.threads, self._forked = path, threads, forked
        self._process: subprocess.Popen[str] | Forked | None = None
        self._errors: IO[str] | None = None
        self._file = cache.folder() / "rest.json"
        self.without = ""  # why there are no references; empty if there are
        self._moments: dict[str, rest.Moments] = {}  # by the manner of calling references; empty: not read yet
        self._served = 0  # orders that the process has had

    @classmethod
    def of(cls, wanted: Latency, measures: Collection[str]) -> Timer:
        """Return the timer of a study that measures latency as `wanted`, and reads `measures`."""
        return cls(wanted.path, wanted.threads or processors(), forked="peak_memory" not in measures)

    def place(self, manner: str) -> str:
        """Return what decides how long references take here: device, path, threads, versions, kernels, manner."""
        known = surroundings()
        beside = BESIDE.get(self.path, self.path)
        versions = [version_of(name) for name in references.LIBRARIES]
        words = [known["device"], beside, f"{self.threads} threads", f"oneDNN {onednn()}", *versions]
        return ", ".join([*words, f"references {references.VERSION}", manner])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process if there is none, so that it loads its libraries while others work."""
        self._started()

    def close(self) -> None:
        """End the process; the next order starts another."""
        process, self._process, self._served = self._process, None, 0
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, self._errors):
            with suppress(OSError):  # an order that was not sent cannot be sent now
                if stream:
                    stream.close()

    def renew(self, served: int = SERVED) -> None:
        """End the process if it has `served` so many orders: two differ a little, and a start takes seconds."""
        if self._served >= served:
            self.close()

    def ask(self, order: Order) -> Iterator[dict[str, Any]]:
        """Yield the answers for each batch size of an order, as they come. Raises GoneError when the process ends.

        Meanwhile nobody else trains or times on these processors.
        """
        process = self._started()
        assert process.stdin
        assert process.stdout
        if not self._moments:
            self._moments = {manner: rest.known(self._file, self.place(manner)) for manner in (ROW, PAUSED)}
        self._served += 1
        with turns.alone(used(self.threads)):
            try:
                process.stdin.write(json.dumps(asdict(replace(order, rests=self._rests()))) + "\n")
                process.stdin.flush()
                for line in process.stdout:
                    answer = json.loads(line) if line.startswith("{") else {}
                    if answer.get("done"):
                        for manner, seen in answer["moments"].items():
                            self._moments[manner] = rest.refined(self._file, self.place(manner), seen)
                        return
                    if answer:
                        yield answer
            except BrokenPipeError:
                pass
            except BaseException:
                self.close()
                raise
        raise self._gone(process)

    def _rests(self) -> dict[str, dict[str, float]]:
        return {manner: rest.rests(seen) for manner, seen in self._moments.items()}

    def _gone(self, process: subprocess.Popen[str] | Forked) -> GoneError:
        code = process.wait() or 0
        assert self._errors
        self._errors.seek(0)
        said = self._errors.read()
        self.close()
        return GoneError(code, said)

    def _started(self) -> subprocess.Popen[str] | Forked:
        if self._process is None:
            setup = Setup(
                path=self.path, threads=self.threads, processors=tuple(sorted(used(self.threads))), watched=WATCHED,
                references=self._references(),
            )  # fmt: skip
            self._errors = TemporaryFile("w+")  # noqa: SIM115  # closed with the process
            start = helper.start if self._forked else helper.started
            self._process = start("suite.timing.process", errors=self._errors, environment=_environment())
            assert self._process.stdin
            self._process.stdin.write(json.dumps(asdict(setup)) + "\n")
            with suppress(BrokenPipeError):  # it ended at once: the first order will say why
                self._process.stdin.flush()
        return self._process

    def _references(self) -> dict[str, str]:
        """Return the artefacts of the references; none if they cannot be written: better to time without them."""
        try:
            return {name: str(file) for name, file in references.files(self.path).items()}
        except (SuiteError, OSError) as error:
            self.without = str(error)
            return {}


def onednn() -> str:
    """Return whether TensorFlow's oneDNN kernels run in timings: `on` or `off`."""
    return "off" if _environment().get(ONEDNN) == "0" else "on"


def _environment() -> dict[str, str]:
    """Return the environment of a user who deploys: oneDNN is on again if it was off only for trainings."""
    known = dict(os.environ)
    if known.pop(FOR_TRAINING, ""):
        known.pop(ONEDNN, None)
    return known
