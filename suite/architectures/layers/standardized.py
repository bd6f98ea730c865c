"""Convolutions with a standardised kernel: the network then needs no normalisation of its activations."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from suite.architectures.layers.convolution import GroupedConv2D

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class StandardizedConv2D(GroupedConv2D):
    """A convolution with W' = gain * (W - mean) / sqrt(max(N * variance, epsilon)) in place of its kernel W.

    Mean and variance are those of the N = h * w * C / groups weights of one output channel. Each output channel has a
    gain, 1 at first: "scaled weight standardisation". Brock et al., Characterizing signal propagation to close the
    performance gap in unnormalized ResNets, ICLR 2021, https://arxiv.org/abs/2101.08692.
    """

    def __init__(self, *arguments: Any, epsilon: float = 1e-4, **layer: Any) -> None:
        super().__init__(*arguments, **layer)
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        """Make kernel (h, w, C / groups, filters), bias (filters) and gain (filters)."""
        super().build(input_shape)
        self.gain = self.add_weight(name="gain", shape=(self.filters,), initializer="ones")

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution of (B, H, W, C) with the standardised kernel, computed in float32 or better."""
        kernel, gain = ops.cast(kernel, self.variable_dtype), ops.cast(self.gain, self.variable_dtype)
        mean, variance = ops.moments(kernel, axes=(0, 1, 2), keepdims=True)
        scale = gain * ops.rsqrt(ops.maximum(variance * math.prod(kernel.shape[:-1]), self.epsilon))
        return super().convolution_op(inputs, ops.cast((kernel - mean) * scale, inputs.dtype))

    def save_own_variables(self, store: Any) -> None:
        """Store the gain too: a Keras convolution stores kernel and bias only."""
        super().save_own_variables(store)
        store["gain"] = self.gain

    def load_own_variables(self, store: Any) -> None:
        """Load kernel, bias and gain."""
        super().load_own_variables(store)
        self.gain.assign(store["gain"])

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "epsilon": self.epsilon}
