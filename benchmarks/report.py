"""Seconds that the report takes from trials in memory to files on disk, its imports included, and until it is open.

    PYTHONPATH=. python benchmarks/report.py [--trials 5000] [--answers 2000] [--front] [--folder DIR]

The trials are made up: their number is what is measured, three families with twelve epochs each. With --answers each
trained one has kept its answers to so many validation pictures. --front: what `suite front` takes, in place of a page.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from suite.core import answers
from suite.core.answers import Answers
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


def with_answers(made: Sequence[Run], pictures: int, root: Path) -> list[Run]:
    """Return runs in folders below `root` whose trained trials keep answers to so many pictures of ten classes."""
    random = np.random.default_rng(1)
    labels = random.integers(10, size=pictures).astype(np.int32)
    hard = random.standard_normal(pictures)
    return [
        replace(
            run, folder=root / run.name,
            trials=tuple(_answered(one, labels, hard, root / run.name, random) for one in run.trials),
        )
        for run in made
    ]  # fmt: skip


def _answered(one: Trial, labels: np.ndarray, hard: np.ndarray, folder: Path, random: np.random.Generator) -> Trial:
    if one.state != "complete":
        return one
    skill = np.sqrt(2) * ndtri(min(0.999, one.measures["accuracy"] / 100))
    right = skill > hard + random.standard_normal(len(labels))
    said = random.uniform(0.5, 1, len(labels)).astype(np.float32)
    named = np.where(right, labels, (labels + 1) % 10).astype(np.int32)
    found = Answers(
        labels=labels, named=named, said=said, of_label=np.where(right, said, 1 - said).astype(np.float32),
        tempered=said, temperature=np.array(1.0),
    )  # fmt: skip
    answers.write(found, answers.place(folder, one.number))
    return replace(one, measures={**one.measures, "accuracy": 100 * float(right.mean())})


def main() -> None:
    """Make the trials, time the report, print seconds and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=5_000)
    parser.add_argument("--answers", type=int, default=0, metavar="PICTURES")
    parser.add_argument("--front", action="store_true")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    made = runs(given.trials)
    with tempfile.TemporaryDirectory() as spare:
        if given.answers:
            made = with_answers(made, given.answers, Path(spare))
        (_front if given.front else _page)(made, given.folder or Path(spare))


def _front(made: Sequence[Run], into: Path) -> None:
    began, worked = time.perf_counter(), time.process_time()
    from suite.report.comparison import compare
    from suite.report.shown import shown

    found = shown(compare(made))
    print(f"front of {len(found.rows)}: {time.perf_counter() - began:.2f} s")
    print(f"processor: {time.process_time() - worked:.2f} s")


def _page(made: Sequence[Run], into: Path) -> None:
    began, worked = time.perf_counter(), time.process_time()
    from suite.report.study import page  # its imports are part of what a user waits for

    imported = time.perf_counter()
    written = page.write(made, into)
    ended, worked = time.perf_counter(), time.process_time() - worked
    count = sum(len(run.trials) for run in made)
    print(f"{count:,} trials: {ended - began:.2f} s, of which imports {imported - began:.2f} s")
    print(f"processor: {worked:.2f} s")
    print(f"index.html: {written.stat().st_size / 1e6:.2f} MB")
    print(f"opens in a browser: {_opening(written)}")


def _opening(page: Path) -> str:
    """Return how long Chromium takes until what is on the screen is drawn, the median of five."""
    from tests.browser import CHROMIUM, ON_SCREEN, opened

    if CHROMIUM is None:
        return "Chromium is not installed"
    with opened(page) as seen:
        times = []
        for _ in range(5):
            seen.again()
            seen.page.evaluate(ON_SCREEN)
            times.append(seen.page.evaluate("performance.now()"))
    return f"{sorted(times)[2] / 1000:.2f} s"


if __name__ == "__main__":
    main()
