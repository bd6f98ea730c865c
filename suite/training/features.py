"""What the body of a network, all before its classifier, says of a split of a dataset: computed once, kept on disk.

A file of features is found again by what they depend on: the body's operations and weights, and the pictures as the
network is shown them. So trials and studies share them.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from suite.architectures.layers import deployed
from suite.architectures.weights.copying import operations
from suite.core import files
from suite.core.errors import ArchitectureError
from suite.datasets import Dataset
from suite.datasets.source import LEARNED
from suite.machine.progress import watched
from suite.machine.shelf import Shelf
from suite.pictures.graph import VERSION
from suite.training.deadline import Left, OutOfTimeError, forever
from suite.training.probe import Labelled

BATCH = 64  # pictures at a time
FEATURES = Shelf(holds="features", variable="SUITE_FEATURES", default=2.0)


@dataclass(frozen=True)
class Features:
    """The features of one split."""

    labelled: Labelled
    seconds: float  # that they took when they were computed


def classifier(network: keras.Model) -> keras.layers.Dense:
    """Return the last layer of a network. Raises ArchitectureError unless it is dense, on one vector a picture."""
    last = deployed(network).outputs[0]._keras_history.operation
    is_linear = isinstance(last, keras.layers.Dense) and last.activation is keras.activations.linear
    if not (is_linear and last.use_bias and len(last.input.shape) == 2):
        raise ArchitectureError(
            f"the network '{network.name}' ends with '{last.name}' ({type(last).__name__}): a body with a new "
            "classifier needs a network whose last layer is Dense, with a bias, without activation, on vectors (B, D)"
        )
    return last


def body(network: keras.Model) -> keras.Model:
    """Return a network up to its classifier: pictures (B, H, W, C) to features (B, D), with shared weights."""
    return keras.Model(deployed(network).inputs[0], classifier(network).input)


class Extractor:
    """Computes the features of splits of a dataset, or finds them in the folder; its graph is traced once for all."""

    def __init__(self, network: keras.Model, data: Dataset, left: Left = forever) -> None:
        """Take the body of `network` as it is now. Raises ArchitectureError as `classifier` does."""
        self._data, self._left = data, left
        extractor = body(network)
        self._digest = digest(extractor)
        self._answer = tf.function(
            lambda pictures: extractor(pictures, training=False),
            input_signature=[tf.TensorSpec((None, *data.task.image), tf.float32)],
            autograph=False,
        )

    def of(self, split: str) -> Features:
        """Return the features of a split, from the folder or computed and kept there.

        Raises OutOfTimeError when no seconds are `left` meanwhile, and SuiteError for a budget that is no number.
        """
        FEATURES.check()
        if self._data.original:
            return self._redrawn(self._data.original, split)
        name = f"{self._key(split)}.npz"
        found = _read(name)
        if found is None:
            found = self._computed(split)
            _keep(name, found)
        return found

    def _redrawn(self, original: Dataset, split: str) -> Features:
        """Return the features of another split of the same pictures from those of the original one."""
        first = copy.copy(self)
        first._data = original
        if split not in LEARNED:
            return first.of(split)
        parts = [first.of(one) for one in LEARNED]
        features = np.concatenate([part.labelled.features for part in parts])
        labels = np.concatenate([part.labelled.labels for part in parts])
        places = self._data.places(split)
        share = len(places) / len(labels)
        return Features(Labelled(features[places], labels[places]), share * sum(part.seconds for part in parts))

    def _key(self, split: str) -> str:
        seen = {key: self._data.surroundings.get(key) for key in ("dataset_digest", "image", "preprocessing")}
        shown = json.dumps([VERSION, seen, self._data.background, self._data.sizes[split], split])
        return blake2b(f"{self._digest} {shown}".encode(), digest_size=16).hexdigest()

    def _computed(self, split: str) -> Features:
        began = time.monotonic()
        features, labels = [], []
        batches = self._data.ordered(split, batch_size=BATCH)
        for pictures, truth in watched(batches, -(-self._data.sizes[split] // BATCH), f"features of {split}"):
            if self._left() <= 0:
                raise OutOfTimeError(
                    "the budget's hours were over before its features were computed: raise budget.hours"
                )
            features.append(self._answer(pictures).numpy().astype(np.float32))
            labels.append(truth.numpy())
        labelled = Labelled(np.concatenate(features), np.concatenate(labels))
        return Features(labelled, time.monotonic() - began)


def digest(network: keras.Model) -> str:
    """Return a short hex that changes with an operation or a weight of a network, but not with a layer's name.

    What acts in training only does not count.
    """
    summed = blake2b(digest_size=16)
    for operation in operations(network):
        if isinstance(operation, keras.layers.Dropout):  # StochasticDepth is one
            continue
        settings = operation.get_config() if isinstance(operation, keras.layers.Layer) else {}
        said = {key: value for key, value in settings.items() if key not in ("name", "trainable")}
        summed.update(f"{type(operation).__name__} {json.dumps(said, sort_keys=True, default=str)}".encode())
    for weight in network.weights:
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
        summed.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    return summed.hexdigest()


def _read(name: str) -> Features | None:
    """Return the features that are kept; None if there are none that can be read."""
    file = FEATURES.found(name)
    if file is None:
        return None
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return Features(Labelled(kept["features"], kept["labels"]), float(kept["seconds"]))
    except files.UNREADABLE:
        return None


def _keep(name: str, found: Features) -> None:
    """Keep features, if there is room; else they are computed anew next time."""
    arrays: Mapping[str, Any] = {
        "features": found.labelled.features,
        "labels": found.labelled.labels,
        "seconds": np.array(found.seconds),
    }
    size = sum(array.nbytes for array in arrays.values())
    FEATURES.keep(name, size, lambda stream: np.savez(stream, **arrays))
