"""Is each step of a training what its recipe's paper says: its length, its gradient, its average, its rate, its end?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite import datasets, pipeline, tracking
from suite.architectures.layers.auxiliary import AuxiliaryHeads
from suite.core.domains import Choice
from suite.core.preprocessing import Preprocessing
from suite.core.recipe import Recipe, started
from suite.core.study import Budget, Fidelity
from suite.core.trial import resumable
from suite.datasets import Dataset
from suite.pictures.graph import scaled
from suite.search import budget, fidelity
from suite.tracking.delivery import Delivery
from suite.training import loop, optimizers
from suite.training.averaging import Average
from suite.training.compiling import compile_
from suite.training.schedules import SHAPES, plateaus, schedule
from suite.training.stepping import Step
from tests import studies
from tests.networks import chain, classifier

PLAIN = Recipe(optimizer="sgd", learning_rate=0.1, momentum=0.0, weight_decay=0.0, warmup=0.0, schedule="constant")
BATCH = 13


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


# optimizers


def moved(recipe: Recipe, gradients: list[np.ndarray], start: np.ndarray, path: str = "kernel") -> np.ndarray:
    """Return weights after a step for each gradient."""
    weight = keras.Variable(start, name=path)
    chosen = optimizers.optimizer(recipe, schedule(recipe, 100))
    for gradient in gradients:
        chosen.apply([gradient], [weight])
    return weight.numpy()


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_lion_moves_each_weight_by_the_sign_of_its_momentum() -> None:
    """Algorithm 2 of its paper, by hand."""
    start, gradients = drawn(4, 3), [drawn(4, 3, seed=seed) for seed in (1, 2, 3)]
    wanted, momentum = start.copy(), np.zeros_like(start)
    for gradient in gradients:
        wanted -= 0.1 * np.sign(0.9 * momentum + 0.1 * gradient)
        momentum = 0.99 * momentum + 0.01 * gradient
    np.testing.assert_allclose(moved(replace(PLAIN, optimizer="lion"), gradients, start), wanted, rtol=1e-5)


def test_a_step_of_lamb_is_as_long_as_the_weights_say() -> None:
    start = drawn(6, 5)
    change = moved(replace(PLAIN, optimizer="lamb"), [drawn(6, 5, seed=1)], start) - start
    assert np.linalg.norm(change) == pytest.approx(0.1 * np.linalg.norm(start), rel=1e-4)


def test_a_step_of_rmsprop_is_that_of_the_equation() -> None:
    start, gradient = drawn(4, 3), drawn(4, 3, seed=1)
    wanted = start - 0.1 * gradient / np.sqrt(0.1 * gradient**2 + 1e-3)
    np.testing.assert_allclose(moved(replace(PLAIN, optimizer="rmsprop"), [gradient], start), wanted, rtol=1e-4)


KERAS = {  # set up by hand
    "adamw": lambda epsilon: keras.optimizers.AdamW(0.1, weight_decay=0.0, epsilon=epsilon),
    "rmsprop": lambda epsilon: keras.optimizers.RMSprop(0.1, rho=0.9, momentum=0.0, epsilon=epsilon),
    "lamb": lambda epsilon: keras.optimizers.Lamb(0.1, epsilon=epsilon),
}


@pytest.mark.parametrize("name", KERAS)
@pytest.mark.parametrize("epsilon", [0.01, 1.0])
def test_an_epsilon_is_that_of_the_optimizer(name: str, epsilon: float) -> None:
    start, gradients = drawn(4, 3), [drawn(4, 3, seed=seed) for seed in (1, 2, 3)]
    wanted = keras.Variable(start)
    theirs = KERAS[name](epsilon)
    for gradient in gradients:
        theirs.apply([gradient], [wanted])
    recipe = replace(PLAIN, optimizer=name)
    ours = moved(replace(recipe, epsilon=epsilon), gradients, start)
    np.testing.assert_allclose(ours, wanted.numpy(), rtol=1e-5)
    assert not np.allclose(ours, moved(recipe, gradients, start), rtol=1e-3)


@pytest.mark.parametrize("name", ["sgd", "lion"])
def test_an_epsilon_means_nothing_to_an_optimizer_that_does_not_divide(name: str) -> None:
    """So one recipe serves a search over optimizers."""
    start, gradients, recipe = drawn(4, 3), [drawn(4, 3, seed=1)], replace(PLAIN, optimizer=name)
    assert np.array_equal(moved(replace(recipe, epsilon=1.0), gradients, start), moved(recipe, gradients, start))


def test_the_preset_of_inception_steps_as_keras_rmsprop_that_is_set_up_by_hand() -> None:
    """Szegedy et al. 2015, section 8: a decay of 0.9, an epsilon of 1, gradients no longer than 2."""
    recipe = replace(started("inception-v3", PLAIN), weight_decay=0.0)
    theirs = keras.optimizers.RMSprop(0.045, rho=0.9, momentum=0.9, epsilon=1.0, global_clipnorm=2.0)
    start, gradients = drawn(4, 3), [3 * drawn(4, 3, seed=seed) for seed in (1, 2)]
    assert min(map(np.linalg.norm, gradients)) > 2
    wanted = keras.Variable(start)
    for gradient in gradients:
        theirs.apply([gradient], [wanted])
    ours = moved(replace(recipe, schedule="constant"), gradients, start)
    np.testing.assert_allclose(ours, wanted.numpy(), rtol=1e-5)


def test_the_preset_of_coatnet_steps_as_keras_adamw_that_is_set_up_by_hand() -> None:
    """Dai et al. 2021, Table 10: a weight decay of 0.05, gradients no longer than 1."""
    recipe = started("coatnet", PLAIN)
    theirs = keras.optimizers.AdamW(1e-3 * recipe.batch_size / 4096, weight_decay=0.05, global_clipnorm=1.0)
    start, gradients = drawn(4, 3), [drawn(4, 3, seed=seed) for seed in (1, 2)]
    wanted = keras.Variable(start)
    for gradient in gradients:
        theirs.apply([gradient], [wanted])
    ours = moved(replace(recipe, schedule="constant", warmup=0.0), gradients, start)
    np.testing.assert_allclose(ours - start, wanted.numpy() - start, rtol=1e-3, atol=1e-8)


@pytest.mark.parametrize("shape", [(40, 24), (24, 40), (3, 3, 8, 16)])
def test_muon_turns_and_stretches_no_direction_more_than_another(shape: tuple[int, ...]) -> None:
    """A gradient whose singular values differ a thousandfold becomes a step whose values are about equal.

    Its Newton-Schulz iteration is known to end between 0.7 and 1.2; the step's own directions are those of the SVD.
    """
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    left, _, right = np.linalg.svd(drawn(rows, columns), full_matrices=False)
    gradient = (left * np.geomspace(1, 0.01, len(right))) @ right
    start = np.zeros(shape, "float32")
    change = moved(replace(PLAIN, optimizer="muon"), [gradient.reshape(shape).astype("float32")], start)
    values = -np.diag(left.T @ change.reshape(rows, columns) @ right.T) / (0.1 * 0.2 * np.sqrt(max(rows, columns)))
    assert 0.6 < values.min() <= values.max() < 1.3


def test_muon_leaves_the_classifier_and_depthwise_windows_to_adam() -> None:
    """The first step of Adam moves each weight by the rate, whatever its gradient."""
    for shape, path in (((6, 4), "logits"), ((3, 3, 4, 1), "depthwise")):
        change = moved(replace(PLAIN, optimizer="muon"), [drawn(*shape, seed=1)], np.zeros(shape, "float32"), path)
        np.testing.assert_allclose(np.abs(change), 0.1, rtol=1e-3)


def test_all_gradients_together_are_no_longer_than_the_recipe_allows() -> None:
    start = [np.zeros(3, "float32"), np.zeros((2, 2), "float32")]
    gradients = [np.full(3, 4.0, "float32"), np.full((2, 2), 3.0, "float32")]
    for limit, length in ((0.5, 0.5), (100.0, np.sqrt(3 * 16 + 4 * 9))):
        weights = [keras.Variable(value) for value in start]
        recipe = replace(PLAIN, norm_clipping=limit)
        optimizers.optimizer(recipe, schedule(recipe, 1)).apply(gradients, weights)
        moved_by = np.concatenate([weight.numpy().ravel() for weight in weights])
        assert np.linalg.norm(moved_by) == pytest.approx(0.1 * length, rel=1e-5)


# schedules


FALLS: Mapping[str, Any] = {  # share of the peak at 0, 1/6, 1/2 and 5/6 of the steps
    "cosine": [1, (1 + np.cos(np.pi / 6)) / 2, 0.5, (1 + np.cos(np.pi * 5 / 6)) / 2],
    "one-cycle": [1, (1 + np.cos(np.pi / 6)) / 2, 0.5, (1 + np.cos(np.pi * 5 / 6)) / 2],
    "step": [1, 1, 0.1, 0.01],
    "exponential": [1, 0.01 ** (1 / 6), 0.1, 0.01 ** (5 / 6)],
    "plateau": [1, 1, 1, 1],
    "constant": [1, 1, 1, 1],
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_rate_falls_as_its_name_says(name: str) -> None:
    rate = schedule(Recipe(learning_rate=0.2, warmup=0, schedule=name), 600)
    assert [float(rate(step)) for step in (0, 100, 300, 500)] == pytest.approx(0.2 * np.array(FALLS[name]), rel=1e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_every_rate_rises_to_its_peak_while_it_warms_up(name: str) -> None:
    rate = schedule(Recipe(learning_rate=0.2, warmup=0.25, schedule=name), 400)
    rise = [float(rate(step)) for step in range(101)]
    assert np.all(np.diff(rise) > 0)
    assert rise[0] == pytest.approx(0.2 / 25 if name == "one-cycle" else 0, abs=1e-6)
    assert rise[-1] == pytest.approx(0.2)
    assert max(float(rate(step)) for step in range(0, 400, 7)) <= 0.2 * (1 + 1e-5)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_plateau_is_what_keras_calls_one(patience: int) -> None:
    """Keras' own callback, on random losses."""
    source = np.random.default_rng(patience)
    for _ in range(20):
        losses = np.minimum.accumulate(source.exponential(size=12)) + source.exponential(0.1, 12)
        model = chain((1,), keras.layers.Dense(1))
        model.compile(keras.optimizers.SGD(1.0))
        judge = keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=patience, min_delta=0)
        judge.set_model(model)
        judge.on_train_begin()
        for epoch, loss in enumerate(losses):
            judge.on_epoch_end(epoch, {"loss": loss})
        falls = plateaus(losses, patience)
        assert float(model.optimizer.learning_rate) == pytest.approx(0.1**falls, rel=1e-4)


