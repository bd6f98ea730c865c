"""What to try next: the samplers that propose, and the configurations that need not be proposed again."""

from __future__ import annotations

import json
import math
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from suite.core.domains import Value
from suite.core.measures import MEASURES
from suite.core.recipe import FROZEN
from suite.core.study import Study
from suite.core.trial import Trial
from suite.sampler.cheap_first import START, CheapFirstSampler, Curve, Open
from suite.sampler.costs import Price
from suite.sampler.parameters import Space
from suite.sampler.prospects import FIRST, LATER, NEVER
from suite.search.space import branches, decoded, distributions, frozen, network
from suite.studyfile.binding import configurations, drawn

Known = Callable[[Mapping[str, Value]], "Mapping[str, float] | None"]  # costs of a configuration's network, by measure

WORK = "macs"  # the measure of what seconds are spent on
BEFORE = 3e11  # multiply-adds that take as long as all else of a short trial, 4 seconds of two cores (measured)
PASSES = 3  # multiply-adds of an epoch, in those of its pictures: forward, and twice as many backward

FEW = 8  # candidates for each training before the first model, in a small space
CALLS = 8  # networks that are counted for one proposal, a tenth of a second each

DRAWS = 2_000  # random draws in search of a new configuration
WALK = 100_000  # configurations: a space of at most so many is walked through when the draws found none

OPTUNAS: dict[str, Callable[[int, int], BaseSampler]] = {  # takes the number of random first trials, and a seed
    "tpe": lambda startup, seed: TPESampler(multivariate=True, group=True, n_startup_trials=startup, seed=seed),
    "nsga2": lambda startup, seed: NSGAIISampler(population_size=2 * startup, seed=seed),
    "random": lambda startup, seed: RandomSampler(seed),
}

_TRIED = ("running", "paused", "complete", "refused", "failed")


