"""A Gaussian process over configurations: what a few trainings say about all others.

The kernel sees a configuration twice. For its parameters it is a sum of three kernels: over single parameters, over
pairs, and over all together (an additive kernel, Duvenaud et al., Additive Gaussian Processes, NeurIPS 2011, of the
orders 1, 2 and P). Few observations show main effects only; many show which parameters go together. For values derived
from the configuration, such as its costs, it is one product. All lengths and weights are those of the highest
posterior density under log-normal priors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

Array = NDArray[np.float64]

FITTED = 100  # observations that the kernel is fitted on
KEPT = 500  # observations that predictions are made from
AT_ONCE = 128  # predictions whose distances fit into a processor's cache
STEPS = 40  # of the optimiser
JITTER = 1e-8
BOUNDS = (-9.0, 6.0)  # of every logarithm


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """N configurations as the process sees them."""

    own: Array  # [N, P] parameters: positions from 0 to 1, or numbers of names; NaN where a parameter is not used
    names: NDArray[np.bool_]  # [P] whether a parameter is a name: two are equal or not
    derived: Array  # [N, Q] from 0 to 1
    level: Array  # [N] how far it was trained, a number that grows with every rung

    def __getitem__(self, chosen: NDArray[Any]) -> Inputs:
        return replace(self, own=self.own[chosen], derived=self.derived[chosen], level=self.level[chosen])

    def __len__(self) -> int:
        return len(self.own)


def joined(first: Inputs, second: Inputs) -> Inputs:
    """Return the configurations of both."""
    return replace(
        first,
        own=np.vstack([first.own, second.own]),
        derived=np.vstack([first.derived, second.derived]),
        level=np.append(first.level, second.level),
    )


class Kernel:
    """The covariance of two configurations, given the logarithms of its lengths and weights."""

    def __init__(self, names: NDArray[np.bool_], derived: int) -> None:
        count = len(names)
        sizes = {
            "single": count, "all": count, "derived": derived, "weights": 3, "derived_weight": min(1, derived),
            "level": 1, "noise": 1,
        }  # fmt: skip
        ends = np.cumsum(list(sizes.values()))
        self.at = {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}
        # Names that differ, and numbers a whole range apart, are about a length apart; in a product less each.
        length = np.where(names, 0.0, 1.0)
        means = {
            "single": length,
            "all": length - 1.0 - 0.5 * np.log(max(1, count)),
            "derived": np.full(derived, -0.5 * np.log(max(1, derived))),
            "weights": np.array([-0.5, -0.5, -0.2]),
            "derived_weight": np.full(min(1, derived), -0.2),
            "level": np.array([-1.5]),
            "noise": np.array([-3.0]),
        }
        self.prior = np.concatenate([means[name] for name in sizes])

    def parts(self, theta: Array, apart: Distances) -> Parts:
        """Return the parts of the covariance for distances [P, N, M], [Q, N, M] and [N, M]."""
        e = {name: np.exp(theta[at]) for name, at in self.at.items()}
        alike = np.empty_like(apart.own)
        for length, away, one in zip(e["single"], apart.own, alike, strict=True):
            np.exp(-length * away, out=one)
        total, count = alike.sum(axis=0), len(alike)
        pairs = (total * total - np.einsum("pnm,pnm->nm", alike, alike)) / max(1, count * (count - 1))
        product = np.exp(-np.tensordot(e["all"], apart.own, 1))
        nearby = np.exp(-np.tensordot(e["derived"], apart.derived, 1)) * e["derived_weight"].sum()
        return Parts(e, alike, total / count, pairs, product, nearby, np.exp(-e["level"][0] * apart.level))

    def gradient(self, parts: Parts, apart: Distances, slope: Array) -> Array:
        """Return the gradient for the logarithms, from `slope` [N, N], the gradient for the covariance."""
        e, count = parts.e, len(parts.alike)
        result = np.zeros_like(self.prior)
        outer = slope * parts.trained
        single, pairs, product = e["weights"]
        by_alike = single / count + 2 * pairs * (count * parts.mean - parts.alike) / max(1, count * (count - 1))
        moved = by_alike * parts.alike
        result[self.at["single"]] = -e["single"] * np.einsum("nm,pnm,pnm->p", outer, moved, apart.own)
        result[self.at["all"]] = -e["all"] * product * np.tensordot(apart.own, outer * parts.product, 2)
        result[self.at["weights"]] = [
            weight * (outer * part).sum()
            for weight, part in zip(e["weights"], (parts.mean, parts.pairs, parts.product), strict=True)
        ]
        result[self.at["derived"]] = -e["derived"] * np.tensordot(apart.derived, outer * parts.nearby, 2)
        result[self.at["derived_weight"]] = (outer * parts.nearby).sum()
        result[self.at["level"]] = -e["level"] * (slope * parts.inner * parts.trained * apart.level).sum()
        result[self.at["noise"]] = e["noise"] * np.trace(slope)
        return result


@dataclass(frozen=True)
class Parts:
    """What a covariance is made of."""

    e: dict[str, Array]  # lengths and weights
    alike: Array  # [P, N, M] of each parameter
    mean: Array  # [N, M]
    pairs: Array
    product: Array
    nearby: Array  # of what is derived
    trained: Array  # how far both were trained

    @property
    def inner(self) -> Array:
        """The covariance of two that were trained equally far."""
        single, pairs, product = self.e["weights"]
        return single * self.mean + pairs * self.pairs + product * self.product + self.nearby

    @property
    def covariance(self) -> Array:
        """The covariance [N, M] without noise."""
        return self.inner * self.trained


@dataclass(frozen=True)
class Distances:
    """How far configurations are apart; squared, except for levels."""

    own: Array  # [P, N, M]
    derived: Array  # [Q, N, M]
    level: Array  # [N, M]


def distances(a: Inputs, b: Inputs) -> Distances:
    """Return the distances of N configurations from M others. A used parameter is 1 from an unused one."""
    own = np.stack([_apart(*column) for column in zip(a.own.T, b.own.T, a.names, strict=True)])
    derived = np.empty((a.derived.shape[1], len(a), len(b)))
    for place, (here, there) in enumerate(zip(a.derived.T, b.derived.T, strict=True)):
        derived[place] = np.subtract.outer(here, there) ** 2
    return Distances(own, derived, np.abs(a.level[:, None] - b.level[None, :]))


def _apart(a: Array, b: Array, named: bool) -> Array:
    """Return how far N values of one parameter are from M others."""
    away = np.not_equal.outer(a, b).astype(float) if named else np.subtract.outer(a, b) ** 2
    unused_a, unused_b = np.isnan(a), np.isnan(b)
    away[unused_a] = ~unused_b
    away[:, unused_b] = ~unused_a[:, None]
    return away


class Process:
    """A Gaussian process given N observations, of about mean 0 and deviation 1."""

    def __init__(self, inputs: Inputs, values: Array, source: np.random.Generator) -> None:
        """Fit the kernel to the observations; of too many it keeps the best and some drawn by `source`."""
        kept = _chosen(values, KEPT, source)
        self.kernel = Kernel(inputs.names, inputs.derived.shape[1])
        fitted = kept[_chosen(values[kept], FITTED, source)]
        self.theta = self._fitted(inputs[fitted], values[fitted])
        self._condition(inputs[kept], values[kept])

    def predict(self, inputs: Inputs) -> tuple[Array, Array]:
        """Return the mean and the deviation [N] of what is expected at each configuration, noise left out."""
        starts = range(0, max(1, len(inputs)), AT_ONCE)
        told = [self._predicted(inputs[np.arange(start, min(start + AT_ONCE, len(inputs)))]) for start in starts]
        mean, deviation = (np.concatenate(part) for part in zip(*told, strict=True))
        return mean, deviation

    def _predicted(self, inputs: Inputs) -> tuple[Array, Array]:
        between = self.kernel.parts(self.theta, distances(inputs, self._inputs)).covariance
        solved = solve_triangular(self._root, between.T, lower=True)
        weights = np.exp(self.theta[self.kernel.at["weights"]]).sum()
        alone = weights + np.exp(self.theta[self.kernel.at["derived_weight"]]).sum()
        return between @ self._weights, np.sqrt(np.maximum(alone - (solved * solved).sum(axis=0), 1e-10))

    def believing(self, inputs: Inputs) -> None:
        """Take the predictions at `inputs` as observed: these are being trained, and need no second proposal."""
        self._condition(joined(self._inputs, inputs), np.append(self._values, self.predict(inputs)[0]))

    def _condition(self, inputs: Inputs, values: Array) -> None:
        self._inputs, self._values = inputs, values
        covariance = self.kernel.parts(self.theta, distances(inputs, inputs)).covariance
        self._root = np.linalg.cholesky(self._noisy(covariance, self.theta))
        half = solve_triangular(self._root, values, lower=True)
        self._weights = solve_triangular(self._root.T, half, lower=False)

    def _fitted(self, inputs: Inputs, values: Array) -> Array:
        apart = distances(inputs, inputs)
        prior = self.kernel.prior
        found = minimize(
            self._loss, prior, (apart, values), "L-BFGS-B", jac=True, bounds=[BOUNDS] * len(prior),
            options={"maxiter": STEPS},
        )  # fmt: skip
        return np.asarray(found.x)

    def _loss(self, theta: Array, apart: Distances, values: Array) -> tuple[float, Array]:
        """Return the negative logarithm of the posterior density, and its gradient."""
        parts = self.kernel.parts(theta, apart)
        try:
            root = np.linalg.cholesky(self._noisy(parts.covariance, theta))
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        inverse = solve_triangular(root, np.eye(len(values)), lower=True)
        inverse = inverse.T @ inverse
        weights = inverse @ values
        off = theta - self.kernel.prior
        loss = 0.5 * values @ weights + np.log(np.diag(root)).sum() + 0.5 * off @ off
        return loss, self.kernel.gradient(parts, apart, 0.5 * (inverse - np.outer(weights, weights))) + off

    def _noisy(self, covariance: Array, theta: Array) -> Array:
        return covariance + (np.exp(theta[self.kernel.at["noise"]]) + JITTER) * np.eye(len(covariance))


def _chosen(values: Array, most: int, source: np.random.Generator) -> NDArray[np.int64]:
    """Return the indices of at most `most` values: half of them the least, the others random."""
    if len(values) <= most:
        return np.arange(len(values))
    ordered = np.argsort(values, kind="stable")
    best, rest = ordered[: most // 2], ordered[most // 2 :]
    return np.sort(np.append(best, source.choice(rest, most - len(best), replace=False)))
