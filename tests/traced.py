"""The multiply-adds of the graph that TensorFlow traces of a model: a count that knows nothing of Keras' layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

# No products that count: constants, elementwise arithmetic, sums, orders, pooling. What is in no table is an error.
FREE = frozenset(
    """
    Placeholder Const Identity IdentityN NoOp StopGradient ReadVariableOp Cast Shape StridedSlice Slice Pack Unpack
    Split SplitV ConcatV2 Reshape Squeeze ExpandDims Transpose Pad PadV2 Tile BroadcastTo GatherV2 OneHot SelectV2 Range
    Fill MatrixBandPart
    IsFinite AddV2 BiasAdd Sub Mul RealDiv Neg Pow Square SquaredDifference Rsqrt Sqrt Exp Log Erfc Maximum Minimum Less
    GreaterEqual LogicalAnd Mean Sum Max Prod Cumsum Softmax Relu Relu6 Sigmoid Tanh MaxPool AvgPool LRN
    DepthToSpace SpaceToDepth SpaceToBatchND BatchToSpaceND ReverseV2 ZerosLike Equal NotEqual LogicalNot LeakyRelu
    """.split()  # noqa: SIM905
)


def multiply_adds(network: keras.Model) -> int:
    """Return those of one picture, whether the network has its weights or is weightless."""
    return sum(map(_of_operation, operations(network)))


def operations(network: keras.Model) -> Iterator[tf.Operation]:
    """Yield what TensorFlow does with one picture, as `multiply_adds` counts it."""
    vars(network).pop("call", None)  # of a weightless one, which may not be called: here its weights are given to it
    weights = [network.trainable_variables, network.non_trainable_variables]
    specs = [[tf.TensorSpec(weight.shape, weight.dtype) for weight in group] for group in weights]
    pictures = keras.tree.map_structure(lambda x: tf.TensorSpec((1, *x.shape[1:]), x.dtype), network.input)
    forward = tf.function(lambda *state, x: network.stateless_call(*state, x, training=False)[0])
    return _within(forward.get_concrete_function(*specs, x=pictures).graph)


def _within(graph: Any) -> Iterator[tf.Operation]:
    for operation in graph.get_operations():
        if operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
            yield from _within(graph._get_function(operation.get_attr("f").name).graph)
        else:
            yield operation


def _of_operation(operation: tf.Operation) -> int:
    shapes = shapes_of(operation)
    match operation.type:
        case "Conv2D" | "Conv3D":
            return _made(operation) * math.prod(shapes[1][:-1])
        case "DepthwiseConv2dNative":
            return _made(operation) * math.prod(shapes[1][:2])
        case "Conv2DBackpropInput" | "Conv3DBackpropInputV2":
            return math.prod(shapes[2]) * math.prod(shapes[1][:-1])
        case "MatMul":
            return _made(operation) * shapes[0][0 if operation.get_attr("transpose_a") else 1]
        case "BatchMatMulV2":
            return _made(operation) * shapes[0][-2 if operation.get_attr("adj_x") else -1]
        case "Einsum":
            terms = operation.get_attr("equation").decode().split("->")[0].split(",")
            labelled = zip("".join(terms), [size for shape in shapes for size in shape], strict=True)
            return math.prod(dict(labelled).values())
    assert operation.type in FREE, f"{operation.type} may hold products"
    return 0


def shapes_of(operation: tf.Operation) -> list[list[int]]:
    """Return the shapes of an operation's inputs."""
    return [tensor.shape.as_list() for tensor in operation.inputs if tensor.shape.rank is not None]


def _made(operation: tf.Operation) -> int:
    return math.prod(operation.outputs[0].shape.as_list())
