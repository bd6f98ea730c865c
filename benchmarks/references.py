"""How well the references follow what a shared machine does to networks: called in a row, and after a pause.

    python benchmarks/references.py                  fourteen networks, five minutes
    python benchmarks/references.py --minutes 3 --networks resnet/18 resnet/50@96     others; @ gives pixels (224)

All are called in turns in one process, on one thread. References called in a row find their data in the second cache of
their core. After a pause, from a second cache that was emptied, they miss what neighbours of the machine displaced from
the cache that all share, as a network does whose data are there. The suite calls them in a row beside a network that
the second cache holds, and after a pause beside all others.

Printed for each network are the bytes that a call touches, in MB, and standard deviations over windows of 5 seconds, in
percent: of the median of its calls (raw), and of what is left of it around its line over the references, in a row and
after a pause. Then follows how steep both lines are. The last lines say how networks of each kind differ in that: it is
what a timing supposes of one before it has seen it (`HELD`, `USUAL` and `BEYOND` of suite/timing/following.py).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from suite.machine.quiet import load_tensorflow
from suite.timing import runtimes

runtimes.pin(1)
load_tensorflow()
runtimes.ready("saved_model", 1)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from suite import architectures  # noqa: E402
from suite.core.task import Task  # noqa: E402
from suite.counting.complexity import touched_bytes  # noqa: E402
from suite.timing import reference_networks, references  # noqa: E402
from suite.timing.blocks import Array  # noqa: E402
from suite.timing.following import BEYOND, HELD, USUAL, Prior  # noqa: E402
from suite.timing.order import supposed  # noqa: E402
from suite.timing.protocol import Call, in_a_row, probed, turn  # noqa: E402

WINDOW = 5.0  # seconds
TURN = 0.04  # seconds of a network
ROW = 0.01  # seconds of the references in a row
PAUSED = 0.015  # seconds of probes after a pause
NETWORKS = (
    "alexnet/tiny@16", "resnet/tiny@16", "vgg/tiny@32", "densenet/tiny@32", "mobilenet/0.25@64", "mobilenet/0.25",
    "mobilenet_v3/small", "inception_v3/tiny@96", "mobilenet_v2/1.0@96", "googlenet/2014", "vit/tiny@64", "resnet/18",
    "resnet/18@64", "resnet/50@96",
)  # fmt: skip
KINDS = {
    HELD: "held by the core's cache, over references in a row",
    USUAL: "held by the cache that all share, over references after a pause",
    BEYOND: "held by no cache, over references after a pause",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    chosen = parser.parse_args()
    kinds = {kind: _call(reference_networks.network(kind)) for kind in references.KINDS}
    models = {name: _named(name) for name in chosen.networks}
    touched = {name: touched_bytes(model, 1) for name, model in models.items()}
    networks = {name: _call(model) for name, model in models.items()}
    logs = {name: np.log(values) for name, values in windows(kinds, networks, 60 * chosen.minutes).items()}
    columns = ["MB", "raw", "line,row", "line,pause", "row", "pause"]
    print(f"{len(logs['row'])} windows of {WINDOW:g} s; standard deviations, %; how steep")
    print(f"{'':24}", *(f"{column:>11}" for column in columns))
    steep: dict[Prior, list[float]] = {prior: [] for prior in KINDS}
    for name in networks:
        row, pause = _slope(logs["row"], logs[name]), _slope(logs["pause"], logs[name])
        left = logs[name], logs[name] - row * logs["row"], logs[name] - pause * logs["pause"]
        spreads = [100 * float(one.std(ddof=1)) for one in left]
        prior = supposed(touched[name])
        steep[prior].append(row if prior == HELD else pause)
        print(
            f"{name:24}", f"{touched[name] / 1e6:11.2f}", *(f"{one:11.1f}" for one in spreads),
            f"{row:11.2f}", f"{pause:11.2f}",
        )  # fmt: skip
    for prior, said in KINDS.items():
        if len(steep[prior]) > 1:
            print(f"{said}: {np.mean(steep[prior]):.2f}, standard deviation {np.std(steep[prior], ddof=1):.2f}")


def windows(kinds: Mapping[str, Call], networks: Mapping[str, Call], seconds: float) -> dict[str, Array]:
    """Return the median seconds of each network in each window, and of the references in a `row` and with a `pause`."""
    seen: dict[str, list[list[float]]] = {name: [] for name in (*networks, "row", "pause")}
    began = time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        for of in seen.values():
            while len(of) <= now // WINDOW:
                of.append([])
        for name, call in networks.items():
            seen[name][-1].append(float(np.median(turn(call, TURN))))
            seen["row"][-1].append(_mean(list(in_a_row(kinds, ROW).values())))
            seen["pause"][-1].append(_mean(list(probed(kinds, PAUSED).values())))
    return {name: np.array([np.median(window) for window in of if window]) for name, of in seen.items()}


def _mean(seconds: list[float]) -> float:
    return float(np.exp(np.mean(np.log(seconds))))


def _slope(x: Array, y: Array) -> float:
    return float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))


def _call(model: keras.Model) -> Call:
    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda pictures: model(pictures, training=False)).get_concrete_function(tf.TensorSpec(shape))
    pictures = tf.zeros(shape)
    for _ in range(10):
        function(pictures)
    return lambda: tf.nest.map_structure(lambda answer: answer.numpy(), function(pictures))


def _named(name: str) -> keras.Model:
    network, _, pixels = name.partition("@")
    side = int(pixels or 224)
    return architectures.build(network, Task(height=side, width=side, channels=3, classes=10))


if __name__ == "__main__":
    main()
