"""Ours, Optuna's, and those that need no library: each behind `ask` and `tell`."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler

from search.problem import LOW_COST, REFERENCE, Configuration, Problem
from search.replay import Method
from suite.core.fronts import hypervolume, nondominated, rank
from suite.sampler import gaussian

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Random(Method):
    """Draws rows without replacement."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self._rows = iter(random.Random(seed).sample(problem.rows, len(problem.rows)))

    def ask(self) -> Configuration:
        """Return the next row."""
        return next(self._rows)


class Oracle(Method):
    """Knows the table and takes the greatest gain each time: the ceiling."""

    def __init__(self, problem: Problem, seed: int) -> None:
        # What is dominated gains less than what dominates it, so the front of the table is enough.
        on_front = nondominated(problem.scaled) & (problem.scaled < REFERENCE).all(axis=1)
        self._left = {problem.rows[row]: problem.scaled[row] for row in np.flatnonzero(on_front)}
        self._taken = np.empty((0, 2))
        self._rest = Random(problem, seed)

    def ask(self) -> Configuration:
        """Return what is left of the front with the greatest gain; anything once all is found."""
        if not self._left:
            return self._rest.ask()
        best = max(self._left, key=lambda c: hypervolume(np.vstack([self._taken, self._left[c]]), REFERENCE))
        self._taken = np.vstack([self._taken, self._left.pop(best)])
        return best


class Halving(Method):
    """Multi-objective successive halving with two rungs: the best third of each random batch is trained in full."""

    BATCH = 240  # the best of 9 to 240 on the shared tables, for budgets of 25 and of 50 full trainings

    def __init__(self, problem: Problem, seed: int) -> None:
        self._random = Random(problem, seed)
        self._queue: deque[Configuration] = deque()
        self._rung: list[tuple[Configuration, float, float]] = []

    def ask(self) -> Configuration:
        """Return what waits for a full run, or the next of a new batch for a low one."""
        if not self._queue:
            self._queue.extend((*self._random.ask(), 0) for _ in range(self.BATCH))
        return self._queue.popleft()

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Promote the best third once the batch is complete."""
        if configuration[-1] == 0:
            self._rung.append((configuration, error, cost))
        if len(self._rung) == self.BATCH:
            ranks = rank(np.array([measured for _, *measured in self._rung]))
            best = np.argsort(ranks, kind="stable")[: self.BATCH // 3]
            self._queue.extend((*self._rung[place][0][:-1], 1) for place in best)
            self._rung.clear()


class Sampled(Method):
    """Any sampler of Optuna, asked and told."""

    def __init__(self, problem: Problem, sampler: BaseSampler) -> None:
        self._space = space(problem)
        self._study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
        self._trial: optuna.Trial | None = None

    def ask(self) -> Configuration:
        """Ask the sampler for a trial."""
        self._trial = self._study.ask(self._space)
        return tuple(_number(self._trial.params[name]) for name in self._space)

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Tell the trial that was asked for, or add one that was not."""
        if self._trial:
            self._study.tell(self._trial, (error, cost))
            self._trial = None
        else:
            params = _params(self._space, configuration)
            trial = optuna.trial.create_trial(params=params, distributions=self._space, values=(error, cost))
            self._study.add_trial(trial)


def space(problem: Problem) -> dict[str, BaseDistribution]:
    """Return the distributions of a problem by name, in the order of its columns."""
    return {name: _distribution(problem, column) for column, name in enumerate(problem.names)}


def _distribution(problem: Problem, column: int) -> BaseDistribution:
    indices = problem.choices[column]
    if problem.ordered(column) and indices == list(range(indices[0], indices[-1] + 1)):
        return IntDistribution(indices[0], indices[-1])
    return CategoricalDistribution([_label(index) for index in indices])


def _params(space: Mapping[str, BaseDistribution], configuration: Configuration) -> dict[str, Any]:
    return {
        name: _label(value) if isinstance(distribution, CategoricalDistribution) else value
        for (name, distribution), value in zip(space.items(), configuration, strict=True)
    }


def _label(index: int) -> str:
    """Return the name of a choice: a number would have an order."""
    return f"choice {index}"


def _number(value: int | str) -> int:
    return int(value.split()[1]) if isinstance(value, str) else value


def tpe(problem: Problem, seed: int) -> Method:
    return Sampled(problem, TPESampler(multivariate=True, seed=seed))


def nsga2(problem: Problem, seed: int) -> Method:
    return Sampled(problem, NSGAIISampler(population_size=20, seed=seed))


