"""Is the work of a network counted right? By hand, and against the operations that TensorFlow really traces."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from suite import architectures, datasets, training
from suite.architectures.layers import deployed
from suite.errors import SuiteError, UnknownOperationError
from suite.profile import rules
from suite.profile.complexity import Complexity, complexity, weightless
from suite.study import Recipe
from suite.task import Task


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


def chain(shape: tuple[int, ...], *steps: Callable[[Any], Any]) -> keras.Model:
    image = x = keras.Input(shape)
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


def attention(x: Any) -> Any:
    return layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=5)(x, x)


# One operation each: its shape, the operation, its multiply-adds and its outputs.
BY_HAND = [
    ((20,), layers.Dense(10), 20 * 10, 10),
    ((6, 20), layers.Dense(10), 6 * 20 * 10, 6 * 10),
    ((8, 8, 3), layers.Conv2D(16, 3), 6 * 6 * 9 * 3 * 16, 6 * 6 * 16),
    ((8, 8, 3), layers.Conv2D(16, 3, strides=2, padding="same"), 4 * 4 * 9 * 3 * 16, 4 * 4 * 16),
    ((8, 8, 3), layers.Conv2D(16, 3, dilation_rate=2), 4 * 4 * 9 * 3 * 16, 4 * 4 * 16),
    ((8, 8, 4), layers.Conv2D(16, 3, groups=2, padding="same"), 64 * 9 * 2 * 16, 64 * 16),
    ((8, 3), layers.Conv1D(5, 4), 5 * 4 * 3 * 5, 5 * 5),
    ((4, 4, 4, 2), layers.Conv3D(3, 2), 27 * 8 * 2 * 3, 27 * 3),
    ((4, 4, 3), layers.Conv2DTranspose(5, 2, strides=2), 16 * 3 * 4 * 5, 64 * 5),
    ((8, 8, 3), layers.DepthwiseConv2D(3, depth_multiplier=2), 36 * 6 * 9, 36 * 6),
    ((8, 8, 3), layers.SeparableConv2D(7, 3, depth_multiplier=2), 36 * 6 * 9 + 36 * 6 * 7, 36 * 6 + 36 * 7),
    ((6, 20), layers.EinsumDense("btd,dnh->btnh", (None, 2, 5)), 6 * 20 * 10, 6 * 10),
    ((6, 20), layers.EinsumDense("...d,de->...e", 9), 6 * 20 * 9, 6 * 9),
    (
        (6, 20), attention, 6 * 20 * (6 + 6 + 10) + 6 * 10 * 20 + 36 * 2 * (3 + 5),
        6 * (6 + 6 + 10) + 36 * 2 + 6 * 10 + 6 * 20,
    ),
    ((4, 7), lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))), 4 * 4 * 7, 16),
    ((4, 7), lambda x: ops.einsum("bid,bjd->bij", x, x), 4 * 4 * 7, 16),
    ((6,), layers.ReversibleEmbedding(9, 4), 0, 0),
    ((6, 4), lambda x: layers.ReversibleEmbedding(9, 4)(x, reverse=True), 6 * 4 * 9, 6 * 9),
    ((8, 8, 3), layers.BatchNormalization(), 0, 0),
    ((8, 8, 3), lambda x: ops.sigmoid(layers.MaxPooling2D()(x)[:, 1:]) * 2, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "operation", "macs", "activations"), BY_HAND)
def test_one_operation_costs_what_a_hand_counts(shape: Any, operation: Any, macs: int, activations: int) -> None:
    counts = complexity(chain(shape, operation))
    assert (counts.macs, counts.activations) == (macs, activations)


def test_a_small_network_is_counted_whole() -> None:
    network = chain(
        (8, 8, 3), layers.Conv2D(16, 3, use_bias=False), layers.BatchNormalization(), layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    )  # fmt: skip
    assert complexity(network) == Complexity(
        parameters=9 * 3 * 16 + 2 * 16 + 170,
        total_parameters=9 * 3 * 16 + 4 * 16 + 170,
        macs=36 * 9 * 3 * 16 + 160,
        activations=36 * 16 + 10,
    )


def test_frozen_weights_are_counted_in_the_total_only() -> None:
    network = chain((20,), layers.Dense(10, trainable=False), layers.Dense(5))
    counts = complexity(network)
    assert (counts.parameters, counts.total_parameters) == (55, 265)


def test_a_shared_layer_has_its_weights_once_and_its_work_at_each_call() -> None:
    dense = layers.Dense(20)
    counts = complexity(chain((20,), dense, dense, dense))
    assert (counts.parameters, counts.macs) == (420, 3 * 400)


def test_a_layer_called_by_another_model_too_is_counted_for_this_one() -> None:
    dense = layers.Dense(20)
    one = chain((20,), dense)
    chain((20,), dense, dense)
    assert complexity(one).macs == 400


def test_nested_models_are_counted_at_the_size_they_are_called_with() -> None:
    inner = chain((None, None, 3), layers.Conv2D(4, 3, padding="same"))
    outer = chain((8, 8, 3), inner, layers.MaxPooling2D(), layers.Conv2D(3, 1), inner)
    sequential = keras.Sequential([keras.Input((8, 8, 3)), outer, layers.Flatten(), layers.Dense(2)])
    assert complexity(sequential).macs == 64 * 108 + 16 * 12 + 16 * 108 + 16 * 4 * 2


@pytest.mark.parametrize("batch", [1, 8, None])
def test_the_batch_size_changes_nothing(batch: int | None) -> None:
    image = keras.Input((8, 8, 3), batch_size=batch)
    network = keras.Model(image, layers.Conv2D(16, 3)(image))
    assert complexity(network).macs == 36 * 9 * 3 * 16


def test_windows_folded_into_the_batch_are_all_counted() -> None:
    network = chain((8, 8, 3), lambda x: ops.reshape(x, (-1, 16, 3)), attention, lambda x: ops.reshape(x, (-1, 64, 3)))
    assert complexity(network).macs == 4 * complexity(chain((16, 3), attention)).macs


class Doubled(layers.Dense):
    """A dense layer that works twice."""

    def call(self, inputs: Any) -> Any:
        return super().call(inputs) + super().call(inputs)


class Own(layers.Layer):
    """A layer without a rule."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Saying(Own):
    """A layer that says what it costs."""

    def work(self, inputs: list[tuple[int, ...]], outputs: list[tuple[int, ...]]) -> tuple[int, int]:
        return 7 * math.prod(inputs[0]), math.prod(outputs[0])


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (Own(name="mine"), "'mine', of class Own"),
        (Doubled(3, name="twice"), "'twice', of class Doubled"),
        (layers.Lambda(lambda x: x, name="secret"), "'secret', of class Lambda"),
        (lambda x: ops.dot(x, ops.ones((20, 3))), "of class Dot"),
        (layers.Reshape((4, 5)), None),
    ],
)
def test_an_operation_without_a_rule_is_an_error_that_names_it(operation: Any, message: str | None) -> None:
    network = chain((20,), operation)
    if message is None:
        assert complexity(network).macs == 0
        return
    with pytest.raises(UnknownOperationError) as error:
        complexity(network)
    assert message in str(error.value)
    assert "suite.profile.rules.register" in str(error.value)


