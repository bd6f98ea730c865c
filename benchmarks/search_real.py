"""How good a front search methods find in the same minutes, with real trainings: wall-clock time on the axis.

    python benchmarks/search_real.py                                  every method on the embedded digits, 3 seeds
    python benchmarks/search_real.py --method cheap-first keras-tuner --seeds 1 --minutes 2 -o FOLDER
    python benchmarks/search_real.py --study FILE --dataset PICTURES  another space, other pictures

All methods share space, recipe, pictures and minutes; wanted are accuracy and few parameters, whatever a study file
says. Its limits are dropped, as Keras Tuner knows none, and `image` where the dataset is another than the file's. Each
run has a process of its own, and nothing else should run on the machine. The clock starts when the libraries are
imported. What ends after the deadline counts for nobody.

cheap-first, tpe and random are `suite run` with its whole work: each network's latency is measured, each trained one
kept. cheap-first-fidelity may stop a training after `min_epochs`; what stops there is on no front. keras-tuner is its
BayesianOptimization with both objectives as its guide writes them; it measures no latency and keeps no network.

Errors are scaled from the least that any method found (0) to their 85th percentile (1), parameters on the logarithm
from the cheapest network below that error (0) to the dearest (1). Printed is the hypervolume within (1, 1), in percent
of that of all trainings together. FOLDER gets trainings.csv, results.csv and the curves as CSV, PNG and SVG.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from search import minutes
from search.minutes import Row
from tqdm import tqdm

from suite import pipeline
from suite.core.domains import Choice, Range
from suite.core.errors import ArchitectureError, SuiteError
from suite.core.rules import SAMPLERS
from suite.core.study import Budget, Fidelity, Objective, Study

METHODS = ("cheap-first", "cheap-first-fidelity", "tpe", "random", "keras-tuner")
OBJECTIVES = (Objective(measure="accuracy", goal="max"), Objective(measure="parameters", goal="min"))
WIDTHS = (4, 6, 8, 12, 16, 24, 32)

DEFAULT = Study(
    name="digits",
    architecture="resnet/tiny",
    dataset="digits",
    image=(16, 16, 1),
    objectives=OBJECTIVES,
    budget=Budget(hours=1),
    fidelity=Fidelity(epochs=8, min_epochs=2),
    space={
        "stem": "small",
        "depths": Choice(tuple((first, second) for first in (1, 2, 3) for second in (1, 2, 3))),
        "widths": Choice(tuple((first, last) for first in WIDTHS for last in WIDTHS if first <= last <= 2 * first)),
        "bottleneck": Choice((False, True)),
    },
    recipe={
        "learning_rate": Range(low=1e-3, high=3e-2, log=True),
        "label_smoothing": Range(low=0.0, high=0.2),
        "batch_size": 64,
    },
)


class DeadlineError(BaseException):
    """The time is over. Keras Tuner takes an Exception for a failed trial and goes on."""


def main() -> None:
    chosen = _arguments()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        trainings = _trained(_study(chosen), chosen)
    except SuiteError as error:
        sys.exit(f"search_real.py: {error}")
    ended = trainings[trainings.state == "complete"]
    if ended.accuracy.nunique() < 2:
        sys.exit("search_real.py: too little was trained to compare: give it more --minutes")
    problem = minutes.union(ended)
    times = np.linspace(0, 60 * chosen.minutes, minutes.POINTS + 1)
    curves = {method: minutes.volumes(problem, group, times) for method, group in ended.groupby("method", sort=False)}
    wording = "hypervolume, % of all trainings' together"
    minutes.draw(curves, times, chosen.output, _looks(), name="hypervolume", wording=wording)
    rows = [minutes.row(method, found, trainings[trainings.method == method]) for method, found in curves.items()]
    pd.DataFrame(rows).to_csv(chosen.output / "results.csv", index=False, float_format="%.6g")
    print(pd.DataFrame(map(minutes.spelled, rows)).to_string(index=False))


def _looks() -> dict[str, minutes.Look]:
    from search.report import LOOKS  # the processes of the runs import this file too, and draw nothing

    return LOOKS | {"cheap-first-fidelity": (LOOKS["cheap-first"][0], (0, (4, 2)))}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, metavar="FILE", help="space and recipe; default: small ResNets on digits")
    parser.add_argument("--dataset", metavar="NAME", help="as in a study file; a folder of pictures works too")
    parser.add_argument(
        "--method", nargs="+", choices=METHODS, default=METHODS, metavar="NAME", help=", ".join(METHODS)
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=5.0, help="of each run")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/search-real"), metavar="FOLDER")
    return parser.parse_args()


def _study(chosen: argparse.Namespace) -> Study:
    """Return what all methods search. Raises StudyError and ArchitectureError."""
    study = pipeline.study(chosen.study) if chosen.study else DEFAULT
    if chosen.dataset not in (None, study.dataset):
        study = replace(study, dataset=chosen.dataset, image=None)
    return replace(study, objectives=OBJECTIVES, constraints=(), budget=Budget(hours=chosen.minutes / 60))


def _trained(study: Study, chosen: argparse.Namespace) -> pd.DataFrame:
    """Return what every run trained. Kept after each run; interrupted, it ends with the runs that ended."""
    chosen.output.mkdir(parents=True, exist_ok=True)
    # The seed changes slowest, so that what else the machine does meets all methods alike.
    runs = [(_of_method(study, method, seed), method) for seed in range(chosen.seeds) for method in chosen.method]
    trainings = pd.DataFrame(columns=["method", "seed", "seconds", "state", "accuracy", "parameters"])
    rows: list[Row] = []
    try:
        for run, method in tqdm(runs, unit=" runs"):
            rows += _apart(run, method)
            trainings = pd.DataFrame(rows, columns=trainings.columns)
            trainings.to_csv(chosen.output / "trainings.csv", index=False)
    except KeyboardInterrupt:
        print("interrupted: what follows is of the runs that ended", file=sys.stderr)
    return trainings


def _of_method(study: Study, method: str, seed: int) -> Study:
    epochs = study.fidelity.epochs
    least = study.fidelity.min_epochs or max(1, epochs // 4)
    return replace(
        study,
        name=f"{method}-{seed}",
        seed=seed,
        sampler=method if method in SAMPLERS else "cheap-first",
        fidelity=Fidelity(epochs=epochs, min_epochs=least if method == "cheap-first-fidelity" else None),
    )


def _apart(study: Study, method: str) -> list[Row]:
    """Run in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(one, study, method).result()