def sampler(study: Study, asked: int) -> BaseSampler:
    """Return the study's Optuna sampler for the proposal after `asked` others.

    The study's seed and `asked` seed it, so that an interrupted study proposes what it would have proposed.
    """
    seed = (study.seed * 1_000_003 + asked) % 2**32
    startup = min(10, max(2, (study.budget.trials or 20) // 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of `multivariate`, since 2.2
        return OPTUNAS[study.sampler](startup, seed)


def cheap_first(
    study: Study,
    known: Known,
    curve: Curve,
    open: Open,
    pictures: Callable[[], int] = lambda: 0,
    turn: Callable[[Mapping[str, Value]], int] = lambda configuration: LATER,
) -> CheapFirstSampler:
    """Return our sampler.

    `known` returns the known costs of a configuration's network, None if it cannot be built or was refused. Each
    proposal asks it for CALLS configurations. The configuration of an `open` trial may be proposed again. `pictures`
    returns how many there are to train with. `turn` is asked where networks may stay frozen.
    """
    measures = asked_of(study)

    def costs(parameters: Mapping[str, Any]) -> list[float] | None:
        told = known(decoded(study, parameters))
        if told is None or any(c.measure in told and c.excess(told[c.measure]) > 0 for c in study.constraints):
            return None
        return [told.get(measure, math.nan) for measure in measures]

    return CheapFirstSampler(
        costs if measures else None,
        positions=[place for place, o in enumerate(study.objectives) if MEASURES[o.measure].is_cost],
        limits=[_limit(study, measure) for measure in measures],
        space=Space.branched(distributions(study), branches(study)),
        calls=CALLS,
        price=_price(study, measures, pictures),
        turn=(lambda parameters: turn(decoded(study, parameters))) if FROZEN in study.modes else None,
        deciding=network(dict.fromkeys(study.domains, 0)).keys(),
        curve=curve,
        open=open,
        end=float(len(study.rungs) - 1),
        start=first_trainings(study),
        seed=study.seed,
    )


def costs_of(study: Study) -> list[str]:
    """Return the costs among a study's measures: its objectives in their order, then those it only limits."""
    return [measure for measure in study.measures if MEASURES[measure].is_cost]


def asked_of(study: Study) -> list[str]:
    """Return the costs that are asked for before a trial: those of the study, and what hours are spent on."""
    return list(dict.fromkeys([*costs_of(study), *([WORK] if study.budget.hours else [])]))


def first_trainings(study: Study) -> int:
    """Return how many trainings come before the first model: few if few are to come, or if there are few candidates."""
    return int(min(START, max(2, (study.budget.trials or 4 * START) // 4), max(2, study.size / FEW)))


def _price(study: Study, measures: Sequence[str], pictures: Callable[[], int]) -> Price:
    """Return what a whole training takes of the budget: multiply-adds if hours are limited, else parts of a training.

    What is promised is promised for its end. Multiply-adds stand for seconds, which differ from one day to the next.
    """
    parts: dict[str, float] = {}

    def part(configuration: Mapping[str, Any]) -> float:
        decisive = key({name: value for name, value in configuration.items() if name.startswith("recipe.")})
        if decisive not in parts:
            whole = decoded(study, configuration)
            parts[decisive] = study.work(whole, study.last(whole))
        return parts[decisive]

    def in_multiply_adds(configuration: Mapping[str, Any], costs: Sequence[float]) -> float:
        epochs = study.whole * part(configuration)
        return BEFORE + PASSES * epochs * pictures() * costs[measures.index(WORK)]

    return in_multiply_adds if study.budget.hours else lambda configuration, costs: part(configuration)


def _limit(study: Study, measure: str) -> float | None:
    """Return the upper limit of a cost; None if it has none."""
    return min((c.limit for c in study.constraints if c.measure == measure and c.at_most is not None), default=None)


class Tried:
    """The configurations that need not be tried again."""

    def __init__(self, study: Study, trials: Sequence[Trial]) -> None:
        """Learn the configurations of `trials`.

        Those of interrupted trials stay free; so do those of dropped trials, once others were trained since.
        """
        self._study = study
        trained = max((trial.number for trial in trials if trial.state in ("complete", "paused")), default=-1)
        dropped = [trial for trial in trials if trial.state == "dropped" and trial.number > trained]
        tried = [trial for trial in trials if trial.state in _TRIED]
        self._configurations = {self._key(trial.configuration) for trial in [*tried, *dropped]}
        self._refused = {key(network(trial.configuration)) for trial in trials if trial.state == "refused"}
        self._seed = len(trials)

    def fresh(self, configuration: Mapping[str, Value]) -> bool:
        """Whether it was not tried, and its network was not refused under another recipe."""
        return self._key(configuration) not in self._configurations and key(network(configuration)) not in self._refused

    def turn(self, configuration: Mapping[str, Value], looks_first: bool) -> int:
        """Return when a configuration is tried. A frozen network is tried once, whatever the rates of a tuning."""
        if self._study.mode(configuration) != FROZEN:
            return LATER
        if not self.fresh(configuration):
            return NEVER
        return FIRST if looks_first else LATER

    def _key(self, configuration: Mapping[str, Value]) -> str:
        """Return what tells candidates apart."""
        if self._study.mode(configuration) == FROZEN:
            return key({**frozen(configuration), "recipe.mode": FROZEN})
        return key(configuration)

    def draw(self) -> dict[str, Value] | None:
        """Return a random fresh configuration; None when the space holds none, or none was found in it."""
        source = random.Random(f"{self._study.seed}/{self._seed}")
        for _ in range(DRAWS):
            configuration = drawn(self._study, source)
            if self.fresh(configuration):
                return configuration
        walk = configurations(self._study) if self._study.size <= WALK else iter(())
        return next(filter(self.fresh, walk), None)


def key(configuration: Mapping[str, Value]) -> str:
    """Return a text that is the same for equal configurations."""
    return json.dumps(configuration, sort_keys=True)
