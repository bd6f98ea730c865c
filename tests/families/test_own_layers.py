"""Do our layers compute what they say?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite.architectures.layers import GroupedConv2D, LocalResponseNormalization


@pytest.mark.parametrize(
    ("groups", "strides", "padding", "bias"), [(1, 1, "same", True), (2, 1, "same", True), (4, 2, "valid", False)]
)
def test_a_grouped_convolution_is_that_of_keras(groups: int, strides: int, padding: str, bias: bool) -> None:
    """The same weights give the same outputs and the same gradients."""
    arguments = {"strides": strides, "padding": padding, "groups": groups, "use_bias": bias, "activation": "relu"}
    ours, theirs = GroupedConv2D(12, 3, **arguments), keras.layers.Conv2D(12, 3, **arguments)
    images = tf.random.stateless_normal((2, 9, 9, 8), seed=(0, 1))
    theirs.build(images.shape)
    ours.build(images.shape)
    ours.set_weights(theirs.get_weights())

    @tf.function
    def answer(layer: keras.layers.Layer) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            outputs = layer(images)
            loss = tf.reduce_sum(tf.square(outputs))
        return outputs, tape.gradient(loss, [weight.value for weight in layer.trainable_weights])

    (outputs, gradients), (expected, expected_gradients) = answer(ours), answer(theirs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    for gradient, value in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, value, rtol=1e-4, atol=1e-4)


def naive_normalization(a: np.ndarray, k: float, n: int, alpha: float, beta: float) -> np.ndarray:
    """Section 3.3 of the paper, as its formula reads."""
    channels = a.shape[-1]
    b = np.empty_like(a)
    for i in range(channels):
        neighbours = range(max(0, i - n // 2), min(channels - 1, i + n // 2) + 1)
        b[..., i] = a[..., i] / (k + alpha * sum(a[..., j] ** 2 for j in neighbours)) ** beta
    return b


@pytest.mark.parametrize(("k", "n", "alpha", "beta"), [(2.0, 5, 1e-4, 0.75), (1.0, 3, 0.5, 0.5)])
def test_local_response_normalization_is_the_formula_of_the_paper(k: float, n: int, alpha: float, beta: float) -> None:
    images = np.random.default_rng(0).normal(0, 20, (2, 3, 4, 7)).astype("float32")
    layer = LocalResponseNormalization(k=k, n=n, alpha=alpha, beta=beta)
    np.testing.assert_allclose(layer(images), naive_normalization(images, k, n, alpha, beta), rtol=1e-5)


def test_local_response_normalization_does_not_overflow_in_float16() -> None:
    images = np.full((1, 2, 2, 5), 1000, "float32")
    layer = LocalResponseNormalization(dtype="mixed_float16")
    expected = naive_normalization(images, 2.0, 5, 1e-4, 0.75)
    np.testing.assert_allclose(np.asarray(layer(images), "float32"), expected, rtol=1e-3)


def test_local_response_normalization_has_a_middle_channel() -> None:
    with pytest.raises(ValueError, match="n is odd"):
        LocalResponseNormalization(n=4)
