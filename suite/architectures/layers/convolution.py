"""Convolutions that Keras lacks, or has in a form that cannot be trained on a CPU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("suite")
class StridedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with the same weights; before a strided 1x1 convolution it picks the pixels that it sees.

    Channels last. TensorFlow 2.21's oneDNN corrupts memory in the gradient of a 1x1 convolution with strides and fewer
    than 16 input channels, on processors with AVX-512: see benchmarks/kernels.py. Whatever the padding, such a
    convolution sees every s-th pixel from the first one on, so the numbers are the same.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution of (B, H, W, C) with a kernel (h, w, C, filters)."""
        if self.kernel_size != (1, 1) or self.strides == (1, 1):
            return super().convolution_op(inputs, kernel)
        down, across = self.strides
        return ops.conv(inputs[:, ::down, ::across], kernel, strides=1, padding="valid", data_format="channels_last")


@keras.saving.register_keras_serializable("suite")
class GroupedConv2D(StridedConv2D):
    """`keras.layers.Conv2D(groups=...)` with the same weights, as one convolution per group. Channels last.

    Keras compiles a grouped convolution with XLA. On a CPU its gradient takes up to hundreds of times as long as
    the gradient of the split form: see benchmarks/grouped_convolution.py.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution of (B, H, W, C) with a kernel (h, w, C / groups, filters)."""
        if self.groups == 1:
            return super().convolution_op(inputs, kernel)
        pairs = zip(ops.split(inputs, self.groups, axis=-1), ops.split(kernel, self.groups, axis=-1), strict=True)
        convolve = super().convolution_op
        return ops.concatenate([convolve(channels, part) for channels, part in pairs], axis=-1)
