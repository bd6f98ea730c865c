"""Does a space fit the Config that it ranges over, and which configurations are there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Optional

import pytest

from suite import studyfile
from suite.architectures import candidate
from suite.core.domains import Choice, Domain, Range, Value
from suite.core.errors import ArchitectureError, StudyError
from suite.core.recipe import Recipe
from suite.core.study import Budget, Fidelity, Objective, Study
from suite.studyfile.binding import bind, configurations, replaced, summary

STUDIES = sorted((Path(__file__).parent.parent / "studies").rglob("*.toml"))


@dataclass(frozen=True, kw_only=True)
class Net:
    """A Config with a field of every kind."""

    depths: tuple[int, ...] = (1, 1)
    stem: tuple[int, float] = (3, 0.5)
    stages: tuple[tuple[int, int], ...] = ((1, 2),)
    groups: int = 1
    width: float = 1.0
    bottleneck: bool = False
    pool: Literal["max", "average", 2] = "max"
    activation: str = "relu"
    squeeze: float | None = None
    patch: Optional[int] = None  # noqa: UP045 (as older families may write it)
    size: int | tuple[int, int] = 7

    def __post_init__(self) -> None:
        if self.groups > 8:
            raise ArchitectureError("groups is at most 8")


def study(space: Mapping[str, Value | Domain], recipe: Mapping[str, Value | Domain] | None = None) -> Study:
    """Return a study of `space`."""
    return Study(
        name="net",
        architecture="net/1",
        dataset="digits",
        objectives=(Objective(measure="accuracy", goal="max"),),
        budget=Budget(trials=1),
        fidelity=Fidelity(epochs=1),
        space=space,
        recipe=recipe or {},
    )


def bound(key: str, entry: Value | Domain) -> Any:
    """Return what becomes of one entry of a space."""
    return bind(study({key: entry}), {"resnet/50": Net()}).space[key]


@pytest.mark.parametrize(
    ("key", "entry", "becomes"),
    [
        ("depths", (2, 2, 2), (2, 2, 2)),
        ("depths", (), ()),
        ("depths", Choice(((1,), (1, 2))), Choice(((1,), (1, 2)))),
        ("stem", (3, 1), (3, 1.0)),
        ("stages", ((1, 2), (3, 4)), ((1, 2), (3, 4))),
        ("groups", Range(low=1, high=8), Range(low=1, high=8)),
        ("width", 2, 2.0),
        ("width", Choice((1, 0.5)), Choice((1.0, 0.5))),
        ("width", Range(low=0, high=1), Range(low=0.0, high=1.0)),
        ("width", Range(low=0, high=4, step=2), Range(low=0.0, high=4.0, step=2.0)),
        ("bottleneck", Choice((True, False)), Choice((True, False))),
        ("pool", Choice(("max", "average")), Choice(("max", "average"))),
        ("pool", 2, 2),
        ("activation", "gelu", "gelu"),
        ("squeeze", Range(low=0, high=1), Range(low=0.0, high=1.0)),
        ("patch", Range(low=1, high=3), Range(low=1, high=3)),
        ("size", Choice((7, 9)), Choice((7, 9))),
        ("size", (7, 9), (7, 9)),
    ],
)
def test_what_has_the_type_of_its_field_is_taken(key: str, entry: Value | Domain, becomes: Value | Domain) -> None:
    assert repr(bound(key, entry)) == repr(becomes)  # repr, because 1 == 1.0 == True


def test_a_range_of_integers_is_continuous_where_the_field_is_a_float() -> None:
    assert study({"width": Range(low=0, high=1)}).size == 2
    assert bind(study({"width": Range(low=0, high=1)}), {"resnet/50": Net()}).size == float("inf")


@pytest.mark.parametrize(
    ("key", "entry", "message"),
    [
        ("dephts", (1, 1), "no key 'dephts' in [space]. Did you mean 'depths'?"),
        ("depths", 3, "depths in [space]: needs a list of integers, not 3"),
        ("depths", (1, 0.5), "depths in [space]: needs a list of integers, not [1, 0.5]"),
        ("depths", Choice(((2,), (True,))), "depths in [space]: needs a list of integers, not [true]"),
        ("depths", Range(low=1, high=3), "depths in [space]: needs a list of integers: write { choice = [...] }, "
         "not a range of numbers"),
        ("stem", (3,), "stem in [space]: needs a list of 2 integers and numbers, not [3]"),
        ("stages", ((1, 2), (3,)), "stages in [space]: needs a list of lists of 2 integers, not [[1, 2], [3]]"),
        ("groups", 1.0, "groups in [space]: needs an integer, not 1.0"),
        ("groups", True, "groups in [space]: needs an integer, not true"),
        ("groups", Range(low=1, high=2.5), "groups in [space]: needs an integer, not 2.5"),
        ("groups", Range(low=1, high=3, step=0.5), "groups in [space]: needs an integer, not 0.5"),
        ("groups", Choice((1, 2.5)), "groups in [space]: needs an integer, not 2.5"),
        ("width", "wide", 'width in [space]: needs a number, not "wide"'),
        ("width", False, "width in [space]: needs a number, not false"),
        ("bottleneck", 1, "bottleneck in [space]: needs true or false, not 1"),
        ("bottleneck", Range(low=0, high=1), "bottleneck in [space]: needs true or false: write { choice = [...] }, "
         "not a range of numbers"),
        ("pool", "mean", 'pool in [space]: needs "max" or "average" or 2, not "mean"'),
        ("activation", 1, "activation in [space]: needs a string, not 1"),
        ("squeeze", "no", 'squeeze in [space]: needs a number, not "no"'),
        ("size", (7, 9, 11), "size in [space]: needs an integer or a list of 2 integers, not [7, 9, 11]"),
    ],
)  # fmt: skip
def test_what_has_not_the_type_of_its_field_is_refused(key: str, entry: Value | Domain, message: str) -> None:
    with pytest.raises(StudyError) as caught:
        bind(study({key: entry}), {"resnet/50": Net()}, "net.toml")
    assert str(caught.value) == f"net.toml: {message}"


def test_all_mistakes_of_a_space_are_told_at_once() -> None:
    with pytest.raises(StudyError) as caught:
        bind(study({"groups": 1.5, "widht": 1, "width": 2}), {"resnet/50": Net()}, "net.toml", ["space.groups=1.5"])
    assert str(caught.value).splitlines() == [
        "--set space.groups: needs an integer, not 1.5",
        "net.toml: no key 'widht' in [space]. Did you mean 'width'?",
    ]


def test_how_fields_go_together_is_left_to_the_config() -> None:
    assert bound("groups", 16) == 16
    with pytest.raises(ArchitectureError, match="at most 8"):
        replaced(Net(), {"groups": 16})


def test_a_configuration_replaces_fields_and_lists_become_tuples() -> None:
    lists: Any = {"depths": [3, 4], "stages": [[1, 2], [3, 4]]}
    assert replaced(Net(), lists) == Net(depths=(3, 4), stages=((1, 2), (3, 4)))
    assert replaced(Recipe(), {"optimizer": "sgd"}) == Recipe(optimizer="sgd")


def test_every_configuration_of_a_finite_space_is_listed_once_and_in_order() -> None:
    space: dict[str, Value | Domain] = {"depths": Choice(((1,), (2, 2))), "groups": Range(low=1, high=4, step=2)}
    finite = study(space | {"width": 0.5}, {"flip": Choice((False, True))})
    listed = list(configurations(finite))
    assert [tuple(configuration.values()) for configuration in listed] == [
        ((1,), 1, False), ((1,), 1, True), ((1,), 3, False), ((1,), 3, True),
        ((2, 2), 1, False), ((2, 2), 1, True), ((2, 2), 3, False), ((2, 2), 3, True),
    ]  # fmt: skip
    assert all(list(configuration) == list(finite.domains) for configuration in listed)
    assert len(listed) == finite.size


def test_a_range_with_a_step_ends_where_its_size_says() -> None:
    widths = [entry["space.width"] for entry in configurations(study({"width": Range(low=0.1, high=0.5, step=0.1)}))]
    assert widths == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    groups = [entry["space.groups"] for entry in configurations(study({"groups": Range(low=1, high=9, step=3)}))]
    assert groups == [1, 4, 7]


def test_a_study_that_searches_nothing_has_one_configuration() -> None:
    assert list(configurations(study({"groups": 2}))) == [{}]


def test_a_long_space_is_listed_without_holding_it_in_memory() -> None:
    long = study({"groups": Range(low=1, high=10**12), "depths": Choice(((1,), (2,)))})
    assert next(configurations(long)) == {"space.groups": 1, "space.depths": (1,)}


def test_the_summary_says_each_domain_in_words_and_counts_it() -> None:
    space: dict[str, Value | Domain] = {
        "depths": Choice(((1, 1), (2, 2))),
        "pool": Choice(("max", "average")),
        "groups": Range(low=1, high=4096),
        "width": Range(low=0.5, high=1.5, step=0.5),
        "bottleneck": True,
    }
    assert summary(study(space, {"learning_rate": Range(low=1e-4, high=0.01, log=True)})) == [
        ("space.depths", "one of [1, 1], [2, 2]", "2"),
        ("space.pool", 'one of "max", "average"', "2"),
        ("space.groups", "1 to 4096", "4,096"),
        ("space.width", "0.5 to 1.5, step 0.5", "3"),
        ("space.bottleneck", "fixed at true", "1"),
        ("recipe.learning_rate", "0.0001 to 0.01, logarithmic", "continuous"),
    ]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_configuration_of_our_studies_is_one_that_its_family_accepts(path: Path) -> None:
    written = candidate.bound(studyfile.read(path), str(path))
    space: dict[str, Value | Domain] = {key: ends(entry) for key, entry in written.space.items()}
    finite = replace(written, space=space, recipe={})
    for configuration in configurations(finite):
        candidate.config(finite, configuration)


def ends(entry: Value | Domain) -> Value | Domain:
    """Return a range as the choice of its two ends, anything else as it is."""
    return Choice((entry.low, entry.high)) if isinstance(entry, Range) else entry
