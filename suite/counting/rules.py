"""What each operation costs: multiply-adds and outputs for one picture.

Counted are convolutions, dense layers and the products of attention. Biases, normalisations, activation functions,
pooling and elementwise arithmetic cost nothing, as papers count. An operation in no table here is an error, not a zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras import Operation, layers

from suite.core.errors import UnknownOperationError
from suite.counting import formulas
from suite.counting.formulas import Rule, Shape, Work


def register(kind: type[Operation], rule: Rule) -> None:
    """Count the operations of class `kind` by `rule(operation, input_shapes, output_shapes)`."""
    _RULES[kind] = rule


def work(operation: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Return what one call costs. Raises UnknownOperationError when nothing says how to count it.

    A layer may say so itself, by a method `work(inputs, outputs)`.
    """
    _check_is_plain(operation)
    if hasattr(operation, "work"):
        own: Work = operation.work(inputs, outputs)
        return own
    return _rule(operation)(operation, inputs, outputs)


def _check_is_plain(operation: Any) -> None:
    parts = operation._flatten_layers() if isinstance(operation, layers.Layer) else ()
    if any(getattr(part, "lora_enabled", False) for part in parts):
        raise UnknownOperationError(
            f"cannot count '{operation.name}': LoRA makes its kernel anew in each call, whatever the batch "
            "(count the model without LoRA)"
        )


def _rule(operation: Any) -> Rule:
    kind: Any = type(operation)
    known = next((parent for parent in kind.__mro__ if parent in _RULES and _works_as(kind, parent)), None)
    if known:
        return _RULES[known]
    if kind.__module__.startswith("keras.src.") and kind.__name__ in _NAMED_RULES:
        return _NAMED_RULES[kind.__name__]
    raise UnknownOperationError(
        f"cannot count the work of '{operation.name}', of class {kind.__name__}: "
        f"give it a rule with suite.counting.rules.register({kind.__name__}, rule), or a method work(inputs, outputs)"
    )


def _works_as(kind: type, parent: type) -> bool:
    """Whether a subclass does the work of its parent: it computes by the same methods."""
    return all(getattr(kind, method, None) is getattr(parent, method, None) for method in _METHODS)


def _both_ways(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """Two layers, one from either end of the sequence."""
    ways = [work(way, inputs, outputs) for way in (layer.forward_layer, layer.backward_layer)]
    return ways[0][0] + ways[1][0], ways[0][1] + ways[1][1]


def _at_each_step(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    """The layer within, on (B * T, ...) instead of (B, T, ...)."""
    folded = [[(shape[0] * shape[1], *shape[2:]) for shape in shapes[:1]] for shapes in (inputs, outputs)]
    return work(layer.layer, *folded)


def _within(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> Work:
    return work(layer.layer, inputs, outputs)


_METHODS = ("call", "_compute_attention", "_calculate_scores", "_apply_scores", "_merge_function")


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
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
    AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    Flatten Reshape Permute RepeatVector ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D
    UpSampling1D UpSampling2D UpSampling3D
    Add Subtract Multiply Average Maximum Minimum Concatenate
"""

# Operations that Keras does not export by class: elementwise, reductions, reshapes, pooling; and the layers of
# keras.applications that scale or drop.
_FREE_NAMES = """
    Add Subtract Multiply Divide TrueDivide FloorDivide Mod Power Square Sqrt Rsqrt Reciprocal Negative Absolute Abs
    Exp Exp2 Expm1 Log Log10 Log1p Log2 Logaddexp Maximum Minimum Clip Sign Round Floor Ceil Trunc Erf
    Sin Cos Tan Arcsin Arccos Arctan Arctan2 Sinh Cosh Tanh Where Hypot NanToNum DivideNoNan
    Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr LogicalXor
    Isfinite Isinf Isnan
    Relu Relu6 Sigmoid Softplus Softsign Silu LogSigmoid LeakyRelu HardSigmoid HardSilu HardTanh Elu Selu Celu Gelu
    Glu Softmax LogSoftmax Sparsemax Squareplus SparsePlus SparseSigmoid TanhShrink HardShrink SoftShrink Threshold
    Mean Sum Max Min Amax Amin Prod Var Std Moments Normalize BatchNorm LayerNorm RMSNorm Logsumexp Argmax Argmin
    All Any Median Cumsum Cumprod CountNonzero Sort Argsort TopK
    Reshape Transpose Moveaxis Swapaxes Squeeze ExpandDims Ravel Concatenate Stack Split Unstack GetItem Slice Take
    Pad Tile Repeat Roll Flip BroadcastTo Cast Copy StopGradient OnesLike ZerosLike FullLike OneHot
    Hstack Vstack Dstack Append Rot90 Fliplr Flipud TakeAlongAxis Diagonal Tril Triu Rearrange Meshgrid Unfold
    MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool DepthToSpace SpaceToDepth ExtractPatches Resize
    LayerScale StochasticDepth CustomScaleLayer
"""

_RULES: dict[Any, Rule] = {
    **dict.fromkeys(_classes(_FREE_LAYERS), formulas.free),
    **dict.fromkeys(_classes("Conv1D Conv2D Conv3D"), formulas.convolution),
    **dict.fromkeys(_classes("Conv1DTranspose Conv2DTranspose Conv3DTranspose"), formulas.transposed),
    **dict.fromkeys(_classes("DepthwiseConv1D DepthwiseConv2D"), formulas.depthwise),
    **dict.fromkeys(_classes("SeparableConv1D SeparableConv2D"), formulas.separable),
    **dict.fromkeys(_classes("RNN SimpleRNN GRU LSTM"), formulas.recurrent),
    layers.Dense: formulas.dense,
    layers.EinsumDense: formulas.einsum_dense,
    layers.ReversibleEmbedding: formulas.reversible_embedding,
    layers.Dot: formulas.batch_dot,
    layers.MultiHeadAttention: formulas.multi_head_attention,
    layers.GroupQueryAttention: formulas.grouped_query_attention,
    layers.Attention: formulas.attention,
    layers.AdditiveAttention: formulas.additive_attention,
    layers.Bidirectional: _both_ways,
    layers.TimeDistributed: _at_each_step,
    layers.SpectralNormalization: _within,
}
_NAMED_RULES: dict[str, Rule] = {
    **dict.fromkeys(_FREE_NAMES.split(), formulas.free),
    "Conv": formulas.convolution_op,
    "ConvTranspose": formulas.transposed_op,
    "DepthwiseConv": formulas.depthwise_op,
    "SeparableConv": formulas.separable_op,
    "Matmul": formulas.matmul,
    "Dot": formulas.dot,
    "Inner": formulas.dot,
    "Vdot": formulas.vdot,
    "Tensordot": formulas.tensordot,
    "Einsum": formulas.einsum,
    "DotProductAttention": formulas.dot_product_attention,
}
