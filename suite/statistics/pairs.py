"""Which trials are better than which, by their answers on the same pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEVEL = 0.05  # of error


def mcnemar(right: Mask, than: Mask) -> Array:
    """Return the exact two-sided p-value [K] of each trial of `right` [K, N] beside the trial `than` [N].

    Only pictures count that one of both has right. If both are equally good, each of these is a fair coin (McNemar,
    1947, Psychometrika 12; exact as in Dietterich, 1998, Neural Computation 10).
    """
    won, lost = (right & ~than).sum(axis=1), (~right & than).sum(axis=1)
    return np.minimum(1.0, 2 * bdtr(np.minimum(won, lost).astype(float), won + lost, 0.5))


def holm(p: ArrayLike, tests: int | None = None) -> Array:
    """Return p-values [T] of several tests, raised so that all together err at the stated level (Holm, 1979).

    If what is tested was chosen among more tests, `tests` says how many those are.
    """
    known = np.asarray(p, dtype=float)
    ascending = np.argsort(known, kind="stable")
    raised = np.empty(len(known))
    raised[ascending] = np.maximum.accumulate(known[ascending] * ((tests or len(known)) - np.arange(len(known))))
    return np.minimum(1.0, raised)


def not_worse(right: Mask, best: int, level: float = LEVEL) -> Mask:
    """Mask [K] of the trials of `right` [K, N] that are not measurably worse than `best`, the best on these pictures.

    Of equal trials, the luckiest is `best`. So Holm's correction is for all pairs: any might have been compared.
    """
    worse = right.sum(axis=1) < right[best].sum()
    return ~(worse & (holm(mcnemar(right, right[best]), every_pair(len(right))) <= level))


def every_pair(count: int) -> int:
    """Return how many pairs so many have, at least 1."""
    return max(1, count * (count - 1) // 2)


def different(right: Mask, among: int | None = None, level: float = LEVEL) -> Mask:
    """Mask [K, K] of the pairs of trials of `right` [K, N] that can be told apart, all pairs judged together.

    If the trials were chosen `among` more, by the same pictures, all pairs of those are judged.
    """
    first, second = np.triu_indices(len(right), 1)
    p = np.concatenate([mcnemar(right[one + 1 :], right[one]) for one in range(len(right) - 1)] or [np.empty(0)])
    apart = np.zeros((len(right), len(right)), dtype=bool)
    apart[first, second] = apart[second, first] = holm(p, every_pair(among or len(right))) <= level
    return apart


def groups(apart: Mask) -> list[list[int]]:
    """Return the largest groups of trials of which no two can be told `apart` [K, K]; a trial may be in several.

    Two trials share a group if and only if they cannot be told apart. Groups come in the sequence of their first trials
    (Piepho, 2004, An algorithm for a letter-based representation of all-pairwise comparisons, JCGS 13: insert and
    absorb).
    """
    found = [frozenset(range(len(apart)))]
    for one, other in np.argwhere(np.triu(apart)):
        split = [group - {left} for group in found if {one, other} <= group for left in (one, other)]
        found = _largest([group for group in found if not {one, other} <= group] + split)
    return sorted(map(sorted, found))


def _largest(sets: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    distinct = list(dict.fromkeys(sets))
    return [one for one in distinct if not any(one < other for other in distinct)]


def letters(apart: Mask) -> list[str]:
    """Return the letters [K] of each trial: two trials that share one cannot be told `apart` [K, K].

    After z comes aa.
    """
    named = [(_letter(number), group) for number, group in enumerate(groups(apart))]
    return ["".join(name for name, group in named if trial in group) for trial in range(len(apart))]


def _letter(number: int) -> str:
    rest, last = divmod(number, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("a") + last)
