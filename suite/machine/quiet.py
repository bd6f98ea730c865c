"""TensorFlow without the lines that its libraries write past Python, where nobody can ask them not to."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from suite.machine import environment


def load_tensorflow() -> None:
    """Import TensorFlow; drop what its C++ side writes to stderr meanwhile (about missing drivers).

    Its warnings are dropped too: they tell how a program should be written (retracing), not what a user can mend.
    Raises SuiteError if it is not the installed one that would be imported.
    """
    if "tensorflow" not in sys.modules:
        environment.check()
        with silenced():
            import tensorflow  # noqa: F401
        # At the end of a process Python looks at every object for some to free, several times: half a million of these
        # libraries take seconds. All are freed with the process.
        atexit.register(gc.freeze)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def has_computed() -> bool:
    """Whether TensorFlow has computed in this process, and so has threads that a fork would lack."""
    from tensorflow.python.eager import context  # there is no public function for it

    return bool(context.context()._initialized)


def speak_alone() -> None:
    """Let Python alone write to stderr from now on: what libraries write there past Python goes nowhere.

    So libjpeg complains of odd pictures, in whichever thread decodes them. A process that is to be heard too has to be
    started with `stderr=sys.stderr`.
    """
    if sys.stderr is None or 2 not in pythons():
        return
    kept, before = os.dup(2), sys.stderr
    sys.stderr = open(kept, "w", 1, before.encoding, before.errors, closefd=False)  # noqa: SIM115
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)


def pythons() -> set[int]:
    """Return the descriptor that Python's stderr writes to; none if it is no file."""
    try:
        return {sys.stderr.fileno()}
    except (AttributeError, OSError):  # of a notebook, or of a test
        return set()


@contextmanager
def heard() -> Iterator[list[str]]:
    """Keep what this process writes to stderr from the terminal; yield a list that has its lines afterwards."""
    lines: list[str] = []
    with TemporaryFile() as file:
        try:
            with _turned(file.fileno(), {2}):
                yield lines
        finally:
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()


@contextmanager
def silenced() -> Iterator[None]:
    """Drop what this process writes to its terminal."""
    with open(os.devnull, "wb") as nowhere, _turned(nowhere.fileno(), {1, 2} | pythons()):
        yield


@contextmanager
def _turned(into: int, numbers: Iterable[int]) -> Iterator[None]:
    """Let what this process writes to the descriptors `numbers`, its C++ side too, go `into` another one."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in numbers}
    for number in kept:
        os.dup2(into, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
