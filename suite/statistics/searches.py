"""What a search found after so many trials, and whether its short trainings tell what long ones would."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from scipy.stats import kendalltau

Array = NDArray[np.float64]


def expected_best(values: ArrayLike) -> Array:
    """Return the mean [N] of the best of 1, 2, ... N trials that are drawn at random from `values` [N], without bias.

    Drawn without replacement: Tang et al., Showing Your Work Doesn't Always Work, ACL 2020, equation 6. It says what a
    random search would have found; trials of a search that learns are not such.
    """
    known = np.sort(np.asarray(values, dtype=float))
    count = len(known)
    drawn, place = np.arange(1, count + 1)[:, None], np.arange(1, count + 1)[None, :]
    possible = place >= drawn
    log = _log_choose(np.where(possible, place - 1, 0), np.where(possible, drawn - 1, 0)) - _log_choose(count, drawn)
    return np.asarray(np.where(possible, np.exp(log), 0.0) @ known)


def _log_choose(of: ArrayLike, chosen: ArrayLike) -> Array:
    total, taken = np.asarray(of, dtype=float), np.asarray(chosen, dtype=float)
    return np.asarray(gammaln(total + 1) - gammaln(taken + 1) - gammaln(total - taken + 1))


class Agreement(NamedTuple):
    """How far two rankings of the same trials agree."""

    tau: float  # Kendall's tau-b: 1 the same ranking, 0 no relation, -1 the reverse
    trials: int


def agreement(short: ArrayLike, long: ArrayLike) -> Agreement | None:
    """Return how far short and long trainings [K] of the same networks rank them alike; None if nothing differs.

    Kendall, 1945, Biometrika 33, for ties.
    """
    first, second = np.asarray(short, dtype=float), np.asarray(long, dtype=float)
    if len(np.unique(first)) < 2 or len(np.unique(second)) < 2:
        return None
    return Agreement(float(kendalltau(first, second).statistic), len(first))
