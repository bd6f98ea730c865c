"""What MLflow runs for a registered export: this file is copied beside it, and needs TensorFlow alone.

MLflow calls `_load_pyfunc` (its `loader_module`). So nothing is pickled, and neither Keras nor our package is needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


class Served:
    """The signature `images` of a SavedModel: pictures in, probabilities and labels out."""

    def __init__(self, export: str) -> None:
        """Load the SavedModel in the folder `export`."""
        self._loaded = tf.saved_model.load(export)

    def predict(self, pictures: Any, params: dict[str, Any] | None = None) -> dict[str, np.ndarray]:
        """Return `probabilities`, float32 [B, K], and `label`, [B], for pictures, uint8 [B, h, w, C]."""
        answer = self._loaded.signatures["images"](images=tf.constant(np.asarray(pictures, np.uint8)))
        labels = [label.decode() for label in answer["label"].numpy()]
        return {"probabilities": answer["probabilities"].numpy(), "label": np.array(labels)}


def _load_pyfunc(data_path: str) -> Served:
    """Return the model, as MLflow asks for it."""
    return Served(data_path)
