"""What a trial costs on top of a bare `model.fit` with the same network and the same data.

    python benchmarks/overhead.py            a short trial and one of about a minute, and proposals at trial 5 and 500

Both sides are run in turn in one process, each after one of its kind to warm up; reported are the fastest of each,
which other work of the machine disturbed least, and their ratio.
The bare side builds the same network, compiles it with the same optimizer and fits it on the same batches with Keras'
own accuracy metric. Ours is the whole trial: ask, count, time, train, keep the best weights, save, write to the
database, with MLflow mirrored to a SQLite file.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from suite.machine.quiet import load_tensorflow

load_tensorflow()

import keras  # noqa: E402

from suite import architectures, datasets, tracking  # noqa: E402
from suite.core import answers  # noqa: E402
from suite.core.domains import Choice, Range  # noqa: E402
from suite.core.recipe import Recipe  # noqa: E402
from suite.core.study import Budget, Fidelity, Objective, Study  # noqa: E402
from suite.core.trial import Trial  # noqa: E402
from suite.machine.capacity import processors  # noqa: E402
from suite.search import folder, tuner  # noqa: E402
from suite.search.bench import Bench  # noqa: E402
from suite.search.evaluation import Evaluation  # noqa: E402
from suite.timing.timer import Timer  # noqa: E402
from suite.training import optimizers  # noqa: E402
from suite.training.schedules import schedule  # noqa: E402


def study(epochs: int, trials: int) -> Study:
    """Return a study over one network, so that both sides train the same; only the rate is searched over."""
    return Study(
        name="overhead",
        architecture="mobilenet/tiny",
        dataset="digits",
        objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="latency", goal="min")),
        recipe={"learning_rate": Range(low=1e-3, high=1e-2, log=True)},
        budget=Budget(trials=trials),
        fidelity=Fidelity(epochs=epochs),
    )


def bare(data: datasets.Dataset, epochs: int) -> float:
    """Return the seconds of building, compiling and fitting the network, as a user would who does nothing else."""
    began = time.perf_counter()
    model = architectures.family("mobilenet").build(architectures.config("mobilenet/tiny"), data.task)
    recipe = Recipe(learning_rate=3e-3)
    batches = data.train(batch_size=recipe.batch_size, seed=0)
    steps = epochs * -(-data.sizes["train"] // recipe.batch_size)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.optimizer(recipe, schedule(recipe, steps)), loss, metrics=["accuracy"])
    model.fit(batches, validation_data=data.validation(), epochs=epochs, verbose=0, shuffle=False)
    seconds = time.perf_counter() - began
    keras.utils.clear_session()
    return seconds


def ours(data: datasets.Dataset, epochs: int, home: Path) -> list[float]:
    """Return the seconds of trials of the same network, everything included; each network is measured anew."""
    wanted = study(epochs, 2)
    seconds = []
    with (
        folder.opened(home / wanted.name, wanted) as store,
        mirrored(store, home) as mirror,
        Timer(wanted.latency.path, processors()) as timer,
        Bench(wanted.latency, data.classes, timer) as bench,
    ):
        evaluate = Evaluation(
            study=wanted,
            data=data,
            bench=bench,
            model_file=lambda number: folder.model(store.folder, number),
            answers_file=lambda number: answers.place(store.folder, number),
            watchers=[mirror],
        )
        oracle = tuner.Oracle(store)
        worker = tuner.Tuner(oracle, evaluate, [mirror])
        for _ in range(2):
            began = time.perf_counter()
            trial = oracle.create_trial("tuner0")
            worker.run_trial(trial)
            trial.status = "COMPLETED"
            worker.on_trial_end(trial)
            seconds.append(time.perf_counter() - began)
    return seconds[1:]


def mirrored(store: folder.Store, home: Path) -> tracking.Mirror:
    """Return MLflow's mirror of the run, on a SQLite file in `home`."""
    return tracking.Mirror(store.folder, store.study, tracking.uri(home))


def compared(data: datasets.Dataset, epochs: int, repeats: int) -> None:
    """Print both sides for trials of `epochs` epochs."""
    plain, whole = [], []
    for _ in range(repeats):
        plain.append(bare(data, epochs))
        with tempfile.TemporaryDirectory() as home:
            whole += ours(data, epochs, Path(home))
    one, other = min(plain), min(whole)
    sides = f"bare fit {one:6.2f} s   trial {other:6.2f} s"
    print(f"{epochs:4} epochs   {sides}   ratio {other / one:.3f}   on top {other - one:+.2f} s")


def proposals(at: list[int]) -> None:
    """Print the seconds outside of training (ask, write, tell) around each of the trial numbers `at`."""
    wanted = replace(
        study(30, max(at) + 10),
        space={
            "width": Range(low=0.1, high=4.0),
            "dropout": Range(low=0.0, high=0.5),
            "stem": Choice(("imagenet", "small")),
        },
    )
    marks: list[float] = []

    def simulated(trial: Trial) -> Trial:
        marks.append(time.perf_counter())
        width = float(trial.configuration["space.width"])  # type: ignore[arg-type]
        row = {
            "loss": 1.0,
            "accuracy": 50.0,
            "val_loss": 1.0,
            "val_accuracy": 50.0,
            "val_top5": 90.0,
            "learning_rate": 0.1,
        }
        ended = replace(
            trial,
            state="complete",
            measures={"accuracy": 90 + width, "latency": width, "parameters": 1e4 * width},
            curve=[{"epoch": epoch, "time": time.time(), **row} for epoch in range(1, 31)],
            finished=datetime.now(UTC),
        )
        marks.append(time.perf_counter())
        return ended

    with (
        tempfile.TemporaryDirectory() as home,
        folder.opened(Path(home) / "run", wanted) as store,
        tracking.Mirror(store.folder, wanted, tracking.uri(Path(home))) as mirror,
    ):
        tuner.search(store, simulated, [mirror])
        mirror.close(0)
    between = [after - before for before, after in zip(marks[1::2], marks[2::2], strict=False)]
    for number in at:
        around = statistics.median(between[max(0, number - 5) : number + 5])
        print(f"trial {number:4}   outside of building, measuring and training {around:.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, nargs="*", default=[5, 100], help="lengths of trials to compare")
    parser.add_argument("--at", type=int, nargs="*", default=[5, 500], help="trial numbers to look at")
    chosen = parser.parse_args()
    data = datasets.load("digits")
    bare(data, 1)
    for epochs in chosen.epochs:
        compared(data, epochs, chosen.repeats)
    if chosen.at:
        proposals(chosen.at)


if __name__ == "__main__":
    main()
