"""Runs as a store gives them, for the tests of the report: three families on the embedded digits."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from suite.core.domains import Choice, Range
from suite.core.study import Budget, Constraint, Fidelity, Objective, Study
from suite.core.trial import Run, Trial

BEGIN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SURROUNDINGS = {
    "device": "Intel Xeon 2.10 GHz",
    "threads": "1",
    "latency_path": "tf.function",
    "dataset": "digits",
    "dataset_digest": "3fa1c09be2d47788",
    "train_images": "1257",
    "validation_images": "270",
    "test_images": "270",
    "classes": "10",
    "image": "32 x 32 x 1",
    "tensorflow": "2.21.0",
    "keras": "3.15.1",
    "seed": "0",
    "commit": "607d510",
}
ACCURACY = Objective(measure="accuracy", goal="max")
LATENCY = Objective(measure="latency", goal="min")
PARAMETERS = Objective(measure="parameters", goal="min")

SPACES = {
    "alexnet": {"width": Range(low=8, high=64, step=8), "dropout": Range(low=0.0, high=0.6)},
    "resnet": {
        "depths": Choice(((1, 1), (2, 2), (1, 1, 1), (2, 2, 2), (3, 3, 3))),
        "width": Choice((8, 16, 32)),
        "bottleneck": Choice((True, False)),
    },
    "mobilenet": {"multiplier": Choice((0.25, 0.5, 0.75, 1.0)), "kernel": Choice(("3x3", "5x5"))},
}
RECIPE = {"learning_rate": Range(low=1e-4, high=1e-2, log=True), "optimizer": Choice(("adamw", "sgd"))}
# Of a family: parameters of its smallest network, their spread as a factor, best error in percent, ms per million MACs
CHARACTERS = {
    "alexnet": (60_000, 40, 4.5, 0.05),
    "resnet": (12_000, 60, 1.2, 0.09),
    "mobilenet": (5_000, 30, 2.4, 0.16),
}


def study(family="resnet", objectives=(ACCURACY, LATENCY), constraints=None, name=None) -> Study:
    return Study(
        name=name or family,
        question="On small pictures of digits, which family buys the most accuracy per millisecond?",
        architecture=f"{family}/tiny",
        dataset="digits",
        objectives=tuple(objectives),
        constraints=(Constraint(measure="latency", at_most=0.9),) if constraints is None else tuple(constraints),
        budget=Budget(trials=40),
        fidelity=Fidelity(epochs=12),
        space=SPACES[family],
        recipe=RECIPE,
    )


def _drawn(domain, random):
    if isinstance(domain, Choice):
        return domain.values[random.integers(len(domain.values))]
    low, high = (math.log(domain.low), math.log(domain.high)) if domain.log else (domain.low, domain.high)
    value = random.uniform(low, high)
    value = math.exp(value) if domain.log else value
    return int(value) if domain.integer else value


def _costs(family, random):
    smallest, spread, _, slope = CHARACTERS[family]
    size = random.random()
    parameters = int(smallest * spread**size)
    macs = int(parameters * 18 * random.uniform(0.7, 1.4))
    latency = 0.12 + slope * (macs / 1e6) ** 0.8
    half = latency * random.uniform(0.01, 0.06)
    return size, {
        "parameters": float(parameters), "macs": float(macs), "activations": float(int(macs**0.7)), "latency": latency,
        "latency_low": latency - half, "latency_high": latency + half, "latency_p90": latency * 1.15,
    }  # fmt: skip


def _curve(error, epochs, random):
    rows = []
    for epoch in range(1, epochs + 1):
        wrong = min(90.0, error + (88 - error) * math.exp(-epoch / random.uniform(1.6, 2.6)))
        accuracy = round((100 - wrong) * 2.7) / 2.7  # whole images of 270
        rows.append({"epoch": float(epoch), "time": 0.0, "loss": wrong / 40, "accuracy": min(100.0, accuracy + 0.8),
                     "val_loss": wrong / 36, "val_accuracy": accuracy, "val_top5": min(100.0, accuracy + 1),
                     "learning_rate": 1e-3})  # fmt: skip
    return tuple(rows)


def trial(number, family="resnet", random=None, state="complete", surroundings=None, epochs=12, **known) -> Trial:
    """One candidate with values such as a small network on digits has."""
    random = random or np.random.default_rng(number)
    configuration = {f"space.{key}": _drawn(domain, random) for key, domain in SPACES[family].items()}
    configuration |= {f"recipe.{key}": _drawn(domain, random) for key, domain in RECIPE.items()}
    size, measures = _costs(family, random)
    error = CHARACTERS[family][2] + 14 * (1 - size) ** 2 + random.exponential(1.5)
    curve = _curve(error, epochs, random) if state in ("complete", "running", "interrupted") else ()
    if state == "complete":
        best = max(curve, key=lambda row: row["val_accuracy"])
        measures |= {"accuracy": best["val_accuracy"], "top5": best["val_top5"], "loss": best["val_loss"]}
        measures["training_seconds"] = 6 + 30 * size
    began = BEGIN + timedelta(seconds=40 * number)
    return Trial(
        number=number, state=state, configuration=configuration, measures=measures | known.pop("measures", {}),
        curve=curve, surroundings=SURROUNDINGS if surroundings is None else surroundings, started=began,
        finished=None if state == "running" else began + timedelta(seconds=6 + 30 * size), **known,
    )  # fmt: skip


def run(family="resnet", count=30, seed=0, chosen=None) -> Run:
    """A run of `count` candidates: what breaks the limit on latency is refused, the third and last are special."""
    asked, random = chosen or study(family), np.random.default_rng([seed, len(family)])
    trials = []
    for number in range(count):
        made = trial(number, family, random)
        broken = made.broken(asked.constraints)
        if number == 3:
            made = trial(
                number,
                family,
                random,
                state="failed",
                reason="ResourceExhaustedError: out of memory",
                traceback="Traceback (most recent call last):\n  ...\nResourceExhaustedError: out of memory",
            )
        elif broken:
            limit = broken[0]
            reason = f"breaks {limit}: {made.measures[limit.measure]:.3g} ms"
            costs = {key: value for key, value in made.measures.items() if key not in ("accuracy", "top5", "loss")}
            made = Trial(
                number=number,
                state="refused",
                configuration=made.configuration,
                measures=costs,
                reason=reason,
                surroundings=made.surroundings,
                started=made.started,
                finished=made.started,
            )
        trials.append(made)
    return Run(folder=Path("runs") / asked.name, study=asked, trials=tuple(trials))


def families(count=30) -> list[Run]:
    return [run(family, count, seed) for seed, family in enumerate(SPACES)]


def on_other_pictures(run, less=5.0) -> Run:
    """The same trials on a data set that is harder: each has some accuracy less."""
    trials = [
        dataclasses.replace(
            trial,
            surroundings={**trial.surroundings, "dataset": "flowers", "dataset_digest": "77aa"},
            measures={key: value - less * (key == "accuracy") for key, value in trial.measures.items()},
        )
        for trial in run.trials
    ]
    return dataclasses.replace(
        run, study=dataclasses.replace(run.study, name=f"{run.name}-flowers"), trials=tuple(trials)
    )
