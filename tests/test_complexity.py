"""Is the work of a network counted right? By hand, and against the operations that TensorFlow really traces."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from suite import architectures, datasets
from suite.architectures.layers import deployed
from suite.core.errors import SuiteError, UnknownOperationError
from suite.core.recipe import Recipe
from suite.core.task import Task
from suite.counting import rules
from suite.counting.complexity import Complexity, by_kind, complexity, parts, table, weightless
from suite.training import loop
from tests import traced
from tests.commands import suite
from tests.networks import chain, families, float32  # noqa: F401  # the last is used by every test


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
    ((5, 3), layers.SimpleRNN(4), 5 * (3 * 4 + 4 * 4), 5 * (4 + 4)),
    ((5, 3), layers.GRU(4, return_sequences=True), 5 * (3 * 12 + 4 * 12), 5 * (12 + 12)),
    ((5, 3), layers.Bidirectional(layers.LSTM(4)), 2 * 5 * (3 * 16 + 4 * 16), 2 * 5 * (16 + 16)),
    ((5, 3), layers.RNN([layers.GRUCell(4), layers.SimpleRNNCell(2)]),
     5 * (3 * 12 + 4 * 12 + 4 * 2 + 2 * 2), 5 * (12 + 12 + 2 + 2)),
    ((7, 3), lambda x: layers.AdditiveAttention()([x, x[:, :4]]), 7 * 4 * (3 + 3), 7 * 4 + 7 * 3),
    ((7, 3), lambda x: layers.AdditiveAttention(use_scale=False)([x, x[:, :4]]), 7 * 4 * 3, 7 * 3),
    ((4, 7), lambda x: ops.einsum("bij->bji", x), 0, 0),
    ((7,), lambda x: ops.dot(x, 3.0), 0, 0),
    ((5, 3, 2), lambda x: ops.conv_transpose(x, ops.ones((3, 2, 7, 2)), strides=3), 5 * 3 * 2 * 6 * 7, 15 * 9 * 7),
    ((6,), layers.ReversibleEmbedding(9, 4), 0, 0),
    ((6, 4), lambda x: layers.ReversibleEmbedding(9, 4)(x, reverse=True), 6 * 4 * 9, 6 * 9),
    ((8, 8, 3), layers.BatchNormalization(), 0, 0),
    ((8, 8, 3), lambda x: ops.sigmoid(layers.MaxPooling2D()(x)[:, 1:]) * 2, 0, 0),
]  # fmt: skip


def test_a_table_by_what_is_not_known_is_no_table_by_something_else() -> None:
    pixels = keras.Input((8, 8, 3))
    with pytest.raises(SuiteError, match=r"no table by 'layers'\. Did you mean 'layer'"):
        table(keras.Model(pixels, keras.layers.Flatten()(pixels)), "layers")


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


class OwnScores(layers.Attention):
    """Attention by scores of its own."""

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        return -ops.sum(ops.square(query[:, :, None] - key[:, None]), axis=-1)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (Own(name="mine"), "'mine', of class Own"),
        (Doubled(3, name="twice"), "'twice', of class Doubled"),
        (layers.Lambda(lambda x: x, name="secret"), "'secret', of class Lambda"),
        (lambda x: ops.outer(x, x), "of class Outer"),
        (lambda x: OwnScores(name="scored")([x[:, None], x[:, None]]), "'scored', of class OwnScores"),
        (lambda x: layers.ConvLSTM1D(2, 3, name="both")(ops.reshape(x, (-1, 2, 5, 2))), "'both', of class ConvLSTM1D"),
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
    assert "suite.counting.rules.register" in str(error.value)


def with_lora() -> keras.Model:
    dense = layers.Dense(3, name="tuned")
    network = chain((7,), dense)
    dense.enable_lora(2)
    return network


class OwnCell(layers.GRUCell):
    """A cell that does more than its parent."""

    def __init__(self) -> None:
        super().__init__(3)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (with_lora, "'tuned': LoRA makes its kernel anew"),
        (lambda: chain((4, 7), lambda x: ops.einsum("bij,jk,kl->bil", x, ops.ones((7, 3)), ops.ones((3, 2)))),
         "'bij,jk,kl->bil': its cost depends on the order"),
        (lambda: chain((4, 7), layers.RNN(OwnCell(), name="steps")), "'steps': its cell is a OwnCell"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_for_sure_is_an_error_that_says_why(
    build: Callable[[], keras.Model], message: str
) -> None:
    with pytest.raises(UnknownOperationError, match=re.escape(message)):
        complexity(build())


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.filterwarnings("ignore:.*InputLayer does not have a `quantize`")
def test_a_quantized_model_does_the_same_work(mode: str) -> None:
    network = chain((7, 5), layers.Dense(4), layers.EinsumDense("abc,cd->abd", (None, 6)))
    before = complexity(network).macs
    network.quantize(mode)
    assert complexity(network).macs == before


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
        loop.train(network, Recipe(), data, epochs=1, seed=0)


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


# An independent count: where every weight and every pixel is 1, each multiply-add adds 1 to the answer.

ONES: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "Dense of a map": ((5, 3, 7), layers.Dense(4)),
    "dilated": ((11, 9, 3), layers.Conv2D(4, (3, 2), dilation_rate=(2, 3))),
    "grouped and strided": ((11, 9, 6), layers.Conv2D(9, (3, 2), strides=(2, 3), groups=3)),
    "Conv1D, grouped and dilated": ((17, 6), layers.Conv1D(4, 3, groups=2, dilation_rate=3)),
    "Conv3D": ((5, 6, 7, 2), layers.Conv3D(3, (2, 3, 1), strides=(1, 2, 3))),
    "Conv2DTranspose": ((5, 3, 2), layers.Conv2DTranspose(7, (3, 2), strides=(2, 3))),
    "Conv2DTranspose with more at its end": ((5, 3, 2), layers.Conv2DTranspose(7, 3, strides=2, output_padding=1)),
    "Conv1DTranspose": ((5, 3), layers.Conv1DTranspose(4, 3, strides=2)),
    "Conv3DTranspose": ((3, 4, 2, 3), layers.Conv3DTranspose(4, 2, strides=2)),
    "DepthwiseConv1D": ((13, 3), layers.DepthwiseConv1D(4, depth_multiplier=2, strides=3)),
    "DepthwiseConv2D, dilated": ((11, 9, 3), layers.DepthwiseConv2D((3, 2), depth_multiplier=2, dilation_rate=2)),
    "TimeDistributed": ((4, 7, 5, 2), layers.TimeDistributed(layers.Conv2D(3, 3))),
    "TimeDistributed model": ((4, 7, 5, 2), layers.TimeDistributed(chain((7, 5, 2), layers.Conv2D(3, 3)))),
    "EinsumDense of two axes": ((5, 3, 7), layers.EinsumDense("bhwc,wcd->bhd", (None, 4))),
    "EinsumDense before an ellipsis": ((5, 3, 7), layers.EinsumDense("...wc,cde->...wde", (3, 2, 5))),
    "layers.Dot": ((5, 3), lambda x: layers.Dot(axes=(1, -1))([x, ops.transpose(x, (0, 2, 1))])),
    "matmul, axes in front broadcast": ((5, 3), lambda x: ops.matmul(x[:, None], ops.ones((4, 3, 7)))),
    "matmul with a vector": ((5, 3), lambda x: ops.matmul(x, ops.ones(3))),
    "dot": ((5, 3), lambda x: ops.dot(x, ops.ones((2, 3, 7)))),
    "inner": ((5, 3), lambda x: ops.inner(x, ops.ones((7, 3)))),
    "vdot": ((5, 3), lambda x: ops.vdot(x, x)),
    "tensordot over two axes": ((5, 3), lambda x: ops.tensordot(x, ops.ones((3, 7, 5)), axes=((1, -1), (2, 0)))),
    "tensordot over the last": ((5, 3), lambda x: ops.tensordot(x, ops.ones((3, 7, 5)), axes=1)),
    "tensordot over none": ((5, 3), lambda x: ops.tensordot(x, ops.ones((3, 7)), axes=0)),
    "einsum, axes in front broadcast": ((5, 3), lambda x: ops.einsum("b...c,...cd->b...d", x, ops.ones((5, 3, 2)))),
    "ops.conv": ((9, 8, 4), lambda x: ops.conv(x, ops.ones((3, 2, 4, 6)), dilation_rate=2)),
    "ops.depthwise_conv": ((9, 8, 3), lambda x: ops.depthwise_conv(x, ops.ones((3, 2, 3, 2)))),
}


def sum_of_ones(network: keras.Model) -> int:
    for weight in network.weights:
        weight.assign(ops.zeros(weight.shape) if weight.name == "bias" else ops.ones(weight.shape))
    return round(float(ops.sum(network(ops.ones((1, *network.input.shape[1:]))))))


@pytest.mark.filterwarnings("ignore:NotImplemented should not be used:DeprecationWarning")  # ops.tensordot
@pytest.mark.parametrize("name", ONES)
def test_where_all_is_one_the_answer_is_the_number_of_multiply_adds(name: str) -> None:
    network = chain(ONES[name][0], ONES[name][1])
    assert complexity(network).macs == sum_of_ones(network)


@pytest.mark.parametrize("multiplier", [1, 3])
def test_a_separable_convolution_is_its_two_halves(multiplier: int) -> None:
    first = {"depth_multiplier": multiplier, "strides": 2}
    halves = chain((9, 8, 3), layers.DepthwiseConv2D(3, **first), layers.Conv2D(5, 1))
    for whole in (
        layers.SeparableConv2D(5, 3, **first),
        lambda x: ops.separable_conv(
            x, ops.ones((3, 3, 3, multiplier)), ops.ones((1, 1, 3 * multiplier, 5)), strides=2
        ),
    ):
        counts = complexity(chain((9, 8, 3), whole))
        assert (counts.macs, counts.activations) == (complexity(halves).macs, complexity(halves).activations)
    line = complexity(chain((9, 3), layers.SeparableConv1D(5, 3, **first)))
    assert line.macs == complexity(chain((9, 1, 3), layers.SeparableConv2D(5, (3, 1), **first))).macs


# Another: the operations that TensorFlow really traces, by their own shapes.


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


def attending(layer: Any, *, keys: int | None = None) -> Callable[[], keras.Model]:
    """Return how to build a network in which a map of 5 x 7 x 6 attends to the first `keys` along the second axis."""
    return lambda: chain((5, 7, 6), lambda x: layer(x, x[:, :, :keys]))


def lines(step: Callable[[Any], Any]) -> Callable[[], keras.Model]:
    return lambda: chain((7, 6), step)


APPLICATIONS = keras.applications
NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "mixed": mixed,
    "Conv2DTranspose, dilated": lambda: chain((5, 3, 2), layers.Conv2DTranspose(7, 3, dilation_rate=2)),
    "attention along rows": attending(layers.MultiHeadAttention(2, 3, value_dim=5, attention_axes=(2,))),
    "attention along columns": attending(layers.MultiHeadAttention(3, 2, attention_axes=-3, output_shape=4)),
    "attention in a map": attending(layers.MultiHeadAttention(2, 3, output_shape=(4, 2)), keys=4),
    "attention to fewer": attending(layers.MultiHeadAttention(2, 3, attention_axes=(2,)), keys=3),
    "gated attention": attending(layers.MultiHeadAttention(2, 3, value_dim=4, use_gate=True)),
    "causal attention": lines(lambda x: layers.MultiHeadAttention(2, 3, dropout=0.1)(x, x, use_causal_mask=True)),
    "keys of another width": lines(
        lambda x: layers.MultiHeadAttention(2, 3, value_dim=5)(x, x[:, :4, :2], key=x[:, :4, :5])
    ),
    "grouped queries": lines(lambda x: layers.GroupQueryAttention(3, 4, 2, use_gate=True)(x, x[:, :5])),
    "layers.Attention": lines(lambda x: layers.Attention(use_scale=True)([x, x[:, :4, :5], x[:, :4]])),
    "ops.dot_product_attention": lines(
        lambda x: ops.dot_product_attention(*(ops.reshape(x[:, :n], (-1, n, 2, 3)) for n in (7, 4, 4)))
    ),
    "LSTM": lines(layers.LSTM(5, unroll=True)),
    "GRU": lines(layers.GRU(5, unroll=True, reset_after=False)),
    "both ways": lines(layers.Bidirectional(layers.SimpleRNN(5, unroll=True), backward_layer=None)),
    "SpectralNormalization": lambda: chain((9, 8, 3), layers.SpectralNormalization(layers.Conv2D(5, 3))),
    "ResNet50": lambda: APPLICATIONS.ResNet50(weights=None, input_shape=(64, 64, 3)),
    "MobileNetV3Small": lambda: APPLICATIONS.MobileNetV3Small(weights=None, input_shape=(64, 64, 3)),
    "EfficientNetB0": lambda: APPLICATIONS.EfficientNetB0(weights=None, input_shape=(64, 64, 3)),
    "Xception": lambda: APPLICATIONS.Xception(weights=None, input_shape=(96, 96, 3)),
}


LARGE = ("ResNet50", "EfficientNetB0", "Xception")  # the others are made of a few layers


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in NETWORKS]
)
def test_the_count_is_that_of_the_traced_operations(name: str) -> None:
    network = NETWORKS[name]()
    assert complexity(network).macs == traced.multiply_adds(network)


def named(network: str) -> keras.Model:
    side = architectures.resolution(network)
    task = Task(height=side, width=side, channels=3, classes=1000)
    return weightless(lambda: architectures.build(network, task))


@pytest.mark.parametrize("family", families())
def test_a_small_network_of_every_family_counts_as_its_traced_operations(family: str) -> None:
    network = named(f"{family}/tiny")
    assert complexity(network).macs == traced.multiply_adds(network)


@pytest.mark.slow
@pytest.mark.parametrize("network", architectures.recorded())
def test_every_named_network_counts_as_its_traced_operations(network: str) -> None:
    """150 networks, the giants too, without memory for their weights: 6 minutes of one core."""
    assert architectures.recorded()[network].macs == traced.multiply_adds(named(network))


# Where it is: by layer and by kind.


@pytest.mark.parametrize("family", families())
def test_the_parts_of_a_network_add_up_to_the_whole(family: str) -> None:
    network = named(f"{family}/tiny")
    whole, rows = complexity(network), parts(network)
    for summed in (rows, by_kind(rows)):
        assert whole == Complexity(
            **{field.name: sum(getattr(row, field.name) for row in summed) for field in fields(Complexity)}
        )


def test_convolutions_have_few_of_alexnets_weights_and_do_its_work() -> None:
    """The figures of the lectures: 6 % of the parameters, 95 % of the multiply-adds."""
    first = table(named("alexnet/ungrouped"), "kind")[0]
    assert (first["kind"], first["calls"]) == ("GroupedConv2D", 5)
    assert (round(first["parameters_percent"]), round(first["macs_percent"])) == (6, 95)


def nested() -> keras.Model:
    dense = layers.Dense(6, name="dense")
    inner = keras.Sequential([keras.Input((6,)), dense, layers.Dense(4, trainable=False, name="frozen")], name="inner")
    picture = keras.Input((6,))
    joined = layers.Concatenate(name="joined")([inner(dense(picture)), inner(picture)])
    return keras.Model(picture, joined)


def test_a_part_says_where_it_is_and_has_its_weights_at_the_first_call() -> None:
    rows = parts(nested())
    assert [(row.layer, row.kind, row.parameters, row.total_parameters, row.macs) for row in rows] == [
        ("dense", "Dense", 42, 42, 36),
        ("inner/dense", "Dense", 0, 0, 36),
        ("inner/frozen", "Dense", 0, 28, 24),
        ("inner/dense", "Dense", 0, 0, 36),
        ("inner/frozen", "Dense", 0, 0, 24),
        ("joined", "Concatenate", 0, 0, 0),
    ]
    assert [row.output for row in rows] == [(6,), (6,), (4,), (6,), (4,), (8,)]
    assert [(row.kind, row.calls, row.total_parameters) for row in by_kind(rows)] == [
        ("Dense", 5, 70),
        ("Concatenate", 1, 0),
    ]


def test_weights_of_no_layer_are_a_part_of_their_own() -> None:
    network = chain((5,), layers.Dense(3))
    network.temperature = network.add_weight(shape=(7,), name="temperature")
    assert parts(network)[-1].total_parameters == 7
    assert sum(row.total_parameters for row in parts(network)) == complexity(network).total_parameters


def test_a_table_of_nothing_has_no_shares() -> None:
    rows = table(chain((5,), layers.Reshape((5, 1))), "layer")
    assert [(row["output"], row["parameters_percent"], row["macs_percent"]) for row in rows] == [("5 x 1", 0, 0)]


def test_the_command_line_says_where_the_work_is() -> None:
    printed = {
        form: suite("measure", "alexnet/tiny", "--by", "kind", "--format", form).stdout for form in ("json", "csv")
    }
    rows = json.loads(printed["json"])
    assert sum(row["macs"] for row in rows) == architectures.recorded()["alexnet/tiny"].macs
    assert [row["macs"] for row in rows] == [int(row["macs"]) for row in csv.DictReader(io.StringIO(printed["csv"]))]
    assert sum(row["parameters_percent"] for row in rows) == pytest.approx(100)
