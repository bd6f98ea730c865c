"""The catalogue of architectures: families by year, their variants, and the facts known without building them.

A family is a module of this package or your own Python file: `resnet/50` is a variant of the first kind,
`networks/mine.py/small` of the second. Nothing here imports Keras; `family` and `config` import the family's module.
"""

from __future__ import annotations

import fnmatch
import importlib
import json
import tomllib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from suite.architectures import own
from suite.core.domains import Domain, Value
from suite.core.errors import ArchitectureError, did_you_mean
from suite.core.recipe import Recipe
from suite.core.study import is_own, split
from suite.machine import quiet

if TYPE_CHECKING:
    import keras

    from suite.architectures.weights import Weights
    from suite.core.task import Task

FAMILIES = (  # by year of the paper
    "alexnet",
    "overfeat",
    "vgg",
    "googlenet",
    "resnet",
    "inception_v2",
    "inception_v3",
    "resnet_v2",
    "densenet",
    "xception",
    "inception_v4",
    "inception_resnet",
    "mobilenet",
    "nasnet",
    "mobilenet_v2",
    "mobilenet_v3",
    "efficientnet",
    "senet",
    "vit",
    "nfnet",
    "coatnet",
    "efficientnet_v2",
    "align",
    "maxvit",
    "convnext",
    "coca",
)

RESOLUTION = 224  # pixels: side of the pictures for your own network, if its Config has no `resolution`

_FOLDER = Path(__file__).parent


class Config(Protocol):
    """Every choice of one architecture: a frozen dataclass that refuses values that cannot be built."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""


class Family(Protocol):
    """What the module of a family defines.

    It may also define RECIPE, a Recipe for datasets of few pictures, and what `words` needs of a family whose networks
    learn from pictures with texts.
    """

    Config: type[Any]
    VARIANTS: Mapping[str, Any]

    def build(self, config: Any, task: Task) -> keras.Model:
        """Return a new, uncompiled network from pictures (B, H, W, C) to float32 logits (B, classes)."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a paper says of a network; None for what it does not say."""

    name: str  # "resnet/50"
    title: str  # for people: "ResNet-50"
    year: int
    top1: float | None = None  # %, ImageNet validation
    top5: float | None = None  # %, ImageNet validation
    parameters: int | None = None  # as printed, so rounded
    macs: int | None = None  # multiply-adds, as printed
    resolution: int | None = None  # side of the pictures, pixels
    source: str  # paper and table
    size: int | None = None  # side of the pictures for the accuracies, pixels; None: `resolution`
    crops: int | None = None  # of each picture; their answers are averaged. None: not said, or `dense`
    dense: bool = False  # whether the network slides over the whole picture
    scales: int = 1  # sizes of each picture; their answers are averaged
    ensemble: int = 1  # networks; their answers are averaged
    extra_data: str = ""  # training pictures besides ImageNet-1k
    notes: str = ""  # for readers; no code depends on it


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What our own network costs with colour pictures at `resolution` and 1,000 classes."""

    name: str
    parameters: int  # trainable
    total_parameters: int  # with the statistics of normalisation
    macs: int  # for one picture
    activations: int  # for one picture
    resolution: int  # pixels
    tiny: bool = False  # a small network for tests and first runs, of no paper
    whole_parameters: int | None = None  # trainable, with its text side, if it has one; at its pretraining's resolution


def family(name: str) -> Family:
    """Import and return the family `name`, one of FAMILIES or a file. Raises ArchitectureError if there is none."""
    quiet.load_tensorflow()  # every family imports it
    if is_own(name):
        return cast(Family, own.load(name))
    if name not in FAMILIES:
        raise ArchitectureError(f"no family '{name}'.{did_you_mean(name, FAMILIES)}")
    return cast(Family, importlib.import_module(f"suite.architectures.families.{name}"))


def config(architecture: str) -> Config:
    """Return the configuration of a named network such as `resnet/50`. Raises ArchitectureError when there is none."""
    name, variant = split(architecture)
    if not name or is_own(variant):
        raise ArchitectureError(f"'{architecture}' names no variant: write family/variant, such as 'resnet/50'")
    variants = family(name).VARIANTS
    if variant not in variants:
        raise ArchitectureError(f"no variant '{variant}' of {name}.{did_you_mean(variant, variants)}")
    return cast(Config, variants[variant])


def matching(pattern: str) -> list[str]:
    """Return the named networks that a pattern means: `efficientnet/lite*`; a name means itself.

    Networks for tests (`resnet/tiny`) match no pattern. Raises ArchitectureError when nothing matches.
    """
    if not set(pattern) & set("*?["):
        return [pattern]
    source = split(pattern)[0]
    if is_own(source):
        known = [f"{source}/{variant}" for variant in family(source).VARIANTS]
    else:
        known = [name for name, counted in recorded().items() if not counted.tiny]
    found = fnmatch.filter(known, pattern)
    if not found:
        hint = did_you_mean(source, {split(name)[0] for name in known})
        raise ArchitectureError(f"no network matches '{pattern}'.{hint}")
    return found


def resolution(architecture: str) -> int:
    """Return the side of the square pictures that a named network is measured with, pixels."""
    return int(getattr(config(architecture), "resolution", RESOLUTION))


def build(architecture: str, task: Task) -> keras.Model:
    """Return a new named network. Raises ArchitectureError, which for your own file names the line that failed."""
    start, name = config(architecture), split(architecture)[0]
    with own.blamed(name) if is_own(name) else nullcontext():
        return family(name).build(start, task)


def recipe(name: str) -> Recipe:
    """Return how networks of the family `name` are trained unless a study says otherwise."""
    return getattr(family(name), "RECIPE", Recipe())


def space(architecture: str) -> dict[str, dict[str, Value | Domain]]:
    """Return what a named network is searched over unless a study says otherwise, by table of the study file.

    For a HyperModel its hp calls say it; other families say nothing.
    """
    name, variant = split(architecture)
    return getattr(family(name), "SPACES", {}).get(variant, {})


@lru_cache(maxsize=64)
def weights_for(architecture: str, wanted: str) -> Weights:
    """Return weights of another training for a named network, see `weights.find`. Raises ArchitectureError."""
    quiet.load_tensorflow()
    found: Weights = importlib.import_module("suite.architectures.weights").find(architecture, wanted)
    return found


def digest(name: str) -> str:
    """Return the SHA-256 of the file of the family `name`; empty for our own families, which have a version."""
    return str(own.load(name).DIGEST) if is_own(name) else ""


def published() -> dict[str, Published]:
    """Return what papers say of our networks, by name. Networks that no paper describes have no entry."""
    table = tomllib.loads((_FOLDER / "published.toml").read_text(encoding="utf-8"))
    return {name: Published(name=name, **row) for name, row in table.items()}


def recorded() -> dict[str, Recorded]:
    """Return what every named network of ours costs, by name."""
    table = json.loads((_FOLDER / "recorded.json").read_text(encoding="utf-8"))
    return {name: Recorded(name=name, **row) for name, row in table.items()}
