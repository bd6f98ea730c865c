"""What a trained network says of the pictures of a split."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.special import log_softmax

from suite.core.answers import Answers
from suite.core.recipe import FROZEN
from suite.datasets import Dataset
from suite.statistics.calibration import temperature
from suite.training import features

Logits = NDArray[np.float64]
Labels = NDArray[np.int64]


def answers(network: keras.Model, data: Dataset, mode: str, split: str = "validation") -> Answers:
    """Return the answers of `network`, trained in a `mode`, to the pictures of a split of `data`.

    A frozen body has said its part already: its classifier answers from the kept features.
    """
    return of(*(_by_features if mode == FROZEN else _by_pictures)(network, data, split))


def of(logits: Logits, labels: Labels) -> Answers:
    """Return the answers that `logits` [N, C] are to pictures of the classes `labels` [N]."""
    degrees = temperature(logits, labels)
    rows, named = np.arange(len(labels)), logits.argmax(axis=1)
    probabilities, tempered = (np.exp(log_softmax(logits / one, axis=1)) for one in (1.0, degrees))
    return Answers(
        labels=labels.astype(np.int32),
        named=named.astype(np.int32),
        said=probabilities[rows, named].astype(np.float32),
        of_label=probabilities[rows, labels].astype(np.float32),
        tempered=tempered[rows, named].astype(np.float32),
        temperature=np.array(degrees),
    )


def _by_pictures(network: keras.Model, data: Dataset, split: str) -> tuple[Logits, Labels]:
    answer = tf.function(
        lambda pictures: network(pictures, training=False),
        input_signature=[tf.TensorSpec((None, *data.task.image), tf.float32)],
    )
    found = [(answer(pictures).numpy(), labels.numpy()) for pictures, labels in data.ordered(split)]
    logits, labels = map(np.concatenate, zip(*found, strict=True))
    return logits.astype(np.float64), labels


def _by_features(network: keras.Model, data: Dataset, split: str) -> tuple[Logits, Labels]:
    seen = features.Extractor(network, data).of(split).labelled
    kernel, bias = features.classifier(network).get_weights()
    return seen.features.astype(np.float64) @ kernel + bias, seen.labels