def test_a_rule_can_be_registered_or_said_by_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_RULES", dict(rules._RULES))
    rules.register(Own, lambda layer, inputs, outputs: (11, 3))
    counts = complexity(chain((20,), Own(), Saying()))
    assert (counts.macs, counts.activations) == (11 + 140, 3 + 20)


def test_an_unknown_size_and_a_model_without_a_graph_are_errors() -> None:
    with pytest.raises(UnknownOperationError, match="build for one size of picture"):
        complexity(chain((None, None, 3), layers.Conv2D(4, 3)))
    with pytest.raises(UnknownOperationError, match="it has no graph"):
        complexity(keras.Sequential([layers.Dense(4)]))


def called(initial: list[Any]) -> Callable[..., Any]:
    def zeros(shape: Any, dtype: Any = None) -> Any:
        initial.append(shape)
        return ops.zeros(shape, dtype)

    return zeros


def test_a_weightless_model_never_makes_its_weights() -> None:
    """Nor do later models, nor counting: 100 billion weights would not fit."""
    initial: list[Any] = []
    dense = layers.Dense(1_000_000, kernel_initializer=called(initial))
    network = weightless(lambda: chain((100_000,), dense))
    chain((4,), layers.Dense(3))
    assert complexity(network).parameters == 100_001_000_000
    assert initial == []


@pytest.mark.parametrize("name", ["mixed", "MobileNetV3Small"])
def test_a_weightless_model_counts_as_one_with_weights(name: str) -> None:
    assert complexity(weightless(NETWORKS[name])) == complexity(NETWORKS[name]())


@pytest.mark.parametrize(
    "use",
    [
        lambda network: network(tf.zeros((1, 4))),
        lambda network: network.compile("sgd", "mse"),
        lambda network: network.fit(tf.zeros((1, 4)), tf.zeros((1, 3))),
        lambda network: network.predict(tf.zeros((1, 4))),
        lambda network: network.save("never.keras"),
        lambda network: network.get_weights(),
    ],
)
def test_a_weightless_model_cannot_be_used(use: Callable[[keras.Model], Any]) -> None:
    network = weightless(lambda: chain((4,), layers.Dense(3)))
    with pytest.raises(SuiteError, match="for counting only"):
        use(network)


def test_to_train_a_weightless_network_is_an_error_that_says_so() -> None:
    data = datasets.load("digits", (32, 32, 3))
    network = weightless(lambda: architectures.build("resnet/tiny", data.task))
    with pytest.raises(SuiteError, match="for counting only"):
        training.train(network, Recipe(), data, epochs=1, seed=0)


