"""What is found for a folder of pictures in some minutes on this machine: by us, by a loop, and by other searches.

    python benchmarks/transfer.py PICTURES                            every side, an hour each
    python benchmarks/transfer.py PICTURES --minutes 5 --side suite naive

PICTURES is a folder of classes; benchmarks/cliparts.py makes one. All sides see the same split of it, have the same
minutes, and wanted are accuracy on the validation pictures and few parameters:

frozen        `suite run` over what the loop below tries: EfficientNet-Lite0 to 2 at five sizes, on ImageNet weights
suite         the same, frozen first, then tuned
from-scratch  `suite run` over MobileNetV3 without weights
naive         a loop: for each network and size, features by `predict` and scikit-learn's logistic regression
hyper-efficientnet, hyper-xception    Keras Tuner's ready-made spaces, searched by its BayesianOptimization
autokeras     AutoKeras' ImageClassifier, as it ships; needs `pip install autokeras`

HyperEfficientNet is built without weights, which it would download. AutoKeras fails where it needs one. Each side
has a process of its own, and nothing else should run on the machine. The clock starts when the libraries are imported.
Of Keras Tuner and AutoKeras each epoch counts when it ends, of ours only a trial that is complete: that favours them.
Printed is also after how many seconds each side had what another found in all its time.
FOLDER gets trainings.csv, results.csv, and curves of the hypervolume and of the best accuracy.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import permutations
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from search import minutes
from search.minutes import Row
from search.problem import Problem
from tqdm import tqdm

from suite import pipeline
from suite.core.errors import first_line

NETWORKS = ("efficientnet/lite0", "efficientnet/lite1", "efficientnet/lite2")
SIDES = (64, 96, 128, 160, 224)
SIDE = 128  # of the pictures that Keras Tuner and AutoKeras are given
BATCH = 32
EPOCHS = 20
CLOSE = 0.01  # part of a hypervolume that may lack
LIBRARIES = ("sklearn.linear_model", "sklearn.pipeline", "suite.search.conduct")  # imported before the clock starts

WANTED = """
[[objectives]]
measure = "accuracy"
goal = "max"

[[objectives]]
measure = "parameters"
goal = "min"

[budget]
hours = {hours}

[fidelity]
epochs = {epochs}
min_epochs = 2
"""

STUDY = """
name = "{side}"
architecture = {networks}
dataset = "{pictures}"
image = {{ choice = {sides} }}
weights = "imagenet"

[recipe]
mode = {mode}

[latency]
seconds = 0.5
settling = 0
"""

SCRATCH = """
name = "from-scratch"
architecture = "mobilenet_v3/small"
dataset = "{pictures}"
image = {{ choice = [64, 96] }}

