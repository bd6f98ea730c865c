"""What candidates cost, before they are trained: exactly if that was asked for, else as a model predicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.sampler.gaussian import Array, Inputs, Process
from suite.sampler.parameters import Space

Exact = Callable[[Mapping[str, Any]], "float | Sequence[float] | None"]  # NaN: not known yet; None: cannot be had

Price = Callable[[Mapping[str, Any], Sequence[float]], float]  # of trying a configuration, from it and its costs

Key = frozenset[tuple[str, Any]]
Model = tuple["Process | None", float, float]  # process, shift, size: a prediction times size plus shift

FEW = 4  # exact costs: with fewer, a model would know nothing


@dataclass(frozen=True)
class Estimate:
    """Costs of N candidates, as logarithms where all are positive."""

    mean: Array  # [N, K]
    deviation: Array  # [N, K]; 0 where the cost is exact
    possible: NDArray[np.bool_]  # [N] False for a candidate known to be impossible


class Costs:
    """The costs of one space.

    `exact(configuration)` returns K costs, NaN for one that only a measurement can tell, or None for a configuration
    that cannot be had. With `calls`, each proposal asks for the costs of so many configurations, remembers them, and
    predicts the rest; without it, it asks for all. `least` is the number of costs while none was told. `deciding` names
    the parameters that costs depend on: configurations that differ only in other parameters cost the same.
    """

    def __init__(
        self,
        exact: Exact | None,
        calls: int | None = None,
        least: int = 0,
        deciding: Collection[str] | None = None,
    ) -> None:
        self._exact, self.calls, self._least, self._left = exact, calls, least, 0
        self._deciding = deciding
        self._known: dict[Key, tuple[float, ...] | None] = {}
        self._configurations: dict[Key, Mapping[str, Any]] = {}
        self._learnt: set[int] = set()
        self._models: list[Model] = []
        self._logarithmic = np.zeros(0, dtype=bool)

    def begin(self) -> None:
        """Begin a proposal: all `calls` are free again."""
        if self.calls is None:  # asking again is quick, and they would soon be too many to keep
            self._known.clear()
            self._configurations.clear()
            self._learnt.clear()
        self._left = self.calls or 0

    def learn(self, tried: Mapping[int, Mapping[str, Any]]) -> None:
        """Ask for the costs of tried configurations, by trial number: measured costs are known now."""
        for number in tried.keys() - self._learnt:
            self._ask(tried[number])
        self._learnt |= tried.keys()

    @property
    def is_spent(self) -> bool:
        """Whether no further configuration may be asked for in this proposal."""
        return self._exact is None or (self.calls is not None and self._left < 1)

    def is_known(self, configuration: Mapping[str, Any]) -> bool:
        """Whether the costs of a configuration were asked for."""
        return self._key(configuration) in self._known

    def ask(self, configuration: Mapping[str, Any]) -> tuple[float, ...] | None:
        """Return the costs of a configuration, and ask for them if needed; empty if nobody can be asked."""
        key = self._key(configuration)
        if key not in self._known:
            if self.is_spent:
                return ()
            self._left -= 1
            try:
                self._ask(configuration)
            except KeyError as error:  # a parameter of a branch that no trial has been in yet
                if error.args[0] in configuration:
                    raise
                self.keep(configuration, ())
        return self._known[key]

    @property
    def count(self) -> int:
        """The number of costs, as far as is known."""
        return max((len(costs) for costs in self._known.values() if costs), default=self._least)

    def fit(self, space: Space, rows: Array, source: np.random.Generator) -> None:
        """Fit a model to each cost that is not exact for all `rows` [N, P]."""
        if self.calls is None:
            for configuration in space.configurations(rows):
                self.ask(configuration)
        keys = [key for key, costs in self._known.items() if costs]
        costs = np.array([self._known[key] for key in keys], dtype=float).reshape(len(keys), self.count)
        self._logarithmic = np.array([(column[~np.isnan(column)] > 0).all() for column in costs.T], dtype=bool)
        costs = self.scaled(costs)
        modelled = [column for column in costs.T if self.calls is not None or np.isnan(column).any()]
        inputs = seen_as(space, space.rows([self._configurations[key] for key in keys])) if modelled else None
        self._models = [_model(inputs, column, source) for column in costs.T]

    def estimate(self, space: Space, rows: Array) -> Estimate:
        """Return what is known of the costs of N candidates."""
        told = [self._told(configuration) for configuration in space.configurations(rows)]
        untold = [np.nan] * self.count  # once: `count` looks at all known costs
        mean = self.scaled(np.array([costs or untold for costs in told]).reshape(len(rows), len(untold)))
        deviation = np.zeros_like(mean)
        for column, (process, shift, size) in enumerate(self._models):
            unknown = np.isnan(mean[:, column])
            if unknown.any():
                expected = process.predict(seen_as(space, rows[unknown])) if process else (0.0, 1.0)
                mean[unknown, column], deviation[unknown, column] = expected[0] * size + shift, expected[1] * size
        return Estimate(mean, deviation, np.array([costs is not None for costs in told], dtype=bool))

    def scaled(self, costs: Array) -> Array:
        """Return costs [..., K] as they are compared: as logarithms where all are positive."""
        return np.where(self._logarithmic, np.log(np.where(self._logarithmic, costs, 1.0)), costs)

    def plain(self, scaled: Array) -> Array:
        """Return the costs [..., K] that `scaled` returned these for."""
        return np.where(self._logarithmic, np.exp(np.where(self._logarithmic, scaled, 0.0)), scaled)

    def prices(self, price: Price, space: Space, rows: Array, scaled: Array) -> Array:
        """Return the price [N] of each candidate [N, P], whose costs [N, K] are as `estimate` tells them."""
        told = zip(space.configurations(rows), self.plain(scaled).tolist(), strict=True)
        return np.array([price(configuration, costs) for configuration, costs in told])

    def _key(self, configuration: Mapping[str, Any]) -> Key:
        if self._deciding is None:
            return frozenset(configuration.items())
        return frozenset((name, configuration[name]) for name in self._deciding if name in configuration)

    def _told(self, configuration: Mapping[str, Any]) -> tuple[float, ...] | None:
        return self.ask(configuration) if self.calls is None else self._known.get(self._key(configuration), ())

    def _ask(self, configuration: Mapping[str, Any]) -> None:
        told = self._exact(configuration) if self._exact else ()
        self.keep(configuration, told)

    def keep(self, configuration: Mapping[str, Any], told: float | Sequence[float] | None) -> None:
        """Keep the costs of a configuration."""
        key = self._key(configuration)
        self._configurations[key] = configuration
        self._known[key] = told if told is None else tuple(np.atleast_1d(np.asarray(told, dtype=float)).tolist())


def _model(inputs: Inputs | None, costs: Array, source: np.random.Generator) -> Model:
    """Return a model of one cost [N] with the shift and size of its predictions; no process if too little is known."""
    told = ~np.isnan(costs)
    if inputs is None or not told.any():
        return None, 0.0, 1.0
    shift, size = float(costs[told].mean()), float(costs[told].std()) or 1.0
    if told.sum() < FEW:
        return None, shift, size
    return Process(inputs[told], (costs[told] - shift) / size, source), shift, size


def seen_as(space: Space, rows: Array) -> Inputs:
    """Return configurations as a model of costs sees them: by their parameters alone."""
    names = np.array([parameter.is_name for parameter in space.parameters], dtype=bool)
    return Inputs(own=space.own(rows), names=names, derived=space.shared(rows), level=np.zeros(len(rows)))
