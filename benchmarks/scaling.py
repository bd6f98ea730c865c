"""What it takes to scale pictures as networks with ImageNet weights want them, beside the plain way to write it.

    python benchmarks/scaling.py [--side 224] [--batches 1 32] [--turns 25]

Both ways take turns, in graphs, from pixels of 8 bits. Printed are the medians for a picture, by the clock and by time
of the processors, and their ratio; both ways give the same numbers to the bit.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from suite.machine.quiet import load_tensorflow

load_tensorflow()

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from suite.core.preprocessing import Preprocessing  # noqa: E402
from suite.pictures.graph import scaled  # noqa: E402

KINDS = {
    "means and deviations": Preprocessing(mean=(123.675, 116.28, 103.53), deviation=(58.395, 57.12, 57.375)),
    "means, blue first": Preprocessing(mean=(123.68, 116.779, 103.939), deviation=(1.0, 1.0, 1.0), reverse=True),
}


def plain(pixels: tf.Tensor, how: Preprocessing) -> tf.Tensor:
    """Scale as one would write it."""
    values = (pixels - how.mean) * tuple(1 / one for one in how.deviation)
    return values[..., ::-1] if how.reverse else values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--turns", type=int, default=25)
    asked = parser.parse_args()
    for batch in asked.batches:
        chance = np.random.default_rng(0)
        pictures = tf.constant(chance.integers(0, 256, (batch, asked.side, asked.side, 3), dtype=np.uint8))
        for name, how in KINDS.items():
            compare(f"batch {batch}, {name}", how, pictures, asked.turns)


def compare(name: str, how: Preprocessing, pictures: tf.Tensor, turns: int) -> None:
    """Print what a picture takes in both ways."""
    ways = [_graph(way, how) for way in (plain, scaled)]
    assert np.array_equal(*(way(pictures) for way in ways))
    took = [[seconds(way, pictures) for way in ways] for _ in range(turns)]
    told = []
    for by, clock in enumerate(("of the clock", "of processors")):
        theirs, ours = (statistics.median(turn[way][by] for turn in took) / len(pictures) * 1e6 for way in (0, 1))
        told.append(f"{theirs:5.0f} and {ours:4.0f} us {clock}, ratio {ours / theirs:.2f}")
    print(f"{name:30} {';  '.join(told)}", flush=True)


def _graph(way: Callable, how: Preprocessing) -> Callable:
    return tf.function(lambda pictures: way(tf.cast(pictures, tf.float32), how))


def seconds(way: Callable, pictures: tf.Tensor) -> tuple[float, float]:
    """Return what a call takes, by the clock and of the processors."""
    began, used = time.perf_counter(), time.process_time()
    way(pictures)
    return time.perf_counter() - began, time.process_time() - used


if __name__ == "__main__":
    main()
