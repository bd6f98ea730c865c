"""How much memory do weights and activations take? By hand, and against a simulation that keeps no books."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import pytest
from keras import layers, ops

from suite import architectures
from suite.core.task import Task
from suite.counting.complexity import model_bytes, peak_activation_bytes, weightless
from tests.networks import chain, float32  # noqa: F401  # the second is used by every test


def branches() -> keras.Model:
    """Two branches from one stem, of 100, 10 and 1 numbers."""
    picture = keras.Input((1,))
    stem = layers.Dense(100)(picture)
    thin = layers.Dense(1)(layers.Dense(10)(stem))
    return keras.Model(picture, layers.Add()([layers.Dense(1)(stem), thin]))


def held_early() -> keras.Model:
    """What is made first is needed last."""
    picture = keras.Input((50,))
    x = layers.Dense(4)(layers.Dense(3)(picture))
    return keras.Model(picture, layers.Concatenate()([layers.Dense(50)(x), picture]))


# A network, and the numbers that are alive at once for one picture.
BY_HAND: dict[str, tuple[Callable[[], keras.Model], int]] = {
    "what is used is gone": (lambda: chain((10,), layers.Dense(20), layers.Dense(30), layers.Dense(5)), 20 + 30),
    "pictures may be the most": (lambda: chain((100,), layers.Dense(3)), 100 + 3),
    "a stem lives for all branches": (branches, 100 + 10 + 1),
    "a shortcut is held": (held_early, 50 + 50 + 100),
    "an activation function is not in place": (lambda: chain((3,), layers.Dense(50), layers.ReLU()), 50 + 50),
    "a reshape takes none": (lambda: chain((6,), layers.Reshape((2, 3)), layers.Flatten(), layers.Dense(1)), 6 + 1),
    "dropout takes none": (lambda: chain((6,), layers.Dropout(0.5), layers.GaussianNoise(1.0), layers.Dense(1)), 6 + 1),
    "another order is a copy": (lambda: chain((2, 3), layers.Permute((2, 1))), 6 + 6),
    "all that is returned is held": (
        lambda: keras.Model(image := keras.Input((5,)), [layers.Dense(40)(image), layers.Dense(7)(image)]), 5 + 40 + 7,
    ),
    "scores within attention": (
        lambda: chain((9, 4), lambda x: layers.MultiHeadAttention(2, 3)(x, x)),
        36 + (3 * 9 * 6 + 2 * 81 + 9 * 6) + 36,
    ),
    "the half of a separable convolution": (
        lambda: chain((6, 6, 2), layers.SeparableConv2D(3, 3)), 72 + 16 * 2 + 16 * 3,
    ),
    "integers and truth values have their own size": (
        lambda: keras.Model(words := keras.Input((8,), dtype="uint8"), ops.not_equal(words, 0)), (8 + 8) / 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_a_network_needs_what_a_hand_adds_up(name: str) -> None:
    build, numbers = BY_HAND[name]
    assert peak_activation_bytes(build(), 1) == 4 * numbers


def simulated(network: keras.Model) -> int:
    """Return the peak of a network whose calls all make new memory, by asking at every call what is still needed.

    The order is by the depth that Keras gives to a node, as it runs them.
    """
    nodes = [node for depth in sorted(network._nodes_by_depth, reverse=True) for node in network._nodes_by_depth[depth]]
    size = {id(tensor): 4 * math.prod(tensor.shape[1:]) for node in nodes for tensor in node.outputs}
    made = {id(tensor): number for number, node in enumerate(nodes) for tensor in node.outputs}
    needed = {id(tensor): len(nodes) for tensor in network.outputs}
    for number, node in enumerate(nodes):
        for tensor in node.input_tensors:
            needed[id(tensor)] = max(number, needed.get(id(tensor), 0))
    for tensor in network.inputs:
        made[id(tensor)] = -1
    return max(
        sum(size[tensor] for tensor in size if made[tensor] <= number <= needed.get(tensor, made[tensor]))
        for number in range(len(nodes))
    )


def resnet() -> keras.Model:
    return architectures.build("resnet/tiny", Task(height=33, width=41, channels=3, classes=7))


def densenet() -> keras.Model:
    return architectures.build("densenet/tiny", Task(height=33, width=41, channels=3, classes=7))


def shared() -> keras.Model:
    """One layer at three places, and two pictures."""
    left, right = keras.Input((7, 5, 3)), keras.Input((7, 5, 3))
    convolution = layers.Conv2D(3, 3, padding="same")
    one, other = convolution(left), convolution(convolution(right))
    return keras.Model([left, right], layers.Concatenate()([layers.Multiply()([one, other]), one, right]))


@pytest.mark.parametrize("build", [branches, held_early, resnet, densenet, shared])
def test_a_graph_needs_what_a_simulation_finds(build: Callable[[], keras.Model]) -> None:
    network = build()
    assert peak_activation_bytes(network, 1) == simulated(network)


@pytest.mark.parametrize("build", [branches, held_early, resnet, shared])
def test_a_nested_model_needs_what_it_needs_alone(build: Callable[[], keras.Model]) -> None:
    inner = build()
    pictures = [keras.Input(tensor.shape[1:]) for tensor in inner.inputs]
    outer = keras.Model(pictures, inner(pictures if len(pictures) > 1 else pictures[0]))
    assert peak_activation_bytes(outer, 1) == peak_activation_bytes(inner, 1)


def test_what_an_inner_model_makes_is_gone_outside() -> None:
    """A wide layer within, called twice: its memory is not held from one call to the other."""
    inner = chain((10,), layers.Dense(500), layers.Dense(10))
    assert peak_activation_bytes(chain((10,), inner, inner), 1) == 4 * (500 + 10)


@pytest.mark.parametrize("name", ["resnet/tiny", "mobilenet_v3/tiny", "coatnet/tiny", "nasnet/tiny", "vit/tiny"])
def test_twice_the_pictures_take_twice_the_memory(name: str) -> None:
    network = weightless(lambda: architectures.build(name, Task(height=64, width=64, channels=3, classes=5)))
    one = peak_activation_bytes(network, 1)
    assert one > 4 * 64 * 64 * 3
    assert [peak_activation_bytes(network, batch) for batch in (2, 7, 128)] == [2 * one, 7 * one, 128 * one]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_takes_half_the_memory_and_the_same_weights(policy: str) -> None:
    def build() -> keras.Model:
        block = (layers.Conv2D(16, 3), layers.BatchNormalization(), layers.ReLU())
        return chain((12, 12, 3), *block, layers.GlobalAveragePooling2D(), layers.Dense(3, dtype="float32"))

    whole = build()
    keras.config.set_dtype_policy(policy)
    half = build()
    assert peak_activation_bytes(whole, 1) == 4 * 2 * 1600 == 2 * peak_activation_bytes(half, 1)
    assert model_bytes(whole) == model_bytes(half)


@pytest.mark.filterwarnings("ignore:.*InputLayer does not have a `quantize`")
def test_weights_are_counted_once_at_the_size_they_are_stored_in() -> None:
    dense = layers.Dense(10)
    assert model_bytes(chain((10,), dense, dense, layers.BatchNormalization())) == 4 * (110 + 40)
    network = chain((10,), layers.Dense(10))
    network.quantize("int8")
    assert model_bytes(network) == 100 + 4 * 10 + 4 * 10  # kernel, bias, scale of each output
    keras.config.set_dtype_policy("float16")
    assert model_bytes(chain((10,), layers.Dense(10))) == 2 * 110


def test_no_weight_is_made_to_find_out_how_much_memory_is_needed() -> None:
    """100 billion weights would not fit."""
    network = weightless(lambda: chain((100_000,), layers.Dense(1_000_000)))
    assert model_bytes(network) == 4 * 100_001_000_000
    assert peak_activation_bytes(network, 3) == 3 * 4 * 1_100_000
