"""A network with the body that others trained: what rests, and the classifier with which its training begins.

The classifier is a probe of the body's features. With `frozen`, that is all. With `tune`, the other layers go on from
there, so that a random classifier does not spoil them: Kumar et al., Fine-Tuning can Distort Pretrained Features, ICLR
2022, https://arxiv.org/abs/2202.10054.

Where the defaults of `Transfer` come from. Batch normalisation rests, as in Keras' guide to transfer learning
(https://keras.io/guides/transfer_learning): with few steps its statistics lag behind. The body learns at a tenth of the
classifier's rate, between the one rate of KerasHub and AutoGluon and the hundredth of fastai's first layers.
`layer_decay` is AutoGluon's 0.9 a layer for transformers; by default there is none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import keras

from suite.datasets import Dataset
from suite.training import features
from suite.training.checkpoint import Progress
from suite.training.deadline import Left, forever
from suite.training.probe import Array, Probe, fitted
from suite.training.scores import scores


def begun(
    network: keras.Model,
    data: Dataset,
    *,
    by: str = "accuracy",
    class_weights: Sequence[float] | None = None,
    left: Left = forever,
) -> Progress:
    """Put a probe into the classifier of `network`, and return the progress of a training at epoch 0.

    Its regularisation is the best on validation pictures, judged by the measure `by`. The seconds are those of its
    features, when they were computed, and of the probe. Raises as `features.Extractor`.
    """
    train, validation = map(features.Extractor(network, data, left).of, ("train", "validation"))
    began = time.monotonic()
    seen, held = train.labelled, validation.labelled

    def better(logits: Array) -> tuple[float, float]:
        told = scores(logits, held.labels)
        return told[by], -told["loss"]

    probe = fitted(seen, held.features, data.task.classes, better, class_weights)
    give(probe, network)
    told, of_held = scores(probe(seen.features), seen.labels), scores(probe(held.features), held.labels)
    row = {"epoch": 0, "time": time.time(), **told, **{f"val_{name}": one for name, one in of_held.items()}}
    seconds = train.seconds + validation.seconds + time.monotonic() - began
    row["learning_rate"] = 0.0
    return Progress(curve=(row,), weights=network.get_weights(), seconds=seconds, by=by)


def give(probe: Probe, network: keras.Model) -> None:
    """Put a probe in the place of the classifier of `network`: the network then answers what the probe does."""
    features.classifier(network).set_weights([probe.kernel, probe.bias])