[recipe]
learning_rate = {{ log = [3e-4, 1e-2] }}
flip = true
"""

LOOKS: dict[str, minutes.Look] = {
    "frozen": ("#0072b2", (0, (1, 1))),
    "suite": ("#0072b2", "-"),
    "from-scratch": ("#0072b2", (0, (4, 2))),
    "naive": ("#009e73", "-"),
    "hyper-efficientnet": ("#d55e00", "-"),
    "hyper-xception": ("#e69f00", "-"),
    "autokeras": ("#cc79a7", "-"),
}


class DeadlineError(BaseException):
    """The time is over. Keras Tuner takes an Exception for a failed trial and goes on."""


def main() -> None:
    chosen = _arguments()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    chosen.output.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for side in tqdm(chosen.side, unit=" sides", ascii=True):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            try:
                rows += process.submit(one, side, chosen.pictures.resolve(), 60 * chosen.minutes).result()
            except Exception as error:  # of a library that does not go with this Keras, or lacks its downloads
                print(f"{side} failed: {type(error).__name__}: {first_line(error)}", file=sys.stderr)
        pd.DataFrame(rows).to_csv(chosen.output / "trainings.csv", index=False)
    if not rows:
        sys.exit("transfer.py: no side found anything: give it more --minutes")
    _show(pd.DataFrame(rows), 60 * chosen.minutes, chosen.output)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="a folder of classes")
    parser.add_argument("--side", nargs="+", choices=FINDS, default=list(FINDS), metavar="NAME", help=", ".join(FINDS))
    parser.add_argument("--minutes", type=float, default=60.0, help="of each side")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/transfer"), metavar="FOLDER")
    return parser.parse_args()


def _show(found: pd.DataFrame, seconds: float, folder: Path) -> None:
    """Print what every side found, and write it to `folder`, with curves."""
    problem, times = minutes.union(found), np.linspace(0, seconds, minutes.POINTS + 1)
    sides = list(found.groupby("method", sort=False))
    volumes = {side: minutes.volumes(problem, group, times) for side, group in sides}
    best = {side: minutes.best(group, times) for side, group in sides}
    wording = "hypervolume, % of all sides' together"
    minutes.draw(volumes, times, folder, LOOKS, name="hypervolume", wording=wording)
    minutes.draw(best, times, folder, LOOKS, name="accuracy", wording="best validation accuracy so far, %")
    table = pd.DataFrame(
        {
            "side": side,
            "results": len(group),
            "first after s": round(group.seconds.min(), 1),
            "best %": round(group.accuracy.max(), 2),
            "hypervolume %": round(float(volumes[side][0, -1]), 1),
        }
        for side, group in sides
    )
    table.to_csv(folder / "results.csv", index=False)
    print(table.to_string(index=False))
    for (side, _), (other, _) in permutations(sides, 2):
        print(_told(problem, found, side, other))


def _as_good(problem: Problem, found: pd.DataFrame, side: str, as_what: str) -> float:
    """Return after how many seconds a side had the hypervolume with which another ends, within CLOSE; NaN if never."""
    own, other = found[found.method == side], found[found.method == as_what]
    if other.empty:
        return np.nan
    goal = (1 - CLOSE) * minutes.volumes(problem, other, np.array([np.inf]))[0, 0]
    seconds = np.sort(own.seconds.to_numpy(dtype=float))
    reached = seconds[minutes.volumes(problem, own, seconds)[0] >= goal]
    return float(reached[0]) if len(reached) else np.nan


def _told(problem: Problem, found: pd.DataFrame, side: str, as_what: str) -> str:
    """Say when a side had what another side found in all its time."""
    when, ended = _as_good(problem, found, side, as_what), found[found.method == as_what].seconds.max()
    if np.isnan(when):
        return f"{side} never had the front of {as_what}."
    return (
        f"{side} had the front of {as_what} (hypervolume within {CLOSE:.0%}) after {when:.0f} s, "
        f"{when / ended:.2f} of its {ended:.0f} s."
    )


def one(side: str, pictures: Path, seconds: float) -> list[Row]:
    """Run one side in this process; return what it had found before the deadline, in its order."""
    from suite.machine.quiet import load_tensorflow

    load_tensorflow()
    for library in LIBRARIES:
        importlib.import_module(library)
    from suite import datasets

    datasets.load(str(pictures), (SIDE, SIDE, 3))  # prepared before the clock starts: all sides need that alike
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SUITE_CACHE"] = folder  # no features of earlier runs
        began = time.time()
        found = list(FINDS[side](pictures, Path(folder), began + seconds))
    rows = [{"method": side, "seed": 0, "seconds": row.pop("ended") - began, **row} for row in found]
    return sorted((row for row in rows if row["seconds"] <= seconds), key=lambda row: row["seconds"])


def _frozen(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    return _chosen("frozen", '"frozen"', pictures, folder, deadline)


def _suite(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    return _chosen("suite", '{ choice = ["frozen", "tune"] }', pictures, folder, deadline)


def _chosen(side: str, mode: str, pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    """Yield what our study of networks and sizes trained."""
    networks, sides = str(list(NETWORKS)).replace("'", '"'), list(SIDES)
    values = {"side": side, "mode": mode, "networks": networks, "sides": sides, "pictures": pictures}
    return _studied(STUDY, folder, deadline, epochs=10, **values)


def _scratch(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    yield from _studied(SCRATCH, folder, deadline, epochs=EPOCHS, pictures=pictures)


def _studied(text: str, folder: Path, deadline: float, **values: object) -> Iterator[Row]:
    file = folder / "study.toml"
    file.write_text((text + WANTED).format(hours=(deadline - time.time()) / 3600, **values))
    for trial in pipeline.run(pipeline.study(file), folder, show=False).trials:
        if trial.state == "complete":
            costs = {name: trial.measures[name] for name in ("accuracy", "parameters")}
            yield {"ended": trial.finished.timestamp(), "state": trial.state, **costs}


def _naive(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    """Yield what the loop finds that one would write by hand: features, then a classifier of scikit-learn."""
    import keras
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from suite import datasets
    from suite.architectures import weights
    from suite.architectures.weights.loading import built

    data = datasets.load(str(pictures), (SIDE, SIDE, 3))
    for name, side in ((name, side) for name in NETWORKS for side in SIDES):
        keras.utils.clear_session()
        found = weights.find(name)
        network = found.give(built(name, side, len(data.classes), found.changes))
        body = keras.Model(network.inputs, network.layers[-1].input)
        seen = data.seen((side, side, 3), found.preprocessing)
        (train, known), (held, answers) = (_features(body, seen.ordered(split)) for split in ("train", "validation"))
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)).fit(train, known)
        accuracy = 100 * classifier.score(held, answers)
        yield {**_complete(accuracy, network), "ended": time.time()}
        if time.time() > deadline:
            return


def _features(body: Any, batches: Any) -> tuple[Any, Any]:
    labels = np.concatenate([labels for _, labels in batches.as_numpy_iterator()])
    return body.predict(batches, verbose=0), labels


def _complete(accuracy: float, network: Any) -> Row:
    parameters = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    return {"state": "complete", "accuracy": accuracy, "parameters": parameters}


def _hyper_efficientnet(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    from keras_tuner.applications import HyperEfficientNet
    from keras_tuner.src.applications import efficientnet

    known = efficientnet.EFFICIENTNET_MODELS
    efficientnet.EFFICIENTNET_MODELS = {name: functools.partial(made, weights=None) for name, made in known.items()}
    return _tuned(HyperEfficientNet, pictures, folder, deadline)


def _hyper_xception(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    from keras_tuner.applications import HyperXception

    return _tuned(HyperXception, pictures, folder, deadline)


def _tuned(space: Any, pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    """Yield every epoch of what Keras Tuner trains of one of its ready-made spaces."""
    import keras_tuner

    (images, labels), held = _arrays(pictures)
    classes = labels.shape[1]
    tuner = keras_tuner.BayesianOptimization(
        space(input_shape=(SIDE, SIDE, 3), classes=classes),
        objective="val_accuracy",
        max_trials=1_000_000,
        max_consecutive_failed_trials=1_000_000,
        directory=folder,
        project_name="tuner",
        seed=1,
    )
    rows: list[Row] = []
    with suppress(DeadlineError):
        tuner.search(
            images, labels, validation_data=held, batch_size=BATCH, epochs=EPOCHS, verbose=0,
            callbacks=[_recorder(rows, deadline)],
        )  # fmt: skip
    return iter(rows)


def _autokeras(pictures: Path, folder: Path, deadline: float) -> Iterator[Row]:
    """Yield every epoch of what AutoKeras trains."""
    import autokeras

    _give_whole_numbers(autokeras.ClassificationHead)
    (images, labels), held = _arrays(pictures)
    classifier = autokeras.ImageClassifier(directory=folder, max_trials=1_000_000, seed=1)
    rows: list[Row] = []
    with suppress(DeadlineError):
        classifier.fit(
            images, labels, validation_data=held, batch_size=BATCH, epochs=EPOCHS, verbose=0,
            callbacks=[_recorder(rows, deadline)],
        )  # fmt: skip
    return iter(rows)


def _give_whole_numbers(head: Any) -> None:
    """Let AutoKeras 3.0 build its last layer: it gives an integer of NumPy's, which Keras 3.15 refuses."""
    build = head.build

    def whole(self: Any, hp: Any, inputs: Any = None) -> Any:
        self.shape = [int(size) for size in self.shape]
        return build(self, hp, inputs)

    head.build = whole


