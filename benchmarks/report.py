"""Seconds that the report takes from trials in memory to files on disk, its imports included, and until it is open.

    python benchmarks/report.py [--trials 5000] [--folder DIR]

The trials are made up: their number is what is measured, three families with twelve epochs each.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from suite.core.domains import Choice, Range
from suite.core.study import Budget, Constraint, Fidelity, Objective, Study
from suite.core.trial import Run, Trial

FAMILIES = ("alexnet", "resnet", "mobilenet")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def study(family: str) -> Study:
    """A study of `family` with six settings, two objectives and a limit."""
    return Study(
        name=family,
        question="How long does a report of many trials take?",
        architecture=f"{family}/tiny",
        dataset="digits",
        objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="latency", goal="min")),
        constraints=(Constraint(measure="latency", at_most=4.0),),
        budget=Budget(trials=10_000),
        fidelity=Fidelity(epochs=12),
        space={
            "depths": Choice(((1, 1), (2, 2), (3, 3))),
            "width": Range(low=8, high=64),
            "wide": Choice((True, False)),
        },
        recipe={
            "learning_rate": Range(low=1e-4, high=1e-2, log=True),
            "optimizer": Choice(("adamw", "sgd")),
            "batch_size": Choice((32, 64, 128)),
        },
    )


def trial(number: int, random: np.random.Generator) -> Trial:
    """A candidate: nine in ten are trained, the others refused."""
    size = random.random()
    parameters = 5_000 * 300**size
    latency = 0.1 + parameters / 5e5 * random.uniform(0.7, 1.5)
    measures = {
        "parameters": float(int(parameters)), "macs": float(int(parameters * random.uniform(10, 30))),
        "activations": float(int(parameters**0.8)), "latency": latency, "latency_low": 0.97 * latency,
        "latency_high": 1.03 * latency, "latency_p90": 1.2 * latency,
    }  # fmt: skip
    configuration = {
        "space.depths": (int(random.integers(1, 4)),) * 2, "space.width": int(random.integers(8, 65)),
        "space.wide": bool(random.random() < 0.5), "recipe.learning_rate": float(10 ** random.uniform(-4, -2)),
        "recipe.optimizer": str(random.choice(["adamw", "sgd"])),
        "recipe.batch_size": int(random.choice([32, 64, 128])),
    }  # fmt: skip
    error = 2 + 12 * (1 - size) ** 2 + random.exponential(2)
    curve = tuple(
        {"epoch": float(e), "val_accuracy": max(10.0, 100 - error - 70 * math.exp(-e / 2)), "loss": 1 / e}
        for e in range(1, 13)
    )
    began = BEGIN + timedelta(seconds=30 * number)
    common = {"number": number, "configuration": configuration, "started": began}
    if random.random() < 0.1:
        return Trial(state="refused", measures=measures, reason="latency 4.8 ms > 4 ms", finished=began, **common)
    trained = measures | {"accuracy": curve[-1]["val_accuracy"], "top5": 99.0, "loss": 0.2, "training_seconds": 20.0}
    surroundings = {"device": "made up", "dataset": "digits", "dataset_digest": "0" * 16,
                    "dataset_sizes": "train 1257, validation 270, test 270"}  # fmt: skip
    return Trial(state="complete", measures=trained, curve=curve, surroundings=surroundings,
                 finished=began + timedelta(seconds=25), **common)  # fmt: skip


def runs(count: int) -> list[Run]:
    """Three runs with `count` trials together."""
    random = np.random.default_rng(0)
    shares = [len(part) for part in np.array_split(np.arange(count), len(FAMILIES))]
    return [
        Run(folder=Path("runs") / family, study=study(family), trials=tuple(trial(n, random) for n in range(share)))
        for family, share in zip(FAMILIES, shares, strict=True)
    ]


def main() -> None:
    """Make the trials, time the report, print seconds and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=5_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    made = runs(given.trials)
    with tempfile.TemporaryDirectory() as spare:
        began, worked = time.perf_counter(), time.process_time()
        from suite.report.study import page  # its imports are part of what a user waits for

        imported = time.perf_counter()
        written = page.write(made, given.folder or Path(spare))
        ended, worked = time.perf_counter(), time.process_time() - worked
        megabytes = written.stat().st_size / 1e6
        opening = _opening(written)
    print(f"{given.trials:,} trials: {ended - began:.2f} s, of which imports {imported - began:.2f} s")
    print(f"processor: {worked:.2f} s")
    print(f"index.html: {megabytes:.2f} MB")
    print(f"opens in a browser: {opening}")


def _opening(page: Path) -> str:
    """Return how long Chromium takes until the page is drawn, the median of five."""
    from tests.browser import CHROMIUM, opened

    if CHROMIUM is None:
        return "Chromium is not installed"
    with opened(page) as seen:
        times = []
        for _ in range(5):
            seen.again()
            times.append(seen.do("performance.now()"))
    return f"{sorted(times)[2] / 1000:.2f} s"


if __name__ == "__main__":
    main()