def cheap_first(problem: Problem, seed: int) -> Method:
    """Return ours. It knows every cost, as a suite does that counts a network before it trains it."""
    from suite.sampler.cheap_first import CheapFirstSampler

    return Sampled(problem, CheapFirstSampler(_costs(problem), space=space(problem), seed=seed))


class Taught(Method):
    """Ours with a kernel that was fitted to TAUGHT rows of the table beforehand: what fitting it to few costs.

    It bounds what a better prior, or a better fit, of the same model could bring.
    """

    TAUGHT = 500

    def __init__(self, problem: Problem, seed: int) -> None:
        self._method = cheap_first(problem, seed)
        self._theta = self._lesson(problem)

    def ask(self) -> Configuration:
        """Ask ours, whose kernel is known."""
        whole = gaussian.Process._fitted

        def known(process: gaussian.Process, inputs: gaussian.Inputs, values: gaussian.Array) -> gaussian.Array:
            # Another number of parameters is a model of costs.
            return self._theta if len(self._theta) == len(process.kernel.prior) else whole(process, inputs, values)

        with patch.object(gaussian.Process, "_fitted", known):
            return self._method.ask()

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Tell ours."""
        self._method.tell(configuration, error, cost)

    def _lesson(self, problem: Problem) -> gaussian.Array:
        """Return the logarithms of the kernel's lengths and weights, as many rows of the table tell them."""
        pupil = cheap_first(problem, 1)
        for configuration in random.Random(1).sample(problem.rows, self.TAUGHT):
            pupil.tell(configuration, *problem.answer(configuration))
        learnt: list[gaussian.Array] = []
        whole = gaussian.Process._fitted

        def fitted(process: gaussian.Process, inputs: gaussian.Inputs, values: gaussian.Array) -> gaussian.Array:
            learnt.append(whole(process, inputs, values))
            return learnt[-1]

        with patch.object(gaussian.Process, "_fitted", fitted), patch.object(gaussian, "FITTED", self.TAUGHT):
            pupil.ask()
        return learnt[-1]


class CheapFirstOfFidelities(Method):
    """Ours with low runs: every candidate has one first, half of all that is spent; those that promise most go on."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from suite.sampler.cheap_first import CheapFirstSampler

        self._space = space(problem)
        sampler = CheapFirstSampler(_costs(problem), space=self._space, curve=self._curve, end=1.0, seed=seed)
        self._study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
        self._low: dict[Configuration, tuple[float, float]] = {}  # error and cost of what had a low run only
        self._trial: optuna.Trial | None = None
        self._spent = {0: 0.0, 1: 0.0}

    def ask(self) -> Configuration:
        """Ask for a low run of something new, or for the full one of what was begun."""
        if self._spent[0] > sum(self._spent.values()) / 2:
            waiting = list(self._low)
            promises = self._sampler.promises(self._study, [_params(self._space, one) for one in waiting])
            if promises is not None and promises.max() > 0:
                return (*waiting[int(np.argmax(promises))], 1)
        self._trial = self._study.ask(self._space)
        return (*(_number(self._trial.params[name]) for name in self._space), 0)

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Keep what a run told."""
        *own, whole = configuration
        self._spent[whole] += 1 if whole else LOW_COST
        low = self._low.pop(tuple(own), (error, cost)) if whole else (error, cost)
        if not whole:
            self._low[tuple(own)] = low
        told = {"curve": {0.0: low, 1.0: (error, cost)} if whole else {0.0: low}, "of": own}
        trial = optuna.trial.create_trial(
            params=_params(self._space, tuple(own)), distributions=self._space, values=(error, cost), user_attrs=told
        )
        if self._trial:
            self._study.tell(self._trial, state=optuna.trial.TrialState.FAIL)  # it stands below, with what it told
            self._trial = None
        self._study.add_trial(trial)

    @property
    def _sampler(self) -> Any:
        return self._study.sampler

    def _curve(self, trial: optuna.trial.FrozenTrial) -> Mapping[float, Any]:
        curve = trial.user_attrs.get("curve", {})
        is_superseded = len(curve) == 1 and tuple(trial.user_attrs["of"]) not in self._low
        return {} if is_superseded else curve


def _costs(problem: Problem) -> Callable[[Mapping[str, Any]], float | None]:
    known = dict(zip(problem.rows, problem.cost.tolist(), strict=True))
    return lambda params: known.get(tuple(_number(params[name]) for name in problem.names))
