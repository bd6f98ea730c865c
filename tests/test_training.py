"""Does a training do what its recipe says, and are the weights that stay those of the best epoch?"""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from suite import architectures, datasets, training
from suite.datasets import Dataset
from suite.study import Recipe

FAST = Recipe(batch_size=128, learning_rate=3e-3)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


def network(data: Dataset) -> keras.Model:
    keras.utils.set_random_seed(0)
    pixels = keras.Input(data.task.image)
    x = keras.layers.AveragePooling2D(4)(pixels)
    x = keras.layers.Dense(32, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(pixels, keras.layers.Dense(data.task.classes)(x))


def test_a_small_network_learns_the_digits_and_says_so_in_percent(digits: Dataset) -> None:
    found = training.train(network(digits), FAST, digits, epochs=12, seed=0)
    assert 80 < found.measures["accuracy"] <= 100
    assert found.measures["accuracy"] <= found.measures["top5"] <= 100
    assert [row["epoch"] for row in found.curve] == list(range(1, 13))


def test_the_weights_that_stay_have_the_accuracy_that_is_reported(digits: Dataset) -> None:
    """With a rate so high that accuracy goes up and down; counted by hand on the validation pictures."""
    model = network(digits)
    wild = replace(FAST, learning_rate=0.2, schedule="constant", warmup=0.0)
    found = training.train(model, wild, digits, epochs=6, seed=0)
    logits = [(model.predict_on_batch(images), labels.numpy()) for images, labels in digits.validation()]
    right = np.concatenate([answers.argmax(axis=-1) == labels for answers, labels in logits])
    among = np.concatenate([(np.argsort(-a, axis=-1, kind="stable")[:, :5] == b[:, None]).any(-1) for a, b in logits])
    assert found.measures["accuracy"] == pytest.approx(100 * right.mean())
    assert found.measures["top5"] == pytest.approx(100 * among.mean())
    assert found.measures["accuracy"] == max(row["val_accuracy"] for row in found.curve)
    assert len({row["val_accuracy"] for row in found.curve}) > 1


def test_a_network_that_answers_the_same_for_all_classes_is_not_always_among_the_five() -> None:
    labels = np.arange(10)
    assert np.mean(training.among_five_largest(labels, np.zeros((10, 10), "float32"))) == 0.5


def test_with_fewer_than_five_classes_every_answer_is_among_the_five() -> None:
    logits = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    assert np.all(training.among_five_largest(np.zeros(8, int), logits))


def test_the_same_seed_trains_the_same(digits: Dataset) -> None:
    curves = [training.train(network(digits), FAST, digits, epochs=2, seed=1).curve for _ in range(2)]
    assert [row["loss"] for row in curves[0]] == pytest.approx([row["loss"] for row in curves[1]], rel=1e-4)


def test_the_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    rate = training.schedule(Recipe(learning_rate=0.1, warmup=0.25), 100)
    values = [float(rate(step)) for step in range(101)]
    assert values[0] == 0
    assert max(values) == pytest.approx(0.1)
    assert np.argmax(values) == 25
    assert values[100] == pytest.approx(0, abs=1e-6)
    assert values[62] == pytest.approx(0.05, abs=2e-3)  # half-way down


def test_a_constant_rate_stays_at_its_peak_after_the_warm_up() -> None:
    rate = training.schedule(Recipe(learning_rate=0.1, warmup=0.1, schedule="constant"), 100)
    assert [float(rate(step)) for step in (0, 5, 10, 99)] == pytest.approx([0, 0.05, 0.1, 0.1])
    assert training.schedule(Recipe(learning_rate=0.1, warmup=0, schedule="constant"), 100) == 0.1


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weight_decay_shrinks_kernels_and_leaves_biases_alone(optimizer: str) -> None:
    recipe = Recipe(optimizer=optimizer, weight_decay=0.5, learning_rate=0.1, warmup=0, schedule="constant")
    layer = keras.layers.Dense(2, bias_initializer="ones")
    layer.build((None, 3))
    kernel = layer.kernel.numpy()
    chosen = training.optimizer(recipe, 10)
    chosen.apply([np.zeros((3, 2), "float32"), np.zeros(2, "float32")], [layer.kernel, layer.bias])
    assert layer.kernel.numpy() == pytest.approx(kernel * (1 - 0.5 * 0.1), rel=1e-5)
    assert layer.bias.numpy() == pytest.approx(np.ones(2))


def test_label_smoothing_is_that_of_the_definition(digits: Dataset) -> None:
    model = network(digits)
    training.compile_(model, replace(FAST, label_smoothing=0.1), steps=10)
    logits = np.random.default_rng(0).normal(size=(4, 10)).astype("float32")
    labels = np.array([3, 1, 4, 1])
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    wanted = 0.9 * np.eye(10)[labels] + 0.1 / 10
    assert float(model.compute_loss(y=labels, y_pred=logits)) == pytest.approx(
        -(wanted * logs).sum(axis=-1).mean(), rel=1e-5
    )


def test_a_training_that_diverges_says_so(digits: Dataset) -> None:
    hopeless = replace(FAST, optimizer="sgd", learning_rate=1e30, schedule="constant", warmup=0.0)
    with pytest.raises(training.DivergedError, match=r"after epoch 1: a lower learning rate"):
        training.train(network(digits), hopeless, digits, epochs=2, seed=0)


def test_what_is_built_before_the_first_step_is_what_fit_would_build(digits: Dataset) -> None:
    """The short cut must change no result: the same training with a plain compile and fit."""
    ours = training.train(network(digits), FAST, digits, epochs=1, seed=0)
    plain = network(digits)
    steps = -(-digits.sizes["train"] // FAST.batch_size)
    plain.compile(
        optimizer=training.optimizer(FAST, steps),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    keras.utils.set_random_seed(0)
    batches = digits.train(batch_size=FAST.batch_size, seed=0)
    history = plain.fit(batches, validation_data=digits.validation(), epochs=1, verbose=0, shuffle=False).history
    assert ours.curve[0]["val_loss"] == pytest.approx(history["val_loss"][0], rel=1e-3)
    assert ours.curve[0]["loss"] == pytest.approx(history["loss"][0], rel=1e-3)


def test_augmented_and_mixed_precision_trainings_run(digits: Dataset) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = architectures.family("resnet").build(architectures.config("resnet/tiny"), digits.task)
    finally:
        keras.config.set_dtype_policy("float32")
    found = training.train(model, replace(FAST, shift=0.1, flip=True), digits, epochs=1, seed=0)
    assert np.isfinite(found.measures["loss"])
