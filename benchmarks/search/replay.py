"""One search, replayed on a table: it asks, the table answers, and what was found is measured."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from search.problem import LOW_COST, REFERENCE, Configuration, Problem
from suite.core.fronts import Values, hypervolume_curve

REPEATS = 25  # answers in a row that a method gets again for nothing


class Method(Protocol):
    """A search. It may know every cost beforehand, but neither errors nor the scale they are measured on."""

    free_repeats: bool = True  # False for one that would train a configuration again

    def ask(self) -> Configuration:
        """Return what to train next."""
        ...

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Learn an answer, also to what it did not ask: a random configuration ends a row of repeats."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What came of one search."""

    problem: str
    method: str
    seed: int
    curve: Values  # [evaluations] percent of the table's hypervolume
    seconds: float  # of thought for each proposal


Factory = Callable[[Problem, int], Method]


def replay(problem: Problem, factory: Factory, seed: int, evaluations: int) -> Values:
    """Return the hypervolume after 1, 2, ... `evaluations` full trainings, in percent of the whole table's.

    A low run counts LOW_COST and enters no hypervolume.
    """
    method, source = factory(problem, seed), random.Random(seed)
    known: set[tuple[int | None, bool]] = set()  # row, whether in full
    ends, points = [], []  # of full runs: what was spent at their end, and where they lie
    spent, repeats = 0.0, 0
    while spent < evaluations:
        asked = _fresh(problem, known, source) if repeats == REPEATS else method.ask()
        row, whole = problem.row(asked), problem.full(asked)
        method.tell(asked, *problem.answer(asked))
        if method.free_repeats and (row is None or (row, whole) in known):
            repeats += 1
            continue
        known.add((row, whole))
        repeats = 0
        spent += 1 if whole else LOW_COST
        if whole:
            ends.append(spent)
            points.append(REFERENCE if row is None else problem.scaled[row])
    curve = 100 * hypervolume_curve(np.array(points), REFERENCE) / problem.whole
    done = np.searchsorted(np.array(ends) - 1e-9, np.arange(1, evaluations + 1), side="right")
    return np.concatenate([[0.0], curve])[done]


def clocked(problem: Problem, factory: Factory, seed: int, evaluations: int) -> tuple[Values, float]:
    """Return the curve of a replay, and the seconds of thought for each proposal, repeats included."""
    clock: list[_Clocked] = []

    def wound(problem: Problem, seed: int) -> Method:
        clock.append(_Clocked(factory(problem, seed)))
        return clock[0]

    curve = replay(problem, wound, seed, evaluations)
    return curve, clock[0].seconds / clock[0].proposals


class _Clocked:
    """A method, the seconds of processor time that it took, and how often it was asked.

    Of one thread: on an idle machine the clock on the wall says the same, on a busy one it would say anything.
    """

    def __init__(self, method: Method) -> None:
        self._method, self.seconds, self.proposals = method, 0.0, 0
        self.free_repeats = method.free_repeats

    def ask(self) -> Configuration:
        began = time.process_time()
        asked = self._method.ask()
        self.seconds += time.process_time() - began
        self.proposals += 1
        return asked

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        began = time.process_time()
        self._method.tell(configuration, error, cost)
        self.seconds += time.process_time() - began


def _fresh(problem: Problem, known: set[tuple[int | None, bool]], source: random.Random) -> Configuration:
    """Return a random configuration of the table that was not trained in full."""
    drawn = source.randrange(len(problem.rows))
    while (drawn, True) in known:
        drawn = source.randrange(len(problem.rows))
    return problem.rows[drawn]
