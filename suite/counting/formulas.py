"""What an operation costs, from its shapes: a formula for each kind of product.

Every formula takes the operation and the shapes of its inputs and outputs, and returns multiply-adds and outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from keras import layers

from suite.core.errors import UnknownOperationError

Shape = tuple[int, ...]  # of one tensor, the batch in front
Work = tuple[int, int]  # multiply-adds, outputs
Rule = Callable[[Any, list[Shape], list[Shape]], Work]  # operation, shapes of its inputs and of its outputs

NOTHING: Work = (0, 0)


def free(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Biases, normalisations, activation functions, pooling and elementwise arithmetic, as papers count."""
    return NOTHING


def convolution(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over the kernel (h, w, C / groups, filters) of its group."""
    return _convolution(layer.kernel.shape, outputs[0])


def convolution_op(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The same, with the kernel as the second input."""
    return _convolution(inputs[1], outputs[0])


def _convolution(kernel: Shape, made: Shape) -> Work:
    return math.prod(made) * math.prod(kernel[:-1]), math.prod(made)


def transposed(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each input channel is spread over the whole kernel (h, w, filters, C), cropped or not."""
    return _transposed(inputs[0], layer.kernel.shape, outputs[0])


def transposed_op(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The same, with the kernel as the second input."""
    return _transposed(inputs[0], inputs[1], outputs[0])


def _transposed(taken: Shape, kernel: Shape, made: Shape) -> Work:
    return math.prod(taken) * math.prod(kernel[:-1]), math.prod(made)


def depthwise(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over the window of one channel; the kernel is (h, w, C, multiplier)."""
    return _depthwise(layer.kernel.shape, outputs[0])


def depthwise_op(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The same, with the kernel as the second input."""
    return _depthwise(inputs[1], outputs[0])


def _depthwise(kernel: Shape, made: Shape) -> Work:
    return math.prod(made) * math.prod(kernel[:-2]), math.prod(made)


def separable(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """A depthwise convolution, then a 1x1 over its outputs."""
    return _separable(layer.depthwise_kernel.shape, layer.filters, outputs[0])


def separable_op(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The same, with the kernels as the second and third input."""
    return _separable(inputs[1], inputs[2][-1], outputs[0])


def _separable(depthwise_kernel: Shape, filters: int, made: Shape) -> Work:
    *window, channels, multiplier = depthwise_kernel
    count = math.prod(made)
    between = count // filters * channels * multiplier
    return between * math.prod(window) + count * channels * multiplier, between + count


def dense(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over the last axis, whatever axes are in front."""
    count = math.prod(outputs[0])
    return count * inputs[0][-1], count


def reversible_embedding(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Words to vectors are looked up; in reverse, every vector is multiplied with the vector of every word."""
    in_reverse = len(inputs[0]) == len(outputs[0])
    return dense(layer, inputs, outputs) if in_reverse else NOTHING


def einsum_dense(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """An einsum of the input with a kernel; every index of the kernel is in the input or in the output."""
    taken, made = layer.equation.replace(" ", "").split("->")
    sizes = _sizes([taken.split(",")[0], made], [inputs[0], outputs[0]])
    return math.prod(sizes.values()), math.prod(outputs[0])


def einsum(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The product of all index sizes; with a single tensor it only sums or permutes, and costs nothing."""
    terms = operation.subscripts.replace(" ", "").split("->")[0].split(",")
    if len(terms) > 2:
        raise UnknownOperationError(
            f"cannot count '{operation.name}', the einsum '{operation.subscripts}': its cost depends on the order "
            "of its products (write it as several einsums, each of two tensors)"
        )
    if len(terms) == 1:
        return NOTHING
    return math.prod(_sizes(terms, inputs).values()), math.prod(outputs[0])


def _sizes(terms: list[str], shapes: list[Shape]) -> dict[str, int]:
    """Return the size of each index; a broadcast index has the larger size."""
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for label, size in zip(_labels(term, len(shape)), shape, strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    return sizes


def _labels(term: str, rank: int) -> list[str]:
    """Return one label per axis; the axes of an ellipsis are numbered from the right."""
    head, dots, tail = term.partition("...")
    hidden = rank - len(head) - len(tail) if dots else 0
    return [*head, *(f"...{axis}" for axis in range(hidden, 0, -1)), *tail]


def matmul(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over the last axis of the first input, axes in front being broadcast."""
    return dense(operation, inputs, outputs)


def dot(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """`ops.dot` and `ops.inner`: the same without broadcasting; with a number it is elementwise arithmetic."""
    return dense(operation, inputs, outputs) if all(inputs[:2]) and len(inputs) > 1 else NOTHING


def vdot(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """One sum over all elements."""
    return math.prod(inputs[0]), 1


def tensordot(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over all axes that are contracted."""
    first, axes, count = inputs[0], operation.axes, math.prod(outputs[0])
    if isinstance(axes, int):
        contracted = first[len(first) - axes :]
    else:
        contracted = tuple(first[axis] for axis in ([axes[0]] if isinstance(axes[0], int) else axes[0]))
    return count * math.prod(contracted), count


def batch_dot(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """`layers.Dot`: for each picture, each output is a sum over one axis of both."""
    axis = layer.axes if isinstance(layer.axes, int) else layer.axes[0]
    count = math.prod(outputs[0])
    return count * inputs[0][axis], count


def multi_head_attention(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Projections, the scores of every query with every key along the attention axes, and the weighted sums."""
    keys = math.prod(inputs[1][axis] for axis in layer.attention_axes)
    return _attention(layer, inputs, outputs, layer.num_heads * keys, layer.key_dim, layer.value_dim)


def grouped_query_attention(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The same over (B, T, D), where several heads of queries share their keys and values."""
    return _attention(layer, inputs, outputs, layer.num_query_heads * inputs[1][1], layer.head_dim, layer.head_dim)


def _attention(
    layer: Any, inputs: list[Shape], outputs: list[Shape], scores_of_one: int, key_width: int, value_width: int
) -> Work:
    """Return the work, given the scores of one query over all heads and the widths of keys and values in a head."""
    queries, keys = math.prod(inputs[0][:-1]), math.prod(inputs[1][:-1])
    projections = [(queries, layer._query_dense), (keys, layer._key_dense), (keys, layer._value_dense)]
    if hasattr(layer, "_gate_dense"):
        projections.append((queries, layer._gate_dense))
    scores, answer = queries * scores_of_one, layer._output_dense.kernel.shape
    projected = sum(tokens * math.prod(dense.kernel.shape) for tokens, dense in projections)
    made = sum(tokens * math.prod(dense.kernel.shape[1:]) for tokens, dense in projections)
    macs = projected + scores * (key_width + value_width) + queries * math.prod(answer)
    return macs, made + scores + queries * math.prod(answer[:2]) + math.prod(outputs[0])


def attention(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """`layers.Attention`: scores of queries (B, T, D) with keys, and sums of values; a score may be a plain sum."""
    query, value = inputs[0], inputs[1]
    pairs = math.prod(query[:-1]) * value[-2]
    scored = pairs * query[-1] if layer.score_mode == "dot" else 0
    return scored + pairs * value[-1], (pairs if scored else 0) + math.prod(outputs[0])


def additive_attention(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each score is a sum over D, weighted by the learned scale if there is one: Bahdanau et al., ICLR 2015, A.1.2.

    https://arxiv.org/abs/1409.0473
    """
    query, value = inputs[0], inputs[1]
    pairs = math.prod(query[:-1]) * value[-2]
    scored = pairs * query[-1] if layer.use_scale else 0
    return scored + pairs * value[-1], (pairs if scored else 0) + math.prod(outputs[0])


def dot_product_attention(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Scores of queries (B, T, N, D) with keys (B, S, N or fewer, D), and weighted sums of the values."""
    batch, queries, heads, width = inputs[0]
    scores = batch * heads * queries * inputs[1][1]
    values = inputs[2][-1]
    return scores * (width + values), scores + batch * queries * heads * values


def recurrent(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """At each step (B, T, C), dense layers of the input and of the state for all gates."""
    steps = inputs[0][0] * inputs[0][1]
    macs = made = 0
    for cell in getattr(layer.cell, "cells", [layer.cell]):
        if type(cell) not in (layers.SimpleRNNCell, layers.GRUCell, layers.LSTMCell):
            raise UnknownOperationError(
                f"cannot count '{layer.name}': its cell is a {type(cell).__name__}, "
                "and only SimpleRNNCell, GRUCell and LSTMCell are counted"
            )
        for kernel in (cell.kernel, cell.recurrent_kernel):
            macs += steps * math.prod(kernel.shape)
            made += steps * kernel.shape[-1]
    return macs, made
