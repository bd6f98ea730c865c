"""A study's domains as Optuna and Keras Tuner know them.

Both libraries choose among plain values only, so a choice is named by its JSON text: `[3, 4, 6, 3]`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from suite.core.domains import Choice, Domain, Range, Value
from suite.core.study import Study
from suite.sampler.parameters import Branch

if TYPE_CHECKING:
    import keras_tuner
    import optuna


def label(value: Value) -> str:
    """Return the text that names a choice."""
    return json.dumps(value)


def distributions(study: Study) -> dict[str, BaseDistribution]:
    """Return Optuna's distribution of every domain, keyed as in `Study.domains`."""
    return {key: _distribution(domain) for key, domain in study.domains.items()}


def _distribution(domain: Domain) -> BaseDistribution:
    if isinstance(domain, Choice):
        return CategoricalDistribution([label(value) for value in domain.values])
    if domain.integer:
        return IntDistribution(int(domain.low), int(domain.high), step=int(domain.step or 1), log=domain.log)
    return FloatDistribution(domain.low, domain.high, step=domain.step, log=domain.log)


def encoded(study: Study, configuration: Mapping[str, Value]) -> dict[str, Any]:
    """Return a configuration as the libraries hold it: choices by their labels."""
    return {
        key: label(configuration[key]) if isinstance(domain, Choice) else configuration[key]
        for key, domain in study.domains.items()
        if study.has(key, configuration)
    }


def decoded(study: Study, parameters: Mapping[str, Any]) -> dict[str, Value]:
    """Return the configuration that `encoded` made `parameters` from.

    Raises KeyError if they lack one, unless it has a single value: samplers leave these out.
    """
    found: dict[str, Value] = {}
    for key, domain in study.domains.items():
        if study.has(key, found):
            found[key] = _decoded(domain, parameters[key]) if key in parameters else _only(key, domain)
    return found


def _only(key: str, domain: Domain) -> Value:
    if domain.size > 1:
        raise KeyError(key)
    return domain.values[0] if isinstance(domain, Choice) else _decoded(domain, domain.low)


def is_whole(study: Study, parameters: Mapping[str, Any]) -> bool:
    """Whether `parameters` have all that their network has."""
    domain = study.domains.get("architecture")
    if domain and "architecture" not in parameters:
        return False
    chosen = {"architecture": _decoded(domain, parameters["architecture"])} if domain else {}
    return all(key in parameters for key in study.domains if study.has(key, chosen))


def suggest(study: Study, trial: optuna.Trial) -> None:
    """Ask for a value of each domain that the network of `trial` has."""
    chosen: dict[str, Value] = {}
    for key, domain in study.domains.items():
        if not study.has(key, chosen):
            continue
        match _distribution(domain):
            case CategoricalDistribution(choices=choices):
                value = trial.suggest_categorical(key, choices)
            case IntDistribution(low=low, high=high, step=step, log=log):
                value = trial.suggest_int(key, low, high, step=step, log=log)
            case FloatDistribution(low=low, high=high, step=step, log=log):
                value = trial.suggest_float(key, low, high, step=step, log=log)
        chosen |= {key: _decoded(domain, value)} if key == "architecture" else {}


def branches(study: Study) -> list[Branch]:
    """Return the domains that are used together, and the architectures that use them: a branch for each such set."""
    found: dict[frozenset[str], set[float]] = {}
    for number, name in enumerate(study.architectures):
        used = frozenset(key for key in study.domains if study.has(key, {"architecture": name}))
        found.setdefault(used, set()).add(float(number))
    decided = len(found) > 1
    return [Branch(used, {"architecture": frozenset(here)} if decided else {}) for used, here in found.items()]


def _decoded(domain: Domain, parameter: Any) -> Value:
    if isinstance(domain, Range):
        return int(parameter) if domain.integer else float(parameter)
    return {label(value): value for value in domain.values}[parameter]


def network(configuration: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the costs depend on: the architecture, the size of its pictures, the precision in which it runs."""
    others = ("architecture", "image", "recipe.precision")
    return {key: value for key, value in configuration.items() if key.startswith("space.") or key in others}


def frozen(configuration: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the result depends on where only the classifier is trained: its fit has no epochs and no rates."""
    own = {key: value for key, value in configuration.items() if key in ("recipe.class_weight", "recipe.preset")}
    return {**network(configuration), **own}


def hyperparameters(study: Study) -> keras_tuner.HyperParameters:
    """Return the space as Keras Tuner shows it: what only some networks have depends on the architecture."""
    import keras_tuner

    space = keras_tuner.HyperParameters()
    for key, domain in study.domains.items():
        having = [name for name in study.architectures if study.has(key, {"architecture": name})]
        if len(having) == len(study.architectures):
            _declare(space, key, domain)
        else:
            with space.conditional_scope("architecture", list(map(label, having))):
                _declare(space, key, domain)
    return space


def _declare(space: keras_tuner.HyperParameters, key: str, domain: Domain) -> None:
    if isinstance(domain, Choice):
        space.Choice(key, [label(value) for value in domain.values])
    else:
        number = space.Int if domain.integer else space.Float
        sampling = "log" if domain.log else "linear"
        number(key, domain.low, domain.high, step=None if domain.log else domain.step, sampling=sampling)
