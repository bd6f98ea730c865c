"""FixRes: after a training on smaller pictures, classifier and last normalisation learn at the size that is used.

Touvron et al., Fixing the train-test resolution discrepancy, NeurIPS 2019, https://arxiv.org/abs/1906.06423, section
4.2. As in the authors' code (facebookresearch/FixRes, imnet_finetune), pictures are shown as they are used, without
random changes, and the rate is a twentieth of that of the training (0.008 after 0.16 for batches of 512). Ours falls
along a cosine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import keras

from suite.architectures.layers import deployed
from suite.architectures.weights.copying import operations
from suite.core.recipe import SCRATCH, Recipe
from suite.training.features import classifier

SHARE = 1 / 20  # of the learning rate
NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
)


def top(network: keras.Model) -> list[keras.layers.Layer]:
    """Return what learns: the last normalisation, if there is one, and the classifier.

    Raises ArchitectureError when the network does not end with a dense classifier.
    """
    steps = [step for step in operations(deployed(network)) if isinstance(step, NORMALIZATIONS)]
    return [*steps[-1:], classifier(network)]


@contextmanager
def resting(network: keras.Model) -> Iterator[None]:
    """Let all other layers of a network rest in the block; what rests already does not learn either.

    So batch normalisation that rests in tuning stays as it is: its statistics are those of other pictures, and the few
    steps here would move it, and the features with it, away from what the classifier knows.
    """
    learning, every = top(network), list(network._flatten_layers(include_self=False))  # outer layers before inner ones
    before = [layer.trainable for layer in every]
    try:
        for layer in network.layers:
            layer.trainable = layer.trainable and layer in learning
        yield
    finally:
        for layer, was in zip(every, before, strict=True):
            layer.trainable = was


def recipe(before: Recipe) -> Recipe:
    """Return how classifier and last normalisation learn after a training by the recipe `before`."""
    return replace(
        before,
        mode=SCRATCH,  # one rate for both
        learning_rate=SHARE * before.learning_rate,
        schedule="cosine",
        warmup=0.0,
        sharpness=0.0,
        average=0.0,
        patience=0,
    )
