"""A body that others trained: its features, the classifier of them, and what of it rests or learns slowly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from suite import architectures, datasets
from suite.core.errors import ArchitectureError, SuiteError
from suite.core.optimizers import OPTIMIZERS
from suite.core.recipe import Recipe
from suite.core.task import Task
from suite.datasets import Dataset
from suite.training import features, loop, optimizers, stages
from suite.training.compiling import compile_
from suite.training.schedules import schedule
from suite.training.scores import scores
from tests.networks import chain

FROZEN = Recipe(mode="frozen")
TUNED = Recipe(mode="tune", batch_size=256, learning_rate=1e-2)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path))
    return tmp_path / "features"


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


def network(data: Dataset) -> keras.Model:
    """Return a network with weights that play the part of somebody's training, batch normalisation included."""
    keras.utils.set_random_seed(1)
    steps = (
        keras.layers.Conv2D(8, 5, strides=2), keras.layers.BatchNormalization(), keras.layers.ReLU(),
        keras.layers.Conv2D(16, 3, strides=2), keras.layers.BatchNormalization(), keras.layers.ReLU(),
        keras.layers.AveragePooling2D(2), keras.layers.Flatten(), keras.layers.Dropout(0.5),
    )  # fmt: skip
    return chain(data.task.image, *steps, keras.layers.Dense(data.task.classes))


def of(model: keras.Model, data: Dataset, split: str) -> features.Features:
    return features.Extractor(model, data).of(split)


def answers(model: keras.Model, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(model.predict_on_batch(images), labels.numpy()) for images, labels in data.validation()]
    return np.concatenate([logits for logits, _ in pairs]), np.concatenate([labels for _, labels in pairs])


def test_a_frozen_network_has_a_new_classifier_only_and_the_scores_that_it_reports(digits: Dataset) -> None:
    model = network(digits)
    before = [weight.numpy() for weight in model.weights]
    found = loop.train(model, FROZEN, digits, epochs=5, seed=0)
    changed = [not np.array_equal(one, weight.numpy()) for one, weight in zip(before, model.weights, strict=True)]
    assert changed == [False] * (len(before) - 2) + [True] * 2
    assert [row["epoch"] for row in found.curve] == [0]
    told = scores(*answers(model, digits))
    assert {name: found.measures[name] for name in told} == pytest.approx(told, rel=1e-4)
    assert found.measures["accuracy"] > 80


def test_scikit_learn_finds_a_classifier_as_good_on_the_same_features(digits: Dataset) -> None:
    model = network(digits)
    train, validation = (of(model, digits, split).labelled for split in ("train", "validation"))
    mean, deviation = train.features.mean(axis=0), train.features.std(axis=0) + 1e-9
    with threadpool_limits(1):
        best = max(
            LogisticRegression(C=10.0**power, max_iter=2_000)
            .fit((train.features - mean) / deviation, train.labels)
            .score((validation.features - mean) / deviation, validation.labels)
            for power in range(-4, 1)
        )
    found = loop.train(model, FROZEN, digits, epochs=1, seed=0)
    assert found.measures["accuracy"] == pytest.approx(100 * best, abs=1.0)


def test_features_are_what_the_network_computes_before_its_classifier(digits: Dataset) -> None:
    model = network(digits)
    found = of(model, digits, "validation").labelled
    kernel, bias = (weight.numpy() for weight in model.layers[-1].weights)
    logits, labels = answers(model, digits)
    np.testing.assert_allclose(found.features @ kernel + bias, logits, atol=1e-4)
    np.testing.assert_array_equal(found.labels, labels)


def test_features_are_computed_once_for_all_classifiers_and_anew_for_other_weights(digits: Dataset, kept: Path) -> None:
    of(network(digits), digits, "validation")
    once = {file: file.stat().st_ino for file in kept.glob("*.npz")}
    other = network(digits)
    other.layers[-1].set_weights([np.ones_like(weight) for weight in other.layers[-1].get_weights()])
    of(other, digits, "validation")
    assert {file: file.stat().st_ino for file in kept.glob("*.npz")} == once
    other.layers[1].set_weights([weight + 0.1 for weight in other.layers[1].get_weights()])
    of(other, digits, "validation")
    of(other, digits, "test")
    assert len(list(kept.glob("*.npz"))) == 3