def one(study: Study, method: str) -> list[Row]:
    """Run one method once, in this process; return what ended before the deadline, in its order."""
    from suite.machine.quiet import load_tensorflow

    load_tensorflow()
    import suite.search.evaluation
    import suite.search.tuner  # noqa: F401  # both are imported before the clock starts

    seconds = 3600 * study.budget.hours
    search = _keras_tuner if method == "keras-tuner" else _suite
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        found = list(search(study, Path(folder), began + seconds))
    rows = [{**row, "method": method, "seed": study.seed, "seconds": row["ended"] - began} for row in found]
    return sorted((row for row in rows if row["seconds"] <= seconds), key=lambda row: row["seconds"])


def _suite(study: Study, folder: Path, deadline: float) -> Iterator[Row]:
    """Yield what `suite run` trained. Its hours are of work, and so end a little after the deadline."""
    for trial in pipeline.run(study, folder, show=False).trials:
        if trial.state in ("complete", "paused"):
            costs = {name: trial.measures[name] for name in ("accuracy", "parameters")}
            yield {"ended": trial.finished.timestamp(), "state": trial.state, **costs}


def _keras_tuner(study: Study, folder: Path, deadline: float) -> list[Row]:
    """Return what Keras Tuner trained of the same space by the same recipe, stopped in the midst at the deadline."""
    import keras
    import keras_tuner
    from keras_tuner.errors import FailedTrialError, FatalError

    from suite import datasets
    from suite.architectures import candidate
    from suite.architectures.layers import deployed
    from suite.counting.complexity import counts
    from suite.search.space import decoded, hyperparameters
    from suite.training import loop
    from suite.training.best import DivergedError

    data = datasets.load(study.dataset, study.image, study.preparation)
    rows: list[Row] = []

    def stop_late(epoch: object = None) -> None:
        if time.time() > deadline:
            raise DeadlineError

    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial: Any) -> dict[str, float]:
            stop_late()
            keras.utils.clear_session()  # the networks of earlier trials
            keras.utils.set_random_seed(study.seed)
            configuration = decoded(study, trial.hyperparameters.values)
            recipe = candidate.recipe(study, configuration)
            keras.config.set_dtype_policy(recipe.precision)
            try:
                model = candidate.network(study, configuration, data.task)
                trained = loop.train(
                    model, recipe, data, epochs=study.fidelity.epochs, seed=study.seed, on_epoch=stop_late
                )
            except (ArchitectureError, DivergedError) as error:
                raise FailedTrialError from error
            except Exception as error:  # a mistake, which would be a failed trial, and the next one too
                raise FatalError from error
            accuracy, parameters = trained.measures["accuracy"], counts(deployed(model))["parameters"]
            rows.append({"ended": time.time(), "state": "complete", "accuracy": accuracy, "parameters": parameters})
            measures = {"val_accuracy": accuracy / 100, "parameters": parameters}  # as `fit` and a user measure them
            return {**measures, "multi_objective": self.oracle.objective.get_value(measures)}

    tuner = Tuner(
        objective=[keras_tuner.Objective("val_accuracy", "max"), keras_tuner.Objective("parameters", "min")],
        max_trials=1_000_000,
        seed=study.seed + 1,  # it takes 0 for none
        hyperparameters=hyperparameters(study),
        max_consecutive_failed_trials=1_000_000,
        directory=folder,
        project_name=study.name,
    )
    tuner.oracle.verbose = 0
    with suppress(DeadlineError):
        tuner.search()
    return rows


if __name__ == "__main__":
    main()