@pytest.mark.slow
def test_a_training_on_a_plateau_goes_on_at_a_tenth_of_its_rate(digits: Dataset) -> None:
    stuck = replace(PLAIN, learning_rate=1e-12, schedule="plateau", batch_size=512)
    rates = [row["learning_rate"] for row in loop.train(classifier(digits), stuck, digits, epochs=8, seed=0).curve]
    assert rates[0] == pytest.approx(1e-12)
    assert rates[-1] < 0.2e-12


# the end


def test_patience_ends_a_training_and_its_best_weights_stay(digits: Dataset) -> None:
    wild = replace(PLAIN, learning_rate=3.0, momentum=0.9, patience=2, batch_size=128)
    model = classifier(digits)
    found = loop.train(model, wild, digits, epochs=40, seed=0)
    accuracies = [row["val_accuracy"] for row in found.curve]
    order = [(row["val_accuracy"], -row["val_loss"]) for row in found.curve]
    assert found.stopped
    assert len(found.curve) < 40
    assert len(found.curve) - 1 - order.index(max(order)) == 2
    logits = [(model.predict_on_batch(images), labels.numpy()) for images, labels in digits.validation()]
    right = np.concatenate([answers.argmax(-1) == labels for answers, labels in logits])
    assert 100 * right.mean() == pytest.approx(max(accuracies)) == pytest.approx(found.measures["accuracy"])


