"""The sampler that knows what a candidate costs before it is trained.

It proposes the candidate with the greatest expected improvement of the front's hypervolume. Costs are exact; only
the results of training are uncertain. A measured cost counts by its median: intervals decide who stands on the front
(`suite.core.dominance`), not what to try next. In any study of Optuna:

    import optuna
    from suite.sampler.cheap_first import CheapFirstSampler

    def weights(params):  # what is known before training
        return 784 * params["width"] + params["width"] * 10

    def objective(trial):
        width = trial.suggest_int("width", 4, 512, log=True)
        rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
        return train(width, rate), weights(trial.params)

    study = optuna.create_study(sampler=CheapFirstSampler(weights, seed=0), directions=["minimize", "minimize"])
    study.optimize(objective, n_trials=50)
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import threadpool_limits

from suite.sampler.costs import Costs, Exact, Price
from suite.sampler.gaussian import Array
from suite.sampler.parameters import Parameter, Space, unique, without
from suite.sampler.prospects import FIRST, LATER, POOL, Prospects, Seen, Turn, Wanted, turns

Open = Callable[[FrozenTrial], bool]  # whether the parameters of a trial may be proposed again
Curve = Callable[[FrozenTrial], Mapping[float, Sequence[float]]]  # the objectives told at each level reached

START = 6  # trainings before the first model, spread over the costs

_TELLING = (TrialState.COMPLETE, TrialState.PRUNED)


def ended(trial: FrozenTrial) -> Mapping[float, Sequence[float]]:
    """Return all objectives of a complete trial, at one level; nothing for another trial."""
    return {0.0: trial.values} if trial.state == TrialState.COMPLETE else {}


class CheapFirstSampler(BaseSampler):
    """Proposes the candidate that is expected to improve the front most, at its known cost.

    `costs(params)` returns the costs of a trial's parameters: a number for one cost, a sequence for several, None for
    parameters that must not be tried. NaN is a cost that nobody knows yet: it is predicted. The first costs are the
    study's objectives at `positions`, by default its last objectives; further costs serve limits only. The other
    objectives are those that only a trial can tell; without `costs`, all are.

    `limits` are the most that each cost may be, None for no limit. Constraints that trials set are modelled.
    `space` gives the distributions if they are known beforehand, as a Space if only some trials ask for some of them;
    else they are learnt from the trials, also those that only some trials ask for. `calls` is the number of
    configurations whose costs each proposal asks for, if asking is slow; without it, a proposal asks for more than a
    thousand. `price(params, costs)` returns how much of what there is to spend a trial takes, if not all take the same:
    then the improvement for each unit of it counts. `deciding` names the parameters that costs depend on, if not all
    do. `curve` returns what a trial told at each level, if trials are not all trained alike; `end` is the level of a
    whole training. `turn` says which configurations come before others, as long as they promise anything, and which are
    not to be proposed.

    Trials that run at the same time get different proposals. A configuration that was tried is not proposed again,
    unless `repeat` is set or its trial is `open`. Proposals depend only on `seed`, the trials and the number of the
    next trial.
    """

    def __init__(
        self,
        costs: Exact | None = None,
        *,
        positions: Sequence[int] | None = None,
        limits: Sequence[float | None] = (),
        space: Mapping[str, BaseDistribution] | Space | None = None,
        calls: int | None = None,
        price: Price | None = None,
        turn: Turn | None = None,
        deciding: Collection[str] | None = None,
        curve: Curve = ended,
        end: float = 0.0,
        open: Open = lambda trial: False,
        repeat: bool = False,
        start: int = START,
        seed: int | None = None,
    ) -> None:
        least = max(len(positions or ()), len(limits))
        self._costs, self._knows = Costs(costs, calls, least, deciding), costs is not None
        self._positions, self._limits, self._price = positions, limits, price
        self._given = space if space is None or isinstance(space, Space) else Space.of(space)
        self._turn = turn
        self._curve, self._end, self._open, self._repeat, self._start = curve, end, open, repeat, start
        self._seed = int(np.random.default_rng(seed).integers(2**32)) if seed is None else seed
        self._proposed: dict[int, tuple[Prospects, Array, float]] = {}  # the last one, by the number of its trial

    def reseed_rng(self) -> None:
        """Begin with another seed, as Optuna asks of every worker but the first."""
        self._seed = int(np.random.default_rng().integers(2**32))

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the distributions of all parameters that were given or seen."""
        if self._given is not None:
            known = {parameter.name: parameter.distribution for parameter in self._given.parameters}
        else:
            trials = study.get_trials(deepcopy=False, states=_TELLING)
            known = {name: distribution for one in trials for name, distribution in one.distributions.items()}
        return {name: distribution for name, distribution in known.items() if not distribution.single()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values that promise most; none while no parameter is known, or after all were tried."""
        if not search_space:
            return {}
        with threadpool_limits(1):  # the matrices are small: several threads would wait for each other
            return self._proposal(study, trial)

    def _proposal(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, Any]:
        trials = [one for one in study.get_trials(deepcopy=False) if one.number != trial.number]
        space, source = self._begun(trials), np.random.default_rng([self._seed, trial.number])
        tried, told = self._tried(space, trials), len(self._told(trials))
        self._proposed.clear()
        try:
            if told < self._start:
                return space.configuration(self._first(space, tried, told / self._start, source))
            prospects = self._prospects(study, space, trials, source)
            row, promise = prospects.best(tried, self._turn)
        except StopIteration:
            return {}
        self._proposed[trial.number] = prospects, row, promise
        return space.configuration(row)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a random value of a parameter that was not seen before, or not in this trial's branch."""
        source = np.random.default_rng([self._seed, trial.number, zlib.crc32(param_name.encode())])
        parameter = Parameter.of(param_name, param_distribution)
        return parameter.external(parameter.draw(1, source))[0]

    def promises(self, study: optuna.Study, configurations: Sequence[Mapping[str, Any]]) -> Array | None:
        """Return the promise of each of N configurations if it is trained to the end; None while there is no model."""
        trials = study.get_trials(deepcopy=False)
        space, source = self._begun(trials), np.random.default_rng([self._seed, len(trials)])
        if len(self._told(trials)) < self._start:
            return None
        with threadpool_limits(1):
            return self._prospects(study, space, trials, source).promise(space.rows(configurations))

    def promised(self, number: int) -> float | None:
        """Return the hypervolume that the last proposal is expected to add; None for another, or one without a model.

        The front is about 1 high and 1 wide.
        """
        return self._proposed[number][2] if number in self._proposed else None

    def has_first(self, study: optuna.Study) -> bool:
        """Whether a configuration whose turn is first promises anything; while there is no model, whether one is left.

        It is asked before a proposal, which then begins with the same draws.
        """
        if self._turn is None:
            return False
        trials = study.get_trials(deepcopy=False)
        space, source = self._begun(trials), np.random.default_rng([self._seed, len(trials)])
        tried = self._tried(space, trials)
        if len(self._told(trials)) < self._start:
            left = without(unique(space.draw(POOL, source)), tried)
            return bool((turns(space, left, self._turn) == FIRST).any())
        with threadpool_limits(1):
            return self._prospects(study, space, trials, source).has_first(tried, self._turn)

    def kept(self, number: int, costs: Sequence[float]) -> float:
        """Return the share of its promise that a proposal keeps now that its costs are measured."""
        if number not in self._proposed:
            return 1.0
        prospects, row, promise = self._proposed[number]
        return float(prospects.measured(row, costs) / promise) if promise > 0 else 1.0

    def _begun(self, trials: Sequence[FrozenTrial]) -> Space:
        """Begin a proposal: learn what was tried and what it cost, and return its space."""
        telling = [one for one in trials if one.state in _TELLING and one.params]
        self._costs.begin()
        if self._knows:
            self._costs.learn({one.number: one.params for one in telling})
        if self._given is not None:
            return self._given
        return Space.seen([one.distributions for one in telling], [one.params for one in telling])

    def _tried(self, space: Space, trials: Sequence[FrozenTrial]) -> Array:
        """Return the rows that must not be proposed again."""
        return space.rows([one.params for one in trials if one.params and not self._repeat and not self._open(one)])

    def _told(self, trials: Sequence[FrozenTrial]) -> list[tuple[FrozenTrial, Mapping[float, Sequence[float]]]]:
        """Return the trials that told objectives, with these."""
        curves = ((one, self._curve(one)) for one in trials if one.state in _TELLING)
        return [(one, curve) for one, curve in curves if curve]

    def _prospects(
        self, study: optuna.Study, space: Space, trials: Sequence[FrozenTrial], source: np.random.Generator
    ) -> Prospects:
        told = self._told(trials)
        signs = np.array([-1.0 if one == StudyDirection.MAXIMIZE else 1.0 for one in study.directions])
        costs = self._cost_positions(len(signs))
        own = [position for position in range(len(signs)) if position not in costs]
        # A constraint that no trial has broken yet does not show where its limit is.
        broken = sorted({key for one, _ in told for key, excess in one.constraints.items() if excess > 0})
        seen = [
            (one, level, [*(signs * values)[own], *(one.constraints.get(key, 0.0) for key in broken)])
            for one, curve in told
            for level, values in curve.items()
        ]
        running = [one.params for one in trials if one.state == TrialState.RUNNING and one.params]
        further = self._costs.count - len(costs)
        wanted = Wanted(
            aims=np.array([True] * len(own) + [False] * len(broken) + [True] * len(costs) + [False] * further),
            limits=np.concatenate([np.full(len(own), np.inf), np.zeros(len(broken)), self._cost_limits()]),
            price=self._price,
        )
        observed = Seen(
            rows=space.rows([one.params for one, _, _ in seen]),
            trial=np.array([one.number for one, _, _ in seen]),
            level=np.array([level for _, level, _ in seen], dtype=float),
            values=np.array([values for _, _, values in seen], dtype=float),
            end=self._end,
            pending=space.rows(running),
        )
        return Prospects(space, observed, wanted, self._costs, source)

    def _cost_positions(self, objectives: int) -> Sequence[int]:
        if self._positions is not None:
            return self._positions
        return range(objectives - min(self._costs.count, objectives), objectives)

    def _cost_limits(self) -> Array:
        """Return the limits [K] of the costs, infinite for none."""
        given = [np.inf if limit is None else limit for limit in self._limits]
        return np.array(given + [np.inf] * (self._costs.count - len(given)), dtype=float)

    def _first(self, space: Space, tried: Array, share: float, source: np.random.Generator) -> Array:
        """Return a random candidate [P] whose first cost lies just above the quantile `share` of all.

        This spreads the first few trainings over the costs. Of those where prices differ, one of the lower half is
        drawn. Raises StopIteration when there is no candidate.
        """
        costs = self._costs
        rows = without(unique(space.draw(POOL, source)), tried)
        if self._turn:
            turn = turns(space, rows, self._turn)
            rows = rows[turn == (FIRST if FIRST in turn else LATER)]
        for configuration in space.configurations(rows[: costs.calls or 0]):
            costs.ask(configuration)
        costs.fit(space, rows, source)
        estimate = costs.estimate(space, rows)
        within = estimate.possible & (estimate.mean <= costs.scaled(self._cost_limits()) + 1e-9).all(axis=1)
        asked = within & (estimate.deviation.max(axis=1, initial=0.0) == 0)
        chosen = np.flatnonzero(asked if costs.calls and asked.any() else within)
        if not len(chosen):
            raise StopIteration
        if not costs.count:
            return rows[chosen[0]]
        ordered = chosen[np.argsort(estimate.mean[chosen, 0], kind="stable")]
        low, high = int(share * len(ordered)), int((share + 1 / self._start) * len(ordered))
        band = ordered[low : max(low + 1, min(high, len(ordered)))]
        if self._price:
            prices = costs.prices(self._price, space, rows[band], estimate.mean[band])
            band = band[np.argsort(prices, kind="stable")[: -(-len(band) // 2)]]
        return rows[band[source.integers(len(band))]]
