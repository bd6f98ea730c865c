"""A network that was traced for one training serves another whose numbers differ, and the curve is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import pytest

from suite import datasets
from suite.core.optimizers import OPTIMIZERS
from suite.core.recipe import Recipe
from suite.datasets import Dataset
from suite.training import fitting, loop, numbers
from suite.training.fitting import Traced

FIRST = Recipe(batch_size=128, learning_rate=1e-3, weight_decay=1e-4, label_smoothing=0.05, momentum=0.8)
SECOND = replace(
    FIRST, batch_size=96, learning_rate=8e-3, warmup=0.3, weight_decay=0.05, label_smoothing=0.3, momentum=0.95
)

traces: list[str] = []


@keras.saving.register_keras_serializable("test_fitting")
class Watched(keras.layers.Layer):
    """Notes whenever Python, and not what TensorFlow has traced, runs a network on pictures."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        traces.append("train" if training else "answer")
        return inputs


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits", 8)


def network(dropout: float = 0.2, units: int = 16) -> keras.Model:
    """Return a network with all that has random states or statistics of batches."""
    keras.utils.set_random_seed(5)
    image = keras.Input((8, 8, 1))
    x = Watched(name="traced")(keras.layers.Flatten(name="flat")(image))
    x = keras.layers.Dense(units, name="dense")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(keras.layers.Activation("relu", name="relu")(x))
    return keras.Model(image, keras.layers.Dense(10, name="logits")(x), name="small")


def trained(model: keras.Model, recipe: Recipe, data: Dataset, kept: Traced | None) -> list[dict[str, float]]:
    """Return the curve of a training, without its times."""
    traces.clear()
    curve = loop.train(model, recipe, data, epochs=2, seed=1, traced=kept).curve
    return [{key: value for key, value in row.items() if key != "time"} for row in curve]


# What the first training has, and with what the second one differs.
NUMBERS = [
    ({"average": 0.9}, {"average": 0.7}),
    ({"sharpness": 0.05}, {"sharpness": 0.2}),
    ({"norm_clipping": 0.5}, {"norm_clipping": 0.3}),
    ({"adaptive_clipping": 0.05}, {"adaptive_clipping": 0.01}),
    *(({"optimizer": name}, {}) for name in OPTIMIZERS),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "other"), NUMBERS, ids=lambda change: "-".join(map(str, next(iter(change.items()), ())))
)
def test_numbers_alone_are_not_traced_again_and_change_what_they_change_in_a_new_network(
    digits: Dataset, own: dict[str, Any], other: dict[str, Any]
) -> None:
    kept = Traced()
    first, second = replace(FIRST, **own), replace(SECOND, **own | other)
    before = trained(network(0.2), first, digits, kept)
    assert traces, "it was traced"
    used, new = network(0.6), network(0.6)
    found = trained(used, second, digits, kept)
    assert not traces, "it was not traced again"
    wanted = trained(new, second, digits, None)
    assert traces
    assert found == wanted != before
    for one, other_one in zip(used.get_weights(), new.get_weights(), strict=True):
        assert (one == other_one).all()
    assert used.get_layer("dropout").rate == 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"norm_clipping": 0.3}, {"adaptive_clipping": 0.02}, {"sharpness": 0.05}, {"average": 0.9}]
)
def test_a_number_in_a_variable_gives_the_bits_of_a_plain_one(
    digits: Dataset, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(SECOND, optimizer="sgd", label_smoothing=0.0, **change)
    read = trained(network(), recipe, digits, None)
    monkeypatch.setattr(numbers, "of", lambda recipe: {})
    assert trained(network(), recipe, digits, None) == read


@pytest.mark.parametrize("change", [{"label_smoothing": 0.0}, {"mixup": 0.2}, {"norm_clipping": 1.0}])
def test_what_is_no_number_is_traced_again(digits: Dataset, change: dict[str, Any]) -> None:
    kept = Traced()
    trained(network(), FIRST, digits, kept)
    trained(network(), replace(FIRST, **change), digits, kept)
    assert traces
    trained(network(), replace(FIRST, learning_rate=0.1), digits, kept)
    assert not traces, "the first is still there"


@pytest.mark.slow
def test_other_networks_are_traced_and_the_oldest_go(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Traced()
    monkeypatch.setattr(fitting, "KEPT", 2)
    for units in (4, 5, 6, 4):
        trained(network(units=units), FIRST, digits, kept)
        assert traces
    trained(network(dropout=0.0, units=4), FIRST, digits, kept)
    assert traces, "one drops nothing, the other does"
