"""Progress of work on many things: a bar on a terminal, elsewhere a line now and then. Both tell the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")

SOON = 2.0  # seconds of work that show no bar
QUIET = 30.0  # seconds between two lines if there is no bar


def left(began: float, done: int, total: int) -> timedelta:
    """Return the time left of `total` things, judged by those done since `began`, a reading of time.monotonic."""
    return timedelta(seconds=round((time.monotonic() - began) / done * (total - done)))


def watched(things: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield `things`, and show progress on stderr after SOON seconds (a bar) or QUIET seconds (lines)."""
    console = Console(file=sys.stderr)
    return _with_bar(things, total, what, console) if console.is_terminal else _with_lines(things, total, what, console)


def _with_bar(things: Iterable[T], total: int, what: str, console: Console) -> Iterator[T]:
    rest, done, began = iter(things), 0, time.monotonic()
    for thing in rest:
        yield thing
        done += 1
        if time.monotonic() - began > SOON:
            break
    yield from track(rest, what, total=total, completed=done, console=console, transient=True)


def _with_lines(things: Iterable[T], total: int, what: str, console: Console) -> Iterator[T]:
    began = said = time.monotonic()
    for done, thing in enumerate(things, start=1):
        yield thing
        now = time.monotonic()
        if now - said > QUIET:
            console.print(f"{what}: {done:,} of {total:,}, {left(began, done, total)} left", highlight=False)
            said = now
