"""Muon for convolutional networks: an update of a matrix is made orthogonal.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon: the kernel of a convolution is taken as the matrix of its
windows and filters. Keras' own trains kernels of convolutions by Adam, and with them most of such a network.
"""

from __future__ import annotations

import re
from typing import Any

import keras
from keras import ops


class Muon(keras.optimizers.Muon):
    """Keras' Muon, which takes kernels of convolutions (h, w, C, F) as matrices (h w C, F)."""

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) == 4 and variable.shape[-1] > 1:  # a depthwise window is no matrix
            return any(re.search(name, variable.path) for name in self.exclude_layers)
        return bool(super()._should_use_adamw(variable))

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Return the nearest orthogonal matrix, about, in the shape of `x`."""
        return ops.reshape(super().zeropower_via_newtonschulz5(_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """Return an update as long as Adam's would be, in the shape of `x`."""
        return ops.reshape(super().lr_adjust(_matrix(x)), x.shape)


def _matrix(x: Any) -> Any:
    return ops.reshape(x, (-1, x.shape[-1]))
