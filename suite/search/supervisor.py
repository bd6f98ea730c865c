"""A study runs in a worker process, watched by a light one, so that a trial that kills its process does not end it.

A trial that uses up the memory is killed by the system, together with all that shares its process. The watcher marks
the trial as failed and goes on with a new worker.
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


def supervise(arguments: Sequence[str], fail: Callable[[str], bool], ended: Callable[[], int]) -> int:
    """Run `suite ARGUMENTS` in worker processes until one ends by itself; return its exit code.

    When the system kills a worker, `fail` gets the reason, marks the running trials as failed and returns whether there
    were any. Another worker takes over, unless DEATHS workers died in a row and the number of trials that have `ended`
    stayed the same: the next one would die as well. None takes over from a worker that was asked to end, even if it
    crashed on its way out, as TensorFlow may.
    """
    deaths, in_vain, before = 0, 0, ended()
    while (code := _work(arguments)) < 0 and -code not in ENDS:
        reason, deaths = _reason(-code), deaths + 1
        if not fail(reason):
            _say(f"no trial was running when a worker ended: {reason}. Workers that died so far: {deaths}.")
        now = ended()
        in_vain, before = in_vain + 1 if now == before else 0, now
        if in_vain == DEATHS:
            _say(f"{DEATHS} workers died in a row and no trial ended in between, so no other is started.")
            return 1
    return 130 if code < 0 else code


def _reason(number: int) -> str:
    likely = ", most likely for want of memory" if number == signal.SIGKILL else ""
    return f"its process was ended by {signal.Signals(number).name}{likely}"


def _say(words: str) -> None:
    print(f"suite: {words} What was finished is kept.", file=sys.stderr, flush=True)


def _work(arguments: Sequence[str]) -> int:
    """Run one worker; return its exit code, or that of a request to end if it got one and then crashed."""
    command = [*PYTHON, "suite", *arguments]
    early: list[int] = []
    asked: list[int] = []
    worker: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        worker.send_signal(number) if worker else early.append(number)

    before = {number: signal.signal(number, pass_on) for number in heeded()}
    try:
        # In another process group, so that Ctrl-C reaches it once, from here.
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, _WORKER: "1"}, process_group=0)
        with worker:  # closes the pipe that tells the worker that its watcher lives
            for number in early:
                worker.send_signal(number)
            code = worker.wait()
        return -asked[0] if asked and code < 0 else code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
