"""The networks of keras.applications, and the files in which their ImageNet weights are.

https://keras.io/api/applications/
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras

from suite.architectures.offers.sources import Source
from suite.core.errors import ArchitectureError

CLASSES = 1000


def reference(source: Source, side: int, classes: int, weights: str | None = None) -> keras.Model:
    """Return the network of keras.applications for colour pictures of one side, to logits."""
    build: Any = getattr(keras.applications, source.factory)
    shape = (side, side, 3)
    return build(weights=weights, input_shape=shape, classes=classes, classifier_activation=None, **source.options)


def loaded(source: Source, file: Path) -> keras.Model:
    """Return the network of keras.applications with the weights of a file, .h5 or .weights.h5.

    Raises ArchitectureError if the file holds those of another network.
    """
    network = reference(source, source.preprocess.resolution, CLASSES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras warns of layers for which the file has no weights
            network.load_weights(file)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise ArchitectureError(
            f"{file} does not hold the weights of keras.applications.{source.factory} with {CLASSES} classes "
            f"({str(error).strip().splitlines()[0]}): Keras calls that file {source.file}"
        ) from None
    return network
