"""What a configuration of a study stands for: a Config of its family, a network, its weights, pictures and recipe.

These are the only doors: a study may search over networks of several families and over sizes of pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

from suite import architectures
from suite.core.domains import Choice, Value
from suite.core.errors import ArchitectureError, StudyError
from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.presets import FAMILY
from suite.core.recipe import SCRATCH, TUNING, LeftOut, Recipe, started
from suite.core.study import NEW, Image, Study, split
from suite.core.task import Shape, Task
from suite.studyfile import binding
from suite.studyfile.mistakes import Mistakes

if TYPE_CHECKING:
    import keras

    from suite.architectures.weights import Weights

IMAGENET = "imagenet"  # the weights that networks have if they have any


def bound(read: Study, place: str, overrides: Sequence[str] = ()) -> Study:
    """Return a study that was read from the file `place`, with what that leaves open: patterns, spaces, recipes, sizes.

    Raises ArchitectureError for a network or weights that do not exist, StudyError for fields that a family has not.
    """
    named = _named(read)
    _check_weights(named)
    starts = {name: architectures.config(name) for name in named.architectures}
    whole = _with_space(named)
    _check_left_out(whole, starts, Mistakes(place or f"study {read.name}", overrides))
    return _with_image(_with_recipe(binding.bind(whole, starts, place, overrides)))


def _named(read: Study) -> Study:
    """Return the study with the networks that its patterns match, those with weights if it asks for them."""
    names = dict.fromkeys(name for pattern in read.architectures for name in architectures.matching(pattern))
    if read.with_weights:
        wanted = IMAGENET if read.weights == NEW else read.weights
        here = {name: None for name in names if not lack(name, wanted)}
        if not here:
            raise ArchitectureError(f"no network of {len(names)} has weights here. {lack(next(iter(names)), wanted)}")
        names = here
    return replace(read, architecture=tuple(names) if len(names) > 1 else next(iter(names)))


def _check_weights(named: Study) -> None:
    """Raise ArchitectureError, with a line for each network without the weights that the study names."""
    lacks = [lack(name, named.weights) for name in named.architectures] if named.weights != NEW else []
    if lines := list(filter(None, lacks)):
        hint = "with_weights = true leaves out such networks"
        raise ArchitectureError("\n".join([*lines, *[hint] * (len(lines) < len(lacks))]))


def lack(name: str, wanted: str = IMAGENET) -> str:
    """Say why there are no weights for a network; empty if there are."""
    try:
        architectures.weights_for(name, wanted)
    except ArchitectureError as error:
        return str(error)
    return ""


def _check_left_out(whole: Study, starts: Mapping[str, architectures.Config], mistakes: Mistakes) -> None:
    """Raise StudyError where the recipe names a share of what a network never leaves out at random."""
    for key in (each.name for each in fields(LeftOut) if each.name in whole.recipe):
        lacking = dict.fromkeys(split(name)[0] for name, start in starts.items() if not hasattr(start, key))
        if lacking:
            also = "; write it into [space.FAMILY] of those that have it" if len(whole.sources) > len(lacking) else ""
            mistakes.add(("recipe", key), f"{' and '.join(lacking)} networks have no {key}: remove it{also}")
        if any(one.rpartition(".")[2] == key for one in whole.space):
            mistakes.add(("recipe", key), "is in [space] too: keep one of them")
    mistakes.check()


def _with_space(named: Study) -> Study:
    """Return the study with what its architectures are searched over, where the study's file is silent."""
    space, recipe = dict(named.space), dict(named.recipe)
    several = len(named.architectures) > 1
    for name in named.architectures:
        own = architectures.space(name)
        before = f"{named.at({'architecture': name}).family}." if several else ""
        space = {**{f"{before}{key}": entry for key, entry in own.get("space", {}).items()}, **space}
        recipe = {**own.get("recipe", {}), **recipe}
    return replace(named, space=space, recipe=recipe)


def _with_recipe(bound: Study) -> Study:
    """Return the study with what its networks train by otherwise than all, where the study's file leaves it open.

    A study that searches over presets, or from scratch over several families, keeps all but the mode open: each trial
    records its recipe.
    """
    preset = bound.recipe.get("preset", FAMILY)
    own = own_recipe(bound.at({"architecture": bound.architectures[0]}))
    if isinstance(preset, Choice) or (bound.weights == NEW and len(bound.sources) > 1):
        return replace(bound, recipe={"mode": own.mode, **bound.recipe})
    plain, start = asdict(Recipe()), asdict(started(str(preset), own))
    never = [each.name for each in fields(LeftOut) if not any(_has(name, each.name) for name in bound.architectures)]
    told = {key: start[key] for key in start if start[key] != plain[key] and key not in never}
    return replace(bound, recipe={**told, **bound.recipe})


