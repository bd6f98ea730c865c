"""Inputs of strangers: what was once sound, with changes; and how many of them a test tries."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings

from suite.core.errors import SuiteError

COUNT = int(os.environ.get("SUITE_FUZZ", "0"))  # inputs of each kind (`make fuzz`); by default few, the same every time
LENGTHS = (0, 1, 1, 2, 4, 8, 40, 10**6)
LONGEST = 5_000  # characters of an error
HANGS = 120  # seconds after which an input of some kilobytes has hung, on the busiest of machines

Input = TypeVar("Input")


def inputs(usual: int, most: int = 10**9) -> settings:
    """Return how many examples a property is held against: `usual`, or as many as SUITE_FUZZ says, new ones.

    Where each takes long it is held against `most` of them at most.
    """
    return settings(
        max_examples=min(COUNT, most) or usual, derandomize=not COUNT, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def changed(sound: bytes, words: Sequence[bytes], source: random.Random) -> bytes:
    """Return bytes with a few changes: a bit flipped, a part cut, doubled or replaced by a word."""
    content = bytearray(sound)
    for _ in range(source.randint(1, 6)):
        start, length = source.randrange(len(content) + 1), source.choice(LENGTHS)
        kind = source.randrange(4)
        if kind == 0 and start < len(content):
            content[start] ^= 1 << source.randrange(8)
        elif kind == 1:
            content[start : start + length] = source.choice(words)
        elif kind == 2:
            content[start:start] = content[start : start + length][:4096]
        else:
            del content[start : start + length]
    return bytes(content)


def faults(
    drawn: Callable[[int], Input], fault: Callable[[Input], Exception | None], seeds: Iterable[int]
) -> dict[str, tuple[Input, Exception]]:
    """Return the faults of the inputs that are `drawn` by seeds, each once, with the input that showed it.

    What hangs is tried again: the machine may have slept.
    """
    found: dict[str, tuple[Input, Exception]] = {}
    for seed in seeds:
        one = drawn(seed)
        error, hung = _tried(fault, one)
        if hung:
            error, _ = _tried(fault, one)
        if error:
            found.setdefault(_place(error), (one, error))
    return found


def _tried(fault: Callable[[Input], Exception | None], one: Input) -> tuple[Exception | None, bool]:
    """Return the fault of an input, and whether it is that it hangs."""
    with _alarmed() as hung:
        error = fault(one)
    return (error or TimeoutError("it hangs")) if hung else error, bool(hung)


@dataclass(frozen=True)
class Kind:
    """A kind of file: sound ones, words that such files are made of, and what reads them."""

    sound: Sequence[bytes]
    words: Sequence[bytes]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...] = (SuiteError,)

    def drawn(self, seed: int) -> bytes:
        """Return one of the files with a few changes."""
        source = random.Random(seed)
        return changed(source.choice(self.sound), self.words, source)

    def fault(self, content: bytes, file: Path) -> Exception | None:
        """Return what goes wrong when a file with this content is read; None if it is read, or refused in one line."""
        file.write_bytes(content)
        try:
            self.read(file)
        except self.refusals as error:
            said = str(error)
            return None if "\n" not in said and len(said) < LONGEST else ValueError(f"no line: {said[:300]!r}")
        except Exception as error:
            return error
        return None

    def faults(self, seeds: Iterable[int], file: Path) -> dict[str, tuple[bytes, Exception]]:
        """Return the faults of many inputs, each once, with the input that showed it."""
        return faults(self.drawn, lambda content: self.fault(content, file), seeds)


@contextmanager
def _alarmed() -> Iterator[list[int]]:
    """Break off what hangs; the list is then not empty. What catches every error does not hide it."""
    hung: list[int] = []

    def late(number: int, frame: object) -> None:
        hung.append(number)
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    try:
        yield hung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _place(error: Exception) -> str:
    """Return where an error comes from: faults of one place are one."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else str(error)[:80]
    return f"{type(error).__name__} at {where}"
