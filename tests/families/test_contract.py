"""What every family promises. A new family is tested here without new lines."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import keras
import numpy as np
import pytest

from suite import architectures
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.counting.complexity import weightless

SMALL = Task(height=32, width=32, channels=3, classes=7)


def tiny(family: str, task: Task = SMALL, **changes: Any) -> keras.Model:
    config = dataclasses.replace(architectures.config(f"{family}/tiny"), **changes)
    return architectures.family(family).build(config, task)


@cache
def built(family: str) -> keras.Model:
    """Return the small network of a family, built once."""
    keras.utils.set_random_seed(1)  # of few random outputs all may be above zero
    return tiny(family)


@cache
def answers(family: str) -> np.ndarray:
    return np.asarray(built(family)(pictures()))


def pictures(task: Task = SMALL, count: int = 8) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, *task.image)).astype("float32")


def test_the_catalogue_names_exactly_the_files_of_families() -> None:
    folder = Path(architectures.__file__).parent / "families"
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert files == set(architectures.FAMILIES)


def test_families_stand_in_the_order_of_their_papers() -> None:
    years: dict[str, int] = {}
    for name, row in architectures.published().items():
        family = name.partition("/")[0]
        years[family] = min(row.year, years.get(family, row.year))
    assert list(architectures.FAMILIES) == sorted(years, key=years.__getitem__)


@pytest.mark.parametrize("channels", [1, *(pytest.param(more, marks=pytest.mark.slow) for more in (2, 4))])  # else: 3
def test_it_takes_any_channels_and_any_number_of_classes(family: str, channels: int) -> None:
    task = Task(height=32, width=48, channels=channels, classes=channels + 1)
    network = weightless(lambda: tiny(family, task))
    assert network.input_shape == (None, 32, 48, channels)
    assert network.output_shape == (None, channels + 1)


def test_layers_have_the_same_names_every_time(family: str) -> None:
    first, second = built(family), weightless(lambda: tiny(family))
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert len(set(names)) == len(names)
    assert not getattr(first, "compiled", False)


def test_its_outputs_are_logits(family: str) -> None:
    assert (answers(family) < 0).any()
    assert not np.allclose(answers(family).sum(axis=1), 1)


def test_a_saved_network_answers_as_before(family: str, tmp_path: Path) -> None:
    expected = answers(family)
    built(family).save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(again(pictures()), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)])
def test_in_mixed_precision_the_logits_are_float32(family: str, policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    network = tiny(family)
    outputs = network(pictures())
    assert network.layers[-2].compute_dtype == policy.removeprefix("mixed_")
    assert outputs.dtype == "float32"
    assert np.isfinite(outputs).all()


ONLY_IN_TRAINING = ("dropout", "stochastic_depth", "auxiliary")


def fields() -> list[tuple[str, str]]:
    configs = {name: architectures.family(name).Config for name in architectures.FAMILIES}
    return [
        (name, field.name)
        for name, config in configs.items()
        for field in dataclasses.fields(config)
        if field.name != "resolution"  # of the pictures that a paper's figures are for: which network is not its matter
    ]


@pytest.mark.parametrize(("of", "name"), [pair for pair in fields() if pair[1] in ONLY_IN_TRAINING])
def test_what_is_random_or_auxiliary_in_training_is_gone_when_it_answers(of: str, name: str) -> None:
    network = tiny(of, **{name: True if name == "auxiliary" else 0.5})
    expected, weights = answers(of), {weight.path: weight for weight in network.weights}
    for weight in built(of).weights:
        if "seed_generator" not in weight.path:
            weights[weight.path].assign(weight)
    np.testing.assert_allclose(network(pictures(), training=False), expected, rtol=1e-5, atol=1e-6)
    trained = network(pictures(), training=True)  # which moves the averages of normalisations
    assert np.shape(trained) != np.shape(expected) or differ(network, trained)


def differ(network: keras.Model, answers: Any) -> bool:
    """Whether a second step of training, on the same weights, answers otherwise."""
    return not np.allclose(network(pictures(), training=True), answers)


def test_one_step_of_training_moves_every_trainable_weight(family: str) -> None:
    network = built(family)
    answers(family)  # those before it was trained are kept
    network.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.run_eagerly = True  # one step does not repay tracing
    before = [weight.numpy() for weight in network.trainable_weights]
    network.train_on_batch(pictures(count=32), np.arange(32) % SMALL.classes)
    moved = [not np.array_equal(was, weight) for was, weight in zip(before, network.trainable_weights, strict=True)]
    assert moved == [True] * len(before)


def test_the_smallest_picture_builds_and_a_smaller_one_is_refused_with_its_size(family: str) -> None:
    smallest = next(side for side in range(1, 65) if builds(family, side))
    with pytest.raises(ArchitectureError, match=f"needs {smallest}x{smallest}"):
        tiny(family, Task(height=smallest - 1, width=64, channels=3, classes=2))


@pytest.mark.parametrize("name", ["mobilenet", "nasnet"])
def test_a_tiny_network_leaves_places_to_look_at_of_a_small_picture(name: str) -> None:
    pooled = weightless(lambda: tiny(name)).get_layer("pool").input
    assert pooled.shape[1] == pooled.shape[2] >= 4


@pytest.mark.parametrize(
    ("changes", "ways_out"),
    [
        ({"stem": "small"}, "choose a window below 4, or fewer stages"),
        ({"stem": "small", "window": 1}, "choose fewer stages"),
        ({"stem": "imagenet"}, "choose a window below 4, or stem = 'small', or fewer stages"),
    ],
)
def test_a_maxvit_that_pictures_are_too_small_for_names_the_fields_that_help(
    changes: dict[str, Any], ways_out: str
) -> None:
    with pytest.raises(ArchitectureError, match=re.escape(f"(enlarge the pictures, {ways_out})")):
        tiny("maxvit", Task(height=3, width=3, channels=3, classes=2), **changes)


def builds(family: str, side: int) -> bool:
    try:
        return bool(weightless(lambda: tiny(family, Task(height=side, width=side, channels=3, classes=2))))
    except ArchitectureError:
        return False


@pytest.mark.parametrize(("name", "field"), fields())
def test_every_field_of_a_config_changes_the_network_or_is_refused(name: str, field: str) -> None:
    """From the tiny network, then those of the table until one can take another value: never is one without effect."""
    variants = architectures.family(name).VARIANTS
    for start in sorted(variants.values(), key=lambda start: start is not variants["tiny"]):
        outcomes = [outcome(name, start, field, value) for value in others(start, field)]
        assert "unchanged" not in outcomes
        if "changed" in outcomes:
            return
    pytest.fail(f"no named network can change its {field}")


@pytest.mark.parametrize("value", ["sideways", float("nan"), {}])
def test_a_value_of_another_type_is_refused_with_the_name_of_the_field(family: str, value: object) -> None:
    start = architectures.config(f"{family}/tiny")
    for field in dataclasses.fields(start):
        with pytest.raises(ArchitectureError, match=rf"^{field.name} needs .*, not "):
            dataclasses.replace(start, **{field.name: value})  # type: ignore[type-var]


def outcome(name: str, start: Any, field: str, value: object) -> str:
    try:
        changed = described(name, dataclasses.replace(start, **{field: value}))
    except ArchitectureError:
        return "refused"
    return "unchanged" if changed == described(name, start) else "changed"


@cache
def described(name: str, config: Any) -> str:
    task = Task(height=96, width=96, channels=3, classes=3)
    description: str = weightless(lambda: architectures.family(name).build(config, task)).to_json()
    return description


def others(start: Any, field: str) -> Iterator[object]:
    value = getattr(start, field)
    if value is None:
        yield from (1, 16, True)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield 2 * value
    elif isinstance(value, float):
        yield value / 2 if value else 0.5
    elif isinstance(value, tuple):
        yield (*value[:-1], 2 * value[-1])
        yield (2 * value[0], *value[1:])
        yield (*value, value[-1])
    else:
        yield from {*get_args(get_type_hints(type(start))[field])} - {value}