def _has(name: str, key: str) -> bool:
    """Whether the Config of a named network has a field."""
    return hasattr(architectures.config(name), key)


def _with_image(bound: Study) -> Study:
    """Return the study with the size of pictures that its weights were made for, where the study's file is silent.

    Several networks keep the sizes of their own. Raises StudyError for pictures without colours.
    """
    if bound.weights == NEW:
        return bound
    sizes = bound.image.values if isinstance(bound.image, Choice) else (bound.image,)
    for size in sizes:
        if isinstance(size, tuple) and size[2] != 3:
            raise StudyError(
                f"image = {list(size)}: weights of other trainings are for colour pictures: {[*size[:2], 3]}"
            )
    if bound.image is None and isinstance(bound.architecture, str):
        return replace(bound, image=shape(bound, {}, (0, 0, 3)))
    return bound


def architecture(study: Study, configuration: Mapping[str, Value]) -> str:
    """Return the named network that the Config starts from: `resnet/50`."""
    return study.at(configuration).only


def image(study: Study, configuration: Mapping[str, Value]) -> Image | None:
    """Return the size of the pictures that the network sees: by default that of its weights, or the dataset's own."""
    found = None if study.image is not None else weights(study, configuration)
    return found.preprocessing.resolution if found else study.at(configuration).any_image


def any_image(study: Study) -> Image | None:
    """Return one size of pictures, by which the dataset can be loaded; None for its own."""
    return image(study, {"architecture": study.architectures[0]})


def shape(study: Study, configuration: Mapping[str, Value], own: Shape) -> Shape:
    """Return the size of the pictures that the network sees, (H, W, C), of a dataset whose `own` it is.

    Weights of another training are for colours.
    """
    wanted, channels = image(study, configuration), own[2] if study.weights == NEW else 3
    return (wanted, wanted, channels) if isinstance(wanted, int) else wanted or own


def weights(study: Study, configuration: Mapping[str, Value]) -> Weights | None:
    """Return the weights of another training that the study names; None if it names none.

    Raises ArchitectureError when they are not here.
    """
    return (
        None if study.weights == NEW else architectures.weights_for(architecture(study, configuration), study.weights)
    )


def config(study: Study, configuration: Mapping[str, Value]) -> architectures.Config:
    """Return the family's Config, with what the recipe leaves out at random where its networks do.

    Raises ArchitectureError when its fields do not go together.
    """
    found, start = weights(study, configuration), architectures.config(architecture(study, configuration))
    shares = {key: one for key, one in recipe(study, configuration).left_out.items() if hasattr(start, key)}
    changes = {**(found.changes if found else {}), **study.fields("space", configuration), **shares}
    return binding.replaced(start, changes)


def recipe(study: Study, configuration: Mapping[str, Value]) -> Recipe:
    """Return the recipe of the configuration's preset, by default its network's own, with its other fields replaced."""
    told = study.fields("recipe", configuration)
    return binding.replaced(started(str(told.get("preset", FAMILY)), own_recipe(study.at(configuration))), told)


def own_recipe(study: Study) -> Recipe:
    """Return what a study of one family trains by if it says nothing: its family's recipe, or that for weights."""
    return architectures.recipe(study.source) if study.weights == NEW else TUNING


def preprocessing(study: Study, configuration: Mapping[str, Value]) -> Preprocessing:
    """Return how pictures become the input of the network: as the weights want them, of whatever mode a trial is."""
    found = weights(study, configuration)
    return found.preprocessing if found else PLAIN


def given(study: Study, configuration: Mapping[str, Value], network: keras.Model) -> keras.Model:
    """Return a new network of a configuration with the weights that its training begins with.

    Raises ArchitectureError when they do not fit it.
    """
    found = None if study.mode(configuration) == SCRATCH else weights(study, configuration)
    return found.give(network) if found else network


def network(study: Study, configuration: Mapping[str, Value], task: Task, *, dropout_share: float = 1.0) -> keras.Model:
    """Return the untrained network, in Keras' current precision, with a share of its dropout.

    Raises ArchitectureError as `config` does.
    """
    whole = config(study, configuration)
    rates = {"dropout": whole.dropout * dropout_share} if hasattr(whole, "dropout") and dropout_share != 1 else {}
    return architectures.family(study.at(configuration).source).build(binding.replaced(whole, rates), task)
