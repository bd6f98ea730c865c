"""A study: a question, a space of networks, objectives and constraints, and a budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import product
from pathlib import Path, PurePath

from suite.core import effort, rules
from suite.core.domains import Choice, Domain, Range, Value, values_of
from suite.core.errors import StudyError, did_you_mean
from suite.core.measures import MEASURES, Goal, formatted
from suite.core.preparation import Preparation
from suite.core.recipe import FROZEN, SCRATCH, TUNE, Recipe, Sizes, Transfer
from suite.core.task import Shape
from suite.core.words import CLASS_NAMES, Words

NEW = "none"  # the weights of networks that are trained from scratch


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A measure to improve."""

    measure: str
    goal: Goal

    def __post_init__(self) -> None:
        rules.hold_fields(self)
        known = MEASURES[self.measure]
        if self.goal != known.goal:
            kind = "a cost" if known.goal == "min" else "better when larger"
            raise StudyError(f'goal = "{self.goal}" for {self.measure}, which is {kind}: write "{known.goal}"')


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A limit on a measure. A candidate that breaks one on a cost is refused before it is trained."""

    measure: str
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            raise StudyError("a constraint needs either at_most or at_least")
        rules.hold_fields(self)
        if MEASURES[self.measure].unit == "%" and 0 < self.limit <= 1:
            raise StudyError(f"{self.measure} is in percent: write {100 * self.limit:g}, not {self.limit:g}")

    @property
    def limit(self) -> float:
        """The value of at_most or at_least."""
        return self.at_most if self.at_most is not None else self.at_least  # type: ignore[return-value]

    def excess(self, value: float) -> float:
        """Return by how much `value` breaks the limit, as a share of it; zero or less if it keeps the limit."""
        over = value - self.limit if self.at_most is not None else self.limit - value
        return over / max(abs(self.limit), 1e-12)

    def __str__(self) -> str:
        sign = "<=" if self.at_most is not None else ">="
        return f"{self.measure} {sign} {formatted(self.measure, self.limit)}"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What the whole study may spend; the first limit reached ends it."""

    trials: int | None = None  # trainings, failed ones included; refused candidates are free
    hours: float | None = None  # hours of work, summed over restarts and parallel workers

    def __post_init__(self) -> None:
        if self.trials is None and self.hours is None:
            raise StudyError("a budget needs trials or hours")
        rules.hold_fields(self)


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """The epochs of one trial.

    With `min_epochs`, a trial first trains that many epochs of a schedule for `epochs`; promising trials continue.
    """

    epochs: int
    min_epochs: int | None = None  # None: every trial trains all its epochs at once

    def __post_init__(self) -> None:
        rules.hold_fields(self)
        if self.min_epochs is not None and self.min_epochs > self.epochs:
            raise StudyError(f"min_epochs must be at most epochs: {self.min_epochs} is above {self.epochs}")

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which a trial pauses, then its last: 2, 6, 18 and 30 for `min_epochs` 2 and `epochs` 30.

        Each pause is three times the one before. There is no pause if the last epoch is less than 1.5 times it: to
        stop there would save little.
        """
        rungs, rung = [], self.min_epochs or self.epochs
        while 1.5 * rung <= self.epochs:
            rungs.append(rung)
            rung *= 3
        return (*rungs, self.epochs)


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How the chosen network will run. A study measures latency in this way."""

    path: str = "saved_model"  # one of paths.DEPLOYED
    batch: int = 1  # pictures in a call
    threads: int | None = None  # None: one for each processor of the process
    precision: str | None = None  # of the network, one of rules.PRECISIONS; None: as in its recipe
    seconds: float = 1.0  # most seconds to time a candidate
    settling: float = 60.0  # most seconds to time deciding candidates again at the end

    def __post_init__(self) -> None:
        rules.hold_fields(self)
        if self.precision == rules.AUTO:
            raise StudyError(f'precision: "auto" is for [recipe]; here it is one of {", ".join(rules.PRECISIONS)}')