def test_a_training_that_still_improves_is_not_ended(digits: Dataset) -> None:
    steady = replace(PLAIN, learning_rate=0.02, patience=1, batch_size=128)
    assert not loop.train(classifier(digits), steady, digits, epochs=2, seed=0).stopped


# gradients


def small(normalized: bool = False) -> keras.Model:
    """A network with every kind of state: statistics of batches if asked for, and dropout."""
    keras.utils.set_random_seed(0)
    pixels = x = keras.Input((4, 4, 1))
    x = keras.layers.Dense(8, activation="tanh")(keras.layers.Flatten()(x))
    if normalized:
        x = keras.layers.Dropout(0.3, seed=3)(keras.layers.BatchNormalization(momentum=0.5)(x))
    return keras.Model(pixels, keras.layers.Dense(3, name="logits", dtype="float32")(x))


def batch(weights: bool = False) -> tuple[Any, ...]:
    source = np.random.default_rng(1)
    pictures = source.normal(size=(BATCH, 4, 4, 1)).astype("float32")
    labels = source.integers(3, size=BATCH)
    return (pictures, labels, source.uniform(0.2, 2, BATCH).astype("float32")) if weights else (pictures, labels)


def trained(model: keras.Model, recipe: Recipe, data: tuple[Any, ...], parts: int = 1, steps: int = 1) -> Step:
    compile_(model, recipe, schedule(recipe, steps))
    step = Step(model, recipe)
    step.install(parts)
    batches = tf.data.Dataset.from_tensors(data).repeat(steps)
    model.fit(batches, epochs=1, verbose=0, shuffle=False)
    return step


