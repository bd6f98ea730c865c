"""Are our networks those of keras.applications? With its weights carried over, the outputs agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from suite import architectures
from suite.profile.complexity import complexity, weightless
from suite.task import Task

CLASSES = 5


def images(side: int) -> np.ndarray:
    """Return pictures that differ in brightness and contrast too, so that averages over a picture differ."""
    random = np.random.default_rng(1)
    contrast, brightness = random.uniform(0.2, 1, (2, 8, 1, 1, 3))
    return (contrast * random.uniform(-1, 1, (8, side, side, 3)) + brightness - 0.6).astype("float32")


def randomized(network: keras.Model, side: int) -> keras.Model:
    """Give every weight that starts at 0 or 1 another: scales and shifts by chance, statistics of pictures."""
    random = np.random.default_rng(0)
    for layer in network.layers:
        for weight in layer.weights:
            if weight.name == "gamma":
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
            elif weight.name in ("beta", "bias"):
                weight.assign(random.normal(0, 0.1, weight.shape))
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # one step takes over the statistics of its pictures
    network(images(side), training=True)
    return network


def carry_over(theirs: keras.Model, ours: keras.Model, named: Callable[[str], str]) -> None:
    """Set every weight of `ours` from the layer that `named` translates; each layer of `theirs` is used once."""
    layers = {named(layer.name): layer for layer in theirs.layers if layer.weights}
    assert set(layers) == {layer.name for layer in ours.layers if layer.weights}
    for layer in ours.layers:
        if layer.weights:
            source = layers[layer.name].get_weights()
            layer.set_weights(
                [np.reshape(value, weight.shape) for value, weight in zip(source, layer.weights, strict=True)]
            )


def assert_same_answers(theirs: keras.Model, ours: keras.Model, side: int) -> None:
    """Equal to 1e-4 of how far the answers for different pictures lie apart."""
    expected = np.asarray(theirs(images(side), training=False))
    spread = np.ptp(expected, axis=0).min()
    assert spread > 0.05 * np.abs(expected).max()
    assert np.abs(np.asarray(ours(images(side), training=False)) - expected).max() <= 1e-4 * spread


def of_resnet(name: str) -> str:
    """`conv3_block1_2_bn` is `stage2_block1_2_bn`."""
    if name == "predictions":
        return "logits"
    head, _, rest = name.partition("_")
    return f"stem_{rest}" if head == "conv1" else f"stage{int(head.removeprefix('conv')) - 1}_{rest}"


@pytest.mark.parametrize("depth", ["50", "101"])
def test_resnet_with_the_weights_of_keras_answers_the_same(depth: str) -> None:
    reference: Any = getattr(keras.applications, f"ResNet{depth}")
    theirs = randomized(
        reference(weights=None, input_shape=(64, 64, 3), classes=CLASSES, classifier_activation=None), 64
    )
    config = dataclasses.replace(architectures.config(f"resnet/{depth}"), biases=True, epsilon=1.001e-5)
    ours = architectures.family("resnet").build(config, Task(height=64, width=64, channels=3, classes=CLASSES))
    carry_over(theirs, ours, of_resnet)
    assert_same_answers(theirs, ours, 64)
    assert complexity(ours) == complexity(theirs)


def of_mobilenet(depths: tuple[int, ...]) -> Callable[[str], str]:
    """`conv_dw_4_bn` is `stage3_block1_depthwise_bn`: keras counts its blocks through."""
    blocks = [f"stage{stage}_block{n}" for stage, depth in enumerate(depths, 1) for n in range(1, depth + 1)]
    kinds = {"dw": "depthwise", "pw": "pointwise"}

    def named(name: str) -> str:
        special = {"conv1": "stem_conv", "conv1_bn": "stem_bn", "conv_preds": "logits"}
        if name in special:
            return special[name]
        _, kind, number, *rest = name.split("_")
        return "_".join([blocks[int(number) - 1], kinds[kind], *(rest or ["conv"])])

    return named


@pytest.mark.parametrize(("variant", "side"), [("1.0", 64), ("0.25", 75)])
def test_mobilenet_with_the_weights_of_keras_answers_the_same(variant: str, side: int) -> None:
    """An odd side shows where the padding is."""
    theirs = randomized(
        keras.applications.MobileNet(
            weights=None, alpha=float(variant), input_shape=(side, side, 3), classes=CLASSES, classifier_activation=None
        ),
        side,
    )
    config: Any = architectures.config(f"mobilenet/{variant}")
    ours = architectures.family("mobilenet").build(config, Task(height=side, width=side, channels=3, classes=CLASSES))
    carry_over(theirs, ours, of_mobilenet(config.depths))
    assert_same_answers(theirs, ours, side)
    assert complexity(ours) == complexity(theirs)


def test_resnet_152_costs_what_that_of_keras_does() -> None:
    config = dataclasses.replace(architectures.config("resnet/152"), biases=True)
    task = Task(height=224, width=224, channels=3, classes=1000)
    ours = weightless(lambda: architectures.family("resnet").build(config, task))
    theirs = weightless(lambda: keras.applications.ResNet152(weights=None))
    assert complexity(ours) == complexity(theirs)
    assert complexity(theirs).total_parameters == theirs.count_params() == 60_419_944
