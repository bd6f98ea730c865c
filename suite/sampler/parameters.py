"""A space of Optuna's parameters as arrays: drawn, varied by one parameter, and brought into the range of a model.

A row [P] holds Optuna's internal numbers (a choice is the number of its category), NaN for what is not used.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

Array = NDArray[np.float64]

LISTED = 16  # a number with at most so many values: each is tried
STEPS = (-0.3, -0.1, -0.03, 0.03, 0.1, 0.3)  # else these steps along the range are tried
COMPARED = 8  # with at most so many categories, the share of each among like parameters is told
CORE = 1e-9


@dataclass(frozen=True)
class Parameter:
    """One parameter of a space."""

    name: str
    distribution: BaseDistribution
    order: Array | None = None  # [categories] position of each from 0 to 1, if they are numbers

    @classmethod
    def of(cls, name: str, distribution: BaseDistribution) -> Parameter:
        """Return the parameter; choices that are all numbers, or all JSON lists of numbers, have an order."""
        return cls(name, distribution, _order(distribution))

    @property
    def is_name(self) -> bool:
        """Whether two of its values can only be equal or not."""
        return isinstance(self.distribution, CategoricalDistribution) and self.order is None

    @property
    def values(self) -> Array | None:
        """All of its internal values; None if it is continuous."""
        known: Any = self.distribution
        if isinstance(known, CategoricalDistribution):
            return np.arange(len(known.choices), dtype=float)
        if isinstance(known, IntDistribution) or known.step is not None:
            count = int((known.high - known.low) / (known.step or 1) + CORE) + 1
            return known.low + np.arange(count) * float(known.step or 1) if count <= 10_000 else None
        return None

    def place(self, internal: Array) -> Array:
        """Return internal values as positions from 0 to 1, names as they are."""
        known: Any = self.distribution
        if isinstance(known, CategoricalDistribution):
            return internal if self.order is None else _picked(self.order, internal)
        low, high = self._ends()
        return ((np.log(internal) if known.log else internal) - low) / max(high - low, CORE)

    def at(self, place: Array) -> Array:
        """Return the internal values of a number at positions from 0 to 1, cut to its range and steps."""
        known: Any = self.distribution
        low, high = self._ends()
        value = low + np.clip(place, 0, 1) * (high - low)
        value = np.exp(value) if known.log else value
        step = 1 if isinstance(known, IntDistribution) and known.log else known.step
        if step is not None:
            value = known.low + np.round((value - known.low) / step) * step
        return np.clip(value, known.low, known.high)

    def draw(self, count: int, source: np.random.Generator) -> Array:
        """Return internal values drawn as Optuna's random sampler draws them."""
        known: Any = self.distribution
        if isinstance(known, CategoricalDistribution):
            return source.integers(len(known.choices), size=count).astype(float)
        if self.values is not None and not known.log:
            return source.choice(self.values, count)
        return self.at(source.random(count))

    def external(self, internal: Array) -> list[Any]:
        """Return internal values as the study sees them; any value for an unused one."""
        known: Any = self.distribution
        whole = np.nan_to_num(internal)
        if isinstance(known, CategoricalDistribution):
            return [known.choices[number] for number in whole.astype(int)]
        return (np.round(whole).astype(int) if isinstance(known, IntDistribution) else whole).tolist()

    def others(self, internal: float) -> Array:
        """Return values to try instead of `internal`: each, or, if very many are in order, some near and some far."""
        if self.values is not None and (self.is_name or len(self.values) <= LISTED):
            return self.values[self.values != internal]
        around = self.place(np.array([internal]))[0] + np.array(STEPS)
        if self.order is not None:
            ranks = np.argsort(self.order, kind="stable")
            rank = int(np.flatnonzero(ranks == internal)[0])
            nearest = np.abs(self.order - around[:, None]).argmin(axis=1)
            return np.setdiff1d(np.append(nearest, ranks[max(0, rank - 1) : rank + 2]), [internal]).astype(float)
        around = self.at(around)
        beside = internal + np.array([-1.0, 1.0]) * float(getattr(self.distribution, "step", None) or 0.0)
        known: Any = self.distribution
        return np.setdiff1d(np.append(around, np.clip(beside, known.low, known.high)), [internal])

    def _ends(self) -> tuple[float, float]:
        known: Any = self.distribution
        return (float(np.log(known.low)), float(np.log(known.high))) if known.log else (known.low, known.high)


@dataclass(frozen=True)
class Branch:
    """Parameters that are used together, and the values that lead there."""

    used: frozenset[str]
    only: Mapping[str, frozenset[float]] = field(default_factory=dict)  # of the parameters that decide


