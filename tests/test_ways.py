"""Is the way to train that measured fastest taken, kept, and recorded, and none that is wrong or cannot be compiled?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite import pipeline
from suite.core.errors import StudyError
from suite.core.recipe import Recipe
from suite.core.study import Latency
from suite.report.comparison import compare
from suite.search import trained
from suite.search.pace import as_trained, paced
from suite.training import checkpoint, ways
from suite.training.ways import Kind, Run, decided

STUDY = Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml"
KIND = Kind(family="mine", image=(8, 8, 1), parameters=100)
XLA = Recipe(xla="auto", batch_size=4)
BOTH = replace(XLA, precision="auto")
LONG = 100_000  # steps of a training that is worth trying all


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path))
    return tmp_path / "ways"


def network(layer: keras.layers.Layer | None = None) -> keras.Model:
    image = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(image)
    return keras.Model(image, keras.layers.Dense(3, dtype="float32")(layer(x) if layer else x))


class Slow(keras.layers.Layer):
    """Takes long in float32, and no time in half precision."""

    def call(self, x):
        if x.dtype != tf.float32:
            return x
        large = tf.fill((1500, 1500), tf.reduce_mean(x))
        return x + 1e-30 * tf.matmul(large, large)[0, 0]


class Uncompilable(keras.layers.Layer):
    """Turns numbers into texts, which XLA does not know."""

    def call(self, x):
        return x + 1e-30 * tf.strings.to_number(tf.strings.as_string(x))


class Wrong(keras.layers.Layer):
    """Has quite another answer in half precision."""

    def call(self, x):
        return x if x.dtype == tf.float32 else 1000 * x


def way(told: dict[str, str], name: str) -> str:
    return next(one for one in told["training_ways"].split("; ") if one.startswith(name))


def test_a_recipe_that_asks_for_nothing_is_left_alone(cache: Path) -> None:
    assert decided(Recipe(), KIND, network, LONG) == (Recipe(), {})
    assert not cache.exists()


@pytest.mark.slow
def test_what_was_found_is_kept_until_the_device_a_version_or_the_kind_is_another(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = decided(XLA, KIND, network, LONG)
    assert first[0].xla in ("off", "on")
    assert {tried["xla"] for tried in json.loads(next(cache.iterdir()).read_text())} == {"off", "on"}
    with monkeypatch.context() as patch:
        patch.setattr(ways, "Run", None)
        again = decided(XLA, replace(KIND, parameters=120), network, LONG)
    assert again == first
    assert sum("How fast networks" in line for line in caplog.messages) == 1
    before = ways.surroundings()
    for changes in ({"keras": "4.0"}, {"device": "another"}):
        with monkeypatch.context() as patch:
            patch.setattr(ways, "surroundings", lambda changes=changes: {**before, **changes})
            decided(XLA, KIND, network, LONG)
    decided(XLA, replace(KIND, parameters=1000), network, LONG)
    assert len(list(cache.iterdir())) == 4


def test_the_fastest_way_is_taken_and_a_short_training_tries_none() -> None:
    half = replace(BOTH, xla="off")
    few, told = decided(half, KIND, lambda: network(Slow()), 3)
    assert few.precision == "float32"
    assert "bfloat16" not in told["training_ways"]
    many, told = decided(half, KIND, lambda: network(Slow()), LONG)
    assert (many.precision, many.xla) == ("mixed_bfloat16", "off")
    assert told["training_xla"] == "off"
    assert decided(half, KIND, lambda: network(Slow()), 3)[0].precision in ("float32", "mixed_bfloat16")


def test_what_xla_cannot_compile_is_not_chosen() -> None:
    found, told = decided(XLA, KIND, lambda: network(Uncompilable()), LONG)
    assert found.xla == "off"
    assert way(told, "float32, XLA on") == "float32, XLA on: TensorFlow cannot do it"


def test_a_way_with_another_loss_is_not_chosen() -> None:
    found, told = decided(replace(BOTH, xla="off"), KIND, lambda: network(Wrong()), LONG)
    assert found.precision == "float32"
    assert "in place of" in way(told, "mixed_bfloat16, XLA off")


def test_all_ways_train_the_same_but_for_rounding() -> None:
    losses = []
    for precision, xla in (("float32", "off"), ("float32", "on"), ("mixed_bfloat16", "off")):
        run = Run(replace(XLA, precision=precision, xla=xla), network)
        assert all(run.step() > 0 for _ in range(3))
        losses.append(run.losses)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    np.testing.assert_allclose(losses[2], losses[0], rtol=0.05)


def test_a_damaged_file_is_measured_again(cache: Path) -> None:
    decided(XLA, KIND, network, LONG)
    (file,) = cache.iterdir()
    file.write_text("[{")
    assert decided(XLA, KIND, network, LONG)[0].xla in ("off", "on")
    assert len(json.loads(file.read_text())) == 2


def test_a_latency_is_of_a_precision_that_is_named() -> None:
    with pytest.raises(StudyError, match=r'precision: "auto" is for \[recipe\]; here it is one of float32'):
        Latency(precision="auto")


def test_a_training_that_was_paused_goes_on_as_it_began_whatever_is_fastest_now(tmp_path: Path) -> None:
    """Else its checkpoint would be refused, and end the study: on another machine, or with an emptied cache."""
    file, study = tmp_path / "7.npz", pipeline.study(STUDY)

    def unasked() -> keras.Model:
        raise AssertionError("nothing is tried")

    checkpoint.save(file, [], {"precision": "mixed_bfloat16", "xla": "on"}, checkpoint.NOTHING)
    recipe, told = paced(BOTH, study, {}, None, unasked, lambda: file)
    assert (recipe.precision, recipe.xla) == ("mixed_bfloat16", "on")
    assert told == {"recipe_precision": "mixed_bfloat16", "training_xla": "on"}
    file.write_bytes(b"damaged")
    assert checkpoint.way(file) == checkpoint.way(None) == checkpoint.way(tmp_path / "none.npz") == {}


@pytest.mark.slow
def test_a_trial_records_how_it_trained_and_is_timed_and_exported_in_float32(tmp_path: Path) -> None:
    sets = ["budget.trials=1", "fidelity.epochs=1", "latency={seconds=0.2, settling=0}", 'recipe.precision="auto"']
    done = pipeline.run(pipeline.study(STUDY, sets), tmp_path, show=False)
    (entry,) = compare([done]).entries
    known = entry.trial.surroundings
    assert known["recipe_precision"] in ("float32", "mixed_bfloat16")
    assert known["training_xla"] == "default"
    assert known["training_ways"].startswith("float32, XLA default: ")
    assert known["latency_precision"] == "float32"
    again = as_trained(Recipe(precision="auto", xla="auto"), entry.trial)
    assert (again.precision, again.xla) == (known["recipe_precision"], "default")
    served = trained.as_deployed(pipeline.model(done.folder, 0), entry.trial, done.study)
    assert {layer.compute_dtype for layer in served.layers} == {"float32"}
