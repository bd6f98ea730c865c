"""What the networks that read texts share: the input, word vectors, unit vectors, and the losses."""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, layers

from suite.architectures.layers import CaptionLoss, ContrastiveLoss, LearnedPositions


def text(length: int) -> keras.KerasTensor:
    """Return the input of texts, (B, T) word pieces as whole numbers; 0 is padding."""
    return keras.Input((length,), dtype="int32", name="text")


def normal() -> initializers.Initializer:
    """Normal with deviation 0.02, cut at twice that: Devlin et al., BERT, 2019, https://arxiv.org/abs/1810.04805."""
    return initializers.TruncatedNormal(stddev=0.02)


def embedding(vocabulary: int, width: int, *, tied: bool = True, name: str) -> layers.ReversibleEmbedding:
    """Return the layer from words (B, T) to vectors (B, T, D), and back to float32 logits (B, T, V) in reverse.

    `tied` uses the same vectors in both directions, else the reverse has its own matrix.
    """
    return layers.ReversibleEmbedding(
        vocabulary, width, tie_weights=tied, embeddings_initializer=normal(), dtype="float32", name=name
    )


def placed(x: keras.KerasTensor, count: int, *, name: str) -> keras.KerasTensor:
    """Add to each token (B, T, D) a learned vector for its position; there are `count` positions."""
    return LearnedPositions(count, initializer=normal(), name=name)(x)


def unit(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Return (B, D) in float32, of length 1."""
    return layers.UnitNormalization(dtype="float32", name=name)(x)


def with_losses(
    network: keras.Model, *, temperature: float, smoothing: float = 0.0, captions: float | None = None
) -> keras.Model:
    """Return a network from pictures and texts with its losses: contrastive plus `captions` times caption.

    It shares its weights with `network` and has one more, the learned temperature. To train it,
    `compile(optimizer)` and `fit({"image": ..., "text": ...})`.
    """
    outputs: dict[str, Any] = dict(network.output)
    contrast = ContrastiveLoss(temperature, smoothing=smoothing, dtype="float32", name="contrastive_loss")
    outputs["image"], outputs["text"] = contrast(outputs["image"], outputs["text"])
    if captions is not None:
        loss = CaptionLoss(captions, dtype="float32", name="caption_loss")
        outputs["caption"] = loss(outputs["caption"], network.input["text"])
    return keras.Model(network.input, outputs, name=network.name)
