"""What each candidate promises: the hypervolume that it is expected to add to the front, and what that is worth.

Where trying one candidate takes more than trying another, the worth is the promise for each unit of the price.

Only the results of training are uncertain, and modelled. Costs are exact, or predicted until they are asked for. No
scale is known beforehand: results are scaled by the deviation of the results so far, with hopeless values drawn
together, and costs are compared as logarithms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from suite.core import fronts
from suite.sampler.costs import Costs, Estimate, Price, seen_as
from suite.sampler.gaussian import Array, Inputs, Process
from suite.sampler.parameters import Space, fresh, unique, without

POOL = 1_000  # candidates drawn
CLIMBS, TOP = 3, 10  # rounds in which the best are varied, and how many of them
HOPELESS = 40  # percentile of the values seen: those beyond it are drawn together
DRAWN = 0.25  # how closely: the size of a logarithm, in distances from the best value to that percentile
WORST = 85  # percentile of the pool's predictions: nothing worse is wanted
DOUBT = 1.3  # factor on the deviations of the fitted model, which is too sure of its kernel
NOTHING = 1e-4  # hypervolume: a promise below it counts as none; the front is about 1 high and 1 wide

NEVER, LATER, FIRST = range(3)  # turns

Turn = Callable[[Mapping[str, Any]], int]  # whether a configuration is tried never, later, or before those


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked of a candidate: U quantities that training tells, and K costs, all minimised."""

    aims: NDArray[np.bool_]  # [U + K] whether each is an objective
    limits: Array  # [U + K] what each must not pass; infinite for none
    price: Price | None = None  # of trying a candidate; None: the same for all


@dataclass(frozen=True, kw_only=True)
class Seen:
    """N observations of trainings, several for a training that was looked at more than once."""

    rows: Array  # [N, P]
    trial: NDArray[np.int64]  # [N] which training
    level: Array  # [N] how far it had come; the largest of all levels is the end
    values: Array  # [N, U] minimised
    end: float = 0.0  # the level at which a training has ended
    pending: Array = field(default_factory=lambda: np.empty((0, 0)))  # [M, P] being trained


def turns(space: Space, rows: Array, turn: Turn) -> NDArray[np.int64]:
    """Return the turn of each candidate."""
    return np.array([turn(configuration) for configuration in space.configurations(rows)], dtype=np.int64)


class Scale:
    """One quantity that training tells, brought to mean 0 and deviation 1."""

    def __init__(self, values: Array, level: Array, trial: NDArray[np.int64]) -> None:
        self._lines = _lines(values, level, trial)
        even = self._even(values, level)
        first = even[level == level.min()]
        self._knee, best = float(np.percentile(first, HOPELESS)), float(even.min())
        self._size = max((self._knee - best) * DRAWN, 1e-12)
        drawn = self._drawn(even)
        self._shift, self._spread = float(drawn.mean()), float(drawn.std()) or 1.0

    def __call__(self, values: Array, level: Array) -> Array:
        """Return values at levels, both [N], on this scale. Their order within a level stays."""
        return (self._drawn(self._even(values, level)) - self._shift) / self._spread

    def _even(self, values: Array, level: Array) -> Array:
        """Return values as they would be at the first level."""
        slope, shift = np.array([self._lines.get(one, (1.0, 0.0)) for one in level.tolist()]).reshape(-1, 2).T
        return np.asarray(values * slope + shift)

    def _drawn(self, even: Array) -> Array:
        over = np.maximum(0, even - self._knee) / self._size
        return np.where(even > self._knee, self._knee + self._size * np.log1p(over), even)


def _lines(values: Array, level: Array, trial: NDArray[np.int64]) -> dict[float, tuple[float, float]]:
    """Return for each level the line that brings its values to the first, through the trainings that were at both."""
    levels = np.unique(level).tolist()
    lines = {levels[0]: (1.0, 0.0)}
    for before, here in pairwise(levels):
        _, one, two = np.intersect1d(trial[level == before], trial[level == here], return_indices=True)
        slope, shift = lines[before]
        earlier, later = values[level == before][one] * slope + shift, values[level == here][two]
        spread = later.std() if len(one) > 2 else 0.0
        ratio = float(np.clip(earlier.std() / spread, 0.2, 5.0)) if spread > 0 else 1.0
        lines[here] = (ratio, float(earlier.mean() - later.mean() * ratio) if len(one) else shift)
    return lines


