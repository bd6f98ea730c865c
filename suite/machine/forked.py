"""Helpers that are forked from a warm process (`suite.machine.warm`), seen from the process that asks for them."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from suite.machine.environment import DECIDED

# What Python, TensorFlow, Keras and their libraries read when they are loaded, by how the names begin.
READ = (
    *("CUDA", "DNNL", "GLIBC", "HOME", "KERAS", "KMP", "LANG", "LC_", "LD_", "MALLOC", "MKL"),
    *("NVIDIA", "OMP", "ONEDNN", "OPENBLAS", "PATH", "PYTHON", "TF_", "XLA"),
)


def can_fork() -> bool:
    """Whether helpers can be forked here: on Linux, without a GPU, whose driver may not be forked."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and not Path("/proc/driver/nvidia").exists()


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a warm process and its helpers must have in common of their environments."""
    return {name: value for name, value in environment.items() if name.startswith(READ) and name not in DECIDED}


class Warm:
    """A warm process of this process's own; it ends with it."""

    def __init__(self, pid: int, asking: socket.socket, environment: Mapping[str, str]) -> None:
        """Ask the process `pid` through a socket. It has loaded its libraries by the settings of an environment."""
        self.pid, self._asking, self.settings = pid, asking, settings(environment)

    @classmethod
    def started(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Start one by `command`, which runs suite.machine.warm with one more argument. Raises OSError."""
        ours, theirs = pair()
        with theirs:
            process = subprocess.Popen(
                [*command, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=dict(environment),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        process.returncode = 0  # `close` waits for it
        return cls(process.pid, ours, environment)

    def close(self) -> None:
        """End it; helpers that it has forked go on."""
        self._asking.close()
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether it lives, and loaded its libraries as a helper with this environment would."""
        return self._lives() and self.settings == settings(environment)

    def _lives(self) -> bool:
        try:
            return bool(self._asking.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:  # the other end is open, and says nothing
            return True
        except OSError:
            return False

    def fork(self, arguments: Sequence[str], environment: Mapping[str, str], errors: int) -> Forked:
        """Return a helper with pipes as stdin and stdout, and the descriptor `errors` as stderr. Raises OSError."""
        given, writing = os.pipe()
        reading, answers = os.pipe()
        told, telling = pair()
        asked = {"arguments": list(arguments), "folder": str(Path.cwd()), "environment": dict(environment)}
        forked = Forked(told, os.fdopen(writing, "w"), os.fdopen(reading, "r"))
        try:
            with telling:
                message = json.dumps(asked).encode()
                socket.send_fds(self._asking, [message], [given, answers, errors, telling.fileno()])
        except OSError:
            forked.close()
            raise
        finally:
            os.close(given)
            os.close(answers)
        return forked


def pair() -> tuple[socket.socket, socket.socket]:
    """Return this process's end of a new socket to a warm process, and the other one."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Forked:
    """A helper that was forked: what callers need of subprocess.Popen."""

    def __init__(self, told: socket.socket, stdin: IO[str], stdout: IO[str]) -> None:
        self.stdin, self.stdout = stdin, stdout
        self.returncode: int | None = None
        self._told = told
        self._process: int | None = None  # its descriptor, once it is forked
        self._pid = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.stdout.close()
        try:
            self.stdin.close()
        finally:
            self.wait()

    @property
    def pid(self) -> int:
        """Its number; 0 if it was never forked. Waits until the warm process has forked it."""
        if self._process is None and self.returncode is None:
            said, descriptors, *_ = socket.recv_fds(self._told, 32, 1)
            if descriptors:
                self._pid, self._process = int(said), descriptors[0]
            else:
                self._end(1)
        return self._pid

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it ends, or for `timeout` seconds; return its exit code, None while it runs."""
        if self.returncode is None and self.pid and select.select([self._told], [], [], timeout)[0]:
            self._end(int(self._told.recv(32) or 1))  # nothing: the warm process was killed, so nobody knows
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None and self._process is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Close what leads to it."""
        for stream in (self.stdin, self.stdout):
            stream.close()
        self._end(1)

    def _end(self, code: int) -> None:
        self.returncode = code
        self._told.close()
        if self._process is not None:
            os.close(self._process)
