"""Gives tensors that torchvision or timm named to the layers of our networks, in our layout, by the rules of a form."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import keras
import numpy as np

from suite.architectures.weights.copying import Value, learned, weighted
from suite.architectures.weights.forms import Form
from suite.core.errors import ArchitectureError

Arrays = Mapping[str, np.ndarray]

NOT_LEARNED = ("num_batches_tracked", "relative_position_index")
ROLES = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
FEW = 3  # names that a message lists


class Tensors:
    """The tensors of a file by the names of a form, and which were taken."""

    def __init__(self, arrays: Arrays, form: Form) -> None:
        named = {name: array for name, array in arrays.items() if not name.endswith(NOT_LEARNED)}
        self.form = form
        self.names = _counted(list(named), form.counted)  # as the form has them -> as the file has them
        self.arrays = {name: named[original] for name, original in self.names.items()}
        self.places = {name[:dot] for name in self.arrays for dot in _ends(name)}
        self.left = dict.fromkeys(self.arrays)
        self.missing: list[str] = []
        self.numbers: Counter[str] = Counter()

    def of(self, layer: keras.layers.Layer) -> list[Value]:
        """Return the values of a layer's weights, in its order."""
        path, third = self._place(layer.name)
        norm = isinstance(layer, keras.layers.BatchNormalization)
        weights = learned(layer)
        roles = STATISTICS if norm else [weight.name for weight in weights]
        found = []
        for role, weight in zip(roles, weights, strict=True):
            name = self._name(path, ROLES.get(role, role))
            array = self._taken(name, optional=weight is None)
            value = None if array is None else self._as_ours(array, name, third, layer, role)
            found.append(Value(f"'{name}'" if array is None else f"'{self.names[name]}' {array.shape}", value))
        return found

    def faults(self) -> str:
        """Return what is missing and what belongs to no layer, in words; empty if nothing."""
        foreign = [self.names[name] for name in self.left]
        said = {"missing": self.missing, "of no layer": foreign}
        return "; ".join(f"{what}: {_few(names)}" for what, names in said.items() if names)

    def _place(self, layer: str) -> tuple[str, int | None]:
        """Return the place of a layer in their network, and the third of its rows."""
        for ours, theirs in self.form.rules.items():
            if found := _pattern(ours).fullmatch(layer):
                options = [self._numbered(_filled(option, found.groupdict())) for option in theirs.split("|")]
                path = next((option for option in options if option.partition("[")[0] in self.places), options[0])
                place, _, third = path.rstrip("]").partition("[")
                return place, int(third) if third else None
        return layer, None

    def _numbered(self, path: str) -> str:
        if "#" not in path:
            return path
        self.numbers[path] += 1
        return _evaluated(path, {"#": self.numbers[path] - 1})

    def _name(self, path: str, role: str) -> str:
        return next((name for name in (path, f"{path}_{role}") if name in self.arrays), f"{path}.{role}")

    def _taken(self, name: str, *, optional: bool) -> np.ndarray | None:
        self.left.pop(name, None)
        if name not in self.arrays and not optional:
            self.missing.append(name)
        return self.arrays.get(name)

    def _as_ours(self, array: np.ndarray, name: str, third: int | None, layer: Any, role: str) -> np.ndarray:
        array = array if third is None else np.array_split(array, 3)[third]
        for end, layout in self.form.layouts.items():
            if name.endswith(end):
                return layout(array)
        return _laid_out(array, layer) if "kernel" in role else array


def named(arrays: Arrays, network: keras.Model, forms: Sequence[Form], source: str) -> list[Value]:
    """Return the weights of a file for `network`, in the order of its graph, by the form that fits best.

    A file without a classifier gives None for it. Raises ArchitectureError, which calls the file `source`, if tensors
    are missing or left over.
    """
    tries = []
    for form in forms:
        tensors = Tensors(arrays, form)
        values = [value for layer in weighted(network) for value in tensors.of(layer)]
        tries.append((len(tensors.missing) + len(tensors.left), tensors, values))
    _, tensors, values = min(tries, key=lambda one: one[0])
    classifier = set(tensors.missing) == set(_of_classifier(tensors, network))
    if tensors.left or (tensors.missing and not classifier):
        raise ArchitectureError(f"{source} does not hold the weights of {network.name}: {tensors.faults()}")
    return values


