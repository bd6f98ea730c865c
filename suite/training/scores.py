"""How good logits are, as the curve of a trial tells it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AMONG = 5  # largest outputs of which one may be right


def scores(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """Return the mean cross-entropy, and accuracy, balanced accuracy and top-5 accuracy in percent; [N, K] and [N].

    They are those of the metrics that Keras counts in a training: among equal outputs the lower index is the larger,
    and classes without pictures do not count.
    """
    shifted = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    right = logits.argmax(axis=1) == labels
    largest = np.argsort(-logits, axis=1, kind="stable")[:, :AMONG]
    return {
        "loss": float(losses.mean()),
        "accuracy": 100 * float(right.mean()),
        "balanced_accuracy": 100 * float(np.mean([right[labels == one].mean() for one in np.unique(labels)])),
        "top5": 100 * float((largest == labels[:, None]).any(axis=1).mean()),
    }