AGAIN: dict[str, Callable[[keras.Model], keras.Model]] = {
    "without its auxiliary classifiers": deployed,
    "of the same layers": lambda network: keras.Model(network.inputs, network.outputs),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_another_model_of_weightless_layers_is_counted_and_cannot_be_used_either(
    again: Callable[[keras.Model], keras.Model], tmp_path: Path
) -> None:
    def build() -> keras.Model:
        start = replace(architectures.config("googlenet/tiny"), auxiliary=True)
        return architectures.family("googlenet").build(start, Task(height=32, width=32, channels=3, classes=3))

    other = again(weightless(build))
    assert complexity(other) == complexity(weightless(lambda: again(build()))) == complexity(again(build()))
    uses: tuple[Callable[[], Any], ...] = (
        lambda: other(tf.zeros((1, 32, 32, 3))),
        lambda: other.save(tmp_path / "other.keras"),
        lambda: other.set_weights(again(build()).get_weights()),
        other.get_weights,
    )
    for use in uses:
        with pytest.raises(SuiteError, match="for counting only"):
            use()


def test_weights_that_are_there_stay_when_they_are_counted_without_weights() -> None:
    network = chain((4,), layers.Dense(3))
    weightless(lambda: keras.Model(network.inputs, network.outputs))
    assert network(tf.ones((2, 4))).shape == (2, 3)


def test_building_weightless_leaves_the_program_as_it_was() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = chain((4,), layers.Dense(3))
    weightless(lambda: chain((4,), layers.Dense(3)))
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert network(tf.ones((2, 4))).shape == (2, 3)


def test_a_build_that_fails_leaves_no_weights_waiting() -> None:
    initial: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        weightless(lambda: chain((4,), layers.Dense(3, kernel_initializer=called(initial)), lambda x: x / (1 // 0)))
    chain((4,), layers.Dense(3))
    assert initial == []


# An independent count: the operations of the traced function, by their own shapes.


def traced(network: keras.Model) -> int:
    """Return the multiply-adds of the graph that TensorFlow traces for one picture."""
    inputs = keras.tree.map_structure(lambda x: tf.TensorSpec((1, *x.shape[1:]), x.dtype), network.input)
    graph = tf.function(lambda x: network(x, training=False)).get_concrete_function(inputs).graph
    operations = graph.get_operations()
    assert not any("PartitionedCall" in operation.type for operation in operations)  # nothing is hidden
    return sum(_multiply_adds(operation) for operation in operations)


def _multiply_adds(operation: tf.Operation) -> int:
    shapes = [tensor.shape.as_list() for tensor in operation.inputs]
    made = math.prod(operation.outputs[0].shape.as_list() or [0]) if operation.outputs else 0
    match operation.type:
        case "Conv2D" | "Conv3D":
            return made * math.prod(shapes[1][:-1])
        case "DepthwiseConv2dNative":
            return made * math.prod(shapes[1][:2])
        case "Conv2DBackpropInput":
            return math.prod(shapes[2]) * math.prod(shapes[1][:-1])
        case "MatMul":
            return made * shapes[0][0 if operation.get_attr("transpose_a") else 1]
        case "BatchMatMulV2":
            return made * shapes[0][-2 if operation.get_attr("adj_x") else -1]
        case "Einsum":
            terms = operation.get_attr("equation").decode().split("->")[0].split(",")
            labelled = zip("".join(terms), [size for shape in shapes for size in shape], strict=True)
            return math.prod(dict(labelled).values())
    return 0


def mixed() -> keras.Model:
    """All that has a rule and that no network below has."""
    image = keras.Input((12, 12, 4))
    shared = layers.Conv2D(4, 3, padding="same")
    x = shared(shared(image))
    x = layers.Conv2D(6, 3, dilation_rate=2, padding="same")(x)
    x = layers.Conv2DTranspose(5, 3, strides=2, padding="same")(x)
    x = layers.SeparableConv2D(8, 3, depth_multiplier=2)(x)
    x = layers.Dense(8)(layers.MaxPooling2D(2)(x))
    x = layers.Reshape((-1, 8))(x)
    x = layers.Conv1D(6, 3, strides=2)(x)
    x = layers.MultiHeadAttention(num_heads=2, key_dim=3)(x, x[:, :5])
    x = ops.matmul(x, ops.swapaxes(x, 1, 2))
    x = layers.EinsumDense("btd,dnh->btnh", (None, 2, 5))(x)
    return keras.Model(image, layers.Dense(3)(x))


APPLICATIONS = keras.applications
NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "mixed": mixed,
    "ResNet50": lambda: APPLICATIONS.ResNet50(weights=None, input_shape=(64, 64, 3)),
    "MobileNetV3Small": lambda: APPLICATIONS.MobileNetV3Small(weights=None, input_shape=(64, 64, 3)),
    "EfficientNetB0": lambda: APPLICATIONS.EfficientNetB0(weights=None, input_shape=(64, 64, 3)),
    "Xception": lambda: APPLICATIONS.Xception(weights=None, input_shape=(96, 96, 3)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_count_is_that_of_the_traced_operations(name: str) -> None:
    network = NETWORKS[name]()
    assert complexity(network).macs == traced(network)


def test_our_grouped_networks_count_as_their_traced_operations() -> None:
    for name, side in (("resnet/50-32x4d", 32), ("alexnet/2012", 67)):
        family = architectures.family(name.partition("/")[0])
        network = family.build(architectures.config(name), Task(height=side, width=side, channels=3, classes=3))
        assert complexity(network).macs == traced(network)
