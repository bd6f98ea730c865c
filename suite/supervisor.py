"""A study runs in a process of its own, watched by a light one, so that a trial may take its process with it.

A trial that uses up the memory is killed by the system, together with whatever shares its process. The one that
watches writes it down as failed and goes on with a new process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

_WORKER = "SUITE_WORKER"  # set in the environment of the process that works
_OWN_END = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}  # somebody asked for it


def is_worker() -> bool:
    """Whether this process is the one that works."""
    return _WORKER in os.environ


def heed() -> None:
    """Take a polite request to end as an interruption: what is half done is given back, and cleared away."""
    for number in _OWN_END:
        signal.signal(number, signal.default_int_handler)


def obey() -> None:
    """Heed requests to end, and end this worker when its watcher is gone, even by kill -9: nobody would see it work."""
    heed()

    def watch() -> None:
        while os.read(0, 1):  # the watcher writes nothing: this returns when it has gone
            pass
        os._exit(130)

    threading.Thread(target=watch, name="watcher", daemon=True).start()


def supervise(arguments: Sequence[str], fail: Callable[[str], bool]) -> int:
    """Run `suite ARGUMENTS` in worker processes until one ends by itself; return its exit code.

    When one is killed by the system, `fail` is called with the reason; it writes down what was running and returns
    whether anything was, for if nothing was, another process would die the same way.
    """
    while True:
        code = _work(arguments)
        if code >= 0 or -code in _OWN_END:
            return 130 if code < 0 else code
        reason = f"its process was ended by {signal.Signals(-code).name}"
        reason += ", most likely for want of memory" if -code == signal.SIGKILL else ""
        if not fail(reason):
            return 1


def _work(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "suite", *arguments]
    # In a group of its own, so that Ctrl-C reaches it once, from here.
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, _WORKER: "1"}, process_group=0)
    before = {number: signal.signal(number, lambda number, _: worker.send_signal(number)) for number in _OWN_END}
    try:
        return worker.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
