"""Is a wrong value refused where it is made, in the words that a study file's reader uses, whoever makes it?"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from suite.core.domains import Choice, Range
from suite.core.errors import StudyError
from suite.core.recipe import Recipe
from suite.core.study import Budget, Constraint, Fidelity, Latency, Objective
from suite.studyfile import binding
from tests import studies

RECIPES: list[tuple[str, Any]] = [
    ("optimizer", "adam"),
    ("optimizer", "SGD"),
    ("schedule", "cosin"),
    ("precision", "float16"),
    ("learning_rate", 0.0),
    ("learning_rate", -1e-3),
    ("learning_rate", math.nan),
    ("learning_rate", math.inf),
    ("learning_rate", "fast"),
    ("warmup", -0.1),
    ("warmup", 1.5),
    ("momentum", 1.0),
    ("epsilon", 0.0),
    ("epsilon", "one"),
    ("weight_decay", -1e-4),
    ("weight_decay", math.inf),
    ("adaptive_clipping", -1.0),
    ("batch_size", 0),
    ("batch_size", 64.5),
    ("flip", "yes"),
    ("label_smoothing", 1.0),
    ("shift", 2.0),
]


@pytest.mark.parametrize(("field", "value"), RECIPES)
def test_a_recipe_refuses_what_it_cannot_train_by(field: str, value: object) -> None:
    with pytest.raises(StudyError, match=rf"^{field}: (needs|no {field})"):
        Recipe(**{field: value})
    with pytest.raises(StudyError, match=rf"^{field}: "):
        binding.replaced(Recipe(), {field: value})  # type: ignore[dict-item]


@pytest.mark.parametrize(("field", "value"), RECIPES)
def test_a_searched_field_refuses_the_one_bad_value_of_its_domain(field: str, value: Any) -> None:
    good = getattr(Recipe(), field) or 0.5
    domains: list[Any] = [value, Choice((good, value))]
    if isinstance(value, (int, float)) and math.isfinite(value):
        domains.append(Range(low=min(good, value), high=max(good, value)))
    for domain in domains:
        with pytest.raises(StudyError, match=rf"^{field}: "):
            studies.study(recipe={field: domain})


def test_a_name_that_is_nearly_right_is_told() -> None:
    with pytest.raises(StudyError, match="Did you mean 'adamw'"):
        Recipe(optimizer="adam")
    with pytest.raises(StudyError, match="Did you mean 'accuracy'"):
        Objective(measure="acuracy", goal="max")
    with pytest.raises(StudyError, match="Did you mean 'latency'"):
        Constraint(measure="latncy", at_most=5)
    with pytest.raises(StudyError, match="Did you mean 'random'"):
        studies.study(sampler="rando")
    with pytest.raises(StudyError, match="Did you mean 'batch_size'"):
        studies.study(recipe={"batchsize": 64})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Budget(trials=0),
        lambda: Budget(hours=0.0),
        lambda: Budget(hours=math.nan),
        lambda: Budget(trials="many"),  # type: ignore[arg-type]
        lambda: Fidelity(epochs=0),
        lambda: Fidelity(epochs=3, min_epochs=0),
        lambda: Latency(seconds=0.0),
        lambda: Latency(seconds=math.inf),
        lambda: Constraint(measure="latency", at_most=-1.0),
        lambda: Constraint(measure="latency", at_most=math.nan),
        lambda: Objective(measure="accuracy", goal="largest"),  # type: ignore[arg-type]
        lambda: studies.study(seed=-1),
        lambda: studies.study(name="a/b"),
        lambda: studies.study(architecture="resnet"),
        lambda: studies.study(dataset=""),
        lambda: studies.study(image=(0, 32, 3)),
        lambda: studies.study(image=(32, 32, 4)),
        lambda: Fidelity(epochs=2.5),  # type: ignore[arg-type]
        lambda: studies.study(objectives=()),
        lambda: studies.study(objectives=(Objective(measure="macs", goal="min"),) * 2),
        lambda: replace(studies.study(), sampler="bayes"),
    ],
)
def test_whatever_makes_up_a_study_is_held_where_it_is_made(make: Any) -> None:
    with pytest.raises(StudyError):
        make()
