"""Do our layers compute what they say?"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite.architectures.layers import GroupedConv2D, LocalResponseNormalization, StandardizedConv2D, StridedConv2D
from suite.counting.complexity import complexity


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


STRIDED = {"StridedConv2D": StridedConv2D, "GroupedConv2D": GroupedConv2D, "StandardizedConv2D": StandardizedConv2D}


@pytest.mark.parametrize("kind", STRIDED)
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("height", "width", "strides"), [(8, 8, 2), (7, 9, 2), (1, 5, 2), (10, 8, 3), (9, 8, (1, 2))])
def test_a_1x1_convolution_with_strides_takes_the_pixels_of_keras(
    kind: str, padding: str, height: int, width: int, strides: int | tuple[int, int]
) -> None:
    images = tf.random.stateless_normal((2, height, width, 6), seed=(0, 1))
    arguments = {"strides": strides, "padding": padding, "groups": 2 if kind == "GroupedConv2D" else 1}
    ours, theirs = STRIDED[kind](4, 1, **arguments), keras.layers.Conv2D(4, 1, **arguments)
    answer = ours(images)
    theirs.build(images.shape)
    kernel = np.asarray(ours.kernel)
    if kind == "StandardizedConv2D":
        kernel = (kernel - kernel.mean((0, 1, 2))) / np.sqrt(np.maximum(kernel.var((0, 1, 2)) * 6, ours.epsilon))
    theirs.set_weights([kernel, ours.bias])
    assert answer.shape == ours.compute_output_shape(images.shape)
    np.testing.assert_allclose(answer, theirs(images), rtol=1e-4, atol=1e-5)


def test_a_convolution_with_strides_has_the_names_and_weights_of_keras_and_can_be_saved(tmp_path: Path) -> None:
    image = keras.Input((9, 9, 3))
    ours = keras.Model(image, StridedConv2D(5, 1, strides=2, name="shortcut")(image))
    theirs = keras.Model(image, keras.layers.Conv2D(5, 1, strides=2, name="shortcut")(image))
    ours.set_weights(theirs.get_weights())
    assert [weight.path for weight in ours.weights] == [weight.path for weight in theirs.weights]
    assert complexity(ours) == complexity(theirs)
    ours.save(tmp_path / "network.keras")
    pictures = np.random.default_rng(0).normal(size=(2, 9, 9, 3)).astype("float32")
    again = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(again(pictures), theirs(pictures), rtol=1e-5, atol=1e-6)


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
    with pytest.raises(ValueError, match="give an odd number"):
        LocalResponseNormalization(n=4)
