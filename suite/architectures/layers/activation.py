"""Activations that Keras has no name for."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("suite")
def gelu_tanh(x: Any) -> Any:
    """Return GELU by its tanh approximation, as in TensorFlow and JAX networks of 2020 to 2022.

    Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2, https://arxiv.org/abs/1606.08415.
    """
    return keras.activations.gelu(x, approximate=True)
