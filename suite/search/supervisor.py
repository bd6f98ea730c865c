"""A study runs in a worker process, watched by a light one, so that a trial that kills its process does not end it.

A trial that uses up the memory is killed by the system, together with all that shares its process. The watcher marks
the trial as failed and goes on with a new worker. Where it can, it forks the worker off itself: half of what the worker
needs is loaded then, which saves a second or two.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from suite.machine.forked import can_fork
from suite.machine.helper import PYTHON
from suite.machine.interruption import ENDS, heeded

DEATHS = 3  # workers that died in a row while no trial ended, after which no other is started
_PATIENCE = 15  # seconds that a worker without a watcher has to give back its trial
_WORKER = "SUITE_WORKER"  # set in the environment of the process that works


def is_worker() -> bool:
    """Whether this process is the worker."""
    return _WORKER in os.environ


def obey() -> None:
    """End this worker when its watcher is gone, even by kill -9: it would work unseen."""

    def watch() -> None:
        while os.read(0, 1):  # the watcher writes nothing: this returns when it has gone
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PATIENCE)
        os._exit(130)

    threading.Thread(target=watch, name="watcher", daemon=True).start()


def may_fork() -> bool:
    """Whether a worker may be forked off this process: it has no threads and no TensorFlow, which starts some."""
    return can_fork() and threading.active_count() == 1 and "tensorflow" not in sys.modules


def supervise(
    arguments: Sequence[str], fail: Callable[[str], bool], ended: Callable[[], int], *, fork: bool = False
) -> int | None:
    """Run `suite ARGUMENTS` in worker processes until one ends by itself; return its exit code.

    With `fork`, they are forked off this process. Return None in each of them, which then does what is asked.

    When the system kills a worker, `fail` gets the reason, marks the running trials as failed and returns whether there
    were any. Another worker takes over, unless DEATHS workers died in a row and the number of trials that have `ended`
    stayed the same: the next one would die as well. None takes over from a worker that was asked to end, even if it
    crashed on its way out, as TensorFlow may.
    """
    deaths, in_vain, before = 0, 0, ended()
    while (code := _work(arguments, fork)) is not None and code < 0 and -code not in ENDS:
        reason, deaths = _reason(-code), deaths + 1
        if not fail(reason):
            _say(f"no trial was running when a worker ended: {reason}. Workers that died so far: {deaths}.")
        now = ended()
        in_vain, before = in_vain + 1 if now == before else 0, now
        if in_vain == DEATHS:
            _say(f"{DEATHS} workers died in a row and no trial ended in between, so no other is started.")
            return 1
    return 130 if code is not None and code < 0 else code


def _reason(number: int) -> str:
    likely = ", most likely for want of memory" if number == signal.SIGKILL else ""
    return f"its process was ended by {signal.Signals(number).name}{likely}"


def _say(words: str) -> None:
    print(f"suite: {words} What was finished is kept.", file=sys.stderr, flush=True)


def _work(arguments: Sequence[str], fork: bool) -> int | None:
    """Run one worker; return its exit code, or that of a request to end if it got one and then crashed.

    Return None in a worker that was forked. It heeds requests to end as this process did before.
    """
    early: list[int] = []
    asked: list[int] = []
    worker: subprocess.Popen[bytes] | _Forked | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        worker.send_signal(number) if worker else early.append(number)

    before = {number: signal.signal(number, pass_on) for number in heeded()}
    try:
        worker = _split_off() if fork else _started(arguments)
        if worker is None:
            return None
        with worker:  # closes the pipe that tells the worker that its watcher lives
            for number in early:
                worker.send_signal(number)
            code = worker.wait()
        return -asked[0] if asked and code < 0 else code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if worker is None and early:
            raise KeyboardInterrupt


# In another process group, so that Ctrl-C reaches it once, from its watcher.
def _started(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, _WORKER: "1"}
    command = [*PYTHON, "suite", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=sys.stderr, env=environment, process_group=0)


def _split_off() -> _Forked | None:
    """Fork a worker off this process; return None in the worker."""
    reading, writing = os.pipe()
    sys.stdout.flush()  # else both would write it
    sys.stderr.flush()
    if pid := os.fork():
        os.close(reading)
        return _Forked(pid, writing)
    os.close(writing)
    if reading:  # it is 0 where standard input was closed
        os.dup2(reading, 0)
        os.close(reading)
    os.setpgid(0, 0)
    os.environ[_WORKER] = "1"
    return None


class _Forked:
    """A worker that was forked, seen from its watcher: what it needs of subprocess.Popen."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid, self._pipe = pid, pipe

    def __enter__(self) -> _Forked:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._pipe)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._pid:
            os.kill(self._pid, number)

    def wait(self) -> int:
        """Wait until it ends; return its exit code."""
        status = os.waitpid(self._pid, 0)[1]
        self._pid = 0  # which may be another's from now on
        return os.waitstatus_to_exitcode(status)
