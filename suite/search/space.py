"""A study's domains as Optuna and Keras Tuner know them.

Both libraries choose among plain values only, so a choice is named by its JSON text: `[3, 4, 6, 3]`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from suite.core.study import Choice, Domain, Range, Study, Value

if TYPE_CHECKING:
    import keras_tuner


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
    }


def decoded(study: Study, parameters: Mapping[str, Any]) -> dict[str, Value]:
    """Return the configuration that `encoded` made `parameters` from."""
    return {key: _decoded(domain, parameters[key]) for key, domain in study.domains.items()}


def _decoded(domain: Domain, parameter: Any) -> Value:
    if isinstance(domain, Range):
        return int(parameter) if domain.integer else float(parameter)
    return {label(value): value for value in domain.values}[parameter]


def network(configuration: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the costs depend on: the architecture, and the precision in which it runs."""
    return {key: value for key, value in configuration.items() if key.startswith("space.") or key == "recipe.precision"}


def frozen(configuration: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the result depends on where only the classifier is trained: its fit has no epochs and no rates."""
    own = {key: value for key, value in configuration.items() if key in ("recipe.class_weight", "recipe.preset")}
    return {**network(configuration), **own}


def hyperparameters(study: Study) -> keras_tuner.HyperParameters:
    """Return the space as Keras Tuner shows it."""
    import keras_tuner

    space = keras_tuner.HyperParameters()
    for key, domain in study.domains.items():
        if isinstance(domain, Choice):
            space.Choice(key, [label(value) for value in domain.values])
        else:
            number = space.Int if domain.integer else space.Float
            sampling = "log" if domain.log else "linear"
            number(key, domain.low, domain.high, step=None if domain.log else domain.step, sampling=sampling)
    return space
