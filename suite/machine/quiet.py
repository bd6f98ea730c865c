"""TensorFlow without the lines that its libraries write past Python, where nobody can ask them not to."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile


def load_tensorflow() -> None:
    """Import TensorFlow; drop what its C++ side writes to stderr meanwhile (about missing drivers).

    Its warnings are dropped too: they tell how a program should be written (retracing), not what a user can mend.
    """
    if "tensorflow" not in sys.modules:
        with silenced():
            import tensorflow  # noqa: F401
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def heard() -> Iterator[list[str]]:
    """Keep what this process writes to stderr from the terminal; yield a list that has its lines afterwards."""
    lines: list[str] = []
    sys.stderr.flush()
    kept = os.dup(2)
    with TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()


@contextmanager
def silenced() -> Iterator[None]:
    """Drop what this process writes to its terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)
