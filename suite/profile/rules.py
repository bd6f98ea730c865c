"""What each operation costs: multiply-adds and outputs for one picture.

Counted are convolutions, dense layers and the products of attention. Biases, normalisations, activation functions,
pooling and elementwise arithmetic cost nothing, as papers count. What stands in no table here is an error, not a zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from keras import Operation, layers

from suite.errors import UnknownOperationError

Shape = tuple[int, ...]  # of one tensor in a batch of one picture
Work = tuple[int, int]  # multiply-adds, outputs
Rule = Callable[[Any, list[Shape], list[Shape]], Work]  # operation, shapes of its inputs and of its outputs

NOTHING: Work = (0, 0)


def register(kind: type[Operation], rule: Rule) -> None:
    """Count the operations of class `kind` by `rule(operation, input_shapes, output_shapes)`."""
    _RULES[kind] = rule


def work(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Return what one call costs. Raises UnknownOperationError when nothing says how to count it.

    A layer may say so itself: by a method `work(inputs, outputs)`.
    """
    if hasattr(operation, "work"):
        own: Work = operation.work(inputs, outputs)
        return own
    return _rule(operation)(operation, inputs, outputs)


def _rule(operation: Any) -> Rule:
    kind: Any = type(operation)
    # A subclass with a call of its own does other work than its parent.
    known = next((parent for parent in kind.__mro__ if parent in _RULES and parent.call is kind.call), None)
    if known:
        return _RULES[known]
    if kind.__module__.startswith("keras.src.") and kind.__name__ in _NAMED_RULES:
        return _NAMED_RULES[kind.__name__]
    raise UnknownOperationError(
        f"cannot count the work of '{operation.name}', of class {kind.__name__}: "
        f"give it a rule with suite.profile.rules.register({kind.__name__}, rule), or a method work(inputs, outputs)"
    )