@dataclass(frozen=True)
class Space:
    """Parameters, and which of them are used together."""

    parameters: tuple[Parameter, ...]
    branches: tuple[Branch, ...]

    @classmethod
    def of(cls, distributions: Mapping[str, BaseDistribution]) -> Space:
        """Return the space in which every parameter is always used."""
        parameters = tuple(Parameter.of(*pair) for pair in distributions.items() if not pair[1].single())
        return cls(parameters, (Branch(frozenset(parameter.name for parameter in parameters)),))

    @classmethod
    def branched(cls, distributions: Mapping[str, BaseDistribution], branches: Iterable[Branch]) -> Space:
        """Return the space with these branches."""
        whole = cls.of(distributions)
        known = {parameter.name for parameter in whole.parameters}
        return cls(whole.parameters, tuple(replace(branch, used=branch.used & known) for branch in branches))

    @classmethod
    def seen(cls, trials: Iterable[Mapping[str, BaseDistribution]], values: Iterable[Mapping[str, Any]]) -> Space:
        """Return the space of a study that is defined as it runs, from the parameters of its trials.

        Parameters that not every trial used belong to branches, and the values of others decide the branch.
        """
        asked = [dict(distributions) for distributions in trials]
        known = {name: distribution for distributions in asked for name, distribution in distributions.items()}
        whole = cls.of(known)
        internal = {p.name: p.distribution.to_internal_repr for p in whole.parameters}
        met: dict[frozenset[str], dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
        for drawn in values:
            used = frozenset(name for name in drawn if name in internal)
            for name in used:
                met[used][name].add(internal[name](drawn[name]))
        if len(met) < 2:
            return whole
        return cls(whole.parameters, tuple(_branches(met, {p.name: p for p in whole.parameters})))

    def rows(self, configurations: Sequence[Mapping[str, Any]]) -> Array:
        """Return configurations [N, P], given by their external values; a value that the space lacks is NaN."""
        return np.array([[_internal(p, one) for p in self.parameters] for one in configurations]).reshape(
            len(configurations), len(self.parameters)
        )

    def configurations(self, rows: Array) -> list[dict[str, Any]]:
        """Return the external values of what each row uses."""
        names = [parameter.name for parameter in self.parameters]
        columns = [p.external(rows[:, column]) for column, p in enumerate(self.parameters)]
        if not np.isnan(rows).any():
            return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)] or [{}] * len(rows)
        used = ~np.isnan(rows)
        return [
            {name: column[place] for name, column, here in zip(names, columns, used[place], strict=True) if here}
            for place in range(len(rows))
        ]

    def configuration(self, row: Array) -> dict[str, Any]:
        """Return the external values of what one row uses."""
        return self.configurations(row[None])[0]

    def draw(self, count: int, source: np.random.Generator) -> Array:
        """Return rows [N, P] drawn evenly, as many from each branch."""
        branch = source.integers(len(self.branches), size=count)
        drawn = np.column_stack([p.draw(count, source) for p in self.parameters] or [np.empty((count, 0))])
        for column, parameter in enumerate(self.parameters):
            for number, one in enumerate(self.branches):
                here = branch == number
                if parameter.name not in one.used:
                    drawn[here, column] = np.nan
                elif parameter.name in one.only:
                    drawn[here, column] = source.choice(sorted(one.only[parameter.name]), int(here.sum()))
        return drawn

    def varied(self, rows: Array) -> Array:
        """Return every row that differs from one of `rows` in one parameter and is in the same branch."""
        found = [np.empty((0, len(self.parameters)))]
        for row in rows:
            branch = self._branch(row)
            for column, parameter in enumerate(self.parameters):
                if np.isnan(row[column]):
                    continue
                others = parameter.others(row[column])
                if parameter.name in branch.only:
                    others = others[np.isin(others, sorted(branch.only[parameter.name]))]
                changed = np.tile(row, (len(others), 1))
                changed[:, column] = others
                found.append(changed)
        return np.vstack(found)

    def own(self, rows: Array) -> Array:
        """Return what a model sees of the parameters: positions from 0 to 1, numbers of names, NaN if unused."""
        return np.column_stack(
            [p.place(rows[:, column]) for column, p in enumerate(self.parameters)] or [np.empty((len(rows), 0))]
        )

    def shared(self, rows: Array) -> Array:
        """Return what like parameters have in common [N, Q]: the share of each name, the mean position of numbers.

        Parameters with the same distribution, such as the operations of a cell or the widths of stages, mostly act
        alike: three convolutions of four are three, wherever they stand.
        """
        alike: dict[BaseDistribution, list[int]] = defaultdict(list)
        for column, parameter in enumerate(self.parameters):
            alike[parameter.distribution].append(column)
        columns: list[Array] = []
        for group in alike.values():
            if len(group) > 1:
                columns.extend(_common(self.parameters[group[0]], rows[:, group]))
        return np.column_stack(columns or [np.empty((len(rows), 0))])

    def _branch(self, row: Array) -> Branch:
        used = frozenset(p.name for p, value in zip(self.parameters, row, strict=True) if not np.isnan(value))
        return next((branch for branch in self.branches if branch.used == used), Branch(used))