def test_the_folder_of_features_keeps_to_its_budget(
    digits: Dataset, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of(network(digits), digits, "validation")
    (first,) = kept.glob("*.npz")
    monkeypatch.setenv("SUITE_FEATURES", str(1.5 * first.stat().st_size / 1e9))
    of(network(digits), digits, "test")
    assert len(list(kept.glob("*.npz"))) == 1
    assert not first.exists()


def test_a_damaged_file_of_features_is_computed_anew(digits: Dataset, kept: Path) -> None:
    whole = of(network(digits), digits, "validation")
    (file,) = kept.glob("*.npz")
    file.write_bytes(file.read_bytes()[:1_000])
    again = of(network(digits), digits, "validation")
    np.testing.assert_array_equal(again.labelled.features, whole.labelled.features)


def test_a_network_that_does_not_end_with_a_dense_layer_is_refused_with_the_reason() -> None:
    model = chain((8, 8, 3), keras.layers.Conv2D(10, 8), keras.layers.Flatten())
    with pytest.raises(ArchitectureError, match=r"ends with 'flatten.*needs a network whose last layer is Dense"):
        features.classifier(model)


def test_tuning_begins_with_the_classifier_of_the_features_and_its_best_epoch_stays(digits: Dataset) -> None:
    model = network(digits)
    found = loop.train(model, TUNED, digits, epochs=3, seed=0)
    assert [row["epoch"] for row in found.curve] == [0, 1, 2, 3]
    alone = loop.train(network(digits), FROZEN, digits, epochs=3, seed=0)
    assert found.curve[0]["val_accuracy"] == alone.measures["accuracy"]
    assert found.measures["accuracy"] == max(row["val_accuracy"] for row in found.curve)
    assert scores(*answers(model, digits))["accuracy"] == pytest.approx(found.measures["accuracy"])


def test_a_tuning_that_pauses_after_the_classifier_goes_on_as_if_it_had_not(digits: Dataset, tmp_path: Path) -> None:
    straight = loop.train(network(digits), TUNED, digits, epochs=2, seed=0)
    paused = loop.train(network(digits), TUNED, digits, epochs=2, seed=0, until=0, checkpoint=tmp_path / "state")
    assert [row["epoch"] for row in paused.curve] == [0]
    assert not (tmp_path / "state").exists()
    one = loop.train(network(digits), TUNED, digits, epochs=2, seed=0, until=1, checkpoint=tmp_path / "state")
    assert [row["epoch"] for row in one.curve] == [0, 1]
    two = loop.train(network(digits), TUNED, digits, epochs=2, seed=0, checkpoint=tmp_path / "state")
    assert [row["val_loss"] for row in two.curve] == [row["val_loss"] for row in straight.curve]


def moved(model: keras.Model, recipe: Recipe, data: Dataset) -> dict[str, float]:
    """Return by name of a layer's weight how far one epoch of tuning moves it from where it was."""
    before = {weight.path: weight.numpy() for weight in model.weights}
    stages.rest(model, recipe)
    compile_(model, recipe, schedule(recipe, 6))
    model.fit(data.train(batch_size=256, seed=0), verbose=0, shuffle=False)
    return {weight.path: float(np.abs(weight.numpy() - before[weight.path]).max()) for weight in model.weights}


def test_batch_normalisation_rests_unless_it_is_asked_to_train(digits: Dataset) -> None:
    still = moved(network(digits), TUNED, digits)
    assert {name for name, far in still.items() if not far} == {name for name in still if "normalization" in name}
    assert all(moved(network(digits), replace(TUNED, batch_norm="train"), digits).values())


def test_the_first_stages_rest_as_many_as_are_asked_for(digits: Dataset) -> None:
    far = moved(network(digits), replace(TUNED, frozen_stages=1), digits)
    kernels = [one for name, one in far.items() if "conv" in name and "kernel" in name]
    assert kernels[0] == 0 < kernels[1]
    with pytest.raises(ArchitectureError, match=r"frozen_stages = 9: .* has 2 stages"):
        stages.rest(network(digits), replace(TUNED, frozen_stages=9))


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_each_variable_moves_by_its_share_of_the_rate(name: str) -> None:
    """A step of Keras' own optimizer at each variable's own rate, weight decay included."""
    recipe = Recipe(optimizer=name, weight_decay=0.5)
    gradients = [np.full((3, 2), 0.3, "float32"), np.full((3, 2), -0.2, "float32")]
    start = np.linspace(-1, 1, 6, dtype="float32").reshape(3, 2)

    def after(rate: float, shares: list[float] | None) -> list[np.ndarray]:
        variables = [keras.Variable(start, name=f"kernel{number}") for number in range(2)]
        stepper = optimizers.optimizer(recipe, rate, shares)
        stepper.build(variables)
        for _ in range(3):
            stepper.apply([keras.ops.convert_to_tensor(one) for one in gradients], variables)
        return [variable.numpy() for variable in variables]

    shared, whole, tenth = after(0.1, [1.0, 0.1]), after(0.1, None), after(0.01, None)
    np.testing.assert_allclose(shared[0], whole[0], rtol=1e-6)
    np.testing.assert_allclose(shared[1], tenth[1], rtol=1e-5, atol=1e-7)
    assert not np.allclose(whole[1], tenth[1])


@pytest.mark.parametrize(
    ("name", "count"), [("resnet/50", 5), ("efficientnet/lite0", 5), ("vgg/16", 6), ("vit/b-16", 13)]
)
def test_a_stage_is_what_has_one_size_or_in_a_transformer_a_block(name: str, count: int) -> None:
    """Five sizes of maps from 112 to 7 pixels; VGG's two dense layers come on top, and ViT's last normalisation."""
    with keras.StatelessScope(initialize_variables=False):
        found = stages.stages(architectures.build(name, Task(height=224, width=224, channels=3, classes=5)))
    keras.utils.clear_session()
    assert len(found) == count


def test_each_stage_learns_slower_than_the_one_after_it(digits: Dataset) -> None:
    model = network(digits)
    shares = stages.shares(model, replace(TUNED, body_rate=0.1, layer_decay=0.5))
    by_name = {variable.path: share for variable, share in zip(model.trainable_variables, shares or (), strict=True)}
    kernels = [share for name, share in by_name.items() if name.endswith("kernel")]
    assert kernels == pytest.approx([0.05, 0.1, 1.0])
    assert stages.shares(model, Recipe()) is None


@pytest.mark.parametrize("said", ["much", "-1", "nan"])
def test_a_budget_of_features_that_is_no_number_is_said(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUITE_FEATURES", said)
    with pytest.raises(SuiteError, match=f"SUITE_FEATURES={said}: needs a number of GB"):
        features.FEATURES.check()