def _free(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    return NOTHING


def _convolution(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over the kernel (h, w, C / groups, filters) of its group."""
    count = math.prod(outputs[0])
    return count * math.prod(layer.kernel.shape[:-1]), count


def _transposed(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each input channel is spread over the whole kernel (h, w, filters, C)."""
    return math.prod(inputs[0]) * math.prod(layer.kernel.shape[:-1]), math.prod(outputs[0])


def _depthwise(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Each output is a sum over the window of one channel; the kernel is (h, w, C, multiplier)."""
    count = math.prod(outputs[0])
    return count * math.prod(layer.kernel.shape[:-2]), count


def _separable(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """A depthwise convolution, then a 1x1 over its outputs."""
    *window, channels, multiplier = layer.depthwise_kernel.shape
    count = math.prod(outputs[0])
    between = count // layer.filters * channels * multiplier
    return between * math.prod(window) + count * channels * multiplier, between + count


def _dense(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    count = math.prod(outputs[0])
    return count * layer.kernel.shape[0], count


def _reversible_embedding(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Words to vectors are looked up; in reverse, every vector is multiplied with that of every word."""
    in_reverse = len(inputs[0]) == len(outputs[0])
    return _matmul(layer, inputs, outputs) if in_reverse else NOTHING


def _einsum_dense(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    return _einsum_sizes(layer.equation, [inputs[0], tuple(layer.kernel.shape)]), math.prod(outputs[0])


def _attention(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Four projections, the scores of every query with every key, and the sums of the values that they weigh."""
    query, value = inputs[0], inputs[1]
    if len(query) != 3 or getattr(layer, "_use_gate", False):
        raise UnknownOperationError(f"cannot count '{layer.name}': attention is counted over (B, T, D), ungated")
    queries, keys, heads = query[0] * query[1], value[0] * value[1], layer.num_heads  # windows may stand in the batch
    projections = [
        (queries, layer.query_dense.kernel, heads * layer.key_dim),
        (keys, layer.key_dense.kernel, heads * layer.key_dim),
        (keys, layer.value_dense.kernel, heads * layer.value_dim),
        (queries, layer.output_dense.kernel, outputs[0][-1]),
    ]
    scores = heads * queries * value[1]
    macs = sum(tokens * math.prod(kernel.shape) for tokens, kernel, _ in projections)
    made = sum(tokens * width for tokens, _, width in projections)
    return macs + scores * (layer.key_dim + layer.value_dim), made + scores + queries * heads * layer.value_dim


def _matmul(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    count = math.prod(outputs[0])
    return count * inputs[0][-1], count


def _einsum(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    return _einsum_sizes(operation.subscripts, inputs), math.prod(outputs[0])


def _einsum_sizes(equation: str, shapes: list[Shape]) -> int:
    """Return the product of all index sizes of an einsum over two tensors."""
    terms = equation.replace(" ", "").split("->")[0].split(",")
    if len(terms) != 2:
        raise UnknownOperationError(f"cannot count the einsum '{equation}': only those over two tensors are counted")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for label, size in zip(_labels(term, len(shape)), shape, strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    return math.prod(sizes.values())


def _labels(term: str, rank: int) -> list[str]:
    """Return one label per axis; those that an ellipsis stands for are numbered from the right."""
    head, dots, tail = term.partition("...")
    hidden = rank - len(head) - len(tail) if dots else 0
    return [*head, *(f"...{axis}" for axis in range(hidden, 0, -1)), *tail]


def _classes(names: str) -> Iterable[type]:
    return (getattr(layers, name) for name in names.split())


_FREE_LAYERS = """
    InputLayer Identity Masking Embedding Activation ReLU LeakyReLU PReLU ELU Softmax
    BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization
    Normalization Rescaling Resizing CenterCrop RandomFlip RandomRotation RandomTranslation RandomZoom RandomCrop
    RandomContrast RandomBrightness
    Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout GaussianNoise
    ActivityRegularization
    MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    Flatten Reshape Permute RepeatVector ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D
    UpSampling1D UpSampling2D UpSampling3D
    Add Subtract Multiply Average Maximum Minimum Concatenate
"""

# Operations that Keras does not export by class: elementwise, reductions, reshapes, pooling; and the layers of
# keras.applications that scale or drop.
_FREE_NAMES = """
    Add Subtract Multiply Divide TrueDivide FloorDivide Mod Power Square Sqrt Rsqrt Reciprocal Negative Absolute Abs
    Exp Expm1 Log Log1p Maximum Minimum Clip Sign Round Floor Ceil Erf Sin Cos Tanh Where
    Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr
    Relu Relu6 Sigmoid Softplus Softsign Silu LogSigmoid LeakyRelu HardSigmoid HardSilu HardTanh Elu Selu Celu Gelu
    Glu Softmax LogSoftmax
    Mean Sum Max Min Amax Amin Prod Var Std Moments Normalize BatchNorm LayerNorm RMSNorm Logsumexp Argmax Argmin
    Reshape Transpose Moveaxis Swapaxes Squeeze ExpandDims Ravel Concatenate Stack Split Unstack GetItem Slice Take
    Pad Tile Repeat Roll Flip BroadcastTo Cast Copy StopGradient OnesLike ZerosLike OneHot
    MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool DepthToSpace SpaceToDepth ExtractPatches Resize
    LayerScale StochasticDepth CustomScaleLayer
"""

_RULES: dict[Any, Rule] = {
    **dict.fromkeys(_classes(_FREE_LAYERS), _free),
    **dict.fromkeys(_classes("Conv1D Conv2D Conv3D"), _convolution),
    **dict.fromkeys(_classes("Conv1DTranspose Conv2DTranspose Conv3DTranspose"), _transposed),
    **dict.fromkeys(_classes("DepthwiseConv1D DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(_classes("SeparableConv1D SeparableConv2D"), _separable),
    layers.Dense: _dense,
    layers.EinsumDense: _einsum_dense,
    layers.ReversibleEmbedding: _reversible_embedding,
    layers.MultiHeadAttention: _attention,
}
_NAMED_RULES: dict[str, Rule] = {**dict.fromkeys(_FREE_NAMES.split(), _free), "Matmul": _matmul, "Einsum": _einsum}
