"""How a pipeline of pictures runs in TensorFlow."""

from __future__ import annotations

import tensorflow as tf


def plain() -> tf.data.Options:
    """Return the options of a pipeline that keeps its order, and is neither tuned nor rewritten while it runs.

    Whoever lets go of a pipeline that TensorFlow tunes waits until the tuner wakes: seconds after each training. To
    rewrite a pipeline takes as long as some steps of a small network, for each epoch of validation. Neither makes ours
    faster.
    """
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