def _arrays(pictures: Path) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return the training and the validation pictures [N, SIDE, SIDE, 3], 0 to 255, with labels [N, K]."""
    from suite import datasets

    data = datasets.load(str(pictures), (SIDE, SIDE, 3))
    parts = []
    for split in ("train", "validation"):
        images, labels = zip(*data.ordered(split).as_numpy_iterator(), strict=True)
        parts.append((127.5 * (1 + np.concatenate(images)), np.eye(len(data.classes))[np.concatenate(labels)]))
    return parts[0], parts[1]


def _recorder(rows: list[Row], deadline: float) -> Any:
    """Return a callback of Keras that adds a row for each epoch, and raises DeadlineError when the time is over."""
    import keras

    class Recorder(keras.callbacks.Callback):
        def __deepcopy__(self, memo: object) -> Recorder:  # Keras Tuner copies callbacks for each trial
            return Recorder()

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            if time.time() > deadline:
                raise DeadlineError

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            rows.append({**_complete(100 * (logs or {})["val_accuracy"], self.model), "ended": time.time()})

    return Recorder()


FINDS: dict[str, Callable[[Path, Path, float], Iterator[Row]]] = {
    "frozen": _frozen,
    "suite": _suite,
    "from-scratch": _scratch,
    "naive": _naive,
    "hyper-efficientnet": _hyper_efficientnet,
    "hyper-xception": _hyper_xception,
    "autokeras": _autokeras,
}


if __name__ == "__main__":
    main()