def values(model: keras.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in model.weights]


@pytest.mark.parametrize(("radius", "precision"), [(2.0, "float32"), (0.05, "mixed_float16")])
def test_a_sharp_step_takes_the_gradient_at_the_top_of_the_climb(radius: float, precision: str) -> None:
    """Equation 2 of the paper by plain gradients, twice."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        ours, plain = small(), small()
    finally:
        keras.config.set_dtype_policy(policy)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    pictures, labels = batch()

    def gradients() -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            value = loss(labels, plain(pictures, training=True))
        return [np.asarray(one) for one in tape.gradient(value, plain.trainable_variables)]

    start, first = plain.get_weights(), gradients()
    length = np.sqrt(sum(np.square(one).sum() for one in first))
    plain.set_weights([value + radius * one / length for value, one in zip(start, first, strict=True)])
    wanted = [value - 0.1 * one for value, one in zip(start, gradients(), strict=True)]
    trained(ours, replace(PLAIN, sharpness=radius), (pictures, labels))
    tolerance = 1e-5 if precision == "float32" else 1e-2
    for found, one, before in zip(values(ours), wanted, start, strict=True):
        np.testing.assert_allclose(found - before, one - before, atol=tolerance * np.abs(one - before).max())


def test_a_sharp_step_leaves_statistics_and_random_states_as_a_plain_one_does() -> None:
    plain, sharp = small(normalized=True), small(normalized=True)
    trained(plain, PLAIN, batch())
    trained(sharp, replace(PLAIN, sharpness=0.5), batch())
    for ours, theirs in zip(sharp.non_trainable_variables, plain.non_trainable_variables, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    kernels = [model.trainable_variables[0].numpy() for model in (plain, sharp)]
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-4


@pytest.mark.parametrize(("parts", "weights"), [(2, True), (3, False), (20, True)])
def test_a_batch_in_parts_is_a_step_by_the_whole_batch(parts: int, weights: bool) -> None:
    whole, ours = small(), small()
    trained(whole, PLAIN, batch(weights))
    trained(ours, PLAIN, batch(weights), parts=parts)
    for found, wanted in zip(values(ours), values(whole), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    mine, theirs = ours.get_metrics_result(), whole.get_metrics_result()
    assert {name: float(one) for name, one in mine.items()} == pytest.approx(
        {name: float(one) for name, one in theirs.items()}, rel=1e-4
    )


@pytest.mark.parametrize(("change", "parts"), [({}, 1), ({}, 2), ({"sharpness": 0.05}, 1), ({"average": 0.5}, 1)])
def test_pictures_that_the_step_scales_teach_what_scaled_ones_teach(change: dict[str, Any], parts: int) -> None:
    """And they are judged alike."""
    source, recipe = np.random.default_rng(2), replace(PLAIN, **change)
    pictures, labels = source.integers(256, size=(BATCH, 4, 4, 1)).astype("uint8"), source.integers(3, size=BATCH)
    way = Preprocessing(mean=(99.0, 99.0, 99.0), deviation=(51.0, 51.0, 51.0))
    by_step, by_hand = small(), small()
    found = []
    for model, shown, scales in (
        (by_step, pictures, way),
        (by_hand, np.asarray(scaled(pictures.astype("float32"), way)), None),
    ):
        compile_(model, recipe, schedule(recipe, 3))
        Step(model, recipe, preprocessing=scales).install(parts)
        batches = tf.data.Dataset.from_tensors((shown, labels))
        curve = model.fit(batches.repeat(3), validation_data=batches, verbose=0, shuffle=False).history
        found.append((curve, [value.tolist() for value in values(model)]))
    assert found[0] == found[1]


# averages


def test_an_average_is_that_of_the_recurrence_and_statistics_are_averaged_too() -> None:
    model = small(normalized=True)
    recipe = replace(PLAIN, average=0.5)
    compile_(model, recipe, schedule(recipe, 6))
    step = Step(model, recipe)
    step.install()
    wanted = values(model)
    for number in range(1, 7):
        model.train_on_batch(*batch())
        kept = min(0.5, (1 + number) / (10 + number))
        wanted = [kept * one + (1 - kept) * now for one, now in zip(wanted, values(model), strict=True)]
    assert isinstance(step.average, Average)
    for found, one in zip(step.average.variables, wanted, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-4, atol=1e-6)


def test_what_is_validated_and_kept_is_the_average(digits: Dataset) -> None:
    """The reported accuracy is that of the weights that stay, and training goes on from its own weights."""
    plain = replace(PLAIN, learning_rate=0.02, batch_size=128)
    averaged = replace(plain, average=0.9)
    model = classifier(digits)
    found = loop.train(model, averaged, digits, epochs=3, seed=0)
    other = loop.train(classifier(digits), plain, digits, epochs=3, seed=0)
    assert [row["loss"] for row in found.curve] == pytest.approx([row["loss"] for row in other.curve], rel=1e-3)
    assert found.curve[-1]["val_loss"] != pytest.approx(other.curve[-1]["val_loss"], rel=1e-3)
    logits = [(model.predict_on_batch(images), labels.numpy()) for images, labels in digits.validation()]
    right = np.concatenate([answers.argmax(-1) == labels for answers, labels in logits])
    assert found.measures["accuracy"] == pytest.approx(100 * right.mean())


@pytest.mark.slow
def test_a_trial_says_that_its_patience_ended_it_and_costs_what_it_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten epochs with a pause after three, nothing improves after the first: one more shows it."""
    monkeypatch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
    recipe = {"batch_size": 512, "learning_rate": 1e-12, "patience": 1}
    study = studies.study(
        image=(16, 16, 1), recipe=recipe, fidelity=Fidelity(epochs=10, min_epochs=3), budget=Budget(trials=1),
        space={"stem": "small", "depths": Choice(((1,),)), "widths": (4,)},
    )  # fmt: skip
    done = pipeline.run(study, tmp_path, show=False)
    first = done.trials[0]
    assert (first.state, first.until, first.stopped, len(first.curve)) == ("complete", 2, True, 2)
    assert first.reason == "its patience ended it after 2 of 10 epochs"
    assert budget.spent(done.trials[:1], study).trials == pytest.approx(0.2)
    assert resumable(done.trials) == []
    assert fidelity.levels(study, first)[1.0] == [first.measures[one.measure] for one in study.objectives]
    assert pipeline.hours_over(done) == ""


def test_weights_of_pictures_count_in_auxiliary_classifiers_as_in_the_first() -> None:
    pixels = keras.Input((4, 4, 1))
    answers = [keras.layers.Dense(3)(keras.layers.Flatten()(pixels)) for _ in range(2)]
    model = AuxiliaryHeads(pixels, answers)
    compile_(model, PLAIN, schedule(PLAIN, 1))
    pictures, labels, weights = batch(weights=True)
    first, other = (np.asarray(one) for one in model(pictures, training=True))
    each = [keras.losses.sparse_categorical_crossentropy(labels, one, from_logits=True) for one in (first, other)]
    wanted = np.mean(weights * (np.asarray(each[0]) + 0.3 * np.asarray(each[1])))
    found = model.compute_loss(pictures, labels, [first, other], weights, training=True)
    assert float(found) == pytest.approx(wanted, rel=1e-5)
