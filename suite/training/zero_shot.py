"""Zero-shot classification: a picture is of the class whose texts it fits best.

Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021, section 3.1,
https://arxiv.org/abs/2103.00020: the vectors of a class's texts, averaged, are the weights of a linear classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import keras
import numpy as np
from keras import ops

BLOCK = 64  # texts that are read at a time


def classifier(whole: keras.Model, classes: int) -> keras.Model:
    """Return the network of pictures (B, H, W, C) to logits (B, classes), with weights still to be `filled`.

    It shares the picture side with `whole`, a network of both sides.
    """
    image = whole.output["image"]
    told = keras.layers.Dense(classes, use_bias=False, kernel_initializer="zeros", dtype="float32", name="logits")
    return keras.Model(whole.input["image"], told(image), name=f"{whole.name}_zero_shot")


def filled(network: keras.Model, vectors: np.ndarray, temperature: float) -> None:
    """Let a `classifier` tell the classes of these `vectors` (classes, D); its softmax is that of the training."""
    network.get_layer("logits").kernel.assign(vectors.T / temperature)


def vectors(whole: keras.Model, prompts: Sequence[np.ndarray]) -> np.ndarray:
    """Return a vector of length 1 for each class, (classes, D): the mean of its texts, int32 (texts, T) of each."""
    reader = keras.Model(whole.input["text"], whole.output["text"])
    texts = np.concatenate(prompts)
    blocks = [texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK)]
    read = np.concatenate([ops.convert_to_numpy(reader(block, training=False)) for block in blocks])
    first = np.cumsum([0, *(len(each) for each in prompts)])
    means = np.stack([read[start:end].mean(axis=0) for start, end in pairwise(first)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)
