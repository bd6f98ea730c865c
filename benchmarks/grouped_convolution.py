"""A training step of keras.layers.Conv2D(groups=g) against suite's GroupedConv2D with the same weights, in turns.

python benchmarks/grouped_convolution.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from suite.machine.quiet import load_tensorflow  # before TensorFlow, which would say much

load_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from suite.architectures.layers import GroupedConv2D  # noqa: E402

SHAPE = (8, 28, 28, 128)  # B, H, W, C
STEPS = 5


def step(layer: keras.layers.Layer) -> Callable[[], tf.Tensor]:
    """Return a compiled function that computes the gradients of the inputs and weights of `layer` once."""
    images = tf.random.stateless_normal(SHAPE, seed=(0, 1))
    layer.build(images.shape)

    @tf.function
    def gradients() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(tf.square(layer(images)))
        return [tf.reduce_sum(g) for g in tape.gradient(loss, [images, *(w.value for w in layer.trainable_weights)])]

    return gradients


def milliseconds(call: Callable[[], tf.Tensor]) -> float:
    """Return how long one call takes, its result read."""
    start = time.perf_counter()
    [value.numpy() for value in call()]
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    """Print the median of both sides for several numbers of groups, and their ratio."""
    print(f"{'groups':>6} {'keras Conv2D, ms':>17} {'GroupedConv2D, ms':>18} {'ratio':>7}")
    for groups in (1, 2, 8, 32):
        sides = [
            step(kind(SHAPE[-1], 3, padding="same", groups=groups)) for kind in (keras.layers.Conv2D, GroupedConv2D)
        ]
        for side in sides:
            milliseconds(side)  # traces
        times = [[milliseconds(side) for side in sides] for _ in range(STEPS)]
        theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{groups:6} {theirs:17.1f} {ours:18.1f} {theirs / ours:7.1f}")


if __name__ == "__main__":
    main()
