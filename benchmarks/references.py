"""How well the references follow what a shared machine does to networks, with and without a pause before their calls.

    python benchmarks/references.py                  eight networks, five minutes
    python benchmarks/references.py --minutes 10

All are called in turns in one process, on one thread. References called in a row find their data in the cache. With a
pause, from a second cache that was emptied, they miss what neighbours of the machine displaced meanwhile, as a network
does between two of its calls. The suite times with the pause.

Printed for each network is the standard deviation over windows of 5 seconds, in percent: of the median of its calls
(raw), of its ratio to the references, and of what is left of it around its line over them; and how steep that line is
with the pause. The last line says how networks differ in that: it is what a timing supposes of one before it has seen
it (`USUAL` of suite/timing/following.py).
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
from suite.timing import reference_networks, references  # noqa: E402
from suite.timing.blocks import Array  # noqa: E402
from suite.timing.protocol import Call, probed, turn  # noqa: E402

WINDOW = 5.0  # seconds
TURN = 0.04  # seconds of a network
IN_A_ROW = 0.01  # seconds of a reference without a pause
PAUSED = 0.015  # seconds of probes with a pause
NETWORKS = (
    ("mobilenet/0.25", 224), ("mobilenet_v3/small", 224), ("resnet/18", 224), ("mobilenet/0.25", 32),
    ("mobilenet_v2/1.0", 96), ("googlenet/2014", 224), ("efficientnet/lite0", 224), ("vit/tiny", 64),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    seconds = 60 * parser.parse_args().minutes
    kinds = {kind: _call(reference_networks.network(kind)) for kind in references.KINDS}
    networks = {f"{name} {side}": _call(_named(name, side)) for name, side in NETWORKS}
    logs = {name: np.log(values) for name, values in windows(kinds, networks, seconds).items()}
    columns = ["raw", "ratio", "ratio,pause", "line", "line,pause", "follows"]
    print(f"{len(logs['row'])} windows of {WINDOW:g} s; standard deviations, %")
    print(f"{'':24}", *(f"{column:>11}" for column in columns))
    steep = []
    for name in networks:
        *left, follows = _left(logs[name], logs["row"], logs["pause"])
        steep.append(follows)
        print(f"{name:24}", *(f"{100 * one:11.1f}" for one in left), f"{follows:11.2f}")
    print(f"follows: {np.mean(steep):.2f}, standard deviation {np.std(steep, ddof=1):.2f}")


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
            seen["row"][-1].append(_mean([float(np.median(turn(one, IN_A_ROW))) for one in kinds.values()]))
            seen["pause"][-1].append(_mean(list(probed(kinds, PAUSED).values())))
    return {name: np.array([np.median(window) for window in of if window]) for name, of in seen.items()}


def _mean(seconds: list[float]) -> float:
    return float(np.exp(np.mean(np.log(seconds))))


def _left(network: Array, row: Array, pause: Array) -> tuple[float, ...]:
    """Return a row of the table; all arrays are logarithms [windows]."""
    flat, steep = _slope(row, network), _slope(pause, network)
    left = (network, network - row, network - pause, network - flat * row, network - steep * pause)
    return *(float(one.std(ddof=1)) for one in left), steep


def _slope(x: Array, y: Array) -> float:
    return float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))


def _call(model: keras.Model) -> Call:
    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda pictures: model(pictures, training=False)).get_concrete_function(tf.TensorSpec(shape))
    pictures = tf.zeros(shape)
    for _ in range(10):
        function(pictures)
    return lambda: tf.nest.map_structure(lambda answer: answer.numpy(), function(pictures))


def _named(name: str, side: int) -> keras.Model:
    return architectures.build(name, Task(height=side, width=side, channels=3, classes=1000))


if __name__ == "__main__":
    main()
