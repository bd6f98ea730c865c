"""Are our networks those of keras.applications? With its weights copied in, the outputs agree.

A family that keras.applications has adds its rows to AGREE (small pictures, and the smallest member that has every
kind of block, for these are run) and to COUNT (every member; nothing is computed).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from suite import architectures
from suite.architectures import resnet_v2
from suite.architectures._weights import INPUT_SCALING, copied, learned, operations, weighted
from suite.errors import ArchitectureError
from suite.profile.complexity import complexity, weightless
from suite.task import Task

CLASSES = 5
RESNET = {"biases": True, "epsilon": 1.001e-5}  # as in keras.applications
MOBILENET_025: dict[str, Any] = {"alpha": 0.25}
slow = pytest.mark.slow


def images(side: int) -> np.ndarray:
    """Return pictures that differ in brightness and contrast too, so that averages over a picture differ."""
    random = np.random.default_rng(1)
    contrast, brightness = random.uniform(0.2, 1, (2, 8, 1, 1, 3))
    return (contrast * random.uniform(-1, 1, (8, side, side, 3)) + brightness - 0.6).astype("float32")


def randomized(network: keras.Model, side: int) -> keras.Model:
    """Give every weight that starts alike another: scales and shifts by chance, statistics of pictures."""
    random = np.random.default_rng(0)
    for layer in weighted(network):
        for weight in learned(layer):
            if weight is not None and len(weight.shape) == 1 and np.ptp(weight) == 0:
                low, high = (0.5, 1.5) if np.any(weight) else (-0.2, 0.2)
                weight.assign(random.uniform(low, high, weight.shape))
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # one step takes over the statistics of its pictures
    network(images(side), training=True)
    return network


def ours(name: str, changes: dict[str, Any], side: int, classes: int) -> keras.Model:
    family = name.partition("/")[0]
    config: Any = dataclasses.replace(architectures.config(name), **changes)  # type: ignore[type-var]
    return architectures.family(family).build(config, Task(height=side, width=side, channels=3, classes=classes))


def theirs(factory: str, options: dict[str, Any], side: int, classes: int) -> keras.Model:
    build: Any = getattr(keras.applications, factory)
    return build(weights=None, input_shape=(side, side, 3), classes=classes, classifier_activation=None, **options)


def scaling(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that bring pictures into the range that the network was made for; ours has none."""
    return [operation for operation in operations(network) if isinstance(operation, INPUT_SCALING)]


def scaled(network: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Return the pictures as the first layer with weights sees them."""
    for layer in scaling(network):
        pictures = layer(pictures)
    return pictures


# name of ours, what Keras' form changes in its Config, name of theirs, what it is called with, side of the pictures.
# Odd sides show where the padding is.
AGREE = [
    ("resnet/50", RESNET, "ResNet50", {}, 64),
    pytest.param("resnet/101", RESNET, "ResNet101", {}, 64, marks=slow),
    ("resnet_v2/50", resnet_v2.KERAS, "ResNet50V2", {}, 75),
    ("densenet/121", {}, "DenseNet121", {}, 75),
    ("mobilenet/0.25", {}, "MobileNet", MOBILENET_025, 75),
    pytest.param("mobilenet/1.0", {}, "MobileNet", {}, 64, marks=slow),
    ("efficientnet/b0", {}, "EfficientNetB0", {}, 75),
]


@pytest.mark.parametrize(("name", "changes", "factory", "options", "side"), AGREE)
def test_with_the_weights_of_keras_it_answers_the_same(
    name: str, changes: dict[str, Any], factory: str, options: dict[str, Any], side: int
) -> None:
    """Equal to 1e-4 of how far the answers for different pictures lie apart."""
    reference = randomized(theirs(factory, options, side, CLASSES), side)
    network = copied(reference, ours(name, changes, side, CLASSES))
    expected = np.asarray(reference(images(side), training=False))
    spread = np.ptp(expected, axis=0).min()
    assert spread > 0.05 * np.abs(expected).max()
    answers = np.asarray(network(scaled(reference, images(side)), training=False))
    assert np.abs(answers - expected).max() <= 1e-4 * spread


# The same, for every member of a family, and the resolution at which to count.
COUNT = [
    ("resnet/50", RESNET, "ResNet50", {}, 224),
    ("resnet/101", RESNET, "ResNet101", {}, 224),
    ("resnet/152", RESNET, "ResNet152", {}, 224),
    ("resnet_v2/50", resnet_v2.KERAS, "ResNet50V2", {}, 224),
    ("resnet_v2/101", resnet_v2.KERAS, "ResNet101V2", {}, 224),
    ("resnet_v2/152", resnet_v2.KERAS, "ResNet152V2", {}, 224),
    ("densenet/121", {}, "DenseNet121", {}, 224),
    ("densenet/169", {}, "DenseNet169", {}, 224),
    ("densenet/201", {}, "DenseNet201", {}, 224),
    ("mobilenet/1.0", {}, "MobileNet", {}, 224),
    ("mobilenet/0.75", {}, "MobileNet", {"alpha": 0.75}, 224),
    ("mobilenet/0.5", {}, "MobileNet", {"alpha": 0.5}, 224),
    ("mobilenet/0.25", {}, "MobileNet", MOBILENET_025, 224),
    ("efficientnet/b0", {}, "EfficientNetB0", {}, 224),
    ("efficientnet/b1", {}, "EfficientNetB1", {}, 240),
    ("efficientnet/b2", {}, "EfficientNetB2", {}, 260),
    ("efficientnet/b3", {}, "EfficientNetB3", {}, 300),
    ("efficientnet/b4", {}, "EfficientNetB4", {}, 380),
    ("efficientnet/b5", {}, "EfficientNetB5", {}, 456),
    ("efficientnet/b6", {}, "EfficientNetB6", {}, 528),
    ("efficientnet/b7", {}, "EfficientNetB7", {}, 600),
]


@pytest.mark.parametrize(("name", "changes", "factory", "options", "side"), COUNT)
def test_it_costs_what_that_of_keras_does(
    name: str, changes: dict[str, Any], factory: str, options: dict[str, Any], side: int
) -> None:
    reference = weightless(lambda: theirs(factory, options, side, 1000))
    costs, moments = complexity(reference), sum(layer.count_params() for layer in scaling(reference))
    expected = dataclasses.replace(costs, total_parameters=costs.total_parameters - moments)
    assert complexity(weightless(lambda: ours(name, changes, side, 1000))) == expected


def test_weights_that_do_not_fit_are_named_with_both_layers() -> None:
    wide, narrow = (ours("mobilenet/tiny", {"stem_width": width}, 32, 2) for width in (16, 8))
    with pytest.raises(ArchitectureError, match=r"'stem_conv' .*3, 3, 3, 16.* do not fit 'stem_conv' .*3, 3, 3, 8"):
        copied(wide, narrow)


def test_layers_that_are_left_over_are_named() -> None:
    deep, shallow = (ours("resnet/tiny", {"depths": depths, "widths": (8, 8)}, 32, 2) for depths in ((1, 2), (1, 1)))
    with pytest.raises(ArchitectureError, match=r"stage2_block2|do not fit|left to go with"):
        copied(deep, shallow)