def unique(rows: Array) -> Array:
    """Return the rows [N, P] without repetitions, in their order."""
    _, first = np.unique(_keys(rows), return_index=True)
    return rows[np.sort(first)]


def without(rows: Array, others: Array) -> Array:
    """Return the rows that are not among `others`."""
    return rows[fresh(rows, others)]


def fresh(rows: Array, others: Array) -> NDArray[np.bool_]:
    """Return which rows [N] are not among `others`."""
    return ~np.isin(_keys(rows), _keys(others)) if len(others) else np.ones(len(rows), dtype=bool)


def _keys(rows: Array) -> NDArray[Any]:
    """Return one comparable value for each row."""
    plain = np.ascontiguousarray(np.nan_to_num(np.round(rows, 12), nan=np.inf) + 0.0)
    return plain.view([("", plain.dtype)] * plain.shape[1]).ravel() if plain.shape[1] else np.zeros(len(rows))


def _branches(
    met: Mapping[frozenset[str], Mapping[str, set[float]]], parameters: Mapping[str, Parameter]
) -> list[Branch]:
    """Return the branches that were met, by their parameters, and one for deciding values that no trial has had."""
    found, decides = [], set()
    for used, values in met.items():
        deciding = {_deciding(values, other, parameters) for branch, other in met.items() if branch != used} - {None}
        found.append(Branch(used, {name: frozenset(values[name]) for name in deciding if name}))
        decides |= deciding
    common = frozenset.intersection(*met)
    for name in sorted(common & decides):
        every: Any = parameters[name].values
        new = set(every) - set().union(*(values[name] for values in met.values()))
        if new:
            found.append(Branch(common, {name: frozenset(new)}))
    return found


def _deciding(
    here: Mapping[str, set[float]], there: Mapping[str, set[float]], parameters: Mapping[str, Parameter]
) -> str | None:
    """Return the parameter that decides between two branches: the first one without a value that was in both.

    A wrong guess soon shows, because it leaves the right parameter free.
    """
    for name, parameter in parameters.items():
        if name in here and name in there and not here[name] & there[name]:
            values = parameter.values
            if values is not None and len(values) <= LISTED:
                return name
    return None


def _common(first: Parameter, group: Array) -> list[Array]:
    used = ~np.isnan(group)
    count = np.maximum(1, used.sum(axis=1))
    if first.is_name:
        values = first.values
        return [] if values is None or len(values) > COMPARED else [(group == v).sum(axis=1) / count for v in values]
    return [np.where(used, first.place(group), 0.0).sum(axis=1) / count]


def _order(distribution: BaseDistribution) -> Array | None:
    if not isinstance(distribution, CategoricalDistribution):
        return None
    sizes = [_size(choice) for choice in distribution.choices]
    if None in sizes or len(sizes) < 2:
        return None
    places = np.empty(len(sizes))
    places[sorted(range(len(sizes)), key=lambda number: (sizes[number], number))] = np.linspace(0, 1, len(sizes))
    return places


def _size(choice: Any) -> float | None:
    """Return how large a choice is: a number, or the sum of a list of numbers; None for any other."""
    if isinstance(choice, str):
        try:
            choice = json.loads(choice)
        except ValueError:
            return None
    if isinstance(choice, list) and choice:
        sizes = [_size(item) for item in choice if not isinstance(item, str)]
        return None if None in sizes or len(sizes) < len(choice) else float(sum(sizes))  # type: ignore[arg-type]
    return float(choice) if isinstance(choice, (int, float)) and not isinstance(choice, bool) else None


def _picked(order: Array, internal: Array) -> Array:
    used = ~np.isnan(internal)
    return np.where(used, order[np.where(used, internal, 0).astype(int)], np.nan)


def _internal(parameter: Parameter, configuration: Mapping[str, Any]) -> float:
    if parameter.name not in configuration:
        return np.nan
    try:
        return float(parameter.distribution.to_internal_repr(configuration[parameter.name]))
    except ValueError:  # it was tried in another space
        return np.nan
