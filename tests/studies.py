"""Small studies for the tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from suite.core.clock import now
from suite.core.domains import Choice, Range
from suite.core.study import Budget, Constraint, Fidelity, Latency, Objective, Study
from suite.core.trial import Trial


def study(**changes: Any) -> Study:
    """Return a study over 12 networks and a continuous learning rate, with `changes`."""
    plain = Study(
        name="small",
        architecture="resnet/tiny",
        dataset="digits",
        objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="parameters", goal="min")),
        space={
            "depths": Choice(((1, 1, 1), (1, 2, 1), (2, 2, 2))),
            "widths": Choice(((2, 4, 4), (4, 4, 8), (4, 8, 8), (8, 8, 8))),
        },
        recipe={"learning_rate": Range(low=1e-3, high=1e-2, log=True), "batch_size": 128},
        constraints=(Constraint(measure="parameters", at_most=5_000),),
        budget=Budget(trials=6),
        fidelity=Fidelity(epochs=1),
        latency=Latency(seconds=0.3, settling=0),
        seed=3,
    )
    return replace(plain, **changes)


def finite(**changes: Any) -> Study:
    """Return the same study without the learning rate: 12 configurations in all."""
    return study(recipe={"batch_size": 128}, **changes)


def weights(trial: Trial) -> float:
    """Return a made-up number of weights, the larger the deeper and wider."""
    return float(100 * sum(trial.configuration["space.depths"]) * sum(trial.configuration["space.widths"]))  # type: ignore[arg-type]


def complete(trial: Trial, accuracy: float = 90.0, **measures: float) -> Trial:
    """Return a begun trial as it looks when it was trained."""
    known = {"parameters": weights(trial), "accuracy": accuracy, **measures}
    curve = ({"epoch": 1, "time": 1.7e9, "loss": 0.5, "val_loss": 0.5, "val_accuracy": accuracy},)
    return replace(trial, state="complete", measures=known, curve=curve, finished=now())


def refused(trial: Trial) -> Trial:
    """Return a begun trial as it looks when it was too large."""
    return replace(trial, state="refused", measures={"parameters": 1e6}, reason="parameters 1,000,000", finished=now())