def classes(arrays: Arrays, forms: Sequence[Form]) -> int:
    """Return how many classes the classifier of a file tells apart; 0 without one."""
    for form in forms:
        for place in form.rules["logits"].split("|"):
            if f"{place}.bias" in (names := _counted(list(arrays), form.counted)):
                return int(arrays[names[f"{place}.bias"]].size)  # a damaged one has no length
    return 0


def _of_classifier(tensors: Tensors, network: keras.Model) -> list[str]:
    last = weighted(network)[-1]
    path, _ = tensors._place(last.name)
    return [f"{path}.{ROLES.get(weight.name, weight.name)}" for weight in learned(last)]


def _counted(names: list[str], pattern: str) -> dict[str, str]:
    """Return names by what they are once their numbers are counted anew; nothing is, without a pattern."""
    if not pattern:
        return {name: name for name in names}
    found = {match[0] for name in names if (match := re.match(rf"(?:{pattern})(?=\.)", name))}
    numbers: Counter[str] = Counter()
    renamed = {}
    for place in sorted(found, key=lambda place: [int(number) for number in re.findall(r"\d+", place)]):
        word = place.partition(".")[0]
        renamed[place] = f"{word}.{numbers[word]}"
        numbers[word] += 1
    return {re.sub(rf"^(?:{pattern})(?=\.)", lambda match: renamed[match[0]], name): name for name in names}


def _ends(name: str) -> list[int]:
    """Return where the places that a name goes through end: those of its dots, of in_proj_weight, and its own."""
    return [match.start() for match in re.finditer(r"\.|_(?:weight|bias)$|$", name)]


@cache
def _pattern(ours: str) -> re.Pattern[str]:
    """Return the expression for layers of ours that a rule names: a letter is a number, a word is a word."""
    parts = re.split(r"\{(\w+)\}", ours)
    fields = {name: r"\d+" if len(name) == 1 else "[a-z]*" for name in parts[1::2]}
    return re.compile(
        "".join(f"(?P<{part}>{fields[part]})" if i % 2 else re.escape(part) for i, part in enumerate(parts))
    )


def _filled(theirs: str, found: Mapping[str, str]) -> str:
    """Return a name of theirs with the words and numbers of a layer of ours."""
    words = {name: word for name, word in found.items() if len(name) > 1}
    for name, word in words.items():
        theirs = theirs.replace(f"{{{name}}}", word)
    return _evaluated(theirs, {name: int(number) for name, number in found.items() if name not in words})


def _evaluated(theirs: str, numbers: Mapping[str, int]) -> str:
    """Return a name with {s}, {s-1} and {2s+1} computed, where the number is known."""

    def value(match: re.Match[str]) -> str:
        times, name, plus = match.groups()
        return str(int(times or 1) * numbers[name] + int(plus or 0)) if name in numbers else match[0]

    return re.sub(r"\{(\d*)([a-z#])([+-]\d+)?\}", value, theirs)


def _laid_out(array: np.ndarray, layer: keras.layers.Layer) -> np.ndarray:
    """Return a kernel (filters, channels, h, w) or (units, features) as Keras holds it."""
    if array.ndim == 4 and isinstance(layer, keras.layers.DepthwiseConv2D):
        return array.transpose(2, 3, 0, 1)
    if array.ndim == 4:
        kernel = array.transpose(2, 3, 1, 0)
        return kernel.reshape(-1, kernel.shape[-1]) if isinstance(layer, keras.layers.Dense) else kernel
    return _rows_of_maps(array, layer).T


def _rows_of_maps(array: np.ndarray, layer: Any) -> np.ndarray:
    """Return a dense kernel (units, C * H * W) of a flattened square map as one of (units, H * W * C)."""
    producer = layer.input._keras_history.operation
    while isinstance(producer, keras.layers.Dropout):
        producer = producer.input._keras_history.operation
    if not isinstance(producer, keras.layers.Flatten) or array.ndim != 2:
        return array
    channels = producer.input.shape[-1]
    side = math.isqrt(array.shape[1] // channels)
    if side * side * channels != array.shape[1]:  # of another network: it will not fit
        return array
    return array.reshape(-1, channels, side, side).transpose(0, 2, 3, 1).reshape(array.shape)


def _few(names: Sequence[str]) -> str:
    rest = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(f"'{name}'" for name in names[:FEW]) + rest
