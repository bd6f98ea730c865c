"""The end of a command that goes on until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from suite.cli.speaking import tell


@contextmanager
def until_interrupted(said: str) -> Iterator[None]:
    """Go on until Ctrl-C or another request to end; then say so and exit with 130."""
    try:
        yield
    except KeyboardInterrupt:
        tell(f"suite: {said}")
        sys.exit(130)
