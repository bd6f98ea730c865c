"""How well references follow what a shared machine does to a network, and how well any could.

    python benchmarks/references.py                  seven networks and five references, five minutes
    python benchmarks/references.py --minutes 10

All are called in turns in one process, on one thread. `small` and `large` are the references that the suite uses; the
others were tried: ResNet-18 at 64 pixels, whose weights come from memory, MobileNetV2 0.5 at 64 pixels, whose weights
and pictures just do not fit in the second cache, and dense layers of 8 MB.

Printed for each network is the standard deviation over windows of 10 seconds, in percent: of the median of its calls
(raw), of its ratio to the references in use, of its ratio to these and one other, and of what is left when the weights
of all five are fitted to the whole recording afterwards (best). Weights that are chosen beforehand cannot do better.
"""

from __future__ import annotations

import argparse
import math
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
from suite.timing.protocol import Array, Call, turn  # noqa: E402

WINDOW = 10.0  # seconds, about what one measurement takes
TURN = 0.04  # seconds
REFERENCES = {"resnet": ("resnet/18", 64), "mobilenet": ("mobilenet_v2/0.5", 64)}
NETWORKS = (
    ("mobilenet/0.25", 224), ("mobilenet_v3/small", 224), ("resnet/18", 224), ("mobilenet/0.25", 32),
    ("mobilenet_v2/1.0", 96), ("googlenet/2014", 224), ("efficientnet/lite0", 224),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    seconds = 60 * parser.parse_args().minutes
    yardsticks = {kind: _call(reference_networks.network(kind)) for kind in references.KINDS}
    yardsticks |= {name: _call(_named(*which)) for name, which in REFERENCES.items()} | {"dense": _call(_dense())}
    networks = {f"{name} {side}": _call(_named(name, side)) for name, side in NETWORKS}
    medians = windows(yardsticks | networks, seconds)
    logs = {name: np.log(values) for name, values in medians.items()}
    columns = ["raw", "in use", *(f"+ {name}" for name in [*REFERENCES, "dense"]), "best"]
    print(f"{len(next(iter(logs.values())))} windows of {WINDOW:g} s; standard deviations, %")
    print(f"{'':24}", *(f"{column:>11}" for column in columns))
    for name in networks:
        print(f"{name:24}", *(f"{100 * one:11.1f}" for one in _left(logs[name], {y: logs[y] for y in yardsticks})))


def windows(calls: Mapping[str, Call], seconds: float) -> dict[str, Array]:
    """Return the median seconds of each call in each window."""
    seen: dict[str, list[list[float]]] = {name: [] for name in calls}
    began = time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        for name, call in calls.items():
            while len(seen[name]) <= now // WINDOW:
                seen[name].append([])
            seen[name][-1].append(float(np.median(turn(call, TURN))))
    return {name: np.array([np.median(window) for window in of]) for name, of in seen.items()}


def _left(network: Array, yardsticks: Mapping[str, Array]) -> list[float]:
    """Return the standard deviations of a row of the table; all arrays are logarithms [windows]."""
    small, large, *others = yardsticks.values()
    shares = [(small + large) / 2, *((small + large + other) / 3 for other in others)]
    offs = np.stack([one - one.mean() for one in yardsticks.values()], axis=1)
    weights, *_ = np.linalg.lstsq(offs, network - network.mean(), rcond=None)
    free = len(network) - 1 - len(weights)
    squares = float(((offs @ weights - network + network.mean()) ** 2).sum())
    best = (squares / free) ** 0.5 if free > 0 else math.nan  # so few windows are always fitted
    return [float(one.std(ddof=1)) for one in (network, *(network - share for share in shares))] + [best]


def _call(model: keras.Model) -> Call:
    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda pictures: model(pictures, training=False)).get_concrete_function(tf.TensorSpec(shape))
    pictures = tf.zeros(shape)
    for _ in range(10):
        function(pictures)
    return lambda: tf.nest.map_structure(lambda answer: answer.numpy(), function(pictures))


def _named(name: str, side: int) -> keras.Model:
    return architectures.build(name, Task(height=side, width=side, channels=3, classes=1000))


def _dense() -> keras.Model:
    """Two layers of 4 MB."""
    vector = keras.Input((1024,))
    return keras.Model(vector, keras.layers.Dense(1024)(keras.layers.Dense(1024)(vector)))


if __name__ == "__main__":
    main()
