"""How much work a training is, by the sizes of pictures that its recipe names.

Work is counted in epochs of the whole network on pictures of the whole size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import product
from typing import Any

from suite.core.domains import Domain, Value, values_of
from suite.core.errors import StudyError
from suite.core.phases import FEATURES, phases, work
from suite.core.presets import FAMILY, PRESETS
from suite.core.recipe import FROZEN, SCRATCH, Sizes

Entries = Mapping[str, Value | Domain]  # the table [recipe]

NAMES = tuple(one.name for one in fields(Sizes))


def spent(mode: str, sizes: Sizes, epochs: int, epoch: int) -> float:
    """Return the work of a training for so many epochs up to one of them; epoch 0 is a classifier of features."""
    return work(phases(sizes, epochs), epoch) + (0.0 if mode == SCRATCH else FEATURES)


def sizes(recipe: Mapping[str, Any]) -> Sizes:
    """Return the sizes of pictures that a recipe names, by its fields or by its preset."""
    told = {**_preset(recipe.get("preset", FAMILY)), **recipe}
    return Sizes(**{name: told[name] for name in NAMES if name in told})


def every(recipe: Entries) -> list[Sizes]:
    """Return the sizes that recipes may name: those of every preset, with the values or ends of each field."""
    told = {name: values_of(recipe[name]) for name in ("preset", *NAMES) if name in recipe}
    return [sizes(dict(zip(told, values, strict=True))) for values in product(*told.values())]


def require(recipe: Entries, modes: Sequence[str], epochs: int) -> None:
    """Raise StudyError when the sizes that a recipe names do not go with the rest of a study."""
    named, found = [name for name in NAMES if name in recipe], every(recipe)
    if named and found != [Sizes()] and tuple(modes) == (FROZEN,):
        raise StudyError(
            f"recipe.{named[0]} is about the pictures of a training, and frozen networks are not trained: their "
            f"features are those of `image`. Remove {named[0]}"
        )
    longest = max(one.fixres for one in found)
    if longest >= epochs:
        raise StudyError(f"recipe.fixres = {longest} leaves none of {epochs} epochs for the training")
    if longest and all(one.train_side == 1 for one in found):
        raise StudyError(
            "recipe.fixres is for networks that were trained on smaller pictures than they are used on: add "
            "train_side, such as train_side = 0.8, or remove fixres"
        )
    if longest and any(_patience(recipe)):
        raise StudyError(
            "recipe.fixres needs the last epochs, and patience may end a training before: set patience = 0"
        )


def _patience(recipe: Entries) -> list[Any]:
    if "patience" in recipe:
        return list(values_of(recipe["patience"]))
    return [_preset(name).get("patience", 0) for name in values_of(recipe.get("preset", FAMILY))]


def _preset(name: object) -> Mapping[str, Any]:
    """Return the fields of a preset; none for the recipe of a family."""
    return {} if name == FAMILY else PRESETS[str(name)].fields