class Prospects:
    """What candidates of one space promise, after what was seen."""

    def __init__(self, space: Space, seen: Seen, wanted: Wanted, costs: Costs, source: np.random.Generator) -> None:
        """Fit the models. `costs` has begun its proposal and learnt the costs of what was seen."""
        self._space, self._seen, self._wanted, self._costs = space, seen, wanted, costs
        self._pool = unique(space.draw(POOL, source))
        costs.fit(space, self._pool, source)
        pool, met = costs.estimate(space, self._pool), costs.estimate(space, seen.rows)
        known = np.vstack([pool.mean[pool.possible], met.mean])
        self._low, self._high = known.min(axis=0), known.max(axis=0)
        self._told = seen.values.shape[1]
        self._scales = [Scale(column, seen.level, seen.trial) for column in seen.values.T]
        values = np.column_stack([scale(v, seen.level) for scale, v in zip(self._scales, seen.values.T, strict=True)])
        self._models = [Process(self._inputs(seen.rows, met, seen.level), column, source) for column in values.T]
        self._expect_pending()
        expected = self._expected(self._pool, pool)
        self._lower, self._upper = self._front(values, met, pool, expected[0])
        self._pool_promise = self._gain(pool, *expected)
        self._pool_worth = self._worth(self._pool, pool, self._pool_promise)

    def best(self, tried: Array, turn: Turn | None = None) -> tuple[Array, float]:
        """Return the candidate [P] that is worth most and is not among `tried`, with its promise.

        Those whose `turn` is first come first, as long as they promise anything. Its costs were asked for, unless no
        calls were left; a promise of 0 means none. Raises StopIteration when there is no candidate.
        """
        rows, worth = self._searched(tried, turn)
        if not len(rows):
            raise StopIteration
        while not self._costs.is_spent:
            place = int(np.argmax(worth))
            configuration = self._space.configuration(rows[place])
            if self._costs.is_known(configuration):
                break
            self._costs.ask(configuration)
            worth[place] = self.worth(rows[place : place + 1])[0]
        place = int(np.argmax(worth))
        return rows[place], float(self.promise(rows[place : place + 1])[0])

    def worth(self, rows: Array) -> Array:
        """Return the promise [N] of each candidate for each unit of its price."""
        estimate = self._costs.estimate(self._space, rows)
        return self._worth(rows, estimate, self._gain(estimate, *self._expected(rows, estimate)))

    def _worth(self, rows: Array, estimate: Estimate, promise: Array) -> Array:
        if self._wanted.price is None:
            return promise
        return promise / self._costs.prices(self._wanted.price, self._space, rows, estimate.mean)

    def promise(self, rows: Array) -> Array:
        """Return the hypervolume [N] that each candidate is expected to add, were it trained to the end.

        It is 0 for a candidate that is impossible, or known to pass a limit on a cost.
        """
        estimate = self._costs.estimate(self._space, rows)
        return self._gain(estimate, *self._expected(rows, estimate))

    def _gain(self, estimate: Estimate, mean: Array, deviation: Array) -> Array:
        aims = self._wanted.aims
        gain = fronts.expected_improvement(self._lower, self._upper, mean[:, aims], deviation[:, aims])
        return np.where(estimate.possible, gain * self._keeping(mean, deviation), 0.0)

    def measured(self, row: Array, costs: Sequence[float]) -> float:
        """Return the promise of a candidate [P] whose costs [K] were measured since."""
        self._costs.keep(self._space.configuration(row), costs)
        return float(self.promise(row[None])[0])

    def has_first(self, tried: Array, turn: Turn) -> bool:
        """Whether a candidate whose turn is first, and that is not among `tried`, promises anything."""
        new = fresh(self._pool, tried)
        return bool((self._pool_promise[new][turns(self._space, self._pool[new], turn) == FIRST] > NOTHING).any())

    def _searched(self, tried: Array, turn: Turn | None) -> tuple[Array, Array]:
        least = FIRST if turn and self.has_first(tried, turn) else LATER

        def in_turn(rows: Array) -> Array:
            return rows[turns(self._space, rows, turn) >= least] if turn else rows

        new = fresh(self._pool, tried)
        if turn:
            new[new] = turns(self._space, self._pool[new], turn) >= least
        rows, worth = self._pool[new], self._pool_worth[new]
        around = in_turn(without(unique(self._space.varied(self._best_rows)), np.vstack([self._pool, tried])))
        rows, worth = np.vstack([rows, around]), np.append(worth, self.worth(around) if len(around) else [])
        for _ in range(CLIMBS):
            around = self._space.varied(rows[np.argsort(-worth, kind="stable")[:TOP]])
            more = in_turn(without(unique(around), np.vstack([rows, tried])))
            if not len(more):
                break
            rows, worth = np.vstack([rows, more]), np.append(worth, self.worth(more))
        return rows, worth

    def _inputs(self, rows: Array, costs: Estimate, level: Array) -> Inputs:
        plain = seen_as(self._space, rows)
        place = (costs.mean - self._low) / np.maximum(self._high - self._low, 1e-12)
        return Inputs(own=plain.own, names=plain.names, derived=np.hstack([plain.derived, place]), level=level)

    def _expect_pending(self) -> None:
        rows = self._seen.pending
        if not len(rows):
            return
        inputs = self._inputs(rows, self._costs.estimate(self._space, rows), np.full(len(rows), self._seen.end))
        for model in self._models:
            model.believing(inputs)

    def _expected(self, rows: Array, estimate: Estimate) -> tuple[Array, Array]:
        """Return mean and deviation [N, U + K] of all quantities at the end of a training."""
        inputs = self._inputs(rows, estimate, np.full(len(rows), self._seen.end))
        told = [model.predict(inputs) for model in self._models]
        mean = np.column_stack([*(mean for mean, _ in told), estimate.mean])
        return mean, np.column_stack([*(DOUBT * deviation for _, deviation in told), estimate.deviation])

    def _limits(self) -> Array:
        """Return the limits [U + K] on the scales of the quantities."""
        told, costs = self._wanted.limits[: self._told], self._wanted.limits[self._told :]
        end = np.array([self._seen.end])
        on_scale = [
            scale(np.array([limit]), end)[0] if np.isfinite(limit) else np.inf
            for scale, limit in zip(self._scales, told, strict=True)
        ]
        return np.append(on_scale, np.where(np.isfinite(costs), self._costs.scaled(costs), np.inf))

    def _keeping(self, mean: Array, deviation: Array) -> Array:
        """Return the probability [N] that every limit is kept."""
        over = self._limits() - mean
        with np.errstate(divide="ignore", invalid="ignore"):
            kept = np.where(deviation > 0, ndtr(over / deviation), over >= -1e-9)
        return np.prod(kept, axis=1)

    def _front(self, values: Array, met: Estimate, pool: Estimate, expected: Array) -> tuple[Array, Array]:
        """Return the boxes that nothing seen dominates, and remember what stands on the front.

        `expected` is the mean [N, U + K] of the pool.
        """
        costs = np.vstack([pool.mean[pool.possible], met.mean])
        margin = 1e-3 * np.maximum(np.ptp(costs, axis=0), 1e-9) if len(costs) else np.zeros(0)
        worst = np.append(
            np.percentile(expected[:, : self._told], WORST, axis=0), costs.max(axis=0) + margin if len(costs) else []
        )
        aims, limits = self._wanted.aims, self._limits()
        reference = np.minimum(worst, limits + 1e-9)[aims]
        ended = self._seen.level == self._seen.end
        points = np.hstack([values, met.mean])
        fits = ended & (points <= limits + 1e-9).all(axis=1)
        standing = np.flatnonzero(fits)
        standing = standing[fronts.nondominated(points[standing][:, aims])] if len(standing) else standing
        # Before any training has ended, the best so far are varied; they bar nothing.
        far = standing if len(standing) else np.argsort(values.sum(axis=1))[:TOP]
        self._best_rows = unique(self._seen.rows[far])
        return fronts.boxes(points[standing][:, aims], reference)