@dataclass(frozen=True, kw_only=True)
class Confirm:
    """Which networks are trained again with several seeds when the search has ended; see `report.confirmation`."""

    networks: int = 5  # most of them: the best of each family, and members of the front
    seeds: int | None = None  # trainings of each; None: as many as can tell them apart

    def __post_init__(self) -> None:
        rules.hold_fields(self)


Image = Shape | int  # of the networks' input: (H, W, C), or the side of a square with the channels of the pictures


def setting(path: str) -> str:
    """Return what people call `space.depths`: `depths`; `image` and `architecture` have no table."""
    return path.partition(".")[2] or path


def split(architecture: str) -> tuple[str, str]:
    """Return family and variant of a network: `resnet` and `50`, or `networks/mine.py` and `small`."""
    family, _, variant = architecture.rpartition("/")
    return family, variant


def is_own(family: str) -> bool:
    """Whether a family is the path of a user's Python file."""
    return family.endswith(".py")


def is_file(name: str) -> bool:
    """Whether a name is that of a model's file, and not of a network that is built here."""
    return Path(name).exists() and not is_own(name)


@dataclass(frozen=True, kw_only=True)
class Study:
    """All settings of a search. `space` and `recipe` hold the TOML tables `[space]` and `[recipe]`."""

    name: str
    architecture: str | tuple[str, ...]  # "resnet/50" or "networks/mine.py/small": the start of the space; several
    #                                      are searched over, patterns too: "efficientnet/lite*"
    dataset: str  # a tensorflow-datasets name, a folder, or "digits"
    objectives: tuple[Objective, ...]
    budget: Budget
    fidelity: Fidelity
    latency: Latency = Latency()
    question: str = ""
    with_weights: bool = False  # whether networks without weights that are here are left out
    weights: str = NEW  # where its networks begin: "imagenet", a file, an earlier trial RUN/TRIAL, or "none"
    image: Image | Domain | None = None  # None: the dataset's own; a domain: searched over
    background: str = "white"  # below what is transparent in a picture: `white`, `grey`, `black` or `#rrggbb`
    skip_broken: bool = False  # whether files of a folder that cannot be read are left out
    keep_copies: bool = False  # whether held-out copies of training pictures are kept
    seed: int = 0
    sampler: str = "cheap-first"
    space: Mapping[str, Value | Domain] = field(default_factory=dict)  # fields of the Config: `depths` of every
    #                                                                     network, `vit.depth` of those of one family
    recipe: Mapping[str, Value | Domain] = field(default_factory=dict)  # fields of Recipe
    constraints: tuple[Constraint, ...] = ()
    confirm: Confirm | None = None  # what is trained again after the search; None: nothing
    words: Words | None = None  # how both sides of its networks learn from texts first; None: they do not

    def __post_init__(self) -> None:
        rules.hold_fields(self, but=("image",))
        for image in () if self.image is None else values_of(self.image):
            rules.hold_named("image", image)
        rules.hold_objectives([objective.measure for objective in self.objectives])
        if self.words and self.confirm:
            raise StudyError("networks with [words] cannot be confirmed yet: remove [words] or [confirm]")
        if self.words and self.weights != NEW:
            raise StudyError(
                f'[words] and weights = "{self.weights}" both say where networks begin. Remove one of them'
            )
        if self.words is None and (asked := [name for name in self.measures if MEASURES[name].of_words]):
            raise StudyError(
                f'{asked[0]} is of networks that learn from texts: add [words] with pairs = "{CLASS_NAMES}"'
            )
        known = [field.name for field in fields(Recipe)]
        for key, entry in self.recipe.items():
            if key not in known:
                raise StudyError(f"no key '{key}' in the recipe.{did_you_mean(key, known)}")
            for value in values_of(entry):
                rules.hold_named(key, value)
        self._hold_transfer()
        effort.require(self.recipe, self.modes, self.fidelity.epochs)

    def _hold_transfer(self) -> None:
        """Raise StudyError when the recipe says how to use weights, and there are none."""
        about = [field.name for field in fields(Transfer) if field.name in self.recipe]
        meant = [key for key in about if (key, self.recipe[key]) != ("mode", SCRATCH)]
        if self.weights == NEW and meant:
            raise StudyError(
                f"recipe.{meant[0]} says how to use weights of another training, and there are none. Add "
                f'weights = "imagenet" at the top, or remove {meant[0]}'
            )

    @property
    def architectures(self) -> tuple[str, ...]:
        """The networks that it begins with, or searches over."""
        return (self.architecture,) if isinstance(self.architecture, str) else self.architecture

    @property
    def only(self) -> str:
        """The network that it begins with, if there is one alone."""
        (name,) = self.architectures
        return name

    @property
    def sources(self) -> tuple[str, ...]:
        """Their families, each once: `resnet`, or the path of your own file."""
        return tuple(dict.fromkeys(split(name)[0] for name in self.architectures))

    @property
    def families(self) -> tuple[str, ...]:
        """Names of their families for people: `resnet`, or `mine` for the file `networks/mine.py`."""
        return tuple(dict.fromkeys(_family(name) for name in self.architectures))

    @property
    def source(self) -> str:
        """The only family: `resnet`, or the path of your own file."""
        (source,) = self.sources
        return source

    @property
    def family(self) -> str:
        """Name of its family, or families, for people."""
        return ", ".join(self.families)

    @property
    def network(self) -> str:
        """Name of the architecture for people: `resnet/50`, `mine/small` for a file, `9 networks of efficientnet`."""
        if len(self.architectures) > 1:
            return f"{len(self.architectures)} networks of {self.family}"
        return f"{self.family}/{split(self.architectures[0])[1]}"

    def at(self, configuration: Mapping[str, Value]) -> Study:
        """Return the study of one network alone, at one size of its pictures: those of a configuration."""
        chosen = {key: configuration[key] for key in ("architecture", "image") if key in configuration}
        return replace(self, **chosen) if chosen else self  # type: ignore[arg-type]

    @property
    def any_image(self) -> Image | None:
        """One size of the pictures that its networks see, the smallest of a range; None for the dataset's own."""
        return values_of(self.image)[0] if isinstance(self.image, (Choice, Range)) else self.image  # type: ignore

    @property
    def preparation(self) -> Preparation:
        """What is done with the pictures of its folder."""
        return Preparation(**{one.name: getattr(self, one.name) for one in fields(Preparation)})

    @property
    def modes(self) -> tuple[str, ...]:
        """How its networks may be trained: from scratch, or with weights frozen or tuned."""
        return tuple(map(str, values_of(self.recipe.get("mode", SCRATCH if self.weights == NEW else TUNE))))

    def mode(self, configuration: Mapping[str, Value]) -> str:
        """Return how the network of a configuration is trained, one of `modes`."""
        return str(configuration.get("recipe.mode", self.modes[0]))

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which some trial pauses, then the last of all. Epoch 0 is a classifier of features."""
        return tuple(sorted({rung for mode in self.modes for rung in self.ladder(mode)}))

    def ladder(self, mode: str) -> tuple[int, ...]:
        """Return the epochs after which a trial of a mode pauses, then its last."""
        return {SCRATCH: self.fidelity.rungs, FROZEN: (0,), TUNE: (0, *self.fidelity.rungs)}[mode]

    def last(self, configuration: Mapping[str, Value]) -> int:
        """Return the last epoch of the network of a configuration."""
        return self.ladder(self.mode(configuration))[-1]

    def work(self, configuration: Mapping[str, Value], epoch: int) -> float:
        """Return the work of a training up to an epoch, as a part of the largest that the study has.

        The features of epoch 0 take a pass forward alone; the pass backward of an epoch takes about twice as long. An
        epoch of smaller pictures takes as much less as they have fewer pixels.
        """
        way = self.mode(configuration), self.sizes(configuration)
        return effort.spent(*way, self.fidelity.epochs, epoch) / self.whole

    @property
    def least(self) -> float:
        """The work of the smallest part of a training that a new trial spends, as a part of the largest training."""
        epochs = self.fidelity.epochs
        return min(effort.spent(*way, epochs, self.ladder(way[0])[0]) for way in self._ways) / self.whole

    @cached_property
    def whole(self) -> float:
        """The work of the largest training, in epochs of the whole network at the whole size."""
        return max(effort.spent(*way, self.fidelity.epochs, self.ladder(way[0])[-1]) for way in self._ways)

    @property
    def _ways(self) -> Iterator[tuple[str, Sizes]]:
        return product(self.modes, self.all_sizes)

    def sizes(self, configuration: Mapping[str, Value]) -> Sizes:
        """Return the sizes of pictures that the training of a configuration goes through."""
        return effort.sizes(self.fields("recipe", configuration))

    @property
    def all_sizes(self) -> list[Sizes]:
        """The sizes of pictures that its trainings go through."""
        return effort.every(self.recipe)

    @property
    def quality(self) -> str:
        """The measure by which a trained network is better: its first objective to be maximised, or else accuracy.

        It is one that every epoch has.
        """
        best = [one.measure for one in self.objectives if one.goal == "max" and not MEASURES[one.measure].of_words]
        return best[0] if best else "accuracy"

    @property
    def measures(self) -> tuple[str, ...]:
        """Its measures: the objectives first, then those with constraints only."""
        aims = [objective.measure for objective in self.objectives]
        return tuple(dict.fromkeys([*aims, *(limit.measure for limit in self.constraints)]))

    @property
    def times_first(self) -> bool:
        """Whether candidates are timed before they are trained; else only the front is, at the end.

        They are if the study asks for what only a run of a network tells, or for a path that not every network can be
        written for.
        """
        is_asked = any(MEASURES[name].known == "measured" for name in self.measures)
        return is_asked or self.latency.path != Latency.path

    @property
    def domains(self) -> dict[str, Domain]:
        """The searched domains by their path in the study file: `architecture`, `space.depths`, `recipe.learning_rate`.

        `space.vit.depth` is of one family; only networks of that family have it, see `has`.
        """
        tables = {"space": self.space, "recipe": self.recipe}
        several = {} if isinstance(self.architecture, str) else {"architecture": Choice(self.architecture)}
        entries = {f"{table}.{key}": entry for table, of in tables.items() for key, entry in of.items()}
        known = {"image": self.image, **entries}
        return {**several, **{key: entry for key, entry in known.items() if isinstance(entry, (Choice, Range))}}

    @property
    def size(self) -> float:
        """The number of configurations in the space; infinite with a continuous domain."""
        sizes = {key: domain.size for key, domain in self.domains.items() if key != "architecture"}
        return sum(
            math.prod((size for key, size in sizes.items() if self.has(key, {"architecture": name})), start=1)
            for name in self.architectures
        )

    def has(self, key: str, configuration: Mapping[str, Value]) -> bool:
        """Whether the network of a configuration has the domain `key`: one of another family has none of its fields."""
        owner = key.removeprefix("space.").rpartition(".")[0] if key.startswith("space.") else ""
        return not owner or owner == _family(str(configuration.get("architecture", self.architecture)))

    def fields(self, table: str, configuration: Mapping[str, Value]) -> dict[str, Value]:
        """Return the fields of `table` ("space" or "recipe") at one configuration, fixed ones included.

        Those of its own family come last: they stand for those of every network.
        """
        entries = self.space if table == "space" else self.recipe
        paths = [f"{table}.{key}" for key in sorted(entries, key=lambda key: "." in key)]
        return {
            path.rpartition(".")[2]: configuration.get(path, entries[setting(path)])  # type: ignore[arg-type]
            for path in paths
            if self.has(path, configuration)
        }


def _family(architecture: str) -> str:
    return PurePath(split(architecture)[0]).stem
