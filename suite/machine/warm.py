"""A warm process has loaded TensorFlow and Keras, and computed nothing: it forks helpers that need not load them again.

`python -m suite.machine.warm DESCRIPTOR`, a socket. Each message on it asks for one helper. It is JSON with the
helper's arguments, folder and environment, and brings four descriptors: the helper's stdin, stdout and stderr, and a
socket. On that socket the helper's number is told with a descriptor of its process, and at last its exit code.

A process that has loaded them itself need not wait for that: `split_off` makes a warm process of it.

A fork copies only the thread that forks. So this process must have no others: TensorFlow starts its own when it first
computes. The process ends when nobody holds the other end of its socket, also when whoever started it was killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from typing import Any, TextIO

import numpy as np

from suite.machine import helper
from suite.machine.forked import Warm, pair
from suite.machine.quiet import load_tensorflow, pythons

LONGEST = 1 << 20  # bytes of a message


def main() -> None:
    """Load TensorFlow and Keras, and fork helpers until nobody can ask for one; a fork runs its helper."""
    heeds = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the helpers
    helper.start_lightly()
    load_tensorflow()
    importlib.import_module("keras")
    _serve(int(sys.argv[1]), heeds)


def split_off() -> Warm:
    """Fork a warm process off this one, which has loaded what helpers need and computed nothing; return it.

    Only the calling thread goes with it. Others may wait or read meanwhile, but do nothing that helpers rely on.
    """
    ours, theirs = pair()
    sys.stdout.flush()  # else both would write it
    pid = os.fork()
    if pid:
        theirs.close()
        return Warm(pid, ours, os.environ)
    code = 1
    try:
        ours.close()
        _forget()
        _serve(theirs.detach(), signal.default_int_handler)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:  # never back into what the process that was forked had begun
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _forget() -> None:
    """Leave what a process that was forked has to do with others: its terminal, and what it does when asked to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in {0, 1, 2} | pythons():
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _serve(descriptor: int, heeds: Any) -> None:
    """Fork helpers until nobody can ask for one; a fork runs its helper, which `heeds` Ctrl-C so."""
    gc.collect()
    gc.freeze()  # a collection in a helper would copy all that it looks at
    asked = _next_helper(descriptor)
    if asked is not None:
        _become(asked, heeds)
        helper.main()


def _next_helper(descriptor: int) -> dict[str, Any] | None:
    """Return, in each fork, what its helper is asked for. Return None, in this process, when it has to end."""
    with socket.socket(fileno=descriptor) as asking, selectors.DefaultSelector() as waiting:
        waiting.register(asking, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.data:
                    waiting.unregister(key.fd)
                    _tell_end(key.fd, *key.data)
                    continue
                message, descriptors, *_ = socket.recv_fds(asking, LONGEST, 4)
                if not message:
                    return None
                *streams, told = descriptors
                pid = os.fork()
                if not pid:
                    os.close(told)
                    return {"streams": streams, **json.loads(message)}
                for one in streams:
                    os.close(one)
                process, telling = os.pidfd_open(pid), socket.socket(fileno=told)
                waiting.register(process, selectors.EVENT_READ, (pid, telling))
                with suppress(OSError):  # who asked is gone
                    socket.send_fds(telling, [str(pid).encode()], [process])


def _tell_end(process: int, pid: int, telling: socket.socket) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(process)
    with telling, suppress(OSError):
        telling.send(str(code).encode())


def _become(asked: dict[str, Any], heeds: Any) -> None:
    """Take over what a Python of its own would begin with."""
    for number, one in enumerate(asked["streams"]):
        os.dup2(one, number)
        os.close(one)
    sys.stdin, sys.stdout, sys.stderr = map(_stream, range(3), (sys.stdin, sys.stdout, sys.stderr))
    signal.signal(signal.SIGINT, heeds)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    tempfile.tempdir = None  # it depends on the environment, and so do times
    time.tzset()
    np.random.seed()  # else all helpers would draw the same numbers
    sys.argv = [sys.argv[0], *asked["arguments"]]


def _stream(number: int, before: TextIO) -> TextIO:
    """Return a stream on a descriptor as it is now: the one `before` knows what it was, or is on none."""
    line_by_line = 1 if os.isatty(number) or number == 2 else -1
    return open(number, "w" if number else "r", line_by_line, before.encoding, before.errors, closefd=False)


if __name__ == "__main__":
    main()
