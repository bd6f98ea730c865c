"""A linear classifier on features: multinomial logistic regression, its regularisation chosen on validation features.

The loss is the mean cross-entropy plus half of `penalty` times the squared length of the kernel, on features of mean 0
and deviation 1; biases are free. scikit-learn's LogisticRegression has that optimum at C = 1 / (penalty * pictures).
Penalties are tried from strong to weak, each from the last solution, by L-BFGS (Liu and Nocedal, Mathematical
Programming 45, 1989). The choice on validation, over such a range, is that of Kornblith et al., CVPR 2019, appendix A,
https://arxiv.org/abs/1805.08974.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

Array = NDArray[np.float32]

PENALTIES = tuple(10.0**power for power in np.arange(1, -6.5, -0.5))  # from strong to weak
PATIENCE = 2  # weaker penalties that may be worse on validation before the search ends
ROUGH, FINE = 1e-5, 1e-8  # relative change of the loss that ends a fit: on the way, and of the chosen penalty
STEPS = 500  # of L-BFGS, at most


@dataclass(frozen=True)
class Labelled:
    """Features of N pictures, with their labels."""

    features: Array  # [N, D]
    labels: NDArray[np.int64]  # [N]


@dataclass(frozen=True)
class Probe:
    """A linear classifier of D features into K classes."""

    kernel: Array  # [D, K]
    bias: Array  # [K]
    penalty: float = 0.0  # that was chosen

    def __call__(self, features: Array) -> Array:
        """Return the logits [N, K] of features [N, D]."""
        return features @ self.kernel + self.bias


Better = Callable[[Array], tuple[float, ...]]  # how good validation logits [N, K] are: larger is better


def fitted(
    train: Labelled, validation: Array, classes: int, better: Better, class_weights: Sequence[float] | None = None
) -> Probe:
    """Return the classifier of `train` whose penalty is best for the `validation` features [N, D], as `better` says.

    `class_weights` [K] are the weights of a picture of each class in the loss; None: all 1.
    """
    with threadpool_limits(1):  # the products are too thin for several threads
        problem = _Problem(train, classes, class_weights)
        path = [np.zeros((train.features.shape[1] + 1, classes))]
        tried: list[tuple[tuple[float, ...], float, NDArray[np.float64]]] = []
        for penalty in PENALTIES:
            path.append(problem.solved(penalty, path[-1], ROUGH))
            tried.append((better(problem.probe(path[-1])(validation)), penalty, path[-1]))
            if len(tried) - 1 - max(range(len(tried)), key=lambda place: tried[place][0]) >= PATIENCE:
                break
        _, penalty, start = max(tried, key=lambda one: one[0])
        return problem.probe(problem.solved(penalty, start, FINE), penalty)


def solved(train: Labelled, classes: int, penalty: float, class_weights: Sequence[float] | None = None) -> Probe:
    """Return the classifier of `train` at one penalty."""
    with threadpool_limits(1):
        problem = _Problem(train, classes, class_weights)
        start = np.zeros((train.features.shape[1] + 1, classes))
        return problem.probe(problem.solved(penalty, start, FINE), penalty)


class _Problem:
    """The loss of a classifier: its kernel [D, K] above its bias [K], for standardised features."""

    def __init__(self, train: Labelled, classes: int, class_weights: Sequence[float] | None) -> None:
        self._mean = train.features.mean(axis=0, dtype=np.float64)
        deviation = train.features.std(axis=0, dtype=np.float64)
        self._deviation = np.where(deviation > 0, deviation, 1.0)  # a feature that never changes says nothing
        self._features = ((train.features - self._mean) / self._deviation).astype(np.float32)
        self._wanted = np.eye(classes, dtype=np.float32)[train.labels]
        weights = np.ones(classes) if class_weights is None else np.asarray(class_weights)
        self._shares = (weights[train.labels] / len(train.labels)).astype(np.float32)[:, None]  # of the mean loss

    def solved(self, penalty: float, start: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
        """Return the optimum [D + 1, K] at a penalty, sought from `start`."""
        found = minimize(
            lambda flat: self._loss(flat.reshape(start.shape), penalty), start.ravel(), jac=True, method="L-BFGS-B",
            options={"maxiter": STEPS, "ftol": tolerance, "gtol": 1e-7},
        )  # fmt: skip
        solution: NDArray[np.float64] = found.x.reshape(start.shape)
        return solution

    def probe(self, solution: NDArray[np.float64], penalty: float = 0.0) -> Probe:
        """Return a solution as a classifier of features as they are: the standardisation is folded in."""
        kernel = solution[:-1] / self._deviation[:, None]
        bias = solution[-1] - self._mean @ kernel
        return Probe(kernel.astype(np.float32), bias.astype(np.float32), penalty)

    def _loss(self, solution: NDArray[np.float64], penalty: float) -> tuple[float, NDArray[np.float64]]:
        kernel, bias = solution[:-1], solution[-1]
        logits = self._features @ kernel.astype(np.float32) + bias.astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        losses = np.log(sums) - (self._wanted * logits).sum(axis=1, keepdims=True)
        slopes = (powers / sums - self._wanted) * self._shares
        loss = (self._shares * losses).sum(dtype=np.float64) + penalty / 2 * np.square(kernel).sum()
        slope = np.vstack([self._features.T @ slopes + penalty * kernel, slopes.sum(axis=0, dtype=np.float64)])
        return float(loss), slope.ravel()
