"""What to try next: the samplers that propose, and the configurations that need not be proposed again."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Mapping, Sequence

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from suite.binding import configurations
from suite.search.space import drawn, network
from suite.study import Study, Value
from suite.trial import Trial

DRAWS = 2_000  # random draws in search of a new configuration
WALK = 100_000  # configurations that are walked through when the draws found none

_TRIED = ("running", "complete", "refused", "failed")


def sampler(study: Study, asked: int) -> BaseSampler:
    """Return the study's sampler for the proposal after `asked` others.

    Seeded by both, so that a study that was interrupted proposes what it would have proposed.
    """
    seed = (study.seed * 1_000_003 + asked) % 2**32
    startup = min(10, max(2, (study.budget.trials or 20) // 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # `multivariate` is one, since 2.2
        match study.sampler:
            case "random":
                return RandomSampler(seed)
            case "nsga2":
                return NSGAIISampler(population_size=2 * startup, seed=seed)
            case _:
                return TPESampler(multivariate=True, group=True, n_startup_trials=startup, seed=seed)


class Tried:
    """The configurations that need not be tried again."""

    def __init__(self, study: Study, trials: Sequence[Trial]) -> None:
        """Learn the configurations of `trials`; those of interrupted ones stay free."""
        self._study = study
        self._configurations = {_key(trial.configuration) for trial in trials if trial.state in _TRIED}
        self._refused = {_key(network(trial.configuration)) for trial in trials if trial.state == "refused"}
        self._seed = len(trials)

    def fresh(self, configuration: Mapping[str, Value]) -> bool:
        """Whether it was not tried, and its network was not refused under another recipe."""
        return _key(configuration) not in self._configurations and _key(network(configuration)) not in self._refused

    def draw(self) -> dict[str, Value] | None:
        """Return a fresh configuration at random; None when the space holds none, or none is found in it."""
        source = random.Random(f"{self._study.seed}/{self._seed}")
        for _ in range(DRAWS):
            configuration = drawn(self._study, source)
            if self.fresh(configuration):
                return configuration
        walk = configurations(self._study) if self._study.size <= WALK else iter(())
        return next(filter(self.fresh, walk), None)


def _key(configuration: Mapping[str, Value]) -> str:
    return json.dumps(configuration, sort_keys=True)
