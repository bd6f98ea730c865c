"""The helper that builds the references. Its arguments: a folder and a path."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import keras
from keras import layers

from suite.export import converters, saved_model
from suite.timing.references import KINDS


def network(kind: str) -> keras.Model:
    """Return one of the references: pictures (B, 32, 32, 3) in, 10 logits out."""
    image = keras.Input((32, 32, 3))
    return keras.Model(image, layers.Dense(10)({"small": _small, "large": _large}[kind](image)))


def _small(x: keras.KerasTensor) -> keras.KerasTensor:
    """Narrow and depthwise convolutions: much to start, little to compute."""
    for width in (16, 32, 32, 64):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.DepthwiseConv2D(3, padding="same", strides=2)(x)
    return layers.GlobalAveragePooling2D()(x)


def _large(x: keras.KerasTensor) -> keras.KerasTensor:
    """Wide convolutions: the processor computes."""
    x = layers.Conv2D(64, 3, padding="same", strides=2)(x)
    for _ in range(3):
        x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    return layers.GlobalAveragePooling2D()(x)


def main() -> None:
    """Write the references of a path into a folder."""
    folder, path = Path(sys.argv[1]), sys.argv[2]
    for kind in KINDS:
        model = network(kind)
        saved = folder / f"{kind}-saved"
        saved_model.write(model, [str(number) for number in range(10)], str(saved), only=("pixels",))
        written = converters.converted(saved, path, folder, model)
        shutil.move(written, folder / kind)
        shutil.rmtree(saved, ignore_errors=True)
