"""Are our networks those of keras.applications? With its weights copied in, the outputs agree."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from suite.architectures.offers.sources import SOURCES
from suite.architectures.weights.applications import reference
from suite.architectures.weights.copying import INPUT_SCALING, copied, learned, operations, weighted
from suite.architectures.weights.loading import built
from suite.core.errors import ArchitectureError
from suite.counting.complexity import complexity, weightless

CLASSES = 5


def images(side: int) -> np.ndarray:
    """Return pictures that differ in brightness and contrast too, so that averages over a picture differ."""
    random = np.random.default_rng(1)
    contrast, brightness = random.uniform(0.2, 1, (2, 8, 1, 1, 3))
    return (contrast * random.uniform(-1, 1, (8, side, side, 3)) + brightness - 0.6).astype("float32")


def randomized(network: keras.Model, side: int) -> keras.Model:
    """Give every weight that starts alike another: scales and shifts by chance, statistics of pictures.

    Kernels of a network without normalisation grow, lest its answers be those of its last biases alone.
    """
    random = np.random.default_rng(0)
    normalized = any("Normalization" in type(layer).__name__ for layer in weighted(network))
    for layer in weighted(network):
        for weight in learned(layer):
            if not normalized and len(weight.shape) > 1:
                weight.assign(2 * weight)
            if weight is not None and len(weight.shape) == 1 and np.ptp(weight) == 0:
                low, high = (0.5, 1.5) if np.any(weight) else (-0.2, 0.2)
                weight.assign(random.uniform(low, high, weight.shape))
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # one step takes over the statistics of its pictures
    network(shown(network, side), training=True)
    return network


def scaling(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that bring pictures into the range that the network was made for; ours has none."""
    return [operation for operation in operations(network) if isinstance(operation, INPUT_SCALING)]


def shown(network: keras.Model, side: int) -> np.ndarray:
    """Return pictures of -1 to 1, or of 0 to 255 for a network that scales them itself."""
    return 127.5 * (1 + images(side)) if scaling(network) else images(side)


def scaled(network: keras.Model, pictures: Any) -> Any:
    """Return the pictures as the first layer with weights sees them."""
    for layer in scaling(network):
        pictures = layer(pictures)
    return pictures


# Side of the pictures, pixels: odd ones show where the padding is.
QUICK = {
    "vgg/16": 32,
    "mobilenet/0.25": 75,
    "efficientnet/b0": 75,
}
SLOW = {  # they take minutes together
    **{name: 75 for name in SOURCES if name not in QUICK},
    "resnet/50": 64,
    "convnext/t": 64,
}


def slowly(*row: object) -> Any:
    return pytest.param(*row, marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "side"), [*QUICK.items(), *(slowly(*row) for row in SLOW.items())])
def test_with_the_weights_of_keras_it_answers_the_same(name: str, side: int) -> None:
    """Equal to 1e-4 of how far the answers for different pictures lie apart, class by class."""
    keras.utils.set_random_seed(0)  # what the kernels begin with is of this test alone
    theirs = randomized(reference(SOURCES[name], side, CLASSES), side)
    ours = copied(theirs, built(name, side, CLASSES, SOURCES[name].changes))
    pictures = shown(theirs, side)
    expected = np.asarray(theirs(pictures, training=False))
    spread = np.ptp(expected, axis=0)
    assert spread.max() > 0.05 * np.abs(expected).max()
    answers = np.asarray(ours(scaled(theirs, pictures), training=False))
    assert (np.abs(answers - expected) <= 1e-4 * spread).all()


@pytest.mark.parametrize("name", [name if name in QUICK else slowly(name) for name in SOURCES])
def test_it_costs_what_that_of_keras_does_whose_weights_are_in_the_file_of_that_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[str] = []

    def download(file: str, *arguments: Any, **named: Any) -> str:
        files.append(file)
        return "a file"

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", download)
    monkeypatch.setattr(keras.Model, "load_weights", lambda network, file, **named: None)
    source = SOURCES[name]
    side = source.preprocess.resolution
    theirs = weightless(lambda: reference(source, side, 1000, weights="imagenet"))
    assert files == [source.file]
    costs, moments = complexity(theirs), sum(layer.count_params() for layer in scaling(theirs))
    expected = dataclasses.replace(costs, total_parameters=costs.total_parameters - moments)
    assert complexity(weightless(lambda: built(name, side, 1000, source.changes))) == expected


def test_weights_that_do_not_fit_are_named_with_both_layers() -> None:
    wide, narrow = (built("mobilenet/tiny", 32, 2, {"stem_width": width}) for width in (16, 8))
    with pytest.raises(ArchitectureError, match=r"'stem_conv' .*3, 3, 3, 16.* do not fit 'stem_conv' .*3, 3, 3, 8"):
        copied(wide, narrow)


def test_layers_that_are_left_over_are_named() -> None:
    deep, shallow = (
        built("mobilenet/tiny", 32, 2, {"depths": depths, "widths": (8, 8)}) for depths in ((1, 2), (1, 1))
    )
    with pytest.raises(
        ArchitectureError, match=r"the weights of 'stage2_block2_depthwise_conv' .* do not fit 'logits'"
    ):
        copied(deep, shallow)
    with pytest.raises(
        ArchitectureError, match=r"cut has 25 weights and mobilenet has 27: 'logits' .* has no counterpart"
    ):
        copied(keras.Model(shallow.input, shallow.layers[-2].output, name="cut"), shallow)
