"""TensorFlow without the lines that its libraries write past Python, where nobody can ask them not to."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def load_tensorflow() -> None:
    """Import TensorFlow; drop what its C++ side writes to stderr meanwhile (about missing drivers).

    Its warnings are dropped too: they tell how a program should be written (retracing), not what a user can mend.
    """
    if "tensorflow" not in sys.modules:
        with silenced():
            import tensorflow  # noqa: F401
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


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
