"""A number with its word, in English: one thread, two threads."""

from __future__ import annotations


def numbered(number: int | float, one: str, several: str = "") -> str:
    """Return `1 thread`, `0.5 hours` or `1,200 threads`; `several` is the word where it does not only end in s."""
    told = f"{number:g}" if isinstance(number, float) else f"{number:,}"
    return f"{told} {one if number == 1 else several or f'{one}s'}"
